"""The doctor: each thing that can be missing on the day is noticed the day before, with how to get it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from importlib import metadata

import pytest

from tests.workshop.serving import HOUSE
from viz.serve import cdn_files, doctor, server
from viz.serve.doctor import MISSING, NOTE, OK, Check


def asked(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "viz.command", "doctor", *options],
        cwd=HOUSE, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole():
    """What the command says of this computer, as JSON."""
    return asked("--json")


def test_it_looks_at_everything_a_workshop_stands_on(whole):
    names = [check["name"] for check in json.loads(whole.stdout)["checks"]]
    assert names == [
        "Python", "packages", "files of the page", "browser", "port", "memory", "results folder", "compiled model",
        "a town lived", "screen",
    ]  # fmt: skip


def test_its_exit_code_says_whether_something_is_missing(whole):
    found = json.loads(whole.stdout)
    assert found["ready"] == all(check["state"] != MISSING for check in found["checks"])
    assert whole.returncode == (0 if found["ready"] else 1)


def test_a_computer_that_can_run_these_tests_has_what_the_model_needs(whole):
    states = {check["name"]: check["state"] for check in json.loads(whole.stdout)["checks"]}
    for name in ("Python", "packages", "files of the page", "compiled model", "a town lived"):
        assert states[name] == OK


def test_without_a_browser_it_ends_with_1_and_says_how_to_get_one(monkeypatch, tmp_path, capsys):
    from viz.command import exit_code

    monkeypatch.setattr(doctor, "BROWSERS", ())
    monkeypatch.setattr(doctor, "PLACES", ())
    for slow in ("compiled", "both_engines"):
        monkeypatch.setattr(doctor, slow, lambda: Check("left out", OK, ""))
    monkeypatch.chdir(tmp_path)
    assert exit_code(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "missing  browser" in said
    assert "how to get it: Install one" in said
    assert "Not ready: browser." in said


def test_the_other_line_of_vuetify_is_noticed(monkeypatch):
    known = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "3.1.0" if name == "ipyvuetify" else known(name))
    check = doctor.packages()
    assert check.state == MISSING
    assert "ipyvuetify 3.1.0 is not" in check.found
    assert check.remedy


def test_a_library_that_is_not_installed_is_noticed(monkeypatch):
    monkeypatch.setattr(doctor, "requirements", lambda: ["numpy", "no-such-library>=1"])
    assert doctor.packages().found == "no-such-library is not installed"


def test_a_file_of_the_page_that_is_gone_is_noticed(monkeypatch, tmp_path):
    folder = tmp_path / "cdn"
    shutil.copytree(cdn_files.FOLDER, folder)
    (folder / cdn_files.names()[0]).unlink()
    monkeypatch.setattr(cdn_files, "FOLDER", folder)
    monkeypatch.setattr(cdn_files, "SUMS", folder / "SHA256SUMS")
    check = doctor.page_files()
    assert check.state == MISSING
    assert cdn_files.names()[0] in check.found


def test_a_port_that_is_taken_is_no_obstacle_but_is_told(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setattr(server, "FIRST_PORT", other.getsockname()[1])
        check = doctor.port()
    assert check.state == NOTE
    assert "would be taken" in check.found


@pytest.mark.parametrize(("free", "state"), [(500.0, MISSING), (1000.0, NOTE), (4000.0, OK)])
def test_little_memory_is_told_before_it_is_too_little(monkeypatch, free, state):
    monkeypatch.setattr(doctor, "free_memory", lambda: free)
    assert doctor.memory().state == state


def test_a_folder_that_cannot_be_written_to_is_noticed(monkeypatch, tmp_path):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "NamedTemporaryFile", refuse)
    check = doctor.writable("results folder", tmp_path / "results")
    assert check.state == MISSING
    assert str(tmp_path) in check.found


def test_engines_that_differ_are_noticed(monkeypatch):
    from simulation import twin

    monkeypatch.setattr(twin, "twin_run", lambda *_, **__: "month 2: residents.need")
    check = doctor.both_engines()
    assert check.state == MISSING
    assert "residents.need" in check.found


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"missing": ["/a.js (404)"]}, "not there: /a.js (404)"),
        ({"outside": ["cdn.example:443"]}, "outside: cdn.example:443"),
        ({"shown": False}, "no towns came to the page"),
        ({"problem": "the server did not answer"}, "the server did not answer"),
    ],
)
def test_a_page_that_is_not_whole_without_a_network_is_noticed(monkeypatch, said, told):
    whole = {"holds": False, "missing": [], "outside": [], "shown": True, "problem": "", "fetched": 1, "bytes": 1}
    answer = subprocess.CompletedProcess([], 1, json.dumps({**whole, **said}), "")
    monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: answer)
    check = doctor.no_network()
    assert (check.state, check.found) == (MISSING, told)


def test_a_look_that_fails_is_told_and_the_others_go_on(monkeypatch, tmp_path):
    def fail() -> Check:
        raise RuntimeError("unheard of")

    for name in ("python", "packages", "compiled", "both_engines"):
        monkeypatch.setattr(doctor, name, fail)
    found = doctor.examined(tmp_path)
    assert [check.state for check in found[:2]] == [MISSING, MISSING]
    assert "unheard of" in found[0].found
    assert found[-1].name == "screen"


def test_no_line_is_wider_than_a_terminal():
    long = Check("x", MISSING, "found", "word " * 60)
    assert max(map(len, doctor.in_words(long).split("\n"))) <= 100
