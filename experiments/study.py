"""A study: one question put to many towns, read from a TOML file and checked before anyone is founded.

Change this file to let a study vary something new, or lay its points out in another way. A study names a setting, the
governances that are compared in it (the first is what the others are compared with), what is varied and how far, how
the points are laid out, and how many pairs of towns are lived at each. The samplers are SciPy's and SALib's; what is
ours is what may be varied and what is said when something does not fit.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from agents.declared import Declared, fields_of, near
from agents.terms import DIALS, Terms, UnknownGovernance
from experiments.intervals import Numbers
from experiments.pairs import CALM, FAIR_FIGHT, NAMES, SHOCK, ComparisonError, Governance, named_governances, seed_of
from experiments.resilience import LOSSES
from experiments.store import read_question
from experiments.words import reason
from simulation.reader import RulesError
from simulation.scenario import (
    GRAPHS,
    LAYERS,
    PARAMETERS,
    SIZES,
    TOP,
    Draft,
    Scenario,
    ScenarioError,
    is_kind,
    toml,
    toml_key,
)
from simulation.shocks import History, Series, Shock, key_of, numbers_of, problem_with
from simulation.written_rules import rules_from_text

if TYPE_CHECKING:
    import pandas as pd

SHIPPED = Path(__file__).parent / "questions"
KEYS = (
    "title", "question", "setting", "governances", "seeds", "outcomes", "monthly", "events", "rules", "vary", "design",
    "until", "analysis",
)  # fmt: skip
"""What may stand at the top of a study file, and its sections."""
KINDS = ("grid", "list", "lhs", "sobol", "saltelli", "morris")
DESIGN_KEYS = {
    "grid": (),
    "list": ("file",),
    "lhs": ("points", "seed"),
    "sobol": ("points", "seed"),
    "saltelli": ("points", "seed", "second_order"),
    "morris": ("trajectories", "seed", "levels"),
}
"""What each kind of design may be told, beside its kind."""
UNTIL_KEYS = ("outcome", "narrower_than", "at_least", "at_most")
ANALYSIS_KEYS = ("outcomes", "x", "y", "panels", "own")
"""What [analysis] may say: outcomes to show, how a grid is laid out in panels, and anything at all in a table `own`."""
LEVELS = ("values", "low", "high", "steps")
MULTIPLES = ("shock_size", "shock_length")
EVERY_ARM = "dials"
SEEDS = 30
CHECKED = 5_000
"""Points of a design that are all tried before anything runs; of a larger one as many, spread over it."""


class StudyError(ValueError):
    """A study that cannot be made: a line for each problem, with what was given, what is allowed, and where."""


# ---- what is varied ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Varied:
    """One thing that differs between the points of a design: its values, or the ends between which it lies."""

    name: str
    values: tuple[Any, ...] = ()
    low: float = math.nan
    high: float = math.nan
    steps: int = 0
    whole: bool = False

    @property
    def ends(self) -> tuple[Any, ...]:
        """Every value, or the lowest and the highest."""
        return self.values or (self.at(0.0), self.at(1.0))

    @property
    def ladder(self) -> tuple[Any, ...]:
        """The values a grid takes: those given, or even steps from low to high."""
        return self.values or tuple(dict.fromkeys(self.at(share) for share in np.linspace(0.0, 1.0, self.steps)))

    def at(self, share: float) -> Any:
        """The value at a place from 0 to 1: each value, and each whole number, has as much room as any other."""
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        if self.whole:
            return int(min(self.low + math.floor(share * (self.high - self.low + 1.0)), self.high))
        return float(self.low + share * (self.high - self.low))

    @property
    def kind(self) -> str:
        """What the values are: whole, number, or text."""
        if not self.values:
            return "whole" if self.whole else "number"
        if all(isinstance(value, int) for value in self.values):
            return "whole"
        return "text" if any(isinstance(value, str) for value in self.values) else "number"

    @property
    def bare(self) -> Varied:
        """The same without its values, for those who only need its name and kind."""
        return Varied(self.name, ({"whole": 0, "number": 0.0, "text": ""}[self.kind],))


@dataclass(frozen=True)
class Until:
    """When to stop living pairs at a point: once every interval of a paired difference is narrow enough."""

    outcome: str
    narrower_than: float
    at_least: int
    at_most: int

    def rounds(self) -> Iterator[int]:
        """After how many pairs a point is looked at, up to the most."""
        pairs = self.at_least
        while pairs < self.at_most:
            yield pairs
            pairs = min(self.at_most, max(pairs + 2, math.ceil(pairs * 1.5)))
        yield self.at_most


class Stage(NamedTuple):
    """Pairs that were asked for together: the number of their first row, their first replicate, and how many."""

    row: int
    replicate: int
    pairs: int


@dataclass(frozen=True)
class Study:
    """A question, the setting it is asked of, and every town that is lived for it. A study that exists was checked."""

    scenario: Scenario
    governances: Mapping[str, Governance]
    varied: tuple[Varied, ...] = ()
    design: Mapping[str, Any] = field(default_factory=lambda: {"kind": "grid"})
    seeds: int = SEEDS
    """Pairs at each point; the most there may be, where `until` says when to stop."""
    until: Until | None = None
    outcomes: tuple[str, ...] = (*NAMES, *LOSSES)
    monthly: bool = False
    events: bool = False
    title: str = ""
    question: str = ""
    analysis: Mapping[str, Any] = field(default_factory=dict)
    rules: str = ""
    listed: tuple[tuple[Any, ...], ...] = ()
    """The points of a list, in the order of what is varied."""
    path: Path | None = field(default=None, compare=False)
    stages: tuple[Stage, ...] = ()
    """Where more pairs were asked for later, each lot of them; rows of a later lot follow those of all earlier ones."""

    @property
    def name(self) -> str:
        """What its results folder is called."""
        return self.path.stem if self.path else self.scenario.name or "study"

    @property
    def arms(self) -> tuple[str, ...]:
        """The governances by name; the first is what the others are compared with."""
        return tuple(self.governances)

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """Measures of the town among the outcomes."""
        return tuple(name for name in NAMES if name in self.outcomes)

    @cached_property
    def losses(self) -> tuple[str, ...]:
        """Numbers of resilience among the outcomes."""
        return tuple(name for name in LOSSES if name in self.outcomes)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of outcomes that a row has."""
        return (*(f"{name}.{world}" for name in self.measures for world in (SHOCK, CALM)), *self.losses)

    @property
    def rows_at_a_point(self) -> int:
        """Rows set aside for each point."""
        return self.seeds * len(self.governances)

    @cached_property
    def lots(self) -> tuple[Stage, ...]:
        """Every lot of pairs, in the order in which they were asked for."""
        return self.stages or (Stage(0, 0, self.seeds),)

    def place_of(self, row: int) -> tuple[int, int, str]:
        """The point, the replicate and the governance of a row: replicates follow one another, arms side by side."""
        lot = next(each for each in reversed(self.lots) if each.row <= row)
        point, within = divmod(row - lot.row, lot.pairs * len(self.governances))
        replicate, arm = divmod(within, len(self.governances))
        return point, lot.replicate + replicate, self.arms[arm]

    def rows_of(self, point: int, pairs: int) -> Iterator[tuple[int, int]]:
        """The rows of the first so many pairs at a point, as ranges."""
        arms = len(self.governances)
        for lot in self.lots:
            many = min(lot.pairs, pairs - lot.replicate)
            if many > 0:
                first = lot.row + point * lot.pairs * arms
                yield first, first + many * arms

    def with_more(self, seeds: int) -> Study:
        """The same study with more pairs at each point. Those it has keep the numbers of their rows."""
        lots = (*self.lots, Stage(rows_in_design(self), self.seeds, seeds - self.seeds))
        until = replace(self.until, at_most=seeds) if self.until else None
        return replace(self, seeds=seeds, stages=lots, until=until)

    def seed_of(self, replicate: int) -> int:
        """The seed of a replicate: the same at every point and for every governance."""
        return seed_of(self.scenario.seed, replicate)

    def scenario_at(self, values: Mapping[str, Any], arm: str) -> Scenario:
        """The scenario of a point, held by one governance, with the study's own seed."""
        return _placed(self.scenario, self.governances, values, arm)

    def table(self) -> dict[str, Any]:
        """The study as the table of a file that says the same, with its setting and its rules written out."""
        setting = tomllib.loads(_standing_alone(self.scenario).to_toml())
        told: dict[str, Any] = {"title": self.title, "question": self.question, "setting": setting}
        told |= {"governances": _plainly(self.governances), "seeds": self.seeds, "outcomes": list(self.outcomes)}
        told |= {"monthly": self.monthly, "events": self.events, "vary": {}, "design": dict(self.design)}
        for one in self.varied * (not self.listed):
            ends: dict[str, Any] = {"values": list(one.values)} if one.values else {"low": one.low, "high": one.high}
            told["vary"][one.name] = ends | ({"steps": one.steps} if one.steps else {})
        if self.until:
            told["until"] = {key: getattr(self.until, key) for key in UNTIL_KEYS}
            del told["seeds"]
        return told | {"analysis": copy.deepcopy(dict(self.analysis))}

    @property
    def graph_files(self) -> tuple[str, ...]:
        """The files on which towns of this study are founded, each once."""
        held = [str(file.resolve()) for file in self.scenario.graph_files().values()]
        varied = [one for one in self.varied if one.name in GRAPHS]
        held += [str(value) for one in varied for value in one.values if not is_kind(one.name, str(value))]
        return tuple(dict.fromkeys(held))

    @cached_property
    def key(self) -> str:
        """A hash of everything that makes the rows what they are: two studies with the same key are one."""
        lots = [list(each) for each in self.stages]
        return self._hash(self.table(), *([lots] * bool(lots)))

    @cached_property
    def kin(self) -> str:
        """The same without how many pairs there are: of two studies that are kin, one may ask for more of the same."""
        told = self.table()
        told.pop("seeds", None)
        told.get("until", {}).pop("at_most", None)
        return self._hash(told)

    def _hash(self, told: dict[str, Any], *more: Any) -> str:
        for name in ("title", "question", "analysis"):
            del told[name]
        setting = told["setting"]
        for name in ("name", "title", "story", "look_for"):
            setting.pop(name, None)
        told["design"].pop("file", None)
        said = [told, list(told["governances"]), list(told["vary"]), self.rules, self.listed, *more]
        text = json.dumps(said, sort_keys=True, default=str, allow_nan=False)
        for file in self.graph_files:  # a file may lie elsewhere; what is in it is in the fingerprint of each row
            text = text.replace(json.dumps(file), json.dumps(Path(file).name))
        return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def study_in_toml(study: Study) -> str:
    """The study as a file that asks the same again. Rules are then in rules.py beside it, and a list in points.csv."""
    told = study.table()
    told["design"] |= {"file": "points.csv"} if study.listed else {}
    told |= {"rules": "rules.py"} if study.rules else {}
    sections = {name: told.pop(name) for name in list(told) if isinstance(told[name], dict)}
    return "\n".join([*_in_toml(told, ""), *_in_toml(sections, "")]) + "\n"


