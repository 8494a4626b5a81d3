"""What tests look for on a page of the stage; what they look with is in looking.js.

Change this file when the page is asked otherwise.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

SOON = 30_000
"""Milliseconds that anything may take on a computer that has much else to do."""
STILL = 2 * SOON


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


def attribute(page: Any, name: str, value: Any) -> None:
    """Wait until the stage says something of itself."""
    from playwright.sync_api import expect

    expect(page.get_by_test_id("stage")).to_have_attribute(name, value, timeout=STILL)


def month(page: Any, wanted: int) -> None:
    """Wait until a month is on the screen."""
    attribute(page, "data-month", str(wanted))


def month_from(page: Any, wanted: int) -> None:
    """Wait until a month, or a later one, is on the screen."""
    attribute(page, "data-month", re.compile("^(" + "|".join(map(str, range(wanted, 144))) + ")$"))


def run(page: Any, wanted: int) -> None:
    """Wait until the towns were begun for so many times."""
    attribute(page, "data-run", str(wanted))


def step(page: Any, wanted: int) -> None:
    """Live a month, and wait until it is there."""
    page.get_by_test_id("step").click()
    month(page, wanted)


def numbers(page: Any) -> list[str]:
    """Everything the page says in numbers about this month, and its headline."""
    return list(page.locator("[data-number] b, [data-testid=paid] td, [data-testid=headline]").all_inner_texts())
