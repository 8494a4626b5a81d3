"""What tests look for on a page of the stage; what they look with is in looking.js.

Change this file when the page is asked otherwise.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


@cache
def _eyes() -> str:
    return (Path(__file__).parent / "looking.js").read_text(encoding="utf-8").strip()


def look(page: Any, what: str, *given: str) -> Any:
    """One of the questions of looking.js, answered by a page as it now stands."""
    return page.evaluate(f"(given) => ({_eyes()})[given[0]](...given.slice(1))", [what, *given])


def settled(page: Any) -> None:
    """Wait until the page has been drawn, twice, as it now is."""
    twice = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
    page.evaluate(twice)
