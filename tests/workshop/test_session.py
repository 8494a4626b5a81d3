"""A session does what its page asks, refuses what does not fit, outlives what fails, and touches no other."""

from __future__ import annotations

import gc
import json
import random
import sys
import threading
import time
import tracemalloc
import weakref
from contextlib import contextmanager
from dataclasses import replace

import pytest

from simulation.journal import fingerprint_of
from viz.workshop import cards, session, sharing, towns
from viz.workshop.plan import LARGEST_SEED, MOST, Act, Plan, Side, plan_in
from viz.workshop.rooms import Room
from viz.workshop.session import FASTEST, MOST_UNDONE, SLOWEST, Session
from viz.workshop.towns import TwoTowns, warm

SMALL = Plan(residents=100)


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    warm()


class Page:
    """What a browser would have: every message sent to it, and the traits as it knows them."""

    def __init__(self, tab, acks=True):
        self.tab, self.acks = tab, acks
        self.messages, self.files, self.months = [], [], []
        tab.widget.send = self._sent
        tab.widget.observe(self._frame, "frame")

    def _sent(self, content, buffers=None):
        self.messages.append(content)
        if "file" in content:
            self.files.append((content["file"], buffers))

    def _frame(self, change):
        head = head_of(change["new"])
        self.months.append(head["month"])
        if self.acks:
            self.tab.hear({"cmd": "ack", "seq": head["seq"]})

    def histories(self):
        """The pasts it was sent."""
        return [each["history"] for each in self.messages if "history" in each]


def head_of(packet):
    length = int.from_bytes(packet[:4], "little")
    return json.loads(packet[4 : 4 + length])


@contextmanager
def opened(plan=SMALL, month=None, *, pairs=0, **more):
    tab = Session(plan, month, pairs=pairs, **more)
    try:
        yield tab
    finally:
        tab.close()


@pytest.fixture
def tab():
    with opened() as found:
        yield found


def hear(tab, cmd, **values):
    tab.hear({"cmd": cmd, **values})


def prints(tab):
    return [fingerprint_of(model.town) for model in tab.towns.models]


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)


def refused(tab):
    """The words of the error on the page, if there is one."""
    notice = tab.widget.state["notice"]
    return notice["text"] if notice and notice["kind"] == "error" else ""


# ---- every command -------------------------------------------------------------------------------------------


def test_a_session_opens_at_the_first_month_shown(tab):
    assert head_of(tab.widget.frame)["month"] == SMALL.first == tab.towns.month
    assert tab.widget.static["run"] == head_of(tab.widget.frame)["run"]
    assert not tab.widget.state["playing"]
    assert plan_in(tab.widget.state["link"])[0] == SMALL


def test_step_lives_one_month(tab):
    hear(tab, "step")
    assert head_of(tab.widget.frame)["month"] == SMALL.first + 1


def test_hello_sends_every_month_shown(tab):
    page = Page(tab)
    for _ in range(5):
        hear(tab, "step")
    hear(tab, "hello")
    history = page.histories()[-1]
    assert history["from"] == SMALL.first
    assert [len(each) for each in (*history["values"], *history["paid"])] == [6] * 4


@pytest.mark.parametrize(("asked", "given"), [(3, 3.0), (0.001, SLOWEST), (1e9, FASTEST)])
def test_speed_is_bounded(tab, asked, given):
    hear(tab, "speed", v=asked)
    assert tab.widget.state["speed"] == given


def test_restart_has_the_same_luck_and_nothing_done(tab):
    hear(tab, "shock", key="energy", size=2)
    hear(tab, "step")
    hear(tab, "restart")
    assert (tab.plan, tab.towns.month) == (SMALL, SMALL.first)


def test_luck_is_other_luck_from_the_beginning(tab):
    before = prints(tab)
    hear(tab, "luck")
    assert tab.plan == replace(SMALL, seed=2)
    assert prints(tab) != before


def test_after_the_last_luck_comes_the_first():
    with opened(replace(SMALL, seed=LARGEST_SEED)) as tab:
        hear(tab, "luck")
        assert (tab.plan.seed, refused(tab)) == (0, "")


