"""What services do: places are set, bought and shared out, and help is given.

Change this file to change who is helped first, by whom, and what makes help work. The terms under
which places are bought are in agreements.py; who waits, and why, is in residents.py.
"""

from __future__ import annotations

import math

from agents.agreements import scope_of, set_what_seller_can_give
from agents.chance import Decision, chance
from agents.rule import rule
from agents.staff import load_of
from agents.tables import (
    MONTHS_A_YEAR,
    NEEDS,
    NOBODY,
    Kind,
    Need,
    Neighbourhood,
    Organisation,
    Resident,
    Split,
    Status,
    Tie,
    Town,
)


@rule
def plan_prevention(service: Organisation, town: Town) -> None:
    """A service spends time upstream in proportion to the saving that lands on its own budget.

    Of what a need costs, its own spending lands at home and most of what crises cost lands elsewhere, unless
    budgets are pooled. Work above capacity squeezes prevention out, and emergency control stops it. It works,
    and wears off, with a lag. Share of staff time.

    Source: the saving lands in other pockets, Pleace (2015); prevention is cut first, Rocks et al. (2020) on lag.
    """
    parameters = town.parameters
    service.crisis_bill += (service.crises * parameters.crisis_cost - service.crisis_bill) / MONTHS_A_YEAR
    service.crises = 0
    at_home = 1.0
    if parameters.pooled_budgets == 0:
        elsewhere = service.crisis_bill
        if service.funder == town.services[Need.HEALTH].funder:
            elsewhere *= 1.0 - parameters.crises_paid_by_health
        at_home = share_beside(service.budget, elsewhere)
    pressed = min(1.0, parameters.prevention_squeeze * max(0.0, service.load - 1.0))
    service.prevention = parameters.prevention_share * at_home * (1.0 - pressed)
    if town.funders[service.funder].emergency == 1:
        service.prevention = 0.0
    service.upstream += (service.prevention - service.upstream) / parameters.prevention_lag
    service.spared = math.exp(-parameters.prevention_effect * service.upstream)


@rule
def set_places(organisation: Organisation, town: Town) -> None:
    """How many places an organisation's own staff can give this month.

    Staff in post, less what burnout, prevention and the time its ties take; a service's own workers are slower where
    they are free to treat other needs too (a partner's are slower under each agreement), technology speeds everyone
    up, and complaints must be answered. A part of a place left over from last month is kept. Paid places are what the
    same staff would give with nothing in the way: that is what their pay buys.
    """
    parameters = town.parameters
    organisation.paid_places = organisation.staff * parameters.places_per_worker
    away = organisation.tie_time + organisation.prevention
    usable = max(0.0, 1.0 - away) * (1.0 - parameters.burnout_loss * organisation.burnout)
    usable *= 1.0 + parameters.technology_speed * organisation.technology
    if organisation.kind == Kind.SERVICE and organisation.peers > 0:
        usable *= 1.0 - parameters.flexibility_time * organisation.crossing / organisation.peers
    kept = organisation.places_left - math.floor(organisation.places_left)
    organisation.complaints_heard = organisation.complaints
    organisation.complaints = 0
    answering = parameters.complaint_time * organisation.complaints_heard
    organisation.places = max(0.0, organisation.paid_places * usable - answering)
    organisation.places_left = organisation.places + kept


