"""Claims are put to the model, failing ones are kept, broken ones lose no other, and the same seeds say the same."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from agents.declared import MEASURED, fields_of
from agents.parameters import Parameters
from agents.terms import DIALS, GOVERNANCES, Terms
from experiments.validation import evidence, neutrality, paired
from experiments.validation.box import latin_hypercube, plausible, values_at
from experiments.validation.claims import CLAIMS, Claim, Finding, Group, Level, claim, holds, near, reported
from experiments.validation.paired import (
    LOSS,
    MAIN,
    OUTCOMES,
    PLACE,
    Outcome,
    above_nothing,
    governed,
    months_of,
    pairs_lived,
    seeds_from,
    setting,
    told_apart,
    working,
)
from simulation.scenario import Scenario
from viz import command
from viz.evidence_page import evidence_html

Capture = pytest.CaptureFixture[str]


# ---- what a claim is --------------------------------------------------------------------------------


def holds_true(seeds: int) -> Iterable[Finding]:
    yield near(2.0, 2.001, 0.01, "two", f"{seeds} seeds")
    yield reported("by the way", -7.0)


def holds_not(seeds: int) -> Iterable[Finding]:
    yield holds(True, "one thing is so")
    yield Finding("another <b>is</b> | not", 5.0, 0.0, 1.0, (4.0, 6.0), "tried")


def breaks(seeds: int) -> Iterator[Finding]:
    yield holds(True, "so far so good")
    raise ZeroDivisionError("nothing to divide by")


def finds_nothing(seeds: int) -> Iterable[Finding]:
    return [reported("only by the way", 1.0)]


def is_stopped(seeds: int) -> Iterable[Finding]:
    raise KeyboardInterrupt


def made(check: object) -> Claim:
    name = getattr(check, "__name__", "")
    return Claim(f"made.{name}", Group.NEUTRALITY, f"It {name} {{}}.", "worked out", Level.EXACT, check)  # type: ignore[arg-type]


ALL = [made(check) for check in (holds_true, holds_not, breaks, finds_nothing)]


def test_a_finding_passes_within_its_range_ends_included_and_never_when_it_is_no_number() -> None:
    assert Finding("", 1.0, 1.0, 1.0).passed
    assert not Finding("", 1.0000001, 0.0, 1.0).passed
    assert not Finding("", math.nan, -math.inf, math.inf).passed
    assert not reported("", 3.0).judged
    assert Finding("", 3.0, 0.0, math.inf).judged


def test_two_claims_cannot_have_one_name() -> None:
    evidence.gathered()
    taken = next(iter(CLAIMS))
    with pytest.raises(ValueError, match=taken):
        claim(taken, Group.FACT, "says", "source")(lambda seeds: [])


def test_a_figure_is_above_nothing_only_by_more_than_its_own_uncertainty() -> None:
    sure, unsure = np.array([1.0, 1.2, 0.9, 1.1]), np.array([3.0, -2.0, 1.0, -1.0])
    assert above_nothing("", sure).passed
    assert not above_nothing("", unsure).passed
    assert not above_nothing("", -sure).passed
    assert not above_nothing("", np.zeros(5)).passed
    assert list(told_apart(np.column_stack([sure, unsure, -sure, np.zeros(4)]))) == [1, 0, -1, 0]


# ---- putting claims ---------------------------------------------------------------------------------


def test_failing_and_broken_claims_are_kept_and_come_first() -> None:
    found = evidence.validate(ALL, seeds=2)
    assert [each.status for each in found.answers] == ["passed", "failed", "failed: error", "failed"]
    assert [each.claim.id for each in found.ordered][-1] == "made.holds_true"
    assert found.by_group == {Group.NEUTRALITY: (1, 3)}
    broken = found.answers[2]
    assert broken.findings[0].what == "so far so good"
    assert "ZeroDivisionError: nothing to divide by" in broken.traceback
    assert str(Path(__file__).parent.parent) not in broken.traceback
    table = found.table
    assert set(table["claim"]) == {each.id for each in ALL}
    assert list(table[table["claim"] == "made.breaks"]["finding"]) == ["passed", "failed: error"]
    assert list(table[table["claim"] == "made.holds_true"]["finding"]) == ["passed", "reported"]
    assert table["seeds"].eq(2).all()


def test_a_claim_that_finds_nothing_that_could_fail_has_not_passed() -> None:
    assert not evidence.validate([made(finds_nothing)], seeds=2).answers[0].passed


def test_an_interrupt_keeps_what_was_done() -> None:
    found = evidence.validate([made(holds_true), made(is_stopped), made(holds_not)], seeds=2)
    assert found.stopped
    assert [each.claim.id for each in found.answers] == ["made.holds_true"]
    assert "Stopped early: 1 of 3 claims were put." in evidence.headline(found)


def test_progress_names_the_claim_being_put() -> None:
    told: list[tuple[int, int, str]] = []
    evidence.validate(ALL[:2], seeds=2, tell=lambda far: told.append((far.done, far.total, far.claim.id)))
    assert told == [(0, 2, "made.holds_true"), (1, 2, "made.holds_not")]


def test_json_is_strict_and_holds_every_finding() -> None:
    found = json.loads(evidence.as_json(evidence.validate(ALL, seeds=2)))
    assert (found["claims"], found["passed"], found["failed"]) == (4, 1, 3)
    by_id = {each["id"]: each for each in found["answers"]}
    assert by_id["made.holds_not"]["findings"][1]["interval"] == [4.0, 6.0]
    assert by_id["made.finds_nothing"]["findings"][0]["low"] is None
    assert set(found["parameters"]) == set(fields_of(Parameters))
    assert found["made_with"]["seeds"] == "2"


def test_markdown_and_page_tell_what_failed_before_what_passed() -> None:
    found = evidence.validate(ALL, seeds=2, quick=True)
    text, page = evidence.as_markdown(found), evidence_html(found)
    for each in (text, page):
        assert each.index("made.holds_not") < each.index("made.breaks") < each.index("made.holds_true")
        assert "A quick look: 2 seeds" in each
        assert "ZeroDivisionError" in each
    assert "another <b>is</b> \\| not" in text
    assert "another &lt;b&gt;is&lt;/b&gt; | not" in page
    assert "http" not in page
    assert "<script" not in page
    assert page.count("<table") == page.count("<caption>")
    assert "✗ failed: error" in page
    assert "✓ passed" in page


@pytest.mark.parametrize(
    ("figure", "text"),
    [(0.0, "0"), (-1234.5678, "−1235"), (123456.7, "123,457"), (1e-05, "1e-05"), (math.nan, "not a")],
)
def test_figures_are_written_for_readers(figure: float, text: str) -> None:
    assert evidence.number(figure).startswith(text)


def test_ranges_are_told_in_words() -> None:
    ranges = [evidence.range_of(Finding("", 0.0, low, high)) for low, high in ((1, 1), (0, 0.5), (2, math.inf))]
    assert ranges == ["exactly 1", "0 to 0.5", "at least 2"]
    assert evidence.range_of(above_nothing("", np.array([1.0, 1.3, 0.9]))) == "above 0, its interval too"
    assert evidence.range_of(Finding("", 1.0, 0.2, math.inf, (0.5, 1.5))) == "at least 0.2"
    assert "only reported" in evidence.range_of(reported("", 0.0))


def test_a_claim_or_a_group_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(evidence.UnknownClaim, match=r"neutrality\.placebo"):
        evidence.chosen(only=["neutrality.placeb"])
    with pytest.raises(evidence.UnknownClaim, match="neutrality"):
        evidence.chosen(["neutralty"])
    assert {each.group for each in evidence.chosen(["neutrality"])} == {Group.NEUTRALITY}


def test_every_claim_says_what_it_claims_and_where_it_comes_from() -> None:
    for each in evidence.gathered().values():
        assert each.says.endswith(".")
        assert each.source
        assert each.id.split(".")[0].isidentifier()


# ---- the command ------------------------------------------------------------------------------------


@pytest.fixture
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_here")
def test_the_command_writes_a_page_and_leaves_0_when_all_pass(capsys: Capture) -> None:
    asked = ["validate", "--only", "neutrality.equal_means_at_founding", "--seeds", "2"]
    assert command.exit_code(asked) == 0
    told = capsys.readouterr()
    assert told.out.startswith("1 claim put to the model: 1 passed, 0 failed.")
    assert max(len(line) for line in told.out.split("\n")) <= 100
    page = Path("results/validation/evidence.html").read_text(encoding="utf-8")
    assert "neutrality.equal_means_at_founding" in page
    assert command.exit_code([*asked, "--workers", "1", "--out", "again", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] == 1
    for name in ("evidence.html", "evidence.md"):
        assert Path("again", name).read_text() == Path("results/validation", name).read_text()


@pytest.mark.usefixtures("_here")
def test_the_command_leaves_1_and_says_which_claim_failed(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CLAIMS, "made.holds_not", made(holds_not))
    assert command.exit_code(["validate", "--only", "made.holds_not", "--quick", "--out", "here"]) == 1
    told = capsys.readouterr()
    assert "FAILED  made.holds_not" in told.out
    assert "A quick look: 3 seeds" in told.out
    assert told.err.rstrip().endswith("failed: made.holds_not")
    assert "made.holds_not" in Path("here/evidence.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("_here")
def test_the_command_refuses_what_cannot_be_asked(capsys: Capture) -> None:
    assert command.exit_code(["validate", "--only", "nothing"]) == 2
    assert "there is no claim" in capsys.readouterr().err
    assert command.exit_code(["validate", "--seeds", "1"]) == 2
    assert command.exit_code(["validate", "--group", "fact", "--only", "neutrality.placebo"]) == 2
    Path("taken").write_text("")
    assert command.exit_code(["validate", "--only", "neutrality.placebo", "--out", "taken"]) == 2
    assert not Path("results").exists()


# ---- paired towns -----------------------------------------------------------------------------------


def test_paired_towns_say_the_same_with_any_number_of_workers() -> None:
    scenarios = governed(setting(residents=60, months=40))
    with working(1):
        alone = pairs_lived(scenarios, seeds_from(setting(), 2))
    with working(3):
        together = pairs_lived(scenarios, seeds_from(setting(), 2))
    assert alone.tobytes() == together.tobytes()
    assert alone.shape == (3, 2, len(OUTCOMES))
    assert not np.isnan(alone).any()


def test_an_outcome_is_read_where_it_says() -> None:
    scenario = setting(residents=60, months=40).with_(seed=seeds_from(setting(), 1)[0])
    found = pairs_lived([scenario], seeds_from(setting(), 1))[0, 0]
    shock, calm = months_of(scenario)["unmet_need"].mean(), months_of(scenario.calm())["unmet_need"].mean()
    assert [found[PLACE[Outcome("unmet_need", kind)]] for kind in ("shock", "calm")] == [shock, calm]
    assert found[PLACE[Outcome("unmet_need", "effect")]] == shock - calm
    without = pairs_lived([scenario], seeds_from(setting(), 1), twins=False)[0, 0]
    assert without[PLACE[Outcome("unmet_need", "shock")]] == shock
    assert np.isnan(without[PLACE[Outcome(LOSS, "effect")]])


def test_which_way_is_better_is_known_for_every_primary_outcome() -> None:
    assert [each.better for each in MAIN] == [1, 1, -1, -1]
    assert Outcome("borne_by_residents", "effect").better == -1


# ---- the box ----------------------------------------------------------------------------------------


def test_the_box_holds_every_number_that_was_not_measured_and_its_default_inside() -> None:
    declared = fields_of(Parameters)
    bounds = {each.name: each for each in plausible()}
    left_out = [name for name, each in declared.items() if each.grade != MEASURED and name not in bounds]
    assert all(declared[name].whole or not np.any(declared[name].default) for name in left_out)
    assert not [name for name in bounds if declared[name].grade == MEASURED]
    for bound in plausible():
        if bound.scale not in ("choice", "factor"):
            assert bound.low <= float(np.max(bound.declared.default)) <= bound.high, bound.name


@pytest.mark.parametrize("place", [0.0, 0.37, 1.0])
def test_every_place_in_the_box_is_a_scenario_that_can_be_lived(place: float) -> None:
    values = values_at(np.full(len(plausible()), place))
    assert set(Scenario(parameters=values).parameters) == {each.name for each in plausible()}


def test_the_middle_of_a_bound_is_its_default_where_neither_end_was_cut() -> None:
    bounds = {each.name: each for each in plausible()}
    for name in ("inflow", "relief", "base_cost", "best_wellbeing"):
        assert bounds[name].value(0.5) == pytest.approx(fields_of(Parameters)[name].default), name
    share = bounds["relief"]
    odds = [share.value(end) / (1.0 - share.value(end)) for end in (0.0, 1.0)]
    assert odds == pytest.approx([1.5, 6.0])
    assert bounds["spillover"].value(1.0) == pytest.approx(
        [2.0 * each for each in np.ravel(bounds["spillover"].declared.default)]
    )


def test_a_latin_hypercube_visits_every_slice_of_every_bound_once() -> None:
    cube = latin_hypercube(20)
    assert cube.shape == (20, len(plausible()))
    for column in cube.T:
        assert sorted(np.floor(column * 20)) == list(range(20))
    assert (latin_hypercube(20) == cube).all()


# ---- neutrality -------------------------------------------------------------------------------------

CHEAP = (
    "neutrality.label_swap", "neutrality.equal_means_at_founding", "neutrality.equal_means_every_month",
    "neutrality.every_dial_costs",
)  # fmt: skip


@pytest.mark.parametrize("id", CHEAP)
def test_a_claim_of_neutrality_that_is_cheap_to_put_holds(id: str) -> None:
    answer = evidence.validate(evidence.chosen(only=[id]), seeds=6).answers[0]
    assert answer.passed, [(each.what, each.figure, each.note) for each in answer.failed] or answer.traceback


def test_the_cost_of_every_dial_is_looked_for() -> None:
    assert tuple(neutrality.COSTS) == DIALS
    for dial, cost in neutrality.COSTS.items():
        declared = fields_of(Terms)[dial]
        assert (declared.low, declared.high) == (cost.low, cost.high)
        assert set(cost.beside) <= set(DIALS) - {dial}


def test_a_dial_that_is_not_turned_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the claim that every dial costs something could not fail."""
    same = neutrality.COSTS["sharing"]._replace(high=0.0)
    monkeypatch.setitem(neutrality.COSTS, "sharing", same)
    found = neutrality.cost_of("sharing", seeds_from(setting(), 4))
    assert not above_nothing("", found).passed


