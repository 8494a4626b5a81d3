"""What residents do: needs grow, kith help, help is asked for, crises strike, and the month is felt.

Change this file to change how needs arise, when people ask for help, and what a month does to them.
How help is given is in services.py.
"""

from __future__ import annotations

import math

from agents.chance import Decision, chance
from agents.events import tell
from agents.rule import rule
from agents.tables import (
    NEEDS,
    NOBODY,
    WAITING_BINS,
    WELLBEING_BINS,
    Cause,
    Component,
    Happening,
    Need,
    Resident,
    Status,
    Town,
)

LONG_WAIT = 6
LOW_WELLBEING = 4.0
MIDDLE_AGE = 50.0
A_LITTLE = 1e-6
"""Too little to outweigh a difference in need, and wide enough that no two lots fall together in a million."""
FELT = 0.5
"""A need is felt from this share of what is tolerated; help is asked for above tolerance."""


@rule
def feel_the_squeeze(resident: Resident, town: Town) -> None:
    """Living gets dearer: what a household's own basket costs beyond its income and its slack.

    Energy, food and everything else are weighed by what this household spends on each. Unit: share
    of spending. We leave out: saving, debt and moving to cheaper goods.
    """
    prices = town.clock.prices
    other_share = 1.0 - resident.energy_share - resident.food_share
    living = (
        resident.energy_share * town.clock.household_energy
        + resident.food_share * prices[Component.FOOD]
        + other_share * prices[Component.OTHER]
    )
    income = 1.0 + town.parameters.income_follows_wages * (prices[Component.LABOUR] - 1.0)
    resident.squeeze = max(0.0, living / max(0.01, income) - 1.0) * (1.0 - resident.slack)


@rule
def need_grows(resident: Resident, town: Town) -> None:
    """Needs pass slowly by themselves, spill over into one another, and new ones strike.

    A new need strikes with a chance that grows with frailty, deprivation, age (health and care), the
    outside pressure of demand, and exp(escalation × need) while a need waits unmet; what its service
    spends on prevention spares some. All needs are read before any is changed. Severity from 0 to 1.

    Source: escalation, CareSim (Gostoli & Silverman 2019); age, Linked Lives (Silverman). We depart:
    only needs above tolerance spill over, and new needs are rare blows rather than a steady flow, so
    that a few residents have many.
    """
    parameters = town.parameters
    needs = resident.need
    pressure = resident.pressure
    tolerance = parameters.tolerance
    kept = 1.0 - parameters.recovery
    deprivation = town.neighbourhoods[resident.neighbourhood].deprivation
    exposure = parameters.inflow * town.clock.demand * resident.frailty
    exposure *= max(0.0, 1.0 + parameters.deprivation_effect * (deprivation - 0.5))
    for need in range(NEEDS):
        pressure[need] = new_need(resident, need, exposure, town)
    pressure[Need.MONEY] += parameters.hardship * resident.squeeze
    for since in range(NEEDS):
        felt = needs[since]
        if felt > tolerance:
            for need in range(NEEDS):
                pressure[need] += parameters.spillover[need, since] * felt
    worst = 0.0
    for need in range(NEEDS):
        needs[need] = min(1.0, max(0.0, kept * needs[need] + pressure[need]))
        worst = max(worst, needs[need])
    resident.spare = max(0.0, 1.0 - worst / tolerance) if tolerance > 0.0 else 0.0


def new_need(resident: Resident, need: int, exposure: float, town: Town) -> float:
    """The blow of a new need this month: 0 for most residents in most months."""
    parameters = town.parameters
    likely = exposure * parameters.inflow_mix[need] * town.services[need].spared
    older = resident.age + town.clock.aged - MIDDLE_AGE
    if need == Need.CARE:
        likely *= math.exp(older / parameters.age_scale)
    elif need == Need.HEALTH:
        likely *= math.exp(0.5 * older / parameters.age_scale)
    if resident.status[need] == Status.WAITING:
        likely *= math.exp(parameters.escalation * resident.need[need])
    if chance(town, Decision.NEED_STRIKES, resident.luck, need) >= likely:
        return 0.0
    either_side = 2.0 * chance(town, Decision.HOW_BAD, resident.luck, need) - 1.0
    return max(0.0, parameters.blow + parameters.blow_spread * either_side)


