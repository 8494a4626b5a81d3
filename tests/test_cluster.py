"""The scripts of docs/cluster.md, taken from its text: they do what it says, where what they need is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from experiments.sweep import sweep
from tests.sweeping import VARY, rows_hash, small_study

HOUSE = Path(__file__).parent.parent
PAGE = (HOUSE / "docs" / "cluster.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
ON_SLURM = next(text for text in SCRIPTS if "SLURMCluster" in text)
ON_MPI = next(text for text in SCRIPTS if "MPIPoolExecutor" in text)


def test_the_script_for_slurm_asks_for_jobs_of_one_thread_that_compile_nearby() -> None:
    pytest.importorskip("dask_jobqueue")
    told: dict[str, Any] = {"__name__": "on_slurm"}
    exec(ON_SLURM, told)
    with told["on_slurm"](scheduler_options={"dashboard": False, "dashboard_address": None}) as cluster:
        job = cluster.job_script()
    for line in ("#SBATCH -n 1", "#SBATCH --cpus-per-task=1", "#SBATCH --mem=2G", "#SBATCH -t 02:00:00"):
        assert line in job
    assert "export OMP_NUM_THREADS=1" in job
    assert "export KITH_CACHE=$TMPDIR/kith-$USER" in job
    assert "--nthreads 1 " in job


def test_the_array_job_names_its_shard_as_the_command_takes_it() -> None:
    script = next(text for text in re.findall(r"```\n(.*?)```", PAGE, re.DOTALL) if "--array" in text)
    assert '--shard "$SLURM_ARRAY_TASK_ID/40"' in script
    assert "#SBATCH --array=1-40" in script


MPIEXEC = shutil.which("mpiexec") or shutil.which("mpiexec", path=str(Path(sys.executable).parent))


@pytest.mark.torture
@pytest.mark.skipif(not find_spec("mpi4py") or MPIEXEC is None, reason="needs mpi4py and an MPI")
def test_under_mpi_with_two_workers_the_rows_are_the_same(tmp_path: Path) -> None:
    study = small_study(tmp_path, VARY)
    (tmp_path / "on_mpi.py").write_text(ON_MPI)
    asked = [str(MPIEXEC), "-n", "3", sys.executable, "-m", "mpi4py.futures", "on_mpi.py", str(study.path), "out"]
    setting = {**os.environ, "PYTHONPATH": str(HOUSE), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(asked, capture_output=True, text=True, cwd=tmp_path, env=setting, check=True, timeout=300)
    assert "60 of 60 rows are there, 0 of those lived now failed" in done.stdout
    with ThreadPoolExecutor(1) as executor:
        sweep(study, tmp_path / "calm", executor=executor)
    assert rows_hash(tmp_path / "out") == rows_hash(tmp_path / "calm")
