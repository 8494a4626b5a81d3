"""What is measured: one line of arithmetic on the month's count for each number.

Change this file to measure something new: write the function and add it to MEASURES. Its name becomes a
column of every results table, and its docstring the label: what it is, then its unit. Where the count
lacks what you need, add a column to Count in agents/tables.py and fill it in the rules below, which count
the town once; residents have already stood up to be counted by neighbourhood.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from agents.agreements import cost_now
from agents.declared import column, fields_of
from agents.rule import rule
from agents.tables import (
    MONTHS_A_YEAR,
    WAITING_BINS,
    WELLBEING_BINS,
    Count,
    Funder,
    Kind,
    Neighbourhood,
    Organisation,
    State,
    Tie,
    Town,
)

PER_THOUSAND = 1000.0


def share(part: float, whole: float) -> float:
    """A part of a whole; 0 where there is no whole."""
    return part / whole if whole > 0.0 else 0.0


# ---- the town is counted --------------------------------------------------------------------------


def _clear_every_column() -> Callable[[Town], None]:
    """Write the rule that puts last month's count away: one line for each column, so that it can be compiled."""
    lines = ["def clear_the_last_count(town):", '    """Last month\'s count of the town is put away."""']
    lines += ["    count = town.count"]
    for field in fields_of(Count).values():
        if field.shape:
            lines += [f"    for place in range({field.shape[0]}):", f"        count.{field.name}[place] = 0.0"]
        else:
            lines += [f"    count.{field.name} = 0.0"]
    return rule(_written("\n".join(lines), {}))


def _written(text: str, known: dict[str, Any]) -> Callable[[Town], None]:
    """The function that some text defines, knowing these names."""
    space: dict[str, Any] = {"__name__": __name__, **known}
    exec(text, space)
    return next(value for name, value in space.items() if callable(value) and name not in known)


clear_the_last_count = _clear_every_column()


@rule
def count_neighbourhood(here: Neighbourhood, town: Town) -> None:
    """Add a neighbourhood to the count. They stand in their table from least to most deprived.

    Everyone in a neighbourhood has the middle rank of its people, from 0 to 1 across the town.
    """
    count = town.count
    rank = count.residents + 0.5 * here.residents
    unmet_each = share(here.unmet, here.residents)
    if here.id == 0:
        count.unmet_least_deprived = unmet_each
    count.unmet_most_deprived = unmet_each
    count.ranks += here.residents * rank
    count.ranks_squared += here.residents * rank * rank
    count.unmet_by_rank += here.unmet * rank
    count.residents += here.residents
    count.wellbeing += here.wellbeing
    count.low_wellbeing += here.low_wellbeing
    count.need += here.need
    count.unmet += here.unmet
    count.several_needs += here.several_needs
    count.waiting += here.waiting
    count.waiting_long += here.waiting_long
    count.asked += here.asked
    count.came_back += here.came_back
    count.gave_up += here.gave_up
    count.complaints += here.complaints
    count.crises += here.crises
    count.helped += here.helped
    count.resolved += here.resolved
    count.moved += here.moved
    row = town.neighbourhood_history[town.clock.month * len(town.neighbourhoods) + here.id]
    row.month = town.clock.month
    row.neighbourhood = here.id
    row.deprivation = here.deprivation
    row.residents = here.residents
    row.wellbeing = share(here.wellbeing, here.residents)
    row.unmet_need = unmet_each
    row.waiting = PER_THOUSAND * share(here.waiting, here.residents)
    row.crises = MONTHS_A_YEAR * PER_THOUSAND * share(here.crises, here.residents)


@rule
def count_organisation(organisation: Organisation, town: Town) -> None:
    """Add an organisation to the count: its staff, places and money."""
    count = town.count
    count.staff += organisation.staff
    count.posts += organisation.posts
    count.leavers += organisation.leavers
    count.burnt_out += organisation.burnout * organisation.staff
    count.practice += organisation.practice * organisation.staff
    count.technology += organisation.technology * organisation.staff
    count.prevention += organisation.prevention * organisation.staff
    count.tie_time_cost += organisation.unit_cost * organisation.paid_places * min(1.0, organisation.tie_time)
    if organisation.kind == Kind.SERVICE:
        count.service_staff += organisation.staff
        count.places += organisation.places
        count.service_money += organisation.reserves
        count.budgets += organisation.budget
    else:
        count.partners += 1.0
        count.partners_in_state[organisation.state] += 1.0
        if organisation.alive == 1:
            count.partner_money += organisation.reserves
            count.partner_usual_cost += organisation.usual_cost


