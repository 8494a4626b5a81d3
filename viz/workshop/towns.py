"""Two towns on one screen: the same people, luck and shocks, lived side by side, month by month.

Change this file to do something new to a pair of towns. What is done goes into the plan, so that a pair can always be
lived again from it: that is how a link is opened, how something is undone, and how the past is filled in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from agents.terms import DIALS
from simulation import CommunityModel
from simulation.run import rows_of
from viz.workshop.past import Past
from viz.workshop.plan import BOTH, FEWEST, SIDES, Act, Plan, Side, shock_of

BORNE = ("cost_rise", "borne_by_funders", "borne_by_partners", "borne_by_staff", "borne_by_residents")
"""What a month's rise in costs came to, and who bore it. £ a resident."""

_COMPILED = threading.Event()
"""Set once the month has been compiled in this process: from then on no town needs to begin plainly."""
_WARMING = threading.Lock()


def warm() -> None:
    """Compile the month, or load it from the cache, and return when it is there. Seconds the first time."""
    with _WARMING:
        if _COMPILED.is_set():
            return
        plan = Plan(residents=FEWEST)
        model = CommunityModel(setting=plan.scenario(), rng=1, engine="compiled")
        model.step()
        model.close()
        _COMPILED.set()


def warm_up() -> None:
    """Begin to compile beside whatever else is done."""
    if not _COMPILED.is_set():
        threading.Thread(target=warm, name="kith-compile", daemon=True).start()


def usual_engine() -> str:
    """Compiled where that costs no waiting, else plain until it is."""
    return "compiled" if _COMPILED.is_set() else "auto"


class TwoTowns:
    """The two towns of a plan. `month` is the last month lived; a new pair stands at the first month that is shown.

    `forks` counts how often one town has become the other, its whole past included.
    """

    def __init__(self, plan: Plan, month: int | None = None, *, engine: str = "", remember: bool = True) -> None:
        self.plan = plan
        engine = engine or usual_engine()
        self.models: list[CommunityModel] = []
        self.sides = [plan.left, plan.right]
        self.forks = 0
        try:
            for side in SIDES:
                self.models.append(CommunityModel(setting=plan.scenario(side), rng=plan.seed, engine=engine))
            self.pasts = [Past(model.town) for model in self.models] if remember else []
            self.live_to(plan.first if month is None else month)
        except BaseException:
            self.close()
            raise

    @property
    def month(self) -> int:
        """The last month lived: the one on the screen."""
        return self.next - 1

    @property
    def next(self) -> int:
        """The month that would be lived next: what is done now is felt from there."""
        return self.models[0].month

    @property
    def over(self) -> bool:
        """Whether every month has been lived."""
        return self.next >= self.plan.months

    def live_to(self, month: int, tell: Callable[[int], object] | None = None) -> None:
        """Live until a month is over, doing on the way what the plan has for it; `tell` is told each month."""
        while self.month < min(month, self.plan.months - 1):
            self.step()
            if tell is not None:
                tell(self.month)

    def step(self) -> bool:
        """Live one month in both towns. False when there is none left."""
        if self.over:
            return False
        for act in self.plan.acts:
            if act.month == self.next:
                self._carry_out(act)
        for model in self.models:
            model.step()
        for past, model in zip(self.pasts, self.models, strict=False):
            past.note(model.town)
        return True

    def do(self, act: Act) -> None:
        """Do something from the next month on. Raises PlanError for what does not fit; then nothing is changed.

        It is carried out when the next month is lived, like everything in a plan.
        """
        self.plan = self.plan.and_then(replace(act, month=self.next))

    def redo(self, act: Act) -> None:
        """Do something in place of the last thing done, which no month has felt yet."""
        acts = list(self.plan.acts)
        del acts[max(place for place, each in enumerate(acts) if each.month == self.next)]
        self.plan = replace(self.plan, acts=tuple(acts)).and_then(replace(act, month=self.next))

    def _carry_out(self, act: Act) -> None:
        if act.kind == "shock":
            for model in self.models:
                model.intervene(shock=shock_of(act))
        elif act.kind == "own":
            for place in places(act.side):
                self._give(place, act.name, float(act.value))
        else:
            self._fork(act)

    def _give(self, place: int, name: str, value: float) -> None:
        """Give one town a number of its own."""
        self.sides[place] = self.sides[place].with_own(name, value)
        if name in DIALS:
            self.models[place].intervene(governance=with_dial(self.models[place], name, value))
        else:
            self.models[place].intervene(parameters={name: value})

    def _fork(self, act: Act) -> None:
        """Let both towns be one of them as it now stands, and hold the other otherwise from here on."""
        source = SIDES.index(act.side)
        other = 1 - source
        forked = self.models[source].fork(governance=act.value if act.name == "governance" else None)
        self.models[other].close()
        self.models[other] = forked
        self.forks += 1
        if self.pasts:
            self.pasts[other] = self.pasts[source].copy()
        self.sides[other] = self.sides[source]
        if act.name == "governance":
            self.sides[other] = Side(str(act.value), tuple(self.sides[source].parameters.items()))
        else:
            self._give(other, act.name, float(act.value))

    # ---- what is shown -----------------------------------------------------------------------------------

    def history(self, names: Iterable[str]) -> list[np.ndarray[Any, Any]]:
        """For each town, measures of the months shown so far: a row a month, a column a name."""
        rows = [rows_of(model.town)[self.plan.first :] for model in self.models]
        return [np.stack([each[name] for name in names], axis=1) if len(each) else np.zeros((0, 1)) for each in rows]

    def borne(self) -> list[np.ndarray[Any, Any]]:
        """For each town, the rise in costs so far and who bore it, added up month by month. £ a resident."""
        return [np.cumsum(each, axis=0) for each in self.history(BORNE)]

    def close(self) -> None:
        """Let go of both towns."""
        for model in self.models:
            model.close()


def places(side: str) -> tuple[int, ...]:
    """Which of the two towns a side means."""
    return (0, 1) if side == BOTH else (SIDES.index(side),)


def with_dial(model: CommunityModel, name: str, value: float) -> dict[str, dict[str, float]]:
    """A model's governance with one dial at another value, on every layer of ties."""
    return {layer: {**dials, name: value} for layer, dials in model.setting.terms().items()}
