"""The engine keeps its word: one rule, two ways to run, the same bits, and no stale rule ever."""

from __future__ import annotations

import math
import os
import pickle
import queue
import re
import shutil
import subprocess
import sys
import textwrap
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from agents import chance as luck
from agents.chance import chance, chance_column, draw, draw_alone, month_key, normal, normal_column
from agents.rule import RULES, replacing, rule
from agents.views import Row, Rows, plain_town, row_class, rows_of
from simulation import compiled, engines, reader
from simulation.engines import PlainRuleWarning, engine_for
from simulation.reader import RulesError, read_rule, read_rules
from simulation.twin import copied, first_difference, twin_run

HERE = Path(__file__).resolve().parent.parent
NOBODY = -(2**31)
NEEDS = 3
STRIKES, HELPS, GROWS = 70, 71, 72
PERSON = np.dtype(
    [("id", "i8"), ("need", "f8", (NEEDS,)), ("asked", "i8", (NEEDS,)), ("hope", "f8"), ("friend", "i8")], align=True
)
PLACE = np.dtype([("id", "i8"), ("places", "f8"), ("served", "i8")], align=True)
NUMBERS = np.dtype([("growth", "f8"), ("spill", "f8", (NEEDS, NEEDS))], align=True)
CLOCK = np.dtype([("month", "i8"), ("seed", "i8"), ("key", "i8"), ("events", "i8")], align=True)
EVENT = np.dtype([("month", "i8"), ("who", "i8")], align=True)

needs_numba = pytest.mark.skipif(compiled.numba_or_why()[0] is None, reason="Numba is not there")


class Hamlet(NamedTuple):
    """A town small enough to read."""

    people: Any
    houses: Any
    front_doors: Any
    friends: Any
    handoff: Any
    events: Any
    parameters: Any
    clock: Any


def hamlet(people: int = 30, seed: int = 1, events: int = 1000) -> Hamlet:
    many, houses = np.zeros(people, PERSON), np.zeros(4, PLACE)
    many["id"], houses["id"] = np.arange(people), np.arange(4)
    many["hope"] = chance_column(seed, GROWS, np.arange(people))
    many["friend"] = (np.arange(people) + 1) % people
    parameters, clock = np.zeros(1, NUMBERS), np.zeros(1, CLOCK)
    parameters["growth"], parameters["spill"] = 0.1, 0.02
    clock["seed"] = seed
    friends = np.roll(np.arange(people), 3)
    handoff = np.linspace(0.0, 1.0, 16).reshape(4, 4)
    return Hamlet(many, houses, houses[:2], friends, handoff, np.zeros(events, EVENT), parameters[0], clock[0])


def open_the_month(town):
    town.clock.key = month_key(town.clock.seed, town.clock.month)


def need_strikes(person, town):
    for need in range(NEEDS):
        felt = person.need[need]
        for other in range(NEEDS):
            felt += town.parameters.spill[need, other] * person.need[other]
        if chance(town, STRIKES, person.id, need) < town.parameters.growth:
            felt += math.exp(-abs(normal(town, GROWS, person.id, need)))
            write_down(person.id, town)
        person.need[need] = min(1.0, felt)


def write_down(who, town):
    if town.clock.events < len(town.events):
        event = town.events[town.clock.events]
        event.month = town.clock.month
        event.who = who
        town.clock.events += 1


def people_ask(person, town):
    friend = town.people[town.friends[person.id]]
    for need in range(NEEDS):
        if person.need[need] > 0.5:
            person.asked[need] += 1
    person.hope += 0.1 * (friend.hope - person.hope) * town.handoff[1, 2]


def houses_help(house, town):
    house.places = 2.0
    for person in town.people:
        if house.places >= 1.0 and person.need[0] > 0.5 and chance(town, HELPS, house.id * 1_000_000 + person.id) < 0.5:
            person.need[0] *= 0.5
            house.places -= 1.0
            house.served += 1


def close_the_month(town):
    town.clock.month += 1


MONTH = (
    ("town", open_the_month),
    ("people", need_strikes),
    ("people", people_ask),
    ("front_doors", houses_help),
    ("town", close_the_month),
)


def people_ask_twice(person, town):
    people_ask(person, town)
    person.hope = twice(person.hope)


def twice(hope):
    return min(1.0, 2.0 * hope)


