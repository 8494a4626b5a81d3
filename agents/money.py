"""Money: prices move, budgets arrive, places are paid for, books are balanced, and the rise is borne by someone.

Change this file to change what costs are made of, how partners respond to a loss, or how the account
of who bore the rise is drawn up. Every £ that moves has two sides here; nothing is made or lost.
"""

from __future__ import annotations

from agents.agreements import cost_now, hand_back
from agents.chance import Decision, chance, normal
from agents.events import tell
from agents.rule import rule
from agents.tables import (
    APRIL,
    COMPONENTS,
    GREEDY,
    HIGHEST_QUALITY,
    LOWEST_QUALITY,
    LOYAL,
    MONTHS_A_YEAR,
    NEEDS,
    NOBODY,
    QUALITY_SPREAD,
    USUAL_PRACTICE,
    USUAL_QUALITY,
    WAITING_BINS,
    WELLBEING_BINS,
    Cause,
    Component,
    Funder,
    Happening,
    Need,
    Neighbourhood,
    Organisation,
    State,
    Tie,
    Town,
)

# ---- the month opens ------------------------------------------------------------------------------


@rule
def prices_move(town: Town) -> None:
    """The world sets this month's prices and pressures; after its last written month they stay as they are."""
    clock = town.clock
    books = town.books
    outside = town.outside[min(clock.month, len(town.outside) - 1)]
    for component in range(COMPONENTS):
        clock.prices[component] = outside.prices[component]
    clock.household_energy = outside.household_energy
    clock.demand = outside.demand
    clock.aged = town.parameters.ageing * clock.month / MONTHS_A_YEAR
    opens, closes = town.parameters.broker_opens, town.parameters.broker_closes
    clock.broker = 1 if 0 < opens <= clock.month and (closes == 0 or clock.month < closes) else 0
    for step in range(WELLBEING_BINS):
        clock.wellbeing[step] = 0
    for month in range(WAITING_BINS):
        clock.waiting[month] = 0
    books.cost_rise = 0.0
    books.funders = 0.0
    books.partners = 0.0
    books.staff = 0.0
    books.residents = 0.0
    books.paid_in = 0.0
    books.paid_away = 0.0
    books.public_cost = 0.0
    books.tie_cost = 0.0
    books.crisis_cost = 0.0
    books.crisis_cost_to_health = 0.0
    books.broker_cost = 0.0
    books.services_held = services_hold(town)
    books.partners_held = partners_hold(town)
    books.held = books.services_held + books.partners_held


def services_hold(town: Town) -> float:
    """All money held by services and funders. £."""
    held = 0.0
    for service in town.services:
        held += service.reserves
    for funder in town.funders:
        held += funder.reserves
    return held


def partners_hold(town: Town) -> float:
    """All money held by partners, closed ones' debts included. £."""
    held = 0.0
    for partner in town.partners:
        held += partner.reserves
    return held


@rule
def clear_the_count(neighbourhood: Neighbourhood, town: Town) -> None:
    """Last month's count of residents is put away."""
    neighbourhood.residents = 0
    neighbourhood.wellbeing = 0.0
    neighbourhood.need = 0.0
    neighbourhood.unmet = 0.0
    neighbourhood.waiting = 0
    neighbourhood.waiting_long = 0
    neighbourhood.asked = 0
    neighbourhood.came_back = 0
    neighbourhood.gave_up = 0
    neighbourhood.crises = 0
    neighbourhood.helped = 0
    neighbourhood.resolved = 0
    neighbourhood.moved = 0
    neighbourhood.low_wellbeing = 0
    neighbourhood.several_needs = 0
    neighbourhood.complaints = 0
    for need in range(NEEDS):
        neighbourhood.queue[need] = 0
        neighbourhood.quota[need] = 0.0


