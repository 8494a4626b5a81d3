"""Starting and ending the workshop: where it listens, what it says, and that it keeps to this computer."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time

import pytest

from tests.workshop.serving import HOUSE, served
from viz.serve import server
from viz.serve.server import CannotListenError, Workshop
from viz.workshop.plan import plan_in


def show(*options: str) -> subprocess.CompletedProcess[str]:
    """What `kith show` says and answers when it cannot begin."""
    return subprocess.run(
        [sys.executable, "-m", "viz.command", "show", "--no-open", *options],
        cwd=HOUSE, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def taken():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_it_opens_with_the_setting_and_language_asked_for_and_ends_at_ctrl_c_while_a_page_is_open(browser):
    with served("wage_step", "--language", "de", "--port", "0") as found:
        context = browser.new_context()
        page = context.new_page()
        page.goto(found.address)
        page.locator("[data-month]").wait_for()
        page.wait_for_url("**setting=wage_step**")
        assert page.locator("html").get_attribute("lang") == "de"
        assert found.hears("Press Ctrl-C here to close it.")
        began = time.monotonic()
        assert found.interrupt() == 0
        assert time.monotonic() - began < 10.0
        context.close()
    assert found.said[-1] == "The workshop is closed.\n"
    assert not any("Traceback" in line or "Warning" in line for line in found.said)


def test_a_port_that_is_taken_is_told_in_a_sentence(taken):
    said = show("--port", str(taken))
    assert said.returncode == 2
    assert said.stderr.startswith(f"kith: --port {taken}: in use, perhaps by another workshop; without --port")
    assert said.stderr.count("\n") == 1


def test_without_a_port_the_next_free_one_is_taken(monkeypatch, taken):
    monkeypatch.setattr(server, "FIRST_PORT", taken)
    with server.listening("127.0.0.1", None) as door:
        assert taken < door.getsockname()[1] < taken + server.TRIED


def test_a_port_just_left_can_be_had_again_at_once():
    with server.listening("127.0.0.1", 0) as door:
        number = door.getsockname()[1]
        door.listen()
        with socket.create_connection(("127.0.0.1", number)) as came:
            door.accept()[0].close()
            came.recv(1)
    with server.listening("127.0.0.1", number) as again:
        assert again.getsockname()[1] == number


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid"])
def test_a_host_that_is_not_this_computer_is_told(monkeypatch, host):
    if host.endswith("invalid"):

        def unknown(*_, **__):
            raise socket.gaierror(-2, "unknown")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(CannotListenError, match=re.escape(f"--host {host}: ")), server.listening(host, 0):
        pass


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--language", "xx"), "there is en"),
        (("--port", "70000"), "a port is a number from 1 to 65535"),
        (("no_such_setting",), "no_such_setting"),
    ],
)
def test_what_is_mistyped_is_told_before_anything_starts(options, said):
    answer = show(*options)
    assert answer.returncode == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_it_listens_to_this_computer_alone_unless_told_otherwise(workshop):
    number = int(re.search(r":(\d+)/", workshop.address).group(1))
    assert workshop.address.startswith("http://127.0.0.1:")
    others = [each for each in server.addresses_here("0.0.0.0") if each]
    for address in others:
        with pytest.raises(OSError), socket.create_connection((address, number), timeout=2):  # noqa: PT011
            pass


def test_who_can_connect_is_told_when_it_is_not_this_computer_alone():
    said = " ".join(server.warning_of("0.0.0.0", 8765))
    assert "everybody on the same network" in said
    assert "no password" in said


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:80/"), ("localhost", "http://127.0.0.1:80/"), ("0.0.0.0", "http://127.0.0.1:80/"),
        ("::1", "http://[::1]:80/"), ("::", "http://[::1]:80/"), ("192.168.1.5", "http://192.168.1.5:80/"),
    ],
)  # fmt: skip
def test_the_address_told_is_one_that_opens_here(host, address):
    assert server.url_of(host, 80) == address


def test_solara_is_told_to_keep_to_itself():
    told = server.environment(Workshop(), 1)
    assert told["SOLARA_TELEMETRY_MIXPANEL_ENABLE"] == "false"
    assert told["SOLARA_MODE"] == "production"
    assert told["SOLARA_KERNEL_CULL_TIMEOUT"] == "10m"


def test_a_key_is_made_only_where_others_can_connect():
    assert server.environment(Workshop(), 1)["KITH_SHOW_KEY"] == ""
    keys = {server.environment(Workshop(host="0.0.0.0"), 1)["KITH_SHOW_KEY"] for _ in range(3)}
    assert len(keys) == 3
    assert all(len(key) >= 16 for key in keys)


def test_the_setting_and_language_asked_for_are_those_of_a_page_that_asks_for_none():
    told = server.environment(Workshop(setting="wage_step", language="de"), 1)
    assert told[server.QUERY] == "language=de&setting=wage_step"


def test_a_setting_of_ones_own_is_offered_by_its_path(tmp_path):
    file = tmp_path / "ours.toml"
    file.write_text('base = "calm"\ntitle = "Ours"\n', encoding="utf-8")
    told = server.environment(Workshop(setting=str(file)), 1)
    assert told["KITH_SHOW_SETTING"] == str(file)
    assert "setting=" in told[server.QUERY]


def test_a_link_is_what_a_page_shows_that_asks_for_nothing_in_the_language_asked_for():
    link = "setting=wage_step&seed=4&left=spot&right=relational&month=40&do=30!shock!both!energy!0.5!year"
    told = server.environment(Workshop(link=link, language="de"), 1)
    plan, month, language = plan_in(told[server.QUERY])
    assert (plan, month) == plan_in(link)[:2]
    assert language == "de"


def test_a_folder_of_storyboards_is_offered(tmp_path):
    assert server.environment(Workshop(storyboards=str(tmp_path)), 1)["KITH_SHOW_STORYBOARDS"] == str(tmp_path)
