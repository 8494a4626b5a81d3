"""The room: participants join from their own phones and laptops, each with a town of their own.

Change this file to let a facilitator do more with a room. It is closed until the facilitator opens it, and can be
opened only where the server was told to listen to the network. Joining takes the code in the link behind the QR
picture. A participant's towns are theirs alone: all that passes between tabs is the plan the facilitator hands out,
and how many have joined.
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from os import environ
from typing import Any

import segno

from viz.workshop.plan import Plan

HOST, PORT, KEY = "KITH_SHOW_HOST", "KITH_SHOW_PORT", "KITH_SHOW_KEY"
"""The environment's names for where the server listens, and for the key that only the facilitator's link carries."""
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""What codes are made of: nothing that can be mistaken for something else."""
LENGTH = 6
MOST = 60
"""How many may be in the room at once."""
SMALL = 300
"""Residents in a participant's town, which runs on the facilitator's machine too."""
PAIRS = 8
"""Other pairs of towns behind a participant's luck badge."""
LOOPBACK = ("", "127.0.0.1", "localhost", "::1")


class RoomError(ValueError):
    """A room that cannot be entered, in words for whoever tried."""


class Room:
    """The one room of a server. Closed, it has no code."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.code = ""
        self.plan = Plan()
        self._within: dict[int, Callable[[Plan], object]] = {}
        self._watching: dict[int, Callable[[], object]] = {}
        self._next = 0

    def open(self, plan: Plan) -> None:
        """Let people in, to begin with this plan. A room that is open stays open, with the code it has."""
        with self.lock:
            self.plan = small(plan)
            if not self.code:
                self.code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        self._tell()

    def close(self) -> None:
        """Let nobody else in. Those within keep their towns."""
        with self.lock:
            self.code = ""
        self._tell()

    def push(self, plan: Plan) -> None:
        """Hand a plan to everybody within, and to whoever comes."""
        with self.lock:
            self.plan = small(plan)
            within = list(self._within.values())
        for give in within:
            give(self.plan)

    def enter(self, code: str, give: Callable[[Plan], object]) -> tuple[Plan, Callable[[], None]]:
        """Come in with a code: the plan to begin with, and what to call on leaving. `give` is called with new plans."""
        with self.lock:
            if not self.code or not secrets.compare_digest(code.upper().encode(), self.code.encode()):
                raise RoomError("rooms.closed" if not self.code else "rooms.wrong_code")
            if len(self._within) >= MOST:
                raise RoomError("rooms.full")
            self._next += 1
            me = self._next
            self._within[me] = give
            plan = self.plan
        self._tell()

        def leave() -> None:
            with self.lock:
                self._within.pop(me, None)
            self._tell()

        return plan, leave

    def watch(self, told: Callable[[], object]) -> Callable[[], None]:
        """Be told when the room opens or closes, or people come or go; returns what to call to be told no more."""
        with self.lock:
            self._next += 1
            me = self._next
            self._watching[me] = told

        def stop() -> None:
            with self.lock:
                self._watching.pop(me, None)

        return stop

    @property
    def people(self) -> int:
        """How many are within."""
        return len(self._within)

    def _tell(self) -> None:
        with self.lock:
            watching = list(self._watching.values())
        for told in watching:
            told()

    def shown(self) -> dict[str, Any]:
        """What the facilitator's page shows of the room."""
        if not listens():
            return {"possible": False, "open": False}
        link = link_to(self.code)
        return {
            "possible": True, "open": bool(self.code), "code": self.code, "link": link if self.code else "",
            "qr": picture_of(link) if self.code else "",
            "people": self.people, "most": MOST,
        }  # fmt: skip


ROOM = Room()
"""The room of this server."""


def small(plan: Plan) -> Plan:
    """The plan as a participant begins it: fewer residents, nothing done yet."""
    return replace(plan, residents=min(plan.residents, SMALL), acts=())


def listens() -> bool:
    """Whether the server listens to anybody but this machine."""
    return environ.get(HOST, "") not in LOOPBACK


def facilitates(key: str | None) -> bool:
    """Whether a link is the facilitator's: where only this machine is listened to, every link is."""
    wanted = environ.get(KEY, "")
    return not wanted or (key is not None and secrets.compare_digest(key.encode(), wanted.encode()))


def link_to(code: str) -> str:
    """The link that participants open."""
    host = environ.get(HOST, "")
    if host in ("0.0.0.0", "::"):
        host = own_address()
    if ":" in host:
        host = f"[{host}]"
    return f"http://{host}:{environ.get(PORT, '8765')}/sandbox?room={code}"


@cache
def picture_of(link: str) -> str:
    """The QR picture of a link, as SVG."""
    return str(segno.make(link, error="m").svg_inline(scale=8, border=2, dark="#1D2733"))


def own_address() -> str:
    """The address of this machine on the network it would answer from; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # an address kept for documentation
            return str(asking.getsockname()[0])
        except OSError:
            return "127.0.0.1"
