"""What is measured: one short function of the town for each number.

Change this file to measure something new: write the function and add it to MEASURES. Its name becomes a
column of every results table, and its docstring the label: what it is, then its unit. Residents have
stood up to be counted by neighbourhood before the month is measured, so few measures walk through them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from agents.declared import column
from agents.rule import rule
from agents.tables import (
    MONTHS_A_YEAR,
    WAITING_BINS,
    WELLBEING_BINS,
    Neighbourhood,
    State,
    Town,
)

PER_THOUSAND = 1000.0


def share(part: float, whole: float) -> float:
    """A part of a whole; 0 where there is no whole."""
    return part / whole if whole > 0.0 else 0.0


# ---- residents ------------------------------------------------------------------------------------


def people(town: Town) -> float:
    """Residents counted. people"""
    count = 0.0
    for here in town.neighbourhoods:
        count += here.residents
    return count


def wellbeing(town: Town) -> float:
    """Mean wellbeing. 0-10"""
    total = 0.0
    for here in town.neighbourhoods:
        total += here.wellbeing
    return share(total, people(town))


def wellbeing_lowest_tenth(town: Town) -> float:
    """Wellbeing that nine in ten residents exceed. 0-10"""
    below = 0.0
    tenth = 0.1 * people(town)
    for step in range(WELLBEING_BINS):
        here = town.clock.wellbeing[step]
        if here > 0 and below + here >= tenth:
            return (step + (tenth - below) / here) * (10.0 / WELLBEING_BINS)
        below += here
    return 10.0


def low_wellbeing(town: Town) -> float:
    """Residents with wellbeing of 4 or below. share"""
    low = 0.0
    for here in town.neighbourhoods:
        low += here.low_wellbeing
    return share(low, people(town))


def need(town: Town) -> float:
    """Needs above tolerance before help, added up, for each resident. severity"""
    total = 0.0
    for here in town.neighbourhoods:
        total += here.need
    return share(total, people(town))


def unmet_need(town: Town) -> float:
    """Need that is still above tolerance after this month's help. share of need"""
    unmet = 0.0
    total = 0.0
    for here in town.neighbourhoods:
        unmet += here.unmet
        total += here.need
    return share(unmet, total)


def several_needs(town: Town) -> float:
    """Residents who feel two or more needs. share"""
    several = 0.0
    for here in town.neighbourhoods:
        several += here.several_needs
    return share(several, people(town))


def waiting(town: Town) -> float:
    """Cases waiting at the end of the month. cases per 1,000 residents"""
    cases = 0.0
    for here in town.neighbourhoods:
        cases += here.waiting
    return PER_THOUSAND * share(cases, people(town))


def waiting_median(town: Town) -> float:
    """How long the middle case in the queue has waited. months"""
    cases = 0.0
    for month in range(WAITING_BINS):
        cases += town.clock.waiting[month]
    below = 0.0
    for month in range(WAITING_BINS):
        below += town.clock.waiting[month]
        if below > 0.0 and below >= 0.5 * cases:
            return float(month)
    return 0.0


def waiting_over_six_months(town: Town) -> float:
    """Waiting cases that have waited more than six months. share"""
    cases = 0.0
    long = 0.0
    for here in town.neighbourhoods:
        cases += here.waiting
        long += here.waiting_long
    return share(long, cases)


def crises(town: Town) -> float:
    """Crises. per 1,000 residents a year"""
    count = 0.0
    for here in town.neighbourhoods:
        count += here.crises
    return MONTHS_A_YEAR * PER_THOUSAND * share(count, people(town))


def failure_demand(town: Town) -> float:
    """Requests made because earlier help had failed. share of requests"""
    asked = 0.0
    came_back = 0.0
    for here in town.neighbourhoods:
        asked += here.asked
        came_back += here.came_back
    return share(came_back, asked)


def drop_off(town: Town) -> float:
    """Cases that gave up waiting this month. share of requests"""
    asked = 0.0
    gave_up = 0.0
    for here in town.neighbourhoods:
        asked += here.asked
        gave_up += here.gave_up
    return share(gave_up, asked)


