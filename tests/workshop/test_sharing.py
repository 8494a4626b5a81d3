"""What is taken home says what was on the screen, plays without anything else, and can be opened again."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import stat
import struct
import threading
import tomllib
import zipfile
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from experiments.study_file import load_study
from simulation.journal import fingerprint_of, model_fingerprint, read_journal
from simulation.journal import replay as lived_again
from simulation.measures import MEASURES
from viz.workshop import page, sharing
from viz.workshop.luck import Shadows, in_turn, shown
from viz.workshop.plan import Act, Plan, PlanError, Side, link_of, plan_in
from viz.workshop.session import Session
from viz.workshop.sharing import KINDS, LINK, MOST_FILES, Recorded, file_for, opened, plain_name, plan_from_pack
from viz.workshop.towns import TwoTowns
from viz.workshop.words import languages

ACTS = (
    Act(28, "shock", name="energy", value=0.5, lasting=False),
    Act(30, "own", "left", "sharing", 0.6),
    Act(36, "fork", "left", "governance", "spot"),
)
PLAN = Plan(residents=120, seed=4, right=Side("relational", (("inflow", 0.02),)), acts=ACTS)
MONTH = 44


@pytest.fixture(scope="module", autouse=True)
def _few_pairs():
    """A badge of few pairs, and a debrief of what is quickly worked out."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sharing, "PAIRS", 6)
        patched.setattr(sharing, "DEBRIEF", {"pairs": 6, "turns": 0, "shares": 0})
        yield


@pytest.fixture(scope="module")
def towns():
    return TwoTowns(PLAN, MONTH, engine="compiled")


@pytest.fixture(scope="module")
def files(_few_pairs):
    return {kind: file_for(PLAN, MONTH, "en", kind) for kind in KINDS}


@pytest.fixture(scope="module")
def packed(files):
    with zipfile.ZipFile(io.BytesIO(files["pack"].data)) as found:
        return {name: found.read(name) for name in found.namelist()}


def recorded_in(told):
    """What a replay holds, read as a browser reads it."""
    held = re.search(r'<script type="application/json" id="recorded">(.*?)</script>', told, re.DOTALL)
    assert held
    return json.loads(held.group(1))


def frames_in(told):
    for text in recorded_in(told)["frames"]:
        packet = base64.b64decode(text)
        (length,) = struct.unpack_from("<I", packet)
        yield json.loads(packet[4 : 4 + length]), packet


