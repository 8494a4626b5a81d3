"""What a service and a partner do about their agreement: prices, promises, effort, renewal and tender.

Change this file to change how a price follows cost, when either side breaks its word, and how an
agreement ends. Every rule reads the tie's dials and never the name of a governance; what each dial
costs is charged beside what it does. The books are in money.py, trust in ties.py.
"""

from __future__ import annotations

import math

from agents.chance import Decision, chance, normal
from agents.events import tell
from agents.rule import rule
from agents.staff import out_of_money
from agents.tables import (
    MONTHS_A_YEAR,
    NOBODY,
    Audit,
    Cause,
    Happening,
    Organisation,
    Tie,
    Town,
)

# ---- the shadow of the future ---------------------------------------------------------------------


def rest_of_term(tie: Tie, town: Town) -> float:
    """What one £ a month, over the months left after this one, is worth today beside one £ now."""
    patience = town.parameters.patience
    months = max(0.0, tie.months_left - 1.0)
    return patience * (1.0 - math.pow(patience, months)) / (1.0 - patience)


def shadow_of_the_future(tie: Tie, town: Town) -> float:
    """What one £ a month, for as long as the tie may last, is worth today beside one £ now.

    The sum of patience^j over the months left after this one, and, with the chance of renewal, over
    terms to come. With certain renewal this is patience / (1 − patience). A renewal is believed in a little
    less where the buyer's money is settled a year at a time, and more the longer a settlement lasts.

    Source: repeated exchange with an end, e.g. Baker, Gibbons & Murphy (2002). Often patience
    itself is shrunk as the end comes near; this is the sum that shorter form stands for.
    """
    patience = town.parameters.patience
    renewal = tie.renewal * (1.0 - town.parameters.funding_doubt / town.parameters.settlement_years)
    months = max(0.0, tie.months_left - 1.0)
    end_of_term = math.pow(patience, tie.term)
    a_term = patience * (1.0 - end_of_term) / (1.0 - patience)
    terms_to_come = renewal * math.pow(patience, months) * a_term / (1.0 - renewal * end_of_term)
    return rest_of_term(tie, town) + terms_to_come


# ---- prices ---------------------------------------------------------------------------------------


def cost_now(tie: Tie, town: Town) -> float:
    """What a place under this agreement costs its seller today, idle habits included. £ per place."""
    cost: float = town.organisations[tie.seller].unit_cost * tie.drift
    return cost


def declared_cost(tie: Tie, town: Town) -> float:
    """What the seller says a place costs: an opportunist pads it, the less is shared. £ per place."""
    seller = town.organisations[tie.seller]
    return cost_now(tie, town) * (1.0 + town.parameters.padding * seller.opportunism * (1.0 - tie.sharing))


@rule
def settle_price(tie: Tie, town: Town) -> None:
    """Each anniversary the price follows the index; with open books it follows declared cost every month.

    The buyer may refuse a rise it had promised: see `honours`. Ranging prices are something to argue
    about: the range asked for since signing is remembered. £ per place.

    Source: Bajari & Tadelis (2001) on rigid and flexible prices; Hart & Moore (2008) on argument.
    """
    if tie.active == 0:
        return
    cost = cost_now(tie, town)
    if tie.age > 0 and tie.age % MONTHS_A_YEAR == 0:
        change = share_above(cost, tie.cost_when_priced)
        indexed = tie.price * (1.0 + tie.indexation * change)
        tie.cost_when_priced = cost
        change_price(tie, indexed, tie.enforcement, town)
    if tie.openness > 0.0:
        asked = (1.0 + town.parameters.margin) * declared_cost(tie, town)
        tie.lowest_price = min(tie.lowest_price, asked)
        tie.highest_price = max(tie.highest_price, asked)
        gap = asked - tie.price
        if math.fabs(gap) > town.parameters.dispute_range * tie.price:
            tie.disputed = 1
            tie.event = tell(town, Happening.DISPUTE, tie.buyer, tie.seller, gap, Cause.WIDE_PRICE_RANGE, tie.event)
        change_price(tie, tie.price + tie.openness * tie.trust_of_buyer * gap, 0.0, town)


def share_above(value: float, base: float) -> float:
    """How far a value lies above a base, as a share of it; 0 where the base is nothing."""
    return value / base - 1.0 if base > 0.0 else 0.0


