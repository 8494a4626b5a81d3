"""A workshop to test: started as anybody starts it, in a process of its own, on any port that is free.

Change this file when `kith show` says otherwise where it is open.
"""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.processes import end

HOUSE = Path(__file__).parents[2]
LAST_SAID = "Press Ctrl-C here"
"""What a workshop says last of all that it says by itself."""
LONGEST = 300.0
"""Seconds until it must be open: where nothing is compiled yet, that comes first."""


@dataclass
class Served:
    """A workshop that runs: its address, what it has said so far, and how long it took to open."""

    process: subprocess.Popen[str]
    address: str
    said: list[str]
    seconds: float

    def hears(self, text: str, seconds: float = 10.0) -> bool:
        """Whether the workshop says something before so many seconds are over."""
        until = time.monotonic() + seconds
        while not any(text in line for line in self.said) and time.monotonic() < until:
            time.sleep(0.05)
        return any(text in line for line in self.said)

    def interrupt(self) -> int:
        """Press Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@contextmanager
def served(
    *options: str, environment: Sequence[tuple[str, str]] = (), program: str = "viz.command"
) -> Iterator[Served]:
    """A workshop, open; ended afterwards if it has not ended by then. `program` is what is started in place of Kith."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", program, "show", "--no-open", *(options or ("--port", "0"))],
        cwd=HOUSE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(HOUSE), **dict(environment)},
    )  # fmt: skip
    said: list[str] = []
    heard: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(process, said, heard), daemon=True).start()
    try:
        line: str | None = ""
        while LAST_SAID not in line:
            line = heard.get(timeout=max(0.1, began + LONGEST - time.monotonic()))
            assert line is not None, "the workshop ended:\n" + "".join(said)
        found = re.search(r"open at (http://\S+)", "".join(said))
        assert found, "the workshop does not say where it is open:\n" + "".join(said)
        yield Served(process, found.group(1), said, time.monotonic() - began)
    finally:
        end(process)
        if process.stderr is not None:
            process.stderr.close()


def _listen(process: subprocess.Popen[str], said: list[str], heard: queue.SimpleQueue[str | None]) -> None:
    assert process.stderr is not None
    try:
        for line in process.stderr:
            said.append(line)
            heard.put(line)
    except ValueError:
        pass
    heard.put(None)