def test_setting_sides_versus_and_founded_begin_another_run(tab):
    hear(tab, "setting", v="wage_step")
    assert tab.plan.setting == "wage_step"
    hear(tab, "sides", left="in_house", right="0.5")
    assert (tab.plan.left, tab.plan.right) == (Side("in_house"), Side("0.5"))
    hear(tab, "versus", dial="sharing", value=0.9)
    assert (tab.plan.left, tab.plan.right) == (Side("in_house"), Side("in_house", (("sharing", 0.9),)))
    hear(tab, "founded", name="reserves_median", value=4, side="left")
    assert tab.plan.left.parameters == {"reserves_median": 4.0}
    hear(tab, "founded", name="residents", value=200)
    assert tab.plan.residents == 200 == len(tab.widget.static["people"]["x"])
    assert tab.widget.static["run"] == 6 == head_of(tab.widget.frame)["run"]


def test_a_shock_is_felt_in_both_towns_from_the_next_month(tab):
    hear(tab, "shock", key="food", size=2, lasting=False)
    assert tab.plan.acts == (Act(25, "shock", name="food", value=0.4, lasting=False),)
    assert head_of(tab.widget.frame)["month"] == 24
    assert [each["month"] for each in head_of(tab.widget.frame)["shocks"] if each["own"]] == [25]


def test_a_dial_is_turned_on_one_side_or_both(tab):
    hear(tab, "dial", name="sharing", value=1, side="right")
    hear(tab, "dial", name="inflow", value=0.02)
    hear(tab, "step")
    assert [side.own for side in tab.towns.sides] == [(("inflow", 0.02),), (("sharing", 1.0), ("inflow", 0.02))]
    assert [side["changed"] for side in tab.widget.static["sides"]] != [[], []]


def test_a_fork_sends_the_past_that_both_towns_now_have(tab):
    for _ in range(6):
        hear(tab, "step")
    page = Page(tab)
    hear(tab, "fork", side="left", governance="spot")
    assert page.histories() == []
    hear(tab, "step")
    left, right = page.histories()[-1]["values"]
    assert left[:-1] == right[:-1]
    assert left[-1] != right[-1]
    assert tab.widget.static["sides"][1]["governance"] == "spot"


def test_a_fork_to_the_governance_that_was_there_sends_the_past_too(tab):
    page = Page(tab)
    hear(tab, "fork", side="left", governance="relational")
    hear(tab, "step")
    assert len(page.histories()) == 1


def test_undo_goes_back_to_the_same_month_without_what_was_done(tab):
    hear(tab, "step")
    hear(tab, "shock", key="energy", size=2)
    for _ in range(3):
        hear(tab, "step")
    hear(tab, "dial", name="sharing", value=1)
    hear(tab, "step")
    hear(tab, "undo")
    hear(tab, "undo")
    assert (tab.plan, tab.towns.month, tab.widget.state["undo"]) == (SMALL, 29, "")
    assert prints(tab) == prints_of(SMALL, 29)


def prints_of(plan, month):
    return [fingerprint_of(model.town) for model in TwoTowns(plan, month, engine="compiled").models]


def test_undo_of_another_run_goes_back_to_where_it_stood(tab):
    hear(tab, "step")
    hear(tab, "setting", v="calm")
    hear(tab, "step")
    assert tab.widget.state["undo"]
    hear(tab, "undo")
    assert (tab.plan, tab.towns.month) == (SMALL, 25)
    hear(tab, "undo")
    assert (tab.plan, tab.towns.month, refused(tab)) == (SMALL, 25, "")


def test_only_so_much_can_be_undone(tab):
    for number in range(MOST_UNDONE + 8):
        hear(tab, "dial", name=("sharing", "openness")[number % 2], value=number / 100)
    assert len(tab.undone) == MOST_UNDONE


def test_a_dial_that_is_moved_on_before_the_month_is_over_is_one_change(tab):
    hear(tab, "dial", name="sharing", value=0.3)
    hear(tab, "step")
    for value in range(40, 90):
        hear(tab, "dial", name="sharing", value=value / 100)
    assert [act.value for act in tab.plan.acts] == [0.3, 0.89]
    assert "0.89" in tab.widget.state["undo"]
    hear(tab, "dial", name="sharing", value=0.5, side="left")
    assert len(tab.plan.acts) == 3
    for left in (2, 1, 0):
        hear(tab, "undo")
        assert len(tab.plan.acts) == left


