"""The debrief: told of both towns by one rule, true to what was lived, and complete in both languages."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace
from html import unescape

import numpy as np
import pytest

from agents.declared import ASSUMED, fields_of
from agents.parameters import Parameters
from agents.terms import Terms
from experiments.intervals import Estimate
from experiments.pairs import BEARERS
from viz.workshop import debrief, measured
from viz.workshop.debrief import Writer, act_told, debrief_html, limits, luck_of, page, what_was_done
from viz.workshop.findings import FIRST, OUTCOMES, TURNS, Budget, findings, on_the_screen, turned, verdict
from viz.workshop.luck import MANY, fan
from viz.workshop.plan import Act, Plan, Side, plan_in
from viz.workshop.towns import warm
from viz.workshop.words import ENGLISH, languages, said_in

SMALL = Budget(pairs=6, turns=3, shares=2, residents=100)
JUMP = Act(30, "shock", "both", "energy", 1.0)
PLAN = Plan(setting="calm", residents=100, seed=3, acts=(JUMP,))
ACTS = (
    Act(30, "shock", "both", "energy", 0.5, lasting=False),
    Act(32, "own", "left", "sharing", 0.6),
    Act(34, "fork", "left", "governance", "spot"),
)


@pytest.fixture(scope="module")
def found():
    """Everything there is to know of one plan, part by part."""
    warm()
    return list(findings(PLAN, 40, SMALL))


def estimate(mean, low, high):
    return Estimate(mean, low, high, 1.0, 9)


def text_of(html):
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


# ---- what is found out ---------------------------------------------------------------------------------------


def test_it_grows_part_by_part_the_quick_ones_first(found):
    known = [[part for part in ("luck", "turns", "shares") if getattr(each, part) is not None] for each in found]
    assert known == [[], ["luck"], ["luck", "turns"], ["luck", "turns", "shares"]]


def test_outcomes_are_the_means_of_the_months_shown(found):
    towns = found[-1].towns
    assert towns.month == 40
    left, right = (rows[:, 0] for rows in towns.history(("unmet_need",)))
    each = next(each for each in found[-1].outcomes if each.measure == "unmet_need")
    assert (each.left, each.right) == (left.mean(), right.mean())
    assert len(left) == 40 - PLAN.first + 1


def test_the_better_town_is_told_by_one_rule():
    plan = Plan(setting="calm", residents=100)
    turned_about = replace(plan, left=plan.right, right=plan.left)
    for one, other in zip(on_the_screen(plan, 40).outcomes, on_the_screen(turned_about, 40).outcomes, strict=True):
        assert (one.left, one.right) == (other.right, other.left)
        assert one.better == (None if other.better is None else 1 - other.better)


def test_who_bore_it_adds_up_to_the_rise(found):
    for mine, rise in zip(found[0].borne, found[0].rise, strict=True):
        assert sum(mine[who][0] for who in BEARERS) == pytest.approx(rise, abs=1e-6)
        assert sum(mine[who][1] for who in BEARERS) == pytest.approx(100.0)


def test_a_difference_next_to_nothing_would_take_many_pairs_to_tell():
    class Pairs:
        """Six pairs that differ a great deal, and by next to nothing on average."""

        plan, pairs = PLAN, 6

        @staticmethod
        def differences(_):
            return np.array([[1.0], [-1.0], [1.0], [-1.0], [1.0], [-1.0 + 1e-13]])

    assert fan(Pairs(), "waiting", PLAN.first, np.array([1.0]))["needed"] == MANY


def test_what_becomes_of_a_difference_has_a_word_for_every_case():
    sure, unsure, other = estimate(1.0, 0.5, 1.5), estimate(0.5, -0.5, 1.5), estimate(-1.0, -1.5, -0.5)
    assert verdict(sure, other) == "turns"
    assert verdict(sure, sure) == "keeps"
    assert verdict(sure, unsure) == "vanishes"
    assert verdict(unsure, other) == "appears"
    assert verdict(unsure, unsure) == "unsure"


def test_assumptions_are_changed_in_both_towns_alike():
    for changed, plan in turned(PLAN).values():
        assert plan.left.parameters == plan.right.parameters == changed
        assert (plan.left.governance, plan.right.governance) == ("contract", "relational")


def test_an_assumption_that_is_changed_already_goes_back_to_its_default():
    own = (("sharing_time", 0.04),)
    plan = replace(PLAN, left=Side("contract", own), right=Side("relational", own))
    changed, back = turned(plan)["sharing"]
    assert changed == {"sharing_time": 0.01}
    assert back.scenario("left").parameter("sharing_time") == 0.01


def test_the_answer_turns_when_sharing_takes_four_times_the_time():
    """Eight pairs of towns of 200; in 30 pairs of 1,000 the interval leaves out 0 (README.md)."""
    plan = Plan(setting="calm", residents=200, seed=20)
    turns = list(findings(plan, 47, Budget(pairs=0, turns=8, shares=0)))[-1]
    sharing = turns.turns[list(TURNS).index("sharing")].differences["wellbeing"]
    assert turns.usual["wellbeing"].mean > 0
    assert sharing.mean < turns.usual["wellbeing"].mean - 0.05


def test_shares_add_up_to_the_whole_difference(found):
    shares = found[-1].shares
    for name in FIRST:
        whole = shares.estimate("total", "", "under_shock", name).mean
        parts = [shares.estimate("share", group, "under_shock", name).mean for group in shares.between.groups]
        assert sum(parts) == pytest.approx(whole, abs=1e-9)


def test_what_cannot_be_shared_out_is_said():
    alike = replace(PLAN, right=PLAN.left)
    budget = Budget(pairs=0, turns=0, shares=1, residents=100)
    assert list(findings(alike, 30, budget))[-1].why_not == "same"
    unlike = replace(PLAN, right=Side("relational", (("free_riders", 0.0),)))
    assert list(findings(unlike, 30, budget))[-1].why_not == "parameters"


def test_it_stops_when_nobody_reads_it():
    stop = threading.Event()
    heard = []

    def hear(each):
        heard.append(each)
        stop.set()

    parts = list(findings(PLAN, 40, Budget(200, 100, 30, 100), hear, stop))
    assert len(parts) == 1
    assert heard[0].part == "luck"


# ---- what is told --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", languages())
def test_the_page_tells_everything_in_each_language(found, language):
    html = page(found[-1], language)
    told = text_of(html)
    for section in ("short", "outcomes", "paid", "done", "turns", "shares", "limits", "talk"):
        assert said_in(language)[f"debrief.{section}.title"] in told
    assert told.count("●") >= 1 <= told.count("◆")
    for measure in OUTCOMES:
        assert measured.title(language, measure) in told
    assert not re.search(r"\{\w*\}|\bnan\b|None", told)


def test_the_page_stands_alone(found):
    html = page(found[-1], ENGLISH)
    assert not re.search(
        r"""(?:src|href)=["'](?!#)|url\(["']?(?!["']?(?:#|data:))|@import|https?://(?!www\.w3\.org/)""", html
    )