def help_that_worked(town: Town) -> float:
    """Help that worked. share of cases helped"""
    helped = 0.0
    resolved = 0.0
    for here in town.neighbourhoods:
        helped += here.helped
        resolved += here.resolved
    return share(resolved, helped)


def cases_helped(town: Town) -> float:
    """Cases helped. per 1,000 residents"""
    helped = 0.0
    for here in town.neighbourhoods:
        helped += here.helped
    return PER_THOUSAND * share(helped, people(town))


def moved_between_organisations(town: Town) -> float:
    """Cases helped by another organisation than last time. share of cases helped"""
    helped = 0.0
    moved = 0.0
    for here in town.neighbourhoods:
        helped += here.helped
        moved += here.moved
    return share(moved, helped)


def unmet_need_here(here: Neighbourhood) -> float:
    """Unmet need in one neighbourhood, for each resident. severity"""
    return share(here.unmet, here.residents)


def inequality_slope(town: Town) -> float:
    """Slope index of inequality in unmet need: most against least deprived. severity for each resident"""
    return slope_index(town)


def slope_index(town: Town) -> float:
    """Fit unmet need for each resident on the rank of deprivation from 0 to 1, weighted by residents.

    Neighbourhoods stand in their table from least to most deprived; each has the middle rank of its
    people. Source: slope index of inequality, as in health inequality monitoring.
    """
    total = people(town)
    if total <= 0.0:
        return 0.0
    below = 0.0
    mean_rank = 0.0
    mean_need = 0.0
    for here in town.neighbourhoods:
        rank = (below + 0.5 * here.residents) / total
        below += here.residents
        mean_rank += here.residents * rank / total
        mean_need += here.residents * unmet_need_here(here) / total
    below = 0.0
    together = 0.0
    spread = 0.0
    for here in town.neighbourhoods:
        rank = (below + 0.5 * here.residents) / total
        below += here.residents
        together += here.residents * (rank - mean_rank) * (unmet_need_here(here) - mean_need)
        spread += here.residents * (rank - mean_rank) * (rank - mean_rank)
    return share(together, spread)


def inequality_gap(town: Town) -> float:
    """Unmet need in the most deprived neighbourhood less the least deprived. severity for each resident"""
    last = len(town.neighbourhoods) - 1
    return unmet_need_here(town.neighbourhoods[last]) - unmet_need_here(town.neighbourhoods[0])


# ---- money ----------------------------------------------------------------------------------------


def public_cost(town: Town) -> float:
    """Spent by the public purse, crises included. £ for each resident"""
    return share(town.books.public_cost, people(town))


def cost_per_resolved_need(town: Town) -> float:
    """Public cost over needs resolved. £"""
    resolved = 0.0
    for here in town.neighbourhoods:
        resolved += here.resolved
    return share(town.books.public_cost, resolved)


def transaction_share(town: Town) -> float:
    """What ties cost: letting, drafting, checking, sharing, and staff time at cost. share of public cost"""
    time = 0.0
    for organisation in town.organisations:
        time += organisation.unit_cost * organisation.paid_places * min(1.0, organisation.tie_time)
    return share(town.books.tie_cost + time, town.books.public_cost)


def cost_rise(town: Town) -> float:
    """Rise in the cost of what was asked for. £ for each resident"""
    return share(town.books.cost_rise, people(town))


def borne_by_funders(town: Town) -> float:
    """Of the rise, borne by funders. £ for each resident"""
    return share(town.books.funders, people(town))


def borne_by_partners(town: Town) -> float:
    """Of the rise, borne by partners' reserves. £ for each resident"""
    return share(town.books.partners, people(town))


def borne_by_staff(town: Town) -> float:
    """Of the rise, borne by staff in unpaid time. £ for each resident"""
    return share(town.books.staff, people(town))


def borne_by_residents(town: Town) -> float:
    """Of the rise, borne by residents: help and effort not given. £ for each resident"""
    return share(town.books.residents, people(town))


def funder_reserves(town: Town) -> float:
    """What funders and services hold. months of budget"""
    held = 0.0
    budget = 0.0
    for service in town.services:
        held += service.reserves
        budget += service.budget
    for funder in town.funders:
        held += funder.reserves
    return share(held, budget)


# ---- organisations --------------------------------------------------------------------------------