@rule
def count_funder(funder: Funder, town: Town) -> None:
    """Add what a funder holds to the count, and how it is governed."""
    count = town.count
    count.service_money += funder.reserves
    count.funders += 1.0
    count.emergency += funder.emergency
    count.tier_trust += funder.tier_trust


@rule
def count_agreement(tie: Tie, town: Town) -> None:
    """Add an agreement to the count: trust, promises broken, places bought and what was paid."""
    count = town.count
    count.agreements += 1.0
    count.places += tie.able
    count.staff += tie.waiting_staff
    count.changed_hands += tie.changed_hands
    count.seller_broke += tie.seller_broke
    count.buyer_broke += tie.buyer_broke
    if tie.active == 0:
        count.posts += tie.posts
        return
    trust = 0.5 * (tie.trust_of_buyer + tie.trust_of_seller)
    count.held += 1.0
    count.trust += trust
    count.trust_squared += trust * trust
    count.bought += tie.volume
    count.effort += tie.effort * tie.volume
    count.paid += tie.price * tie.volume
    count.cost += cost_now(tie, town) * tie.volume


@rule
def count_the_rest(town: Town) -> None:
    """Add what is read off the books, and off the tallies by wellbeing and by months waited."""
    count = town.count
    books = town.books
    count.cost_rise = books.cost_rise
    count.by_funders = books.funders
    count.by_partners = books.partners
    count.by_staff = books.staff
    count.by_residents = books.residents
    count.public_cost = books.public_cost
    count.tie_cost = books.tie_cost
    below = 0.0
    tenth = 0.1 * count.residents
    for step in range(WELLBEING_BINS):
        people = town.clock.wellbeing[step]
        if people > 0 and below < tenth <= below + people:
            count.lowest_tenth = (step + (tenth - below) / people) * (10.0 / WELLBEING_BINS)
        below += people
    below = 0.0
    for month in range(WAITING_BINS):
        cases = town.clock.waiting[month]
        if below < 0.5 * count.waiting <= below + cases:
            count.waiting_median = month
        below += cases


COUNTING: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("town", clear_the_last_count),
    ("neighbourhoods", count_neighbourhood),
    ("organisations", count_organisation),
    ("funders", count_funder),
    ("agreements", count_agreement),
    ("town", count_the_rest),
)
"""How the town is counted; these lines stand at the end of MONTH."""


# ---- residents ------------------------------------------------------------------------------------


def wellbeing(count: Count) -> float:
    """Mean wellbeing. 0-10"""
    return share(count.wellbeing, count.residents)


def wellbeing_lowest_tenth(count: Count) -> float:
    """Wellbeing that nine in ten residents exceed. 0-10"""
    return count.lowest_tenth


def low_wellbeing(count: Count) -> float:
    """Residents with wellbeing of 4 or below. share"""
    return share(count.low_wellbeing, count.residents)


def need(count: Count) -> float:
    """Needs above tolerance before help, added up, for each resident. severity"""
    return share(count.need, count.residents)


def unmet_need(count: Count) -> float:
    """Need that is still above tolerance after this month's help. share of need"""
    return share(count.unmet, count.need)


def several_needs(count: Count) -> float:
    """Residents who feel two or more needs. share"""
    return share(count.several_needs, count.residents)


def waiting(count: Count) -> float:
    """Cases waiting at the end of the month. cases per 1,000 residents"""
    return PER_THOUSAND * share(count.waiting, count.residents)


def waiting_median(count: Count) -> float:
    """How long the middle case in the queue has waited. months"""
    return count.waiting_median


def waiting_over_six_months(count: Count) -> float:
    """Waiting cases that have waited more than six months. share"""
    return share(count.waiting_long, count.waiting)


def crises(count: Count) -> float:
    """Crises. per 1,000 residents a year"""
    return MONTHS_A_YEAR * PER_THOUSAND * share(count.crises, count.residents)


def failure_demand(count: Count) -> float:
    """Requests made because earlier help had failed. share of requests"""
    return share(count.came_back, count.asked)


def drop_off(count: Count) -> float:
    """Cases that gave up waiting this month. share of requests"""
    return share(count.gave_up, count.asked)


