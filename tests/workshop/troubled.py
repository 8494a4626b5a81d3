"""A workshop in which one month cannot be lived: what `kith` is, but that a rule raises in towns of one luck.

Change this file to let something else go wrong. It is started in place of `viz.command` (tests/workshop/serving.py).
"""

from __future__ import annotations

from typing import Any

from simulation import CommunityModel
from viz.command import main

UNLUCKY, MONTH = 13, 27
"""The seed of the towns in which it happens, and the month that cannot be lived."""

_step = CommunityModel.step


def step(self: CommunityModel, *given: Any, **more: Any) -> Any:
    """A month, unless it is the one."""
    if self.setting.seed == UNLUCKY and self.month == MONTH:
        raise ZeroDivisionError("a rule divides by nothing")
    return _step(self, *given, **more)


if __name__ == "__main__":  # whoever only asks which month it is keeps a model that works
    CommunityModel.step = step  # type: ignore[method-assign]
    main()