def change_price(tie: Tie, price: float, enforced: float, town: Town) -> None:
    """Move to a new price, unless it is a rise that the buyer refuses: a promise broken by the buyer."""
    rise = price - tie.price
    if rise <= 0.0 or honours(tie, rise, enforced, town):
        tie.price = price
    else:
        tie.buyer_broke = 1
        tie.buyer_breaches += 1
        short = out_of_money(town.organisations[tie.buyer], town)
        cause = Cause.NO_MONEY if short else Cause.SHORT_HORIZON
        tie.event = tell(town, Happening.REFUSAL, tie.buyer, tie.seller, rise, cause, tie.event)


def honours(tie: Tie, rise: float, enforced: float, town: Town) -> bool:
    """Whether a buyer keeps its promise of a rise: if it has money, and if breaking it would cost more.

    Refusing saves the rise now and for the rest of the term. It costs the future of the tie and, for an
    enforceable promise, a penalty on what is saved. We depart from the plain condition, rise ≤
    shadow × surplus, twice: a refused rise is saved every month, not once, and enforcement binds buyers
    as it binds sellers. £ per place.
    """
    if out_of_money(town.organisations[tie.buyer], town):
        return False
    surplus = town.parameters.buyer_surplus * tie.price
    saved = rise * (1.0 + rest_of_term(tie, town))
    return saved <= shadow_of_the_future(tie, town) * surplus + enforced * tie.penalty * saved


def set_what_seller_can_give(tie: Tie, town: Town) -> None:
    """Places the seller can give under this agreement this month: its posts' share of the seller's places.

    Fewer while the seller withholds volume, in the slow months after a switch, and where workers are
    free to treat other needs too; more where outputs are audited and an opportunist counts them.
    """
    seller = town.organisations[tie.seller]
    tie.able = 0.0
    if tie.active == 0 or seller.posts <= 0.0:
        return
    places = seller.places * tie.posts / seller.posts
    if tie.slow_months > 0:
        places *= 1.0 - town.parameters.slow_loss
    if town.parameters.audit == Audit.OUTPUTS:
        places *= 1.0 + gamed(seller, town)
    tie.able = places * (1.0 - seller.withheld) * (1.0 - town.parameters.flexibility_time * tie.flexibility)


# ---- effort ---------------------------------------------------------------------------------------


def verifiable_share(town: Town) -> float:
    """What part of the work can be verified: auditing outcomes raises it, counting outputs narrows it. Share."""
    parameters = town.parameters
    share: float = parameters.verifiable
    if parameters.audit == Audit.OUTCOMES:
        share += parameters.audit_reach * (1.0 - share)
    elif parameters.audit == Audit.OUTPUTS:
        share -= parameters.audit_reach * share
    return share


def gamed(seller: Organisation, town: Town) -> float:
    """How far a seller shifts effort to what an audit counts: the more, the more opportunist it is. Share."""
    share: float = town.parameters.gaming * seller.opportunism
    return share


def scope_of(tie: Tie, seller: Organisation, town: Town) -> float:
    """How freely a seller's workers treat other needs: less where audited outcomes are all that counts. Chance."""
    flexibility: float = tie.flexibility
    if town.parameters.audit == Audit.OUTCOMES:
        flexibility *= 1.0 - gamed(seller, town)
    return flexibility