def people_ask_a_list(person, town):
    wishes = [0.5]
    person.hope = wishes[0]


def people_ask_too_far(person, town):
    if town.clock.month == 3 and person.id == 7:
        town.people[NOBODY].hope = 1.0
    person.hope *= 0.99


def people_ask_too_deep(person, town):
    person.hope = math.log(person.hope - 10.0)


@pytest.fixture(autouse=True, scope="module")
def _cache_of_our_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    before = os.environ.get("KITH_CACHE")
    os.environ["KITH_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    del os.environ["KITH_CACHE"]
    if before is not None:
        os.environ["KITH_CACHE"] = before


def lived(kind: str, months: int = 12, rules: dict[str, Callable[..., Any]] | None = None, seed: int = 1) -> Hamlet:
    town = hamlet(seed=seed)
    assert engine_for(kind, rules, MONTH, quiet=True).live(town, months) == months
    return town


# ---- chance ------------------------------------------------------------------------------------------


ADDRESSES = [(seed, month, who) for seed in (0, 7, -3, 2**62) for month in (-1, 0, 119) for who in (0, 5, 2**40 - 1)]


def compiled_luck(function: Callable[..., Any]) -> Any:
    numba, _ = compiled.numba_or_why()
    return compiled.bind(function, luck.COMPILED, {}, numba.njit)


@needs_numba
def test_a_draw_has_the_same_bits_alone_in_a_block_in_a_column_and_compiled():
    quick = compiled_luck(luck.COMPILED[draw])
    for seed, month, who in ADDRESSES:
        key, slot = month_key(seed, month), 5 * luck.DRAWS_A_DECISION + 3 * luck.DRAWS_A_PART
        alone = draw_alone(key, slot, who)
        assert all(draw(key, slot, who) == alone for _ in range(20))
        assert quick(key, slot, who) == alone
        assert chance_column(seed, 5, [who], 3, month)[0] == alone


@needs_numba
def test_the_key_to_a_month_is_the_same_plainly_and_compiled():
    quick = compiled_luck(luck.COMPILED[month_key])
    assert all(month_key(seed, month) == quick(seed, month) for seed, month, _ in ADDRESSES)


@needs_numba
def test_a_normal_draw_has_the_same_bits_plainly_compiled_and_in_a_column():
    town = hamlet(200)
    engine_for("plain", None, MONTH[:1]).live(town)
    seen = plain_town(town)
    plainly = [normal(seen, GROWS, person.id, 2) for person in seen.people]
    quick = compiled_luck(normal)
    assert [quick(town, GROWS, who, 2) for who in range(200)] == plainly
    assert normal_column(1, GROWS, range(200), 2, 0).tolist() == plainly


def test_chance_is_even_and_unrelated_from_one_row_decision_part_and_month_to_the_next():
    many = 40_000  # the bound below is six standard errors: one run in a thousand million would pass it by accident
    rows = np.arange(many)
    base = chance_column(1, 2, rows)
    others = {
        "row": chance_column(1, 2, rows + 1),
        "decision": chance_column(1, 3, rows),
        "part": chance_column(1, 2, rows, part=1),
        "month": chance_column(1, 2, rows, month=0),
        "seed": chance_column(2, 2, rows),
        "far row": chance_column(1, 2, rows << 20),
    }
    bound = 6.0 / math.sqrt(many)
    assert abs(base.mean() - 0.5) < bound
    assert np.abs(np.histogram(base, 16, (0.0, 1.0))[0] / many - 1 / 16).max() < bound
    for other in others.values():
        assert abs(np.corrcoef(base, other)[0, 1]) < bound


def test_no_two_decisions_parts_or_normals_share_a_slot():
    slots = [
        decision * luck.DRAWS_A_DECISION + part * luck.DRAWS_A_PART + which
        for decision in range(6)
        for part in (0, 1, 2, 2**18 - 1)
        for which in range(3)
    ]
    assert len(set(slots)) == len(slots)


# ---- rows as objects -----------------------------------------------------------------------------------


def test_a_row_writes_into_the_table():
    town = hamlet()
    seen = plain_town(town)
    seen.people[4].need[2] = 0.25
    seen.people[4].hope = 0.75
    seen.clock.month += 1
    assert town.people["need"][4, 2] == 0.25
    assert town.people["hope"][4] == 0.75
    assert town.clock["month"] == 1
    assert seen.handoff[3, 3] == 1.0
    assert isinstance(seen.people[4].hope, float)


def test_tables_that_share_memory_share_their_rows():
    seen = plain_town(hamlet())
    assert seen.front_doors[1] is seen.houses[1]
    assert len(seen.front_doors) == 2
    assert len(plain_town(hamlet(), lazy=True).front_doors) == 2


def test_a_field_that_is_not_there_is_refused_with_the_nearest_name():
    person = plain_town(hamlet()).people[0]
    with pytest.raises(AttributeError, match=r"a people has no 'hop'|no 'hop'; the nearest is 'hope'"):
        _ = person.hop
    with pytest.raises(AttributeError, match="the nearest is 'hope'"):
        person.hopes = 1.0
    with pytest.raises(AttributeError, match=r"write need\[...\] = number"):
        person.need = 1.0


def test_a_whole_number_field_refuses_a_fraction():
    person = plain_town(hamlet()).people[0]
    with pytest.raises(TypeError, match="'friend' holds whole numbers"):
        person.friend = 0.5
    with pytest.raises(TypeError):
        person.asked[0] = 0.5


def test_quick_rows_refuse_the_same_mistakes_in_fewer_words():
    kind = row_class("Person", PERSON, guarded=frozenset({"need"}))
    person = Rows(hamlet().people, kind)[3]
    person.hope = 0.5
    person.need[1] = 0.25
    assert (person.hope, person.need[1]) == (0.5, 0.25)
    with pytest.raises(AttributeError):
        person.need = 1.0
    with pytest.raises(AttributeError):
        person.hopes = 1.0
    with pytest.raises(TypeError):
        person.friend = 0.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("person.need = 1.0", r"write need\[...\] = number"),
        ("person.hopes = 1.0", "the nearest is 'hope'"),
        ("person.friend = 0.5", "whole numbers refuses a fraction"),
    ],
)
def test_a_rule_that_assigns_what_cannot_be_is_stopped_in_plain_months(text: str, said: str):
    space: dict[str, Any] = {"__name__": __name__}
    exec(f"def people_ask_wrongly(person, town):\n    {text}\n", space)
    engine = engine_for("plain", None, (*MONTH[:2], ("people", space["people_ask_wrongly"])))
    with pytest.raises((AttributeError, TypeError)) as caught:
        engine.live(hamlet(), 1)
    assert re.search(said, "\n".join([str(caught.value), *getattr(caught.value, "__notes__", ())]))