def _in_toml(table: Mapping[str, Any], place: str) -> Iterator[str]:
    """A table in TOML's words: what is plain first, then its sections."""
    inner = [name for name, value in table.items() if isinstance(value, dict)]
    inner += [name for name, value in table.items() if isinstance(value, list) and value and isinstance(value[0], dict)]
    for name in (name for name in table if name not in inner):
        value = table[name]
        yield f"{toml_key(name)} = {str(value).lower() if isinstance(value, bool) else toml(value)}"
    for name in inner:
        where = f"{place}{toml_key(name)}"
        for each in table[name] if isinstance(table[name], list) else [table[name]]:
            yield from ("", f"[[{where}]]" if isinstance(table[name], list) else f"[{where}]")
            yield from _in_toml(each, f"{where}.")


def rows_in_design(study: Study) -> int:
    """Rows the design has: points × pairs × governances. Where pairs are stopped early, not all of them are lived."""
    return points_in_design(study) * study.rows_at_a_point


# ---- from a file ------------------------------------------------------------------------------------


def load_study(path: str | Path) -> Study:
    """The study in a file, or of this name among experiments/questions; refused with every problem found in it."""
    file = Path(path)
    if not file.is_file() and file.name == str(path):
        file = SHIPPED / f"{file.stem}.toml"
    if not file.is_file():
        known = [each.stem for each in SHIPPED.glob("*.toml")]
        raise StudyError(f"there is no study {path}.{near(path, known)} Give the path of a .toml file")
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{file.name}: not well-formed TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{file.name}: cannot be read: {error}") from None
    return study_from(table, file)


