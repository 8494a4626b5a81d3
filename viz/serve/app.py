"""The pages of the workshop, and which address shows which.

Change this file to add a page: write its component in a file of its own and give it a line in PAGES. Every tab that
opens a page has a session of its own, which ends when the tab is closed. What goes wrong while a page is made is
written where Kith was started; the page says so in a sentence, and the other pages do not notice.
"""

from __future__ import annotations

import html
import logging
import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlencode

import solara
import solara.lab

from viz.explore.explore import Explore, asked_by
from viz.serve.gate import COOKIES
from viz.serve.server import QUERY
from viz.workshop.debrief import Debrief
from viz.workshop.plan import Plan, plan_in
from viz.workshop.rooms import PAIRS, ROOM, SMALL, RoomError, facilitates
from viz.workshop.session import Session
from viz.workshop.words import ENGLISH, languages, text

log = logging.getLogger("kith.workshop")


def language_asked(search: str | None) -> str:
    """The language a page's address asks for, else the workshop's own."""
    asked = parse_qs(completed(search)).get("language", [ENGLISH])[-1]
    return asked if asked in languages() else ENGLISH


def completed(search: str | None) -> str:
    """What a page's address asks for, after what the workshop as a whole asks for: the last word counts.

    An address that names a setting says all there is to say of its towns; only the language may still be missing.
    """
    asked = (search or "").lstrip("?")
    usual = os.environ.get(QUERY, "")
    if "setting" in parse_qs(asked):
        usual = urlencode([(name, value) for name, value in parse_qsl(usual) if name == "language"])
    return "&".join(part for part in (usual, asked) if part)


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
    return Opened(facilitators)


@solara.component
def Sandbox() -> Any:  # noqa: N802
    """Two towns of a participant's own, for whoever has the code of the room."""
    return Opened(participants)


@solara.component
def Students() -> Any:  # noqa: N802
    """The page for students: one town, its numbers, agents and rules."""
    asked = asked_by(completed(solara.use_router().search))
    return Explore(language=asked["language"], setting=asked["setting"], back="/")


@solara.component
def Opened(begin: Callable[[str, str], Tab]) -> Any:  # noqa: N802
    """A session's screen, or a sentence that says why there is none. It ends when the tab is closed."""
    search = solara.use_router().search or ""
    language = language_asked(search)
    tab, problem = solara.use_memo(lambda: begun(begin, search, language), [])
    solara.use_effect(lambda: tab.close if tab else None, [])
    if tab is None:
        back = text(language, "shell.link_back") if begin is facilitators else ""
        return Card(text(language, "shell.link_title"), problem, back, "/")
    return solara.Div(children=[tab.session.widget], classes=["kith-stage"])


class Tab(NamedTuple):
    """What a tab has open: its session, and what else ends with it."""

    session: Session
    leave: Callable[[], None]

    def close(self) -> None:
        """End it."""
        self.leave()
        self.session.close()


def begun(begin: Callable[[str, str], Tab], search: str, language: str) -> tuple[Tab | None, str]:
    """A tab's session; or none, and what is wrong with the address."""
    try:
        return begin(search, language), ""
    except RoomError as problem:
        return None, text(language, str(problem))
    except ValueError as problem:
        return None, str(problem)


def facilitators(search: str, language: str) -> Tab:
    """The session of a tab that shows the two towns; with the room, where the tab is the facilitator's."""
    plan, month, _ = plan_in(plan_part(search))
    return Tab(Session(plan, month, language, room=ROOM), lambda: None)


def participants(search: str, language: str) -> Tab:
    """The session of a participant's tab, in the room whose code the address says.

    It begins with the room's plan, or where the address says that its own towns had come to: a page that is loaded
    again stands where it stood.
    """
    sessions: list[Session] = []

    def give(plan: Plan) -> None:
        for each in sessions:
            each.given(plan)

    plan, leave = ROOM.enter(remembered(search, "room") or "", give)
    try:
        month = None
        if "setting" in parse_qs(search.lstrip("?")):
            plan, month, _ = plan_in(plan_part(search))
            plan = replace(plan, residents=min(plan.residents, SMALL))
        sessions.append(Session(plan, month, language, pairs=PAIRS))
    except BaseException:
        leave()
        raise
    return Tab(sessions[0], leave)


def remembered(search: str, name: str) -> str | None:
    """What the address says under a name, or said when this browser came first (viz/serve/gate.py keeps it)."""
    said = parse_qs(search).get(name)
    if said:
        return said[-1]
    return (solara.lab.cookies.value or {}).get(COOKIES[name])


def plan_part(search: str) -> str:
    """The part of an address that says which towns."""
    kept = [(name, value) for name, value in parse_qsl(completed(search)) if name not in COOKIES]
    return urlencode(kept)


PAGES = {
    "/": ("shell.towns_title", Towns),
    "explore": ("explore.title", Students),
    "debrief": ("shell.debrief_title", Debrief),
    "sandbox": ("shell.sandbox_title", Sandbox),
}
"""Each address with its title in words/*/*.toml, and the component that shows it."""

FOR_ALL = ("sandbox",)
"""Pages that others on the network may open; all other pages are the facilitator's."""


@solara.component
def Page() -> Any:  # noqa: N802
    """The page that an address asks for, under its title."""
    router = solara.use_router()
    language, address = language_asked(router.search), router.parts[0] or "/"
    title, component = PAGES[address]
    solara.Title(text(language, title))
    if address in FOR_ALL or facilitates(remembered(router.search or "", "key")):
        component()
    else:
        Card(text(language, "shell.not_yours_title"), text(language, "shell.not_yours_line"))


routes = [solara.Route(address, component=Page, layout=Layout if address == "/" else None) for address in PAGES]
