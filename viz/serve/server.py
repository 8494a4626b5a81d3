"""The server of the workshop: Solara on this computer, for the browsers of this room, with no network needed.

Change this file to start the workshop otherwise. Everything happens in one process: the model is made ready, Solara is
told to keep to itself (no telemetry, no question about newer versions, no files from the web), the pages are served
behind the gate (viz/serve/gate.py), and a browser is opened when they are there. Nobody but this computer can
connect unless a host is given.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import secrets
import socket
import sys
import threading
import time
import urllib.request
import warnings
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from viz.serve import cdn_files
from viz.workshop.words import ENGLISH

if TYPE_CHECKING:
    import uvicorn

LOOPBACK = "127.0.0.1"
FIRST_PORT, TRIED = 8765, 20
"""The port asked for first, and how many in all are tried when nobody asked for one."""
LONG = 10.0
"""Seconds of making ready from which it is said how long it took."""
PATIENCE = 60.0
"""Seconds a server may take until it answers."""
FAREWELL = 1
"""Seconds that open pages are given when the server ends."""
FORGOTTEN = "10m"
"""How long a town is kept for a page that went away without saying so, such as a laptop that was closed."""
QUERY = "KITH_SHOW_QUERY"
"""The environment's name for what a page is asked for where its address does not say: setting and language."""
FRONT = Path(__file__).parent / "front"
"""Style and icon that every page has before anything of its own is drawn."""

Tell = Callable[[str], None]


class CannotListenError(OSError):
    """The server cannot listen where it was asked to, and why."""


@dataclass(frozen=True)
class Workshop:
    """What is shown, and to whom."""

    setting: str = ""
    """A setting that comes with Kith, or the path of one's own; nothing for the usual one."""
    host: str = LOOPBACK
    port: int | None = None
    language: str = ENGLISH
    link: str = ""
    """The query of a link to begin with, instead of a setting."""
    storyboards: str = ""
    """A folder with storyboards of one's own, offered beside those that come with Kith."""

    @property
    def is_near(self) -> bool:
        """Whether only this computer can connect."""
        return is_loopback(self.host)


def serve(workshop: Workshop, tell: Tell, opens: bool = True) -> None:
    """Show the workshop until somebody presses Ctrl-C."""
    with listening(workshop.host, workshop.port) as door:
        port = door.getsockname()[1]
        os.environ.update(environment(workshop, port))
        make_ready(tell)
        server = prepared(workshop)
        address = url_of(workshop.host, port)
        told = threading.Thread(target=_announce, args=(server, address, workshop, tell, opens), daemon=True)
        told.start()
        with suppress(KeyboardInterrupt), quiet():
            server.run(sockets=[door])
        if not server.started:
            raise CannotListenError("the server ended before it had begun; what went wrong is written above")
    tell("The workshop is closed.")


def prepared(workshop: Workshop) -> uvicorn.Server:
    """A server of the workshop's pages, not yet running. The environment must be what `environment` says."""
    import uvicorn  # noqa: PLC0415

    from viz.serve.gate import Gate  # noqa: PLC0415

    with quiet():
        own = [workshop.host] if not workshop.is_near else []
        app = Gate(solara_app(), names=[*own, *names_of_this_computer()], language=workshop.language)
        config = uvicorn.Config(
            app, log_level="error", log_config=None, access_log=False, proxy_headers=False, server_header=False,
            timeout_graceful_shutdown=FAREWELL,
        )  # fmt: skip
    return uvicorn.Server(config)


