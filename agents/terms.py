"""The terms of a tie, and the table of governances: open this file and you are reading the research question.

Every tie between organisations has the same twelve dials. A governance is a named point in that space
and nothing more: no rule ever reads its name. Add a row to GOVERNANCES to try an idea of your own, or
write the dials in a scenario file. What each dial costs is charged in the rule that reads it.
"""

from __future__ import annotations

from collections.abc import Mapping

from agents.declared import ASSUMED, BORROWED, fields_of, near, parameter


class Terms:
    """The twelve dials of a tie. Agreements use all; peers use sharing, coordination, flexibility, mutual aid."""

    indexation: float = parameter(
        0.5, low=0, high=1, unit="share of cost-index change",
        meaning="Share of the seller's cost change passed into the price each anniversary. Dearer for the buyer.",
        source="pass-through .3-.5: NCVO 2024, Homecare Association 2025", grade=BORROWED,
    )  # fmt: skip
    openness: float = parameter(
        0.0, low=0, high=1, unit="share of the gap a month",
        meaning="How fast the price follows declared cost. Dearer for the buyer; invites padding and argument.",
        source="Bajari & Tadelis 2001; Hart & Moore 2008", grade=ASSUMED,
    )  # fmt: skip
    enforcement: float = parameter(
        1.0, low=0, high=1, unit="share",
        meaning="Verifiable terms that can be enforced, on both sides. Costs drafting at every signing.",
        source="contract completeness: Brown, Potoski & Van Slyke 2007", grade=ASSUMED,
    )  # fmt: skip
    monitoring: float = parameter(
        0.5, low=0, high=1, unit="chance a month",
        meaning="Chance that verifiable skimping is seen. Costs money, the partner's time, and willing effort.",
        source="Falk & Kosfeld 2006; cost recalled at 3-20% of value", grade=ASSUMED,
    )  # fmt: skip
    penalty: float = parameter(
        3.0, low=0, high=5, unit="multiple of the gain",
        meaning="Taken back from a seller that is caught. Drains the partner's reserves.",
        source="assumed; Becker's deterrence condition", grade=ASSUMED,
    )  # fmt: skip
    term: float = parameter(
        36.0, low=6, high=120, unit="months",
        meaning="Length of the agreement. A long one is a slow way out of a bad one.",
        source="three-year awards common: NAO; alliances five to ten", grade=BORROWED,
    )  # fmt: skip
    renewal: float = parameter(
        0.0, low=0, high=1, unit="chance",
        meaning="Chance of renewal without tender when trust is adequate. Forgoes selection and competition.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    sharing: float = parameter(
        0.2, low=0, high=1, unit="share",
        meaning="Information shared: better hand-offs, less padding. Takes staff time and a fixed cost.",
        source="relational coordination: Gittell 2000; assumed size", grade=ASSUMED,
    )  # fmt: skip
    coordination: float = parameter(
        0.005, low=0, high=0.05, unit="share of staff time",
        meaning="Relationship time on each side: trust grows with it. Takes capacity.",
        source="2-15% of working time in all, assumed", grade=ASSUMED,
    )  # fmt: skip
    flexibility: float = parameter(
        0.0, low=0, high=1, unit="chance",
        meaning="Chance that a worker treats a need outside the specification. Slows work within it.",
        source="assumed", grade=ASSUMED,
    )  # fmt: skip
    mutual_aid: float = parameter(
        0.0, low=0, high=1, unit="share of the gap a month",
        meaning="Share of the reserve gap lent between peers. A loss can spread.",
        source="Uzzi 1997; Acemoglu et al. 2015", grade=ASSUMED,
    )  # fmt: skip
    tender_cost: float = parameter(
        0.02, low=0, high=0.06, unit="share of annual value",
        meaning="Cost of each tender, from the buyer's budget.",
        source="mean 2.7% of value: Petersen et al. 2019", grade=BORROWED,
    )  # fmt: skip


DIALS = tuple(fields_of(Terms))

GROUPS: dict[str, tuple[str, ...]] = {
    "prices": ("indexation", "openness"),
    "checks": ("enforcement", "monitoring", "penalty"),
    "tenure": ("term", "renewal", "tender_cost"),
    "information": ("sharing",),
    "time": ("coordination",),
    "scope": ("flexibility",),
    "aid": ("mutual_aid",),
}
"""Dials that belong together, for asking which of them made a difference. Every dial is in one group,
and no group is called like a dial."""

