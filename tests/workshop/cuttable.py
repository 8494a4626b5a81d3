"""A line to a server that can be cut and mended, as a room's wifi can.

Change this file to let a network be bad in another way.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Line:
    """Passes on what comes, until it is cut. `address` is where to connect instead of the server's own."""

    def __init__(self, server: str) -> None:
        there = urlsplit(server)
        self.there = (there.hostname, there.port)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.door.getsockname()[1]}/"
        self.is_cut = False
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._answer, daemon=True).start()

    def cut(self) -> None:
        """Let nothing through, and drop whatever is under way."""
        with self._lock:
            self.is_cut = True
            for end in self._open:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
            self._open.clear()

    def mend(self) -> None:
        """Let everything through again."""
        with self._lock:
            self.is_cut = False

    def _answer(self) -> None:
        while True:
            try:
                here, _ = self.door.accept()
            except OSError:
                return
            with self._lock:
                if self.is_cut:
                    here.close()
                    continue
                try:
                    there = socket.create_connection(self.there, timeout=10)
                except OSError:
                    here.close()
                    continue
                there.settimeout(None)
                self._open |= {here, there}
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with self._lock:
            for end in (one, other):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
            self._open -= {one, other}


@contextmanager
def cuttable(server: str) -> Iterator[Line]:
    """A line to a server."""
    line = Line(server)
    try:
        yield line
    finally:
        line.door.close()
        line.cut()
