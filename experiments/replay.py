"""Living one row of a sweep again: the same numbers to the last bit, or the same failure, and a journal of both towns.

Change this file to keep more of a row that is lived again. The row is found by its number or by its run id; it is lived
from what the study says, not from what the row says, so that agreement means something.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from experiments.batches import Batch, World, outcomes_of, row_head
from experiments.designs import plain
from experiments.parts import LIVED, ROWS, SweepError, design_in, kept, name_of, ranges_in, study_in, tables_in
from simulation.engines import engine_for
from simulation.journal import fingerprint_of, founded, model_fingerprint, write_journal
from simulation.run import live as live_months
from simulation.run import rows_of as months_of
from simulation.town import found_town
from simulation.written_rules import rules_from_text

PLACE = "replay"


@dataclass(frozen=True)
class Replayed:
    """A row that was lived again: how it was kept, what it gave now, and where its journals are."""

    row: int
    kept: dict[str, Any]
    outcomes: dict[str, float]
    different: tuple[str, ...]
    """Outcomes that are not the same to the last bit."""
    error: str
    journals: tuple[Path, ...]
    same_model: bool

    @property
    def same(self) -> bool:
        """Whether the same came of it: every outcome to the last bit, or the same failure."""
        if self.kept["status"] == LIVED:
            return not self.error and not self.different
        return bool(self.error) and self.error.split("; ")[0] == str(self.kept["error"]).split("; ")[0]


def replay_row(folder: str | Path, which: int | str, *, anyway: bool = False, engine: str = "auto") -> Replayed:
    """Live one row of a sweep again, by its number or its run id, and compare it with what was kept.

    Both its towns get a journal in the folder, replay/ROW-shock and replay/ROW-calm, for `kith why`. Refuses a row of
    another version of the model unless told to go on `anyway`.
    """
    folder = Path(folder)
    study = study_in(folder)
    told = _row_in(folder, which)
    row = int(told["row"])
    point = study.place_of(row)[0]
    line = design_in(folder).iloc[point].drop("point")
    values = {str(name): plain(value) for name, value in line.items()}
    values = {one.name: int(values[one.name]) if one.kind == "whole" else values[one.name] for one in study.varied}
    batch = Batch(row, row + 1, study, {point: values}, str(folder), study.key, model_fingerprint())
    head, scenario = row_head(batch, row)
    if scenario is None:
        return Replayed(row, told, {}, (), f"RuntimeError: {head['cannot']}", (), True)
    same_model = head["model"] == told["model"]
    if not same_model and not anyway:
        raise SweepError(
            f"row {row} was lived by another version of the model ({told['model']}; this one is {head['model']}), so "
            "the same numbers cannot be promised; go on with --anyway to see what this version makes of it"
        )
    worlds: list[World] = []
    journals: list[Path] = []
    error = ""
    for world, setting in (("shock", scenario), ("calm", scenario.calm())):
        journal = founded(setting, study.rules)
        place = folder / PLACE / f"{row}-{world}"
        place.mkdir(parents=True, exist_ok=True)
        try:
            town = live_months(found_town(setting), engine_for(engine, rules_from_text(study.rules)), setting.months)
        except Exception as problem:  # noqa: BLE001  to see it fail again may be why it is lived again
            error = f"{type(problem).__name__}: {problem}"
            write_journal(replace(journal, months=setting.months), place / "journal.toml")
            journals.append(place)
            break
        write_journal(replace(journal, months=setting.months, town=fingerprint_of(town)), place / "journal.toml")
        journals.append(place)
        worlds.append(World(months_of(town).copy(), np.empty(0)))
    found = outcomes_of(study, *worlds) if len(worlds) == 2 else {}
    different = tuple(name for name in found if told["status"] == LIVED and _bits(found[name]) != _bits(told[name]))
    return Replayed(row, told, found, different, error, tuple(journals), same_model)


def _bits(number: float | None) -> bytes:
    return b"" if number is None else struct.pack("<d", number)


def _row_in(folder: Path, which: int | str) -> dict[str, Any]:
    """One row by its number, for which one part is read, or by its run id, for which all are."""
    if isinstance(which, int) or which.isdigit():
        number = int(which)
        import pyarrow.parquet as pq  # noqa: PLC0415

        for first, last in kept(ranges_in(folder)):
            if first <= number < last:
                part = pq.read_table(folder / ROWS / name_of(first, last))
                return dict(part.filter(pa.compute.equal(part["row"], number)).to_pylist()[0])
        raise SweepError(f"{folder} has no row {number}, or none yet")
    for part in tables_in(folder):
        found = part.filter(pa.compute.equal(part["run_id"], which))
        if len(found):
            return dict(found.to_pylist()[0])
    raise SweepError(f"{folder} has no row with the run id {which}")