def test_nobody_is_no_row_in_either_way_of_running():
    with pytest.raises(IndexError):
        plain_town(hamlet()).people[NOBODY]


def test_rows_are_made_when_asked_for_and_then_kept():
    rows = rows_of(hamlet())["people"]
    assert isinstance(rows, Rows)
    assert rows.made == 0
    assert rows[3] is rows[3]
    assert rows[-1] is rows[29]
    assert rows.made == 2
    assert [person.id for person in rows[2:5]] == [2, 3, 4]
    assert next(iter(rows)).id == 0


def test_a_row_can_be_hashed_and_its_copy_lets_go_of_the_table():
    town = hamlet()
    person = plain_town(town).people[2]
    assert len({person, person}) == 1
    copy = pickle.loads(pickle.dumps(person))
    copy.need[0] = 0.9
    assert town.people["need"][2, 0] == 0.0
    assert copy.id == 2


def test_rows_can_have_further_base_classes_and_still_refuse_unknown_fields():
    class Agent:
        def greet(self) -> str:
            return f"I am {self.id}"  # type: ignore[attr-defined]

    kind = row_class("Person", PERSON, (Agent,), {"double": property(lambda row: 2 * row.id)}, also=("model",))
    person = Rows(hamlet().people, kind, owner="the town")[5]
    assert (person.greet(), person.double, person.model) == ("I am 5", 10, "the town")
    assert isinstance(person, Row)
    with pytest.raises(AttributeError, match="no 'colour'"):
        person.colour = "red"


# ---- rules ---------------------------------------------------------------------------------------------


def test_two_rules_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agents.rule.RULES", {})

    def be_kind(person, town):
        pass

    first = be_kind

    def be_kind(person, town):
        pass

    assert rule(first) is first
    assert rule(first) is first
    with pytest.raises(ValueError, match="two rules called 'be_kind'"):
        rule(be_kind)
    with replacing():
        assert rule(be_kind) is be_kind


