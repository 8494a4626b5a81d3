"""The page for students: its numbers, town, tables, networks and rules, and what it says when something is wrong."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("solara")

import ipyvue
import ipyvuetify
import networkx as nx
import solara

from agents.parameters import Parameters
from agents.rule import RULES
from simulation import CommunityModel
from simulation.graphs import measures_of_graph
from simulation.measures import MEASURES
from simulation.month import MONTH
from simulation.reader import read_rule, read_rules
from simulation.scenario import GRAPHS, PARAMETERS, SIZES, ScenarioError, load_scenario, settings
from viz.explore import agent_table, explore, forms, network, rule_files, sketch
from viz.explore.own_town import BETWEEN, Asked, OwnTown, setting_named
from viz.workshop import meanings, plan
from viz.workshop.plan import OWN_SETTING
from viz.workshop.words import languages, said_in

SEARCH = said_in("en")["explore.search"]
SMALL = {"residents": 90, "months": 30}


@pytest.fixture(scope="module")
def lived():
    """A small town after some months; not to be changed."""
    model = CommunityModel(setting="wage_step", rng=3, residents=150, engine="plain")
    for _ in range(6):
        model.step()
    yield model
    model.close()


@pytest.fixture
def town():
    town = OwnTown(Asked(given=SMALL), engine="plain")
    yield town
    town.close()


def soon(truth: Callable[[], bool]) -> bool:
    """Whether something comes true while another thread draws."""
    deadline = time.monotonic() + 10
    while not truth() and time.monotonic() < deadline:
        time.sleep(0.02)
    return truth()


# ---- numbers as inputs ------------------------------------------------------------------------------


def sliders() -> dict:
    return {name: each for name, each in forms.model_params().items() if isinstance(each, dict) and "step" in each}


def test_every_number_of_the_model_is_among_the_inputs():
    assert set(PARAMETERS) | (set(SIZES) - {"seed"}) | {"setting", "governance", "rng"} <= set(forms.model_params())


@pytest.mark.parametrize("name", sliders())
def test_no_slider_moves_its_own_value(name):
    slider = sliders()[name]
    low, high, step, value = (slider[key] for key in ("min", "max", "step", "value"))
    decimals = len(f"{step:.10f}".rstrip("0").split(".")[1])
    shown = round(round((value - low % step) / step) * step + low % step, decimals)  # as the slider in the browser does
    assert low <= value <= high
    assert shown == pytest.approx(value, abs=1e-12)


def test_a_slider_that_sets_a_value_on_its_nearest_step_has_not_been_moved():
    assert not forms.moved(0.12, 0.1234567, 0.01)
    assert forms.moved(0.13, 0.12, 0.01)
    assert forms.moved(0.14, 0.1234567, 0.01)


def test_inputs_show_the_values_of_their_setting():
    params = forms.model_params(["inflow", "governance"], setting="ageing_town")
    assert params["setting"] == "ageing_town"
    values = {name: params[name]["value"] for name in ("inflow", "governance")}
    model = CommunityModel(setting="ageing_town")
    assert values == {"inflow": model.town.parameters["inflow"], "governance": model.setting.governance}


def test_what_an_input_cannot_have_given_is_not_taken():
    params = forms.model_params()
    for name, value in (("setting", "../../pyproject.toml"), ("kith", "/etc/hosts"), ("residents", 5_000_000)):
        assert forms.fits(params[name], params[name]["value"])
        assert not forms.fits(params[name], value)
    for value in (True, "0.1", None, [0.1], math.nan, math.inf):
        assert not forms.fits(params["inflow"], value)
    assert not forms.fits(params["slow_months"], 2.5)


def test_an_address_chooses_among_what_there_is():
    assert explore.asked_by("language=de&setting=wage_step") == {"language": "de", "setting": "wage_step"}
    for search in (None, "", "setting=../../pyproject.toml&language=xx", "setting=%00", "a=b&&&=="):
        assert explore.asked_by(search) == {"language": "en", "setting": "calm"}


def test_every_parameter_stands_under_one_theme():
    assert sorted(name for names in forms.themes().values() for name in names) == sorted(PARAMETERS)


@pytest.mark.parametrize("language", languages())
def test_every_theme_measure_layer_and_type_has_words(language):
    said = said_in(language)
    wanted = [f"themes.{heading.replace(' ', '_')}" for heading in forms.themes()]
    wanted += [f"layers.{layer}" for layer in network.LAYERS] + [f"type.{each}" for each in agent_table.TYPES]
    wanted += [f"tab_{each}" for each in explore.TABS]
    assert not [key for key in wanted if f"explore.{key}" not in said]


def test_all_words_searched_for_must_occur():
    assert set(forms.matching("trust gain")) == {"trust_gain", "resident_trust_gain"}
    assert set(forms.matching("mutual_aid")) >= {"mutual_aid"}
    assert forms.matching("no such thing") == []


def test_numbers_are_searched_for_in_the_language_of_the_page():
    assert "trust_gain" in forms.matching("vertrauen fehlt", "de")
    assert set(forms.matching("gemessen skills for care", "de")) == {"leaving", "filling"}
    assert set(forms.matching("mutual_aid", "de")) >= {"mutual_aid"}
    assert forms.matching("measured skills for care", "de") == []


@pytest.mark.parametrize("language", languages())
def test_every_kind_of_graph_is_explained(language):
    said = said_in(language)
    assert "explore.graphs.unit" in said
    for layer, kinds in GRAPHS.items():
        assert all(kind in said[f"explore.graphs.{layer}"] for kind in kinds)


@pytest.mark.parametrize("language", [language for language in languages() if language != "en"])
def test_every_choice_is_explained_where_its_names_are_english(language):
    chosen = {name: each for name, each in PARAMETERS.items() if each.choices}
    told = {name: meanings.meaning(language, each) for name, each in chosen.items()}
    assert not [(name, choice) for name, each in chosen.items() for choice in each.choices if choice not in told[name]]


@pytest.mark.parametrize(
    ("name", "typed", "says"),
    [
        ("inflow", "7", "between 0 and 1.*Did you mean 0.07"),
        ("inflow", "a lot", "must be a number"),
        ("inflow", "nan", "between 0 and 1"),
        ("inflow", "1e999", "between 0 and 1"),
        ("slow_months", "2.5", "whole number"),
        ("inflow_mix", "1 2 3", "list of 6 numbers"),
        ("inflow", "__import__('os').abort()", "must be a number"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(name, typed, says):
    with pytest.raises(ScenarioError, match=says):
        forms.read(PARAMETERS[name], typed)


def test_a_page_founds_no_town_too_large_to_draw():
    with pytest.raises(ScenarioError, match="on this page"):
        forms.read(SIZES["residents"], "100000")


def test_what_is_written_is_read_back():
    for name in ("inflow", "slow_months", "inflow_mix", "spillover"):
        default = PARAMETERS[name].default
        assert np.array_equal(np.ravel(forms.read(PARAMETERS[name], forms.written(default))), np.ravel(default))


# ---- the town of a page -------------------------------------------------------------------------------


def test_a_page_founds_what_is_asked_for():
    town = OwnTown(Asked("wage_step", "relational", 5, {"sharing": 0.1}, {"residents": 90, "inflow": 0.03}))
    assert (town.model.setting.name, town.model.setting.seed) == ("wage_step", 5)
    assert set(town.model.town.ties["sharing"]) == {0.1}
    assert town.model.town.parameters["inflow"] == 0.03
    town.close()


def test_what_cannot_be_founded_is_said_and_the_town_from_before_stays(town):
    town.live()
    before = town.model
    town.found(town.asked.with_given("inflow", 7.0))
    assert town.model is before
    assert town.trouble.tried == "found"
    assert "Did you mean 0.07?" in town.trouble.says[0]
    town.found(town.asked)
    assert town.trouble is None
    assert town.model.month == 0


def test_a_change_is_felt_from_the_next_month_and_taken_back_again(town):
    changed = town.asked.with_given("inflow", 0.2).with_dial("sharing", 0.9)
    town.live()
    town.change(changed)
    assert (town.model.month, town.model.town.parameters["inflow"]) == (1, 0.2)
    assert set(town.model.town.ties["sharing"]) == {0.9}
    town.change(Asked(given=SMALL))
    assert town.model.town.parameters["inflow"] == PARAMETERS["inflow"].default
    assert set(town.model.town.ties["sharing"]) == {0.2}


def breaks(resident, town):
    return {}["nothing here"]


def test_a_rule_that_raises_is_told_with_its_line_and_the_town_may_still_be_looked_at():
    town = OwnTown(Asked(given=SMALL), {"feel": breaks}, engine="plain")
    town.live()
    assert town.broken
    assert not town.can_live
    assert town.trouble.says == ("KeyError: 'nothing here'",)
    assert town.trouble.where.startswith("breaks, test_explore.py, line ")
    assert len(agent_table.table_of(town.model.town, "residents")) == SMALL["residents"]
    town.close()


def test_months_that_play_leave_time_between_pictures_and_end_with_the_page(town):
    drawn = []
    town.play(lambda: drawn.append(time.perf_counter()))
    assert town.playing
    while len(drawn) < 4:
        time.sleep(0.02)
    town.close()
    assert town.model is None
    assert soon(lambda: not [thread for thread in threading.enumerate() if thread.name == "own-town"])
    assert np.diff(drawn).min() >= 0.99 * BETWEEN


def test_playing_ends_with_the_run():
    town = OwnTown(Asked(given={**SMALL, "months": 25}), engine="plain")
    while town.model.month < 24:
        town.live()
    town.play(lambda: None)
    while town.playing:
        time.sleep(0.02)
    assert town.model.month == 25
    town.close()


# ---- a setting of one's own ------------------------------------------------------------------------------

OURS = """
base = "calm"
title = "Ours"
months = 30
seed = 9
governance = "relational"