@rule
def meet_prices(organisation: Organisation, town: Town) -> None:
    """An organisation's costs follow its own basket; its energy price changes only when its contract renews.

    Cost of a place = base cost × basket at today's prices × (1 − what good practice saves) × (1 + what technology
    costs). £ per place.

    Source: baskets, see simulation/town.py; that tariffs are fixed for a year is assumed.
    """
    organisation.tie_time = 0.0
    organisation.peers = 0
    organisation.crossing = 0.0
    organisation.queue = 0
    organisation.served = 0
    organisation.succeeded = 0
    organisation.ties = 0
    organisation.practice_heard = 0.0
    organisation.practice_leads = 0
    organisation.technology_heard = 0.0
    organisation.technology_leads = 0
    organisation.income = 0.0
    organisation.cost = 0.0
    organisation.aid = 0.0
    organisation.asked = 0.0
    organisation.paid_out = 0.0
    organisation.unpaid_places = 0.0
    organisation.worst_agreement = NOBODY
    organisation.worst_loss = 0.0
    month = town.clock.month
    follows_market = town.parameters.energy_contract == 0
    if follows_market or month == 0 or month % MONTHS_A_YEAR == organisation.energy_renewal:
        organisation.energy_price = town.clock.prices[Component.ENERGY]
    index = organisation.basket[Component.ENERGY] * organisation.energy_price
    for component in range(1, COMPONENTS):
        index += organisation.basket[component] * town.clock.prices[component]
    organisation.cost_index = index
    saved = town.parameters.practice_saving * organisation.practice
    licences = town.parameters.technology_cost * organisation.technology
    organisation.cost_at_start = organisation.base_cost * (1.0 - saved) * (1.0 + licences)
    organisation.unit_cost = organisation.cost_at_start * index


# ---- settlements and control ------------------------------------------------------------------------


@rule
def settle_growth(town: Town) -> None:
    """Each April budgets grow: by this year's settlement, or by what a settlement of several years told in advance.

    A settlement of several years repeats its first year's growth until its end, come what may; the next one makes up
    for what yearly settlements would have brought meanwhile. Factor.
    """
    clock = town.clock
    clock.growth = 1.0
    if clock.month % MONTHS_A_YEAR != APRIL:
        return
    due = 1.0
    if clock.month < len(town.outside):
        due = town.outside[clock.month].settlement
    clock.budget_due *= due
    if town.parameters.settlement_years == 1:
        clock.growth = due
    elif clock.settlements % town.parameters.settlement_years == 0:
        clock.growth = clock.budget_due / clock.budget_level if clock.budget_level > 0.0 else 1.0
        clock.growth_told = due
    else:
        clock.growth = clock.growth_told
    clock.budget_level *= clock.growth
    clock.settlements += 1


@rule
def close_the_year(funder: Funder, town: Town) -> None:
    """Each April a funder takes back what its services have left, and covers what they owe as far as it can.

    Every service in debt has the same share of it covered. £.
    """
    funder.opening_reserves = funder.reserves
    funder.drawn = 0.0
    if town.clock.month % MONTHS_A_YEAR != APRIL:
        return
    owed = 0.0
    for service in town.services:
        if service.funder == funder.id:
            funder.reserves += max(0.0, service.reserves)
            owed += max(0.0, -service.reserves)
            service.reserves = min(0.0, service.reserves)
    covered = min(1.0, max(0.0, funder.reserves) / owed) if owed > 0.0 else 0.0
    for service in town.services:
        if service.funder == funder.id:
            funder.reserves += covered * service.reserves
            service.reserves -= covered * service.reserves
    funder.opening_reserves = funder.reserves


@rule
def receive_budget(service: Organisation, town: Town) -> None:
    """A service's monthly budget arrives; under emergency control a part of it goes back to the funder. £ a month."""
    funder = town.funders[service.funder]
    service.budget *= town.clock.growth
    service.reserves += service.budget
    town.books.paid_in += service.budget
    service.stress = float(funder.emergency)
    if funder.emergency == 1:
        given_back = town.parameters.emergency_saving * service.budget
        service.reserves -= given_back
        funder.reserves += given_back


@rule
def hold_the_purse(funder: Funder, town: Town) -> None:
    """A funder adds up its services' budgets and is given what it has for crises. £."""
    funder.budget = 0.0
    for service in town.services:
        if service.funder == funder.id:
            funder.budget += service.budget
    funder.crisis_budget *= town.clock.growth
    funder.reserves += funder.crisis_budget
    town.books.paid_in += funder.crisis_budget


