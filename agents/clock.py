"""Time: a month opens with its own luck, and closes by giving way to the next.

Change this file only to change what a month is. The first and the last line of MONTH.
"""

from __future__ import annotations

from agents.chance import month_key
from agents.rule import rule
from agents.tables import Town


@rule
def open_month(town: Town) -> None:
    """The month gets the key to its luck, from the seed and its own number."""
    town.clock.key = month_key(town.clock.seed, town.clock.month)


@rule
def close_month(town: Town) -> None:
    """The month is over."""
    town.clock.month += 1
