"""Why something happened: chains whose root cause is known because nothing else can have done it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.tables import APRIL, Component
from experiments.why import (
    Cause,
    Check,
    Event,
    Life,
    Record,
    Share,
    WhyError,
    in_words,
    journal_for,
    journal_in,
    levels_of,
    listed,
    rise_of,
    take_away,
    why,
)
from simulation.changes import Change
from simulation.journal import JournalError, fingerprint_of, write_journal
from simulation.run import run
from simulation.scenario import Scenario
from simulation.shocks import Step
from simulation.twin import first_difference
from viz import command

Capture = pytest.CaptureFixture[str]

NO_OTHER_TROUBLE: dict[str, Any] = {
    "organisation_energy_multiple": 1.0, "margin": 0.15, "reserves_median": 1.5, "reserves_spread": 0.0,
    "charities_without_reserves": 0.0, "hand_back_loss": 1.0, "free_riders": 0.0, "lowball": 0.0,
    "outside_income_spread": 0.0, "payout": 0.0, "complacency": 0.0, "desperation": 0.0, "skimping_gain": 0.0,
    "practice_saving": 0.0,
}  # fmt: skip
"""Partners with a margin of 15 per cent, reserves, and no luck: only a cost that rises by more can ruin one."""

ENERGY, FOOD = Step("energy", start=30, size=2.0), Step("food", start=33, size=0.3)
"""Energy is a fifth of what leisure costs, and under a tenth of what anything else does; food is next to nothing."""

TOWN = Scenario(
    residents=200, neighbourhoods=3, partners=12, months=72, seed=3, shocks=(ENERGY, FOOD), parameters=NO_OTHER_TROUBLE,
    governance={"base": "rigid_contract", "term": 120.0},
)  # fmt: skip


@cache
def leisure() -> tuple[Record, int]:
    """A town in which a leisure partner closes, and the number of that event."""
    record = Record(journal_for(TOWN))
    return record, next(each.number for each in record.events if each.kind == "closure")


def the_link(found: Any, what: str) -> Any:
    return next(link for link in found.chain if link.what == what)


# ---- a known root cause ------------------------------------------------------------------------------------


def test_a_closure_that_only_dear_energy_can_cause_goes_back_to_energy_and_never_happens_without_it() -> None:
    record, number = leisure()
    found = why(record, number, reruns=15)
    assert found.root is not None
    assert (found.root.name, found.root.month) == ("energy", 30)
    assert found.check is not None
    assert (found.check.with_cause.share, found.check.without_cause.share) == (1.0, 0.0)
    assert not found.check.as_lived


def test_taking_away_a_cause_that_is_none_changes_nothing() -> None:
    record, number = leisure()
    for other in ("food", "wages", "demand"):
        check = why(record, number, without=other, reruns=8).check
        assert check is not None
        assert check.as_lived
        assert check.both == check.with_cause.times == check.without_cause.times == 8


def test_taking_away_everything_from_outside_takes_away_energy_too() -> None:
    record, number = leisure()
    check = why(record, number, without="shocks", reruns=8).check
    assert check is not None
    assert check.without_cause.times == 0


def test_with_deeper_reserves_the_partner_lives_longer() -> None:
    record, number = leisure()
    found = why(record, number, without="reserves", reruns=4)
    assert found.root is not None
    assert found.root.organisation == record.partner_in(found.event)
    assert found.root.month == found.event.month - record.losing(found.root.organisation, found.event.month) + 1


def test_a_partner_that_luck_alone_ruins_goes_back_to_its_reserves_and_not_to_prices() -> None:
    """Nothing costs more than at the start, and none but work outside the town can lose money."""
    unlucky = {**NO_OTHER_TROUBLE, "outside_income_spread": 0.6}
    record = Record(journal_for(TOWN.with_(shocks=(), parameters=unlucky)))
    number = next(each.number for each in record.events if each.kind == "closure")
    found = why(record, number, reruns=20)
    assert found.root is not None
    assert found.root.name == "reserves"
    assert found.check is not None
    assert found.check.with_cause.times > found.check.without_cause.times


def test_an_agreement_lost_is_prevented_by_topping_up_and_then_not_lost_in_that_month() -> None:
    record, number = leisure()
    found = why(record, record.events[-1].number, without=str(number), reruns=0)
    assert found.root is not None
    closing = record.events[number]
    assert (found.root.month, found.root.name) == (closing.month, f"event {number}")
    life = Life(record.journal).live_to(closing.month)
    take_away(life, found.root)
    life.live_to(closing.month + 1)
    assert life.town.organisations["alive"][found.root.organisation] == 1
    assert record.organisations[closing.month]["alive"][found.root.organisation] == 0


# ---- the chain ---------------------------------------------------------------------------------------------


def test_the_chain_tells_in_numbers_what_led_to_the_closure_in_the_order_of_time() -> None:
    record, number = leisure()
    found = why(record, number, reruns=0)
    cost, price, reserves = (the_link(found, what) for what in ("cost", "price", "reserves"))
    assert cost.numbers["energy"] == pytest.approx(0.2 * 2.0)
    assert cost.numbers["food"] == pytest.approx(0.02 * 0.3)
    assert cost.numbers["labour"] == 0.0
    assert cost.numbers["rise"] == pytest.approx(0.4 + 0.006)
    assert price.numbers["margin"] == pytest.approx(1.15 / 1.406 - 1.0)
    assert price.numbers["months"] == found.event.month - price.first + 1
    assert 30 <= price.first <= 30 + 12
    assert reserves.numbers["places"] < 0.0 == reserves.numbers["outside_income"]
    assert reserves.numbers["from"] > 1.0 > reserves.numbers["to"]
    assert found.chain[-1].event == number
    assert [link.first for link in found.chain] == sorted(link.first for link in found.chain)


def test_what_each_component_added_adds_up_to_the_rise() -> None:
    record = Record(
        journal_for(Scenario(residents=60, months=40, neighbourhoods=2, shocks=(Step("all", start=9, size=0.2),)))
    )
    for partner in range(6, 24):
        rise, parts, other = rise_of(record, partner, 8, 30)
        costs = [record.organisations[month]["unit_cost"][partner] for month in (8, 30)]
        assert rise == pytest.approx(costs[1] / costs[0] - 1.0)
        assert sum(parts.values()) + other == pytest.approx(rise)


def test_what_followed_tells_of_the_queue_of_the_front_door_that_lost_its_partner() -> None:
    record, number = leisure()
    found = why(record, number, reruns=0)
    queue = next(link for link in found.followed if link.what == "queue")
    assert queue.first == found.event.month
    assert queue.numbers["queue_most"] > 0
    assert "let again" in queue.text


def test_a_crisis_is_followed_back_to_the_front_door_and_the_wait() -> None:
    record = Record(journal_for(TOWN.with_(crisis_chance=0.5, crisis_level=0.6)))
    number = next(each.number for each in reversed(record.events) if each.of_a_resident and each.because is not None)
    found = why(record, number, reruns=2)
    wait = the_link(found, "wait")
    assert wait.last == found.event.month
    assert wait.numbers["need"] == found.event.amount
    assert found.check is not None
    assert found.check.with_cause.of == 2
    assert in_words(found).startswith(f"Event {number}, month {found.event.month}: Resident ")


def test_every_event_of_a_town_can_be_asked_about() -> None:
    """Whatever kinds there are now, or are yet to come."""
    record = Record(journal_for(Scenario(residents=60, months=40, neighbourhoods=2, governance="relational", seed=4)))
    kinds = {each.kind: each.number for each in record.events}
    assert len(kinds) > 2
    for number in kinds.values():
        assert in_words(why(record, number, reruns=1))


def test_a_kind_of_event_that_nobody_has_words_for_is_told_by_its_name() -> None:
    event = Event(3, 9, "spending control", "Council", "", 1.0, "no money", None)
    assert event.told == "spending control: Council"


# ---- with it and without it ----------------------------------------------------------------------------------


def test_the_answer_does_not_depend_on_the_number_of_workers() -> None:
    record, number = leisure()
    one, many = (why(record, number, without="energy", reruns=5, workers=each).check for each in (1, 3))
    assert one == many


def test_a_component_that_is_held_stays_at_its_level_and_nothing_else_of_the_world_moves() -> None:
    shocks = (
        Step("all", start=30, size=0.5),
        Step("budget", start=APRIL, size=0.1),
        Step("demand", start=31, size=0.2),
    )
    record = Record(journal_for(TOWN.with_(shocks=shocks)))
    number = record.events[-1].number
    assert record.events[-1].month > 31
    for name, component in (("wages", "labour"), ("demand", "demand")):
        found = why(record, number, without=name, reruns=0)
        assert found.root is not None
        life = Life(record.journal).live_to(found.root.month)
        take_away(life, found.root)
        assert (levels_of(life.town.outside, component)[found.root.month :] == 1.0).all()
        for other in {"energy", "food", "labour", "other", "budget", "demand"} - {component}:
            assert np.array_equal(levels_of(life.town.outside, other), levels_of(record.outside, other))


def test_a_change_made_on_the_way_is_made_again_and_cannot_bring_the_cause_back() -> None:
    later = Change(33, further_shocks=(Step("energy", start=33, size=0.5),))
    journal = replace(journal_for(TOWN), changes=(later,))
    record = Record(journal)
    number = next(each.number for each in record.events if each.kind == "closure")
    found = why(record, number, reruns=3)
    assert found.root is not None
    assert found.check is not None
    assert found.check.without_cause.times == 0
    life = Life(journal).live_to(found.root.month)
    take_away(life, found.root)
    life.live_to(40)
    assert life.town.outside["prices"][35, Component.ENERGY] == 1.0
    assert record.outside["prices"][35, Component.ENERGY] == pytest.approx(4.5)


def test_an_interval_holds_its_share_and_is_never_without_width() -> None:
    for times in (0, 3, 10):
        low, high = Share(times, 10).interval
        assert 0.0 <= low <= times / 10 <= high <= 1.0
        assert high - low > 0.1


@pytest.mark.parametrize(
    ("kept", "removed", "both", "difference"), [(9, 9, 9, 0), (9, 0, 0, 1), (0, 9, 0, -1), (5, 3, 2, 0)]
)
def test_a_difference_is_told_from_pairs_that_differ(kept: int, removed: int, both: int, difference: int) -> None:
    check = Check(Cause("energy", "", 0), 0, 24, Share(kept, 20), Share(removed, 20), both, as_lived=False)
    assert check.difference == difference
    assert 0.0 < check.chance <= 1.0


# ---- which run -----------------------------------------------------------------------------------------------


def kith(*arguments: object) -> int:
    return command.exit_code([str(each) for each in arguments])


def test_a_life_is_the_run_that_was_lived() -> None:
    assert first_difference(Life(journal_for(TOWN)).live_to(TOWN.months).town, run(TOWN).town) is None


def test_a_kept_run_lists_its_events_and_answers_for_one(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "town.toml").write_text(TOWN.with_(name="").to_toml(), encoding="utf-8")
    rules = tmp_path / "mine.py"
    rules.write_text("def burn_out(organisation, town):\n    organisation.burnout = 0.0\n", encoding="utf-8")
    assert kith("run", tmp_path / "town.toml", "--out", tmp_path / "one", "--rules", rules) == 0
    rules.unlink()
    capsys.readouterr()
    assert kith("why", tmp_path / "one", "--json") == 0
    listed_there = json.loads(capsys.readouterr().out)
    written = [line.split(",") for line in (tmp_path / "one" / "events.csv").read_text().splitlines()[1:]]
    assert [str(each["number"]) for each in listed_there] == [cells[0] for cells in written]
    number = next(each["number"] for each in listed_there if each["kind"] == "closure")
    assert kith("why", tmp_path / "one", number, "--reruns", 4, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["root"]["name"] == "energy"
    assert found["check"]["with_cause"]["times"] == 4
    assert found["check"]["without_cause"]["high"] < 0.6
    assert kith("why", tmp_path / "one", number, "--reruns", 2) == 0
    told = capsys.readouterr().out
    assert "counterfactual within the model" in told
    assert max(map(len, told.split("\n"))) <= 100


def test_a_run_of_a_comparison_is_found_by_governance_and_replicate(tmp_path: Path, capsys: Capture) -> None:
    asked = ["compare", "wage_step", "--governance", "contract", "--governance", "rigid_contract", "--seeds", 2]
    asked += ["--residents", 60, "--months", 54, "--workers", 1, "--out", tmp_path / "two"]
    assert kith(*asked) == 0
    import pandas as pd

    kept = pd.read_parquet(tmp_path / "two" / "events.parquet")
    for governance, replicate, world in (("contract", 0, "shock"), ("rigid_contract", 1, "calm")):
        record = Record(journal_in(tmp_path / "two", governance=governance, replicate=replicate, world=world))
        rows = kept[(kept["governance"] == governance) & (kept["replicate"] == replicate) & (kept["world"] == world)]
        assert rows["event"].tolist() == [each.number for each in record.events]
        assert rows["kind"].tolist() == [each.kind for each in record.events]
        assert rows["amount"].tolist() == [each.amount for each in record.events]
    for given, said in (
        (["--governance", "relational"], 'no governance "relational"'),
        (["--replicate", 7], "no replicate 7; it has 0 to 1"),
        (["--seed", 3], "has been lived already"),
    ):
        capsys.readouterr()
        assert kith("why", tmp_path / "two", *given) == 2
        assert said in capsys.readouterr().err


def test_a_run_of_another_version_of_the_model_is_refused_unless_told_to_go_on(tmp_path: Path, capsys: Capture) -> None:
    journal = replace(journal_for(TOWN), made_with={"model": "0123456789abcdef"}, town="another")
    write_journal(journal, tmp_path / "journal.toml")
    with pytest.raises(JournalError, match="another version of the model"):
        journal_in(tmp_path)
    assert kith("why", tmp_path) == 2
    assert "another version of the model" in capsys.readouterr().err
    assert kith("why", tmp_path, "--anyway") == 0
    assert "closure" in capsys.readouterr().out


def test_a_run_that_was_meddled_with_is_not_answered_for(tmp_path: Path) -> None:
    town = run(TOWN).town
    journal = replace(journal_for(TOWN), town=fingerprint_of(town))
    assert Record(journal).events
    town.residents["slack"][0] = 0.5
    with pytest.raises(WhyError, match="through its agents"):
        Record(replace(journal, town=fingerprint_of(town)))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone"], 'there is no setting "gone"'),
        (["empty"], "is not a run: it has neither journal.toml nor question.toml"),
        (["older"], "before journals were kept"),
        (["calm", "99999"], "there is no event 99999: this run has"),
        (["calm", "0", "--without", "enregy"], 'The nearest is "energy"'),
        (["calm", "0", "--without", "1"], "comes after event 0"),
        (["calm", "1", "--without", "0"], "cannot be prevented"),
        (["calm", "--reruns", "-1"], "at least 0"),
        (["calm", "--set", "inflw=1"], '"inflow"'),
        (["calm", "--engine", "steam"], "auto, plain, compiled"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_words(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("older").mkdir()
    Path("older/scenario.toml").write_text("months = 30\n", encoding="utf-8")
    small = ["--residents", "60", "--months", "40"] if arguments[0] == "calm" else []
    assert kith("why", *arguments, *small) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""


def test_rare_events_are_listed_one_by_one_and_of_common_ones_a_few() -> None:
    record, number = leisure()
    lines = listed(record).split("\n")
    assert any(line.startswith(f"  {number:>6}") for line in lines)
    assert len(lines) < 60
