"""Numbers, and a few words around them, as people read them: in answers, on pages and in figures.

Change this file to change how a number is written everywhere but in the workshop, where each language has its own way.
How a measure is written, with its unit and its decimals, is in viz/readings.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable


def short(value: float, digits: int = 3) -> str:
    """A number with so many digits that count; what is larger, in whole."""
    if math.isnan(value):
        return "–"
    return minus(f"{value:,.0f}" if 10**digits - 0.5 <= abs(value) < math.inf else f"{value:.{digits}g}")


def signed(value: float, digits: int = 3) -> str:
    """The same with its sign, for a difference; next to nothing is 0."""
    if abs(value) <= 1e-12:
        return "0"
    return f"{'+' if value > 0.0 else ''}{short(value, digits)}"


def pounds(amount: float, sign: bool = False) -> str:
    """An amount of money in whole pounds, with a sign in front of it if one is asked for."""
    before = "" if abs(amount) <= 0.5 else "−" if amount < 0.0 else "+" if sign else ""
    return f"{before}£{abs(amount):,.0f}"


def minus(number: str) -> str:
    """A number that is written already, with a minus that is one; what is rounded to 0 is not below it."""
    return number.replace("-", "−" if number.strip("-0.,%") else "")


def listed(words: Iterable[str]) -> str:
    """Words as a list: a, b and c."""
    found = list(words)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}" if found else ""


def capital(text: str) -> str:
    """A text that begins a sentence."""
    return text[:1].upper() + text[1:]


def small(text: str) -> str:
    """A text that goes on in one."""
    return text[:1].lower() + text[1:]


def reason(error: Exception) -> str:
    """Why a file could not be read or written, as a clause: what the machine said of it."""
    return (getattr(error, "strerror", None) or str(error)).lower()
