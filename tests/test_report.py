"""The report: it stands alone, says the same things about everyone, and calls no winner where there is none."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from experiments import Comparison, compare, pairs
from experiments.intervals import Estimate
from experiments.pairs import PRIMARY
from viz import plots, report

SMALL: dict[str, Any] = {"residents": 60, "months": 54, "engine": "compiled", "workers": 1}


@pytest.fixture(scope="module")
def small() -> Comparison:
    return compare("wage_step", seeds=3, **SMALL)


@pytest.fixture(scope="module")
def page(small: Comparison) -> str:
    return report.report_html(small)


class Page(HTMLParser):
    """What stands in a page, as far as these tests ask."""

    VOID = ("meta", "br", "img", "hr", "link", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, and that it is open."""
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Note a tag that closes nothing."""
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)


def test_the_page_asks_nothing_of_the_network(page: str) -> None:
    for _, attributes in Page(page).tags:
        for name in ("src", "href", "xlink:href", "action", "data", "poster"):
            assert not re.match(r"(?i)(https?:)?//|file:", attributes.get(name) or "")
    assert not re.search(r"@import|url\((?!#)", page)
    assert not [tag for tag, _ in Page(page).tags if tag in ("script", "iframe", "link", "object", "embed")]


def test_the_page_is_well_made(page: str) -> None:
    read = Page(page)
    assert read.unbalanced == []
    assert read.open == []
    names = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(names) == len(set(names))
    links = {attributes["href"] for tag, attributes in read.tags if tag == "a"}
    assert links <= {f"#{name}" for name in names}


def test_headings_are_in_order_and_the_language_is_told(page: str) -> None:
    levels = [int(tag[1]) for tag, _ in Page(page).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert '<html lang="en-GB">' in page


def test_every_table_has_heads_with_a_scope_and_a_caption(page: str) -> None:
    read = Page(page)
    assert all("scope" in attributes for tag, attributes in read.tags if tag == "th")
    tags = [tag for tag, _ in read.tags]
    assert tags.count("table") == tags.count("caption") == tags.count("thead") > 4


def test_every_chart_has_a_name_and_a_description(page: str) -> None:
    charts = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    assert len(charts) >= 6
    for chart in charts:
        assert 'role="img"' in chart
        described = re.search(r"<desc[^>]*>(.*?)</desc>", chart)
        assert described
        assert len(described.group(1)) > 40


def test_the_null_hypothesis_stands_above_every_number(page: str) -> None:
    body = page[page.index("<body>") :]
    assert body.index(report.NULL) < body.index("<table")
    assert "not a prediction" in body
    assert "supplier of outsourced services" in body


def test_every_outcome_is_shown_for_every_governance(page: str, small: Comparison) -> None:
    for measure in pairs.NAMES:
        assert report.reading(measure).title.split(":")[0] in page.replace("&#x27;", "'")
    for name in small.governances:
        assert f"{report.shown(name)}" in page


def test_a_difference_whose_interval_includes_0_is_never_called_better_or_worse() -> None:
    unsure = Estimate(0.2, -0.1, 0.5, 0.7, 30)
    sure = Estimate(0.2, 0.1, 0.3, 1.0, 30)
    alone = Estimate(0.2, float("nan"), float("nan"), 1.0, 1)
    assert report.verdict("wellbeing", unsure) == "cannot be told from no difference"
    assert report.verdict("wellbeing", sure) == "better"
    assert report.verdict("unmet_need", sure) == "worse"
    assert report.verdict("trust", sure) == "more"
    assert "nothing can be told" in report.verdict("wellbeing", alone)


def test_equal_dials_leave_the_null_hypothesis_standing() -> None:
    twins = {"one": "contract", "other": {"base": "contract"}}
    found = compare("wage_step", seeds=2, governances=twins, **SMALL)
    said = report.answer(found)
    assert "The null hypothesis stands" in said.null
    assert "better" not in " ".join(said.summary)
    assert "worse" not in " ".join(said.summary)
    assert all(each == ["Nowhere that can be told."] for each in said.losses.values())


def test_swapping_the_names_swaps_the_words_and_nothing_else() -> None:
    one = compare("wage_step", seeds=2, governances={"aa": "contract", "bb": "relational"}, **SMALL)
    other = compare("wage_step", seeds=2, governances={"cc": "contract", "dd": "relational"}, **SMALL)
    swapped = report.headline_text(one).replace("aa", "cc").replace("bb", "dd")
    assert swapped == report.headline_text(other)


def test_the_terminal_table_fits_a_hundred_columns_and_has_no_colour_codes(small: Comparison) -> None:
    text = report.headline_text(small) + "\n" + report.provisional_line(small)
    assert max(len(line) for line in text.split("\n")) <= 100
    assert "\x1b" not in text
    assert text.startswith("Null hypothesis")
    assert "provisional" in text


def test_one_seed_and_one_governance_still_make_a_page_that_says_so() -> None:
    found = compare("wage_step", seeds=1, governances=["relational"], **SMALL)
    text = report.report_html(found)
    assert "One seed gives no intervals" in text
    assert "nothing to compare it with" in text
    assert "no interval" in report.headline_text(found) or "One seed" in report.headline_text(found)


@pytest.mark.parametrize("setting", ["calm", "wage_step"])
def test_towns_without_partners_can_be_reported(setting: str) -> None:
    found = compare(setting, seeds=2, governances=["contract", "relational"], **{**SMALL, "partners": 0})
    assert "<svg" in report.report_html(found)


def test_what_users_write_is_shown_as_text_and_not_as_markup() -> None:
    scenario = pairs.load_scenario("wage_step").with_(title="<script>alert(1)</script>", story="a < b & c")
    found = compare(scenario, seeds=1, governances={"<b>bold</b>": "contract", "x": "relational"}, **SMALL)
    text = report.report_html(found)
    assert "<script" not in text
    assert "<b>bold</b>" not in text
    assert "a &lt; b &amp; c" in text
    assert Page(text).unbalanced == []


def test_every_governance_has_a_look_of_its_own() -> None:
    names = ["contract", "relational", "formal_relational", "spot", "in_house", "ours"]
    found = plots.looks(names)
    assert len({(look.marker, look.colour) for look in found.values()}) == len(names)


def test_labels_are_spread_out_around_the_values_they_name() -> None:
    assert plots.spread_out([0.0, 10.0], 1.0) == [0.0, 10.0]
    assert plots.spread_out([5.0, 5.0, 5.0], 1.0) == [4.0, 5.0, 6.0]
    assert plots.spread_out([0.0, 1.0, 1.5, 9.0], 1.0) == pytest.approx([-1 / 6, 5 / 6, 11 / 6, 9.0])


def test_numbers_are_written_for_readers() -> None:
    assert report.reading("unmet_need").level(0.5243) == "52.4%"
    assert report.reading("unmet_need").change(-0.0488) == "−4.88"
    assert report.reading("wellbeing").change(0.00001) == "0.000"
    assert report.reading("public_cost").change(-3.5) == "−£3.50"
    assert all(report.reading(measure).title for measure in (*pairs.NAMES, *PRIMARY))
