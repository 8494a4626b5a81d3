"""Whether a bundle is whole, its code the model that its rows name, and its rows come out the same when lived again.

Change this file to check it harder. Checking reads: nothing in an archive is run, nothing is written beside it, and
rows are lived again by the Kith that checks, after the code in the archive was seen to be the same model. Rules that a
study brings of its own are Python, so they are followed only where that is asked for.
"""

from __future__ import annotations

import hashlib
import json
import random
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from experiments import parts, store
from experiments.batches import Batch, be_ready, live_row
from experiments.bundle import CHUNK, FORMAT, MANIFEST, MODEL, BundleError, fingerprint_of_text
from experiments.designs import plain, rows_in_design
from experiments.pairs import NAMES, tasks_for
from experiments.parts import FAILED, LIVED, ROWS, design_in, kept, name_of
from experiments.resilience import resilience
from experiments.sweep import Models
from experiments.words import reason
from experiments.workers import Lived, Task, live, processors, rules_in
from simulation.engines import engine_for
from simulation.journal import model_fingerprint
from simulation.scenario import GRAPHS, SETTLING

ABOUT_LUCK = ("seconds", "error", "traceback", "inputs", "replay", *GRAPHS)
"""Columns that are not compared: the clock, words about a failure, and where files are."""
LONGEST_MANIFEST = 64_000_000
RERUN = 5


@dataclass(frozen=True)
class Checked:
    """What came of checking an archive."""

    file: Path
    what: str
    title: str
    model: str
    files: int
    rows: int = 0
    wrong: tuple[str, ...] = ()
    """What does not hold."""
    relived: tuple[int, ...] = ()
    """Rows that were lived again."""
    same: int = 0
    """Of these, how many gave the same to the last bit."""
    cannot: str = ""
    """Why no row was lived again, where that was asked for."""

    @property
    def holds(self) -> bool:
        """Whether everything that was looked at is as it should be."""
        return not self.wrong


Tell = Callable[[int, int], object]


def check(
    file: str | Path, rerun: int | None = RERUN, *, own_rules: bool = False, workers: int | None = None,
    tell: Tell | None = None,
) -> Checked:  # fmt: skip
    """See that an archive is whole, that its code is the model its rows name, and that rows come out the same again.

    `rerun` rows, chosen at random, are lived again by this Kith; None for all of them. Where the study brings rules of
    its own they are followed, and so run as Python, only with `own_rules`. Raises BundleError for what is no bundle.
    """
    path = Path(file)
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory(prefix="kith-") as room:
            return _checked(path, archive, Path(room), rerun, own_rules, workers, tell)
    except FileNotFoundError:
        raise BundleError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise BundleError(f"{path} is a folder; give the .zip file that kith bundle has written") from None
    except zipfile.BadZipFile as error:
        raise BundleError(f"{path} cannot be read as an archive: {str(error).lower()}") from None
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {reason(error)}") from None


