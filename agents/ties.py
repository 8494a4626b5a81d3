"""What ties do, and the broker: take time, carry information, pass help along, and gain or lose trust.

Change this file to change how organisations come to trust one another and what passes between them.
What a tie's terms allow is in terms.py; prices and promises are in agreements.py.
"""

from __future__ import annotations

import math

from agents.rule import rule
from agents.tables import Audit, Kind, Layer, Organisation, Tie, Town, TrustRule


@rule
def take_time(tie: Tie, town: Town) -> None:
    """A tie takes staff time on both sides: meeting, sharing, and for a seller reporting to its buyer.

    The time goes from the first month; what is shared takes long to be of use, and counts fully when the two trust
    each other and half when they do not. Under stress the two may turn inward, sharing less and meeting less, or turn
    to each other.

    Source: joint working pays after a year, Rocks et al. (2020); threat rigidity, Staw, Sandelands & Dutton (1981);
    the other sign, Ocasio (1993).
    """
    tie.seller_broke = 0
    tie.buyer_broke = 0
    tie.disputed = 0
    tie.served = 0
    tie.succeeded = 0
    tie.aid = 0.0
    if tie.active == 0:
        tie.carries = 0.0
        return
    buyer = town.organisations[tie.buyer]
    seller = town.organisations[tie.seller]
    tie.turned = 1.0 - town.parameters.threat_rigidity * max(buyer.stress, seller.stress)
    ready = tie.sharing * (0.5 + 0.25 * (tie.trust_of_buyer + tie.trust_of_seller))
    tie.carries += (min(1.0, tie.turned * ready) - tie.carries) / town.parameters.sharing_lag
    both = tie.turned * (tie.coordination + town.parameters.sharing_time * tie.sharing)
    buyer.tie_time += both
    seller.tie_time += both
    buyer.ties += 1
    seller.ties += 1
    if tie.layer == Layer.AGREEMENT:
        seller.tie_time += town.parameters.reporting_time * tie.monitoring
    else:
        buyer.peers += 1
        seller.peers += 1
        buyer.crossing += tie.flexibility
        seller.crossing += tie.flexibility


@rule
def take_outside_time(organisation: Organisation, town: Town) -> None:
    """The tier above asks for reports and audits; the broker, where there is one, asks to meet.

    A service reports the more, the less its funder is trusted by the tier above. Information passes to the broker
    as along a tie, and trust in it grows with meeting it; once it is lost, trust in it starts anew.

    Source: audit and trust between tiers, placemaking boards: McLinden & Fyans, Level Measures (2023).
    """
    parameters = town.parameters
    audited = parameters.audit_time if parameters.audit != Audit.NOTHING else 0.0
    if organisation.kind == Kind.SERVICE:
        audited += parameters.audit_burden * (1.0 - town.funders[organisation.funder].tier_trust)
    organisation.tie_time += audited
    organisation.broker_carries = 0.0
    if town.clock.broker == 0 or organisation.alive == 0:
        organisation.broker_trust = parameters.first_trust
        return
    organisation.broker_carries = parameters.broker_sharing * (0.5 + 0.5 * organisation.broker_trust)
    organisation.tie_time += parameters.broker_time + parameters.sharing_time * parameters.broker_sharing
    gain = parameters.trust_gain * (1.0 - math.exp(-parameters.broker_time / parameters.meeting_scale))
    organisation.broker_trust += gain * (1.0 - organisation.broker_trust)


@rule
def find_best_paths(town: Town) -> None:
    """How well each organisation hears from each other: the best path of shared information between them.

    Along a path what the ties carry multiplies; the broker is a stop on the way like any other. Paths are
    improved until no path can be.
    """
    count = len(town.organisations)
    for one in range(count):
        for other in range(count):
            through = town.organisations[one].broker_carries * town.organisations[other].broker_carries
            town.handoff[one, other] = 1.0 if one == other else through
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
    brings no growth, and hides no breach. Whoever leaves takes a part of the trust with them. Trust from 0 to 1.

    Source: small wins, Ansell & Gash (2008); losses weigh more, Slovic (1993), contested.
    """
    if tie.active == 0:
        return
    parameters = town.parameters
    buyer = town.organisations[tie.buyer]
    seller = town.organisations[tie.seller]
    meeting = 1.0 - math.exp(-tie.coordination / parameters.meeting_scale)
    gain = min(1.0, tie.turned * parameters.trust_gain * meeting)
    gone = (
        0.5
        * parameters.trust_leaving
        * (share_left(buyer.leavers, buyer.staff) + share_left(seller.leavers, seller.staff))
    )
    kept = 1.0 - tie.seller_broke
    given = kept * share_of(min(tie.able, tie.asked), tie.agreed) if tie.layer == Layer.AGREEMENT else kept
    asked = share_of(tie.asked, tie.agreed) if tie.layer == Layer.AGREEMENT else 1.0
    tie.trust_of_buyer = revised(tie, tie.trust_of_buyer, tie.seller_broke, gain, gone, asked, given, town)
    paid = 1.0 - tie.buyer_broke
    tie.trust_of_seller = revised(tie, tie.trust_of_seller, tie.buyer_broke, gain, gone, 1.0, paid, town)
    tie.known += 1


def share_left(leavers: float, staff: float) -> float:
    """Leavers as a share of the staff there were."""
    return leavers / (leavers + staff) if leavers + staff > 0.0 else 0.0


def share_of(part: float, whole: float) -> float:
    """A part as a share of a whole, at most all of it; all where there is no whole."""
    return min(1.0, part / whole) if whole > 0.0 else 1.0


def revised(
    tie: Tie, trust: float, broken: int, gain: float, gone: float, asked: float, given: float, town: Town
) -> float:
    """One side's trust after a month, by the town's rule. Kept within 0 and 1 by its own arithmetic.

    Asymmetric: growth towards 1, and a larger fall at a broken promise. Averaging: the same pace both ways.
    Ratchet: what was given is held against what was asked; enough given never lowers trust, too little never
    raises it, and skimped work that is seen counts as not given. Beta: promises kept over all promises, first trust
    counting for some months of them.

    Source: Slovic (1993); Kim (2009), equations 3.1 and 3.2, in shares of what was agreed; the beta rule is the
    mean of Bayes' rule for a chance that is not known.
    """
    parameters = town.parameters
    growth = 0.0 if tie.disputed == 1 else gain
    if parameters.trust_rule == TrustRule.AVERAGING:
        trust += growth * (1.0 - trust) if broken == 0 else -gain * trust
    elif parameters.trust_rule == TrustRule.RATCHET:
        if broken == 0 and given >= asked:
            trust = max(trust, growth * asked + (1.0 - growth) * trust)
        else:
            trust = min(trust, gain * given + (1.0 - gain) * trust)
    elif parameters.trust_rule == TrustRule.BETA:
        trust += ((1.0 - broken) - trust) / (parameters.trust_prior + tie.known + 1.0)
    elif broken == 1:
        trust -= parameters.trust_loss * trust
    else:
        trust += growth * (1.0 - trust)
    trust += parameters.trust_drift * (parameters.first_trust - trust)
    return trust * (1.0 - gone)