# ---- two ways to run, the same bits ----------------------------------------------------------------------


@needs_numba
def test_plain_and_compiled_towns_are_the_same_to_the_last_bit():
    assert first_difference(lived("plain"), lived("compiled")) is None


@needs_numba
def test_a_replaced_rule_with_a_helper_of_its_own_is_the_same_both_ways():
    rules = {"people_ask": people_ask_twice}
    assert first_difference(lived("plain", rules=rules), lived("compiled", rules=rules)) is None
    assert first_difference(lived("compiled", rules=rules), lived("compiled")) is not None


@needs_numba
def test_changing_engines_at_any_month_changes_no_bit():
    town = hamlet()
    plain, quick = engine_for("plain", None, MONTH), engine_for("compiled", None, MONTH)
    for stretch in range(6):
        (quick if stretch % 2 else plain).live(town, 2)
    assert first_difference(town, lived("compiled")) is None


@needs_numba
def test_auto_begins_plainly_and_ends_compiled_with_the_same_bits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("KITH_CACHE", str(tmp_path))
    monkeypatch.setattr(engines, "WORTH_COMPILING", 0.0)
    monkeypatch.setattr(engines, "_all_progress", {})
    monkeypatch.setattr(compiled, "_lines", {})
    engine, town, counts = engine_for("auto", None, MONTH), hamlet(events=10**6), []
    while not engine.compiled:
        engine.live(town, 1)
        counts.append(engine.lines_compiled)
    engine.live(town, 5)
    months = int(town.clock["month"])
    plain = hamlet(events=10**6)
    engine_for("plain", None, MONTH).live(plain, months)
    assert counts[0] < len(MONTH)
    assert first_difference(plain, town) is None


def test_auto_leaves_short_runs_plain_and_does_not_wake_the_compiler(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compiled, "numba_or_why", lambda: pytest.fail("Numba was asked for"))
    engine, town = engine_for("auto", None, MONTH), hamlet()
    engine.live(town, 12)
    assert engine.plain
    assert first_difference(town, lived("plain")) is None


@needs_numba
def test_a_rule_that_cannot_be_compiled_is_followed_plainly_and_said_so():
    rules = {"people_ask": people_ask_a_list}
    engine, town = engine_for("compiled", rules, MONTH), hamlet()
    with pytest.warns(PlainRuleWarning, match=r"test_engine.py, line \d+, in people_ask_a_list: a list cannot"):
        engine.live(town, 12)
    assert engine.lines_compiled == len(MONTH) - 1
    assert engine.plain
    assert first_difference(town, lived("plain", rules=rules)) is None


@needs_numba
def test_what_numba_refuses_is_told_in_a_line_with_its_place(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reader, "read_rule", lambda *_: [])
    engine = engine_for("compiled", {"people_ask": people_ask_misspelt}, MONTH, quiet=True)
    engine.prepare(hamlet())
    assert "people_ask_misspelt" in engine.why
    assert engine.why.count("\n") == 0


def people_ask_misspelt(person, town):
    person.hoope = 1.0


@needs_numba
def test_an_error_in_a_compiled_month_comes_with_the_plain_traceback():
    town = hamlet()
    engine = engine_for("compiled", {"people_ask": people_ask_too_far}, MONTH)
    with pytest.raises(IndexError) as caught:
        engine.live(town, 12)
    assert "people_ask_too_far" in [step.name for step in caught.traceback]
    assert int(town.clock["month"]) == 3
    plain = hamlet()
    with pytest.raises(IndexError):
        engine_for("plain", {"people_ask": people_ask_too_far}, MONTH).live(plain, 12)
    assert first_difference(plain, town) is None


@needs_numba
def test_a_town_stops_before_its_events_run_out_of_rows_and_can_go_on():
    town = hamlet(events=40)
    quick = engine_for("compiled", None, MONTH)
    months = quick.live(town, 100, reserve=30)
    assert 0 < months < 100
    assert int(town.clock["month"]) == months
    longer = town._replace(events=np.concatenate([town.events, np.zeros(2000, EVENT)]))
    assert quick.live(longer, 12 - months, reserve=30) == 12 - months
    same = hamlet(events=2040)
    assert engine_for("plain", None, MONTH).live(same, 12, reserve=30) == 12
    assert first_difference(same, longer) is None


