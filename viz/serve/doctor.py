"""The doctor: is this computer ready for a workshop, and if not, what is missing and how is it got?

Change this file to look at one more thing: write a function that returns a Check and give it a place in EXAMINED.
Nothing is changed by looking, but for one thing: the model is made ready if it was not, so that nobody has to wait on
the day.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from viz.serve import cdn_files

OLDEST = (3, 11)
ENOUGH_MB, LEAST_MB = 1500, 700
"""Free memory: comfortable for a server and a browser; and the least that may do."""
FREE_MB = 200
"""Room on the disk for what is compiled and what is saved."""
BROWSERS = (
    "google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "firefox", "microsoft-edge", "chrome",
    "msedge", "brave-browser", "safari",
)  # fmt: skip
PLACES = (
    "/Applications/Google Chrome.app", "/Applications/Firefox.app", "/Applications/Safari.app",
    "/Applications/Microsoft Edge.app", "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files/Mozilla Firefox/firefox.exe", "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)  # fmt: skip
"""Where browsers are on computers that do not list them among the commands."""

AFRESH = "While online, install Kith afresh: make clean, make show. Without make: pip install -e . in Kith's folder."
WIDTH, INDENT = 100, 28
OK, NOTE, MISSING = "ok", "note", "missing"


@dataclass(frozen=True)
class Check:
    """One thing looked at: what was found, and how to get what is missing."""

    name: str
    state: str
    found: str
    remedy: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether a workshop would fail for this."""
        return self.state == MISSING


def examined(results: Path, offline: bool = False, tell: Callable[[Check], object] | None = None) -> list[Check]:
    """Everything looked at, in order; `tell` hears of each at once, since some take a while."""
    looks: list[Callable[[], Check]] = [
        python, packages, page_files, browser, port, memory, lambda: writable("results folder", results), compiled,
        both_engines, screen,
    ]  # fmt: skip
    if offline:
        looks.insert(-1, no_network)
    found = []
    for look in looks:
        check = _safely(look)
        found.append(check)
        if tell is not None:
            tell(check)
    return found


def _safely(look: Callable[[], Check]) -> Check:
    """What a look found; a look that itself fails has found something missing."""
    try:
        return look()
    except Exception as problem:  # noqa: BLE001  a doctor goes on with the next
        name = getattr(look, "__name__", "check").replace("_", " ").replace("<lambda>", "results folder")
        said = f"this could not be looked at: {type(problem).__name__}: {problem}"
        return Check(name, MISSING, said, AFRESH)


# ---- what is looked at -----------------------------------------------------------------------------------


def python() -> Check:
    """The Python that runs this."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST:
        return Check("Python", MISSING, version, "Install Python 3.11 or newer, then make show again.")
    return Check("Python", OK, version)


def packages() -> Check:
    """Every library Kith needs, in a version it is known to work with."""
    from packaging.requirements import Requirement  # noqa: PLC0415

    wrong, seen = [], []
    for line in requirements():
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{wanted.name} is not installed")
            continue
        seen.append(wanted.name)
        if not wanted.specifier.contains(version, prereleases=True):
            wrong.append(f"{wanted.name} {version} is not {wanted.specifier}")
    if wrong:
        return Check("packages", MISSING, "; ".join(wrong), AFRESH)
    solara = metadata.version("solara") if "solara" in seen else "?"
    return Check("packages", OK, f"all {len(seen)} there, Solara {solara} with Vuetify 2")


def requirements() -> list[str]:
    """What Kith needs to run: from its own folder where it has one, else from what was installed."""
    file = Path(__file__).parents[2] / "pyproject.toml"
    if file.is_file():
        wanted: list[str] = tomllib.loads(file.read_text(encoding="utf-8"))["project"]["dependencies"]
        return wanted
    return metadata.requires("kith") or []


def page_files() -> Check:
    """The files that a page would fetch from the web."""
    wrong = cdn_files.missing()
    new = cdn_files.not_kept()
    if wrong:
        remedy = "Fetch Kith afresh; or, while online and with npm: python -m viz.serve.cdn_files"
        return Check("files of the page", MISSING, "; ".join(wrong[:3]), remedy)
    if new:
        said = f"this Solara asks for {', '.join(sorted(new))}, which is not kept"
        return Check("files of the page", MISSING, said, AFRESH)
    size = sum((cdn_files.FOLDER / name).stat().st_size for name in cdn_files.names())
    return Check("files of the page", OK, f"{len(cdn_files.names())} files, {size / 1e6:.1f} MB, each as it must be")


def browser() -> Check:
    """A browser to show the page in."""
    found = [path for name in BROWSERS if (path := shutil.which(name))] + [
        each for each in PLACES if Path(each).exists()
    ]
    if not found:
        remedy = "Install one: Firefox, Chrome, Edge or Chromium. On Debian or Ubuntu: sudo apt-get install chromium"
        return Check("browser", MISSING, "none was found", remedy)
    return Check("browser", OK, found[0])


def port() -> Check:
    """The port the workshop usually listens at."""
    from viz.serve import server  # noqa: PLC0415

    with server.listening(server.LOOPBACK, None) as door:
        number = door.getsockname()[1]
    if number == server.FIRST_PORT:
        return Check("port", OK, f"{number} is free")
    said = f"{server.FIRST_PORT} is in use; {number} would be taken"
    return Check("port", NOTE, said, "Perhaps a workshop is open already. Nothing need be done.")


def memory() -> Check:
    """Memory that is free now."""
    free = free_memory()
    if free is None:
        return Check("memory", NOTE, "could not be measured", f"About {ENOUGH_MB} MB should be free.")
    said = f"{free:,.0f} MB free"
    if free < LEAST_MB:
        return Check("memory", MISSING, said, f"Close other programs until {LEAST_MB} MB are free.")
    if free < ENOUGH_MB:
        return Check("memory", NOTE, said, f"It will do; with {ENOUGH_MB} MB the browser is quicker. Close other tabs.")
    return Check("memory", OK, said)


def free_memory() -> float | None:
    """Megabytes that a program could still have."""
    try:
        import psutil  # noqa: PLC0415
    except ImportError:
        return None
    return float(psutil.virtual_memory().available) / 1e6


def writable(name: str, folder: Path) -> Check:
    """Whether a folder can be written to, or made."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    try:
        with tempfile.NamedTemporaryFile(dir=there):
            pass
    except OSError as problem:
        remedy = f"Start Kith in a folder of your own, or allow writing to {there}."
        return Check(name, MISSING, f"{there} cannot be written to ({problem.strerror})", remedy)
    free = shutil.disk_usage(there).free / 1e6
    if free < FREE_MB:
        return Check(name, MISSING, f"{free:,.0f} MB left on the disk", f"Make room: {FREE_MB} MB.")
    return Check(name, OK, f"{folder.absolute()} can be written to")