def test_a_rule_that_read_a_name_would_be_found_by_the_placebo(monkeypatch: pytest.MonkeyPatch) -> None:
    small = setting(residents=60, months=30)
    honest = neutrality.lived

    def partial(scenario: Scenario) -> object:
        """A model that is kind to one name."""
        return honest(scenario.with_(inflow=0.01) if scenario.governance == "contract" else scenario)

    assert not neutrality.placebo_differs(small, "contract")
    monkeypatch.setattr(neutrality, "lived", partial)
    assert neutrality.placebo_differs(small, "contract")
    assert not neutrality.placebo_differs(small, "relational")
    assert neutrality.swap_differs(small, "contract", "relational")


def test_names_are_put_back_after_a_swap() -> None:
    before = {name: dict(dials) for name, dials in GOVERNANCES.items()}
    with neutrality.renamed({"contract": "relational", "placebo": "spot"}):
        assert GOVERNANCES["contract"] == before["relational"]
        assert GOVERNANCES["placebo"] == before["spot"]
    assert before == GOVERNANCES


def test_a_dial_raised_at_both_ends_alike_moves_no_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neutrality, "terms_for", lambda base: {**GOVERNANCES["contract"], "sharing": 0.5})
    seeds = seeds_from(setting(), 2)
    moved = neutrality.raised("sharing", "contract", "wage_step", seeds)
    assert moved.shape == (2, len(OUTCOMES))
    assert np.any(moved != 0.0)
    monkeypatch.setattr(
        neutrality, "fields_of", lambda _: {"sharing": fields_of(Terms)["sharing"].__class__(low=0.5, high=0.5)}
    )
    assert not np.any(neutrality.raised("sharing", "contract", "wage_step", seeds))


