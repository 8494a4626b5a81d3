"""Sweeps: the same rows however they are shared out, whoever dies on the way, and whatever is in the folder."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from experiments import batches, compare, parts
from experiments import sweep as sweeps
from experiments.batches import ONE_THREAD
from experiments.designs import rows_in_design
from experiments.parts import ROWS, kept, missing, ranges_in, study_in, tables_in
from experiments.replay import replay_row
from experiments.study import Study
from experiments.study_file import study_from
from experiments.sweep import SweepError, merge, paired, rows_of, status_of, sweep
from experiments.why import journal_in
from simulation.journal import replay
from tests.sweeping import VARY, deadly, endless, is_bad, quick, rows_hash, slow, small_study, stumbling
from viz import command
from viz.command import studies

HOUSE = Path(__file__).parent.parent
FEW = VARY.replace("points = 10", "points = 3")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return small_study(tmp_path)


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of real towns, monthly and with events."""
    folder = tmp_path_factory.mktemp("lived")
    asked = small_study(folder, FEW, "monthly = true\nevents = true\n")
    with ThreadPoolExecutor(1) as executor:
        assert sweep(asked, folder / "out", executor=executor).complete
    return folder / "out"


def uninterrupted(study: Study, folder: Path, living: Any = quick) -> str:
    """The hash of the rows of a study that nothing happened to."""
    with ThreadPoolExecutor(1) as executor:
        sweep(study, folder, executor=executor, living=living)
    return rows_hash(folder)


# ---- the same rows ----------------------------------------------------------------------------------


def test_one_worker_two_workers_threads_and_shards_give_the_same_rows(tmp_path: Path, lived: Path) -> None:
    study = study_in(lived)
    assert sweep(study, tmp_path / "two", 2, timeout=600).workers == 2  # processes, because of the timeout
    shards = [tmp_path / f"shard-{place}" for place in (1, 2, 3)]
    with ThreadPoolExecutor(2) as executor:
        for place, folder in enumerate(shards, start=1):
            assert sweep(study, folder, executor=executor, shard=(place, 3)).complete
    assert sum(parts.rows_there(folder) for folder in shards) == rows_in_design(study)
    merge(shards, tmp_path / "merged")
    for folder in (tmp_path / "two", tmp_path / "merged"):
        assert rows_hash(folder) == rows_hash(lived)
        for table in ("months", "events"):
            pd.testing.assert_frame_equal(rows_of(folder, table=table), rows_of(lived, table=table), check_exact=True)


def test_a_row_holds_the_numbers_of_a_comparison(lived: Path) -> None:
    rows, study = rows_of(lived), study_in(lived)
    point = rows[rows["point"] == 1].iloc[0]
    scenario = study.scenario_at({"inflow": point["inflow"], "shock_size": point["shock_size"]}, "contract")
    found = compare(scenario, governances=list(study.arms), seeds=3, engine="compiled", workers=1)
    for _, row in rows[rows["point"] == 1].iterrows():
        runs = found.runs[(found.runs["governance"] == row["governance"]) & (found.runs["seed"] == row["seed"])]
        for world in ("shock", "calm"):
            run = runs[runs["world"] == world].iloc[0]
            assert row[f"unmet_need.{world}"] == run["unmet_need"]
        assert row["met_need_loss_area"] == runs[runs["world"] == "shock"].iloc[0]["met_need_loss_area"]


def test_months_and_events_belong_to_their_rows(lived: Path) -> None:
    rows, months, events = (rows_of(lived, table=table) for table in ("rows", "months", "events"))
    reported = months[months["month"] >= 24].groupby(["row", "world"])["wellbeing"].mean().unstack()
    assert np.allclose(reported["shock"], rows["wellbeing.shock"], atol=1e-12)
    assert len(months) == len(rows) * 2 * 54
    assert set(events["row"]) <= set(rows["row"])
    assert (events["month"] < 54).all()


def test_differences_are_within_a_point_and_a_replicate(lived: Path) -> None:
    rows = rows_of(lived)
    found = paired(rows)
    assert len(found) == len(rows) // 2
    assert set(found["governance"]) == {"relational"}
    one = found[(found["point"] == 2) & (found["replicate"] == 1)].iloc[0]
    pair = rows[(rows["point"] == 2) & (rows["replicate"] == 1)].set_index("governance")
    for name in ("wellbeing.shock", "met_need_loss_area"):
        assert one[name] == pair.loc["relational", name] - pair.loc["contract", name]
    effect = pair["unmet_need.shock"] - pair["unmet_need.calm"]
    assert one["unmet_need.effect"] == effect["relational"] - effect["contract"]
    assert one["inflow"] == pair["inflow"].iloc[0]


