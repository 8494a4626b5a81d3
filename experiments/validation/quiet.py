"""Quiet towns: almost everything is switched off through ordinary parameters, and tables are set by hand.

Change this file to give the known answers another kind of small town, or another way of living a few
lines of the month. A town made here is an ordinary town: `found_town` founded it, and any rule can run on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.tables import NEEDS, NOBODY, Layer, Town
from agents.views import plain_town
from simulation.engines import Engine, engine_for
from simulation.month import MONTH
from simulation.scenario import Scenario
from simulation.town import found_town

Table = npt.NDArray[Any]
Line = tuple[str, Callable[..., Any]]

NO_TERMS: dict[str, float] = {
    "indexation": 0.0, "openness": 0.0, "enforcement": 0.0, "monitoring": 0.0, "penalty": 0.0, "term": 120.0,
    "renewal": 0.0, "sharing": 0.0, "coordination": 0.0, "flexibility": 0.0, "mutual_aid": 0.0, "tender_cost": 0.0,
}  # fmt: skip
"""A tie that does nothing but last: every dial at its neutral end."""

OFF: dict[str, Any] = {
    "inflow": 0.0, "inflow_mix": (1.0,) * NEEDS, "blow": 1.0, "blow_spread": 0.0, "recovery": 0.0,
    "spillover": (0.0,) * (NEEDS * NEEDS), "escalation": 0.0, "deprivation_effect": 0.0, "frailty_spread": 0.0,
    "hardship": 0.0, "income_follows_wages": 0.0, "asking": 1.0, "giving_up": 0.0, "resident_trust_gain": 0.0,
    "resident_trust_loss": 0.0, "relief": 1.0, "practice_effect": 0.0, "practice_saving": 0.0, "handoff_effect": 0.0,
    "outside_scope": 0.0, "flexibility_time": 0.0, "crisis_chance": 0.0, "organisation_energy_multiple": 1.0,
    "energy_contract": "follows_market", "margin": 0.0, "complacency": 0.0, "padding": 0.0, "argument": 0.0,
    "grievance": 0.0, "desperation": 0.0, "detection": 0.0, "detection_by_sharing": 0.0, "chill": 0.0,
    "monitoring_cost": 0.0, "reporting_time": 0.0, "sharing_time": 0.0, "sharing_cost": 0.0, "drafting_cost": 0.0,
    "outside_income_spread": 0.0, "payout": 0.0, "cutting_reserves": 0.0, "cutting_step": 0.0,
    "hand_back_reserves": 0.0, "hand_back_loss": 1.0, "reserve_draw": 0.0, "headroom": 0.0, "tie_allowance": 0.0,
    "leaving": 0.0, "leaving_burnt_out": 0.0, "filling": 0.0, "burning": 0.0, "mending": 0.0, "burnout_loss": 0.0,
    "stretch": 0.0, "practice_leaving": 0.0, "practice_learning": 0.0, "trust_leaving": 0.0, "trust_gain": 0.0,
    "trust_loss": 0.0, "trust_drift": 0.0, "lowball": 0.0, "quality_noise": 0.0, "slow_months": 0, "slow_loss": 0.0,
    "letting_gap": 0, "places_per_worker": 1.0, "usable_time": 1.0, "share_bought": 0.0, "kith_help": 0.0,
    "choosing": 0.0, "complaining": 0.0, "complaint_time": 0.0, "complaint_light": 0.0, "technology_start": 0.0,
    "technology_speed": 0.0, "technology_cost": 0.0, "technology_exclusion": 0.0, "prevention_share": 0.0,
    "prevention_effect": 0.0, "crises_paid_by_health": 0.0, "crisis_allowance": 0.0, "emergency_reserves": 0.0,
    "emergency_end": 0.0, "emergency_saving": 0.0, "audit_burden": 0.0, "funding_doubt": 0.0,
    "practice_from_others": 0.0, "practice_forgetting": 0.0, "innovation": 0.0, "imitation": 0.0,
    "technology_loss": 0.0, "threat_rigidity": 0.0, "entry": 0.0, "sharing_lag": 1.0, "leaving_for_pay": 0.0,
    "rooted_reach": 1.0,
}  # fmt: skip
"""Parameters at which every mechanism is off. A claim turns on what it is about."""


def quiet_town(
    parameters: Mapping[str, Any] | None = None, terms: Mapping[str, float] | None = None, **scenario: Any
) -> Town:
    """A town in which nothing happens by itself: no needs, no fortunes, no leavers, sure help, rich services."""
    given = {"residents": 10, "neighbourhoods": 1, "partners": 0, "agreements_per_service": 0, "months": 25}
    terms = NO_TERMS | dict(terms or {})
    town = found_town(Scenario(governance=terms, parameters=OFF | dict(parameters or {}), **(given | scenario)))
    town.residents["need"] = 0.0
    town.residents["age"] = 50.0
    town.organisations["quality"] = 1.0
    town.organisations["practice"] = 0.0
    town.organisations["opportunism"] = 0.0
    town.organisations["posts"] = town.organisations["staff"] = 0.0
    town.services["reserves"] = 1e12
    return town


def sellers_town(
    count: int, parameters: Mapping[str, Any] | None = None, terms: Mapping[str, float] | None = None, **scenario: Any
) -> Town:
    """A quiet town with many partners alike, each holding one agreement: one place a month, at cost and price 1.

    Every partner is a run of its own: they meet nobody but their buyer, and their luck has its own address.
    """
    parameters = {"share_bought": 0.5} | dict(parameters or {})
    town = quiet_town(parameters, terms, **({"partners": 6, "agreements_per_service": 1} | scenario))
    partners = np.repeat(town.partners[:1], count)
    partners["id"] = np.arange(NEEDS, NEEDS + count)
    partners["serves"] = 1
    partners["base_cost"] = partners["unit_cost"] = partners["usual_cost"] = 1.0
    partners["reserves"], partners["own_reserves"] = 0.0, 1e12
    partners["posts"] = partners["staff"] = 1.0
    agreements = np.repeat(town.agreements[:1], count)
    agreements["id"] = agreements["address"] = np.arange(count)
    agreements["seller"] = partners["id"]
    agreements["agreed"] = agreements["volume"] = agreements["asked"] = agreements["posts"] = 1.0
    agreements["age"], agreements["months_left"] = 0, 10**6
    for name in ("price", "first_price", "lowest_price", "highest_price", "cost_when_priced"):
        agreements[name] = 1.0
    town = with_tables(town, np.concatenate([town.services, partners]), agreements, town.peers[:0])
    town.services["first_agreement"] = town.services["last_agreement"] = count
    town.services["first_agreement"][0] = 0
    return town


def peers_town(pairs: list[tuple[int, int]], partners: int, **changes: Any) -> Town:
    """A quiet town of partners alike, tied as peers in the pairs given (counted from 0 among partners)."""
    town = sellers_town(partners, **changes)
    peers = np.repeat(town.agreements[:1], len(pairs))
    peers["layer"], peers["need"] = Layer.PEER, NOBODY
    peers["buyer"] = [NEEDS + one for one, _ in pairs]
    peers["seller"] = [NEEDS + other for _, other in pairs]
    peers["trust_of_buyer"] = peers["trust_of_seller"] = 1.0
    return with_tables(town, town.organisations, town.agreements[:0].copy(), peers)


def with_tables(town: Town, organisations: Table, agreements: Table, peers: Table) -> Town:
    """The same town with other organisations and ties; services and agreements are the first rows, as ever."""
    ties = np.concatenate([agreements, peers])
    ties["id"] = np.arange(len(ties))
    many = len(organisations)
    return town._replace(
        organisations=organisations,
        services=organisations[:NEEDS],
        partners=organisations[NEEDS:],
        ties=ties,
        agreements=ties[: len(agreements)],
        peers=ties[len(agreements) :],
        handoff=np.zeros((many, many) if many < 100 else (1, 1)),
        wishes=np.zeros(many, town.wishes.dtype),
    )


def with_room(town: Town, events: int) -> Town:
    """The same town with an empty events table of this many rows."""
    return town._replace(events=np.zeros(events, town.events.dtype))


# ---- living some lines of the month ---------------------------------------------------------------


def lines_of(*wanted: str | Line) -> tuple[Line, ...]:
    """Lines of MONTH by the names of their rules, in MONTH's order; lines of one's own may stand between them."""
    names = [rule.__name__ for _, rule in MONTH]
    found: list[Line] = []
    place = -1
    for line in wanted:
        if isinstance(line, str):
            if names.index(line) <= place:
                raise ValueError(f"{line} stands earlier in MONTH")
            place = names.index(line)
            found.append(MONTH[place])
        else:
            found.append(line)
    return tuple(found)


@cache
def engine_of(lines: tuple[Line, ...], kind: str) -> Engine:
    """One engine for each list of lines."""
    return engine_for(kind, None, lines)


def live(town: Town, lines: tuple[Line, ...] = MONTH, months: int = 1, kind: str = "compiled") -> Town:
    """Live months of these lines. Compiled, a million rows take about a second."""
    if engine_of(lines, kind).live(town, months) != months:
        raise RuntimeError(f"the town did not live all of its {months} months")
    return town


def plain(town: Town) -> Town:
    """The town as plain objects, for calling one rule on one row."""
    return plain_town(town)


def measured(town: Town, measure: str) -> float:
    """What a measure says of the town as it stands: the month's last lines are lived, and its row is read."""
    names = [rule.__name__ for _, rule in MONTH]
    month = int(town.clock["month"])
    live(town, MONTH[names.index("renew_or_tender") + 1 :], kind="plain")
    return float(town.history[measure][month])