def study_from(
    table: Mapping[str, Any], path: Path, rules: str | None = None, points: pd.DataFrame | None = None
) -> Study:
    """The study that a table describes. `path` is the file it stands in: other files are named from there.

    `rules` and `points` are given where they are kept elsewhere than in files beside it.
    """
    problems = [
        f'there is no key or section "{key}".{_meant(key)}' for key in table if key not in KEYS
    ]  # fmt: skip
    scenario, wrong = _setting_in(table.get("setting"), path)
    problems += wrong
    governances, wrong = _governances_in(table.get("governances", list(FAIR_FIGHT)))
    problems += wrong
    for key in ("title", "question"):
        if not isinstance(table.get(key, ""), str):
            problems.append(f"{key} is {table[key]!r}; it must be text in quotes")
    for key in ("monthly", "events"):
        if not isinstance(table.get(key, False), bool):
            problems.append(f"{key} is {table[key]!r}; it must be true or false")
    outcomes, wrong = _outcomes_in(table.get("outcomes"))
    problems += wrong
    until, wrong = _until_in(table.get("until"), outcomes)
    problems += wrong
    seeds = until.at_most if until else table.get("seeds", SEEDS)
    if until and "seeds" in table:
        problems.append("seeds and [until] both say how many pairs are lived; keep one")
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
        problems.append(f"seeds is {seeds!r}; it must be a whole number, 1 or more")
    text, wrong = _rules_in(table.get("rules"), path) if rules is None else (rules, [])
    problems += wrong
    if scenario is None or governances is None:
        _refuse(problems, path)
    assert scenario is not None
    assert governances is not None
    design, wrong = _design_in(table.get("design", {"kind": "grid"}))
    problems += wrong
    varied, wrong = _vary_in(table.get("vary", {}), scenario, governances, path.parent)
    problems += wrong
    _refuse(problems, path)
    listed: tuple[tuple[Any, ...], ...] = ()
    if design["kind"] == "list":
        given = points if points is not None else _points_in(design["file"], path)
        varied, listed, problems = _listed(given, varied, scenario, governances, str(design.get("file", "the list")))
    problems += _design_problems(design, varied)
    problems += _analysis_problems(table.get("analysis", {}), design, varied, outcomes)
    _refuse(problems, path)
    study = Study(
        scenario, governances, varied, design, seeds, until, outcomes, table.get("monthly", False),
        table.get("events", False), table.get("title", ""), table.get("question", ""), table.get("analysis", {}), text,
        listed, path,
    )  # fmt: skip
    if points is None:
        _refuse(_point_problems(study), path)
    return study


