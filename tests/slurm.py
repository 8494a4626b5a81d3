"""A SLURM of one's own: munged, slurmctld and slurmd in one folder, on ports that are free, for as long as it lasts.

Change this file to give the tests another cluster. It is one node with two processors. Whoever starts it need not be
root; where SLURM is installed, its own daemons and its own configuration are left alone.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.processes import end

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol")
SETTING = """
ClusterName=kith
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={slurmctld}
SlurmdPort={slurmd}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=1,sched_min_interval=500000
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
MinJobAge=300
KillWait=5
OverTimeLimit=0
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory={memory} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=UNLIMITED State=UP
"""
BEGUN_WITHIN = 30.0


class Slurm:
    """A SLURM that runs: what is asked of it, and where its files are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}

    def ask(self, *command: str, cwd: Path | None = None, **more: str) -> str:
        """What a command of SLURM says."""
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=cwd, env=self.env | more, check=False, timeout=60
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def states(self) -> dict[str, str]:
        """The jobs that wait or run, by their number, and how each stands."""
        lines = self.ask("squeue", "--noheader", "--array", "--format=%i %T").splitlines()
        return dict(line.split() for line in lines)

    def empty(self, within: float = 120.0) -> None:
        """Wait until no job waits or runs."""
        until = time.monotonic() + within
        while self.states():
            if time.monotonic() > until:
                raise TimeoutError(f"jobs are still there: {self.states()}")
            time.sleep(0.5)


def missing() -> str:
    """What is missing for a SLURM of one's own; empty if nothing is."""
    gone = [name for name in NEEDED if _where(name) is None]
    return f"needs {', '.join(gone)}" if gone else ""


@contextlib.contextmanager
def slurm(folder: Path) -> Iterator[Slurm]:
    """A SLURM that keeps its files in a folder, with one node of two processors."""
    host = socket.gethostname().partition(".")[0]
    ports = _free_ports(2)
    told = SETTING.format(
        host=host, folder=folder, user=getpass.getuser(), slurmctld=ports[0], slurmd=ports[1], memory=_megabytes()
    )
    (folder / "slurm.conf").write_text(told)
    for name in ("state", "spool"):
        (folder / name).mkdir(exist_ok=True)
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    ours = Slurm(folder)
    with contextlib.ExitStack() as stack:
        files = {name: f"--{name}-file={folder / 'munge'}.{name}" for name in ("key", "pid", "log", "seed")}
        _begun(stack, ours, "munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *files.values())
        _wait_for((folder / "munge.socket").exists, folder)
        _begun(stack, ours, "slurmctld", "-D")
        _begun(stack, ours, "slurmd", "-D", "-N", host)
        _wait_for(lambda: "idle" in ours.ask("sinfo", "--noheader", "--format=%T"), folder)
        try:
            yield ours
        finally:
            with contextlib.suppress(RuntimeError, TimeoutError, subprocess.TimeoutExpired):
                for job in {number.partition("_")[0] for number in ours.states()}:
                    ours.ask("scancel", "--full", "--signal=KILL", job)
                    ours.ask("scancel", job)
                ours.empty(30.0)


def _begun(stack: contextlib.ExitStack, ours: Slurm, name: str, *given: str) -> None:
    process = subprocess.Popen(
        [str(_where(name)), *given], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ours.env
    )
    stack.callback(end, process, 15.0)


def _wait_for(there: Callable[[], bool], folder: Path) -> None:
    until = time.monotonic() + BEGUN_WITHIN
    while True:
        with contextlib.suppress(RuntimeError):
            if there():
                return
        if time.monotonic() > until:
            said = "\n".join(file.read_text(errors="replace")[-2000:] for file in sorted(folder.glob("*.log")))
            raise TimeoutError(f"SLURM did not begin within {BEGUN_WITHIN:g} seconds\n{said}")
        time.sleep(0.2)


def _where(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")


def _free_ports(many: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(many)]
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]


def _megabytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 * 9 // 10


if __name__ == "__main__":  # python -m tests.slurm FOLDER: one to try things on, until Enter
    with slurm(Path(sys.argv[1]).resolve()) as here:
        print(f"export SLURM_CONF={here.env['SLURM_CONF']}", flush=True)
        sys.stdin.readline()
