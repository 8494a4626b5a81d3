"""What a workshop must live through: tabs that close, lines that are cut, months that fail, windows nobody looks at."""

from __future__ import annotations

import json
import re
import socket
import time
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.workshop.conftest import Watched
from tests.workshop.cuttable import cuttable
from tests.workshop.looking import SOON, STILL, attribute, month, month_from, numbers, step
from tests.workshop.serving import served
from tests.workshop.troubled import MONTH, UNLUCKY
from viz.workshop.session import PATIENCE
from viz.workshop.words import text

expect: Any = pytest.importorskip("playwright.sync_api").expect

HIDDEN = """
Object.defineProperty(document, "hidden", { get: () => true });
Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
window.requestAnimationFrame = () => 1;
"""
"""What a browser does to a tab that nobody sees: it draws nothing any more."""


POOL = 8
"""Threads that the server keeps for whatever comes next, however many tabs there were."""


def kept_by(server: Any) -> tuple[int, int]:
    """How many tabs the server keeps towns for, and how many threads it has running."""
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    there = server.address.split("?")[0].rstrip("/")
    with ask.open(f"{there}/resourcez", timeout=10) as answer:
        found = json.load(answer)
    return int(found["kernels"]["total"]), int(found["threads"]["running"])


def test_tabs_that_close_while_they_play_end_their_runs_and_their_threads(browser, workshop):
    before = kept_by(workshop)
    with Watched(browser, workshop.address) as watched:
        for seed in range(3):
            page = watched(f"/?residents=100&seed={seed}")
            month(page, 24)
            page.get_by_test_id("play").click()
            month_from(page, 25)
        assert kept_by(workshop)[0] == before[0] + 3
    until = time.monotonic() + 30.0
    while (kept_by(workshop)[0] > before[0] or kept_by(workshop)[1] > POOL) and time.monotonic() < until:
        time.sleep(0.1)
    tabs, threads = kept_by(workshop)
    assert tabs <= before[0]
    assert threads <= POOL
    assert watched.wrong == []


def connected(page: Any) -> None:
    """Wait until nothing stands before the page any more."""
    expect(page.locator(".v-overlay--active")).to_have_count(0, timeout=STILL)


def test_a_line_that_drops_is_taken_up_again_with_the_same_towns(browser, workshop):
    with cuttable(workshop.address) as line, Watched(browser, line.address) as watched:
        page = watched("/?residents=100&language=de")
        month(page, 24)
        page.get_by_test_id("shock-energy").click()
        step(page, 25)
        told = numbers(page)
        assert page.evaluate("typeof solara.debug.kernel()._onWSClose") == "function", "custom.js knows it by this name"
        line.cut()
        gone = page.get_by_text(text("de", "shell.line_lost"))
        gone.wait_for(timeout=STILL)
        time.sleep(6.0)  # some tries are in vain
        line.mend()
        connected(page)
        page.wait_for_function("solara.debug.reconnectCount > 0", timeout=STILL)
        month(page, 25)
        assert numbers(page) == told
        step(page, 26)
        assert "25:energy" in page.get_by_test_id("stage").get_attribute("data-shocks")
        assert page.evaluate("solara.debug.reconnectCount") == 1


def test_a_server_that_was_ended_and_begun_again_finds_its_page_as_it_was(browser):
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = str(door.getsockname()[1])
    with Watched(browser, f"http://127.0.0.1:{port}/") as watched:
        with served("--port", port):
            page = watched("/?residents=100&seed=7")
            month(page, 24)
            page.get_by_test_id("shock-food").click()
            step(page, 25)
            told = numbers(page)
            page.evaluate("window.before = true")
        page.get_by_text(text("en", "shell.line_lost")).wait_for(timeout=STILL)
        with served("--port", port):
            page.wait_for_function("!window.before", timeout=STILL)
            month(page, 25)
            assert numbers(page) == told
            step(page, 26)
            assert "25:food" in page.get_by_test_id("stage").get_attribute("data-shocks")


@pytest.mark.torture
@pytest.mark.parametrize(("seconds", "playing"), [(8.0, "true"), (PATIENCE + 5.0, "false")])
def test_while_the_line_is_cut_time_stands_and_then_goes_on_if_it_was_not_for_long(browser, workshop, seconds, playing):
    with cuttable(workshop.address) as line, Watched(browser, line.address) as watched:
        page = watched("/?residents=100")
        month(page, 24)
        page.get_by_test_id("play").click()
        month_from(page, 26)
        line.cut()
        time.sleep(seconds)
        line.mend()
        connected(page)
        attribute(page, "data-playing", playing)
        at = int(page.get_by_test_id("stage").get_attribute("data-month"))
        assert at < 31, "the towns went on although nobody saw it"
        if playing == "true":
            month_from(page, at + 3)
        else:
            step(page, at + 1)


def test_a_window_nobody_looks_at_does_not_hold_the_towns_up(browser, workshop):
    with Watched(browser, workshop.address) as watched:
        page = watched("/?residents=100")
        page.add_init_script(HIDDEN)
        page.reload()
        month(page, 24)
        page.get_by_test_id("speed-5").click(timeout=SOON)
        page.get_by_test_id("play").click()
        month_from(page, 34)
        page.get_by_test_id("play").click()
        attribute(page, "data-playing", "false")
    assert watched.wrong == []


def test_a_month_that_fails_is_told_on_a_card_and_the_run_is_kept(browser, room):
    key = urlsplit(room.address).query
    with Watched(browser, room.address) as watched:
        unlucky = watched(f"/?{key}&setting=calm&residents=100&seed={UNLUCKY}")
        other = watched(f"/?{key}&setting=calm&residents=100&seed=2")
        for page in (unlucky, other):
            month(page, 24)
        step(unlucky, 25)
        step(unlucky, 26)
        told = numbers(unlucky)
        for pressed in ("step", "play"):
            unlucky.get_by_test_id(pressed).click()
            notice = unlucky.get_by_test_id("notice")
            expect(notice).to_contain_text("a rule divides by nothing", timeout=SOON)
            expect(notice).to_contain_text(str(MONTH))
            assert notice.get_attribute("data-kind") == "error"
            unlucky.get_by_test_id("dismiss").click()
            expect(notice).to_be_hidden(timeout=SOON)
            attribute(unlucky, "data-playing", "false")
        assert room.hears(f"Month {MONTH} could not be lived: ZeroDivisionError: a rule divides by nothing (")
        assert room.hears("troubled.py, line "), "whoever wrote the rule is told where"
        month(unlucky, 26)
        assert numbers(unlucky) == told
        assert "Traceback" not in unlucky.locator("body").inner_text()
        month(other, 24)
        step(other, 25)
        unlucky.get_by_test_id("luck").click()
        expect(unlucky).to_have_url(re.compile(f"seed={UNLUCKY + 1}"), timeout=STILL)
        month(unlucky, 24)
        step(unlucky, 25)
        assert text("en", "stage.notice.error") not in unlucky.get_by_test_id("notice").inner_text()
    assert watched.wrong == []
    assert not any("Traceback" in line for line in room.said)
