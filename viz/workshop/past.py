"""What a town has lived through, kept small: each month's organisations and ties, and what happened to everyone.

Change this file to keep something more of every month. `note` is called once after every month lived, and writes down
what the town's own tables forget: who was helped by whom and whether it worked, who waits, who gave up. Months once
noted are never changed, so that a copy costs next to nothing and what is undone is simply cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from agents.chance import Decision, chance_column, chance_columns
from agents.tables import NEEDS, NOBODY, Happening, Status, Town

Column = npt.NDArray[Any]

NO_ONE = 65535
"""No organisation, in two bytes."""
MOST_MOVES = 44
"""So many people may be on the way in one town in one month; more could not be followed by eye. Crises come on top."""
LOOKED_AT = 110
"""So many residents, drawn by lot every month, are looked at: the same ones in both towns."""
WHO_IS_LOOKED_AT = 4096
"""The decision whose luck draws them; the model's own decisions are small numbers."""
WELLBEING_STEP = 0.05
"""Wellbeing is kept in steps of this."""


class Move(IntEnum):
    """What became of one resident's one need in a month."""

    WORKED = 0
    FAILED = 1
    PASSED_ON = 2
    WAITS = 3
    CRISIS = 4
    GAVE_UP = 5


QUIET = 255
"""Nothing happened: no help was asked for."""
SUCCEEDED = 8
"""Added to a move where help worked though the person was passed on."""
KIND = 7
"""What of a kept move tells its kind."""

ORGANISATION = np.dtype(
    [
        (name, "f4")
        for name in (
            "load", "state", "alive", "held", "unit_cost", "income", "cost", "staff", "posts", "burnout", "trust",
            "queue", "served", "succeeded", "withheld", "practice",
        )
    ]
)  # fmt: skip
"""What is kept of an organisation. `held` is money in months of usual cost (of budget, for a service); `trust` the mean
over its ties in force, both sides."""
TIE = np.dtype(
    [
        (name, "f4")
        for name in (
            "seller", "active", "trust_of_buyer", "trust_of_seller", "price", "cost", "months_left", "agreed", "served",
            "succeeded", "effort", "aid", "carries",
        )
    ]
)  # fmt: skip
"""What is kept of a tie. `cost` is what a place costs the seller; agreements come first, then peers."""


@dataclass(frozen=True, eq=False)
class Month:
    """One month, as it is kept: organisations, ties, and for every resident each need's move and helper."""

    organisations: Column
    ties: Column
    moves: Column
    helpers: Column
    wellbeing: Column
    in_crisis: Column


class Past:
    """The months a town has lived since this was begun: `Past(town)`, then `note(town)` after every month."""

    def __init__(self, town: Town) -> None:
        self.first = int(town.clock["month"])
        self.months: list[Month] = []
        self.luck = town.residents["luck"].copy()
        self._look(town)

    @property
    def month(self) -> int:
        """The month after the last one noted."""
        return self.first + len(self.months)

    def note(self, town: Town) -> None:
        """Write down the month that the town has just lived."""
        lived = int(town.clock["month"]) - 1
        if lived != self.month:
            raise ValueError(f"month {lived} cannot be noted; the next to note is month {self.month}")
        moves = self._moves_of(town, lived)
        helped = (moves & KIND) <= Move.PASSED_ON
        helpers = np.where(helped, town.residents["provider"], NO_ONE).astype(np.uint16)
        wellbeing = np.rint(town.residents["wellbeing"] / WELLBEING_STEP).astype(np.uint8)
        in_crisis = town.residents["in_crisis"].astype(np.bool_)
        self.months.append(Month(organisations_of(town), ties_of(town), moves, helpers, wellbeing, in_crisis))
        self._look(town)

    def copy(self) -> Past:
        """The same past, for a town that goes on by itself."""
        other = object.__new__(Past)
        other.__dict__.update(self.__dict__)
        other.months = list(self.months)
        return other

    def cut(self, town: Town) -> None:
        """Forget what came after the month that the town now stands at."""
        keep = int(town.clock["month"]) - self.first
        if not 0 <= keep <= len(self.months):
            raise ValueError(f"this past goes from month {self.first} to {self.month}, not to {keep + self.first}")
        del self.months[keep:]
        self._look(town)

    # ---- what was lived ----

    def organisation(self, row: int, name: str, first: int = 0) -> list[float]:
        """One value of one organisation in each month from the first wanted on."""
        return [float(kept.organisations[name][row]) for kept in self.since(first)]

    def tie(self, row: int, name: str, first: int = 0) -> list[float]:
        """One value of one tie in each month from the first wanted on."""
        return [float(kept.ties[name][row]) for kept in self.since(first)]

    def wellbeing(self, resident: int, first: int = 0) -> list[float]:
        """A resident's wellbeing in each month from the first wanted on."""
        return [round(float(kept.wellbeing[resident]) * WELLBEING_STEP, 2) for kept in self.since(first)]

    def since(self, first: int) -> list[Month]:
        """The months kept from this one on."""
        return self.months[max(0, first - self.first) :]

    def log(self, resident: int, first: int = 0) -> list[tuple[int, int, int, int]]:
        """All that happened to one resident from a month on: month, move, service, organisation (or NO_ONE)."""
        begin = max(first, self.first)
        found = []
        for month, kept in enumerate(self.since(first), begin):
            for need, move in enumerate(kept.moves[resident].tolist()):
                if move != QUIET:
                    found.append((month, move & KIND, need, int(kept.helpers[resident, need])))
        return found

    def worked(self, month: int, resident: int, need: int) -> bool:
        """Whether help with a need in a month worked."""
        move = int(self.months[month - self.first].moves[resident, need])
        return move == Move.WORKED or move == Move.PASSED_ON | SUCCEEDED

    def moves(self, month: int, most: int = MOST_MOVES) -> Column:
        """What is shown of a month on the map: rows of resident, service, organisation, move, as two-byte numbers.

        A sample: residents drawn by the lot of their luck and the month, so that in two towns the same people are
        looked at, and where less happens, less is shown.
        """
        kept = self.months[month - self.first]
        lots = chance_column(0, WHO_IS_LOOKED_AT, self.luck, month=month)
        looked_at = np.argsort(lots, kind="stable")[:LOOKED_AT]
        what = kept.moves[looked_at]
        place, need = np.nonzero((what != QUIET) & (what != Move.CRISIS))
        struck, struck_by = np.nonzero(kept.moves == Move.CRISIS)
        resident = np.concatenate([looked_at[place[:most]], struck])
        need = np.concatenate([need[:most], struck_by])
        moves = kept.moves[resident, need] & KIND
        return np.stack([resident, need, kept.helpers[resident, need], moves], axis=1).astype("<u2")

    # ---- how a month is told from the tables ----

    def _look(self, town: Town) -> None:
        """Remember what the next month is told apart by."""
        people = town.residents
        self._trust, self._provider, self._status = (people[name].copy() for name in ("trust", "provider", "status"))

    def _moves_of(self, town: Town, month: int) -> Column:
        """What became of every resident's every need this month."""
        people, parameters = town.residents, town.parameters
        status, trust, provider = people["status"], people["trust"], people["provider"]
        moves = np.full(status.shape, QUIET, np.uint8)
        crisis = crises_of(town, month)
        moves[status == Status.WAITING] = Move.WAITS
        still = (people["need"] > float(parameters["tolerance"])) | crisis
        moves[(self._status == Status.WAITING) & (status == Status.NONE) & still] = Move.GAVE_UP
        moves[crisis] = Move.CRISIS
        helped = status == Status.SERVED
        gains = float(parameters["resident_trust_gain"]) > 0.0
        worked = (trust > self._trust) | ((trust == self._trust) & ((self._trust >= 1.0) | (not gains)))
        moves[helped] = np.where(worked, Move.WORKED, Move.FAILED)[helped]
        moved = helped & (self._provider != NOBODY) & (self._provider != provider)
        if moved.any():
            moved &= ~self._chose_another(town, month)
            moves[moved] = np.where(worked, Move.PASSED_ON | SUCCEEDED, Move.PASSED_ON)[moved]
        return moves

    def _chose_another(self, town: Town, month: int) -> Column:
        """Whose help had failed, and who therefore asked for somebody else: that is nobody's passing on."""
        parameters = town.parameters
        if int(parameters["agency"]) != 1:
            return np.zeros(self._status.shape, np.bool_)
        seed = int(town.clock["seed"])
        lots = chance_columns(seed, Decision.CHOOSE_ANOTHER, town.residents["luck"], range(NEEDS), month)
        return (self._status == Status.SERVED) & (lots < float(parameters["choosing"]) * (1.0 - self._trust))


