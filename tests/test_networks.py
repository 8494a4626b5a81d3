"""Sweeps on machines with a network each: whatever happens to one machine or its cable, the rows are the same.

The same in one network is in tests/test_sweep.py, and needs no leave to make networks.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from experiments.sweep import sweep
from tests.networks import machines, why_not
from tests.sweeping import VARY, quick, rows_hash, small_study

HOUSE = Path(__file__).parent.parent
TROUBLES = [("killed", "seen"), ("cut", "hidden"), ("cut", "seen"), ("mended", "hidden"), ("frozen", "hidden")]


@pytest.mark.torture
@pytest.mark.parametrize(("trouble", "folder"), TROUBLES, ids=[" ".join(each) for each in TROUBLES])
def test_on_two_machines_of_which_one_is_lost_the_rows_are_the_same(trouble: str, folder: str, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    if reason := why_not():
        pytest.skip(f"{reason}; in one network it is tried in tests/test_sweep.py")
    study = small_study(tmp_path, VARY.replace("points = 10", "points = 40"))
    asked = [sys.executable, "-m", "tests.sweeping_apart", str(study.path), str(tmp_path / "out"), trouble, folder]
    setting = {**os.environ, "PYTHONPATH": str(HOUSE)}
    with machines(2) as (hub, *them):
        command = hub.doing([*asked, *(each.name for each in them)])
        done = subprocess.run(command, capture_output=True, text=True, cwd=HOUSE, env=setting, check=True, timeout=300)
    assert "workers at 10.0.0.2 10.0.0.3" in done.stdout
    assert f"{trouble} with" in done.stdout
    assert "ended True 0, " in done.stdout
    with ThreadPoolExecutor(2) as executor:
        sweep(study, tmp_path / "calm", executor=executor, living=quick)
    assert rows_hash(tmp_path / "out") == rows_hash(tmp_path / "calm")
