"""The page and the table of an attribution: they stand alone, name every group, and favour nobody."""

from __future__ import annotations

import re
from typing import Any

import pytest

from agents.terms import DIALS, GROUPS
from experiments import Attribution, attribute, pairs
from experiments.attribution import Cost
from experiments.pairs import PRIMARY
from tests.test_report import Page
from viz import attribution as page_of
from viz import report

SMALL: dict[str, Any] = {"residents": 60, "months": 54, "engine": "compiled", "workers": 1}
FAR: dict[str, Any] = {"base": "contract", "openness": 0.5, "indexation": 1.0, "term": 60.0}


@pytest.fixture(scope="module")
def found() -> Attribution:
    return attribute("wage_step", governances={"near": "contract", "far": FAR}, seeds=3, **SMALL)


@pytest.fixture(scope="module")
def page(found: Attribution) -> str:
    return page_of.attribution_html(found, ["trust"])


def test_the_page_asks_nothing_of_the_network(page: str) -> None:
    read = Page(page)
    for _, attributes in read.tags:
        for name in ("src", "href", "xlink:href", "action", "data", "poster"):
            assert not re.match(r"(?i)(https?:)?//|file:", attributes.get(name) or "")
    assert not re.search(r"@import|url\((?!#)", page)
    assert not [tag for tag, _ in read.tags if tag in ("script", "iframe", "link", "object", "embed")]


def test_the_page_is_well_made(page: str) -> None:
    read = Page(page)
    assert (read.unbalanced, read.open) == ([], [])
    names = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(names) == len(set(names))
    assert {attributes["href"] for tag, attributes in read.tags if tag == "a"} <= {f"#{name}" for name in names}
    assert all("scope" in attributes for tag, attributes in read.tags if tag == "th")
    assert all(re.search(r"<desc[^>]*>.{40}", chart) for chart in re.findall(r"<svg .*?</svg>", page, re.DOTALL))


def test_every_outcome_has_its_shares_and_its_dials_drawn_and_tabled(page: str) -> None:
    shown = [*PRIMARY, "trust"]
    assert page.count("<svg") == 2 * len(shown)
    for measure in shown:
        assert page.count(f"<caption>{report.reading(measure).title}: shares in the difference") == 1
    for name in (*GROUPS, *(dial.replace("_", " ") for dial in DIALS)):
        assert name in page


def test_the_null_hypothesis_and_what_is_assumed_are_told(page: str) -> None:
    body = page[page.index("<body>") :]
    assert body.index(report.NULL) < body.index("<table")
    assert "Every order counts alike" in body
    assert "not a prediction" in body
    assert "supplier of outsourced services" in body


def test_shares_in_the_terminal_fit_a_hundred_columns_and_name_every_group(found: Attribution) -> None:
    text = page_of.attribution_text(found, ["trust"]) + "\n" + page_of.provisional_line(found)
    assert text.startswith("Null hypothesis")
    assert max(len(line) for line in page_of.attribution_text(found).split("\n")) <= 100
    for group in GROUPS:
        assert len(re.findall(rf"(?m)^  {group} ", text)) == len(PRIMARY) + 1
    assert "provisional, 3 of 3 seeds" in text


def test_swapping_the_names_swaps_the_words_and_nothing_else(found: Attribution) -> None:
    other = attribute("wage_step", governances={"abc": "contract", "xyz": FAR}, seeds=3, **SMALL)
    assert page_of.attribution_text(found) == page_of.attribution_text(other).replace("xyz", "far").replace(
        "abc", "near"
    )
    swapped = page_of.in_short(other)
    assert page_of.in_short(found) == [each.replace("xyz", "far").replace("abc", "near") for each in swapped]


def test_equal_dials_are_said_to_leave_nothing_to_share_out() -> None:
    same = attribute("wage_step", governances={"one": "contract", "other": {"base": "contract"}}, seeds=2, **SMALL)
    text = page_of.attribution_html(same)
    assert "there is nothing to share out" in text
    assert "<svg" not in text
    said = page_of.in_short(same) + page_of.outcome_sentences(same, "wellbeing")
    assert not re.search("better|worse", " ".join(said))


def test_a_share_that_cannot_be_told_from_0_is_never_said_to_help_or_to_hurt(found: Attribution) -> None:
    for measure in PRIMARY:
        for quantity in page_of.quantities_of(found, measure):
            share = found.estimate("share", "prices", quantity, measure)
            assert share is not None
            sentence = next(
                each for each in page_of.outcome_sentences(found, measure) if each.startswith(page_of.WORDS[quantity])
            )
            named = re.search(r"(for the better|for the worse|not to be told from nothing): [^;]*prices", sentence)
            assert named is not None
            assert (named.group(1) == "not to be told from nothing") == (not share.told_apart)


def test_one_seed_and_a_calm_setting_still_make_a_page() -> None:
    calm = attribute("calm", governances={"near": "contract", "far": FAR}, seeds=1, **SMALL)
    text = page_of.attribution_html(calm)
    assert "One seed gives no intervals" in text
    assert "Resilience loss</h3>" not in text
    assert "One seed gives no interval" in page_of.attribution_text(calm)


def test_what_users_write_is_shown_as_text_and_not_as_markup() -> None:
    scenario = pairs.load_scenario("wage_step").with_(title="<script>alert(1)</script>")
    odd = attribute(scenario, governances={"<b>bold</b>": "contract", "x": FAR}, seeds=2, **SMALL)
    text = page_of.attribution_html(odd)
    assert "<script" not in text
    assert "<b>bold</b>" not in text
    assert Page(text).unbalanced == []


def test_what_it_takes_is_told_in_towns_and_in_time() -> None:
    assert (
        page_of.cost_line(Cost(138, 8280, 2, 66.2)) == "138 mixtures of dials, 8,280 towns, 2 at once: about 67 seconds"
    )
    assert page_of.lasting(0.2) == "a second"
    assert page_of.lasting(600.0) == "10 minutes"
    assert page_of.lasting(3 * 3600.0) == "3 hours"