# ---- every file ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_plan_gives_the_same_bytes(files, kind):
    assert file_for(PLAN, MONTH, "en", kind) == files[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_another_month_another_luck_and_another_language_give_other_bytes(files, kind):
    for plan, month, language in ((PLAN, 45, "en"), (replace(PLAN, seed=5), MONTH, "en"), (PLAN, MONTH, "de")):
        assert file_for(plan, month, language, kind).data != files[kind].data


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_plain(files, kind):
    assert re.fullmatch(r"kith-[a-z0-9_-]{1,100}\.(csv|html|zip)", files[kind].name)


def test_a_name_is_plain_whatever_the_setting_is_called():
    plan = object.__new__(Plan)
    for name, value in (
        ("setting", "../Ärger <b>\n/x" * 40),
        ("seed", 1),
        ("left", Side("0.5")),
        ("right", Side("spot")),
    ):
        object.__setattr__(plan, name, value)
    assert re.fullmatch(r"[a-z0-9_-]{1,100}", plain_name(plan))


@pytest.mark.parametrize("kind", ["", "png", "../pack", None, 3])
def test_there_are_no_other_kinds(kind):
    with pytest.raises(PlanError):
        file_for(PLAN, MONTH, "en", kind)


def test_a_session_keeps_what_is_on_its_screen_and_goes_on_undisturbed(files):
    tab = Session(PLAN, MONTH, pairs=0)
    try:
        before = [fingerprint_of(model.town) for model in tab.towns.models]
        for kind in KINDS:
            assert sharing.file_of(tab, kind) == files[kind]
        assert [fingerprint_of(model.town) for model in tab.towns.models] == before
    finally:
        tab.close()


# ---- numbers -------------------------------------------------------------------------------------------------


def test_the_numbers_are_those_of_the_towns_to_the_last_digit(files, towns):
    found = pd.read_csv(io.BytesIO(files["csv"].data), comment="#")
    assert list(found.columns) == ["side", "town", "month", "when", *(measure.__name__ for measure in MEASURES)]
    for place, side in enumerate(("left", "right")):
        rows = found[found.side == side]
        assert rows.month.tolist() == list(range(PLAN.first, MONTH + 1))
        history = towns.models[place].town.history
        for name in (measure.__name__ for measure in MEASURES):
            assert np.array_equal(rows[name].to_numpy(float), history[name][PLAN.first : MONTH + 1], equal_nan=True)


def test_the_numbers_say_where_they_are_from_and_in_which_units(files, towns):
    lines = files["csv"].data.decode().splitlines()
    said = "\n".join(line for line in lines if line.startswith("#"))
    assert link_of(PLAN, MONTH) in said
    assert model_fingerprint() in said
    assert all(fingerprint_of(model.town) in said for model in towns.models)
    head, units = list(csv.reader(lines[len(said.splitlines()) - 1 : len(said.splitlines()) + 1]))
    assert len(head) == len(units)
    assert dict(zip(head, units, strict=True))["public_cost"].startswith("£")
    assert all(unit for name, unit in zip(head, units, strict=True) if name not in ("side", "town", "when"))


def test_no_line_of_the_numbers_is_a_formula(files, packed):
    for name in ("months.csv", "events.csv", "neighbourhoods.csv", "columns.csv"):
        for row in csv.reader(io.StringIO(packed[name].decode())):
            assert not any(cell.startswith(("=", "+", "@", "\t")) for cell in row)


# ---- a replay ------------------------------------------------------------------------------------------------


def test_a_replay_holds_every_month_as_the_page_was_sent_it(files):
    heads = [head for head, _ in frames_in(files["replay"].data.decode())]
    assert [head["month"] for head in heads] == list(range(PLAN.first, MONTH + 1))
    tab = Session(PLAN, PLAN.first, pairs=0)
    sent = []
    tab.widget.observe(lambda change: sent.append(change["new"]), "frame")
    try:
        while tab.towns.month < MONTH:
            tab.step()
    finally:
        tab.close()
    for (head, packet), frame in zip(list(frames_in(files["replay"].data.decode()))[1:], sent, strict=True):
        (length,) = struct.unpack_from("<I", frame)
        assert json.loads(frame[4 : 4 + length]) | {"run": 1, "seq": head["seq"]} == head
        assert packet.endswith(frame[4 + length :])


def test_a_replay_tells_the_towns_anew_where_they_are_told_otherwise(files):
    held = recorded_in(files["replay"].data.decode())
    assert [place for place, _, _ in held["described"]] == [0, 30 - PLAN.first, 36 - PLAN.first]
    told = [{**held["static"], **changes}["sides"][1]["governance"] for _, changes, _ in held["described"]]
    assert told == ["relational", "relational", "spot"]
    history = held["described"][-1][2]
    left, right = history["values"]
    assert left[:-1] == right[:-1]
    assert left[-1] != right[-1]


def test_a_replay_holds_every_life_before_the_fork_and_after(files, towns):
    held = recorded_in(files["replay"].data.decode())
    assert held["lives"] == [36 - PLAN.first, MONTH + 1 - PLAN.first]
    assert len(held["people"]) == PLAN.residents
    before = TwoTowns(PLAN, 35, engine="compiled")
    for row in (0, 17, held["busiest"]):
        early, late = held["people"][row]["logs"]
        assert early == [[list(line) for line in past.log(row, PLAN.first)] for past in before.pasts]
        assert late == [[list(line) for line in past.log(row, PLAN.first)] for past in towns.pasts]


def test_a_replay_says_of_every_month_whether_it_may_be_luck(files):
    recorded = recorded_in(files["replay"].data.decode())
    assert list(recorded["luck"]) == list(sharing.frames.outcomes())
    assert recorded["turns"] == [in_turn(sharing.frames.outcomes(), month) for month in range(MONTH - PLAN.first + 1)]
    luck = Shadows(PLAN, sharing.frames.outcomes(), 6)
    assert luck.wait(60)
    for month in (PLAN.first, 33, MONTH):
        there = TwoTowns(PLAN, month, engine="compiled")
        called = sharing.frames.teller(there, "en").called
        place = month - PLAN.first
        for outcome, held in recorded["luck"].items():
            wanted = shown(luck, outcome, there, "en", called)
            lines = {name: line[: place + 1] for name, line in held["lines"].items()}
            assert held["months"][place] | lines == json.loads(json.dumps(wanted))


def test_pairs_that_a_badge_has_lived_already_give_the_same_replay(files):
    luck = Shadows(PLAN, sharing.frames.outcomes(), 6)
    assert file_for(PLAN, MONTH, "en", "replay", shadows=luck) == files["replay"]
    others = Shadows(replace(PLAN, seed=9), sharing.frames.outcomes(), 6)
    assert file_for(PLAN, MONTH, "en", "replay", shadows=others) == files["replay"]


@pytest.mark.parametrize("kind", ["replay", "pack"])
def test_a_file_that_nobody_wants_any_more_is_given_up(kind):
    stop = threading.Event()
    stop.set()
    with pytest.raises(PlanError, match="given up"):
        file_for(PLAN, MONTH, "en", kind, stop=stop)
    assert not [thread for thread in threading.enumerate() if thread.name == "kith-luck" and thread.join(10)]


class Elements(HTMLParser):
    """The tags of a page, and what it would fetch."""

    def __init__(self):
        super().__init__()
        self.tags, self.fetched = [], []

    def handle_starttag(self, tag, attrs):
        """Keep a tag."""
        self.tags.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href", "srcset", "action")]


def test_a_replay_asks_for_nothing_and_nothing_in_it_breaks_out(files, monkeypatch):
    evil = "</script><!-- <script>alert(1)</script> --> {{recorded}} \u2028 & <img src=x onerror=alert(1)>"
    usual = Elements()
    usual.feed(files["replay"].data.decode())
    monkeypatch.setattr(page, "module", lambda: f"export default {{ render() {{}} }}; // {evil}")
    monkeypatch.setattr(Recorded, "called", lambda *_: evil)
    told = file_for(PLAN, 26, "en", "replay").data.decode()
    found = Elements()
    found.feed(told)
    assert found.tags == usual.tags
    assert (found.fetched, usual.fetched) == ([], [])
    assert recorded_in(told)["module"].endswith(evil)
    assert "default-src 'none'" in told


@pytest.mark.parametrize("language", languages())
def test_a_replay_speaks_the_language_of_the_page(language):
    told = file_for(PLAN, 25, language, "replay").data.decode()
    assert f'<html lang="{language}">' in told
    assert recorded_in(told)["static"]["language"] == language


def test_a_replay_is_small_enough_to_send():
    for residents, most in ((600, 1_000_000), (2000, 2_500_000)):
        plan = Plan(residents=residents)
        assert len(file_for(plan, plan.months - 1, "en", "replay").data) < most


def test_a_replay_plays_to_its_end_in_a_browser_without_a_network(files, browser, tmp_path):
    file = tmp_path / files["replay"].name
    file.write_bytes(files["replay"].data)
    context = browser.new_context(viewport={"width": 1280, "height": 720}, offline=True)
    wrong, asked = [], []
    try:
        tab = context.new_page()
        tab.on("pageerror", lambda problem: wrong.append(str(problem)))
        tab.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(file.as_uri())
        stage = tab.get_by_test_id("stage")
        tab.get_by_test_id("play").wait_for()
        month = "[data-testid=stage][data-month='{}']"
        tab.wait_for_selector(month.format(PLAN.first))
        tab.get_by_test_id("step").click()
        tab.wait_for_selector(month.format(PLAN.first + 1))
        tab.get_by_test_id("speed-5").click()
        tab.get_by_test_id("play").click()
        tab.wait_for_selector(month.format(MONTH), timeout=30_000)
        tab.wait_for_selector("[data-testid=stage][data-playing=false]")
        assert stage.get_attribute("data-right") == "spot"
        assert stage.get_attribute("data-shocks")
        tab.get_by_test_id("tab-follow").click()
        tab.get_by_test_id("journey").get_by_role("list").first.wait_for()
        tab.get_by_test_id("restart").click()
        tab.wait_for_selector(month.format(PLAN.first))
        assert stage.get_attribute("data-right") == "relational"
    finally:
        context.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []


# ---- a pack --------------------------------------------------------------------------------------------------


def test_a_pack_holds_what_its_first_page_says(packed):
    said = packed["README.txt"].decode()
    for name in packed:
        assert name == "README.txt" or name in said
    assert link_of(PLAN, MONTH) in said
    assert model_fingerprint() in said
    assert "{" not in said


def test_a_pack_holds_the_same_replay_and_numbers(packed, files):
    assert packed["replay.html"] == files["replay"].data
    assert packed["months.csv"] == files["csv"].data


def test_the_journals_of_a_pack_live_both_towns_again(packed, towns, tmp_path):
    for side, model in zip(("left", "right"), towns.models, strict=True):
        file = tmp_path / f"{side}.toml"
        file.write_bytes(packed[f"journal_{side}.toml"])
        assert fingerprint_of(lived_again(read_journal(file), engine="compiled").town) == fingerprint_of(model.town)


def test_the_events_of_a_pack_are_those_of_both_towns(packed, towns):
    found = pd.read_csv(io.BytesIO(packed["events.csv"]))
    for side, model in zip(("left", "right"), towns.models, strict=True):
        rows = found[found.side == side]
        assert rows.row.tolist() == list(range(len(model.events)))
        assert rows.kind.tolist() == model.events.kind.tolist()


def test_the_question_of_a_pack_can_be_swept(packed, tmp_path):
    for name in ("question.toml", "question_setting.toml"):
        (tmp_path / name).write_bytes(packed[name])
    study = load_study(tmp_path / "question.toml")
    assert dict(study.governances) == {"left": "contract", "right": "relational"}
    assert study.scenario.residents == PLAN.residents
    assert len(study.scenario.shocks) == len(PLAN.scenario().shocks) + 1
    said = packed["question.toml"].decode()
    assert all(left_out in said for left_out in ("inflow", "sharing", "governance spot"))


def test_what_both_sides_have_of_their_own_is_asked_too(tmp_path):
    own = (("inflow", 0.02), ("sharing", 0.5))
    plan = replace(PLAN, left=Side("contract", own), right=Side("contract", (*own, ("term", 12.0))), acts=())
    with zipfile.ZipFile(io.BytesIO(file_for(plan, 25, "en", "pack").data)) as found:
        found.extractall(tmp_path)
    study = load_study(tmp_path / "question.toml")
    assert study.scenario.parameter("inflow") == 0.02
    assert study.governances["right"] == {"base": "contract", "sharing": 0.5, "term": 12.0}


def test_a_pack_opens_at_the_plan_the_month_and_the_language(files, tmp_path):
    file = tmp_path / "pack.zip"
    file.write_bytes(file_for(PLAN, MONTH, "de", "pack").data)
    assert plan_from_pack(file) == PLAN
    assert opened(file) == (PLAN, MONTH, "de")


def test_versions_name_the_model_and_both_towns(packed, towns):
    told = tomllib.loads(packed["versions.toml"].decode())
    assert told["model"] == model_fingerprint()
    assert list(told["towns"].values()) == [fingerprint_of(model.town) for model in towns.models]


def test_a_setting_of_ones_own_goes_into_the_pack_with_the_files_of_its_graph(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    edges = [f"{row} {(row + 1) % 100}" for row in range(100)]
    (home / "friends.edgelist").write_text("\n".join(edges), encoding="utf-8")
    (home / "mine.toml").write_text(
        'title = "Mine"\nmonths = 40\n[town]\nresidents = 100\n[graph]\nkith = "friends.edgelist"\n', encoding="utf-8"
    )
    monkeypatch.setenv("KITH_SHOW_SETTING", str(home / "mine.toml"))
    data = file_for(Plan(setting="mine", residents=100), 30, "en", "pack").data
    assert str(home).encode() not in b"".join(zipfile.ZipFile(io.BytesIO(data)).read(name) for name in names_in(data))
    out = tmp_path / "out"
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        found.extractall(out)
    again = lived_again(read_journal(out / "journal_left.toml"), engine="compiled")
    assert again.month == 31
    file = tmp_path / "pack.zip"
    file.write_bytes(data)
    monkeypatch.setenv("KITH_SHOW_SETTING", "")
    with pytest.raises(PlanError, match="kith show setting"):
        plan_from_pack(file)
    monkeypatch.setenv("KITH_SHOW_SETTING", str(out / "setting.toml"))
    assert plan_from_pack(file).months == 40


def names_in(data):
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        return found.namelist()


# ---- packs of others -----------------------------------------------------------------------------------------


def zip_of(tmp_path, inside, **more):
    file = tmp_path / "given.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in inside:
            out.writestr(name, data, **more)
    return file


GOOD = (LINK, "?setting=calm&seed=3")


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/passwd",
        "a/../../b",
        "..",
        "folder/link.txt",
        "C:\\evil",
        "C:evil",
        "\\\\host\\share",
        "a\\b",
        "./x",
    ],
)
def test_a_pack_with_a_path_in_it_is_refused(tmp_path, name):
    with pytest.raises(PlanError, match="path in its name"):
        plan_from_pack(zip_of(tmp_path, [GOOD, (name, "x")]))


