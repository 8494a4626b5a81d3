"""Numbers as a language writes them: thousands, decimals, pounds and per cent.

Change this file to write numbers otherwise; the marks between the digits stand in words/*/numbers.toml.
"""

from __future__ import annotations

from viz.workshop.words import text

MINUS = "−"


def decimal(language: str, number: float, places: int = 1) -> str:
    """A number with so many decimal places; never a minus before nothing."""
    plain = f"{abs(number):,.{places}f}"
    told = written(language, plain)
    return MINUS + told if number < 0 and any(digit in "123456789" for digit in plain) else told


def written(language: str, plain: str) -> str:
    """A number written in Python's way, in the language's."""
    points = {",": text(language, "numbers.thousands"), ".": text(language, "numbers.point")}
    return "".join(points.get(sign, sign) for sign in plain)


def whole(language: str, number: float) -> str:
    """The nearest whole number."""
    return decimal(language, number, 0)


def pounds(language: str, number: float, places: int = 0) -> str:
    """An amount of money, in whole pounds unless it says otherwise."""
    told = decimal(language, number, places)
    minus = MINUS if told.startswith(MINUS) else ""
    return minus + text(language, "numbers.pounds", number=told.removeprefix(MINUS))


def percent(language: str, share: float, places: int = 0) -> str:
    """A share as so many per cent."""
    return text(language, "numbers.percent", number=decimal(language, 100.0 * share, places))


def change(language: str, share: float) -> str:
    """A change as so many per cent more or less."""
    told = percent(language, share)
    return told if told.startswith(MINUS) or whole(language, 100.0 * share) == "0" else f"+{told}"
