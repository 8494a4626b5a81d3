"""A sweep's folder: a design, and parts named by the range of rows that they hold.

Change this file to keep something more, or to keep it otherwise. `rows/r000000100-000000150.parquet` holds rows 100 to
149, every one of them, lived or failed. A part appears whole by one rename, so a list of the folder says what is done:
there is no index and no server, any number of writers may write, and a folder on a network will do. A part inside a
wider one is superseded by it, which makes compaction safe: the wide one is written first, and then the narrow ones are
deleted. `study.json` is written last: a folder that has one is whole.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from experiments.designs import design_of, plain, rows_in_design, with_more
from experiments.pairs import NAMES, WORLDS
from experiments.resilience import LOSSES
from experiments.store import host_class
from experiments.study import Stage, Study
from experiments.study_file import StudyError, file_beside, study_from
from experiments.words import reason
from simulation.journal import made_with
from simulation.scenario import GRAPHS

if TYPE_CHECKING:
    import pandas as pd

ROWS, MONTHS, EVENTS, RUNNING = "rows", "months", "events", "running"
TABLES = (EVENTS, MONTHS, ROWS)
"""The tables a folder may hold, in the order in which a range is written: that its rows are there says it is done."""
DESIGN, WHAT, LOCK = "design.parquet", "study.json", ".writing"
FORMAT = 1
NAME = re.compile(r"r(\d+)-(\d+)\.parquet$")
LIVED, FAILED, KILLED, TIMEOUT = "lived", "failed", "killed", "timeout"
WIDE = 50_000
"""Rows in a part that compaction makes."""
STALE_LITTER = 3600.0
"""Seconds after which a half-written file is nobody's."""

Range = tuple[int, int]


class SweepError(ValueError):
    """A sweep that cannot be made or gone on with, and what to do about it."""


# ---- what is there ----------------------------------------------------------------------------------


def name_of(first: int, last: int) -> str:
    """What a part is called that holds rows from `first` up to, and without, `last`."""
    return f"r{first:09d}-{last:09d}.parquet"


def ranges_in(folder: Path, table: str = ROWS) -> list[Range]:
    """The ranges of all parts, superseded ones too."""
    try:
        names = os.listdir(folder / table)  # noqa: PTH208  a hundred thousand names are wanted quickly
    except FileNotFoundError:
        return []
    return [(int(found[1]), int(found[2])) for name in names if (found := NAME.match(name))]


def kept(ranges: Iterable[Range]) -> list[Range]:
    """The ranges that count, in order: those inside a wider one are superseded."""
    found: list[Range] = []
    for first, last in sorted(set(ranges), key=lambda each: (each[0], -each[1])):
        if not found or last > found[-1][1]:
            found.append((first, last))
    return found


def missing(ranges: Iterable[Range], first: int, last: int) -> Iterator[Range]:
    """The gaps between `first` and `last` that no range covers."""
    at = first
    for start, end in kept(ranges):
        if end <= at:
            continue
        if start >= last:
            break
        if start > at:
            yield at, start
        at = end
    if at < last:
        yield at, last


def rows_there(folder: Path) -> int:
    """How many rows are there; no file is opened."""
    there = ranges_in(folder)
    end = max((last for _, last in there), default=0)
    return end - sum(last - first for first, last in missing(there, 0, end))


# ---- writing ----------------------------------------------------------------------------------------


