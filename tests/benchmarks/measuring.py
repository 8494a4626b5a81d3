"""How time is measured: CPU seconds, ways taken in turn, and the median of ratios taken side by side.

Machines differ, and are shared with others: a ratio of two things measured one after the other, again and
again, says more than any number of seconds.
"""

from __future__ import annotations

import gc
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).parent.parent.parent


@dataclass
class Row:
    """One line of the table: what was measured, the target, what came out. `ok` is None where nobody can say."""

    name: str
    what: str
    target: str
    measured: str
    ok: bool | None
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """Whether the target was met, in a word."""
        return {True: "ok", False: "missed", None: "-"}[self.ok]


Prepare = Callable[[], Callable[[], object]]
"""Does what is not timed, and gives back what is."""


def taken_in_turn(
    ways: Mapping[str, Prepare], repeats: int, clock: Callable[[], float] = time.process_time
) -> dict[str, list[float]]:
    """Seconds of each way, one after another, `repeats` times, after one round that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats + 1):
        for name, prepare in ways.items():
            timed = prepare()
            gc.collect()
            gc.disable()
            try:
                began = clock()
                timed()
                took = clock() - began
            finally:
                gc.enable()
            if repeat:
                seconds[name].append(took)
    return seconds


def ratio(seconds: Mapping[str, list[float]], slow: str, fast: str) -> float:
    """How many times longer one way takes than another: the median over rounds."""
    return statistics.median(a / b for a, b in zip(seconds[slow], seconds[fast], strict=True))


def machine() -> dict[str, Any]:
    """What this was measured on."""
    processor = platform.processor()
    told = Path("/proc/cpuinfo")
    if told.exists():
        models = [line.split(":", 1)[1].strip() for line in told.read_text().splitlines() if "model name" in line]
        processor = models[0] if models else processor
    libraries = ("numpy", "numba", "mesa", "networkx")
    return {
        "cores": os.cpu_count(),
        "processor": processor,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in libraries},
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def in_a_fresh_process(text: str, cache: str, timeout: float = 1800.0) -> dict[str, Any]:
    """Run Python text in a process of its own, with a cache folder of its own; what it prints last is JSON."""
    setting = {**os.environ, "KITH_CACHE": cache, "PYTHONPATH": str(HOUSE)}
    done = subprocess.run(
        [sys.executable, "-c", text],
        env=setting,
        cwd=HOUSE,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"ended {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def peak_memory() -> float:
    """The most memory this process has held, in GB. Asked of the system's own page where there is one: the figure
    in `getrusage` begins with what the parent held, where a process is started from a larger one.
    """
    page = Path("/proc/self/status")
    if page.exists():
        held = next(line.split()[1] for line in page.read_text().splitlines() if line.startswith("VmHWM"))
        return int(held) / 1024**2
    import resource  # not on Windows

    unit = 1024**3 if sys.platform == "darwin" else 1024**2
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def thousands(count: int) -> str:
    """A number of residents to read."""
    return f"{count:,}"