@rule
def take_control(funder: Funder, town: Town) -> None:
    """A funder short of reserves comes under emergency control, and leaves it where they are back.

    Control begins where reserves fall below so many months of budget, 0 for never, and ends where they are back well
    above: no promised rise is honoured meanwhile, nothing is spent on prevention, nobody hired. The tier above
    trusts a funder more for every month without it. £.

    Source: section 114 notices, 12 by 8 councils in 2018-23: Institute for Government.
    """
    parameters = town.parameters
    begins = parameters.emergency_reserves
    ends = max(begins, parameters.emergency_end)
    months = funder.reserves / funder.budget if funder.budget > 0.0 else ends
    if funder.emergency == 0 and begins > 0.0 and months < begins:
        funder.emergency = 1
        tell_of_control(funder, Happening.EMERGENCY, Cause.RESERVES_LOW, town)
    elif funder.emergency == 1 and months >= ends:
        funder.emergency = 0
        tell_of_control(funder, Happening.EMERGENCY_OVER, Cause.RESERVES_BACK, town)
    if funder.emergency == 1:
        funder.tier_trust -= parameters.trust_loss * funder.tier_trust
    else:
        funder.tier_trust += parameters.trust_gain * (1.0 - funder.tier_trust)
    funder.tier_trust += parameters.trust_drift * (parameters.first_trust - funder.tier_trust)


def tell_of_control(funder: Funder, kind: Happening, cause: Cause, town: Town) -> None:
    """Write down, for each of a funder's services, that emergency control begins or ends."""
    for service in town.services:
        if service.funder == funder.id:
            service.event = tell(town, kind, service.id, NOBODY, funder.reserves, cause, funder.event)
            funder.event = service.event


@rule
def pool_budgets(town: Town) -> None:
    """Where budgets are pooled, funders hold one purse: what they hold is evened out by their budgets' size. £."""
    if town.parameters.pooled_budgets == 0:
        return
    held = 0.0
    budgets = 0.0
    for funder in town.funders:
        held += funder.reserves
        budgets += funder.budget
    if budgets <= 0.0:
        return
    for funder in town.funders:
        funder.reserves = held * funder.budget / budgets
        funder.opening_reserves = funder.reserves


@rule
def pay_for_crises(town: Town) -> None:
    """The health service pays its share of what crises cost, other public bodies the rest; the council pays the broker.

    Whoever could have prevented a crisis seldom pays for it. £.

    Source: wrong pockets, Pleace (2015).
    """
    parameters = town.parameters
    books = town.books
    health = town.funders[town.services[Need.HEALTH].funder]
    books.crisis_cost_to_health = parameters.crises_paid_by_health * books.crisis_cost
    health.reserves -= books.crisis_cost_to_health
    books.paid_away += books.crisis_cost_to_health
    if town.clock.broker == 1:
        council = town.funders[town.services[Need.CARE].funder]
        books.broker_cost = parameters.broker_cost * len(town.residents) * town.clock.prices[Component.LABOUR]
        council.reserves -= books.broker_cost
        books.tie_cost += books.broker_cost
        books.paid_away += books.broker_cost


# ---- places are paid for --------------------------------------------------------------------------


@rule
def pay_for_places(tie: Tie, town: Town) -> None:
    """A service pays its partner for the places bought, and the partner meets what they cost. £.

    Fines come back; checking, sharing, drafting and letting are paid by the buyer to the world outside.
    """
    parameters = town.parameters
    buyer = town.organisations[tie.buyer]
    seller = town.organisations[tie.seller]
    paid = tie.price * tie.volume
    cost = cost_now(tie, town) * (tie.volume * (1.0 - tie.saved) - tie.unpaid_places)
    buyer.reserves -= paid
    seller.reserves += paid
    buyer.reserves += tie.fined
    seller.reserves -= tie.fined
    seller.reserves -= cost
    seller.income += paid
    seller.cost += cost + tie.fined
    seller.asked += tie.asked
    loss = cost + tie.fined - paid
    if loss > seller.worst_loss:
        seller.worst_loss = loss
        seller.worst_agreement = tie.id
    if tie.active == 1:
        tie.admin_cost += parameters.monitoring_cost * tie.monitoring * paid + parameters.sharing_cost * tie.sharing
    buyer.reserves -= tie.admin_cost
    town.books.tie_cost += tie.admin_cost
    town.books.paid_away += cost + tie.admin_cost