@rule
def be_helped_by_kith(resident: Resident, town: Town) -> None:
    """Kith take a little off a resident's worst need, as far as they are free of needs of their own.

    What anyone has to give is shared among all their kith, so that a friend of many gives each less. It
    works where neighbours help one another: the neighbourhood's social capital. Severity. We leave out:
    what helping costs those who help.
    """
    parameters = town.parameters
    if parameters.kith_help <= 0.0 or resident.spare > 0.0:
        return
    worst = 0
    for need in range(1, NEEDS):
        if resident.need[need] > resident.need[worst]:
            worst = need
    given = 0.0
    for place in range(resident.first_kith, resident.last_kith):
        kith = town.residents[town.kith[place]]
        given += kith.spare / (kith.last_kith - kith.first_kith)
    share = parameters.kith_help * town.neighbourhoods[resident.neighbourhood].social_capital * given
    resident.need[worst] *= 1.0 - min(1.0, share)


@rule
def ask_for_help(resident: Resident, town: Town) -> None:
    """A need above tolerance is taken to its front door; those not helped last time come back.

    The chance of asking rises with trust in the service, and falls at a front door that has gone online for
    those who are not. Someone who waits stays in the queue, gives up with a chance that falls with trust,
    or leaves when the need has passed. Coming back because help had failed is counted as failure demand,
    and then some ask for somebody else. Residents without agency always ask and never give up or choose.

    Source: failure demand, Seddon (Locality & Vanguard 2014); drop-off of 20-40%, recalled.
    """
    parameters = town.parameters
    needs = resident.need
    statuses = resident.status
    tolerance = parameters.tolerance
    agency = parameters.agency == 1
    here = town.neighbourhoods[resident.neighbourhood]
    for need in range(NEEDS):
        status = statuses[need]
        statuses[need] = Status.NONE
        if needs[need] <= tolerance:
            resident.waited[need] = 0
            resident.provider[need] = NOBODY
            continue
        trust = resident.trust[need]
        if status == Status.WAITING:
            weary = parameters.giving_up * (1.0 - trust)
            if agency and chance(town, Decision.GIVE_UP, resident.luck, need) < weary:
                resident.waited[need] = 0
                here.gave_up += 1
                continue
            resident.waited[need] += 1
        else:
            willing = parameters.asking + (1.0 - parameters.asking) * trust if agency else 1.0
            if resident.online == 0:
                willing *= 1.0 - parameters.technology_exclusion * town.services[need].technology
            if chance(town, Decision.ASK_FOR_HELP, resident.luck, need) >= willing:
                continue
            resident.waited[need] = 0
            resident.contacts += 1
            here.asked += 1
            if status == Status.SERVED:
                resident.returns += 1
                here.came_back += 1
                if agency:
                    choose_another(resident, need, town)
        statuses[need] = Status.WAITING
        join_queue(resident, need, town)


def choose_another(resident: Resident, need: int, town: Town) -> None:
    """Someone whom help has failed may ask for somebody else, the likelier the less they trust the front door."""
    likely = town.parameters.choosing * (1.0 - resident.trust[need])
    if chance(town, Decision.CHOOSE_ANOTHER, resident.luck, need) < likely:
        resident.provider[need] = NOBODY


def join_queue(resident: Resident, need: int, town: Town) -> None:
    """Take a place in the queue, in the order the town has chosen; equals are ordered by lot."""
    service = town.services[need]
    case = town.queue[need * len(town.residents) + service.queue]
    lot = chance(town, Decision.QUEUE_LOT, resident.luck, need)
    case.resident = resident.id
    if town.parameters.queue_order == 0:
        case.priority = resident.need[need] + A_LITTLE * lot
    elif town.parameters.queue_order == 1:
        case.priority = resident.waited[need] + lot
    else:
        case.priority = open_needs(resident, town) + A_LITTLE * lot
    service.queue += 1
    town.neighbourhoods[resident.neighbourhood].queue[need] += 1


def open_needs(resident: Resident, town: Town) -> int:
    """How many of a resident's needs are above tolerance."""
    count = 0
    for need in range(NEEDS):
        if resident.need[need] > town.parameters.tolerance:
            count += 1
    return count


