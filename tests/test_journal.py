"""A journal: from it the same town is lived again, changes and all, or it says why not."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.tables import Organisation, Resident, Town
from simulation import CommunityModel, Scenario, ScenarioError, load_scenario, run
from simulation.changes import Change
from simulation.journal import (
    Journal,
    JournalError,
    check_versions,
    fingerprint_of,
    founded,
    read_journal,
    replay,
    write_journal,
)
from simulation.reader import read_rules
from simulation.shocks import SHAPES, History, Noise, Pulse, Ramp, Series, Step
from simulation.twin import first_difference
from simulation.written_rules import text_of

SMALL: dict[str, Any] = {"residents": 80, "neighbourhoods": 4, "partners": 8, "months": 30, "rng": 5}
DEARER = Step("energy", start=9, size=0.5)
RATE = 0.5


def halved(burnout: float, share: float = RATE) -> float:
    return share * burnout


def burn_out(organisation: Organisation, town: Town) -> None:
    organisation.burnout = halved(organisation.burnout)


def lived(lived_months: int, /, **changes: Any) -> CommunityModel:
    model = CommunityModel(**{**SMALL, **changes})
    step(model, lived_months)
    return model


def step(model: CommunityModel, months: int) -> None:
    for _ in range(months):
        model.step()


def meddled_with() -> CommunityModel:
    """A town with every kind of change made to it."""
    model = lived(4, setting="wage_step", governance={"base": "contract", "term": 12.0}, months=54)
    model.intervene(parameters={"inflow": 0.03, "inflow_mix": (0.3, 0.1, 0.2, 0.2, 0.1, 0.1)})
    step(model, 3)
    model.intervene(governance={"agreement": "relational", "peer": 0.25}, shock=DEARER)
    model = model.fork(rules={"burn_out": burn_out}, rng=77)
    step(model, 8)
    model.intervene(shocks=[Noise("food", size=0.1, persistence=0.5), Ramp("budget", size=-0.1, start=12, length=9)])
    model.intervene(months=60, governance=0)
    step(model, 10)
    model.intervene(rules={})
    step(model, 35)
    return model


# ---- the same town again ---------------------------------------------------------------------------------


def test_a_town_lived_again_from_its_journal_is_the_same_to_the_last_bit(tmp_path: Path) -> None:
    model = meddled_with()
    file = tmp_path / "journal.toml"
    write_journal(model.journal, file)
    again = replay(read_journal(file))
    assert again.month == model.month == 60
    assert first_difference(model.town, again.town) is None
    assert again.journal == model.journal
    step(model, 2)
    step(again, 2)
    assert first_difference(model.town, again.town) is None


def test_a_journal_is_the_same_after_it_was_written_and_read(tmp_path: Path) -> None:
    journal = meddled_with().journal
    write_journal(journal, tmp_path / "journal.toml")
    read = read_journal(tmp_path / "journal.toml")
    assert read == journal
    assert [change.month for change in read.changes] == [4, 7, 7, 15, 15, 25]
    assert [change.fork for change in read.changes] == [False, False, True, False, False, False]
    assert [path.name for path in tmp_path.iterdir()] == ["journal.toml"]


def test_every_kind_of_shock_can_be_kept(tmp_path: Path) -> None:
    shocks = (
        DEARER,
        Ramp("food", size=0.1, start=3, length=5),
        Pulse("wages", size=0.1, start=12, length=5, fade=2),
        Noise("other", size=0.1, persistence=0.9),
        History(history="settlements"),
        Series(months=(3, 9), levels=(("demand", (1.1, 1.0)),)),
    )
    assert {type(shock) for shock in shocks} == set(SHAPES.values())
    journal = replace(
        founded(Scenario()), changes=(Change(0, shocks=shocks), Change(2, further_shocks=shocks[:1])), months=2
    )
    write_journal(journal, tmp_path / "journal.toml")
    assert read_journal(tmp_path / "journal.toml").changes == journal.changes


def test_a_number_that_is_nothing_is_kept_as_a_number(tmp_path: Path) -> None:
    model = lived(0, governance="relational")
    model.intervene(governance=0, parameters={"inflow": 0.0}, rng=0, shocks=[])
    write_journal(model.journal, tmp_path / "journal.toml")
    assert read_journal(tmp_path / "journal.toml").changes == (
        Change(0, governance=0, parameters={"inflow": 0.0}, shocks=(), luck=0),
    )


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_a_journal_may_be_lived_again_on_either_engine(engine: str) -> None:
    model = lived(6, engine="compiled")
    model.intervene(governance="relational", shock=DEARER)
    step(model, 6)
    assert first_difference(replay(model.journal, engine=engine).town, model.town) is None


def test_a_run_without_changes_is_lived_again_from_its_scenario() -> None:
    scenario = load_scenario("cost_of_living_2021").with_(residents=80, months=30, seed=4)
    town = run(scenario).town
    journal = replace(founded(scenario), months=30, town=fingerprint_of(town))
    assert first_difference(replay(journal).town, town) is None


def test_the_journal_of_a_fork_holds_the_past_it_shares() -> None:
    model = lived(3)
    model.intervene(parameters={"inflow": 0.05})
    step(model, 2)
    fork = pickle.loads(pickle.dumps(model)).fork(governance="relational").fork(inflow=0.01)
    step(fork, 3)
    assert [change.month for change in fork.journal.changes] == [3, 5, 5]
    assert first_difference(replay(fork.journal).town, fork.town) is None
    assert [change.month for change in model.journal.changes] == [3]


def test_the_town_is_shown_after_each_month() -> None:
    seen: list[int] = []
    replay(lived(5).journal, watch=lambda town: seen.append(int(town.clock["month"])))
    assert seen == [1, 2, 3, 4, 5]


# ---- rules as text -----------------------------------------------------------------------------------------


def test_a_rule_is_kept_with_the_helpers_and_numbers_it_reads() -> None:
    model = lived(5, rules={"burn_out": burn_out})
    text = model.journal.rules
    assert "RATE = 0.5" in text
    assert "def halved(" in text
    again = replay(model.journal)
    assert first_difference(again.town, model.town) is None
    assert again.journal == model.journal
    assert first_difference(lived(5).town, model.town) is not None


def test_a_rule_that_remembers_what_it_was_made_with_is_kept_with_it() -> None:
    def calm(most: float) -> Any:
        def unhurried(organisation: Organisation, town: Town) -> None:
            organisation.burnout = min(most, organisation.burnout)

        return unhurried

    model = lived(5, engine="plain", rules={"burn_out": calm(0.01)})
    assert "most = 0.01" in model.journal.rules
    assert first_difference(replay(model.journal, engine="plain").town, model.town) is None


def test_a_file_of_rules_is_kept_as_it_was_when_it_was_read(tmp_path: Path) -> None:
    text = (
        '"""Mine."""\n\nimport math\n\n\ndef burn_out(organisation, town):\n    organisation.burnout = math.sqrt(0.0)\n'
    )
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    rules = read_rules(file)
    file.write_text("broken", encoding="utf-8")
    assert text_of(rules) == text


def test_a_rule_that_cannot_be_written_down_is_refused_when_it_is_to_be_lived_again() -> None:
    model = lived(2, engine="plain", rules={"burn_out": lambda organisation, town: None})
    with pytest.raises(JournalError, match="file of rules"):
        replay(model.journal)

    class Mood:
        weight = 1.0

    def feel(resident: Resident, town: Town) -> None:
        resident.wellbeing = Mood.weight

    model = lived(2, engine="plain", rules={"feel": feel})
    with pytest.raises(JournalError, match="needs Mood, a type"):
        replay(model.journal)


# ---- when it is not the same ---------------------------------------------------------------------------------


def test_another_version_of_the_model_is_refused_unless_told_to_go_on() -> None:
    model = lived(2)
    other = replace(model.journal, made_with={**model.journal.made_with, "model": "0123456789abcdef"})
    with pytest.raises(JournalError, match="another version of the model"):
        replay(other)
    assert first_difference(replay(other, anyway=True).town, model.town) is None


def test_a_graph_that_has_changed_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "kith.csv"
    file.write_text("0,1\n1,2\n2,0\n", encoding="utf-8")
    journal = founded(Scenario(residents=3, neighbourhoods=1, graph={"kith": str(file)}))
    check_versions(journal)
    file.write_text("0,1\n1,2\n", encoding="utf-8")
    with pytest.raises(JournalError, match="kith graph has changed"):
        check_versions(journal)


def test_what_was_done_to_a_town_through_its_agents_is_missed_and_that_is_said() -> None:
    model = lived(2)
    next(iter(model.agents)).slack = 0.123
    step(model, 1)
    with pytest.raises(JournalError, match="through its agents"):
        replay(model.journal)
    assert replay(model.journal, anyway=True).month == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("months = 30\n", "no section [journal]"),
        ("[journal]\nmonts = 3\n", 'The nearest is "months"'),
        ("[journal]\nmonths = -3\n", "months is -3"),
        ("[journal]\nrules = 3\n", "rules is 3; it must be text"),
        ("[journal]\nmade_with = 3\n", "made_with is 3"),
        ("changes = 3\n[journal]\n", "[[changes]]"),
        ("monts = 3\n[journal]\n", '"monts"'),
        ("months = 3\n[journal]\n", "months is 3"),
        ("[journal]\nmonths = 9\n[[changes]]\nmont = 3\n", 'change 1 has no key "mont". The nearest is "month"'),
        ("[journal]\nmonths = 9\n[[changes]]\ngovernance = 1\n", "needs a month"),
        ("[journal]\nmonths = 9\n[[changes]]\nmonth = 10\n", "none later than month 9"),
        ("[journal]\nmonths = 9\n[[changes]]\nmonth = 4\n[[changes]]\nmonth = 3\n", "in order"),
        ("[journal]\nmonths = 9\n[[changes]]\nmonth = true\n", "month is True"),
        ("[journal]\nmonths = 9\n[[changes]]\nmonth = 1\nfork = 2\n", "fork is 2"),
        ("[journal]\nmonths = 9\n[[changes]]\nmonth = 1\nrules = 2\n", "rules is 2"),
        ("[journal]\nmonths = 9\n[[changes]]\nmonth = 1\nparameters = 2\n", "parameters is 2"),
        ("[journal]\nmonths = 9\n[[changes]]\nmonth = 1\nshocks = 2\n", "list of shocks"),
        ('[journal]\nmonths = 9\n[[changes]]\nmonth = 1\nshocks = [{shape = "stp"}]\n', 'The nearest is "step"'),
    ],
)
def test_a_file_that_is_not_a_journal_is_refused_in_words(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "journal.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises((JournalError, ScenarioError)) as problem:
        read_journal(file)
    assert said in str(problem.value)


def test_a_change_in_a_file_that_does_not_fit_the_town_is_refused_when_lived(tmp_path: Path) -> None:
    text = lived(3).journal.to_toml() + "\n[[changes]]\nmonth = 1\nparameters = { inflw = 0.1 }\n"
    (tmp_path / "journal.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match='"inflow"'):
        replay(read_journal(tmp_path / "journal.toml"))


def test_an_empty_journal_gives_a_town_that_is_founded_and_no_more() -> None:
    assert replay(Journal(Scenario(residents=20, neighbourhoods=2))).month == 0
