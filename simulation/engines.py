"""Engines: how a town lives its months. Plainly, compiled, or plainly until the compiled lines are there.

Change this file to change when the town is taken from one way of running to the other. Both do the same
to the last bit, line by line, so the change can come at any month's start and may be partial: a rule
that cannot be compiled is followed plainly, and the others are not held up by it.
"""

from __future__ import annotations

import re
import threading
import time
import warnings
from collections.abc import Callable, Collection, Mapping
from enum import IntEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from agents import chance
from agents.declared import near
from agents.rule import RULES
from agents.views import Part, Rows, plain_town, rows_of
from simulation import compiled, reader
from simulation.compiled import THE_TOWN, Compiler, Line, Month, NotCompiledError, Parts, Rule

KINDS = ("auto", "plain", "compiled")

LARGEST_COPY = 32 * 1024 * 1024
"""Towns of more bytes than this are not copied before compiled months, so an error in one cannot be replayed."""
MADE_AT_ONCE = 20_000
"""Longer tables that no rule walks through have their rows made one by one, when a plain rule asks for them."""
LONGEST_CALL = 0.2
"""Seconds of compiled months between looks at the keyboard's interrupt."""
PLAIN_ROW = 8e-6
"""Seconds a row takes to follow a rule plainly, roughly: enough to tell a short run from a long one."""
WORTH_COMPILING = 0.5
"""Seconds of plain living, past and to come, from which "auto" looks for compiled lines, or begins to make them."""
WORTH_WAITING = 5.0
"""Seconds that one plain month takes from which "auto" waits for the compiler rather than start plainly."""


Tell = Callable[[int, int], None]


class PlainRuleWarning(UserWarning):
    """A rule is followed plainly because it cannot be compiled."""


def engine_for(
    kind: str = "auto",
    rules: Mapping[str, Rule] | None = None,
    month: Month | None = None,
    quiet: bool = False,
) -> Engine:
    """An engine that lives MONTH, with some rules replaced by name.

    "plain" follows the rules as they stand, "compiled" compiles them first, and "auto" starts plainly
    and goes over to compiled lines, at the start of a month, as they are made on another thread; runs too
    short to be worth it stay plain. A rule that cannot be compiled is told of in `Engine.why`, and in a
    warning unless `quiet`.
    """
    if kind not in KINDS:
        raise ValueError(f"engine is {kind!r}; it must be one of {', '.join(KINDS)}.{near(kind, KINDS)}")
    if month is None:
        from simulation.month import MONTH  # noqa: PLC0415  the month imports every rule; toy months need none

        month = MONTH
    return Engine(kind, tuple(month), replacements(rules or {}, month), quiet)


def replacements(rules: Mapping[str, Rule], month: Month) -> dict[Rule, Rule]:
    """Which shipped function each given rule takes the place of."""
    known = {**RULES, **{rule.__name__: rule for _, rule in month}}
    found = {}
    for name, function in rules.items():
        if name not in known:
            raise ValueError(f"there is no rule called {name!r} to replace.{near(name, known)}")
        if function is not known[name]:
            found[known[name]] = function
    return found


