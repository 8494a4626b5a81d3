"""Storyboards: how a facilitator leads a room through two towns, step by step, and what is asked before it is shown.

Change this file to let a storyboard do more; to write one, add a TOML file to storyboards/ (docs/workshop/README.md
shows how). Everything a storyboard says of the towns is read off them when it is told: an answer is a rule about a
measure, never a name, and what is told of one town must be told of the other by the same words.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from os import environ
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.declared import near
from simulation.measures import MEASURES
from viz.readings import reading
from viz.workshop import frames, measured
from viz.workshop.numbers import pounds
from viz.workshop.plan import BOTH, SHOCKS, SIDES, Act, Plan, PlanError, Side, size_of
from viz.workshop.towns import TwoTowns
from viz.workshop.words import ENGLISH, languages, text

FOLDER = Path(__file__).parent / "storyboards"
OWN_FOLDER = "KITH_SHOW_STORYBOARDS"
"""The environment's name for a folder with storyboards of one's own, offered beside those that come with Kith."""
NAMES = tuple(measure.__name__ for measure in MEASURES)

Words = Mapping[str, str]
"""A text in each language it is written in, English always among them."""


class StoryboardError(PlanError):
    """A storyboard that cannot be led, with every problem found in its file."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


# ---- what a storyboard says ----------------------------------------------------------------------------------


class Look(NamedTuple):
    """What is read off one town: a measure in a month, over months (their mean), or in total (their sum).

    With `since`, how far that is from the mean of some earlier months.
    """

    measure: str
    first: int
    last: int
    total: bool = False
    since: tuple[int, int] | None = None

    def of(self, towns: TwoTowns, place: int) -> float:
        """The number, in the left town (0) or the right (1)."""
        rows = towns.history((self.measure,))[place][:, 0]
        found = rows[self._rows(towns, self.first, self.last)]
        value = float(found.sum() if self.total else found.mean())
        return value if self.since is None else value - float(rows[self._rows(towns, *self.since)].mean())

    @staticmethod
    def _rows(towns: TwoTowns, first: int, last: int) -> slice:
        """These months, or the last that was lived where a run is over before them."""
        start = towns.plan.first
        last = min(last, towns.month)
        return slice(min(first, last) - start, last - start + 1)

    def told(self, language: str, value: float) -> str:
        """The number as it is written."""
        if self.since is not None:
            return measured.difference(language, self.measure, value)
        if self.total and reading(self.measure).money:
            return pounds(language, value)
        return measured.level(language, self.measure, value)

    @property
    def months(self) -> tuple[int, ...]:
        """Months that must have been lived before it can be read."""
        return (self.first, self.last, *(self.since or ()))


class Compared(NamedTuple):
    """The town in which something is lower, or higher. The options are left, right, and hardly any difference."""

    higher: bool
    look: Look

    def of(self, towns: TwoTowns, options: int) -> int:
        """Which option came true: 0 left, 1 right, 2 where both towns are written alike."""
        left, right = (self.look.of(towns, place) for place in range(2))
        if options == 3 and self.look.told(ENGLISH, left) == self.look.told(ENGLISH, right):
            return 2
        return int((right > left) == self.higher)

    @property
    def looks(self) -> tuple[Look, ...]:
        """What is read off the towns for it."""
        return (self.look,)


class Most(NamedTuple):
    """Which of several measures of one town is the largest; an option for each."""

    place: int
    looks: tuple[Look, ...]

    def of(self, towns: TwoTowns, options: int) -> int:
        """Which option came true."""
        assert options == len(self.looks)
        return int(np.argmax([look.of(towns, self.place) for look in self.looks]))


@dataclass(frozen=True)
class Question:
    """What the room is asked, what it may answer, how the answer is read off the towns, and what is then told."""

    text: Words
    options: tuple[Words, ...]
    answer: Compared | Most
    reveal: Words


@dataclass(frozen=True)
class Step:
    """What the facilitator says, what changes when the step begins, how far is played, and what is asked.

    `start` are parts of the plan that are lived from the beginning; `act` is done in the month that comes next.
    """

    prompt: Words
    minutes: float = 0.0
    play_to: int | None = None
    start: Mapping[str, Any] = field(default_factory=dict)
    act: Act | None = None
    question: Question | None = None


