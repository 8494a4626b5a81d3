"""The twin run: one small town lived twice, plainly and compiled, and compared to the last bit.

Change this file to compare more. Run it whenever a rule is replaced: what the reader of rules cannot
see, such as a number out of a function's domain, shows here as the first field that differs.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from simulation.compiled import Month, Rule
from simulation.engines import engine_for


def twin_run(rules: Mapping[str, Rule] | None, town: Any, months: int = 3, month: Month | None = None) -> str | None:
    """Live some months both ways, and name the first field that differs; None when nothing does.

    `town` is a small founded town; it is left as it was. A rule that stops the town with an error is told
    too. Rules that cannot be compiled are followed plainly in both, so nothing can differ in them.
    """
    plain, quick = (engine_for(kind, rules, month, quiet=True) for kind in ("plain", "compiled"))
    one, other = copied(town), copied(town)
    for number in range(months):
        failed = [_live(plain, one), _live(quick, other)]
        if failed[0] != failed[1]:
            return f"month {number}: plainly {failed[0] or 'all is well'}; compiled {failed[1] or 'all is well'}"
        if failed[0]:
            return f"month {number}: both ways {failed[0]}"
        difference = first_difference(one, other)
        if difference:
            return f"month {number}: {difference}"
    return None


def first_difference(plain: Any, quick: Any) -> str | None:
    """The first field in which two towns differ, with both its values; None when every bit is the same."""
    for name, value in plain._asdict().items():
        if not isinstance(value, (np.ndarray, np.void)):
            continue
        one, other = np.atleast_1d(np.asarray(value)), np.atleast_1d(np.asarray(getattr(quick, name)))
        for field in one.dtype.names or (None,):
            left, right = (one, other) if field is None else (one[field], other[field])
            if left.tobytes() == right.tobytes():
                continue
            different = np.ascontiguousarray(left).view(np.int64) != np.ascontiguousarray(right).view(np.int64)
            place = tuple(int(axis) for axis in np.argwhere(different.reshape(left.shape))[0])
            row = f"[{place[0]}]" if isinstance(value, np.ndarray) else ""
            inside = f"[{', '.join(map(str, place[1:]))}]" if place[1:] else ""
            what = f"{name}{row}" + (f".{field}" if field else "") + inside
            return f"{what} is {left[place]!r} plainly and {right[place]!r} compiled"
    return None


def copied(town: Any) -> Any:
    """A copy of a town in which tables that were parts of one another still are."""
    memo: dict[int, Any] = {}
    parts = {}
    for name, value in town._asdict().items():
        if isinstance(value, np.void):
            parts[name] = quick_copy(np.asarray(value).reshape(1))[0]
        elif isinstance(value, np.ndarray):
            parts[name] = _copied_part(value, memo)
        else:
            parts[name] = copy.deepcopy(value)
    return type(town)(**parts)


def quick_copy(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy, byte by byte: NumPy copies tables field by field, many times slower."""
    if not (array.dtype.names and array.flags.c_contiguous):
        return array.copy()
    copy = np.empty(array.shape, array.dtype)
    copy.reshape(-1).view(np.uint8)[...] = array.reshape(-1).view(np.uint8)
    return copy


def _copied_part(array: np.ndarray[Any, Any], memo: dict[int, Any]) -> np.ndarray[Any, Any]:
    whole = array
    while isinstance(whole.base, np.ndarray) and whole.base.dtype == array.dtype:
        whole = whole.base
    if id(whole) not in memo:
        memo[id(whole)] = quick_copy(whole)
    first = (array.ctypes.data - whole.ctypes.data) // max(1, array.dtype.itemsize)
    if array.ndim != 1 or whole.ndim != 1:
        return memo[id(whole)] if array is whole else array.copy()
    part: np.ndarray[Any, Any] = memo[id(whole)][first : first + len(array)]
    return part


def _live(engine: Any, town: Any) -> str:
    """Live one month; what went wrong, in words, or nothing."""
    try:
        engine.live(town, 1)
    except Exception as problem:  # noqa: BLE001  a rule may fail in any way, and both ways must fail alike
        return f"{type(problem).__name__}: {problem}"
    return ""
