"""Figures and pages: drawn from known numbers, readable without colour, with intervals and the table behind them."""

from __future__ import annotations

import json
import re
from contextlib import redirect_stdout
from dataclasses import replace
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as Xml

import numpy as np
import pandas as pd
import pytest

from experiments.differences import Differences
from experiments.discovery import discovery
from experiments.sensitivity import PAWN, SCREENING, SHARES, Luck, Sensitivity
from experiments.sweep import rows_of
from viz import figures, maps, study_page
from viz.command import exit_code
from viz.figures import Drawn, Line

HAS_SALIB = pytest.mark.skipif(not find_spec("SALib"), reason="sensitivity is SALib's")


def grid(luck: float = 0.05, second: str = "relational", outcome: str = "wellbeing.shock") -> Differences:
    """Twenty-five points: the second does better to the right, and six pairs have luck in them."""
    places = [(inflow, reserves) for inflow in np.linspace(0.01, 0.05, 5) for reserves in np.linspace(0.5, 4.0, 5)]
    points = pd.DataFrame(places, columns=["inflow", "reserves_median"])
    points.insert(0, "point", range(len(points)))
    draw = np.random.default_rng(1)
    values = (25.0 * (points["inflow"].to_numpy() - 0.031))[:, None] + luck * draw.normal(size=(25, 6))
    return Differences(points, values, outcome, second=second, design={"kind": "grid"})


def parsed(drawn: Drawn) -> Xml.Element:
    return Xml.fromstring(drawn.page().replace("xlink:href", "href"))


def texts(drawn: Drawn) -> str:
    return " ".join("".join(each.itertext()) for each in parsed(drawn).iter() if each.tag.endswith("text"))


def map_of(found: Differences, **more: object) -> Drawn:
    return figures.regime_map(found, ("inflow", "reserves_median"), **more)  # type: ignore[arg-type]


def measured(method: str) -> Sensitivity:
    index = {SCREENING: "mu_star", SHARES: "total", PAWN: "pawn"}[method]
    lines = [("inflow", index, 0.2, 0.1, 0.3, 0.05), ("reserves_median", index, 0.6, 0.5, 0.7, 0.05)]
    lines += [("inflow", "first", 0.1, -0.1, 0.2, 0.0), ("reserves_median", "first", 0.5, 0.4, 0.6, 0.0)]
    table = pd.DataFrame(lines, columns=["name", "index", "value", "low", "high", "noise"])
    return Sensitivity(method, table, Luck(3.0, 1.0), 6)


def test_a_map_says_who_does_better_where_and_hatches_where_nobody_can_tell() -> None:
    drawn = map_of(grid(0.4))
    assert "relational does better" in texts(drawn)
    assert "contract does better" in texts(drawn)
    assert "95% interval includes 0" in texts(drawn)
    assert "<pattern" in drawn.page()  # the hatching
    assert len(drawn.table) == 25
    assert {"mean", "low", "high", "pairs"} <= set(drawn.table.columns)


def test_winners_have_marks_of_their_own_and_the_undecided_are_hollow() -> None:
    """Read without colour: as many marks of each shape as there are winners."""
    found = grid(0.4)
    panel = map_of(found).figure.axes[0]
    marks = [each for each in panel.collections if type(each).__name__ == "PathCollection"]
    counts = [len(each.get_offsets()) for each in marks]
    assert counts == [int((found.winners == who).sum()) for who in (-1, 1, 0)]
    corners = {len(each.get_paths()[0].vertices) for each in marks[:2]}
    assert len(corners) == 2


def test_a_map_of_what_is_better_less_is_tinted_the_other_way_round() -> None:
    """The same differences in unmet need: contract does better where the difference is above 0."""
    more, less = (map_of(grid(outcome=outcome)) for outcome in ("wellbeing.shock", "unmet_need.shock"))
    for drawn in (more, less):
        field = next(each for each in drawn.figure.axes[0].collections if each.get_array() is not None)
        blue, orange = (field.cmap(field.norm(np.array([value])))[0] for value in (-0.3, 0.3))
        assert blue[2] > blue[0]  # contract's
        assert orange[0] > orange[2]  # relational's
    assert "contract does better at 0" not in less.described
    places = {name: drawn.described for name, drawn in (("more", more), ("less", less))}
    counts = {name: [int(each) for each in re.findall(r"at (\d+)", text)] for name, text in places.items()}
    assert counts["more"][0] == counts["less"][1]


def test_naming_the_governances_the_other_way_round_exchanges_nothing_but_names() -> None:
    found = grid()
    turned = replace(found, values=-found.values, first="relational", second="contract")
    one, other = map_of(found), map_of(turned)
    count = [sorted(map(int, re.findall(r"at (\d+)", each.described))) for each in (one, other)]
    assert count[0] == count[1]


def test_a_known_line_and_crossings_are_drawn_over_the_map() -> None:
    lines = pd.DataFrame(
        {
            "along": ["inflow"],
            "other": ["reserves_median"],
            "at": [2.0],
            "crossing": [0.03],
            "low": [0.02],
            "high": [0.04],
        }
    )
    known = Line(np.array([0.03, 0.03]), np.array([0.5, 4.0]), "worked out on paper")
    drawn = map_of(grid(), lines=lines, known=known)
    assert "worked out on paper" in texts(drawn)
    assert "found by halving, with interval" in texts(drawn)


