"""How a town is founded and lives, month by month.

From here come the four names most visits need: Scenario, load_scenario, run and CommunityModel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulation.run import Run, run
from simulation.scenario import Scenario, ScenarioError, load_scenario

if TYPE_CHECKING:
    from simulation.model import CommunityModel

__all__ = ["CommunityModel", "Run", "Scenario", "ScenarioError", "load_scenario", "run"]


def __getattr__(name: str) -> Any:
    """Fetch CommunityModel when it is first asked for, so that runs without Mesa do not wait for Mesa."""
    if name == "CommunityModel":
        from simulation.model import CommunityModel  # noqa: PLC0415

        return CommunityModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
