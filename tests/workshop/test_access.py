"""Everybody can use the stage: by keyboard alone, by ear, without motion, in either language, on any screen."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.workshop.looking import SOON, look, month, settled
from viz.workshop.words import catalogue

expect: Any = pytest.importorskip("playwright.sync_api").expect


SIZES = ((1600, 900), (1280, 720), (1920, 1080), (1024, 768), (390, 844))


@pytest.fixture
def stage(go) -> Any:
    page = go("/?residents=100")
    month(page, 24)
    return page


# ---- by keyboard ---------------------------------------------------------------------------------------------


def test_the_keys_that_are_promised_do_what_they_say(stage):
    root, press = stage.get_by_test_id("stage"), stage.keyboard.press
    press("ArrowRight")
    month(stage, 25)
    for key, shock in zip("12345", ("energy", "food", "wages", "budget", "demand"), strict=True):
        press(key)
        expect(root).to_have_attribute("data-shocks", re.compile(f"26:{shock}"), timeout=SOON)
    press("u")
    expect(root).not_to_have_attribute("data-shocks", re.compile("26:demand"), timeout=SOON)
    press("?")
    keys = stage.get_by_test_id("keys-panel")
    expect(keys).to_be_visible()
    press("Escape")
    expect(keys).to_have_count(0)
    press("c")
    expect(stage.get_by_test_id("drawer")).to_be_visible()
    press("Escape")
    press("f")
    expect(stage.get_by_test_id("tab-follow")).to_have_attribute("aria-selected", "true")
    press("t")
    expect(stage.get_by_test_id("tables")).to_be_visible()
    stage.get_by_test_id("speed-5").press("Enter")
    expect(stage.get_by_test_id("speed-5")).to_have_attribute("aria-pressed", "true", timeout=SOON)
    root.focus()
    press(" ")
    expect(root).to_have_attribute("data-playing", "true", timeout=SOON)
    expect(root).to_have_attribute("data-month", re.compile("^(2[89]|[3-9])"), timeout=SOON)
    press(" ")
    expect(root).to_have_attribute("data-playing", "false", timeout=SOON)


def test_keys_typed_into_a_field_do_nothing_to_the_towns(stage):
    stage.get_by_test_id("compare").press("Enter")
    part = stage.get_by_test_id("part-dials")
    part.locator("summary").press("Enter")
    number = part.get_by_test_id("dial-sharing").locator("input[type=number]")
    number.focus()
    stage.keyboard.type("0.15")
    stage.keyboard.press("ArrowRight")
    month(stage, 24)
    assert "25:" not in stage.get_by_test_id("stage").get_attribute("data-shocks")
    stage.keyboard.press("Escape")
    expect(stage.get_by_test_id("compare")).to_be_focused()


def test_tab_goes_through_everything_in_the_order_of_the_page_and_shows_where_it_is(stage):
    stage.get_by_test_id("stage").focus()
    seen = []
    for _ in range(60):
        stage.keyboard.press("Tab")
        found = look(stage, "focus")
        if found is None or (seen and found[0] == seen[0][0]):
            break
        seen.append(found)
    names = [name for name, _ in seen]
    order = [
        "setting", "restart", "luck", "step", "play", "speed-1", "compare", "menu", "badge", "door-map-0", "size-1",
        "lasting-1", "shock-energy", "shock-demand", "door-map-1", "tab-outcomes", "all-signs",
    ]  # fmt: skip
    assert [name for name in names if name in order] == order
    assert [name for name, visible in seen if not visible] == []


def test_an_organisation_tells_of_both_towns_and_the_keyboard_gets_there_and_back(stage):
    stage.locator("[data-testid=map-0] [data-door='0']").focus()
    stage.keyboard.press("ArrowRight")
    stage.keyboard.press("Enter")
    card = stage.get_by_test_id("card")
    expect(card).to_be_visible(timeout=SOON)
    for side in ("left", "right"):
        expect(card.get_by_test_id(f"card-{side}").locator("dl")).not_to_be_empty()
    stage.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(stage.locator("[data-testid=map-0] [data-door='1']")).to_be_focused()


def test_a_panel_over_everything_keeps_the_focus_within_and_gives_it_back(stage):
    stage.get_by_test_id("setting").press("Enter")
    gallery = stage.get_by_test_id("gallery")
    expect(gallery).to_be_visible()
    assert gallery.get_attribute("aria-modal") == "true"
    for _ in range(12):
        stage.keyboard.press("Tab")
        assert look(stage, "within", "gallery")
    stage.get_by_test_id("setting-calm").focus()
    stage.keyboard.press("Escape")
    expect(stage.get_by_test_id("setting")).to_be_focused()


# ---- by ear --------------------------------------------------------------------------------------------------


def test_tables_hold_the_numbers_of_the_screen_and_say_what_they_are(stage):
    for wanted in (25, 26):
        stage.get_by_test_id("step").click()
        month(stage, wanted)
    ends = {}
    for chart in stage.get_by_test_id("stage").locator("figure[data-testid^=chart-]").all():
        ends[chart.locator("figcaption b").inner_text()] = chart.locator("svg[role=img]").get_attribute("aria-label")
    paid = stage.get_by_test_id("paid").locator("tbody td").all_inner_texts()
    stage.get_by_test_id("tab-tables").click()
    now, organisations, months = stage.get_by_test_id("tables").locator("table").all()
    for table in (now, organisations, months):
        assert table.locator("caption").inner_text()
        heads = table.locator("thead th").all()
        assert all(head.get_attribute("scope") == "col" for head in heads)
        assert all(head.inner_text() for head in heads[1:])
        assert table.locator("tbody th[scope=row]").count() == table.locator("tbody tr").count()
    for side, town in ((0, "town-left"), (1, "town-right")):
        for row, name in enumerate(("waiting", "helped", "crises", "struggling")):
            shown = stage.get_by_test_id(town).locator(f"[data-number={name}] b").inner_text()
            assert now.locator("tbody tr").nth(row).locator("td").nth(side).inner_text() == shown
    assert (
        now.locator("tbody tr").evaluate_all(
            "rows => rows.slice(7).flatMap((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent))"
        )
        == paid
    )
    assert months.locator("tbody tr").count() == 3
    cells = months.locator("tbody tr").first.locator("td").all_inner_texts()
    for place, told in enumerate(ends.values()):
        for cell in cells[2 * place : 2 * place + 2]:
            assert re.search(rf"(?<![\d.]){re.escape(cell)}(?![\d.])", told), (cell, told)


def test_everything_has_a_role_and_a_name_and_pictures_are_told_in_words(stage):
    assert look(stage, "nameless") == []
    told = stage.get_by_test_id("stage").aria_snapshot()
    for line in (
        'button "Play or pause (space)"', 'button "Step', 'heading "Contract town"', 'tablist "What is shown below"',
        'tab "Outcomes" [selected]', 'region "What just happened"', 'region "Who paid"',
    ):  # fmt: skip
        assert line.split(" [")[0].rstrip('"') in told, line
    for chart in ("Wellbeing of the lowest tenth", "Need left unmet", "Waiting, per 1,000", "Public cost a head"):
        assert re.search(rf'img "{chart}: .+ in Contract town, .+ in Relational town', told), chart
    for opened, panel in (("compare", "drawer"), ("menu", "menu-panel"), ("badge", "luck-panel")):
        stage.get_by_test_id(opened).click()
        assert stage.get_by_test_id(panel).get_attribute("role") == "dialog"
        assert stage.get_by_test_id(panel).get_attribute("aria-label")
        assert look(stage, "nameless") == []
        stage.keyboard.press("Escape")


def test_the_headline_and_what_comes_are_told_to_those_who_do_not_see_them(stage):
    expect(stage.get_by_test_id("headline").locator("xpath=..")).to_have_attribute("aria-live", "polite")
    expect(stage.get_by_test_id("coming-left")).to_have_attribute("role", "status")
    expect(stage.get_by_test_id("notice")).to_have_attribute("role", "alert")


# ---- without motion ------------------------------------------------------------------------------------------


def test_nothing_moves_for_those_who_ask_for_that(go):
    page = go("/?residents=100")
    page.emulate_media(reduced_motion="reduce")
    try:
        page.reload()
        month(page, 24)
        page.get_by_test_id("shock-energy").click()
        page.get_by_test_id("step").click()
        month(page, 25)
        expect(page.get_by_test_id("town-left").locator("canvas.moving")).to_be_hidden()
        assert look(page, "motion") == [0, 0]
    finally:
        page.emulate_media(reduced_motion="no-preference")


# ---- in either language, on any screen -----------------------------------------------------------------------


def test_german_is_german_everywhere(go):
    page = go("/?residents=100&month=40&language=de&left=contract,sharing:0.9")
    month(page, 40)
    here = catalogue("en")
    own = catalogue("de")
    english = {said for key, said in here.items() if own[key] != said and "{" not in said and len(said) > 3}
    english -= set(own.values())
    texts = set(look(page, "texts"))
    for opened, part in (
        ("compare", "two"), ("compare", "itself"), ("compare", "dials"), ("compare", "fork"), ("setting", ""),
        ("menu", ""), ("badge", ""), ("tab-follow", ""), ("tab-tables", ""), ("tab-outcomes", ""), ("all-signs", ""),
    ):  # fmt: skip
        page.get_by_test_id(opened).click()
        if part and page.get_by_test_id(f"part-{part}").get_attribute("open") is None:
            page.get_by_test_id(f"part-{part}").locator("summary").click()
        if opened == "tab-follow":
            page.get_by_test_id("journey").locator(".lane").first.wait_for()
        texts |= set(look(page, "texts"))
        page.keyboard.press("Escape")
    page.locator("[data-testid=map-0] [data-door='8']").click(force=True)
    page.get_by_test_id("card").wait_for()
    texts |= set(look(page, "texts"))
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    texts |= set(look(page, "texts"))
    assert len(texts) > 250
    assert texts & english == set()
    stray = re.compile(r"\b(the|and|of|with|is|are|from|town|month|this|share|people|both|what|their|has|have)\b")
    assert [said for said in texts if stray.search(said)] == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_sticks_out_or_is_cut_off_on_any_screen(go, language):
    page = go(f"/?residents=100&month=44&language={language}&left=lip_service&right=formal_relational")
    month(page, 44)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        settled(page)
        for name in ("setting", "play", "menu", "town-left", "town-right", "shock-demand", "paid"):
            box = page.get_by_test_id(name).bounding_box()
            assert box, name
            assert box["x"] >= 0, name
            assert box["x"] + box["width"] <= width, name
        where = f"{language}, {width} by {height}"
        assert look(page, "cutOff") == [], where
        assert look(page, "covered") == [], where
        for opened in ("compare", "menu", "badge", "setting"):
            page.get_by_test_id(opened).click()
            if opened == "compare":
                for part in ("itself", "dials", "fork"):
                    page.get_by_test_id(f"part-{part}").locator("summary").click()
                    assert look(page, "cutOff") == [], f"{where}: {part}"
            assert look(page, "cutOff") == [], f"{where}: {opened}"
            page.keyboard.press("Escape")
