"""The page of the workshop as one text each of JavaScript and CSS, and its font: nothing is fetched from anywhere.

Change this file to add a part to the page: a file of stage/ is joined in the order of MODULES, so that whatever a part
imports stands before it. The parts are plain modules, each readable by itself; joining drops their import lines and
the word `export`, and refuses what would not be the same afterwards.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "stage"
FONT = Path(__file__).parent / "font" / "figtree-latin.woff2"

MODULES = (
    "dom", "words", "look", "icons", "frame", "map", "motion", "charts", "legend", "town", "paid", "sheets", "luck",
    "journey", "card", "controls", "shocks", "gallery", "drawer", "flow", "save", "menu", "tables", "stage",
)  # fmt: skip
"""The parts of the page, those that are imported before those that import them. The last one exports the page."""
STYLES = ("stage", "parts", "sheets", "narrow")
"""The style sheets, in the order in which later ones overrule earlier ones."""

IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
TOP_LEVEL = re.compile(r"^(export )?(?:async )?(?:function|class|const|let) +(\w+)", re.MULTILINE)


class BrokenPage(ValueError):
    """Parts of the page that cannot be joined, and why."""


@cache
def module() -> str:
    """All JavaScript of the page as one module, whose default export renders it."""
    return joined({name: (FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in MODULES})


@cache
def style() -> str:
    """All styles of the page, for its shadow root."""
    return "\n".join((FOLDER / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)


@cache
def fonts() -> str:
    """The page's font with its bytes inside. It must stand in the document: a shadow root cannot bring a font."""
    data = base64.b64encode(FONT.read_bytes()).decode()
    source = f'src:url(data:font/woff2;base64,{data}) format("woff2")'
    return f'@font-face{{font-family:"Figtree";font-weight:300 900;font-display:block;{source}}}'


def joined(parts: dict[str, str]) -> str:
    """Parts as one module, in the order given.

    Raises BrokenPage for a name that two parts define, one that is imported but not exported, and an import of a part
    that has not come yet.
    """
    home: dict[str, str] = {}
    exported: dict[str, set[str]] = {}
    texts = []
    for name, text in parts.items():
        for names, source in IMPORT.findall(text):
            if source not in exported:
                raise BrokenPage(f"{name}.js imports from {source}.js, which does not come before it")
            missing = {each.strip() for each in names.split(",")} - exported[source]
            if missing:
                raise BrokenPage(f"{name}.js imports {', '.join(sorted(missing))}, not exported by {source}.js")
        exported[name] = set()
        for is_exported, defined in TOP_LEVEL.findall(text):
            if defined in home:
                raise BrokenPage(f"{defined} is defined in both {home[defined]}.js and {name}.js")
            home[defined] = name
            if is_exported:
                exported[name].add(defined)
        own = EXPORT.sub("", IMPORT.sub("", text))
        if stray := re.search(r"^\s*(?:import\b|export (?!default)).*", own, re.MULTILINE):
            raise BrokenPage(f"{name}.js: a line that cannot be joined: {stray.group().strip()}")
        texts.append(f"// ---- {name}.js\n{own}")
    return "\n".join(texts)