def commit(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file whole or not at all: under another name, flushed to the disk, and then renamed."""
    part = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex[:8]}.part")
    try:
        with part.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    if os.name == "posix":
        place = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)


def commit_bytes(path: Path, data: bytes) -> None:
    """The same, for what is at hand."""
    commit(path, lambda file: file.write(data))


def parquet_bytes(table: pa.Table) -> bytes:
    """A table as the bytes of a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def schema_of(study: Study) -> pa.Schema:
    """The columns of rows, the same in every part."""
    kinds = {"whole": pa.int64(), "number": pa.float64(), "text": pa.string()}
    whole, text = pa.int64(), pa.string()
    columns = [("row", whole), ("point", whole), ("governance", text), ("replicate", whole), ("seed", whole)]
    columns += [("run_id", text), ("model", text), ("status", text)]
    columns += [(one.name, kinds[one.kind]) for one in study.varied]
    columns += [(name, pa.float64()) for name in study.columns]
    columns += [("seconds", pa.float64())] + [(name, text) for name in ("error", "traceback", "inputs", "replay")]
    return pa.schema(columns)


def rows_table(study: Study, rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows as a table, with the versions of the model that lived them written into its head."""
    schema = schema_of(study)
    table = pa.table(
        {name: pa.array([row.get(name) for row in rows], schema.field(name).type) for name in schema.names}
    )
    return told_models(table, {row["model"] for row in rows})


def told_models(table: pa.Table, models: Iterable[str]) -> pa.Table:
    """The same table with the versions of the model that lived it in its head."""
    return table.replace_schema_metadata({b"kith_models": json.dumps(sorted(models)).encode()})


def models_in(part: Path) -> set[str]:
    """The versions of the model that lived a part; only its foot is read."""
    told = pq.read_schema(part).metadata or {}
    return set(json.loads(told.get(b"kith_models", b"[]")))


# ---- the folder -------------------------------------------------------------------------------------


def open_folder(folder: Path, study: Study) -> Study:
    """Make the folder of a study, or see that it is one of this study already; the study as its rows are numbered.

    A folder may hold fewer pairs than are asked for now: those that are there keep their rows, and more follow.
    """
    if folder.exists() and not folder.is_dir():
        raise SweepError(f"{folder} is a file; --out must be a folder")
    if (folder / WHAT).is_file():
        return _opened(folder, study)
    ours = {DESIGN, LOCK, RUNNING, *TABLES}
    try:
        strangers = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        strangers = [name for name in strangers if name not in ours and not name.startswith(f".{DESIGN}")]
        strangers = [name for name in strangers if not name.startswith((LOCK, f".{WHAT}"))]
        if strangers:
            shown = ", ".join(sorted(strangers)[:3]) + (" …" if len(strangers) > 3 else "")
            raise SweepError(f"{folder} is not empty and holds no sweep ({shown}); choose another with --out")
        for table in (ROWS, RUNNING, *((MONTHS,) * study.monthly), *((EVENTS,) * study.events)):
            (folder / table).mkdir(parents=True, exist_ok=True)
        _found(folder, study)
    except OSError as error:
        raise SweepError(unwritten(folder, error)) from None
    return study


def _opened(folder: Path, study: Study) -> Study:
    theirs = study_in(folder)
    if theirs.key == study.key:
        return study
    if theirs.kin != study.kin:
        differ = ", ".join(_differences(_what(folder), study)) or "rules or points"
        raise SweepError(
            f"{folder} holds the rows of another study ({differ} differ); choose another folder with --out"
        )
    if theirs.seeds > study.seeds:
        name = "at_most" if study.until else "seeds"
        raise SweepError(
            f"{folder} holds a study of {theirs.seeds} pairs at each point, and this one asks for {study.seeds}. More "
            f"may be added to what is there, and nothing is thrown away: let {name} be {theirs.seeds} or more, or "
            "choose another folder with --out"
        )
    kept_as = theirs if theirs.seeds == study.seeds else with_more(theirs, study.seeds)
    return replace(study, stages=kept_as.stages)


def write_down(folder: Path, study: Study) -> None:
    """Have a folder's study.json say what is asked now: more pairs, or other words. Its rows stay as they are."""
    told = _what(folder)
    asked = told | _told(study)
    if json.dumps(asked, default=str) != json.dumps(told, default=str):
        commit_bytes(folder / WHAT, json.dumps(asked, indent=1, ensure_ascii=False, default=str).encode())


def _told(study: Study) -> dict[str, Any]:
    told = {"key": study.key, "rows": rows_in_design(study), "study": study.table()}
    return told | ({"stages": [list(each) for each in study.stages]} if study.stages else {})


def _found(folder: Path, study: Study) -> None:
    design = pa.Table.from_pandas(design_of(study), preserve_index=False)
    commit_bytes(folder / DESIGN, parquet_bytes(design))
    told = {
        "format": FORMAT, "name": study.name, "rules": study.rules,
        "made_with": made_with(study.scenario) | {"host": host_class()}, **_told(study),
    }  # fmt: skip
    commit_bytes(folder / WHAT, json.dumps(told, indent=1, ensure_ascii=False, default=str).encode())


def unwritten(folder: Path, error: OSError) -> str:
    """Why a folder could not be written, in words."""
    import errno  # noqa: PLC0415

    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"there is no room left for {folder}; what was lived is kept: make room, and run the same again"
    return f"{folder} cannot be written to: {reason(error)}"


def _what(folder: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads((folder / WHAT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SweepError(f"{folder} holds no sweep: it has no {WHAT}") from None
    except (OSError, ValueError) as error:
        raise SweepError(f"{folder / WHAT} cannot be read: {error}") from None
    if told.get("format") != FORMAT:
        raise SweepError(f"{folder} was written by another version of Kith (format {told.get('format')})")
    return told


def _differences(theirs: dict[str, Any], study: Study) -> list[str]:
    ours = json.loads(json.dumps(study.table(), default=str))
    told = theirs["study"]
    silent = ("title", "question", "analysis")
    return [name for name in {**ours, **told} if name not in silent and ours.get(name) != told.get(name)]


def study_in(folder: str | Path) -> Study:
    """The study whose rows a folder holds."""
    folder = Path(folder)
    told = _what(folder)
    points = design_in(folder) if told["study"]["design"]["kind"] == "list" else _no_points()
    try:
        study = study_from(told["study"], folder / f"{told['name']}.toml", told["rules"], points)
        return replace(study, stages=tuple(Stage(*each) for each in told.get("stages", ())))
    except StudyError as error:
        raise SweepError(f"{folder / WHAT} cannot be read: {error}") from None


def _no_points() -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame()


def design_in(folder: str | Path) -> pd.DataFrame:
    """The points of the study in a folder, a line for each. Files of a graph that are beside it are named in full."""
    folder = Path(folder)
    points = pq.read_table(folder / DESIGN).to_pandas()
    for layer in [name for name in GRAPHS if name in points]:
        points[layer] = [file_beside(folder, layer, value) for value in points[layer]]
    return points


class Writing:
    """The right to write to a folder: one writer at a time, or one for each shard."""

    def __init__(self, folder: Path, shard: Range | None) -> None:
        self.folder, self.shard = folder, shard
        self.files: list[IO[bytes]] = []

    def __enter__(self) -> Writing:
        """Take it, or say who has it."""
        try:
            self._take(self.folder / LOCK, shared=self.shard is not None)
            if self.shard:
                self._take(self.folder / f"{LOCK}-{self.shard[0]}-of-{self.shard[1]}", shared=False)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back; the system does so too, should the writer be killed."""
        for file in self.files:
            file.close()
        self.files.clear()

    def _take(self, path: Path, shared: bool) -> None:
        try:
            file = path.open("a+b")
        except OSError as error:
            raise SweepError(unwritten(self.folder, error)) from None
        self.files.append(file)
        if not _locked(file, shared):
            file.seek(0)
            who = file.read().decode(errors="replace").strip() or "another process"
            raise SweepError(
                f"{self.folder} is being written by {who}; wait until it has ended, or share the work with --shard i/n"
            )
        if not shared:
            file.truncate(0)
            told = time.strftime("%Y-%m-%d %H:%M")
            file.write(f"process {os.getpid()} on {socket.gethostname()}, since {told}".encode())
            file.flush()


def _locked(file: IO[bytes], shared: bool) -> bool:
    """Whether the file could be locked; where a system has no locks, there is no second writer to be seen."""
    try:
        import fcntl  # noqa: PLC0415
    except ImportError:
        return True
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a network folder without locks
    return True


def is_written(folder: Path) -> bool:
    """Whether somebody is writing to a folder now."""
    try:
        with Writing(folder, None):
            return False
    except SweepError:
        return True


def clear_litter(folder: Path, all_of_it: bool) -> None:
    """Delete what killed writers left half-written; of what other writers may still be at, only what is old."""
    for table in (*TABLES, RUNNING, "."):
        place = folder / table
        for path in list(place.iterdir()) if place.is_dir() else []:
            if not (path.name.endswith(".part") or table == RUNNING):
                continue
            with contextlib.suppress(OSError):
                if all_of_it or time.time() - path.stat().st_mtime > STALE_LITTER:
                    path.unlink()


# ---- reading ----------------------------------------------------------------------------------------


def tables_in(folder: str | Path, table: str = ROWS, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The parts of a table, one by one and in the order of rows: every row once. Never more than one is held."""
    folder = Path(folder)
    at = 0
    there = set(ranges_in(folder, table))
    for first, last in kept(ranges_in(folder)):
        begins, at = max(first, at), last
        if (first, last) not in there:
            continue
        path = folder / table / name_of(first, last)
        wanted = None if columns is None else list(dict.fromkeys(["row", *columns]))
        try:
            part = pq.read_table(path, columns=wanted)
        except FileNotFoundError:
            raise SweepError(f"{path.name} has gone: the folder is being compacted; try again") from None
        except (OSError, pa.ArrowInvalid) as error:
            raise SweepError(f"{path} cannot be read: {error}. Delete it, and run the sweep again") from None
        if begins > first:
            part = part.filter(pa.compute.greater_equal(part["row"], begins))
        yield part if columns is None else part.select(list(columns))


def rows_of(folder: str | Path, columns: Sequence[str] | None = None, *, table: str = ROWS) -> pd.DataFrame:
    """The rows of a sweep in the order of its design: all columns, or those named. `table` may be months or events.

    `governance` is categorical, in the order of the study: the first is what the others are compared with.
    """
    import pandas as pd  # noqa: PLC0415

    study = study_in(folder)
    if columns is not None:
        _check_columns(study, columns, table)
    parts = list(tables_in(folder, table, columns))
    if not parts and table == ROWS:
        parts = [rows_table(study, []).select(list(columns or schema_of(study).names))]
    found = pa.concat_tables(parts, promote_options="default").to_pandas() if parts else pd.DataFrame()
    if "governance" in found:
        found["governance"] = pd.Categorical(found["governance"], categories=list(study.arms))
    return found


def _check_columns(study: Study, columns: Sequence[str], table: str) -> None:
    from agents.declared import near  # noqa: PLC0415

    known = schema_of(study).names
    for name in columns:
        if table == ROWS and name not in known:
            raise SweepError(f'a row has no column "{name}".{near(name, known)}')


def dataset_of(folder: str | Path, table: str = ROWS) -> Any:
    """The parts of a table as an Arrow dataset, to be asked without being held in memory."""
    import pyarrow.dataset as ds  # noqa: PLC0415

    folder = Path(folder)
    ranges = kept(ranges_in(folder))
    if any(later[0] < earlier[1] for earlier, later in pairwise(ranges)):
        raise SweepError(f"{folder} has parts that overlap; run the same sweep again to mend them")
    there = set(ranges_in(folder, table))
    files = [str(folder / table / name_of(*each)) for each in ranges if each in there]
    schema = schema_of(study_in(folder)) if table == ROWS else None
    return ds.dataset(files, schema=schema, format="parquet")


def paired(rows: pd.DataFrame) -> pd.DataFrame:
    """Differences from the first governance, within each point and replicate: a row for each of the others.

    Columns of outcomes keep their names and hold differences. `{measure}.effect` is added where both worlds are there:
    how differently the shock hits the two. Pairs of which one run failed are left out.
    """
    import pandas as pd  # noqa: PLC0415

    if not len(rows):
        return rows
    arms = list(rows["governance"].cat.categories) if hasattr(rows["governance"], "cat") else []
    first = arms[0] if arms else rows["governance"].iloc[0]
    if "status" in rows:
        rows = rows[rows["status"] == LIVED]
    silent = {"row", "point", "governance", "replicate", "seed", "run_id", "model", "status", "seconds", "error",
              "traceback", "inputs", "replay"}  # fmt: skip
    measured = [name for name in rows.columns if name not in silent and is_outcome(name)]
    apart = [name for name in rows.columns if name not in silent and name not in measured]
    values = rows[measured].astype(float)
    for name in measured:
        stem, _, world = name.rpartition(".")
        if world == "shock" and f"{stem}.calm" in rows:
            values[f"{stem}.effect"] = values[name] - values[f"{stem}.calm"]
    keys = [name for name in ("point", "replicate") if name in rows]
    whole = pd.concat([rows[[*keys, "governance", *apart]], values], axis=1)
    whole["governance"] = whole["governance"].astype(str)
    base = whole[whole["governance"] == first].set_index(keys)[list(values.columns)]
    others = whole[whole["governance"] != first]
    found = others[pd.MultiIndex.from_frame(others[keys]).isin(base.index)].copy()
    beside = base.reindex(pd.MultiIndex.from_frame(found[keys])).to_numpy()
    found[list(values.columns)] = found[list(values.columns)].to_numpy() - beside
    if arms:
        found["governance"] = pd.Categorical(found["governance"], categories=arms[1:])
    return found.reset_index(drop=True)


def is_outcome(column: str) -> bool:
    """Whether a column of rows is an outcome: a measure in one of the two worlds, or a number of resilience."""
    stem, _, world = column.rpartition(".")
    return column in LOSSES or (stem in NAMES and world in (*WORLDS, "effect"))


# ---- compaction, forgetting, merging ----------------------------------------------------------------


def compact(folder: Path, wide: int = WIDE) -> int:
    """Join neighbouring parts into wide ones, and return how many parts are left. May be killed at any moment."""
    ranges = kept(ranges_in(folder))
    groups: list[list[Range]] = []
    for each in ranges:
        if groups and each[0] <= groups[-1][-1][1] and each[1] - groups[-1][0][0] <= wide:
            groups[-1].append(each)
        else:
            groups.append([each])
    for group in groups:
        if len(group) > 1:
            _join(folder, group)
    sweep_up(folder)
    return len(kept(ranges_in(folder)))


def _join(folder: Path, group: Sequence[Range]) -> None:
    name = name_of(group[0][0], group[-1][1])
    for table in TABLES:
        there = set(ranges_in(folder, table))
        parts = [each for each in group if each in there]
        if parts:
            commit(folder / table / name, partial(_joined, folder / table, parts))


def _joined(place: Path, parts: Sequence[Range], file: IO[bytes]) -> None:
    """Parts one after another as one file; where two overlap, rows are taken from the first."""
    models: set[str] = set()
    for each in parts:
        models |= models_in(place / name_of(*each))
    schema = told_models(pq.read_schema(place / name_of(*parts[0])).empty_table(), models).schema
    at = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for first, last in parts:
            part = pq.read_table(place / name_of(first, last))
            if first < at:
                part = part.filter(pa.compute.greater_equal(part["row"], at))
            at = max(at, last)
            writer.write_table(part.replace_schema_metadata(schema.metadata))


def sweep_up(folder: Path) -> None:
    """Delete parts that are superseded."""
    stay = set(kept(ranges_in(folder)))
    for table in (ROWS, MONTHS, EVENTS):
        for each in set(ranges_in(folder, table)) - stay:
            with contextlib.suppress(FileNotFoundError):
                (folder / table / name_of(*each)).unlink()


def forget(
    folder: Path, which: Callable[[pa.Table], Sequence[bool]], only: Callable[[Path], bool] | None = None
) -> int:
    """Forget the rows that `which` picks out of each part, so that they are lived again; returns how many.

    What is to stay is written first, as narrower parts inside the one that goes: killed at any moment, nothing is lost.
    `only` says, of a part's file, whether it needs to be read at all.
    """
    forgotten = 0
    for first, last in kept(ranges_in(folder)):
        path = folder / ROWS / name_of(first, last)
        if only is not None and not only(path):
            continue
        part = pq.read_table(path)
        gone = list(which(part))
        if not any(gone):
            continue
        forgotten += sum(gone)
        for start, end in _stretches(gone, first):
            _cut(folder, (first, last), (start, end))
        for table in (ROWS, MONTHS, EVENTS):  # rows first: what has no rows was not lived
            with contextlib.suppress(FileNotFoundError):
                (folder / table / name_of(first, last)).unlink()
    return forgotten


def _stretches(gone: Sequence[bool], first: int) -> Iterator[Range]:
    start = None
    for place, lost in enumerate([*gone, True]):
        if lost and start is not None:
            yield start, first + place
            start = None
        elif not lost and start is None:
            start = first + place


def _cut(folder: Path, whole: Range, stretch: Range) -> None:
    for table in TABLES:
        path = folder / table / name_of(*whole)
        if not path.exists():
            continue
        part = pq.read_table(path)
        row = part["row"]
        inside = pa.compute.and_(pa.compute.greater_equal(row, stretch[0]), pa.compute.less(row, stretch[1]))
        part = part.filter(inside)
        if table == ROWS:
            part = told_models(part, set(part["model"].to_pylist()))
        commit_bytes(folder / table / name_of(*stretch), parquet_bytes(part))


def merge(folders: Sequence[str | Path], out: str | Path, anyway: bool = False) -> int:
    """Gather the parts of folders of one study, such as shards, into one folder; returns how many rows it then holds.

    Refuses folders of different studies, and rows of different versions of the model unless told to go on `anyway`.
    """
    places, target = [Path(each) for each in folders], Path(out)
    if not places:
        raise SweepError("there is nothing to merge")
    study = study_in(places[0])
    for each in places:
        if study_in(each).key != study.key:
            raise SweepError(f"{each} holds another study than {places[0]}; only rows of one study can be merged")
    models = {model for each in places for span in kept(ranges_in(each)) for model in models_in(_rows_part(each, span))}
    if len(models) > 1 and not anyway:
        raise SweepError(f"the rows were lived by {len(models)} versions of the model; mix them with --anyway")
    open_folder(target, study)
    with Writing(target, None):
        for each in places:
            if each.resolve() != target.resolve():
                _copy_parts(each, target)
        compact(target)
    return rows_there(target)


def _rows_part(folder: Path, span: Range) -> Path:
    return folder / ROWS / name_of(*span)


def _copy_parts(source: Path, target: Path) -> None:
    import shutil  # noqa: PLC0415

    there = ranges_in(target)
    for span in kept(ranges_in(source)):
        if not any(missing((each for each in there if each[0] < span[1] and each[1] > span[0]), *span)):
            continue
        for table in TABLES:
            part = source / table / name_of(*span)
            if part.exists():
                with part.open("rb") as given:
                    commit(target / table / part.name, partial(shutil.copyfileobj, given))


__all__ = [
    "EVENTS", "MONTHS", "ROWS", "SweepError", "compact", "dataset_of", "design_in", "forget", "merge", "paired",
    "plain", "rows_of", "rows_there", "study_in", "tables_in",
]  # fmt: skip
