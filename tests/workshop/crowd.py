"""Guests without a browser: each opens a page as a browser does, plays it, and keeps what it was shown.

Change this file to have a crowd do something else. A guest answers every month as the stage does, at once.
"""

from __future__ import annotations

import json
import struct
import threading
import time
import urllib.request
import uuid
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

from viz.serve.offline import line_to, message


def heard(data: str | bytes) -> dict[str, Any]:
    """A message of the server, with the bytes that came in it."""
    if isinstance(data, str):
        return {"buffers": [], **json.loads(data)}
    (many,) = struct.unpack_from("!i", data)
    ends = [*struct.unpack_from(f"!{many}I", data, 4), len(data)]
    parts = [data[begin:end] for begin, end in pairwise(ends)]
    return {**json.loads(parts[0]), "buffers": parts[1:]}


def head_of(packet: bytes) -> dict[str, Any]:
    """The head of a month's packet."""
    (length,) = struct.unpack_from("<I", packet)
    return json.loads(packet[4 : 4 + length])


class Guest(threading.Thread):
    """Opens a page, plays it at a speed for so many seconds, and leaves. `heads` holds what it was shown."""

    def __init__(self, address: str, path: str, speed: float, seconds: float) -> None:
        super().__init__(daemon=True)
        self.address, self.path, self.speed, self.seconds = address, path, speed, seconds
        self.session, self.stage = uuid.uuid4().hex, ""
        self.about: dict[str, Any] = {}
        self.heads: list[dict[str, Any]] = []
        self.at: list[float] = []
        self.problem = ""
        self.ready = threading.Event()
        self.begin = threading.Event()

    def run(self) -> None:
        """Do all of it."""
        try:
            with line_to(self.address) as line:
                self._open(line)
                self._listen_until(line, lambda: bool(self.heads), 120.0)
                self.ready.set()
                self.begin.wait(120.0)
                self._say(line, {"cmd": "speed", "v": self.speed})
                self._say(line, {"cmd": "play"})
                self._listen_until(line, lambda: False, self.seconds)
                self._leave(line.request.path)
        except Exception as problem:  # noqa: BLE001  told by whoever sent the guest
            self.problem = f"{type(problem).__name__}: {problem}"
        self.ready.set()

    def _open(self, line: Any) -> None:
        control = uuid.uuid4().hex
        opened = {"comm_id": control, "target_name": "solara.control", "data": {}}
        line.send(message("comm_open", opened, self.session))
        run = {"method": "run", "args": {"path": self.path, "appName": None, "themes": {}, "dark": False}}
        line.send(message("comm_msg", {"comm_id": control, "data": run}, self.session))

    def _leave(self, path: str) -> None:
        """Say that this tab is closed, as a browser does."""
        where = urlsplit(path)
        kernel, page = where.path.split("/")[-2], parse_qs(where.query)["session_id"][0]
        ask = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        url = f"{self.address.rstrip('/')}/_solara/api/close/{kernel}?session_id={page}"
        with ask.open(urllib.request.Request(url, method="POST"), timeout=10):
            pass

    def _say(self, line: Any, content: dict[str, Any]) -> None:
        said = {"comm_id": self.stage, "data": {"method": "custom", "content": content}}
        line.send(message("comm_msg", said, self.session))

    def _listen_until(self, line: Any, enough: Any, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not enough() and (left := until - time.monotonic()) > 0:
            try:
                self._take(line, heard(line.recv(timeout=left)))
            except TimeoutError:
                return

    def _take(self, line: Any, told: dict[str, Any]) -> None:
        content = told.get("content", {})
        data = content.get("data") or {}
        state = data.get("state") or {}
        if told.get("header", {}).get("msg_type") == "comm_open" and "flow" in state:
            self.stage = content["comm_id"]
        if not self.stage or content.get("comm_id") != self.stage:
            return
        self.about = state.get("static") or self.about
        for path, packet in zip(data.get("buffer_paths", []), told["buffers"], strict=False):
            if path == ["frame"] and packet:
                head = head_of(packet)
                self.heads.append(head)
                self.at.append(time.monotonic())
                self._say(line, {"cmd": "ack", "seq": head["seq"]})


def play_together(address: str, paths: list[str], speed: float, seconds: float) -> list[Guest]:
    """Send guests to these pages, all of them there before they play; returns when all have left."""
    guests = [Guest(address, path, speed, seconds) for path in paths]
    for guest in guests:
        guest.start()
        guest.ready.wait(120.0)
    for guest in guests:
        guest.begin.set()
    for guest in guests:
        guest.join(seconds + 120.0)
    return guests