def complaints(count: Count) -> float:
    """Complaints about help that failed. per 1,000 residents a year"""
    return MONTHS_A_YEAR * PER_THOUSAND * share(count.complaints, count.residents)


def help_that_worked(count: Count) -> float:
    """Help that worked. share of cases helped"""
    return share(count.resolved, count.helped)


def cases_helped(count: Count) -> float:
    """Cases helped. per 1,000 residents a month"""
    return PER_THOUSAND * share(count.helped, count.residents)


def moved_between_organisations(count: Count) -> float:
    """Cases helped by another organisation than last time. share of cases helped"""
    return share(count.moved, count.helped)


def inequality_slope(count: Count) -> float:
    """Slope index of inequality in unmet need: most against least deprived. severity for each resident

    Unmet need for each resident, fitted on the rank of deprivation from 0 to 1, weighted by residents.
    Source: slope index of inequality, as in the monitoring of health inequality.
    """
    people = count.residents
    if people <= 0.0:
        return 0.0
    mean_rank = count.ranks / people
    together = count.unmet_by_rank - mean_rank * count.unmet
    spread = count.ranks_squared - mean_rank * count.ranks
    return people * share(together, spread)


def inequality_gap(count: Count) -> float:
    """Unmet need in the most deprived neighbourhood less the least deprived. severity for each resident"""
    return count.unmet_most_deprived - count.unmet_least_deprived


# ---- money ----------------------------------------------------------------------------------------


def public_cost(count: Count) -> float:
    """Spent by the public purse, crises included. £ for each resident a month"""
    return share(count.public_cost, count.residents)


def cost_per_resolved_need(count: Count) -> float:
    """Public cost over needs resolved. £"""
    return share(count.public_cost, count.resolved)


def transaction_share(count: Count) -> float:
    """What ties cost: letting, drafting, checking, sharing, and staff time at cost. share of public cost"""
    return share(count.tie_cost + count.tie_time_cost, count.public_cost)


def cost_rise(count: Count) -> float:
    """Rise in the cost of what was asked for. £ for each resident a month"""
    return share(count.cost_rise, count.residents)


def borne_by_funders(count: Count) -> float:
    """Of the rise, borne by funders. £ for each resident a month"""
    return share(count.by_funders, count.residents)


def borne_by_partners(count: Count) -> float:
    """Of the rise, borne by partners' reserves. £ for each resident a month"""
    return share(count.by_partners, count.residents)


def borne_by_staff(count: Count) -> float:
    """Of the rise, borne by staff in unpaid time. £ for each resident a month"""
    return share(count.by_staff, count.residents)


def borne_by_residents(count: Count) -> float:
    """Of the rise, borne by residents: help and effort not given. £ for each resident a month"""
    return share(count.by_residents, count.residents)


def funder_reserves(count: Count) -> float:
    """What funders and services hold. months of budget"""
    return share(count.service_money, count.budgets)


def emergency(count: Count) -> float:
    """Funders under emergency control. share of funders"""
    return share(count.emergency, count.funders)


def trust_of_tier_above(count: Count) -> float:
    """Trust of the tier above in the town's funders. 0-1"""
    return share(count.tier_trust, count.funders)


# ---- organisations --------------------------------------------------------------------------------


def partners_stable(count: Count) -> float:
    """Partners whose places pay. share of partners"""
    return share(count.partners_in_state[State.STABLE], count.partners)


def partners_subsidising(count: Count) -> float:
    """Partners living on reserves. share of partners"""
    return share(count.partners_in_state[State.SUBSIDISING], count.partners)


def partners_cutting(count: Count) -> float:
    """Partners withholding volume. share of partners"""
    return share(count.partners_in_state[State.CUTTING], count.partners)


def partners_handing_back(count: Count) -> float:
    """Partners that handed an agreement back this month. share of partners"""
    return share(count.partners_in_state[State.HANDED_BACK], count.partners)


def partners_closed(count: Count) -> float:
    """Partners that have closed. share of partners"""
    return share(count.partners_in_state[State.CLOSED], count.partners)


def partner_reserves(count: Count) -> float:
    """What living partners hold together. months of their usual cost"""
    return share(count.partner_money, count.partner_usual_cost)


def prevention(count: Count) -> float:
    """Staff time that services spend upstream. share of services' staff time"""
    return share(count.prevention, count.service_staff)