@needs_numba
def test_many_threads_living_many_towns_give_the_bits_that_one_thread_gives():
    engine = engine_for("compiled", None, MONTH)
    engine.prepare(hamlet())
    towns = [hamlet(seed=seed) for seed in range(16)]
    threads = [
        threading.Thread(target=lambda part=towns[place::4]: [engine.live(town, 12) for town in part])
        for place in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, town in enumerate(towns):
        assert first_difference(town, lived("compiled", seed=seed)) is None


@needs_numba
def test_a_town_of_another_layout_is_compiled_anew_and_never_mistaken():
    engine = engine_for("compiled", None, MONTH)
    engine.live(hamlet(), 2)
    other = np.dtype([("id", "i8"), ("served", "i8"), ("places", "f8"), ("spare", "f8")], align=True)
    houses = np.zeros(4, other)
    houses["id"] = np.arange(4)
    town = hamlet()._replace(houses=houses, front_doors=houses[:2])
    engine.live(town, 12)
    assert town.houses["served"].tolist() == lived("plain").houses["served"].tolist()


def test_an_unknown_engine_or_rule_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match='The nearest is "compiled"'):
        engine_for("compild", None, MONTH)
    with pytest.raises(ValueError, match='The nearest is "people_ask"'):
        engine_for("plain", {"poeple_ask": people_ask}, MONTH)


def test_without_numba_a_town_lives_plainly_and_says_so_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compiled, "numba_or_why", lambda: (None, "No module named 'numba'"))
    monkeypatch.setattr(engines, "_told", set())
    town = hamlet()
    with pytest.warns(PlainRuleWarning, match="Numba is not there"):
        engine = engine_for("compiled", None, MONTH)
    monkeypatch.setattr(engines, "WORTH_COMPILING", 0.0)
    assert engine_for("auto", None, MONTH).live(hamlet(), 1) == 1
    assert engine.live(town, 12) == 12
    assert first_difference(town, lived("plain")) is None


# ---- the twin run ------------------------------------------------------------------------------------------


@needs_numba
def test_the_twin_run_passes_good_rules_and_names_what_differs():
    assert twin_run(None, hamlet(), month=MONTH) is None
    said = twin_run({"people_ask": people_ask_too_deep}, hamlet(), month=MONTH)
    assert said is not None
    assert "math domain error" in said
    one, other = lived("plain"), lived("plain")
    other.people["need"][3, 1] += 0.5
    assert re.match(r"people\[3\]\.need\[1\] is .* plainly and .* compiled", first_difference(one, other) or "")


def test_a_copied_town_shares_nothing_with_the_first_but_keeps_its_parts_together():
    town = hamlet()
    copy = copied(town)
    copy.front_doors["served"][1] = 9
    assert copy.houses["served"][1] == 9
    assert town.houses["served"][1] == 0
    assert first_difference(town, copied(town)) is None


# ---- the cache ----------------------------------------------------------------------------------------------

TINY = """
from typing import Any, NamedTuple
import numpy as np
from ways import feel
class Tiny(NamedTuple):
    people: Any
    parameters: Any
PERSON = np.dtype([("id", "i8"), ("hope", "f8")], align=True)
def tiny():
    people = np.zeros(3, PERSON)
    people["id"] = [0, 1, 2]
    return Tiny(people, np.ones(1, [("rate", "f8")])[0])
def month_of(person, town):
    person.hope += feel(person.id) * town.parameters.rate
"""
MAIN = """
import sys, warnings
from simulation import compiled, engines
from simulation.engines import engine_for
from tiny import month_of, tiny
town = tiny()
engines.WORTH_COMPILING = 0.0
engine = engine_for(sys.argv[1] if sys.argv[1:] else "compiled", None, (("people", month_of),))
engine.live(town, 2)
loaded = [line.loaded for line in compiled._lines.values()]
print(town.people["hope"].tolist(), "loaded" if loaded and all(loaded) else "compiled")
"""
WAYS = "HOPE = 1.5\ndef feel(who):\n    return who * HOPE\n"


