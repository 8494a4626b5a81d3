"""What people read while a verb works: lines of the answer, lines beside it, a bar, and how it ended.

Answers go to stdout; progress, warnings and mistakes go to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

OK, FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130
WIDTH = 100
LONG = 2.0
"""Seconds after which a verb shows how far it has come."""
LINES_APART = 10.0
"""Seconds between lines of progress where stderr is not a terminal."""


class Mistake(Exception):
    """Something the user got wrong: what was given, what is allowed, what was probably meant."""


def say(text: str = "") -> None:
    """A line of the answer, in signs that the terminal knows."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        for sign, plain in (("−", "-"), ("–", "-"), ("£", "GBP "), ("…", "..."), ("’", "'"), ("×", "x")):
            text = text.replace(sign, plain)
        text = text.encode(encoding, "replace").decode(encoding)
    print(text)


def tell(text: str) -> None:
    """A line beside the answer: on stderr."""
    print(text, file=sys.stderr, flush=True)


class Bar:
    """How far something has come: a bar with the time left on a terminal, a line now and then elsewhere."""

    def __init__(self, total: int, unit: str) -> None:
        import time  # noqa: PLC0415

        from tqdm import tqdm  # noqa: PLC0415

        self.clock = time.monotonic
        self.began = self.told = self.clock()
        self.total, self.unit = total, unit
        self.terminal = sys.stderr.isatty()
        self.bar = tqdm(
            total=total, unit=unit, delay=LONG, file=sys.stderr, disable=not self.terminal, leave=False,
            ncols=WIDTH - 1,
            bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} {unit}s, {remaining} left",
        )  # fmt: skip

    def show(self, done: int) -> None:
        """So many are done."""
        self.bar.update(done - self.bar.n) if self.terminal else self._line(done)

    def _line(self, done: int) -> None:
        now = self.clock()
        if done > 2 and now - self.told >= LINES_APART:
            self.told = now
            left = (now - self.began) / done * (self.total - done)
            tell(f"{done} of {self.total} {self.unit}s, about {left:.0f} s left")

    def say(self, text: str) -> None:
        """A line that stays."""
        if self.terminal:
            self.bar.write(text, file=sys.stderr)
        else:
            tell(text)

    def close(self) -> None:
        """Take the bar away."""
        self.bar.close()


@contextmanager
def warnings_told() -> Iterator[None]:
    """Show warnings as plain lines on stderr, each once."""
    import warnings  # noqa: PLC0415

    told: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if str(message) not in told and not issubclass(category, (DeprecationWarning, PendingDeprecationWarning)):
            told.add(str(message))
            tell(f"note: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