@dataclass(frozen=True)
class Storyboard:
    """A way through two towns."""

    name: str
    title: Words
    audience: Words
    minutes: int
    plan: Plan
    steps: tuple[Step, ...]


def said(words: Words, language: str) -> str:
    """A text in a language, or in English."""
    return words.get(language, words[ENGLISH])


# ---- what is written into its texts ---------------------------------------------------------------------------

LOOK = re.compile(
    r"(?P<measure>\w+) (?:at (?P<at>\d+)|(?P<how>over|total) (?P<first>\d+)-(?P<last>\d+))"
    r"(?: since (?P<since>\d+)-(?P<until>\d+))?"
)
BLANK = re.compile(r"\{([^{}]*)\}")
WHEN = re.compile(r"month (\d+)")
PLAIN = ("left", "right", "ahead", "behind")
HOW = 'MEASURE, then "at 60", "over 24-59" or "total 24-59", and perhaps "since 24-35"'


def look_in(written: str) -> Look:
    """What some words ask to be read: `unmet_need over 48-59 since 24-35`. Raises ValueError with what is allowed."""
    found = LOOK.fullmatch(written.strip())
    if not found:
        raise ValueError(f'"{written}" does not say what to read: {HOW}')
    if found["measure"] not in NAMES:
        raise ValueError(f'there is no measure "{found["measure"]}".{near(found["measure"], NAMES)}')
    first, last = (int(found["at"]),) * 2 if found["at"] else (int(found["first"]), int(found["last"]))
    since = (int(found["since"]), int(found["until"])) if found["since"] else None
    for begin, end in [(first, last), *([since] if since else [])]:
        if begin > end:
            raise ValueError(f'"{written}" goes from month {begin} back to month {end}')
    return Look(found["measure"], first, last, found["how"] == "total", since)


def filled(words: str, towns: TwoTowns, language: str, ahead: int | None = None) -> str:
    """A text with its blanks filled: names of the towns, months, and numbers read off them now."""
    names = [frames.side_told(towns, place, language)["name"] for place in range(2)]

    def one(found: re.Match[str]) -> str:
        blank = found[1].strip()
        if blank in SIDES:
            return str(names[SIDES.index(blank)])
        if blank in PLAIN:
            place = 0 if ahead is None else ahead if blank == "ahead" else 1 - ahead
            return str(names[place])
        if when := WHEN.fullmatch(blank):
            return frames.when(towns.plan.scenario(), int(when[1]), language)
        side, _, asked = blank.partition(" ")
        look = look_in(asked)
        return look.told(language, look.of(towns, SIDES.index(side)))

    return BLANK.sub(one, words)


def looks_in(words: str) -> Iterator[tuple[str, Look]]:
    """Every number a text asks for: of which side, and what. Raises ValueError for a blank nobody can fill."""
    for blank in BLANK.findall(words):
        if blank.strip() in PLAIN or WHEN.fullmatch(blank.strip()):
            continue
        side, _, asked = blank.strip().partition(" ")
        if side not in SIDES:
            raise ValueError(
                f"{{{blank}}} is none of {{left}}, {{right}}, {{ahead}}, {{behind}}, {{month 60}}, {{left …}}"
            )
        yield side, look_in(asked)


def changed(plan: Plan, start: Mapping[str, Any]) -> Plan:
    """A plan with some parts of it changed, from its beginning."""
    return replace(plan, **start, acts=())


# ---- storyboards there are -----------------------------------------------------------------------------------


def offered(language: str) -> list[list[Any]]:
    """Every storyboard that can be led: name, title, for whom, minutes. The shortest first."""
    boards = sorted(storyboards().values(), key=lambda board: (board.minutes, board.name))
    return [[each.name, said(each.title, language), said(each.audience, language), each.minutes] for each in boards]


def storyboards() -> Mapping[str, Storyboard]:
    """Those that come with Kith, and those in a folder of one's own, by name. Broken ones are left out."""
    found = _storyboards(environ.get(OWN_FOLDER, ""))
    return {name: each for name, each in found.items() if isinstance(each, Storyboard)}


def broken() -> Mapping[str, StoryboardError]:
    """Storyboards that cannot be led, and why."""
    return problems_in(environ.get(OWN_FOLDER, ""))


def problems_in(folder: str) -> Mapping[str, StoryboardError]:
    """Which storyboards of a folder, and of those that come with Kith, cannot be led, and why."""
    found = _storyboards(folder)
    return {name: each for name, each in found.items() if isinstance(each, StoryboardError)}


