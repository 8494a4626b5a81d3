"""python -m tests.sweeping_apart STUDY FOLDER TROUBLE HIDDEN MACHINE ...: a sweep on Dask workers that are machines.

Change this file to try another way of losing a machine. It is run in the hub of tests/networks.py. TROUBLE befalls
the first machine in the middle of the sweep: `killed`, its worker and whoever would start it again are killed; `cut`,
its cable is pulled; `mended`, its cable is pulled and put back; `frozen`, it answers nobody, and its lines stay open.
HIDDEN is `hidden` where machines are not to see the folder of the sweep, as `seen` lets them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dask
from distributed import Client, LocalCluster

from experiments.parts import ranges_in
from experiments.sweep import sweep
from tests.networks import HUB, Machine
from tests.sweeping import slow

A_WHILE = 12.0
"""Seconds for which a cable that is put back has been out: fewer than the 30 after which Dask gives a line up."""
SILENT = "20 s"
"""How long a worker may be silent on a line that is open; Dask's own five minutes are long for a test."""


@contextlib.contextmanager
def working(machine: Machine, scheduler: str, folder: Path, sees: bool) -> Iterator[subprocess.Popen[bytes]]:
    """A Dask worker on a machine, started as docs/cluster.md says."""
    command = [sys.executable, "-m", "dask", "worker", scheduler, "--nthreads", "1", "--no-dashboard"]
    command += ["--local-directory", str(folder)]
    process = subprocess.Popen(machine.doing(command, None if sees else folder), start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def befall(trouble: str, machine: Machine, process: int, folder: Path) -> None:
    """Let something befall a machine once the first parts are there."""
    while len(ranges_in(folder)) < 3:
        time.sleep(0.02)
    if trouble == "killed":
        os.killpg(process, signal.SIGKILL)
    elif trouble == "frozen":
        os.killpg(process, signal.SIGSTOP)
    else:
        machine.pull()
    print(trouble, "with", len(ranges_in(folder)), "parts", flush=True)
    if trouble == "mended":
        time.sleep(A_WHILE)
        machine.pull(out=False)


def main(study: str, folder: str, trouble: str, hidden: str, *names: str) -> None:
    """Live a study on some machines, of which one is lost on the way."""
    dask.config.set({"distributed.scheduler.allowed-failures": 0})
    if trouble == "frozen":
        dask.config.set({"distributed.scheduler.worker-ttl": SILENT})
    them = [Machine(name, "", f"cable{place}") for place, name in enumerate(names, 1)]
    there, sees = Path(folder).parent, hidden == "seen"
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(LocalCluster(n_workers=0, host=HUB.address, dashboard_address=None))
        scheduler = cluster.scheduler_address
        ids = [stack.enter_context(working(each, scheduler, there, sees)).pid for each in them]
        client = stack.enter_context(Client(cluster))
        client.wait_for_workers(len(them), 60)
        print("workers at", *sorted(each["host"] for each in client.scheduler_info()["workers"].values()), flush=True)
        threading.Thread(target=befall, args=(trouble, them[0], ids[0], Path(folder)), daemon=True).start()
        hands = client.get_executor(pure=False, retries=0)
        found = sweep(study, folder, executor=hands, living=slow, batch_seconds=0.2)
        print(f"ended {found.complete} {found.failed}, {found.lost} lost, {found.seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
