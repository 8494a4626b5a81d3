"""What a worker of a sweep does: it lives a stretch of rows and writes them as one part.

Change this file to change what a row is. A row is one point, governance and replicate: the shocked town and its calm
twin, with the same luck. A worker imports neither Mesa nor pandas. What goes wrong in a run is written into its row;
an error that leaves `live_batch` always means that the worker itself was lost.
"""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import json
import os
import signal
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from experiments.pairs import CALM, SHOCK, WORLDS
from experiments.parts import (
    EVENTS,
    FAILED,
    LIVED,
    MONTHS,
    ROWS,
    RUNNING,
    TABLES,
    WHAT,
    commit_bytes,
    name_of,
    parquet_bytes,
    rows_table,
    told_models,
)
from experiments.resilience import resilience
from experiments.study import Study
from simulation.engines import Engine, engine_for
from simulation.journal import model_fingerprint
from simulation.run import live as live_months
from simulation.run import rows_of as months_of
from simulation.scenario import PARAMETERS, SETTLING, SIZES, Scenario, is_kind, plain
from simulation.shocks import table_of
from simulation.town import found_town
from simulation.written_rules import rules_from_text

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS")
"""What keeps libraries from taking every processor in every worker."""
REMEMBERED = 64_000_000
"""Bytes of towns that a worker remembers: a calm twin is often the same at many points."""
LONGEST_TEXT = 8_000
HEAD = 80.0
"""Bytes that a row takes beside its numbers, roughly."""


class World(NamedTuple):
    """One town, lived to its end: its months, and its events as the town keeps them."""

    months: Any
    events: Any


Living = Callable[[Scenario, str], World]
"""How a worker lives one town, given the text of rules that replace the model's own: a function with a name."""


class Batch(NamedTuple):
    """Rows from `first` up to `last`, and all that a worker must know to live them."""

    first: int
    last: int
    study: Study
    points: Mapping[int, Mapping[str, Any]]
    folder: str
    key: str
    model: str
    crumbs: bool = False
    timeout: float = 0.0
    living: Living | None = None
    halt: Callable[[], bool] | None = None


class Receipt(NamedTuple):
    """What came of a batch. `carried` are the parts themselves, where the worker does not see the folder."""

    first: int
    last: int
    failed: int = 0
    seconds: float = 0.0
    carried: Mapping[str, bytes] | None = None
    broken: str = ""
    disk: tuple[int, str] | None = None
    stopped: bool = False


class Tried(NamedTuple):
    """What a few rows took: seconds and bytes of each, and the most memory the process has held, in MB."""

    seconds: float
    size: float
    memory: float


# ---- a batch ----------------------------------------------------------------------------------------


def live_batch(batch: Batch) -> Receipt:
    """Live a batch and write it. Never raises: an error of a future means that its worker was lost."""
    try:
        return _live_batch(batch)
    except OSError as error:
        return Receipt(
            batch.first, batch.last, broken=f"{error}", disk=(error.errno or 0, error.strerror or str(error))
        )
    except Exception:  # noqa: BLE001  whatever it is, it would meet every batch, and ends the sweep with its traceback
        return Receipt(batch.first, batch.last, broken=traceback.format_exc())


def _live_batch(batch: Batch) -> Receipt:
    if batch.model != model_fingerprint():
        raise RuntimeError(f"this worker has another version of the model ({model_fingerprint()}, not {batch.model})")
    folder = Path(batch.folder)
    sees = _sees(folder, batch.key)
    be_ready(batch)
    began, rows, months, events = time.perf_counter(), [], [], []
    with _crumb(batch, folder if sees and batch.crumbs else None) as drop:
        for row in range(batch.first, batch.last):
            if batch.halt is not None and batch.halt():
                return Receipt(batch.first, batch.last, stopped=True)
            drop(row)
            told, worlds = live_row(batch, row)
            rows.append(told)
            for world, lived in zip(WORLDS, worlds, strict=False):
                months.append((row, world, lived.months))
                events.append((row, world, lived.events))
        seconds = (time.perf_counter() - began) / max(1, len(rows))
        parts = {ROWS: rows_table(batch.study, rows)}
        if batch.study.monthly:
            parts[MONTHS] = _months_table(batch.study, months)
        if batch.study.events:
            parts[EVENTS] = _events_table(events)
        data = {name: parquet_bytes(parts[name]) for name in TABLES if name in parts}
        failed = sum(told["status"] != LIVED for told in rows)
        receipt = Receipt(batch.first, batch.last, failed, seconds)
        if not sees:
            return receipt._replace(carried=data)
        write_parts(folder, batch.first, batch.last, data)
    return receipt