class Engine:
    """Lives a town's months. Towns may differ from call to call, and calls may come from many threads."""

    def __init__(self, kind: str, month: Month, replaced: Mapping[Rule, Rule], quiet: bool = False) -> None:
        self.kind = kind
        self.month = month
        self.replaced: Mapping[Rule, Rule] = MappingProxyType(dict(replaced))
        self.why = ""
        self._progress: dict[Any, _Progress] = {}
        self._last: _Progress | None = None
        self._walked = {table for table, _ in month}
        self._seen: _Seen | None = None
        self._said = quiet
        self._spent = 0.0
        if kind == "compiled":
            self._has_numba()

    @cached_property
    def _lines(self) -> list[Callable[[Any], None]]:
        """The month's lines, to follow plainly: the rules as they stand when the first plain month begins."""
        return _plain_lines(self.month, self.replaced)

    @cached_property
    def _written(self) -> set[str]:
        """Every name that some rule of the month assigns to on a row."""
        inside = {**chance.PLAIN, **self.replaced}
        reached = {each for _, rule in self.month for each in compiled.functions_of(rule, inside)}
        return {name for each in reached for name in compiled.written_names(each.__code__)}

    @property
    def compiled(self) -> bool:
        """Whether the town last lived with every line compiled."""
        return self._last is not None and self._last.done

    @property
    def plain(self) -> bool:
        """Whether some line is followed plainly."""
        return not self.compiled

    @property
    def lines_compiled(self) -> int:
        """How many lines of the month are compiled by now."""
        return 0 if self._last is None else sum(isinstance(line, Line) for line in self._last.lines)

    def live(self, town: Any, months: int = 1, reserve: int = 0) -> int:
        """Live up to `months` months and return how many were lived.

        Fewer are lived where events might run out of rows: a month begins only while the events table
        has `reserve` rows free. The caller makes the table longer and goes on.
        """
        lived = 0
        while lived < months and _has_room(town, reserve):
            progress = self._look(town, months - lived)
            if progress is not None and progress.done:
                self._last = progress
                lived += self._live_compiled(town, progress, months - lived, reserve)
            else:
                self._live_a_month(town, progress)
                lived += 1
        return lived

    def prepare(self, town: Any, tell: Tell | None = None) -> None:
        """Compile or load, now, every line that can be compiled; `tell` hears how many are done, of how many."""
        if self.kind != "plain" and self._has_numba():
            progress = self._progress_of(town)
            progress.finish(tell)
            self._last = progress
            self._tell(progress)

    def rows(self, town: Any) -> dict[str, Rows | Part]:
        """The rows through which this engine sees a town plainly."""
        return self._see(town).rows

    # ---- plainly, and partly compiled ----

    def _live_a_month(self, town: Any, progress: _Progress | None) -> None:
        began = time.perf_counter()
        seen = self._see(town)
        if progress is None or not any(isinstance(line, Line) for line in progress.lines):
            self._follow_plainly(seen)
        else:
            self._walk_partly(town, seen, progress)
        self._spent += time.perf_counter() - began

    def _follow_plainly(self, seen: _Seen) -> None:
        try:
            for line in self._lines:
                line(seen.plain)
        except TypeError as problem:
            if re.search("'float' object cannot be .* integer|int expected", str(problem)):
                problem.add_note("A field that holds whole numbers refuses a fraction: use int(...).")
            raise

    def _walk_partly(self, town: Any, seen: _Seen, progress: _Progress) -> None:
        before = seen.copy()
        walk = progress.compiler.walk
        place = np.zeros(2, np.int64)
        for first, addresses in progress.stretches():
            if addresses is None:
                self._lines[first](seen.plain)
                continue
            try:
                walk(seen.address, addresses, place)
            except Exception as problem:  # noqa: BLE001  whatever a rule raises is told with its place
                problem.add_note(self._place_of(first + int(place[1])))
                failed = problem
            else:
                continue
            self._replay(seen, before, failed)
            return

    # ---- compiled ----

    def _live_compiled(self, town: Any, progress: _Progress, months: int, reserve: int) -> int:
        live = progress.compiler.live
        place = np.zeros(2, np.int64)
        seen = self._see(town, rows=False)
        lived = 0
        while lived < months:
            before = seen.copy()
            asked, began = min(progress.months_at_once(seen.bytes), months - lived), time.perf_counter()
            try:
                done = int(live(seen.address, asked, reserve, progress.addresses, place))
            except Exception as problem:  # noqa: BLE001  whatever a rule raises is told with its place
                problem.add_note(self._place_of(int(place[1])))
                failed = problem
            else:
                lived += done
                if done < asked:
                    break
                progress.took(seen.bytes, asked, time.perf_counter() - began)
                continue
            if before is not None and place[0] > 0:
                seen.restore(before)
                live(seen.address, int(place[0]), reserve, progress.addresses, np.zeros(2, np.int64))
                before = seen.copy()
            lived += int(place[0])
            self._replay(self._see(town), before, failed)
            lived += 1
        return lived

    def _replay(self, seen: _Seen, before: list[npt.NDArray[Any]] | None, failed: Exception) -> None:
        """Live the month that failed once more, plainly, so that the error comes with its full traceback."""
        if before is None:
            failed.add_note('The town is too large to copy, so the month was not replayed: use engine="plain".')
            raise failed
        seen.restore(before)
        self._follow_plainly(seen)
        failed.add_note("Followed plainly, the same month raised no error: the two ways differ in this rule.")
        raise failed

    def _place_of(self, number: int) -> str:
        table, rule = self.month[number]
        rule = self.replaced.get(rule, rule)
        whose = "the town" if table == THE_TOWN else f"a row of {table}"
        return f"In the compiled rule {rule.__name__}, followed by {whose}."

    # ---- what is known of a town ----

    def _look(self, town: Any, months: int) -> _Progress | None:
        """How far the compiling for towns like this one has come; begun, if it was not and is worth it."""
        if self.kind == "plain":
            return None
        a_month = sum(1 if table == THE_TOWN else len(getattr(town, table)) for table, _ in self.month) * PLAIN_ROW
        short = self.kind == "auto" and self._spent + months * a_month < WORTH_COMPILING
        if (short and not self._progress) or not self._has_numba():
            return None
        progress = self._progress_of(town)
        if not progress.over:
            if self.kind == "compiled" or progress.ready or a_month > WORTH_WAITING:
                progress.finish()
            else:
                progress.begin(town)
        self._last = progress
        if progress.over:
            self._tell(progress)
        return progress

    def _has_numba(self) -> bool:
        """Whether rules can be compiled at all; where not, that is said once."""
        numba, missing = compiled.numba_or_why()
        if numba is None and not self.why:
            self.why = f"Numba is not there, so rules are followed plainly ({missing})"
            if not self._said:
                _say_once(self.why)
        return numba is not None

    def _progress_of(self, town: Any) -> _Progress:
        parts = compiled.parts_of(town)
        if parts not in self._progress:
            self._progress[parts] = _shared(self.month, self.replaced, parts, town)
        return self._progress[parts]

    def _see(self, town: Any, rows: bool = True) -> _Seen:
        seen = self._seen
        if seen is None or not seen.is_of(town):
            seen = self._seen = _Seen(town, self._walked, lambda: self._written, seen)
        if rows:
            seen.look()
        return seen

    def _tell(self, progress: _Progress) -> None:
        """Say once which rules are followed plainly, and why."""
        problems = [str(line) for line in progress.lines if isinstance(line, NotCompiledError)]
        self.why = "; ".join(dict.fromkeys(problems))
        if problems and not self._said:
            self._said = True
            warnings.warn(f"followed plainly, about 100 times slower: {self.why}", PlainRuleWarning, stacklevel=4)


