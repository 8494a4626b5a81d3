"""Luck by address: one draw for each seed, month, decision and who.

Change this file to give chance a new decision: add a member to Decision. Every decision draws from its
own place, so a draw more or less in one town never shifts anyone's luck in another, and the order in
which rows act does not matter. Asking twice for the same decision gives the same number; a second
draw needs a decision, or a part, of its own. Decisions are distinct for each kind of row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from enum import IntEnum
from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt


class Decision(IntEnum):
    """What is being decided. Add at the end: a decision's number is part of its luck."""

    # residents, month by month
    NEED_STRIKES = 0
    HOW_BAD = 1
    ASK_FOR_HELP = 2
    GIVE_UP = 3
    QUEUE_LOT = 4
    WHICH_PLACE = 5
    HELP_WORKS = 6
    OUTSIDE_SCOPE = 7
    OUTSIDE_WORKS = 8
    CRISIS = 9
    # ties, month by month
    CHECK = 10
    COME_TO_LIGHT = 11
    RENEW = 12
    SEEN_QUALITY = 13
    # partners, month by month
    OUTSIDE_FORTUNE = 14
    # the world outside
    PRICE_NOISE = 15
    # founding
    FOUND_RESIDENT = 16
    FOUND_FRAILTY = 17
    FOUND_KITH = 18
    FOUND_ORGANISATION = 19
    FOUND_QUALITY = 20
    FOUND_COST = 21
    FOUND_RESERVES = 22
    FOUND_AGREEMENT = 23
    FOUND_TERM = 24
    FOUND_PEER = 25
    # added since
    CHOOSE_ANOTHER = 26
    COMPLAIN = 27
    TAKE_UP = 28
    DROP = 29
    ENTER = 30
    NEWCOMER = 31
    BETTER_PLACED = 32
    CHANGE_TERMS = 33
    FOUND_WISHES = 34


DRAWS_A_DECISION = 1 << 20
DRAWS_A_PART = 4
"""A part owns four draws: one for `chance`, two for `normal`, one to spare. Parts go up to 2**18."""

FOUNDING = -1
"""The month whose luck a town is founded with."""


def chance(town: Any, decision: int, who: int, part: int = 0) -> float:
    """A number in [0, 1) that belongs to this row, this month and this decision."""
    return draw(town.clock.key, decision * DRAWS_A_DECISION + part * DRAWS_A_PART, who)


def normal(town: Any, decision: int, who: int, part: int = 0) -> float:
    """A standard normal number that belongs to this row, this month and this decision (Box and Muller, 1958)."""
    slot = decision * DRAWS_A_DECISION + part * DRAWS_A_PART
    far = 1.0 - draw(town.clock.key, slot + 1, who)
    around = draw(town.clock.key, slot + 2, who)
    return math.sqrt(-2.0 * math.log(far)) * math.cos(6.283185307179586 * around)


# ---- the mixer, in whole numbers of Python --------------------------------------------------------------
# The finaliser of splitmix64 (Steele, Lea & Flood 2014), twice over: once on month and row, once on the decision.

_ALL = (1 << 64) - 1
_STEP, _FIRST, _SECOND, _ROW = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD1342543DE82EF95
_SCALE = 1.0 / (1 << 53)


def month_key(seed: int, month: int) -> int:
    """The key to a month's luck, as the int64 that `town.clock.key` holds."""
    key = _mix((_mix((seed * _STEP + 1) & _ALL) + month * _STEP) & _ALL)
    return key - (1 << 64) if key >> 63 else key


def draw(key: int, slot: int, who: int) -> float:
    """The number at one address; rules ask through `chance` and `normal`, which know the slots."""
    try:
        return _blocks[key, slot, who >> _SHIFT][who & _LAST]
    except KeyError:
        return _draw_and_keep(key, slot, who)


def draw_alone(key: int, slot: int, who: int) -> float:
    """The same number as `draw`, worked out by itself."""
    mixed = _mix(_mix((key ^ (who * _ROW)) & _ALL) + slot * _STEP & _ALL)
    return (mixed >> 11) * _SCALE


def _mix(number: int) -> int:
    number = (number ^ (number >> 30)) * _FIRST & _ALL
    number = (number ^ (number >> 27)) * _SECOND & _ALL
    return number ^ (number >> 31)


# ---- many at once, for founding and for the plain engine --------------------------------------------------


def chance_columns(
    seed: int, decision: int, ids: npt.ArrayLike, parts: Iterable[int], month: int = FOUNDING
) -> npt.NDArray[np.float64]:
    """What `chance` gives each of many rows for each of some parts: a row of numbers for each id."""
    slots = [decision * DRAWS_A_DECISION + part * DRAWS_A_PART for part in parts]
    return _draw_columns(month_key(int(seed), month), slots, np.asarray(ids, dtype=np.int64))


def chance_column(
    seed: int, decision: int, ids: npt.ArrayLike, part: int = 0, month: int = FOUNDING
) -> npt.NDArray[np.float64]:
    """What `chance` gives each of many rows: the same numbers, worked out together."""
    return chance_columns(seed, decision, ids, (part,), month)[..., 0]


BELL_STEPS = 4096
FARTHEST = 4.0
"""Standard deviations at which the bell of `bell_column` is cut off."""