def _refuse(problems: Sequence[str], path: Path) -> None:
    if problems:
        raise StudyError("\n".join(f"{path.name}: {each}" for each in dict.fromkeys(problems)))


def _meant(key: str) -> str:
    if key in DESIGN_KEYS or key in ("kind", "points", "trajectories"):
        return f" It belongs in the section [design]: [design], then {key} = …"
    if key in UNTIL_KEYS:
        return f" It belongs in the section [until]: [until], then {key} = …"
    if key in PARAMETERS or key in SIZES or key in TOP:
        return " What is to be the same in every town belongs in [setting]; what is to differ, in [vary]"
    return near(key, KEYS)


def _setting_in(given: Any, path: Path) -> tuple[Scenario | None, list[str]]:
    """The scenario that is asked: a name, a path from the study's folder, or written out as [setting]."""
    try:
        if isinstance(given, str):
            beside = path.parent / given
            question = read_question(beside if beside.is_file() else given)
            return question.scenario, []
        if isinstance(given, dict):
            return _inline(given, path), []
    except ScenarioError as error:
        return None, [f"setting: {line}" for line in str(error).split("\n")]
    said = "there is no setting" if given is None else f"setting is {given!r}"
    return None, [f"{said}; it must be a setting's name, the path of a scenario file, or a section [setting]"]


def _inline(given: Mapping[str, Any], path: Path) -> Scenario:
    table = copy.deepcopy(dict(given))
    base = table.pop("base", None)
    draft = Draft()
    if base is not None:
        from simulation.scenario import file_of  # noqa: PLC0415

        draft = Draft.read(file_of(base, heir=path), ())
    draft.add(table, path)
    if draft.lines:
        raise ScenarioError(draft.lines)
    return Scenario(**{"name": path.stem, **draft.values})


def _governances_in(given: Any) -> tuple[dict[str, Governance] | None, list[str]]:
    if not isinstance(given, (list, dict)) or not given:
        return None, [f"governances is {given!r}; it must be a list of governances, or names with dials"]
    try:
        named = named_governances(given)
    except ComparisonError as error:
        return None, [str(error)]
    found = [
        f'a governance cannot be called "{name}": that name stands for something else'
        for name in named
        if name in (EVERY_ARM, "shocks") or ("." in name and not isinstance(named[name], (int, float)))
    ]
    for name, governance in named.items():
        try:
            Scenario(governance=governance)
        except ScenarioError as error:
            found += [f"{name}: {text}" for _, text in error.problems]
    return (None if found else named), found


def _outcomes_in(given: Any) -> tuple[tuple[str, ...], list[str]]:
    known = (*NAMES, *LOSSES)
    if given is None:
        return known, []
    if not isinstance(given, list) or not given:
        return known, [f'outcomes is {given!r}; it must be a list of measures, such as ["wellbeing"]']
    found = [f'outcomes: there is no measure "{name}".{near(name, known)}' for name in given if name not in known]
    return tuple(name for name in known if name in given), found


def _until_in(given: Any, outcomes: Sequence[str]) -> tuple[Until | None, list[str]]:
    if given is None:
        return None, []
    if not isinstance(given, dict):
        return None, [f"until is {given!r}; it must be a section, [until]"]
    found = [f'[until] has no key "{key}".{near(key, UNTIL_KEYS)}' for key in given if key not in UNTIL_KEYS]
    table: dict[str, Any] = {"at_least": 10, "at_most": 200} | given
    outcome, narrow = table.get("outcome"), table.get("narrower_than")
    measures = [name for name in NAMES if name in outcomes]
    known = [f"{name}.{end}" for name in measures for end in (SHOCK, CALM, "effect")]
    known += [name for name in LOSSES if name in outcomes]
    if outcome in measures:
        outcome = f"{outcome}.{SHOCK}"
    if outcome not in known:
        found.append(
            f"[until] outcome is {outcome!r}; it must be one of the outcomes, of the shocked town (wellbeing.shock), "
            f"the calm one (wellbeing.calm) or the effect of the shock (wellbeing.effect).{near(outcome, known)}"
        )
    if isinstance(narrow, bool) or not isinstance(narrow, (int, float)) or not 0.0 < narrow < math.inf:
        found.append(f"[until] narrower_than is {narrow!r}; it must be a number above 0, in the outcome's unit")
    found += [
        f"[until] {key} is {table[key]!r}; it must be a whole number, 2 or more"
        for key in ("at_least", "at_most")
        if isinstance(table[key], bool) or not isinstance(table[key], int) or table[key] < 2
    ]
    if not found and table["at_least"] > table["at_most"]:
        found.append(f"[until] at_least is {table['at_least']}, more than at_most, {table['at_most']}")
    if found:
        return None, found
    return Until(str(outcome), float(table["narrower_than"]), table["at_least"], table["at_most"]), []