def _checked(
    path: Path, archive: zipfile.ZipFile, room: Path, rerun: int | None, own_rules: bool, workers: int | None,
    tell: Tell | None,
) -> Checked:  # fmt: skip
    root, entries = _entries(path, archive)
    told = _manifest(path, archive, entries.pop(MANIFEST, None))
    wrong = [f"{name} is not in the manifest" for name in sorted(set(entries) - set(told["files"]))]
    wrong += [f"{name} is missing" for name in sorted(set(told["files"]) - set(entries))]
    code: dict[str, bytes] = {}
    for name in sorted(set(entries) & set(told["files"])):
        problem = _unlike(archive, entries[name], told["files"][name], _keeper(name, room, code))
        wrong += [f"{name} {problem}"] * bool(problem)
    is_code = fingerprint_of_text((name.removeprefix("code/"), text) for name, text in code.items())
    found = Checked(path, told["what"], root, told["model"], len(entries) + 1)
    if is_code != told["model"]:
        wrong.append(f"the code makes the model {is_code}, and the manifest says {told['model']}")
    if wrong:  # rows of which the file is not what it should be are not worth living
        return replace(found, wrong=tuple(wrong))
    looked = _Sweep(room / "data", is_code) if told["what"] == "sweep" else _Comparison(room / "data", is_code)
    found = replace(found, title=looked.title, rows=looked.rows, wrong=tuple(looked.wrong()))
    if rerun == 0 or found.wrong:
        return found
    if looked.rules and not own_rules:
        return replace(found, cannot="the study brings rules of its own, which are Python: read code in the archive "
                       "first, then follow them with --own-rules")  # fmt: skip
    if model_fingerprint() != is_code:
        return replace(found, cannot=f"this Kith is another version of the model ({model_fingerprint()}, not "
                       f"{is_code}): install the code in the archive, and check with that")  # fmt: skip
    chosen = looked.some(rerun)
    different: list[str] = []
    with ThreadPoolExecutor(workers or processors(), thread_name_prefix="kith") as hands:
        for done, problem in enumerate(looked.again(chosen, hands), start=1):
            different += [problem] * bool(problem)
            if tell is not None:
                tell(done, len(chosen))
    return replace(found, wrong=tuple(different), relived=tuple(chosen), same=len(chosen) - len(different))


def _entries(path: Path, archive: zipfile.ZipFile) -> tuple[str, dict[str, zipfile.ZipInfo]]:
    """The files in an archive by their names in its one folder. Names that lead out of it are refused."""
    found: dict[str, zipfile.ZipInfo] = {}
    roots = set()
    for entry in archive.infolist():
        name = entry.filename
        pieces = name.removesuffix("/").split("/")
        mode = entry.external_attr >> 16
        odd = "\\" in name or ":" in name or "\0" in name or any(piece in ("", ".", "..") for piece in pieces)
        if odd or (stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR)):
            raise BundleError(f"{path} is not safe to read: it holds {name!r}, which leads elsewhere")
        if entry.is_dir():
            continue
        roots.add(pieces[0])
        inside = "/".join(pieces[1:])
        if inside in found:
            raise BundleError(f"{path} is no bundle of Kith: it holds {inside or name} twice")
        found[inside] = entry
    if len(roots) != 1 or MANIFEST not in found:
        raise BundleError(f"{path} is no bundle of Kith: it has no {MANIFEST}")
    return roots.pop(), found


def _manifest(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo | None) -> dict[str, Any]:
    """What an archive says is in it."""
    if entry is None or entry.file_size > LONGEST_MANIFEST:
        raise BundleError(f"{path} is no bundle of Kith: its {MANIFEST} is missing or far too long")
    try:
        with archive.open(entry) as file:
            told = json.loads(file.read(LONGEST_MANIFEST))
        fits = (
            told["format"] == FORMAT
            and told["what"] in ("sweep", "comparison")
            and isinstance(told["model"], str)
            and all(isinstance(each["size"], int) and isinstance(each["sha256"], str)
                    for each in told["files"].values())
        )  # fmt: skip
    except (*TORN, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"{path} is no bundle of Kith: its {MANIFEST} cannot be read ({error})") from None
    if not fits:
        raise BundleError(f"{path} was written by another version of Kith, or is no bundle of it")
    return dict(told)


TORN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)
"""What reading a torn, encrypted or otherwise strange entry raises."""


def _keeper(name: str, room: Path, code: dict[str, bytes]) -> Path | Callable[[bytes], object] | None:
    """What is to become of a file that is looked at: data is unpacked, code is only read, the rest is not kept."""
    if name.startswith("data/"):
        return room.joinpath(*name.split("/"))
    if name.startswith(tuple(f"code/{each}/" for each in MODEL)):
        return lambda text: code.__setitem__(name, code.get(name, b"") + text)
    return None


