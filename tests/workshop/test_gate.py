"""The gate of the workshop: only pages of this server speak with it, and nothing they send is ever executed."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from http.cookies import SimpleCookie

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.workshop.serving import served
from viz.serve import cdn_files
from viz.serve.gate import COOKIES, MOST_SAID, Gate, is_well_said
from viz.serve.offline import line_to, message

ASK = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answer(address: str, path: str = "/", method: str = "GET", **headers: str):
    """The status, the headers and the text that a request is answered with."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    asked = urllib.request.Request(address.split("?", maxsplit=1)[0].rstrip("/") + path, headers=named, method=method)
    try:
        with ASK.open(asked, timeout=30) as found:
            return found.status, found.headers, found.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers, refused.read()


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1:8765", "192.168.1.20:8765", "[::1]:8765", "room"])
def test_this_computer_is_known_by_number_and_by_the_names_it_was_given(host):
    assert Gate(None, names=["Room"]).is_ours(host)


@pytest.mark.parametrize(
    "host", ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", "a b"]
)
def test_a_name_that_somebody_else_could_point_here_is_refused(host):
    assert not Gate(None).is_ours(host)


def test_a_request_under_a_foreign_name_is_refused(workshop):
    assert answer(workshop.address, Host="evil.example")[0] == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null"])
def test_a_request_from_a_page_elsewhere_is_refused(workshop, origin):
    assert answer(workshop.address, Origin=origin)[0] == 403
    assert answer(workshop.address, f"/_solara/api/close/{uuid.uuid4()}?session_id=1", "POST", Origin=origin)[0] == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", ""])
def test_a_page_elsewhere_cannot_speak_with_a_town(workshop, origin):
    with pytest.raises(InvalidStatus) as refused, line_to(workshop.address, origin):
        pass
    assert refused.value.response.status_code == 403


def test_a_page_of_ours_can_speak_with_a_town(workshop):
    with line_to(workshop.address) as line:
        line.send(message("kernel_info_request", {}, "1"))
        assert "kernel_info_reply" in heard_until(line, "kernel_info_reply")


@pytest.mark.parametrize("kind", ["execute_request", "complete_request", "inspect_request", "input_reply"])
def test_code_that_a_page_sends_is_not_executed(workshop, tmp_path, kind):
    mark = tmp_path / "executed"
    code = f"open({str(mark)!r}, 'w').close()"
    asked = {"code": code, "silent": False, "value": code, "user_expressions": {"a": code}, "cursor_pos": len(code)}
    with line_to(workshop.address) as line:
        line.send(message(kind, asked, "1"))
        line.send(message("kernel_info_request", {}, "1"))
        said = heard_until(line, "kernel_info_reply")
    assert "execute_result" not in said
    assert "complete_reply" not in said
    assert not mark.exists()
    assert answer(workshop.address, "/readyz")[0] == 200


@pytest.mark.parametrize("target", ["no.such.target", "os.system", "jupyter.widget"])
def test_a_line_to_nothing_we_offer_is_not_opened(workshop, target):
    with line_to(workshop.address) as line:
        line.send(
            message("comm_open", {"comm_id": "1", "target_name": target, "data": {"code": "1/0", "state": {}}}, "1")
        )
        line.send(message("comm_info_request", {"target_name": target}, "1"))
        assert '"comms":{}' in heard_until(line, "comm_info_reply").replace(" ", "")


def heard_until(line, kind: str) -> str:
    """Everything that is said on a line until a message of a kind comes, or the line is shut."""
    said = ""
    try:
        while kind not in said:
            heard = line.recv(timeout=10)
            said += heard if isinstance(heard, str) else heard.decode("utf-8", "replace")
    except ConnectionClosed:
        pass
    return said


def test_only_files_that_are_kept_are_served_and_nothing_is_fetched(workshop):
    before = sorted(cdn_files.FOLDER.rglob("*"))
    for name in ("left-pad@1.3.0/index.js", "../server.py", "SHA256SUMS", "%2e%2e/server.py", "requirejs@2.3.6/"):
        assert answer(workshop.address, f"/_solara/cdn/{name}")[0] == 404
    assert sorted(cdn_files.FOLDER.rglob("*")) == before


@pytest.mark.parametrize("name", cdn_files.names())
def test_a_file_that_is_kept_is_served_as_it_is(workshop, name):
    status, headers, content = answer(workshop.address, f"/_solara/cdn/{name}")
    assert (status, content) == (200, (cdn_files.FOLDER / name).read_bytes())
    assert "immutable" in headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/explore", "/nothing", "/_solara/cdn/nothing", "/static/assets/favicon.svg"])
