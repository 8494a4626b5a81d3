"""The files that any Solara page fetches from the web, kept beside us so that the workshop needs no network.

Change this file when Solara asks for other files; then, while online and with npm there, fetch them afresh with
`python -m viz.serve.cdn_files`. What Solara's own template asks for is read from the Solara that is installed, so
a new Solara that wants something else is noticed before the day of the workshop, by a test and by `kith doctor`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent / "cdn"
SUMS = FOLDER / "SHA256SUMS"
"""One line a file, as sha256sum writes them: what the files must be, to the last byte."""

WANTED = {
    "@widgetti/solara-vuetify-app@10.1.1": (
        "dist/main8.css",
        "dist/fonts.css",
        "dist/solara-vuetify-app8.min.js",
        "dist/solara-vuetify-app8.min.js.LICENSE.txt",
        "dist/d9f39587ab2751b33bcf.woff2",  # Material Design Icons
        "dist/815babffe97b00a1f30b.woff2",  # Roboto 300
        "dist/cb41c1e71debe927815c.woff2",  # Roboto 400
        "dist/06db94b5fad70e44175d.woff2",  # Roboto 400 italic
        "dist/2d241905f5d9b81989af.woff2",  # Roboto 500
        "dist/1ab7bbddcdbde1b6f274.woff2",  # Roboto 700
    ),
    "requirejs@2.3.6": ("require.js",),
}
"""Packages with their versions, and which of their files a page needs: style, code, and the letters it is set in."""

WIDGETS = "8"
"""The line of ipywidgets whose files we keep; the template names them by it."""


def missing() -> list[str]:
    """What is wrong with the files: one line for each that is not there or is not what it must be."""
    try:
        wanted = [line.split(maxsplit=1) for line in SUMS.read_text(encoding="utf-8").splitlines() if line]
    except OSError:
        return [f"{SUMS.name} is not there"]
    named = {name for _, name in wanted}
    found = [f"{name} is not listed in {SUMS.name}" for name in names() if name not in named]
    for digest, name in wanted:
        file = FOLDER / name
        if not file.is_file():
            found.append(f"{name} is not there")
        elif hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            found.append(f"{name} is not the file it must be")
    return found


def names() -> list[str]:
    """Every file we keep, as a page asks for it."""
    return [f"{package}/{file}" for package, files in WANTED.items() for file in files]


def asked_for() -> set[str]:
    """What the template of the Solara that is installed asks for, of pages like ours: Vuetify 2, no Font Awesome."""
    found = re.findall(r'\{\{cdn\}\}/?([^"]+)"', template().read_text(encoding="utf-8"))
    asked = {name.replace("{{ipywidget_major_version}}", WIDGETS) for name in found if "{{assets." not in name}
    ready = {name for name in asked if name.endswith(".min.js")}
    spelt_out = {name.replace(".min.js", ".js") for name in ready}
    return {name for name in asked - spelt_out if "vuetify3" not in name}


def template() -> Path:
    """Solara's page, as installed; found without importing Solara, which takes a second."""
    found = importlib.util.find_spec("solara")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("Solara is not installed")
    return Path(found.origin).parent / "server" / "templates" / "solara.html.j2"


def not_kept() -> set[str]:
    """What Solara asks for and we do not have: its page would stay blank without a network."""
    return asked_for() - set(names())


def fetch() -> None:
    """Fetch every file with npm, which must be there and online, and write down what each must be."""
    for package, files in WANTED.items():
        with tempfile.TemporaryDirectory() as folder:
            packed = subprocess.run(
                ["npm", "pack", "--silent", package], cwd=folder, check=True, capture_output=True, text=True
            )
            with tarfile.open(Path(folder) / packed.stdout.split()[-1]) as archive:
                for name in files:
                    member = archive.extractfile(f"package/{name}")
                    if member is None:
                        raise FileNotFoundError(f"{package} has no file {name}")
                    file = FOLDER / package / name
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(member.read())
    lines = [f"{hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()}  {name}\n" for name in names()]
    SUMS.write_text("".join(lines), encoding="utf-8")


def main() -> int:
    """Fetch the files, and say whether they are all that Solara asks for."""
    if not_kept():
        sys.stderr.write(f"Solara now asks for {', '.join(sorted(not_kept()))}: change WANTED in cdn_files.py\n")
        return 1
    fetch()
    size = sum((FOLDER / name).stat().st_size for name in names())
    sys.stdout.write(f"{len(names())} files, {size / 1e6:.1f} MB, in {FOLDER}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