class _Progress:
    """How far the compiling of one month for one layout has come. Shared by all engines of a process."""

    def __init__(self, compiler: Compiler, town: Any) -> None:
        self.compiler = compiler
        self.lines: list[Line | NotCompiledError | None] = [None] * len(compiler.month)
        refused = _refusals(compiler, town)
        for number, message in refused.items():
            self.lines[number] = NotCompiledError(message)
        self._thread: compiled.Beside | None = None
        self._addresses: npt.NDArray[np.int64] | None = None
        self._ready: bool | None = None
        self._pace: float | None = None

    @property
    def over(self) -> bool:
        """Whether every line has been compiled or given up."""
        return None not in self.lines

    @property
    def done(self) -> bool:
        """Whether every line is compiled."""
        return self._addresses is not None or all(isinstance(line, Line) for line in self.lines)

    @property
    def ready(self) -> bool:
        """Whether the lines can be had at once, from the cache."""
        if self._ready is None:
            self._ready = self.compiler.ready()
        return self._ready

    @property
    def addresses(self) -> npt.NDArray[np.int64]:
        """The addresses of all lines, once all are compiled."""
        if self._addresses is None:
            self._addresses = np.array([line.address for line in self.lines if isinstance(line, Line)], np.int64)
        return self._addresses

    def months_at_once(self, size: int) -> int:
        """How many compiled months a town of so many bytes can live before we look at the keyboard again."""
        return 1 if self._pace is None else max(1, int(LONGEST_CALL / 2 / (self._pace * size)))

    def took(self, size: int, months: int, seconds: float) -> None:
        """Learn how long compiled months take: seconds for each byte of the town."""
        self._pace = max(seconds, 1e-6) / (months * size)

    def begin(self, town: Any) -> None:
        """Start compiling on another thread, the busiest tables first."""
        with _progress_lock:
            if self._thread is not None:
                return
            busy = [1 if table == THE_TOWN else len(getattr(town, table)) for table, _ in self.compiler.month]
            wanted = [number for number, line in enumerate(self.lines) if line is None]
            self._thread = compiled.Beside(self.compiler, sorted(wanted, key=lambda line: -busy[line]), self._note)
            self._thread.start()

    def finish(self, tell: Tell | None = None) -> None:
        """Compile or load every line that is left, now."""

        def note(number: int, line: Line | NotCompiledError) -> None:
            self._note(number, line)
            if tell is not None:
                tell(len(self.lines) - self.lines.count(None), len(self.lines))

        self.compiler.compile([number for number, line in enumerate(self.lines) if line is None], note)
        if tell is not None:
            tell(len(self.lines), len(self.lines))

    def stretches(self) -> list[tuple[int, npt.NDArray[np.int64] | None]]:
        """The month cut into stretches of compiled lines, and plain lines one by one; each with its first line."""
        found: list[tuple[int, npt.NDArray[np.int64] | None]] = []
        run: list[int] = []
        lines = list(self.lines)
        for number, line in enumerate([*lines, None]):
            if isinstance(line, Line):
                run.append(line.address)
                continue
            if run:
                found.append((number - len(run), np.array(run, np.int64)))
                run = []
            if number < len(lines):
                found.append((number, None))
        return found

    def _note(self, number: int, line: Line | NotCompiledError) -> None:
        self.lines[number] = line


