"""A whole room for a while: thirty at once keep to themselves, nothing piles up, and all is gone when they go."""

from __future__ import annotations

import time
from typing import Any

import psutil
import pytest

from tests.workshop.conftest import Watched
from tests.workshop.crowd import play_together
from tests.workshop.looking import month, month_from
from tests.workshop.serving import served
from tests.workshop.test_robust import kept_by
from viz.workshop import frames
from viz.workshop.plan import plan_in
from viz.workshop.towns import TwoTowns

MANY, SECONDS = 30, 25.0
LONG_SETTING = 'title = "Long"\nstory = "Long."\nlook_for = "Nothing."\nmonths = 400\n'


@pytest.fixture(scope="module")
def alone() -> Any:
    """A workshop that nobody else is in."""
    with served() as found:
        yield found


def memory(server: Any) -> float:
    """Megabytes the server holds."""
    return psutil.Process(server.process.pid).memory_info().rss / 1e6


def all_gone(server: Any) -> None:
    until = time.monotonic() + 60.0
    while kept_by(server)[0] and time.monotonic() < until:
        time.sleep(0.2)
    assert kept_by(server)[0] == 0


@pytest.mark.torture
def test_thirty_guests_each_see_their_own_towns_and_leave_nothing_behind(alone):
    paths = [f"/?residents=300&seed={seed}&setting=calm" for seed in range(1, MANY + 1)]
    process = psutil.Process(alone.process.pid)
    held = [memory(alone)]
    for _ in range(3):
        began, used = time.monotonic(), process.cpu_times()
        guests = play_together(alone.address, paths, 1.0, SECONDS)
        spent = process.cpu_times()
        share = (spent.user + spent.system - used.user - used.system) / (time.monotonic() - began)
        playing = max(memory(alone), held[-1])
        assert [guest.problem for guest in guests if guest.problem] == []
        for seed, guest in enumerate(guests, start=1):
            assert guest.about["seed"] == seed
            shown = [head["month"] for head in guest.heads]
            assert shown == list(range(24, 24 + len(shown))), "no month was left out, and none came twice"
            assert len(shown) >= 0.6 * SECONDS
        all_gone(alone)
        held.append(memory(alone))
        months = sorted(len(guest.heads) - 1 for guest in guests)
        print(f"{months[0]} to {months[-1]} months in {SECONDS:.0f} s, {held[0]:.0f} MB before anybody came")
        print(f"CPU {100 * share:.0f}% of a core, {playing:.0f} MB while playing, {held[-1]:.0f} MB after")
    for seed, guest in enumerate(guests, start=1):
        plan, _, _ = plan_in(f"residents=300&seed={seed}&setting=calm")
        towns = TwoTowns(plan, guest.heads[-1]["month"])
        told = frames.head(towns, frames.teller(towns, "en"), "en")
        assert guest.heads[-1]["numbers"] == told["numbers"]
        assert guest.heads[-1]["values"] == told["values"]
        towns.close()
    assert held[3] - held[2] < 40.0, f"memory grows from crowd to crowd: {held}"


@pytest.mark.torture
def test_five_months_a_second_for_a_minute_without_lag(browser, tmp_path):
    setting = tmp_path / "long.toml"
    setting.write_text(LONG_SETTING, encoding="utf-8")
    with served(str(setting), "--port", "0") as server, Watched(browser, server.address) as watched:
        page = watched("/")
        month(page, 24)
        page.get_by_test_id("speed-5").click()
        page.get_by_test_id("play").click()
        month_from(page, 26)
        seen = []
        began = time.monotonic()
        while time.monotonic() - began < 60.0:
            at = int(page.get_by_test_id("stage").get_attribute("data-month"))
            seen.append((time.monotonic() - began, at))
            time.sleep(0.5)
    paces = [pace(seen, begin, begin + 20.0) for begin in (0.0, 20.0, 40.0)]
    print(f"months a second in each third of a minute: {paces}")
    assert watched.wrong == []
    assert min(paces) > 3.0
    assert paces[2] > 0.8 * paces[0], "it slows down"


def pace(seen: list[tuple[float, int]], begin: float, end: float) -> float:
    """Months a second between two moments."""
    within = [each for each in seen if begin <= each[0] <= end]
    (first, low), (last, high) = within[0], within[-1]
    return round((high - low) / (last - first), 2)
