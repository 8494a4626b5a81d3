"""The month: which rules run, on which table, in which order. This is the model's table of contents.

Change this file to add a rule, take one away, or move it. Decide first and settle after: no line lets a
row gain by standing early in its table. Stages are numbered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agents import agreements, clock, learning, money, residents, services, staff, ties
from agents.tables import Town
from simulation.measures import COUNTING, measure_the_month

Line = tuple[str, Callable[..., Any]]

MONTH: tuple[Line, ...] = (
    ("town", clock.open_month),
    # 1. prices move
    ("town", money.prices_move),
    ("neighbourhoods", money.clear_the_count),
    ("organisations", money.meet_prices),
    # 2. settlements arrive
    ("town", money.settle_growth),
    ("funders", money.close_the_year),
    ("services", money.receive_budget),
    ("funders", money.hold_the_purse),
    ("town", money.pool_budgets),
    ("funders", money.take_control),
    # prevention is planned, which decides how many needs are spared
    ("services", services.plan_prevention),
    # 3. needs grow
    ("residents", residents.feel_the_squeeze),
    ("residents", residents.need_grows),
    # 4. kith help
    ("residents", residents.be_helped_by_kith),
    # 5. residents ask
    ("residents", residents.ask_for_help),
    # 6. prices and volumes are settled
    ("ties", ties.take_time),
    ("organisations", ties.take_outside_time),
    ("town", ties.find_best_paths),
    ("agreements", agreements.settle_price),
    ("organisations", services.set_places),
    ("services", services.buy_places),
    # 7. effort
    ("agreements", agreements.choose_effort),
    # 8 and 9. places are shared out, help is given
    ("services", services.share_out_places),
    # 10. crises
    ("residents", residents.fall_into_crisis),
    ("residents", residents.take_stock),
    ("residents", residents.feel),
    ("residents", residents.be_counted),
    # 11. books are balanced
    ("town", money.pay_for_crises),
    ("agreements", money.pay_for_places),
    ("services", money.pay_own_staff),
    ("partners", money.meet_outside_fortunes),
    ("peers", ties.offer_aid),
    ("peers", ties.pass_aid),
    ("partners", money.respond_to_losses),
    ("town", money.account_for_the_rise),
    # 12. staff
    ("organisations", staff.burn_out),
    ("organisations", staff.leave_and_hire),
    # 13. trust
    ("ties", ties.revise_trust),
    # 14. agreements end
    ("agreements", agreements.renew_or_tender),
    ("partners", money.let_newcomers_in),
    # 15. practice and technology spread
    ("ties", learning.hear_from_each_other),
    ("organisations", learning.learn),
    # 16. terms may change
    ("organisations", learning.take_stock_of_standing),
    ("ties", learning.compare_terms),
    ("organisations", learning.wish_for_terms),
    ("organisations", learning.take_on_terms),
    ("ties", learning.rewrite_terms),
    # 17. the month is measured
    *COUNTING,
    ("town", measure_the_month),
    ("town", clock.close_month),
)
"""Pairs of a table's name in the town and the rule its rows follow; "town" for a rule of the whole town."""


def live_month(town: Town, month: tuple[Line, ...] = MONTH) -> None:
    """Walk one month in plain Python. Every engine does exactly this."""
    for table, rule in month:
        if table == "town":
            rule(town)
        else:
            for row in getattr(town, table):
                rule(row, town)
