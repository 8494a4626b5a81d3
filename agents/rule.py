"""What marks a function as a rule: one thing that one row of a table does in a month.

Change this file only to change what every rule must be. A rule carries `@rule`, a name of its own and
a line in simulation/month.py; it runs plainly, can be compiled, and can be replaced by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Rule = Callable[..., Any]
Written = TypeVar("Written", bound=Rule)

RULES: dict[str, Rule] = {}
"""Every rule by its name, in the order the files were read."""

_replacing: ContextVar[bool] = ContextVar("_replacing", default=False)


def rule(function: Written) -> Written:
    """Mark a function as a rule of the town; the function itself is unchanged."""
    name = function.__name__
    known = RULES.get(name)
    if known is not None and not _same_text(known, function):
        if _replacing.get():
            return function
        raise ValueError(
            f"there are two rules called {name!r}: one in {_where(known)}, one in {_where(function)}. "
            "Give one of them another name; to replace a shipped rule, pass your file to --rules"
        )
    if not _replacing.get():
        RULES[name] = function
    return function


@contextmanager
def replacing() -> Iterator[None]:
    """While a file of replacements is read, `@rule` in it marks nothing new and refuses nothing."""
    before = _replacing.set(True)
    try:
        yield
    finally:
        _replacing.reset(before)


def _same_text(one: Rule, other: Rule) -> bool:
    """Whether two functions come from the same lines, as when a notebook reads a file again."""
    return one.__code__.co_filename == other.__code__.co_filename and (
        one.__code__.co_firstlineno == other.__code__.co_firstlineno
    )


def _where(function: Rule) -> str:
    return f"{function.__code__.co_filename}, line {function.__code__.co_firstlineno}"
