"""The model's numbers as inputs of a page, in the form Mesa has for them (`model_params`), from the one declaration.

Change this file to let a number be set by another kind of input, or to let a page found larger towns. What a number
means, its range and its evidence are declared in agents/parameters.py and agents/terms.py, not here.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from agents import parameters
from agents.declared import Declared, fields_of, flat, near
from agents.terms import GOVERNANCES, Terms
from simulation.scenario import GRAPHS, PARAMETERS, SIZES, Scenario, ScenarioError, load_scenario, plain, settings
from viz.document import under_headings
from viz.workshop import meanings
from viz.workshop.words import ENGLISH

DIALS: Mapping[str, Declared] = fields_of(Terms)
ON_A_PAGE = {
    "residents": (60, 5000),
    "months": (25, 240),
    "neighbourhoods": (1, 24),
    "partners": (0, 60),
    "agreements_per_service": (0, 12),
}
"""How large a town a page may found: what is still quick to draw."""
OWN = ("setting", "governance", "rng")
"""What the model is given besides sizes, kinds of graph and parameters."""
STEPS = 100
"""A slider has at least so many steps where its range allows it."""
STEPS_TO_VALUE = 10
"""And at least so many between 0 and its value, so that a small number can be moved a little."""
FINEST = 6
"""Decimals of the finest step: browsers write smaller ones as 1e-7, and sliders cannot read that."""


def model_params(names: Iterable[str] | None = None, setting: str = "calm") -> dict[str, Any]:
    """Inputs for Mesa's SolaraViz, or for any page that takes its `model_params`; by default every one there is.

    Values are those of the setting, which is passed on as it is when it is not among the names. Each input also says
    its meaning, unit, source and grade, which Mesa does not show. Lists of numbers have no input in Mesa: they are
    passed on as they are. The twelve dials of ties are not among the model's keywords: choose a governance.

        SolaraViz(CommunityModel(rng=7), model_params=model_params(["governance", "inflow", "residents"]))
    """
    scenario = load_scenario(setting)
    every = [*OWN, *GRAPHS, *(name for name in SIZES if name != "seed"), *PARAMETERS]
    wanted = every if names is None else list(names)
    unknown = [name for name in wanted if name not in every]
    if unknown:
        raise ScenarioError(_unknown(name, every) for name in unknown)
    found: dict[str, Any] = {} if "setting" in wanted else {"setting": setting}
    return found | {name: input_of(name, scenario) for name in wanted}


def _unknown(name: str, every: list[str]) -> str:
    if name in DIALS:
        return f'"{name}" is a dial of ties, not a keyword of the model; give governance instead'
    return f'there is no parameter "{name}".{near(name, every)}'


def input_of(name: str, scenario: Scenario) -> Any:
    """The input of one keyword of the model, at its value in a scenario."""
    if name == "setting":
        return {"type": "Select", "label": name, "value": scenario.name, "values": settings()}
    if name == "governance":
        return {"type": "Select", "label": name, "value": scenario.governance, "values": list(GOVERNANCES)}
    if name == "rng":
        return {"type": "InputText", "label": "rng", "value": str(scenario.seed)}
    if name in GRAPHS:
        kinds = dict.fromkeys((*GRAPHS[name], scenario.graph[name]))  # which may be a file of the setting's
        return {"type": "Select", "label": name, "value": scenario.graph[name], "values": list(kinds)}
    if name in SIZES:
        return form(SIZES[name], getattr(scenario, name))
    return form(PARAMETERS[name], plain(PARAMETERS[name], scenario.parameter(name)))


def form(declared: Declared, value: Any) -> Any:
    """The input of a declared number in Mesa's form; for a list of numbers the list itself."""
    if declared.shape:
        return tuple(flat(value))
    told = {
        "label": declared.name,
        "value": value,
        "meaning": declared.meaning,
        "unit": declared.unit,
        "source": declared.source,
        "grade": declared.grade,
    }
    if declared.choices:
        return {"type": "Select", "values": list(declared.choices), **told}
    low, high = ON_A_PAGE.get(declared.name, (declared.low, declared.high))
    if declared.whole:
        low, high = int(min(low, value)), int(max(high, value))
        return {"type": "SliderInt", "min": low, "max": high, "step": 1, **told}
    return {"type": "SliderFloat", "min": low, "max": high, "step": step_of(low, high, value), **told}


