"""Changes made to a town that lives: other terms, another world, another number, other luck, from this month on.

Change this file to let something more be changed on the way. What is past stays as it was: a change is felt from
the next month lived. Whoever changes a town (a fork, an intervention, a journal lived again) does it here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.declared import near
from agents.tables import APRIL, MONTHS_A_YEAR, Town
from agents.terms import DIALS
from simulation.scenario import PARAMETERS, Scenario, ScenarioError
from simulation.shocks import Shock, outside_of
from simulation.town import found_parameters


@dataclass(frozen=True)
class Change:
    """What is changed when so many months have been lived. What is not given stays as it is.

    `governance` is written on every tie, as a scenario has it. `shocks` take the place of all that the world had in
    store; `further_shocks` come on top. Their months count from the town's first, and a shock that began
    earlier is felt from now on. `rules` is the text of every rule that is replaced from now on. `luck` is the seed of
    the months to come. `fork` says that this was the beginning of a copy.
    """

    month: int
    governance: Any = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    shocks: tuple[Shock, ...] | None = None
    further_shocks: tuple[Shock, ...] = ()
    rules: str | None = None
    luck: int | None = None
    months: int | None = None
    fork: bool = False

    @property
    def changes_nothing(self) -> bool:
        """Whether the town lives on as it would have."""
        left = (self.governance, self.shocks, self.rules, self.luck)
        return all(each is None for each in left) and not self.parameters and not self.further_shocks


def carry_out(change: Change, setting: Scenario, town: Town) -> tuple[Scenario, Town]:
    """The setting and the town after a change: the same arrays, or a longer record of the world.

    Rules are not the town's; who lives it replaces them. Refuses, before anything is changed, what does not fit.
    """
    after = setting_after(change, setting)
    if change.governance is not None:
        hold_ties_as(after, town)
    if change.parameters:
        written = found_parameters(after)
        for name in change.parameters:
            town.parameters[name] = written[name]
    if change.luck is not None:
        town.clock["seed"] = change.luck
    if after is not setting:
        town = meet_world(setting, after, town)
    return after, town


def setting_after(change: Change, setting: Scenario) -> Scenario:
    """What the setting says after a change. The seed stays: it tells how the town was founded."""
    unknown = [name for name in change.parameters if name not in PARAMETERS]
    if unknown:
        raise ScenarioError(f'there is no parameter "{name}".{near(name, PARAMETERS)}' for name in unknown)
    changes: dict[str, Any] = dict(change.parameters)
    if change.governance is not None:
        changes["governance"] = change.governance
    if change.months is not None:
        changes["months"] = change.months
    if change.shocks is not None or change.further_shocks:
        kept = setting.shocks if change.shocks is None else change.shocks
        changes["shocks"] = (*kept, *change.further_shocks)
    after = setting.with_(**changes) if changes else setting
    if change.months is not None and after.months < change.month:
        raise ScenarioError(f"months is {after.months}; the town has lived {change.month} already")
    if not change.changes_nothing and change.month >= after.months:
        raise ScenarioError(
            f"the town has lived all its {change.month} months, so a change would be felt by nobody; "
            f"give months, more than {change.month}, to let it live on"
        )
    return after


def hold_ties_as(setting: Scenario, town: Town) -> None:
    """Write a governance's dials on ties that exist, and on what organisations ask for.

    What an agreement has left to run is cut to its new term.
    """
    layers = setting.terms()
    for layer, rows in (("agreement", town.agreements), ("peer", town.peers), ("agreement", town.organisations)):
        for dial in DIALS:
            rows[dial] = layers[layer][dial]
    rows = town.agreements
    rows["months_left"] = np.minimum(rows["months_left"], rows["term"].astype(np.int64))


def meet_world(before: Scenario, after: Scenario, town: Town) -> Town:
    """Let the months to come be as the new setting says, where that differs from what the old one said.

    Prices and pressures move at once. Budgets catch up in the next April, from where they were last settled, so that
    a shock of the budget that is taken away is made good then.
    """
    now, had = int(town.clock["month"]), len(town.outside)
    months = max(had, after.months)
    told, tells = (outside_of(setting.with_(months=months)) for setting in (before, after))
    outside = town.outside
    if months > had:
        outside = np.concatenate([outside, told[had:]])
        town = town._replace(outside=outside)
    for name in ("prices", "household_energy", "demand"):
        differs = told[name] != tells[name]
        differs[:now] = False
        outside[name][differs] = tells[name][differs]
    level_told, level = (np.cumprod(each["settlement"]) for each in (told, tells))
    aprils = [month for month in range(now, months) if month % MONTHS_A_YEAR == APRIL]
    if aprils and not np.allclose(level[aprils], level_told[aprils], rtol=1e-12, atol=0.0):
        outside["settlement"][now:] = tells["settlement"][now:]
        outside["settlement"][aprils[0]] = level[aprils[0]] / np.prod(outside["settlement"][:now])
    return town


def without(shocks: Iterable[Shock], components: Iterable[str]) -> tuple[Shock, ...]:
    """The shocks that are left when some components are moved by none."""
    gone = set(components)
    left = []
    for shock in shocks:
        kept = tuple(name for name in shock.components if name not in gone)
        if kept == shock.components:
            left.append(shock)
        elif kept:
            left.append(shock.only(kept))
    return tuple(left)
