"""The gate of the workshop: who may speak with its server, and what a page may ask for.

Change this file to let others in. Before a request reaches Solara it must be addressed to this computer by a name we
know (a page elsewhere cannot then pass itself off as ours), and must come from a page of this server, the line through
which a page speaks with its town above all; what is said on that line must be such as pages say. Solara's own way of
fetching missing files from the web is cut off: a page gets the files in cdn/ and no others. Every answer forbids the
page to load or send anything anywhere else.
"""

from __future__ import annotations

import gzip
import html
import ipaddress
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from viz.serve import cdn_files
from viz.workshop.words import ENGLISH, languages, text

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

CDN = "/_solara/cdn/"
NEAR_ONLY = ("/resourcez", "/_solara/api/evict/")
"""What only this computer may ask for: how many pages are open, how busy the server is."""
COOKIES = {"key": "kith-key", "room": "kith-room"}
"""What a page's address may carry that a browser keeps until it is closed: whose it is, and into which room."""
LASTING = "public, max-age=31536000, immutable"
"""How long a browser may keep a file whose address names its version."""
POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' ws://{host} wss://{host} data: blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
"""What a page may load and where it may send. Vue makes functions of its templates, hence 'unsafe-eval'."""

SAID = {rb"Server\s+disconnected\.": "line_lost", "Restoring session…".encode(): "line_back"}
"""What Solara's page says when its line is gone and when it is back, and which of our words say it."""
SPOKEN = ("kernel_info_request", "comm_info_request", "shutdown_request", "comm_open", "comm_msg", "comm_close")
"""All that a page says to its town. Whatever else comes on its line is not passed on."""
OPENED = ("solara.control", "jupyter.widget.control")
"""What a page may open a line of its own for; widgets are made on this side alone."""
MOST_SAID = 2_000_000
"""Letters of the longest thing a page may say."""


class Gate:
    """Stands before Solara's application and answers itself what must not reach it."""

    def __init__(self, app: Asgi, names: Iterable[str] = (), language: str = ENGLISH) -> None:
        self.app = app
        self.names = {"localhost", *(name.lower() for name in names)}
        self.language = language
        self.kept = set(cdn_files.names())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or say why not."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        problem = self.problem(scope, headers)
        if scope["type"] == "websocket":
            if problem:
                await receive()
                await send({"type": "websocket.close", "code": 1008, "reason": problem})
            else:
                await self.app(scope, _well_said(receive), send)
            return
        guarded = _with_headers(send, headers.get("host", ""))
        if problem:
            await PlainTextResponse(problem, 403)(scope, receive, guarded)
        elif scope["path"].startswith(CDN):
            await self.file(scope["path"][len(CDN) :], headers)(scope, receive, guarded)
        else:
            await self.page(scope, receive, guarded)

    def problem(self, scope: Scope, headers: Headers) -> str:
        """Why this request is refused; nothing when it is not."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self.is_ours(host):
            return "This server does not go by that name."
        if origin is None and scope["type"] == "websocket":
            return "Only a page of this server may do that."
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return "Only a page of this server may do that."
        if scope["path"].startswith(NEAR_ONLY) and not _is_near(scope):
            return "Only this computer may ask for that."
        return ""

    def is_ours(self, host: str) -> bool:
        """Whether a host is this computer: by number, or by a name we were told. Ports are not looked at.

        A number is safe: only names can be made to lead here by somebody else (DNS rebinding).
        """
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self.names
        return True

    def file(self, name: str, headers: Headers) -> Response:
        """A file of cdn/, and nothing that is not listed there."""
        if name not in self.kept:
            return PlainTextResponse("There is no such file here.", 404)
        small = "gzip" in headers.get("accept-encoding", "") and name.endswith((".js", ".css"))
        answer = Response(_content(name, small), media_type=_KINDS.get(Path(name).suffix, "text/plain"))
        answer.headers["Cache-Control"] = LASTING
        answer.headers["Vary"] = "Accept-Encoding"
        if small:
            answer.headers["Content-Encoding"] = "gzip"
        return answer

    async def page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What Solara answers: its pages with their language written on them, its failures in our words."""
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        language = asked.get("language", [self.language])[-1]
        language = language if language in languages() else self.language
        keep = {name: asked[name][-1] for name in COOKIES if name in asked}
        kept: list[Message] = []

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = _is_page(message) or message["status"] >= 400
                if ours:
                    kept.append(message)
                    return
            if not kept:
                await send(message)
                return
            kept.append(message)
            if not message.get("more_body"):
                await _answer(kept, language, keep)(scope, receive, send)

        await self.app(scope, receive, hold)


