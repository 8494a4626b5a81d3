"""A sweep: every row of a study lived and kept, by as many workers as there are, interrupted at will.

Change this file to share the work out differently. Workers write their own parts (experiments/batches.py); whoever
runs the sweep only counts what is there, deals out what is not, and looks after workers that die. The same call again
goes on where the last one was ended, however it was ended.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import signal
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    InvalidStateError,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from experiments import batches
from experiments.batches import ONE_THREAD, Batch, Living, Receipt, Tried, begin_work, live_batch, read_crumb, try_rows
from experiments.designs import plain, points_in_design, rows_in_design
from experiments.intervals import intervals
from experiments.parts import (
    FAILED,
    KILLED,
    LIVED,
    ROWS,
    RUNNING,
    TIMEOUT,
    Range,
    SweepError,
    Writing,
    clear_litter,
    compact,
    dataset_of,
    design_in,
    forget,
    is_written,
    kept,
    merge,
    missing,
    models_in,
    name_of,
    open_folder,
    paired,
    parquet_bytes,
    ranges_in,
    rows_of,
    rows_table,
    rows_there,
    study_in,
    sweep_up,
    tables_in,
    unwritten,
    write_down,
)
from experiments.study import Study, Until
from experiments.study_file import load_study
from experiments.workers import processors
from simulation.journal import model_fingerprint

if TYPE_CHECKING:
    import pandas as pd

A_BATCH = 5.0
"""Seconds of work in a batch: what is lost when a worker is."""
LARGEST = 2_000
"""Rows in a batch at most."""
AHEAD = 2
"""Batches with each worker: the one it lives and the next."""
SHARES = 4
"""Batches for each worker, at least, of what is left: so that all of them end together."""
SHORT = 8.0
"""Seconds of work up to which it does not pay to start other processes."""
RESIDENT_MONTH = 3e-7
"""Seconds a resident's month takes compiled, roughly: enough to tell a short sweep from a long one."""
TRIED = 4
"""Rows lived beforehand, to say how long it will take."""
MANY_PARTS = 64
"""Parts from which a sweep that is done is compacted."""
TOO_OFTEN = 20
"""How often a batch may be lost before the sweep is given up."""
LOST_AFTER = 60.0
"""Seconds after which a result that Dask has and does not hand over is taken for lost."""
PATIENCE = 2.0 * A_BATCH
"""Seconds to wait, when a sweep is ended, for what workers of others have in hand."""
LOOK = 0.2


class Estimate(NamedTuple):
    """What is to come: rows and seconds, MB of memory for each worker, bytes on the disk and bytes that are free."""

    rows: int
    seconds: float
    memory: float
    size: float
    free: float
    workers: int


class Far(NamedTuple):
    """How far a sweep has come: rows lived now, of how many, and how many of these failed."""

    done: int
    total: int
    failed: int
    estimate: Estimate | None = None


Tell = Callable[[Far], None]


@dataclass(frozen=True)
class Sweep:
    """What came of a sweep: the study, its folder, and how many rows are there."""

    study: Study
    folder: Path
    wanted: int
    """Rows that are asked for, as far as is known: the design's, or fewer where pairs are stopped early."""
    there: int
    lived: int = 0
    """Rows lived now."""
    failed: int = 0
    """Rows that failed, of those lived now."""
    stopped: bool = False
    seconds: float = 0.0
    workers: int = 1
    estimate: Estimate | None = None
    lost: int = 0
    """Batches lost with their workers, and dealt out again."""

    @property
    def complete(self) -> bool:
        """Whether every row that is asked for is there."""
        return self.there >= self.wanted

    @property
    def rows(self) -> pd.DataFrame:
        """The rows in the order of the design."""
        return rows_of(self.folder)


