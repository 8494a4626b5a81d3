"""The month that is written three times: by the rules themselves, in C and with Mesa.

Every line of MONTH that walks through residents is here, with the shipped rule, and little else: in a
large town these lines are nearly the whole month. Organisations stand still: each month every front
door opens with the places it was founded with, so that no line is needed to settle prices and staff.
"""

from __future__ import annotations

import math

from agents import clock, money, residents, services, ties
from agents.rule import replacing, rule
from agents.tables import Organisation, Town

with replacing():  # a rule of the benchmarks, not of the town

    @rule
    def open_doors(service: Organisation, town: Town) -> None:
        """A front door opens with an empty queue and the places it was founded with, its partners' included."""
        service.queue = 0
        service.served = 0
        kept = service.places_left - math.floor(service.places_left)
        service.places_left = kept + service.posts * town.parameters.places_per_worker * town.parameters.usable_time
        for tie in town.agreements[service.first_agreement : service.last_agreement]:
            kept = tie.places_left - math.floor(tie.places_left)
            tie.places_left = kept + tie.agreed


TWIN_MONTH = (
    ("town", clock.open_month),
    ("town", money.prices_move),
    ("neighbourhoods", money.clear_the_count),
    ("services", open_doors),
    ("residents", residents.feel_the_squeeze),
    ("residents", residents.need_grows),
    ("residents", residents.be_helped_by_kith),
    ("residents", residents.ask_for_help),
    ("services", services.share_out_places),
    ("residents", residents.fall_into_crisis),
    ("residents", residents.take_stock),
    ("residents", residents.feel),
    ("residents", residents.be_counted),
    ("town", clock.close_month),
)

PREPARE = (("ties", ties.take_time), ("town", ties.find_best_paths))
"""Lived once before the twins begin: who hears from whom does not change in their months."""
