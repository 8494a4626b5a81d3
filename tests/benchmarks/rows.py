"""The rows of the benchmarks: each measures one thing that is promised, and says whether it came true."""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulation.engines import engine_for
from simulation.run import run
from simulation.town import found_town

from .measuring import HOUSE, Prepare, Row, in_a_fresh_process, ratio, taken_in_turn, thousands
from .twin_in_c import TownInC, compiler_is_there
from .twin_in_mesa import TwinModel
from .twins import (
    DIFFERENCE_ALLOWED,
    copied,
    differences,
    live_by_address,
    mean_need,
    scenario_of,
    town_of,
    twin_engine,
)


@dataclass(frozen=True)
class Effort:
    """How long to measure: `quick` gives up some sizes and repeats, `full` lives every month of the largest town."""

    quick: bool = False
    full: bool = False

    @property
    def repeats(self) -> int:
        """Rounds of each comparison."""
        return 5 if self.quick else 11


MONTHS = 120


# ---- against other ways of writing the same month -------------------------------------------------


def against_c(effort: Effort) -> Iterator[Row]:
    """The compiled rules against the same rules in C, first shown to do the same to the last bit."""
    what = "compiled, against the same rules in C"
    if not compiler_is_there():
        yield Row("c", what, "≤ 1.25×", "there is no C compiler here", None)
        return
    engine = twin_engine("compiled")
    for residents, months in ((1_000, MONTHS), (10_000, 24), *(((100_000, 6),) * (not effort.quick))):
        founded = town_of(residents)
        engine.prepare(founded)
        one, other = copied(founded), copied(founded)
        live_by_address(engine, one, 24)
        TownInC(other).live(24)
        different = differences(one, other)
        if different:
            yield Row("c", what, "same bits", f"twin.c differs in {', '.join(different[:3])}", False)
            return

        def in_c(town=founded, months=months):
            twin = TownInC(copied(town))
            return lambda: twin.live(months)

        def compiled(town=founded, months=months):
            twin = copied(town)
            return lambda: live_by_address(engine, twin, months)

        seconds = taken_in_turn({"c": in_c, "compiled": compiled}, effort.repeats)
        times = ratio(seconds, "compiled", "c")
        each = {name: statistics.median(took) / residents / months * 1e9 for name, took in seconds.items()}
        yield Row(
            "c", f"{what}, {thousands(residents)}", "≤ 1.25×",
            f"{times:.2f}× ({each['compiled']:.0f} and {each['c']:.0f} ns)", times <= 1.25, {"ratio": times, **each},
        )  # fmt: skip


def against_mesa(effort: Effort) -> Iterator[Row]:
    """The compiled and the plain rules against idiomatic Mesa, first shown to agree with it on average."""
    lived, twin = town_of(4_000), TwinModel(town_of(4_000))
    twin_engine("compiled").live(lived, 24)
    for _ in range(24):
        twin.step()
    apart = twin.mean_need() / mean_need(lived) - 1.0
    allowed = f"within {DIFFERENCE_ALLOWED:.0%}"
    yield Row(
        "mesa", "mean need after 24 months, Mesa twin against the rules", allowed, f"{apart:+.1%}",
        abs(apart) <= DIFFERENCE_ALLOWED, {"difference": apart},
    )  # fmt: skip
    for residents in (1_000, *((10_000,) * (not effort.quick))):
        yield from against_mesa_with(residents, effort)


