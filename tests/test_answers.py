"""Maps that are interrupted: what was answered is kept, and the map is the same to the last byte."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments import answers
from experiments.answers import ANSWERS, Answers
from experiments.parts import SweepError, Writing, ranges_in
from experiments.regimes import asking_in
from experiments.study import Study
from experiments.study_file import load_study
from viz import maps
from viz.command import exit_code

HOUSE = Path(__file__).parent.parent
STUDY = """
governances = ["contract", "relational"]
[vary]
inflow = { low = 0.01, high = 0.05 }
reserves_median = { low = 0.5, high = 4.0 }
[design]
kind = "lhs"
points = 8
[setting]
base = "wage_step"
months = 54
[setting.town]
residents = 40
partners = 6
"""
NAMES = ("inflow", "reserves_median")
OUTCOME = "unmet_need.shock"
ASKED = ["--grid", "3", "--refine", "2", "--pairs", "4", "--outcome", OUTCOME, "--workers", "1"]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    (tmp_path / "small.toml").write_text(STUDY, encoding="utf-8")
    return load_study(tmp_path / "small.toml")


class Toy:
    """Asks a town that is not lived: the difference is a plain function of its place, and some pairs fail."""

    def __init__(self, study: Study, dies_after: int = 10**9) -> None:
        asking = asking_in(study, outcomes=(OUTCOME,))
        self.first, self.second, self.outcomes = asking.first, asking.second, asking.outcomes
        self.failed: list[str] = []
        self.asked = 0
        self.dies_after = dies_after

    def __call__(self, places: Any, replicates: Any) -> Any:
        """Second less first, at each place and in each pair."""
        found = []
        for place in places:
            self.asked += 1
            if self.asked > self.dies_after:
                raise KeyboardInterrupt
            luck = np.random.default_rng(int(place["inflow"] * 1e9)).normal(size=(len(replicates), 1))
            found.append(100.0 * (place["inflow"] - 0.03) + place["reserves_median"] / 3.0 + 0.1 * luck)
            if place["inflow"] > 0.045:
                found[-1][1] = np.nan
                self.failed.append(f"inflow {place['inflow']}, reserves_median {place['reserves_median']}, pair 1, x")
        return np.array(found)


def mapped(study: Study, toy: Toy, folder: Path | None, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Any:
    monkeypatch.setattr(maps, "asking_in", lambda *_, **__: toy)
    toy.lived = 0  # type: ignore[attr-defined]
    asked = {"grid": (3, 3), "refine": 2, "pairs": 4, "keep": folder, **options}
    return maps.map_study(str(study.path), *NAMES, [OUTCOME], **asked)


def test_stopped_at_any_moment_and_begun_again_the_map_is_the_same_to_the_last_bit(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = mapped(study, Toy(study), None, monkeypatch).map
    monkeypatch.setattr(answers, "IN_HAND", 1e-9)  # every point is written by itself
    lived = stops = 0
    while True:
        toy = Toy(study, dies_after=7)
        try:
            again = mapped(study, toy, tmp_path / "out", monkeypatch).map
            break
        except KeyboardInterrupt:
            stops += 1
        finally:
            lived += min(toy.asked, 7)
    assert stops > 5
    assert again.values.tobytes() == whole.values.tobytes()
    assert again.lines.equals(whole.lines)
    assert again.table.equals(whole.table)
    assert again.failed == tuple(dict.fromkeys(whole.failed))
    once = Toy(study)
    mapped(study, once, tmp_path / "twin", monkeypatch)
    assert lived == once.asked
    assert mapped(study, nobody := Toy(study), tmp_path / "out", monkeypatch).map.lines.equals(whole.lines)
    assert nobody.asked == 0


def test_a_finer_map_begins_with_what_is_there_and_another_question_is_refused(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    first = Toy(study)
    mapped(study, first, out, monkeypatch, refine=1)
    finer, fresh = Toy(study), Toy(study)
    mapped(study, finer, out, monkeypatch, refine=2)
    mapped(study, fresh, tmp_path / "fresh", monkeypatch, refine=2)
    assert finer.asked < fresh.asked
    with pytest.raises(SweepError, match=r"answers to another question \(pairs differ\)"):
        mapped(study, Toy(study), out, monkeypatch, pairs=5)
    other = tmp_path / "other.toml"
    other.write_text(STUDY.replace("residents = 40", "residents = 41"), encoding="utf-8")
    with pytest.raises(SweepError, match="the setting differs"):
        mapped(load_study(other), Toy(study), out, monkeypatch)
    with Writing(out, None), pytest.raises(SweepError, match="being written"):
        mapped(study, Toy(study), out, monkeypatch)
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "in"):
        with pytest.raises(SweepError, match=r"must be a folder|cannot be written"):
            mapped(study, Toy(study), place, monkeypatch)
    part = next((out / ANSWERS).glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(SweepError, match="Delete it, and run the same again"):
        mapped(study, Toy(study), out, monkeypatch)
    part.unlink()
    mapped(study, Toy(study), out, monkeypatch, refine=2)
    with pytest.raises(SweepError, match="pairs 0 to 3"), Answers(Toy(study), study, NAMES, 4, out) as kept:  # type: ignore[arg-type]
        kept([], range(5))


@pytest.mark.skipif(os.name != "posix", reason="kills with a signal")
def test_kith_map_killed_and_run_again_writes_the_same_files(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["map", str(study.path), *ASKED, "--out", str(tmp_path / "killed")]
    text = f"import experiments.answers as a; a.IN_HAND = 0.02; from viz.command import main; main({arguments})"
    asked = [sys.executable, "-c", text]
    for kill in (signal.SIGKILL, signal.SIGINT):
        before = len(ranges_in(tmp_path / "killed", ANSWERS))
        process = subprocess.Popen(
            asked, cwd=HOUSE, env={**os.environ, "PYTHONPATH": str(HOUSE)}, stderr=subprocess.PIPE, text=True
        )
        for _ in range(600):
            if len(ranges_in(tmp_path / "killed", ANSWERS)) >= before + 2 or process.poll() is not None:
                break
            time.sleep(0.02)
        process.send_signal(kill)
        _, said = process.communicate(timeout=60)
        if process.returncode:
            assert process.returncode == (130 if kill == signal.SIGINT else -signal.SIGKILL), said
            assert ("the same command goes on" in said) == (kill == signal.SIGINT)
            assert "Traceback" not in said
    assert len(ranges_in(tmp_path / "killed", ANSWERS)) >= 4
    for name in ("killed", "whole"):
        assert exit_code(["map", str(study.path), *ASKED, "--out", str(tmp_path / name)]) == 0
    capsys.readouterr()
    for path in (tmp_path / "whole").iterdir():
        if path.is_file() and path.name not in (".writing", "asked.json"):
            assert path.read_bytes() == (tmp_path / "killed" / path.name).read_bytes(), path.name
