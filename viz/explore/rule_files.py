"""The rules of the month as a student meets them: in order, with file and line, and as a file of one's own to change.

Change this file to hand out other beginnings. What it hands out is text: nothing of it is run here.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from agents.rule import Rule
from simulation.month import MONTH
from viz.document import first_sentence, stages

OWN_FILE = "my_rules.py"
HOUSE = Path(__file__).parent.parent.parent
WRITTEN_BY_MEASURES = "simulation/measures.py"


class Shown(NamedTuple):
    """One line of the month."""

    stage: str
    table: str
    name: str
    says: str
    file: str
    line: int
    """0 for a rule that is written by code and stands in no file."""
    source: str


@cache
def month() -> tuple[Shown, ...]:
    """Every rule of the month in order, under its stage."""
    found, stage, headings = [], "", stages()
    for place, (table, rule) in enumerate(MONTH):
        stage = headings.get(place, stage)
        found.append(Shown(stage, table, rule.__name__, first_sentence(rule), *_where(rule)))
    return tuple(found)


def shown(name: str) -> Shown:
    """The rule of this name. Raises KeyError when the month has none."""
    return next((each for each in month() if each.name == name), None) or _no(name)


def _no(name: str) -> Any:
    raise KeyError(name)


def _where(rule: Rule) -> tuple[str, int, str]:
    try:
        file = Path(inspect.getfile(rule)).resolve(strict=True).relative_to(HOUSE).as_posix()
        lines, first = inspect.getsourcelines(rule)
    except (OSError, TypeError, ValueError):
        return WRITTEN_BY_MEASURES, 0, ""
    return file, first, "".join(lines)


@cache
def own_file(name: str) -> str:
    """A rule as the text of a file for --rules: as it stands, with the imports it needs, ready to be changed.

    Helpers are imported from where they are; copy one as well to change it. Empty for a rule that stands in no file.
    """
    told = shown(name)
    if not told.source:
        return ""
    text = (HOUSE / told.file).read_text(encoding="utf-8")
    needed = names_in(told.source) - set(dir(builtins)) - {name}
    lines: dict[str, list[str]] = {}
    whole = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module != "__future__":
            for each in node.names:
                if (each.asname or each.name) in needed:
                    lines.setdefault(node.module, []).append(_as(each))
        elif isinstance(node, ast.Import):
            whole += [f"import {_as(each)}" for each in node.names if (each.asname or each.name) in needed]
        else:
            own = sorted(set(_made_by(node)) & needed)
            if own:
                lines.setdefault(told.file.removesuffix(".py").replace("/", "."), []).extend(own)
    imports = [f"from {module} import {', '.join(sorted(set(names)))}" for module, names in sorted(lines.items())]
    head = "\n".join([*whole, *([""] if whole and imports else []), *imports])
    return f"# {OWN_FILE}\n{head}\n\n\n{told.source.rstrip()}\n"


def names_in(source: str) -> set[str]:
    """Every name that a piece of code reads, those in annotations included."""
    found = set()
    for node in ast.walk(ast.parse(inspect.cleandoc(source))):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"\w+", node.value):
            found.add(node.value)
    return found


def _made_by(node: ast.stmt) -> list[str]:
    """What a statement at the top of a file names."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]


def _as(name: ast.alias) -> str:
    return f"{name.name} as {name.asname}" if name.asname else name.name
