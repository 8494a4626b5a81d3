"""Replaced rules as text that stands by itself, and rules from such text.

Change this file to let more rules be written down. Text stands by itself when a file that holds only it can be given
to --rules. Rules read from a file are kept as that file; of others we keep the functions, the helpers they reach
in their own file, and the imports and plain numbers both need.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import re
import sys
import tempfile
import textwrap
import types
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from agents.rule import RULES, Rule
from simulation.compiled import reached
from simulation.reader import RulesError, read_rules

UNWRITTEN = "# These rules cannot be written down: "
TOP = "from __future__ import annotations\n"


class Unwritten(ValueError):
    """A rule whose text does not stand by itself, and why."""


def text_of(rules: Mapping[str, Rule]) -> str:
    """The rules that are replaced, as the text of a file; a comment that says why where they cannot be written."""
    if not rules:
        return ""
    try:
        strange = [name for name, rule in rules.items() if not isinstance(rule, types.FunctionType)]
        if strange:
            raise Unwritten(f"{', '.join(strange)} is not a function of Python; put it in a file of rules")
        return _whole_file(rules) or _gathered(rules)
    except Unwritten as problem:
        return f"{UNWRITTEN}{problem}\n"


@cache
def rules_from_text(text: str) -> Mapping[str, Rule]:
    """The rules that a text holds: the same functions each time it is asked for. Raises RulesError."""
    if not text.strip():
        return {}
    if text.startswith(UNWRITTEN):
        raise RulesError(text.removeprefix(UNWRITTEN).strip())
    with tempfile.TemporaryDirectory(prefix="kith-") as folder:
        file = Path(folder) / "rules.py"
        file.write_text(text, encoding="utf-8")
        return types.MappingProxyType(read_rules(file))


def _whole_file(rules: Mapping[str, Rule]) -> str:
    """The text of the file that `read_rules` read these rules from, if it holds them all and no others."""
    spaces = {id(rule.__globals__): rule.__globals__ for rule in rules.values()}
    space = next(iter(spaces.values()))
    if len(spaces) > 1 or not str(space.get("__name__", "")).startswith("rules_"):
        return ""
    own = {name: value for name, value in space.items() if name in RULES and isinstance(value, types.FunctionType)}
    if {name: value for name, value in own.items() if value.__globals__ is space} != dict(rules):
        return ""
    return "".join(linecache.getlines(str(space.get("__file__", ""))))


def _gathered(rules: Mapping[str, Rule]) -> str:
    known: dict[str, str] = {}
    names: dict[str, Any] = {}
    for name, rule in rules.items():
        _gather(name, rule, known, names)
    lines = [text for text in known.values() if not text.startswith("def ")]
    functions = [text for text in known.values() if text.startswith("def ")]
    return "\n\n\n".join(["\n".join([TOP, *lines]).strip(), *functions]).strip() + "\n"


def _gather(name: str, function: Rule, known: dict[str, str], names: dict[str, Any]) -> None:
    """Add a function and all it needs, each under the name it is called by."""
    if name in names and names[name] is not function:
        raise Unwritten(f"{name} means two things in them")
    if name in names:
        return
    names[name] = function
    known[name] = ""
    text, needed = _own_text(name, function)
    for called, value in needed:
        if called in names:
            if names[called] is not value and names[called] != value:
                raise Unwritten(f"{called} means two things in them")
        elif isinstance(value, types.FunctionType) and value.__globals__ is function.__globals__:
            _gather(called, value, known, names)
        else:
            known[called], names[called] = _said(called, value, function), value
    known[name] = text


def _own_text(name: str, function: Rule) -> tuple[str, Iterator[tuple[str, Any]]]:
    """A function's text under this name, without marks above it; and the names it needs, with what they mean."""
    try:
        text = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(text)
    except (OSError, TypeError, SyntaxError):
        raise Unwritten(f"the text of {function.__name__} is not to be had; put it in a file of rules") from None
    node = tree.body[0]
    if not isinstance(node, ast.FunctionDef):
        raise Unwritten(f"{name} is not written with def; put it in a file of rules")
    text = "\n".join(text.split("\n")[node.lineno - 1 :]).rstrip()
    given = [each for each in (*node.args.defaults, *node.args.kw_defaults) if each is not None]
    defaults = {each.id for value in given for each in ast.walk(value) if isinstance(each, ast.Name)}

    def needed() -> Iterator[tuple[str, Any]]:
        yield from ((each, value) for each, value in reached(function) if each != function.__name__)
        yield from ((each, function.__globals__[each]) for each in sorted(defaults & set(function.__globals__)))
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        yield from ((each, cell.cell_contents) for each, cell in cells)

    return re.sub(rf"^def {re.escape(node.name)}\b", f"def {name}", text), needed()


def _said(name: str, value: Any, by: Rule) -> str:
    """A line that gives a name its meaning: an import, or a plain number."""
    if isinstance(value, types.ModuleType):
        return f"import {value.__name__} as {name}"
    if isinstance(value, (bool, int, float, str, tuple, type(None))):
        if isinstance(value, int) and not isinstance(value, bool):
            value = int(value)
        if _reads_back(value):
            return f"{name} = {value!r}"
    home, called = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    module = sys.modules.get(str(home))
    if module is not None and home != by.__module__ and getattr(module, called, None) is value:
        return f"from {home} import {called} as {name}"
    raise Unwritten(f"{by.__name__} needs {name}, a {type(value).__name__}; put it in a file of rules")


def _reads_back(value: Any) -> bool:
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError):
        return False
