"""What the tests of the workshop share: one server, one browser, and pages that must be free of errors.

Change this file to give every test of a page something to stand on. All tests that use them run in one process, one
after another, so that there is never more than one browser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import browsers
from tests.workshop.serving import Served, served

SHARED = {"workshop", "browser", "open_page", "go", "room"}
HARMLESS = ("Failed to evaluate Vue script and find module.exports",)
"""What Vue says to the console of every page of Solara's, and what nobody need mend."""

GIVEN_UP = "net::ERR_ABORTED"
"""What a browser says of a request that it no longer needs, because the tab has gone elsewhere."""


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SHARED & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def workshop() -> Iterator[Served]:
    """A workshop as `kith show` opens it, for all tests."""
    with served() as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A browser, for all tests. Pages are opened with `open_page`."""
    with browsers.running() as found:
        yield found


class Watched:
    """Pages under watch: what a page logs as an error, cannot load or asks of others is kept, and must be nothing."""

    def __init__(self, browser: Any, address: str) -> None:
        self.browser, self.address = browser, address
        self.wrong: list[str] = []
        self.contexts: list[Any] = []

    def __call__(self, path: str = "/", width: int = 1280, height: int = 720, **more: Any) -> Any:
        """A new tab of a visitor with nothing remembered, at an address of the workshop."""
        context = self.browser.new_context(viewport={"width": width, "height": height}, **more)
        self.contexts.append(context)
        page = context.new_page()
        self.watch(page)
        page.goto(self.address.split("?")[0].rstrip("/") + path)
        return page

    def watch(self, page: Any) -> None:
        """Keep what goes wrong on a page."""
        page.on("console", self._logged)
        page.on("pageerror", lambda problem: self.wrong.append(f"error: {problem}"))
        page.on("requestfailed", self._failed)
        page.on("request", self._asked)
        page.on("response", self._answered)

    def _logged(self, message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(HARMLESS):
            self.wrong.append(f"{message.type}: {message.text}")

    def _failed(self, request: Any) -> None:
        if request.failure != GIVEN_UP:
            self.wrong.append(f"failed: {request.url} ({request.failure})")

    def _asked(self, request: Any) -> None:
        where = urlsplit(request.url)
        if where.scheme in ("http", "https") and where.netloc != urlsplit(self.address).netloc:
            self.wrong.append(f"outside: {request.url}")

    def _answered(self, response: Any) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status}: {response.url}")

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        """Close every tab."""
        for context in self.contexts:
            context.close()


@pytest.fixture
def open_page(browser: Any, workshop: Served) -> Iterator[Callable[..., Any]]:
    """Opens pages of the workshop; the test fails if anything goes wrong on them. `open_page.wrong` may be cleared."""
    with Watched(browser, workshop.address) as watched:
        yield watched
    assert not watched.wrong


@pytest.fixture(scope="session")
def kept(browser: Any, workshop: Served) -> Iterator[Watched]:
    """One tab that is kept from test to test: what a browser has fetched once, it need not fetch again."""
    with Watched(browser, workshop.address) as watched:
        yield watched


class Go:
    """Leads the tab that is kept to an address; the test fails if anything goes wrong there."""

    def __init__(self, kept: Watched) -> None:
        self.kept = kept
        self.kept.wrong.clear()

    @property
    def wrong(self) -> list[str]:
        """What has gone wrong so far."""
        return self.kept.wrong

    def __call__(self, path: str = "/", width: int = 1280, height: int = 720) -> Any:
        """The tab, at an address of the workshop and in a window of this size."""
        if not self.kept.contexts:
            return self.kept(path, width, height)
        [page] = self.kept.contexts[0].pages
        page.set_viewport_size({"width": width, "height": height})
        page.goto(self.kept.address.split("?")[0].rstrip("/") + path)
        return page


@pytest.fixture
def go(kept: Watched) -> Iterator[Go]:
    """Leads one tab, the same for all tests, to any address of the workshop."""
    found = Go(kept)
    yield found
    assert not found.wrong


HOSTILE = '<img src=x onerror="window.broken=1">'
"""Words that a careless page would carry out. A file of one's own may hold them, and so may a name in a link."""


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A workshop open to the network, whose setting and storyboard have hostile words, and in which a month fails."""
    folder = tmp_path_factory.mktemp("room")
    setting = folder / "hostile.toml"
    setting.write_text(SETTING.format(words=HOSTILE), encoding="utf-8")
    boards = folder / "boards"
    boards.mkdir()
    (boards / "hostile.toml").write_text(BOARD.format(words=HOSTILE), encoding="utf-8")
    own = (("KITH_SHOW_STORYBOARDS", str(boards)),)
    options = (str(setting), "--host", "0.0.0.0", "--port", "0")
    with served(*options, environment=own, program="tests.workshop.troubled") as found:
        yield found


SETTING = """
title = '{words} </script>'
story = 'A story. {words}'
look_for = 'Look for {words}'
months = 60
"""
BOARD = """
title.en = 'Board {words}'
for.en = 'Everybody {words}'
minutes = 5
setting = "calm"
seed = 3
residents = 100

[[steps]]
minutes = 1
play_to = 26
prompt.en = 'Prompt {words}'

[steps.question]
text.en = 'Question {words}'
options.en = ['One {words}', 'Two {words}']
answer = "lower waiting over 25-26"
reveal.en = 'Told {words}'
"""
