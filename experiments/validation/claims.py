"""Claims: what ought to be true of the model, where that comes from, and how to ask the model.

Change this file only to change what a claim is. The claims stand in the files beside this one, each a
function with `@claim`; a claim that fails is a finding like any other and stays in the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import isnan, nan


class Level(StrEnum):
    """How close to the claim the model is held, after Axtell, Axelrod, Epstein & Cohen (1996)."""

    EXACT = "exact"
    DISTRIBUTIONAL = "distributional"
    RELATIONAL = "relational"


class Group(StrEnum):
    """Why a claim is made."""

    KNOWN_ANSWER = "known answer"
    BOUNDARY = "boundary"
    DOCKING = "outside result"
    NEUTRALITY = "neutrality"
    FACT = "stylised fact"


@dataclass(frozen=True)
class Finding:
    """One figure the model gave, and the range it should lie in. Passes when it does, both ends included."""

    what: str
    """In which case: a few words, such as "λ = 5, μ = 0.1"; empty where there is only one."""
    figure: float
    low: float
    high: float
    interval: tuple[float, float] | None = None
    """How uncertain the figure is (95%), where it comes from several towns."""
    note: str = ""
    """What was tried where it fails; what should be known where it passes."""

    @property
    def skipped(self) -> bool:
        """Whether the model could not be asked; the note says why. What was skipped has not passed."""
        return isnan(self.low)

    @property
    def passed(self) -> bool:
        """Whether the figure lies in its range; a figure that is not a number does not."""
        return self.low <= self.figure <= self.high

    @property
    def judged(self) -> bool:
        """Whether it could fail: a figure that may be anything is only reported."""
        return self.low > -math.inf or self.high < math.inf


@dataclass(frozen=True)
class Claim:
    """Something that ought to be true of the model."""

    id: str
    group: Group
    says: str
    """The claim in one plain sentence."""
    source: str
    """Where it comes from: a publication, or how it is worked out."""
    level: Level
    check: Callable[[int], Iterable[Finding]]
    """Ask the model. Takes how many paired seeds to spend where towns are run; known answers need not heed it."""


CLAIMS: dict[str, Claim] = {}
"""Every claim by its id, in the order the files were read."""


def claim(
    id: str, group: Group, says: str, source: str, level: Level = Level.EXACT
) -> Callable[[Callable[[int], Iterable[Finding]]], Callable[[int], Iterable[Finding]]]:
    """Make a function a claim's check. Raises ValueError where the id is taken."""

    def kept(check: Callable[[int], Iterable[Finding]]) -> Callable[[int], Iterable[Finding]]:
        if id in CLAIMS:
            raise ValueError(f"two claims are called {id}")
        CLAIMS[id] = Claim(id, group, says, source, level, check)
        return check

    return kept


def largest_gap(pairs: Iterable[tuple[float, float]], within: float, what: str, note: str = "") -> Finding:
    """A finding over many points: how far the worst figure lies from what was expected of it."""
    gaps = [abs(float(figure) - float(expected)) for figure, expected in pairs]
    worst = max(gaps) if all(gap >= 0.0 for gap in gaps) else float("nan")
    return Finding(what, worst, 0.0, within, note=note)


def near(figure: float, expected: float, within: float, what: str = "", note: str = "") -> Finding:
    """A finding that should lie within so much of an expected value."""
    return Finding(what, figure, expected - within, expected + within, note=note)


def not_asked(what: str, why: str) -> Finding:
    """A finding in place of one that could not be made, and why."""
    return Finding(what, nan, nan, nan, note=why)


def holds(true: bool, what: str, note: str = "") -> Finding:
    """A finding that is simply true (1) or not (0)."""
    return Finding(what, float(true), 1.0, 1.0, note=note)


def reported(what: str, figure: float, interval: tuple[float, float] | None = None, note: str = "") -> Finding:
    """A figure that is shown beside the others and may be anything."""
    return Finding(what, figure, -math.inf, math.inf, interval, note)
