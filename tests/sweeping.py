"""Sweeps for the tests: small studies, towns that are soon lived, and towns that fail or kill whoever lives them.

Change this file to give the tests another kind of trouble. The functions that live towns stand here because
worker processes import them by their name.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from agents.declared import dtype_of
from agents.tables import Event
from experiments import workers
from experiments.batches import World, spelled
from experiments.pairs import NAMES
from experiments.study import Study
from experiments.study_file import load_study
from experiments.sweep import rows_of, sweep

if TYPE_CHECKING:
    import pytest

ABOUT_LUCK = ["seconds", "replay"]
"""Columns in which two sweeps of one study may differ: the clock, and where the folder is."""

SMALL = """
title = "A small study"
governances = ["contract", "relational"]
seeds = 3
outcomes = ["wellbeing", "unmet_need", "met_need_loss_area"]

[setting]
base = "wage_step"
months = 54
[setting.town]
residents = 60
neighbourhoods = 3
partners = 6
"""
VARY = """
[vary]
inflow = { low = 0.02, high = 0.03 }
shock_size = { low = 0.5, high = 2.0 }
[design]
kind = "lhs"
points = 10
"""


def small_study(folder: Path, more: str = VARY, top: str = "", name: str = "small") -> Study:
    """A study of small towns, written to a file and read from it."""
    file = folder / f"{name}.toml"
    named = {line.split(" = ")[0] for line in top.splitlines()}
    said = [line for line in SMALL.splitlines() if line.split(" = ")[0] not in named]
    said.insert(said.index("[setting]"), top)
    file.write_text("\n".join(said) + "\n" + more, encoding="utf-8")
    return load_study(file)


def rows_hash(rows: pd.DataFrame | Path) -> str:
    """A hash of every number and word of some rows, save the clock's."""
    table = rows if isinstance(rows, pd.DataFrame) else rows_of(rows)
    text = table.drop(columns=[name for name in ABOUT_LUCK if name in table]).to_csv(index=False)
    return hashlib.sha256(text.encode()).hexdigest()


# ---- ways of living a town ------------------------------------------------------------------------


def quick(scenario: Any, rules: str) -> World:
    """A town that is not lived at all: its months are made of a hash of everything it depends on."""
    digest = hashlib.sha256(spelled(scenario).encode()).digest()
    numbers = np.random.default_rng(int.from_bytes(digest[:8], "little")).random((scenario.months, len(NAMES)))
    months = np.zeros(scenario.months, [(name, "f8") for name in NAMES])
    for place, name in enumerate(NAMES):
        months[name] = numbers[:, place]
    return World(months, np.zeros(2, dtype_of(Event)))


def slow(scenario: Any, rules: str) -> World:
    """The same, taking twenty milliseconds."""
    time.sleep(0.02)
    return quick(scenario, rules)


def is_bad(scenario: Any) -> bool:
    """Whether a town is one of those that bring trouble: about one shocked town in eight."""
    return bool(scenario.shocks) and hashlib.sha256(spelled(scenario).encode()).digest()[0] % 8 == 0


def deadly(scenario: Any, rules: str) -> World:
    """A town that sometimes kills whoever lives it."""
    if is_bad(scenario):
        os.kill(os.getpid(), signal.SIGKILL)
    return quick(scenario, rules)


def endless(scenario: Any, rules: str) -> World:
    """A town that sometimes never ends."""
    while is_bad(scenario):
        time.sleep(0.01)
    return quick(scenario, rules)


def stumbling(scenario: Any, rules: str) -> World:
    """A town that sometimes raises."""
    if is_bad(scenario):
        raise RuntimeError("the roof fell in")
    return quick(scenario, rules)


def fail_with_seed(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every run with this seed fail, where it is lived in this process; the others are lived as ever."""
    live_months = workers.live_months

    def stumble(town: Any, *rest: Any) -> Any:
        if int(town.clock["seed"]) == seed:
            raise RuntimeError("the roof fell in")
        return live_months(town, *rest)

    monkeypatch.setattr(workers, "live_months", stumble)


if __name__ == "__main__":  # python -m tests.sweeping STUDY FOLDER LIVING: a sweep for tests to interrupt
    done = sweep(sys.argv[1], sys.argv[2], 2, living=globals()[sys.argv[3]], batch_seconds=0.15)
    print(done.lived, "stopped" if done.stopped else "ended")