_KINDS = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}


@cache
def _content(name: str, small: bool) -> bytes:
    """A file's bytes; small, a third of them, for the telephones that share a room's network."""
    content = (cdn_files.FOLDER / name).read_bytes()
    return gzip.compress(content, mtime=0) if small else content


def _is_page(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")


def _answer(kept: list[Message], language: str, keep: Mapping[str, str]) -> Response:
    """Solara's page with its language, or a page of ours that says what went wrong."""
    start, *rest = kept
    if start["status"] >= 400:
        return HTMLResponse(failure(start["status"], language), start["status"])
    body = b"".join(message.get("body", b"") for message in rest)
    body = body.replace(b"<html>", f'<html lang="{language}">'.encode(), 1)
    for theirs, ours in SAID.items():
        body = re.sub(theirs, html.escape(text(language, f"shell.{ours}")).encode(), body, count=1)
    body = body.replace(b", maximum-scale=1, user-scalable=no, minimal-ui", b"", 1)  # whoever needs to may zoom
    answer = Response(body, start["status"])
    given = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    answer.raw_headers = [*given, (b"content-length", str(len(answer.body)).encode())]
    for name, value in keep.items():
        if re.fullmatch(r"[\w-]{1,64}", value, re.ASCII):
            answer.set_cookie(COOKIES[name], value, httponly=True, samesite="strict")
    return answer


def failure(status: int, language: str) -> str:
    """A page for what could not be shown: what happened and where to go, no traceback."""
    kind = "not_found" if status == 404 else "failed"
    title, line, back = (html.escape(text(language, f"shell.{kind}_{part}")) for part in ("title", "line", "back"))
    style = (Path(__file__).parent / "front" / "custom.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<style>{style}</style></head><body><main class="kith-card"><h1>{title}</h1><p>{line}</p>'
        f'<p><a href="/">{back}</a></p></main></body></html>'
    )


def _well_said(receive: Receive) -> Receive:
    """What comes on the line of a page, without what no page of ours would say."""

    async def heard() -> Message:
        while True:
            message = await receive()
            if message["type"] != "websocket.receive" or is_well_said(message.get("text")):
                return message

    return heard


def is_well_said(given: str | None) -> bool:
    """Whether this is a message as pages send them: of a kind we know, with all that belongs to it."""
    if given is None or len(given) > MOST_SAID:
        return False
    try:
        message = json.loads(given)
    except (ValueError, RecursionError):
        return False
    if not isinstance(message, dict):
        return False
    header, content = message.get("header"), message.get("content")
    if not isinstance(header, dict) or not isinstance(content, dict) or not isinstance(message.get("channel"), str):
        return False
    kind = header.get("msg_type")
    if kind not in SPOKEN or not all(isinstance(header.get(name), str) for name in ("msg_id", "session")):
        return False
    if not str(kind).startswith("comm_") or kind == "comm_info_request":
        return True
    if not isinstance(content.get("comm_id"), str) or not isinstance(content.get("data", {}), dict):
        return False
    return kind != "comm_open" or content.get("target_name") in OPENED


def _is_near(scope: Scope) -> bool:
    """Whether a request comes from this computer."""
    client = scope.get("client") or ("",)
    try:
        return ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


def _with_headers(send: Send, host: str) -> Send:
    """A way to answer that adds what the browser must keep to."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            headers["Content-Security-Policy"] = POLICY.format(host=re.sub(r"[^\w.:\[\]-]", "", host))
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "same-origin"
            headers["Cross-Origin-Resource-Policy"] = "same-origin"
            message["headers"] = headers.raw
        await send(message)

    return guarded