def test_a_pair_of_which_one_failed_has_no_difference(lived: Path) -> None:
    rows = rows_of(lived)
    rows.loc[(rows["point"] == 0) & (rows["replicate"] == 0) & (rows["governance"] == "contract"), "status"] = "failed"
    assert len(paired(rows)) == len(rows) // 2 - 1
    assert not paired(rows).isna().any().any()


def test_one_column_or_an_arrow_dataset_can_be_asked_for(lived: Path) -> None:
    assert list(rows_of(lived, ["point", "wellbeing.calm"]).columns) == ["point", "wellbeing.calm"]
    with pytest.raises(SweepError, match=r'nearest is "wellbeing\.calm"'):
        rows_of(lived, ["wellbeing.clam"])
    assert sweeps.dataset_of(lived).count_rows() == len(rows_of(lived))


def test_a_worker_of_a_sweep_imports_neither_mesa_nor_pandas_and_takes_one_thread_of_each_library() -> None:
    text = "import sys, experiments.batches; print(sorted({'mesa', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, cwd=HOUSE, check=True)
    assert done.stdout.strip() == "[]"
    before = dict(os.environ)
    hands = sweeps.Processes(1)
    try:
        assert [hands.submit(os.getenv, name).result() for name in ONE_THREAD] == ["1"] * len(ONE_THREAD)
    finally:
        hands.stop()
    assert dict(os.environ) == before


# ---- going on ---------------------------------------------------------------------------------------


def test_the_same_again_lives_nothing_and_what_is_missing_is_lived(study: Study, tmp_path: Path) -> None:
    out = tmp_path / "out"
    whole = uninterrupted(study, out)
    with ThreadPoolExecutor(1) as executor:
        assert sweep(study, out, executor=executor, living=quick).lived == 0
        first, last = kept(ranges_in(out))[2]
        (out / ROWS / parts.name_of(first, last)).unlink()
        assert sweep(study, out, executor=executor, living=quick).lived == last - first
    assert rows_hash(out) == whole


def begin(study: Study, folder: Path, living: str = "slow") -> subprocess.Popen[str]:
    """A sweep in a process of its own."""
    command = [sys.executable, "-m", "tests.sweeping", str(study.path), str(folder), living]
    setting = {**os.environ, "PYTHONPATH": str(HOUSE)}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=HOUSE, env=setting, start_new_session=True, **pipes)


def children_of(process: int) -> list[int]:
    """The worker processes of a process: those that it started itself."""
    found = []
    for page in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            told = page.read_text().rsplit(")", 1)[1].split()
            if int(told[1]) == process and b"spawn_main" in page.with_name("cmdline").read_bytes():
                found.append(int(page.parent.name))
    return found


def is_whole(folder: Path) -> bool:
    """Whether every part that is there can be read and holds the rows its name says, each once."""
    for first, last in ranges_in(folder):
        part = parts.pq.read_table(folder / ROWS / parts.name_of(first, last), columns=["row"])
        assert part["row"].to_pylist() == list(range(first, last))
    found = [row for table in tables_in(folder, ROWS, ["row"]) for row in table["row"].to_pylist()]
    assert found == sorted(set(found))
    return True


def tortured(study: Study, folder: Path, kills: int, luck: int) -> int:
    """Live a study while its coordinator and its workers are killed at random moments; how often they were."""
    chance = np.random.default_rng(luck)
    done = 0
    while done < kills:
        process = begin(study, folder)
        time.sleep(float(chance.uniform(0.8, 2.6)))
        workers = children_of(process.pid)
        if workers and chance.random() < 0.5:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(chance.choice(workers)), signal.SIGKILL)
                done += 1
            time.sleep(float(chance.uniform(0.1, 1.0)))
        if process.poll() is None:
            process.kill()
            done += 1
        process.communicate(timeout=60)
        for _ in range(100):
            if not any(Path(f"/proc/{worker}").exists() for worker in workers):
                break
            time.sleep(0.1)
        else:
            raise AssertionError("a worker outlived its coordinator")
        if (folder / parts.WHAT).exists():
            assert is_whole(folder)
    return done


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks the system who its processes are")


@needs_proc
def test_killed_at_random_moments_a_sweep_ends_with_the_rows_of_one_that_was_not(tmp_path: Path) -> None:
    study = small_study(tmp_path, VARY.replace("points = 10", "points = 40"))
    whole = uninterrupted(study, tmp_path / "calm")
    assert tortured(study, tmp_path / "out", 3, 1) >= 3
    told, said = begin(study, tmp_path / "out").communicate(timeout=120)
    assert "ended" in told, said
    assert rows_hash(tmp_path / "out") == whole


@needs_proc
@pytest.mark.torture
def test_killed_fifty_times_it_does_too(tmp_path: Path) -> None:
    study = small_study(tmp_path, VARY.replace("points = 10", "points = 400"))
    whole = uninterrupted(study, tmp_path / "calm")
    assert tortured(study, tmp_path / "out", 50, 2) >= 50
    told, said = begin(study, tmp_path / "out", "quick").communicate(timeout=600)
    assert "ended" in told, said
    assert rows_hash(tmp_path / "out") == whole