def _analysis_problems(
    given: Any, design: Mapping[str, Any], varied: Sequence[Varied], outcomes: Sequence[str]
) -> list[str]:
    if not isinstance(given, dict):
        return [f"analysis is {given!r}; it must be a section, [analysis]"]
    found = [f'[analysis] has no key "{key}".{near(key, ANALYSIS_KEYS)}' for key in given if key not in ANALYSIS_KEYS]
    names = [one.name for one in varied]
    laid = {key: given[key] for key in ("x", "y", "panels") if key in given}
    for key, name in laid.items():
        if name not in names:
            found.append(f"[analysis] {key} is {name!r}; it must be something that is varied.{near(name, names)}")
    if laid and not {"x", "y"} <= set(laid):
        found.append("[analysis] x and y go together; panels may be added to them")
    if laid and (design["kind"] not in ("grid", "list") or set(names) != set(laid.values()) or len(laid) != len(names)):
        found.append("[analysis] x, y and panels lay out a grid in which these are all that is varied, each named once")
    asked = given.get("outcomes", [])
    if not isinstance(asked, list):
        return [*found, f"[analysis] outcomes is {asked!r}; it must be a list"]
    known = [f"{name}.{end}" for name in NAMES if name in outcomes for end in (SHOCK, CALM, "effect")]
    known += [name for name in LOSSES if name in outcomes]
    found += [f'[analysis] outcomes: there is no "{each}".{near(each, known)}' for each in asked if each not in known]
    return found


def _rules_in(given: Any, path: Path) -> tuple[str, list[str]]:
    if given is None:
        return "", []
    if not isinstance(given, str) or not (path.parent / given).is_file():
        return "", [f"rules is {given!r}; there is no such file beside this one"]
    text = (path.parent / given).read_text(encoding="utf-8-sig")
    try:
        rules_from_text(text)
    except RulesError as error:
        return "", [f"{given}: {error}"]
    return text, []


# ---- what may be varied -----------------------------------------------------------------------------


def _vary_in(
    given: Any, scenario: Scenario, governances: Mapping[str, Governance], beside: Path
) -> tuple[tuple[Varied, ...], list[str]]:
    if not isinstance(given, dict):
        return (), [f"vary is {given!r}; it must be a section, [vary]"]
    found: list[str] = []
    varied = []
    for name, levels in _flattened(given):
        declared, problem = _declared_for(name, scenario, governances)
        if problem:
            found.append(f"[vary] {problem}")
            continue
        one, wrong = _one_varied(name, levels, declared)
        if one is not None and name in GRAPHS:
            one = replace(one, values=tuple(file_beside(beside, name, value) for value in one.values))
        found += [f"[vary] {each}" for each in wrong]
        if one is not None:
            varied.append(one)
            found += _end_problems(one, scenario, governances)
    return tuple(varied), found


def file_beside(folder: Path, layer: str, value: Any) -> Any:
    """A file of a graph named in full, where there is one of this name in the study's folder."""
    file = folder / str(value)
    return str(file.resolve()) if not is_kind(layer, str(value)) and file.is_file() else value