@rule
def pay_own_staff(service: Organisation, town: Town) -> None:
    """A service pays for its own staff and all that goes with them. £."""
    cost = service.unit_cost * service.paid_places
    service.cost = cost
    service.reserves -= cost
    town.books.paid_away += cost


@rule
def meet_outside_fortunes(partner: Organisation, town: Town) -> None:
    """A partner gains or loses on its work outside the town, and pays out what it holds beyond its liking. £.

    Fortunes vary with a spread given as a share of its usual monthly cost, and average nothing.
    """
    partner.outside_income = 0.0
    if partner.alive == 0:
        return
    spread = town.parameters.outside_income_spread * partner.usual_cost
    partner.outside_income = spread * normal(town, Decision.OUTSIDE_FORTUNE, partner.id)
    partner.reserves += partner.outside_income
    town.books.paid_in += partner.outside_income
    above = partner.reserves - partner.own_reserves * partner.usual_cost
    if above > 0.0:
        partner.paid_out = town.parameters.payout * above
        partner.reserves -= partner.paid_out
        town.books.paid_away += partner.paid_out


# ---- books are balanced ---------------------------------------------------------------------------


@rule
def respond_to_losses(partner: Organisation, town: Town) -> None:
    """A partner losing money lives on reserves, then cuts volume, then hands back its worst agreement, then closes.

    Nobody hands back who has not cut first; misfortune elsewhere may close anyone. Volume comes back a step at a time
    once places pay again. Reserves in months of usual cost.

    Source: order of responses, NCVO (2024); hand-backs commoner than closures, ADASS.
    """
    if partner.alive == 0:
        return
    parameters = town.parameters
    before = partner.state
    partner.lost = 1 if partner.cost > partner.income else 0
    months = partner.reserves / partner.usual_cost if partner.usual_cost > 0.0 else 0.0
    partner.stress = 0.0
    partner.state = State.STABLE
    if partner.lost == 0:
        partner.withheld = max(0.0, partner.withheld - parameters.cutting_step)
    else:
        partner.state = State.SUBSIDISING
        short = 2.0 * parameters.cutting_reserves
        partner.stress = min(1.0, max(0.0, 1.0 - months / short)) if short > 0.0 else 0.0
        if before == State.STABLE:
            say_it_loses(partner, town)
        if months < parameters.cutting_reserves:
            partner.state = State.CUTTING
            partner.withheld = min(parameters.cutting_limit, partner.withheld + parameters.cutting_step)
            if before < State.CUTTING:
                partner.event = tell(town, Happening.CUT, partner.id, NOBODY, months, Cause.RESERVES_LOW, partner.event)
        may_leave = before >= State.CUTTING and partner.worst_agreement != NOBODY
        if may_leave and months <= parameters.hand_back_reserves:
            hand_back_worst(partner, town)
    if partner.reserves < 0.0:
        close(partner, town)


def say_it_loses(partner: Organisation, town: Town) -> None:
    """Write down that a partner's places have begun to cost more than they bring; a refused rise may be why."""
    buyer = NOBODY
    because = NOBODY
    if partner.worst_agreement != NOBODY:
        tie = town.agreements[partner.worst_agreement]
        buyer = tie.buyer
        because = tie.event
    lost = partner.cost - partner.income
    partner.event = tell(town, Happening.LOSS, partner.id, buyer, lost, Cause.COST_ABOVE_PRICE, because)


def hand_back_worst(partner: Organisation, town: Town) -> None:
    """Give up the agreement that lost most, if it loses enough to be worth the trouble."""
    tie = town.agreements[partner.worst_agreement]
    if tie.active == 1 and partner.worst_loss > town.parameters.hand_back_loss * tie.price * tie.volume:
        partner.state = State.HANDED_BACK
        hand_back(tie, Cause.COST_ABOVE_PRICE, town)


def close(partner: Organisation, town: Town) -> None:
    """A partner that owes more than it has closes: its agreements are lost, its debts stay on its books."""
    partner.alive = 0
    partner.state = State.CLOSED
    partner.event = tell(
        town, Happening.CLOSURE, partner.id, NOBODY, partner.reserves, Cause.RESERVES_GONE, partner.event
    )
    for tie in town.agreements:
        if tie.seller == partner.id and tie.active == 1:
            hand_back(tie, Cause.RESERVES_GONE, town)
    for tie in town.peers:
        if tie.buyer == partner.id or tie.seller == partner.id:
            tie.active = 0


