"""What the workshop keeps of a town's past agrees with what the town itself counted, and with what people see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agents.tables import Status
from simulation import CommunityModel
from simulation.town import name_of
from viz.workshop import names
from viz.workshop.past import KIND, MOST_MOVES, NO_ONE, QUIET, SUCCEEDED, Move, Past
from viz.workshop.words import languages

MONTHS = 60


def lived(governance, months=MONTHS, **given):
    """A town, its past, and what its neighbourhoods counted in each month."""
    model = CommunityModel(
        setting="cost_of_living_2021", governance=governance, rng=3, residents=250, engine="compiled", **given
    )
    past, counted = Past(model.town), []
    for _ in range(months):
        model.step()
        past.note(model.town)
        here = model.town.neighbourhoods
        counted.append({name: int(here[name].sum()) for name in ("helped", "resolved", "moved", "gave_up", "waiting")})
    return model, past, counted


@pytest.fixture(scope="module")
def two():
    return lived("spot"), lived("relational")


def of_kind(kept, *kinds):
    return int(np.isin(kept.moves, kinds).sum())


def test_who_was_helped_passed_on_and_helped_in_vain_is_what_the_town_counted(two):
    for _, past, counted in two:
        for kept, town in zip(past.months, counted, strict=True):
            worked, in_vain = of_kind(kept, Move.WORKED), of_kind(kept, Move.FAILED)
            passed, passed_well = of_kind(kept, Move.PASSED_ON), of_kind(kept, Move.PASSED_ON | SUCCEEDED)
            assert worked + in_vain + passed + passed_well == town["helped"]
            assert worked + passed_well == town["resolved"]
            assert passed + passed_well == town["moved"]
    assert sum(town["moved"] for _, _, counted in two for town in counted) > 100


@pytest.mark.parametrize("given", [{}, {"resident_trust_gain": 0.0}, {"agency": 0}, {"choosing": 1.0}])
def test_it_is_so_under_other_rules_for_residents_too(given):
    _, past, counted = lived("spot", 30, **given)
    for kept, town in zip(past.months, counted, strict=True):
        assert of_kind(kept, Move.WORKED, Move.PASSED_ON | SUCCEEDED) == town["resolved"]
        assert of_kind(kept, Move.PASSED_ON, Move.PASSED_ON | SUCCEEDED) == town["moved"]


def test_everyone_who_gave_up_is_seen_unless_a_crisis_is_told_instead():
    _, past, counted = lived("spot", giving_up=0.6, capacity_mix=(0.05,) * 6)
    seen = [of_kind(kept, Move.GAVE_UP) for kept in past.months]
    gave_up = [town["gave_up"] for town in counted]
    crises = [of_kind(kept, Move.CRISIS) for kept in past.months]
    assert sum(gave_up) > 20
    for many, town, others in zip(seen, gave_up, crises, strict=True):
        assert town - others <= many <= town


def test_those_who_wait_are_those_the_town_has_waiting(two):
    for model, past, counted in two:
        kept = past.months[-1]
        waiting = model.town.residents["status"] == Status.WAITING
        told = np.isin(kept.moves & KIND, (Move.WAITS, Move.CRISIS))
        assert (told[waiting]).all()
        assert of_kind(kept, Move.WAITS) <= counted[-1]["waiting"]


def test_a_log_tells_every_month_of_a_life(two):
    _, past, _ = two[0]
    resident = int(np.argmax(sum((kept.moves != QUIET).sum(axis=1) for kept in past.months)))
    log = past.log(resident)
    assert len(log) == sum(int((kept.moves[resident] != QUIET).sum()) for kept in past.months)
    assert log == sorted(log, key=lambda line: line[0])
    assert all((organisation != NO_ONE) == (kind <= Move.PASSED_ON) for _, kind, _, organisation in log)
    assert past.log(resident, 40) == [line for line in log if line[0] >= 40]
    wellbeing = past.wellbeing(resident)
    assert len(wellbeing) == MONTHS
    assert wellbeing[-1] == pytest.approx(float(two[0][0].town.residents["wellbeing"][resident]), abs=0.026)


def test_what_is_kept_of_organisations_and_ties_is_what_they_were(two):
    model, past, _ = two[1]
    town = model.town
    for row in (0, 7, 20):
        assert past.organisation(row, "load")[-1] == pytest.approx(float(town.organisations["load"][row]), rel=1e-6)
        assert past.organisation(row, "state")[-1] == int(town.organisations["state"][row])
        assert len(past.organisation(row, "burnout", 24)) == MONTHS - 24
    assert past.organisation(8, "held")[-1] == pytest.approx(
        float(town.organisations["reserves"][8] / town.organisations["usual_cost"][8]), rel=1e-6
    )
    for row in (0, len(town.agreements) - 1, len(town.ties) - 1):
        assert past.tie(row, "trust_of_buyer")[-1] == pytest.approx(float(town.ties["trust_of_buyer"][row]), rel=1e-6)
        assert past.tie(row, "seller")[-1] == int(town.ties["seller"][row])


def sampled(moves: Any) -> Any:
    """What is shown of a month beside its crises, every one of which is."""
    return moves[moves[:, 3] != Move.CRISIS]


def test_the_same_people_are_looked_at_in_both_towns(two):
    for month in range(24, MONTHS):
        assert max(len(sampled(past.moves(month))) for _, past, _ in two) <= MOST_MOVES
        whole = [set(sampled(past.moves(month, 10_000))[:, 0].tolist()) for _, past, _ in two]
        quiet = [np.isin(past.months[month].moves, (QUIET, Move.CRISIS)).all(axis=1) for _, past, _ in two]
        silent = [set(np.flatnonzero(each).tolist()) for each in quiet]
        assert whole[0] - whole[1] <= silent[1]
        assert whole[1] - whole[0] <= silent[0]


def test_every_crisis_is_shown(two):
    for _, past, _ in two:
        for month in range(24, MONTHS):
            shown = past.moves(month)
            struck = shown[shown[:, 3] == Move.CRISIS][:, :2].tolist()
            assert sorted(struck) == np.argwhere(past.months[month].moves == Move.CRISIS).tolist()


def test_the_rest_is_shown_as_often_as_it_happens(two):
    for _, past, _ in two:
        months = range(24, MONTHS)
        shown = np.concatenate([sampled(past.moves(month, 10_000))[:, 3] for month in months])
        told = np.concatenate([(each := past.months[month].moves)[each != QUIET] & KIND for month in months])
        told = told[told != Move.CRISIS]
        for kind in (Move.WORKED, Move.FAILED):
            assert (shown == kind).mean() == pytest.approx((told == kind).mean(), abs=0.03)


def test_moves_name_services_and_organisations_of_the_town(two):
    model, past, _ = two[0]
    moves = past.moves(MONTHS - 1)
    assert len(moves)
    resident, service, organisation, kind = moves.T
    assert moves.dtype == np.dtype("<u2")
    assert resident.max() < 250
    assert service.max() < 6
    assert set(kind.tolist()) <= set(Move)
    named = organisation != NO_ONE
    assert (model.town.organisations["serves"][organisation[named], service[named]] == 1).all()


def test_a_copy_lives_on_by_itself_and_what_is_undone_is_forgotten():
    model, past, _ = lived("contract", 12)
    other, then = model.fork(governance="relational"), past.copy()
    for _ in range(6):
        other.step()
        then.note(other.town)
    assert (past.month, then.month) == (12, 18)
    assert then.months[:12] == past.months
    again = model.fork(governance="relational")
    then.cut(again.town)
    assert then.month == 12
    for _ in range(6):
        again.step()
        then.note(again.town)
    model, straight, _ = lived("contract", 12)
    straight_on = model.fork(governance="relational")
    for _ in range(6):
        straight_on.step()
        straight.note(straight_on.town)
    for one, other in zip(then.months, straight.months, strict=True):
        assert (one.moves == other.moves).all()


def test_a_month_is_noted_once_and_in_order():
    model, past, _ = lived("contract", 2)
    with pytest.raises(ValueError, match="the next to note is month 2"):
        past.note(model.town)
    model.step()
    model.step()
    with pytest.raises(ValueError, match="month 3 cannot be noted"):
        past.note(model.town)


@pytest.mark.parametrize("language", languages())
def test_names_are_the_same_in_both_towns_and_fit_the_age(two, language):
    left, right = (model.town for model, _, _ in two)
    for row in range(0, 250, 7):
        assert names.resident(left, row, language) == names.resident(right, row, language)
    young = int(np.argmin(left.residents["age"]))
    old = int(np.argmax(left.residents["age"]))
    assert names.resident(left, young, language) in names.listed(language, "young")
    assert names.resident(left, old, language) in names.listed(language, "old")
    assert len({names.resident(left, row, language) for row in range(250)}) > 100


@pytest.mark.parametrize("language", languages())
def test_no_two_parts_of_town_and_no_two_organisations_are_called_the_same(two, language):
    town = two[0][0].town
    assert len({names.neighbourhood(row, language) for row in range(100)}) == 100
    assert names.neighbourhood(99, language).endswith("5")
    rows = range(len(town.organisations))
    assert len({names.short(row, language) for row in rows}) == len(rows)


def test_in_english_organisations_are_called_as_the_model_calls_them(two):
    town = two[0][0].town
    for row in range(len(town.organisations)):
        assert names.organisation(town, row, "en") == name_of(town, row)


@pytest.mark.parametrize("language", languages())
def test_lists_of_names_hold_no_name_twice(language):
    for key in ("young", "middle", "old", "places"):
        listed = names.listed(language, key)
        assert len(set(listed)) == len(listed) >= 24
        assert all(listed)