@cache
def _bell() -> npt.NDArray[np.float64]:
    inverse = NormalDist().inv_cdf
    inner = [inverse(step / BELL_STEPS) for step in range(1, BELL_STEPS)]
    return np.array([-FARTHEST, *inner, FARTHEST])


def bell_column(
    seed: int, decision: int, ids: npt.ArrayLike, part: int = 0, month: int = FOUNDING
) -> npt.NDArray[np.float64]:
    """A standard normal number for each of many rows, for founding: read off a table of the bell, so quickly.

    Between the table's 4,096 steps it is a straight line, in plain arithmetic that gives the same bits everywhere.
    """
    lots = chance_column(seed, decision, ids, part, month) * BELL_STEPS
    below = lots.astype(np.int64)
    bell = _bell()
    return bell[below] + (lots - below) * (bell[below + 1] - bell[below])


def normal_column(
    seed: int, decision: int, ids: npt.ArrayLike, part: int = 0, month: int = FOUNDING
) -> npt.NDArray[np.float64]:
    """What `normal` gives each of many rows. NumPy's own logarithm differs in the last bit, so each is worked out."""
    slot = decision * DRAWS_A_DECISION + part * DRAWS_A_PART
    rows = np.asarray(ids, dtype=np.int64)
    far, around = _draw_columns(month_key(int(seed), month), [slot + 1, slot + 2], rows).reshape(-1, 2).T.tolist()
    sqrt, log, cos, turn = math.sqrt, math.log, math.cos, 6.283185307179586
    made = [sqrt(-2.0 * log(1.0 - one)) * cos(turn * other) for one, other in zip(far, around, strict=True)]
    return np.array(made, dtype=np.float64).reshape(rows.shape)


def _draw_columns(key: int, slots: list[int], ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Draws for many rows at one key and some slots, in wrapping 64-bit arithmetic."""
    mixed = ids.astype(np.uint64) * np.uint64(_ROW)
    mixed ^= np.uint64(key & _ALL)
    steps = np.array([slot * _STEP & _ALL for slot in slots], dtype=np.uint64)
    return np.asarray((_mix_column(_mix_column(mixed)[..., None] + steps) >> np.uint64(11)) * _SCALE)


def _mix_column(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(_FIRST)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(_SECOND)
    return numbers ^ (numbers >> np.uint64(31))


# Rows mostly draw one after another, so the plain engine makes a block of neighbours' draws at once. Addresses
# far apart (ties) would waste a block on one draw: a block is made only once a few draws in it were asked for.
# A draw depends on its address alone, so towns and threads can share the blocks and forgetting them is harmless.

_SHIFT, _LAST = 10, (1 << 10) - 1
_FEW = 6
_MOST_BLOCKS = 4096
_blocks: dict[tuple[int, int, int], memoryview] = {}
_asked: dict[tuple[int, int, int], int] = {}


def _draw_and_keep(key: int, slot: int, who: int) -> float:
    where = (key, slot, who >> _SHIFT)
    asked = _asked.get(where, 0)
    if asked < _FEW:
        if len(_asked) > 16 * _MOST_BLOCKS:
            _asked.clear()
        _asked[where] = asked + 1
        return draw_alone(key, slot, who)
    if len(_blocks) > _MOST_BLOCKS:
        _blocks.clear()
    first = where[2] << _SHIFT
    rows = np.arange(first, first + _LAST + 1, dtype=np.int64)
    block = _draw_columns(key, [slot], rows)[:, 0].copy().data
    _blocks[where] = block
    return float(block[who & _LAST])


def _chance_plainly(town: Any, decision: int, who: int, part: int = 0) -> float:
    try:
        return _blocks[town.clock.key, decision * DRAWS_A_DECISION + part * DRAWS_A_PART, who >> _SHIFT][who & _LAST]
    except KeyError:
        return _draw_and_keep(town.clock.key, decision * DRAWS_A_DECISION + part * DRAWS_A_PART, who)


PLAIN: dict[Callable[..., Any], Callable[..., Any]] = {chance: _chance_plainly}
"""Which function takes the place of which when rules are followed plainly: the same numbers, with a call less."""

# ---- the mixer, for compiled code -------------------------------------------------------------------------

_U = np.uint64
_STEP_U, _FIRST_U, _SECOND_U, _ROW_U = _U(_STEP), _U(_FIRST), _U(_SECOND), _U(_ROW)
_U1, _U11, _U27, _U30, _U31 = _U(1), _U(11), _U(27), _U(30), _U(31)


def _mix_compiled(number: Any) -> Any:
    number = (number ^ (number >> _U30)) * _FIRST_U
    number = (number ^ (number >> _U27)) * _SECOND_U
    return number ^ (number >> _U31)


def _draw_compiled(key: int, slot: int, who: int) -> Any:
    mixed = _mix_compiled(np.uint64(key) ^ (np.uint64(who) * _ROW_U))
    mixed = _mix_compiled(mixed + np.uint64(slot) * _STEP_U)
    return (mixed >> _U11) * _SCALE


def _month_key_compiled(seed: int, month: int) -> Any:
    mixed = _mix_compiled(np.uint64(seed) * _STEP_U + _U1)
    return np.int64(_mix_compiled(mixed + np.uint64(month) * _STEP_U))


COMPILED: dict[Callable[..., Any], Callable[..., Any]] = {draw: _draw_compiled, month_key: _month_key_compiled}
"""Which function takes the place of which when rules are compiled: the same bits, in machine words."""
