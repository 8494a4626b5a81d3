"""Workers: they burn out and mend, leave and are hired, and take what they know with them.

Change this file to change what work does to people. Staff are counted as a whole per organisation, in
full-time workers, so months bring expected flows rather than single resignations.
"""

from __future__ import annotations

from agents.rule import rule
from agents.tables import Component, Kind, Organisation, Town

OVERWHELMED = 5.0


@rule
def burn_out(organisation: Organisation, town: Town) -> None:
    """Work above target wears staff down; the burnt-out mend slowly. Share of staff.

    Load is cases asked over places that can be given. At a steady load the share settles at
    onset / (onset + mending).
    """
    parameters = town.parameters
    if organisation.kind == Kind.PARTNER:
        organisation.load = load_of(organisation.asked, organisation.places)
    overload = max(0.0, organisation.load - parameters.target_load)
    onset = min(1.0, parameters.burning * overload)
    organisation.burnout += onset * (1.0 - organisation.burnout) - parameters.mending * organisation.burnout
    organisation.burnout = min(1.0, max(0.0, organisation.burnout))


def load_of(asked: float, places: float) -> float:
    """Work asked over work that can be done; beyond OVERWHELMED more makes no difference."""
    if places <= 0.0:
        return OVERWHELMED if asked > 0.0 else 0.0
    return min(OVERWHELMED, asked / places)


@rule
def leave_and_hire(organisation: Organisation, town: Town) -> None:
    """Workers leave, the burnt-out and the badly paid more often; vacancies fill; leavers take practice with them.

    A service does not hire when its own money and its funder's have run out, or under emergency control. With
    steady chances the vacancy rate settles at leaving / (leaving + filling).

    Source: 29% leave in a year, 10% of posts vacant at the peak (Skills for Care 2021/22).
    """
    parameters = town.parameters
    if organisation.alive == 0:
        organisation.leavers = 0.0
        return
    chance_of_leaving = parameters.leaving + parameters.leaving_burnt_out * organisation.burnout
    lag = pay_lag(organisation, town)
    chance_of_leaving = min(1.0, chance_of_leaving + parameters.leaving_for_pay * lag)
    vacancies = max(0.0, organisation.posts - organisation.staff)
    frozen = organisation.kind == Kind.SERVICE and out_of_money(organisation, town)
    hired = 0.0 if frozen else parameters.filling * max(0.0, 1.0 - parameters.filling_for_pay * lag) * vacancies
    organisation.leavers = chance_of_leaving * organisation.staff
    organisation.staff += hired - organisation.leavers
    organisation.practice *= 1.0 - parameters.practice_leaving * chance_of_leaving


def pay_lag(organisation: Organisation, town: Town) -> float:
    """How far an employer's pay lags behind what others pay, because its own income lags behind its costs. Share.

    A partner: what its places cost beyond what they bring. A service: what its costs have risen beyond its budget.
    Never more than wages have risen elsewhere: who is merely poor has fewer posts, not worse pay.
    """
    met = 1.0
    if organisation.kind == Kind.SERVICE:
        met = town.clock.budget_level / organisation.cost_index if organisation.cost_index > 0.0 else 1.0
    elif organisation.cost > 0.0:
        met = organisation.income / organisation.cost
    wages = town.clock.prices[Component.LABOUR]
    risen = 1.0 - 1.0 / wages if wages > 1.0 else 0.0
    return min(risen, max(0.0, 1.0 - met))


def out_of_money(service: Organisation, town: Town) -> bool:
    """Whether a service is under emergency control, or owes money that its funder could not cover either."""
    funder = town.funders[service.funder]
    return bool(funder.emergency == 1 or (service.reserves < 0.0 and funder.reserves <= 0.0))