@needs_proc
def test_an_interrupt_from_the_keyboard_keeps_what_was_lived_and_leaves_nobody_behind(tmp_path: Path) -> None:
    study = small_study(tmp_path, VARY.replace("points = 10", "points = 60"))
    process = begin(study, tmp_path / "out")
    for _ in range(300):
        if len(ranges_in(tmp_path / "out")) > 3:
            break
        time.sleep(0.1)
    workers = children_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    told, said = process.communicate(timeout=30)
    assert "stopped" in told
    assert "Traceback" not in said
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert is_whole(tmp_path / "out")
    assert not list((tmp_path / "out" / parts.RUNNING).iterdir())
    assert 0 < parts.rows_there(tmp_path / "out") < rows_in_design(study)


# ---- rows that fail ---------------------------------------------------------------------------------


def test_a_row_that_kills_its_worker_is_found_and_costs_nobody_elses(tmp_path: Path) -> None:
    study = small_study(tmp_path)
    out = tmp_path / "out"
    found = sweep(study, out, 2, living=deadly, batch_seconds=0.05)
    rows = rows_of(out)
    bad = [row["row"] for row in rows.to_dict("records") if is_bad(_scenario_of(study, row))]
    assert 0 < len(bad) < 15
    assert list(rows["row"]) == list(range(60))
    assert list(rows.loc[rows["status"] == "killed", "row"]) == bad
    assert set(rows["status"]) == {"lived", "killed"}
    assert (found.complete, found.failed) == (True, len(bad))
    assert rows["inputs"].notna().sum() == rows["replay"].notna().sum() == len(bad)
    with ThreadPoolExecutor(1) as executor:
        assert sweep(study, out, executor=executor, living=quick, again=["failed"]).lived == len(bad)
    assert rows_hash(out) == uninterrupted(study, tmp_path / "calm")


def _scenario_of(study: Study, row: dict[str, Any]) -> Any:
    values = {one.name: row[one.name] for one in study.varied}
    return study.scenario_at(values, row["governance"]).with_(seed=row["seed"])


def test_a_row_that_does_not_end_is_ended(tmp_path: Path) -> None:
    study = small_study(tmp_path, VARY.replace("points = 10", "points = 4"))
    sweep(study, tmp_path / "out", 2, living=endless, timeout=0.5)
    rows = rows_of(tmp_path / "out")
    bad = rows["row"][rows["status"] != "lived"]
    assert len(bad) > 0
    assert set(rows["status"]) == {"lived", "timeout"}
    assert rows.loc[rows["status"] == "timeout", "traceback"].str.contains("endless").all()
    assert rows.loc[rows["status"] == "timeout", "error"].str.contains("0.5 seconds").all()


def test_a_rule_that_fails_makes_a_row_that_fails_again_when_it_is_lived_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rules.py").write_text(
        "from agents.rule import rule\n"
        "from agents.tables import Organisation, Town\n\n\n"
        "@rule\n"
        "def burn_out(organisation: Organisation, town: Town) -> None:\n"
        '    """Somebody divides by nothing when demand is high."""\n'
        "    organisation.burnout = 1.0 / (0.0 if town.parameters.inflow > 0.025 else 2.0)\n"
    )
    vary = "[vary]\ninflow = { values = [0.02, 0.03] }\n"
    file = tmp_path / "small.toml"
    small_study(tmp_path, vary, 'rules = "rules.py"\n')
    out = str(tmp_path / "out")
    assert command.exit_code(["sweep", str(file), "--out", out, "--workers", "1"]) == 1
    rows = rows_of(out)
    assert list(rows["status"]) == ["lived"] * 6 + ["failed"] * 6
    failed = rows.iloc[6]
    assert "ZeroDivisionError" in failed["error"]
    assert "burn_out" in failed["traceback"]
    assert "inflow = 0.03" in failed["inputs"]
    assert failed["replay"] == f"kith replay {Path(out).resolve()} 6"
    capsys.readouterr()
    assert command.exit_code(["status", out]) == 0
    assert "kith replay" in capsys.readouterr().out
    assert command.exit_code(["replay", out, "6"]) == 0
    assert "it fails: ZeroDivisionError" in capsys.readouterr().out
    assert command.exit_code(["replay", out, "0"]) == 0
    assert "same to the last bit" in capsys.readouterr().out


