"""Proof that a page of the workshop is served whole while the network is cut.

Change this file when a page asks for files in a new way. It runs in a process of its own (`python -m
viz.serve.offline`): every way out of this computer is shut in it, the workshop is served, the page and every file
it names are fetched, and a page's first words with its town are spoken. What was missing, and who tried to go out, is
printed as JSON for `kith doctor --offline`.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from viz.serve import server as shop
from viz.serve.server import LOOPBACK, Workshop, is_loopback

LONGEST = 60.0
"""Seconds that the first page of a tab may take."""
SHOWN = "kith-stage"
"""The class of what stands around the two towns on the page (viz/serve/app.py)."""


@dataclass
class Proof:
    """What came of it: the files fetched, those that were not there, who tried to go out, and whether a town came."""

    fetched: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    shown: bool = False
    problem: str = ""
    ready_seconds: float = 0.0
    page_seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether the page is served whole."""
        return self.shown and not (self.missing or self.outside or self.problem)


def proof(workshop: Workshop | None = None) -> Proof:
    """Serve the workshop with the network cut, and fetch a page of it. Shuts this process off for good."""
    import os  # noqa: PLC0415

    workshop = workshop or Workshop(port=0)
    found = Proof()
    cut_off(found.outside.append)
    began = time.monotonic()
    with shop.listening(LOOPBACK, 0) as door, shop.quiet():
        os.environ.update(shop.environment(workshop, door.getsockname()[1]))
        server = shop.prepared(workshop)
        address = shop.url_of(LOOPBACK, door.getsockname()[1])
        served = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        served.start()
        try:
            if not shop.answers(address, lambda: not served.is_alive()):
                found.problem = "the server did not answer"
                return found
            found.ready_seconds = time.monotonic() - began
            fetch_page(address, found)
            began = time.monotonic()
            found.shown = town_comes(address)
            found.page_seconds = time.monotonic() - began
        except Exception as problem:  # noqa: BLE001  whatever it is, it is told
            found.problem = f"{type(problem).__name__}: {problem}"
        finally:
            server.should_exit = True
            served.join(10)
    return found


def cut_off(tried: Callable[[str], None]) -> None:
    """Shut every way out of this computer in this process. Whoever tries is told of, and finds no network."""
    inside = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def is_here(address: Any) -> bool:
        return not isinstance(address, tuple) or is_loopback(str(address[0])) or address[0] == ""

    def connect(self: socket.socket, address: Any) -> None:
        if not is_here(address):
            tried(f"{address[0]}:{address[1]}")
            raise OSError(101, "the network is cut")
        inside[0](self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        if not is_here(address):
            tried(f"{address[0]}:{address[1]}")
            return 101
        return inside[1](self, address)

    def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and not is_loopback(name) and not name.replace(".", "").isdigit() and ":" not in name:
            tried(name)
            raise socket.gaierror(-3, "the network is cut")
        return inside[2](host, *rest, **more)

    socket.socket.connect = connect  # type: ignore[method-assign, assignment]
    socket.socket.connect_ex = connect_ex  # type: ignore[method-assign, assignment]
    socket.getaddrinfo = getaddrinfo


def fetch_page(address: str, found: Proof) -> None:
    """Fetch a page and every file it names, and the files its style sheets name."""
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    left, seen = [address], set()
    while left:
        url = left.pop()
        if url in seen:
            continue
        seen.add(url)
        if urlsplit(url).netloc != urlsplit(address).netloc:
            found.outside.append(url)
            continue
        try:
            with ask.open(url, timeout=30) as answer:
                content, kind = answer.read(), answer.headers.get_content_type()
        except urllib.error.HTTPError as problem:
            found.missing.append(f"{urlsplit(url).path} ({problem.code})")
            continue
        found.fetched += 1
        found.bytes += len(content)
        if kind == "text/html":
            left += [urljoin(url, name) for name in named_in_page(content.decode())]


def named_in_page(text: str) -> list[str]:
    """Every file a page of Solara names: links, scripts, and the extensions its script asks for."""
    text = re.sub(r"(?s)<script[^>]*x-template.*?</script>", "", text)
    named = re.findall(r"<(?:link|script|img|iframe)\b[^>]*?\b(?:href|src)=\"([^\"]+)\"", text)
    named += re.findall(r"\"(/static/[^\"]+\?v=[^\"]+)\"", text)
    asked = re.search(r"requirejs\(\[(.*?)\]\)", text, re.S)
    named += re.findall(r"\"([^\"]+)\"", asked.group(1)) if asked else []
    named += [f"/jupyter/nbextensions/{name}/nodeps.js" for name in ("jupyter-vue", "jupyter-vuetify")]
    return [name for name in named if not name.startswith(("data:", "#"))]


# ---- a page's first words with its town ------------------------------------------------------------------


def message(kind: str, content: Mapping[str, Any], session: str) -> str:
    """One message as a page sends it."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": session, "username": "", "version": "5.3"}
    return json.dumps(
        {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}
    )


def line_to(address: str, origin: str | None = None, **more: Any) -> Any:
    """The line that a page opens to its town."""
    from websockets.sync.client import connect  # noqa: PLC0415
    from websockets.typing import Origin  # noqa: PLC0415

    where = f"{address.replace('http', 'ws', 1)}jupyter/api/kernels/{uuid.uuid4()}/channels?session_id={uuid.uuid4()}"
    said = address.rstrip("/") if origin is None else origin
    more.setdefault("additional_headers", {"Cookie": f"solara-session-id={uuid.uuid4()}"})
    return connect(where, origin=Origin(said) if said else None, max_size=None, proxy=None, open_timeout=10, **more)


def town_comes(address: str, path: str = "/") -> bool:
    """Open a page as a browser does, and wait until it is there. False when all that came was a card of apology."""
    session, control = uuid.uuid4().hex, uuid.uuid4().hex
    with line_to(address) as line:
        line.send(message("comm_open", {"comm_id": control, "target_name": "solara.control", "data": {}}, session))
        run = {"method": "run", "args": {"path": path, "appName": None, "themes": {}, "dark": False}}
        line.send(message("comm_msg", {"comm_id": control, "data": run}, session))
        until, stands = time.monotonic() + LONGEST, False
        while time.monotonic() < until:
            heard = line.recv(timeout=max(0.1, until - time.monotonic()))
            told = heard if isinstance(heard, str) else heard.decode("utf-8", "replace")
            stands = stands or SHOWN in told
            if '"finished"' in told and '"widget_id"' in told:
                return stands
    return False


def main() -> int:
    """Print the proof as JSON."""
    found = proof()
    sys.stdout.write(json.dumps({**asdict(found), "holds": found.holds}) + "\n")
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