def compiled() -> Check:
    """Whether the model is made ready for this computer; if not, it is made so now."""
    from simulation.compiled import cache_folder, numba_or_why  # noqa: PLC0415
    from viz.serve import server  # noqa: PLC0415
    from viz.workshop.towns import warm  # noqa: PLC0415

    missing = numba_or_why()[1]
    if missing:
        said = f"Numba is not there ({missing}), so towns live a hundred times slower"
        return Check("compiled model", MISSING, said, "While online: pip install numba")
    folder = writable("compiled model", cache_folder())
    if folder.is_bad:
        remedy = f"{folder.remedy} Or name another folder in the environment: KITH_CACHE. Else every start is slow."
        return Check("compiled model", MISSING, folder.found, remedy)
    was = server.is_compiled()
    warm()
    if not server.is_compiled():
        said = "it does not stay made"
        return Check("compiled model", MISSING, said, f"Look whether {cache_folder()} can be written to.")
    return Check("compiled model", OK, "ready" if was else "it was not ready and has been made so now")


def both_engines() -> Check:
    """A small town lived plainly and compiled: the same numbers?"""
    from simulation.scenario import load_scenario  # noqa: PLC0415
    from simulation.town import found_town  # noqa: PLC0415
    from simulation.twin import twin_run  # noqa: PLC0415

    differs = twin_run(None, found_town(load_scenario("calm").with_(residents=60, neighbourhoods=3)), months=3)
    if differs:
        remedy = "Install the versions that Kith names (make clean, make show), and tell us if that does not help."
        return Check("a town lived", MISSING, f"plainly and compiled differ: {differs}", remedy)
    return Check("a town lived", OK, "three months, the same plainly and compiled")


def no_network() -> Check:
    """The page served with every way out of this computer shut."""
    name = "without network"
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    said = subprocess.run(
        [sys.executable, "-m", "viz.serve.offline"], capture_output=True, text=True, timeout=180, env=environment,
        cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip
    try:
        found: dict[str, Any] = json.loads(said.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        last = (said.stderr.strip().splitlines() or ["nothing was said"])[-1]
        return Check(
            name, MISSING, f"the page could not be served: {last}", "Install Kith afresh: make clean, make show."
        )
    if found["holds"]:
        line = (
            f"the page and its {found['fetched']} files ({found['bytes'] / 1e6:.1f} MB) came, and two towns with them"
        )
        return Check(name, OK, f"{line}; nothing asked for the network")
    wrong = [f"not there: {each}" for each in found["missing"]] + [f"outside: {each}" for each in found["outside"]]
    wrong += [found["problem"]] if found["problem"] else []
    wrong += [] if found["shown"] else ["no towns came to the page"]
    return Check(name, MISSING, "; ".join(wrong[:4]), AFRESH)


def screen() -> Check:
    """What cannot be measured from here: the screen and the power."""
    said = "made for 1280 x 720 to 1920 x 1080"
    advice = (
        "Mirror the laptop's screen to the projector at one of these sizes, set the browser to 100 % and full screen "
        "(F11), plug the laptop in, and switch off sleep, screen saver and notifications."
    )
    return Check("screen", NOTE, said, advice)


# ---- how it is told --------------------------------------------------------------------------------------


def in_words(check: Check) -> str:
    """One check, with what to do under it."""
    line = f"{check.state:<9}{check.name:<19}{check.found}"
    if not check.remedy:
        return line
    what = f"{'how to get it: ' if check.is_bad else ''}{check.remedy}"
    return "\n".join([line, *(f"{'':<{INDENT}}{each}" for each in textwrap.wrap(what, WIDTH - INDENT))])


def conclusion(found: Sequence[Check]) -> str:
    """The last line: ready or not."""
    bad = [check.name for check in found if check.is_bad]
    if bad:
        return f"\nNot ready: {', '.join(bad)}. Do what stands under each, then ask again."
    return "\nReady for a workshop. Open it with:  kith show"


def as_json(found: Sequence[Check]) -> str:
    """Everything found, for machines."""
    ready = not any(check.is_bad for check in found)
    return json.dumps({"ready": ready, "checks": [asdict(check) for check in found]}, indent=1, ensure_ascii=False)
