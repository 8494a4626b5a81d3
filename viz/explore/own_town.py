"""The one town of one page: founded, lived month by month or left to play, and closed with the page.

Change this file to let a page do something else with its town. No page knows another's town: each makes its own, and
holds it here. Whatever goes wrong while a town is founded or lived is kept in words, for the page to show.
"""

from __future__ import annotations

import itertools
import shlex
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agents.declared import near
from agents.rule import Rule
from agents.terms import GOVERNANCES
from simulation.model import CommunityModel
from simulation.scenario import PARAMETERS, SHIPPED, Scenario, ScenarioError
from viz.explore.forms import ON_A_PAGE
from viz.workshop.plan import A_LINE, offered_settings

BETWEEN = 0.2
"""Seconds that pass at least between two months that are played, after the page has drawn the first of them."""


def setting_named(name: str) -> Scenario:
    """The setting of this name among those offered, no larger than a page may draw. A name is never taken for a path.

    Raises ScenarioError for a name that is not offered.
    """
    offered = offered_settings()
    if name not in offered:
        known = ", ".join(offered)
        raise ScenarioError(f'there is no setting "{name[:A_LINE]}".{near(name, offered)} Known: {known}')
    found, most = offered[name], ON_A_PAGE["residents"][1]
    return found if found.residents <= most else found.with_(residents=most)


def setting_called(name: str) -> str:
    """What a setting is called in code: by its name, or one's own by the name of its file."""
    path = setting_named(name).path
    return path.name if path is not None and path.parent != SHIPPED else name


def _too_large(name: str) -> dict[str, int]:
    """How many residents a page gives a setting that has more than a page may draw."""
    fewer = setting_named(name).residents
    return {} if fewer == offered_settings()[name].residents else {"residents": fewer}


@dataclass(frozen=True)
class Asked:
    """What the page asks for: a setting by its name, what is given besides, and what is changed from it.

    All is checked by the model; a setting must be one that is offered.
    `dials` are changed on top of the governance; `given` are sizes, kinds of graph and parameters by name.
    """

    setting: str = "calm"
    governance: str = "contract"
    seed: int = 1
    dials: Mapping[str, float] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def terms(self) -> str | dict[str, Any]:
        """The governance as the model takes it."""
        return {"base": self.governance, **self.dials} if self.dials else self.governance

    @property
    def keywords(self) -> dict[str, Any]:
        """The keywords of the model. Raises ScenarioError for a setting that is not offered."""
        return {"setting": setting_named(self.setting), "governance": self.terms, "rng": self.seed, **self.given}

    def in_setting(self, name: str) -> Asked:
        """The same in another setting: with that one's luck, its months, and its governance where it says one."""
        scenario = setting_named(name)
        asked = replace(self.with_given("months", None), setting=name, seed=scenario.seed)
        held = scenario.governance
        if held != Asked.governance and isinstance(held, str) and held in GOVERNANCES:
            asked = replace(asked, governance=held, dials={})
        return asked

    @property
    def python(self) -> str:
        """The lines that make this town in a notebook. One's own setting is called by its file, without a folder."""
        given = {"governance": self.terms, "rng": self.seed, **_too_large(self.setting), **self.given}
        given = {"setting": setting_called(self.setting), **given}
        lines = [f"    {name}={value!r}," for name, value in given.items()]
        return "\n".join(["from simulation import CommunityModel", "", "model = CommunityModel(", *lines, ")"])

    @property
    def comparison(self) -> str:
        """The command that asks the same setting whether rules of one's own matter."""
        return f"kith compare {shlex.quote(setting_called(self.setting))} --rules"

    def with_given(self, name: str, value: Any) -> Asked:
        """The same, with one of what is given changed; None for as the setting has it."""
        left = {key: each for key, each in self.given.items() if key != name}
        return replace(self, given=left if value is None else {**left, name: value})

    def with_dial(self, name: str, value: float | None) -> Asked:
        """The same, with one dial changed; None for as the governance has it."""
        left = {key: each for key, each in self.dials.items() if key != name}
        return replace(self, dials=left if value is None else {**left, name: value})


@dataclass(frozen=True)
class Trouble:
    """What went wrong, in words: what was tried ("found", "live", "change"), where, and what was said."""

    tried: str
    says: tuple[str, ...]
    where: str = ""


