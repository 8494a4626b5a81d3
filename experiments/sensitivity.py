"""Which of the numbers that are varied move the difference between two governances, and how much of it is luck.

Change this file to ask it another way. Three ways are here, each for the designs it was made for: Morris screening
(few towns, which numbers can be left alone), Sobol shares of variance (what each does by itself, and with others) and
PAWN (how far each moves the whole spread, whatever its shape). The statistics are SALib's. What is ours is that they
are asked of a difference between paired towns, and that luck is taken out of them.

Luck: at each point several pairs are lived. Sobol's shares are made of products of two numbers of towns; taking the
two from different pairs, averaged over all choices, leaves luck out of them without bias, however few pairs there
are and whether or not the same luck is used at every point. What is left over is luck's own share.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from experiments.differences import Differences, listed
from experiments.intervals import CONFIDENCE, Numbers

if TYPE_CHECKING:
    import pandas as pd

SCREENING, SHARES, PAWN = METHODS = ("morris", "sobol", "pawn")
SUITS = {SCREENING: ("morris",), SHARES: ("saltelli",), PAWN: ("lhs", "sobol", "saltelli")}
"""The kinds of design that each method was made for."""
CALLED = {"morris": "Morris", "saltelli": "Saltelli", "lhs": "Latin hypercube", "sobol": "Sobol sequence"}
RESAMPLES = 200
SLIDES = (10, 8, 5, 4, 2)
"""Slices of a number's range that PAWN compares with the whole: as many as there are points for."""
TO_A_SLIDE = 10
"""Points that each slice should hold at least."""
DUMMIES = 8
"""Numbers that do nothing, put beside the others to see how large an index luck of the design alone makes."""

INDICES = {
    "mu_star": "how far the difference moves when this alone moves across its range, either way",
    "mu": "which way it moves, on average over the places of the others",
    "sigma": "how much that depends on the places of the others, and on where in its range it is",
    "first": "share of variance that this makes by itself",
    "total": "share of variance that would be gone if this were known",
    "pair": "share of variance that two make only together",
    "pawn": "how far knowing this moves the whole spread of the difference: 0 not at all, 1 altogether",
}
MAIN_INDEX = {SCREENING: "mu_star", SHARES: "total", PAWN: "pawn"}


class SensitivityError(ValueError):
    """An analysis that a design was not made for, or that has holes in it; with what to do about it."""


class Luck(NamedTuple):
    """The variance of the difference between two paired towns, taken apart."""

    places: float
    """Of the expected difference, from point to point: what parameters do."""
    luck: float
    """Of one pair around what is expected at its point."""

    @property
    def share(self) -> float:
        """Share of the variance of one pair that is luck."""
        whole = max(self.places, 0.0) + self.luck
        return self.luck / whole if whole > 0.0 else 0.0


class Sensitivity(NamedTuple):
    """What an analysis found: a line for each name and index, with its 95% interval."""

    method: str
    table: pd.DataFrame
    """Columns name, index, value, low, high, and noise: the value at which it cannot be told from doing nothing."""
    luck: Luck | None
    """None where one pair was lived at each point, so that luck cannot be told from what parameters do."""
    pairs: int
    notes: tuple[str, ...] = ()

    def of(self, index: str) -> pd.DataFrame:
        """One index, the largest first."""
        return self.table[self.table["index"] == index].sort_values("value", ascending=False, kind="stable")

    def ranked(self) -> list[str]:
        """Names by the method's main index, the largest first."""
        return list(self.of(MAIN_INDEX[self.method])["name"])


def method_for(kind: str) -> str | None:
    """The method that a kind of design was made for; None where there is none."""
    return next((method for method in METHODS if kind in SUITS[method]), None)


def sensitivity(found: Differences, method: str | None = None, seed: int = 1) -> Sensitivity:
    """Ask which numbers matter, by the method given or the one that the design was made for."""
    chosen = method or method_for(found.kind)
    if chosen is None:
        raise SensitivityError(
            f"a {found.kind} design does not suit an analysis of sensitivity: its points do not fill what is varied "
            f"evenly. {_designs()}"
        )
    ask: dict[str, Callable[[Differences, int], Sensitivity]] = {SCREENING: screening, SHARES: shares, PAWN: pawn}
    if chosen not in ask:
        raise SensitivityError(f"there is no method {chosen}; known: {', '.join(METHODS)}")
    return ask[chosen](found, seed)