def _unlike(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, told: Mapping[str, Any],
    keep: Path | Callable[[bytes], object] | None,
) -> str:  # fmt: skip
    """What is wrong with a file; nothing where its size and its hash are those of the manifest."""
    digest, left = hashlib.sha256(), int(told["size"])
    if entry.file_size != left:
        return f"has {entry.file_size:,} bytes, and the manifest says {left:,}"
    if isinstance(keep, Path):
        keep.parent.mkdir(parents=True, exist_ok=True)
    target = keep.open("wb") if isinstance(keep, Path) else None
    try:
        with archive.open(entry) as file:
            while left >= 0 and (piece := file.read(CHUNK)):
                left -= len(piece)
                digest.update(piece)
                if target is not None:
                    target.write(piece)
                elif callable(keep):
                    keep(piece)
    except TORN as error:
        return f"cannot be read: {error}"
    finally:
        if target is not None:
            target.close()
    return "" if left == 0 and digest.hexdigest() == told["sha256"] else "is not what it was: its SHA-256 differs"


# ---- living rows again ------------------------------------------------------------------------------


class _Sweep:
    """The rows of a sweep that was unpacked."""

    def __init__(self, folder: Path, model: str) -> None:
        self.folder, self.model = folder, model
        self.study = parts.study_in(folder)
        self.title = self.study.title or self.study.name
        self.rules = self.study.rules
        self.rows = parts.rows_there(folder)

    def wrong(self) -> Iterator[str]:
        """Whether every row is there once, and was lived by the code of the archive."""
        models = Models(self.study, self.folder, self.model)
        strangers, at = 0, 0
        for first, last in kept(parts.ranges_in(self.folder)):
            path = self.folder / ROWS / name_of(first, last)
            part = _read(path, ["row", "point", "model"])
            if part is None or part["row"].to_pylist() != list(range(first, last)):
                yield f"{path.name} does not hold the rows that its name says, each once"
                continue
            at = last
            strangers += sum(models.stale_in(part))
        if strangers:
            yield f"{strangers:,} of {self.rows:,} rows name another model than the code in the archive makes"
        if at > rows_in_design(self.study):
            yield "there are more rows than the design has"

    def some(self, many: int | None) -> list[int]:
        """Rows chosen at random, of those that ended by themselves."""
        found = []
        for part in parts.tables_in(self.folder, ROWS, ["row", "status"]):
            ended = pa.compute.is_in(part["status"], pa.array([LIVED, FAILED]))
            found.append(part["row"].to_numpy()[ended.to_numpy()])
        return _chosen(np.concatenate(found) if found else np.zeros(0, np.int64), many)

    def again(self, rows: Sequence[int], hands: ThreadPoolExecutor) -> Iterator[str]:
        """What differs in each row."""
        points = design_in(self.folder)
        whole = {one.name for one in self.study.varied if one.kind == "whole"}

        def batch_of(row: int) -> Batch:
            point = self.study.place_of(row)[0]
            line = points.iloc[point].drop("point")
            values = {str(name): int(value) if name in whole else plain(value) for name, value in line.items()}
            folder = str(self.folder)
            return Batch(row, row + 1, self.study, {point: values}, folder, self.study.key, model_fingerprint())

        if rows:
            be_ready(batch_of(rows[0]))
        for part in parts.tables_in(self.folder):
            mine = part.filter(pa.compute.is_in(part["row"], pa.array(rows, pa.int64()))).to_pylist()
            yield from hands.map(lambda told: _row_unlike(told, live_row(batch_of(told["row"]), told["row"])[0]), mine)


