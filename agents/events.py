"""What is written down when something happens: hand-backs, closures, tenders, broken promises, crises.

Change this file to have more, or less, written down. Every event names the state that led to it and,
where there is one, the earlier event that led to it, so that a chain of causes can be followed back.
"""

from __future__ import annotations

from agents.tables import NOBODY, Cause, Happening, Town


def tell(town: Town, kind: Happening, who: int, whom: int, amount: float, cause: Cause, because: int = NOBODY) -> int:
    """Write an event down and return its row, or NOBODY where the table is full (the loss is counted)."""
    row: int = town.clock.events
    if row >= len(town.events):
        town.clock.events_lost += 1
        return NOBODY
    event = town.events[row]
    event.month = town.clock.month
    event.kind = kind
    event.who = who
    event.whom = whom
    event.amount = amount
    event.cause = cause
    event.because = because
    town.clock.events = row + 1
    return row