@rule
def buy_places(service: Organisation, town: Town) -> None:
    """Buy partners' places for the cases that own staff will not reach.

    Cases are shared between own staff and partners by what each can give; partners never get fewer
    than the cases own staff cannot reach. Volume = the least of cases, partner's places, and money
    left over price. Short of money, the service draws on its funder; still short, it buys less from
    every partner alike. Last, staff everywhere stretch a little beyond their paid time. Places; £.
    """
    bought = 0.0
    for tie in town.agreements[service.first_agreement : service.last_agreement]:
        set_what_seller_can_give(tie, town)
        bought += tie.able
    own = math.floor(service.places_left)
    for_partners = max(service.queue - own, service.queue * share_beside(bought, own))
    refer(service, for_partners, town)
    money = service.reserves - service.unit_cost * service.paid_places
    wanted = 0.0
    for tie in town.agreements[service.first_agreement : service.last_agreement]:
        wanted += tie.price * tie.volume
    if wanted > money:
        money += draw_on_funder(service, wanted - money, town)
        affordable = min(1.0, max(0.0, money) / wanted) if wanted > 0.0 else 1.0
        for tie in town.agreements[service.first_agreement : service.last_agreement]:
            tie.volume *= affordable
    stretch(service, town)


def share_beside(part: float, rest: float) -> float:
    """A part as a share of itself and the rest; 0 where there is nothing."""
    return part / (part + rest) if part + rest > 0.0 else 0.0


def refer(service: Organisation, cases: float, town: Town) -> None:
    """Offer cases to partners in proportion to what was agreed; offer what some cannot take to the others."""
    agreed = 0.0
    able = 0.0
    for tie in town.agreements[service.first_agreement : service.last_agreement]:
        agreed += tie.agreed
        able += tie.able
    placed = 0.0
    for tie in town.agreements[service.first_agreement : service.last_agreement]:
        offered = cases * tie.agreed / agreed if agreed > 0.0 else 0.0
        tie.asked = min(tie.agreed, offered)
        tie.volume = min(tie.able, offered)
        placed += tie.volume
    left = min(1.0, (cases - placed) / (able - placed)) if able > placed else 0.0
    for tie in town.agreements[service.first_agreement : service.last_agreement]:
        tie.volume += left * (tie.able - tie.volume)


def draw_on_funder(service: Organisation, shortfall: float, town: Town) -> float:
    """Money a funder releases: at most a share of its reserves a month, split by budget; none in an emergency. £."""
    funder = town.funders[service.funder]
    if funder.budget <= 0.0 or funder.emergency == 1:
        return 0.0
    most = town.parameters.reserve_draw * max(0.0, funder.opening_reserves) * service.budget / funder.budget
    released = min(shortfall, most)
    funder.reserves -= released
    funder.drawn += released
    service.reserves += released
    return released


def stretch(service: Organisation, town: Town) -> None:
    """Staff give a few places beyond their paid time while cases are left over."""
    bought = 0.0
    for tie in town.agreements[service.first_agreement : service.last_agreement]:
        bought += tie.volume
    over = max(0.0, service.queue - bought - service.places_left)
    service.unpaid_places = min(over, town.parameters.stretch * service.places)
    service.places_left += service.unpaid_places
    over -= service.unpaid_places
    room = 0.0
    for tie in town.agreements[service.first_agreement : service.last_agreement]:
        room += town.parameters.stretch * min(tie.volume, tie.able)
    share = min(1.0, over / room) if room > 0.0 else 0.0
    for tie in town.agreements[service.first_agreement : service.last_agreement]:
        tie.unpaid_places = share * town.parameters.stretch * min(tie.volume, tie.able)
        kept = tie.places_left - math.floor(tie.places_left)
        tie.places_left = tie.volume + tie.unpaid_places + kept
    capacity = service.places
    for tie in town.agreements[service.first_agreement : service.last_agreement]:
        capacity += tie.able
    service.load = load_of(service.queue, capacity)


