"""Rows as objects: windows on the tables, through which rules run plainly and Mesa shows its agents.

Change this file to change what it is like to hold a row. A row is not a copy: `resident.need[2] = 0.5`
writes into the table. Its numbers are plain Python numbers, a field that does not exist is refused
with the nearest name, and a whole-number field refuses a fraction. Mesa is not needed here: give
`row_class` Mesa's Agent as a base, and the windows are Mesa agents.
"""

from __future__ import annotations

import ctypes
import difflib
import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

AnyTown = TypeVar("AnyTown")
Table = npt.NDArray[Any]

_NUMBERS: dict[str, Any] = {"f8": ctypes.c_double, "i8": ctypes.c_int64}
_LETTERS = {"f8": "d", "i8": "q"}
_HIDDEN = "_at_"


class Row(ctypes.Structure):
    """One row of a table. Made by a table's own class; equal only to itself."""

    __slots__ = ("__weakref__",)
    _names: tuple[str, ...] = ()
    _lists: tuple[tuple[str, int, int, str, tuple[int, ...]], ...] = ()
    _single: frozenset[str] = frozenset()
    _setters: Mapping[str, Callable[[Row, Any], None]] = {}

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(_no_such(self, name), name=name, obj=self)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._single:
            try:
                _set(self, name, value)
            except TypeError:
                raise TypeError(_does_not_fit(self, name, value)) from None
        elif name in self._names:
            raise AttributeError(f"{name!r} holds several numbers: write {name}[...] = number", name=name, obj=self)
        else:
            raise AttributeError(_no_such(self, name), name=name, obj=self)

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self._names[:6] if name in self._single)
        return f"{type(self).__name__}({', '.join(shown)}, ...)"

    def __reduce__(self) -> Any:
        """A pickled or copied row is a row by itself: it keeps its numbers and lets go of its table."""
        return _alone, (type(self).__name__, type(self)._layout, bytes(self))

    _layout: Any = None


_set = ctypes.Structure.__setattr__


def row_class(
    name: str,
    layout: np.dtype[Any],
    bases: Sequence[type] = (),
    members: Mapping[str, Any] | None = None,
    also: Iterable[str] = (),
    guarded: frozenset[str] | None = None,
) -> type[Row]:
    """A class whose instances are rows with this layout.

    `bases` are further base classes (Mesa's Agent), `members` further methods and properties, and
    `also` the names, besides the fields, that may be set on a row (`model`, `pos`). Without `guarded`,
    a row looks at everything it is given. With it, rows are quicker to write into and refuse mistakes in
    fewer words, and of their lists of numbers only the guarded ones refuse to be replaced: for rules
    whose assignments were all looked at before.
    """
    names = layout.names
    if names is None:
        raise TypeError(f"{name} has no named fields, so its rows cannot be shown as objects")
    fields, lists, at = [], [], 0
    for field in names:
        kind, offset = layout.fields[field][:2]  # type: ignore[index]
        base, shape = kind.subdtype or (kind, ())
        letter = base.str[1:]
        if letter not in _NUMBERS or not base.isnative:
            raise TypeError(f"{name}.{field} is {base}: rows hold float64 and int64 only")
        if offset > at:
            fields.append((f"{_HIDDEN}gap_{at}", ctypes.c_char * (offset - at)))
        if shape:
            fields.append((_HIDDEN + field, ctypes.c_char * kind.itemsize))
            lists.append((field, offset, offset + kind.itemsize, _LETTERS[letter], tuple(shape)))
        else:
            fields.append((field, _NUMBERS[letter]))
        at = offset + kind.itemsize
    if layout.itemsize > at:
        fields.append((f"{_HIDDEN}gap_{at}", ctypes.c_char * (layout.itemsize - at)))
    listed = tuple(field for field, *_ in lists)
    single = frozenset(names).difference(listed) | frozenset(also)
    space = {
        **(members or {}),
        "__slots__": listed,
        "_fields_": fields,
        "_names": tuple(names),
        "_lists": tuple(lists),
        "_single": single,
        "_layout": layout,
        **({} if guarded is None else {"__setattr__": _set}),
    }
    made: type[Row] = type(name, (Row, *bases), space)
    members_of_lists = {field: getattr(made, field) for field in listed}
    made._setters = {field: member.__set__ for field, member in members_of_lists.items()}
    for field in guarded or ():
        if field in members_of_lists:
            setattr(made, field, property(members_of_lists[field].__get__))
    return made


