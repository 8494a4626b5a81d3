"""Scenario discovery: in which corner of what is varied does each governance do better, in plain words.

Change this file to look for corners in another way. Two ways are here: PRIM peels away the edges of a box until most of
what is left belongs to one governance (ema_workbench's), and CART splits until its leaves do (scikit-learn's). Every
question is put twice, once for each governance, in the same words: neither is what we look for. A corner is told with
its coverage (share of all the points where that governance does better that lie in it) and its density (share of its
points at which that governance does better). Where there are points enough, a third is kept back to try corners on:
those that do no better there than any place would are dropped, and of the others coverage and density are told twice.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.declared import fields_of
from agents.parameters import Parameters
from agents.terms import Terms
from experiments.differences import Differences, coded
from experiments.intervals import Numbers, intervals
from experiments.pairs import shown
from experiments.words import short

if TYPE_CHECKING:
    import pandas as pd

Truths = npt.NDArray[np.bool_]

PRIM, CART = WAYS = ("prim", "cart")
DENSE = 0.8
"""Share of a corner's points that should belong to its governance; or half way from its share of all points to 1, where
that is more."""
SMALLEST = 0.05
"""A corner holds at least this share of all points."""
SURE = 0.05
"""A side of a box stays only if chance alone would make one as telling less often than this."""
FEWEST = 40
"""Points below which corners are not looked for."""
KEPT_BACK = 120
"""Points from which a third is kept back, to try corners on."""
DEEPEST = 3
"""Splits that a leaf of the tree may stand behind: a sentence with more is not read."""


class DiscoveryError(ValueError):
    """Corners that cannot be looked for, and why."""


class Side(NamedTuple):
    """One side of a corner: a number between two ends, or one of some words."""

    name: str
    low: float
    high: float
    among: tuple[Any, ...] = ()

    def words(self) -> str:
        """The side in words: "reserves_median exceeds 5 months of cost"."""
        if self.among:
            return f"{self.name} is {' or '.join(map(str, self.among))}"
        unit = _unit(self.name)
        if np.isinf(self.low):
            return f"{self.name} is at most {short(self.high)}{unit}"
        if np.isinf(self.high):
            return f"{self.name} exceeds {short(self.low)}{unit}"
        return f"{self.name} is between {short(self.low)} and {short(self.high)}{unit}"


class Corner(NamedTuple):
    """Where one governance does better, and how good a description that is."""

    way: str
    governance: str
    sides: tuple[Side, ...]
    coverage: float
    density: float
    points: int
    coverage_fresh: float
    """Coverage and density on points kept back; nan where there were too few to keep any."""
    density_fresh: float
    density_low: float = np.nan
    """95% interval of the density (Wilson's), on points kept back where there are any."""
    density_high: float = np.nan

    def words(self) -> str:
        """The corner in a sentence."""
        if not self.sides:
            return f"{shown(self.governance)} does better at most points, wherever they lie"
        return f"{shown(self.governance)} does better when {' and '.join(side.words() for side in self.sides)}"


class Discovery(NamedTuple):
    """What was found about one outcome."""

    outcome: str
    counts: tuple[int, int, int]
    """Points at which the first does better, neither can be told to, the second does."""
    corners: tuple[Corner, ...]
    flips: pd.DataFrame
    """For each thing that is varied: the mean difference in its lowest and its highest third, with intervals."""
    turns: pd.DataFrame
    """For each side of each corner: the mean difference inside, and where this side alone is left, with intervals."""
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """A line for each corner."""
        import pandas as pd  # noqa: PLC0415

        lines = [
            {"way": each.way, "governance": each.governance, "says": each.words(), "coverage": each.coverage}
            | {"density": each.density, "points": each.points}
            | {"coverage_fresh": each.coverage_fresh, "density_fresh": each.density_fresh}
            | {"density_low": each.density_low, "density_high": each.density_high}
            for each in self.corners
        ]
        columns = [
            "way", "governance", "says", "coverage", "density", "points", "coverage_fresh", "density_fresh",
            "density_low", "density_high",
        ]  # fmt: skip
        return pd.DataFrame(lines, columns=columns)


def discovery(found: Differences, ways: Sequence[str] = WAYS) -> Discovery:
    """Look for corners in which each governance does better, and for the numbers that turn the sign.

    A point belongs to a governance when the interval of its mean difference leaves out 0; where one pair was lived at
    each point there are no intervals, and its sign decides, which is told. Points that failed are left out, and told.
    """
    if not found.better:
        raise DiscoveryError(f"of {found.outcome} neither more nor less is better, so nobody does better")
    if found.kind == "morris":
        raise DiscoveryError("a Morris design walks along edges and fills no space; corners need lhs, sobol or a grid")
    there = np.flatnonzero(~np.isnan(found.means))
    notes = []
    if len(there) < len(found.means):
        notes.append(f"{len(found.means) - len(there)} of {len(found.means)} points failed and are left out")
    if len(there) < FEWEST:
        raise DiscoveryError(f"{len(there)} points are too few to look for corners; it takes {FEWEST} at least")
    kept = found.only(there)
    winners = kept.winners
    if not np.isfinite(kept.table["low"].to_numpy()).any():
        winners = np.sign(kept.means) * kept.better
        notes.append("one pair at each point: its sign decides who does better, and luck decides some of the signs")
    counts = tuple(int((winners == who).sum()) for who in (-1, 0, 1))
    table = kept.points[list(kept.names)]
    fresh = np.zeros(len(table), np.bool_)
    if len(table) >= KEPT_BACK:  # by lot: every third line of a grid would be one place of one axis
        fresh[np.random.default_rng(0).permutation(len(table))[: len(table) // 3]] = True
    if not fresh.any():
        notes.append(f"{len(table)} points are too few to keep any back: how well corners do elsewhere is not known")
    corners: list[Corner] = []
    for way in ways:
        if way == PRIM and not _there("ema_workbench"):
            notes.append("PRIM needs the package ema_workbench: pip install 'kith[analysis]'")
            continue
        if way == CART and not _there("sklearn"):
            notes.append("CART needs the package scikit-learn: pip install 'kith[analysis]'")
            continue
        for who, governance in ((-1, found.first), (1, found.second)):
            wins = winners == who
            if not wins[~fresh].any():
                continue
            look = _prim if way == PRIM else _cart
            found_here = look(table[~fresh], wins[~fresh])
            told = [_corner(way, governance, sides, table, wins, fresh) for sides in found_here]
            holds = [each for each in told if not fresh.any() or _holds(each, table[fresh], wins[fresh])]
            corners += holds
            if len(holds) < len(told):
                notes.append(
                    f"{len(told) - len(holds)} of {len(told)} corners that {way.upper()} found for "
                    f"{shown(governance)} did not hold on the points kept back and are left out"
                )
    notes += [
        f"{shown(name)} does better at none of the {len(table)} points"
        for name, many in ((found.first, counts[0]), (found.second, counts[2]))
        if not many
    ]
    return Discovery(found.outcome, counts, tuple(corners), flips(kept), turns(kept, corners), tuple(notes))  # type: ignore[arg-type]


def _corner(
    way: str, governance: str, sides: tuple[Side, ...], table: pd.DataFrame, wins: Truths, fresh: Truths
) -> Corner:
    inside = within(table, sides)
    known = [
        (float(wins[inside & part].sum() / max(wins[part].sum(), 1)), float(wins[inside & part].mean()))
        if (inside & part).any()
        else (0.0 if part.any() and wins[part].any() else np.nan, np.nan)
        for part in (~fresh, fresh)
    ]
    tried = inside & fresh if (inside & fresh).any() else inside
    low, high = np.nan, np.nan
    if tried.any():
        from scipy.stats import binomtest  # noqa: PLC0415

        ends = binomtest(int(wins[tried].sum()), int(tried.sum())).proportion_ci(method="wilson")
        low, high = float(ends.low), float(ends.high)
    return Corner(way, governance, sides, *known[0], int(inside.sum()), *known[1], low, high)


def _holds(corner: Corner, table: pd.DataFrame, wins: Truths) -> bool:
    """Whether a corner is denser on points kept back than all of them are, by more than luck of the draw."""
    from scipy.stats import binomtest  # noqa: PLC0415  slow to import

    inside = within(table, corner.sides)
    if not corner.sides:
        return True
    if not inside.any():
        return False
    won = int(wins[inside].sum())
    return bool(binomtest(won, int(inside.sum()), float(wins.mean()), alternative="greater").pvalue < SURE)


def within(table: pd.DataFrame, sides: Sequence[Side]) -> Truths:
    """Which points lie in a corner."""
    inside = np.ones(len(table), np.bool_)
    for side in sides:
        column = table[side.name]
        inside &= (
            column.isin(side.among).to_numpy()
            if side.among
            else ((column > side.low) & (column <= side.high)).to_numpy()
        )
    return inside


def _there(package: str) -> bool:
    from importlib.util import find_spec  # noqa: PLC0415

    return find_spec(package) is not None


def _dense(wins: Truths) -> float:
    return max(DENSE, (1.0 + float(wins.mean())) / 2.0)


def _is_words(column: pd.Series[Any]) -> bool:
    return column.dtype.kind not in "ifub"


# ---- PRIM -------------------------------------------------------------------------------------------


def _prim(table: pd.DataFrame, wins: Truths) -> list[tuple[Side, ...]]:
    """The box to which peeling leads: of those dense enough the one that covers most, or else the densest.

    Sides that chance could have made as well (a binomial test of each side) are taken away one by one, the least
    telling first. Source: Friedman & Fisher (1999); Bryant & Lempert (2010); as in ema_workbench.
    """
    import pandas as pd  # noqa: PLC0415

    if wins.all():
        return [()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages it could use, and of what pandas will change
        from ema_workbench.analysis import prim  # noqa: PLC0415

        shown = table.reset_index(drop=True).copy()
        for name in shown.columns:
            shown[name] = pd.Categorical(shown[name]) if _is_words(shown[name]) else shown[name].astype(float)
        box = prim.Prim(shown, wins, threshold=DENSE, mass_min=SMALLEST).find_box()
        if box is None:
            return []
        density, coverage = (box.peeling_trajectory[name].to_numpy(float) for name in ("density", "coverage"))
        dense = np.flatnonzero(density >= _dense(wins))
        chosen = int(dense[np.argmax(coverage[dense])]) if len(dense) else int(np.argmax(density))
        sides = _sides(box.box_lims[chosen], shown)
        chances = {name: [p for p in told if p >= 0.0] for name, told in box.qp[chosen].items()}
    worst = {name: max(told) for name, told in chances.items() if told}
    kept = tuple(side for side in sides if worst.get(side.name, 0.0) < SURE)
    return [kept] if kept else []


def _sides(limits: pd.DataFrame, table: pd.DataFrame) -> tuple[Side, ...]:
    """The sides of a box that leave something out."""
    sides = []
    for name in table.columns:
        column, (low, high) = table[name], limits[name]
        if isinstance(low, (set, frozenset)):
            if len(low) < column.nunique():
                sides.append(Side(str(name), -np.inf, np.inf, tuple(sorted(low, key=str))))
            continue
        below, above = column[column < low], column[column > high]
        # a side lies halfway to the nearest point it leaves out
        least = (float(below.max()) + float(low)) / 2.0 if len(below) else -np.inf
        most = (float(above.min()) + float(high)) / 2.0 if len(above) else np.inf
        if np.isfinite(least) or np.isfinite(most):
            sides.append(Side(str(name), least, most))
    return tuple(sides)


# ---- CART -------------------------------------------------------------------------------------------


def _cart(table: pd.DataFrame, wins: Truths) -> list[tuple[Side, ...]]:
    """Leaves of a small tree in which the governance does better at most points, the largest first.

    Source: Breiman, Friedman, Olshen & Stone (1984), as in scikit-learn; Lempert, Bryant & Bankes (2008).
    """
    if wins.all():
        return [()]
    import pandas as pd  # noqa: PLC0415
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415

    words = [name for name in table.columns if _is_words(table[name])]
    asked = pd.get_dummies(table, columns=words, prefix_sep=IS, dtype=float)
    least, wanted = max(2, round(SMALLEST * len(table))), _dense(wins)
    grown = DecisionTreeClassifier(max_depth=DEEPEST, min_samples_leaf=least, ccp_alpha=0.005, random_state=0)
    tree = grown.fit(asked.to_numpy(), wins).tree_
    leaves: list[tuple[int, tuple[Side, ...]]] = []

    def walk(node: int, ends: dict[str, tuple[float, float]]) -> None:
        share = float(tree.value[node][0][-1] / tree.value[node][0].sum())
        if share >= wanted and ends:  # dense enough already: what it is split into further would not be read
            leaves.append((int(tree.n_node_samples[node]), _leaf(ends, table)))
            return
        if tree.children_left[node] < 0:
            return
        name, cut = str(asked.columns[tree.feature[node]]), float(tree.threshold[node])
        low, high = ends.get(name, (-np.inf, np.inf))
        walk(tree.children_left[node], {**ends, name: (low, min(high, cut))})
        walk(tree.children_right[node], {**ends, name: (max(low, cut), high)})

    walk(0, {})
    return [sides for _, sides in sorted(leaves, key=lambda leaf: -leaf[0])]


IS = " is "


def _leaf(ends: dict[str, tuple[float, float]], table: pd.DataFrame) -> tuple[Side, ...]:
    """The sides of a leaf; splits on words are gathered into which words are left."""
    sides: list[Side] = []
    left: dict[str, list[Any]] = {}
    for name, (low, high) in ends.items():
        column, _, word = name.partition(IS)
        if name in table.columns:
            sides.append(Side(name, low, high))
            continue
        among = left.setdefault(column, list(dict.fromkeys(table[column])))
        for each in list(among):
            if (low >= 0.5 and str(each) != word) or (high <= 0.5 and str(each) == word):
                among.remove(each)
    return (*sides, *(Side(name, -np.inf, np.inf, tuple(sorted(among, key=str))) for name, among in left.items()))


# ---- what turns the sign ------------------------------------------------------------------------------


def flips(found: Differences) -> pd.DataFrame:
    """The mean difference in the lowest and in the highest third of everything that is varied, with 95% intervals.

    Columns name, low_third, its interval, high_third, its interval, and `flips`: whether the two have different signs
    and neither interval includes 0. Intervals are over points.
    """
    import pandas as pd  # noqa: PLC0415

    lines = []
    for name in found.names:
        codes = coded(found.points[name])
        cuts = np.quantile(codes, [1 / 3, 2 / 3])
        lines.append((name, *_against(found.means[codes <= cuts[0]], found.means[codes >= cuts[1]])))
    columns = ["name", "low_third", "low_low", "low_high", "high_third", "high_low", "high_high", "flips"]
    return pd.DataFrame(lines, columns=columns)


def turns(found: Differences, corners: Sequence[Corner]) -> pd.DataFrame:
    """For each side of each corner, the mean difference inside it, and just beyond: where only this side does not hold.

    `flips` as above: leaving the corner by this side alone turns the sign. Intervals are over points, nan where fewer
    than two lie beyond.
    """
    import pandas as pd  # noqa: PLC0415

    table = found.points
    lines = []
    for corner in corners:
        inside = found.means[within(table, corner.sides)]
        for side in corner.sides:
            others = tuple(each for each in corner.sides if each is not side)
            beyond = found.means[within(table, others) & ~within(table, (side,))]
            lines.append((corner.way, corner.governance, side.name, side.words(), *_against(inside, beyond)))
    columns = ["way", "governance", "name", "side", "inside", "inside_low", "inside_high"]
    return pd.DataFrame(lines, columns=[*columns, "beyond", "beyond_low", "beyond_high", "flips"])


def _against(one: Numbers, other: Numbers) -> tuple[float | bool, ...]:
    """Two means with their intervals, and whether their signs differ beyond doubt."""
    told: list[float] = []
    for part in (one, other):
        mean, low, high, _ = (float(each[0]) for each in intervals(part.reshape(-1, 1)))
        told += [mean, low, high]
    return (*told, (told[1] > 0.0 and told[5] < 0.0) or (told[2] < 0.0 and told[4] > 0.0))


# ---- words --------------------------------------------------------------------------------------------


def _unit(name: str) -> str:
    """A declared number's unit, where it is short enough to stand in a sentence."""
    declared = fields_of(Parameters).get(name) or fields_of(Terms).get(name.rpartition(".")[2])
    unit = declared.unit if declared else ""
    return f" {unit.split(';')[0].split(',')[0]}" if unit and not unit.startswith(("share", "chance", "0-1")) else ""