@pytest.mark.parametrize(
    "link",
    ["", "x" * 30_000, "?setting=../../etc/passwd", "\x00", "?left=<script>", "file:///etc/passwd", "?nothing=1"],
    ids=lambda link: link[:20],
)
def test_a_pack_whose_link_does_not_fit_is_refused(tmp_path, link):
    with pytest.raises(PlanError):
        plan_from_pack(zip_of(tmp_path, [(LINK, link)]))


def test_a_pack_without_a_link_with_two_or_with_too_much_is_refused(tmp_path):
    with pytest.raises(PlanError, match=LINK):
        plan_from_pack(zip_of(tmp_path, [("README.txt", "x")]))
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zip_of(tmp_path, [GOOD, GOOD])
    with pytest.raises(PlanError, match=LINK):
        plan_from_pack(twice)
    with pytest.raises(PlanError, match="more than any"):
        plan_from_pack(zip_of(tmp_path, [GOOD, *((f"{number}", "") for number in range(MOST_FILES))]))


def test_a_pack_that_would_fill_the_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(sharing, "MOST_BYTES", 1_000_000)
    with pytest.raises(PlanError, match="more than any"):
        plan_from_pack(zip_of(tmp_path, [GOOD, ("zeros", b"\0" * 2_000_000)]))


