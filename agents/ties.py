"""What ties do: take time, carry information, pass help along, and gain or lose trust.

Change this file to change how organisations come to trust one another and what passes between them.
What a tie's terms allow is in terms.py; prices and promises are in agreements.py.
"""

from __future__ import annotations

import math

from agents.rule import rule
from agents.tables import Kind, Layer, Tie, Town


@rule
def take_time(tie: Tie, town: Town) -> None:
    """A tie takes staff time on both sides: meeting, sharing, and for a seller reporting to its buyer.

    What is shared counts fully when the two trust each other and half when they do not.
    """
    tie.seller_broke = 0
    tie.buyer_broke = 0
    tie.disputed = 0
    tie.served = 0
    tie.succeeded = 0
    tie.aid = 0.0
    tie.carries = 0.0
    if tie.active == 0:
        return
    tie.carries = tie.sharing * (0.5 + 0.25 * (tie.trust_of_buyer + tie.trust_of_seller))
    buyer = town.organisations[tie.buyer]
    seller = town.organisations[tie.seller]
    both = tie.coordination + town.parameters.sharing_time * tie.sharing
    buyer.tie_time += both
    seller.tie_time += both
    if tie.layer == Layer.AGREEMENT:
        seller.tie_time += town.parameters.reporting_time * tie.monitoring
    else:
        buyer.peers += 1
        seller.peers += 1
        buyer.flexibility += tie.flexibility
        seller.flexibility += tie.flexibility


@rule
def find_best_paths(town: Town) -> None:
    """How well each organisation hears from each other: the best path of shared information between them.

    Along a path what the ties carry multiplies. Paths are improved until no path can be.
    """
    count = len(town.organisations)
    for one in range(count):
        for other in range(count):
            town.handoff[one, other] = 1.0 if one == other else 0.0
    improved = True
    while improved:
        improved = False
        for tie in town.ties:
            carries = tie.carries
            if carries > 0.0:
                one, other = tie.buyer, tie.seller
                for third in range(count):
                    if carries * town.handoff[other, third] > town.handoff[one, third]:
                        town.handoff[one, third] = carries * town.handoff[other, third]
                        improved = True
                    if carries * town.handoff[one, third] > town.handoff[other, third]:
                        town.handoff[other, third] = carries * town.handoff[one, third]
                        improved = True


@rule
def offer_aid(tie: Tie, town: Town) -> None:
    """Two tied partners agree how much help passes from the one with deeper reserves to the other. £.

    The gap is in months of cost. Everyone decides from the same opening balances, and each tie moves
    its dial's share of the gap over one more than the busier side's ties, so that full sharing among
    all evens reserves out exactly. A partner gives only where what it hopes to get back, one day, in
    the shadow of the future, exceeds what its opportunism counts as the cost.

    Source: help beyond the contract in embedded ties, Uzzi (1997); contagion, Acemoglu et al. (2015).
    """
    one = town.organisations[tie.buyer]
    other = town.organisations[tie.seller]
    partners = one.kind == Kind.PARTNER and other.kind == Kind.PARTNER
    if tie.active == 0 or not partners or one.alive == 0 or other.alive == 0 or tie.mutual_aid <= 0.0:
        return
    if one.usual_cost <= 0.0 or other.usual_cost <= 0.0:
        return
    gap = one.reserves / one.usual_cost - other.reserves / other.usual_cost
    size = min(one.usual_cost, other.usual_cost)
    aid = tie.mutual_aid * gap * size / (1.0 + max(one.peers, other.peers))
    giver = one if aid > 0.0 else other
    trust = tie.trust_of_buyer if aid > 0.0 else tie.trust_of_seller
    patience = town.parameters.patience
    hoped = patience / (1.0 - patience) * town.parameters.need_for_aid * tie.mutual_aid * trust
    if giver.opportunism <= hoped:
        tie.aid = aid


@rule
def pass_aid(tie: Tie, town: Town) -> None:
    """The help agreed changes hands. £."""
    one = town.organisations[tie.buyer]
    other = town.organisations[tie.seller]
    one.reserves -= tie.aid
    one.aid -= tie.aid
    other.reserves += tie.aid
    other.aid += tie.aid


@rule
def revise_trust(tie: Tie, town: Town) -> None:
    """Trust grows in months when promises are kept, falls at a seen breach, and drifts back a little.

    Growth needs meetings: the dial's relationship time, with diminishing returns. A month of argument
    brings no growth. Whoever leaves takes a part of the trust with them. Trust from 0 to 1.

    Source: small wins, Ansell & Gash (2008); losses weigh more, Slovic (1993), contested.
    """
    if tie.active == 0:
        return
    parameters = town.parameters
    buyer = town.organisations[tie.buyer]
    seller = town.organisations[tie.seller]
    meeting = 1.0 - math.exp(-tie.coordination / parameters.meeting_scale)
    gain = 0.0 if tie.disputed == 1 else parameters.trust_gain * meeting
    gone = (
        0.5
        * parameters.trust_leaving
        * (share_left(buyer.leavers, buyer.staff) + share_left(seller.leavers, seller.staff))
    )
    tie.trust_of_buyer = revised(tie.trust_of_buyer, tie.seller_broke, gain, gone, town)
    tie.trust_of_seller = revised(tie.trust_of_seller, tie.buyer_broke, gain, gone, town)


def share_left(leavers: float, staff: float) -> float:
    """Leavers as a share of the staff there were."""
    return leavers / (leavers + staff) if leavers + staff > 0.0 else 0.0


def revised(trust: float, broken: int, gain: float, gone: float, town: Town) -> float:
    """One side's trust after a month. Kept within 0 and 1 by its own arithmetic."""
    parameters = town.parameters
    if broken == 1:
        trust -= parameters.trust_loss * trust
    else:
        trust += gain * (1.0 - trust)
    trust += parameters.trust_drift * (parameters.first_trust - trust)
    return trust * (1.0 - gone)
