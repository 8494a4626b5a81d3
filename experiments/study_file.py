"""A study's file: read, checked before anyone is founded, and written again.

Change this file to let a study file say something more, or to say better what does not fit: whatever is wrong with a
file is told at once, a line for each problem. What a study is stands in study.py, which names may be varied in
varied.py, and how points are laid out in designs.py.
"""

from __future__ import annotations

import copy
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.declared import Declared, near
from agents.terms import UnknownGovernance
from experiments.designs import KINDS, design_of, plain, points_in_design
from experiments.pairs import CALM, FAIR_FIGHT, NAMES, SHOCK, ComparisonError, Governance, named_governances
from experiments.resilience import LOSSES
from experiments.store import read_question
from experiments.study import SEEDS, Study, Until
from experiments.varied import EVERY_ARM, Varied, declared_for, placed
from experiments.words import reason
from simulation.reader import RulesError
from simulation.scenario import (
    GRAPHS,
    PARAMETERS,
    SIZES,
    TOP,
    Draft,
    Scenario,
    ScenarioError,
    file_of,
    is_kind,
    toml,
    toml_key,
)
from simulation.shocks import problem_with
from simulation.written_rules import rules_from_text

if TYPE_CHECKING:
    import pandas as pd

SHIPPED = Path(__file__).parent / "questions"
KEYS = (
    "title", "question", "setting", "governances", "seeds", "outcomes", "monthly", "events", "rules", "vary", "design",
    "until", "analysis",
)  # fmt: skip
"""What may stand at the top of a study file, and its sections."""
UNTIL_KEYS = ("outcome", "narrower_than", "at_least", "at_most")
ANALYSIS_KEYS = ("outcomes", "x", "y", "panels", "own")
"""What [analysis] may say: outcomes to show, how a grid is laid out in panels, and anything at all in a table `own`."""
LEVELS = ("values", "low", "high", "steps")
CHECKED = 5_000
"""Points of a design that are all tried before anything runs; of a larger one as many, spread over it."""


class StudyError(ValueError):
    """A study that cannot be made: a line for each problem, with what was given, what is allowed, and where."""


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
    problems = [f'there is no key or section "{key}".{_meant(key)}' for key in table if key not in KEYS]
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
    if key in KINDS or key in ("kind", "points", "trajectories"):
        return f" It belongs in the section [design]: [design], then {key} = …"
    if key in UNTIL_KEYS:
        return f" It belongs in the section [until]: [until], then {key} = …"
    if key in PARAMETERS or key in SIZES or key in TOP:
        return " What is to be the same in every town belongs in [setting]; what is to differ, in [vary]"
    return near(key, KEYS)


# ---- what is asked ----------------------------------------------------------------------------------


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
    draft = Draft() if base is None else Draft.read(file_of(base, heir=path), ())
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
    if outcome in NAMES and outcome in outcomes:
        outcome = f"{outcome}.{SHOCK}"
    known = _columns_of(outcomes)
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


def _columns_of(outcomes: Sequence[str]) -> list[str]:
    """What may be asked of some outcomes: measures of either town or of the shock, and numbers of resilience."""
    measures = [f"{name}.{end}" for name in NAMES if name in outcomes for end in (SHOCK, CALM, "effect")]
    return [*measures, *(name for name in LOSSES if name in outcomes)]


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
    known = _columns_of(outcomes)
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


# ---- what is varied ---------------------------------------------------------------------------------


def _vary_in(
    given: Any, scenario: Scenario, governances: Mapping[str, Governance], beside: Path
) -> tuple[tuple[Varied, ...], list[str]]:
    if not isinstance(given, dict):
        return (), [f"vary is {given!r}; it must be a section, [vary]"]
    found: list[str] = []
    varied = []
    for name, levels in _flattened(given):
        declared, problem = declared_for(name, scenario, governances)
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
        inner = levels.values() if isinstance(levels, dict) and not set(levels) & set(LEVELS) else ()
        if inner and all(isinstance(each, dict) for each in inner):
            yield from _flattened(levels, f"{before}{name}.")
        else:
            yield f"{before}{name}", levels


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
                placed(scenario, governances, {one.name: value}, arm)
        except (ScenarioError, UnknownGovernance) as error:
            yield from (f"[vary] {one.name} = {value}: {line}" for line in str(error).split("\n"))
            return


# ---- how points are laid out ------------------------------------------------------------------------


def _design_in(given: Any) -> tuple[dict[str, Any], list[str]]:
    if not isinstance(given, dict):
        return {"kind": "grid"}, [f"design is {given!r}; it must be a section, [design]"]
    kind = given.get("kind", "grid")
    if not isinstance(kind, str) or kind not in KINDS:
        said = f"[design] kind is {kind!r}; it must be one of {', '.join(KINDS)}.{near(kind, KINDS)}"
        return {"kind": "grid"}, [said]
    allowed = ("kind", *KINDS[kind])
    found = []
    for key in given:
        if key not in allowed:
            what = f"a {kind} takes {', '.join(allowed[1:]) or 'nothing more'}"
            found.append(f'[design] has no "{key}": {what}.{near(key, allowed)}')
    defaults: dict[str, Any] = {"seed": 1, "levels": 4, "second_order": False}
    design = {"kind": kind} | {key: given.get(key, defaults.get(key)) for key in KINDS[kind]}
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
    if kind in ("saltelli", "morris") and find_spec("SALib") is None:
        found.append(f"[design] a {kind} needs the package SALib: pip install 'kith[analysis]'")
    return found


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
        declared, problem = declared_for(name, scenario, governances)
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
    for point, *line in points[["point", *names]].itertuples(index=False, name=None):
        values = dict(zip(names, map(plain, line), strict=True))
        for arm in study.arms:
            try:
                study.scenario_at(values, arm)
            except (ScenarioError, UnknownGovernance) as error:
                told = ", ".join(f"{name} = {value}" for name, value in values.items())
                found.append(f"point {point} ({told}): {error}")
                break
        if len(found) >= 3:
            break
    return found


# ---- the file that says the same --------------------------------------------------------------------


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