def environment(workshop: Workshop, port: int) -> dict[str, str]:
    """What must stand in the environment before Solara is imported for the first time."""
    from viz.workshop.plan import OWN_SETTING  # noqa: PLC0415
    from viz.workshop.rooms import HOST, KEY, PORT  # noqa: PLC0415
    from viz.workshop.storyboards import OWN_FOLDER  # noqa: PLC0415

    asked = {"language": workshop.language}
    own = ""
    if workshop.setting:
        own = workshop.setting if is_path(workshop.setting) else ""
        asked["setting"] = setting_name(workshop.setting)
    query = dict(parse_qsl(workshop.link)) | asked
    boards = str(Path(workshop.storyboards).resolve()) if workshop.storyboards else os.environ.get(OWN_FOLDER, "")
    return {
        "SOLARA_APP": "viz.serve.app",
        "SOLARA_MODE": "production",
        "SOLARA_ASSETS_PROXY": "true",
        "SOLARA_ASSETS_PROXY_CACHE_DIR": str(cdn_files.FOLDER),
        "SOLARA_ASSETS_FONTAWESOME_ENABLED": "false",
        "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",
        "SOLARA_THEME_SHOW_BANNER": "false",
        "SOLARA_THEME_LOADER": "plain",
        "SOLARA_THEME_TITLE": "Kith",
        "SOLARA_THEME_FORCE_REFRESH": "true",  # where the server has begun anew, the page does too, by its link
        "SOLARA_KERNEL_CULL_TIMEOUT": FORGOTTEN,
        "SOLARA_SERVER_HTTP_GZIP": "false",  # the gate writes a page's language on it, and packs what is large itself
        "SOLARA_SESSION_HTTP_ONLY": "true",
        "SOLARA_STATE_TEST_EVICTION": "false",
        "SOLARA_OAUTH_PRIVATE": "false",
        QUERY: urlencode(query),
        OWN_SETTING: str(Path(own).resolve()) if own else "",
        OWN_FOLDER: boards,
        HOST: workshop.host,
        PORT: str(port),
        KEY: "" if workshop.is_near else secrets.token_urlsafe(12),
    }


def solara_app() -> Any:
    """Solara's application for our pages. It watches no files: a page that is open is never made anew."""
    from solara.server import reload  # noqa: PLC0415

    reload.WatcherType = reload.WatcherDummy
    reload.reloader.watcher = reload.WatcherDummy([], lambda _: None)
    from solara.server import settings, starlette  # noqa: PLC0415

    settings.assets.extra_locations = [str(FRONT)]
    return starlette.app


# ---- before the first page -----------------------------------------------------------------------------


def make_ready(tell: Tell) -> None:
    """Have the model compiled before the first page asks for it, and say so where that takes a while."""
    from simulation.compiled import numba_or_why  # noqa: PLC0415

    missing = numba_or_why()[1]
    if missing:
        tell(f"Numba is not there, so towns are lived plainly and slowly ({missing}).")
        return
    from viz.workshop.towns import warm  # noqa: PLC0415

    if not is_compiled():
        tell("Making the model ready for this computer. This is done once and takes up to a minute or two ...")
    began = time.monotonic()
    warm()
    if time.monotonic() - began > LONG:
        tell(f"Ready after {time.monotonic() - began:.0f} seconds; from now on it takes one or two.")


def is_compiled() -> bool:
    """Whether the model's rules are compiled on this computer already."""
    from simulation.compiled import Compiler, parts_of  # noqa: PLC0415
    from simulation.month import MONTH  # noqa: PLC0415
    from simulation.scenario import load_scenario  # noqa: PLC0415
    from simulation.town import found_town  # noqa: PLC0415

    return Compiler(MONTH, {}, parts_of(found_town(load_scenario("calm").with_(residents=100)))).ready()


def is_path(setting: str) -> bool:
    """Whether a setting is the path of a file, not the name of one that comes with Kith."""
    from simulation.scenario import settings  # noqa: PLC0415

    return setting not in settings()


def setting_name(setting: str) -> str:
    """The name a setting goes by in an address."""
    from simulation.scenario import load_scenario  # noqa: PLC0415

    return load_scenario(setting).name or Path(setting).stem


# ---- where it listens ----------------------------------------------------------------------------------


@contextmanager
def listening(host: str, port: int | None) -> Iterator[socket.socket]:
    """A door that is ours: at the port asked for, or at the first that is free. Raises CannotListenError."""
    door = bound(host, port)
    try:
        yield door
    finally:
        door.close()


def bound(host: str, port: int | None) -> socket.socket:
    """A socket bound to the port asked for, or to the first that is free from the usual one on."""
    tried = [port] if port is not None else [*range(FIRST_PORT, FIRST_PORT + TRIED), 0]
    for number in tried:
        try:
            return _bound(host, number)
        except socket.gaierror:
            raise CannotListenError(f"--host {host}: this computer knows no such host") from None
        except OSError as problem:
            if problem.errno in (errno.EADDRNOTAVAIL, errno.EINVAL):
                raise CannotListenError(f"--host {host}: this is not an address of this computer") from None
            if port is not None or problem.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise CannotListenError(_why_not(number, problem)) from None
    raise CannotListenError(f"no port from {FIRST_PORT} on is free; name one with --port")


