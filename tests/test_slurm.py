"""The scripts of docs/cluster.md on a real SLURM, started for the test: jobs end on the way, the rows are the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from experiments.parts import ranges_in
from experiments.study import Study
from experiments.study_file import load_study
from experiments.sweep import sweep
from tests.slurm import Slurm, missing, slurm
from tests.sweeping import VARY, rows_hash, small_study
from tests.test_cluster import HOUSE, ON_SLURM, PAGE

pytestmark = pytest.mark.torture
ARRAY_JOB = next(text for text in re.findall(r"```\n(.*?)```", PAGE, re.DOTALL) if "--array" in text)
FOR_TWO = {"--array=1-40": "--array=1-2", "/40": "/2", "--cpus-per-task=4": "--cpus-per-task=1", "--mem=4G": "--mem=1G"}


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slurm]:
    """A SLURM, and what its jobs find where they are submitted: kith, and a folder for what is compiled."""
    if reason := missing():
        pytest.skip(reason)
    for name in ("bin", "tmp", "slurm"):
        (tmp_path / name).mkdir()
    kith = tmp_path / "bin" / "kith"
    kith.write_text(f'#!/bin/sh\nexec {sys.executable} -m viz.command "$@"\n')
    kith.chmod(0o755)
    monkeypatch.setenv("PATH", f"{kith.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(HOUSE))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    with slurm(tmp_path / "slurm") as ours:
        yield ours


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A study of half a minute, so that there is a middle to end jobs in."""
    small_study(tmp_path, VARY.replace("points = 10", "points = 60"), name="my_study")
    path = tmp_path / "my_study.toml"
    path.write_text(path.read_text().replace("residents = 60", "residents = 2000"))
    return load_study(path)


def test_array_jobs_that_were_cancelled_and_requeued_go_on_to_the_same_rows(
    cluster: Slurm, study: Study, tmp_path: Path
) -> None:
    script = ARRAY_JOB
    for printed, ours in FOR_TWO.items():
        assert printed in script
        script = script.replace(printed, ours)
    (tmp_path / "job.sh").write_text(script)
    job = _submitted(cluster, tmp_path)
    _until(lambda: all(ranges_in(tmp_path / "parts" / each) for each in "12"))
    cluster.ask("scancel", f"{job}_1")
    cluster.ask("scontrol", "requeue", f"{job}_2")
    _until(lambda: cluster.states() == {f"{job}_2": "PENDING"})
    assert all(0 < _there(tmp_path / "parts" / each) < 180 for each in "12")
    cluster.ask("scontrol", "update", f"jobid={job}_2", "starttime=now")  # SLURM itself waits for two minutes
    cluster.empty()
    assert _there(tmp_path / "parts" / "1") < _there(tmp_path / "parts" / "2")
    _submitted(cluster, tmp_path)
    cluster.empty()
    merged = cluster.ask("kith", "merge", "parts/1", "parts/2", "--out", "results", cwd=tmp_path)
    assert "360 of 360 rows are there" in merged
    sweep(study, tmp_path / "calm", 1)
    assert rows_hash(tmp_path / "results") == rows_hash(tmp_path / "calm")


def test_dask_on_slurm_takes_another_job_for_one_that_was_cancelled(
    cluster: Slurm, study: Study, tmp_path: Path
) -> None:
    pytest.importorskip("dask_jobqueue")
    (tmp_path / "on_slurm.py").write_text(ON_SLURM)
    asked = [sys.executable, "on_slurm.py", str(study.path), "out", "2"]
    with (tmp_path / "said").open("w") as said:
        asking = subprocess.Popen(asked, cwd=tmp_path, env={**os.environ, **cluster.env}, stdout=said, stderr=said)
    try:
        _until(lambda: len(ranges_in(tmp_path / "out")) >= 3)
        lost = next(job for job, state in cluster.states().items() if state == "RUNNING")
        cluster.ask("scancel", lost)
        asking.wait(180)
    finally:
        asking.kill()
        asking.wait()
    assert "360 of 360 rows are there, 0 of those lived now failed" in (tmp_path / "said").read_text()
    sweep(study, tmp_path / "calm", 1)
    assert rows_hash(tmp_path / "out") == rows_hash(tmp_path / "calm")


def _submitted(cluster: Slurm, folder: Path) -> str:
    return cluster.ask("sbatch", "--parsable", "job.sh", cwd=folder).strip()


def _there(folder: Path) -> int:
    return sum(last - first for first, last in ranges_in(folder))


def _until(so: Callable[[], bool], within: float = 120.0) -> None:
    end = time.monotonic() + within
    while not so():
        assert time.monotonic() < end
        time.sleep(0.05)
