"""Panels: three things varied at once, drawn where towns were lived and nowhere else; and a study in one command."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments.differences import Differences
from experiments.study_file import SHIPPED, StudyError, load_study
from tests.sweeping import small_study
from viz import panels
from viz.command import exit_code, studies

PLACES = list(itertools.product([0.1, 0.3, 0.9], [0.2, 1.0], [1.0, 2.0]))
NAMES = ("verifiable", "frailty_spread", "reserves_median")


def found(second: str, lean: float, luck: float = 0.01, outcome: str = "wellbeing.shock") -> Differences:
    """Twelve points in which the second does better, by so much, where more than half can be verified."""
    points = pd.DataFrame(PLACES, columns=list(NAMES))
    points.insert(0, "point", range(len(points)))
    side = np.where(points["verifiable"].to_numpy() > 0.5, 1.0, -1.0)
    luck_drawn = luck * np.random.default_rng(1).normal(size=(len(points), 8))
    return Differences(points, lean * side[:, None] + luck_drawn, outcome, second=second, design={"kind": "grid"})


def test_the_best_is_told_from_the_next_best_and_from_nobody_else() -> None:
    drawn = panels.best([found("relational", 0.5), found("formal_relational", 0.3)], *NAMES)
    table = drawn.table.set_index("verifiable")
    assert set(table.loc[0.9, "best"]) == {"relational"}
    assert set(table.loc[0.9, "next"]) == {"formal_relational"}
    assert table.loc[0.9, "margin"].to_numpy() == pytest.approx(0.2, abs=0.02)
    assert set(table.loc[0.1, "best"]) == {"contract"}
    assert table["decided"].all()
    unsure = panels.best([found("relational", 0.001, 0.5), found("formal_relational", 0.0, 0.5)], *NAMES)
    assert not unsure.table["decided"].all()
    assert "nobody beyond doubt" in unsure.described
    assert "//" not in drawn.page()
    for column in ("margin", "low", "high"):
        assert column in table


def test_less_of_what_is_bad_is_best() -> None:
    drawn = panels.best([found("relational", 0.05, 0.001, "unmet_need.shock")] * 2, *NAMES)
    table = drawn.table.set_index("verifiable")
    assert set(table.loc[0.9, "best"]) == {"contract"}
    assert (table["margin"] > 0).sum() >= 4


def test_a_pair_that_failed_is_left_out_and_a_point_without_pairs_is_not_drawn() -> None:
    holed = found("relational", 0.5)
    holed.values[0] = np.nan
    holed.values[1, :3] = np.nan
    table = panels.best([holed, found("formal_relational", 0.3)], *NAMES).table
    assert len(table) == 11
    assert table["pairs"].iloc[0] == 5
    assert len(panels.differences([holed], *NAMES).table) == 12


@pytest.mark.parametrize("names", [NAMES, NAMES[:2]])
def test_few_places_are_dots_with_intervals_and_many_are_tiles(
    names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [found("relational", 0.5), found("formal_relational", 0.3)]
    if len(names) == 2:
        every = [each.only(np.flatnonzero(each.points["reserves_median"] == 1.0)) for each in every]
    dots = panels.differences(every, *names)
    assert dots.described.startswith("Means with 95% intervals")
    monkeypatch.setattr(panels, "MOST_DOTS", 2)
    tiles = panels.differences(every, *names)
    assert tiles.described.startswith("Tiles")
    assert dots.table.equals(tiles.table)
    assert {"low", "high", "governance"} <= set(tiles.table.columns)
    assert ("reserves median = 2" in tiles.page()) == (len(names) == 3)


GRID = """
[vary]
inflow = { values = [0.02, 0.03] }
reserves_median = { values = [1.0, 4.0] }
shock_size = { values = [0.5, 1.5] }
[analysis]
outcomes = ["unmet_need.shock", "borne_by_staff.effect"]
x = "shock_size"
y = "inflow"
panels = "reserves_median"
"""
TOP = """
seeds = 2
governances = ["contract", "relational", "formal_relational"]
outcomes = ["unmet_need", "borne_by_funders", "borne_by_partners", "borne_by_staff", "borne_by_residents"]
"""


def test_one_command_lives_a_study_and_draws_all_of_it_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    small_study(tmp_path, GRID, TOP)
    assert exit_code(["reproduce", "small.toml", "--workers", "1"]) == 0
    place = tmp_path / "results" / "small" / "analysis"
    for stem in ("best-unmet-need-shock", "panels-borne-by-staff-effect", "who-bore-it-panels"):
        assert {path.suffix for path in place.glob(f"{stem}.*")} == {".svg", ".pdf", ".png", ".csv"}
    assert not list(place.glob("best-borne*"))  # neither more nor less of it is better
    page = (place / "report.html").read_text(encoding="utf-8")
    assert page.index("which does best") < page.index("Over each thing that was varied</h2>")
    capsys.readouterr()
    monkeypatch.setattr(studies, "analyse", lambda folder, kinds: print(f"analysed {folder} {kinds}"))
    assert exit_code(["reproduce", "results/small"]) == 0
    said = capsys.readouterr().out
    assert "48 of 48 rows are there\n" in said
    assert f"analysed {Path('results/small')} svg,pdf,png" in said
    table = pd.read_csv(place / "who-bore-it-panels.csv")
    assert len(table) == 3 * 8 * 5
    whole = table[table["who"] == "sum"]["mean"].to_numpy()
    assert table[table["who"] != "sum"].groupby(["governance", *("reserves_median", "shock_size", "inflow")])[
        "mean"
    ].sum().sum() == pytest.approx(whole.sum())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('x = "verifiable"', "x and y go together"),
        ('x = "inflow"\ny = "nothing"', "y is 'nothing'; it must be something that is varied"),
        ('x = "inflow"\ny = "shock_size"', "lay out a grid"),
        ('outcomes = ["unmet_need.shok"]', 'there is no "unmet_need.shok". The nearest is "unmet_need.shock"'),
        ('outcome = ["unmet_need.shock"]', 'has no key "outcome"'),
    ],
)
def test_an_analysis_that_does_not_fit_its_study_is_refused(more: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(StudyError) as refused:
        small_study(tmp_path, f"{GRID.partition('[analysis]')[0]}[analysis]\n{more}\n")
    assert said in str(refused.value)


@pytest.mark.parametrize("name", ["who_bears_the_shock", "when_does_it_flip"])
def test_the_shipped_studies_are_laid_out_in_panels_with_pairs_enough_for_the_bootstrap(name: str) -> None:
    study = load_study(SHIPPED / f"{name}.toml")
    assert {"x", "y", "panels"} <= set(study.analysis)
    assert len(study.arms) == 3
    assert study.seeds >= 15