@pytest.mark.parametrize("method", [SCREENING, SHARES, PAWN])
def test_bars_stand_with_their_intervals_the_largest_first(method: str) -> None:
    found = measured(method)
    drawn = figures.sensitivity_bars(found, grid())
    panel = drawn.figure.axes[0]
    assert [each.get_text() for each in panel.get_yticklabels()] == ["reserves_median", "inflow"]
    whiskers = [each for each in panel.containers if type(each).__name__ == "ErrorbarContainer"]
    assert len(whiskers) == (2 if method == SHARES else 1)
    assert panel.get_xlim()[0] <= (-0.1 if method == SHARES else 0.0)
    assert drawn.table is found.table


def test_a_line_has_a_band_and_hollow_marks_where_no_difference_can_be_told() -> None:
    every = [grid(), replace(grid(0.4), second="formal_relational")]
    drawn = figures.along_one(every, "inflow")
    assert set(drawn.table["governance"]) == {"relational", "formal_relational"}
    mine = drawn.table[drawn.table["governance"] == "relational"]
    assert mine["at"].tolist() == pytest.approx(np.linspace(0.01, 0.05, 5).tolist())
    assert (mine["low"] < mine["mean"]).all()
    assert (mine["points"] == 5).all()
    assert "formal relational" in texts(drawn)
    dashes = {str(each.get_linestyle()) for each in drawn.figure.axes[0].lines if len(each.get_xdata()) == 5}
    assert len(dashes) >= 2


def test_many_places_are_gathered_into_stretches_that_lose_no_point() -> None:
    found = grid()
    scattered = found.points.assign(inflow=np.random.default_rng(0).uniform(0.0, 1.0, 25))
    told = figures.stretches(replace(found, points=scattered), "inflow")
    assert told["points"].sum() == 25
    assert told["pairs"].sum() == 150
    assert told["at"].is_monotonic_increasing


def bearer_rows() -> pd.DataFrame:
    rows = pd.DataFrame({"governance": ["contract"] * 4 + ["relational"] * 4, "inflow": [0.01, 0.01, 0.05, 0.05] * 2})
    for who, much in zip(figures.BEARERS, (4.0, -1.0, 0.5, 2.0), strict=True):
        rows[f"{who}.calm"] = np.arange(8.0)
        rows[f"{who}.shock"] = rows[f"{who}.calm"] + much + 0.1 * np.arange(8)
    return rows


def test_what_everybody_bore_stacks_up_and_who_gained_lies_below_nothing() -> None:
    drawn = figures.bearers(bearer_rows(), "inflow")
    assert [panel.get_title(loc="left") for panel in drawn.figure.axes] == ["contract", "relational"]
    table = drawn.table[drawn.table["governance"] == "contract"]
    for _, stretch in table.groupby("inflow"):
        parts = stretch[stretch["who"] != "sum"]["mean"].sum()
        assert parts == pytest.approx(stretch[stretch["who"] == "sum"]["mean"].iloc[0])
    bars = drawn.figure.axes[0].patches
    assert min(bar.get_y() + min(bar.get_height(), 0.0) for bar in bars) < 0.0
    assert len({bar.get_hatch() for bar in bars}) == 4


@pytest.mark.skipif(not find_spec("sklearn"), reason="corners are scikit-learn's")
def test_corners_are_drawn_within_all_that_was_tried_and_both_governances_are_named() -> None:
    draw = np.random.default_rng(0)
    points = pd.DataFrame({"point": range(200), "inflow": draw.uniform(0.0, 0.05, 200)})
    values = np.where(points["inflow"] > 0.02, 1.0, -1.0)[:, None] + 0.1 * draw.normal(size=(200, 3))
    found = Differences(points, values, "wellbeing.shock", design={"kind": "lhs"})
    drawn = figures.corners(discovery(found, ["cart"]), found)
    assert "contract: density" in texts(drawn)
    assert "relational: density" in texts(drawn)
    assert "inflow" in texts(drawn)