def _bound(host: str, port: int) -> socket.socket:
    family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    door = socket.socket(family, kind)
    try:
        if sys.platform == "win32":
            door.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _refuse_if_answered(place, family)
        door.bind(place)
    except OSError:
        door.close()
        raise
    return door


def _refuse_if_answered(place: Any, family: int) -> None:
    """Raise where somebody listens already."""
    if not place[1]:
        return
    with socket.socket(family) as test:
        test.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        test.bind(place)
        test.listen(1)


def _why_not(port: int, problem: OSError) -> str:
    if problem.errno == errno.EADDRINUSE:
        return f"--port {port}: in use, perhaps by another workshop; without --port the next free one is taken"
    if problem.errno == errno.EACCES:
        return f"--port {port}: this computer does not let you use it; ports from 1024 on are free for all"
    return f"--port {port}: {problem.strerror or problem}"


def is_loopback(host: str) -> bool:
    """Whether a host can be reached from this computer only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def url_of(host: str, port: int) -> str:
    """The address to open on this computer."""
    shown = LOOPBACK if host in ("0.0.0.0", "localhost", "") else "[::1]" if host == "::" else host
    return f"http://{f'[{shown}]' if ':' in shown and '[' not in shown else shown}:{port}/"


def names_of_this_computer() -> list[str]:
    """What this computer is called on its network."""
    name = socket.gethostname().lower()
    return [name, f"{name.split('.')[0]}.local"]


def addresses_here(host: str) -> list[str]:
    """The numbers under which others in the room reach this computer, best first."""
    if host not in ("0.0.0.0", "::", ""):
        return [host]
    found = []
    for target in ("192.0.2.1", "10.255.255.255"):  # nothing is sent: this asks which way would be taken
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
            way.connect((target, 9))
            found.append(way.getsockname()[0])
    with suppress(OSError):
        found += [each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    return list(dict.fromkeys(number for number in map(str, found) if not is_loopback(number)))


# ---- when it is there ----------------------------------------------------------------------------------


def _announce(server: uvicorn.Server, address: str, workshop: Workshop, tell: Tell, opens: bool) -> None:
    """Wait until the server answers, then say where it is and open a browser."""
    from viz.workshop.rooms import KEY  # noqa: PLC0415

    port = int(address.rstrip("/").rsplit(":", 1)[1])
    if not answers(address, lambda: server.should_exit):
        return
    address += f"?{urlencode({'key': key})}" if (key := os.environ.get(KEY)) else ""
    tell(f"The workshop is open at {address}")
    if not workshop.is_near:
        tell("This address is yours alone: whoever has its key can let people in and hand out settings.")
        for line in warning_of(workshop.host, port):
            tell(line)
    tell("Press Ctrl-C here to close it.")
    if opens and not opened_in_browser(address):
        tell("No browser could be opened from here: open the address yourself.")


def warning_of(host: str, port: int) -> list[str]:
    """Who can connect, when it is not this computer alone."""
    there = ", ".join(url_of(each, port) for each in addresses_here(host)) or "its address on the network"
    return [
        f"Note: everybody on the same network can open it, at {there}",
        "There is no password and nothing is encrypted. Use a network you trust; without --host only this computer "
        "can connect.",
    ]


def answers(address: str, given_up: Callable[[], bool] = lambda: False, patience: float = PATIENCE) -> bool:
    """Wait until a server says that it is ready."""
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + patience
    while time.monotonic() < until and not given_up():
        with suppress(OSError), ask.open(f"{address}readyz", timeout=5) as answer:
            return bool(answer.status == 200)
        time.sleep(0.05)
    return False


def opened_in_browser(address: str) -> bool:
    """Open an address in the browser of this computer, if it has a screen."""
    if sys.platform.startswith("linux") and not {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & set(os.environ):
        return False
    with suppress(webbrowser.Error, OSError):
        return webbrowser.open(address)
    return False


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings Solara has for whoever runs it on the web."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(solara|websockets|uvicorn)\b")
        warnings.filterwarnings("ignore", message=r"websockets\.legacy")
        warnings.filterwarnings("ignore", message=r"Cookies with samesite")
        yield