[town]
residents = 90

[parameters]
inflow = 0.03
"""


@pytest.fixture
def ours(tmp_path, monkeypatch):
    """A setting of the facilitator's own, and another file beside it that nobody named."""
    monkeypatch.chdir(tmp_path)
    for name in ("ours", "decoy"):
        (tmp_path / f"{name}.toml").write_text(OURS.replace("Ours", name.title()), encoding="utf-8")
    monkeypatch.setenv(OWN_SETTING, str(tmp_path / "ours.toml"))
    return tmp_path / "ours.toml"


def paths_near(file):
    decoy = file.with_name("decoy.toml")
    return ["decoy", "decoy.toml", "./decoy.toml", str(decoy), str(decoy.with_suffix("")), str(file), "ours.toml"]


def test_a_setting_of_ones_own_is_listed_by_its_title_and_a_town_is_made_of_it(ours):
    page = Open()
    setting = selects(page)[0]
    assert "Ours (ours)" in setting.items
    setting.v_model = "Ours (ours)"
    page.press("Reset")
    assert "Month 0 of 30" in page.text()
    assert [box.v_model for box in selects(page)[:2]] == ["Ours (ours)", "relational"]
    page.press("Agents")
    assert "90 rows" in page.text()
    page.rendered.close()


@pytest.mark.parametrize("language", languages())
def test_every_setting_is_listed_by_its_title_in_the_language_of_the_page(ours, language):
    page = Open(language=language)
    listed = selects(page)[0].items
    page.rendered.close()
    assert len(listed) == len(settings()) + 1
    titles = {name: meanings.setting(language, name, load_scenario(name))["title"] for name in settings()}
    assert {f"{title} ({name})" for name, title in titles.items()} < set(listed)