def test_names_of_identifiers_are_used_once(found):
    ids = re.findall(r'\bid="([^"]+)"', page(found[-1], ENGLISH))
    assert len(ids) == len(set(ids))


def test_a_page_that_is_not_finished_says_so(found):
    assert "being worked out" in text_of(page(found[0], ENGLISH, pending=True))
    assert "not worked out" in text_of(page(found[0], ENGLISH))
    assert "worked out" not in text_of(page(found[-1], ENGLISH))


def test_the_towns_are_told_by_the_same_words(found):
    """Swap the towns, and only names, marks and numbers are swapped."""
    first = on_the_screen(PLAN, 40)
    second = on_the_screen(replace(PLAN, left=PLAN.right, right=PLAN.left), 40)
    for place in range(2):
        one, other = (debrief.worse_told(each, at, ENGLISH) for each, at in ((first, place), (second, 1 - place)))
        assert text_of(one).split(" ", 1)[1] == text_of(other).split(" ", 1)[1]


def test_an_effect_that_goes_the_other_way_is_not_called_more_than_luck(found):
    each = found[-1].outcomes[0]
    judged = {each.measure: {"verdict": "effect", "sign": -np.sign(each.right - each.left), "agree": 5, "ready": 6}}
    against = replace(found[-1], luck={**found[-1].luck, **judged})
    assert luck_of(against, each) == "against"
    assert "other way round" in debrief.luck_told(against, each, ENGLISH)


def test_everything_done_on_the_way_is_told():
    acted = on_the_screen(replace(PLAN, acts=ACTS), 40)
    assert [act_told(acted, act, ENGLISH) for act in ACTS] == [
        "From Month 7, in both towns: Energy +50%, for a year.",
        "From Month 9, in the left town: Sharing information 0.6.",
        "From Month 11 both towns were the left one, and the other side then was held as Short deals.",
    ]
    assert what_was_done(on_the_screen(replace(PLAN, acts=ACTS), 33), ENGLISH).count("<li>") == 2
    assert "Nothing" in what_was_done(on_the_screen(PLAN, 29), ENGLISH)


def test_the_link_on_the_page_is_the_run(found):
    link = re.search(r'<span class="link">(.*?)</span>', page(found[-1], "de"))
    assert plan_in(unescape(link[1])) == (PLAN, 40, "de")


def test_the_limits_count_what_is_assumed():
    numbers = [*fields_of(Parameters).values(), *fields_of(Terms).values()]
    assumed = sum(number.grade == ASSUMED for number in numbers)
    assert f"Of {len(numbers)} numbers" in limits(ENGLISH)
    assert f"{assumed} are assumed" in limits(ENGLISH)


def test_a_session_or_a_plan_is_told_alike():
    class Session:
        """Anything that has a plan."""

        plan = PLAN

    nothing = Budget(0, 0, 0)
    assert debrief_html(Session(), 30, ENGLISH, nothing) == debrief_html(PLAN, 30, ENGLISH, nothing)


def test_a_writer_tells_each_page_and_stops_when_told():
    pages = []
    writer = Writer(PLAN, 30, "de", lambda html, line: pages.append((html, line)))
    until = time.monotonic() + 20
    while not any(html for html, _ in pages) and time.monotonic() < until:
        time.sleep(0.02)
    writer.stop()
    writer.thread.join(20)
    assert not writer.thread.is_alive()
    assert pages[0][0].startswith("<!DOCTYPE html>")
    many = len(pages)
    time.sleep(0.3)
    assert len(pages) == many


def test_the_page_of_the_workshop_shows_the_run_of_its_address(open_page):
    tab = open_page("/debrief?setting=calm&seed=3&residents=100&left=contract&right=spot&month=30&language=de")
    frame = tab.frame_locator("iframe")
    frame.locator("h1").wait_for()
    assert "Kurzgeschäftsstadt" in frame.locator("h1").inner_text()
    assert tab.get_by_role("status").inner_text()


def test_a_link_that_cannot_be_followed_is_told_on_the_page(open_page):
    told = open_page("/debrief?setting=no_such_setting").get_by_role("status")
    told.get_by_text("no_such_setting").wait_for()