def fits(options: Mapping[str, Any], value: object) -> bool:
    """Whether an input can have given this value: what a page is sent is checked, whoever sends it."""
    if options["type"] == "Select":
        return isinstance(value, str) and value in options["values"]
    if options["type"] == "InputText":
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    whole = options["type"] != "SliderInt" or float(value).is_integer()
    return whole and options["min"] - 1e-9 <= value <= options["max"] + 1e-9


def step_of(low: float, high: float, value: float) -> float:
    """The widest step of 1, 2 or 5 times a power of ten that leaves enough steps and meets both ends and the value.

    A slider moves a value that lies between its steps to the nearest, and says that somebody did; so none may.
    """
    widest = min((high - low) / STEPS, abs(value) / STEPS_TO_VALUE if value else math.inf)
    power = math.floor(math.log10(widest))
    while power >= -FINEST:
        for many in (5, 2, 1):
            step = round(many * 10.0**power, FINEST)
            if step <= widest * (1.0 + 1e-9) and all(_meets(each, step) for each in (low, high, value)):
                return step
        power -= 1
    return float(10.0**-FINEST)


def _meets(value: float, step: float) -> bool:
    return math.isclose(value / step, round(value / step), rel_tol=1e-9, abs_tol=1e-9)


def moved(value: float, before: float, step: float) -> bool:
    """Whether somebody moved a slider, or it only set a value on its nearest step."""
    return abs(value - before) > 0.500001 * step


@cache
def themes() -> Mapping[str, tuple[str, ...]]:
    """Every parameter under the headings of agents/parameters.py."""
    found = under_headings(inspect.getsource(parameters), PARAMETERS)
    return {heading: tuple(names) for heading, names in found.items()}


def matching(words: str, language: str = ENGLISH) -> list[str]:
    """The parameters and dials in which all these words occur: name, and what a language tells of each."""
    wanted = words.lower().split()
    found = []
    for name, each in {**DIALS, **PARAMETERS}.items():
        told = f"{name} {meanings.meaning(language, each)} {meanings.known_how_well(language, each)}"
        if all(word in told.lower().replace("_", " ") or word in name for word in wanted):
            found.append(name)
    return found


def read(declared: Declared, typed: str) -> Any:
    """The value that somebody typed for a number. Raises ScenarioError with what is wrong with it. Runs nothing."""
    text = typed.strip()
    try:
        if declared.shape:
            value: Any = [float(part) for part in text.replace(",", " ").split()]
        elif declared.choices and text in declared.choices:
            value = text
        else:
            value = float(text)
            value = int(value) if declared.whole and value.is_integer() else value
    except (ValueError, OverflowError):
        wanted = f"{math.prod(declared.shape)} numbers" if declared.shape else "a number"
        raise ScenarioError(f"{declared.name} is {typed[:40]!r}; it must be {wanted} ({declared.unit})") from None
    low, high = ON_A_PAGE.get(declared.name, (-math.inf, math.inf))
    problem = declared.problem_with(value)
    if problem is None and not declared.shape and not isinstance(value, str) and not low <= value <= high:
        problem = f"{declared.name} is {value:g}; on this page it must lie between {low:g} and {high:g}"
    if problem:
        raise ScenarioError(problem)
    return value


def written(value: Any) -> str:
    """A value as somebody would type it."""
    if isinstance(value, (list, tuple)):
        return ", ".join(written(each) for each in value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)
