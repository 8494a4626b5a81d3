"""Machines that are not there: network namespaces of this machine, each with an address and a cable of its own.

Change this file to give the tests other networks. It needs root and `ip` (iproute2). All of it, the cables and the
bridge they meet at, is inside the namespaces: nothing is seen from outside, and nothing is left when they are, nor any
process that ran in them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple


class Machine(NamedTuple):
    """A namespace, its address, and its end of the cable in the hub."""

    name: str
    address: str
    cable: str

    def doing(self, command: Sequence[str], without: Path | None = None) -> list[str]:
        """A command as this machine runs it; `without` a folder, which it sees empty and fills for itself alone."""
        alone = ["ip", "netns", "exec", self.name]
        if without is not None:
            alone += ["sh", "-c", 'mount -t tmpfs kith "$0" && exec "$@"', str(without)]
        return [*alone, *command]

    def pull(self, out: bool = True) -> None:
        """Pull the cable out, or put it back: only from the hub."""
        _ip("link", "set", self.cable, "down" if out else "up")


HUB = Machine("hub", "10.0.0.1", "")
"""Where the cables meet, and where whoever asks for the work is."""


@contextlib.contextmanager
def machines(many: int) -> Iterator[list[Machine]]:
    """A hub and so many machines that reach it and each other, for as long as this lasts. The hub is the first."""
    stem = f"kith-{os.getpid()}-{time.monotonic_ns() % 10**6}"
    hub = HUB._replace(name=f"{stem}-{HUB.name}")
    them = [hub, *(Machine(f"{stem}-{each}", f"10.0.0.{each + 1}", f"cable{each}") for each in range(1, many + 1))]
    try:
        for each in them:
            _ip("netns", "add", each.name)
            _ip("-n", each.name, "link", "set", "lo", "up")
        _ip("-n", hub.name, "link", "add", "bridge", "type", "bridge")
        _ip("-n", hub.name, "addr", "add", f"{hub.address}/24", "dev", "bridge")
        _ip("-n", hub.name, "link", "set", "bridge", "up")
        for each in them[1:]:
            end = ("type", "veth", "peer", "name", "eth0", "netns", each.name)
            _ip("-n", hub.name, "link", "add", each.cable, *end)
            _ip("-n", hub.name, "link", "set", each.cable, "master", "bridge", "up")
            _ip("-n", each.name, "addr", "add", f"{each.address}/24", "dev", "eth0")
            _ip("-n", each.name, "link", "set", "eth0", "up")
        yield them
    finally:
        for each in them:
            _end(each)


def _end(machine: Machine) -> None:
    """Kill what runs in a namespace and delete it, if it is there."""
    told = subprocess.run(["ip", "netns", "pids", machine.name], capture_output=True, text=True, check=False)
    for process in told.stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(process), signal.SIGKILL)
    subprocess.run(["ip", "netns", "delete", machine.name], capture_output=True, check=False)


def why_not() -> str:
    """Why there can be no such machines here; empty if there can."""
    if shutil.which("ip") is None:
        return "needs ip (iproute2)"
    try:
        with machines(1) as (_, machine):
            subprocess.run(machine.doing(["true"], Path("/mnt")), capture_output=True, text=True, check=True)
    except subprocess.CalledProcessError as error:
        return f"needs leave to make network namespaces: {error.stderr.strip()}"
    return ""


def _ip(*said: str) -> None:
    subprocess.run(["ip", *said], capture_output=True, text=True, check=True)