class House:
    """A folder of toy rules, lived in by processes of their own that share a cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("tiny.py", TINY)
        self.write("main.py", MAIN)

    def write(self, name: str, text: str) -> None:
        """Write a file into the house."""
        (self.folder / name).write_text(textwrap.dedent(text), encoding="utf-8")

    def start(self, cache: str = "cache", kind: str = "compiled") -> subprocess.Popen[str]:
        """Start a process that lives two months here."""
        path = os.pathsep.join([str(self.folder), str(HERE)])
        env = {**os.environ, "KITH_CACHE": str(self.folder / cache), "PYTHONPATH": path}
        env["PYTHONDONTWRITEBYTECODE"] = "1"  # two edits within a second must not be mistaken for one
        order = [sys.executable, "main.py", kind]
        return subprocess.Popen(order, cwd=self.folder, env=env, stdout=-1, stderr=-1, text=True)

    def live(self, cache: str = "cache", kind: str = "compiled") -> str:
        """What such a process tells: everyone's hope, and whether its rules were compiled or loaded."""
        told, failed = (process := self.start(cache, kind)).communicate(timeout=120)
        assert process.returncode == 0, failed
        return told.strip()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@needs_numba
def test_a_kept_rule_is_loaded_again_and_never_stale(house: House):
    house.write("ways.py", WAYS)
    assert house.live() == "[0.0, 3.0, 6.0] compiled"
    assert house.live() == "[0.0, 3.0, 6.0] loaded"
    assert house.live(kind="auto") == "[0.0, 3.0, 6.0] loaded"
    house.write("ways.py", "# a remark\n\n" + WAYS.replace("HOPE\n", "HOPE  # another\n"))
    assert house.live() == "[0.0, 3.0, 6.0] loaded"
    house.write("ways.py", WAYS.replace("who * HOPE", "who + HOPE"))
    assert house.live() == "[3.0, 5.0, 7.0] compiled"
    house.write("ways.py", WAYS.replace("1.5", "2.5"))
    assert house.live() == "[0.0, 5.0, 10.0] compiled"
    house.write("ways.py", WAYS)
    assert house.live() == "[0.0, 3.0, 6.0] loaded"


@needs_numba
def test_what_nobody_used_for_a_season_is_taken_out_of_the_cache(house: House):
    house.write("ways.py", WAYS)
    house.live()
    (kept,) = (house.folder / "cache").glob("*/*/compiled")
    os.utime(kept, (0, 0))
    house.live()
    assert kept.stat().st_mtime > 0
    os.utime(kept, (0, 0))
    house.write("ways.py", WAYS.replace("1.5", "2.5"))
    house.live()
    assert not kept.exists()


@needs_numba
def test_processes_that_compile_at_once_do_not_spoil_the_cache(house: House):
    house.write("ways.py", WAYS)
    running = [house.start() for _ in range(3)]
    for process in running:
        told, failed = process.communicate(timeout=120)
        assert told.startswith("[0.0, 3.0, 6.0]"), failed
    assert house.live() == "[0.0, 3.0, 6.0] loaded"


@needs_numba
def test_a_spoilt_or_missing_cache_is_no_obstacle(house: House):
    house.write("ways.py", WAYS)
    house.live()
    for kept in (house.folder / "cache").rglob("*.nb[ic]"):
        kept.write_bytes(kept.read_bytes()[:40])
    assert house.live() == "[0.0, 3.0, 6.0] compiled"
    house.write("not_a_folder", "")
    assert house.live(cache="not_a_folder/cache") == "[0.0, 3.0, 6.0] compiled"


@pytest.mark.parametrize("value", [1, 1.0, True, None, "a", (1, 2), (1, 2.0), np.float64(1.0), np.arange(3)])
def test_values_that_differ_have_different_fingerprints(value: object):
    others = [2, 2.0, False, "b", (1, 3), (1.0, 2.0), np.float32(1.0), np.arange(4), np.int64(1)]
    assert all(compiled._value_text(value) != compiled._value_text(other) for other in others)


# ---- other cores, and what is known already -------------------------------------------------------------------


@needs_numba
def test_a_line_compiled_by_another_process_is_loaded_by_this_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("KITH_CACHE", str(tmp_path))
    monkeypatch.setattr(compiled, "_lines", {})
    from simulation.month import MONTH as SHIPPED
    from simulation.scenario import Scenario
    from simulation.town import found_town

    compiler = compiled.Compiler(SHIPPED, {}, compiled.parts_of(found_town(Scenario(residents=10, months=30))))
    left, kept = deque([len(SHIPPED) - 1]), queue.SimpleQueue[int]()
    worker = compiled.Worker(compiler, left, kept)
    worker.start()
    assert kept.get(timeout=120) == len(SHIPPED) - 1
    worker.stop()
    assert compiler.line(len(SHIPPED) - 1).loaded