def _designs() -> str:
    return "; ".join(f"{method} needs {' or '.join(SUITS[method])}" for method in METHODS)


def _whole_pairs(found: Differences, method: str) -> tuple[Numbers, list[str]]:
    """The pairs that are complete at every point, and what is to be said of the others; or a refusal."""
    if found.kind not in SUITS[method]:
        suits = " or ".join(f'kind = "{kind}"' for kind in SUITS[method])
        raise SensitivityError(
            f"{method} cannot be asked of a {found.kind} design: it needs points laid out for it. "
            f"Give the study [design] {suits}. ({_designs()})"
        )
    _salib()
    whole = np.asarray(~np.isnan(found.values).any(axis=0))
    if not whole.any():
        told = f" What failed: {listed(found.failed)}." if found.failed else ""
        raise SensitivityError(
            f"{len(found.holes)} of {len(found.points)} points have holes, and no pair is complete at every point: "
            f"{method} would be wrong with a point left out.{told} Live them again: kith sweep, with the same study "
            "and folder, goes on where it stopped"
        )
    notes = []
    if not whole.all():
        lost = np.flatnonzero(~whole)
        notes.append(
            f"{len(lost)} of {len(whole)} pairs are left out at every point, because they failed or were not lived at "
            f"some (points {listed(found.holes)})"
        )
    if whole.sum() == 1:
        notes.append(
            "one pair at each point: luck cannot be told from what the numbers do, and is part of what is shown"
        )
    return found.values[:, whole], notes


def _salib() -> None:
    from importlib.util import find_spec  # noqa: PLC0415

    if find_spec("SALib") is None:
        raise SensitivityError("sensitivity needs the package SALib: pip install 'kith[analysis]'")


def problem(names: Sequence[str]) -> dict[str, Any]:
    """What SALib must be told: names, and bounds from 0 to 1, where designs are drawn."""
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}


def luck_of(values: Numbers) -> Luck | None:
    """The variance of a difference, taken apart; None for one pair at each point. A row for each point.

    Two-way analysis of variance of points and pairs (Searle, Casella & McCulloch 1992, ch. 4), because the same luck is
    used at every point: what luck does at all points alike does not make points differ. Unbiased for any number of
    pairs from two on.
    """
    points, pairs = values.shape
    if pairs < 2 or points < 2:
        return None
    rows, columns, whole = values.mean(axis=1), values.mean(axis=0), values.mean()
    left = values - rows[:, None] - columns[None, :] + whole
    together = float((left**2).sum()) / ((points - 1) * (pairs - 1))
    between = float(rows.var(ddof=1)) - together / pairs
    within = float(values.var(axis=1, ddof=1).mean())
    return Luck(between, within)


# ---- Morris -----------------------------------------------------------------------------------------


def screening(found: Differences, seed: int = 1) -> Sensitivity:
    """Morris screening of the mean difference over pairs: which numbers can be left alone.

    Size is μ*, the mean of absolute elementary effects. `noise` is the μ* that luck alone makes: that of half the
    difference between the first and the second half of the pairs, which has luck's variance in it and nothing else.

    Source: Morris (1991); Campolongo, Cariboni & Saltelli (2007).
    """
    values, notes = _whole_pairs(found, SCREENING)
    from SALib.analyze import morris  # noqa: PLC0415  optional, and slow to import

    levels = int(str(found.design.get("levels", 4)))
    laid = problem(found.names)

    def asked(column: Numbers, resamples: int = RESAMPLES) -> Any:
        return morris.analyze(laid, found.cube, column, num_resamples=resamples, num_levels=levels, seed=seed)

    told = asked(values.mean(axis=1))
    half = values.shape[1] // 2
    noise = np.full(len(found.names), np.nan)
    if half:
        left = (values[:, :half].mean(axis=1) - values[:, half : 2 * half].mean(axis=1)) / 2.0
        noise = np.asarray(asked(left, 2)["mu_star"])
    many = len(values) // (len(found.names) + 1)
    sure = _student(many) * np.asarray(told["sigma"]) / np.sqrt(many)
    lines = []
    for place, name in enumerate(found.names):
        size, width = float(told["mu_star"][place]), float(told["mu_star_conf"][place])
        mu = float(told["mu"][place])
        lines.append((name, "mu_star", size, max(0.0, size - width), size + width, noise[place]))
        lines.append((name, "mu", mu, mu - sure[place], mu + sure[place], 0.0))
        lines.append((name, "sigma", float(told["sigma"][place]), np.nan, np.nan, np.nan))
    return Sensitivity(SCREENING, _table(lines), luck_of(values), values.shape[1], tuple(notes))


