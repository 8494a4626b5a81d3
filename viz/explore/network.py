"""The town's ties as networks: one layer at a time, and what is measured of it with NetworkX, on demand.

Change this file to measure something else of a layer: add a line to `measures_of`, and say what it means in
words/*/explore.toml. Here a layer has all its ties: in `model.graph`, two organisations that are peers and hold an
agreement as well share one edge.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import networkx as nx
import numpy as np

from agents.tables import NOBODY, Sector, Status, Town
from simulation.town import name_of

LAYERS = ("organisations", "agreement", "peer", "kith", "uses")
"""What may be measured; `organisations` is agreements and peers together."""
LOOKED_FROM = 200
"""In larger networks betweenness is estimated from so many nodes, drawn by lot, always the same."""


class Measured(NamedTuple):
    """One measure of a layer: its key in the catalogue, its value, and whom it names."""

    key: str
    value: float
    who: str = ""


def layer_of(town: Town, layer: str) -> nx.Graph:
    """One layer of ties as a graph: residents, or living organisations, each with the group mixing is about."""
    graph = nx.Graph()
    if layer in ("kith", "uses"):
        homes = town.residents["neighbourhood"].tolist()
        graph.add_nodes_from((("resident", row), {"group": home}) for row, home in enumerate(homes))
    if layer != "kith":
        for row in town.organisations:
            if row["alive"]:
                who = "organisation", int(row["id"])
                graph.add_node(who, group=Sector(int(row["sector"])).name.lower())
    if layer == "kith":
        first, last = town.residents["first_kith"], town.residents["last_kith"]
        ones = np.repeat(np.arange(len(first)), last - first)
        others = np.concatenate([town.kith[one:other] for one, other in zip(first, last, strict=True)])
        pairs = zip(ones.tolist(), others.tolist(), strict=True)
        graph.add_edges_from((("resident", one), ("resident", other)) for one, other in pairs)
    elif layer == "uses":
        status, provider = town.residents["status"], town.residents["provider"]
        for one, need in np.argwhere(status != Status.NONE).tolist():
            holder = need if provider[one, need] == NOBODY else int(provider[one, need])
            graph.add_edge(("resident", one), ("organisation", holder))
    else:
        for tie in getattr(town, {"agreement": "agreements", "peer": "peers"}.get(layer, "ties")):
            ends = ("organisation", int(tie["buyer"])), ("organisation", int(tie["seller"]))
            if tie["active"] and all(end in graph for end in ends):
                graph.add_edge(*ends)
    return graph


def measures_of(
    town: Town, layer: str, graph: nx.Graph | None = None, name: Callable[[Town, int], str] = name_of
) -> list[Measured]:
    """What is measured of a layer, or of the graph it was when it was made. What cannot be told is not a number."""
    graph = layer_of(town, layer) if graph is None else graph
    count = len(graph)
    degree = dict(graph.degree())
    most = max(degree, key=lambda node: degree[node]) if degree else None
    spread = (count - 1) * (count - 2)
    central = sum(degree[most] - each for each in degree.values()) / spread if count > 2 and most else math.nan
    between = betweenness(graph)
    middle = max(between, key=lambda node: between[node]) if between else None
    return [
        Measured("nodes", count),
        Measured("ties", graph.number_of_edges()),
        Measured("density", nx.density(graph) if count > 1 else math.nan),
        Measured("mean_degree", 2.0 * graph.number_of_edges() / count if count else math.nan),
        Measured("highest_degree", degree[most] if most else math.nan, called(town, most, name)),
        Measured("clustering", math.nan if layer == "uses" or not count else nx.average_clustering(graph)),
        Measured("centralisation", central),
        Measured("highest_betweenness", between[middle] if middle else math.nan, called(town, middle, name)),
        Measured("mixing", math.nan if layer == "uses" else mixing(graph)),
        Measured("pieces", nx.number_connected_components(graph) if count else math.nan),
        Measured("largest_piece", max(map(len, nx.connected_components(graph))) / count if count else math.nan),
    ]


def betweenness(graph: nx.Graph) -> dict[tuple[str, int], float]:
    """How often each node lies on the shortest way between two others, as a share of all such pairs."""
    few = min(len(graph), LOOKED_FROM)
    if not graph.number_of_edges():
        return {}
    found: dict[tuple[str, int], float] = nx.betweenness_centrality(graph, k=few if few < len(graph) else None, seed=1)
    return found


def mixing(graph: nx.Graph) -> float:
    """Whether ties join nodes of one group: 1 always, 0 as by lot, below 0 less than by lot."""
    if not graph.number_of_edges() or len(set(nx.get_node_attributes(graph, "group").values())) < 2:
        return math.nan
    return float(nx.attribute_assortativity_coefficient(graph, "group"))


def called(town: Town, node: tuple[str, int] | None, name: Callable[[Town, int], str] = name_of) -> str:
    """What a node is called."""
    if node is None:
        return ""
    return name(town, node[1]) if node[0] == "organisation" else str(node[1])
