"""What the model declares, told in a language: settings, what a number means, its unit, how well it is known.

Change this file to tell it otherwise. The English words stand where a number or a setting is declared; other languages
translate them in words/*/declared.toml, and what they do not translate is told in English.
"""

from __future__ import annotations

from functools import cache

from agents.declared import Declared
from simulation.scenario import Scenario, load_scenario, settings
from viz.workshop.measured import name_of
from viz.workshop.words import translated

TOLD = ("title", "story", "look_for")
"""What a setting says of itself."""


def setting(language: str, name: str, given: Scenario) -> dict[str, str]:
    """A setting's title, story and what to look for. What a file of one's own says otherwise stays as it says it."""
    kith_says = _shipped(name)
    said = {key: getattr(given, key) for key in TOLD}
    return {
        key: translated(language, f"settings.{name}.{key}", words) if words == kith_says.get(key) else words
        for key, words in said.items()
    }


@cache
def _shipped(name: str) -> dict[str, str]:
    """What the setting of this name that comes with Kith says, if there is one."""
    return {key: getattr(load_scenario(name), key) for key in TOLD} if name in settings() else {}


def meaning(language: str, number: Declared) -> str:
    """What a dial, a parameter or a size means."""
    return translated(language, f"dials.{number.name}", number.meaning)


def unit(language: str, unit: str) -> str:
    """What a number is counted in."""
    return translated(language, f"units.{name_of(unit)}", unit)


def grade(language: str, number: Declared) -> str:
    """How good the evidence for a number is."""
    return translated(language, f"grades.{number.grade}", number.grade) if number.grade else ""


def source(language: str, number: Declared) -> str:
    """Where a number is from; nothing where that says no more than the grade."""
    return "" if number.source == number.grade else translated(language, f"sources.{number.name}", number.source)


def known_how_well(language: str, number: Declared) -> str:
    """A number's unit, how good its evidence is, and the source, as far as there are any."""
    evidence = ": ".join(part for part in (grade(language, number), source(language, number)) if part)
    return " · ".join(part for part in (unit(language, number.unit), evidence) if part)
