"""The town as a graph: kinds to found it on, files of the user's own, and a look at it at any month."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from agents.chance import DRAWS_A_DECISION, DRAWS_A_PART, FOUNDING, Decision, draw_alone, month_key
from agents.tables import NEEDS
from simulation.graphs import CORE, WITHIN, Luck, cell_of, graph_of, measures_of_graph, tied_as, ties_by_lot
from simulation.model import CommunityModel
from simulation.run import run
from simulation.scenario import GRAPHS, Scenario, ScenarioError, load_scenario
from simulation.town import found_town

KINDS = [(layer, kind) for layer, kinds in GRAPHS.items() for kind in kinds]
MADE_OF_CELLS = ("random", "block", "core_periphery")


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


# ---- kinds of graph -----------------------------------------------------------------------------------


def town_on(kind: str, layer: str = "kith", **changes: int) -> nx.Graph:
    """One layer of a town founded on this kind of graph, with all its actors."""
    graph = graph_of(found_town(Scenario(**{"residents": 1200} | changes).with_(**{layer: kind})))
    ends = "resident" if layer == "kith" else "organisation"
    found = nx.Graph()
    found.add_nodes_from(
        (node, data) for node, data in graph.nodes(data=True) if data["kind"] == ends or node[0] == ends
    )
    found.add_edges_from((a, b) for a, b, kind_of_tie in graph.edges(data="layer") if kind_of_tie == layer)
    return found


def density(graph: nx.Graph, ones: list, others: list | None = None) -> float:
    """Ties between these, or between these and those, as a share of the pairs there are."""
    if others is None:
        return nx.density(graph.subgraph(ones))
    return nx.cut_size(graph, ones, others) / (len(ones) * len(others))


def drawn(kind: str, many: int, count: int, seed: int) -> nx.Graph:
    """A graph of cells by itself: so many ties among so many, one block, the first tenth the core."""
    rows = np.arange(count)
    pairs = tied_as(kind, Luck(seed, Decision.FOUND_KITH, 100), many, np.zeros_like(rows), rows < count // 10)
    graph = nx.empty_graph(count)
    graph.add_edges_from(zip(*(column.tolist() for column in np.divmod(pairs, count)), strict=True))
    return graph


@pytest.mark.parametrize(("layer", "kind"), KINDS)
@pytest.mark.parametrize(("residents", "partners", "neighbourhoods"), [(1, 0, 1), (2, 1, 2), (7, 5, 3), (300, 60, 6)])
def test_every_kind_of_graph_has_as_many_ties_as_the_usual_one(
    layer: str, kind: str, residents: int, partners: int, neighbourhoods: int
) -> None:
    """No tie twice and none to oneself, whoever lives there."""
    sizes = {"residents": residents, "partners": partners, "neighbourhoods": neighbourhoods}
    usual, found = found_town(Scenario(**sizes)), found_town(Scenario(**sizes, graph={layer: kind}))
    assert len(found.kith) == len(usual.kith)
    assert len(found.peers) == len(usual.peers)
    pairs = {(one, other) for one, other in zip(found.peers["buyer"], found.peers["seller"], strict=True)}
    assert len(pairs) == len(found.peers)
    assert all(one < other for one, other in pairs)


@pytest.mark.parametrize(("layer", "kind"), KINDS)
def test_the_same_seed_gives_the_same_graph_and_another_seed_another(layer: str, kind: str) -> None:
    def ties(seed: int) -> set[frozenset]:
        return {frozenset(pair) for pair in town_on(kind, layer, residents=200, seed=seed).edges()}

    assert ties(1) == ties(1)
    assert ties(1) != ties(2)


@pytest.mark.parametrize("layer", GRAPHS)
def test_a_layer_founded_otherwise_leaves_all_else_in_the_town_as_it_was(layer: str) -> None:
    usual, found = (found_town(Scenario(residents=200, graph=graph)) for graph in ({}, {layer: "random"}))
    lifelong = [name for name in usual.residents.dtype.names if "kith" not in name]
    assert all(np.array_equal(usual.residents[name], found.residents[name]) for name in lifelong)
    assert usual.organisations.tobytes() == found.organisations.tobytes()
    assert usual.agreements.tobytes() == found.agreements.tobytes()
    assert (usual.kith.tobytes() == found.kith.tobytes()) == (layer != "kith")
    assert (usual.peers.tobytes() == found.peers.tobytes()) == (layer != "peer")


def test_a_random_graph_worked_out_one_draw_at_a_time_is_the_same() -> None:
    """In whole numbers of Python, so nothing in it depends on NumPy or NetworkX: draws by address, repeats again."""
    count, many, seed, part = 200, 600, 5, 100
    key, slot = month_key(seed, FOUNDING), Decision.FOUND_KITH * DRAWS_A_DECISION + part * DRAWS_A_PART
    pairs, draw = set(), 0
    while len(pairs) < many:
        one, other = divmod(int(draw_alone(key, slot, draw) * count * (count - 1)), count - 1)
        other += other >= one
        pairs.add((min(one, other), max(one, other)))
        draw += 1
    assert set(drawn("random", many, count, seed).edges()) == pairs


@pytest.mark.parametrize("many", [2, 4])
def test_any_set_of_ties_is_as_likely_as_any_other(many: int) -> None:
    """15 sets of 2, or of 4, out of 6 pairs; 3,000 seeds: chi-square above 36.1 comes once in a thousand times."""
    cell = cell_of(np.arange(4), np.zeros(4, np.int64))
    found = Counter(tuple(ties_by_lot(Luck(seed, Decision.FOUND_KITH, 100), cell, many, 4)) for seed in range(3000))
    assert len(found) == 15
    assert sum((times - 200) ** 2 / 200 for times in found.values()) < 36.1


@pytest.mark.parametrize("across", [False, True])
def test_the_pairs_of_a_cell_are_those_inside_groups_or_those_across(across: bool) -> None:
    group = np.array([0, 1, 0, 1, 0, 3])
    same = [pair for pair in combinations(range(6), 2) if (group[pair[0]] == group[pair[1]]) != across]
    cell = cell_of(np.arange(6), group, across)
    assert cell.room == len(same)
    found = Counter(zip(*(ends.tolist() for ends in cell.pairs(np.arange(2 * cell.room))), strict=True))
    assert found == Counter([*same, *((other, one) for one, other in same)])


def test_a_small_world_is_clustered_and_a_random_graph_is_not() -> None:
    """A random graph closes a triangle no oftener than any pair is tied: k / n = .005."""
    clustering = {kind: nx.average_clustering(town_on(kind)) for kind in ("small_world", "random")}
    assert clustering["small_world"] > 0.35
    assert clustering["random"] == pytest.approx(6 / 1200, abs=0.005)


def test_organisations_in_a_small_world_know_those_who_do_the_same_work_and_each_other() -> None:
    clustering = {kind: nx.average_clustering(town_on(kind, "peer", partners=120)) for kind in GRAPHS["peer"]}
    assert clustering["small_world"] > 3 * clustering["random"]
    graph = town_on("small_world", "peer", partners=120)
    same_work = sum(one[1] % NEEDS == other[1] % NEEDS for one, other in graph.edges())
    assert same_work > 0.8 * graph.number_of_edges()


def test_the_degrees_of_a_random_graph_are_spread_as_poisson_has_it() -> None:
    """Variance = mean; with 1,200 residents it is known to about 4%."""
    degree = np.array([d for _, d in town_on("random").degree()])
    assert degree.var() == pytest.approx(degree.mean(), rel=0.15)


@pytest.mark.parametrize(("degree", "share"), [(1.5, 0.5828), (2.0, 0.7968), (3.0, 0.9405)])
def test_the_largest_part_of_a_random_graph_is_as_large_as_theory_has_it(degree: float, share: float) -> None:
    """S = 1 − exp(−cS), Erdős & Rényi (1960). Ten graphs of 2,000: their mean is known to about .01."""
    parts = []
    for seed in range(10):
        graph = drawn("random", round(degree * 1000), 2000, seed)
        parts.append(len(max(nx.connected_components(graph), key=len)) / 2000)
    assert np.mean(parts) == pytest.approx(share, abs=0.02)


def test_a_random_graph_that_loses_three_in_ten_holds_together_as_theory_has_it() -> None:
    """Of degree 2 are left 2 × .7, and of the survivors .5110 hang together."""
    parts = []
    for seed in range(10):
        graph = drawn("random", 2000, 2000, seed)
        graph.remove_nodes_from(range(600))
        parts.append(len(max(nx.connected_components(graph), key=len)) / 1400)
    assert np.mean(parts) == pytest.approx(0.5110, abs=0.03)


def test_blocks_are_neighbourhoods_and_random_graphs_have_none() -> None:
    """Modularity of equal blocks is what stays inside less what would by chance: .8 − 1/6."""
    found = {}
    for kind in ("block", "random"):
        graph = town_on(kind)
        homes = nx.get_node_attributes(graph, "neighbourhood")
        blocks = [{node for node in graph if homes[node] == place} for place in range(6)]
        found[kind] = nx.community.modularity(graph, blocks)
    assert found["block"] == pytest.approx(WITHIN - 1 / 6, abs=0.01)
    assert found["random"] == pytest.approx(0.0, abs=0.05)


def test_blocks_of_organisations_are_a_service_and_those_who_do_its_work() -> None:
    graph = town_on("block", "peer", partners=120)
    inside = sum(one[1] % NEEDS == other[1] % NEEDS for one, other in graph.edges())
    assert inside == pytest.approx(WITHIN * graph.number_of_edges(), abs=1)


def test_a_core_is_dense_a_periphery_sparse_and_half_of_all_ties_run_between_them() -> None:
    graph = drawn("core_periphery", 3600, 1200, seed=1)
    core, periphery = list(range(120)), list(range(120, 1200))
    dense, between, sparse = density(graph, core), density(graph, core, periphery), density(graph, periphery)
    assert dense > 5 * between > 5 * 5 * sparse
    assert nx.cut_size(graph, core) == 1800
    assert graph.subgraph(core).number_of_edges() == 900


def test_a_tenth_of_residents_drawn_by_lot_are_the_core() -> None:
    """The core has five times the mean degree, 30, and all others 3⅓, so the busiest tenth is the core or nearly so."""
    degree = np.sort([d for _, d in town_on("core_periphery").degree()])[::-1]
    core = round(CORE * 1200)
    assert degree[:core].mean() == pytest.approx(30, abs=1)
    assert degree[core:].mean() == pytest.approx(10 / 3, abs=0.1)
    assert degree[core - 1] > degree[core] + 1


def test_services_are_the_core_of_organisations() -> None:
    graph = town_on("core_periphery", "peer", partners=60)
    services, partners = ([("organisation", row) for row in rows] for rows in (range(NEEDS), range(NEEDS, NEEDS + 60)))
    assert density(graph, services) > density(graph, services, partners) > 3 * density(graph, partners)


@pytest.mark.parametrize("kind", MADE_OF_CELLS)
def test_a_city_can_be_founded_on_every_kind_of_graph(kind: str) -> None:
    """200,000 residents have 2 × 10¹⁰ pairs: whoever looks at each of them does not come back."""
    town = found_town(Scenario(residents=200_000, graph={"kith": kind}))
    assert len(town.kith) / 200_000 == pytest.approx(6.04, abs=0.02)


@pytest.mark.parametrize("kind", GRAPHS["peer"])
def test_a_town_lives_on_every_kind_of_graph(kind: str) -> None:
    lived = run(Scenario(residents=60, months=30, governance="relational", graph={"peer": kind}))
    assert len(lived.history) == 30
    assert lived.history["unmet_need"].between(0, 1).all()


def test_who_knows_whom_among_organisations_matters_where_information_is_shared() -> None:
    """Otherwise comparing kinds of graph would compare nothing."""
    worked = {
        run(Scenario(residents=200, months=36, governance="relational", graph={"peer": kind}))
        .history["help_that_worked"]
        .sum()
        for kind in GRAPHS["peer"]
    }
    assert len(worked) == len(GRAPHS["peer"])


# ---- how a kind of graph is asked for -----------------------------------------------------------------


def test_a_scenario_file_names_kinds_of_graph(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[graph]\nkith = "block"\n')
    scenario = load_scenario(file)
    assert scenario.graph == {"kith": "block", "peer": "small_world"}
    assert scenario.graph_files() == {}
    again = tmp_path / "again.toml"
    again.write_text(scenario.to_toml())
    assert load_scenario(again) == scenario


def test_one_layer_is_changed_and_the_other_stays() -> None:
    scenario = Scenario(graph={"peer": "block"}).with_(kith="random", seed=2)
    assert scenario.graph == {"kith": "random", "peer": "block"}
    assert scenario.seed == 2


def test_a_graph_named_in_words_and_one_left_unsaid_are_the_same_scenario() -> None:
    assert Scenario(graph={"kith": "small_world"}) == Scenario()


def test_the_model_takes_a_kind_of_graph_as_a_keyword() -> None:
    model = CommunityModel(setting="calm", residents=80, kith="random", peer="block", rng=3)
    assert model.setting.graph == {"kith": "random", "peer": "block"}
    same = found_town(load_scenario("calm").with_(residents=80, seed=3, kith="random", peer="block"))
    assert model.town.kith.tobytes() == same.kith.tobytes()


@pytest.mark.parametrize(
    ("layer", "given", "said"),
    [
        ("kith", "smal_world", 'no such kind of graph. The nearest is "small_world"'),
        ("kith", "by_lot", "Known: small_world, core_periphery, block, random; or give the path"),
        ("peer", "blok", 'The nearest is "block"'),
        ("peer", "lost.graphml", "peer is lost.graphml; there is no such file"),
        ("peer", 3, "peer is 3"),
    ],
)
def test_a_kind_of_graph_that_is_not_there_is_refused_with_the_nearest(layer: str, given: object, said: str) -> None:
    with pytest.raises(ScenarioError) as error:
        Scenario(graph={layer: given})
    assert said in str(error.value)


def test_a_misspelt_kind_in_a_file_is_told_by_its_name_not_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[graph]\nkith = "randm"\n')
    with pytest.raises(ScenarioError, match=r'^mine\.toml: graph: kith is randm; .*The nearest is "random"'):
        load_scenario(file)


def test_a_file_named_like_a_kind_of_graph_is_reached_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "random").write_text("0 1\n1 2\n")
    file = tmp_path / "mine.toml"
    file.write_text('[graph]\nkith = "./random"\n')
    assert len(found_town(load_scenario(file)).residents) == 3


# ---- files of the user's own --------------------------------------------------------------------------


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