def sweep(
    study: Study | str | Path,
    folder: str | Path,
    workers: int | None = None,
    executor: Executor | None = None,
    shard: Range | None = None,
    *,
    timeout: float = 0.0,
    anyway: bool = False,
    again: Sequence[str] = (),
    batch_seconds: float = A_BATCH,
    living: Living | None = None,
    tell: Tell | None = None,
) -> Sweep:
    """Live every row of a study that is not in the folder yet, and write it there.

    Workers are processes of this machine; or those of an `executor`, any that speaks PEP 3148 (Dask's, MPI's), which
    need not see the folder. `shard` is (i, n): the i-th part of n, counted from 1. `timeout` is the most seconds a row
    may take. Rows of another version of the model are refused, unless they may stay (`anyway`) or are lived again
    (`again=["stale"]`); `again=["failed"]` lives failed rows again. `living` lives one town, in place of the model.

    An interrupt from the keyboard ends it early: what was lived is kept, and `stopped` is true. Raises SweepError.
    """
    study = study if isinstance(study, Study) else load_study(study)
    folder = Path(folder)
    check_shard(shard)
    if workers is not None and workers < 1:
        raise SweepError(f"workers is {workers}; there must be at least 1")
    study = open_folder(folder, study)
    with Writing(folder, shard):
        write_down(folder, study)
        clear_litter(folder, all_of_it=shard is None)
        sweep_up(folder)
        _settle_stale(folder, study, anyway, again)
        if shard is None:
            _mend(folder)
        ask = _Asked(study, folder, shard, timeout, batch_seconds, living, tell)
        try:
            return ask.live(workers, executor)
        except OSError as error:
            raise SweepError(unwritten(folder, error)) from None


def check_shard(shard: Range | None) -> None:
    """Refuse a shard that there is not."""
    if shard is not None and not 1 <= shard[0] <= shard[1]:
        raise SweepError(f"shard is {shard[0]}/{shard[1]}; it must be i/n with i from 1 to n, such as 1/4")


# ---- which rows are wanted --------------------------------------------------------------------------


def wanted(study: Study, folder: Path, shard: Range | None = None) -> Iterator[list[Range]]:
    """The rows to be lived, as ranges: all at once, or in rounds where points are stopped one by one.

    What the next round wants depends on what the last one gave, so it must be lived before the next is asked for.
    """
    if study.until is None:
        yield list(_dealt(study, [(0, rows_in_design(study))], shard))
        return
    open_points = list(range(points_in_design(study)))
    so_far: list[Range] = []
    settled: list[Range] = []
    for pairs in study.until.rounds():
        so_far = settled + [each for point in open_points for each in study.rows_of(point, pairs)]
        yield list(_dealt(study, sorted(so_far), shard))
        if pairs == study.until.at_most:
            return
        mine = [point for point in open_points if any(_dealt(study, study.rows_of(point, 1), shard))]
        done = narrow_enough(study, folder, mine, pairs)
        settled += [each for point in open_points if point in done for each in study.rows_of(point, pairs)]
        open_points = [point for point in open_points if point not in done]


def narrow_enough(study: Study, folder: Path, points: Iterable[int], pairs: int) -> set[int]:
    """The points at which, after so many pairs, every interval of the paired difference is narrow enough."""
    until = study.until
    assert until is not None
    found: dict[int, dict[str, dict[int, float]]] = {point: {} for point in points}
    stem, _, world = until.outcome.rpartition(".")
    wants = [f"{stem}.shock", f"{stem}.calm"] if world == "effect" else [until.outcome]
    for part in tables_in(folder, ROWS, ["point", "governance", "replicate", "status", *wants]):
        for row in part.to_pylist():
            if row["point"] in found and row["replicate"] < pairs and row["status"] == LIVED:
                value = row[wants[0]] - row[wants[1]] if world == "effect" else row[wants[0]]
                found[row["point"]].setdefault(row["governance"], {})[row["replicate"]] = value
    return {point for point, arms in found.items() if _is_narrow(study, until, arms)}


def _is_narrow(study: Study, until: Until, arms: Mapping[str, Mapping[int, float]]) -> bool:
    first = arms.get(study.arms[0], {})
    for arm in study.arms[1:]:
        other = arms.get(arm, {})
        differences = np.array([[other[each] - first[each]] for each in sorted(first) if each in other])
        if len(differences) < until.at_least:
            return False
        _, low, high, _ = intervals(differences)
        if not float(high[0] - low[0]) < until.narrower_than:
            return False
    return True


