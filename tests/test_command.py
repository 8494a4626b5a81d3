"""The kith command: what it prints, where it writes, and how it tells a user's mistake from its own failure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from viz import command
from viz.command import comparing, terminal, towns
from viz.serve import server
from viz.workshop import sharing
from viz.workshop.plan import plan_in

HOUSE = Path(__file__).parent.parent
QUICK = ["--residents", "60", "--months", "54", "--engine", "compiled"]
PAIR = ["--governance", "contract", "--governance", "relational", *QUICK]

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def kith(*arguments: str) -> int:
    return command.exit_code(list(arguments))


# ---- verbs ------------------------------------------------------------------------------------------


def interrupt_after_the_first_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on Ctrl-C comes as soon as one seed is complete."""
    listen = comparing.Listener.__call__

    def interrupt(self: comparing.Listener, progress: object) -> None:
        listen(self, progress)  # type: ignore[arg-type]
        if progress.seeds == 1:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    monkeypatch.setattr(comparing.Listener, "__call__", interrupt)


def test_compare_prints_the_headline_table_and_writes_a_folder(capsys: Capture, tmp_path: Path) -> None:
    assert kith("compare", "wage_step", "--seeds", "2", "--workers", "1", *PAIR) == 0
    told = capsys.readouterr()
    assert told.out.startswith("Null hypothesis")
    assert "Who bore the rise" in told.out
    assert max(len(line) for line in told.out.split("\n")) <= 100
    assert "report.html" in told.err
    assert (tmp_path / "results" / "wage_step" / "report.html").stat().st_size > 50_000


def test_a_question_file_gives_the_same_table_again(capsys: Capture) -> None:
    kith("compare", "wage_step", "--seeds", "2", "--workers", "1", "--out", "first", "--set", "inflow=0.02", *PAIR)
    first = capsys.readouterr().out
    question = Path("first/question.toml")
    assert kith("compare", str(question), "--engine", "compiled", "--workers", "1", "--out", "again") == 0
    assert capsys.readouterr().out == first
    for name in ("comparison.csv", "runs.csv", "who_bore_it.csv"):
        assert Path("again", name).read_text() == Path("first", name).read_text()


def test_compare_in_json_is_for_machines_alone(capsys: Capture) -> None:
    assert kith("compare", "wage_step", "--seeds", "1", "--workers", "1", "--json", *PAIR) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["seeds"] == 1
    assert {row["quantity"] for row in found["table"]} == {"calm", "shock", "effect", "level", "buffer"}
    assert found["table"][0]["low"] is None


def test_asking_twice_writes_anew_and_asking_otherwise_takes_another_folder(capsys: Capture) -> None:
    asked = ["compare", "wage_step", "--workers", "1", *PAIR]
    assert kith(*asked, "--seeds", "1") == 0
    assert kith(*asked, "--seeds", "1") == 0
    assert kith(*asked, "--seeds", "2") == 0
    assert sorted(path.name for path in Path("results").iterdir()) == ["wage_step", "wage_step-2"]
    capsys.readouterr()
    assert kith(*asked, "--seeds", "3", "--out", "results/wage_step") == 2
    assert "--replace" in capsys.readouterr().err
    assert kith(*asked, "--seeds", "3", "--out", "results/wage_step", "--replace") == 0


def test_run_prints_the_years_and_writes_months_and_events(capsys: Capture) -> None:
    assert kith("run", "wage_step", "--governance", "0.5", "--out", "one", *QUICK) == 0
    told = capsys.readouterr()
    assert "The town settles" in told.out
    assert "Events:" in told.out
    assert max(len(line) for line in told.out.split("\n")) <= 100
    assert sorted(path.name for path in Path("one").iterdir()) == sorted(towns.RUN_FILES)
    assert kith("run", "wage_step", "--out", "one", *QUICK) == 2
    assert kith("run", "one/scenario.toml", "--out", "one", "--replace", "--engine", "compiled") == 0


def test_run_in_json(capsys: Capture) -> None:
    assert kith("run", "calm", "--json", *QUICK) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["months"]) == 54


def test_a_kind_of_graph_is_set_like_a_parameter_and_kept_in_the_question(capsys: Capture) -> None:
    asked = ["compare", "wage_step", "--seeds", "1", "--workers", "1", "--out", "on", "--set", "peer=block", *PAIR]
    assert kith(*asked) == 0
    assert 'peer = "block"' in Path("on/question.toml").read_text()
    assert kith(*asked) == 0  # the same question: written anew, not refused
    assert kith("run", "wage_step", "--set", "kith=randm", *QUICK) == 2
    assert 'The nearest is "random"' in capsys.readouterr().err