def test_a_page_whose_address_asks_for_a_setting_of_ones_own_begins_with_it(ours):
    assert explore.asked_by("setting=ours")["setting"] == "ours"
    page = Open(setting="ours")
    assert "Month 0 of 30" in page.text()
    page.rendered.close()


def test_the_code_of_a_town_calls_its_setting_by_the_file_and_makes_the_same_town(ours):
    asked = Asked().in_setting("ours").with_given("residents", 80).with_dial("sharing", 0.1)
    town = OwnTown(asked, engine="plain")
    assert "setting='ours.toml'" in asked.python
    assert str(ours.parent) not in asked.python
    assert asked.comparison == "kith compare ours.toml --rules"
    made: dict = {}
    exec(asked.python, made)  # what a student does with it, in the folder of the file
    town.live()
    made["model"].step()
    assert made["model"].history.equals(town.model.history)
    town.close()


def test_the_code_of_a_setting_of_kiths_calls_it_by_its_name():
    assert "setting='wage_step'" in Asked("wage_step").python
    assert Asked("wage_step").comparison == "kith compare wage_step --rules"


def test_the_code_stands_on_the_page_and_holds_no_folder(ours):
    page = Open(setting="ours")
    shown = [each.code for each in page.all(ipyvue.VueTemplate) if hasattr(each, "code")]
    page.rendered.close()
    assert any("setting='ours.toml'" in code for code in shown)
    assert not [code for code in shown if str(ours.parent) in code]