GOVERNANCES: dict[str, dict[str, float]] = {
    "contract": {
        "indexation": 0.5, "openness": 0.0, "enforcement": 1.0, "monitoring": 0.5, "penalty": 3.0, "term": 36.0,
        "renewal": 0.0, "sharing": 0.2, "coordination": 0.005, "flexibility": 0.0, "mutual_aid": 0.0,
        "tender_cost": 0.02,
    },
    "relational": {
        "indexation": 0.5, "openness": 0.5, "enforcement": 0.0, "monitoring": 0.1, "penalty": 0.0, "term": 60.0,
        "renewal": 0.9, "sharing": 0.7, "coordination": 0.02, "flexibility": 0.6, "mutual_aid": 0.3,
        "tender_cost": 0.02,
    },
    "formal_relational": {
        "indexation": 0.5, "openness": 0.3, "enforcement": 1.0, "monitoring": 0.3, "penalty": 2.0, "term": 60.0,
        "renewal": 0.7, "sharing": 0.6, "coordination": 0.02, "flexibility": 0.4, "mutual_aid": 0.2,
        "tender_cost": 0.02,
    },
}  # fmt: skip
"""Every governance by name. The three above are the fair fight; those below differ from one of them as written."""

GOVERNANCES["rigid_contract"] = GOVERNANCES["contract"] | {"indexation": 0.0}
GOVERNANCES["spot"] = GOVERNANCES["contract"] | {
    "enforcement": 0.3, "monitoring": 0.1, "penalty": 1.0, "term": 6.0, "sharing": 0.0, "coordination": 0.0,
}  # fmt: skip
GOVERNANCES["in_house"] = GOVERNANCES["relational"] | {
    "indexation": 0.0, "openness": 1.0, "monitoring": 0.1, "term": 120.0, "renewal": 1.0, "coordination": 0.03,
    "mutual_aid": 0.0,
}  # fmt: skip
GOVERNANCES["lip_service"] = GOVERNANCES["relational"] | {
    "openness": 0.0, "flexibility": 0.0, "mutual_aid": 0.0, "sharing": 0.2, "renewal": 0.0,
}  # fmt: skip

NOTES: dict[str, str] = {
    "contract": "A good contract: indexed, checked, enforced, tendered every three years.",
    "relational": "A good relationship: open books, long and renewed, shared information, helps out.",
    "formal_relational": "Both: enforceable terms and a working relationship.",
    "rigid_contract": "A straw man: a contract with a fixed price.",
    "spot": "Six months at a time, barely checked, nothing shared.",
    "in_house": "Held like a department: cost met in full, no competition, an overhead paid in staff time.",
    "lip_service": "A straw man: the meetings of a relationship without its decisions, money or data.",
}


class UnknownGovernance(ValueError):
    """A governance that is not in the table, or a dial out of its range."""


def terms_for(governance: str | float | Mapping[str, object]) -> dict[str, float]:
    """The twelve dials of a governance: a name, a number from 0 (contract) to 1 (relational), or one's own dials.

    Own dials may name a `base` governance to start from (contract when none is named).
    Raises UnknownGovernance, saying what is allowed and what was probably meant.
    """
    if isinstance(governance, bool) or not isinstance(governance, (str, int, float, Mapping)):
        raise UnknownGovernance(f"governance is {governance!r}; it must be a name, a number from 0 to 1, or dials")
    if isinstance(governance, str):
        if governance in GOVERNANCES:
            return dict(GOVERNANCES[governance])
        try:
            governance = float(governance)
        except ValueError:
            allowed = ", ".join(GOVERNANCES)
            raise UnknownGovernance(
                f'there is no governance "{governance}".{near(governance, GOVERNANCES)} '
                f"Known: {allowed}; or a number from 0 (contract) to 1 (relational)"
            ) from None
    if isinstance(governance, Mapping):
        return _own_dials(governance)
    if not 0.0 <= governance <= 1.0:
        raise UnknownGovernance(
            f"governance is {governance:g}; a number must lie between 0 (contract) and 1 (relational)"
        )
    contract, relational = GOVERNANCES["contract"], GOVERNANCES["relational"]
    return {dial: (1.0 - governance) * contract[dial] + governance * relational[dial] for dial in DIALS}


def _own_dials(given: Mapping[str, object]) -> dict[str, float]:
    base = given.get("base", "contract")
    if not isinstance(base, (str, int, float)):
        raise UnknownGovernance(f"base is {base!r}; it must be a governance's name or a number from 0 to 1")
    dials = terms_for(base)
    declared = fields_of(Terms)
    problems = []
    for dial, value in given.items():
        if dial == "base":
            continue
        if dial not in declared:
            problems.append(f'there is no dial "{dial}".{near(dial, DIALS)}')
        elif problem := declared[dial].problem_with(value):
            problems.append(problem)
        else:
            dials[dial] = float(value)  # type: ignore[arg-type]
    if problems:
        raise UnknownGovernance("; ".join(problems))
    return dials
