"""The town as a graph: founded as one, read from a file of the user's own, and looked at at any month."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from simulation.graphs import graph_of, measures_of_graph
from simulation.run import run
from simulation.scenario import Scenario, ScenarioError
from simulation.town import found_town


def layer(graph: nx.Graph, name: str) -> nx.Graph:
    """The graph of one layer's edges."""
    return graph.edge_subgraph([(a, b) for a, b, kind in graph.edges(data="layer") if kind == name])


def test_residents_live_in_small_worlds() -> None:
    """About six neighbours each, as clustered as a rewired ring: .6·(1 − p)³ with p = .1, within a tenth."""
    kith = layer(graph_of(found_town(Scenario(residents=1200))), "kith")
    degree = np.array([d for _, d in kith.degree()])
    assert degree.mean() == pytest.approx(6.0, abs=0.15)
    assert nx.average_clustering(kith) == pytest.approx(0.6 * 0.9**3, abs=0.06)
    parts = nx.get_node_attributes(kith, "neighbourhood")
    across = sum(parts[a] != parts[b] for a, b in kith.edges())
    assert 0 < across < 0.05 * kith.number_of_edges()


def test_the_kith_list_holds_every_tie_from_both_ends() -> None:
    town = found_town(Scenario(residents=300))
    pairs = {
        (one, other)
        for one, row in enumerate(town.residents)
        for other in town.kith[row["first_kith"] : row["last_kith"]].tolist()
    }
    assert pairs == {(other, one) for one, other in pairs}
    assert all(one != other for one, other in pairs)
    assert len(pairs) == len(town.kith)


def test_a_graph_has_four_layers_at_any_month() -> None:
    graph = graph_of(run(Scenario(residents=200, months=30)).town)
    assert {kind for _, _, kind in graph.edges(data="layer")} == {"kith", "uses", "agreement", "peer"}
    assert graph.graph["month"] == 30
    for one, other, edge in graph.edges(data=True):
        if edge["layer"] == "agreement":
            assert {graph.nodes[one]["kind"], graph.nodes[other]["kind"]} == {"service", "partner"}
            assert 0.0 <= edge["trust"] <= 1.0


def test_measures_of_the_graph_are_shares() -> None:
    found = measures_of_graph(found_town(Scenario(residents=60)))
    assert 0.0 < found["density"] < 1.0
    assert 0.0 < found["centralisation"] < 1.0
    assert 0.0 < found["highest_betweenness"] < 1.0
    assert -1.0 <= found["cross_sector_mixing"] <= 1.0


@pytest.mark.parametrize("kind", ["graphml", "edges"])
def test_residents_may_be_tied_by_a_file_of_ones_own(kind: str, tmp_path: Path) -> None:
    club, file = nx.karate_club_graph(), tmp_path / f"club.{kind}"
    (nx.write_graphml if kind == "graphml" else nx.write_edgelist)(club, file)
    town = found_town(Scenario(residents=500, graph={"kith": str(file)}))
    assert len(town.residents) == 34
    kith = layer(graph_of(town), "kith")
    assert kith.number_of_edges() == 78
    assert nx.is_isomorphic(nx.Graph(kith.edges()), nx.Graph(club.edges()))


def test_organisations_may_be_tied_by_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "peers.txt"
    file.write_text("0 1\n1 2\n6 7\n7 6\n7 7\n")
    town = found_town(Scenario(residents=60, graph={"peer": str(file)}))
    assert [(int(row["buyer"]), int(row["seller"])) for row in town.peers] == [(0, 1), (1, 2), (6, 7)]


@pytest.mark.parametrize(
    ("name", "text", "layer_name", "said"),
    [
        ("torn.graphml", "<graphml><no", "kith", "cannot be read as a graph"),
        ("empty.txt", "", "kith", "the graph is empty"),
        ("names.txt", "Council Charity\n", "peer", "not a row of the table"),
        ("far.txt", "0 99\n", "peer", "names an organisation that is not there"),
        ("photo.txt", "\xff\xfe\x81 1\n", "peer", "cannot be read as a graph"),
    ],
)
def test_a_graph_file_that_does_not_fit_is_refused_in_words(
    name: str, text: str, layer_name: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ScenarioError, match=said):
        found_town(Scenario(residents=60, graph={layer_name: str(file)}))