def test_no_path_is_taken_for_a_setting_wherever_it_comes_from(ours):
    for path in paths_near(ours):
        assert explore.asked_by(f"setting={path}")["setting"] == "calm"
        town = OwnTown(Asked(setting=path), engine="plain")
        assert town.model is None
        assert "there is no setting" in town.trouble.says[0]
    page = Open()
    for path in (*paths_near(ours), f"Decoy ({ours.with_name('decoy.toml')})", "Decoy (decoy)"):
        selects(page)[0].v_model = path
        page.press("Reset")
        assert "Month 0 of 84" in page.text()
    page.rendered.close()


def test_a_graph_of_ones_own_is_called_by_its_file_and_no_page_gives_another(ours):
    graph, other = ours.with_name("friends.graphml"), ours.with_name("other.graphml")
    for file in (graph, other):
        nx.write_graphml(nx.relabel_nodes(nx.cycle_graph(90), str), file)
    ours.write_text(OURS + '[graph]\nkith = "friends.graphml"\n', encoding="utf-8")
    plan._offered.cache_clear()
    page = Open(setting="ours")
    theme = next(each for each in selects(page) if each.label == said_in("en")["explore.theme"])
    theme.v_model = said_in("en")["explore.themes.the_town"]
    kith = next(each for each in selects(page) if each.label == "kith")
    assert kith.v_model == "friends.graphml"
    assert str(ours.parent) not in "".join(kith.items)
    for path in (str(other), "other.graphml", str(graph)):
        kith.v_model = path
        assert "Changed:" not in page.text()
    kith.v_model = "random"
    assert "Changed: kith" in page.text()
    kith.v_model = "friends.graphml"
    assert "Changed:" not in page.text()
    page.press("Reset")
    assert "Month 0 of 30" in page.text()
    page.rendered.close()


def test_a_setting_too_large_to_draw_begins_with_as_many_residents_as_a_page_has(ours):
    ours.write_text(OURS.replace("90", "100000"), encoding="utf-8")
    plan._offered.cache_clear()
    most = forms.ON_A_PAGE["residents"][1]
    assert setting_named("ours").residents == most
    assert f"residents={most}" in Asked().in_setting("ours").python


# ---- agents, networks, rules ---------------------------------------------------------------------------


@pytest.mark.parametrize("agents", agent_table.TYPES)
def test_a_table_shows_the_numbers_of_its_agents(lived, agents):
    table = agent_table.table_of(lived.town, agents)
    rows = getattr(lived.town, agents)
    assert len(table) == len(rows)
    assert set(agent_table.OFTEN[agents]) <= set(table.columns)
    for name in table.columns:
        if name in rows.dtype.names and rows.dtype[name].kind == "f":
            assert np.array_equal(table[name], rows[name])
    assert all(agent_table.meaning_of(agents, name)[0] for name in table.columns if not name.endswith("name"))


