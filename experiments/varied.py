"""What may be varied in a study: its name, the values it takes, and what becomes of a scenario in which it is changed.

Change this file to let a study vary something new: `declared_for` says what is known of a name, `placed` puts a value
where the name says. A name that the first knows and the second does not would be lived without being changed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agents.declared import Declared, fields_of, near
from agents.terms import DIALS, Terms
from experiments.pairs import Governance
from simulation.scenario import GRAPHS, LAYERS, PARAMETERS, SIZES, Scenario
from simulation.shocks import History, Series, Shock, key_of, numbers_of

MULTIPLES = ("shock_size", "shock_length")
EVERY_ARM = "dials"
"""What stands for every governance, before the name of a dial."""


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


# ---- what is known of a name ------------------------------------------------------------------------


def declared_for(
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


# ---- what becomes of a scenario ---------------------------------------------------------------------


def placed(scenario: Scenario, governances: Mapping[str, Governance], values: Mapping[str, Any], arm: str) -> Scenario:
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
        return Series(months=shock.months, levels=levels)
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
