"""Every word people see in the workshop, in one catalogue a language: words/en/*.toml, words/de/*.toml.

Change this file to look words up otherwise; change the TOML files to say something else, and add a folder beside
them to speak another language. A key is the file's name, a point, and the name in the file: `stage.play`. What a
language does not say yet is said in English. What the model declares in English (settings, parameters, measures) has
its home there; other languages translate it under `declared.`, and English has no such file. It is kept apart from
the catalogue, which is sent to every page.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "words"
ENGLISH = "en"
DECLARED = "declared."


@cache
def languages() -> tuple[str, ...]:
    """The languages there is a folder for, English first."""
    found = sorted(folder.name for folder in FOLDER.iterdir() if folder.is_dir())
    return (ENGLISH, *(name for name in found if name != ENGLISH))


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Every key with its words in a language, or in English where it has none; without what the model declares."""
    if language not in languages():
        raise ValueError(f"there are no words in {language!r}; there are in {', '.join(languages())}")
    found = dict(catalogue(ENGLISH)) if language != ENGLISH else {}
    return found | {key: words for key, words in said_in(language).items() if not key.startswith(DECLARED)}


@cache
def _declared(language: str) -> Mapping[str, str]:
    """What a language says of what the model declares."""
    return {key: words for key, words in said_in(language).items() if key.startswith(DECLARED)}


def said_in(language: str) -> dict[str, str]:
    """What a language says by itself, English not filled in."""
    found: dict[str, str] = {}
    for file in sorted((FOLDER / language).glob("*.toml")):
        found |= _flat(tomllib.loads(file.read_text(encoding="utf-8")), f"{file.stem}.")
    return found


def text(language: str, key: str, **values: object) -> str:
    """The words under a key, its placeholders filled in. Raises KeyError for a key that no file has."""
    return catalogue(language)[key].format(**values)


def translated(language: str, key: str, english: str) -> str:
    """What is declared in English, in another language where that says it: `declared.<key>`."""
    return _declared(language).get(f"{DECLARED}{key}", english)


def _flat(table: Mapping[str, Any], before: str) -> dict[str, str]:
    """The texts of a TOML table and the tables in it, each under its dotted key."""
    found: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[before + name] = str(value)
    return found
