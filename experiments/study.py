"""A study: one question put to many towns, and what it says of every row that is lived for it.

Change this file to change what a study is, how its rows are numbered, or what makes two studies one. A study names a
setting, the governances that are compared in it (the first is what the others are compared with), what is varied and
how far, how the points are laid out, and how many pairs of towns are lived at each. What may be varied is in varied.py,
how a study is read from a file in study_file.py, and where its points lie in designs.py.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from experiments.pairs import CALM, NAMES, SHOCK, Governance, seed_of
from experiments.resilience import LOSSES
from experiments.varied import Varied, placed
from simulation.scenario import GRAPHS, Scenario, is_kind

SEEDS = 30


@dataclass(frozen=True)
class Until:
    """When to stop living pairs at a point: once every interval of a paired difference is narrow enough."""

    outcome: str
    narrower_than: float
    at_least: int
    at_most: int

    def rounds(self) -> Iterator[int]:
        """After how many pairs a point is looked at, up to the most."""
        pairs = self.at_least
        while pairs < self.at_most:
            yield pairs
            pairs = min(self.at_most, max(pairs + 2, math.ceil(pairs * 1.5)))
        yield self.at_most


class Stage(NamedTuple):
    """Pairs that were asked for together: the number of their first row, their first replicate, and how many."""

    row: int
    replicate: int
    pairs: int


@dataclass(frozen=True)
class Study:
    """A question, the setting it is asked of, and every town that is lived for it. A study that exists was checked."""

    scenario: Scenario
    governances: Mapping[str, Governance]
    varied: tuple[Varied, ...] = ()
    design: Mapping[str, Any] = field(default_factory=lambda: {"kind": "grid"})
    seeds: int = SEEDS
    """Pairs at each point; the most there may be, where `until` says when to stop."""
    until: Until | None = None
    outcomes: tuple[str, ...] = (*NAMES, *LOSSES)
    monthly: bool = False
    events: bool = False
    title: str = ""
    question: str = ""
    analysis: Mapping[str, Any] = field(default_factory=dict)
    rules: str = ""
    listed: tuple[tuple[Any, ...], ...] = ()
    """The points of a list, in the order of what is varied."""
    path: Path | None = field(default=None, compare=False)
    stages: tuple[Stage, ...] = ()
    """Where more pairs were asked for later, each lot of them; rows of a later lot follow those of all earlier ones."""

    @property
    def name(self) -> str:
        """What its results folder is called."""
        return self.path.stem if self.path else self.scenario.name or "study"

    @property
    def arms(self) -> tuple[str, ...]:
        """The governances by name; the first is what the others are compared with."""
        return tuple(self.governances)

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """Measures of the town among the outcomes."""
        return tuple(name for name in NAMES if name in self.outcomes)

    @cached_property
    def losses(self) -> tuple[str, ...]:
        """Numbers of resilience among the outcomes."""
        return tuple(name for name in LOSSES if name in self.outcomes)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of outcomes that a row has."""
        return (*(f"{name}.{world}" for name in self.measures for world in (SHOCK, CALM)), *self.losses)

    @property
    def rows_at_a_point(self) -> int:
        """Rows set aside for each point."""
        return self.seeds * len(self.governances)

    @cached_property
    def lots(self) -> tuple[Stage, ...]:
        """Every lot of pairs, in the order in which they were asked for."""
        return self.stages or (Stage(0, 0, self.seeds),)

    def place_of(self, row: int) -> tuple[int, int, str]:
        """The point, the replicate and the governance of a row: replicates follow one another, arms side by side."""
        lot = next(each for each in reversed(self.lots) if each.row <= row)
        point, within = divmod(row - lot.row, lot.pairs * len(self.governances))
        replicate, arm = divmod(within, len(self.governances))
        return point, lot.replicate + replicate, self.arms[arm]

    def rows_of(self, point: int, pairs: int) -> Iterator[tuple[int, int]]:
        """The rows of the first so many pairs at a point, as ranges."""
        arms = len(self.governances)
        for lot in self.lots:
            many = min(lot.pairs, pairs - lot.replicate)
            if many > 0:
                first = lot.row + point * lot.pairs * arms
                yield first, first + many * arms

    def seed_of(self, replicate: int) -> int:
        """The seed of a replicate: the same at every point and for every governance."""
        return seed_of(self.scenario.seed, replicate)

    def scenario_at(self, values: Mapping[str, Any], arm: str) -> Scenario:
        """The scenario of a point, held by one governance, with the study's own seed."""
        return placed(self.scenario, self.governances, values, arm)

    def table(self) -> dict[str, Any]:
        """The study as the table of a file that says the same, with its setting and its rules written out."""
        files = {layer: str(file.resolve()) for layer, file in self.scenario.graph_files().items()}
        setting = tomllib.loads(self.scenario.with_(**files).to_toml())
        told: dict[str, Any] = {"title": self.title, "question": self.question, "setting": setting}
        told |= {"governances": _plainly(self.governances), "seeds": self.seeds, "outcomes": list(self.outcomes)}
        told |= {"monthly": self.monthly, "events": self.events, "vary": {}, "design": dict(self.design)}
        for one in self.varied * (not self.listed):
            ends: dict[str, Any] = {"values": list(one.values)} if one.values else {"low": one.low, "high": one.high}
            told["vary"][one.name] = ends | ({"steps": one.steps} if one.steps else {})
        if self.until:
            told["until"] = asdict(self.until)
            del told["seeds"]
        return told | {"analysis": copy.deepcopy(dict(self.analysis))}

    @property
    def graph_files(self) -> tuple[str, ...]:
        """The files on which towns of this study are founded, each once."""
        held = [str(file.resolve()) for file in self.scenario.graph_files().values()]
        varied = [one for one in self.varied if one.name in GRAPHS]
        held += [str(value) for one in varied for value in one.values if not is_kind(one.name, str(value))]
        return tuple(dict.fromkeys(held))

    @cached_property
    def key(self) -> str:
        """A hash of everything that makes the rows what they are: two studies with the same key are one."""
        lots = [list(each) for each in self.stages]
        return self._hash(self.table(), *([lots] * bool(lots)))

    @cached_property
    def kin(self) -> str:
        """The same without how many pairs there are: of two studies that are kin, one may ask for more of the same."""
        told = self.table()
        told.pop("seeds", None)
        told.get("until", {}).pop("at_most", None)
        return self._hash(told)

    def _hash(self, told: dict[str, Any], *more: Any) -> str:
        for name in ("title", "question", "analysis"):
            del told[name]
        setting = told["setting"]
        for name in ("name", "title", "story", "look_for"):
            setting.pop(name, None)
        told["design"].pop("file", None)
        said = [told, list(told["governances"]), list(told["vary"]), self.rules, self.listed, *more]
        text = json.dumps(said, sort_keys=True, default=str, allow_nan=False)
        for file in self.graph_files:  # a file may lie elsewhere; what is in it is in the fingerprint of each row
            text = text.replace(json.dumps(file), json.dumps(Path(file).name))
        return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def _plainly(governances: Mapping[str, Governance]) -> Any:
    """Governances as a file says them."""
    same = all(not isinstance(value, Mapping) and str(value) == name for name, value in governances.items())
    return list(governances.values()) if same else dict(governances)