def test_a_link_that_lies_about_its_length_is_not_read_to_its_end(tmp_path):
    file = zip_of(tmp_path, [(LINK, "x" * 5_000_000)])
    data = file.read_bytes().replace(struct.pack("<I", 5_000_000), struct.pack("<I", 10))
    file.write_bytes(data)
    with pytest.raises(PlanError):
        plan_from_pack(file)


@pytest.mark.parametrize("cut", [0, 1, 10, 100])
def test_what_is_no_zip_or_half_of_one_is_refused(tmp_path, files, cut):
    file = tmp_path / "half.zip"
    file.write_bytes(files["pack"].data[: cut * 100])
    with pytest.raises(PlanError, match="not a pack"):
        plan_from_pack(file)
    with pytest.raises(PlanError, match="not a pack"):
        plan_from_pack(tmp_path / "nowhere.zip")
    with pytest.raises(PlanError, match="not a pack"):
        plan_from_pack(tmp_path)


def test_a_damaged_or_locked_pack_is_refused(tmp_path):
    file = zip_of(tmp_path, [GOOD])
    data = bytearray(file.read_bytes())
    locked = bytearray(data)
    locked[6] |= 1
    locked[data.index(b"PK\x01\x02") + 8] |= 1
    data[40] ^= 0xFF
    for each in (data, locked):
        file.write_bytes(each)
        with pytest.raises(PlanError):
            plan_from_pack(file)


