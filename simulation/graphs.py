"""The town as a graph: kinds of graph to found it on, files of the user's own, and NetworkX to look at it.

Change this file to found the town on another kind of graph: write it, list its name in GRAPHS in scenario.py,
and say what its ties may join in `cells_of`. Every kind has as many ties as the layer's usual graph would have
with the same seed, so that two kinds differ in who is tied to whom and not in how many ties there are.

During a run the tables are the graph; `graph_of` makes a NetworkX graph of them at any month, with four layers
of edges: kith, uses, agreement and peer.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx
import numpy as np
import numpy.typing as npt

from agents.chance import Decision, chance_column, chance_columns
from agents.tables import NEEDS, NOBODY, Need, Sector, Status, Town
from agents.terms import DIALS
from simulation.scenario import Scenario, ScenarioError

Column = npt.NDArray[np.int64]

NEAR = 3
"""Each resident knows this many on either side: k = 6."""
REWIRED = 0.1
BRIDGES = 0.02
WITHIN = 0.8
"""In a block graph, the share of ties that stay inside their block. Assumed."""
CORE = 0.1
"""The share of residents who are the core of a core-periphery graph. Assumed."""
ENDS_IN_CORE = 0.5
"""How many of all ends of ties lie in the core, so that a quarter of ties join two of the core. Assumed."""


# ---- founding ---------------------------------------------------------------------------------------


def found_kith_pairs(scenario: Scenario, neighbourhood: Column) -> Column:
    """Who knows whom among residents, on the kind of graph the scenario names. Pairs as in `each_once`.

    Blocks are neighbourhoods; the core is a tenth of the residents, drawn by lot.
    """
    usual = neighbours_in_small_worlds(scenario.seed, neighbourhood)
    kind = scenario.graph["kith"]
    if kind == "small_world":
        return usual
    luck = Luck(scenario.seed, Decision.FOUND_KITH, 2 + 2 * NEAR)
    count = len(neighbourhood)
    lots = chance_column(luck.seed, luck.decision, np.arange(count), luck.part)
    core = np.zeros(count, np.bool_)
    core[np.argsort(lots, kind="stable")[: max(1, round(CORE * count))]] = True
    return tied_as(kind, luck.next(), len(usual), neighbourhood, core)


def found_peer_pairs(scenario: Scenario, organisations: npt.NDArray[np.void]) -> Column:
    """Who knows whom among organisations, on the kind of graph the scenario names. Pairs as in `each_once`.

    Blocks are a service and the partners whose main work is its need; the core is the services. Mutual aid passes
    only between partners, and on all kinds but `by_lot` some of the ties join a partner to a service. Every kind has
    as many ties as `by_lot`. The small world is the usual one: a hand-off and mutual aid do best on `by_lot`, so that
    it would be the kindest start to governances that live on them.
    """
    by_lot = peers_by_lot(scenario.seed, organisations["id"])
    kind = scenario.graph["peer"]
    if kind == "by_lot":
        return by_lot
    luck = Luck(scenario.seed, Decision.FOUND_PEER, 1)
    main = organisations["id"] % NEEDS
    if kind == "small_world":
        return small_world(luck, np.argsort(main, kind="stable"), len(by_lot))
    return tied_as(kind, luck, len(by_lot), main, organisations["id"] < NEEDS)


def neighbours_in_small_worlds(seed: int, neighbourhood: Column) -> Column:
    """Who knows whom among residents: a small world in each neighbourhood, and a few bridges. Pairs as in `each_once`.

    Each resident is tied to three on either side of a ring; one tie in ten goes to someone at random in
    the same neighbourhood instead; one resident in fifty has a tie to anyone in town.

    Source: Watts & Strogatz (1998), k = 6, p = .1; every draw by address.
    """
    count = len(neighbourhood)
    everyone = np.arange(count)
    order = np.argsort(neighbourhood, kind="stable")
    size = np.bincount(neighbourhood)
    first = np.cumsum(size) - size
    mine, start = size[neighbourhood], first[neighbourhood]
    place = np.empty(count, np.int64)
    place[order] = everyone - start[order]
    lots = chance_columns(seed, Decision.FOUND_KITH, everyone, range(2 + 2 * NEAR))
    ring = (place[:, None] + np.arange(1, NEAR + 1)) % mine[:, None]
    anyone = (lots[:, 2::2] * mine[:, None]).astype(np.int64)
    near = order[start[:, None] + np.where(lots[:, 3::2] < REWIRED, anyone, ring)]
    bridging = np.flatnonzero(lots[:, 0] < BRIDGES)
    far = (lots[bridging, 1] * count).astype(np.int64)
    return each_once(np.append(np.repeat(everyone, NEAR), bridging), np.append(near, far), count)


def each_once(ones: Column, others: Column, count: int) -> Column:
    """Pairs of rows without loops and repeats, in order, each as one number: the lower row × count + the higher."""
    return in_order((np.minimum(ones, others) * count + np.maximum(ones, others))[ones != others])


def in_order(pairs: Column) -> Column:
    """Pairs in order, each once. NumPy's own `unique` hashes, and takes over ten times as long for millions."""
    pairs.sort()
    return pairs[np.append(True, pairs[1:] != pairs[:-1])] if len(pairs) else pairs