def test_the_page_says_at_once_what_will_differ_from_the_next_month_on(tab):
    hear(tab, "fork", side="left", governance="in_house")
    left, [right] = head_of(tab.widget.frame)["coming"]
    assert left == []
    assert "In house" in right
    hear(tab, "step")
    assert head_of(tab.widget.frame)["coming"] == [[], []]


def test_somebody_is_followed_from_month_to_month(tab):
    hear(tab, "follow", i=7)
    assert tab.widget.person["i"] == 7
    hear(tab, "follow", i=10_000_000)
    assert tab.widget.person["i"] == 99
    for _ in range(8):
        hear(tab, "step")
    hear(tab, "follow", i=-1)
    assert any(side["log"] for side in tab.widget.person["sides"])
    hear(tab, "founded", name="residents", value=150)
    assert tab.widget.person["i"] == tab.followed


def test_cards_open_for_everything_there_is_and_close(tab):
    for _ in range(3):
        hear(tab, "step")
    for kind, many in (("organisation", "organisations"), ("agreement", "agreements"), ("peer", "peers")):
        for row in range(len(tab.widget.static[many])):
            hear(tab, "card", kind=kind, id=row)
            assert (tab.widget.card["kind"], tab.widget.card["id"], refused(tab)) == (kind, row, "")
    hear(tab, "close")
    assert tab.widget.card == {}


def test_why_is_answered_on_the_card_it_was_asked_on():
    with opened(month=60) as tab:
        event = 0
        hear(tab, "card", kind="organisation", id=8)
        hear(tab, "why", side="right", event=event)
        until(lambda: "why" in tab.widget.card)
        assert tab.widget.card["why"]["side"] == 1
        assert tab.widget.card["why"]["lines"]


def test_why_is_not_answered_on_another_card_nor_asked_twice_at_once(tab, monkeypatch):
    begun, go_on = [], threading.Event()

    def slowly(*_):
        begun.append(1)
        go_on.wait(10)
        return ["because"]

    monkeypatch.setattr(cards, "why_in_full", slowly)
    hear(tab, "card", kind="organisation", id=1)
    for _ in range(5):
        hear(tab, "why", side="left", event=0)
    hear(tab, "card", kind="organisation", id=2)
    go_on.set()
    until(lambda: not tab._asking)
    assert (len(begun), "why" in tab.widget.card) == (1, False)


def test_the_badge_judges_the_outcome_asked_for():
    with opened(pairs=6) as tab:
        assert tab.shadows.wait(60)
        for outcome in session.frames.outcomes():
            hear(tab, "outcome", v=outcome)
            assert (tab.widget.luck["outcome"], tab.widget.luck["ready"]) == (outcome, 6)
            assert tab.widget.luck["sentence"]
        hear(tab, "outcome", v="__class__")
        assert tab.widget.luck["outcome"] == outcome


def test_what_is_done_begins_another_fan_and_a_month_does_not():
    with opened(pairs=2) as tab:
        first = tab.shadows
        hear(tab, "step")
        assert tab.shadows is first
        hear(tab, "shock", key="energy", size=0)
        assert tab.shadows is not first
        assert first.wait(20)
        assert tab.shadows.plan == tab.plan


def test_another_language_tells_everything_anew(tab):
    hear(tab, "language", v="de")
    assert tab.widget.state["language"] == tab.widget.static["language"] == "de"
    assert tab.widget.words["stage.play"] != "stage.play"
    assert "language=de" in tab.widget.state["link"]
    hear(tab, "language", v="../en")
    assert tab.language == "de"


def test_a_notice_goes_when_it_is_understood(tab):
    hear(tab, "setting", v="nowhere")
    assert refused(tab)
    hear(tab, "understood")
    assert tab.widget.state["notice"] is None


# ---- what does not fit ---------------------------------------------------------------------------------------

