"""A guest who means harm: odd messages, odd addresses, words that would be code. Nothing comes of any of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.workshop.conftest import HOSTILE, Watched
from tests.workshop.looking import SOON, STILL, month, run, step

expect: Any = pytest.importorskip("playwright.sync_api").expect

LINE = """
(() => {
  const send = WebSocket.prototype.send;
  let line = null;
  let pattern = null;
  WebSocket.prototype.send = function (data) {
    if (typeof data === "string" && data.includes('"method":"custom"')) [line, pattern] = [this, data];
    return send.call(this, data);
  };
  window.write = (text) => send.call(line, text);
  window.said = () => JSON.parse(pattern);
  window.say = (content) => {
    const message = JSON.parse(pattern);
    message.header.msg_id = crypto.randomUUID();
    message.content.data.content = content;
    send.call(line, JSON.stringify(message));
  };
})();
"""
"""Lets a test speak with the server as the page does, past everything the page would not say."""

LONG = "x" * 1_000_000
MESSAGES: list[Any] = [
    *({"cmd": cmd} for cmd in (
        "__class__", "__init__", "hear", "do_play", "close.__globals__", "play()", "flow", "join", "card", "why",
        "dial", "", 5, None, True, ["play"], {"play": 1}, LONG, "\u0000", "öffne",
    )),
    *({"cmd": "speed", "v": v} for v in (None, "fast", 1e308, -1, {"a": {"b": []}}, [1], True, LONG)),
    *({"cmd": "shock", "key": key, "size": size} for key, size in (
        ("__class__", 1), ("energy", 1e99), ("energy", "1"), ("energy", -1), ({"a": 1}, 1), (LONG, 1), (None, None),
    )),
    *({"cmd": "dial", "name": name, "value": value, "side": side} for name, value, side in (
        ("__class__", 1, "both"), ("sharing", 1e308, "both"), ("sharing", {}, "left"), ("sharing", 0.5, "../"),
        ("sharing", 0.5, LONG), (LONG, 1, "both"), ("sharing", "0.5", "both"),
    )),
    *({"cmd": "setting", "v": v} for v in ("../../../etc/passwd", "/etc/passwd", "calm.toml", HOSTILE, LONG, 7, None)),
    *({"cmd": "sides", "left": left, "right": "spot"} for left in ("__class__", "nan", "inf", "-1", "1e400", LONG, 3)),
    *({"cmd": "founded", "name": "residents", "value": value} for value in (1e12, -5, 0.5, "many", 1e308)),
    *({"cmd": "founded", "name": name, "value": 1} for name in ("graph", "__dict__", LONG)),
    *({"cmd": "versus", "dial": dial, "value": value} for dial, value in (("__class__", 1), ("term", -1e9))),
    *({"cmd": "fork", "side": side, "governance": name} for side, name in (("both", "spot"), ("left", LONG), (1, 1))),
    *({"cmd": "card", "kind": kind, "id": row} for kind, row in (
        ("organisation", 1e18), ("organisation", -1), ("__class__", 0), ("peer", None), ({}, {}),
    )),
    *({"cmd": "follow", "i": i} for i in (1e300, "0", None, {"a": [1]})),
    *({"cmd": "why", "side": "left", "event": event} for event in (-1, 1e15, "x")),
    *({"cmd": "file", "kind": kind} for kind in ("../../secrets", "__class__", LONG, 1, None)),
    *({"cmd": "flow", "do": do, "name": name} for do, name in (
        ("start", "../../../etc/passwd"), ("start", LONG), ({}, ""), ("vote", ""), ("__class__", ""), ("next", ""),
    )),
    *({"cmd": "language", "v": v} for v in ("../../..", "xx", LONG, 1)),
    *({"cmd": "outcome", "v": v} for v in ("__class__", LONG, 1)),
    {"cmd": "ack", "seq": 1e300}, {"cmd": "ack", "seq": {}}, {"cmd": "understood", "x": {"y": {"z": LONG}}},
    [], "play", 7, None, [{"cmd": "play"}],
]  # fmt: skip

RAW = (
    "'no JSON'", "''", "'{}'", "'[]'", "'null'", "'[[[['.repeat(50000)", "new Uint8Array([1, 2, 3])",
    "new Uint8Array(100000)",
    *(f"JSON.stringify({{...said(), ...{other}}})" for other in (
        "{content: {}}", "{header: {}}", "{content: {...said().content, comm_id: 'nobody'}}", "{header: 7, content: 7}",
        "{header: {...said().header, msg_type: 'execute_request'}, content: {code: '1/0'}}",
        "{content: {...said().content, data: {method: '__class__'}}}", "{content: {...said().content, data: 7}}",
        "{content: {...said().content, data: {method: 'update', state: {state: 5, no: 1}, buffer_paths: [[9]]}}}",
        "{header: {...said().header, msg_type: 'comm_open'}, "
        "content: {comm_id: 'x', target_name: 'jupyter.widget', data: {state: {_model_name: 'FileUploadModel'}}}}",
    )),
)  # fmt: skip
"""What no page writes on its line at all."""

ADDRESSES = (
    "/?setting=../../../../etc/passwd", f"/?setting={quote(HOSTILE)}", "/?residents=999999999", "/?residents=-1",
    f"/?left={quote(HOSTILE)}", "/?left=contract,__class__:1", "/?left=nan", "/?month=1e9", "/?seed=99999999999999",
    f"/?{quote(HOSTILE)}=1", "/?do=25!shock!both!energy!1e999!good", f"/?do={'25!shock!both!energy!1!good~' * 80}",
    f"/?do=25!fork!left!governance!{quote(HOSTILE)}", "/?setting=%00", "/?language=../../en&setting=%2e%2e%2f",
    f"/?x={'a' * 9000}",
)  # fmt: skip


@pytest.fixture
def guest(browser: Any, room: Any) -> Iterator[Any]:
    """Opens tabs of the room, which may not say a word of ours or do a thing of theirs."""
    said = len(room.said)
    with Watched(browser, room.address) as watched:
        yield watched
    assert room.said[said:] == [], "the server had something to say"
    assert watched.wrong == []


def key_of(room: Any) -> str:
    return urlsplit(room.address).query


def harmless(page: Any) -> None:
    """Nothing was carried out, and no inside of the program is shown."""
    assert page.evaluate("window.broken") is None
    assert page.locator("img[src=x]").count() == 0
    said = page.locator("body").inner_text()
    assert "Traceback" not in said
    assert '.py"' not in said


def test_messages_that_nobody_would_send_change_nothing_and_touch_nobody(guest, room):
    other = guest(f"/?{key_of(room)}&setting=calm&residents=100&seed=8")
    month(other, 24)
    page = guest(f"/?{key_of(room)}")
    page.add_init_script(LINE)
    page.goto(guest.address.split("?")[0] + f"?{key_of(room)}&setting=calm&residents=100&seed=9")
    month(page, 24)
    page.get_by_test_id("size-0").click()
    before = page.get_by_test_id("stage").evaluate("each => JSON.stringify(each.dataset)")
    for message in MESSAGES:
        page.evaluate("(said) => say(JSON.parse(said))", json.dumps(message))
    for raw in RAW:
        page.evaluate(f"write({raw})")
    page.evaluate("say({ cmd: 'understood' })")
    page.get_by_test_id("speed-2").click()
    expect(page.get_by_test_id("speed-2")).to_have_attribute("aria-pressed", "true", timeout=2 * STILL)
    assert page.get_by_test_id("stage").evaluate("each => JSON.stringify(each.dataset)") == before
    harmless(page)
    step(page, 25)
    month(other, 24)
    step(other, 25)
    assert "25:" not in other.get_by_test_id("stage").get_attribute("data-shocks")
    assert other.get_by_test_id("notice").is_hidden()


def test_a_participant_who_speaks_past_the_page_is_no_facilitator(guest, room):
    leader = guest(f"/?{key_of(room)}&setting=calm&residents=100")
    month(leader, 24)
    leader.get_by_test_id("menu").click()
    leader.get_by_test_id("join").click()
    leader.get_by_test_id("join-open").click()
    link = urlsplit(leader.get_by_test_id("join-panel").locator(".address").inner_text())
    page = guest("/sandbox")
    page.add_init_script(LINE)
    page.goto(guest.address.split("?")[0].rstrip("/") + f"{link.path}?{link.query}")
    month(page, 24)
    page.get_by_test_id("step").click()
    month(page, 25)
    for do in ("close", "push", "open"):
        page.evaluate("(what) => say({ cmd: 'join', do: what })", do)
        expect(page.get_by_test_id("notice")).to_be_visible(timeout=SOON)
        page.get_by_test_id("dismiss").click()
        expect(page.get_by_test_id("notice")).to_be_hidden(timeout=SOON)
    expect(leader.get_by_test_id("join-close")).to_be_visible()
    month(leader, 24)
    leader.get_by_test_id("join-close").click()
    expect(leader.get_by_test_id("join-open")).to_be_visible(timeout=SOON)


def test_addresses_that_nobody_would_write_are_answered_with_a_sentence(guest, room):
    page = guest("/sandbox")
    for address in ADDRESSES:
        page.goto(guest.address.split("?")[0].rstrip("/") + address.replace("?", f"?{key_of(room)}&", 1))
        page.locator(".kith-card h1").wait_for(timeout=STILL)
        harmless(page)
    for path in ("/explore", "/debrief"):
        hostile = f"{path}?{key_of(room)}&setting={quote(HOSTILE)}"
        page.goto(guest.address.split("?")[0].rstrip("/") + hostile)
        page.locator(".kith-page").wait_for(state="attached", timeout=STILL)
        harmless(page)


def test_words_of_ones_own_are_shown_as_words_on_the_page_for_students(guest, room):
    page = guest(f"/explore?{key_of(room)}&setting=hostile&language=de")
    expect(page.locator(".kith-now")).to_contain_text("Monat 0 von 60", timeout=STILL)
    chosen = page.locator(".v-select__selection").first
    expect(chosen).to_contain_text(HOSTILE, timeout=SOON)
    chosen.click()
    listed = page.locator(".v-menu__content.menuable__content__active .v-list-item")
    expect(listed.filter(has_text=HOSTILE)).to_have_count(1, timeout=SOON)
    listed.filter(has_text="(wage_step)").click()
    expect(chosen).to_contain_text("(wage_step)", timeout=SOON)
    expect(page.locator(".kith-code pre")).to_contain_text("setting='hostile.toml'", timeout=SOON)
    harmless(page)


def test_words_of_ones_own_are_shown_as_words_wherever_they_stand(guest, room, tmp_path, browser):
    page = guest(f"/?{key_of(room)}&residents=100")
    month(page, 24)
    assert HOSTILE in page.get_by_test_id("setting").inner_text()
    page.get_by_test_id("setting").click()
    assert HOSTILE in page.get_by_test_id("gallery").inner_text()
    page.keyboard.press("Escape")
    page.get_by_test_id("menu").click()
    with page.expect_download(timeout=4 * SOON) as found:
        page.get_by_test_id("replay").click()
    page.get_by_test_id("menu").click()
    page.get_by_test_id("storyboard").click()
    assert HOSTILE in page.get_by_test_id("storyboards").inner_text()
    page.get_by_test_id("storyboard-hostile").click()
    expect(page.get_by_test_id("flow")).to_contain_text(HOSTILE, timeout=SOON)
    run(page, 2)
    page.get_by_test_id("flow-ask").click()
    page.get_by_test_id("more-0").click()
    page.get_by_test_id("flow-reveal").click()
    expect(page.get_by_test_id("question").locator(".reveal")).to_contain_text(HOSTILE, timeout=SOON)
    harmless(page)

    replay = tmp_path / "replay.html"
    found.value.save_as(replay)
    context = browser.new_context(offline=True)
    try:
        kept = context.new_page()
        kept.goto(replay.as_uri())
        month(kept, 24)
        assert HOSTILE in kept.locator(".setting").inner_text()
        harmless(kept)
    finally:
        context.close()