def against_mesa_with(residents: int, effort: Effort) -> Iterator[Row]:
    """The same, for one size of town; every way has lived a year before it is timed."""
    founded = town_of(residents)
    few = max(1, 6_000 // residents)
    many = {"mesa": few, "plain": few, "compiled": MONTHS}
    engines = {kind: twin_engine(kind) for kind in ("plain", "compiled")}
    engines["compiled"].prepare(founded)
    engines["compiled"].live(founded, 12)
    model, plain = TwinModel(founded), copied(founded)
    for _ in range(12):
        model.step()
    start = copied(plain)

    def in_mesa():
        return lambda: [model.step() for _ in range(many["mesa"])]

    def plainly():
        return lambda: engines["plain"].live(plain, many["plain"])

    def compiled():
        town = copied(start)
        return lambda: engines["compiled"].live(town, many["compiled"])

    seconds = taken_in_turn({"mesa": in_mesa, "plain": plainly, "compiled": compiled}, 3 if effort.quick else 7)
    each = {name: [s / residents / many[name] * 1e9 for s in took] for name, took in seconds.items()}
    middle = {name: statistics.median(took) for name, took in each.items()}
    faster, slower = ratio(each, "mesa", "compiled"), ratio(each, "plain", "mesa")
    size = thousands(residents)
    yield Row(
        "mesa", f"compiled, against idiomatic Mesa, {size}", "≥ 100×",
        f"{faster:.0f}× ({middle['compiled']:.0f} and {middle['mesa']:,.0f} ns)", faster >= 100.0,
        {"ratio": faster, **middle},
    )  # fmt: skip
    yield Row(
        "mesa", f"plain, against idiomatic Mesa, {size}", "≤ 1.3×", f"{slower:.2f}× ({middle['plain']:,.0f} ns)",
        slower <= 1.3, {"ratio": slower},
    )  # fmt: skip


# ---- the whole town -------------------------------------------------------------------------------


def a_run(effort: Effort) -> Iterator[Row]:
    """A run of a thousand people, founding included, when everything is compiled; and what of it is not the months."""
    scenario = scenario_of(1_000, MONTHS)
    run(scenario, engine="compiled")
    engine = engine_for("compiled")
    engine.prepare(found_town(scenario))

    def months() -> Callable[[], object]:
        town = town_of(1_000)
        return lambda: live_by_address(engine, town, MONTHS)

    ways: dict[str, Prepare] = {
        "run": lambda: lambda: run(scenario, engine="compiled"),
        "founding": lambda: lambda: found_town(scenario),
        "months": months,
    }
    seconds = taken_in_turn(ways, 2 * effort.repeats)
    took = {name: statistics.median(each) * 1e3 for name, each in seconds.items()}
    around = took["run"] - took["founding"] - took["months"]
    parts = f"founding {took['founding']:.1f}, months {took['months']:.1f}, around them {around:.1f}"
    yield Row(
        "run", "1,000 residents × 120 months, founding included", "≤ 30 ms",
        f"{took['run']:.1f} ms ({parts})", took["run"] <= 30.0, {**took, "around": around},
    )  # fmt: skip


def founding(effort: Effort) -> Iterator[Row]:
    """What part of a run goes on founding the town."""
    engine = engine_for("compiled")
    for residents, repeats in ((1_000, 15), (10_000, 7), (100_000, 2 if effort.quick else 3)):
        scenario = scenario_of(residents, MONTHS)
        engine.prepare(found_town(scenario))

        def founds(scenario=scenario):
            return lambda: found_town(scenario)

        def whole(scenario=scenario):
            return lambda: run(scenario, engine="compiled")

        seconds = taken_in_turn({"founding": founds, "run": whole}, repeats)
        part = ratio(seconds, "founding", "run")
        took = statistics.median(seconds["founding"]) * 1e3
        yield Row(
            "founding", f"founding's share of a run, {thousands(residents)}", "≤ 10%", f"{part:.0%} ({took:,.1f} ms)",
            part <= 0.1, {"share": part, "ms": took},
        )  # fmt: skip


def growth(effort: Effort) -> Iterator[Row]:
    """How the cost of a resident's month grows with the town."""
    engine = engine_for("compiled")
    ways: dict[str, Prepare] = {}
    months = {1_000: MONTHS, 10_000: MONTHS, 100_000: 24, **({} if effort.quick else {1_000_000: 6})}
    for residents, many in months.items():
        founded = town_of(residents)
        engine.prepare(founded)

        def lives(town=founded, many=many):
            twin = copied(town)
            return lambda: engine.live(twin, many)

        ways[str(residents)] = lives
    seconds = taken_in_turn(ways, 3 if effort.quick else 5)
    each = {n: statistics.median(seconds[str(n)]) / n / many * 1e9 for n, many in months.items()}
    least, largest = min(each), max(each)
    grows = each[largest] / each[least]
    shown = " · ".join(f"{n:.0e}".replace("e+0", "e") + f" {ns:.0f}" for n, ns in each.items())
    yield Row(
        "growth", f"ns for a resident's month, from {thousands(least)} to {thousands(largest)}", "≤ 2.5× as many",
        f"{grows:.2f}× ({shown})", grows <= 2.5, {"ns": {str(n): ns for n, ns in each.items()}, "ratio": grows},
    )  # fmt: skip


A_MILLION = """
import json, time
from tests.benchmarks.twins import scenario_of
from simulation.town import found_town
from simulation.engines import engine_for
from simulation.run import live
lived, months = {lived}, 120
scenario = scenario_of({residents}, months)
engine = engine_for("compiled")
engine.prepare(found_town(scenario_of(1000, months)))
cpu, wall = time.process_time(), time.perf_counter()
town = found_town(scenario)
founded, founded_wall = time.process_time() - cpu, time.perf_counter() - wall
cpu, wall = time.process_time(), time.perf_counter()
live(town, engine, lived)
took, took_wall = time.process_time() - cpu, time.perf_counter() - wall
from tests.benchmarks.measuring import peak_memory
peak = peak_memory()
print(json.dumps(dict(founded=founded, cpu=took * months / lived, founded_wall=founded_wall,
                      wall=took_wall * months / lived, peak=peak)))
"""


def a_million(effort: Effort) -> Iterator[Row]:
    """A million people for ten years, in a process of its own: time and memory."""
    residents = 100_000 if effort.quick else 1_000_000
    lived = MONTHS if effort.full else 12
    found = in_a_fresh_process(A_MILLION.format(residents=residents, lived=lived), os.environ["KITH_CACHE"])
    whole = (found["founded"] + found["cpu"]) * 1_000_000 / residents
    wall = (found["founded_wall"] + found["wall"]) * 1_000_000 / residents
    scaled = "" if effort.full else f", from {lived} months" + (" of 100,000" if effort.quick else "")
    yield Row(
        "million", f"1,000,000 residents × 120 months, one core{scaled}", "≤ 90 s",
        f"{whole:.0f} s CPU, {wall:.0f} s wall (founding {found['founded']:.1f} s)", whole <= 90.0, found,
    )  # fmt: skip
    if not effort.quick:
        peak = found["peak"]
        yield Row("million", "memory of that run at its peak", "≤ 1.5 GB", f"{peak:.2f} GB", peak <= 1.5, {"GB": peak})


def workers(effort: Effort) -> Iterator[Row]:
    """Two threads against one on sixteen runs of a thousand people."""
    scenarios = [scenario_of(1_000, MONTHS, seed=seed) for seed in range(1, 17)]
    run(scenarios[0], engine="compiled")

    def with_threads(many: int) -> Prepare:
        def prepare() -> Callable[[], object]:
            def work() -> None:
                with ThreadPoolExecutor(many) as pool:
                    list(pool.map(lambda scenario: run(scenario, engine="compiled"), scenarios))

            return work

        return prepare

    ways = {"one": with_threads(1), "two": with_threads(2)}
    load = os.getloadavg()[0]
    wall = taken_in_turn(ways, effort.repeats, time.perf_counter)
    times = ratio(wall, "one", "two")
    best = min(wall["one"]) / min(wall["two"])
    cpu = ratio(taken_in_turn(ways, max(3, effort.repeats // 3)), "two", "one")
    enough = (os.cpu_count() or 1) >= 2
    yield Row(
        "workers", "two workers against one, 16 runs of 1,000", "≥ 1.85×",
        f"{times:.2f}× (best rounds {best:.2f}×; CPU a run {cpu:.2f}×; load {load:.1f})",
        max(times, best) >= 1.85 if enough else None, {"ratio": times, "best": best, "cpu": cpu, "load": load},
    )  # fmt: skip


# ---- the first answer -----------------------------------------------------------------------------

PREPARED = """
import json, os, time
from tests.benchmarks.twins import scenario_of
from simulation.town import found_town
from simulation.engines import engine_for
town = found_town(scenario_of(1000))
engine = engine_for("compiled")
cpu, wall = time.process_time(), time.perf_counter()
engine.prepare(town)
cpu, wall, whole = time.process_time() - cpu, time.perf_counter() - wall, time.process_time()
helpers = os.times().children_user + os.times().children_system
print(json.dumps(dict(cpu=cpu, wall=wall, whole=whole, helpers=helpers)))
"""


def compiling(effort: Effort) -> Iterator[Row]:
    """Compiling the whole month in a fresh process, and loading it in the next. Numba's own start is included."""
    with tempfile.TemporaryDirectory() as cache:
        cold = in_a_fresh_process(PREPARED, cache)
        warm = [in_a_fresh_process(PREPARED, cache) for _ in range(3)]
    took, cached = cold["cpu"], statistics.median(each["cpu"] for each in warm)
    yield Row(
        "compile", "cold compile, CPU of the process that waits", "≤ 12 s",
        f"{took:.1f} s (its helpers {cold['helpers']:.1f} s; wall {cold['wall']:.1f} s)", took <= 12.0, cold,
    )  # fmt: skip
    whole = statistics.median(each["whole"] for each in warm)
    yield Row(
        "compile", "from the cache, CPU", "≤ 0.6 s", f"{cached:.2f} s (whole process {whole:.2f} s)", cached <= 0.6,
        {"cpu": cached, "whole": whole},
    )  # fmt: skip


def compare(effort: Effort) -> Iterator[Row]:
    """From `kith compare` to the first answer on screen, in a fresh process, before and after things are compiled."""
    if not (HOUSE / "viz" / "command").exists():
        yield Row("compare", "kith compare, first answer", "≤ 15 s", "there is no viz/command yet", None)
        return
    with tempfile.TemporaryDirectory() as cache:
        for when in ("nothing compiled", "cached"):
            try:
                first, whole = first_answer(cache, not effort.quick)
            except RuntimeError as problem:
                yield Row("compare", f"kith compare, {when}", "≤ 15 s", str(problem), False)
                return
            end = "" if effort.quick else f" ({whole:.1f} s to the end)"
            yield Row(
                "compare", f"kith compare, first answer, {when}", "≤ 15 s", f"{first:.1f} s wall{end}", first <= 15.0,
                {"first": first, "whole": whole},
            )  # fmt: skip
            if when == "nothing compiled":
                in_a_fresh_process(PREPARED, cache)


AN_ANSWER = ("unmet", "need", "wellbeing")
"""A line with one of these and a number is an answer; a greeting or a bar of progress is not."""


def first_answer(cache: str, to_the_end: bool) -> tuple[float, float]:
    """Wall seconds until a first line with a measure and a number in it, and until the end."""
    command = [sys.executable, "-m", "viz.command", "compare"]
    own = {"KITH_CACHE": cache, "PYTHONPATH": str(HOUSE), "MPLBACKEND": "Agg", "PYTHONUNBUFFERED": "1"}
    first, last = None, ""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            for line in process.stdout or ():
                last = line.strip() or last
                words = line.lower()
                if first is None and any(name in words for name in AN_ANSWER) and any(c.isdigit() for c in words):
                    first = time.perf_counter() - began
                    if not to_the_end:
                        process.terminate()
                        break
        whole = time.perf_counter() - began
    if first is None or (to_the_end and process.returncode):
        raise RuntimeError(f"ended {process.returncode}, last saying: {last[:90]}")
    return first, whole


# ---- luck -----------------------------------------------------------------------------------------

OUTCOMES = ("wellbeing", "unmet_need", "waiting", "crises", "public_cost")


def pairs(effort: Effort) -> Iterator[Row]:
    """What the same luck saves: the variance of contract minus relational, in pairs and between strangers."""
    count = 40
    reported = slice(24, MONTHS)
    found: dict[str, np.ndarray] = {}
    for governance in ("contract", "relational"):
        lived = [
            run(scenario_of(1_000, MONTHS, seed=seed, governance=governance), engine="compiled").town.history
            for seed in range(1, count + 1)
        ]
        found[governance] = np.array([[history[name][reported].mean() for name in OUTCOMES] for history in lived])
    paired = np.var(found["contract"] - found["relational"], axis=0, ddof=1)
    strangers = np.var(found["contract"], axis=0, ddof=1) + np.var(found["relational"], axis=0, ddof=1)
    times = {name: float(a / b) for name, a, b in zip(OUTCOMES, strangers, paired, strict=True)}
    shown = " · ".join(f"{name} {value:.1f}" for name, value in times.items())
    most = sum(value >= 10.0 for value in times.values()) > len(times) / 2
    yield Row(
        "pairs", f"variance, independent over paired, contract and relational, {count} pairs",
        "≥ 10× on most", shown, most, times,
    )  # fmt: skip


# ---- sweeps ---------------------------------------------------------------------------------------


def sweeps(effort: Effort) -> Iterator[Row]:
    """What a sweep with two workers costs beside its towns, and gains; how many rows a second are written and read."""
    with tempfile.TemporaryDirectory() as folder:
        yield beside_its_towns(effort, Path(folder))
        yield two_workers(effort, Path(folder))
    yield from rows_a_second(10_000 if effort.quick else 100_000)


def swept(folder: Path, seed: int, points: int) -> Any:
    """A study of so many points, two governances and two seeds; another seed, other towns: the last are remembered."""
    from experiments.study_file import study_from

    table = {
        "setting": {"base": "cost_of_living_2021", "months": MONTHS, "seed": seed}, "seeds": 2,
        "governances": ["contract", "relational"], "vary": {"inflow": {"low": 0.02, "high": 0.03}},
        "design": {"kind": "lhs", "points": points},
    }  # fmt: skip
    return study_from(table, folder / "bench.toml")


def beside_its_towns(effort: Effort, folder: Path) -> Row:
    """What a sweep with two workers costs beside its towns."""
    from experiments.designs import rows_in_design
    from experiments.sweep import Processes, sweep

    points = 40 if effort.quick else 120
    found: dict[str, list[float]] = {"sweep": [], "towns": []}
    with Processes(2) as hands:
        sweep(swept(folder, 1, points), folder / "warm", 2, hands)
        for turn in range(2 if effort.quick else 5):
            study = swept(folder, 10 + turn, points)
            began = cpu_of(hands.ids)
            sweep(study, folder / f"beside-{turn}", 2, hands)
            found["sweep"].append((cpu_of(hands.ids) - began) / (2 * rows_in_design(study)))
            alone = [hands.submit(towns_alone, study, half, points) for half in (0, 1)]
            found["towns"].append(statistics.fmean(each.result() for each in alone))
    over = ratio(found, "sweep", "towns") - 1.0
    each = {name: statistics.median(took) * 1e3 for name, took in found.items()}
    return Row(
        "sweeps", f"what a sweep adds to its runs, two workers, CPU of all processes, {MONTHS} months", "< 5%",
        f"{over:+.1%} ({each['sweep']:.2f} and {each['towns']:.2f} ms a run)", over < 0.05, {"over": over, **each},
    )  # fmt: skip


def two_workers(effort: Effort, folder: Path) -> Row:
    """How much sooner a sweep is done with two workers than with one, and two processes that share nothing but the
    machine: more than they gain, no sweep can.
    """
    from experiments.designs import rows_in_design
    from experiments.sweep import Processes, sweep

    points = 40 if effort.quick else 150
    wall: dict[str, list[float]] = {"1": [], "2": [], "alone": [], "beside": []}
    load = os.getloadavg()[0]
    with Processes(2) as hands:
        hands.submit(busy, 1).result()
        for turn in range(2 if effort.quick else 3):
            for many in (1, 2):
                study = swept(folder, 100 * many + turn, points)
                began = time.perf_counter()
                sweep(study, folder / f"{many}-{turn}", many)
                wall[str(many)].append(time.perf_counter() - began)
            wall["alone"].append(2 * hands.submit(busy, 5).result())
            wall["beside"].append(max(each.result() for each in [hands.submit(busy, 5) for _ in range(2)]))
    times, most = ratio(wall, "1", "2"), ratio(wall, "alone", "beside")
    enough = (os.cpu_count() or 1) >= 2
    return Row(
        "sweeps", f"a sweep of {rows_in_design(study):,} rows, from start to end: two workers against one", "≥ 1.8×",
        f"{times:.2f}× (two processes that share nothing {most:.2f}×; load {load:.1f})",
        times >= 1.8 if enough else None, {"ratio": times, "most": most, "load": load},
    )  # fmt: skip


def busy(seconds: int) -> float:
    """Seconds that some arithmetic takes, about so many: as much of it wherever it is done."""
    began, number = time.perf_counter(), 0
    for step in range(8_000_000 * seconds):
        number = (number * 1_103_515_245 + step) & 0xFFFFFFFF
    return time.perf_counter() - began


def towns_alone(study: Any, first: int, many: int) -> float:
    """CPU seconds of a town that is lived and measured, and of which nothing is kept: the mean of so many pairs."""
    from experiments.batches import live_town, outcomes_of
    from experiments.designs import design_of

    values = design_of(study).drop(columns="point").to_dict("records")
    live_town(study.scenario, "")
    began = time.process_time()
    for place in range(many):
        scenario = study.scenario_at(values[place], study.arms[first]).with_(seed=study.seed_of(place % 2))
        outcomes_of(study, live_town(scenario, ""), live_town(scenario.calm(), ""))
    return (time.process_time() - began) / (2 * many)


def cpu_of(processes: list[int]) -> float:
    """CPU seconds of this process and of some others."""
    tick = os.sysconf("SC_CLK_TCK")
    told = [Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split() for each in processes]
    return time.process_time() + sum(int(each[11]) + int(each[12]) for each in told) / tick


def rows_a_second(many: int) -> Iterator[Row]:
    """How many rows a second are written as parts of 500, and read again."""
    from experiments.batches import write_parts
    from experiments.parts import ROWS as ROWS_TABLE
    from experiments.parts import open_folder, parquet_bytes, rows_of, rows_table
    from experiments.study_file import study_from

    table = {"setting": "wage_step", "governances": ["contract", "relational"], "seeds": many // 2}
    with tempfile.TemporaryDirectory() as folder:
        study = study_from(table, Path(folder) / "bench.toml")
        out = Path(folder) / "out"
        open_folder(out, study)
        luck = np.random.default_rng(1)
        numbers = luck.random((many, len(study.columns)))
        began = time.perf_counter()
        for first in range(0, many, 500):
            part = [
                {
                    "row": row, "point": 0, "governance": "contract", "replicate": row // 2, "seed": row, "model": "m",
                    "run_id": f"{row:020x}", "status": "lived",
                    **dict(zip(study.columns, numbers[row].tolist(), strict=True)),
                }
                for row in range(first, first + 500)
            ]  # fmt: skip
            write_parts(out, first, first + 500, {ROWS_TABLE: parquet_bytes(rows_table(study, part))})
        wrote = many / (time.perf_counter() - began)
        size = sum(path.stat().st_size for path in out.rglob("*.parquet")) / many
        began = time.perf_counter()
        assert len(rows_of(out)) == many
        read = many / (time.perf_counter() - began)
    yield Row(
        "sweeps", f"rows of {len(study.columns)} outcomes, {many:,} in parts of 500, flushed to the disk", "",
        f"{wrote:,.0f} rows a second written, {read:,.0f} read; {size:,.0f} bytes each", None,
        {"written": wrote, "read": read, "bytes": size},
    )  # fmt: skip


ROWS: dict[str, Callable[[Effort], Iterator[Row]]] = {
    "c": against_c,
    "mesa": against_mesa,
    "run": a_run,
    "founding": founding,
    "growth": growth,
    "million": a_million,
    "workers": workers,
    "compile": compiling,
    "compare": compare,
    "pairs": pairs,
    "sweeps": sweeps,
}
"""Every measurement by its name."""


@contextlib.contextmanager
def cache_of_its_own() -> Iterator[None]:
    """A cache folder for this run of the benchmarks, unless one was given."""
    if os.environ.get("KITH_CACHE"):
        yield
        return
    folder = tempfile.mkdtemp(prefix="kith-bench-")
    os.environ["KITH_CACHE"] = folder
    try:
        yield
    finally:
        del os.environ["KITH_CACHE"]
        shutil.rmtree(folder, ignore_errors=True)