def test_a_filter_keeps_the_rows_that_meet_it(lived):
    table = agent_table.table_of(lived.town, "residents")
    kept = agent_table.filtered(table, "wellbeing < 7 and neighbourhood = 5")
    assert 0 < len(kept) < len(table)
    assert (kept["wellbeing"] < 7).all()
    assert (kept["neighbourhood"] == 5).all()
    served = agent_table.filtered(table, "served")
    assert len(served) == int((lived.town.residents["status"] == 2).any(axis=1).sum()) > 0
    assert len(agent_table.filtered(agent_table.table_of(lived.town, "agreements"), "need = health")) == 3


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("welbeing < 4", 'nearest is "wellbeing"'),
        ("wellbeing < much", "holds numbers"),
        ("1 < wellbeing < 2", "cannot be read"),
        ("wellbeing.__class__ = 1", "cannot be read"),
        ("wellbeing < __import__('os').abort()", "holds numbers"),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused_in_words(lived, typed, says):
    with pytest.raises(ScenarioError, match=says):
        agent_table.filtered(agent_table.table_of(lived.town, "residents"), typed)


def test_sorting_puts_what_is_missing_last(lived):
    table = agent_table.table_of(lived.town, "residents")
    for falling in (False, True):
        found = agent_table.in_order(table, "provider_health", falling)["provider_health"]
        assert found.isna().iloc[-1]
        known = found.dropna().tolist()
        assert known == sorted(known, reverse=falling)


def test_a_saved_table_has_every_row_and_column(lived):
    table = agent_table.table_of(lived.town, "partners")
    lines = agent_table.csv_of(table).decode().splitlines()
    assert lines[0].split(",") == list(table.columns)
    assert len(lines) == 1 + len(lived.town.partners)


def test_organisations_measure_as_the_model_measures_them(lived):
    found = {each.key: each.value for each in network.measures_of(lived.town, "organisations")}
    known = measures_of_graph(lived.town)
    known["mixing"] = known.pop("cross_sector_mixing")
    assert {key: found[key] for key in known} == pytest.approx(known)


def test_each_layer_has_all_its_ties(lived):
    town = lived.town
    assert network.layer_of(town, "kith").number_of_edges() == len(town.kith) // 2
    alive = town.organisations["alive"] == 1
    for layer, ties in (("agreement", town.agreements), ("peer", town.peers)):
        pairs = {tuple(sorted((tie["buyer"], tie["seller"]))) for tie in ties if tie["active"]}
        held = {pair for pair in pairs if alive[list(pair)].all()}
        assert network.layer_of(town, layer).number_of_edges() == len(held)


@pytest.mark.parametrize("language", languages())
def test_every_measure_of_a_network_says_what_it_means(lived, language):
    said = said_in(language)
    for each in network.measures_of(lived.town, "agreement"):
        assert f"explore.network.{each.key}" in said
        assert f"explore.network.{each.key}_means" in said


@pytest.mark.parametrize("name", [rule.__name__ for _, rule in MONTH])
def test_a_rule_handed_out_is_read_without_complaint_and_replaces_only_itself(name, tmp_path):
    text = rule_files.own_file(name)
    if not text:
        assert rule_files.shown(name).line == 0
        return
    file = tmp_path / "my_rules.py"
    file.write_text(text, encoding="utf-8")
    rules = read_rules(file)
    assert list(rules) == [name]
    assert read_rule(rules[name], like=RULES[name]) == []


def test_a_rule_handed_out_and_left_as_it_is_changes_nothing(tmp_path):
    rules = {}
    for name in ("ask_for_help", "feel", "burn_out", "renew_or_tender"):
        file = tmp_path / f"{name}.py"
        file.write_text(rule_files.own_file(name), encoding="utf-8")
        rules |= read_rules(file)
    towns = [CommunityModel(rng=2, residents=60, engine="plain", rules=given) for given in ({}, rules)]
    for town in towns:
        for _ in range(3):
            town.step()
    assert towns[0].history.equals(towns[1].history)