@rule
def fall_into_crisis(resident: Resident, town: Town) -> None:
    """A very bad need that nobody has helped with this month may end in a crisis.

    Public bodies respond at once, whoever was at fault; the need is partly relieved, and wellbeing
    takes a blow. Who pays is settled in money.py: seldom whoever could have prevented it.

    Source: cost of crisis against prevention, Pleace (2015).
    """
    parameters = town.parameters
    needs = resident.need
    crisis_level = parameters.crisis_level
    resident.in_crisis = 0
    for need in range(NEEDS):
        if (
            needs[need] >= crisis_level
            and resident.helper[need] == NOBODY
            and resident.remaining[need] == 1.0
            and chance(town, Decision.CRISIS, resident.luck, need) < parameters.crisis_chance
        ):
            resident.in_crisis = 1
            resident.crises += 1
            resident.remaining[need] *= 1.0 - parameters.crisis_relief
            town.neighbourhoods[resident.neighbourhood].crises += 1
            town.services[need].crises += 1
            town.books.crisis_cost += parameters.crisis_cost
            tell(
                town,
                Happening.CRISIS,
                resident.id,
                need,
                needs[need],
                Cause.NEED_UNMET,
                town.services[need].event,
            )


@rule
def take_stock(resident: Resident, town: Town) -> None:
    """Help takes effect, all at once at the end of the month, and residents revise their trust.

    Help that works raises trust in that front door; help that fails, or a month's wait, lowers it. Some of
    those whom help has failed complain to whoever helped.
    """
    parameters = town.parameters
    needs = resident.need
    trusts = resident.trust
    remaining = resident.remaining
    tolerance = parameters.tolerance
    here = town.neighbourhoods[resident.neighbourhood]
    for need in range(NEEDS):
        helper = resident.helper[need]
        trust = trusts[need]
        if helper != NOBODY:
            resident.status[need] = Status.SERVED
            here.helped += 1
            if resident.provider[need] != NOBODY and resident.provider[need] != helper:
                here.moved += 1
            resident.provider[need] = helper
            resident.helper[need] = NOBODY
            if remaining[need] < 1.0:
                here.resolved += 1
                trusts[need] = trust + parameters.resident_trust_gain * (1.0 - trust)
            else:
                trusts[need] = trust - parameters.resident_trust_loss * trust
                if parameters.agency == 1:
                    may_complain(resident, need, helper, town)
        elif resident.status[need] == Status.WAITING:
            trusts[need] = trust - parameters.resident_trust_loss * trust
        severity = needs[need]
        needs[need] = severity * remaining[need]
        remaining[need] = 1.0
        if severity > tolerance:
            here.need += severity
            if needs[need] > tolerance:
                here.unmet += needs[need]


def may_complain(resident: Resident, need: int, helper: int, town: Town) -> None:
    """Someone whom help has failed may complain; it takes time to answer, and may bring skimping to light."""
    if chance(town, Decision.COMPLAIN, resident.luck, need) < town.parameters.complaining:
        town.organisations[helper].complaints += 1
        town.neighbourhoods[resident.neighbourhood].complaints += 1


@rule
def feel(resident: Resident, town: Town) -> None:
    """Wellbeing from 0 to 10: slack helps; the worst need weighs full, others half; dear living and crises hurt.

    Source: UK mean about 7.5 and steep by health (ONS 2021-23); weights assumed.
    """
    parameters = town.parameters
    needs = resident.need
    felt_from = FELT * parameters.tolerance
    worst = 0.0
    all_needs = 0.0
    for need in range(NEEDS):
        above = max(0.0, needs[need] - felt_from)
        all_needs += above
        worst = max(worst, above)
    wellbeing = parameters.best_wellbeing + parameters.wellbeing_slack * (resident.slack - 0.5)
    wellbeing -= parameters.wellbeing_need * (0.5 * worst + 0.5 * all_needs)
    wellbeing -= parameters.wellbeing_cost * resident.squeeze
    wellbeing -= parameters.wellbeing_crisis * resident.in_crisis
    resident.wellbeing = min(10.0, max(0.0, wellbeing))


@rule
def be_counted(resident: Resident, town: Town) -> None:
    """Stand up and be counted, so that measures need not walk through the town again."""
    needs = resident.need
    statuses = resident.status
    felt_from = FELT * town.parameters.tolerance
    here = town.neighbourhoods[resident.neighbourhood]
    here.residents += 1
    here.wellbeing += resident.wellbeing
    if resident.wellbeing <= LOW_WELLBEING:
        here.low_wellbeing += 1
    town.clock.wellbeing[min(WELLBEING_BINS - 1, int(resident.wellbeing * (WELLBEING_BINS / 10)))] += 1
    several = 0
    for need in range(NEEDS):
        if needs[need] > felt_from:
            several += 1
        if statuses[need] == Status.WAITING:
            here.waiting += 1
            town.clock.waiting[min(WAITING_BINS - 1, resident.waited[need])] += 1
            if resident.waited[need] > LONG_WAIT:
                here.waiting_long += 1
    if several >= 2:
        here.several_needs += 1