_all_progress: dict[str, _Progress] = {}
_compilers: dict[Any, Compiler] = {}
_progress_lock = threading.Lock()
MOST_COMPILERS = 64


def _shared(month: Month, replaced: Mapping[Rule, Rule], parts: Parts, town: Any) -> _Progress:
    """One progress for the same rules and layout, whoever asks."""
    asked = (month, frozenset(replaced.items()), parts)
    with _progress_lock:
        compiler = _compilers.get(asked)
        if compiler is None or not compiler.holds():
            if len(_compilers) >= MOST_COMPILERS:
                _compilers.clear()
            compiler = _compilers[asked] = Compiler(month, replaced, parts)
        if compiler.everything not in _all_progress:
            _all_progress[compiler.everything] = _Progress(compiler, town)
        return _all_progress[compiler.everything]


def _refusals(compiler: Compiler, town: Any) -> dict[int, str]:
    """Lines that the reader of rules objects to, and why. Only replacements are read: shipped rules are tested."""
    shapes = reader.shapes_for(town)
    problems = {mine: reader.read_rule(mine, shapes, shipped) for shipped, mine in compiler.replaced.items()}
    found = {}
    for number, (_, rule) in enumerate(compiler.month):
        said = [text for each in compiled.functions_of(rule, compiler.inside) for text in problems.get(each, ())]
        if said:
            found[number] = "; ".join(dict.fromkeys(map(str, said)))
    return found


class _Seen:
    """A town, its rows as objects, and which of its arrays hold memory of their own."""

    def __init__(
        self, town: Any, walked: Collection[str], written: Callable[[], set[str]], before: _Seen | None
    ) -> None:
        self.town = town
        self._written = written
        long = {name for name in town._fields if isinstance(getattr(town, name), np.ndarray)}
        long = {name for name in long if len(getattr(town, name)) > MADE_AT_ONCE}
        self._waiting = [name for name in town._fields if name in long and name not in walked]
        self._before = before.rows if before is not None else {}
        self.rows: dict[str, Rows | Part] = {}
        self._plain: Any = None
        self._own = _own_memory(town)
        self.bytes = max(1, sum(array.nbytes for array in self._own))
        self._kept: list[npt.NDArray[Any]] | None = None
        self._book: npt.NDArray[np.int64] | None = None
        self._address = 0

    def is_of(self, town: Any) -> bool:
        """Whether this is a sight of that very town."""
        return self.town is town or (
            type(self.town) is type(town) and all(a is b for a, b in zip(self.town, town, strict=True))
        )

    def look(self) -> None:
        """Make the rows, keeping those of tables that were seen before; events nobody reads are not made."""
        if self._plain is None:
            guarded = _guarded(self.town, self._written())
            self.rows = rows_of(self.town, before=self._before, guarded=guarded)
            self._plain, self._before = plain_town(self.town, self._waiting, rows=self.rows), {}

    @property
    def address(self) -> int:
        """Where compiled code finds the town. Good for as long as this is held."""
        if self._book is None:
            self._book = compiled.address_book(self.town)
            self._address = self._book.ctypes.data
        return self._address

    @property
    def plain(self) -> Any:
        """The town as plain objects."""
        self.look()
        return self._plain

    def copy(self) -> list[npt.NDArray[Any]] | None:
        """A copy of everything in the town, good until the next one; None where that is too much."""
        if self.bytes > LARGEST_COPY:
            return None
        if self._kept is None:
            self._kept = [array.copy() for array in self._own]
        else:
            for copy, array in zip(self._kept, self._own, strict=True):
                np.copyto(copy, array)
        return self._kept

    def restore(self, before: list[npt.NDArray[Any]]) -> None:
        """Put a copy back."""
        for array, copy in zip(self._own, before, strict=True):
            array[...] = copy