@pytest.mark.slow
def test_the_claims_that_search_have_a_figure_for_every_question_they_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the smallest size, where nothing can be settled: every question is asked and every figure is a number."""
    monkeypatch.setattr(paired, "RESIDENTS", 40)
    monkeypatch.setattr(neutrality, "POINTS", 5)
    monkeypatch.setattr(neutrality, "SHORTLIST", 2)
    monkeypatch.setattr(neutrality, "confirming", lambda seeds: seeds)
    monkeypatch.setattr(neutrality, "PARENTS", 6)
    monkeypatch.setattr(neutrality, "TRIED", 3)
    for cached in (neutrality.space, neutrality.ladder, neutrality.best_case, neutrality.ends):
        cached.cache_clear()
    wanted = {
        "neutrality.every_dial_helps_and_hurts": 24, "neutrality.nobody_wins_everywhere": 6,
        "neutrality.the_hybrid_can_win_and_lose": 4, "neutrality.no_outcome_is_settled": 24,
        "neutrality.the_loser_can_win": 12, "neutrality.no_single_number_decides": 12,
    }  # fmt: skip
    for id, many in wanted.items():
        answer = evidence.validate(evidence.chosen(only=[id]), seeds=2).answers[0]
        assert not answer.error, answer.traceback
        assert len(answer.judged) == many, id
        assert all(math.isfinite(each.figure) for each in answer.findings), id
        assert len({each.what for each in answer.findings}) == len(answer.findings), id
    for cached in (neutrality.space, neutrality.ladder, neutrality.best_case, neutrality.ends):
        cached.cache_clear()