def test_opening_a_pack_writes_nothing(tmp_path, files):
    file = tmp_path / "pack.zip"
    file.write_bytes(files["pack"].data)
    plan_from_pack(file)
    assert [each.name for each in tmp_path.iterdir()] == ["pack.zip"]
    with zipfile.ZipFile(file) as found:
        assert all(stat.S_IMODE(about.external_attr >> 16) == 0o644 for about in found.infolist())
        assert {about.date_time for about in found.infolist()} == {sharing.LONGEST_AGO}


def test_the_link_in_a_pack_is_the_one_on_the_screen(packed):
    assert plan_in(packed[LINK].decode().strip())[:2] == (PLAN, MONTH)


def test_the_page_offers_what_was_made_as_a_download(open_page, tmp_path):
    tab = open_page("/?setting=calm&residents=100&month=30")
    tab.get_by_test_id("play").wait_for(timeout=60_000)
    for kind, ending in (("csv", ".csv"), ("replay", ".html")):
        tab.get_by_test_id("menu").click()
        with tab.expect_download(timeout=60_000) as download:
            tab.get_by_test_id(kind).click()
        assert download.value.suggested_filename == f"kith-calm-contract-relational-1{ending}"
        download.value.save_as(tmp_path / f"kept{ending}")
    months = pd.read_csv(tmp_path / "kept.csv", comment="#")
    assert months.month.max() == 30
    assert [head["month"] for head, _ in frames_in((tmp_path / "kept.html").read_text("utf-8"))] == list(range(24, 31))
