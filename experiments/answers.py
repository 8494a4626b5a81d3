"""Answers kept: what was asked about points, in a folder of parts, so that whoever asks again goes on from there.

Change this file to keep answers otherwise. They stand in parts like those of a sweep (experiments/parts.py): each whole
or not there, so that an interruption at any moment loses what was in hand and nothing else. An answer is known by its
place to the last bit; the same question finds it, in whatever order and however fine it asks.
"""

from __future__ import annotations

import hashlib
import json
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from experiments import batches
from experiments.asking import Asking, Place
from experiments.intervals import Numbers
from experiments.parts import (
    Range,
    SweepError,
    Writing,
    commit_bytes,
    kept,
    name_of,
    parquet_bytes,
    ranges_in,
    unwritten,
)
from experiments.store import host_class
from experiments.study import Study
from simulation.journal import made_with

ANSWERS, QUESTION = "answers", "asked.json"
FORMAT = 1
IN_HAND = 5.0
"""Seconds of work that are written at once: what an interruption loses."""


class Answers:
    """Asks about points, and keeps every answer in a folder. What is there already is not lived again."""

    def __init__(self, asking: Asking, study: Study, names: Sequence[str], pairs: int, folder: Path) -> None:
        self.asking, self.names, self.pairs, self.folder = asking, tuple(names), pairs, folder
        self.study = study
        self.known: dict[tuple[bytes, ...], tuple[Numbers, tuple[str, ...]]] = {}
        self.next = 0
        self.pace = 0.0
        self.failed: list[str] = []
        self.writing = Writing(folder, None)

    def __enter__(self) -> Answers:
        """Open the folder, and read what is there."""
        if self.folder.exists() and not self.folder.is_dir():
            raise SweepError(f"{self.folder} is a file; --out must be a folder")
        try:
            (self.folder / ANSWERS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SweepError(unwritten(self.folder, error)) from None
        self.writing.__enter__()
        try:
            self._open()
        except BaseException:
            self.writing.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Let others write."""
        self.writing.__exit__()

    @property
    def there(self) -> int:
        """Points that are answered."""
        return len(self.known)

    def __call__(self, places: Sequence[Place], replicates: Sequence[int]) -> Numbers:
        """Second governance less first: an array point × pair × outcome, nan where a town of a pair failed."""
        if list(replicates) != list(range(self.pairs)):
            raise SweepError(f"{self.folder} keeps answers of pairs 0 to {self.pairs - 1}")
        keys = [self._key(place) for place in places]
        wanted = list({key: place for key, place in zip(keys, places, strict=True) if key not in self.known}.items())
        while wanted:
            many = max(1, int(IN_HAND / self.pace)) if self.pace else 1
            self._live(wanted[:many])
            wanted = wanted[many:]
        for key in keys:
            self.failed += [each for each in self.known[key][1] if each not in self.failed]
        return np.array([self.known[key][0] for key in keys]).reshape(len(places), self.pairs, -1)

    def _live(self, wanted: Sequence[tuple[tuple[bytes, ...], Place]]) -> None:
        began, answers, failures = time.perf_counter(), [], []
        so_far = len(self.asking.failed)
        found = self.asking([place for _, place in wanted], range(self.pairs))
        said = self.asking.failed[so_far:]
        for (_, place), each in zip(wanted, found, strict=True):
            head = ", ".join(f"{name} {value}" for name, value in place.items()) + ", pair"
            failures.append(tuple(line for line in said if line.startswith(head)))
            answers.append(each)
        self.pace = (time.perf_counter() - began) / len(wanted)
        self._keep([place for _, place in wanted], answers, failures)
        for (key, _), each, lines in zip(wanted, answers, failures, strict=True):
            self.known[key] = each, lines

    def _keep(self, places: Sequence[Place], answers: Sequence[Numbers], failures: Sequence[Sequence[str]]) -> None:
        span = self.next, self.next + len(places)
        columns: dict[str, Any] = {"row": pa.array(range(*span), pa.int64())}
        columns |= {name: pa.array([float(place[name]) for place in places], pa.float64()) for name in self.names}
        columns["values"] = pa.array([each.reshape(-1).tolist() for each in answers], pa.list_(pa.float64()))
        columns["failed"] = pa.array([list(lines) for lines in failures], pa.list_(pa.string()))
        try:
            if not self.next:
                asked = (json.dumps(self._question(), indent=1, ensure_ascii=False) + "\n").encode()
                commit_bytes(self.folder / QUESTION, asked)
            commit_bytes(self.folder / ANSWERS / name_of(*span), parquet_bytes(pa.table(columns)))
        except OSError as error:
            raise SweepError(unwritten(self.folder, error)) from None
        self.next = span[1]

    def _key(self, place: Place) -> tuple[bytes, ...]:
        return tuple(struct.pack("<d", float(place[name]) + 0.0) for name in self.names)

    def _open(self) -> None:
        file = self.folder / QUESTION
        spans = kept(ranges_in(self.folder, ANSWERS))
        if file.is_file() and spans:
            asked = self._question()
            try:
                theirs = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise SweepError(f"{file} cannot be read: {error}") from None
            if theirs.get("key") != asked["key"]:
                differ = [name for name in asked["asked"] if theirs.get("asked", {}).get(name) != asked["asked"][name]]
                told = f"{', '.join(differ)} differ" if differ else "the setting differs"
                raise SweepError(
                    f"{self.folder} keeps the answers to another question ({told}); choose another folder with --out, "
                    "or delete it"
                )
        for litter in [*self.folder.glob(".*.part"), *(self.folder / ANSWERS).glob(".*.part")]:
            litter.unlink(missing_ok=True)  # what a killed writer left half-written; nobody else writes now
        for span in spans:
            self._read(span)

    def _read(self, span: Range) -> None:
        path = self.folder / ANSWERS / name_of(*span)
        try:
            rows = pq.read_table(path).to_pylist()
        except (OSError, pa.ArrowInvalid) as error:
            raise SweepError(f"{path} cannot be read: {error}. Delete it, and run the same again") from None
        for row in rows:
            values = np.array(row["values"], np.float64).reshape(self.pairs, len(self.asking.outcomes))
            self.known[self._key(row)] = values, tuple(row["failed"])
        self.next = span[1]

    def _question(self) -> dict[str, Any]:
        """What is asked, in words, and a hash of all that an answer depends on but its place."""
        asking, study = self.asking, self.study
        asked = {
            "first": asking.first, "second": asking.second, "outcomes": list(asking.outcomes), "pairs": self.pairs,
            "axes": list(self.names), "model": batches.made_by(study.scenario, study.rules),
        }  # fmt: skip
        arms = [study.scenario_at({}, name).terms() for name in (asking.first, asking.second)]
        said = json.dumps([asked, batches.spelled(study.scenario), arms], sort_keys=True)
        key = hashlib.blake2b(said.encode(), digest_size=10).hexdigest()
        made = made_with(study.scenario) | {"host": host_class()}
        return {"format": FORMAT, "key": key, "study": study.name, "asked": asked, "made_with": made}


__all__ = ["ANSWERS", "Answers"]
