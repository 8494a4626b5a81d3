"""The luck badge: is the difference on the screen luck, or does it come from how ties are held?

Change this file to judge it otherwise. The same plan is lived whole in other pairs of towns, each with luck of its own,
by threads beside the two towns on the screen; what they come to by the month on the screen is a fan around the
difference. A fan speaks only for the plan it was lived for: whatever is done begins another.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.differences import pairs_needed
from experiments.intervals import Estimate, intervals
from experiments.pairs import direction, seed_of
from viz.workshop.plan import LARGEST_SEED, Plan
from viz.workshop.towns import TwoTowns
from viz.workshop.words import text

PAIRS = 24
FEWEST = 6
"""A fan of fewer pairs than this is not judged."""
MANY = 1000
"""More pairs than this are told as "more than"."""
LOW, HIGH = 0.05, 0.95
"""The fan spans nine pairs in ten."""
A_TURN = 6
"""Months for which the badge judges one outcome before it goes on to the next, so that none is favoured."""

AT_ONCE = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) - 1))
"""So many pairs are lived at once, for however many tabs: the towns on the screens come first."""


class Shadows:
    """Other pairs of towns that live the same plan. `tell` is called, from a thread, whenever one more is ready."""

    def __init__(
        self, plan: Plan, outcomes: tuple[str, ...], pairs: int = PAIRS, tell: Callable[[], object] = lambda: None
    ) -> None:
        self.plan, self.outcomes, self.pairs = plan, outcomes, pairs
        self.problem: Exception | None = None
        self._tell = tell
        self._lived: list[Any] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._live_all, name="kith-luck", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Live no more of them."""
        self._stopped.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until all are lived; False if that takes longer. Raises what went wrong in one of them."""
        self._thread.join(seconds)
        if self.problem is not None:
            raise self.problem
        return not self._thread.is_alive()

    @property
    def ready(self) -> int:
        """How many pairs have been lived."""
        return len(self._lived)

    def _live_all(self) -> None:
        try:
            for pair in range(self.pairs):
                with AT_ONCE:
                    self._live(pair)
                self._tell()
        except StoppedError:
            return
        except Exception as problem:  # noqa: BLE001  the badge is beside the towns: it never stops them
            self.problem = problem

    def _live(self, pair: int) -> None:
        self._go_on(0)
        towns = TwoTowns(shadow_of(self.plan, pair), 0, remember=False, engine="compiled")
        try:
            towns.live_to(self.plan.months - 1, self._go_on)
            found = towns.history(self.outcomes)
        finally:
            towns.close()
        self._go_on(0)
        with self._lock:
            self._lived.append(found[1] - found[0])

    def _go_on(self, _: int) -> None:
        if self._stopped.is_set():
            raise StoppedError

    def differences(self, outcome: str) -> np.ndarray[Any, Any]:
        """Right less left in every pair: the mean of each month and all before it since the first shown.

        A row a pair, a column a month.
        """
        column = self.outcomes.index(outcome)
        with self._lock:
            lived = [each[:, column] for each in self._lived]
        if not lived:
            return np.zeros((0, self.plan.months - self.plan.first))
        return so_far(np.stack(lived))


def in_turn(outcomes: Sequence[str], months: int) -> str:
    """The outcome that is judged so many months after the first that is shown, where nobody has chosen one."""
    return outcomes[months // A_TURN % len(outcomes)]


def shadow_of(plan: Plan, pair: int) -> Plan:
    """The same plan with luck of its own."""
    return replace(plan, seed=seed_of(plan.seed, pair) % LARGEST_SEED)


class StoppedError(Exception):
    """Nobody wants to know any more."""


def so_far(months: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Along the last axis, the mean of each month and all before it."""
    return np.asarray(np.cumsum(months, axis=-1) / np.arange(1, months.shape[-1] + 1))


def fan(shadows: Shadows, outcome: str, month: int, here: np.ndarray[Any, Any]) -> dict[str, Any]:
    """What the badge shows for an outcome at a month: the fan up to it, the difference here, and what that means.

    `here` is right less left on the screen, for each month shown. The verdict is "effect" when the interval of the
    mean difference leaves out 0, "luck" when it does not, "same" when no pair differs, and "unsure" while too few are
    ready.
    """
    found = shadows.differences(outcome)[:, : month - shadows.plan.first + 1]
    line = so_far(here)
    now = float(line[-1]) if len(line) else 0.0
    said: dict[str, Any] = {
        "outcome": outcome, "better": direction(outcome), "ready": len(found), "of": shadows.pairs, "now": now,
        "here": line.round(6).tolist(), "from": shadows.plan.first,
    }  # fmt: skip
    if len(found) < FEWEST or not found.shape[1]:
        return said | {"verdict": "unsure", "low": [], "mid": [], "high": []}
    low, mid, high = np.quantile(found, (LOW, 0.5, HIGH), axis=0).round(6)
    said |= {"low": low.tolist(), "mid": mid.tolist(), "high": high.tolist()}
    last = found[:, -1:]
    mean, lowest, highest, share = (float(each[0]) for each in intervals(last))
    estimate = Estimate(mean, lowest, highest, share, len(last))
    sign = np.sign(estimate.mean)
    said |= {"mean": estimate.mean, "interval": [estimate.low, estimate.high], "sign": int(sign)}
    said["agree"] = int((np.sign(last) == sign).sum())
    said["like_here"] = int((np.sign(last) == np.sign(now)).sum())
    needed = pairs_needed(last, estimate.mean)
    said["needed"] = int(min(needed, MANY))
    if not last.any():
        return said | {"verdict": "same"}
    return said | {"verdict": "effect" if estimate.told_apart else "luck"}


def shown(shadows: Shadows, outcome: str, towns: TwoTowns, language: str, called: Sequence[str]) -> dict[str, Any]:
    """What the badge shows of an outcome for the month on the screen, in a language: the fan, and a sentence.

    `called` are the names of the left and the right town.
    """
    left, right = towns.history((outcome,))
    found = fan(shadows, outcome, towns.month, (right - left)[:, 0])
    return found | {
        "label": text(language, f"town.chart.{outcome}"), "sentence": in_words(found, language, called)
    }  # fmt: skip


def in_words(found: Mapping[str, Any], language: str, called: Sequence[str]) -> str:
    """What a fan says, in a sentence: the same whichever town it speaks for."""
    if found["verdict"] == "unsure":
        return text(language, "luck.working", ready=found["ready"], of=found["of"])
    outcome = text(language, f"town.outcome.{found['outcome']}")
    if found["verdict"] == "same":
        return text(language, "luck.same", outcome=outcome, of=found["ready"])
    if found["verdict"] == "effect":
        ahead = called[1 if found["sign"] * (found["better"] or 1) > 0 else 0]
        said = text(language, "luck.effect", agree=found["agree"], of=found["ready"], ahead=ahead, outcome=outcome)
        return f"{said} {text(language, 'luck.against')}" if found["now"] * found["sign"] < 0 else said
    told = text(language, "luck.luck", agree=found["like_here"], of=found["ready"], outcome=outcome)
    many = "needed_many" if found["needed"] >= MANY else "needed"
    return f"{told} {text(language, f'luck.{many}', needed=found['needed'])}"