def test_every_answer_forbids_the_page_to_go_elsewhere(workshop, path):
    _, headers, _ = answer(workshop.address, path)
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "http" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/static/assets/../../../app.py", "/static/%2e%2e/%2e%2e/server.py", "/jupyter/nbextensions/../x"]
)
def test_files_of_this_computer_are_not_served(workshop, path):
    status, _, content = answer(workshop.address, path)
    assert status == 404
    assert b"from __future__" not in content


def test_what_others_may_not_know_is_told_to_this_computer(workshop):
    status, _, content = answer(workshop.address, "/resourcez")
    assert status == 200
    assert "kernels" in json.loads(content)


def test_a_failure_is_told_without_a_traceback_in_the_language_asked_for(workshop):
    status, _, content = answer(workshop.address, "/nothing?language=de")
    assert status == 404
    assert 'lang="de"' in content.decode()
    assert "Traceback" not in content.decode()


def test_a_key_is_kept_by_the_browser_out_of_reach_of_scripts(workshop):
    _, headers, _ = answer(workshop.address, "/?key=abc&room=XYZ123")
    kept = SimpleCookie("; ".join(headers.get_all("Set-Cookie")))
    for name in COOKIES.values():
        assert kept[name]["httponly"]
        assert kept[name]["samesite"] == "strict"


@pytest.mark.parametrize("key", ["a;b", "a%0d%0aSet-Cookie:x=y", "a" * 65, "ü"])
def test_a_key_that_is_none_is_not_kept(workshop, key):
    _, headers, _ = answer(workshop.address, f"/?key={urllib.request.quote(key, safe='%')}")
    assert not any(COOKIES["key"] in each for each in headers.get_all("Set-Cookie"))


def test_where_the_network_is_let_in_others_can_open_the_sandbox_of_the_room_and_nothing_else(browser):
    with served("--host", "0.0.0.0", "--port", "0") as open_to_all:
        assert open_to_all.hears("everybody on the same network")
        address = open_to_all.address.split("?")[0]
        facilitator, participant = browser.new_context(), browser.new_context()
        try:
            theirs = participant.new_page()
            for path in ("", "explore", "debrief"):
                theirs.goto(f"{address}{path}")
                theirs.get_by_role("heading", name="This page is the facilitator's").wait_for()
            theirs.goto(f"{address}sandbox?room=ABCDEF")
            theirs.get_by_text("This room is not open").wait_for()

            ours = facilitator.new_page()
            ours.goto(open_to_all.address)
            ours.locator("[data-month]").wait_for()
            ours.reload()  # by now the address has lost its key, and the browser must have kept it
            ours.locator("[data-month]").wait_for()
            assert "key=" not in ours.url
            ours.get_by_test_id("menu").click()
            ours.get_by_test_id("join").click()
            ours.get_by_test_id("join-open").click()
            link = ours.locator(".address").inner_text()

            theirs.goto(f"{address}sandbox?{link.split('?')[1]}")
            theirs.locator("[data-month]").wait_for()
            theirs.reload()
            theirs.locator("[data-month]").wait_for()
            before = ours.locator("[data-month]").get_attribute("data-month")
            theirs.get_by_test_id("step").click()
            theirs.locator(f"[data-month='{int(before) + 1}']").wait_for()
            assert ours.locator("[data-month]").get_attribute("data-month") == before
        finally:
            facilitator.close()
            participant.close()


def test_what_a_page_says_is_passed_on_and_nothing_else():
    opened = {"comm_id": "a", "target_name": "solara.control", "data": {}}
    assert is_well_said(message("comm_open", opened, "s"))
    assert is_well_said(message("comm_msg", {"comm_id": "a", "data": {"method": "custom"}}, "s"))
    assert is_well_said(message("kernel_info_request", {}, "s"))
    for given in (
        None, "", "play", "[]", "null", "{}", "[" * 100_000, message("execute_request", {"code": "1"}, "s"),
        message("comm_msg", {"data": {}}, "s"), message("comm_msg", {"comm_id": "a", "data": 7}, "s"),
        message("comm_open", {**opened, "target_name": "jupyter.widget"}, "s"),
        message("comm_msg", {"comm_id": "a", "data": {"x": "x" * MOST_SAID}}, "s"),
        json.dumps({**json.loads(message("comm_open", opened, "s")), "header": {}}),
        json.dumps({**json.loads(message("comm_open", opened, "s")), "channel": 1}),
    ):  # fmt: skip
        assert not is_well_said(given), str(given)[:80]