def in_state(town: Town, state: int) -> float:
    """Partners in one state. share of partners"""
    count = 0.0
    for partner in town.partners:
        if partner.state == state:
            count += 1.0
    return share(count, len(town.partners))


def partners_stable(town: Town) -> float:
    """Partners whose places pay. share of partners"""
    return in_state(town, State.STABLE)


def partners_subsidising(town: Town) -> float:
    """Partners living on reserves. share of partners"""
    return in_state(town, State.SUBSIDISING)


def partners_cutting(town: Town) -> float:
    """Partners withholding volume. share of partners"""
    return in_state(town, State.CUTTING)


def partners_handing_back(town: Town) -> float:
    """Partners that handed an agreement back this month. share of partners"""
    return in_state(town, State.HANDED_BACK)


def partners_closed(town: Town) -> float:
    """Partners that have closed. share of partners"""
    return in_state(town, State.CLOSED)


def partner_reserves(town: Town) -> float:
    """What living partners hold together. months of their usual cost"""
    held = 0.0
    usual = 0.0
    for partner in town.partners:
        if partner.alive == 1:
            held += partner.reserves
            usual += partner.usual_cost
    return share(held, usual)


def staff_hours(town: Town) -> float:
    """Workers in post, those between employers included. workers"""
    staff = 0.0
    for organisation in town.organisations:
        staff += organisation.staff
    for tie in town.agreements:
        staff += tie.waiting_staff
    return staff


def posts(town: Town) -> float:
    """Posts, those of lost agreements included. workers"""
    count = 0.0
    for organisation in town.organisations:
        count += organisation.posts
    for tie in town.agreements:
        if tie.active == 0:
            count += tie.posts
    return count


def vacancies(town: Town) -> float:
    """Posts not filled. share of posts"""
    return 1.0 - share(staff_hours(town), posts(town)) if posts(town) > 0.0 else 0.0


def turnover(town: Town) -> float:
    """Staff who leave, at this month's rate. share a year"""
    left = 0.0
    for organisation in town.organisations:
        left += organisation.leavers
    return MONTHS_A_YEAR * share(left, staff_hours(town))


def burnout(town: Town) -> float:
    """Staff who are burnt out. share of staff"""
    burnt_out = 0.0
    for organisation in town.organisations:
        burnt_out += organisation.burnout * organisation.staff
    return share(burnt_out, staff_hours(town))


def practice(town: Town) -> float:
    """How good ways of working are, weighted by staff. 0-1"""
    total = 0.0
    for organisation in town.organisations:
        total += organisation.practice * organisation.staff
    return share(total, staff_hours(town))


def use_of_places(town: Town) -> float:
    """Cases helped over places that could be given. share"""
    places = 0.0
    helped = 0.0
    for service in town.services:
        places += service.places
    for tie in town.agreements:
        places += tie.able
    for here in town.neighbourhoods:
        helped += here.helped
    return share(helped, places)


# ---- ties -----------------------------------------------------------------------------------------


def agreements_held(town: Town) -> float:
    """Agreements in force. share of agreements"""
    held = 0.0
    for tie in town.agreements:
        held += tie.active
    return share(held, len(town.agreements))


def trust(town: Town) -> float:
    """Mean trust across agreements, both sides. 0-1"""
    total = 0.0
    held = 0.0
    for tie in town.agreements:
        if tie.active == 1:
            total += 0.5 * (tie.trust_of_buyer + tie.trust_of_seller)
            held += 1.0
    return share(total, held)


def trust_variance(town: Town) -> float:
    """Variance of trust across agreements. 0-1 squared"""
    mean = trust(town)
    total = 0.0
    held = 0.0
    for tie in town.agreements:
        if tie.active == 1:
            gap = 0.5 * (tie.trust_of_buyer + tie.trust_of_seller) - mean
            total += gap * gap
            held += 1.0
    return share(total, held)


def ties_changed(town: Town) -> float:
    """Agreements that changed hands this month. share of agreements"""
    changed = 0.0
    for tie in town.agreements:
        changed += tie.changed_hands
    return share(changed, len(town.agreements))


def seller_breaches(town: Town) -> float:
    """Agreements in which a seller was seen to break its word this month. share of agreements"""
    count = 0.0
    for tie in town.agreements:
        count += tie.seller_broke
    return share(count, len(town.agreements))


