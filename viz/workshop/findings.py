"""What a run on the screen came to: every outcome, who bore it, how much of it is luck, and what the answer turns on.

Change this file to find out something more for the debrief. All is worked out from the plan alone, by living towns:
the two on the screen, pairs with other luck, pairs with one assumption changed, and mixtures of both sides' dials. The
quick things come first, so that a page can be shown while the rest is lived.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from experiments.attribution import Attribution, attribute
from experiments.intervals import Estimate, intervals
from experiments.pairs import BEARERS, NAMES, PENNY, PRIMARY, Progress, direction
from simulation.scenario import Scenario, ScenarioError
from viz.workshop.luck import FEWEST, PAIRS, Shadows, fan, so_far
from viz.workshop.plan import FEWEST as SMALLEST
from viz.workshop.plan import SIDES, Plan, shock_of
from viz.workshop.towns import TwoTowns

FIRST = tuple(name for name in PRIMARY if name in NAMES)
"""The outcomes declared in advance that two towns show by themselves."""
OUTCOMES = (*FIRST, *(name for name in NAMES if direction(name) and name not in FIRST))
"""Every outcome of which more or less is better, those declared in advance first."""

TURNS: Mapping[str, Mapping[str, float]] = {
    "sharing": {"sharing_time": 0.04},
    "single_needs": {"frailty_spread": 0.2, "handoff_effect": 0.0, "flexibility_time": 0.2},
    "audit": {"verifiable": 0.9},
    "no_free_riders": {"free_riders": 0.0},
    "free_riders": {"free_riders": 0.8},
    "reserves": {"reserves_median": 0.5},
}
"""Assumptions that are changed one after another, to see whether the answer is still the same. On the first two it has
been seen to turn (README.md)."""


class Budget(NamedTuple):
    """How much is lived: pairs to judge luck by, pairs for each changed assumption, seeds and residents for shares.

    0 leaves a part out.
    """

    pairs: int = PAIRS
    turns: int = 12
    shares: int = 6
    residents: int = 300


class Outcome(NamedTuple):
    """One outcome on the screen: its mean over the months shown, in the left town and in the right."""

    measure: str
    left: float
    right: float

    @property
    def better(self) -> int | None:
        """The place of the town that does better, or None where they are the same."""
        gap = (self.right - self.left) * direction(self.measure)
        return None if gap == 0.0 else int(gap > 0.0)


class Turn(NamedTuple):
    """One assumption changed in both towns: to what, and what becomes of each difference, right less left."""

    name: str
    changed: Mapping[str, float]
    differences: Mapping[str, Estimate]


@dataclass(frozen=True, eq=False)
class Findings:
    """What is known by now. What is None has not been worked out; `why_not` says why shares never will be."""

    plan: Plan
    month: int
    sides: Sequence[Any]
    towns: TwoTowns
    outcomes: tuple[Outcome, ...]
    borne: tuple[Mapping[str, tuple[float, float]], ...]
    rise: tuple[float, float]
    luck: Mapping[str, Mapping[str, Any]] | None = None
    usual: Mapping[str, Estimate] | None = None
    turns: tuple[Turn, ...] | None = None
    shares: Attribution | None = None
    why_not: str = ""


class Heard(NamedTuple):
    """How far the work is: which part, how many of how many."""

    part: str
    done: int
    of: int


Tell = Callable[[Heard], object]


def findings(
    plan: Plan,
    month: int | None = None,
    budget: Budget | None = None,
    tell: Tell = lambda heard: None,
    stop: threading.Event | None = None,
) -> Iterator[Findings]:
    """What a plan came to by a month: at first what is on the screen, then each time with one part more.

    `tell` hears how far it has come. It ends early, without a word, once `stop` is set.
    """
    budget, stop = budget or Budget(), stop or threading.Event()
    found = on_the_screen(plan, month)
    yield found
    parts: list[Callable[[Findings], Findings | None]] = []
    if budget.pairs:
        parts.append(partial(with_luck, pairs=budget.pairs, tell=tell, stop=stop))
    if budget.turns:
        parts.append(partial(with_turns, pairs=budget.turns, tell=tell, stop=stop))
    if budget.shares:
        parts.append(partial(with_shares, seeds=budget.shares, residents=budget.residents, tell=tell, stop=stop))
    for part in parts:
        more = None if stop.is_set() else part(found)
        if more is None:
            return
        found = more
        yield found


# ---- the two towns -------------------------------------------------------------------------------------------


def on_the_screen(plan: Plan, month: int | None = None) -> Findings:
    """The two towns of a plan up to a month, or to their end."""
    towns = TwoTowns(plan, plan.months - 1 if month is None else max(month, plan.first), remember=False)
    left, right = towns.history(OUTCOMES)
    outcomes = tuple(
        Outcome(name, float(left[:, column].mean()), float(right[:, column].mean()))
        for column, name in enumerate(OUTCOMES)
    )
    totals = [rows[-1] for rows in towns.borne()]
    rises = [float(total[0]) for total in totals]
    borne = tuple(
        {
            who: (float(pounds), 100.0 * float(pounds) / rise if abs(rise) > PENNY else float("nan"))
            for who, pounds in zip(BEARERS, total[1:], strict=True)
        }
        for total, rise in zip(totals, rises, strict=True)
    )
    return Findings(plan, towns.month, list(towns.sides), towns, outcomes, borne, (rises[0], rises[1]))


# ---- luck ----------------------------------------------------------------------------------------------------


def with_luck(found: Findings, *, pairs: int, tell: Tell, stop: threading.Event) -> Findings | None:
    """How much of each difference is luck: other pairs of towns live the same plan. None when it was stopped."""
    shadows = Shadows(found.plan, OUTCOMES, pairs)
    if not _lived(shadows, Heard("luck", 0, pairs), tell, stop):
        return None
    left, right = found.towns.history(OUTCOMES)
    luck = {name: fan(shadows, name, found.month, (right - left)[:, column]) for column, name in enumerate(OUTCOMES)}
    return replace(found, luck=luck, usual=_by_now(shadows, found.month))


def _lived(shadows: Shadows, heard: Heard, tell: Tell, stop: threading.Event) -> bool:
    """Wait until some pairs are lived, and tell how far it is; False when it was stopped before."""
    try:
        while not shadows.wait(LOOK):
            tell(heard._replace(done=heard.done + shadows.ready))
            if stop.is_set():
                return False
    finally:
        shadows.stop()
    return True


LOOK = 0.2
"""Seconds between looks at how far it is."""


def _by_now(shadows: Shadows, month: int) -> dict[str, Estimate]:
    """The mean difference of each first outcome over the pairs, with its interval: means of months shown so far."""
    found = {}
    for name in FIRST:
        last = shadows.differences(name)[:, month - shadows.plan.first][:, None]
        mean, low, high, share = (float(each[0]) for each in intervals(last))
        found[name] = Estimate(mean, low, high, share, len(last))
    return found


# ---- what it turns on ----------------------------------------------------------------------------------------


def with_turns(found: Findings, *, pairs: int, tell: Tell, stop: threading.Event) -> Findings | None:
    """What becomes of the differences when one assumption is changed in both towns. None when it was stopped."""
    plans = turned(found.plan)
    of, usual, turns = (len(plans) + (found.usual is None)) * pairs, found.usual, list[Turn]()
    if usual is None:
        shadows = Shadows(found.plan, FIRST, pairs)
        if not _lived(shadows, Heard("turns", 0, of), tell, stop):
            return None
        usual = _by_now(shadows, found.month)
    for name, (changed, plan) in plans.items():
        shadows = Shadows(plan, FIRST, pairs)
        done = of - (len(plans) - len(turns)) * pairs
        if not _lived(shadows, Heard("turns", done, of), tell, stop):
            return None
        turns.append(Turn(name, changed, _by_now(shadows, found.month)))
    return replace(found, usual=usual, turns=tuple(turns))


def turned(plan: Plan) -> dict[str, tuple[dict[str, float], Plan]]:
    """The plan with each assumption changed in both towns; one that already is so goes back to its default."""
    found = {}
    for name, values in TURNS.items():
        changed = {}
        for parameter, value in values.items():
            already = all(float(plan.scenario(side).parameter(parameter)) == value for side in SIDES)
            changed[parameter] = float(Scenario().parameter(parameter)) if already else value
        left, right = plan.left, plan.right
        for parameter, value in changed.items():
            left, right = left.with_own(parameter, value), right.with_own(parameter, value)
        found[name] = (changed, replace(plan, left=left, right=right))
    return found


def verdict(usual: Estimate, now: Estimate) -> str:
    """What became of a difference: `turns`, `keeps`, `appears`, `vanishes`, or `unsure` as it was before."""
    if not now.told_apart:
        return "vanishes" if usual.told_apart else "unsure"
    if not usual.told_apart:
        return "appears"
    return "keeps" if (usual.mean > 0) == (now.mean > 0) else "turns"


# ---- shares --------------------------------------------------------------------------------------------------


def with_shares(found: Findings, *, seeds: int, residents: int, tell: Tell, stop: threading.Event) -> Findings | None:
    """Which groups of dials make the difference. None when it was stopped.

    A mixture of dials cannot have lived through a fork: both sides are taken as they are held at the end, and from
    the beginning.
    """
    setting, why_not = shared_setting(found, residents)
    if setting is None:
        return replace(found, why_not=why_not)

    def hear(progress: Progress) -> None:
        tell(Heard("shares", progress.done, progress.total))
        if stop.is_set():
            raise KeyboardInterrupt  # how an attribution is told to end early

    sides = {side: each.held() for side, each in zip(SIDES, found.sides, strict=True)}
    shares = attribute(setting, governances=sides, seeds=seeds, engine="compiled", tell=hear)
    if shares.stopped:
        return None
    if not shares.between.dials:
        return replace(found, why_not="same")
    return replace(found, shares=shares, why_not="" if shares.replicates else "failed")


def shared_setting(found: Findings, residents: int) -> tuple[Scenario | None, str]:
    """The setting that both sides share, with what was pressed on the way; or none, and why."""
    plan = found.plan
    left, right = (each.parameters for each in found.sides)
    if left != right:
        return None, "parameters"
    if all(each.held() == found.sides[0].held() for each in found.sides):
        return None, "same"
    setting = plan.scenario().with_(residents=max(SMALLEST, min(plan.residents, residents)), **left)
    pressed = tuple(shock_of(act) for act in plan.acts if act.kind == "shock" and act.month <= found.month)
    setting = setting.with_(shocks=(*setting.shocks, *pressed))
    try:
        return setting.with_(months=found.month + 1), ""
    except ScenarioError:
        return setting, ""


__all__ = ["FEWEST", "FIRST", "OUTCOMES", "Budget", "Findings", "Heard", "Turn", "findings", "so_far", "verdict"]