@cache
def _storyboards(own: str) -> Mapping[str, Storyboard | StoryboardError]:
    folders = [FOLDER, *([Path(own)] if own else [])]
    return {file.stem: _loaded(file) for folder in folders for file in sorted(folder.glob("*.toml"))}


def _loaded(file: Path) -> Storyboard | StoryboardError:
    try:
        return load(file)
    except StoryboardError as problem:
        return problem


def storyboard(name: str) -> Storyboard:
    """The storyboard of a name. Raises PlanError: what is wrong with it, or the nearest name."""
    known = storyboards()
    if name in broken():
        raise broken()[name]
    if name not in known:
        raise PlanError(f'there is no storyboard "{name}".{near(name, known)} Known: {", ".join(known)}')
    return known[name]


def load(file: Path) -> Storyboard:
    """The storyboard in a file, checked to its last blank. Raises StoryboardError with every problem found."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise StoryboardError([f"{file.name}: cannot be read: {problem}"]) from None
    draft = _Draft(file.name)
    board = draft.board(file.stem, table)
    if draft.problems or board is None:
        raise StoryboardError(draft.problems)
    return board


START = ("setting", "seed", "residents", *SIDES)
TOP = ("title", "for", "minutes", *START, "steps")
STEP = ("prompt", "minutes", "play_to", "change", "question")
QUESTION = ("text", "options", "answer", "reveal")
ACTS = {
    "shock": ("shock", "size", "lasting"),
    "dial": ("dial", "value", "side"),
    "fork": ("fork", "governance", "dial", "value"),
}
SIZES = ("small", "medium", "large")


class _Draft:
    """A file being read: what it says so far, and everything that is wrong with it."""

    def __init__(self, name: str) -> None:
        self.name, self.where = name, ""
        self.problems: list[str] = []

    def wrong(self, problem: object) -> None:
        self.problems.append(": ".join(part for part in (self.name, self.where, str(problem)) if part))

    def known(self, table: Mapping[str, Any], keys: tuple[str, ...], what: str = "") -> None:
        for key in table:
            if key not in keys:
                self.wrong(f'{what}there is no key "{key}".{near(key, keys)}')

    def words(self, table: Mapping[str, Any], key: str) -> Words:
        """A text in one language, or in several: `prompt = "…"`, or `prompt.en = "…"` and `prompt.de = "…"`."""
        given = table.get(key)
        found = {ENGLISH: given} if isinstance(given, str) else given
        if not isinstance(found, Mapping) or not all(isinstance(each, str) and each.strip() for each in found.values()):
            self.wrong(f"{key} is {given!r}; it must be text" if given is not None else f"{key} is missing")
            return {ENGLISH: ""}
        for language in found:
            if language not in languages():
                self.wrong(f'{key}: there is no language "{language}"; there are {", ".join(languages())}')
        if ENGLISH not in found:
            self.wrong(f"{key}.{ENGLISH} is missing")
            return {ENGLISH: ""}
        return {language: " ".join(each.split()) for language, each in found.items()}

    def number(self, table: Mapping[str, Any], key: str, low: float, high: float, *, whole: bool) -> float | None:
        given = table.get(key)
        if given is None:
            return None
        if isinstance(given, bool) or not isinstance(given, int if whole else (int, float)) or not low <= given <= high:
            self.wrong(f"{key} is {given!r}; it must be a {'whole ' * whole}number from {low:g} to {high:g}")
            return None
        return float(given)

    # ---- the whole ----

    def board(self, name: str, table: Mapping[str, Any]) -> Storyboard | None:
        self.known(table, TOP)
        title, audience = self.words(table, "title"), self.words(table, "for")
        minutes = self.number(table, "minutes", 1, 240, whole=True)
        if minutes is None and "minutes" not in table:
            self.wrong("minutes is missing")
        plan = self.plan(Plan(), self.start(table))
        steps = table.get("steps", [])
        if not isinstance(steps, list) or not steps or not all(isinstance(each, dict) for each in steps):
            self.wrong("steps must be written as [[steps]], once for each step, and there must be one at least")
            return None
        if plan is None:
            return None
        now, month, found = plan, plan.first, []
        for place, given in enumerate(steps, start=1):
            self.where = f"step {place}"
            step, now, month = self.step(given, now, month)
            found.append(step)
        self.where = ""
        return Storyboard(name, title, audience, int(minutes or 0), plan, tuple(found))

    def plan(self, plan: Plan, start: Mapping[str, Any]) -> Plan | None:
        """The plan with some parts of it changed, if that can be lived."""
        try:
            return changed(plan, start)
        except (PlanError, TypeError) as problem:
            self.wrong(problem)
            return None

    def start(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """The parts of a plan that a table gives."""
        found: dict[str, Any] = {}
        for key in START:
            if key not in table:
                continue
            given = table[key]
            if key in SIDES:
                found[key] = self.side(key, given)
            elif isinstance(given, bool) or not isinstance(given, str if key == "setting" else int):
                self.wrong(
                    f"{key} is {given!r}; it must be {'a name in quotes' if key == 'setting' else 'a whole number'}"
                )
            else:
                found[key] = given
        return found

    def side(self, key: str, given: Any) -> Side:
        """A side: a governance, or a table with a governance and numbers of its own."""
        if isinstance(given, str):
            return Side(given)
        if isinstance(given, Mapping) and isinstance(given.get("governance"), str):
            return Side(
                given["governance"], tuple((name, each) for name, each in given.items() if name != "governance")
            )
        self.wrong(
            f'{key} is {given!r}; it must be a governance, or {{ governance = "contract", sharing_time = 0.04 }}'
        )
        return Side()

    # ---- a step ----

    def step(self, table: Mapping[str, Any], plan: Plan, month: int) -> tuple[Step, Plan, int]:
        """A step, and the plan and the month that the towns are at when it is over."""
        self.known(table, STEP)
        prompt = self.words(table, "prompt")
        minutes = self.number(table, "minutes", 0, 120, whole=False) or 0.0
        start, act, plan, month = self.change(table.get("change"), plan, month)
        self.blanks("prompt", prompt, month, plan)
        to = self.number(table, "play_to", 0, 10_000, whole=True)
        play_to = None if to is None else int(to)
        if play_to is not None and not month < play_to < plan.months:
            self.wrong(
                f"play_to is {play_to}; the towns are at month {month}, and {plan.setting} ends with month "
                f"{plan.months - 1}"
            )
        month = max(month, play_to or 0)
        question = self.question(table["question"], month, plan) if "question" in table else None
        return Step(prompt, minutes, play_to, start, act, question), plan, month

    def change(self, table: Any, plan: Plan, month: int) -> tuple[dict[str, Any], Act | None, Plan, int]:
        """What a step changes: the plan from its beginning, or one thing done from the next month on."""
        if table is None:
            return {}, None, plan, month
        if not isinstance(table, Mapping):
            self.wrong(f"change is {table!r}; it must be a table")
            return {}, None, plan, month
        kinds = [kind for kind in ("fork", "shock", "dial") if kind in table][:1]
        keys = ACTS[kinds[0]] if kinds else START
        self.known(table, (*keys, *(() if kinds else ACTS)), "change: ")
        if not kinds:
            start = self.start(table)
            after = self.plan(plan, start) or plan
            return start, None, after, after.first
        try:
            act = self.act(kinds[0], table, month + 1)
            return {}, act, plan.and_then(act), month
        except PlanError as problem:
            self.wrong(f"change: {problem}")
            return {}, None, plan, month

    def act(self, kind: str, table: Mapping[str, Any], month: int) -> Act:
        """One thing done: a shock, a number, a fork."""
        if kind == "shock":
            name, size = str(table["shock"]), table.get("size", "medium")
            if name not in SHOCKS:
                raise PlanError(f'there is no shock "{name}".{near(name, SHOCKS)} Known: {", ".join(SHOCKS)}')
            if isinstance(size, str):
                if size not in SIZES:
                    raise PlanError(f'size is "{size}"; it must be {", ".join(SIZES)}, or a number.{near(size, SIZES)}')
                size = size_of(name, SIZES.index(size))
            return Act(month, "shock", BOTH, name, size, table.get("lasting", True) is not False)
        if kind == "fork":
            name = "governance" if "governance" in table else str(table.get("dial", ""))
            value = table.get("governance", table.get("value", 0.0))
            return Act(month, "fork", str(table["fork"]), name, value)
        return Act(month, "own", str(table.get("side", BOTH)), str(table["dial"]), table.get("value", 0.0))

    # ---- a question ----

    def question(self, table: Any, month: int, plan: Plan) -> Question | None:
        if not isinstance(table, Mapping):
            self.wrong(f"question is {table!r}; it must be a table")
            return None
        self.known(table, QUESTION, "question: ")
        asked, reveal = self.words(table, "text"), self.words(table, "reveal")
        self.blanks("question: text", asked, plan.first, plan)
        self.blanks("question: reveal", reveal, month, plan)
        answer = self.answer(table.get("answer"), month, plan)
        options = self.options(table.get("options"), answer)
        for option in options:
            self.blanks("question: options", option, plan.first, plan)
        return None if answer is None else Question(asked, options, answer, reveal)

    def answer(self, given: Any, month: int, plan: Plan) -> Compared | Most | None:
        """The rule that finds the answer: `lower waiting at 60`, or `left most of A, B, C total 24-59`."""
        if not isinstance(given, str):
            self.wrong(f'question: answer is {given!r}; it must be a rule such as "lower waiting at 60"')
            return None
        try:
            answer = answer_in(given)
        except ValueError as problem:
            self.wrong(f"question: answer: {problem}")
            return None
        for look in answer.looks:
            self.lived("question: answer", look, month, plan)
        return answer

    def options(self, given: Any, answer: Compared | Most | None) -> tuple[Words, ...]:
        """What the room may answer, in each language: `options.en = ["…", "…"]`. The towns, where none is given."""
        if given is None:
            if isinstance(answer, Most):
                self.wrong("question: options is missing; it needs one for each measure of the answer")
            return (*({ENGLISH: f"{{{side}}}"} for side in SIDES), _same())
        tables = {ENGLISH: given} if isinstance(given, list) else given
        if not isinstance(tables, Mapping) or not all(isinstance(each, list) for each in tables.values()):
            self.wrong(f"question: options is {given!r}; it must be a list of texts")
            return ()
        found = []
        for place in range(max(map(len, tables.values()), default=0)):
            each = {language: listed[place] for language, listed in tables.items() if place < len(listed)}
            found.append(self.words({"options": each}, "options"))
        many = (2, 3) if not isinstance(answer, Most) else (len(answer.looks),)
        if answer is not None and len(found) not in many:
            allowed = " or ".join(map(str, many))
            self.wrong(f"question: there are {len(found)} options; the answer tells {allowed} apart")
        return tuple(found)

    def blanks(self, key: str, words: Words, month: int, plan: Plan) -> None:
        """Refuse blanks that nobody can fill, and numbers of one town that are not told of the other."""
        for language, each in words.items():
            try:
                asked = list(looks_in(each))
            except ValueError as problem:
                self.wrong(f"{key}.{language}: {problem}")
                continue
            for _, look in asked:
                self.lived(f"{key}.{language}", look, month, plan)
            told = {side: [look for where, look in asked if where == side] for side in SIDES}
            for side, other in (SIDES, SIDES[::-1]):
                for look in told[side]:
                    if look not in told[other]:
                        self.wrong(f"{key}.{language} tells {look.measure} of the {side} town; tell it of both")

    def lived(self, key: str, look: Look, month: int, plan: Plan) -> None:
        """Refuse to read months that are not shown, or not lived yet."""
        for each in look.months:
            if not plan.first <= each <= month:
                self.wrong(
                    f"{key}: {look.measure} is read in month {each}; shown so far are months {plan.first} to {month}"
                )


def answer_in(written: str) -> Compared | Most:
    """The rule some words give. Raises ValueError with what is allowed."""
    first, _, rest = written.strip().partition(" ")
    if first in ("lower", "higher"):
        return Compared(first == "higher", look_in(rest))
    found = re.fullmatch(r"(left|right) most of (.+?) ((?:at|over|total) .+)", written.strip())
    if not found:
        raise ValueError(
            f'"{written}" is no rule: "lower MEASURE at 60", "higher MEASURE over 24-59", or '
            f'"left most of MEASURE, MEASURE total 24-59"'
        )
    names = [name.strip() for name in found[2].split(",")]
    return Most(SIDES.index(found[1]), tuple(look_in(f"{name} {found[3]}") for name in names))


def _same() -> Words:
    return {language: text(language, "storyboards.same") for language in languages()}
