"""A plan: everything that rebuilds a workshop's run exactly, and the link that carries it.

Change this file to let a link say more. A run is its setting, its luck, how large the town is, how each side's ties
are held, and what was done on the way; the model gives the same towns for the same plan, to the last bit. Links come
from anybody, so every value is checked, a setting must be one that is offered, and nothing in a link is a path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from os import environ
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import agents
from agents.declared import Declared, fields_of, near
from agents.terms import DIALS, Terms, UnknownGovernance, terms_for
from simulation.scenario import PARAMETERS, SETTLING, Scenario, ScenarioError, load_scenario, settings
from simulation.shocks import Pulse, Shock, Step

OWN_SETTING = "KITH_SHOW_SETTING"
"""The environment's name for the path of a setting of one's own, which `kith show FILE` offers beside the others."""
FEWEST, MOST = 100, 3000
"""How many residents a town on the screen may have."""
RESIDENTS = 600
LARGEST_SEED = 2**31 - 1
MOST_ACTS, MOST_OWN = 60, 40
"""So much may be done on the way, and so many numbers may be a side's own: all of it fits into a link."""
DIGITS = 10
HUGE = 1e15
"""No number of the model is as large."""
A_LINE = 80
"""So many letters of what does not fit are told back."""
LONGEST_LINK = 8000
A_YEAR = 12
SIDES = ("left", "right")
BOTH = "both"

SHOCKS: dict[str, tuple[str, tuple[float, float, float]]] = {
    "energy": ("energy", (0.25, 0.5, 1.0)),
    "food": ("food", (0.1, 0.2, 0.4)),
    "wages": ("labour", (0.05, 0.1, 0.2)),
    "budget": ("budget", (-0.05, -0.1, -0.2)),
    "demand": ("demand", (0.1, 0.25, 0.5)),
}
"""What may be pressed: the component it moves, and how far when it is small, medium or large."""

GOVERNED = fields_of(Terms)


class PlanError(ValueError):
    """A plan that cannot be lived, in words for whoever wrote it."""


def tidy(value: Any) -> Any:
    """A number with as many digits as a link carries, so that what is linked is what was lived."""
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


@dataclass(frozen=True)
class Side:
    """How one town differs from the setting: the governance of its ties, and dials or parameters of its own."""

    governance: str = "contract"
    own: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        """Keep numbers as a link writes them."""
        object.__setattr__(self, "own", tuple((name, tidy(value)) for name, value in self.own))

    @property
    def dials(self) -> dict[str, float]:
        """Its own dials of ties."""
        return {name: value for name, value in self.own if name in DIALS}

    @property
    def parameters(self) -> dict[str, float]:
        """Its own parameters of the model."""
        return {name: value for name, value in self.own if name not in DIALS}

    def held(self) -> Any:
        """Its governance as a scenario has it."""
        return {"base": self.governance, **self.dials} if self.dials else self.governance

    def with_own(self, name: str, value: float) -> Side:
        """The same side with one more number of its own."""
        return replace(self, own=(*((known, at) for known, at in self.own if known != name), (name, value)))


@dataclass(frozen=True)
class Act:
    """Something done on the way, felt from `month` on.

    A `shock` names what jumps and how far, for a year or for good; `own` gives a dial or a parameter another value, on
    one side or both; a `fork` makes both towns one side's, and then gives the other side a governance or a number
    of its own.
    """

    month: int
    kind: str
    side: str = BOTH
    name: str = ""
    value: float | str = 0.0
    lasting: bool = True

    def __post_init__(self) -> None:
        """Keep numbers as a link writes them."""
        object.__setattr__(self, "value", tidy(self.value))