def _no_such(row: Row, name: str) -> str:
    close = difflib.get_close_matches(name, row._names, 1)
    nearest = f"; the nearest is {close[0]!r}" if close else ""
    kind = type(row).__name__.lower()
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} has no {name!r}{nearest}"


def _does_not_fit(row: Row, name: str, value: object) -> str:
    if isinstance(value, float):
        return f"{name!r} holds whole numbers and cannot hold {value!r}: use int(...), or declare it as float"
    return f"{name!r} holds a number and cannot hold {value!r}"


_plain_classes: dict[Any, type[Row]] = {}


def plain_class(name: str, layout: np.dtype[Any], guarded: frozenset[str] | None = None) -> type[Row]:
    """The row class without further bases; one for each name and layout."""
    key = (name, layout, guarded)
    if key not in _plain_classes:
        _plain_classes[key] = row_class(name, layout, guarded=guarded)
    return _plain_classes[key]


def _alone(name: str, layout: np.dtype[Any], held: bytes) -> Row:
    row: Row = Rows(np.frombuffer(bytearray(held), dtype=layout), plain_class(name, layout))[0]
    return row


class Rows(Sequence[Any]):
    """A table as a list of rows, each made when first asked for and then kept."""

    __slots__ = ("_made", "_raw", "_size", "array", "kind", "owner")

    def __init__(self, array: Table, kind: type[Row], owner: Any = None) -> None:
        """Show `array` (one axis, no gaps) as rows of `kind`; `owner` becomes `row.model` where that may be set."""
        self.array, self.kind = array, kind
        self.owner = owner
        self._made: list[Any] = [None] * len(array)
        self._size = array.dtype.itemsize
        self._raw: Any = array.view(np.uint8).data if len(array) else memoryview(b"")

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, where: int) -> Any: ...
    @overload
    def __getitem__(self, where: slice) -> list[Any]: ...
    def __getitem__(self, where: int | slice) -> Any:
        if isinstance(where, slice):
            return [self[place] for place in range(*where.indices(len(self._made)))]
        return self._made[where] or self._make(where)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.all())

    def all(self) -> list[Any]:
        """Every row, as a plain list: what rules walk through."""
        if None in self._made:
            collecting = gc.isenabled()
            gc.disable()  # a million small objects, none of them garbage
            try:
                for place, row in enumerate(self._made):
                    if row is None:
                        self._make(place)
            finally:
                if collecting:
                    gc.enable()
        return self._made

    @property
    def made(self) -> int:
        """How many rows have been asked for so far."""
        return sum(row is not None for row in self._made)

    def _make(self, where: int) -> Any:
        place = range(len(self._made))[where]
        start = place * self._size
        row = self.kind.from_buffer(self._raw, start)
        for name, first, last, letter, shape in self.kind._lists:
            self.kind._setters[name](row, self._raw[start + first : start + last].cast(letter, shape))
        if self.owner is not None:
            row.model = self.owner
        self._made[place] = row
        return row


class Part(Sequence[Any]):
    """Some of a table's rows, next to one another: services among organisations. The same row objects."""

    __slots__ = ("_first", "_last", "rows")

    def __init__(self, rows: Rows, first: int, last: int) -> None:
        self.rows, self._first, self._last = rows, first, last

    def __len__(self) -> int:
        return self._last - self._first

    @overload
    def __getitem__(self, where: int) -> Any: ...
    @overload
    def __getitem__(self, where: slice) -> list[Any]: ...
    def __getitem__(self, where: int | slice) -> Any:
        places = range(self._first, self._last)[where]
        return [self.rows[place] for place in places] if isinstance(places, range) else self.rows[places]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.all())

    def all(self) -> list[Any]:
        """These rows, as a plain list."""
        return [self.rows[place] for place in range(self._first, self._last)]