@rule
def choose_effort(tie: Tie, town: Town) -> None:
    """The seller works fully, or skimps on what audit could see, on what it cannot, or on both.

    It skimps where its gain, weighed by its opportunism, exceeds what it risks: the penalty if caught, and the
    future of the tie if it comes to light, which complaints make likelier. A price below cost makes anyone more
    opportunist. Arguing over an open price, a grievance over a price below cost, being checked, and making counted
    outputs look well each take some effort too. Whether skimping is seen is settled here; what is taken back is
    booked in money.py.

    Source: Baker, Gibbons & Murphy (2002); Falk & Kosfeld (2006); Hart & Moore (2008).
    """
    parameters = town.parameters
    tie.effort = 1.0
    tie.saved = 0.0
    tie.fined = 0.0
    tie.shades_verifiable = 0
    tie.shades_rest = 0
    if tie.active == 0:
        return
    seller = town.organisations[tie.seller]
    cost = cost_now(tie, town)
    loss = max(0.0, -share_above(tie.price, cost))
    opportunism = min(1.0, seller.opportunism + parameters.desperation * loss)
    verifiable = verifiable_share(town)
    gain_verifiable = verifiable * parameters.skimping_gain * cost
    gain_rest = (1.0 - verifiable) * parameters.skimping_gain * cost
    coming_to_light = parameters.detection + parameters.detection_by_sharing * tie.sharing
    coming_to_light = min(1.0, coming_to_light + parameters.complaint_light * seller.complaints_heard)
    at_stake = coming_to_light * worth_of_the_tie(tie, cost, town)
    fine = tie.enforcement * tie.monitoring * tie.penalty * gain_verifiable
    if opportunism * gain_verifiable > fine + at_stake:
        tie.shades_verifiable = 1
        tie.saved += verifiable * parameters.skimping_gain
        tie.effort -= verifiable * parameters.skimping_harm
    if opportunism * gain_rest > at_stake:
        tie.shades_rest = 1
        tie.saved += (1.0 - verifiable) * parameters.skimping_gain
        tie.effort -= (1.0 - verifiable) * parameters.skimping_harm
    if tie.openness > 0.0:
        tie.effort -= parameters.argument * tie.openness * share_above(tie.highest_price, tie.lowest_price)
    tie.effort -= parameters.grievance * max(0.0, share_above(cost, tie.price))
    tie.effort -= parameters.chill * tie.monitoring * (1.0 - opportunism)
    if parameters.audit == Audit.OUTPUTS:
        tie.effort -= gamed(seller, town)
    tie.effort = max(0.0, tie.effort)
    be_found_out(tie, gain_verifiable, coming_to_light, town)


def worth_of_the_tie(tie: Tie, cost: float, town: Town) -> float:
    """What the tie's future is worth to the seller for each place a month, trusting the buyer or not. £."""
    return shadow_of_the_future(tie, town) * max(0.0, tie.price - cost) * (0.5 + 0.5 * tie.trust_of_seller)


def be_found_out(tie: Tie, gain: float, coming_to_light: float, town: Town) -> None:
    """Checks catch verifiable skimping, which is fined; either kind may come to light by itself."""
    address = tie.address
    caught = tie.shades_verifiable == 1 and chance(town, Decision.CHECK, address) < tie.monitoring
    if caught:
        tie.fined = tie.enforcement * tie.penalty * gain * tie.volume
    skimps = tie.shades_verifiable == 1 or tie.shades_rest == 1
    comes_to_light = skimps and chance(town, Decision.COME_TO_LIGHT, address) < coming_to_light
    if caught or comes_to_light:
        tie.seller_broke = 1
        tie.seller_breaches += 1
        tie.event = tell(
            town, Happening.BREACH, tie.seller, tie.buyer, tie.saved * tie.volume, Cause.GAIN_ABOVE_RISK, tie.event
        )


# ---- endings --------------------------------------------------------------------------------------


def hand_back(tie: Tie, cause: Cause, town: Town) -> None:
    """A seller gives an agreement up: its workers wait, and its cases stay with the front door meanwhile."""
    seller = town.organisations[tie.seller]
    because = seller.event if seller.event != NOBODY else tie.event
    moved = seller.staff * tie.posts / seller.posts if seller.posts > 0.0 else 0.0
    seller.posts = max(0.0, seller.posts - tie.posts)
    seller.staff = max(0.0, seller.staff - moved)
    tie.waiting_staff = moved
    tie.active = 0
    tie.gap = town.parameters.letting_gap
    tie.seller_breaches += 1
    tie.event = tell(town, Happening.HAND_BACK, tie.seller, tie.buyer, tie.agreed, cause, because)
    seller.event = tie.event
    town.organisations[tie.buyer].event = tie.event


@rule
def renew_or_tender(tie: Tie, town: Town) -> None:
    """At the end of its term an agreement is renewed or put out to tender; a lost one is let again after a gap.

    Renewal needs trust and the terms' own chance of it. Untendered cost creeps up a little.

    Source: complacency, Bel, Fageda & Warner (2010); size assumed.
    """
    tie.admin_cost = 0.0
    tie.changed_hands = 0
    if tie.active == 0:
        if tie.gap <= 0:
            tender(tie, Cause.PARTNER_LEFT, town)
        else:
            tie.gap -= 1
        return
    tie.age += 1
    tie.months_left -= 1
    tie.slow_months = max(0, tie.slow_months - 1)
    tie.drift *= 1.0 + town.parameters.complacency
    if tie.months_left > 0:
        return
    trusted = tie.trust_of_buyer >= town.parameters.adequate_trust
    if trusted and chance(town, Decision.RENEW, tie.address) < tie.renewal:
        sign(tie, (1.0 + town.parameters.margin) * declared_cost(tie, town), town)
        tie.event = tell(town, Happening.RENEWAL, tie.buyer, tie.seller, tie.price, Cause.TRUST_KEPT, tie.event)
    else:
        tender(tie, Cause.TERM_ENDED, town)