def _student(many: int) -> float:
    from scipy.stats import t  # noqa: PLC0415

    return float(t.ppf(0.5 + CONFIDENCE / 2.0, many - 1)) if many > 1 else np.nan


# ---- Sobol ------------------------------------------------------------------------------------------


def shares(found: Differences, seed: int = 1) -> Sensitivity:
    """Shares of the variance of the expected difference: of each number by itself, and with all it works with.

    A mean over pairs has luck's variance in it, which would count as everybody's total share. Each share is a
    quadratic form Q of the design's answers y. With R pairs, (R·Q(mean) − mean of Q(pair)) / (R − 1) is the mean of
    the same form over every two different pairs: luck's variance is in neither, so neither it nor its mean has any.
    Intervals by the bootstrap over the design's rows; the pairs are taken as they are.

    Source: Saltelli et al. (2010), as in SALib; on noise, Marrel, Iooss, Da Veiga & Ribatet (2012).
    """
    values, notes = _whole_pairs(found, SHARES)
    from SALib.analyze import sobol  # noqa: PLC0415

    names, second = found.names, bool(found.design.get("second_order", False))
    many, pairs = len(names), values.shape[1]
    step = (2 * many + 2) if second else (many + 2)
    rows = len(values) // step
    if len(values) % step:
        raise SensitivityError(f"{len(values)} points are no Saltelli design of {many} numbers: it has {step} to a row")
    luck = luck_of(values)
    scale = float(values.mean(axis=1).std())
    if not scale > 1e-12 * max(float(np.abs(values).max()), 1e-300):
        raise SensitivityError(
            f"the difference in {found.outcome} is the same at every point: there is nothing to share"
        )
    # a column for the mean over pairs, then one for each pair; centred, because SALib's forms are made for that
    every = np.column_stack([values.mean(axis=1), values]) if pairs > 1 else values
    every = (every - every.mean(axis=0)) / scale
    parts = [sobol.separate_output_values(column, many, rows, second) for column in every.T]
    draw = np.random.default_rng(seed).integers(rows, size=(rows, RESAMPLES))
    draw = np.column_stack([np.arange(rows), draw])  # the design itself first

    def apart(form: Callable[..., Any], places: Sequence[tuple[int, ...]]) -> Numbers:
        """A form's share of the variance at every place, with luck left out: a row for each, a column for each draw."""
        tops, wholes = [], []
        for a, b, ab, ba in parts:
            start, end = a[draw], b[draw]
            whole = np.var(np.r_[start, end], axis=0)
            wholes.append(whole)
            tops.append([whole * form(start, end, ab, ba, place) for place in places])
        top, whole = (_without_luck(np.array(each)) for each in (tops, wholes))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(whole > 0.0, top / whole, np.nan)

    def first(a: Numbers, b: Numbers, ab: Numbers, _ba: Any, place: tuple[int, ...]) -> Any:
        return sobol.first_order(a, ab[draw, place[0]], b)

    def total(a: Numbers, b: Numbers, ab: Numbers, _ba: Any, place: tuple[int, ...]) -> Any:
        return sobol.total_order(a, ab[draw, place[0]], b)

    def pair(a: Numbers, b: Numbers, ab: Numbers, ba: Any, place: tuple[int, ...]) -> Any:
        return sobol.second_order(a, ab[draw, place[0]], ab[draw, place[1]], ba[draw, place[0]], b)

    singles = [(place,) for place in range(many)]
    lines = []
    for index, form in (("first", first), ("total", total)):
        lines += _bootstrapped(names, index, apart(form, singles))
    if second:
        couples = [(one, other) for one in range(many) for other in range(one + 1, many)]
        told = [f"{names[one]} × {names[other]}" for one, other in couples]
        lines += _bootstrapped(told, "pair", apart(pair, couples))
    if luck is not None and luck.places <= 0.0:
        notes.append("all of the variance can be luck's: no number can be said to matter. Live more pairs")
    return Sensitivity(SHARES, _table(lines), luck, pairs, tuple(notes))