def buyer_breaches(town: Town) -> float:
    """Agreements in which a buyer refused a promised rise this month. share of agreements"""
    count = 0.0
    for tie in town.agreements:
        count += tie.buyer_broke
    return share(count, len(town.agreements))


def effort(town: Town) -> float:
    """Effort that reaches residents, over places bought. share"""
    made = 0.0
    bought = 0.0
    for tie in town.agreements:
        made += tie.effort * tie.volume
        bought += tie.volume
    return share(made, bought)


def price_over_cost(town: Town) -> float:
    """What is paid for places bought over what they cost. ratio"""
    paid = 0.0
    cost = 0.0
    for tie in town.agreements:
        if tie.active == 1:
            paid += tie.price * tie.volume
            cost += town.organisations[tie.seller].unit_cost * tie.drift * tie.volume
    return share(paid, cost)


MEASURES: tuple[Callable[[Town], float], ...] = (
    wellbeing, wellbeing_lowest_tenth, low_wellbeing, need, unmet_need, several_needs, waiting, waiting_median,
    waiting_over_six_months, crises, failure_demand, drop_off, help_that_worked, cases_helped,
    moved_between_organisations, inequality_slope, inequality_gap, public_cost, cost_per_resolved_need,
    transaction_share, cost_rise, borne_by_funders, borne_by_partners, borne_by_staff, borne_by_residents,
    funder_reserves, partners_stable, partners_subsidising, partners_cutting, partners_handing_back, partners_closed,
    partner_reserves, staff_hours, posts, vacancies, turnover, burnout, practice, use_of_places, agreements_held,
    trust, trust_variance, ties_changed, seller_breaches, buyer_breaches, effort, price_over_cost,
)  # fmt: skip
"""Every measure, in the order of the columns."""


def label(measure: Callable[[Town], float]) -> tuple[str, str]:
    """What a measure is, and its unit, from its docstring."""
    what, unit = (measure.__doc__ or "").strip().rsplit(". ", 1)
    return what, unit


HISTORY = np.dtype([(measure.__name__, "f8") for measure in MEASURES], align=True)
"""One row per month: the town's history."""


class NeighbourhoodMonth:
    """One neighbourhood's month, kept for the history."""

    month: int = column(unit="month", meaning="When.")
    neighbourhood: int = column(unit="row", meaning="Where.")
    deprivation: float = column(unit="0-1", meaning="How deprived it is.")
    residents: int = column(unit="people", meaning="Residents counted.")
    wellbeing: float = column(unit="0-10", meaning="Mean wellbeing.")
    unmet_need: float = column(unit="severity for each resident", meaning="Need above tolerance after help.")
    waiting: float = column(unit="cases per 1,000 residents", meaning="Cases waiting.")
    crises: float = column(unit="per 1,000 residents a year", meaning="Crises.")


@rule
def measure_neighbourhood(here: Neighbourhood, town: Town) -> None:
    """Keep a neighbourhood's month."""
    row = town.neighbourhood_history[town.clock.month * len(town.neighbourhoods) + here.id]
    row.month = town.clock.month
    row.neighbourhood = here.id
    row.deprivation = here.deprivation
    row.residents = here.residents
    row.wellbeing = share(here.wellbeing, here.residents)
    row.unmet_need = unmet_need_here(here)
    row.waiting = PER_THOUSAND * share(here.waiting, here.residents)
    row.crises = MONTHS_A_YEAR * PER_THOUSAND * share(here.crises, here.residents)


def _one_line_each() -> Callable[[Town], None]:
    """Write the function that fills this month's row: one line for each measure, so that it can be compiled."""
    lines = ["def measure_the_month(town):", '    """Fill this month\'s row of the history."""']
    lines += ["    row = town.history[town.clock.month]"]
    lines += [f"    row.{measure.__name__} = {measure.__name__}(town)" for measure in MEASURES]
    space: dict[str, Any] = {"__name__": __name__, **{measure.__name__: measure for measure in MEASURES}}
    exec("\n".join(lines), space)
    written: Callable[[Town], None] = space["measure_the_month"]
    return written


measure_the_month = rule(_one_line_each())