def _row_unlike(was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if was["status"] != now["status"]:
        return f"row {was['row']} was kept as {was['status']}, and is now {now['status']}: {now.get('error') or ''}"
    if was["status"] == FAILED:
        said = [str(each["error"]).split("; ")[0] for each in (was, now)]
        return "" if said[0] == said[1] else f"row {was['row']} failed with {said[0]!r}, and now with {said[1]!r}"
    compared = [name for name in was if name not in ABOUT_LUCK]
    return _differing(f"row {was['row']}", compared, was, now)


def _differing(who: str, names: Iterable[str], was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    unlike = [name for name in names if _bits(was[name]) != _bits(now.get(name))]
    shown = ", ".join(f"{name} was {was[name]!r} and is {now.get(name)!r}" for name in unlike[:3])
    more = f" and {len(unlike) - 3} more" if len(unlike) > 3 else ""
    return f"{who} differs: {shown}{more}" if unlike else ""


def _bits(value: Any) -> Any:
    return struct.pack("<d", value) if isinstance(value, float) else value


def _read(path: Path, columns: list[str]) -> pa.Table | None:
    try:
        return pq.read_table(path, columns=columns)
    except (OSError, pa.ArrowInvalid, KeyError):
        return None


def _chosen(rows: Any, many: int | None) -> list[int]:
    numbers: list[int] = rows.tolist()
    return numbers if many is None or many >= len(numbers) else sorted(random.SystemRandom().sample(numbers, many))


class _Comparison:
    """The runs of a comparison that was unpacked."""

    def __init__(self, folder: Path, model: str) -> None:
        self.folder, self.model = folder, model
        self.question = store.read_question(folder / store.QUESTION)
        self.title = self.question.scenario.title or self.question.scenario.name
        self.rules = self.question.rules
        self.table = pq.read_table(folder / "runs.parquet")
        self.rows = self.table.num_rows
        governances = self.question.governances or {}
        self.tasks = {
            task.number: task for task in tasks_for(self.question.scenario, governances, self.question.seeds or 1)
        }

    def wrong(self) -> Iterator[str]:
        """Whether the runs name the model that the code of the archive makes, and are runs of the question."""
        named = self.question.made_with.get("model")
        if named != self.model:
            yield f"the runs name the model {named}, and the code in the archive makes {self.model}"
        numbers = self.table["run"].to_pylist()
        if len(set(numbers)) != len(numbers) or not set(numbers) <= set(self.tasks):
            yield "runs.parquet holds runs that the question does not ask for, or one of them twice"

    def some(self, many: int | None) -> list[int]:
        """Runs chosen at random."""
        return _chosen(self.table["run"].to_numpy(), many)

    def again(self, runs: Sequence[int], hands: ThreadPoolExecutor) -> Iterator[str]:
        """What differs in each run."""
        kept_runs = {row["run"]: row for row in self.table.to_pylist()}
        yield from hands.map(lambda run: self._unlike(kept_runs[run]), runs)

    def _unlike(self, was: Mapping[str, Any]) -> str:
        first = was["run"] // 2 * 2
        pair = (self.tasks[first], self.tasks[first + 1])
        lived = [live(task, engine_for("auto", rules_in(self.rules))) for task in pair]
        now = _run_of(pair, lived, was["run"])
        if was["error"]:
            same = was["error"].split("; ")[0] == str(now.get("error", "")).split("; ")[0]
            return "" if same else f"run {was['run']} failed with {was['error']!r}, and does not now"
        if "error" in now:
            return f"run {was['run']} was lived, and now fails: {now['error']}"
        return _differing(f"run {was['run']}", [name for name in now if was[name] is not None], was, now)


def _run_of(pair: tuple[Task, Task], lived: Sequence[Lived], run: int) -> dict[str, Any]:
    """A run as a comparison keeps it: means of reported months, and resilience of the shocked town of a pair."""
    mine = lived[run - pair[0].number]
    if mine.error:
        return {"error": mine.error}
    found = {"seed": pair[0].scenario.seed, **{name: float(mine.rows[name][SETTLING:].mean()) for name in NAMES}}
    whole = mine is lived[0] and not lived[1].error
    return found | (resilience(*(each.rows[SETTLING:] for each in lived)) if whole else {})
