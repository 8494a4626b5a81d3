"""The town as a graph: small worlds to found it with, files of the user's own, and NetworkX to look at it.

Change this file to found the town on another kind of graph. During a run the tables are the graph;
`graph_of` makes a NetworkX graph of them at any month, with four layers of edges: kith, uses,
agreement and peer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt

from agents.chance import Decision, chance_columns
from agents.tables import NEEDS, NOBODY, Need, Sector, Status, Town
from agents.terms import DIALS
from simulation.scenario import Scenario, ScenarioError

Column = npt.NDArray[np.int64]

NEAR = 3
"""Each resident knows this many on either side: k = 6."""
REWIRED = 0.1
BRIDGES = 0.02


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
    pairs = (np.minimum(ones, others) * count + np.maximum(ones, others))[ones != others]
    pairs.sort()
    return pairs[np.append(True, pairs[1:] != pairs[:-1])] if len(pairs) else pairs


def read_kith(scenario: Scenario) -> tuple[int, Column]:
    """A file of who knows whom among residents: how many residents it has, and its pairs as in `each_once`."""
    graph = read_graph(scenario, "kith")
    row = {node: place for place, node in enumerate(graph)}
    ones = np.array([row[one] for one, _ in graph.edges()], np.int64)
    others = np.array([row[other] for _, other in graph.edges()], np.int64)
    return len(row), each_once(ones, others, len(row))


def read_peers(scenario: Scenario, organisations: npt.NDArray[np.void]) -> list[tuple[int, int]]:
    """A file of ties between organisations; nodes are rows of the table: services 0 to 5, then partners."""
    graph = read_graph(scenario, "peer")
    pairs = set()
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
        if ends[0] != ends[1]:
            pairs.add((ends[0], ends[1]))
    return sorted(pairs)


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
