"""The stage in a browser: what is pressed happens in both towns, and everything can be reached without a mouse."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.workshop.looking import SOON, month, numbers, run, step
from viz.workshop.words import text

expect: Any = pytest.importorskip("playwright.sync_api").expect

FIRST = "24"
SIZES = ((1600, 900), (1280, 720), (1920, 1080), (1024, 768), (390, 844))


@pytest.fixture
def stage(go) -> Any:
    """A page with both towns on it, in their first month."""
    page = go("/?residents=100")
    month(page, int(FIRST))
    return page


def address(page: Any, part: str) -> None:
    """The address says this, which is how a link to the run can be copied from it."""
    expect(page).to_have_url(re.compile(re.escape(part)), timeout=SOON)


def drawer(page: Any, part: str) -> Any:
    """A part of the drawer, open."""
    page.get_by_test_id("compare").click()
    found = page.get_by_test_id(f"part-{part}")
    if found.get_attribute("open") is None:
        found.locator("summary").click()
    return found


# ---- time ----------------------------------------------------------------------------------------------------


def test_time_runs_stands_still_and_begins_again_with_the_same_luck_or_other(stage):
    root = stage.get_by_test_id("stage")
    at_first = numbers(stage)
    stage.get_by_test_id("speed-5").click()
    expect(stage.get_by_test_id("speed-5")).to_have_attribute("aria-pressed", "true", timeout=SOON)
    stage.get_by_test_id("play").click()
    expect(root).to_have_attribute("data-month", re.compile("^(2[7-9]|[3-9])"), timeout=SOON)
    stage.get_by_test_id("play").click()
    expect(root).to_have_attribute("data-playing", "false", timeout=SOON)
    stage.get_by_test_id("step").click()
    stage.get_by_test_id("restart").click()
    run(stage, 2)
    month(stage, 24)
    assert numbers(stage) == at_first
    stage.get_by_test_id("luck").click()
    run(stage, 3)
    address(stage, "seed=2")
    stage.get_by_test_id("undo").click()
    run(stage, 4)
    address(stage, "seed=1&")


def test_the_last_month_ends_it_and_undo_or_restart_go_on(go):
    page = go("/?residents=100&month=83")
    month(page, 83)
    for name in ("play", "step"):
        expect(page.get_by_test_id(name)).to_be_disabled()
    page.get_by_test_id("shock-energy").click()
    expect(page.get_by_test_id("notice")).to_contain_text(text("en", "town.problem.over"), timeout=SOON)
    page.get_by_test_id("dismiss").click()
    expect(page.get_by_test_id("notice")).to_be_hidden(timeout=SOON)
    page.get_by_test_id("restart").click()
    month(page, 24)
    expect(page.get_by_test_id("play")).to_be_enabled()


# ---- shocks --------------------------------------------------------------------------------------------------


def test_a_shock_of_every_kind_size_and_length_lands_in_both_towns_and_can_be_taken_back(stage):
    root = stage.get_by_test_id("stage")
    before = root.get_attribute("data-shocks")
    wanted = []
    sizes = {"energy": 0, "food": 1, "wages": 2, "budget": 2, "demand": 0}
    for place, (key, size) in enumerate(sizes.items()):
        stage.get_by_test_id(f"size-{size}").click()
        stage.get_by_test_id(f"lasting-{place % 2}").click()
        stage.get_by_test_id(f"shock-{key}").click()
        wanted.append(f"25:{key}")
        expect(root).to_have_attribute("data-shocks", re.compile(",".join(sorted(wanted)[:1])), timeout=SOON)
        expect(stage.get_by_test_id(f"shock-{key}")).to_have_class(re.compile(r"\bcoming\b"), timeout=SOON)
    done = "25!shock!both!energy!0.25!year~25!shock!both!food!0.2!good~25!shock!both!wages!0.2!year"
    address(stage, f"{done}~25!shock!both!budget!-0.2!good~25!shock!both!demand!0.1!year")
    stands_in_order(stage)
    step(stage, 25)
    stands_in_order(stage)
    assert set(wanted) <= set(root.get_attribute("data-shocks").split(","))
    for key in sizes:
        expect(stage.get_by_test_id(f"shock-{key}")).to_have_class(re.compile(r"\bhit\b"))
    expect(stage.get_by_test_id("undo")).to_have_attribute("aria-label", re.compile("Need"))
    for key in reversed(sizes):
        stage.get_by_test_id("undo").click()
        expect(root).not_to_have_attribute("data-shocks", re.compile(f"25:{key}"), timeout=SOON)
    expect(root).to_have_attribute("data-shocks", before)
    expect(stage.get_by_test_id("undo")).to_be_disabled()
    month(stage, 25)


def stands_in_order(page: Any) -> None:
    """The shocks stand under one another in their panel, whatever they say."""
    places = [
        page.get_by_test_id(f"shock-{key}").bounding_box() for key in ("energy", "food", "wages", "budget", "demand")
    ]
    assert len({round(place["x"]) for place in places}) == 1
    assert len({round(place["width"]) for place in places}) == 1
    tops = [place["y"] for place in places]
    assert tops == sorted(tops)
    left, right = (page.get_by_test_id(name).bounding_box() for name in ("town-left", "town-right"))
    assert left["x"] + left["width"] <= places[0]["x"] <= right["x"]
    assert tops[0] > left["y"]


# ---- which towns ---------------------------------------------------------------------------------------------


def test_any_two_towns_can_be_compared_in_another_setting_and_language(stage):
    root = stage.get_by_test_id("stage")
    drawer(stage, "two")
    stage.get_by_test_id("pick-left").select_option("spot")
    stage.get_by_test_id("pick-right").select_option("in_house")
    stage.get_by_test_id("start-two").click()
    expect(root).to_have_attribute("data-left", "spot", timeout=SOON)
    expect(root).to_have_attribute("data-right", "in_house")
    stage.get_by_test_id("setting").click()
    stage.get_by_test_id("setting-wage_step").click()
    run(stage, 3)
    stage.get_by_test_id("menu").click()
    stage.get_by_test_id("language").click()
    expect(stage.get_by_test_id("play")).to_contain_text("Start", timeout=SOON)
    address(stage, "setting=wage_step")
    address(stage, "left=spot")
    address(stage, "language=de")


def test_a_town_is_compared_with_itself_but_for_one_dial(stage):
    root = stage.get_by_test_id("stage")
    part = drawer(stage, "itself")
    part.locator("select").select_option("term")
    part.locator("input[type=number]").fill("12")
    stage.get_by_test_id("start-itself").click()
    run(stage, 2)
    expect(root).to_have_attribute("data-right", root.get_attribute("data-left"))
    expect(stage.get_by_test_id("town-right").locator("h2")).to_contain_text(
        text("en", "town.name.changed", governance=text("en", "town.governance.contract"))
    )
    address(stage, "right=contract,term:12")


def test_a_live_dial_is_told_at_once_felt_from_the_next_month_on_and_the_drawer_stays_open(stage):
    stage.get_by_test_id("size-2").click()
    dials = drawer(stage, "dials")
    dial = dials.get_by_test_id("dial-sharing")
    stage.get_by_test_id("whose-left").click()
    dial.locator("input[type=number]").fill("0.9")
    dial.locator("input[type=number]").press("Enter")
    expect(stage.get_by_test_id("coming-left")).to_contain_text("Sharing information 0.9", timeout=SOON)
    expect(stage.get_by_test_id("coming-left")).to_contain_text("February 2021")
    expect(stage.get_by_test_id("coming-right")).to_be_empty()
    dial.locator("input[type=range]").press("ArrowLeft")
    expect(stage.get_by_test_id("coming-left")).to_contain_text("Sharing information 0.88", timeout=SOON)
    step(stage, 25)
    expect(stage.get_by_test_id("coming-left")).to_be_empty()
    expect(stage.get_by_test_id("town-left").locator(".who")).to_contain_text("0.88")
    expect(dial.locator("input[type=number]")).to_have_value("0.88")
    address(stage, "!left!sharing!0.88")
    assert stage.url.count("sharing") == 1, "a dial on its way is one change"
    expect(stage.get_by_test_id("size-2")).to_have_attribute("aria-pressed", "true")


def test_a_dial_that_is_read_at_founding_says_so_and_begins_again(stage):
    dial = drawer(stage, "dials").get_by_test_id("dial-residents")
    expect(dial).to_contain_text(text("en", "stage.drawer.at_restart"))
    again = stage.get_by_test_id("start-residents")
    expect(again).to_be_hidden()
    dial.locator("input[type=number]").fill("200")
    dial.locator("input[type=number]").press("Enter")
    month(stage, 24)
    address(stage, "residents=100")
    again.click()
    run(stage, 2)
    address(stage, "residents=200")


@pytest.mark.parametrize(("side", "other"), [("left", "right"), ("right", "left")])
def test_from_here_both_towns_are_one_and_part_by_a_governance_or_a_dial(stage, side, other):
    root = stage.get_by_test_id("stage")
    step(stage, 25)
    drawer(stage, "fork")
    stage.get_by_test_id("fork-town").select_option(side)
    stage.get_by_test_id("fork-governance").select_option("in_house")
    stage.get_by_test_id("fork").click()
    expect(stage.get_by_test_id(f"coming-{other}")).to_contain_text("In house", timeout=SOON)
    expect(stage.get_by_test_id(f"coming-{other}")).to_contain_text("March 2021")
    expect(stage.get_by_test_id(f"coming-{side}")).to_be_empty()
    held = root.get_attribute(f"data-{side}")
    step(stage, 26)
    expect(root).to_have_attribute(f"data-{other}", "in_house")
    expect(root).to_have_attribute(f"data-{side}", held)
    part = drawer(stage, "fork")
    stage.get_by_test_id("fork-town").select_option(side)
    stage.get_by_test_id("fork-how").select_option("dial")
    part.locator(".dialpicker select").select_option("sharing")
    part.locator(".dialpicker input[type=number]").fill("0.7")
    stage.get_by_test_id("fork").click()
    expect(stage.get_by_test_id(f"coming-{other}")).to_contain_text("Sharing information 0.7", timeout=SOON)
    step(stage, 27)
    expect(root).to_have_attribute(f"data-{other}", held)
    stage.get_by_test_id("undo").click()
    stage.get_by_test_id("undo").click()
    expect(root).to_have_attribute(f"data-{other}", {"left": "contract", "right": "relational"}[other], timeout=SOON)
    month(stage, 27)


# ---- looking closer ------------------------------------------------------------------------------------------


def test_a_resident_is_followed_in_both_towns_and_then_another(stage):
    stage.get_by_test_id("tab-follow").click()
    journey = stage.get_by_test_id("journey")
    expect(journey.locator(".lane")).to_have_count(2, timeout=SOON)
    first = journey.get_attribute("data-person")
    stage.get_by_test_id("somebody").click()
    expect(journey).not_to_have_attribute("data-person", first, timeout=SOON)
    stage.get_by_test_id("person-card").click()
    expect(stage.get_by_test_id("person-panel").locator("dl")).to_have_count(2)


def test_a_tie_on_the_map_opens_its_card_and_a_dot_its_resident(stage):
    found = {"card": None, "journey": None}
    box = stage.get_by_test_id("map-0").bounding_box()
    for n in range(1, 40):
        at = {"x": box["width"] * (0.3 + 0.01 * n), "y": box["height"] * 0.36}
        stage.get_by_test_id("map-0").hover(position=at, force=True)
        if "trust" in (stage.get_by_test_id("map-0").get_attribute("title") or ""):
            stage.get_by_test_id("map-0").click(position=at, force=True)
            card = stage.get_by_test_id("card")
            expect(card).to_be_visible(timeout=SOON)
            found["card"] = card.locator("h2").inner_text()
            stage.keyboard.press("Escape")
            break
    assert found["card"]
    for n in range(1, 40):
        at = {"x": box["width"] * 0.075, "y": box["height"] * (0.05 + 0.005 * n)}
        stage.get_by_test_id("map-0").click(position=at, force=True)
        if stage.get_by_test_id("journey").is_visible():
            break
    expect(stage.get_by_test_id("journey").locator(".lane")).to_have_count(2, timeout=SOON)


def test_the_card_of_an_organisation_says_why_something_happened(go):
    page = go("/?residents=100&month=50")
    month(page, 50)
    page.get_by_test_id("tab-tables").click()
    for row in range(6, 24):
        page.get_by_test_id(f"card-of-{row}").click()
        card = page.get_by_test_id("card")
        expect(card).to_be_visible(timeout=SOON)
        if card.locator("button.why").count():
            break
        page.keyboard.press("Escape")
    asked = card.locator("button.why").first
    what = asked.get_attribute("aria-label")
    asked.click()
    expect(card.locator(".full p").first).to_be_visible(timeout=SOON)
    expect(card.locator(".full")).not_to_contain_text(text("en", "stage.card.looking_back"), timeout=2 * SOON)
    assert what.removeprefix(text("en", "stage.card.ask_why", what="")) in card.locator(".full h4").inner_text()


def test_the_badge_opens_the_larger_picture_and_judges_the_outcome_that_is_asked_for(go):
    page = go("/?residents=100&month=40")
    month(page, 40)
    page.get_by_test_id("badge").click()
    page.get_by_test_id("outcome-waiting").click()
    panel = page.get_by_test_id("luck-panel")
    expect(panel.get_by_test_id("outcome-waiting")).to_have_attribute("aria-pressed", "true", timeout=SOON)
    expect(panel.locator("h3")).to_contain_text(text("en", "town.chart.waiting"), timeout=2 * SOON)
    assert panel.locator(".lead").inner_text()


# ---- leading a room ------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("name", ["first_look", "it_turns", "who_pays", "your_town"])
def test_every_storyboard_leads_to_its_end_and_back(stage, name):
    stage.get_by_test_id("menu").click()
    stage.get_by_test_id("storyboard").click()
    stage.get_by_test_id(f"storyboard-{name}").click()
    flow, place = stage.get_by_test_id("flow"), stage.get_by_test_id("flow").locator("small")
    expect(flow).to_be_visible(timeout=SOON)
    steps = int(re.search(r"of (\d+)", place.inner_text()).group(1))
    asked = 0
    for number in range(1, steps + 1):
        expect(place).to_contain_text(text("en", "stage.flow.place", title="", step=number, steps=steps), timeout=SOON)
        assert flow.locator(".prompt").inner_text()
        if stage.get_by_test_id("flow-ask").is_visible():
            stage.get_by_test_id("flow-ask").click()
            stage.get_by_test_id("more-0").click()
            expect(stage.get_by_test_id("votes-0")).to_have_text("1", timeout=SOON)
            stage.get_by_test_id("more-0").click()
            expect(stage.get_by_test_id("votes-0")).to_have_text("2", timeout=SOON)
            stage.get_by_test_id("fewer-0").click()
            expect(stage.get_by_test_id("votes-0")).to_have_text("1", timeout=SOON)
            stage.get_by_test_id("flow-reveal").click()
            expect(stage.get_by_test_id("question").locator(".reveal")).not_to_be_empty(timeout=SOON)
            asked += 1
            stage.keyboard.press("Escape")
        if number < steps:
            stage.get_by_test_id("flow-next").click()
    assert asked >= 2
    expect(stage.get_by_test_id("flow-next")).to_be_hidden()
    stage.get_by_test_id("flow-back").click()
    expect(place).to_contain_text(text("en", "stage.flow.place", title="", step=steps - 1, steps=steps), timeout=SOON)
    stage.get_by_test_id("flow-end").click()
    expect(flow).to_be_hidden(timeout=SOON)
    expect(stage.get_by_test_id("notice")).to_be_hidden()
