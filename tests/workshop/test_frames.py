"""What the page is sent: a packet read by its documented layout says what the towns' tables say."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from agents.tables import NEEDS, NOBODY, Status
from agents.terms import DIALS, GOVERNANCES
from simulation.scenario import PARAMETERS
from simulation.scenario import settings as shipped
from viz.workshop import frames, layout
from viz.workshop.plan import FEWEST, MOST, SHOCKS, Act, Plan, Side, live_names, offered_settings
from viz.workshop.towns import TwoTowns
from viz.workshop.words import catalogue, languages

PLAN = Plan(residents=300, right=Side("spot"), acts=(Act(30, "shock", name="energy", value=1.0),))
SIZES = (FEWEST, 600, MOST)


class Seen(NamedTuple):
    """One town of a packet."""

    strain: np.ndarray
    load: np.ndarray
    state: np.ndarray
    trust: np.ndarray
    seller: np.ndarray
    moves: np.ndarray


def decoded(packet, town):
    """A packet read as the layout says: length of the head, head, then both towns; nothing is left over."""
    (length,) = struct.unpack_from("<I", packet)
    head = json.loads(packet[4 : 4 + length].decode())
    at, seen = 4 + length, []
    people, organisations = len(town.residents), len(town.organisations)
    agreements, ties = len(town.agreements), len(town.agreements) + len(town.peers)
    for moves in head["moves"]:
        parts = []
        for many, kind in (
            (people, "u1"), (organisations, "u1"), (organisations, "u1"), (ties, "u1"),
            (agreements, "<u2"), (4 * moves, "<u2"),
        ):  # fmt: skip
            parts.append(np.frombuffer(packet, kind, many, at))
            at += many * np.dtype(kind).itemsize
        seen.append(Seen(*parts[:-1], parts[-1].reshape(-1, 4)))
    assert at == len(packet)
    return head, seen


def packet_of(towns):
    head = {"run": 1, "seq": 1, **frames.head(towns, frames.teller(towns, "en"), "en")}
    return frames.packet(towns, head)


@pytest.fixture(scope="module")
def towns():
    return TwoTowns(PLAN, 50, engine="compiled")


# ---- a month -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("residents", SIZES)
@pytest.mark.parametrize("month", [24, 36, 83])
def test_a_packet_says_what_the_tables_say(residents, month):
    towns = TwoTowns(replace(PLAN, residents=residents), month, engine="compiled")
    _, seen = decoded(packet_of(towns), towns.models[0].town)
    for model, past, each in zip(towns.models, towns.pasts, seen, strict=True):
        people, organisations, ties = model.town.residents, model.town.organisations, model.town.ties
        assert np.abs(10.0 - each.strain / 25.5 - people["wellbeing"]).max() <= 0.5 / 25.5 + 1e-9
        held = np.minimum(organisations["load"] * 128, 255)
        assert np.abs(each.load - held).max() <= 0.5
        assert each.state.tolist() == organisations["state"].tolist()
        assert not each.state[:NEEDS].any()
        trust = 0.5 * (ties["trust_of_buyer"] + ties["trust_of_seller"])
        in_force = ties["active"] == 1
        assert ((each.trust > 0) == in_force).all()
        assert np.abs((each.trust[in_force] - 1.0) / 254.0 - trust[in_force]).max(initial=0.0) <= 0.5 / 254 + 1e-9
        seller = model.town.agreements["seller"]
        sold = each.seller.astype(np.int64)
        assert (np.where(sold == 65535, NOBODY, sold) == seller).all()
        assert each.moves.tolist() == past.moves(month).tolist()


def test_people_who_move_are_people_who_wait_or_were_helped(towns):
    _, seen = decoded(packet_of(towns), towns.models[0].town)
    for model, each in zip(towns.models, seen, strict=True):
        status = model.town.residents["status"]
        assert len(each.moves)
        for resident, service, _, kind in each.moves.tolist():
            now = status[resident, service]
            assert kind <= 5
            assert (kind <= 2) == (now == Status.SERVED) or kind == 4
            assert kind != 3 or now == Status.WAITING


@pytest.mark.parametrize("residents", SIZES)
def test_a_packet_is_small(residents):
    towns = TwoTowns(replace(PLAN, residents=residents), 40, engine="compiled")
    assert len(packet_of(towns)) < 4000 + 2 * residents


def test_the_head_says_the_month_its_numbers_and_its_shocks(towns):
    head, _ = decoded(packet_of(towns), towns.models[0].town)
    assert (head["run"], head["seq"], head["month"], head["when"], head["ended"]) == (1, 1, 50, "March 2023", False)
    assert head["headline"]["text"]
    ours = [shock for shock in head["shocks"] if shock["own"]]
    assert ours == [{"month": 30, "key": "energy", "label": "Energy +100%", "own": True, "done": True}]
    for place, model in enumerate(towns.models):
        row, people = model.town.history[50], len(model.town.residents)
        waiting, helped, crises, struggling = head["numbers"][place]
        assert waiting == round(row["waiting"] * people / 1000)
        assert helped == round(row["cases_helped"] * people / 1000)
        assert crises == np.count_nonzero(model.town.residents["in_crisis"])
        assert struggling == np.count_nonzero(model.town.residents["wellbeing"] <= 4.0)
        told = dict(zip(frames.outcomes(), head["values"][place], strict=True))
        assert told == {name: round(float(row[name]), 4) for name in frames.outcomes()}
        paid = head["paid"][place]
        assert paid["rise"] == pytest.approx(sum(paid.values()) - paid["rise"], abs=0.05)


def test_a_shock_to_come_is_told_and_not_yet_done():
    towns = TwoTowns(PLAN, 27, engine="compiled")
    head = frames.head(towns, frames.teller(towns, "en"), "en")
    assert [shock["done"] for shock in head["shocks"] if shock["own"]] == [False]


def test_the_history_is_the_values_of_every_month_shown(towns):
    told = frames.history(towns, 7)
    assert (told["run"], told["from"]) == (7, PLAN.first)
    again = TwoTowns(PLAN, engine="compiled")
    for place in range(50 - PLAN.first + 1):
        head = frames.head(again, frames.teller(again, "en"), "en")
        assert [each[place] for each in told["values"]] == head["values"]
        assert [each[place] for each in told["paid"]] == head["paid"]
        again.step()


def test_the_last_month_says_that_it_is_the_last():
    towns = TwoTowns(replace(PLAN, residents=100), 999, engine="compiled")
    assert frames.head(towns, frames.teller(towns, "en"), "en")["ended"]


# ---- the towns, once -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("setting", shipped())
def test_every_setting_is_described_in_every_language(setting, language):
    plan = Plan(setting=setting, residents=100)
    towns = TwoTowns(plan, engine="compiled")
    told = json.loads(json.dumps(frames.description(towns, language, 1), allow_nan=False))
    assert (told["months"], told["first"], told["residents"]) == (plan.months, plan.first, 100)
    assert told["setting"]["name"] == setting
    assert all(row[1] and row[2] for row in told["settings"])
    assert {name for name, *_ in told["settings"]} == set(offered_settings())
    assert [name for name, *_ in told["governances"]] == list(GOVERNANCES)
    assert all(plan.first <= month < plan.months for month, _ in told["ticks"])
    assert len(told["people"]["x"]) == len(told["people"]["home"]) == 100
    assert len(told["organisations"]) == len(towns.models[0].town.organisations)
    assert len({each["name"] for each in told["organisations"]}) == len(told["organisations"])
    assert [each["key"] for each in told["charts"]] == list(frames.outcomes())
    while towns.step():
        head = frames.head(towns, frames.teller(towns, language), language)
    assert head["ended"]


@pytest.mark.parametrize("name", sorted({*DIALS, *(name for name, row in PARAMETERS.items() if not row.shape)}))
def test_a_side_is_told_whatever_number_is_its_own(towns, name):
    row = frames.declared(name)
    towns = TwoTowns.__new__(TwoTowns)
    towns.sides = [Side("spot"), Side("spot", ((name, row.high),))]
    for language in languages():
        told = frames.side_told(towns, 1, language)
        [[what, value]] = told["changed"]
        assert what
        assert value == frames.number_told(row.high, language)
        assert what in told["line"]
        assert told["name"] != frames.side_told(towns, 0, language)["name"]


def test_both_sides_are_told_by_the_same_words():
    one, other = (TwoTowns(replace(PLAN, residents=100, left=Side(a), right=Side(b)), engine="compiled")
                  for a, b in (("spot", "contract"), ("contract", "spot")))  # fmt: skip
    for language in languages():
        for key in ("name", "line", "governance"):
            assert frames.side_told(one, 0, language)[key] == frames.side_told(other, 1, language)[key]


def test_what_may_be_moved_has_a_label_a_range_and_both_sides_values(towns):
    for dial in frames.dials(towns, "en"):
        assert dial["low"] < dial["high"]
        assert dial["step"] > 0
        assert all(dial["low"] <= value <= dial["high"] for value in dial["values"])
        assert dial["live"] == (dial["name"] in live_names())
        assert f"town.dial.{dial['name']}" in catalogue("en"), dial["name"]
    told = {dial["name"]: dial["values"] for dial in frames.dials(towns, "en")}
    assert told["term"] == [GOVERNANCES["contract"]["term"], GOVERNANCES["spot"]["term"]]


def test_numbers_are_told_without_a_tail():
    assert [frames.number_told(value) for value in (0.1 + 0.2, 36.0, 1234567.0, 0.005)] == [
        "0.3", "36", "1,234,567", "0.005",
    ]  # fmt: skip
    assert frames.number_told(1234.5, "de") == "1.234,5"


def test_what_will_differ_from_next_month_is_told_of_the_towns_it_will_be_true_of():
    towns = TwoTowns(replace(PLAN, residents=100), engine="compiled")
    assert frames.coming(towns, "en") == [[], []]
    towns.do(Act(0, "own", "left", "sharing", 0.9))
    towns.do(Act(0, "shock", "both", "energy", 0.5))
    [left], right = frames.coming(towns, "en")
    assert "Sharing information 0.9" in left
    assert right == []
    towns.do(Act(0, "fork", "right", "governance", "in_house"))
    for language in languages():
        left, right = frames.coming(towns, language)
        assert len(left) == 2
        assert frames.governance_told(language, "in_house") in left[1]
        assert right == []
    towns.step()
    assert frames.coming(towns, "en") == [[], []]


def test_what_is_moved_and_what_it_is_counted_in_is_told_in_the_language_of_the_page(towns):
    english = {dial["name"]: dial for dial in frames.dials(towns, "en")}
    for language in languages()[1:]:
        for dial in frames.dials(towns, language):
            for key in ("label", "meaning", "unit"):
                assert dial[key] != english[dial["name"]][key], f"{language}: {dial['name']}.{key}"


@pytest.mark.parametrize("setting", shipped())
def test_every_shock_a_setting_has_in_store_lies_in_its_run_and_is_one_of_ours(setting):
    for month, key, size in frames.in_store(setting):
        assert 0 <= month < offered_settings()[setting].months
        assert key in SHOCKS
        assert math.isfinite(size)
        assert (size > 0) == (SHOCKS[key][1][0] > 0)


def test_a_calm_setting_has_nothing_in_store():
    assert frames.in_store("calm") == ()
    assert frames.in_store("cost_of_living_2021")


# ---- the map -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("residents", SIZES)
@pytest.mark.parametrize("neighbourhoods", [1, 2, 6, 13, 40])
def test_everybody_and_everything_stands_on_the_map_and_in_its_place(residents, neighbourhoods):
    model = TwoTowns(replace(PLAN, residents=residents), 0, engine="compiled").models[0]
    town = model.town
    discs = layout.neighbourhoods(neighbourhoods)
    for disc in discs:
        assert disc.r > 0
        assert disc.r <= disc.x <= layout.WIDE - disc.r
        assert disc.r <= disc.y + 1e-9 <= layout.HIGH - disc.r + 1e-9
    for place, one in enumerate(discs):
        for other in discs[place + 1 :]:
            assert math.dist(one[:2], other[:2]) >= one.r + other.r
    own = layout.neighbourhoods(len(town.neighbourhoods))
    told = layout.residents(town)
    for x, y, home in zip(told["x"], told["y"], told["home"], strict=True):
        assert math.dist((x, y), own[home][:2]) <= own[home].r
    assert len(set(zip(told["x"], told["y"], strict=True))) > 0.97 * residents
    spots = layout.organisations(town)
    assert len(set(spots)) == len(town.organisations)
    assert all(0 < spot.x < layout.WIDE and 0 < spot.y < layout.HIGH for spot in spots)
    assert min(math.dist(one, other) for place, one in enumerate(spots) for other in spots[:place]) > 20


def test_both_towns_stand_alike_and_nobody_wanders(towns):
    left, right = (layout.residents(model.town) for model in towns.models)
    assert left == right
    assert left == layout.residents(TwoTowns(PLAN, 24, engine="compiled").models[0].town)
