"""Who lives the runs: threads where compiled code lets go of the interpreter, processes where rules are plain.

Change this file to put runs on other workers; nobody else knows how many there are. A run that fails is
written down and loses nobody else's.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, NamedTuple, cast

from agents.rule import Rule
from simulation.engines import Engine, engine_for
from simulation.run import Lived as LivedBy
from simulation.run import Run
from simulation.run import live as live_months
from simulation.scenario import Scenario
from simulation.town import found_town

LONG_PLAIN = 30.0
"""Seconds of plain running from which it pays to wait for the rules to be compiled first."""
PLAIN_RESIDENT_MONTH = 9e-5
"""Seconds a resident's month takes plainly, roughly."""
LOOK = 0.2
"""Seconds between looks at the keyboard's interrupt."""
QUICK = 10_000
"""A compiled town of up to so many residents is over before anyone can want it stopped."""


class Task(NamedTuple):
    """One run to be lived."""

    number: int
    governance: str
    world: str
    replicate: int
    scenario: Scenario


class Lived(NamedTuple):
    """What a run left: its months and events, or how it failed."""

    rows: Any = None
    events: Any = None
    compiled: bool = True
    why: str = ""
    error: str = ""
    traceback: str = ""
    kept: Any = None
    """Whatever else a crew was asked to keep of its runs."""


Living = Callable[[Task, Engine, Callable[[int, int], None] | None], Lived]
"""How a crew lives one task: a function that other processes can import by its name."""


class Stopped(Exception):
    """A run was told to stop."""


class Crew:
    """Lives runs: in threads where compiled code lets go of the interpreter, in processes where rules are plain."""

    def __init__(
        self,
        engine: str,
        rules: Mapping[str, Rule] | str | Path | None,
        replacing: Mapping[str, Rule] | None,
        workers: int,
        tasks: tuple[Task, ...],
        living: Living | None = None,
    ) -> None:
        self.engine, self.rules, self.replacing, self.workers, self.tasks = engine, rules, replacing, workers, tasks
        self.living = living or live
        self.plain = engine == "plain"
        self.prepared = False
        self.halt = threading.Event()
        self.executor: Executor | None = None
        self.mine = threading.local()

    def should_prepare(self) -> bool:
        """Whether the runs are long enough for compiling first to pay."""
        long = sum(task.scenario.residents * task.scenario.months for task in self.tasks) * PLAIN_RESIDENT_MONTH
        return self.engine == "compiled" or (self.engine == "auto" and long > LONG_PLAIN)

    def prepare(self, tell: Callable[[tuple[int, int]], None]) -> None:
        """Compile the rules, or find out that they stay plain; tells how far that is if it takes more than a moment."""
        lives = self.own_engine()
        town = found_town(self.tasks[0].scenario)
        so_far = [(0, 0)]
        beside = ThreadPoolExecutor(1, thread_name_prefix="kith")
        preparing = beside.submit(lives.prepare, town, lambda done, of: so_far.append((done, of)))
        wait([preparing], A_MOMENT)
        while not wait([preparing], LOOK).done:
            tell(so_far[-1])
        beside.shutdown()
        preparing.result()
        self.plain, self.prepared = lives.plain, True

    def own_engine(self) -> Engine:
        """The engine of the thread that asks."""
        if not hasattr(self.mine, "engine"):
            self.mine.engine = engine_for(self.engine, self.replacing)
        engine: Engine = self.mine.engine
        return engine

    def live_all(self) -> Iterator[tuple[int, Lived]]:
        """Live every task, yielding each as it is done."""
        self.executor = self._processes() if self.plain and self.workers > 1 else None
        if self.executor is None:
            self.executor = ThreadPoolExecutor(self.workers, thread_name_prefix="kith")
        there = isinstance(self.executor, ProcessPoolExecutor)
        futures: dict[Future[Lived], int] = {
            self.executor.submit(_live_there if there else self._live_here, task): task.number for task in self.tasks
        }
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, LOOK, FIRST_COMPLETED)
            for future in done:
                yield futures.pop(future), _result(future)  # whoever asked decides what to keep
        self.executor.shutdown()

    def _live_here(self, task: Task) -> Lived:
        quick = self.prepared and not self.plain and task.scenario.residents <= QUICK
        return self.living(task, self.own_engine(), None if quick else self._look)

    def _look(self, _months: int, _of: int) -> None:
        if self.halt.is_set():
            raise Stopped

    def _processes(self) -> Executor | None:
        """Worker processes that know the rules; None where the rules cannot be sent to another process."""
        try:
            pickle.dumps(self.rules)
        except (pickle.PicklingError, AttributeError, TypeError):
            return None
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.workers, spawn, _begin_work, (self.engine, self.rules, self.living))

    def stop(self) -> None:
        """Stop at once: threads at the next year's end, processes where they are."""
        self.halt.set()
        if self.executor is None:
            return
        processes = list((getattr(self.executor, "_processes", None) or {}).values())
        self.executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()


A_MOMENT = 2.0
"""Seconds that need no explanation."""


def live(task: Task, engine: Engine, tell: Callable[[int, int], None] | None = None) -> Lived:
    """Live one run. Whatever goes wrong in it is written down, and is nobody else's trouble."""
    try:
        town = live_months(found_town(task.scenario), engine, task.scenario.months, tell)
        lived = Run(task.scenario, town, LivedBy(engine.kind, engine.compiled, engine.why))
        return Lived(lived.rows.copy(), lived.events, engine.compiled, engine.why)
    except Exception as error:  # noqa: BLE001  one run must not lose the others; its traceback is kept
        said = "; ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])
        return Lived(error=said, traceback=traceback.format_exc())


_there: dict[str, Any] = {}
"""What a worker process was given when it began."""


def _begin_work(engine: str, rules: Mapping[str, Rule] | str | Path | None, living: Living) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    _there.update(engine=engine_for(engine, rules_in(rules)), living=living)


def _live_there(task: Task) -> Lived:
    lived: Lived = _there["living"](task, _there["engine"], None)
    return lived


def _result(future: Future[Lived]) -> Lived:
    try:
        return future.result()
    except BrokenProcessPool as error:
        return Lived(error=f"the process living it died: {error}", traceback=traceback.format_exc())


def processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def rules_in(rules: Mapping[str, Rule] | str | Path | None) -> Mapping[str, Rule] | None:
    """Rules by name, read from a file where they stand in one."""
    if rules is None or isinstance(rules, Mapping):
        return rules
    from simulation import reader  # noqa: PLC0415  read only when there are rules to read

    return cast("Mapping[str, Rule]", reader.read_rules(Path(rules)))


def rules_text(rules: Mapping[str, Rule] | str | Path | None) -> str:
    """The rules that were replaced, as text, so that a result can say what made it."""
    import inspect  # noqa: PLC0415

    if rules is None:
        return ""
    if not isinstance(rules, Mapping):
        return Path(rules).read_text(encoding="utf-8")
    texts = []
    for name, function in rules.items():
        try:
            texts.append(inspect.getsource(function))
        except (OSError, TypeError):
            texts.append(f"# {name}: its text is not to be had")
    return "\n\n".join(texts)