ODD = [
    None, True, -1, 0.5, 10**400, -(10**400), float("nan"), float("inf"), "", "x" * 100_000, "../../etc/passwd",
    "<script>", "\ud800", [], [[]] * 3, {}, {"cmd": "play"}, b"bytes", "__class__", "relational;drop",
]  # fmt: skip
FIELDS = {
    "ack": ["seq"], "speed": ["v"], "setting": ["v"], "sides": ["left", "right"], "versus": ["dial", "value"],
    "founded": ["name", "value", "side"], "shock": ["key", "size"], "dial": ["name", "value", "side"],
    "fork": ["side", "governance"], "follow": ["i"], "card": ["kind", "id"], "why": ["side", "event"], "outcome": ["v"],
    "language": ["v"], "flow": ["do"], "file": ["kind"], "join": ["do"],
}  # fmt: skip
GOOD = {
    "seq": 1, "left": "spot", "right": "contract", "dial": "sharing", "value": 0.5, "name": "sharing", "side": "left",
    "key": "energy", "size": 1, "governance": "spot", "kind": "organisation", "id": 1, "event": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def bothered():
    with opened() as found:
        yield found


@pytest.mark.parametrize(("cmd", "field"), [(cmd, field) for cmd, each in FIELDS.items() for field in each])
def test_what_does_not_fit_is_refused_in_words_and_changes_nothing(bothered, cmd, field, monkeypatch):
    tab = bothered
    monkeypatch.setattr(sharing, "file_of", None)
    for odd in ODD:
        good = {name: GOOD[name] for name in FIELDS[cmd] if name in GOOD}
        plan, month = tab.plan, tab.towns.month
        tab.hear({"cmd": cmd, **good, field: odd})
        said = refused(tab)
        assert len(said) < 1000
        assert "Error" not in said, f"{cmd} {field}={odd!r}: {said}"
        if said:
            assert (tab.plan, tab.towns.month) == (plan, month)
        json.dumps(tab.widget.state, allow_nan=False)
        hear(tab, "understood")
        if tab.plan != plan:
            hear(tab, "undo")
    assert not tab.playing


@pytest.mark.parametrize("cmd", FIELDS)
def test_a_command_without_anything_does_not_fail(bothered, cmd):
    hear(bothered, cmd)
    assert "Error" not in refused(bothered)
    hear(bothered, "understood")


@pytest.mark.parametrize(
    "message",
    [{}, {"cmd": None}, {"cmd": "close.__init__"}, {"cmd": ["play"]}, {"cmd": "_hear"}, {"cmd": "__init__"}, None, 7],
)
def test_what_is_no_command_does_nothing(tab, message):
    before = prints(tab), dict(tab.widget.state)
    tab._hear(None, message, None)
    assert (prints(tab), dict(tab.widget.state)) == before


def test_only_what_begins_with_do_answers(tab):
    assert {name for name in dir(tab) if name.startswith("do_")} >= {f"do_{cmd}" for cmd in FIELDS}
    tab.hear({"cmd": "step_"})
    assert tab.towns.month == SMALL.first


def test_many_commands_at_random_leave_towns_that_their_link_rebuilds():
    lot = random.Random(1)
    with opened() as tab:
        for _ in range(120):
            cmd = lot.choice([*FIELDS, "step", "step", "undo", "restart", "luck"])
            if cmd in ("file", "why", "join"):
                continue
            values = {field: lot.choice([GOOD.get(field), GOOD.get(field), *ODD]) for field in FIELDS.get(cmd, ())}
            tab.hear({"cmd": cmd, **values})
        hear(tab, "step")
        plan, month, _ = plan_in(tab.widget.state["link"])
        assert (plan, month) == (tab.plan, tab.towns.month)
        assert prints(tab) == prints_of(plan, month)
        assert plan.residents <= MOST


# ---- what fails ----------------------------------------------------------------------------------------------


def failing(month, side=1):
    """A model whose rules raise in a month, in one of the towns."""

    class Failing(towns.CommunityModel):
        def step(self):
            if self.month == month and self.setting.governance == ("contract", "relational")[side]:
                self.town.residents["wellbeing"][:] = 0.0
                raise ZeroDivisionError("a rule divides by nothing")
            super().step()

    return Failing


@pytest.mark.parametrize("side", [0, 1])
def test_a_rule_that_raises_leaves_the_run_as_it_was_and_says_so(monkeypatch, side):
    with opened(month=27) as tab:
        monkeypatch.setattr(towns, "CommunityModel", failing(30, side))
        hear(tab, "restart")
        for _ in range(12):
            hear(tab, "step")
        assert tab.towns.month == 29
        assert "Month 30" in refused(tab)
        assert "divides by nothing" in refused(tab)
        assert prints(tab) == prints_of_plain(29)
        assert [model.month for model in tab.towns.models] == [30, 30]
        monkeypatch.undo()
        hear(tab, "sides", left="spot", right="contract")
        for _ in range(8):
            hear(tab, "step")
        assert (tab.towns.month, refused(tab)) == (32, "")


def prints_of_plain(month):
    return prints_of(SMALL, month)


def test_a_rule_that_raises_while_the_towns_play_stops_them(monkeypatch):
    with opened() as tab:
        page = Page(tab)
        monkeypatch.setattr(towns, "CommunityModel", failing(30))
        hear(tab, "restart")
        hear(tab, "speed", v=20)
        hear(tab, "play")
        until(lambda: refused(tab))
        assert not tab.playing
        assert page.months[-1] == 29
        assert "divides by nothing" in refused(tab)


def test_a_run_that_cannot_begin_leaves_the_one_there_is(monkeypatch):
    with opened(month=40) as tab:
        before = prints(tab)
        monkeypatch.setattr(towns, "CommunityModel", failing(3))
        hear(tab, "luck")
        assert (prints(tab), tab.plan, tab.undone) == (before, SMALL, [])
        assert "divides by nothing" in refused(tab)


def test_an_undo_that_cannot_be_lived_can_be_asked_for_again(monkeypatch):
    with opened() as tab:
        hear(tab, "shock", key="energy", size=2)
        hear(tab, "step")
        with monkeypatch.context() as patched:
            patched.setattr(towns, "CommunityModel", failing(3))
            hear(tab, "undo")
            assert refused(tab)
            assert len(tab.plan.acts) == 1
        hear(tab, "undo")
        assert (tab.plan, refused(tab)) == (SMALL, "")


def test_a_month_that_cannot_be_told_does_not_end_the_session(monkeypatch):
    with opened() as tab:
        with monkeypatch.context() as patched:
            patched.setattr(session.frames, "head", lambda *_: 1 / 0)
            hear(tab, "play")
            until(lambda: not tab.playing)
            assert "ZeroDivisionError" in refused(tab)
        hear(tab, "step")
        assert head_of(tab.widget.frame)["month"] == tab.towns.month


def test_a_file_that_cannot_be_made_is_told_and_another_may_be_asked_for(tab, monkeypatch):
    monkeypatch.setattr(sharing, "file_of", lambda *_: 1 / 0)
    hear(tab, "file", kind="csv")
    until(lambda: refused(tab))
    assert "ZeroDivisionError" in refused(tab)
    assert tab.widget.state["busy"] == ""


def test_a_file_is_sent_with_its_bytes_and_only_one_is_made_at_once(tab, monkeypatch):
    page, go_on = Page(tab), threading.Event()
    made = sharing.File("kith.csv", "text/csv", b"1,2\n")

    def slowly(*_):
        go_on.wait(10)
        return made

    monkeypatch.setattr(sharing, "file_of", slowly)
    hear(tab, "file", kind="csv")
    assert tab.widget.state["busy"]
    hear(tab, "file", kind="pack")
    assert refused(tab)
    go_on.set()
    until(lambda: page.files)
    assert page.files == [({"name": "kith.csv", "type": "text/csv"}, [b"1,2\n"])]
    until(lambda: tab.widget.state["busy"] == "")


# ---- playing -------------------------------------------------------------------------------------------------


def test_playing_goes_at_the_speed_asked_for():
    with opened() as tab:
        Page(tab)
        hear(tab, "speed", v=5)
        began = time.perf_counter()
        hear(tab, "play")
        until(lambda: tab.towns.month >= SMALL.first + 10)
        assert 1.6 < time.perf_counter() - began < 4.0


def test_playing_ends_with_the_last_month():
    with opened(month=80) as tab:
        page = Page(tab)
        hear(tab, "speed", v=20)
        hear(tab, "play")
        until(lambda: not tab.playing)
        assert page.months == [81, 82, 83]
        assert tab.widget.state["over"]
        hear(tab, "play")
        assert "over" in refused(tab)
        hear(tab, "step")
        assert tab.towns.month == 83


def test_towns_pause_when_nobody_says_that_a_month_was_drawn(monkeypatch):
    monkeypatch.setattr(session, "PATIENCE", 0.3)
    with opened() as tab:
        page = Page(tab, acks=False)
        hear(tab, "speed", v=20)
        hear(tab, "play")
        until(lambda: not tab.playing)
        assert page.months == [25]
        page.acks = True
        hear(tab, "play")
        until(lambda: len(page.months) > 4)


def test_an_old_or_wrong_word_that_a_month_was_drawn_does_not_count(monkeypatch):
    monkeypatch.setattr(session, "PATIENCE", 0.3)
    with opened() as tab:
        page = Page(tab, acks=False)
        hear(tab, "speed", v=20)
        hear(tab, "play")
        until(lambda: page.months)
        for seq in (0, -1, tab.seq - 1, tab.seq + 1, "2", None, True):
            hear(tab, "ack", seq=seq)
        until(lambda: not tab.playing)
        assert page.months == [25]


def test_pause_and_play_at_once_leaves_one_thread():
    with opened() as tab:
        Page(tab)
        for _ in range(20):
            hear(tab, "play")
            hear(tab, "pause")
        hear(tab, "play")
        time.sleep(0.1)
        until(lambda: living("kith-town") == 1)


def living(name):
    return sum(thread.name == name for thread in threading.enumerate())


def test_a_thread_that_was_stopped_lives_no_month_of_the_next_run():
    with opened() as tab:
        Page(tab)
        hear(tab, "speed", v=20)
        for _ in range(12):
            hear(tab, "play")
            time.sleep(0.03)
            hear(tab, "restart")
            assert tab.towns.month == SMALL.first
            time.sleep(0.03)
            assert tab.towns.month == SMALL.first


def test_what_is_done_while_the_towns_play_is_done_in_its_month_and_can_be_linked():
    with opened() as tab:
        Page(tab)
        hear(tab, "speed", v=20)
        hear(tab, "play")
        for number in range(8):
            hear(tab, "dial", name="sharing", value=number / 10, side="left")
            time.sleep(0.02)
        until(lambda: tab.towns.month > 45)
        hear(tab, "pause")
        with tab.lock:
            assert prints(tab) == prints_of(*plan_in(tab.link())[:2])


@pytest.mark.parametrize(
    "asked",
    [{"cmd": "dial", "name": "sharing", "value": 0.7, "side": "left"}, {"cmd": "shock", "key": "energy"}],
    ids=["dial", "shock"],
)
def test_what_waits_for_its_turn_while_a_month_is_lived_is_done_in_the_month_after_that(tab, asked):
    hear(tab, "dial", name="sharing", value=0.3, side="left")
    with tab.lock:
        waiting = threading.Thread(target=tab.hear, args=(asked,))
        waiting.start()
        time.sleep(0.1)  # until it stands before the lock
        tab.step()
    waiting.join()
    assert [act.month for act in tab.plan.acts] == [SMALL.first + 1, SMALL.first + 2]
    assert refused(tab) == ""
    assert [done.plan.acts for done in tab.undone] == [(), tab.plan.acts[:1]]


def test_close_ends_every_thread_and_nothing_is_heard_any_more():
    before = {thread.ident for thread in threading.enumerate()}
    tab = Session(SMALL, pairs=24)
    Page(tab)
    hear(tab, "speed", v=20)
    hear(tab, "play")
    time.sleep(0.2)
    tab.close()
    until(lambda: {thread.ident for thread in threading.enumerate()} <= before, 5)
    month = tab.towns.month
    for cmd in ("step", "play", "luck"):
        hear(tab, cmd)
    tab.given(replace(SMALL, seed=9))
    assert (tab.towns.month, tab.plan) == (month, SMALL)
    tab.close()


def test_a_session_that_cannot_begin_leaves_nothing_behind(monkeypatch):
    monkeypatch.setattr(towns, "CommunityModel", failing(3))
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        Session(SMALL, pairs=2)
    assert threading.active_count() == before


# ---- many at once --------------------------------------------------------------------------------------------


def test_thirty_sessions_do_not_touch_each_other():
    lot = random.Random(3)
    governances = ["contract", "relational", "spot", "in_house", "0.5"]
    tabs = [Session(Plan(residents=100, seed=seed, right=Side(lot.choice(governances))), pairs=0) for seed in range(30)]
    try:
        pages = [Page(tab) for tab in tabs]
        for tab in tabs[:10]:
            hear(tab, "speed", v=20)
            hear(tab, "play")
        for _ in range(12):
            for tab in tabs[10:]:
                cmd = lot.choice(["step", "step", "step", "dial", "shock", "fork", "undo"])
                values = {
                    "dial": {"name": "sharing", "value": lot.random()}, "shock": {"key": "food"},
                    "fork": {"side": "left", "governance": lot.choice(governances)},
                }.get(cmd, {})  # fmt: skip
                hear(tab, cmd, **values)
        for tab in tabs[:10]:
            until(lambda tab=tab: tab.towns.month > 30)
            hear(tab, "pause")
        for seed, (tab, page) in enumerate(zip(tabs, pages, strict=True)):
            with tab.lock:
                assert tab.plan.seed == seed
                assert prints(tab) == prints_of(*plan_in(tab.link())[:2])
                assert head_of(tab.widget.frame)["month"] == tab.towns.month
            assert page.months == sorted(page.months) or any(tab.undone)
    finally:
        for tab in tabs:
            tab.close()


def come_and_go(many, pairs):
    """Sessions that were open, did something and were closed; what may be left of them."""
    left = []
    for seed in range(many):
        with opened(Plan(residents=100, seed=seed), pairs=pairs) as tab:
            hear(tab, "step")
            hear(tab, "follow", i=3)
            hear(tab, "fork", side="left", governance="spot")
            hear(tab, "step")
            left += [weakref.ref(each) for each in (tab, tab.widget, tab.towns, *tab.towns.models, *tab.towns.pasts)]
    until(lambda: living("kith-luck") == 0)
    del tab
    if "solara.comm" in sys.modules:  # without a server, Solara keeps every widget it has ever seen
        sys.modules["solara.comm"].orphan_comm_stacks.clear()
    gc.collect()
    return left


def test_of_thirty_sessions_that_come_and_go_nothing_stays():
    assert [each() for each in come_and_go(30, pairs=1) if each() is not None] == []


def test_memory_is_flat_when_they_have_gone():
    """A session of this size holds 2 MB while it is open; each may leave 20 kB, since caches fill up for a while."""
    tracemalloc.start()
    try:
        come_and_go(3, pairs=0)
        before = tracemalloc.get_traced_memory()[0]
        come_and_go(12, pairs=0)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 12 * 20_000, f"{grown / 12 / 1000:.1f} kB a session stay behind"


def test_a_room_hands_its_plan_to_those_within_and_not_to_those_who_left(monkeypatch):
    monkeypatch.setenv("KITH_SHOW_HOST", "192.0.2.7")
    room = Room()
    with (
        opened(room=room) as facilitator,
        opened(replace(SMALL, seed=5)) as within,
        opened(replace(SMALL, seed=6)) as other,
    ):
        hear(facilitator, "join", do="open")
        assert facilitator.widget.state["join"]["open"]
        _, leave = room.enter(room.code, within.given)
        assert facilitator.widget.state["join"]["people"] == 1
        hear(facilitator, "setting", v="calm")
        hear(facilitator, "join", do="push")
        assert (within.plan.setting, other.plan.seed) == ("calm", 6)
        leave()
        hear(other, "join", do="open")
        assert refused(other)