def write_parts(folder: Path, first: int, last: int, data: Mapping[str, bytes]) -> None:
    """Write the parts of a range: its rows last, because they say that the range is done."""
    for table in TABLES:
        if table in data:
            commit_bytes(folder / table / name_of(first, last), data[table])


def try_rows(batch: Batch, rows: Sequence[int]) -> Tried:
    """Live a few rows, of which nothing is kept, and say what they took. The first is lived twice."""
    be_ready(batch)
    took, size = [], 0
    for row in (rows[0], *rows):
        remembered().clear()
        if batch.crumbs and batch.timeout:
            faulthandler.dump_traceback_later(batch.timeout, exit=True)
        began = time.perf_counter()
        _, worlds = live_row(batch, row)
        took.append(time.perf_counter() - began)
        faulthandler.cancel_dump_traceback_later()
        pairs = [(row, world, lived) for world, lived in zip(WORLDS, worlds, strict=False)]
        if batch.study.monthly and pairs:
            size += len(parquet_bytes(_months_table(batch.study, [(r, w, lived.months) for r, w, lived in pairs])))
        if batch.study.events and pairs:
            size += len(parquet_bytes(_events_table([(r, w, lived.events) for r, w, lived in pairs])))
    numbers = len(batch.study.columns) + len(batch.study.varied)
    return Tried(fmean(took[1:]), size / len(took) + HEAD + 8.0 * numbers, _most_memory())


def be_ready(batch: Batch) -> None:
    """Have the rules compiled before the first row is lived, so that no row's clock runs meanwhile."""
    if batch.living is None:
        with contextlib.suppress(Exception):  # what is wrong with the rules is written into the rows
            _engine(batch.study.rules, found_town(batch.study.scenario))


def _most_memory() -> float:
    page = Path("/proc/self/status")
    if page.exists():
        held = next(line.split()[1] for line in page.read_text().splitlines() if line.startswith("VmHWM"))
        return int(held) / 1024
    return 0.0


