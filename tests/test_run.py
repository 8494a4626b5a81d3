"""A run lives its scenario through, the same way whichever engine lives it, and says what happened."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from agents.tables import Happening, Town
from simulation import Run, Scenario, ScenarioError, load_scenario, run
from simulation.engines import engine_for
from simulation.measures import MEASURES
from simulation.run import live, room_for_a_month
from simulation.town import found_town

QUIET = Scenario(residents=120, neighbourhoods=4, partners=8, months=30, seed=3)


def bits(town: Town) -> str:
    """A fingerprint of everything in the town that months have written, whatever room was set aside beyond it."""
    months, events = int(town.clock["month"]), int(town.clock["events"])
    used = {
        "history": town.history[:months],
        "neighbourhood_history": town.neighbourhood_history[: months * len(town.neighbourhoods)],
        "events": town.events[:events],
    }
    digest = hashlib.sha256()
    for name, table in town._asdict().items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(used.get(name, table)).tobytes())
    return digest.hexdigest()


@cache
def lived(engine: str) -> Run:
    return run(load_scenario("cost_of_living_2021").with_(residents=200, months=25, seed=11), engine=engine)


@pytest.mark.parametrize("engine", ["compiled", "auto"])
def test_every_engine_lives_the_same_months_to_the_last_bit(engine: str):
    assert bits(lived(engine).town) == bits(lived("plain").town)


def test_equal_scenarios_give_equal_towns_and_another_seed_another_town():
    assert bits(run(QUIET).town) == bits(run(QUIET).town)
    assert bits(run(QUIET).town) != bits(run(QUIET.with_(seed=4)).town)


def test_a_town_lived_a_month_at_a_time_is_the_town_lived_at_once():
    town, engine = found_town(QUIET), engine_for("compiled")
    for _ in range(QUIET.months):
        town = live(town, engine, 1)
    assert bits(town) == bits(run(QUIET, engine="compiled").town)


def test_runs_in_threads_are_the_runs_one_after_another():
    scenarios = [QUIET.with_(seed=seed) for seed in range(6)]
    with ThreadPoolExecutor(3) as threads:
        together = [bits(each.town) for each in threads.map(run, scenarios)]
    assert together == [bits(run(scenario).town) for scenario in scenarios]


def test_history_has_a_row_for_each_month_and_a_column_for_each_measure():
    history = run(QUIET).history
    assert list(history.columns) == ["month", *(measure.__name__ for measure in MEASURES)]
    assert history["month"].tolist() == list(range(QUIET.months))
    assert history.notna().all(axis=None)


def test_the_raw_rows_are_the_history():
    lived = run(QUIET)
    assert lived.rows.dtype.names == tuple(lived.history.columns[1:])
    assert (lived.rows["unmet_need"] == lived.history["unmet_need"]).all()


def test_neighbourhoods_have_a_row_for_each_month_and_place():
    table = run(QUIET).neighbourhoods
    assert len(table) == QUIET.months * QUIET.neighbourhoods
    assert table.groupby("month")["residents"].sum().eq(QUIET.residents).all()


def test_events_are_told_in_words_and_in_order():
    events = lived("compiled").events
    assert list(events.columns) == ["month", "kind", "who", "whom", "amount", "cause", "because"]
    assert set(events["kind"]) <= {kind.name.lower().replace("_", " ") for kind in Happening}
    assert events["month"].is_monotonic_increasing
    assert events["who"].notna().all()


def test_an_event_comes_after_the_event_it_names_as_its_reason():
    because = lived("compiled").events["because"].dropna()
    assert len(because) > 0
    assert (because.astype(int) < because.index).all()


def test_a_town_with_no_room_for_events_makes_room_and_loses_none():
    cramped = found_town(QUIET)._replace(events=found_town(QUIET).events[:1].copy())
    town = live(cramped, engine_for("plain"), QUIET.months)
    assert town.clock["events_lost"] == 0
    assert bits(town) == bits(run(QUIET).town)


def test_no_month_brings_more_events_than_room_is_kept_for():
    desperate = QUIET.with_(crisis_chance=1.0, crisis_level=0.3, inflow=0.5, months=25)
    town = run(desperate).town
    written = np.bincount(town.events["month"][: int(town.clock["events"])])
    assert town.clock["events_lost"] == 0
    assert written.max() <= room_for_a_month(town)


def test_a_town_lives_on_beyond_the_months_it_was_founded_for():
    planned, further = QUIET, QUIET.with_(months=40)
    engine = engine_for("plain")
    town = live(live(found_town(planned), engine, 30), engine, 10)
    assert bits(town._replace(outside=0)) == bits(run(further).town._replace(outside=0))


def test_progress_is_told_until_the_last_month():
    told: list[tuple[int, int]] = []
    run(QUIET, tell=lambda lived, months: told.append((lived, months)))
    assert told[-1] == (QUIET.months, QUIET.months)
    assert all(one < other for one, other in pairwise(told))


def test_a_run_says_which_engine_lived_it():
    assert not run(QUIET, engine="plain").engine.compiled
    assert run(QUIET, engine="compiled").engine.compiled
    assert run(QUIET, engine="compiled").engine.why == ""


def test_a_replaced_rule_changes_the_town():
    def ask_for_help(resident, town):
        resident.contacts += 1

    assert run(QUIET, engine="plain", rules={"ask_for_help": ask_for_help}).rows["cases_helped"].sum() == 0


def test_a_rule_that_is_not_there_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="ask_for_help"):
        run(QUIET, rules={"ask_for_hlp": lambda resident, town: None})


def test_a_scenario_out_of_range_is_refused_before_founding():
    with pytest.raises(ScenarioError, match="inflow is 7"):
        QUIET.with_(inflow=7)


def test_a_run_needs_neither_mesa_nor_pandas_until_a_table_is_asked_for():
    code = (
        "import sys; from simulation import Scenario, run; run(Scenario(residents=20, neighbourhoods=2, months=25));"
        "print(sorted({'mesa', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def town_of_month_120() -> str:
    """The fingerprint of a small town after ten years, shocks and all.

    `python tests/test_run.py` prints it: it is to be the same under every Python we support.
    """
    scenario = load_scenario("cost_of_living_2021").with_(residents=150, months=120, seed=2021)
    return bits(run(scenario, engine="compiled").town)


def test_the_town_does_not_depend_on_how_python_hashes_names():
    said = {
        subprocess.run(
            [sys.executable, __file__], capture_output=True, text=True, check=True, env={**os.environ, **how}
        ).stdout
        for how in ({"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent.parent)} for seed in ("1", "20"))
    }
    assert said == {town_of_month_120() + "\n"}


if __name__ == "__main__":
    print(town_of_month_120())