def test_a_figure_is_saved_for_print_with_its_table_and_is_the_same_each_time(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        written = figures.save(map_of(grid()), tmp_path / folder / "map")
        assert [path.suffix for path in written] == [".svg", ".pdf", ".png", ".csv"]
        assert all(path.stat().st_size > 500 for path in written)
    for kind in ("svg", "pdf", "csv"):
        same = [(tmp_path / folder / f"map.{kind}").read_bytes() for folder in ("one", "other")]
        assert same[0] == same[1], kind
    assert (tmp_path / "one" / "map.png").read_bytes()[:4] == b"\x89PNG"
    assert len(pd.read_csv(tmp_path / "one" / "map.csv")) == 25


def test_every_figure_in_a_page_is_named_and_described() -> None:
    drawn = map_of(grid())
    page, svg = drawn.page(), parsed(drawn)
    assert svg.get("role") == "img"
    assert "Hatched where the 95% interval includes 0" in page


# ---- pages ----------------------------------------------------------------------------------------------

STUDY = """
title = "A small one"
question = "Does <it> matter?"
governances = ["contract", "relational"]
seeds = 2
[vary]
inflow = { low = 0.01, high = 0.05 }
reserves_median = { low = 0.5, high = 4.0 }
[design]
kind = "KIND"
points = 8
[setting]
base = "wage_step"
months = 60
[setting.town]
residents = 40
partners = 6
[analysis]
outcomes = ["unmet_need.shock"]
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("swept")
    study = folder / "small.toml"
    study.write_text(STUDY.replace("KIND", "saltelli" if find_spec("SALib") else "lhs"), encoding="utf-8")
    assert exit_code(["sweep", str(study), "--out", str(folder / "out"), "--workers", "1"]) == 0
    return folder / "out"


@pytest.fixture(scope="module")
def analysed(swept: Path) -> tuple[Path, str]:
    """The folder of the analysis, and the answer for machines."""
    said = StringIO()
    with redirect_stdout(said):
        assert exit_code(["analyse", str(swept), "--json"]) == 0
    return swept / "analysis", said.getvalue()


def test_kith_analyse_writes_a_page_that_stands_alone_with_every_part_its_design_allows(
    analysed: tuple[Path, str],
) -> None:
    folder, _ = analysed
    page = (folder / "report.html").read_text(encoding="utf-8")
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert not [link for link in links if not link.startswith("#")]
    assert "Does &lt;it&gt; matter?" in page
    for heading in ("What was asked", "How the governances differ", "Where each does better", "Who bore the cost"):
        assert heading in page
    assert "Pairs needed" in page
    assert "At equal budget the governances do not differ" in page
    assert "kith reproduce small.toml" in page
    kept = {path.stem for path in folder.glob("*.svg")}
    assert "who-bore-it" in kept
    assert any(name.startswith("map-") for name in kept)
    assert len(set(re.findall(r'\bid="([^"]+)"', page))) == len(re.findall(r'\bid="([^"]+)"', page))


def test_failed_and_missing_rows_are_told_on_the_page(swept: Path) -> None:
    told = study_page.read(swept)
    rows = told.rows.copy()
    lost = rows.index[rows["point"] == 3][0]
    rows.loc[lost, "status"] = "failed"
    rows.loc[lost, "error"] = "ValueError: it <broke>"
    page = study_page.study_html(replace(told, rows=rows.iloc[:-4]))
    assert "ValueError: it &lt;broke&gt;" in page
    assert "this is a look at an unfinished study" in page
    assert "1 of" in page


@HAS_SALIB
def test_a_saltelli_design_with_holes_is_not_analysed_and_the_page_says_why(swept: Path) -> None:
    told = study_page.read(swept)
    rows = told.rows.copy()
    rows.loc[(rows["point"] == 3) & (rows["governance"] == "relational"), "status"] = "failed"
    page = study_page._sensitivity(replace(told, rows=rows), lambda _name, _drawn: None)
    assert "Live them again: kith sweep" in page
    assert "by itself" not in page
    assert "by itself" in study_page._sensitivity(told, lambda _name, _drawn: None)


def test_the_answer_for_machines_holds_every_difference(swept: Path, analysed: tuple[Path, str]) -> None:
    told = json.loads(analysed[1])
    rows = rows_of(swept)
    wide = rows.pivot_table(
        index=["point", "replicate"], columns="governance", values="unmet_need.shock", observed=True
    )
    mine = next(each for each in told if each["outcome"] == "unmet_need.shock")
    assert mine["mean"] == pytest.approx(float((wide["relational"] - wide["contract"]).mean()))


def test_kith_map_draws_a_study_over_two_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = tmp_path / "small.toml"
    study.write_text(STUDY.replace("KIND", "lhs"), encoding="utf-8")
    out = tmp_path / "map"
    asked = ["map", str(study), "--grid", "2", "--refine", "0", "--pairs", "2", "--outcome", "unmet_need.shock"]
    assert exit_code([*asked, "--out", str(out)]) == 0
    assert "Unmet need" in capsys.readouterr().out
    table = pd.read_parquet(out / "map.parquet")
    assert len(table) == 4
    assert {path.name for path in out.iterdir()} >= {
        "map.html", "map.csv", "lines.csv", "map-unmet_need-shock.svg", "map-unmet_need-shock.pdf",
        "map-unmet_need-shock.png",
    }  # fmt: skip


def test_a_map_of_what_a_study_does_not_vary_is_a_mistake_that_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "small.toml"
    study.write_text(STUDY.replace("KIND", "lhs"), encoding="utf-8")
    assert exit_code(["map", str(study), "--x", "inflw", "--out", str(tmp_path / "map")]) == 2
    assert 'does not vary a number inflw. The nearest is "inflow"' in capsys.readouterr().err


def test_without_a_study_the_known_map_is_drawn_with_its_formula() -> None:
    found = maps.known(grid=(3, 3), refine=1)
    page = maps.html(found, maps.drawn(found))
    assert "x* = m·G/(G − R)" in page
    assert "fixed price" in page