@rule
def let_newcomers_in(partner: Organisation, town: Town) -> None:
    """A newcomer may take the place of a partner that has closed: another organisation, which nobody knows yet.

    It brings reserves of its own, knows its predecessor's peers from the beginning again, and holds no agreement
    until it wins one. What its predecessor owed is lost to its creditors outside the town. £.
    """
    parameters = town.parameters
    if partner.alive == 1 or chance(town, Decision.ENTER, partner.id) >= parameters.entry:
        return
    brought = partner.own_reserves * partner.usual_cost
    town.books.paid_in += brought - partner.reserves
    partner.reserves = brought
    partner.alive = 1
    partner.state = State.STABLE
    partner.lost = 0
    partner.withheld = 0.0
    partner.burnout = 0.0
    partner.stress = 0.0
    partner.standing = 0.0
    partner.complaints = 0
    bell = normal(town, Decision.NEWCOMER, partner.id)
    partner.quality = min(HIGHEST_QUALITY, max(LOWEST_QUALITY, USUAL_QUALITY + QUALITY_SPREAD * bell))
    partner.practice = USUAL_PRACTICE
    far = chance(town, Decision.NEWCOMER, partner.id, 1)
    rides = chance(town, Decision.NEWCOMER, partner.id, 2) < parameters.free_riders
    partner.opportunism = GREEDY + (1.0 - GREEDY) * far if rides else LOYAL * far
    partner.event = tell(town, Happening.ENTRY, partner.id, NOBODY, brought, Cause.PLACE_FREE, partner.event)
    for tie in town.peers:
        if tie.buyer == partner.id or tie.seller == partner.id:
            other = town.organisations[tie.seller if tie.buyer == partner.id else tie.buyer]
            tie.active = other.alive
            tie.known = 0
            tie.carries = 0.0
            tie.trust_of_buyer = parameters.first_trust
            tie.trust_of_seller = parameters.first_trust


@rule
def account_for_the_rise(town: Town) -> None:
    """Who bore the rise in costs this month: funders + partners + staff + residents = the rise, to the penny.

    The rise is what today's prices add to the cost of a service's posts and of the places asked of
    partners. Funders bear what they paid beyond what the same would have cost at the start; partners
    bear what their reserves lost against their margin at the start; staff bear places given unpaid;
    residents bear places asked for and not given, and effort not made, at today's cost. Funders' and
    partners' shares are read off what they hold, not off the payments, so a leak would show. £.
    """
    books = town.books
    base_cost_to_funders = 0.0
    margin_at_start = 0.0
    outside = 0.0
    for service in town.services:
        at_start = service.cost_at_start
        planned = service.posts * town.parameters.places_per_worker
        books.cost_rise += (service.unit_cost - at_start) * planned
        base_cost_to_funders += at_start * planned
        books.staff += service.unit_cost * service.unpaid_places
        books.residents += service.unit_cost * (planned - service.paid_places - service.unpaid_places)
    for tie in town.agreements:
        cost = cost_now(tie, town)
        at_start = town.organisations[tie.seller].cost_at_start * tie.drift
        books.cost_rise += (cost - at_start) * tie.asked
        base_cost_to_funders += tie.first_price * tie.asked
        margin_at_start += (tie.first_price - at_start) * tie.asked
        books.staff += cost * tie.unpaid_places
        books.residents += cost * (tie.asked - tie.volume * (1.0 - tie.saved))
    for partner in town.partners:
        outside += partner.outside_income - partner.paid_out
    budgets = 0.0
    for service in town.services:
        budgets += service.budget
    for funder in town.funders:
        budgets += funder.crisis_budget
    spent = books.services_held + budgets - services_hold(town) - books.crisis_cost_to_health
    books.funders = spent - books.tie_cost - base_cost_to_funders
    books.partners = margin_at_start - (partners_hold(town) - books.partners_held - outside)
    books.public_cost = spent + books.crisis_cost
