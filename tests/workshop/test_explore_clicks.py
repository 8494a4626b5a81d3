"""The page for students in a browser: months, numbers, tables, networks and rules by clicking, all on one page."""

from __future__ import annotations

import io
import re
from typing import Any

import pandas as pd
import pytest

from tests.workshop.looking import SOON, STILL
from viz.workshop.words import text

expect: Any = pytest.importorskip("playwright.sync_api").expect

SIZES = ((1600, 900), (1280, 720), (1920, 1080), (1024, 768), (390, 844))


def say(key: str, **values: object) -> str:
    return text("en", f"explore.{key}", **values)


@pytest.fixture
def page(go) -> Any:
    found = go("/explore?setting=calm")
    expect(found.locator(".kith-now")).to_contain_text("Month 0", timeout=STILL)
    return found


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click(timeout=SOON)


def now(page: Any) -> int:
    return int(re.search(r"Month (\d+)", page.locator(".kith-now").inner_text()).group(1))


def reaches(page: Any, wanted: int) -> None:
    expect(page.locator(".kith-now")).to_contain_text(re.compile(rf"Month {wanted}\b"), timeout=STILL)


def test_months_step_play_stand_still_and_begin_again_and_pictures_keep_up(page):
    press(page, say("step"))
    reaches(page, 1)
    picture = page.locator(".kith-map svg[role=img]").first
    expect(picture).to_have_attribute("aria-label", re.compile("Month 1[.]"), timeout=SOON)
    press(page, say("play"))
    expect(page.locator(".kith-now")).to_contain_text(re.compile(r"Month ([5-9]|\d\d)\b"), timeout=STILL)
    press(page, say("pause"))
    expect(page.get_by_role("button", name=say("play"), exact=True)).to_be_visible(timeout=STILL)
    at = now(page)
    press(page, say("step"))
    reaches(page, at + 1)
    expect(picture).to_have_attribute("aria-label", re.compile(rf"Month {at + 1}[.]"), timeout=SOON)
    press(page, say("reset"))
    reaches(page, 0)


def test_months_that_play_do_not_storm_the_line(page):
    came: list[int] = []

    def count(data: str | bytes) -> None:
        came.append(len(data))

    def listen(line: Any) -> None:
        line.on("framereceived", count)

    page.on("websocket", listen)
    try:
        page.reload()
        reaches(page, 0)
        came.clear()
        press(page, say("play"))
        expect(page.locator(".kith-now")).to_contain_text(re.compile(r"Month (1\d)\b"), timeout=STILL)
        press(page, say("pause"))
        expect(page.get_by_role("button", name=say("play"), exact=True)).to_be_visible(timeout=STILL)
        months = now(page)
    finally:
        page.remove_listener("websocket", listen)
    print(f"{len(came) / months:.1f} messages and {sum(came) / months / 1000:.0f} kB a month")
    assert len(came) / months < 120
    assert sum(came) / months < 1_000_000


def test_a_number_is_found_moved_and_refused_beside_its_box(page):
    search = page.get_by_label(say("search"))
    search.fill("sharing_time")
    box = page.locator(".kith-number").first
    expect(box).to_contain_text("sharing_time", timeout=SOON)
    exactly = box.get_by_label(say("exactly"))
    exactly.fill("99")
    exactly.press("Enter")
    expect(box.locator(".v-messages")).to_contain_text("sharing_time", timeout=SOON)
    exactly.fill("0.03")
    exactly.press("Enter")
    expect(page.locator("aside")).to_contain_text(say("changed", names="sharing_time"), timeout=SOON)
    press(page, say("now"))
    expect(page.locator("aside")).to_contain_text(say("changed_now"), timeout=SOON)
    slider = box.get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")
    expect(exactly).not_to_have_value("0.03", timeout=SOON)
    press(page, say("undo_all"))
    expect(page.locator("aside")).to_contain_text(say("unchanged"), timeout=SOON)
    assert "Traceback" not in page.locator("body").inner_text()


def test_agents_are_sorted_filtered_and_saved(page):
    press(page, say("step"))
    reaches(page, 1)
    press(page, say("tab_agents"))
    table = page.get_by_role("region", name=say("table_of", agents=text("en", "explore.type.residents"), month=1))
    expect(table).to_be_visible(timeout=STILL)
    sort = table.get_by_role("button", name=say("sort_by", column="wellbeing"))
    column = [head.inner_text() for head in table.locator("thead th").all()].index("wellbeing")
    sort.click()
    head = table.locator("thead th").nth(column)
    expect(head).to_have_attribute("aria-sort", "ascending", timeout=SOON)
    values = [float(cell) for cell in table.locator(f"tbody td:nth-child({column + 1})").all_inner_texts()]
    assert values == sorted(values)
    sort.click()
    expect(head).to_have_attribute("aria-sort", "descending", timeout=SOON)
    filters = page.get_by_label(say("filter"), exact=True)
    filters.fill("wellbeing < 7")
    filters.press("Enter")
    shown = f"[...document.querySelectorAll('tbody td:nth-child({column + 1})')]"
    page.wait_for_function(f"() => {shown}.every((each) => Number(each.textContent) < 7)", timeout=SOON)
    filters.fill("__class__ < 7")
    filters.press("Enter")
    expect(page.locator(".kith-row .v-messages").last).not_to_be_empty(timeout=SOON)
    with page.expect_download(timeout=STILL) as saved:
        page.get_by_text(say("all_csv")).click()
    kept = pd.read_csv(io.BytesIO(saved.value.path().read_bytes()), comment="#")
    assert len(kept) > 100
    assert "wellbeing" in kept.columns


def test_networks_are_measured_when_asked_and_rules_handed_out(page):
    press(page, say("step"))
    reaches(page, 1)
    press(page, say("tab_network"))
    press(page, say("measure"))
    expect(page.get_by_text(say("measured", month=1))).to_be_visible(timeout=STILL)
    assert page.locator(".kith-table tbody tr").count() > 4
    press(page, say("tab_rules"))
    page.get_by_role("button", name="ask_for_help", exact=True).click(timeout=SOON)
    expect(page.locator(".kith-rules h2")).to_have_text("ask_for_help", timeout=SOON)
    expect(page.locator(".kith-code pre").first).to_contain_text("def ask_for_help", timeout=SOON)
    with page.expect_download(timeout=STILL) as saved:
        page.get_by_text(re.compile("^Save ")).click()
    assert b"def ask_for_help" in saved.value.path().read_bytes()


def test_the_page_fits_every_screen(page):
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for tab in ("town", "agents", "rules"):
            press(page, say(f"tab_{tab}"))
            expect(page.get_by_role("button", name=say(f"tab_{tab}"), exact=True)).to_have_attribute(
                "aria-pressed", "true", timeout=SOON
            )
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{tab} at {width} by {height}"
