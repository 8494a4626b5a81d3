"""python -m tests.sweeping_on_dask STUDY FOLDER LIVING: a sweep on a real Dask scheduler with two worker processes.

Change this file to try another way of losing workers. One of the two is killed in the middle of the sweep; with LIVING
`command`, the sweep is asked for on the command line.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import dask
from distributed import Client, LocalCluster

import tests.sweeping
from experiments.parts import ranges_in
from experiments.sweep import sweep
from viz.command import exit_code


def kill_one(worker: int, folder: Path) -> None:
    """Kill a worker once the first parts are there."""
    while len(ranges_in(folder)) < 3:
        time.sleep(0.02)
    os.kill(worker, signal.SIGKILL)
    print("killed", worker, flush=True)


def main(study: str, folder: str, living: str) -> None:
    """Live a study on two workers, of which one is killed on the way."""
    dask.config.set({"distributed.scheduler.allowed-failures": 0})
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        Client(cluster) as client,
    ):
        worker = next(iter(client.run(os.getpid).values()))
        if living != "deadly":
            threading.Thread(target=kill_one, args=(worker, Path(folder)), daemon=True).start()
        if living == "command":
            print("ended", exit_code(["sweep", study, "--out", folder, "--dask", cluster.scheduler_address]))
            return
        hands = client.get_executor(pure=False, retries=0)
        found = sweep(study, folder, executor=hands, living=getattr(tests.sweeping, living), batch_seconds=0.2)
        print("ended", found.complete, found.failed)


if __name__ == "__main__":
    main(*sys.argv[1:])