@rule
def share_out_places(service: Organisation, town: Town) -> None:
    """Give places to the cases in the queue, first in order first, until places or cases run out.

    Order is by the town's choice, equals by lot: low rows win nothing. Where places are split among
    neighbourhoods, a case whose neighbourhood has had its own waits until all others have been called; what is
    then left goes to those set aside, in the same order. Help is only given here; it takes effect for everybody
    at once in `take_stock`.
    """
    first = service.id * len(town.residents)
    waiting = service.queue
    split = town.parameters.place_split != Split.TOWN_WIDE
    if split:
        split_places(service, town)
    for spot in range(waiting // 2 - 1, -1, -1):
        sift_down(town, first, spot, waiting)
    set_aside = 0
    while waiting > 0:
        who = town.queue[first].resident
        priority = town.queue[first].priority
        resident = town.residents[who]
        here = town.neighbourhoods[resident.neighbourhood]
        turn = not split or here.quota[service.id] >= 1.0
        if turn:
            if not find_place(service, resident, town):
                break
            if split:
                here.quota[service.id] -= 1.0
        waiting -= 1
        last = town.queue[first + waiting]
        town.queue[first].resident = last.resident
        town.queue[first].priority = last.priority
        sift_down(town, first, 0, waiting)
        if not turn:
            set_aside += 1
            last.resident = who
            last.priority = priority
        else:
            last.resident = NOBODY
    if set_aside > 0:
        call_those_set_aside(service, first, town)


def find_place(service: Organisation, resident: Resident, town: Town) -> bool:
    """Help one resident in the queue, if a place is left anywhere."""
    place = choose_place(service, resident, town)
    if place == NO_PLACE:
        return False
    if place == OWN_PLACE:
        service.places_left -= 1.0
        service.served += 1
        service.succeeded += give_help(resident, service.id, service, 1.0, own_scope(service), town)
    else:
        tie = town.agreements[place]
        seller = town.organisations[tie.seller]
        tie.places_left -= 1.0
        tie.served += 1
        seller.served += 1
        worked = give_help(resident, service.id, seller, tie.effort, scope_of(tie, seller, town), town)
        tie.succeeded += worked
        service.succeeded += worked
    return True


def split_places(service: Organisation, town: Town) -> None:
    """Split a service's places among neighbourhoods: per head, by need, or weighted to deprivation."""
    places = math.floor(service.places_left)
    for tie in town.agreements[service.first_agreement : service.last_agreement]:
        places += math.floor(tie.places_left)
    total = 0.0
    for here in town.neighbourhoods:
        total += weight_of(here, service.id, town)
    for here in town.neighbourhoods:
        here.quota[service.id] = places * weight_of(here, service.id, town) / total if total > 0.0 else 0.0


def weight_of(here: Neighbourhood, need: int, town: Town) -> float:
    """What a neighbourhood's share of places is reckoned by: people, cases, or people by deprivation."""
    if town.parameters.place_split == Split.BY_NEED:
        return float(here.queue[need])
    if town.parameters.place_split == Split.TO_DEPRIVATION:
        return here.people * (0.5 + here.deprivation)
    return float(here.people)


def call_those_set_aside(service: Organisation, first: int, town: Town) -> None:
    """Places that are left go to those whose neighbourhood had had its own, first in order first."""
    for spot in range(first + service.queue - 1, first - 1, -1):
        who = town.queue[spot].resident
        if who == NOBODY or town.residents[who].helper[service.id] != NOBODY:
            continue
        if not find_place(service, town.residents[who], town):
            break


NO_PLACE = NOBODY
OWN_PLACE = -1


def sift_down(town: Town, first: int, spot: int, size: int) -> None:
    """Restore the queue's heap order below one spot: every case ranks at or above the two beneath it."""
    moving_resident = town.queue[first + spot].resident
    moving_priority = town.queue[first + spot].priority
    while True:
        below = 2 * spot + 1
        if below >= size:
            break
        if below + 1 < size and town.queue[first + below + 1].priority > town.queue[first + below].priority:
            below += 1
        if town.queue[first + below].priority <= moving_priority:
            break
        town.queue[first + spot].resident = town.queue[first + below].resident
        town.queue[first + spot].priority = town.queue[first + below].priority
        spot = below
    town.queue[first + spot].resident = moving_resident
    town.queue[first + spot].priority = moving_priority


def choose_place(service: Organisation, resident: Resident, town: Town) -> int:
    """Which place a case gets: with whoever helped before if they have one, else drawn in proportion to places.

    A partner rooted in another neighbourhood counts for less. Returns OWN_PLACE, an agreement's row, or NO_PLACE.
    """
    known = resident.provider[service.id]
    total = math.floor(service.places_left)
    if known == service.id and total >= 1:
        return OWN_PLACE
    weights = float(total)
    for k in range(service.first_agreement, service.last_agreement):
        tie = town.agreements[k]
        places = math.floor(tie.places_left)
        if places >= 1 and tie.seller == known:
            return k
        total += places
        weights += places * reach(tie, resident, town)
    if total < 1:
        return NO_PLACE
    ticket = chance(town, Decision.WHICH_PLACE, resident.luck, service.id) * weights
    ticket -= math.floor(service.places_left)
    if ticket < 0.0:
        return OWN_PLACE
    chosen = NO_PLACE
    for k in range(service.first_agreement, service.last_agreement):
        places = math.floor(town.agreements[k].places_left)
        if places >= 1 and ticket >= 0.0:
            chosen = k
        ticket -= places * reach(town.agreements[k], resident, town)
    return chosen


def reach(tie: Tie, resident: Resident, town: Town) -> float:
    """How readily a partner's places go to a resident: fully, or less where it is rooted in another neighbourhood."""
    root = town.organisations[tie.seller].neighbourhood
    share: float = town.parameters.rooted_reach
    return 1.0 if root == NOBODY or root == resident.neighbourhood else share


def own_scope(service: Organisation) -> float:
    """How freely a service's own workers treat needs that belong to its peers."""
    return service.crossing / service.peers if service.peers > 0 else 0.0


def give_help(resident: Resident, need: int, giver: Organisation, effort: float, flexibility: float, town: Town) -> int:
    """Help one resident with one need; 1 when it works. The worker may treat the worst other need as well.

    Success = quality × effort × practice × hand-off. With chance `flexibility` the worst other need is
    treated by the same worker, less well. Failure shows next month, when the resident comes back.
    """
    parameters = town.parameters
    practised = 1.0 - parameters.practice_effect * (1.0 - giver.practice)
    works = giver.quality * effort * practised * handoff(resident, need, giver, town)
    resident.helper[need] = giver.id
    other = worst_other_need(resident, need, town)
    if other != NOBODY and chance(town, Decision.OUTSIDE_SCOPE, resident.luck, need) < flexibility:
        also = works * parameters.outside_scope
        if chance(town, Decision.OUTSIDE_WORKS, resident.luck, need) < also:
            resident.remaining[other] *= 1.0 - parameters.relief
    if chance(town, Decision.HELP_WORKS, resident.luck, need) < works:
        resident.remaining[need] *= 1.0 - parameters.relief
        return 1
    return 0


def handoff(resident: Resident, need: int, giver: Organisation, town: Town) -> float:
    """How well a resident's other needs are known to whoever helps: 1 for a single need.

    Each other need above tolerance sits with whoever last helped with it, or with its front door; the
    link to them is the best path of shared information on the graph.
    """
    others = 0
    linked = 0.0
    for other in range(NEEDS):
        if other != need and resident.need[other] > town.parameters.tolerance:
            holder = resident.provider[other]
            if holder == NOBODY:
                holder = town.services[other].id
            others += 1
            linked += town.handoff[giver.id, holder]
    if others == 0:
        return 1.0
    lost: float = town.parameters.handoff_effect * (1.0 - linked / others)
    return 1.0 - lost


def worst_other_need(resident: Resident, need: int, town: Town) -> int:
    """The worst need above tolerance other than this one, or NOBODY."""
    worst = NOBODY
    severity = town.parameters.tolerance
    for other in range(NEEDS):
        if other != need and resident.need[other] > severity and resident.status[other] != Status.NONE:
            severity = resident.need[other]
            worst = other
    return worst
