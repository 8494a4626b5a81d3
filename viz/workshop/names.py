"""What residents, parts of town and organisations are called, in the language of the page.

Change this file to give names otherwise; the names themselves stand in words/*/names.toml. A resident's name follows
from age and the address of their luck, so it is the same in both towns and in every run, and tells
nothing else about the person.
"""

from __future__ import annotations

from functools import cache

from agents.chance import draw_alone, month_key
from agents.tables import NEEDS, Town
from viz.workshop.words import text

GENERATIONS = ((40.0, "young"), (65.0, "middle"), (200.0, "old"))
"""Up to which age, and which list of first names."""
NAMING = month_key(0, 0)
SLOT = 4096
"""The key and the slot of the luck that names people; no rule of the model draws there."""


@cache
def listed(language: str, key: str) -> tuple[str, ...]:
    """A list of names from the catalogue."""
    return tuple(name.strip() for name in text(language, f"names.{key}").split(","))


def resident(town: Town, row: int, language: str) -> str:
    """A resident's first name."""
    age = float(town.residents["age"][row])
    names = listed(language, next(name for below, name in GENERATIONS if age < below))
    return names[int(draw_alone(NAMING, SLOT, int(town.residents["luck"][row])) * len(names))]


def neighbourhood(row: int, language: str) -> str:
    """What a part of town is called. With more parts than names, names come again, numbered."""
    names = listed(language, "places")
    again, place = divmod(row, len(names))
    return names[place] if again == 0 else text(language, "names.again", name=names[place], number=again + 1)


def need(row: int, language: str) -> str:
    """What a need is called."""
    return text(language, f"names.needs.{row}")


HYPHEN = "\u00ad"
"""Where a long word may be parted; nothing is seen of it where it is not."""


def short(row: int, language: str) -> str:
    """What an organisation is called where there is little room."""
    return parted(row, language).replace(HYPHEN, "")


def parted(row: int, language: str) -> str:
    """The same, with the places where a long word may be parted."""
    if row < NEEDS:
        return text(language, f"names.services.{row}")
    return text(language, f"names.partners.{(row - NEEDS) % NEEDS}", number=row - NEEDS + 1)


def organisation(town: Town, row: int, language: str) -> str:
    """What an organisation is called, and for a partner of which sector it is. In English as the model has it."""
    if row < NEEDS:
        return short(row, language)
    sector = text(language, f"names.sectors.{int(town.organisations['sector'][row])}")
    return text(language, "names.partners.whole", short=short(row, language), sector=sector)