@needs_numba
def test_a_process_that_cannot_help_leaves_its_lines_to_this_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("KITH_CACHE", str(tmp_path))
    monkeypatch.setattr(compiled, "_lines", {})
    monkeypatch.setattr(compiled, "_cores", lambda: 4)
    monkeypatch.setattr(compiled, "LINES_A_WORKER", 1)
    monkeypatch.setattr(compiled, "_shipped", lambda parts: compiled.Compiler(MONTH, {}, parts))
    for broken in (str(tmp_path / "no_such_python"), shutil.which("false") or ""):
        monkeypatch.setattr(sys, "executable", broken)
        compiler, told = compiled.Compiler(MONTH, {}, compiled.parts_of(hamlet())), {}
        compiler.compile(range(len(MONTH)), told.__setitem__)
        assert sorted(told) == list(range(len(MONTH)))
        assert all(isinstance(line, compiled.Line) for line in told.values())
        compiled._lines.clear()


def reach(who):
    return who * REACHED + len(REACHED_LIST)


REACHED, REACHED_LIST = 2.0, (1, 2)


@pytest.mark.parametrize(("name", "value"), [("REACHED", 3.0), ("REACHED", 2), ("len", max), ("REACHED_LIST", (1,))])
def test_what_is_known_of_rules_is_forgotten_when_anything_they_reach_changes(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
):
    witness = compiled.Witness([reach])
    assert witness.holds()
    monkeypatch.setitem(reach.__globals__, name, value)
    assert not witness.holds()