# ---- pictures -------------------------------------------------------------------------------------------


def say(key: str, **values: object) -> str:
    return explore.said("en", key, **values)


def test_the_picture_has_a_dot_for_every_resident_and_a_sign_for_every_organisation(lived):
    picture = sketch.town_picture(lived, say)
    assert picture.count("h0") == len(lived.town.residents)
    assert picture.count("<title>") == len(lived.town.organisations)


def test_names_in_a_picture_are_text_and_not_markup(lived):
    picture = sketch.line_picture([1.0, 2.0], 30, "<b>", "<script>", '"', [], say)
    assert "<script>" not in picture
    assert "<b>" not in picture


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.__name__)
def test_every_measure_is_drawn_before_the_first_month_and_after(lived, measure):
    for values in ([], [math.nan], lived.history[measure.__name__].tolist()):
        assert sketch.line_picture(values, 84, measure.__name__, "", "", [30], say).endswith("</svg>")


@pytest.mark.parametrize("values", [[0.0], [5.0, 5.0], [1e-9, 2e-9], [-3.0, 4.0], [1e7, 3e7]])
def test_an_axis_has_round_ends_around_its_values(values):
    low, high, every = sketch.span_of(values)
    assert low <= min(values) <= max(values) <= high
    assert every > 0
    assert (high - low) / every == pytest.approx(round((high - low) / every))


# ---- the page -------------------------------------------------------------------------------------------


class Open:
    """The page, rendered here, and what is done to it by hand."""

    def __init__(self, **given) -> None:
        self.box, self.rendered = solara.render(explore.Explore(engine="plain", **given), handle_error=False)

    def all(self, kind: type) -> list:
        """Every widget of a kind, in the order of the page, those in others of the kind included."""

        def within(widget) -> list:
            parts = [part for part in getattr(widget, "children", None) or [] if not isinstance(part, str)]
            return [widget, *(each for part in parts for each in within(part))]

        return [each for each in within(self.box) if isinstance(each, kind)]

    def press(self, label: str) -> None:
        """Click a button."""
        self.button(label).click()

    def button(self, label: str):
        """A button."""
        return next(each for each in self.all(ipyvuetify.Btn) if each.children == [label])

    def text(self) -> str:
        """Everything that is written on the page."""
        found = [each.children for each in self.all(ipyvuetify.Html)]
        return "\n".join(part for children in found for part in children if isinstance(part, str))

    def slider(self, label: str):
        """The first slider whose label begins so."""
        return next(each for each in self.all(ipyvuetify.Slider) if each.label.startswith(label))

    def type(self, label: str, typed: str, which: int = 0) -> None:
        """Type into a box, and leave it."""
        box = self.boxes(label)[which]
        box.v_model = typed
        if label != SEARCH:  # which follows every letter
            box.fire_event("focusout", None)

    def boxes(self, label: str) -> list:
        """The boxes of this name."""
        return [each for each in self.all(ipyvuetify.TextField) if each.label == label]


@pytest.fixture
def page():
    opened = Open()
    opened.slider("residents").v_model = 80
    opened.press("Reset")
    yield opened
    opened.rendered.close()


def test_step_and_reset(page):
    page.press("Step")
    page.press("Step")
    assert "Month 2 of 84" in page.text()
    page.press("Reset")
    assert "Month 0 of 84" in page.text()


def test_two_pages_have_towns_of_their_own(page):
    other = Open()
    page.press("Step")
    assert "Month 1 of" in page.text()
    assert "Month 0 of" in other.text()
    other.rendered.close()


def test_every_tab_opens(page):
    page.press("Step")
    for tab, shows in (("Agents", "80 rows"), ("Network", "NetworkX"), ("Rules", "burn_out"), ("Town", "Month 1 of")):
        page.press(tab)
        assert shows in page.text()


