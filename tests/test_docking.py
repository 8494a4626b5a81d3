"""Outside results: each is found at the level claimed, or stands in the list of those that are not."""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from typing import Any

import numpy as np
import pytest

from agents import residents, ties
from agents.learning import learn
from agents.tables import Need, Status
from experiments.validation import docking, known_answers, oracles
from experiments.validation.claims import CLAIMS, Claim, Group
from experiments.validation.docking import neighbours_play

DOCKED = [each for each in CLAIMS.values() if each.group == Group.DOCKING]

NOT_FOUND = {("D7", f"renewal alike: {docking.GO_ON}")}
"""What other models find and ours does not. Whoever makes it so takes the line away."""


@pytest.mark.parametrize("claim", DOCKED, ids=lambda claim: claim.id)
def test_the_outside_result_is_found_as_far_as_it_is_claimed(claim: Claim) -> None:
    findings = list(claim.check(20))
    assert findings
    failed = {(claim.id, finding.what) for finding in findings if not finding.passed}
    assert failed == {each for each in NOT_FOUND if each[0] == claim.id}


def test_a_finding_that_fails_says_what_is_lacking() -> None:
    for id, what in NOT_FOUND:
        (finding,) = [each for each in CLAIMS[id].check(5) if each.what == what]
        assert finding.note


# ---- the answers on paper are the published ones ----------------------------------------------------


def test_care_needs_by_age_are_as_listed() -> None:
    found = [oracles.chance_of_care_need(*each) for each in ((65, 18), (85, 18), (85, 19))]
    assert found == pytest.approx([0.0298057, 0.0901342, 0.0703433], abs=1e-7)


@pytest.mark.parametrize(("spread", "share"), [(0.122, 0.055), (0.123, 1.0)])
def test_a_crowd_with_normal_thresholds_joins_as_listed(spread: float, share: float) -> None:
    assert oracles.joined(0.25, spread) == pytest.approx(share, abs=5e-4)


def test_on_a_lattice_one_who_does_not_share_spreads_as_nowak_and_may_drew_it() -> None:
    """Among sharers a single one who does not earns 8b, more than anyone, and becomes a block of nine."""
    lattice = np.ones((11, 11))
    lattice[5, 5] = 0.0
    after = oracles.lattice_round(lattice, 1.85)
    assert (after[4:7, 4:7] == 0.0).all()
    assert after.sum() == 121 - 9


def test_on_a_ring_three_share_a_loss() -> None:
    """One hit: three close beyond 3R. Two neighbours hit: both and their two ties bear a third or two."""
    assert [oracles.failures_on_a_ring(10, 1, 2.0, loss) for loss in (5.9, 6.1)] == [0, 3]
    assert [oracles.failures_on_a_ring(10, 2, 2.0, loss) for loss in (2.9, 3.1, 6.1)] == [0, 2, 4]


def test_common_luck_saves_nothing_where_luck_is_not_common() -> None:
    drawn = np.random.default_rng(1)
    one, other, noise = drawn.normal(size=(3, 20_000, 1))
    assert docking.runs_saved(one, other) == pytest.approx(1.0, abs=0.05)
    assert docking.runs_saved(one + noise, other + noise) == pytest.approx(2.0, abs=0.1)


# ---- a wrong rule is seen ---------------------------------------------------------------------------


def escalates_twice(resident: Any, need: int, exposure: float, town: Any) -> float:
    if resident.status[need] == Status.WAITING:
        exposure *= exp(town.parameters.escalation * resident.need[need])
    return residents.new_need(resident, need, exposure, town)


def ages_from_forty(resident: Any, need: int, exposure: float, town: Any) -> float:
    if need == Need.CARE:
        exposure *= exp(10.0 / town.parameters.age_scale)
    return residents.new_need(resident, need, exposure, town)


@pytest.mark.parametrize(("claim", "wrong"), [("D3", escalates_twice), ("D4", ages_from_forty)])
def test_a_wrong_rule_of_needs_fails_its_claim(
    claim: str, wrong: Callable[..., float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docking, "new_need", wrong)
    assert not all(finding.passed for finding in CLAIMS[claim].check(1))


def test_help_that_stops_half_way_fails_the_claim_about_losses_that_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    def gives_half(tie: Any, town: Any) -> None:
        ties.offer_aid(tie, town)
        tie.aid *= 0.5

    monkeypatch.setattr(known_answers, "offer_aid", gives_half)
    assert not all(finding.passed for finding in CLAIMS["D6"].check(1))


def follows_one_too_few(organisation: Any, town: Any) -> None:
    organisation.technology_leads += 1
    learn(organisation, town)


def forgets_to_play_with_itself(town: Any) -> None:
    neighbours_play(town)
    for partner in town.partners:
        if partner.sharing > 0.5:
            partner.standing -= 1.0


@pytest.mark.parametrize(
    ("claim", "month", "rule", "wrong"),
    [
        ("D1", "LATTICE_MONTH", "neighbours_play", forgets_to_play_with_itself),
        ("D5", "HEARING_MONTH", "learn", follows_one_too_few),
    ],
)
def test_a_wrong_rule_in_the_month_fails_its_claim(
    claim: str, month: str, rule: str, wrong: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [(table, wrong if each.__name__ == rule else each) for table, each in getattr(docking, month)]
    assert any(each is wrong for _, each in lines)
    monkeypatch.setattr(docking, month, tuple(lines))
    assert not all(finding.passed for finding in CLAIMS[claim].check(1))