def test_settings_parameters_and_rules_are_listed(capsys: Capture) -> None:
    assert kith("settings") == 0
    assert "cost_of_living_2021:" in capsys.readouterr().out
    assert kith("parameters", "trust") == 0
    assert "first_trust" in capsys.readouterr().out
    assert kith("rules") == 0
    listed = capsys.readouterr().out
    assert listed.index("prices_move") < listed.index("ask_for_help") < listed.index("close_month")
    assert "1. prices move" in listed
    for verb in ("settings", "parameters", "rules"):
        assert kith(verb, "--json") == 0
        assert json.loads(capsys.readouterr().out)


def test_every_rule_can_be_looked_at(capsys: Capture) -> None:
    from simulation.month import MONTH

    for _, rule in MONTH:
        assert kith("rules", rule.__name__) == 0
        assert "--rules my_rules.py" in capsys.readouterr().out


def test_a_governance_may_be_a_file_of_dials(capsys: Capture) -> None:
    Path("ours.toml").write_text('base = "relational"\nterm = 12\n')
    asked = ["compare", "wage_step", "--seeds", "1", "--workers", "1", "--governance", "contract"]
    assert kith(*asked, "--governance", "ours.toml", *QUICK) == 0
    assert "ours" in capsys.readouterr().out


def test_attribute_prints_shares_and_writes_a_folder_whose_question_asks_itself_again(capsys: Capture) -> None:
    Path("ours.toml").write_text('base = "contract"\nopenness = 0.5\nterm = 60\n')
    asked = [
        "--to",
        "ours.toml",
        "--seeds",
        "2",
        "--workers",
        "1",
        "--measure",
        "trust",
        "--set",
        "inflow=0.02",
        *QUICK,
    ]
    assert kith("attribute", "wage_step", *asked) == 0
    first = capsys.readouterr()
    assert "ours less contract" in first.out
    assert "4 mixtures of dials, 16 towns, 1 at once: about" in first.err
    assert "attribution.html" in first.err
    folder = Path("results/wage_step-attribution")
    assert (folder / "attribution.html").stat().st_size > 50_000
    again = ["--engine", "compiled", "--workers", "1", "--measure", "trust", "--out", "again"]
    assert kith("attribute", str(folder / "question.toml"), *again) == 0
    assert capsys.readouterr().out.replace("question:", "wage_step:") == first.out
    assert Path("again/attribution.csv").read_text() == (folder / "attribution.csv").read_text()


def test_attribute_in_json_is_for_machines_alone(capsys: Capture) -> None:
    asked = ["--from", "contract", "--to", "rigid_contract", "--seeds", "1", "--workers", "1", "--json", *QUICK]
    assert kith("attribute", "wage_step", *asked) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["dials_that_differ"] == ["indexation"]
    assert {row["step"] for row in found["table"]} == {"total", "share", "first_in", "last_out", "interaction"}


