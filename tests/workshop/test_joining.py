"""A room that people join with their phones: the facilitator opens it, each has towns of their own, nobody's touch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.workshop.conftest import Watched
from tests.workshop.looking import SOON, STILL, attribute, look, month, run, settled, step
from viz.workshop.words import text

expect: Any = pytest.importorskip("playwright.sync_api").expect

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def people(browser: Any, room: Any) -> Iterator[Watched]:
    """Tabs of visitors to the room, on which nothing may go wrong."""
    with Watched(browser, room.address) as watched:
        yield watched
    assert watched.wrong == []


@pytest.fixture
def facilitator(people: Watched, room: Any) -> Any:
    """The facilitator's tab, with the panel to join from open."""
    key = urlsplit(room.address).query
    page = people(f"/?{key}&setting=calm&residents=150&seed=4&left=spot&right=in_house&month=27")
    month(page, 27)
    page.get_by_test_id("menu").click()
    page.get_by_test_id("join").click()
    page.get_by_test_id("join-panel").wait_for()
    return page


@pytest.fixture
def link(facilitator: Any) -> Iterator[str]:
    """The path and query that the room's picture leads to, while the room is open."""
    facilitator.get_by_test_id("join-open").click()
    panel = facilitator.get_by_test_id("join-panel")
    expect(panel.locator("img")).to_be_visible(timeout=SOON)
    found = urlsplit(panel.locator(".address").inner_text())
    yield f"{found.path}?{found.query}"
    close_room(facilitator)


@pytest.fixture
def phone(people: Watched, link: str) -> Any:
    """Somebody who has scanned the picture."""
    return scanned(people, link)


def scanned(people: Watched, link: str) -> Any:
    """The phone of somebody who has scanned the picture, with their towns on it."""
    page = people(link, **PHONE)
    month(page, 24)
    return page


def close_room(facilitator: Any) -> None:
    """Let nobody else in, if the room is open still."""
    if not facilitator.get_by_test_id("join-panel").count():
        facilitator.get_by_test_id("menu").click()
        facilitator.get_by_test_id("join").click()
    panel = facilitator.get_by_test_id("join-panel")
    panel.wait_for()
    if panel.get_by_test_id("join-close").count():
        panel.get_by_test_id("join-close").click()
    expect(facilitator.get_by_test_id("join-open")).to_be_visible(timeout=STILL)


def test_without_its_key_the_facilitators_pages_are_closed_to_others(people, room):
    for path in ("/", "/explore", "/debrief", "/?key=guessed"):
        page = people(path)
        page.get_by_role("heading", name=text("en", "shell.not_yours_title")).wait_for(timeout=STILL)
        assert page.get_by_test_id("stage").count() == 0
        page.context.close()


def test_a_room_that_is_closed_lets_nobody_in(people):
    page = people("/sandbox?room=ABCDEF", **PHONE)
    page.get_by_text(text("en", "rooms.closed")).wait_for(timeout=STILL)
    page.context.close()


def test_the_picture_leads_to_the_room_under_this_computers_address(facilitator, link, room, people):
    panel = facilitator.get_by_test_id("join-panel")
    shown = panel.locator(".address").inner_text()
    assert re.fullmatch(r"/sandbox\?room=[A-Z2-9]{6}", link)
    assert urlsplit(shown).port == urlsplit(room.address).port
    assert panel.locator("img").evaluate("each => each.complete && each.naturalWidth > 100")
    assert panel.locator("img").get_attribute("alt")
    assert "key" not in shown
    image = panel.locator("img").get_attribute("src")
    assert image.startswith("data:image/svg+xml")
    page = people("/sandbox?room=AAAAAA", **PHONE)
    page.get_by_text(text("en", "rooms.wrong_code")).wait_for(timeout=STILL)
    page.context.close()


def test_each_plays_towns_of_their_own_and_touches_nobody_elses(facilitator, phone, people, link):
    other = scanned(people, link)
    told = text("en", "stage.join.people", people=2, most=60)
    expect(facilitator.get_by_test_id("join-panel").locator("[role=status]")).to_have_text(told, timeout=STILL)
    attribute(phone, "data-left", "spot")
    before = [page.get_by_test_id("stage").get_attribute("data-shocks") for page in (other, facilitator)]
    phone.get_by_test_id("shock-energy").click()
    step(phone, 25)
    phone.get_by_test_id("luck").click()
    run(phone, 2)
    for page, at, shocks in ((other, 24, before[0]), (facilitator, 27, before[1])):
        month(page, at)
        assert page.get_by_test_id("stage").get_attribute("data-shocks") == shocks
        assert page.get_by_test_id("stage").get_attribute("data-run") == "1"
    expect(phone).to_have_url(re.compile("seed=5"), timeout=STILL)
    assert "seed=4" in other.url


def with_towns_of_their_own(phone: Any) -> None:
    """Other luck than the facilitator's, and a month more."""
    phone.get_by_test_id("luck").click()
    run(phone, 2)
    step(phone, 25)
    expect(phone).to_have_url(OWN, timeout=STILL)


OWN = re.compile("setting=calm.*seed=5.*month=25")


def test_a_phone_that_loads_its_page_again_keeps_its_own_towns(phone):
    with_towns_of_their_own(phone)
    phone.reload()
    month(phone, 25)
    expect(phone).to_have_url(OWN, timeout=STILL)


def test_a_participant_cannot_open_the_room_or_hand_anything_out(phone):
    phone.get_by_test_id("menu").click()
    assert phone.get_by_test_id("join").count() == 0


def test_everybody_can_be_handed_a_setting_and_undo_brings_ones_own_back(facilitator, phone, people, link):
    other = scanned(people, link)
    with_towns_of_their_own(phone)
    facilitator.keyboard.press("Escape")
    facilitator.get_by_test_id("setting").click()
    facilitator.get_by_test_id("setting-oil_shock").click()
    run(facilitator, 2)
    facilitator.get_by_test_id("menu").click()
    facilitator.get_by_test_id("join").click()
    facilitator.get_by_test_id("join-push").click()
    for page in (phone, other):
        expect(page.get_by_test_id("notice")).to_contain_text(text("en", "rooms.pushed"), timeout=STILL)
        expect(page).to_have_url(re.compile("setting=oil_shock"), timeout=STILL)
        month(page, 24)
        page.get_by_test_id("dismiss").click()
    run(phone, 3)
    phone.get_by_test_id("undo").click()
    month(phone, 25)
    expect(phone).to_have_url(OWN, timeout=STILL)
    expect(other).to_have_url(re.compile("setting=oil_shock"))


def test_a_phone_shows_it_all_within_its_width(phone):
    settled(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert look(phone, "cutOff") == []
    for name in ("play", "town-left", "town-right", "shock-energy", "paid"):
        box = phone.get_by_test_id(name).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]


def test_a_room_that_is_closed_again_keeps_those_within_and_lets_nobody_else_in(facilitator, phone, link, people):
    close_room(facilitator)
    late = people(link, **PHONE)
    late.get_by_text(text("en", "rooms.closed")).wait_for(timeout=STILL)
    late.context.close()
    step(phone, 25)
