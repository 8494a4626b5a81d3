"""Founding a town: a scenario becomes tables. The same seed founds the same town, to the last bit.

Change this file to change who lives in the town and who is tied to whom at the start. Every founding
draw has an address (seed, decision, who), so one resident more or less changes nobody else. Terms are
written on the ties last: two towns that differ in governance are otherwise founded alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.agreements import address_of
from agents.chance import Decision, bell_column, chance_column, chance_columns
from agents.declared import dtype_of, fields_of, filled
from agents.parameters import Parameters
from agents.tables import (
    COMPONENTS,
    GREEDY,
    HIGHEST_QUALITY,
    LEAST_PRACTICE,
    LOWEST_QUALITY,
    LOYAL,
    MONTHS_A_YEAR,
    NEEDS,
    NOBODY,
    PRACTICE_SPREAD,
    QUALITY_SPREAD,
    RECORDS,
    USUAL_QUALITY,
    Kind,
    Layer,
    Need,
    Sector,
    Town,
    dtype,
)
from agents.terms import DIALS, Terms
from simulation.graphs import found_kith_pairs, found_peer_pairs, read_kith, read_peers
from simulation.measures import HISTORY, NeighbourhoodMonth
from simulation.scenario import Scenario
from simulation.shocks import outside_of

Table = npt.NDArray[np.void]
Column = npt.NDArray[Any]

BASKETS = {
    # energy, food, labour, other. Residential care: Laing's model of cost, 2021/22, without capital. Home care:
    # Homecare Association 2025/26. Leisure: energy up to 30% in a sports centre, trade sources. The rest assumed.
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
    count, pairs = read_kith(scenario) if "kith" in scenario.graph_files() else (scenario.residents, None)
    residents = found_residents(scenario.seed, count, len(neighbourhoods), parameters)
    neighbourhoods["people"] = np.bincount(residents["neighbourhood"], minlength=len(neighbourhoods))
    if pairs is None:
        pairs = found_kith_pairs(scenario, residents["neighbourhood"])
    kith = found_kith(residents, pairs)
    organisations = found_organisations(scenario, parameters)
    ties, agreements = found_ties(scenario, count, organisations, parameters)
    funders = found_money(scenario.seed, organisations, ties[:agreements], parameters)
    share = float(parameters["crises_paid_by_health"])
    funders["crisis_budget"][HEALTH_SERVICE] = share * float(parameters["crisis_allowance"]) * count
    funders["tier_trust"] = organisations["broker_trust"] = float(parameters["first_trust"])
    clock = filled(RECORDS["clock"], 1)
    clock["seed"] = scenario.seed
    many = len(organisations)
    return Town(
        residents=residents,
        organisations=organisations,
        services=organisations[:NEEDS],
        partners=organisations[NEEDS:],
        ties=ties,
        agreements=ties[:agreements],
        peers=ties[agreements:],
        funders=funders,
        neighbourhoods=neighbourhoods,
        queue=np.zeros(NEEDS * count, dtype("queue")),
        kith=kith,
        handoff=np.zeros((many, many)),
        wishes=np.zeros(many, dtype("wishes")),
        outside=outside_of(scenario),
        events=np.zeros(room_for_events(count, many, scenario.months), dtype("events")),
        history=np.zeros(scenario.months, HISTORY),
        neighbourhood_history=np.zeros(scenario.months * len(neighbourhoods), dtype_of(NeighbourhoodMonth)),
        parameters=parameters,
        clock=clock[0],
        books=filled(RECORDS["books"], 1)[0],
        count=filled(RECORDS["count"], 1)[0],
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
    """Neighbourhoods from least to most deprived, evenly spread; kith help less where life is harder (assumed)."""
    table = filled(RECORDS["neighbourhoods"], scenario.neighbourhoods)
    table["id"] = np.arange(len(table))
    table["deprivation"] = (table["id"] + 0.5) / len(table)
    table["social_capital"] = 0.8 - 0.4 * table["deprivation"]
    return table


def found_residents(seed: int, count: int, neighbourhoods: int, parameters: np.void) -> Table:
    """Residents with home, age, means, and the needs they bring with them.

    Means fall with deprivation; poorer households spend more of what they have on energy and food
    (assumed; ONS family spending has the poorest fifth at about twice the richest fifth's share).
    """
    table = filled(RECORDS["residents"], count)
    ids = np.arange(count)
    table["id"] = table["luck"] = ids
    lots = chance_columns(seed, Decision.FOUND_RESIDENT, ids, range(4 + 2 * NEEDS))
    home = (lots[:, 0] * neighbourhoods).astype(np.int64)
    deprivation = (home + 0.5) / neighbourhoods
    table["neighbourhood"] = home
    table["age"] = 18.0 + 74.0 * lots[:, 1]
    means = 0.5 * lots[:, 2] + 0.5 * (1.0 - deprivation)
    table["slack"] = means
    table["energy_share"] = 0.03 + 0.07 * (1.0 - means)
    table["food_share"] = 0.08 + 0.10 * (1.0 - means)
    older = np.maximum(0.0, (table["age"] - 60.0) / 60.0)
    table["online"] = lots[:, 3] > 0.05 + 0.6 * older
    brought = lots[:, 4 : 4 + NEEDS]
    table["need"] = np.where(brought < 0.05, 6.0 * brought, 0.1 * brought)
    table["trust"] = 0.4 + 0.4 * lots[:, 4 + NEEDS :]
    spread = float(parameters["frailty_spread"])
    exp, centre = math.exp, -0.5 * spread * spread
    bell = bell_column(seed, Decision.FOUND_FRAILTY, ids) if spread > 0.0 else np.zeros(count)
    table["frailty"] = [exp(spread * z + centre) for z in bell.tolist()]
    return table


def found_kith(residents: Table, pairs: Column) -> Column:
    """Each resident's neighbours in one list, with first and last marked on the resident; pairs as in `each_once`."""
    count = len(residents)
    low = pairs // count
    both = np.append(pairs, (pairs - low * count) * count + low)
    both.sort()
    since = both // count
    last = np.cumsum(np.bincount(since, minlength=count))
    residents["last_kith"] = last
    residents["first_kith"][1:] = last[:-1]
    return both - since * count


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
    lots = chance_columns(seed, Decision.FOUND_ORGANISATION, ids, (*range(10), 11))
    table["technology"] = lots[:, 10] < float(parameters["technology_start"])
    table["threshold"] = int(parameters["learning_threshold"])
    table["energy_renewal"] = lots[:, 0] * MONTHS_A_YEAR
    table["energy_price"] = 1.0
    quality = bell_column(seed, Decision.FOUND_QUALITY, ids)
    cost = bell_column(seed, Decision.FOUND_COST, ids)
    table["quality"] = np.clip(USUAL_QUALITY + QUALITY_SPREAD * quality, LOWEST_QUALITY, HIGHEST_QUALITY)
    table["base_cost"] = float(parameters["base_cost"]) * np.clip(1.0 + 0.06 * cost, 0.7, 1.3)
    table["practice"] = LEAST_PRACTICE + PRACTICE_SPREAD * lots[:, 1]
    services["quality"] = USUAL_QUALITY
    services["base_cost"] = float(parameters["base_cost"])
    found_partners(partners, lots[NEEDS:, 2:10], scenario.neighbourhoods, float(parameters["free_riders"]))
    saved = float(parameters["practice_saving"]) * table["practice"]
    licences = float(parameters["technology_cost"]) * table["technology"]
    table["unit_cost"] = table["base_cost"] * (1.0 - saved) * (1.0 + licences)
    services["prevention"] = services["upstream"] = float(parameters["prevention_share"])
    return table


def found_partners(partners: Table, lots: Column, neighbourhoods: int, free_riders: float) -> None:
    """Partners' sectors, needs, baskets, roots, and how far each goes after its own gain."""
    main = (partners["id"] - NEEDS) % NEEDS
    by_sector = np.searchsorted((0.45, 0.85), lots[:, 0], side="right")
    partners["sector"] = np.array((Sector.PRIVATE, Sector.THIRD, Sector.OTHER_PUBLIC))[by_sector]
    rows = np.arange(len(partners))
    partners["serves"][rows, main] = 1
    step = 1 + (lots[:, 2] * (NEEDS - 2)).astype(np.int64)
    second, third = lots[:, 1] < 0.7, lots[:, 1] < 0.3
    partners["serves"][rows[second], (main + step)[second] % NEEDS] = 1
    partners["serves"][rows[third], (main + step + 1)[third] % NEEDS] = 1
    partners["basket"] = [
        BASKETS[kind_of_work(need, lot < 0.5, sector)]
        for need, lot, sector in zip(main.tolist(), lots[:, 3].tolist(), partners["sector"].tolist(), strict=True)
    ] or np.empty((0, COMPONENTS))
    rooted = (lots[:, 4] / 0.3 * neighbourhoods).astype(np.int64)
    partners["neighbourhood"] = np.where(lots[:, 4] < 0.3, rooted, NOBODY)
    greedy, loyal = GREEDY + (1.0 - GREEDY) * lots[:, 6], LOYAL * lots[:, 6]
    partners["opportunism"] = np.where(lots[:, 5] < free_riders, greedy, loyal)


def kind_of_work(need: int, first: bool, sector: int) -> str:
    """What a partner's work is like, which decides what its costs are made of."""
    if need == Need.CARE:
        return "residential care" if first else "home care"
    if need == Need.HEALTH:
        return "leisure" if first else "home care"
    if need == Need.HOUSING and first:
        return "residential care"
    return "charity" if sector == Sector.THIRD else "office services"


def found_ties(scenario: Scenario, residents: int, organisations: Table, parameters: np.void) -> tuple[Table, int]:
    """All ties, agreements first, and how many of them are agreements.

    Each service buys a share of its places from partners that serve its need, in equal lots. Where
    nobody serves a need, or nothing is bought, the service is staffed to give every place itself.
    """
    services, partners = organisations[:NEEDS], organisations[NEEDS:]
    share = float(parameters["share_bought"])
    lots = chance_columns(scenario.seed, Decision.FOUND_AGREEMENT, partners["id"], range(NEEDS))
    many = scenario.agreements_per_service if share > 0.0 else 0
    sellers = [draw_sellers(partners, need, lots[:, need], many) for need in range(NEEDS)]
    peers = found_peers(scenario, organisations)
    held = np.array([len(row) for row in sellers])
    ties = filled(RECORDS["ties"], int(held.sum()) + len(peers))
    agreements, knowing = np.split(ties, [held.sum()])
    ties["id"] = np.arange(len(ties))
    agreements["layer"], knowing["layer"] = Layer.AGREEMENT, Layer.PEER
    agreements["buyer"] = agreements["need"] = np.repeat(np.arange(NEEDS), held)
    agreements["seller"] = np.concatenate(sellers)
    knowing["buyer"], knowing["seller"] = peers.T
    agreements["address"] = address_of(*(agreements[end] for end in ("buyer", "seller", "need", "id")))
    knowing["address"] = address_of(knowing["buyer"], knowing["seller"], NEEDS, 0)
    ties["active"] = 1
    ties["trust_of_buyer"] = ties["trust_of_seller"] = float(parameters["first_trust"])
    services["last_agreement"] = np.cumsum(held)
    services["first_agreement"] = services["last_agreement"] - held
    found_volumes(residents, organisations, agreements, held, parameters)
    write_terms(scenario, organisations, ties, len(agreements), parameters)
    return ties, len(agreements)


def found_volumes(residents: int, organisations: Table, agreements: Table, held: Column, parameters: np.void) -> None:
    """Places, the posts that give them, and first prices. Posts allow for vacancies, burnout and ties alike."""
    a_post = float(parameters["places_per_worker"] * parameters["usable_time"])
    places = float(parameters["capacity"]) * parameters["capacity_mix"] * residents
    bought = np.where(held > 0, float(parameters["share_bought"]) * places, 0.0)
    organisations["posts"][:NEEDS] = (places - bought) / a_post
    agreements["agreed"] = (bought / np.maximum(held, 1))[agreements["need"]]
    agreements["posts"] = agreements["agreed"] / a_post
    sellers = agreements["seller"]
    organisations["posts"][NEEDS:] = np.bincount(sellers, agreements["posts"], minlength=len(organisations))[NEEDS:]
    agreements["cost_when_priced"] = organisations["unit_cost"][sellers]
    agreements["price"] = (1.0 + float(parameters["margin"])) * agreements["cost_when_priced"]
    for name in ("first_price", "lowest_price", "highest_price"):
        agreements[name] = agreements["price"]


def draw_sellers(partners: Table, need: int, lots: Column, many: int) -> Column:
    """Partners that hold this need's agreements at the start: drawn by lot, none twice while others are left."""
    able = partners["serves"][:, need] == 1
    drawn = partners["id"][able][np.argsort(lots[able], kind="stable")]
    return np.resize(drawn, many) if len(drawn) else drawn


def found_peers(scenario: Scenario, organisations: Table) -> Column:
    """Who knows whom among organisations: pairs of rows, each once, lower row first."""
    if "peer" in scenario.graph_files():
        pairs = read_peers(scenario, organisations)
    else:
        pairs = found_peer_pairs(scenario, organisations)
    return np.stack(np.divmod(pairs, len(organisations)), axis=1)


def write_terms(scenario: Scenario, organisations: Table, ties: Table, held: int, parameters: np.void) -> None:
    """Write the dials of the scenario's governance on every tie, layer by layer; spread the ends of terms by lot.

    Organisations ask for what agreements are held on. Where they differ from the start, each draws every dial
    towards a lot of its own over the dial's range; buyers then write agreements, and peers meet half way.
    """
    layers = scenario.terms()
    agreements = ties[:held]
    for layer, rows in (("agreement", agreements), ("peer", ties[held:]), ("agreement", organisations)):
        for dial, value in layers[layer].items():
            rows[dial] = value
    if parameters["terms_spread"] > 0.0:
        spread_terms(scenario.seed, organisations, ties, parameters)
    lots = chance_column(scenario.seed, Decision.FOUND_TERM, agreements["address"])
    whole_months = agreements["term"].astype(np.int64)
    agreements["months_left"] = 1 + (lots * whole_months).astype(np.int64)
    agreements["age"] = whole_months - agreements["months_left"]


def spread_terms(seed: int, organisations: Table, ties: Table, parameters: np.void) -> None:
    """Draw what each organisation asks for, dial by dial, and write the ties between them accordingly."""
    spread, sellers_say = float(parameters["terms_spread"]), float(parameters["sellers_say"])
    lots = chance_columns(seed, Decision.FOUND_WISHES, organisations["id"], range(len(DIALS)))
    say = np.where(ties["layer"] == Layer.PEER, 0.5, sellers_say)
    for place, dial in enumerate(DIALS):
        declared = fields_of(Terms)[dial]
        drawn = declared.low + lots[:, place] * (declared.high - declared.low)
        organisations[dial] = (1.0 - spread) * organisations[dial] + spread * drawn
        asked = organisations[dial]
        ties[dial] = (1.0 - say) * asked[ties["buyer"]] + say * asked[ties["seller"]]


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
    bell = bell_column(seed, Decision.FOUND_RESERVES, ids)
    months = float(parameters["reserves_median"]) * np.array([math.exp(spread * z) for z in bell.tolist()])
    poor = chance_column(seed, Decision.FOUND_ORGANISATION, ids, 10) < float(parameters["charities_without_reserves"])
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


PARTS = ("services", "partners", "agreements", "peers")
"""Tables that are parts of others, and share their memory."""


def packed(town: Town) -> dict[str, Any]:
    """The town's own tables by name, to be kept or sent; single records become tables of one row."""
    own = {name: value for name, value in town._asdict().items() if name not in PARTS}
    singles = {name: np.asarray(value).reshape(1) for name, value in own.items() if isinstance(value, np.void)}
    return own | singles | {"agreements held": len(town.agreements), "singles": tuple(singles)}


def unpacked(tables: Mapping[str, Any]) -> Town:
    """The town that was packed; services and partners are parts of the organisations again."""
    organisations, ties, held = tables["organisations"], tables["ties"], tables["agreements held"]
    own = {name: tables[name] for name in Town._fields if name in tables}
    own |= {name: tables[name][0] for name in tables["singles"]}
    services, partners = organisations[:NEEDS], organisations[NEEDS:]
    return Town(**own, services=services, partners=partners, agreements=ties[:held], peers=ties[held:])