def _without_luck(forms: Numbers) -> Numbers:
    """A quadratic form of the mean over pairs and of each pair, as its mean over every two different pairs."""
    pairs = len(forms) - 1
    found: Numbers = forms[0] if not pairs else (pairs * forms[0] - forms[1:].mean(axis=0)) / (pairs - 1)
    return found


def _bootstrapped(names: Sequence[str], index: str, values: Numbers) -> list[tuple[Any, ...]]:
    tail = 50.0 * (1.0 - CONFIDENCE)
    lines = []
    for name, (value, *drawn) in zip(names, values, strict=True):
        known = np.array(drawn)[np.isfinite(drawn)]
        # around the estimate itself: percentiles of a ratio's bootstrap are pulled towards the middle
        low, high = (2.0 * value - np.percentile(known, [100.0 - tail, tail])) if len(known) else (np.nan, np.nan)
        lines.append((name, index, float(value), float(low), float(high), 0.0))
    return lines


# ---- PAWN -------------------------------------------------------------------------------------------


def pawn(found: Differences, seed: int = 1) -> Sensitivity:
    """How far the whole spread of the mean difference moves when one number is held within a tenth of its range.

    The median over tenths of the Kolmogorov-Smirnov distance. Points left out make a Latin hypercube thinner and no
    more, so holes are told and left out. `noise` is the index that a number which does nothing is given nineteen times
    in twenty: with few points that is far from 0.

    Source: Pianosi & Wagener (2018), as in SALib.
    """
    if found.kind not in SUITS[PAWN]:
        _whole_pairs(found, PAWN)
    _salib()
    from SALib.analyze import pawn as spread  # noqa: PLC0415

    kept = found
    if found.kind == "saltelli":  # its first and last rows of each block are a Sobol sequence; the others repeat them
        step = (2 if found.design.get("second_order") else 1) * len(found.names) + 2
        kept = found.only(np.array([row for row in range(len(found.points)) if row % step in (0, step - 1)]))
    there = np.flatnonzero(~np.isnan(kept.means))
    lost = len(kept.means) - len(there)
    notes = []
    if lost:
        notes.append(f"{lost} of {len(kept.means)} points have no pair that was lived to the end and are left out")
    if kept.holes and len(kept.holes) > lost:
        notes.append(f"{len(kept.holes) - lost} points have fewer pairs than were asked for")
    if len(there) < 2 * TO_A_SLIDE:
        raise SensitivityError(f"{len(there)} points are too few for PAWN; it needs {2 * TO_A_SLIDE} at least")
    x, y = kept.cube[there], kept.means[there]
    slides = next(many for many in SLIDES if many * TO_A_SLIDE <= len(y))
    if slides < SLIDES[0]:
        notes.append(f"{len(y)} points are few: {slides} slices of each range instead of {SLIDES[0]}")
    luck_of_design = np.random.default_rng(seed)

    def asked(places: Numbers, answers: Numbers) -> Numbers:
        laid = problem([str(place) for place in range(places.shape[1])])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # slices without points, where a number takes few values
            return np.asarray(spread.analyze(laid, places, answers, S=slides)["median"])

    values = asked(x, y)
    nothing = asked(luck_of_design.random((len(y), 3 * DUMMIES)), y)
    noise = float(np.percentile(nothing, 95.0))
    draws = luck_of_design.integers(len(y), size=(RESAMPLES // 5, len(y)))
    again = np.array([asked(x[draw], y[draw]) for draw in draws])
    # a resample repeats points, which widens every slice's distance: only the spread around its own middle is used
    low, high = np.percentile(again - np.median(again, axis=0), [2.5, 97.5], axis=0)
    lines = [
        (
            name,
            "pawn",
            float(values[k]),
            max(0.0, float(values[k] + low[k])),
            min(1.0, float(values[k] + high[k])),
            noise,
        )
        for k, name in enumerate(found.names)
    ]
    whole = kept.values[:, ~np.isnan(kept.values).any(axis=0)]
    pairs = int((~np.isnan(kept.values)).sum(axis=1).max())
    return Sensitivity(PAWN, _table(lines), luck_of(whole), pairs, tuple(notes))


def _table(lines: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame(lines, columns=["name", "index", "value", "low", "high", "noise"])
