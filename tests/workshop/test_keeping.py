"""What is taken home from the stage by clicking: links, pictures, numbers, packs, the debrief, all of the same run."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pandas as pd
import pytest

from tests.workshop.looking import SOON, STILL, month, month_from, numbers, step
from viz.workshop.frames import outcomes
from viz.workshop.words import text

expect: Any = pytest.importorskip("playwright.sync_api").expect

RUN = "/?residents=100&seed=5&month=40&left=spot&right=relational,sharing:0.4&do=30!shock!both!energy!1!good"
"""A run with something of everything: luck, two towns, a dial of one's own, a shock."""


@pytest.fixture
def stage(go) -> Any:
    page = go(RUN)
    month(page, 40)
    return page


def saved(page: Any, kind: str) -> bytes:
    """What a line of the menu gives to keep."""
    page.get_by_test_id("menu").click()
    with page.expect_download(timeout=4 * SOON) as found:
        page.get_by_test_id("menu-panel").get_by_test_id(kind).click()
    return found.value.path().read_bytes()


def test_a_link_that_was_copied_rebuilds_the_month_with_its_headline_and_numbers(go, stage):
    stage.get_by_test_id("shock-food").click()
    step(stage, 41)
    stage.get_by_test_id("menu").click()
    stage.get_by_test_id("share").click()
    link = urlsplit(stage.get_by_test_id("stage").get_attribute("data-shared"))
    told, shocks = numbers(stage), stage.get_by_test_id("stage").get_attribute("data-shocks")
    assert "41:food" in shocks
    again = go(f"{link.path}?{link.query}")
    month(again, 41)
    assert numbers(again) == told
    assert again.get_by_test_id("stage").get_attribute("data-shocks") == shocks
    assert again.get_by_test_id("stage").get_attribute("data-left") == "spot"


def test_the_picture_is_whole_and_as_large_as_a_projector(stage):
    data = saved(stage, "png")
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, pixels, kinds = 8, b"", []
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + content)
        kinds.append(kind)
        pixels += content if kind == b"IDAT" else b""
        if kind == b"IHDR":
            assert struct.unpack_from(">II", content) == (1920, 1080)
        at += 12 + length
    assert kinds[-1] == b"IEND"
    assert len(set(zlib.decompress(pixels))) > 100, "the picture is as good as blank"


def test_the_charts_are_a_picture_that_any_program_can_read(stage):
    drawn = ElementTree.fromstring(saved(stage, "svg"))
    said = " ".join(drawn.itertext())
    for title in ("Wellbeing of the lowest tenth", "Need left unmet", "Waiting, per 1,000", "Public cost a head"):
        assert title in said
    assert stage.get_by_test_id("town-left").locator("h2").inner_text() in said
    assert drawn.findall(".//{http://www.w3.org/2000/svg}script") == []


def test_the_numbers_taken_home_are_those_on_the_screen(stage):
    stage.get_by_test_id("tab-tables").click()
    months = stage.get_by_test_id("tables").locator("table").nth(2).locator("tbody tr").first
    cells = months.locator("td").all_inner_texts()
    data = saved(stage, "csv").decode()
    kept = pd.read_csv(io.StringIO(data), comment="#", skip_blank_lines=True)
    last = kept[kept["month"].astype(str) == "40"]
    assert len(last) == 2
    for side in (0, 1):
        row = last.iloc[side]
        assert f"{float(row['wellbeing_lowest_tenth']):.1f}" == cells[side]
        assert f"{100 * float(row['unmet_need']):.0f}%" == cells[2 + side]
        assert f"{float(row['waiting']):.0f}" == cells[4 + side]
        assert f"£{float(row['public_cost']):.0f}" == cells[6 + side]


def test_a_pack_unpacks_and_its_replay_plays_from_the_disk_without_asking_for_anything(stage, browser, tmp_path):
    told = numbers(stage)
    with zipfile.ZipFile(io.BytesIO(saved(stage, "pack"))) as pack:
        assert pack.testzip() is None
        pack.extractall(tmp_path)
    [replay] = [file for file in tmp_path.rglob("*.html") if "replay" in file.name]
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    asked: list[str] = []
    wrong: list[str] = []
    try:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda problem: wrong.append(str(problem)))
        page.goto(replay.as_uri())
        month(page, 24)
        step(page, 25)
        page.get_by_test_id("speed-5").click()
        page.get_by_test_id("play").click()
        month(page, 40)
        assert numbers(page) == told
        page.get_by_test_id("badge").click()
        for outcome in outcomes():
            page.get_by_test_id(f"outcome-{outcome}").click()
            expect(page.get_by_test_id("luck-panel").locator(".lead")).to_contain_text(
                text("en", f"town.outcome.{outcome}")
            )
    finally:
        context.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_the_debrief_opens_from_the_menu_about_the_same_run_and_can_be_printed(stage, kept):
    left = stage.get_by_test_id("town-left").locator("h2").inner_text()
    stage.get_by_test_id("menu").click()
    with stage.expect_popup() as opened:
        stage.get_by_test_id("debrief").click()
    debrief = opened.value
    try:
        assert urlsplit(debrief.url).path == "/debrief"
        assert urlsplit(debrief.url).query == urlsplit(stage.url).query
        frame = debrief.locator("iframe")
        frame.wait_for(timeout=STILL)
        expect(debrief.frame_locator("iframe").locator("h1")).to_contain_text(left, timeout=STILL)
        document = frame.get_attribute("srcdoc")
    finally:
        debrief.close()
    sheet = kept.contexts[0].new_page()
    try:
        sheet.set_content(document)
        printed = sheet.pdf(format="A4")
    finally:
        sheet.close()
    assert printed.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 2


def test_the_address_keeps_up_with_the_run_and_a_reload_stays_at_the_month(stage):
    step(stage, 41)
    stage.get_by_test_id("speed-2").click()
    stage.get_by_test_id("play").click()
    month_from(stage, 43)
    stage.reload()
    stage.get_by_test_id("stage").wait_for(timeout=STILL)
    expect(stage.get_by_test_id("stage")).to_have_attribute(
        "data-month", re.compile(r"^(4[3-9]|[5-7]\d)$"), timeout=STILL
    )
    expect(stage.get_by_test_id("stage")).to_have_attribute("data-playing", "false")
    lines = stage.locator("figure[data-testid^=chart-] svg path.line.side0")
    expect(lines).to_have_count(4, timeout=SOON)  # the charts are full again