def test_an_interrupted_attribution_keeps_the_seeds_that_are_complete(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    interrupt_after_the_first_seed(monkeypatch)
    assert kith("attribute", "wage_step", "--to", "rigid_contract", "--seeds", "9", "--workers", "1", *QUICK) == 130
    told = capsys.readouterr()
    assert "stopped: 1 of 9 seeds were complete" in told.err
    assert "1 seed of 9 asked" in told.out
    assert "stopped early" in Path("results/wage_step-attribution/attribution.html").read_text()
    assert 'stopped_early = "after 1 seeds"' in Path("results/wage_step-attribution/question.toml").read_text()


def test_a_replaced_rule_is_kept_with_the_results(capsys: Capture) -> None:
    Path("my_rules.py").write_text(
        "from agents.rule import rule\n\n\n@rule\ndef burn_out(organisation, town):\n"
        '    """Nobody burns out."""\n    organisation.burnout = 0.0\n'
    )
    assert kith("compare", "wage_step", "--seeds", "1", "--workers", "1", "--rules", "my_rules.py", *PAIR) == 0
    assert "Nobody burns out" in Path("results/wage_step/rules.py").read_text()
    assert "modified model" in Path("results/wage_step/report.html").read_text()
    question = "results/wage_step/question.toml"
    assert kith("compare", question, "--engine", "compiled", "--workers", "1", "--out", "again") == 0
    assert Path("again/runs.csv").read_text() == Path("results/wage_step/runs.csv").read_text()


def test_a_single_resident_can_be_lived_with(capsys: Capture) -> None:
    assert kith("run", "calm", "--residents", "1", "--months", "30") == 0


# ---- mistakes ---------------------------------------------------------------------------------------

BROKEN = "months = = 3\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["compare", "cost_of_livng_2021"], 'The nearest is "cost_of_living_2021"'),
        (["run", "gone.toml"], "there is no file gone.toml"),
        (["compare", "broken.toml"], "not well-formed TOML"),
        (["compare", "calm", "--governance", "relatoinal"], 'The nearest is "relational"'),
        (["compare", "calm", "--governance", "1.5"], "between 0 (contract) and 1 (relational)"),
        (["compare", "calm", "--governance", "gone.toml"], "cannot be read"),
        (["compare", "calm", "--governance", "dials.toml"], 'no dial "opennes". The nearest is "openness"'),
        (["compare", "calm", "--governance", "spot", "--governance", "spot"], "named twice"),
        (["run", "--set", "inflw=0.1"], 'The nearest is "inflow"'),
        (["run", "--set", "inflow=7"], "between 0 and 1"),
        (["run", "--set", "inflow"], "name=value"),
        (["run", "--set", "inflow=lots"], "inflow is 'lots'"),
        (["run", "--set", "inflow=0.1", "--set", "inflow=0.2"], "set twice"),
        (["run", "--set", "governance=contract"], "--governance"),
        (["run", "--months", "10"], "months is 10"),
        (["run", "--residents", "0"], "residents is 0"),
        (["run", "--residents", "many"], "--residents"),
        (["run", "--engine", "steam"], "auto, plain, compiled"),
        (["run", "--rules", "gone.py"], "there is no such file"),
        (["run", "--rules", "empty.py"], "empty.py"),
        (["run", "--rules", "typo.py"], "typo.py, line 6, in burn_out: an organisation has no 'burnot'"),
        (["compare", "--rules", "typo.py"], "did you mean 'burnout'?"),
        (["compare", "--seeds", "0"], "at least 1"),
        (["compare", "--workers", "0"], "at least 1"),
        (["compare", "--out", "broken.toml"], "is a file"),
        (["compare", "--out", "full"], "holds no results"),
        (["compare", "--replace", "--out", "full"], "holds no results"),
        (["run", "--out", "full"], "not empty"),
        (["rules", "ask_for_hlp"], 'The nearest is "ask_for_help"'),
        (["parameters", "zzz"], "no parameter has"),
        (["attribute", "calm", "--to", "contract"], "a difference lies between two"),
        (["attribute", "calm", "--to", "relatoinal"], 'The nearest is "relational"'),
        (["attribute", "calm", "--measure", "wellbieng"], 'The nearest is "wellbeing"'),
        (["attribute", "calm", "--seeds", "0"], "at least 1"),
        (["attribute", "--out", "full"], "holds no results"),
        (["walk"], "walk"),
        (["run", "--wrong"], "--wrong"),
    ],
)
def test_a_mistake_is_told_in_a_sentence_with_code_2(arguments: list[str], said: str, capsys: Capture) -> None:
    Path("broken.toml").write_text(BROKEN)
    Path("dials.toml").write_text("opennes = 0.5\n")
    Path("empty.py").write_text("x = 1\n")
    Path("typo.py").write_text(
        "from agents.rule import rule\n\n\n@rule\ndef burn_out(organisation, town):\n    organisation.burnot = 0.0\n"
    )
    Path("full").mkdir()
    Path("full/thesis.docx").write_text("precious")
    before = sorted(path.name for path in Path().rglob("*"))
    assert kith(*arguments) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert "Traceback" not in told.err
    assert told.out == ""
    assert sorted(path.name for path in Path().rglob("*") if "__pycache__" not in str(path)) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is unwritable for root")
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_lived(capsys: Capture, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    assert kith("compare", "wage_step", "--out", str(closed / "here"), *PAIR) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_our_own_failure_is_code_1_and_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bolt came loose")

    monkeypatch.setattr(towns, "scenario_for", fail)
    assert kith("run", "calm") == 1
    assert "a bolt came loose" in capsys.readouterr().err


def test_an_interrupt_is_code_130(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(towns, "scenario_for", interrupt)
    assert kith("run", "calm") == 130
    assert "Traceback" not in capsys.readouterr().err


def test_an_interrupted_comparison_keeps_what_was_lived(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    interrupt_after_the_first_seed(monkeypatch)
    assert kith("compare", "wage_step", "--seeds", "9", "--workers", "1", *PAIR) == 130
    told = capsys.readouterr()
    assert "stopped:" in told.err
    assert "stopped early" in Path("results/wage_step/report.html").read_text()
    assert "of 9 asked" in told.out


# ---- starting ---------------------------------------------------------------------------------------


def started(*arguments: str) -> tuple[int, str, str]:
    path = os.pathsep.join([str(HOUSE), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "viz.command", *arguments],
        capture_output=True, text=True, check=False, encoding="utf-8",
        env=os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_help_needs_nothing_heavy() -> None:
    heavy = "import sys; from viz import command; code = command.exit_code(['--help']); "
    heavy += "print([name for name in ('numpy', 'numba', 'pandas', 'matplotlib', 'mesa') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", heavy], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(HOUSE)},
    )  # fmt: skip
    assert done.stdout.strip().endswith("[]")


def test_help_shows_verbs_and_every_verb_an_example() -> None:
    code, out, _ = started("--help")
    assert code == 0
    for verb in ("run", "compare", "attribute", "validate", "why", "settings", "parameters", "rules"):
        assert verb in out
        code, said, _ = started(verb, "--help")
        assert code == 0
        assert f"kith {verb}" in said
    assert started("--version")[1].startswith("kith ")


def test_the_progress_of_something_long_is_told_in_plain_lines_beside_the_answer(capsys: Capture) -> None:
    bar = terminal.Bar(100, "run")
    bar.told -= 100.0
    bar.began -= 100.0
    bar.show(50)
    bar.close()
    told = capsys.readouterr()
    assert told.out == ""
    assert "50 of 100 runs, about 100 s left" in told.err
    assert "\x1b" not in told.err


def test_starting_is_quick() -> None:
    times = []
    for _ in range(3):
        began = time.perf_counter()
        started("--help")
        times.append(time.perf_counter() - began)
    assert min(times) < 2.0  # 0.3 s when nobody else is at work


# ---- the workshop -------------------------------------------------------------------------------------


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[server.Workshop]:
    """What would have been served."""
    found: list[server.Workshop] = []
    monkeypatch.setattr(server, "serve", lambda workshop, *_, **__: found.append(workshop))
    return found


LINK = "setting=wage_step&seed=4&residents=200&left=spot&right=relational&month=40"


def test_show_opens_at_a_link(shown: list[server.Workshop]) -> None:
    assert kith("show", f"http://127.0.0.1:8765/?{LINK}") == 0
    assert plan_in(shown[0].link)[:2] == plan_in(LINK)[:2]
    assert shown[0].setting == ""


def test_show_opens_at_a_session_pack(shown: list[server.Workshop], monkeypatch: pytest.MonkeyPatch) -> None:
    plan, month, _ = plan_in(LINK)
    monkeypatch.setattr(sharing, "PAIRS", 0)
    monkeypatch.setattr(sharing, "debrief_page", lambda recorded: "")
    Path("run.zip").write_bytes(sharing.file_for(plan, month, "en", "pack").data)
    assert kith("show", "run.zip") == 0
    assert plan_in(shown[0].link)[:2] == (plan, month)


@pytest.mark.parametrize(
    ("given", "said"),
    [("there_is_none.zip", "there_is_none.zip"), (f"?{LINK}&seed=-1", "seed"), ("?setting=../../x", "no setting")],
)
def test_show_says_what_is_wrong_with_what_it_should_open(
    given: str, said: str, shown: list[server.Workshop], capsys: Capture
) -> None:
    assert kith("show", given) == 2
    assert said in capsys.readouterr().err
    assert not shown


def test_show_tells_which_storyboards_of_ones_own_are_left_out(shown: list[server.Workshop], capsys: Capture) -> None:
    Path("boards").mkdir()
    Path("boards/ours.toml").write_text('title = "Ours"\n', encoding="utf-8")
    assert kith("show", "--storyboards", "boards") == 0
    assert "ours is left out" in capsys.readouterr().err
    assert shown[0].storyboards == "boards"