def _sees(folder: Path, key: str) -> bool:
    """Whether this worker sees the folder of the sweep."""
    try:
        told = json.loads((folder / WHAT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(told["key"] == key)


@contextlib.contextmanager
def _crumb(batch: Batch, folder: Path | None) -> Iterator[Callable[[int], None]]:
    """A note of which row is being lived, for whoever finds the worker dead; and a clock that ends rows too long."""
    if folder is None:
        yield lambda _row: None
        return
    base = folder / RUNNING / f"{batch.first:09d}-{batch.last:09d}"
    note = os.open(base, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    with base.with_suffix(".trace").open("w") as trace:
        faulthandler.enable(file=trace)

        def drop(row: int) -> None:
            os.lseek(note, 0, os.SEEK_SET)
            os.write(note, b"%012d" % row)
            if batch.timeout:
                faulthandler.dump_traceback_later(batch.timeout, exit=True, file=trace)

        try:
            yield drop
        finally:
            faulthandler.cancel_dump_traceback_later()
            faulthandler.disable()
            os.close(note)
    for file in (base, base.with_suffix(".trace")):
        file.unlink(missing_ok=True)


def read_crumb(folder: Path, first: int, last: int) -> tuple[int | None, str]:
    """Which row of a batch was being lived when its worker died, and what the system said of it; and forget it."""
    base = folder / RUNNING / f"{first:09d}-{last:09d}"
    row, trace = None, ""
    with contextlib.suppress(OSError, ValueError):
        row = int(base.read_text())
    with contextlib.suppress(OSError):
        trace = base.with_suffix(".trace").read_text(errors="replace")
    for file in (base, base.with_suffix(".trace")):
        with contextlib.suppress(OSError):
            file.unlink()
    return (row if row is not None and first <= row < last else None), trace


# ---- a row ------------------------------------------------------------------------------------------


def live_row(batch: Batch, row: int) -> tuple[dict[str, Any], tuple[World, ...]]:
    """One row, and the towns it was made of: none where it failed. What goes wrong is written into the row."""
    study = batch.study
    told, scenario = row_head(batch, row)
    began = time.perf_counter()
    worlds: tuple[World, ...] = ()
    try:
        if scenario is None:
            raise RuntimeError(told.pop("cannot"))
        living = batch.living or live_town
        worlds = tuple(_remembered(each, study.rules, living) for each in (scenario, scenario.calm()))
        told |= outcomes_of(study, *worlds)
    except Exception as error:  # noqa: BLE001  one run must not lose the others; its traceback is kept
        said = "; ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])
        told |= failed_row(batch, row, FAILED, said, traceback.format_exc())
        worlds = ()
    told["seconds"] = time.perf_counter() - began
    return told, worlds


def row_head(batch: Batch, row: int) -> tuple[dict[str, Any], Scenario | None]:
    """What is known of a row before it is lived, and its scenario; none where there can be no such town."""
    study = batch.study
    point, replicate, arm = study.place_of(row)
    seed = study.seed_of(replicate)
    values = dict(batch.points[point])
    told: dict[str, Any] = {"row": row, "point": point, "governance": arm, "replicate": replicate, "seed": seed}
    told |= {"status": LIVED, **values}
    try:
        scenario = study.scenario_at(values, arm).with_(seed=seed)
        model = made_by(scenario, study.rules)
    except (ValueError, OSError) as error:
        return told | {"run_id": "", "model": fingerprint(batch.model, study.rules), "cannot": str(error)}, None
    return told | {"run_id": run_id(scenario, model), "model": model}, scenario


def failed_row(batch: Batch, row: int, status: str, error: str, trace: str) -> dict[str, Any]:
    """What a row says that could not be lived: what happened, what went into it, and how to live it again."""
    _, scenario = row_head(batch, row)
    return {
        "status": status, "error": error[:LONGEST_TEXT], "traceback": trace[-LONGEST_TEXT:],
        "inputs": scenario.to_toml() if scenario else json.dumps(batch.points[batch.study.place_of(row)[0]]),
        "replay": f"kith replay {batch.folder} {row}",
    }  # fmt: skip


def outcomes_of(study: Study, shock: World, calm: World) -> dict[str, float]:
    """Every outcome of a pair of towns: means of the reported months, and resilience."""
    reported = {SHOCK: shock.months[SETTLING:], CALM: calm.months[SETTLING:]}
    found = {
        f"{name}.{world}": float(reported[world][name].mean()) for name in study.measures for world in (SHOCK, CALM)
    }
    if study.losses:
        losses = resilience(reported[SHOCK], reported[CALM])
        found |= {name: losses[name] for name in study.losses}
    return found


class _Mine(threading.local):
    """What a thread keeps from one town to the next."""

    def __init__(self) -> None:
        self.engines: dict[str, Engine] = {}
        self.towns: OrderedDict[tuple[str, str], World] = OrderedDict()
        self.size = 0


_mine = _Mine()


def remembered() -> OrderedDict[tuple[str, str], World]:
    """The towns that this thread remembers."""
    return _mine.towns


def _remembered(scenario: Scenario, rules: str, living: Living) -> World:
    """A town as remembered, where the very same was lived before; lived now, where not."""
    key = rules, spelled(scenario)
    if key in _mine.towns:
        _mine.towns.move_to_end(key)
        return _mine.towns[key]
    world = living(scenario, rules)
    _mine.towns[key] = world
    _mine.size = world.months.nbytes + world.events.nbytes
    while len(_mine.towns) > 1 and _mine.size * len(_mine.towns) > REMEMBERED:
        _mine.towns.popitem(last=False)
    return world


def live_town(scenario: Scenario, rules: str) -> World:
    """Live one town on this thread's own engine."""
    town = found_town(scenario)
    town = live_months(town, _engine(rules, town), scenario.months)
    return World(months_of(town).copy(), town.events[: int(town.clock["events"])].copy())


def _engine(rules: str, town: Any) -> Engine:
    """The engine of this thread for some rules, with every rule compiled that can be."""
    if rules not in _mine.engines:
        engine = engine_for("auto", rules_from_text(rules), quiet=True)
        engine.prepare(town)
        _mine.engines[rules] = engine
    return _mine.engines[rules]


# ---- who a run is -----------------------------------------------------------------------------------


def spelled(scenario: Scenario) -> str:
    """One spelling of all that a town's fate depends on, and of nothing else: what is equal is spelled alike."""
    told = [
        {name: getattr(scenario, name) for name in SIZES},
        {layer: given if is_kind(layer, given) else _file_hash(given) for layer, given in scenario.graph.items()},
        [table_of(shock) for shock in scenario.shocks],
        {name: value for name, value in scenario.parameters.items() if value != _default(name)},
        scenario.terms(),
    ]  # fmt: skip
    return json.dumps(_one_spelling(told), sort_keys=True, separators=(",", ":"), allow_nan=False)


@cache
def _default(name: str) -> Any:
    return plain(PARAMETERS[name], PARAMETERS[name].default)


def _one_spelling(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value + 0.0  # -0.0 is 0.0
    if isinstance(value, Mapping):
        return {str(key): _one_spelling(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_one_spelling(each) for each in value]
    return value


def run_id(scenario: Scenario, model: str) -> str:
    """A hash of the model, the scenario, its parameters, its governance and its seed."""
    return hashlib.blake2b(f"{model}\n{spelled(scenario)}".encode(), digest_size=10).hexdigest()


def made_by(scenario: Scenario, rules: str, model: str = "") -> str:
    """The fingerprint of what lives a scenario: the model, rules that replace its own, files of its graph."""
    files = tuple((layer, _file_hash(str(file))) for layer, file in sorted(scenario.graph_files().items()))
    return fingerprint(model or model_fingerprint(), rules, files)


@cache
def fingerprint(model: str, rules: str, files: tuple[tuple[str, str], ...] = ()) -> str:
    """The model's own fingerprint where nothing is replaced; otherwise one of everything."""
    if not rules and not files:
        return model
    return hashlib.blake2b(json.dumps([model, rules, files]).encode(), digest_size=8).hexdigest()


def _file_hash(file: str) -> str:
    now = Path(file).stat()
    return _hash_of(file, now.st_mtime_ns, now.st_size)


@cache
def _hash_of(file: str, _changed: int, _size: int) -> str:
    return hashlib.blake2b(Path(file).read_bytes(), digest_size=8).hexdigest()


# ---- tables -----------------------------------------------------------------------------------------


def _months_table(study: Study, lived: Sequence[tuple[int, str, Any]]) -> pa.Table:
    """A line for each row, world and month; months before the 24th settle the town and are not reported."""
    columns = _headed(lived)
    columns["month"] = pa.array(
        np.concatenate([np.arange(len(each)) for _, _, each in lived]) if lived else [], pa.int64()
    )
    for name in study.measures:
        columns[name] = pa.array(np.concatenate([each[name] for _, _, each in lived]) if lived else [], pa.float64())
    return told_models(pa.table(columns), ())


def _events_table(lived: Sequence[tuple[int, str, Any]]) -> pa.Table:
    """A line for each event, in the numbers that the town keeps: see Happening and Cause in agents/tables.py."""
    from agents.declared import dtype_of  # noqa: PLC0415
    from agents.tables import Event  # noqa: PLC0415

    columns = _headed(lived)
    columns["event"] = pa.array(
        np.concatenate([np.arange(len(each)) for _, _, each in lived]) if lived else [], pa.int64()
    )
    kinds = dtype_of(Event)
    for name in kinds.names or ():
        kind = pa.from_numpy_dtype(kinds[name])
        columns[name] = pa.array(np.concatenate([each[name] for _, _, each in lived]) if lived else [], kind)
    return told_models(pa.table(columns), ())


def _headed(lived: Sequence[tuple[int, str, Any]]) -> dict[str, pa.Array]:
    many = [len(each) for _, _, each in lived]
    rows = np.repeat(np.array([row for row, _, _ in lived], np.int64), many)
    worlds = np.repeat(np.array([WORLDS.index(world) for _, world, _ in lived], np.int8), many)
    names = pa.DictionaryArray.from_arrays(pa.array(worlds, pa.int8()), pa.array(WORLDS))
    return {"row": pa.array(rows, pa.int64()), "world": names.cast(pa.string())}


# ---- a worker of our own ----------------------------------------------------------------------------


def begin_work() -> None:
    """What a worker process does first: leave the keyboard to the coordinator, and end when the coordinator ends."""
    import multiprocessing  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: Any) -> None:
    parent.join()
    os._exit(3)