def staff_hours(count: Count) -> float:
    """Workers in post, those between employers included. workers"""
    return count.staff


def technology(count: Count) -> float:
    """Workers of organisations with the new technology. share of staff"""
    return share(count.technology, count.staff)


def posts(count: Count) -> float:
    """Posts, those of lost agreements included. workers"""
    return count.posts


def vacancies(count: Count) -> float:
    """Posts not filled. share of posts"""
    return share(count.posts - count.staff, count.posts)


def turnover(count: Count) -> float:
    """Staff who leave, at this month's rate. share a year"""
    return MONTHS_A_YEAR * share(count.leavers, count.staff)


def burnout(count: Count) -> float:
    """Staff who are burnt out. share of staff"""
    return share(count.burnt_out, count.staff)


def practice(count: Count) -> float:
    """How good ways of working are, weighted by staff. 0-1"""
    return share(count.practice, count.staff)


def use_of_places(count: Count) -> float:
    """Cases helped over places that could be given. share"""
    return share(count.helped, count.places)


# ---- ties -----------------------------------------------------------------------------------------


def agreements_held(count: Count) -> float:
    """Agreements in force. share of agreements"""
    return share(count.held, count.agreements)


def trust(count: Count) -> float:
    """Mean trust across agreements, both sides. 0-1"""
    return share(count.trust, count.held)


def trust_variance(count: Count) -> float:
    """Variance of trust across agreements. 0-1 squared"""
    mean = share(count.trust, count.held)
    return max(0.0, share(count.trust_squared, count.held) - mean * mean)


def ties_changed(count: Count) -> float:
    """Agreements that changed hands this month. share of agreements"""
    return share(count.changed_hands, count.agreements)


def seller_breaches(count: Count) -> float:
    """Agreements in which a seller was seen to break its word this month. share of agreements"""
    return share(count.seller_broke, count.agreements)


def buyer_breaches(count: Count) -> float:
    """Agreements in which a buyer refused a promised rise this month. share of agreements"""
    return share(count.buyer_broke, count.agreements)


def effort(count: Count) -> float:
    """Effort that reaches residents, over places bought. share"""
    return share(count.effort, count.bought)


def price_over_cost(count: Count) -> float:
    """What is paid for places bought over what they cost. ratio"""
    return share(count.paid, count.cost)


MEASURES: tuple[Callable[[Count], float], ...] = (
    wellbeing, wellbeing_lowest_tenth, low_wellbeing, need, unmet_need, several_needs, waiting, waiting_median,
    waiting_over_six_months, crises, failure_demand, drop_off, complaints, help_that_worked, cases_helped,
    moved_between_organisations, inequality_slope, inequality_gap, public_cost, cost_per_resolved_need,
    transaction_share, cost_rise, borne_by_funders, borne_by_partners, borne_by_staff, borne_by_residents,
    funder_reserves, emergency, trust_of_tier_above, partners_stable, partners_subsidising, partners_cutting,
    partners_handing_back, partners_closed, partner_reserves, prevention, staff_hours, technology, posts, vacancies,
    turnover, burnout, practice, use_of_places, agreements_held, trust, trust_variance, ties_changed, seller_breaches,
    buyer_breaches, effort, price_over_cost,
)  # fmt: skip
"""Every measure, in the order of the columns."""


def label(measure: Callable[[Count], float]) -> tuple[str, str]:
    """What a measure is, and its unit, from the first paragraph of its docstring."""
    first = (measure.__doc__ or "").strip().split("\n\n")[0]
    what, unit = first.rsplit(". ", 1)
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


def _one_line_each() -> Callable[[Town], None]:
    """Write the rule that fills this month's row of the history: one line for each measure."""
    lines = ["def measure_the_month(town):", '    """Fill this month\'s row of the history from the count."""']
    lines += ["    count = town.count", "    row = town.history[town.clock.month]"]
    lines += [f"    row.{measure.__name__} = {measure.__name__}(count)" for measure in MEASURES]
    return rule(_written("\n".join(lines), {measure.__name__: measure for measure in MEASURES}))


measure_the_month = _one_line_each()


def counted(town: Any) -> Any:
    """Count a town now, plainly, and return the count: for looking at a town between months."""
    for table, count_rule in COUNTING:
        for row in (None,) if table == "town" else getattr(town, table):
            count_rule(town) if row is None else count_rule(row, town)
    return town.count
