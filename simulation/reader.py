"""The reader of rules: what is wrong with a rule, in the words of someone looking over your shoulder.

Change this file to teach it a new mistake, or to allow something it forbids. It reads a rule before it
is run or compiled, and names the file, the line, the rule and the remedy. What it forbids either fails,
or cannot be compiled, or gives other numbers compiled than plainly.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import hashlib
import inspect
import linecache
import math
import random
import sys
import traceback
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import EnumMeta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.rule import RULES, replacing
from agents.tables import SINGLES
from simulation.compiled import reached

Rule = Callable[..., Any]


class RulesError(ValueError):
    """A file of rules that cannot be used, and why."""


class Problem(NamedTuple):
    """One thing wrong with a rule."""

    file: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, in {self.rule}: {self.text}"


# ---- what things are ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Thing:
    """What an expression stands for, as far as the reader can tell.

    `what` is one of: town, table, row, numbers (a list in a row), grid, number. `of` names the shape of
    rows; `whole` tells whether numbers are whole.
    """

    what: str
    of: str = ""
    whole: bool = False


TOWN = Thing("town")
WHOLE, FRACTION = Thing("number", whole=True), Thing("number")


@dataclass(frozen=True)
class Shapes:
    """What the reader knows of a town: the fields of each kind of row, and what each part of the town is."""

    rows: Mapping[str, Mapping[str, Thing]]
    town: Mapping[str, Thing | None]

    def called(self, name: str) -> Thing | None:
        """What a thing of this name usually is: `resident` and `Resident` are rows of residents."""
        if name.lower() == "town":
            return TOWN
        short = name.lower()
        if short in self.rows:
            return Thing("row", short)
        table = self.town.get(short + "s")
        return Thing("row", table.of) if table is not None and table.what == "table" else None


@cache
def shapes_of_kith() -> Shapes:
    """The shapes of the town that agents/tables.py declares."""
    from agents import tables  # noqa: PLC0415  toy towns are read without them
    from agents.declared import fields_of  # noqa: PLC0415
    from agents.parameters import Parameters  # noqa: PLC0415

    rows: dict[str, dict[str, Thing]] = {}
    town: dict[str, Thing | None] = dict.fromkeys(tables.Town._fields)
    for field, declared in {**tables.RECORDS, "parameters": Parameters}.items():
        shape = declared.__name__.lower()
        rows[shape] = {name: _field(entry.shape, entry.whole, shape) for name, entry in fields_of(declared).items()}
        town[field] = Thing("row" if field in SINGLES else "table", shape)
    town["kith"] = Thing("numbers", whole=True)
    town["handoff"] = Thing("grid")
    return Shapes(rows, town)


def shapes_of_town(town: Any) -> Shapes:
    """The shapes of any town, from its arrays."""
    rows: dict[str, dict[str, Thing]] = {}
    parts: dict[str, Thing | None] = {}
    for name, value in town._asdict().items():
        parts[name] = None
        if not isinstance(value, (np.ndarray, np.void)):
            continue
        if value.dtype.names:
            shape = name.removesuffix("s") if isinstance(value, np.ndarray) else name
            layout = {field: value.dtype[field] for field in value.dtype.names}
            rows[shape] = {field: _field(kind.shape, kind.base.kind == "i", shape) for field, kind in layout.items()}
            parts[name] = Thing("table" if isinstance(value, np.ndarray) and value.ndim == 1 else "row", shape)
            if isinstance(value, np.ndarray) and value.ndim > 1:
                parts[name] = None
        else:
            parts[name] = Thing("numbers" if value.ndim == 1 else "grid", whole=value.dtype.kind == "i")
    return Shapes(rows, parts)


def shapes_for(town: Any) -> Shapes:
    """The declared shapes for a town of ours; for any other, those of its arrays."""
    return shapes_of_kith() if type(town).__module__ == "agents.tables" else shapes_of_town(town)


def _field(shape: tuple[int, ...], whole: bool, of: str) -> Thing:
    return Thing(("number", "numbers", "grid")[min(2, len(shape))], of if shape else "", whole)


# ---- reading ----------------------------------------------------------------------------------------------


def read_rules(path: str | Path) -> dict[str, Rule]:
    """The rules a file replaces, by name. Raises RulesError, in words, where there is nothing to use."""
    import simulation.month  # noqa: F401, PLC0415  which reads every file of rules

    file = Path(path)
    space = _load(file)
    own = {name: value for name, value in space.items() if _stands_in(value, space)}
    found = {name: function for name, function in own.items() if name in RULES}
    problems = [
        problem for name, function in found.items() if (problem := _other_arguments(file, function, RULES[name]))
    ]
    reached = {helper for function in found.values() for helper in _helpers(function)}
    for name, function in own.items():
        close = difflib.get_close_matches(name, [rule for rule in RULES if rule not in own], 1, 0.8)
        if name not in found and close and function not in reached:
            line = function.__code__.co_firstlineno
            problems.append(f"{file.name}, line {line}: there is no rule called {name!r}; did you mean {close[0]!r}?")
    if not problems and not found:
        problems.append(_nothing_here(file, own))
    if problems:
        raise RulesError("\n".join(problems))
    return found


def read_rule(function: Rule, shapes: Shapes | None = None, like: Rule | None = None) -> list[Problem]:
    """What is wrong with a rule and with the helpers that stand in its file. An empty list: nothing was found.

    `like` is the rule it takes the place of: its arguments are then what that rule's arguments are.
    """
    known = shapes or shapes_of_kith()
    problems: list[Problem] = []
    for each in [function, *_helpers(function)]:
        problems += _read_alone(each, known, like if each is function else None)
    return problems


def _read_alone(function: Rule, shapes: Shapes, like: Rule | None) -> list[Problem]:
    tree = _tree_of(function)
    return [] if tree is None else _Reader(function, tree, shapes, like).problems


def _helpers(function: Rule) -> list[Rule]:
    """The functions a rule reaches in its own file, without the rule itself."""
    found: dict[Rule, None] = {function: None}
    waiting = [function]
    while waiting:
        for _, value in reached(waiting.pop()):
            if _stands_in(value, function.__globals__) and value not in found:
                found[value] = None
                waiting.append(value)
    return list(found)[1:]


def _stands_in(value: object, space: Mapping[str, Any]) -> bool:
    return isinstance(value, types.FunctionType) and value.__globals__ is space


def _tree_of(function: Rule) -> ast.FunctionDef | None:
    """The function as its author wrote it, with the file's own line numbers; None where there is no text."""
    code = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__)
    module = _parsed("".join(lines))
    for node in ast.walk(module) if module is not None else ():
        if isinstance(node, ast.FunctionDef) and node.name == function.__name__:
            first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
            if code.co_firstlineno in (first, node.lineno):
                return node
    return None


