"""Resilience: how far a town fell below its own calm twin, for how long, and whether it came back.

Change this file to change what is called resilience. Everything is measured against the same town with the
same luck and no shock, not against the town's own past, because a town drifts also when nothing happens to it.
The horizon is fixed beforehand: every reported month counts, and a recovery that is not seen is not guessed.
These are plain functions of arrays with one number for each month.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from experiments.words import small

Curve = npt.NDArray[np.float64]

DROPS = (1.0, 2.0, 5.0)
"""Percentage points below the calm town that count as having fallen."""
HELD = 3
"""Months for which a recovery must hold to be believed."""
RECOVERED = 2.0
"""Percentage points below the calm town within which a town has recovered."""
LAST = 12
"""Months at the end in which what is still missing is counted as lasting."""
FLOORS = (90.0, 70.0)
"""Per cent of the calm town that a run should not fall below."""


class Recovery(NamedTuple):
    """Months from the lowest point until recovered; or months watched without seeing it, and then censored."""

    months: float
    censored: bool


def performance(shock: npt.ArrayLike, calm: npt.ArrayLike) -> Curve:
    """The town under shock as a percentage of its calm twin, month by month. 100 where the twin has nothing."""
    under, beside = np.asarray(shock, np.float64), np.asarray(calm, np.float64)
    there = beside > 0.0
    return np.where(there, 100.0 * (under / np.where(there, beside, 1.0)), 100.0)


def loss_area(curve: Curve) -> float:
    """What is missing from 100, added up; months above 100 count against it. Percentage-point months."""
    return float(np.sum(100.0 - curve))


def depth(curve: Curve) -> float:
    """The furthest the town fell, or 0. Percentage points."""
    return max(0.0, float(np.max(100.0 - curve)))


def duration(curve: Curve, drop: float) -> float:
    """How long the town was more than `drop` below. Months."""
    return float(np.sum(curve < 100.0 - drop))


def recovery(curve: Curve, drop: float, held: int = HELD) -> Recovery:
    """How long after its lowest month the town was back within `drop`, and stayed there for `held` months.

    A town that never fell further than `drop` took no time. One that was not seen to come back is censored:
    all that is known is that it took longer than the months watched.
    """
    trough = int(np.argmin(curve))
    if curve[trough] >= 100.0 - drop:
        return Recovery(0.0, False)
    back = curve >= 100.0 - drop
    for month in range(trough + 1, len(curve) - held + 1):
        if back[month : month + held].all():
            return Recovery(float(month - trough), False)
    return Recovery(float(len(curve) - 1 - trough), True)


def residual_loss(curve: Curve, last: int = LAST) -> float:
    """What is still missing in the last months. Percentage points."""
    return float(100.0 - np.mean(curve[-last:]))


def median_recovery(recoveries: Sequence[Recovery]) -> float | None:
    """Months by which half of the runs had recovered, counting censored ones fairly; None where that was not seen.

    The Kaplan-Meier estimate: a run that was watched for ten months speaks for the first ten and then falls silent.
    """
    still_down = 1.0
    for month in sorted({each.months for each in recoveries if not each.censored}):
        watched = sum(each.months >= month for each in recoveries)
        recovered = sum(each.months == month and not each.censored for each in recoveries)
        still_down *= 1.0 - recovered / watched
        if still_down <= 0.5:
            return month
    return None


def resilience(shock: Any, calm: Any) -> dict[str, float]:
    """Every number above for each outcome of a pair of runs: structured arrays with the reported months."""
    found: dict[str, float] = {}
    for name in OUTCOMES:
        curve = performance(*(outcome(rows, name) for rows in (shock, calm)))
        found[f"{name}_loss_area"] = loss_area(curve)
        found[f"{name}_depth"] = depth(curve)
        for drop in DROPS:
            found[f"{name}_months_below_{drop:g}"] = duration(curve, drop)
        back = recovery(curve, RECOVERED)
        found[f"{name}_recovery"] = back.months
        found[f"{name}_recovery_censored"] = float(back.censored)
        found[f"{name}_residual_loss"] = residual_loss(curve)
        for floor in FLOORS:
            found[f"{name}_below_{floor:g}"] = float(np.min(curve) < floor)
    return found


OUTCOMES = {
    "wellbeing": "Mean wellbeing",
    "wellbeing_lowest_tenth": "Wellbeing of the lowest tenth",
    "met_need": "Need that was met",
}
"""What resilience is measured in: outcomes of which more is better."""


def outcome(rows: Any, name: str) -> Curve:
    """One of the outcomes, month by month."""
    values: Curve = 1.0 - rows["unmet_need"] if name == "met_need" else rows[name]
    return values


RESILIENCE = {
    "loss_area": "What was missing, added up over the months. percentage-point months",
    "depth": "The furthest fall below the calm town. percentage points",
    **{f"months_below_{drop:g}": f"Months more than {drop:g} below the calm town. months" for drop in DROPS},
    "recovery": f"From the lowest month until within {RECOVERED:g} for {HELD} months; at least, where censored. months",
    "recovery_censored": "Runs not seen to recover. share of runs",
    "residual_loss": f"Still missing in the last {LAST} months. percentage points",
    **{f"below_{floor:g}": f"Runs that fell below {floor:g}% of the calm town. share of runs" for floor in FLOORS},
}
"""What each number is, and its unit: the end of a column's name."""

LOSSES = tuple(f"{name}_{end}" for name in OUTCOMES for end in RESILIENCE)
"""The columns of resilience: one number for a pair, shock and calm."""


def label(column: str) -> tuple[str, str] | None:
    """What a column of resilience is, in words, and its unit; None for any other column."""
    for name, words in OUTCOMES.items():
        for end, text in RESILIENCE.items():
            if column == f"{name}_{end}":
                what, unit = text.rsplit(". ", 1)
                return f"{words}: {small(what)}", unit
    return None