def test_a_row_lived_again_is_the_same_to_the_last_bit_and_has_a_journal(lived: Path) -> None:
    row = rows_of(lived).iloc[9]
    for which in (9, row["run_id"]):
        found = replay_row(lived, which)
        assert found.same
        assert found.outcomes["wellbeing.shock"] == row["wellbeing.shock"]
    town = replay(journal_in(found.journals[0]))
    assert town.history["wellbeing"][24:].mean() == pytest.approx(row["wellbeing.shock"], abs=1e-12)
    with pytest.raises(SweepError, match="has no row 99"):
        replay_row(lived, 99)


def test_a_row_that_was_tampered_with_does_not_pass(lived: Path, tmp_path: Path) -> None:
    merge([lived], tmp_path / "copy")
    (span,) = kept(ranges_in(tmp_path / "copy"))
    file = tmp_path / "copy" / ROWS / parts.name_of(*span)
    table = parts.pq.read_table(file)
    changed = parts.pa.array(np.nextafter(table["wellbeing.shock"].to_numpy(), 9.0))
    parts.pq.write_table(
        table.set_column(table.schema.get_field_index("wellbeing.shock"), "wellbeing.shock", changed), file
    )
    assert replay_row(tmp_path / "copy", 3).different == ("wellbeing.shock",)


# ---- rows of another model --------------------------------------------------------------------------


