"""The stage in a browser: what is pressed happens in both towns, and everything can be reached without a mouse."""

from __future__ import annotations

import re
from typing import Any

import pytest

expect: Any = pytest.importorskip("playwright.sync_api").expect

FIRST = "24"
SOON = 20_000


@pytest.fixture
def stage(open_page) -> Any:
    """A page with both towns on it, in their first month."""
    page = open_page("/?residents=100")
    expect(page.get_by_test_id("stage")).to_have_attribute("data-month", FIRST, timeout=60_000)
    return page


def month(page: Any, wanted: int) -> None:
    expect(page.get_by_test_id("stage")).to_have_attribute("data-month", str(wanted), timeout=SOON)


def test_a_shock_that_is_pressed_lands_and_can_be_taken_back(stage):
    root = stage.get_by_test_id("stage")
    stage.get_by_test_id("step").click()
    month(stage, 25)
    stage.get_by_test_id("shock-budget").click()
    expect(root).to_have_attribute("data-shocks", re.compile("26:budget"), timeout=SOON)
    stage.get_by_test_id("step").click()
    month(stage, 26)
    expect(stage.get_by_test_id("shock-budget")).to_have_class(re.compile(r"\bhit\b"))
    expect(stage.get_by_test_id("undo")).to_have_attribute("aria-label", re.compile("Budgets"))
    stage.get_by_test_id("undo").click()
    expect(root).not_to_have_attribute("data-shocks", re.compile("26:budget"), timeout=SOON)


def test_the_towns_play_and_stand_still_by_keyboard_alone(stage):
    stage.keyboard.press("ArrowRight")
    month(stage, 25)
    stage.get_by_test_id("speed-5").click()
    stage.get_by_test_id("stage").focus()
    stage.keyboard.press(" ")
    expect(stage.get_by_test_id("stage")).to_have_attribute("data-playing", "true", timeout=SOON)
    expect(stage.get_by_test_id("stage")).to_have_attribute("data-month", re.compile("^(2[89]|[3-9])"), timeout=SOON)
    stage.keyboard.press(" ")
    expect(stage.get_by_test_id("stage")).to_have_attribute("data-playing", "false", timeout=SOON)


def test_an_organisation_tells_of_both_towns_and_the_keyboard_gets_there_and_back(stage):
    door = stage.locator("[data-testid=map-0] [data-door='0']")
    door.focus()
    stage.keyboard.press("ArrowRight")
    stage.keyboard.press("Enter")
    card = stage.get_by_test_id("card")
    expect(card).to_be_visible(timeout=SOON)
    for side in ("left", "right"):
        expect(card.get_by_test_id(f"card-{side}").locator("dl")).not_to_be_empty()
    stage.keyboard.press("Escape")
    expect(card).to_have_count(0)
    expect(stage.locator("[data-testid=map-0] [data-door='1']")).to_be_focused()


def test_tables_say_what_the_screen_shows(stage):
    stage.get_by_test_id("tab-tables").click()
    rows = stage.get_by_test_id("tables").locator("table").first
    for side, town in ((1, "town-left"), (2, "town-right")):
        for row, name in enumerate(("waiting", "helped", "crises", "struggling")):
            shown = stage.get_by_test_id(town).locator(f"[data-number={name}] b").inner_text()
            assert rows.locator("tbody tr").nth(row).locator("th, td").nth(side).inner_text() == shown


def test_any_two_towns_can_be_compared_in_another_setting_and_language(stage):
    root = stage.get_by_test_id("stage")
    stage.get_by_test_id("compare").click()
    stage.get_by_test_id("pick-left").select_option("spot")
    stage.get_by_test_id("start-two").click()
    expect(root).to_have_attribute("data-left", "spot", timeout=SOON)
    stage.get_by_test_id("setting").click()
    stage.get_by_test_id("setting-wage_step").click()
    expect(root).to_have_attribute("data-run", "3", timeout=SOON)
    stage.get_by_test_id("menu").click()
    stage.get_by_test_id("language").click()
    expect(stage.get_by_test_id("play")).to_contain_text("Start", timeout=SOON)
    assert "setting=wage_step" in stage.url
    assert "left=spot" in stage.url


def test_a_resident_is_followed_in_both_towns_and_then_another(stage):
    stage.get_by_test_id("tab-follow").click()
    journey = stage.get_by_test_id("journey")
    expect(journey.locator(".lane")).to_have_count(2, timeout=SOON)
    first = journey.get_attribute("data-person")
    stage.get_by_test_id("somebody").click()
    expect(journey).not_to_have_attribute("data-person", first, timeout=SOON)


def test_a_dial_is_turned_while_the_towns_live_and_the_drawer_stays_open(stage):
    stage.get_by_test_id("size-2").click()
    stage.get_by_test_id("compare").click()
    stage.get_by_test_id("part-dials").locator("summary").click()
    dial = stage.get_by_test_id("dial-sharing")
    dial.locator("input[type=number]").fill("0.9")
    dial.locator("input[type=number]").press("Enter")
    expect(stage.get_by_test_id("undo")).to_be_enabled(timeout=SOON)
    stage.get_by_test_id("step").click()
    month(stage, 25)
    expect(dial.locator("input[type=number]")).to_have_value("0.9")
    assert "0.9" in stage.url
    expect(stage.get_by_test_id("size-2")).to_have_attribute("aria-pressed", "true")


def test_pictures_can_be_taken_home(stage):
    for kind, begin in (("png", b"\x89PNG"), ("svg", b"<svg")):
        stage.get_by_test_id("menu").click()
        with stage.expect_download() as saved:
            stage.get_by_test_id(kind).click()
        assert saved.value.path().read_bytes().startswith(begin)


def test_a_room_is_asked_before_it_is_shown_and_no_key_reaches_the_towns_meanwhile(stage):
    stage.get_by_test_id("menu").click()
    stage.get_by_test_id("storyboard").click()
    stage.get_by_test_id("storyboard-first_look").click()
    flow = stage.get_by_test_id("flow")
    expect(flow).to_be_visible(timeout=SOON)
    stage.get_by_test_id("flow-next").click()
    stage.get_by_test_id("flow-ask").click(timeout=SOON)
    stage.get_by_test_id("more-1").click()
    expect(stage.get_by_test_id("votes-1")).to_have_text("1", timeout=SOON)
    before = stage.get_by_test_id("stage").get_attribute("data-shocks")
    stage.keyboard.press("4")
    stage.get_by_test_id("flow-reveal").click()
    expect(stage.get_by_test_id("question").locator(".right")).to_have_count(1, timeout=SOON)
    assert len(stage.get_by_test_id("stage").get_attribute("data-shocks").split(",")) == len(before.split(","))


def test_nothing_sticks_out_of_the_page_on_any_screen(open_page):
    page = open_page("/?residents=100", width=1600, height=900)
    expect(page.get_by_test_id("stage")).to_have_attribute("data-month", FIRST, timeout=60_000)
    for width, height in ((1600, 900), (1280, 720), (1920, 1080), (1024, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for name in ("setting", "play", "menu", "town-left", "town-right", "shock-demand", "paid"):
            box = page.get_by_test_id(name).bounding_box()
            assert box, name
            assert box["x"] >= 0, name
            assert box["x"] + box["width"] <= width, name
