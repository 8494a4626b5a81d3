"""Founding a town: a scenario becomes tables. The same seed founds the same town, to the last bit.

Change this file to change who lives in the town and who is tied to whom at the start. Every founding
draw has an address (seed, decision, who), so one resident more or less changes nobody else. Terms are
written on the ties last: two towns that differ in governance are otherwise founded alike.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.agreements import address_of
from agents.chance import Decision, chance_column, normal_column
from agents.declared import dtype_of, fields_of, filled
from agents.parameters import Parameters
from agents.tables import (
    NEEDS,
    NOBODY,
    RECORDS,
    Kind,
    Layer,
    Need,
    Sector,
    Town,
    dtype,
)
from simulation.graphs import neighbours_in_small_worlds, read_kith, read_peers
from simulation.measures import HISTORY, NeighbourhoodMonth
from simulation.scenario import Scenario
from simulation.shocks import outside_of

Table = npt.NDArray[np.void]
Column = npt.NDArray[Any]

BASKETS = {
    # energy, food, labour, other: EVIDENCE.md 4.3; charity and office services assumed
    "residential care": (0.065, 0.067, 0.677, 0.191),
    "home care": (0.010, 0.000, 0.750, 0.240),
    "leisure": (0.200, 0.020, 0.550, 0.230),
    "charity": (0.030, 0.020, 0.650, 0.300),
    "office services": (0.020, 0.000, 0.750, 0.230),
}
SERVICE_NAMES = ("Community health", "Adult care", "Housing", "Money advice", "Work and skills", "Family support")
COUNCIL, HEALTH_SERVICE = 0, 1
EVENTS_A_MONTH = 4.0
"""Room for events at the start, for each organisation; the table grows when it fills."""


def found_town(scenario: Scenario) -> Town:
    """Found the town a scenario describes, at the opening of month 0.

    Raises ScenarioError for what can only be seen now: graph files that do not fit.
    """
    parameters = found_parameters(scenario)
    neighbourhoods = found_neighbourhoods(scenario)
    kith_ends = read_kith(scenario) if scenario.graph.get("kith") else None
    count = scenario.residents if kith_ends is None else kith_ends[0]
    residents = found_residents(scenario.seed, count, len(neighbourhoods), parameters)
    kith = found_kith(scenario.seed, residents, None if kith_ends is None else kith_ends[1])
    organisations = found_organisations(scenario, parameters)
    services, partners = organisations[:NEEDS], organisations[NEEDS:]
    agreements = found_agreements(scenario, count, services, partners, parameters)
    peers = found_peers(scenario, organisations)
    ties = np.concatenate([agreements, peers])
    ties["id"] = np.arange(len(ties))
    write_terms(scenario, ties, len(agreements))
    funders = found_money(scenario.seed, organisations, ties[: len(agreements)], parameters)
    clock = filled(RECORDS["clock"], 1)
    clock["seed"] = scenario.seed
    many = len(organisations)
    return Town(
        residents=residents,
        organisations=organisations,
        services=organisations[:NEEDS],
        partners=organisations[NEEDS:],
        ties=ties,
        agreements=ties[: len(agreements)],
        peers=ties[len(agreements) :],
        funders=funders,
        neighbourhoods=neighbourhoods,
        queue=np.zeros(NEEDS * count, dtype("queue")),
        kith=kith,
        handoff=np.zeros((many, many)),
        outside=outside_of(scenario),
        events=np.zeros(room_for_events(count, many, scenario.months), dtype("events")),
        history=np.zeros(scenario.months, HISTORY),
        neighbourhood_history=np.zeros(scenario.months * len(neighbourhoods), dtype_of(NeighbourhoodMonth)),
        parameters=parameters,
        clock=clock[0],
        books=filled(RECORDS["books"], 1)[0],
    )


def room_for_events(residents: int, organisations: int, months: int) -> int:
    """Rows to set aside for events at the start. A guess: the table grows when it fills."""
    return int(64 + months * (EVENTS_A_MONTH * organisations / 8 + residents * 0.01))


def found_parameters(scenario: Scenario) -> np.void:
    """The record of parameters: the declared defaults, with what the scenario changes."""
    record = filled(Parameters, 1)
    declared = fields_of(Parameters)
    for name, value in scenario.parameters.items():
        record[name] = np.reshape(declared[name].value_of(value), declared[name].shape)
    return record[0]


def found_neighbourhoods(scenario: Scenario) -> Table:
    """Neighbourhoods from least to most deprived, evenly spread."""
    table = filled(RECORDS["neighbourhoods"], scenario.neighbourhoods)
    table["id"] = np.arange(len(table))
    table["deprivation"] = (table["id"] + 0.5) / len(table)
    return table


def found_residents(seed: int, count: int, neighbourhoods: int, parameters: np.void) -> Table:
    """Residents with home, age, means, and the needs they bring with them.

    Means fall with deprivation; poorer households spend more of what they have on energy and food
    (assumed; ONS family spending has the poorest fifth at about twice the richest fifth's share).
    """
    table = filled(RECORDS["residents"], count)
    ids = np.arange(count)
    table["id"] = table["luck"] = ids
    home = (chance_column(seed, Decision.FOUND_NEIGHBOURHOOD, ids) * neighbourhoods).astype(np.int64)
    deprivation = (home + 0.5) / neighbourhoods
    table["neighbourhood"] = home
    table["age"] = 18.0 + 74.0 * chance_column(seed, Decision.FOUND_AGE, ids)
    means = 0.5 * chance_column(seed, Decision.FOUND_SLACK, ids) + 0.5 * (1.0 - deprivation)
    table["slack"] = means
    table["energy_share"] = 0.03 + 0.07 * (1.0 - means)
    table["food_share"] = 0.08 + 0.10 * (1.0 - means)
    older = np.maximum(0.0, (table["age"] - 60.0) / 60.0)
    table["online"] = chance_column(seed, Decision.FOUND_ONLINE, ids) > 0.05 + 0.6 * older
    spread = float(parameters["frailty_spread"])
    bell = normal_column(seed, Decision.FOUND_FRAILTY, ids) if spread > 0.0 else np.zeros(count)
    table["frailty"] = [math.exp(spread * z - 0.5 * spread * spread) for z in bell.tolist()]
    for need in range(NEEDS):
        brought = chance_column(seed, Decision.FOUND_NEED, ids, need)
        table["need"][:, need] = np.where(brought < 0.05, 6.0 * brought, 0.1 * brought)
        table["trust"][:, need] = 0.4 + 0.4 * chance_column(seed, Decision.FOUND_TRUST, ids, need)
    return table


def found_kith(seed: int, residents: Table, given: tuple[Column, Column] | None) -> Column:
    """Who knows whom: each resident's neighbours in one list, with first and last marked on the resident."""
    ends = given or neighbours_in_small_worlds(seed, residents["neighbourhood"])
    count = len(residents)
    since = np.concatenate(ends)
    to = np.concatenate(ends[::-1])
    order = np.lexsort((to, since))
    degree = np.bincount(since, minlength=count)
    last = np.cumsum(degree)
    residents["first_kith"] = last - degree
    residents["last_kith"] = last
    return np.ascontiguousarray(to[order], dtype=np.int64)


def found_organisations(scenario: Scenario, parameters: np.void) -> Table:
    """Six services, one front door for each need, and partners of three sectors with baskets of their own."""
    table = filled(RECORDS["organisations"], NEEDS + scenario.partners)
    ids = np.arange(len(table))
    seed = scenario.seed
    table["id"] = ids
    table["alive"] = 1
    table["funder"] = table["neighbourhood"] = table["event"] = table["worst_agreement"] = NOBODY
    services, partners = table[:NEEDS], table[NEEDS:]
    services["kind"], partners["kind"] = Kind.SERVICE, Kind.PARTNER
    services["funder"] = np.where(ids[:NEEDS] == Need.HEALTH, HEALTH_SERVICE, COUNCIL)
    services["sector"] = np.where(ids[:NEEDS] == Need.HEALTH, Sector.HEALTH, Sector.COUNCIL)
    services["serves"] = np.eye(NEEDS, dtype=np.int64)
    services["basket"] = BASKETS["office services"]
    table["energy_renewal"] = chance_column(seed, Decision.FOUND_PARTNER, ids, 0) * 12
    table["energy_price"] = 1.0
    quality = normal_column(seed, Decision.FOUND_PARTNER, ids, 1)
    cost = normal_column(seed, Decision.FOUND_PARTNER, ids, 2)
    table["quality"] = np.clip(0.78 + 0.05 * quality, 0.5, 0.95)
    table["base_cost"] = float(parameters["base_cost"]) * np.clip(1.0 + 0.06 * cost, 0.7, 1.3)
    table["practice"] = 0.55 + 0.1 * chance_column(seed, Decision.FOUND_PARTNER, ids, 3)
    services["quality"] = 0.78
    services["base_cost"] = float(parameters["base_cost"])
    found_partners(seed, partners, parameters)
    saved = float(parameters["practice_saving"]) * table["practice"]
    table["unit_cost"] = table["base_cost"] * (1.0 - saved)
    return table


def found_partners(seed: int, partners: Table, parameters: np.void) -> None:
    """Partners' sectors, needs, baskets, roots, and how far each goes after its own gain."""
    ids = partners["id"]
    main = (ids - NEEDS) % NEEDS
    sector = chance_column(seed, Decision.FOUND_PARTNER, ids, 4)
    partners["sector"] = np.where(
        sector < 0.45, Sector.PRIVATE, np.where(sector < 0.85, Sector.THIRD, Sector.OTHER_PUBLIC)
    )
    also = chance_column(seed, Decision.FOUND_PARTNER, ids, 5)
    which = (chance_column(seed, Decision.FOUND_PARTNER, ids, 6) * (NEEDS - 2)).astype(np.int64)
    rows = np.arange(len(partners))
    partners["serves"][rows, main] = 1
    second = also < 0.7
    third = also < 0.3
    partners["serves"][rows[second], (main + 1 + which)[second] % NEEDS] = 1
    partners["serves"][rows[third], (main + 2 + which)[third] % NEEDS] = 1
    half = chance_column(seed, Decision.FOUND_PARTNER, ids, 7) < 0.5
    for partner, need, first in zip(partners, main, half, strict=True):
        partner["basket"] = BASKETS[kind_of_work(int(need), bool(first), int(partner["sector"]))]
    rooted = chance_column(seed, Decision.FOUND_PARTNER, ids, 8)
    partners["neighbourhood"] = np.where(rooted < 0.3, (rooted / 0.3 * 6).astype(np.int64), NOBODY)
    rider = chance_column(seed, Decision.FOUND_PARTNER, ids, 9) < float(parameters["free_riders"])
    nature = chance_column(seed, Decision.FOUND_PARTNER, ids, 10)
    partners["opportunism"] = np.where(rider, 0.6 + 0.4 * nature, 0.3 * nature)


def kind_of_work(need: int, first: bool, sector: int) -> str:
    """What a partner's work is like, which decides what its costs are made of."""
    if need == Need.CARE:
        return "residential care" if first else "home care"
    if need == Need.HEALTH:
        return "leisure" if first else "home care"
    if need == Need.HOUSING and first:
        return "residential care"
    return "charity" if sector == Sector.THIRD else "office services"


def places_for(need: int, residents: int, parameters: np.void) -> float:
    """Places a month the town is staffed for, own and bought together."""
    return float(parameters["capacity"] * parameters["capacity_mix"][need] * residents)


def found_agreements(
    scenario: Scenario, residents: int, services: Table, partners: Table, parameters: np.void
) -> Table:
    """Each service buys a share of its places from partners that serve its need, drawn by lot, in equal lots.

    Where nobody serves a need the service is staffed to give every place itself.
    """
    rows: list[Table] = []
    share = float(parameters["share_bought"])
    a_post = float(parameters["places_per_worker"] * parameters["usable_time"])
    held = 0
    for need in range(NEEDS):
        service = services[need]
        sellers = draw_sellers(scenario, need, partners) if share > 0.0 else np.empty(0, np.int64)
        places = places_for(need, residents, parameters)
        bought = places * share if len(sellers) else 0.0
        service["posts"] = (places - bought) / a_post
        service["first_agreement"], service["last_agreement"] = held, held + len(sellers)
        held += len(sellers)
        table = filled(RECORDS["ties"], len(sellers))
        table["layer"], table["buyer"], table["seller"], table["need"] = Layer.AGREEMENT, need, sellers, need
        table["agreed"] = bought / max(1, len(sellers))
        table["posts"] = table["agreed"] / a_post
        rows.append(table)
    agreements = np.concatenate(rows)
    slots = np.arange(len(agreements))
    agreements["id"] = slots
    by_row = partners["id"].searchsorted(agreements["seller"])
    np.add.at(partners["posts"], by_row, agreements["posts"])
    cost = partners["unit_cost"][by_row]
    agreements["cost_when_priced"] = cost
    agreements["price"] = (1.0 + float(parameters["margin"])) * cost
    for name in ("first_price", "lowest_price", "highest_price"):
        agreements[name] = agreements["price"]
    for tie in agreements:
        tie["address"] = address_of(int(tie["buyer"]), int(tie["seller"]), int(tie["need"]), int(tie["id"]))
    found_trust(agreements, parameters)
    return agreements


def draw_sellers(scenario: Scenario, need: int, partners: Table) -> Column:
    """Partners that hold this need's agreements at the start: drawn by lot, none twice while others are left."""
    able = partners["id"][partners["serves"][:, need] == 1]
    lots = chance_column(scenario.seed, Decision.FOUND_AGREEMENT, able, need)
    drawn = able[np.argsort(lots, kind="stable")]
    return np.resize(drawn, scenario.agreements_per_service) if len(drawn) else drawn


def found_trust(ties: Table, parameters: np.void) -> None:
    """Every tie starts in force, with the same trust on both sides."""
    ties["active"] = 1
    ties["trust_of_buyer"] = ties["trust_of_seller"] = float(parameters["first_trust"])
    ties["event"] = NOBODY


def found_peers(scenario: Scenario, organisations: Table) -> Table:
    """Who knows whom among organisations: services in a ring; partners with the next of their kind, and by lot.

    A file of the user's own takes the place of this.
    """
    given = read_peers(scenario, organisations) if scenario.graph.get("peer") else None
    ends = given if given is not None else peers_by_lot(scenario.seed, organisations)
    table = filled(RECORDS["ties"], len(ends))
    table["layer"] = Layer.PEER
    table["need"] = NOBODY
    for row, (one, other) in zip(table, ends, strict=True):
        row["buyer"], row["seller"] = one, other
        row["address"] = address_of(one, other, NEEDS, 0)
    found_trust(table, found_parameters(scenario))
    return table


def peers_by_lot(seed: int, organisations: Table) -> list[tuple[int, int]]:
    """Pairs of organisations that know each other, each once, lower row first."""
    pairs = {tuple(sorted((need, (need + 1) % NEEDS))) for need in range(NEEDS)}
    partners = [int(row) for row in organisations["id"][NEEDS:]]
    lots = chance_column(seed, Decision.FOUND_PEER, partners, 0) if partners else np.empty(0)
    for place, one in enumerate(partners):
        same_work = [other for other in partners if other % NEEDS == one % NEEDS and other > one]
        if same_work:
            pairs.add((one, same_work[0]))
        other = partners[(place + 1 + int(lots[place] * (len(partners) - 1))) % len(partners)]
        if other != one:
            pairs.add((min(one, other), max(one, other)))
    return sorted(pairs)  # type: ignore[arg-type]


def write_terms(scenario: Scenario, ties: Table, agreements: int) -> None:
    """Write the dials of the scenario's governance on every tie, layer by layer; spread the ends of terms by lot."""
    layers = scenario.terms()
    for layer, rows in (("agreement", ties[:agreements]), ("peer", ties[agreements:])):
        for dial, value in layers[layer].items():
            rows[dial] = value
    held = ties[:agreements]
    lots = chance_column(scenario.seed, Decision.FOUND_AGREEMENT, held["address"], NEEDS)
    held["months_left"] = 1 + (lots * held["term"]).astype(np.int64)
    held["age"] = held["term"].astype(np.int64) - held["months_left"]


def found_money(seed: int, organisations: Table, agreements: Table, parameters: np.void) -> Table:
    """Staff, budgets and reserves: the same under every governance. Returns the two funders."""
    services, partners = organisations[:NEEDS], organisations[NEEDS:]
    leaving, filling = float(parameters["leaving"]), float(parameters["filling"])
    filled_posts = filling / (leaving + filling) if leaving + filling > 0.0 else 1.0
    organisations["staff"] = organisations["posts"] * filled_posts
    value = agreements["price"] * agreements["agreed"]
    purchases = float(parameters["planned_use"]) * np.bincount(agreements["buyer"], value, minlength=NEEDS)
    own = services["unit_cost"] * services["staff"] * float(parameters["places_per_worker"])
    allowance = 1.0 + float(parameters["tie_allowance"])
    services["budget"] = (own + allowance * purchases) * (1.0 + float(parameters["headroom"]))
    usual = np.bincount(agreements["seller"], agreements["agreed"], minlength=len(organisations))[NEEDS:]
    typical = float(usual[usual > 0].mean()) if (usual > 0).any() else 1.0
    partners["usual_cost"] = np.where(usual > 0, usual, typical) * partners["unit_cost"]
    found_reserves(seed, partners, parameters)
    funders = filled(RECORDS["funders"], 2)
    funders["id"] = (COUNCIL, HEALTH_SERVICE)
    funders["budget"] = np.bincount(services["funder"], services["budget"], minlength=2)
    funders["reserves"] = float(parameters["funder_reserves"]) * funders["budget"]
    return funders


def found_reserves(seed: int, partners: Table, parameters: np.void) -> None:
    """Partners' reserves are very unequal; a share of charities has next to none. £."""
    ids = partners["id"]
    spread = float(parameters["reserves_spread"])
    bell = normal_column(seed, Decision.FOUND_PARTNER, ids, 11)
    months = float(parameters["reserves_median"]) * np.array([math.exp(spread * z) for z in bell.tolist()])
    poor = chance_column(seed, Decision.FOUND_PARTNER, ids, 12) < float(parameters["charities_without_reserves"])
    months = np.where(poor & (partners["sector"] == Sector.THIRD), 0.5, months)
    partners["own_reserves"] = months
    partners["reserves"] = months * partners["usual_cost"]


def name_of(town: Town, organisation: int) -> str:
    """What an organisation is called."""
    row = town.organisations[organisation]
    if organisation < NEEDS:
        return SERVICE_NAMES[organisation]
    main = (organisation - NEEDS) % NEEDS
    sector = Sector(int(row["sector"])).name.lower().replace("_", " ").replace("third", "charity")
    return f"{Need(main).name.title()} partner {organisation - NEEDS + 1} ({sector})"


def make_room(town: Town, months: int) -> Town:
    """The same town with room to live this many months more: history and events grow where they must."""
    wanted = int(town.clock["month"]) + months
    changed: dict[str, Any] = {}
    if wanted > len(town.history):
        places = len(town.neighbourhoods)
        changed["history"] = _longer(town.history, wanted)
        changed["neighbourhood_history"] = _longer(town.neighbourhood_history, wanted * places)
    return town._replace(**changed) if changed else town


def more_events(town: Town) -> Town:
    """The same town with twice the room for events."""
    return town._replace(events=_longer(town.events, 2 * len(town.events) + 64))


def _longer(table: Table, rows: int) -> Table:
    longer = np.zeros(rows, table.dtype)
    longer[: len(table)] = table
    return longer


def copy_town(town: Town) -> Town:
    """An exact copy that shares no memory with the original; slices are slices of the copy again."""
    organisations, ties = town.organisations.copy(), town.ties.copy()
    agreements = len(town.agreements)
    whole = {"organisations": organisations, "services": organisations[:NEEDS], "partners": organisations[NEEDS:]}
    whole |= {"ties": ties, "agreements": ties[:agreements], "peers": ties[agreements:]}
    rest = {name: _copy(value) for name, value in town._asdict().items() if name not in whole}
    return Town(**whole, **rest)


def _copy(value: Any) -> Any:
    if isinstance(value, np.void):
        holder = np.empty(1, value.dtype)
        holder[0] = value
        return holder[0]
    return value.copy()
