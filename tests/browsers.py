"""Which browser the tests of the workshop are done with, and how it is started.

Change this file to find browsers elsewhere. On a developer's machine without one, the tests that need it are left out
and say so; where CI_BROWSER is "required", a missing browser is a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
"""Chromium as it is wanted here: nothing fetched by the browser itself, and no sandbox, which containers refuse."""
WANTED = "a Chromium: name it in KITH_CHROMIUM, install the system's chromium, or run: playwright install chromium"


@cache
def chromium() -> str | None:
    """The path of a Chromium: the one named in KITH_CHROMIUM, the system's, or Playwright's own."""
    named = os.environ.get("KITH_CHROMIUM")
    if named:
        return shutil.which(named)
    found = (path for name in NAMES if (path := shutil.which(name)))
    return next((path for path in found if runs(path)), None) or playwrights_own()


def runs(path: str) -> bool:
    """Whether it is a browser and not only a hint at how to get one, as some systems have it."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except OSError:
        return False


def playwrights_own() -> str | None:
    """The Chromium that Playwright has installed for itself, if it has."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def needed() -> str:
    """The path of a Chromium; else the test is left out, or fails where a browser is required."""
    found = chromium()
    if found is None:
        if os.environ.get("CI_BROWSER") == "required":
            pytest.fail(f"no browser was found, and here one is required: {WANTED}", pytrace=False)
        pytest.skip(f"no browser was found; this test needs {WANTED}")
    return found


@contextmanager
def running() -> Iterator[object]:
    """A browser with nothing remembered, started and ended."""
    from playwright.sync_api import sync_playwright

    path = needed()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