def tender(tie: Tie, cause: Cause, town: Town) -> None:
    """Ask every living partner that serves the need for a bid; the best score of price and seen quality wins.

    An opportunist bids below what it will cost. Quality is seen with noise. Each tender costs the
    buyer a share of a year's value. With no bidder, the buyer tries again next month.

    Source: transaction cost 2.7% of value, Petersen et al. (2019).
    """
    best = NOBODY
    best_score = 0.0
    for partner in town.partners:
        if partner.alive == 1 and partner.serves[tie.need] == 1:
            score = score_of(partner, tie, town)
            if best == NOBODY or score > best_score:
                best = partner.id
                best_score = score
    if best == NOBODY:
        if tie.active == 1:
            hand_back(tie, Cause.TERM_ENDED, town)
        tie.event = tell(town, Happening.NO_BIDDER, tie.buyer, NOBODY, tie.agreed, cause, tie.event)
        return
    before = tie.seller
    if tie.active == 0:
        town.organisations[tie.buyer].event = NOBODY
    if best != before or tie.active == 0:
        hand_over(tie, best, town)
    tie.drift = 1.0
    sign(tie, bid_of(town.organisations[best], town), town)
    tie.admin_cost += tie.tender_cost * year_of_value(tie)
    tie.event = tell(town, Happening.TENDER, tie.buyer, best, tie.price, cause, tie.event)


def bid_of(partner: Organisation, town: Town) -> float:
    """A partner's bid: cost and margin, less what an opportunist leaves out to win. £ per place."""
    bid: float = partner.unit_cost * (1.0 + town.parameters.margin)
    return bid * (1.0 - town.parameters.lowball * partner.opportunism)


def score_of(partner: Organisation, tie: Tie, town: Town) -> float:
    """A bid's score: cheapness against the price in force, and quality as the buyer sees it."""
    weight = town.parameters.price_weight
    noise = town.parameters.quality_noise * normal(town, Decision.SEEN_QUALITY, tie.address, partner.id)
    cheap = -share_above(bid_of(partner, town), tie.price)
    return weight * cheap + (1.0 - weight) * (partner.quality + noise)


def hand_over(tie: Tie, winner: int, town: Town) -> None:
    """Give an agreement, with the workers it pays for, to another seller; work is slow for some months."""
    new = town.organisations[winner]
    if tie.active == 1:
        old = town.organisations[tie.seller]
        moved = old.staff * tie.posts / old.posts if old.posts > 0.0 else 0.0
        old.posts = max(0.0, old.posts - tie.posts)
        old.staff = max(0.0, old.staff - moved)
    else:
        moved = tie.waiting_staff
        tie.waiting_staff = 0.0
    new.posts += tie.posts
    new.staff += moved
    tie.seller = winner
    tie.active = 1
    tie.changed_hands = 1
    tie.slow_months = town.parameters.slow_months
    tie.trust_of_buyer = town.parameters.first_trust
    tie.trust_of_seller = town.parameters.first_trust
    tie.seller_breaches = 0
    tie.buyer_breaches = 0
    tie.known = 0
    tie.carries = 0.0
    tie.address = address_of(tie.buyer, winner, tie.need, tie.id)


def sign(tie: Tie, price: float, town: Town) -> None:
    """Begin a new term at this price; enforceable terms must be drafted. £ per place."""
    tie.price = price
    tie.cost_when_priced = cost_now(tie, town)
    tie.lowest_price = price
    tie.highest_price = price
    tie.months_left = int(tie.term)
    tie.age = 0
    tie.admin_cost += town.parameters.drafting_cost * tie.enforcement * year_of_value(tie)


def year_of_value(tie: Tie) -> float:
    """A year of the agreed volume at today's price. £."""
    return MONTHS_A_YEAR * tie.agreed * tie.price


def address_of(buyer: int, seller: int, need: int, slot: int) -> int:
    """The address of a tie's luck, from its two ends and what passes between them; never two the same."""
    return ((buyer * 4096 + seller) * 8 + need) * 4096 + slot
