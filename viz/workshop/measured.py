"""What a measure is called, and how its numbers are written, in each language.

Change this file to write a measure otherwise. Names and units have their English home where the measure is declared
(simulation/measures.py); other languages translate them in words/*/declared.toml, under `measures` and `units`.
"""

from __future__ import annotations

from viz.readings import reading
from viz.workshop.numbers import MINUS, decimal, percent, pounds
from viz.workshop.words import text, translated


def title(language: str, measure: str) -> str:
    """What a measure is called."""
    return translated(language, f"measures.{measure}", reading(measure).title)


def unit(language: str, measure: str) -> str:
    """What a measure is counted in; nothing where its numbers say so themselves."""
    how = reading(measure)
    if how.scale == 100.0 or (how.money and how.unit == "£"):
        return ""
    return translated(language, f"units.{name_of(how.unit)}", how.unit)


def name_of(unit: str) -> str:
    """A unit as a key: `cases_per_1000_residents`."""
    kept = unit.replace("£", "pounds").replace("–", "to").replace(",", "")
    return "_".join("".join(sign if sign.isalnum() else " " for sign in kept).split()).lower()


def level(language: str, measure: str, value: float) -> str:
    """A number of a measure: "58.1%", "£345", "7.44"."""
    how = reading(measure)
    if how.scale == 100.0:
        return percent(language, value, how.places)
    return pounds(language, value, how.places) if how.money else decimal(language, value, how.places)


def difference(language: str, measure: str, value: float) -> str:
    """A difference in a measure, with its sign: "+7.0 points", "−£12.40", "+0.073"."""
    how = reading(measure)
    if how.scale == 100.0:
        told = text(language, "measured.points", number=decimal(language, 100.0 * value, how.fine))
    elif how.money:
        told = pounds(language, value, how.fine)
    else:
        told = decimal(language, value, how.fine)
    nothing = not any(sign in "123456789" for sign in told)
    return told if nothing or told.startswith(MINUS) else f"+{told}"