def _flattened(given: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Names with their levels; contract.openness without quotes is a table inside a table in TOML."""
    for name, levels in given.items():
        if isinstance(levels, dict) and levels and not set(levels) & set(LEVELS) and _deeper(levels):
            yield from _flattened(levels, f"{before}{name}.")
        else:
            yield f"{before}{name}", levels


def _deeper(levels: Mapping[str, Any]) -> bool:
    return all(isinstance(each, dict) for each in levels.values())


def _declared_for(
    name: str, scenario: Scenario, governances: Mapping[str, Governance]
) -> tuple[Declared | None, str | None]:
    """What is declared of a name that may be varied, if it is a number; and what is wrong with the name."""
    if name in PARAMETERS:
        return PARAMETERS[name], f"{name} is a list of numbers and cannot be varied" if PARAMETERS[name].shape else None
    if name in SIZES and name != "seed":
        return SIZES[name], None
    if name == "seed":
        return None, "seed cannot be varied: every point has the same seeds, made from the setting's own"
    if name in GRAPHS:
        return None, None
    if name in MULTIPLES:
        return _multiple(name, scenario)
    owner, dot, dial = name.rpartition(".")
    if dot and (owner in governances or owner == EVERY_ARM):
        dials = fields_of(Terms)
        return dials.get(dial), None if dial in dials else f'{name}: there is no dial "{dial}".{near(dial, DIALS)}'
    if name.startswith("shocks."):
        return _shock_number(name, scenario)
    known = [
        *PARAMETERS, *(size for size in SIZES if size != "seed"), *GRAPHS, *MULTIPLES,
        *(f"{arm}.{each}" for arm in (*governances, EVERY_ARM) for each in DIALS),
        *(f"shocks.{at}.{key}" for at, shock in enumerate(scenario.shocks, 1) for key in _numbers(shock)),
    ]  # fmt: skip
    return None, f'there is nothing called "{name}" to vary.{near(name, known)}'


def _numbers(shock: Shock) -> dict[str, Declared]:
    return {key_of(key): declared for key, declared in numbers_of(type(shock)).items()}


def _shock_number(name: str, scenario: Scenario) -> tuple[Declared | None, str | None]:
    place, _, key = name.removeprefix("shocks.").partition(".")
    many = len(scenario.shocks)
    if not place.isdigit() or not 1 <= int(place) <= many:
        has = f"the setting has {many} shock{'s' * (many != 1)}"
        return None, f"{name}: {has}; write shocks.1.size for the size of the first"
    numbers = _numbers(scenario.shocks[int(place) - 1])
    if key not in numbers:
        shape = scenario.shocks[int(place) - 1].shape
        return None, f'{name}: a {shape} has no number "{key}".{near(key, numbers)} It has {", ".join(numbers)}'
    return numbers[key], None


def _multiple(name: str, scenario: Scenario) -> tuple[Declared | None, str | None]:
    key = name.removeprefix("shock_")
    if not any(_stretched(shock, **{key: 1.25}) != shock for shock in scenario.shocks):
        return None, f"{name}: no shock of this setting has a {key} to multiply"
    unit = f"multiple of the {key} of every shock"
    return Declared(name, 1.0, 0.0, 100.0, unit, f"How many times its {key} each shock has."), None


def _one_varied(name: str, levels: Any, declared: Declared | None) -> tuple[Varied | None, list[str]]:
    if not isinstance(levels, dict) or not set(levels) & {"values", "low", "high"}:
        return None, [f"{name} is {levels!r}; it must be {{ low = …, high = … }} or {{ values = [ … ] }}"]
    found = [f'{name} has no "{key}".{near(key, LEVELS)}' for key in levels if key not in LEVELS]
    if "values" in levels:
        values = levels["values"]
        if set(levels) & {"low", "high", "steps"}:
            found.append(f"{name} has values and a range; keep one")
        if not isinstance(values, list) or not values:
            return None, [*found, f"{name}: values is {values!r}; it must be a list with at least one value"]
        if len(set(map(str, values))) < len(values):
            found.append(f"{name}: a value is listed twice")
        found += [p for value in values if declared and (p := problem_with(replace(declared, name=name), value))]
        if declared is not None and not declared.whole and not any(isinstance(value, str) for value in values):
            values = [float(value) if isinstance(value, (int, float)) else value for value in values]
        return Varied(name, tuple(values)), found
    if declared is None or declared.choices:
        kinds = declared.choices if declared else GRAPHS.get(name, ())
        return None, [*found, f"{name} has no numbers between: give values, from {', '.join(kinds)}"]
    ends = levels.get("low"), levels.get("high")
    for which, end in zip(("low", "high"), ends, strict=True):
        if isinstance(end, bool) or not isinstance(end, (int, float)):
            found.append(f"{name}: {which} is {end!r}; it must be a number")
        elif problem := problem_with(replace(declared, name=name), end):
            found.append(f"{which}: {problem}")
    steps = levels.get("steps", 0)
    if "steps" in levels and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 2):
        found.append(f"{name}: steps is {steps!r}; it must be a whole number, 2 or more")
    if not found and not ends[0] < ends[1]:  # type: ignore[operator]
        found.append(f"{name}: low is {ends[0]}; it must lie below high, {ends[1]}")
    if found:
        return None, found
    return Varied(name, (), float(ends[0]), float(ends[1]), steps, declared.whole), []  # type: ignore[arg-type]


def _end_problems(one: Varied, scenario: Scenario, governances: Mapping[str, Governance]) -> Iterator[str]:
    """What is wrong with a town in which only this is changed, to each of its ends."""
    for value in one.ends:
        try:
            for arm in governances:
                _placed(scenario, governances, {one.name: value}, arm)
        except (ScenarioError, UnknownGovernance) as error:
            yield from (f"[vary] {one.name} = {value}: {line}" for line in str(error).split("\n"))
            return


def _placed(scenario: Scenario, governances: Mapping[str, Governance], values: Mapping[str, Any], arm: str) -> Scenario:
    """A scenario with some of it changed by the names a study uses, held by one of its governances."""
    changes: dict[str, Any] = {}
    dials: dict[str, Any] = {}
    shocks = list(scenario.shocks)
    for name, value in values.items():
        owner, dot, key = name.rpartition(".")
        if not dot or name in PARAMETERS:
            changes[name] = value
        elif owner in (arm, EVERY_ARM):
            dials[key] = value
        elif name.startswith("shocks."):
            place = int(owner.removeprefix("shocks.")) - 1
            shocks[place] = _with_number(shocks[place], key, value)
    size, length = changes.pop("shock_size", 1.0), changes.pop("shock_length", 1.0)
    if size != 1.0 or length != 1.0:
        shocks = [_stretched(shock, size, length) for shock in shocks]
    return scenario.with_(**changes, shocks=tuple(shocks), governance=_with_dials(governances[arm], dials))


def _with_number(shock: Shock, key: str, value: Any) -> Shock:
    fields = {key_of(field): field for field in numbers_of(type(shock))}
    return replace(shock, **{fields[key]: value})


def _stretched(shock: Shock, size: float = 1.0, length: float = 1.0) -> Shock:
    """A shock with its size and its length multiplied: of a history the changes, of a series how far it is from 1."""
    if isinstance(shock, Series):
        if size == 1.0:
            return shock
        levels = tuple((name, tuple(1.0 + size * (each - 1.0) for each in told)) for name, told in shock.levels)
        return replace(Series(months=shock.months, levels=levels))
    changes: dict[str, Any] = {}
    if isinstance(shock, History):
        changes["scale"] = shock.scale * size
    elif hasattr(shock, "size"):
        changes["size"] = shock.size * size
    if length != 1.0:
        for key, least in (("length", 1), ("fade", 0)):
            if hasattr(shock, key):
                changes[key] = max(least, round(getattr(shock, key) * length))
    return replace(shock, **changes)


def _with_dials(governance: Governance, dials: Mapping[str, Any]) -> Governance:
    if not dials:
        return governance
    if not isinstance(governance, Mapping):
        return {"base": governance, **dials}
    if any(layer in governance for layer in LAYERS):
        return {layer: _with_dials(each, dials) for layer, each in governance.items()}
    return {**governance, **dials}


# ---- designs ----------------------------------------------------------------------------------------


def _design_in(given: Any) -> tuple[dict[str, Any], list[str]]:
    if not isinstance(given, dict):
        return {"kind": "grid"}, [f"design is {given!r}; it must be a section, [design]"]
    kind = given.get("kind", "grid")
    if kind not in KINDS:
        said = f"[design] kind is {kind!r}; it must be one of {', '.join(KINDS)}.{near(kind, KINDS)}"
        return {"kind": "grid"}, [said]
    allowed = ("kind", *DESIGN_KEYS[kind])
    found = []
    for key in given:
        if key not in allowed:
            what = f"a {kind} takes {', '.join(allowed[1:]) or 'nothing more'}"
            found.append(f'[design] has no "{key}": {what}.{near(key, allowed)}')
    defaults: dict[str, Any] = {"seed": 1, "levels": 4, "second_order": False}
    design = {"kind": kind} | {key: given.get(key, defaults.get(key)) for key in DESIGN_KEYS[kind]}
    for key, least in (("points", 1), ("trajectories", 2), ("seed", 0), ("levels", 2)):
        value = design.get(key, least)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            said = f"there is no {key}" if value is None else f"{key} is {value!r}"
            found.append(f"[design] {said}; a {kind} needs a whole number, {least} or more")
    if kind == "list" and not isinstance(design["file"], str):
        found.append("[design] a list needs file, the path of a CSV file with a line for each point")
    if not isinstance(design.get("second_order", False), bool):
        found.append(f"[design] second_order is {design['second_order']!r}; it must be true or false")
    return design, found


def _design_problems(design: Mapping[str, Any], varied: Sequence[Varied]) -> list[str]:
    """What is wrong with a design for what is varied."""
    kind, points = design["kind"], design.get("points", 1)
    if kind == "grid":
        return [
            f"[vary] {one.name}: a grid needs values, or low, high and steps"
            for one in varied
            if not one.values and not one.steps
        ]
    if kind == "list":
        return []
    found = [] if varied else [f"[vary] there is nothing to vary; a {kind} needs at least one range"]
    found += [f"[vary] {one.name}: steps are for a grid, and this is a {kind}" for one in varied if one.steps]
    if kind in ("sobol", "saltelli") and points & (points - 1):
        less = 1 << (points.bit_length() - 1)
        found.append(f"[design] points is {points}; Sobol sequences are even at powers of two: {less} or {2 * less}")
    if kind == "morris" and design["levels"] % 2:
        found.append(f"[design] levels is {design['levels']}; it must be an even number, such as 4")
    if kind in ("saltelli", "morris") and not _salib_is_there():
        found.append(f"[design] a {kind} needs the package SALib: pip install 'kith[analysis]'")
    return found


def _salib_is_there() -> bool:
    from importlib.util import find_spec  # noqa: PLC0415

    return find_spec("SALib") is not None


def _points_in(file: str, path: Path) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    try:
        points = pd.read_csv(path.parent / file, encoding="utf-8-sig", skipinitialspace=True)
        for layer in [name for name in GRAPHS if name in points]:
            points[layer] = [file_beside(path.parent, layer, value) for value in points[layer]]
        return points
    except (OSError, ValueError) as error:
        raise StudyError(f"{path.name}: [design] file is {file!r}; it cannot be read: {reason(error)}") from None


def _listed(
    points: pd.DataFrame, varied: Sequence[Varied], scenario: Scenario, governances: Mapping[str, Governance],
    file: str,
) -> tuple[tuple[Varied, ...], tuple[tuple[Any, ...], ...], list[str]]:  # fmt: skip
    """The columns of a list as what is varied, its lines, and what is wrong with them."""
    found = [f"[vary] {one.name}: a list says its own values; leave it out" for one in varied]
    columns, kept = [], []
    for name in [str(each) for each in points.columns if each != "point"]:
        declared, problem = _declared_for(name, scenario, governances)
        if problem:
            found.append(f"{file}: {problem}")
            continue
        if points[name].isna().any():
            found.append(f"{file}, line {int(points[name].isna().argmax()) + 2}: there is no {name}")
            continue
        values = points[name].tolist()
        if declared is not None and declared.whole and not declared.choices:
            values = [int(each) if float(each).is_integer() else each for each in values]
        one, wrong = _one_varied(name, {"values": list(dict.fromkeys(values))}, declared)
        found += [f"{file}: {each}" for each in wrong]
        if one is not None:
            columns.append(one)
            kept.append([one.values[0].__class__(each) for each in values])
    if not len(points):
        found.append(f"{file} has no lines")
    return tuple(columns), tuple(zip(*kept, strict=True)), found


def points_in_design(study: Study) -> int:
    """How many points a design has."""
    design, many = study.design, len(study.varied)
    kind = design["kind"]
    if kind == "grid":
        return math.prod(len(one.ladder) for one in study.varied)
    if kind == "list":
        return len(study.listed)
    if kind == "saltelli":
        return int(design["points"]) * ((2 * many + 2) if design["second_order"] else (many + 2))
    if kind == "morris":
        return int(design["trajectories"]) * (many + 1)
    return int(design["points"])


def design_of(study: Study) -> pd.DataFrame:
    """One line for each point: its number and the value of everything that is varied. The same study, the same lines.

    The lines of a Saltelli or a Morris design stand in SALib's order, so that its analysis can be given a column.
    """
    import pandas as pd  # noqa: PLC0415

    if study.design["kind"] == "grid":
        lines: Iterable[Sequence[Any]] = itertools.product(*(one.ladder for one in study.varied))
    elif study.design["kind"] == "list":
        lines = study.listed
    else:
        cube = places_of(study)
        lines = ([one.at(share) for one, share in zip(study.varied, line, strict=True)] for line in cube.tolist())
    columns = list(zip(*lines, strict=True)) or [() for _ in study.varied]
    table = pd.DataFrame({one.name: list(each) for one, each in zip(study.varied, columns, strict=True)})
    table.insert(0, "point", np.arange(points_in_design(study), dtype=np.int64))
    return table


def places_of(study: Study) -> Numbers:
    """Where the points of a sampled design lie in the unit cube, a row for each."""
    design, many = study.design, len(study.varied)
    if design["kind"] in ("lhs", "sobol"):
        from scipy.stats import qmc  # noqa: PLC0415

        sampler = (qmc.LatinHypercube if design["kind"] == "lhs" else qmc.Sobol)(many, rng=design["seed"])
        cube: Numbers = sampler.random(design["points"])
        return cube
    return _salib_places(study)


def problem_of(study: Study) -> dict[str, Any]:
    """What SALib's analyses must be told of a study: its names, and bounds in the unit cube, where it was sampled."""
    many = len(study.varied)
    return {"num_vars": many, "names": [one.name for one in study.varied], "bounds": [[0.0, 1.0]] * many}


def _salib_places(study: Study) -> Numbers:
    design = study.design
    if design["kind"] == "saltelli":
        from SALib.sample import sobol  # noqa: PLC0415

        second = design["second_order"]
        cube = sobol.sample(problem_of(study), design["points"], calc_second_order=second, seed=design["seed"])
    else:
        from SALib.sample import morris  # noqa: PLC0415

        cube = morris.sample(
            problem_of(study), design["trajectories"], num_levels=design["levels"], seed=design["seed"]
        )
    return np.asarray(cube, np.float64)


def _point_problems(study: Study) -> list[str]:
    """What is wrong with points of the design: combinations that no town can be founded on."""
    many = points_in_design(study)
    if not study.varied or not many:
        return []
    points = design_of(study)
    if many > CHECKED:
        points = points.iloc[np.unique(np.linspace(0, many - 1, CHECKED).astype(int))]
    names = [one.name for one in study.varied]
    found: list[str] = []
    for point, *values in points[["point", *names]].itertuples(index=False, name=None):
        placed = dict(zip(names, map(plain, values), strict=True))
        for arm in study.arms:
            try:
                study.scenario_at(placed, arm)
            except (ScenarioError, UnknownGovernance) as error:
                told = ", ".join(f"{name} = {value}" for name, value in placed.items())
                found.append(f"point {point} ({told}): {error}")
                break
        if len(found) >= 3:
            break
    return found


def plain(value: Any) -> Any:
    """A value of a design as a plain number or text."""
    return value.item() if isinstance(value, np.generic) else value


def _plainly(governances: Mapping[str, Governance]) -> Any:
    """Governances as a file says them."""
    same = all(not isinstance(value, Mapping) and str(value) == name for name, value in governances.items())
    return list(governances.values()) if same else dict(governances)


def _standing_alone(scenario: Scenario) -> Scenario:
    """The same scenario, with the files of its graph named in full."""
    return scenario.with_(**{layer: str(file.resolve()) for layer, file in scenario.graph_files().items()})
