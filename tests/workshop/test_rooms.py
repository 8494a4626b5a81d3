"""The room that participants join: closed by default, entered with a code, and nobody's towns touch another's."""

from __future__ import annotations

import pytest

from viz.workshop.plan import Act, Plan, Side
from viz.workshop.rooms import HOST, KEY, MOST, PORT, SMALL, Room, RoomError, facilitates, link_to, listens

PLAN = Plan(setting="wage_step", residents=900, right=Side("spot"), acts=(Act(40, "shock", name="food", value=0.2),))


@pytest.fixture
def on_the_network(monkeypatch):
    monkeypatch.setenv(HOST, "192.0.2.7")
    monkeypatch.setenv(PORT, "8770")


def entered(room: Room) -> tuple[list[Plan], Plan]:
    given: list[Plan] = []
    plan, _ = room.enter(room.code, given.append)
    return given, plan


def test_a_room_is_closed_until_it_is_opened():
    with pytest.raises(RoomError, match="closed"):
        Room().enter("", lambda plan: None)


def test_a_wrong_code_does_not_open_it():
    room = Room()
    room.open(PLAN)
    with pytest.raises(RoomError, match="wrong_code"):
        room.enter("ABCABC" if room.code != "ABCABC" else "ABCABD", lambda plan: None)


def test_whoever_enters_begins_the_facilitators_setting_in_a_small_town():
    room = Room()
    room.open(PLAN)
    _, plan = entered(room)
    assert (plan.setting, plan.right, plan.residents, plan.acts) == ("wage_step", Side("spot"), SMALL, ())


def test_a_plan_is_given_to_everybody_within_and_to_whoever_comes_later():
    room = Room()
    room.open(Plan())
    first, second = entered(room)[0], entered(room)[0]
    room.push(PLAN)
    assert first == second == [room.plan]
    assert entered(room)[1].setting == "wage_step"


def test_whoever_has_left_is_given_nothing_and_not_counted():
    room = Room()
    room.open(Plan())
    given: list[Plan] = []
    _, leave = room.enter(room.code, given.append)
    assert room.people == 1
    leave()
    room.push(PLAN)
    assert (given, room.people) == ([], 0)


def test_a_full_room_lets_nobody_in():
    room = Room()
    room.open(Plan())
    for _ in range(MOST):
        entered(room)
    with pytest.raises(RoomError, match="full"):
        entered(room)


def test_a_closed_room_keeps_those_within_and_lets_nobody_in():
    room = Room()
    room.open(Plan())
    code = room.code
    entered(room)
    room.close()
    assert room.people == 1
    with pytest.raises(RoomError, match="closed"):
        room.enter(code, lambda plan: None)


def test_who_watches_is_told_when_people_come_and_go():
    room, told = Room(), []
    stop = room.watch(lambda: told.append(room.people))
    room.open(Plan())
    _, leave = room.enter(room.code, lambda plan: None)
    leave()
    stop()
    room.close()
    assert told == [0, 1, 0]


def test_every_opening_has_another_code():
    codes = set()
    for _ in range(20):
        room = Room()
        room.open(Plan())
        codes.add(room.code)
    assert len(codes) == 20


def test_nobody_can_join_where_only_this_machine_is_listened_to(monkeypatch):
    for host in ("", "127.0.0.1", "localhost", "::1"):
        monkeypatch.setenv(HOST, host)
        assert not listens()
        assert Room().shown() == {"possible": False, "open": False}


def test_the_picture_holds_the_link_with_the_code(on_the_network):
    room = Room()
    room.open(Plan())
    shown = room.shown()
    assert shown["link"] == f"http://192.0.2.7:8770/sandbox?room={room.code}" == link_to(room.code)
    assert shown["qr"].startswith("<svg")
    assert shown["people"] == 0


def test_only_the_key_makes_a_facilitator_where_there_is_one(monkeypatch):
    assert facilitates(None)
    monkeypatch.setenv(KEY, "secret")
    assert facilitates("secret")
    assert not facilitates("other")
    assert not facilitates(None)
