"""The month, compiled: each line of MONTH becomes machine code once, and is kept for the next time.

Change this file to change how rules are compiled; nothing else knows of Numba. A line of the month (a
table, and the rule its rows follow) is compiled by itself, so that changing one rule compiles one line.
What is kept is filed under a fingerprint of everything the line reaches - code, constants, the values
of globals, in whatever file they stand - so that an edited helper is never missed and an edited comment
costs nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import dis
import hashlib
import importlib
import importlib.util
import linecache
import operator
import os
import pickle
import platform
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import types
import warnings
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, EnumMeta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agents import chance

os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")  # another exp() and log() would give other bits

Rule = Callable[..., Any]
Table = npt.NDArray[Any]
Month = Sequence[tuple[str, Rule]]
Replaced = Mapping[Rule, Rule]

THE_TOWN = "town"
"""In place of a table's name in MONTH: this rule is followed once, by the town itself."""

UNSEEN: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""Rules and lines are called from compiled code only; without wrappers for Python they compile twice as fast."""

LADDER: tuple[dict[str, Any], ...] = (
    {"nogil": True, "boundscheck": True, "_nrt": False, "forceinline": True, **UNSEEN},
    {"nogil": True, "boundscheck": True},
)
"""Numba's options, best first. Bounds are always checked: it costs nothing and turns wild writes into IndexError.
Never prange, never inline="always": together they were seen to drop a rule's effect without a word."""

WALKER_OPTIONS = {"nogil": True, "boundscheck": True, "_nrt": False}


class NotCompiledError(Exception):
    """Why a line of the month cannot be compiled, in words for its author."""


# ---- the text of a line, and of the month --------------------------------------------------------------


def line_text(table: str, rule: str) -> str:
    """The function that takes one line of the month through one month."""
    return "def line(book):\n    town = at_hand(book)\n" + _loop(table, rule)


def _loop(table: str, rule: str) -> str:
    if table == THE_TOWN:
        return f"    {rule}(town)\n"
    row = table.removesuffix("s")
    return f"    for {row} in town.{table}:\n        {rule}({row}, town)\n"


def name_of(rule: Rule) -> str:
    """What a rule is called in generated text."""
    name = rule.__name__
    return name if name.isidentifier() and name not in ("line", "town", "book", "at_hand") else "rule"


WALK_TEXT = '''\
def walk(address, lines, place):
    """Take the town through some lines of the month; place[1] says which was being followed."""
    town = town_at(address)
    for number in range(len(lines)):
        place[1] = number
        follow(lines[number], town)
'''
LIVE_TEXT = '''\
def live(address, months, reserve, lines, place):
    """Live up to `months` months; stop early where events would run out of rows. The months lived."""
    town = town_at(address)
    lived = 0
    while lived < months{room}:
        place[0] = lived
        for number in range(len(lines)):
            place[1] = number
            follow(lines[number], town)
        lived += 1
    return lived
'''
ROOM_FOR_EVENTS = " and town.clock.events + reserve <= len(town.events)"


# ---- binding: the same functions, with chosen rules in place of others ------------------------------------


def bind(function: Rule, replaced: Replaced, made: dict[Rule, Any], wrap: Callable[[Rule], Any] | None = None) -> Any:
    """Clone a function and every function it reaches, with `replaced` ones swapped and `wrap` around each.

    `made` remembers clones. A function that replaces a rule may still call the old one, and so may its
    helpers in the file it stands in.
    """
    if function in made:
        return made[function]
    space: dict[str, Any] = {"__builtins__": function.__globals__["__builtins__"], "__name__": function.__module__}
    clone = types.FunctionType(function.__code__, space, function.__name__, function.__defaults__, function.__closure__)
    clone.__kwdefaults__ = function.__kwdefaults__
    clone.__module__, clone.__qualname__ = function.__module__, function.__qualname__
    made[function] = clone  # so that a function that calls itself finds itself
    for name, value in reached(function):
        space[name] = value
        if isinstance(value, types.FunctionType):
            space[name] = bind(swapped(value, function, replaced), replaced, made, wrap)
    made[function] = clone if wrap is None else wrap(clone)
    return made[function]


