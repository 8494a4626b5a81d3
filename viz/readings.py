"""How a measure is written: its title, its unit, its decimals, and what an estimate of it says.

Change this file to change how measures read in tables, on pages and in figures. Numbers that are no measure's are
written by experiments/words.py.
"""

from __future__ import annotations

from typing import NamedTuple

from experiments import resilience
from experiments.intervals import Estimate
from experiments.pairs import direction
from simulation import measures

TITLES = {
    "wellbeing": "Mean wellbeing",
    "wellbeing_lowest_tenth": "Wellbeing of the lowest tenth",
    "unmet_need": "Unmet need",
    "met_need_loss_area": "Resilience loss",
}
"""What the primary outcomes are called."""


class Reading(NamedTuple):
    """How a measure is written: what it is, its unit, the unit of differences, scale, and decimals of each."""

    title: str
    unit: str
    difference: str
    scale: float
    places: int
    fine: int
    money: bool = False

    def level(self, value: float) -> str:
        """A mean, as text."""
        sign = "−" if value < 0 else ""
        pounds = "£" if self.money else ""
        percent = "%" if self.scale == 100.0 else ""
        return f"{sign}{pounds}{abs(value * self.scale):,.{self.places}f}{percent}"

    def change(self, value: float) -> str:
        """A difference, with its sign, as text."""
        size = f"{abs(value * self.scale):,.{self.fine}f}"
        zero = float(size.replace(",", "")) == 0.0
        sign = "" if zero else "−" if value < 0 else "+"
        return f"{sign}{'£' if self.money else ''}{size}"


def reading(measure: str) -> Reading:
    """How a measure is written, from its label."""
    what, unit = label(measure)
    title = TITLES.get(measure, what)
    if unit.startswith("share"):
        whole = unit.removeprefix("share").strip()
        return Reading(title, f"% {whole}".strip(), "percentage points", 100.0, 1, 2)
    if unit.startswith("£"):
        return Reading(
            title, unit, unit, 1.0, 0 if "resolved" in measure else 1, 0 if "resolved" in measure else 2, money=True
        )
    if unit == "0-10":
        return Reading(title, "0–10", "points of 10", 1.0, 2, 3)
    if unit.startswith("0-1"):
        return Reading(title, unit.replace("-", "–"), unit.replace("-", "–"), 1.0, 3, 3)
    fine = 1 if "percentage" in unit or "months" in unit else 2 if "per 1,000" in unit else 3
    return Reading(title, unit, unit, 1.0, 1 if fine < 3 else 3, fine)


def label(measure: str) -> tuple[str, str]:
    """What a measure of the town or of resilience is, and its unit."""
    return resilience.label(measure) or measures.label(getattr(measures, measure))


def fitting(found: Estimate, how: Reading) -> Reading:
    """The same reading, with more decimals where an interval that leaves out 0 would be rounded to include it."""
    for more in range(3):
        finer = how._replace(fine=how.fine + more)
        if not found.told_apart or not any(finer.change(end).strip("£") in ZEROS for end in (found.low, found.high)):
            return finer
    return how


ZEROS = {"0", *(f"{0:.{places}f}" for places in range(1, 7))}


def interval(found: Estimate, how: Reading) -> str:
    """An interval as text."""
    if not found.known:
        return "no interval"
    how = fitting(found, how)
    return f"{how.change(found.low)} to {how.change(found.high)}"


def better(measure: str) -> str:
    """Which way is better, in words."""
    return {1: "more is better", -1: "less is better", 0: "neither is better in itself"}[direction(measure)]


def verdict(measure: str, found: Estimate) -> str:
    """What an estimate says: better, worse, more, less, or not to be told apart."""
    if not found.known:
        return "one seed, so nothing can be told"
    if not found.told_apart:
        return "cannot be told from no difference"
    if found.mean == 0.0 or direction(measure) == 0:
        return "more" if found.mean > 0 else "less"
    return "better" if found.mean * direction(measure) > 0 else "worse"


def bracketed(found: Estimate | None, how: Reading, width: int = 30, shortened: bool = False) -> str:
    """A difference, its interval and the share of seeds that agree on its sign, in so many signs."""
    if found is None:
        return ""
    if not found.known:
        return how.change(found.mean)
    how = how if shortened else fitting(found, how)
    low, high = how.change(found.low), how.change(found.high)
    text = f"{how.change(found.mean)} [{low}, {high}] {100 * found.sign_share:.0f}%"
    if len(text) > width and how.fine:
        return bracketed(found, how._replace(fine=how.fine - 1), width, shortened=True)
    return text