def _guarded(town: Any, written: set[str]) -> frozenset[str] | None:
    """Lists of numbers that rules must be kept from replacing, or None where rows must look at every assignment.

    Rules may assign to what holds a single number. A name that does so in one table and holds a list in
    another is guarded there; where a rule assigns to anything else, every row looks.
    """
    kinds = {value.dtype for value in town if isinstance(value, (np.ndarray, np.void)) and value.dtype.names}
    fields = {(name, kind[name].shape == ()) for kind in kinds for name in kind.names or ()}
    single = {name for name, alone in fields if alone}
    return frozenset(written & {name for name, alone in fields if not alone}) if written <= single else None


def _own_memory(town: Any) -> list[npt.NDArray[Any]]:
    """The bytes of the town's arrays, without those that are parts of others. (Bytes copy many times faster.)"""
    arrays = [np.asarray(value).reshape(-1) for value in town if isinstance(value, (np.ndarray, np.void))]
    found: list[npt.NDArray[Any]] = []
    for array in sorted(arrays, key=lambda array: -array.nbytes):
        if array.nbytes and not any(np.may_share_memory(array, other) for other in found):
            found.append(array.view(np.uint8))
    return found


def _plain_lines(month: Month, replaced: Mapping[Rule, Rule]) -> list[Callable[[Any], None]]:
    """Each line of the month as a plain function of the town: clones, in which words for numbers are the numbers."""
    made: dict[Rule, Any] = {}
    inside = {**chance.PLAIN, **replaced}
    lines = []
    for table, shipped in month:
        rule = compiled.bind(replaced.get(shipped, shipped), inside, made)
        lines.append(_follow_town(rule) if table == THE_TOWN else _follow_table(table, rule))
    for clone in made.values():
        space = clone.__globals__
        space.update({name: _Numbers(kind) for name, kind in space.items() if _is_numbers(kind)})
    return lines


class _Numbers:
    """An IntEnum whose members are plain whole numbers: `Status.WAITING` is 1, and quick to read."""

    def __init__(self, kind: Any) -> None:
        self.__dict__.update({name: int(member) for name, member in kind.__members__.items()})
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kind, name)

    def __call__(self, value: int) -> Any:
        return self._kind(value)

    def __getitem__(self, name: str) -> Any:
        return self._kind[name]

    def __iter__(self) -> Any:
        return iter(self._kind)

    def __len__(self) -> int:
        return len(self._kind)


def _is_numbers(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, IntEnum) and "_kind" not in kind.__members__


def _follow_table(table: str, rule: Rule) -> Callable[[Any], None]:
    def line(town: Any) -> None:
        for row in getattr(town, table):
            rule(row, town)

    return line


def _follow_town(rule: Rule) -> Callable[[Any], None]:
    def line(town: Any) -> None:
        rule(town)

    return line


def _has_room(town: Any, reserve: int) -> bool:
    """Whether the events table can take another month."""
    if "events" not in town._fields or "events" not in (town.clock.dtype.names or ()):
        return True
    return int(town.clock["events"]) + reserve <= len(town.events)


_told: set[str] = set()


def _say_once(text: str) -> None:
    if text not in _told:
        _told.add(text)
        warnings.warn(text, PlainRuleWarning, stacklevel=4)