def swapped(wanted: Rule, asking: Rule, replaced: Replaced) -> Rule:
    """The function that takes the place of `wanted` where `asking` calls it."""
    instead = replaced.get(wanted, wanted)
    imported = instead.__globals__ is asking.__globals__ and wanted.__globals__ is not asking.__globals__
    return wanted if instead is asking or imported else instead


def reached(function: Rule) -> Iterator[tuple[str, Any]]:
    """Every global a function reads, by name, with its value; names that stand for nothing are left out.

    A helper that somebody compiled by hand counts as the plain function it was made from.
    """
    for name in global_names(function.__code__):
        if name in function.__globals__:
            value = function.__globals__[name]
            yield name, getattr(value, "py_func", value)


@cache
def global_names(code: types.CodeType) -> tuple[str, ...]:
    """The globals that code loads, inner functions included. (`co_names` would mix in attributes.)"""
    found = {step.argval: None for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found.update(dict.fromkeys(global_names(constant)))
    return tuple(found)


@cache
def written_names(code: types.CodeType) -> frozenset[str]:
    """The names of the attributes that code assigns to, inner functions included."""
    found = {step.argval for step in dis.get_instructions(code) if step.opname == "STORE_ATTR"}
    inner = (written_names(constant) for constant in code.co_consts if isinstance(constant, types.CodeType))
    return frozenset(found).union(*inner)


def functions_of(rule: Rule, replaced: Replaced) -> list[Rule]:
    """The rule and every function it reaches, with replacements in place."""
    found: dict[Rule, None] = {}

    def visit(function: Rule) -> None:
        if function not in found:
            found[function] = None
            for _, value in reached(function):
                if isinstance(value, types.FunctionType):
                    visit(swapped(value, function, replaced))

    visit(replaced.get(rule, rule))
    return list(found)


# ---- fingerprints: what a line depends on, and nothing else --------------------------------------------


def fingerprint(rule: Rule, replaced: Replaced, extra: object = ()) -> str:
    """A hash of everything the compiled rule depends on: code, constants, values of globals, recursively."""
    digest = hashlib.sha256(repr(extra).encode())
    for function in functions_of(rule, replaced):
        for part in _parts_of(function, replaced):
            digest.update(part.encode())
            digest.update(b"\0")
    return digest.hexdigest()[:24]


def _parts_of(function: Rule, replaced: Replaced) -> Iterator[str]:
    yield f"function {function.__qualname__}"
    yield _code_text(function.__code__)
    yield f"{_value_text(function.__defaults__)} {_value_text(function.__kwdefaults__)}"
    for cell in function.__closure__ or ():
        yield _value_text(cell.cell_contents)
    attributes = _attribute_names(function.__code__)
    for name, value in reached(function):
        if isinstance(value, types.FunctionType):
            inside = swapped(value, function, replaced)
            yield f"{name} is {inside.__qualname__}"
        elif isinstance(value, EnumMeta):
            used = {member: _value_text(value[member].value) for member in value.__members__ if member in attributes}
            yield f"{name} is {value.__module__}.{value.__qualname__} {used}"
        elif isinstance(value, types.ModuleType) and value.__name__ not in ("math", "numpy"):
            used = {part: _value_text(getattr(value, part)) for part in sorted(attributes) if hasattr(value, part)}
            yield f"{name} is {value.__name__} {used}"
        else:
            yield f"{name} is {_value_text(value)}"


@cache
def _attribute_names(code: types.CodeType) -> set[str]:
    inner = (_attribute_names(constant) for constant in code.co_consts if isinstance(constant, types.CodeType))
    return set(code.co_names).union(*inner)


@cache
def _code_text(code: types.CodeType) -> str:
    """What code does, without where it stands: no file, no lines, no docstring."""
    read = {step.arg for step in dis.get_instructions(code) if step.opcode in dis.hasconst}
    constants = [_value_text(value) if place in read else "" for place, value in enumerate(code.co_consts)]
    shape = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return repr((code.co_code, getattr(code, "co_exceptiontable", b""), shape, names, constants))


def _value_text(value: object) -> str:
    """A value in words that are the same in every process: never an address, never a shortened array."""
    kind = type(value)
    if isinstance(value, Enum):
        return f"{kind.__module__}.{kind.__qualname__}.{value.name} {_value_text(value.value)}"
    if value is None or kind in (bool, int, float, complex, str, bytes):
        return f"{kind.__name__} {value!r}"
    if isinstance(value, types.CodeType):
        return _code_text(value)
    if isinstance(value, (tuple, list)):
        return f"{kind.__name__} ({', '.join(map(_value_text, value))})"
    if isinstance(value, (set, frozenset)):
        return f"{kind.__name__} {sorted(map(_value_text, value))}"
    if isinstance(value, dict):
        return f"dict {sorted((_value_text(key), _value_text(held)) for key, held in value.items())}"
    if isinstance(value, (np.ndarray, np.generic)):
        return f"array {value.dtype.descr} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
    if isinstance(value, types.FunctionType):
        return f"function {value.__module__}.{value.__qualname__} {_code_text(value.__code__)}"
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    return f"{kind.__module__}.{kind.__qualname__} {getattr(value, '__module__', '')} {name or ''}"


class Witness:
    """Remembers what some functions reached when it was made, and tells whether all of it still stands.

    Cheaper than a fingerprint: nothing is read, things are only compared with what they were. Where something may
    change within itself (a list, an array) it never vouches.
    """

    def __init__(self, functions: Collection[Rule]) -> None:
        self._functions = [(function, _self_of(function)) for function in functions]
        found: dict[tuple[int, str], tuple[dict[str, Any], str, object]] = {}
        for function in functions:
            attributes = _attribute_names(function.__code__)
            spaces = [(function.__globals__, global_names(function.__code__))]
            for _, value in reached(function):
                if isinstance(value, types.ModuleType) and value.__name__ not in ("math", "numpy"):
                    spaces.append((vars(value), tuple(attributes)))
            for space, names in spaces:
                found.update({(id(space), name): (space, name, space.get(name, _ABSENT)) for name in names})
        self._found = list(found.values())
        told = [part for _, parts in self._functions for part in parts] + [value for *_, value in self._found]
        self._sure = all(map(_stays, told))

    def holds(self) -> bool:
        """Whether nothing the functions reach has changed since."""
        return (
            self._sure
            and all(space.get(name, _ABSENT) is value for space, name, value in self._found)
            and all(all(map(operator.is_, _self_of(function), then)) for function, then in self._functions)
        )


_ABSENT = object()
_STAY = (int, float, complex, str, bytes, Enum, np.generic, type, types.CodeType, types.ModuleType)


def _self_of(function: Rule) -> list[object]:
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    return [function.__code__, function.__defaults__, function.__kwdefaults__, *cells]


def _stays(value: object) -> bool:
    """Whether a thing cannot change within itself, as far as compiled rules can tell."""
    if isinstance(value, tuple):
        return all(map(_stays, value))
    return value is None or value is _ABSENT or callable(value) or isinstance(value, _STAY)


UNUSED_DAYS = 90

# ---- the cache folder --------------------------------------------------------------------------------------


def cache_folder() -> Path:
    """Where compiled lines are kept: $KITH_CACHE, else `kith` in the user's own cache folder."""
    chosen = os.environ.get("KITH_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        home = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    else:
        home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "kith"


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that another process sees all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _mark(marker: Path, text: str, fresh: bool) -> None:
    """Note that a line is kept, and that it was used today. A fresh one makes room by taking out what nobody uses."""
    with contextlib.suppress(OSError):
        if marker.exists():
            marker.touch()
        else:
            _write_whole(marker, text)
        if fresh:
            _clear_out(cache_folder())


@cache
def _clear_out(folder: Path) -> None:
    """Take out lines that nobody used for a season. Once in a process."""
    long_ago = time.time() - UNUSED_DAYS * 86_400
    for marker in folder.glob("??/*/compiled"):
        with contextlib.suppress(OSError):
            if marker.stat().st_mtime < long_ago:
                shutil.rmtree(marker.parent)


def _generated(name: str, text: str, key: str) -> tuple[types.ModuleType, Path | None]:
    """A module made from text: from the cache folder, or (second answer None) from memory where that cannot be."""
    path: Path | None = cache_folder() / key[:2] / key / f"{name}.py"
    try:
        assert path is not None
        if not path.exists():
            _write_whole(path, text)
        if not os.access(path.parent, os.W_OK):
            path = None
    except OSError:
        path = None
    shown = str(path or f"<kith {name}>")
    module = types.ModuleType(name)
    module.__file__ = shown
    if path is not None:
        module.__spec__ = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = module  # before compiling: Numba's cache finds the module by its name
    linecache.cache[shown] = (len(text), None, text.splitlines(keepends=True), shown)
    exec(compile(text, shown, "exec"), module.__dict__)
    return module, path


# ---- the town, as compiled code sees it -----------------------------------------------------------------
# A named tuple of twenty arrays costs Numba a hundred and fifty arguments in every function that is handed one.
# So compiled code is handed an address: there stand, for each part of the town, its address and its lengths.


Parts = tuple[tuple[str, np.dtype[Any], int, bool], ...]
"""Every part of a town: its name, the layout of a row, its axes (0 for a single record), and whether it may change."""


def parts_of(town: Any) -> Parts:
    """What compiled code must know of a town's tables: two towns with the same parts can live in the same code."""
    return tuple(
        (name, value.dtype, value.ndim, value.flags.writeable)
        for name, value in zip(town._fields, town, strict=True)
        if isinstance(value, (np.ndarray, np.void))
    )


def address_book(town: Any) -> npt.NDArray[np.int64]:
    """Where a town's parts stand in memory and how long they are. The town must outlive it."""
    book: list[int] = []
    for name, value in zip(town._fields, town, strict=True):
        if isinstance(value, (np.ndarray, np.void)):
            array = np.asarray(value)
            if not (array.flags.c_contiguous and array.flags.aligned):
                raise TypeError(f"{name} has gaps between its rows: give the town a copy of it")
            book += (array.ctypes.data, *array.shape)
    return np.array(book, np.int64)


@cache
def _layout_of(parts: Parts) -> str:
    """A hash of some parts, for names of files and functions."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


@cache
def seen_town(parts: Parts) -> Any:
    """Numba's type for towns with these parts."""
    return _seen_towns()(parts)


@cache
def _seen_towns() -> Any:
    """Teach Numba what a town is: an address, and the arrays and records found from there."""
    from llvmlite import ir  # noqa: PLC0415
    from numba.core import types as kinds  # noqa: PLC0415
    from numba.core.typing.templates import AttributeTemplate  # noqa: PLC0415
    from numba.np.numpy_support import from_dtype  # noqa: PLC0415

    extending, arrays = (importlib.import_module(f"numba.{name}") for name in ("extending", "np.arrayobj"))
    teach: dict[str, Any] = {**vars(extending), **vars(arrays)}

    class SeenTown(kinds.Type):
        def __init__(self, parts: Parts) -> None:
            super().__init__(f"town_{_layout_of(parts)}")
            self.parts, self.places, place = parts, {}, 0
            for name, dtype, axes, changes in parts:
                held = from_dtype(dtype)
                kind = kinds.Array(held, axes, "C", readonly=not changes) if axes else held
                self.places[name] = (kind, place)
                place += 1 + axes

        def __reduce__(self) -> Any:
            return seen_town, (self.parts,)

    teach["register_model"](SeenTown)(teach["models"].OpaqueModel)

    def kind_of(_template: Any, town: Any, name: str) -> Any:
        return town.places[name][0] if name in town.places else None

    def part(context: Any, builder: Any, town: Any, address: Any, name: str) -> Any:
        kind, place = town.places[name]
        whole, byte = ir.IntType(64), ir.IntType(8)

        def read(number: int, what: Any) -> Any:
            book = builder.bitcast(address, what.as_pointer())
            return builder.load(builder.gep(book, [whole(place + number)]))

        start = read(0, byte.as_pointer())
        if not isinstance(kind, kinds.Array):
            return builder.bitcast(start, context.get_value_type(kind))
        array = teach["make_array"](kind)(context, builder)
        size = kind.dtype.size if isinstance(kind.dtype, kinds.Record) else kind.dtype.bitwidth // 8
        lengths = [read(1 + axis, whole) for axis in range(kind.ndim)]
        steps = [whole(size)]
        for length in reversed(lengths[1:]):
            steps.insert(0, builder.mul(steps[0], length))
        data = builder.bitcast(start, context.get_data_type(kind.dtype).as_pointer())
        teach["populate_array"](array, data=data, shape=lengths, strides=steps, itemsize=whole(size), meminfo=None)
        return teach["impl_ret_borrowed"](context, builder, kind, array._getvalue())

    teach["infer_getattr"](type("PartOfTown", (AttributeTemplate,), {"key": SeenTown, "generic_resolve": kind_of}))
    teach["lower_getattr_generic"](SeenTown)(part)
    return SeenTown


# ---- compiling -----------------------------------------------------------------------------------------------


@cache
def numba_or_why() -> tuple[Any, str]:
    """Numba, and nothing; or None, and why it is not there."""
    try:
        import numba  # noqa: PLC0415
    except Exception as problem:  # noqa: BLE001  a broken Numba fails in many ways, and none may stop a town
        return None, f"{type(problem).__name__}: {problem}"
    return numba, ""


@cache
def _machine() -> tuple[str, ...]:
    """What compiled code depends on besides the rules."""
    numba, _ = numba_or_why()
    import llvmlite.binding as llvm  # noqa: PLC0415

    features = hashlib.sha256(llvm.get_host_cpu_features().flatten().encode()).hexdigest()[:12]
    versions = (platform.python_version(), numba.__version__, np.__version__, llvm.get_host_cpu_name(), features)
    return ("kith 2", sys.platform, platform.machine(), *versions)


@dataclass(frozen=True)
class Line:
    """One line of the month, compiled: the address of its machine code, and what keeps that alive."""

    address: int
    loaded: bool
    held: Any = field(repr=False)


_lock = threading.RLock()
_lines: dict[str, Line | NotCompiledError] = {}
_walkers: dict[str, Any] = {}
_clones: dict[tuple[int, str], dict[Rule, Any]] = {}


class Compiler:
    """Compiles the lines of one month for towns of one layout."""

    def __init__(self, month: Month, replaced: Replaced, parts: Parts) -> None:
        self.month = tuple((table, replaced.get(rule, rule)) for table, rule in month)
        self.replaced = dict(replaced)
        self.inside = {**chance.COMPILED, **self.replaced}
        self.parts, self._layout = parts, _layout_of(parts)
        named = {name: dtype.names or () for name, dtype, *_ in parts}
        self._has_events = "events" in named and "events" in named.get("clock", ())
        reached_now = {each: None for _, rule in self.month for each in functions_of(rule, self.inside)}
        self._witness = Witness(reached_now)
        self._keys = [self._key(table, rule) for table, rule in self.month]
        self.everything = hashlib.sha256("".join(self._keys).encode()).hexdigest()

    def _key(self, table: str, rule: Rule) -> str:
        return fingerprint(
            rule, self.inside, (table, self._layout, LADDER, line_text(table, name_of(rule)), _machine())
        )

    def holds(self) -> bool:
        """Whether the rules are still what they were when this was made."""
        return self._witness.holds()

    def ready(self) -> bool:
        """Whether every line is compiled already, in this process or in the cache."""
        return all(key in _lines or self._marker(key).exists() for key in self._keys)

    @staticmethod
    def _marker(key: str) -> Path:
        return cache_folder() / key[:2] / key / "compiled"

    def compile(self, order: Sequence[int], tell: Tell, stopping: Callable[[], bool] = lambda: False) -> None:
        """Compile or load lines, on several cores where many are new, telling each as it is done."""
        left, kept = deque(order), queue.SimpleQueue[int]()
        workers = [Worker(self, left, kept) for _ in range(self._workers_for(order))]
        try:
            for worker in workers:
                worker.start()
            for _ in order:
                if stopping():
                    return
                number = _next(left, kept)
                try:
                    self.prepare()
                    tell(number, self.line(number))
                except NotCompiledError as problem:
                    tell(number, problem)
        finally:
            for worker in workers:
                worker.stop()

    def _workers_for(self, order: Sequence[int]) -> int:
        """How many further processes are worth starting. They compile shipped rules only: ours may not be in a file."""
        new = [self._keys[place] for place in order if self._keys[place] not in _lines]
        new = [key for key in new if not self._marker(key).exists()]
        most = min(_cores() - 1, len(new) // LINES_A_WORKER, MOST_WORKERS)
        if most < 1 or not sys.executable or not _can_keep():
            return 0
        shipped = set(shipped_keys(self.parts))
        return min(most, sum(key in shipped for key in new) // LINES_A_WORKER)

    def key(self, number: int) -> str:
        """The fingerprint of a line."""
        return self._keys[number]

    def line(self, number: int) -> Line:
        """Compile or load one line; raise NotCompiledError where that fails."""
        key = self._keys[number]
        with _lock:
            if key not in _lines:
                table, rule = self.month[number]
                try:
                    _lines[key] = self._climb(table, rule, key)
                except NotCompiledError as problem:
                    _lines[key] = problem
            found = _lines[key]
        if isinstance(found, NotCompiledError):
            raise found
        return found

    def _climb(self, table: str, rule: Rule, key: str) -> Line:
        """Down the ladder of options, to the first that compiles."""
        first: Exception | None = None
        for rung, options in enumerate(LADDER):
            try:
                return self._compile_line(table, rule, f"{key}{rung}", key, rung, options)
            except Exception as problem:  # noqa: BLE001  Numba lets KeyError, TypeError and others out of its own depths
                first = first or problem
        assert first is not None
        raise NotCompiledError(why_not(first, rule, self.inside)) from first

    def _compile_line(self, table: str, rule: Rule, name: str, key: str, rung: int, options: dict[str, Any]) -> Line:
        numba, _ = numba_or_why()
        module, path = _generated(f"kith_line_{name}", line_text(table, name_of(rule)), key)
        made = _clones.setdefault((rung, self.everything), {})
        before = set(made)
        try:
            module.__dict__["at_hand"] = _at_hand()
            setattr(module, name_of(rule), bind(rule, self.inside, made, numba.njit(**options)))
            own = {option: value for option, value in options.items() if option != "forceinline"}
            line = _compiled(module.line, (seen_town(self.parts),), path, own)
        except Exception:
            for function in set(made) - before:
                del made[function]  # a clone that failed half way would fail again for another reason
            raise
        if path is not None:
            _mark(path.parent / "compiled", f"{rule.__module__}.{rule.__qualname__}\n", fresh=not line.stats.cache_hits)
        compiled = line.overloads[(seen_town(self.parts),)]
        address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
        if not address:
            raise RuntimeError("its machine code was not kept")
        return Line(address, bool(line.stats.cache_hits), line)

    @cached_property
    def walk(self) -> Any:
        """Take a town through the lines at some addresses. It knows no rule, so it is compiled once."""
        numba, _ = numba_or_why()
        numbers = numba.types.Array(numba.int64, 1, "C")
        return self._walker("walk", WALK_TEXT, (numba.int64, numbers, numbers))

    @cached_property
    def live(self) -> Any:
        """Take a town through month after month of lines, and answer how many were lived."""
        numba, _ = numba_or_why()
        numbers = numba.types.Array(numba.int64, 1, "C")
        text = LIVE_TEXT.replace("{room}", ROOM_FOR_EVENTS if self._has_events else "")
        return self._walker("live", text, (numba.int64, numba.int64, numba.int64, numbers, numbers))

    def prepare(self) -> None:
        """Compile or load both functions that walk compiled lines; raise NotCompiledError where Numba will not."""
        try:
            _ = self.live, self.walk
        except Exception as problem:
            text = str(problem).strip().splitlines() or [""]
            raise NotCompiledError(
                f"this Numba cannot compile the month ({type(problem).__name__}: {text[0]})"
            ) from problem

    def _walker(self, name: str, text: str, signature: tuple[Any, ...]) -> Any:
        extra = (self._layout, text, WALKER_OPTIONS, _machine())
        key = hashlib.sha256(repr(extra).encode()).hexdigest()[:24]
        with _lock:
            if key not in _walkers:
                module, path = _generated(f"kith_{name}_{key}", text, key)
                module.__dict__.update(follow=_follow(), town_at=_town_at(self.parts))
                made = _compiled(module.__dict__[name], signature, path, WALKER_OPTIONS)
                made.disable_compile()
                _walkers[key] = made
            return _walkers[key]


def _compiled(function: Any, signature: Any, path: Path | None, options: dict[str, Any]) -> Any:
    """Compile a generated function for one signature, from or into the cache; a spoilt cache is no obstacle.

    A row whose first columns are another kind of row's, as organisations and ties begin with terms, may be taken for
    it: that is meant, and Numba's word of caution about it is kept from the user.
    """
    numba, _ = numba_or_why()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", numba.core.errors.NumbaExperimentalFeatureWarning)
        if path is not None:
            try:
                made = numba.njit(cache=True, **options)(function)
                made.compile(signature)
                return made
            except numba.core.errors.NumbaError:
                raise
            except Exception:  # noqa: BLE001  an unreadable or half-written cache file fails in many ways
                pass
        made = numba.njit(**options)(function)
        made.compile(signature)
        return made


@cache
def _follow() -> Any:
    """A call by address, for compiled code: follow(address of a line, town). An error in the line is passed on."""
    from numba.core import cgutils  # noqa: PLC0415
    from numba.core import types as kinds  # noqa: PLC0415
    from numba.extending import intrinsic  # noqa: PLC0415

    if_error: Any = cgutils.if_unlikely

    @intrinsic
    def follow(context: Any, address: Any, town: Any) -> Any:
        def write(target: Any, builder: Any, signature: Any, given: Any) -> Any:
            call = target.call_conv
            shape = call.get_function_type(kinds.none, (signature.args[1],))
            line = builder.inttoptr(given[0], shape.as_pointer())
            status, _ = call.call_function(builder, line, kinds.none, (signature.args[1],), [given[1]])
            with if_error(builder, status.is_error):
                call.return_status_propagate(builder, status)
            return target.get_dummy_value()

        return kinds.none(address, town), write

    return follow


@cache
def _at_hand() -> Any:
    """A copy of a town's addresses that only one line knows of: LLVM keeps what the line uses in registers."""
    from llvmlite import ir  # noqa: PLC0415
    from numba.core import cgutils  # noqa: PLC0415
    from numba.extending import intrinsic  # noqa: PLC0415

    make_room: Any = cgutils.alloca_once

    @intrinsic
    def at_hand(context: Any, book: Any) -> Any:
        def write(target: Any, builder: Any, signature: Any, given: Any) -> Any:
            word = ir.IntType(8).as_pointer()
            many = sum(1 + axes for _, _, axes, _ in book.parts)
            near = make_room(builder, ir.ArrayType(word, many))
            near, far = (builder.bitcast(place, word.as_pointer()) for place in (near, given[0]))
            for place in range(many):
                at = [ir.IntType(64)(place)]
                builder.store(builder.load(builder.gep(far, at)), builder.gep(near, at))
            return builder.bitcast(near, target.get_value_type(book))

        return book(book), write

    return at_hand


@cache
def _town_at(parts: Parts) -> Any:
    """Look at an address as a town, for compiled code."""
    from numba.core import types as kinds  # noqa: PLC0415
    from numba.extending import intrinsic  # noqa: PLC0415

    @intrinsic
    def town_at(context: Any, address: Any) -> Any:
        def write(target: Any, builder: Any, signature: Any, given: Any) -> Any:
            return builder.inttoptr(given[0], target.get_value_type(signature.return_type))

        return seen_town(parts)(kinds.int64), write

    return town_at


def why_not(problem: Exception, rule: Rule, replaced: Replaced) -> str:
    """What stopped Numba, in a line: file, line and rule where Numba tells them, and the first words of its reason."""
    text = str(problem)
    files = {Path(function.__code__.co_filename).name: function for function in functions_of(rule, replaced)}
    places = [(Path(file).name, line) for file, line in _PLACE.findall(text)]
    place = next((f"{file}, line {line}, " for file, line in reversed(places) if file in files), "")
    reasons = [line.strip() for line in text.splitlines() if line.strip() and not _NO_REASON.match(line.strip())]
    from_numba = type(problem).__module__.startswith("numba")
    kind = "" if from_numba else f"{type(problem).__name__}: "
    return f"{place}in {rule.__name__}: {kind}{reasons[0] if reasons else text or 'no reason given'}"


_PLACE = re.compile(r'File "([^"]+)", line (\d+)')
_NO_REASON = re.compile(r"Failed in|During|File|>>>|def |<source|\^|There are|- Of|Overload|\[|-$")


# ---- compiling on other cores, and beside a running town -------------------------------------------------------


Tell = Callable[[int, "Line | NotCompiledError"], None]

LINES_A_WORKER = 6
"""New lines from which one more process is worth its start."""
MOST_WORKERS = 7


def _cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _can_keep() -> bool:
    """Whether what another process compiles can reach us through the cache folder."""
    with contextlib.suppress(OSError):
        cache_folder().mkdir(parents=True, exist_ok=True)
        return os.access(cache_folder(), os.W_OK)
    return False


def shipped_keys(parts: Parts) -> list[str]:
    """The fingerprints of the shipped month's lines, for towns with these parts."""
    return _shipped(parts)._keys


def _shipped(parts: Parts) -> Compiler:
    from simulation.month import MONTH  # noqa: PLC0415  the month imports every rule; toy months need none

    return Compiler(MONTH, {}, parts)


def _next(left: deque[int], kept: queue.SimpleQueue[int]) -> int:
    """A line that another process has done with, else one that nobody has begun; else wait."""
    with contextlib.suppress(queue.Empty):
        return kept.get_nowait()
    with contextlib.suppress(IndexError):
        return left.popleft()
    return kept.get()


_WORK = """
import pickle, sys
sys.path[:], parts = pickle.loads(bytes.fromhex(sys.stdin.readline()))
from simulation.compiled import work
work(parts)
"""


def work(parts: Parts) -> None:
    """What another process does: compile the lines it is asked for into the cache, and answer after each."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        compiler = _shipped(parts)
        for wanted in sys.stdin:
            with contextlib.suppress(NotCompiledError, ValueError):
                compiler.line(compiler._keys.index(wanted.strip()))
            answers.write("done\n")
            answers.flush()


class Worker(threading.Thread):
    """Another process that compiles lines into the cache, from the far end of the list, and who speaks with it.

    Whatever goes wrong there, its line is handed back, to be compiled here.
    """

    def __init__(self, compiler: Compiler, left: deque[int], kept: queue.SimpleQueue[int]) -> None:
        super().__init__(name="kith has rules compiled", daemon=True)
        self._compiler, self._left, self._kept = compiler, left, kept
        self._process: subprocess.Popen[str] | None = None
        self._stopping = False

    def run(self) -> None:
        """Hand out lines one by one, until none is left or the other process fails."""
        with contextlib.suppress(OSError, ValueError, IndexError):  # IndexError: none is left
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _WORK],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            self._say(pickle.dumps((sys.path, self._compiler.parts)).hex())
            answered = True
            while answered and not self._stopping:
                number = self._left.pop()
                try:
                    answered = self._say(self._compiler.key(number)) and self._hear()
                finally:
                    self._kept.put(number)

    def _say(self, text: str) -> bool:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()
        return True

    def _hear(self) -> bool:
        assert self._process is not None
        assert self._process.stdout is not None
        return bool(self._process.stdout.readline())

    def stop(self) -> None:
        """End the other process and wait until it has ended."""
        self._stopping = True
        if self._process is not None:
            self._process.kill()
        self.join()
        if self._process is not None:
            self._process.kill()
            self._process.communicate()


class Beside(threading.Thread):
    """Compiles lines on a thread, the busiest tables first, telling each as it is done."""

    def __init__(self, compiler: Compiler, order: Sequence[int], tell: Tell) -> None:
        super().__init__(name="kith compiles rules", daemon=True)
        self.compiler, self.order, self.tell = compiler, order, tell
        self._stopping = threading.Event()
        _threads.add(self)

    def run(self) -> None:
        """Compile until done or told to stop; what is done is in the cache for the next run."""
        try:
            self.compiler.compile(self.order, self.tell, self._stopping.is_set)
        finally:
            _threads.discard(self)

    def stop(self) -> None:
        """Stop after the line being compiled."""
        self._stopping.set()


_threads: set[Beside] = set()


@atexit.register
def _stop_all() -> None:
    """Let no thread be inside the compiler when the process ends: that could crash it."""
    running = list(_threads)
    for thread in running:
        thread.stop()
    for thread in running:
        thread.join(timeout=30.0)