@cache
def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:
        return None


# ---- loading a file ------------------------------------------------------------------------------------------


def _load(file: Path) -> dict[str, Any]:
    """Run a file of rules as a module of its own; files beside it can be imported."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise RulesError(f"{file}: this file of rules cannot be read: {reason}") from None
    path = str(file.resolve())
    name = f"rules_{file.stem}_{hashlib.sha256(path.encode()).hexdigest()[:8]}"
    module = types.ModuleType(name)
    module.__file__ = path
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    folder = str(file.resolve().parent)
    sys.path.insert(0, folder)
    try:
        sys.modules[name] = module
        with replacing():
            exec(compile(text, path, "exec"), module.__dict__)
    except SyntaxError as problem:
        where = f"{Path(problem.filename or path).name}, line {problem.lineno}"
        raise RulesError(f"{where}: this is not Python yet: {problem.msg}") from None
    except (Exception, SystemExit) as problem:
        lines = [step.lineno for step in traceback.extract_tb(problem.__traceback__) if step.filename == path]
        where = f"{file.name}, line {lines[-1]}" if lines else file.name
        raise RulesError(f"{where}: {type(problem).__name__}: {problem}") from problem
    finally:
        sys.path.remove(folder)
    return module.__dict__


def _nothing_here(file: Path, own: Mapping[str, Rule]) -> str:
    if not own:
        return f"{file.name} has no functions; a file of rules holds at least one, named like the rule it replaces"
    closest = [(name, close[0]) for name in own if (close := difflib.get_close_matches(name, RULES, 1, 0.5))]
    hint = f"; did you mean {closest[0][1]!r} by {closest[0][0]!r}?" if closest else ""
    return f"{file.name} replaces no rule: it has {', '.join(own)}{hint} (`kith rules` lists the names)"


def _other_arguments(file: Path, mine: Rule, shipped: Rule) -> str:
    """What differs between the arguments of a rule and of the one it replaces; nothing when they agree."""
    given, wanted = _arguments(mine), _arguments(shipped)
    moved = sorted(given) == sorted(wanted) and given != wanted
    if len(given) == len(wanted) and not moved and not mine.__code__.co_kwonlyargcount:
        return ""
    return (
        f"{file.name}, line {mine.__code__.co_firstlineno}: {mine.__name__} is given ({', '.join(wanted)}), "
        f"and here it takes ({', '.join(given)})"
    )


def _arguments(function: Rule) -> list[str]:
    code = function.__code__
    return list(code.co_varnames[: code.co_argcount])


# ---- one rule -----------------------------------------------------------------------------------------------


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


SAME_MATH = words(
    "exp expm1 log log1p log2 log10 sqrt pow sin cos tan tanh sinh cosh atan asin acos atan2 erf erfc floor ceil "
    "trunc fabs copysign isnan isinf isfinite degrees radians pi e tau inf nan"
)
"""What math offers that gives the same bits plainly and compiled."""

WHOLE_MATH = frozenset({"floor", "ceil", "trunc"})
PLAIN_WORDS = words(
    "abs min max round int float bool len range enumerate zip sum divmod True False None "
    "ValueError IndexError RuntimeError ArithmeticError ZeroDivisionError Exception AssertionError"
)
FORBIDDEN: dict[type[ast.AST], str] = {
    ast.Lambda: "a lambda cannot be compiled: write the loop, or a small function",
    ast.GeneratorExp: "sum(... for ...) cannot be compiled: write the loop",
    ast.ListComp: "a list cannot be compiled: keep a running number, or a tuple",
    ast.List: "a list cannot be compiled: keep a running number, or a tuple",
    ast.Dict: "a dict cannot be compiled: use a tuple, or a parameter",
    ast.DictComp: "a dict cannot be compiled: use a tuple, or a parameter",
    ast.Set: "a set cannot be compiled: use a tuple",
    ast.SetComp: "a set cannot be compiled: use a tuple",
    ast.Try: "try ... except cannot be compiled: test before you act",
    ast.JoinedStr: "text with numbers in it cannot be compiled: look at the town from outside the rule",
    ast.Yield: "a generator cannot be compiled: loop over town.agreements[...]",
    ast.YieldFrom: "a generator cannot be compiled: loop over town.agreements[...]",
    ast.With: "with cannot be compiled",
    ast.Await: "await cannot be compiled",
    ast.AsyncFor: "async cannot be compiled",
    ast.AsyncWith: "async cannot be compiled",
    ast.ClassDef: "a class cannot be made inside a rule: use a tuple, or declare a column",
    ast.Global: "a rule may not change a global: keep what must be remembered in a column",
    ast.Nonlocal: "a rule may not change another function's variable: return the number instead",
    ast.Import: "import at the top of the file, not inside a rule",
    ast.ImportFrom: "import at the top of the file, not inside a rule",
    ast.Delete: "del cannot be compiled",
    ast.Starred: "a * argument cannot be compiled: name the arguments",
}


class _Reader(ast.NodeVisitor):
    """Walks one function and collects what is wrong with it."""

    def __init__(self, function: Rule, tree: ast.FunctionDef, shapes: Shapes, like: Rule | None) -> None:
        self.function, self.tree, self.shapes = function, tree, shapes
        self.file = Path(function.__code__.co_filename).name
        self.problems: list[Problem] = []
        self.globals: dict[str, Any] = function.__globals__
        self.kinds: dict[str, Thing | None] = {}
        self._name_arguments(like)
        self._name_locals()
        self.local = self._local_names()
        self.known = self.local | set(self.globals) | set(function.__code__.co_freevars)
        for part in tree.body:
            self.visit(part)

    def say(self, node: ast.AST, text: str) -> None:
        line = getattr(node, "lineno", self.tree.lineno)
        problem = Problem(self.file, line, self.function.__name__, text)
        if problem not in self.problems:
            self.problems.append(problem)

    # ---- what names stand for ----

    def _name_arguments(self, like: Rule | None) -> None:
        wanted = _arguments(like) if like is not None else []
        for place, argument in enumerate(self.tree.args.args):
            written = ast.unparse(argument.annotation) if argument.annotation is not None else None
            thing = self._annotated(written) if written is not None else self.shapes.called(argument.arg)
            if thing is None and written is None and place < len(wanted) and like is not None:
                thing = self._annotated(str(like.__annotations__.get(wanted[place], ""))) or self.shapes.called(
                    wanted[place]
                )
            self.kinds[argument.arg] = thing

    def _annotated(self, written: str) -> Thing | None:
        word = written.strip("'\"").rsplit(".", 1)[-1]
        if word in ("int", "float"):
            return WHOLE if word == "int" else FRACTION
        return self.shapes.called(word) if word[:1].isupper() else None

    def _name_locals(self) -> None:
        """Work out what local names stand for, twice over, so that one may stand for another."""
        for _ in range(3):
            found: dict[str, set[Thing | None]] = {}
            for name, thing in self._namings():
                found.setdefault(name, set()).add(thing)
            for name, things in found.items():
                earlier = self.kinds.get(name)
                if earlier is not None and name in _arguments(self.function):
                    things.add(earlier)
                self.kinds[name] = _one_of(things)

    def _namings(self) -> Iterator[tuple[str, Thing | None]]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    yield from self._bind(target, self.thing(node.value), node.value)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                yield node.target.id, self._annotated(ast.unparse(node.annotation))
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                both = ast.BinOp(node.target, node.op, node.value)
                yield node.target.id, self.thing(both)
            elif isinstance(node, ast.NamedExpr):
                yield node.target.id, self.thing(node.value)
            elif isinstance(node, ast.For):
                yield from self._bind(node.target, self.each(node.iter), None)

    def _bind(
        self, target: ast.expr, thing: Thing | None, value: ast.expr | None
    ) -> Iterator[tuple[str, Thing | None]]:
        if isinstance(target, ast.Name):
            yield target.id, thing
        elif isinstance(target, ast.Tuple):
            parts = value.elts if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts) else []
            for place, name in enumerate(target.elts):
                yield from self._bind(
                    name, self.thing(parts[place]) if parts else None, parts[place] if parts else None
                )

    def _local_names(self) -> set[str]:
        nodes = list(ast.walk(self.tree))
        stored = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
        inner = {node.name for node in nodes if isinstance(node, ast.FunctionDef) and node is not self.tree}
        arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
        return stored | inner | arguments

    # ---- what expressions stand for ----

    def each(self, node: ast.expr) -> Thing | None:
        """What a loop over this gives each time."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
            return WHOLE
        thing = self.thing(node)
        if thing is None:
            return None
        if thing.what == "table":
            return Thing("row", thing.of)
        return Thing("number", whole=thing.whole) if thing.what == "numbers" else None

    def thing(self, node: ast.expr) -> Thing | None:
        """What an expression stands for, or None where the reader cannot tell."""
        if isinstance(node, ast.Name):
            return self.kinds.get(node.id) if node.id in self.kinds else _constant(self.globals.get(node.id))
        if isinstance(node, ast.Constant):
            return _constant(node.value)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, ast.Div):
                return FRACTION
            return _together(self.thing(node.left), self.thing(node.right))
        if isinstance(node, ast.UnaryOp):
            return WHOLE if isinstance(node.op, ast.Not) else self.thing(node.operand)
        if isinstance(node, ast.IfExp):
            return _together(self.thing(node.body), self.thing(node.orelse))
        return WHOLE if isinstance(node, ast.Compare) else None

    def _attribute(self, node: ast.Attribute) -> Thing | None:
        base = self.thing(node.value)
        if base == TOWN:
            return self.shapes.town.get(node.attr)
        if base is not None and base.what == "row":
            return self.shapes.rows[base.of].get(node.attr)
        if isinstance(node.value, ast.Name):
            value = self.globals.get(node.value.id)
            if isinstance(value, EnumMeta):
                return WHOLE
            if value is math:
                return FRACTION
        return None

    def _subscript(self, node: ast.Subscript) -> Thing | None:
        base = self.thing(node.value)
        if base is None:
            return None
        if isinstance(node.slice, ast.Slice):
            return base
        if base.what == "table":
            return Thing("row", base.of)
        return Thing("number", whole=base.whole) if base.what in ("numbers", "grid") else None

    def _call(self, node: ast.Call) -> Thing | None:
        if isinstance(node.func, ast.Attribute):
            inside_math = isinstance(node.func.value, ast.Name) and self.globals.get(node.func.value.id) is math
            return (WHOLE if node.func.attr in WHOLE_MATH else FRACTION) if inside_math else None
        if not isinstance(node.func, ast.Name):
            return None
        name = node.func.id
        value = self.globals.get(name)
        if isinstance(value, types.FunctionType):
            return self._annotated(str(value.__annotations__.get("return", "")))
        if name in ("int", "len") or (name == "round" and len(node.args) == 1):
            return WHOLE
        if name == "float":
            return FRACTION
        if name in ("min", "max", "abs") and len(node.args) > (name != "abs"):
            things = [self.thing(argument) for argument in node.args]
            return FRACTION if FRACTION in things else _one_of(set(things))
        return None

    # ---- what is wrong ----

    def generic_visit(self, node: ast.AST) -> None:
        for kind, text in FORBIDDEN.items():
            if type(node) is kind:
                self.say(node, text)
                return
        super().generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for part in node.body:
            self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._store(node.target, node.value)
        for part in (node.target, node.value):
            if part is not None:
                self.visit(part)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._store(target, node.value)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.op, ast.Pow):
            self._no_power(node)
        self._store(node.target, ast.BinOp(node.target, node.op, node.value))
        self.generic_visit(node)

    def _store(self, target: ast.expr, value: ast.expr | None) -> None:
        if not isinstance(target, (ast.Attribute, ast.Subscript)):
            return
        held = self.thing(target)
        name = target.attr if isinstance(target, ast.Attribute) else ast.unparse(target.value).rsplit(".", 1)[-1]
        if isinstance(target, ast.Attribute) and self.thing(target.value) == TOWN:
            self.say(target, f"the town's {name} cannot be replaced: write into its rows")
        elif held is not None and held.what in ("numbers", "grid") and isinstance(target, ast.Attribute):
            self.say(target, f"{name!r} holds several numbers: write {name}[...] = number")
        elif held == WHOLE and value is not None and self.thing(value) == FRACTION:
            self.say(target, f"{name!r} holds whole numbers; this would store a fraction: use int(...)")
        elif held is not None and held.what == "row" and isinstance(target, ast.Subscript):
            self.say(target, "a row cannot be replaced: write into its fields")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        base = self.thing(node.value)
        if base == TOWN:
            if node.attr not in self.shapes.town:
                self.say(node, f"the town has no {node.attr!r}{_near(node.attr, self.shapes.town)}")
        elif base is not None and base.what == "row":
            self._field_exists(node, base)
        elif base is not None and base.what in ("numbers", "grid"):
            self.say(node, f"{ast.unparse(node.value)!r} has no .{node.attr}: use a loop, sum(...) or max(...)")
        elif base is not None and base.what == "table":
            self.say(node, f"{ast.unparse(node.value)!r} is a table: name a row first, as in [number].{node.attr}")
        elif base is not None and isinstance(node.value, ast.Name):
            self.say(node, f"{node.value.id!r} is a number, not a row: look the row up, as in town.residents[...]")
        elif isinstance(node.value, ast.Name) and node.value.id not in self.kinds:
            self._global_attribute(node, self.globals.get(node.value.id))
            if node.value.id in self.known:
                return
        self.generic_visit(node)

    def _field_exists(self, node: ast.Attribute, base: Thing) -> None:
        fields = self.shapes.rows[base.of]
        if node.attr in fields:
            return
        if node.attr in RULES:
            self.say(node, f"{node.attr!r} is a rule, not a field: write {node.attr}({ast.unparse(node.value)}, town)")
        else:
            self.say(node, f"{_named(base.of)} has no {node.attr!r}{_near(node.attr, fields)}")

    def _global_attribute(self, node: ast.Attribute, value: object) -> None:
        if isinstance(value, EnumMeta):
            if node.attr not in value.__members__:
                self.say(node, f"{value.__name__} has no {node.attr!r}{_near(node.attr, value.__members__)}")
        elif isinstance(value, types.ModuleType):
            self._module_attribute(node, value.__name__)

    def _module_attribute(self, node: ast.Attribute, module: str) -> None:
        if module == "math":
            if node.attr in SAME_MATH:
                return
            if not hasattr(math, node.attr):
                self.say(node, f"math has no {node.attr!r}{_near(node.attr, SAME_MATH)}")
            else:
                self.say(node, f"math.{node.attr} is not the same number plainly and compiled")
        elif module == "random" or (module == "numpy" and node.attr == "random"):
            self.say(node, NO_OTHER_CHANCE)
        elif module.split(".", maxsplit=1)[0] == "numpy":
            self.say(node, f"np.{node.attr} is not for rules: use math.* and loops")
        else:
            self.say(node, f"{module}.{node.attr}: import the name itself (from {module} import {node.attr})")

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load) or node.id in self.local:
            return
        if node.id in self.globals:
            self._global_value(node, self.globals[node.id])
        elif node.id == "print":
            self.say(node, 'print(...) cannot be compiled: it works with engine "plain"')
        elif node.id not in self.known and node.id not in PLAIN_WORDS:
            known = "cannot be used in a rule" if hasattr(builtins, node.id) else "is not defined"
            self.say(node, f"{node.id!r} {known}{_near(node.id, {*self.known, *PLAIN_WORDS} - {node.id})}")

    def _global_value(self, node: ast.Name, value: object) -> None:
        if value is self.function:
            self.say(node, "a rule may not call itself: use a while loop")
        elif isinstance(value, (dict, list, set)):
            self.say(node, f"{node.id!r} is a {type(value).__name__}: make it a number, a tuple or a parameter")
        elif isinstance(value, type) and not isinstance(value, EnumMeta):
            self.say(node, f"{node.id!r} is a class: rules use numbers, tuples and the town")
        elif getattr(value, "__module__", None) == "random" or isinstance(
            getattr(value, "__self__", None), random.Random
        ):
            self.say(node, NO_OTHER_CHANCE)
        elif isinstance(value, types.BuiltinFunctionType) and getattr(value, "__module__", "") not in (
            "math",
            "builtins",
        ):
            self.say(node, f"{node.id!r} cannot be used in a rule")

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Pow):
            self._no_power(node)
        self.generic_visit(node)

    def _no_power(self, node: ast.AST) -> None:
        self.say(node, "** is not the same number plainly and compiled: write x * x, math.sqrt(x) or math.pow(x, y)")

    def visit_Subscript(self, node: ast.Subscript) -> None:
        base = self.thing(node.value)
        if base is not None and base.what == "grid" and not isinstance(node.slice, ast.Tuple):
            name = ast.unparse(node.value)
            self.say(node, f"{name.rsplit('.', 1)[-1]!r} is a grid: write {name}[row, column]")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if _is_nothing(node.value) and any(
            isinstance(other, ast.Return) and not _is_nothing(other.value) for other in ast.walk(self.tree)
        ):
            self.say(node, "returns nothing here and a number elsewhere: return NOBODY, or 0.0")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id not in self.kinds:
            value = self.globals.get(node.func.id)
            if isinstance(value, types.FunctionType):
                self._arguments_fit(node, value)
        self.generic_visit(node)

    def _arguments_fit(self, node: ast.Call, called: Rule) -> None:
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            return
        signature = inspect.signature(called)
        try:
            given = signature.bind(*node.args, **{word.arg: word.value for word in node.keywords if word.arg})
        except TypeError as problem:
            self.say(node, f"{called.__name__}{signature_text(called)}: {problem}")
            return
        who = given.arguments.get("who")
        thing = self.thing(who) if isinstance(who, ast.expr) else None
        if called.__module__ == "agents.chance" and thing is not None and thing.what == "row" and who is not None:
            name = ast.unparse(who)
            wanted = "address" if "address" in self.shapes.rows[thing.of] else "id"
            self.say(node, f"chance belongs to a number, not to a row: write {name}.{wanted}")


NO_OTHER_CHANCE = "chance must come from chance(town, Decision.SOMETHING, who), so that a seed repeats the run"


def signature_text(function: Rule) -> str:
    """The arguments of a function, as it would be called."""
    return f"({', '.join(_arguments(function))})"


def _constant(value: object) -> Thing | None:
    if isinstance(value, bool):
        return WHOLE
    if isinstance(value, int):
        return WHOLE
    return FRACTION if isinstance(value, float) else None


def _together(one: Thing | None, other: Thing | None) -> Thing | None:
    """What arithmetic on two numbers gives."""
    if FRACTION in (one, other):
        return FRACTION
    return WHOLE if one == other == WHOLE else None


def _one_of(things: Iterable[Thing | None]) -> Thing | None:
    """What a name stands for that was given several things: known only where they agree."""
    found = set(things)
    return found.pop() if len(found) == 1 else None


def _is_nothing(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _named(shape: str) -> str:
    """A row in a sentence: a tie, an organisation, the clock."""
    if shape in SINGLES:
        return f"town.{shape}"
    return f"{'an' if shape[0] in 'aeiou' else 'a'} {shape}"


def _near(word: str, words: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(words), 1)
    return f" (did you mean {close[0]!r}?)" if close else ""
