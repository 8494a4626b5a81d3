"""The workshop without a network: everything a page needs is kept beside it, and nothing asks for more."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from tests import browsers
from tests.workshop.serving import HOUSE
from viz.serve import cdn_files
from viz.serve.offline import named_in_page


def cut_off_from_the_network() -> None:
    """Leave the test out where a process cannot be given a network of its own, with nothing in it."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare here, which cuts a process off from the network")
    tried = subprocess.run(["unshare", "-rn", "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"this computer does not let a process have a network of its own: {tried.stderr.strip()}")


@pytest.mark.xdist_group("browser")
def test_without_a_network_the_page_opens_in_a_browser_and_asks_for_nothing_outside():
    cut_off_from_the_network()
    browsers.needed()
    said = subprocess.run(
        ["unshare", "-rn", sys.executable, "-m", "tests.workshop.without_network"],
        cwd=HOUSE, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout.strip().splitlines()[-1])
    assert found["network"] == "cut"
    assert found["wrong"] == []
    assert found["months"] == 1
    assert found["colours"] > 50, "the page is as good as blank"


def test_the_page_comes_whole_while_every_way_out_is_shut():
    said = subprocess.run(
        [sys.executable, "-m", "viz.serve.offline"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    found = json.loads(said.stdout.strip().splitlines()[-1])
    assert (found["missing"], found["outside"], found["problem"]) == ([], [], "")
    assert found["fetched"] > 10
    assert found["shown"]
    assert said.returncode == 0


def test_the_files_kept_are_those_that_the_installed_solara_asks_for():
    assert cdn_files.not_kept() == set()
    assert len(cdn_files.asked_for()) == 4


def test_every_file_kept_is_what_it_must_be():
    assert cdn_files.missing() == []


def test_no_file_is_kept_that_is_not_listed():
    there = {file.relative_to(cdn_files.FOLDER).as_posix() for file in cdn_files.FOLDER.rglob("*") if file.is_file()}
    assert there == {*cdn_files.names(), "SHA256SUMS", "README.md"}


def test_a_file_that_is_changed_or_gone_is_noticed(tmp_path, monkeypatch):
    folder = tmp_path / "cdn"
    shutil.copytree(cdn_files.FOLDER, folder)
    monkeypatch.setattr(cdn_files, "FOLDER", folder)
    monkeypatch.setattr(cdn_files, "SUMS", folder / "SHA256SUMS")
    first, second = cdn_files.names()[:2]
    (folder / first).write_bytes((folder / first).read_bytes() + b" ")
    (folder / second).unlink()
    assert cdn_files.missing() == [f"{first} is not the file it must be", f"{second} is not there"]


def test_what_a_new_solara_would_ask_for_is_noticed(tmp_path, monkeypatch):
    changed = cdn_files.template().read_text(encoding="utf-8").replace("requirejs@2.3.6", "requirejs@9.9.9")
    (tmp_path / "solara.html.j2").write_text(changed, encoding="utf-8")
    monkeypatch.setattr(cdn_files, "template", lambda: tmp_path / "solara.html.j2")
    assert cdn_files.not_kept() == {"requirejs@9.9.9/require.js"}


def test_what_a_page_names_is_found_in_it():
    page = (
        '<link rel="icon" href="/icon.png"><script src="/a.js?v=1"></script><script type="text/x-template">'
        '<img src="no"></script><script>const urls = {"light": "/static/light.css?v=2"};'
        'requirejs(["/jupyter/x.js",]);</script>'
        '<iframe src="https://elsewhere.example/x"></iframe>'
    )
    found = ["/icon.png", "/a.js?v=1", "https://elsewhere.example/x", "/static/light.css?v=2", "/jupyter/x.js"]
    assert named_in_page(page)[:5] == found
    assert "no" not in named_in_page(page)
