"""What the README tells a visitor to type does what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from experiments.sweep import sweep
from simulation.scenario import settings
from tests.sweeping import VARY, small_study
from viz.command import exit_code

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line for kind, text in BLOCKS if not kind for line in text.splitlines() if line.startswith("kith ")
] + re.findall(r"`(kith compare [^`]+)`", README)
PYTHON = [text for kind, text in BLOCKS if kind == "python"]
SMALL = ["--residents", "60", "--seeds", "2"]


def a_small_sweep(folder: Path) -> None:
    """A small study that goes by the name of the one the README sweeps, and its folder."""
    small_study(folder, VARY.replace("points = 10", "points = 3")).path.rename(folder / "fuel_price")  # type: ignore[union-attr]
    sweep("fuel_price", "results/fuel_price")


def a_small_study(name: str, folder: Path) -> None:
    """A small study that goes by the name of a shipped one."""
    small_study(folder, VARY.replace("points = 10", "points = 2")).path.rename(folder / name)  # type: ignore[union-attr]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_runs(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a small town and for few seeds: what is tested is that it is understood and answered."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_rules.py").write_text(next(text for text in PYTHON if "@rule" in text))
    arguments = shlex.split(command, comments=True)[1:]
    if arguments[0] in ("sweep", "status", "replay"):
        a_small_sweep(tmp_path)
    if arguments[0] in ("reproduce", "bundle"):
        a_small_study(arguments[-1] if arguments[0] == "reproduce" else "who_bears_the_shock", tmp_path)
    if arguments[0] == "bundle":
        sweep("who_bears_the_shock", "results/who_bears_the_shock")
        assert exit_code(["bundle", "results/who_bears_the_shock"]) == 0
    if arguments[0] == "show":
        monkeypatch.setattr("viz.serve.server.serve", lambda *_, **__: None)
    assert exit_code(arguments + (SMALL if arguments[0] in ("compare", "attribute") else [])) == 0


@pytest.mark.parametrize("text", [text for text in PYTHON if "@rule" not in text])
def test_a_program_of_the_readme_runs(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if "rows_of" in text:
        a_small_sweep(tmp_path)
    exec(text, {"__name__": "readme"})


def test_the_readme_names_both_commands_that_set_everything_up() -> None:
    assert "make run" in README
    assert "make test" in README


def test_every_file_the_readme_points_to_is_there() -> None:
    here = Path(__file__).parent.parent
    for name in re.findall(r"\]\(([\w./-]+)\)", README) + re.findall(r"`((?:agents|simulation)/[\w/.]+)`", README):
        assert (here / name).exists(), name


def test_the_readme_lists_the_settings_that_come_with_kith_and_no_others() -> None:
    listed = re.findall(r"^\| `(\w+)` \| ", README[README.index("| setting |") :].split("\n\n")[0], re.MULTILINE)
    assert sorted(listed) == settings()
