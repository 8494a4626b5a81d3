"""The twin month in C, compiled when asked for, on the very arrays of a founded town.

The C records are written from the tables' own layouts and the numbers from the same enumerations, so
they cannot drift apart; the rules are written by hand in twin.c.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from enum import EnumMeta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from agents import tables
from agents.chance import DRAWS_A_DECISION, DRAWS_A_PART, Decision
from agents.tables import Cause, Component, Happening, Need, Status, Town

COMPILER = "gcc"
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC")
"""Fused multiply-and-add is off: it rounds once where Python rounds twice, so the bits would differ."""

TABLES = (
    "residents", "organisations", "services", "partners", "agreements", "funders", "neighbourhoods", "queue",
    "outside", "events",
)  # fmt: skip
SINGLE = ("parameters", "clock", "books")
NUMBERS = ("NEEDS", "NOBODY", "COMPONENTS", "WELLBEING_BINS", "WAITING_BINS")
C_TYPES = {"f8": "double", "i8": "int64_t"}


def compiler_is_there() -> bool:
    """Whether there is a C compiler to write the twin with."""
    return shutil.which(COMPILER) is not None


def record_text(name: str, layout: np.dtype[Any]) -> str:
    """A C record with exactly this layout, and a line that refuses to compile if it is not."""
    lines = []
    for field in layout.names or ():
        kind, _ = layout.fields[field][:2]  # type: ignore[index]
        base, shape = kind.subdtype or (kind, ())
        lines.append(f"    {C_TYPES[base.str[1:]]} {field}{''.join(f'[{size}]' for size in shape)};")
    same = f'_Static_assert(sizeof({name}) == {layout.itemsize}, "{name}");'
    return "\n".join([f"typedef struct {name} {{", *lines, f"}} {name};", same])


def row_name(table: str, town: Town) -> str:
    """What C calls a row of a table."""
    held = tables.RECORDS.get(table)
    return held.__name__ if held is not None else table.capitalize()


def enumeration_text(kind: EnumMeta) -> str:
    """A whole enumeration as C constants: STATUS_WAITING."""
    members = ", ".join(f"{kind.__name__.upper()}_{name} = {int(value)}" for name, value in kind.__members__.items())
    return f"enum {{ {members} }};"


def source_for(town: Town) -> str:
    """The whole C text for towns of this layout."""
    records = {row_name(table, town): getattr(town, table).dtype for table in (*TABLES, *SINGLE)}
    whole = [f"    {row_name(table, town)} *{table}; int64_t many_{table};" for table in TABLES]
    whole += [f"    {row_name(table, town)} *{table};" for table in SINGLE]
    return "\n".join(
        [
            "#include <stdint.h>",
            *(f"#define {name} ({getattr(tables, name)}LL)" for name in NUMBERS),
            f"#define DRAWS_A_DECISION {DRAWS_A_DECISION}LL",
            f"#define DRAWS_A_PART {DRAWS_A_PART}LL",
            *(enumeration_text(kind) for kind in (Decision, Need, Component, Status, Happening, Cause)),
            *(record_text(name, layout) for name, layout in records.items()),
            "typedef struct Town {",
            *whole,
            "    double *handoff; int64_t *kith;",
            "} Town;",
            Path(__file__).with_name("twin.c").read_text(encoding="utf-8"),
        ]
    )


@cache
def compiled_source(text: str) -> ctypes.CDLL:
    """The C text as a loaded library."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "twin.c", Path(folder) / "twin.so"
        source.write_text(text, encoding="utf-8")
        subprocess.run([COMPILER, *FLAGS, "-o", str(library), str(source), "-lm"], check=True)
        loaded = ctypes.CDLL(str(library))
    loaded.live.argtypes = (ctypes.c_void_p, ctypes.c_int64)
    loaded.live.restype = None
    return loaded


class TownInC:
    """A town as C sees it: where its arrays are. Living changes the town itself."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self._live = compiled_source(source_for(town)).live
        numbers = []
        for table in TABLES:
            numbers += [getattr(town, table).ctypes.data, len(getattr(town, table))]
        numbers += [np.asarray(getattr(town, table)).ctypes.data for table in SINGLE]
        numbers += [town.handoff.ctypes.data, town.kith.ctypes.data]
        self._where = (ctypes.c_int64 * len(numbers))(*numbers)

    def live(self, months: int) -> None:
        """Live some months."""
        self._live(self._where, months)