def eventful(pasts: Sequence[Past], first: int = 0) -> int:
    """The resident to whom most has happened in all these towns together, from a month on.

    Crises weigh most, then giving up and being passed on, then waiting and help in vain; of equals the first.
    """
    score = np.zeros(len(pasts[0].luck))
    for past in pasts:
        for kept in past.since(first):
            score += WEIGHT[kept.moves & KIND].sum(axis=1)
    return int(np.argmax(score))


WEIGHT = np.array([0, 1, 3, 1, 6, 3, 0, 0])
"""How much a move tells of a life, by its kind; the last is for nothing happening."""


def crises_of(town: Town, month: int) -> Column:
    """Which needs of which residents ended in a crisis in a month."""
    found = np.zeros(town.residents["status"].shape, np.bool_)
    events = events_in(town, month)
    events = events[events["kind"] == Happening.CRISIS]
    found[events["who"], events["whom"]] = True
    return found


def events_in(town: Town, month: int, last: int | None = None) -> Column:
    """The events of one month, or of a month and those up to another."""
    written = town.events[: int(town.clock["events"])]
    months = written["month"]
    begin = int(np.searchsorted(months, month, "left"))
    return written[begin : int(np.searchsorted(months, month if last is None else last, "right"))]


def organisations_of(town: Town) -> Column:
    """What is kept of every organisation this month."""
    table, services = town.organisations, len(town.services)
    kept = np.zeros(len(table), ORGANISATION)
    for name in ORGANISATION.names or ():
        if name not in ("held", "trust"):
            kept[name] = table[name]
    money = table["usual_cost"].copy()
    money[:services] = table["budget"][:services]
    kept["held"] = np.divide(table["reserves"], money, out=np.zeros(len(table)), where=money > 0.0)
    ties = town.ties[town.ties["active"] == 1]
    trust = trust_along(ties)
    ends = np.concatenate([ties["buyer"], ties["seller"]])
    many = np.bincount(ends, minlength=len(table))
    kept["trust"] = np.bincount(ends, np.concatenate([trust, trust]), minlength=len(table)) / np.maximum(1, many)
    return kept


def trust_along(ties: Any) -> Any:
    """Trust along ties, or along one: the mean of both sides'."""
    return 0.5 * (ties["trust_of_buyer"] + ties["trust_of_seller"])


def ties_of(town: Town) -> Column:
    """What is kept of every tie this month."""
    table, kept = town.ties, np.zeros(len(town.ties), TIE)
    for name in TIE.names or ():
        if name != "cost":
            kept[name] = table[name]
    kept["cost"] = town.organisations["unit_cost"][table["seller"]] * table["drift"]
    return kept


__all__ = ["NO_ONE", "QUIET", "Month", "Move", "Past", "crises_of", "eventful", "events_in"]
