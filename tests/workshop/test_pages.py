"""The pages of the workshop in a browser: they open, speak a language, and say in a sentence what goes wrong."""

from __future__ import annotations

import json
import time
import urllib.request

import pytest

from viz.workshop.words import text

TITLES = {
    "/": "shell.towns_title",
    "/explore": "explore.title",
    "/debrief": "shell.debrief_title",
    "/sandbox": "shell.sandbox_title",
}


@pytest.mark.parametrize("address", TITLES)
def test_every_page_opens_without_an_error_under_its_own_title(open_page, address):
    page = open_page(address)
    page.locator(".kith-page").wait_for(state="attached")
    page.wait_for_function("title => document.title === title", arg=text("en", TITLES[address]))


def test_the_two_towns_come_and_live_a_month_when_asked(open_page):
    page = open_page("/")
    towns = page.locator("[data-month]")
    towns.wait_for()
    before = int(towns.get_attribute("data-month"))
    page.get_by_test_id("step").click()
    page.locator(f"[data-month='{before + 1}']").wait_for()


def test_a_tab_that_is_left_ends_its_towns(open_page, workshop):
    page = open_page("/")
    page.locator("[data-month]").wait_for()
    before = lives(workshop)
    page.goto("about:blank")
    until = time.monotonic() + 10.0
    while lives(workshop) >= before and time.monotonic() < until:
        time.sleep(0.1)
    assert lives(workshop) == before - 1


def lives(workshop) -> int:
    """How many tabs the server keeps towns for."""
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with ask.open(f"{workshop.address}resourcez", timeout=10) as answer:
        return int(json.load(answer)["kernels"]["total"])


def test_each_tab_has_towns_of_its_own(open_page):
    one, other = open_page("/"), open_page("/")
    for page in (one, other):
        page.locator("[data-month]").wait_for()
    before = other.locator("[data-month]").get_attribute("data-month")
    one.get_by_test_id("step").click()
    one.locator(f"[data-month='{int(before) + 1}']").wait_for()
    assert other.locator("[data-month]").get_attribute("data-month") == before


def test_a_page_is_in_the_language_its_address_asks_for(open_page):
    page = open_page("/explore?language=de")
    page.locator(".kith-page").wait_for(state="attached")
    assert page.locator("html").get_attribute("lang") == "de"
    page.wait_for_function("title => document.title === title", arg=text("de", "explore.title"))


def test_solaras_own_bar_and_advertisement_are_not_there(open_page):
    page = open_page("/")
    page.locator(".kith-page").wait_for(state="attached")
    assert page.locator(".v-app-bar, .v-toolbar, a[href*='solara.dev']").count() == 0


def test_whoever_needs_to_may_zoom(open_page):
    content = open_page("/").locator("meta[name=viewport]").get_attribute("content")
    assert "user-scalable" not in content
    assert "maximum-scale" not in content


def test_a_link_that_does_not_fit_is_answered_with_what_is_wrong_with_it(open_page):
    page = open_page("/?setting=no_such_setting")
    page.get_by_role("heading", name=text("en", "shell.link_title")).wait_for()
    said = page.locator("body").inner_text()
    assert "no_such_setting" in said
    assert "Traceback" not in said


def test_a_page_that_is_not_there_says_so_and_leads_back(open_page):
    page = open_page("/no_such_page")
    page.get_by_role("heading", name=text("en", "shell.not_found_title")).wait_for()
    page.get_by_role("link").click()
    page.locator(".kith-page").wait_for(state="attached")
    assert [each for each in open_page.wrong if "no_such_page" not in each and "404" not in each] == []
    open_page.wrong.clear()


def test_the_page_cannot_send_anything_elsewhere(open_page):
    page = open_page("/")
    page.locator(".kith-page").wait_for(state="attached")
    came = page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', problem => problem.name)")
    assert came == "TypeError"
    assert any("Content Security Policy" in each for each in open_page.wrong)
    open_page.wrong.clear()