def peers_by_lot(seed: int, organisations: Column) -> Column:
    """Services know the next in a ring; a partner knows the next with the same main work, and one more by lot."""
    count = len(organisations)
    services, partners = organisations[:NEEDS], organisations[NEEDS:]
    many = len(partners)
    lots = chance_column(seed, Decision.FOUND_PEER, partners)
    another = NEEDS + (np.arange(many) + 1 + (lots * (many - 1)).astype(np.int64)) % max(many, 1)
    same_work = np.where(partners + NEEDS < count, partners + NEEDS, partners)
    ones = np.concatenate([services, partners, partners])
    return each_once(ones, np.concatenate([(services + 1) % NEEDS, same_work, another]), count)


def small_world(luck: Luck, order: Column, many: int) -> Column:
    """A small world of so many ties: rows know those nearest in a ring, and one tie in ten is replaced by any other.

    Where the ties do not come out even, lot decides who also knows the next one on. Pairs as in `each_once`.

    Source: Watts & Strogatz (1998), p = .1. We replace both ends of a tie, where they move one.
    """
    count = len(order)
    far = -(-many // count)
    place, distance = np.tile(np.arange(count), far), np.repeat(np.arange(1, far + 1), count)
    lots = chance_columns(luck.seed, luck.decision, np.arange(len(place)), (luck.part, luck.part + 1))
    nearest = np.argsort(distance + lots[:, 0], kind="stable")[:many]
    kept = nearest[lots[nearest, 1] >= REWIRED]
    ring = each_once(order[place[kept]], order[(place + distance)[kept] % count], count)
    anyone = cell_of(np.arange(count), np.zeros(count, np.int64))
    return filled_up(luck.next(2), anyone, ring, many, count)


# ---- kinds of graph made of cells ---------------------------------------------------------------------


class Luck(NamedTuple):
    """Where draws have their address: seed, decision and the first part that is free."""

    seed: int
    decision: int
    part: int

    def next(self, parts: int = 1) -> Luck:
        """Luck that was not used yet."""
        return self._replace(part=self.part + parts)


class Cell(NamedTuple):
    """Pairs that a tie may join: any two rows of one group, or, across, any two of different groups."""

    order: Column
    """Rows, group by group."""
    first: Column
    """Where each group begins in the order."""
    others: Column
    """How many others each member of a group may be tied to."""
    ends: Column
    """How many ordered pairs begin in this group or an earlier one."""
    across: bool

    @property
    def room(self) -> int:
        """How many pairs there are."""
        return int(self.ends[-1]) // 2 if len(self.ends) else 0

    def pairs(self, numbers: Column) -> tuple[Column, Column]:
        """The ordered pairs with these numbers; two numbers, of 2 × room, stand for every pair."""
        group = np.searchsorted(self.ends, numbers, side="right")
        begin = np.append(0, self.ends[:-1])[group]
        one, other = np.divmod(numbers - begin, self.others[group])
        first = self.first[group]
        if self.across:
            size = np.diff(np.append(self.first, len(self.order)))[group]
            return self.order[first + one], self.order[other + np.where(other >= first, size, 0)]
        return self.order[first + one], self.order[first + other + (other >= one)]


def cell_of(rows: Column, group: Column, across: bool = False) -> Cell:
    """The pairs of these rows that lie inside one group each, or across two; groups are numbered from 0."""
    size = np.bincount(group)
    others = len(rows) - size if across else np.maximum(size - 1, 0)
    first = np.cumsum(size) - size
    return Cell(rows[np.argsort(group, kind="stable")], first, others, np.cumsum(size * others), across)


def tied_as(kind: str, luck: Luck, many: int, block: Column, core: npt.NDArray[np.bool_]) -> Column:
    """So many ties on this kind of graph, among rows with these blocks and this core. Pairs as in `each_once`."""
    cells, shares = zip(*cells_of(kind, block, core), strict=True)
    held = shared_out(many, shares, [cell.room for cell in cells])
    drawn = []
    for cell, ties in zip(cells, held, strict=True):
        drawn.append(ties_by_lot(luck, cell, ties, len(block)))
        luck = luck.next()
    return np.sort(np.concatenate(drawn))


def cells_of(kind: str, block: Column, core: npt.NDArray[np.bool_]) -> list[tuple[Cell, float]]:
    """Which pairs ties may join on each kind of graph, and what share of all ties each of these sets has.

    Source: random, Erdős & Rényi (1959), with a set number of ties; block, Holland, Laskey & Leinhardt (1983);
    core_periphery, Borgatti & Everett (1999) as a block graph of two groups, Zhang, Martin & Newman (2015).
    """
    rows = np.arange(len(block))
    if kind == "random":
        return [(cell_of(rows, np.zeros_like(rows)), 1.0)]
    if kind == "block":
        return [(cell_of(rows, block), WITHIN), (cell_of(rows, block, across=True), 1.0 - WITHIN)]
    inner, outer = rows[core], rows[~core]
    return [
        (cell_of(inner, np.zeros_like(inner)), ENDS_IN_CORE * ENDS_IN_CORE),
        (cell_of(rows, core.astype(np.int64), across=True), 2.0 * ENDS_IN_CORE * (1.0 - ENDS_IN_CORE)),
        (cell_of(outer, np.zeros_like(outer)), (1.0 - ENDS_IN_CORE) * (1.0 - ENDS_IN_CORE)),
    ]


def shared_out(many: int, shares: Sequence[float], rooms: Sequence[int]) -> list[int]:
    """A number shared out: each gets its share where there is room, and what is left goes where there is room."""
    held = [min(round(many * share), room) for share, room in zip(shares, rooms, strict=True)]
    for place, room in enumerate(rooms):
        held[place] = max(0, min(room, held[place] + many - sum(held)))
    return held


def ties_by_lot(luck: Luck, cell: Cell, many: int, count: int) -> Column:
    """So many different pairs of a cell, any set of them as likely as any other. Pairs as in `each_once`.

    Where more than half of all pairs are wanted, lot decides which are left out.
    """
    if 2 * many <= cell.room:
        return filled_up(luck, cell, np.empty(0, np.int64), many, count)
    every = each_once(*cell.pairs(np.arange(2 * cell.room)), count)
    return np.setdiff1d(every, ties_by_lot(luck, cell, cell.room - many, count), assume_unique=True)


def filled_up(luck: Luck, cell: Cell, pairs: Column, many: int, count: int) -> Column:
    """These pairs, and others of the cell drawn by lot until there are so many. A pair drawn again is drawn anew."""
    drawn = 0
    while len(pairs) < many:
        draws = np.arange(drawn, drawn + many - len(pairs))
        drawn += len(draws)
        lots = chance_column(luck.seed, luck.decision, draws, luck.part)
        ones, others = cell.pairs((lots * (2 * cell.room)).astype(np.int64))
        pairs = in_order(np.append(pairs, each_once(ones, others, count)))
    return pairs


# ---- files of the user's own --------------------------------------------------------------------------


def read_kith(scenario: Scenario) -> tuple[int, Column]:
    """A file of who knows whom among residents: how many residents it has, and its pairs as in `each_once`."""
    graph = read_graph(scenario, "kith")
    row = {node: place for place, node in enumerate(graph)}
    ones = np.array([row[one] for one, _ in graph.edges()], np.int64)
    others = np.array([row[other] for _, other in graph.edges()], np.int64)
    return len(row), each_once(ones, others, len(row))


def read_peers(scenario: Scenario, organisations: npt.NDArray[np.void]) -> Column:
    """A file of ties between organisations; nodes are rows of the table: services 0 to 5, then partners."""
    graph = read_graph(scenario, "peer")
    pairs = []
    for one, other in graph.edges():
        try:
            ends = sorted((int(one), int(other)))
        except ValueError:
            raise ScenarioError(
                f"{scenario.graph['peer']}: {one!r} or {other!r} is not a row of the table of organisations; "
                f"number services 0 to {NEEDS - 1} and partners from {NEEDS}"
            ) from None
        if not 0 <= ends[0] <= ends[1] < len(organisations):
            raise ScenarioError(
                f"{scenario.graph['peer']}: the tie {one}-{other} names an organisation that is not there; "
                f"this town has rows 0 to {len(organisations) - 1}"
            )
        pairs.append(ends)
    ones, others = np.array(pairs, np.int64).reshape(-1, 2).T
    return each_once(ones, others, len(organisations))


def read_graph(scenario: Scenario, layer: str) -> nx.Graph:
    """A GraphML or edge-list file named in the scenario, as an undirected graph. Raises ScenarioError."""
    path = Path(scenario.graph[layer])
    try:
        if path.suffix.lower() == ".graphml":
            graph = nx.read_graphml(path)
        else:
            graph = nx.read_edgelist(path, data=False, delimiter="," if path.suffix.lower() == ".csv" else None)
    except FileNotFoundError:
        raise ScenarioError(f"{path}: there is no such graph file (named under graph, {layer})") from None
    except (OSError, ValueError, TypeError, SyntaxError, nx.NetworkXError) as problem:
        raise ScenarioError(
            f"{path}: this cannot be read as a graph ({problem}); use GraphML or an edge list"
        ) from None
    if len(graph) == 0:
        raise ScenarioError(f"{path}: the graph is empty; it needs at least one node")
    return nx.Graph(graph)


# ---- looking ------------------------------------------------------------------------------------------


def graph_of(town: Town) -> nx.Graph:
    """The town as one NetworkX graph: nodes ("resident", row) and ("organisation", row), edges with a layer.

    A copy at this month. Two organisations may hold several agreements: the edge keeps the count in
    `agreements` and the attributes of the first.
    """
    graph = nx.Graph(month=int(town.clock["month"]))
    for row in town.residents:
        graph.add_node(
            ("resident", int(row["id"])), kind="resident", neighbourhood=int(row["neighbourhood"]),
            wellbeing=float(row["wellbeing"]),
        )  # fmt: skip
    for row in town.organisations:
        kind = "service" if row["kind"] == 0 else "partner"
        sector = Sector(int(row["sector"])).name.lower()
        graph.add_node(("organisation", int(row["id"])), kind=kind, sector=sector, alive=bool(row["alive"]))
    _add_kith(graph, town)
    _add_uses(graph, town)
    _add_ties(graph, town)
    return graph


def _add_kith(graph: nx.Graph, town: Town) -> None:
    for row in town.residents:
        one = int(row["id"])
        for other in town.kith[row["first_kith"] : row["last_kith"]].tolist():
            if one < other:
                graph.add_edge(("resident", one), ("resident", other), layer="kith")


def _add_uses(graph: nx.Graph, town: Town) -> None:
    status, provider = town.residents["status"], town.residents["provider"]
    for one, need in np.argwhere(status != Status.NONE).tolist():
        holder = provider[one, need]
        holder = need if holder == NOBODY else int(holder)
        graph.add_edge(
            ("resident", one), ("organisation", holder), layer="uses", need=Need(need).name.lower(),
            status=Status(int(status[one, need])).name.lower(),
        )  # fmt: skip


def _add_ties(graph: nx.Graph, town: Town) -> None:
    for row in town.ties:
        ends = ("organisation", int(row["buyer"])), ("organisation", int(row["seller"]))
        if not row["active"]:
            continue
        agreement = row["layer"] == 0
        if graph.has_edge(*ends):
            if agreement and graph.edges[ends]["layer"] == "agreement":
                graph.edges[ends]["agreements"] += 1
            continue
        seen: dict[str, Any] = {dial: float(row[dial]) for dial in DIALS}
        seen |= {"layer": "agreement" if agreement else "peer", "agreements": int(agreement)}
        seen |= {"trust": float(row["trust_of_buyer"] + row["trust_of_seller"]) / 2, "price": float(row["price"])}
        graph.add_edge(*ends, **seen)


def measures_of_graph(town: Town) -> dict[str, float]:
    """Density, centralisation, betweenness and cross-sector mixing of ties between organisations, on demand."""
    graph = graph_of(town)
    ties = graph.subgraph([node for node in graph if node[0] == "organisation" and graph.nodes[node]["alive"]])
    count = len(ties)
    degree = [d for _, d in ties.degree()]
    widest = (count - 1) * (count - 2)
    central = sum(max(degree) - d for d in degree) / widest if count > 2 else 0.0
    sectors = {graph.nodes[node]["sector"] for node in ties}
    mixing = (
        nx.attribute_assortativity_coefficient(ties, "sector") if ties.size() and len(sectors) > 1 else float("nan")
    )
    return {
        "density": nx.density(ties),
        "centralisation": central,
        "highest_betweenness": max(nx.betweenness_centrality(ties).values(), default=0.0),
        "cross_sector_mixing": mixing,
    }
