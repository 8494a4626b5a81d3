"""python -m tests.benchmarks [NAME ...] [--quick] [--full] [--json FILE]: measure, and say what came of each target."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from .measuring import Row, machine
from .rows import ROWS, Effort, cache_of_its_own

WIDTHS = (70, 16)


def main() -> int:
    """Measure what was asked for and print the table. Nothing here fails because a machine is slow."""
    reader = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    reader.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(ROWS)}; all by default")
    reader.add_argument("--quick", action="store_true", help="about two minutes: smaller towns, fewer rounds")
    reader.add_argument("--full", action="store_true", help="live all 120 months of the million residents")
    reader.add_argument("--json", type=Path, metavar="FILE", help="write the table here as well")
    asked = reader.parse_args()
    unknown = [name for name in asked.names if name not in ROWS]
    if unknown:
        reader.error(f"there is no row called {', '.join(unknown)}; there are {', '.join(ROWS)}")
    here = machine()
    print(", ".join(f"{name} {value}" for name, value in here.items()), flush=True)
    line("what", "target", "measured", "")
    print("-" * 132)
    began = time.perf_counter()
    rows: list[Row] = []
    with cache_of_its_own():
        for row in measured(asked.names or ROWS, Effort(asked.quick, asked.full)):
            rows.append(row)
            line(row.what, row.target, row.measured, row.verdict)
    took = time.perf_counter() - began
    here["load_after"] = machine()["load"]
    missed = sum(row.ok is False for row in rows)
    print("-" * 132)
    print(f"{len(rows)} rows, {missed} missed, {took:.0f} s; load after {here['load_after'][0]}")
    if asked.json:
        told = {"machine": here, "seconds": took, "rows": [{**vars(row), "verdict": row.verdict} for row in rows]}
        asked.json.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def measured(names: Iterable[str], effort: Effort) -> Iterable[Row]:
    """Rows as they are measured; what cannot be measured says why and holds up nothing else."""
    for name in names:
        try:
            yield from ROWS[name](effort)
        except Exception as problem:  # noqa: BLE001
            yield Row(name, name, "", f"could not be measured: {type(problem).__name__}: {problem}"[:200], False)


def line(what: str, target: str, found: str, verdict: str) -> None:
    """Print one line of the table."""
    print(f"{verdict:7}{what:{WIDTHS[0]}}  {target:{WIDTHS[1]}}  {found}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
