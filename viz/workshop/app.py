"""The pages of the workshop, and which address shows which.

Change this file to add a page: write its component in a file of its own and give it a line in PAGES. Every tab that
opens a page has a session of its own, which ends when the tab is closed. What goes wrong while a page is made is
written where Kith was started; the page says so in a sentence, and the other pages do not notice.
"""

from __future__ import annotations

import html
import importlib
import importlib.util
import logging
import os
import traceback
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs

import solara

from viz.workshop.server import QUERY
from viz.workshop.words import ENGLISH, languages, text

PAGES = {
    "/": ("towns_title", "", ""),
    "explore": ("explore_title", "viz.workshop.explore", "Explore"),
    "debrief": ("debrief_title", "viz.workshop.debrief", "Debrief"),
    "sandbox": ("sandbox_title", "viz.workshop.rooms", "Sandbox"),
}
"""Each address with its title in words/*/shell.toml, and the file and the component that show it."""

log = logging.getLogger("kith.workshop")


def language_asked(search: str | None) -> str:
    """The language a page's address asks for, else the workshop's own."""
    asked = parse_qs(completed(search)).get("language", [ENGLISH])[-1]
    return asked if asked in languages() else ENGLISH


def completed(search: str | None) -> str:
    """What a page's address asks for, after what the workshop as a whole asks for: the last word counts."""
    return "&".join(part for part in (os.environ.get(QUERY, ""), (search or "").lstrip("?")) if part)


@solara.component
def Layout(children: Sequence[Any] = ()) -> Any:  # noqa: N802  components are named as classes are
    """What stands around every page: nothing, unless the page cannot be shown."""
    problem, _ = solara.use_exception()
    solara.use_effect(lambda: write_down(problem), [problem])
    if problem is None:
        return solara.Div(children=list(children), classes=["kith-page"])
    language = language_asked(solara.use_router().search)
    return Card(*(text(language, f"shell.failed_{part}") for part in ("title", "line", "back")))


def write_down(problem: BaseException | None) -> None:
    """Tell whoever started Kith what went wrong, in full."""
    if problem is not None:
        log.error("A page could not be shown.\n%s", "".join(traceback.format_exception(problem)))


@solara.component
def Card(title: str, line: str, back: str = "", to: str = "") -> Any:  # noqa: N802
    """A sentence in place of a page: what happened, and where to go from here."""
    link = f'<p><a href="{html.escape(to)}" target="_self">{html.escape(back)}</a></p>' if back else ""
    said = f"<h1>{html.escape(title)}</h1><p>{html.escape(line)}</p>{link}"
    return solara.HTML(tag="main", unsafe_innerHTML=said, classes=["kith-card"])


@solara.component
def Towns() -> Any:  # noqa: N802
    """The two towns: the plan in the page's address, lived in a session of this tab's own."""
    search = solara.use_router().search or ""
    language = language_asked(search)
    session, problem = solara.use_memo(lambda: opened(search, language), [])
    solara.use_effect(lambda: session.close if session else None, [])
    if session is None:
        return Card(text(language, "shell.link_title"), problem, text(language, "shell.link_back"), "/")
    return solara.Div(children=[session.widget], classes=["kith-stage"])


def opened(search: str, language: str) -> tuple[Any, str]:
    """A session for the plan in an address; or none, and what is wrong with the address."""
    plans, sessions = (importlib.import_module(f"viz.workshop.{name}") for name in ("plan", "session"))
    try:
        plan, month, _ = plans.plan_in(completed(search))
        return sessions.Session(plan, month, language), ""
    except ValueError as problem:
        return None, str(problem)


def shown(file: str, component: str) -> Callable[[], Any]:
    """The component of a page that another file shows, or a card that says it is not there yet."""
    try:
        found: Callable[[], Any] = getattr(importlib.import_module(file), component)
    except ModuleNotFoundError as missing:
        if missing.name != file:
            raise
        return Coming
    return found


@solara.component
def Coming() -> Any:  # noqa: N802
    """A page that is not built yet."""
    language = language_asked(solara.use_router().search)
    return Card(text(language, "shell.coming_title"), text(language, "shell.coming_line"))


@solara.component
def Page() -> Any:  # noqa: N802
    """The page that an address asks for, under its title."""
    router = solara.use_router()
    address = router.parts[0] or "/"
    title, file, component = PAGES[address]
    solara.Title(text(language_asked(router.search), f"shell.{title}"))
    there = importlib.util.find_spec("viz.workshop.session")
    (shown(file, component) if file else Towns if there else Coming)()


routes = [solara.Route(address, component=Page, layout=Layout if address == "/" else None) for address in PAGES]