@dataclass(frozen=True)
class Plan:
    """What is lived: one setting twice, with the same luck, its ties held in two ways."""

    setting: str = "cost_of_living_2021"
    seed: int = 1
    residents: int = RESIDENTS
    left: Side = Side("contract")
    right: Side = Side("relational")
    acts: tuple[Act, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what does not fit, in words."""
        offered = offered_settings()
        if self.setting not in offered:
            raise PlanError(f'there is no setting "{self.setting[:A_LINE]}".{near(self.setting, offered)}')
        if not FEWEST <= self.residents <= MOST:
            raise PlanError(f"residents is {self.residents}; a town on the screen has {FEWEST} to {MOST:,}")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise PlanError(f"seed is {self.seed}; it must be from 0 to {LARGEST_SEED}")
        for side in (self.left, self.right):
            check_side(side)
        check_founding(self)
        if len(self.acts) > MOST_ACTS:
            raise PlanError(f"{len(self.acts)} things were done on the way; a run holds {MOST_ACTS}")
        for act in self.acts:
            check_act(act, self.months)
        months = [act.month for act in self.acts]
        if months != sorted(months):
            raise PlanError("what is done on the way must be in the order of its months")

    @property
    def months(self) -> int:
        """How many months are lived in all."""
        return offered_settings()[self.setting].months

    @property
    def first(self) -> int:
        """The first month that is shown."""
        return first_shown(self.months)

    def scenario(self, side: str | None = None) -> Scenario:
        """The setting, as the town of one side is founded; without a side, as it is offered."""
        base = offered_settings()[self.setting].with_(seed=self.seed, residents=self.residents)
        if side is None:
            return base
        own: Side = getattr(self, side)
        return base.with_(governance=own.held(), **own.parameters)

    def and_then(self, act: Act) -> Plan:
        """The plan with one more thing done: after all of its month and before, and before what is still to come."""
        return replace(self, acts=tuple(sorted((*self.acts, act), key=lambda each: each.month)))


# ---- what may be asked -------------------------------------------------------------------------------------


def offered_settings() -> Mapping[str, Scenario]:
    """Every setting a workshop may choose, by name: those that come with Kith, and one of the facilitator's own."""
    return _offered(environ.get(OWN_SETTING, ""))


@cache
def _offered(own: str) -> Mapping[str, Scenario]:
    found = {name: load_scenario(name) for name in settings()}
    if own:
        mine = load_scenario(Path(own))
        found[mine.name or Path(own).stem] = mine
    return found


@cache
def live_names() -> frozenset[str]:
    """Numbers that may be changed while a town lives: dials, and parameters that some rule reads every month."""
    rules = Path(agents.__file__).parent
    read = set(re.findall(r"\bparameters\.(\w+)", "".join(file.read_text("utf-8") for file in rules.glob("*.py"))))
    return frozenset(DIALS) | (read & set(PARAMETERS))


def declared(name: str) -> Declared:
    """How a dial or a parameter is declared. Raises PlanError for a name that is neither, or is not one number."""
    found = GOVERNED.get(name) or PARAMETERS.get(name)
    if found is None or found.shape:
        raise PlanError(f'there is no number "{name[:A_LINE]}" to change.{near(name, [*GOVERNED, *PARAMETERS])}')
    return found


def check_number(name: str, value: object) -> None:
    """Refuse a value that a dial or a parameter cannot have."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -HUGE < value < HUGE:
        raise PlanError(f"{name} is {str(value)[:A_LINE]}; it must be a number")
    problem = declared(name).problem_with(value)
    if problem:
        raise PlanError(problem)


def check_side(side: Side) -> None:
    """Refuse a side whose ties cannot be held so."""
    held: object = side.governance
    if not isinstance(held, str) or len(held) > A_LINE:
        raise PlanError(f"governance is {str(held)[:A_LINE]!r}; it must be a name or a number from 0 to 1")
    try:
        terms_for(side.governance)
    except UnknownGovernance as problem:
        raise PlanError(str(problem)) from None
    if len(side.own) > MOST_OWN:
        raise PlanError(f"{len(side.own)} numbers are a side's own; {MOST_OWN} may be")
    twice = [name for place, (name, _) in enumerate(side.own) if name in dict(side.own[:place])]
    if twice:
        raise PlanError(f"{twice[0]} is given twice on one side")
    for name, value in side.own:
        check_number(name, value)


def check_founding(plan: Plan) -> None:
    """Refuse numbers that fit one by one, and not together."""
    try:
        for side in SIDES:
            plan.scenario(side)
    except ScenarioError as problem:
        raise PlanError(str(problem)) from None


def check_act(act: Act, months: int) -> None:
    """Refuse what cannot be done in a run of so many months."""
    if not SETTLING < act.month < months:
        raise PlanError(f"month {act.month} is not one in which something can change: {SETTLING + 1} to {months - 1}")
    if act.side not in (*SIDES, BOTH):
        raise PlanError(f'there is no side "{act.side[:A_LINE]}": left, right or both')
    if act.kind == "shock":
        if act.name not in SHOCKS:
            raise PlanError(
                f'there is no shock "{act.name[:A_LINE]}".{near(act.name, SHOCKS)} Known: {", ".join(SHOCKS)}'
            )
        if act.side != BOTH:
            raise PlanError(f"a shock hits both towns, not {act.side} alone")
        problems = shock_of(act).problems(months)
        if problems:
            raise PlanError("; ".join(problems))
    elif act.kind == "own" or (act.kind == "fork" and act.name != "governance"):
        check_number(act.name, act.value)
        if act.name not in live_names():
            raise PlanError(f"{act.name} is read when a town is founded; start again to change it")
    elif act.kind == "fork":
        check_side(Side(str(act.value)))
    else:
        raise PlanError(f'there is nothing called "{act.kind[:A_LINE]}" to do')
    if act.kind == "fork" and act.side == BOTH:
        raise PlanError("a fork begins from one side, left or right")


def shock_of(act: Act) -> Shock:
    """What an act of the kind `shock` puts to both towns."""
    component, _ = SHOCKS[act.name]
    if not isinstance(act.value, (int, float)) or isinstance(act.value, bool):
        raise PlanError(f"the size of a shock is {act.value!r}; it must be a number")
    if act.lasting:
        return Step((component,), act.month, size=float(act.value))
    return Pulse((component,), act.month, size=float(act.value), length=A_YEAR)


def first_shown(months: int) -> int:
    """The first month that is shown of so many: those before settle the town."""
    return min(SETTLING, months - 1)


def size_of(name: str, place: object) -> float:
    """How far a shock moves prices when it is small (0), medium (1) or large (2)."""
    if name not in SHOCKS:
        raise PlanError(f'there is no shock "{name}".{near(name, SHOCKS)} Known: {", ".join(SHOCKS)}')
    if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < 3:
        raise PlanError(f"the size of a shock is {str(place)[:A_LINE]!r}; it is 0, 1 or 2: small, medium or large")
    return SHOCKS[name][1][place]


# ---- links ---------------------------------------------------------------------------------------------------

_KNOWN = ("setting", "seed", "residents", "left", "right", "do", "month", "language")
_LASTING, _A_YEAR = "good", "year"


def link_of(plan: Plan, month: int, language: str = "") -> str:
    """The query of a link that rebuilds a plan and stops at a month."""
    query = {
        "setting": plan.setting,
        "seed": str(plan.seed),
        "residents": str(plan.residents),
        "left": _side_text(plan.left),
        "right": _side_text(plan.right),
        "month": str(month),
    }
    if plan.acts:
        query["do"] = "~".join(_act_text(act) for act in plan.acts)
    if language:
        query["language"] = language
    return "?" + urlencode(query, safe=":,~!")


def plan_in(query: str) -> tuple[Plan, int | None, str]:
    """The plan, the month and the language a link asks for. Raises PlanError for anything that does not fit.

    What a link does not say is as in a plan of its own: the usual setting, luck 1.
    """
    if len(query) > LONGEST_LINK:
        raise PlanError("this link is too long to be one of ours")
    given = {key: values[-1] for key, values in parse_qs(query.lstrip("?")).items()}
    unknown = [key[:A_LINE] for key in given if key not in _KNOWN]
    if unknown:
        raise PlanError(f'a link has no "{unknown[0]}".{near(unknown[0], _KNOWN)}')
    parts: dict[str, Any] = {name: _whole(name, given[name]) for name in ("seed", "residents") if name in given}
    parts |= {name: _side_in(given[name]) for name in SIDES if name in given}
    if "setting" in given:
        parts["setting"] = given["setting"]
    if given.get("do"):
        parts["acts"] = tuple(_act_in(text) for text in given["do"].split("~"))
    plan = Plan(**parts)
    month = None
    if "month" in given:
        month = min(max(_whole("month", given["month"]), plan.first), plan.months - 1)
    return plan, month, given.get("language", "")


def _side_text(side: Side) -> str:
    return ",".join([side.governance, *(f"{name}:{value:.{DIGITS}g}" for name, value in side.own)])


def _side_in(text: str) -> Side:
    governance, *own = text.split(",")
    return Side(governance, tuple((name, _number(name, value)) for name, value in map(_pair, own)))


def _act_text(act: Act) -> str:
    value = act.value if isinstance(act.value, str) else f"{act.value:.{DIGITS}g}"
    last = [_LASTING if act.lasting else _A_YEAR] if act.kind == "shock" else []
    return "!".join([str(act.month), act.kind, act.side, act.name, value, *last])


def _act_in(text: str) -> Act:
    parts = text.split("!")
    if len(parts) not in (5, 6):
        raise PlanError(f'"{text[:A_LINE]}" does not say what was done: month!kind!side!name!value')
    month, kind, side, name, value = parts[:5]
    lasting = len(parts) == 5 or parts[5] == _LASTING
    amount = value if kind == "fork" and name == "governance" else _number(name, value)
    return Act(_whole("month", month), kind, side, name, amount, lasting)


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    return name, value


def _whole(name: str, text: str) -> int:
    if not re.fullmatch(r"(?a)\d{1,12}", text):
        raise PlanError(f"{name} is {text[:A_LINE]!r}; it must be a whole number")
    return int(text)


def _number(name: str, text: str) -> float:
    if not re.fullmatch(r"(?a)-?\d{1,15}(\.\d{1,20})?(e[+-]?\d{1,3})?", text):
        raise PlanError(f"{name[:A_LINE]} is {text[:A_LINE]!r}; it must be a number")
    return float(text)


__all__ = [
    "BOTH", "SHOCKS", "SIDES", "Act", "Plan", "PlanError", "Side", "first_shown", "link_of", "live_names",
    "offered_settings", "plan_in", "shock_of", "size_of",
]  # fmt: skip