def rows_of(
    town: Any,
    kinds: Mapping[str, type[Row]] | None = None,
    owner: Any = None,
    before: Mapping[str, Rows | Part] | None = None,
    guarded: frozenset[str] | None = None,
) -> dict[str, Rows | Part]:
    """Every table of a town as rows, by name; tables that share memory share their rows.

    `kinds` gives the row class of some tables (Mesa agents); the others get plain ones. Pass an earlier
    answer as `before` to keep the row objects of tables that are still the same array; `guarded` is as in
    `row_class`.
    """
    found: dict[str, Rows | Part] = {}
    tables = {name: value for name, value in town._asdict().items() if _is_table(value)}
    for name, table in sorted(tables.items(), key=lambda item: -len(item[1])):
        home = _home_of(table, found)
        if home is not None:
            found[name] = home
            continue
        earlier = (before or {}).get(name)
        if isinstance(earlier, Rows) and earlier.array is table:
            found[name] = earlier
        else:
            given = (kinds or {}).get(name)
            kind = given or plain_class(_singular(name), table.dtype, guarded)
            found[name] = Rows(table, kind, owner if given else None)
    return found


def plain_town(
    town: AnyTown,
    lazy: bool | Collection[str] = False,
    kinds: Mapping[str, type[Row]] | None = None,
    rows: Mapping[str, Rows | Part] | None = None,
) -> AnyTown:
    """The same town, its arrays seen as plain Python objects: what the plain engine runs on.

    Tables become lists of rows, single records become rows, and arrays of numbers become memoryviews.
    With `lazy`, the tables it names (or, when it is true, all) become `Rows`, made one by one when asked for.
    """
    made = rows_of(town, kinds) if rows is None else rows
    seen: dict[str, Any] = {}
    for name, value in town._asdict().items():  # type: ignore[attr-defined]
        if name in made:
            wait = lazy if isinstance(lazy, bool) else name in lazy
            seen[name] = made[name] if wait else made[name].all()
        elif isinstance(value, np.void):
            seen[name] = single_row(name, value)
        elif isinstance(value, np.ndarray) and value.dtype.names:
            seen[name] = _Grid(name, value)
        elif isinstance(value, np.ndarray):
            seen[name] = value.data
        else:
            seen[name] = value
    return type(town)(**seen)


def single_row(name: str, record: np.void) -> Row:
    """A single record (the clock, the parameters) as a row."""
    array = np.asarray(record).reshape(1)
    row: Row = Rows(array, plain_class(_singular(name), array.dtype))[0]
    return row


class _Grid:
    """A table with two axes: `town.neighbourhood_history[month, neighbourhood]` is a row, `[month]` its rows."""

    __slots__ = ("_rows", "_shape")

    def __init__(self, name: str, array: Table) -> None:
        self._shape: tuple[int, int] = array.shape
        self._rows = Rows(array.reshape(-1), plain_class(_singular(name), array.dtype))

    def __len__(self) -> int:
        return self._shape[0]

    def __getitem__(self, where: int | tuple[int, int]) -> Any:
        if isinstance(where, int):
            first = range(self._shape[0])[where] * self._shape[1]
            return Part(self._rows, first, first + self._shape[1])
        row, column = where
        return self._rows[range(self._shape[0])[row] * self._shape[1] + range(self._shape[1])[column]]


def _is_table(value: object) -> bool:
    return isinstance(value, np.ndarray) and bool(value.dtype.names) and value.ndim == 1


def _home_of(table: Table, found: Mapping[str, Rows | Part]) -> Part | Rows | None:
    """The rows that already show this memory, or None."""
    for rows in found.values():
        if not isinstance(rows, Rows) or rows.array.dtype != table.dtype:
            continue
        first, odd = divmod(table.ctypes.data - rows.array.ctypes.data, table.dtype.itemsize)
        if odd == 0 and first >= 0 and first + len(table) <= len(rows) and np.shares_memory(table, rows.array):
            return rows if len(table) == len(rows) else Part(rows, first, first + len(table))
    return None


def _singular(table: str) -> str:
    """What a row of a table is called: a resident of residents."""
    name = table[:-1] if table.endswith("s") and table != "books" else table
    return "".join(part.capitalize() for part in name.split("_"))