def _dealt(study: Study, ranges: Iterable[Range], shard: Range | None) -> Iterator[Range]:
    """The part of some ranges that is a shard's: cells dealt out by a fixed rule, so that shards need not talk.

    A cell holds whole pairs, and whole points where points are stopped one by one.
    """
    if shard is None:
        yield from ranges
        return
    place, many = shard[0] - 1, shard[1]
    arms, lot = len(study.arms), study.lots[0]
    unit = lot.pairs * arms if study.until else arms
    begun_with = study.stages[1].row if study.stages else rows_in_design(study)  # more pairs change no shard's share
    cell = max(1, min(512, begun_with // (unit * many * 16)))
    for first, last in ranges:
        if study.until:
            if study.place_of(first)[0] // cell % many == place:
                yield first, last
            continue
        at = first
        while at < last:
            end = min(last, (at // (cell * arms) + 1) * (cell * arms))
            if (at // (cell * arms)) % many == place:
                yield at, end
            at = end


def _gaps(folder: Path, ranges: Iterable[Range]) -> list[Range]:
    """What of some ranges, in order, is not there yet."""
    there = kept(ranges_in(folder))
    found: list[Range] = []
    at = 0
    for first, last in ranges:
        while at < len(there) and there[at][1] <= first:
            at += 1
        upto = at
        while upto < len(there) and there[upto][0] < last:
            upto += 1
        found += missing(there[at:upto], first, last)
    return found


# ---- rows of another model --------------------------------------------------------------------------


def _settle_stale(folder: Path, study: Study, anyway: bool, again: Sequence[str]) -> None:
    """Refuse rows of another version of the model, or forget them; and forget failed rows, if asked to."""
    if "failed" in again:
        forget(folder, lambda part: [each != LIVED for each in part["status"].to_pylist()])
    many, of = stale_rows(folder, study)
    if not many or anyway:
        return
    if "stale" in again:
        models = Models(study, folder)
        forget(folder, models.stale_in, models.may_be_stale)
        return
    raise SweepError(
        f"{folder}: {many:,} of {of:,} rows are stale: they were lived by another version of the model, its rules or "
        "the files of its graph. Live them again with --again stale, keep them and go on with --anyway, or choose "
        "another folder"
    )


def stale_rows(folder: Path, study: Study) -> tuple[int, int]:
    """How many rows were not lived by this version of the model, and how many there are."""
    models = Models(study, folder)
    stale = of = 0
    for first, last in kept(ranges_in(folder)):
        of += last - first
        path = folder / ROWS / name_of(first, last)
        try:
            if models.may_be_stale(path):
                stale += sum(models.stale_in(pq.read_table(path, columns=["point", "governance", "model"])))
        except (OSError, pa.ArrowInvalid) as error:
            raise SweepError(f"{path} cannot be read: {error}. Delete it, and run the sweep again") from None
    return stale, of


class Models:
    """Which fingerprint the rows of each point should have: one for all, unless points are founded on files.

    `model` is the fingerprint of the code: of the one that is running, where no other is named.
    """

    def __init__(self, study: Study, folder: Path, model: str = "") -> None:
        self.study, self.model = study, model
        by_point = any(one.name in ("kith", "peer") for one in study.varied)
        self.design = design_in(folder) if by_point else None
        self.one = "" if by_point else batches.made_by(study.scenario, study.rules, model)
        self.known: dict[tuple[Any, ...], str] = {}

    def of(self, point: int) -> str:
        """The fingerprint the rows of a point should have."""
        if self.design is None:
            return self.one
        layers = {name: str(self.design.at[point, name]) for name in ("kith", "peer") if name in self.design}
        key = tuple(layers.values())
        if key not in self.known:
            self.known[key] = batches.made_by(self.study.scenario.with_(**layers), self.study.rules, self.model)
        return self.known[key]

    def may_be_stale(self, part: Path) -> bool:
        """Whether a part must be read to know; of most its foot says enough."""
        return self.design is not None or models_in(part) != {self.one}

    def stale_in(self, part: pa.Table) -> list[bool]:
        """Which rows of a part are stale."""
        pairs = zip(part["point"].to_pylist(), part["model"].to_pylist(), strict=True)
        return [model != self.of(point) for point, model in pairs]


def _mend(folder: Path) -> None:
    """Join parts that overlap, as late writers may leave them."""
    ranges = kept(ranges_in(folder))
    if any(later[0] < earlier[1] for earlier, later in pairwise(ranges)):
        compact(folder)


# ---- who lives them ---------------------------------------------------------------------------------


class Processes(Executor):
    """Worker processes, each by itself: when one dies its own batches are lost, and another takes its place."""

    def __init__(self, many: int) -> None:
        self.many = many
        self.pools: list[ProcessPoolExecutor | None] = [None] * many
        self.busy = [0] * many
        self.guard = threading.Lock()

    def submit(self, fn: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Give something to the worker with the least to do."""
        with self.guard:
            place = min(range(self.many), key=lambda each: self.busy[each])
            self.busy[place] += 1
        for _ in range(2):
            pool = self.pools[place]
            if pool is None:
                pool = self.pools[place] = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), begin_work)
            try:
                with _started_quietly():
                    future = pool.submit(fn, *given, **named)
                break
            except BrokenExecutor:
                pool.shutdown(wait=False)
                self.pools[place] = None
        else:
            raise BrokenExecutor("no worker process could be started")
        future.add_done_callback(lambda _: self._less(place))
        return future

    def _less(self, place: int) -> None:
        with self.guard:
            self.busy[place] -= 1

    @property
    def ids(self) -> list[int]:
        """The ids of the worker processes."""
        return [pid for pool in self.pools if pool for pid in (getattr(pool, "_processes", None) or {})]

    def stop(self) -> None:
        """End the workers where they are."""
        for pool in self.pools:
            if pool is None:
                continue
            processes = list((getattr(pool, "_processes", None) or {}).values())
            manager = getattr(pool, "_executor_manager_thread", None)
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
            for each in (*processes, *((manager,) * (manager is not None))):
                each.join(5.0)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the workers end."""
        for pool in self.pools:
            if pool is not None:
                pool.shutdown(wait, cancel_futures=cancel_futures)


class OnDask(Executor):
    """Workers of a Dask scheduler. Dask's own executor never tells of a result that was lost with its worker."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.going: dict[Future[Any], Any] = {}

    def submit(self, fn: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Give something to Dask, once: the sweep looks after what is lost."""
        ours: Future[Any] = Future()
        theirs = self.going[ours] = self.client.submit(fn, *given, **named, pure=False, retries=0)
        ours.add_done_callback(self._let_go)
        theirs.add_done_callback(lambda done: _passed_on(done, ours))
        return ours

    def _let_go(self, ours: Future[Any]) -> None:
        theirs = self.going.pop(ours, None)
        if theirs is not None and ours.cancelled():
            theirs.cancel()


def _passed_on(theirs: Any, ours: Future[Any]) -> None:
    try:
        result = theirs.result(timeout=LOST_AFTER)
    except Exception as error:  # noqa: BLE001  whatever it is, the worker or its result was lost
        with contextlib.suppress(InvalidStateError):
            ours.set_exception(error)
    else:
        with contextlib.suppress(InvalidStateError):
            ours.set_result(result)


@contextlib.contextmanager
def _started_quietly() -> Iterator[None]:
    """While a process is started: one thread for each library in it, and no interrupt from the keyboard for it."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    masked = hasattr(signal, "pthread_sigmask")
    if masked:
        earlier = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        if masked:
            signal.pthread_sigmask(signal.SIG_SETMASK, earlier)


# ---- the work ---------------------------------------------------------------------------------------


@dataclass
class _Piece:
    """Rows that are to be lived together, and what has befallen them."""

    first: int
    last: int
    alone: int = 0
    lost: int = 0


@dataclass
class _Asked:
    """One sweep while it is being lived."""

    study: Study
    folder: Path
    shard: Range | None
    timeout: float
    batch_seconds: float
    living: Living | None
    tell: Tell | None
    pieces: deque[_Piece] = field(default_factory=deque)
    gaps: deque[list[int]] = field(default_factory=deque)
    pace: deque[float] = field(default_factory=lambda: deque(maxlen=50))
    left: int = 0
    lived: int = 0
    total: int = 0
    failed: int = 0
    lost: int = 0
    halt: bool = False
    waiting: dict[Future[Receipt], _Piece] = field(default_factory=dict)
    estimate: Estimate | None = None

    def live(self, workers: int | None, executor: Executor | None) -> Sweep:
        """Live what is missing, and say what came of it."""
        began = time.perf_counter()
        self.points = _Points(design_in(self.folder))
        bare = tuple(one.bare for one in self.study.varied)
        self.told = replace(self.study, varied=bare, listed=(), analysis={}, title="", question="")
        many = workers or _hands_of(executor) or processors()
        client = getattr(executor, "_client", None)
        executor = OnDask(client) if client is not None else executor
        wants: list[Range] = []
        stopped = False
        hands: Executor | None = executor
        try:
            for wants in wanted(self.study, self.folder, self.shard):
                gaps = _gaps(self.folder, wants)
                if not gaps:
                    continue
                self.gaps = deque([first, last] for first, last in gaps)
                self.left = sum(last - first for first, last in gaps)
                self.total = self.lived + self.left
                if hands is None:
                    hands = self._hands(many)
                self.crumbs = not isinstance(hands, ThreadPoolExecutor)
                if self.estimate is None:
                    self._estimate(hands, many)
                self._work(hands, many)
        except KeyboardInterrupt:
            stopped = True
            self._stop(hands, executor)
        except BaseException:
            self._stop(hands, executor)
            raise
        if hands is not None and executor is None and not stopped:
            hands.shutdown()
        there = _covered(self.folder, wants)
        whole = sum(last - first for first, last in wants)
        if not stopped and self.shard is None and len(ranges_in(self.folder)) > MANY_PARTS:
            compact(self.folder)
        seconds = time.perf_counter() - began
        return Sweep(
            self.study, self.folder, whole, there, self.lived, self.failed, stopped, seconds, many, self.estimate,
            self.lost,
        )  # fmt: skip

    def _hands(self, many: int) -> Executor:
        """Threads for what is soon over, processes for the rest: a thread that dies takes the sweep with it."""
        scenario = self.study.scenario
        work = 2.0 * self.left * scenario.residents * scenario.months * RESIDENT_MONTH
        sized = {one.name: one.ends[-1] for one in self.study.varied if one.name in ("residents", "months")}
        work *= math.prod(value / getattr(scenario, name) for name, value in sized.items())
        if work <= SHORT and not self.study.rules and not self.timeout and self.living is None:
            return ThreadPoolExecutor(many, thread_name_prefix="kith")
        return Processes(many)

    def _stop(self, hands: Executor | None, given: Executor | None) -> None:
        self.halt = True
        if isinstance(hands, Processes):
            hands.stop()
            clear_litter(self.folder, all_of_it=self.shard is None)
            return
        going = {future for future in self.waiting if not future.cancel()}
        wait(going, None if isinstance(hands, ThreadPoolExecutor) else PATIENCE)  # or they would write after we left
        if hands is not None and given is None:
            hands.shutdown(wait=True, cancel_futures=True)

    # ---- beforehand ----

    def _estimate(self, hands: Executor, many: int) -> None:
        """Live a few rows, spread over what is missing, and say what the rest will take."""
        if isinstance(hands, Processes):
            try:
                _patiently(hands.submit(os.getpid))
            except BrokenExecutor as error:
                raise SweepError(
                    "no worker process can be started: each begins by reading the script that asked for it. The script "
                    'must be a file, and sweep only below `if __name__ == "__main__":`'
                ) from error
        spread = np.unique(np.linspace(0, self.left - 1, min(TRIED, self.left)).astype(int))
        rows = [self._nth(int(each)) for each in spread]
        batch = self._batch(_Piece(rows[0], rows[-1] + 1), rows)
        try:
            tried: Tried = _patiently(hands.submit(try_rows, batch, rows))
        except BrokenExecutor:
            return  # a row among them kills its worker; which one is found in its turn
        except Exception as error:
            if isinstance(hands, (Processes, ThreadPoolExecutor)):
                raise SweepError(f"no row could be tried: {type(error).__name__}: {error}") from error
            return
        self.pace.append(tried.seconds)
        free = _free(self.folder)
        seconds = tried.seconds * self.left / many
        self.estimate = Estimate(self.left, seconds, tried.memory, tried.size * self.left, free, many)
        if free < self.estimate.size:
            raise SweepError(
                f"{self.folder}: about {self.estimate.size / 1e6:,.1f} MB would be written, and "
                f"{free / 1e6:,.1f} MB are free. Make room, ask for fewer outcomes, or leave out monthly and events"
            )
        self._told()

    def _nth(self, place: int) -> int:
        for first, last in self.gaps:
            if place < last - first:
                return first + place
            place -= last - first
        raise IndexError(place)

    # ---- dealing out ----

    def _work(self, hands: Executor, many: int) -> None:
        """Deal out what is missing, a little ahead of the workers, until all of it is there."""
        waiting, looked = self.waiting, time.monotonic()
        while True:
            while len(waiting) < AHEAD * many and (piece := self._next(many)) is not None:
                waiting[self._given(hands, piece)] = piece
            if not waiting:
                return
            done, _ = wait(waiting, LOOK, FIRST_COMPLETED)
            for future in done:
                piece = waiting.pop(future)
                try:
                    receipt = future.result()
                except Exception as error:  # noqa: BLE001  not the model's: the worker died, hung or was lost
                    self._look_after(piece, error)
                else:
                    self._received(receipt)
            if done:
                looked = time.monotonic()
            elif time.monotonic() - looked > PATIENCE:  # an executor may forget to tell
                looked = time.monotonic()
                for future, piece in list(waiting.items()):
                    if self._is_there(piece):
                        del waiting[future]
                        done.add(future)
            if done:
                self._told()

    def _is_there(self, piece: _Piece) -> bool:
        """Whether a batch of which nobody told was written all the same; if so, it counts."""
        if _gaps(self.folder, [(piece.first, piece.last)]):
            return False
        path = self.folder / ROWS / name_of(piece.first, piece.last)
        told = pq.read_table(path, columns=["status"])["status"].to_pylist() if path.exists() else []
        self._count(piece.last - piece.first, sum(each != LIVED for each in told))
        return True

    def _given(self, hands: Executor, piece: _Piece) -> Future[Receipt]:
        try:
            return hands.submit(live_batch, self._batch(piece))
        except BrokenExecutor as error:
            raise SweepError(
                f"the workers are gone ({error}). What was lived is kept: run the same again to go on"
            ) from None

    def _next(self, many: int) -> _Piece | None:
        if self.pieces:
            return self.pieces.popleft()
        if not self.gaps:
            return None
        first, last = self.gaps[0]
        end = min(last, first + self._size(many))
        if end == last:
            self.gaps.popleft()
        else:
            self.gaps[0][0] = end
        return _Piece(first, end)

    def _size(self, many: int) -> int:
        """Rows in the next batch: some seconds of work, and fewer towards the end."""
        if not self.pace:
            return 1
        each = max(statistics.fmean(self.pace), 1e-6)
        return max(1, min(LARGEST, int(self.batch_seconds / each), math.ceil(self.left / (SHARES * many))))

    def _batch(self, piece: _Piece, rows: Sequence[int] = ()) -> Batch:
        numbers = {self.study.place_of(row)[0] for row in rows or range(piece.first, piece.last)}
        return Batch(
            piece.first, piece.last, self.told, self.points.some(numbers),
            str(self.folder.resolve()), self.study.key, model_fingerprint(), self.crumbs, self.timeout, self.living,
            None if self.crumbs else lambda: self.halt,
        )  # fmt: skip

    def _received(self, receipt: Receipt) -> None:
        if receipt.stopped:
            return
        if receipt.disk is not None:
            raise SweepError(unwritten(self.folder, OSError(*receipt.disk)))
        if receipt.broken:
            raise SweepError(f"a worker cannot go on; what was lived is kept\n{receipt.broken}")
        if receipt.carried is not None:
            batches.write_parts(self.folder, receipt.first, receipt.last, receipt.carried)
        self._count(receipt.last - receipt.first, receipt.failed)
        self.pace.append(receipt.seconds)

    def _count(self, rows: int, failed: int) -> None:
        self.left -= rows
        self.lived += rows
        self.failed += failed

    def _told(self) -> None:
        if self.tell is not None:
            self.tell(Far(self.lived, self.total, self.failed, self.estimate))

    # ---- after a worker's death ----

    def _look_after(self, piece: _Piece, error: Exception) -> None:
        """Deal a lost batch out again, without the row that was being lived; that row once more, and alone."""
        if self._is_there(piece):
            return
        self.lost += 1
        piece.lost += 1
        row, trace = read_crumb(self.folder, piece.first, piece.last)
        if piece.lost > TOO_OFTEN:
            raise SweepError(
                f"rows {piece.first} to {piece.last - 1} were lost with their worker {piece.lost} times: {error}"
            ) from error
        if piece.last - piece.first == 1:
            if row is None and self.crumbs and piece.lost <= AHEAD:
                self.pieces.append(piece)  # it had not begun: an innocent bystander
            elif piece.alone:
                self._give_up(piece.first, error, trace)
            else:
                self.pieces.append(_Piece(piece.first, piece.last, 1, piece.lost))
        elif row is not None:
            around = (_Piece(piece.first, row), _Piece(row + 1, piece.last))
            self.pieces.extend([each for each in around if each.last > each.first])
            self.pieces.append(_Piece(row, row + 1, 1))
        elif isinstance(error, BrokenExecutor) and piece.lost <= AHEAD:
            self.pieces.append(piece)
        else:  # nobody saw which row it was: halve
            middle = (piece.first + piece.last) // 2
            self.pieces.extend([_Piece(piece.first, middle), _Piece(middle, piece.last)])

    def _give_up(self, row: int, error: Exception, trace: str) -> None:
        """Write down a row that cost a worker twice."""
        batch = self._batch(_Piece(row, row + 1))
        status = TIMEOUT if trace.startswith("Timeout") else KILLED
        said = {
            TIMEOUT: f"it took longer than {self.timeout:g} seconds",
            KILLED: f"the process living it died, twice ({type(error).__name__}: {error})",
        }[status]
        head, _ = batches.row_head(batch, row)
        head.pop("cannot", None)
        told = head | batches.failed_row(batch, row, status, said, trace) | {"seconds": 0.0}
        data = {ROWS: parquet_bytes(rows_table(self.study, [told]))}
        batches.write_parts(self.folder, row, row + 1, data)
        self._count(1, 1)


class _Points:
    """The points of a design, from which a worker is told those it needs."""

    def __init__(self, design: pd.DataFrame) -> None:
        self.names = [name for name in design.columns if name != "point"]
        self.columns = [design[name].to_numpy() for name in self.names]

    def some(self, numbers: Iterable[int]) -> dict[int, dict[str, Any]]:
        """Some points by their number."""
        return {
            number: {
                name: plain(column[number]) for name, column in zip(self.names, self.columns, strict=True)
            }
            for number in numbers
        }  # fmt: skip


def _hands_of(executor: Executor | None) -> int | None:
    """How many workers an executor has, where it says so."""
    many = getattr(executor, "num_workers", None) or getattr(executor, "_max_workers", None)
    client = getattr(executor, "_client", None)
    if client is not None:
        many = sum(client.ncores().values()) or None
    return int(many) if isinstance(many, int) else None


def _patiently(future: Future[Any]) -> Any:
    """What a future gives, with an ear for the keyboard."""
    while not wait([future], LOOK).done:
        pass
    return future.result()


def _free(folder: Path) -> float:
    import shutil  # noqa: PLC0415

    return float(shutil.disk_usage(folder).free)


def _covered(folder: Path, wants: Sequence[Range]) -> int:
    return sum(last - first for first, last in wants) - sum(last - first for first, last in _gaps(folder, wants))


# ---- how a folder stands ----------------------------------------------------------------------------


class Status(NamedTuple):
    """How a sweep's folder stands."""

    title: str
    rows: int
    wanted: int
    statuses: Mapping[str, int]
    stale: int
    parts: int
    size: int
    written: bool
    failures: Sequence[Mapping[str, Any]]

    @property
    def complete(self) -> bool:
        """Whether every row that is asked for is there."""
        return self.rows >= self.wanted


SHOWN = 5
"""Failures that are told in full."""


def status_of(folder: str | Path) -> Status:
    """How a folder stands: rows there and wanted, failed, stale, and whether somebody is writing."""
    folder = Path(folder)
    study = study_in(folder)
    written = is_written(folder)
    wants: list[Range] = []
    for wants in wanted(study, folder):
        if _gaps(folder, wants):
            break
    found: dict[str, int] = {}
    failures: list[Mapping[str, Any]] = []
    for part in tables_in(folder, ROWS, ["row", "status", "error", "replay"]):
        counts = part["status"].value_counts().to_pylist()
        for each in counts:
            found[each["values"]] = found.get(each["values"], 0) + each["counts"]
        if len(failures) < SHOWN and len(counts) > (counts[0]["values"] == LIVED if counts else 0):
            bad = (row for row in part.to_pylist() if row["status"] != LIVED)
            failures += islice(bad, SHOWN - len(failures))
    stale, _ = stale_rows(folder, study)
    size = sum(path.stat().st_size for path in folder.rglob("*.parquet"))
    whole = sum(last - first for first, last in wants)
    parts = len(kept(ranges_in(folder)))
    return Status(
        study.title or study.name, _covered(folder, wants), whole, found, stale, parts, size, written, failures
    )


__all__ = [
    "FAILED", "KILLED", "LIVED", "RUNNING", "TIMEOUT", "Estimate", "Far", "Processes", "Status", "Sweep", "SweepError",
    "compact", "dataset_of", "merge", "paired", "rows_of", "rows_there", "status_of", "study_in", "sweep", "wanted",
]  # fmt: skip