def test_months_play_and_pause(page):
    page.press("Play")
    assert soon(lambda: page.button("Step").disabled)
    assert soon(lambda: "Month 2 of" in page.text())
    page.press("Pause")
    assert soon(lambda: not page.button("Step").disabled)
    told = page.text()
    time.sleep(2 * BETWEEN)
    assert page.text() == told


def test_a_number_is_found_by_a_word_and_moved(page):
    page.type(SEARCH, "inflow chance")
    assert Parameters.inflow.meaning in page.text()
    page.slider("inflow").v_model = 0.3
    assert "Changed: inflow" in page.text()
    assert [box.v_model for box in page.boxes("exactly")] == ["0.3"]
    page.press("Undo all changes")
    assert "Changed:" not in page.text()


def test_a_value_that_does_not_fit_is_said_beside_its_box_and_changes_nothing(page):
    page.type(SEARCH, "inflow chance")
    page.type("exactly", "7")
    assert "Did you mean 0.07?" in str(page.boxes("exactly")[0].messages)
    assert "Changed:" not in page.text()


def test_what_cannot_be_founded_shows_a_card_and_never_a_traceback():
    opened = Open(setting="no_such_setting")
    assert "This town could not be founded" in opened.text()
    assert 'there is no setting "no_such_setting"' in opened.text()
    assert "Traceback" not in opened.text()
    opened.rendered.close()


def test_a_rule_that_raises_shows_a_card_and_the_page_goes_on():
    page = Open(rules={"feel": breaks})
    page.press("Step")
    assert "A rule broke off this month" in page.text()
    assert "KeyError: 'nothing here'" in page.text()
    assert "Traceback" not in page.text()
    page.press("Agents")
    assert "rows" in page.text()
    page.press("Reset")
    assert "KeyError" not in page.text()
    page.rendered.close()


def test_a_page_that_is_sent_what_it_never_offered_stays_as_it_was(page):
    page.slider("residents").v_model = 5_000_000
    setting = next(each for each in selects(page) if each.label == "setting")
    setting.v_model = "../../pyproject.toml"
    page.press("Reset")
    assert "Month 0 of 84" in page.text()
    page.press("Agents")
    assert "80 rows" in page.text()


def selects(page) -> list:
    return page.all(ipyvuetify.Select)


def test_the_page_speaks_every_language():
    for language in languages():
        opened = Open(language=language)
        assert said_in(language)["explore.title"] in opened.text()
        opened.rendered.close()


@pytest.mark.parametrize("language", [language for language in languages() if language != "en"])
def test_no_theme_has_a_number_whose_meaning_or_evidence_is_told_in_english(language):
    opened = Open(language=language)
    shown = ""
    theme = next(each for each in opened.all(ipyvuetify.Select) if each.label == said_in(language)["explore.theme"])
    for heading in theme.items:
        theme.v_model = heading
        shown += opened.text()
    opened.rendered.close()
    numbers = {**forms.DIALS, **PARAMETERS, **SIZES}
    assert not [name for name, each in numbers.items() if each.meaning in shown]
    told = {name: meanings.meaning(language, each) for name, each in numbers.items() if name != "seed"}
    assert not [name for name, meaning in told.items() if meaning not in shown]
    assert not [name for name, each in numbers.items() if name != "seed" and evidence(language, each) not in shown]


def evidence(language, number):
    told = meanings.known_how_well(language, number)
    return told if number.name not in explore.BASICS else meanings.unit(language, number.unit)


def test_a_closed_page_lets_go_of_its_town(monkeypatch):
    made = []

    class Watched(OwnTown):
        def __init__(self, *given) -> None:
            super().__init__(*given)
            made.append(self)

    monkeypatch.setattr(explore, "OwnTown", Watched)
    opened = Open()
    assert made[0].model is not None
    opened.rendered.close()
    assert made[0].model is None