class OwnTown:
    """A page's town. Its model is `None` until it has been founded once."""

    def __init__(
        self, asked: Asked | None = None, rules: Mapping[str, Rule] | None = None, engine: str = "auto"
    ) -> None:
        self.asked = asked or Asked()
        self.model: CommunityModel | None = None
        self.trouble: Trouble | None = None
        self.broken = False
        self._rules, self._engine = dict(rules or {}), engine
        self._numbers: set[str] = set()
        self._terms = self.asked.terms
        self._busy = threading.RLock()
        self._stop: threading.Event | None = None
        self._ticks = itertools.count(1)
        self.found(self.asked)

    def found(self, asked: Asked) -> None:
        """Found the town anew. Where that cannot be, the old one stays and `trouble` says why."""
        self.pause()
        with self._busy:
            try:
                model = CommunityModel(engine=self._engine, rules=self._rules or None, **asked.keywords)
            except Exception as error:  # noqa: BLE001  whatever it is, a page shows it in words
                self.trouble = trouble_with("found", error)
                return
            if self.model is not None:
                self.model.close()
            self.model, self.asked, self.trouble, self.broken = model, asked, None, False
            self._numbers, self._terms = {name for name in asked.given if name in PARAMETERS}, asked.terms

    def change(self, asked: Asked) -> None:
        """Change terms and parameters from the next month on; sizes, luck and setting wait for a new town."""
        with self._busy:
            if self.model is None:
                return
            setting = setting_named(self.asked.setting)
            touched = {*self._numbers, *(name for name in asked.given if name in PARAMETERS)}
            numbers = {name: asked.given.get(name, setting.parameter(name)) for name in touched}
            governance = None if asked.terms == self._terms else asked.terms
            try:
                self.model.intervene(governance=governance, parameters=numbers)
            except ScenarioError as error:
                self.trouble = trouble_with("change", error)
                return
            self._numbers, self._terms, self.trouble = touched, asked.terms, None

    @contextmanager
    def still(self) -> Iterator[CommunityModel | None]:
        """The town between two months, to be looked at."""
        with self._busy:
            yield self.model

    @property
    def can_live(self) -> bool:
        """Whether there is another month to live."""
        return self.model is not None and bool(self.model.running) and not self.broken

    def tick(self) -> int:
        """A number that was never given before: what tells a page to draw anew, whichever thread asks."""
        return next(self._ticks)

    @property
    def replaced(self) -> frozenset[str]:
        """The rules that are other people's here."""
        return frozenset(self._rules)

    @property
    def playing(self) -> bool:
        """Whether months pass by themselves."""
        return self._stop is not None and not self._stop.is_set()

    def live(self) -> bool:
        """Live one month, and say whether there is another. A rule that raises breaks it off: then there is none."""
        with self._busy:
            if not self.can_live or self.model is None:
                return False
            try:
                self.model.step()
            except Exception as error:  # noqa: BLE001  rules are other people's
                self.trouble, self.broken = trouble_with("live", error), True
                return False
            return bool(self.model.running)

    def play(self, drawn: Callable[[], None]) -> None:
        """Live month after month; `drawn` is called after each, and the next waits until it has returned."""
        if self.playing or not self.can_live:
            return
        stop = self._stop = threading.Event()

        def months() -> None:
            try:
                while not stop.is_set():
                    with self._busy:
                        if stop.is_set() or not self.live():
                            stop.set()
                    drawn()
                    stop.wait(BETWEEN)
            finally:
                stop.set()

        threading.Thread(target=months, daemon=True, name="own-town").start()

    def pause(self) -> None:
        """Live no further months by themselves: when this returns, the month that was being lived is over."""
        with self._busy:
            if self._stop is not None:
                self._stop.set()

    def close(self) -> None:
        """Let go of the town: the page is gone."""
        self.pause()
        with self._busy:
            if self.model is not None:
                self.model.close()
            self.model = None


def trouble_with(tried: str, error: Exception) -> Trouble:
    """An error in words: what it says, and in which rule and line, without the way that led there."""
    says = tuple(line for line in str(error).split("\n") if line.strip()) or (type(error).__name__,)
    if isinstance(error, ScenarioError):
        return Trouble(tried, tuple(line.removeprefix("scenario: ") for line in says))
    last = next(reversed(traceback.extract_tb(error.__traceback__)), None)
    where = f"{last.name}, {Path(last.filename).name}, line {last.lineno}" if last and tried == "live" else ""
    return Trouble(tried, (f"{type(error).__name__}: {says[0]}", *says[1:]), where)