def test_after_a_rule_is_edited_rows_are_stale_and_not_mixed_unless_asked(
    study: Study, tmp_path: Path, threads: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    uninterrupted(study, out)
    for first, last in kept(ranges_in(out))[-2:]:
        (out / ROWS / parts.name_of(first, last)).unlink()
    there = parts.rows_there(out)
    for room in (batches, sweeps):
        monkeypatch.setattr(room, "model_fingerprint", lambda: "another")
    with pytest.raises(SweepError, match=rf"{there} of {there} rows are stale.*--again stale.*--anyway"):
        sweep(study, out, executor=threads, living=quick)
    assert status_of(out).stale == there
    assert sweep(study, out, executor=threads, living=quick, anyway=True).lived == 60 - there
    assert rows_of(out)["model"].value_counts()["another"] == 60 - there
    assert status_of(out).stale == there
    assert sweep(study, out, executor=threads, living=quick, again=["stale"]).lived == there
    assert status_of(out).stale == 0
    assert list(rows_of(out)["row"]) == list(range(60))


def test_after_a_file_of_the_graph_is_edited_only_towns_founded_on_it_are_stale(
    tmp_path: Path, threads: Executor
) -> None:
    edges = tmp_path / "peers.edgelist"
    edges.write_text("0 1\n1 2\n2 3\n3 4\n4 5\n")
    table = small_study(tmp_path, "").table()
    table["vary"] = {"peer": {"values": ["block", str(edges)]}}
    study = study_from(table, tmp_path / "graphs.toml")
    out = tmp_path / "out"
    sweep(study, out, executor=threads, living=quick)
    edges.write_text("0 1\n1 2\n2 3\n3 4\n4 5\n0 5\n")
    assert status_of(out).stale == 6
    assert sweep(study, out, executor=threads, living=quick, again=["stale"]).lived == 6
    assert set(rows_of(out).query("peer == 'block'")["model"]).isdisjoint(
        rows_of(out).query("peer != 'block'")["model"]
    )


def test_killed_while_it_forgets_it_has_lost_and_doubled_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = small_study(tmp_path)
    out = tmp_path / "out"
    with ThreadPoolExecutor(1) as executor:
        failed = sweep(study, out, executor=executor, living=stumbling).failed
    parts.compact(out)
    cut = parts._cut

    def dies(folder: Path, whole: Any, stretch: Any) -> None:
        cut(folder, whole, stretch)
        if stretch[0]:
            raise KeyboardInterrupt

    monkeypatch.setattr(parts, "_cut", dies)
    with pytest.raises(KeyboardInterrupt):
        parts.forget(out, lambda part: [each != "lived" for each in part["status"].to_pylist()])
    monkeypatch.setattr(parts, "_cut", cut)
    assert list(rows_of(out)["row"]) == list(range(60))
    with ThreadPoolExecutor(1) as executor:
        assert sweep(study, out, executor=executor, living=quick, again=["failed"]).lived == failed > 0
    assert rows_hash(out) == uninterrupted(study, tmp_path / "calm")


# ---- the folder -------------------------------------------------------------------------------------


def test_ranges_inside_wider_ones_do_not_count() -> None:
    assert kept([(0, 4), (2, 4), (0, 2), (4, 6), (5, 9), (5, 6)]) == [(0, 4), (4, 6), (5, 9)]
    assert list(missing([(2, 4), (3, 6), (8, 9)], 0, 12)) == [(0, 2), (6, 8), (9, 12)]
    assert list(missing([(0, 50)], 10, 20)) == []


def test_compaction_changes_no_row_and_may_be_killed_at_any_moment(
    lived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, out = study_in(lived), tmp_path / "out"
    with ThreadPoolExecutor(2) as executor:
        sweep(study, out, executor=executor, batch_seconds=0.01)
    before = [rows_of(out, table=table) for table in ("rows", "months", "events")]
    assert len(ranges_in(out)) > 4
    monkeypatch.setattr(parts, "sweep_up", lambda folder: None)
    parts.compact(out, wide=8)  # the wide ones are there, and the narrow ones still are
    monkeypatch.undo()
    for table, rows in zip(("rows", "months", "events"), before, strict=True):
        pd.testing.assert_frame_equal(rows_of(out, table=table), rows, check_exact=True)
    assert parts.compact(out) == len(ranges_in(out)) == 1
    for table, rows in zip(("rows", "months", "events"), before, strict=True):
        pd.testing.assert_frame_equal(rows_of(out, table=table), rows, check_exact=True)


def test_parts_that_overlap_are_read_once_and_mended(study: Study, tmp_path: Path, threads: Executor) -> None:
    out = tmp_path / "out"
    whole = uninterrupted(study, out)
    parts.compact(out)
    table = parts.pq.read_table(out / ROWS / parts.name_of(0, 60))
    for first, last in ((0, 40), (25, 60)):
        parts.pq.write_table(table.slice(first, last - first), out / ROWS / parts.name_of(first, last))
    (out / ROWS / parts.name_of(0, 60)).unlink()
    assert rows_hash(out) == whole
    with pytest.raises(SweepError, match="overlap"):
        sweeps.dataset_of(out)
    assert sweep(study, out, executor=threads, living=quick).lived == 0
    assert ranges_in(out) == [(0, 60)]
    assert rows_hash(out) == whole


class Distant(Executor):
    """Workers that do not see the folder."""

    def submit(self, fn: Any, /, *given: Any, **named: Any) -> Future[Any]:
        """Work elsewhere."""
        future: Future[Any] = Future()
        future.set_result(fn(given[0]._replace(folder="elsewhere"), *given[1:], **named))
        return future


def test_workers_that_do_not_see_the_folder_send_their_parts(study: Study, tmp_path: Path) -> None:
    sweep(study, tmp_path / "out", executor=Distant(), living=quick)
    assert rows_hash(tmp_path / "out") == uninterrupted(study, tmp_path / "calm")


class Forgetful(Executor):
    """Workers that do what they are given and do not always say so."""

    many = 0

    def submit(self, fn: Any, /, *given: Any, **named: Any) -> Future[Any]:
        """Work, and tell of it two times in three."""
        future: Future[Any] = Future()
        result = fn(*given, **named)
        self.many += 1
        if self.many % 3:
            future.set_result(result)
        return future


def test_a_batch_that_was_written_counts_though_nobody_tells_of_it(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "PATIENCE", 0.1)
    found = sweep(study, tmp_path / "out", 2, Forgetful(), living=stumbling, batch_seconds=0.01)
    assert (found.lived, found.lost, found.complete) == (60, 0, True)
    assert found.failed == rows_of(tmp_path / "out")["status"].eq("failed").sum() > 0


def test_a_full_disk_is_told_and_what_was_lived_is_kept(
    study: Study, tmp_path: Path, threads: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = [24_000]

    def commit(path: Path, data: bytes) -> None:
        room[0] -= len(data)
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        parts.commit_bytes(path, data)

    monkeypatch.setattr(batches, "commit_bytes", commit)
    with pytest.raises(SweepError, match=r"no room left.*make room, and run the same again"):
        sweep(study, tmp_path / "out", executor=threads, living=quick, batch_seconds=0.01)
    there = parts.rows_there(tmp_path / "out")
    assert 0 < there < 60
    assert is_whole(tmp_path / "out")
    monkeypatch.undo()
    assert sweep(study, tmp_path / "out", executor=threads, living=quick).lived == 60 - there


def test_too_little_room_is_told_before_anything_is_lived(
    study: Study, tmp_path: Path, threads: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "_free", lambda folder: 100.0)
    with pytest.raises(SweepError, match="would be written, and"):
        sweep(study, tmp_path / "out", executor=threads, living=quick)
    assert parts.rows_there(tmp_path / "out") == 0


def test_a_file_that_could_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    def writes(file: Any) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        parts.commit(tmp_path / "whole", writes)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SweepError, match="is a file; --out must be a folder"):
        sweep(study, tmp_path / "file")
    with pytest.raises(SweepError, match="cannot be written to: not a directory"):
        sweep(study, tmp_path / "file" / "inside")

    def refuses(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(parts, "commit_bytes", refuses)
    with pytest.raises(SweepError, match="cannot be written to: permission denied"):
        sweep(study, tmp_path / "out")


def test_a_folder_with_something_else_in_it_is_refused(study: Study, tmp_path: Path, threads: Executor) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "thesis.docx").write_text("years of work")
    with pytest.raises(SweepError, match=r"holds no sweep \(thesis\.docx\)"):
        sweep(study, tmp_path / "own", executor=threads)
    sweep(study, tmp_path / "out", executor=threads, living=quick)
    other = small_study(tmp_path, VARY.replace("2.0", "1.5"))
    with pytest.raises(SweepError, match="rows of another study \\(vary differ\\)"):
        sweep(other, tmp_path / "out", executor=threads, living=quick)
    sweep(other, tmp_path / "two", executor=threads, living=quick)
    with pytest.raises(SweepError, match="only rows of one study"):
        merge([tmp_path / "out", tmp_path / "two"], tmp_path / "both")


def test_a_second_writer_is_refused_and_two_shards_are_not(study: Study, tmp_path: Path, threads: Executor) -> None:
    out = tmp_path / "out"
    parts.open_folder(out, study)
    with parts.Writing(out, None), pytest.raises(SweepError, match=rf"being written by process {os.getpid()} on"):
        sweep(study, out, executor=threads, living=quick)
    with parts.Writing(out, (1, 2)):
        with pytest.raises(SweepError, match="being written"):
            sweep(study, out, executor=threads, living=quick)
        with pytest.raises(SweepError, match="being written"):
            sweep(study, out, executor=threads, living=quick, shard=(1, 2))
        assert status_of(out).written
        assert sweep(study, out, executor=threads, living=quick, shard=(2, 2)).complete
    assert not status_of(out).written
    assert not status_of(out).complete
    assert sweep(study, out, executor=threads, living=quick).complete
    assert rows_hash(out) == uninterrupted(study, tmp_path / "calm")


# ---- who a run is -----------------------------------------------------------------------------------


def test_a_run_is_known_by_what_makes_it_and_by_nothing_else(study: Study) -> None:
    scenario = study.scenario_at({"inflow": 0.025, "shock_size": 1.0}, "relational")
    same = scenario.with_(title="Another title", inflow=np.float64(0.025), governance={"base": "relational"})
    assert batches.run_id(scenario, "m") == batches.run_id(same, "m")
    default = scenario.with_(free_riders=scenario.parameter("free_riders"))
    assert batches.run_id(scenario, "m") == batches.run_id(default, "m")
    for changes in ({"inflow": 0.0251}, {"seed": 2}, {"governance": "contract"}, {"residents": 61}, {"peer": "block"}):
        assert batches.run_id(scenario.with_(**changes), "m") != batches.run_id(scenario, "m")
    assert batches.run_id(scenario.calm(), "m") != batches.run_id(scenario, "m")
    assert batches.run_id(scenario, "n") != batches.run_id(scenario, "m")


def test_run_ids_differ_unless_the_towns_are_the_same(lived: Path) -> None:
    assert not rows_of(lived)["run_id"].duplicated().any()


# ---- stopping early ---------------------------------------------------------------------------------

UNTIL = """
[until]
outcome = "wellbeing"
narrower_than = 0.2
at_least = 4
at_most = 30
"""


def until_study(folder: Path) -> Study:
    table = small_study(folder).table()
    del table["seeds"]
    table["until"] = {"outcome": "wellbeing", "narrower_than": 0.2, "at_least": 4, "at_most": 30}
    return study_from(table, folder / "until.toml")


def test_points_are_left_once_their_interval_is_narrow_enough(tmp_path: Path, threads: Executor) -> None:
    study = until_study(tmp_path)
    found = sweep(study, tmp_path / "out", executor=threads, living=quick)
    rows = rows_of(tmp_path / "out")
    pairs = rows.groupby("point")["replicate"].max() + 1
    assert found.complete
    assert found.there == len(rows) < rows_in_design(study)
    assert pairs.nunique() > 1
    assert study.until is not None
    assert set(pairs) <= set(study.until.rounds())
    differences = paired(rows)
    for point, many in pairs.items():
        values = differences.loc[differences["point"] == point, "wellbeing.shock"].to_numpy()[:, None]
        _, low, high, _ = sweeps.intervals(values)
        assert high - low < 0.2 or many == 30
        before = [each for each in study.until.rounds() if each < many]
        if before:
            _, low, high, _ = sweeps.intervals(values[: before[-1]])
            assert high - low >= 0.2
    assert status_of(tmp_path / "out").complete


def test_stopped_points_are_the_same_in_shards(tmp_path: Path, threads: Executor) -> None:
    study = until_study(tmp_path)
    sweep(study, tmp_path / "out", executor=threads, living=quick)
    for place in (1, 2):
        sweep(study, tmp_path / f"shard-{place}", executor=threads, living=quick, shard=(place, 2))
    merge([tmp_path / "shard-1", tmp_path / "shard-2"], tmp_path / "merged")
    assert rows_hash(tmp_path / "merged") == rows_hash(tmp_path / "out")


# ---- more pairs -------------------------------------------------------------------------------------


def by_place(folder: Path) -> str:
    """A hash of rows in the order of point, pair and governance, without the numbers they go by."""
    rows = rows_of(folder).sort_values(["point", "replicate", "governance"], ignore_index=True)
    return rows_hash(rows.drop(columns="row"))


def with_seeds(folder: Path, many: int, name: str = "small") -> Study:
    return small_study(folder, VARY, f"seeds = {many}\n", name)


def test_more_pairs_are_added_to_what_is_there_and_nothing_is_lived_again(tmp_path: Path, threads: Executor) -> None:
    out = tmp_path / "out"
    sweep(with_seeds(tmp_path, 2), out, executor=threads, living=quick)
    first = rows_of(out)
    assert len(first) == 40
    for many in (3, 7):
        before = parts.rows_there(out)
        found = sweep(with_seeds(tmp_path, many), out, executor=threads, living=quick)
        assert (found.lived, found.there, found.complete) == (20 * many - before, 20 * many, True)
        assert status_of(out).complete
    assert rows_hash(rows_of(out).iloc[:40]) == rows_hash(first)
    assert list(rows_of(out)["row"]) == list(range(140))
    sweep(with_seeds(tmp_path, 7), tmp_path / "at_once", executor=threads, living=quick)
    assert by_place(out) == by_place(tmp_path / "at_once")
    assert not rows_of(out)["run_id"].duplicated().any()
    assert sweep(with_seeds(tmp_path, 7), out, executor=threads, living=quick).lived == 0
    assert sweep(study_in(out), out, executor=threads, living=quick).lived == 0
    parts.compact(out)
    parts.forget(out, lambda part: [each in (3, 45, 139) for each in part["row"].to_pylist()])
    assert sweep(study_in(out), out, executor=threads, living=quick).lived == 3
    assert by_place(out) == by_place(tmp_path / "at_once")
    merge([out], tmp_path / "merged")
    assert by_place(tmp_path / "merged") == by_place(tmp_path / "at_once")


def test_fewer_pairs_are_refused_and_leave_everything_as_it_was(tmp_path: Path, threads: Executor) -> None:
    out = tmp_path / "out"
    sweep(with_seeds(tmp_path, 3), out, executor=threads, living=quick)
    told = (out / parts.WHAT).read_bytes()
    with pytest.raises(SweepError, match=r"a study of 3 pairs at each point, and this one asks for 2.*seeds be 3"):
        sweep(with_seeds(tmp_path, 2), out, executor=threads, living=quick)
    other = small_study(tmp_path, VARY.replace("2.0", "1.5"), "seeds = 5\n")
    with pytest.raises(SweepError, match="rows of another study"):
        sweep(other, out, executor=threads, living=quick)
    assert (out / parts.WHAT).read_bytes() == told
    assert len(rows_of(out)) == 60


def test_other_words_are_taken_over_and_live_nothing(tmp_path: Path, threads: Executor) -> None:
    out = tmp_path / "out"
    sweep(small_study(tmp_path), out, executor=threads, living=quick)
    again = small_study(tmp_path, VARY + '[analysis]\noutcomes = ["unmet_need.effect"]\n', 'title = "New words"')
    assert sweep(again, out, executor=threads, living=quick).lived == 0
    assert study_in(out).title == "New words"
    assert study_in(out).analysis == {"outcomes": ["unmet_need.effect"]}


def test_more_pairs_in_shards_and_the_row_of_a_later_lot_lived_again(tmp_path: Path, threads: Executor) -> None:
    for many in (2, 5):
        study = with_seeds(tmp_path, many)
        for place in (1, 2, 3):
            folder = tmp_path / f"shard-{place}"
            before = parts.rows_there(folder)
            found = sweep(study, folder, executor=threads, living=quick, shard=(place, 3))
            assert found.lived == parts.rows_there(folder) - before
    assert sum(parts.rows_there(tmp_path / f"shard-{place}") for place in (1, 2, 3)) == 100
    merge([tmp_path / f"shard-{place}" for place in (1, 2, 3)], tmp_path / "merged")
    sweep(with_seeds(tmp_path, 5), tmp_path / "at_once", executor=threads, living=quick)
    assert by_place(tmp_path / "merged") == by_place(tmp_path / "at_once")
    row = rows_of(tmp_path / "merged").iloc[77]
    assert study_in(tmp_path / "merged").place_of(77) == (row["point"], row["replicate"], row["governance"])


def test_a_cap_may_be_raised_where_points_are_stopped_early(tmp_path: Path, threads: Executor) -> None:
    def asked(most: int) -> Study:
        table = until_study(tmp_path).table()
        table["until"] |= {"at_most": most, "narrower_than": 0.08}
        return study_from(table, tmp_path / "until.toml")

    out = tmp_path / "out"
    sweep(asked(6), out, executor=threads, living=quick)
    there = parts.rows_there(out)
    found = sweep(asked(30), out, executor=threads, living=quick)
    assert found.complete
    assert found.lived == parts.rows_there(out) - there > 0
    sweep(asked(30), tmp_path / "at_once", executor=threads, living=quick)
    assert by_place(out) == by_place(tmp_path / "at_once")


# ---- the command ------------------------------------------------------------------------------------


def test_the_command_sweeps_goes_on_and_says_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small_study(tmp_path, FEW)
    assert command.exit_code(["sweep", "small.toml", "--shard", "1/2", "--workers", "1"]) == 0
    assert command.exit_code(["status", "results/small"]) == 0
    assert "go on with  kith sweep results/small" in capsys.readouterr().out
    assert command.exit_code(["sweep", "results/small", "--workers", "1", "--json"]) == 0
    assert '"complete": true' in capsys.readouterr().out
    assert command.exit_code(["merge", "results/small", "--out", "copy", "--json"]) == 0
    assert rows_hash(tmp_path / "copy") == rows_hash(tmp_path / "results" / "small")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["sweep", "none.toml"], "there is no study none.toml"),
        (["sweep", "fuel_price", "--shard", "3/2"], "it must be i/n"),
        (["sweep", "fuel_price", "--shard", "two"], "it must be i/n"),
        (["sweep", "fuel_price", "--again", "all"], "it must be stale or failed"),
        (["sweep", "fuel_price", "--workers", "0"], "there must be at least 1"),
        (["status", "nowhere"], "holds no sweep"),
        (["replay", "nowhere", "1"], "holds no sweep"),
        (["merge", "nowhere", "--out", "out"], "holds no sweep"),
    ],
)
def test_what_a_user_gets_wrong_is_told(
    asked: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command.exit_code(asked) == 2
    assert said in capsys.readouterr().err


def test_told_to_stop_twice_it_stops_once() -> None:
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

    def told_thrice() -> None:
        with studies.stopped_once():
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                for each in before:
                    signal.raise_signal(each)  # what is put away meanwhile is not torn

    try:
        with pytest.raises(KeyboardInterrupt):
            told_thrice()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    with studies.stopped_once():
        assert signal.getsignal(signal.SIGINT) != before[signal.SIGINT]
    assert {each: signal.getsignal(each) for each in before} == before


def test_slow_towns_are_quick_ones_that_take_their_time(study: Study) -> None:
    scenario = study.scenario_at({}, "contract")
    assert (slow(scenario, "").months == quick(scenario, "").months).all()


# ---- workers on other machines ----------------------------------------------------------------------


@pytest.mark.torture
@pytest.mark.parametrize("living", ["slow", "deadly", "command"])
def test_on_dask_with_a_worker_killed_the_rows_are_the_same(living: str, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    many = {"slow": 40, "deadly": 4, "command": 60}[living]
    study = small_study(tmp_path, VARY.replace("points = 10", f"points = {many}"))
    asked = [sys.executable, "-m", "tests.sweeping_on_dask", str(study.path), str(tmp_path / "out"), living]
    setting = {**os.environ, "PYTHONPATH": str(HOUSE)}
    done = subprocess.run(asked, capture_output=True, text=True, cwd=HOUSE, env=setting, check=True, timeout=300)
    rows = rows_of(tmp_path / "out")
    if living == "deadly":
        bad = [row["row"] for row in rows.to_dict("records") if is_bad(_scenario_of(study, row))]
        assert f"ended True {len(bad)}" in done.stdout
        assert list(rows.loc[rows["status"] == "killed", "row"]) == bad != []
    else:
        assert "killed" in done.stdout
        assert ("ended 0" if living == "command" else "ended True 0") in done.stdout
        with ThreadPoolExecutor(2) as executor:
            sweep(study, tmp_path / "calm", executor=executor, living=None if living == "command" else quick)
        assert rows_hash(rows) == rows_hash(tmp_path / "calm")


@pytest.mark.parametrize("how", ["from standard input", "without a guard"])
def test_a_script_that_workers_cannot_begin_with_is_told_so_and_no_row_is_called_killed(how, tmp_path):
    study = tmp_path / "many.toml"
    study.write_text('setting = "calm"\nseeds = 500\n', encoding="utf-8")
    text = 'from experiments.sweep import sweep\nsweep("many.toml", "out", 2)\n'
    script = tmp_path / "script.py"
    script.write_text(text, encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-" if how == "from standard input" else str(script)], input=text, capture_output=True,
        text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(HOUSE)}, timeout=120, check=False,
    )  # fmt: skip
    assert "no worker process can be started" in found.stderr.splitlines()[-1]
    assert ranges_in(tmp_path / "out") == []
