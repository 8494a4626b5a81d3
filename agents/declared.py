"""How a fact is declared once: a column of a table, a parameter, a dial of a tie.

A table is a class whose annotated fields are made by `column`; parameters and dials are made by
`parameter`. The class is at once what the type checker reads, what the array's record layout is
made from, and what the command line, the sliders, the sweeps and the documentation list.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

MEASURED, BORROWED, ASSUMED = "measured", "borrowed", "assumed"
GRADES = (MEASURED, BORROWED, ASSUMED)


class Numbers(Protocol):
    """A short list of numbers inside a row: `resident.need[domain]`."""

    def __getitem__(self, where: int) -> float: ...
    def __setitem__(self, where: int, value: float) -> None: ...
    def __len__(self) -> int: ...


class Whole(Protocol):
    """A short list of whole numbers inside a row: `resident.status[domain]`."""

    def __getitem__(self, where: int) -> int: ...
    def __setitem__(self, where: int, value: int) -> None: ...
    def __len__(self) -> int: ...


class Grid(Protocol):
    """A small table of numbers inside a row: `parameters.spillover[to, since]`."""

    def __getitem__(self, where: tuple[int, int]) -> float: ...
    def __setitem__(self, where: tuple[int, int], value: float) -> None: ...


@dataclass(frozen=True)
class Declared:
    """One declared number: its name, default, range, unit, meaning, source and evidence grade.

    `whole` is true for int64 fields; `shape` is () for a single number. `choices` names the values
    of a whole number that stands for a choice, in order from 0.
    """

    name: str = ""
    default: float | tuple[float, ...] = 0.0
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    meaning: str = ""
    source: str = ""
    grade: str = ""
    shape: tuple[int, ...] = ()
    whole: bool = False
    choices: tuple[str, ...] = ()

    def problem_with(self, value: object) -> str | None:
        """Say in words what is wrong with a value for this field, or None when it fits."""
        numbers = list(flat(value))
        wanted = math.prod(self.shape)
        if len(numbers) != wanted or (not self.shape and isinstance(value, (list, tuple))):
            what = f"a list of {wanted} numbers" if self.shape else "one number"
            return f"{self.name} is {value!r}; it must be {what} ({self.unit})"
        for number in numbers:
            if isinstance(number, str) and number in self.choices:
                continue
            if isinstance(number, bool) or not isinstance(number, (int, float, np.integer, np.floating)):
                allowed = f"one of {', '.join(self.choices)}" if self.choices else "a number"
                return f"{self.name} is {number!r}; it must be {allowed} ({self.unit}){near(number, self.choices)}"
            if not self.low <= number <= self.high or not math.isfinite(number):
                allowed = f"it must lie {span(self.low, self.high)} ({self.unit})"
                return f"{self.name} is {number:g}; {allowed}.{self.likely(float(number))}"
            if self.whole and number != int(number):
                return f"{self.name} is {number:g}; it must be a whole number ({self.unit})"
        return None

    def value_of(self, given: Any) -> Any:
        """The number to store for a value already found to fit: a choice's name becomes its place."""
        return self.choices.index(given) if isinstance(given, str) else given

    def likely(self, number: float) -> str:
        """Guess the slip of a decimal point or of a per cent sign."""
        for factor in (0.01, 0.1, 10.0):
            if self.low < number * factor <= self.high:
                return f" Did you mean {number * factor:g}?"
        return ""


def column(
    default: float = 0.0,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    unit: str,
    meaning: str,
    shape: int | tuple[int, ...] = (),
    choices: Sequence[str] = (),
) -> Any:
    """Declare a column of a table. Whole numbers are told by the annotation (`int` or `Whole`)."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return Declared("", default, low, high, unit, meaning, shape=shape, choices=tuple(choices))


def parameter(
    default: float | Sequence[float],
    *,
    low: float,
    high: float,
    unit: str,
    meaning: str,
    source: str,
    grade: str,
    shape: int | tuple[int, ...] = (),
    choices: Sequence[str] = (),
) -> Any:
    """Declare a parameter or a dial: everything a reader, a slider or a sweep must know of it."""
    if grade not in GRADES:
        raise ValueError(f"evidence grade {grade!r} is none of {GRADES}")
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    kept = tuple(flat(default)) if shape else default
    return Declared("", kept, low, high, unit, meaning, source, grade, shape, choices=tuple(choices))  # type: ignore[arg-type]


@cache
def fields_of(declared: type) -> Mapping[str, Declared]:
    """Every field a class declares, in order, with its name and kind filled in."""
    found: dict[str, Declared] = {}
    for home in reversed(declared.__mro__[:-1]):
        for name, annotation in home.__annotations__.items():
            whole = annotation in ("int", "Whole")
            found[name] = replace(home.__dict__[name], name=name, whole=whole)
    return MappingProxyType(found)


@cache
def dtype_of(declared: type) -> np.dtype[np.void]:
    """The record layout of a declared class: float64 and int64 only, so that both engines agree."""
    return np.dtype([(f.name, "i8" if f.whole else "f8", f.shape) for f in fields_of(declared).values()], align=True)


@cache
def default_row(declared: type) -> np.ndarray[Any, np.dtype[np.void]]:
    """One record with every field at its declared default. Not to be written to."""
    row = np.zeros(1, dtype_of(declared))
    for field in fields_of(declared).values():
        row[field.name] = np.reshape(field.default, field.shape) if isinstance(field.default, tuple) else field.default
    row.flags.writeable = False
    return row


def filled(declared: type, rows: int) -> np.ndarray[Any, np.dtype[np.void]]:
    """An array of `rows` records with every field at its declared default."""
    return np.repeat(default_row(declared), rows)


def flat(value: object) -> Iterable[Any]:
    """The numbers in a value, however its lists are nested."""
    if isinstance(value, (list, tuple, np.ndarray)):
        for part in value:
            yield from flat(part)
    else:
        yield value


def span(low: float, high: float) -> str:
    """A range in words."""
    if math.isinf(high):
        return f"at or above {low:g}"
    return f"between {low:g} and {high:g}"


def near(word: object, words: Iterable[str]) -> str:
    """The nearest known name, as a sentence to append to a message, or nothing."""
    close = difflib.get_close_matches(str(word), list(words), 1)
    return f' The nearest is "{close[0]}".' if close else ""