def test_what_may_change_within_itself_is_never_taken_as_known(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(reach.__globals__, "REACHED_LIST", [1, 2])
    assert not compiled.Witness([reach]).holds()


@needs_numba
def test_a_new_engine_sees_a_helper_that_was_changed(monkeypatch: pytest.MonkeyPatch):
    parts = compiled.parts_of(hamlet())
    before = engines._shared(MONTH, {}, parts, hamlet())
    assert engines._shared(MONTH, {}, parts, hamlet()) is before
    monkeypatch.setattr(write_down, "__code__", (lambda who, town: None).__code__)
    assert engines._shared(MONTH, {}, parts, hamlet()) is not before


# ---- the reader of rules --------------------------------------------------------------------------------------

MISTAKES = {
    "resident.neeed[0] += 1.0": "a resident has no 'neeed' (did you mean 'need'?)",
    "town.organisations[0].reservs = 1.0": "an organisation has no 'reservs' (did you mean 'reserves'?)",
    "town.parametrs.asking": "the town has no 'parametrs' (did you mean 'parameters'?)",
    "x = town.parameters.askin": "town.parameters has no 'askin' (did you mean 'asking'?)",
    "x = town.clock.mnth": "town.clock has no 'mnth' (did you mean 'month'?)",
    "x = offset + 1": "'offset' is not defined",
    "resident.contacts = 0.5": "'contacts' holds whole numbers; this would store a fraction",
    "resident.status[0] += 1 / 2": "'status' holds whole numbers",
    "resident.need = 0.5": "'need' holds several numbers: write need[...] = number",
    "x = resident.need.max()": "has no .max: use a loop, sum(...) or max(...)",
    "x = resident.age ** 2": "** is not the same number",
    "x = math.hypot(1.0, 2.0)": "math.hypot is not the same number",
    "x = math.sqr(2.0)": "math has no 'sqr' (did you mean 'sqrt'?)",
    "x = random.random()": "chance must come from chance(town, Decision.SOMETHING, who)",
    "x = dice()": "chance must come from chance(town, Decision.SOMETHING, who)",
    "x = np.exp(1.0)": "np.exp is not for rules",
    "x = Status.WAITNG": "Status has no 'WAITNG' (did you mean 'WAITING'?)",
    "x = chance(town, Decision.GIVE_UP, resident)": "chance belongs to a number, not to a row: write resident.id",
    "x = chance(town)": "missing a required argument",
    "x = [1.0]": "a list cannot be compiled",
    "x = {1: 2}": "a dict cannot be compiled",
    "x = sum(y for y in resident.need)": "sum(... for ...) cannot be compiled: write the loop",
    "x = WORDS[0]": "'WORDS' is a list",
    "f = lambda x: x": "a lambda cannot be compiled",
    "x = f'{town}'": "text with numbers in it cannot be compiled",
    "print(resident.age)": "print(...) cannot be compiled",
    "x = open('a')": "'open' cannot be used in a rule",
    "x = town.handoff[1][2]": "'handoff' is a grid: write town.handoff[row, column]",
    "ask_for_help(resident, town)": "a rule may not call itself",
    "x = helper(1.0)": "in helper: ** is not the same number",
    "for friend in town.kith[0:1]:\n        x = friend.need": "'friend' is a number, not a row",
    "for tie in town.agreements[0:1]:\n        x = tie.trst_of_buyer": "a tie has no 'trst_of_buyer'",
    "parameters = town.parameters\n    x = parameters.askin": "did you mean 'asking'?",
    "if resident.age > 3.0:\n        return\n    return 1.0": "returns nothing here and a number elsewhere",
    "resident.feel()": "'feel' is a rule, not a field: write feel(resident, town)",
    "try:\n        x = 1\n    except ValueError:\n        x = 2": "try ... except cannot be compiled",
}
HEAD = """\
import math
import random
import numpy as np
from random import random as dice
from agents.chance import Decision, chance
from agents.tables import Status
WORDS = ["a"]
def helper(x):
    return x ** 2.0
def ask_for_help(resident, town):
    {body}
"""


@pytest.mark.parametrize(("body", "said"), MISTAKES.items())
def test_a_mistake_is_named_with_its_line_and_remedy(body: str, said: str, tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(HEAD.replace("{body}", body), encoding="utf-8")
    problems = list(map(str, read_rule(read_rules(file)["ask_for_help"])))
    assert any(said in problem for problem in problems), problems
    lines = range(HEAD.count("\n") - 1, HEAD.count("\n") + body.count("\n") + 1)
    place = r"mine.py, line (\d+), in (ask_for_help|helper): "
    assert all(int(re.match(place, problem)[1]) in (*lines, 9) for problem in problems)  # type: ignore[index]


def test_the_reader_raises_no_false_alarm_over_a_shipped_rule():
    from simulation.month import MONTH as SHIPPED

    functions = {each for _, one in SHIPPED for each in compiled.functions_of(one, luck.COMPILED)}
    read = [each for each in functions if each.__module__ != "agents.chance"]
    assert len(read) > len(SHIPPED)
    assert [str(problem) for each in read for problem in read_rule(each)] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def ask_for_help(:\n    pass\n", "mine.py, line 1: this is not Python yet"),
        ("import no_such_thing\n", "mine.py, line 1: ModuleNotFoundError"),
        ("x = 1\n\nx = 1 / 0\n", "mine.py, line 3: ZeroDivisionError"),
        ("x = 1\n", "mine.py has no functions"),
        ("def ask_for_hlp(resident, town):\n    pass\n", "no rule called 'ask_for_hlp'; did you mean 'ask_for_help'?"),
        ("def something_else(resident, town):\n    pass\n", "mine.py replaces no rule: it has something_else"),
        (
            "def ask_for_help(town, resident):\n    pass\n",
            "is given (resident, town), and here it takes (town, resident)",
        ),
        ("def ask_for_help(resident):\n    pass\n", "is given (resident, town), and here it takes (resident)"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(text: str, said: str, tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RulesError) as caught:
        read_rules(file)
    assert said in str(caught.value)


def test_a_file_of_rules_may_carry_the_mark_and_helpers_and_import_its_neighbours(tmp_path: Path):
    (tmp_path / "neighbour_of_mine.py").write_text("SHARE = 0.5\n", encoding="utf-8")
    text = """
    from agents.rule import rule
    from neighbour_of_mine import SHARE
    @rule
    def feel(resident, town):
        resident.wellbeing = half(10.0)
    def half(x):
        return SHARE * x
    """
    (tmp_path / "mine.py").write_text(textwrap.dedent(text), encoding="utf-8")
    shipped = RULES["feel"]
    rules = read_rules(tmp_path / "mine.py")
    assert list(rules) == ["feel"]
    assert read_rule(rules["feel"]) == []
    assert RULES["feel"] is shipped


def test_a_missing_file_of_rules_is_refused_in_words(tmp_path: Path):
    with pytest.raises(RulesError, match="cannot be read"):
        read_rules(tmp_path / "not_there.py")
