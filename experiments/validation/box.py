"""The plausible box: how far each number that nobody has measured here might lie from its default.

Change this file to make the box wider or narrower. Bounds follow from a parameter's declaration by one rule, the
same for all, so nobody can choose them with an answer in mind.

- A share or a chance with a default between 0 and 1: from half its odds to double its odds. So .04 may be .02 to
  .08, .5 may be a third to two thirds, and .97 may be .94 to .985. A number on the scale 0-10 likewise, in tenths.
- Any other number above 0: from half to double, evenly on a logarithmic scale.
- A list of numbers: all of them by one factor, from a half to 2.
- A choice: each of its values alike.
- A number that is 0 or below by default: a tenth of its declared range to either side, evenly.
- A whole number is rounded; where that leaves one value only, it is left out.

All are kept within the declared range. What was measured is left out; what was borrowed from elsewhere is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.declared import MEASURED, Declared, fields_of, flat
from agents.parameters import Parameters

Numbers = npt.NDArray[np.float64]

FACTOR = 2.0
"""How far odds and multiples may be out, either way."""
PART = 0.1
"""How far a number that is 0 by default may be out, as a part of its declared range."""


class Bound(NamedTuple):
    """One side of the box: a parameter, its ends, and the scale on which places between them are even."""

    declared: Declared
    low: float
    high: float
    scale: str
    """"odds", "logarithm", "linear", "factor" (of a list) or "choice"."""

    @property
    def name(self) -> str:
        """The parameter's name."""
        return self.declared.name

    def value(self, place: float) -> Any:
        """The parameter's value at a place from 0 (the low end) to 1 (the high end)."""
        declared = self.declared
        if self.scale == "choice":
            return declared.choices[min(int(place * len(declared.choices)), len(declared.choices) - 1)]
        whole = scale_of(declared) if self.scale == "odds" else 1.0
        value = whole * between(self.low / whole, self.high / whole, place, self.scale)
        if self.scale == "factor":
            return tuple(min(max(value * each, declared.low), declared.high) for each in flat(declared.default))
        value = min(max(value, declared.low), declared.high)
        return round(value) if declared.whole else value

    def span(self) -> str:
        """Both ends in words."""
        if self.scale == "choice":
            return ", ".join(self.declared.choices)
        times = "× " if self.scale == "factor" else ""
        return f"{times}{self.low:.3g} to {times}{self.high:.3g}"


def between(low: float, high: float, place: float, scale: str) -> float:
    """A number so far between two others, on a scale."""
    if scale == "linear":
        return low + place * (high - low)
    if scale == "odds":
        odds = between(low / (1.0 - low), high / (1.0 - high), place, "logarithm")
        return odds / (1.0 + odds)
    return math.exp(math.log(low) + place * (math.log(high) - math.log(low)))


@cache
def plausible() -> tuple[Bound, ...]:
    """The box: a bound for every parameter that was not measured, in the order they are declared."""
    bounds = (bound_of(each) for each in fields_of(Parameters).values() if each.grade != MEASURED)
    return tuple(bound for bound in bounds if bound is not None)


def bound_of(declared: Declared) -> Bound | None:
    """The bound of one parameter, by the rule above; None where it leaves one value only."""
    if declared.choices:
        return Bound(declared, 0.0, len(declared.choices) - 1.0, "choice")
    if declared.shape:
        return Bound(declared, 1.0 / FACTOR, FACTOR, "factor") if any(flat(declared.default)) else None
    default = float(np.max(declared.default))
    if default > 0.0 and is_share(declared):
        whole = scale_of(declared)
        odds = default / (whole - default)
        ends, scale = [whole * each / (1.0 + each) for each in (odds / FACTOR, odds * FACTOR)], "odds"
    elif default > 0.0:
        ends, scale = [default / FACTOR, default * FACTOR], "logarithm"
    else:
        reach = PART * (declared.high - declared.low)
        ends, scale = [default - reach, default + reach], "linear"
    low, high = (min(max(end, declared.low), declared.high) for end in ends)
    if low == high or (declared.whole and round(low) == round(high)):
        return None
    return Bound(declared, low, high, scale)


def is_share(declared: Declared) -> bool:
    """Whether a number's default lies within a closed scale: a share or a chance, by its unit or by its range."""
    says_so = declared.unit.startswith(("share", "chance", TENTHS))
    closed = says_so or (declared.low >= 0.0 and declared.high <= 1.0)
    return closed and 0.0 < float(np.max(declared.default)) < scale_of(declared)


def scale_of(declared: Declared) -> float:
    """The upper end of a closed scale."""
    return 10.0 if declared.unit.startswith(TENTHS) else 1.0


TENTHS = "0-10"


def values_at(places: Numbers) -> dict[str, Any]:
    """The parameters at one place in the box: a number from 0 to 1 for each bound."""
    return {bound.name: bound.value(float(place)) for bound, place in zip(plausible(), places, strict=True)}


def latin_hypercube(points: int, seed: int = 1) -> Numbers:
    """So many places spread evenly over the box: a row for each, a column for each bound."""
    from scipy.stats import qmc  # noqa: PLC0415  slow to import

    found: Numbers = qmc.LatinHypercube(len(plausible()), rng=seed).random(points)
    return found


def described(places: Numbers, names: Sequence[str]) -> str:
    """Some parameters at a place, in words: "sharing_time = 0.018 (default 0.01)"."""
    values = values_at(places)
    parts = []
    for name in names:
        declared = fields_of(Parameters)[name]
        if declared.shape:
            first = next(number for number in flat(declared.default) if number)
            place = next(place for place, number in enumerate(flat(declared.default)) if number)
            parts.append(f"{name} × {values[name][place] / first:.2g}")
        elif declared.choices:
            default = declared.choices[int(np.max(declared.default))]
            parts.append(f"{name} = {values[name]} (default {default})")
        else:
            parts.append(f"{name} = {values[name]:.3g} (default {declared.default:g})")
    return ", ".join(parts)
