"""A study in one file: rows, question, the code that lived them, what it stood on, and a way to check all of it.

Change this file to keep something more, or to check it harder. The same folder, code and libraries give the same
archive, byte for byte. Checking reads: nothing in an archive is run, nothing is written beside it, and rows are lived
again by the Kith that checks, after the code in the archive was seen to be the same model. Rules that a study brings
of its own are Python, so they are followed only where that is asked for.
"""

from __future__ import annotations

import hashlib
import json
import platform
import random
import re
import shutil
import stat
import struct
import subprocess
import tempfile
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from experiments import parts, store
from experiments.batches import Batch, be_ready, live_row
from experiments.pairs import NAMES, tasks_for
from experiments.parts import DESIGN, FAILED, LIVED, ROWS, TABLES, WHAT, design_in, kept, name_of
from experiments.resilience import resilience
from experiments.store import host_class
from experiments.study import Study, plain, rows_in_design, study_in_toml
from experiments.sweep import Models, status_of
from experiments.workers import Lived, Task, live, processors, rules_in
from simulation.engines import engine_for
from simulation.journal import made_with, model_fingerprint
from simulation.scenario import GRAPHS, SETTLING, toml_text

FORMAT = 1
MANIFEST = "manifest.json"
ROOMS = ("agents", "simulation", "experiments", "viz")
MODEL = ROOMS[:2]
"""The rooms whose text makes the model's fingerprint."""
PAPERS = ("docs/ODD.md", "CITATION.cff", "LICENSE", "README.md", "pyproject.toml")
"""What stands beside the code: the model described, how to cite it, its licence, and how to install it."""
ON_TOP = {"docs/ODD.md": "ODD.md", "CITATION.cff": "CITATION.cff", "LICENSE": "LICENSE"}
SHARED = "share/kith"
"""Where an installed Kith keeps its papers."""
HOUSE = Path(__file__).resolve().parent.parent
GRAPH_FILES = "graphs"
ABOUT_LUCK = ("seconds", "error", "traceback", "inputs", "replay", *GRAPHS)
"""Columns that are not compared: the clock, words about a failure, and where files are."""
LONGEST_MANIFEST = 64_000_000
CHUNK = 1 << 20
RERUN = 5


class BundleError(ValueError):
    """A bundle that cannot be made or read, and why."""


class Bundled(NamedTuple):
    """What was packed: the file, its hash, how many files and bytes, and what a reader would miss."""

    file: Path
    sha256: str
    files: int
    size: int
    rows: int
    missing: tuple[str, ...]


# ---- making one -------------------------------------------------------------------------------------


def bundle(folder: str | Path, out: str | Path | None = None) -> Bundled:
    """Pack a folder of kith sweep or of kith compare into one file: rows, question, code, papers, versions, hashes.

    Refuses rows that another version of the model lived: the code that is packed would not be theirs.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BundleError(f"{folder} is no folder; give one that kith sweep or kith compare has written")
    packed = _sweep_packed(folder) if (folder / WHAT).is_file() else _comparison_packed(folder)
    name = "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in folder.resolve().name).lstrip(".")
    file = Path(out) if out else folder.with_name(f"{folder.resolve().name}.zip")
    if file.is_dir():
        raise BundleError(f"{file} is a folder; --out must be a file, such as {file / 'study.zip'}")
    code, missing = _code()
    if _fingerprint(code.items()) != model_fingerprint():
        raise BundleError("the code was changed while it was read; try again")
    files: dict[str, Packed] = {**packed.files, **{f"code/{each}": text for each, text in code.items()}}
    files |= {top: code[paper] for paper, top in ON_TOP.items() if paper in code}
    files["environment.json"] = _json(environment())
    files["constraints.txt"] = "".join(f"{line}\n" for line in constraints()).encode()
    files["provenance.json"] = _json(packed.told | {"commit": _commit(), "packed_with": made_with()})
    files["README.md"] = _readme(name, packed, missing).encode()
    told: dict[str, Any] = {"format": FORMAT, "what": packed.what, "model": model_fingerprint(), "files": {}}
    for each in sorted(files):
        size, digest = _measured(files[each])
        told["files"][each] = {"size": size, "sha256": digest}
    files[MANIFEST] = _json(told)
    try:
        file.absolute().parent.mkdir(parents=True, exist_ok=True)
        parts.commit(file, partial(_zipped, name or "study", files))
    except OSError as error:
        raise BundleError(f"{file} cannot be written: {(error.strerror or str(error)).lower()}") from None
    return Bundled(file, _measured(file)[1], len(files), file.stat().st_size, packed.rows, missing)


Packed = bytes | Path
"""A file of an archive: its bytes, or where they are."""


class _Folder(NamedTuple):
    """What a results folder gives to an archive."""

    what: str
    title: str
    files: dict[str, Packed]
    told: dict[str, Any]
    rows: int
    again: tuple[str, ...]


def _sweep_packed(folder: Path) -> _Folder:
    study = parts.study_in(folder)
    status = status_of(folder)
    if status.written:
        raise BundleError(f"{folder} is being written; wait until the sweep has ended")
    if status.stale:
        raise BundleError(_not_theirs(folder, status.stale, status.rows))
    if not status.rows:
        raise BundleError(f"{folder} holds no rows yet: kith sweep lives them")
    renamed = _graph_files(study)
    told = json.loads((folder / WHAT).read_text(encoding="utf-8"))
    files: dict[str, Packed] = {f"data/{new}": Path(old) for old, new in renamed.items()}
    files["data/" + WHAT] = _json(_renamed(told, renamed))
    files["data/" + DESIGN] = folder / DESIGN
    if renamed:
        table = pq.read_table(folder / DESIGN)
        for layer in set(GRAPHS) & set(table.column_names):
            column = pa.array([renamed.get(each, each) for each in table[layer].to_pylist()])
            table = table.set_column(table.column_names.index(layer), layer, column)
        files["data/" + DESIGN] = parts.parquet_bytes(table)
    spans = kept(parts.ranges_in(folder))
    for table_name in TABLES:
        for span in sorted(set(spans) & set(parts.ranges_in(folder, table_name))):
            files[f"data/{table_name}/{name_of(*span)}"] = folder / table_name / name_of(*span)
    analysis = folder / "analysis"
    for path in sorted(analysis.rglob("*")) if analysis.is_dir() else []:
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            files[f"analysis/{path.relative_to(analysis).as_posix()}"] = path
    asked = study_in_toml(study)
    if renamed:
        asked = _with_names(asked, {old: f"data/{new}" for old, new in renamed.items()})
    files["question.toml"] = asked.encode()
    if study.rules:
        files["rules.py"] = study.rules.encode()
    if study.design["kind"] == "list":
        lines = design_in(folder).drop(columns="point").to_csv(index=False)
        files["points.csv"] = _with_names(lines, {old: f"data/{new}" for old, new in renamed.items()}).encode()
    provenance = {
        "made_with": told["made_with"], "schema": {"bundle": FORMAT, "sweep": told["format"]}, "study": study.key,
        "seed": study.scenario.seed, "pairs": study.seeds, "rows": status.rows, "rows_wanted": status.wanted,
        "statuses": dict(sorted(status.statuses.items())),
    }  # fmt: skip
    again = ("kith sweep question.toml --out again", "kith analyse again")
    return _Folder("sweep", study.title or study.name, files, provenance, status.rows, again)


def _comparison_packed(folder: Path) -> _Folder:
    file = folder / store.QUESTION
    if not file.is_file() or not (folder / "runs.parquet").is_file():
        raise BundleError(f"{folder} holds neither a sweep nor a comparison: it has no {WHAT} and no {store.QUESTION}")
    question = store.read_question(file)
    if question.verb != "compare":
        raise BundleError(f"{folder} was written by kith {question.verb}; a sweep or a comparison can be bundled")
    runs = pq.read_table(folder / "runs.parquet", columns=["run"]).num_rows
    if question.made_with.get("model") != model_fingerprint():
        raise BundleError(_not_theirs(folder, runs, runs))
    files: dict[str, Packed] = {f"data/{each}": folder / each for each in store.FILES if (folder / each).is_file()}
    renamed = {str(path.resolve()): f"{GRAPH_FILES}/{path.name}" for path in question.scenario.graph_files().values()}
    files |= {f"data/{new}": Path(old) for old, new in renamed.items()}
    files["data/" + store.QUESTION] = _with_names(file.read_text(encoding="utf-8"), renamed).encode()
    provenance = {
        "made_with": dict(question.made_with), "schema": {"bundle": FORMAT}, "seed": question.scenario.seed,
        "pairs": question.seeds, "rows": runs,
    }  # fmt: skip
    again = (f"kith compare data/{store.QUESTION} --out again",)
    return _Folder("comparison", question.scenario.title or question.scenario.name, files, provenance, runs, again)


def _not_theirs(folder: Path, stale: int, of: int) -> str:
    return (
        f"{folder}: {stale:,} of {of:,} rows were lived by another version of the model, and the code that is packed "
        "would not be theirs. Bundle them with that version, or live them again first"
    )


def _graph_files(study: Study) -> dict[str, str]:
    """The files on which towns of a study are founded, and what they are called in an archive."""
    named: dict[str, str] = {}
    for old in study.graph_files:
        new = f"{GRAPH_FILES}/{Path(old).name}"
        if new in named.values():
            raise BundleError(f"two files of the graph are both called {Path(old).name}; give one another name")
        named[old] = new
    return named


def _renamed(told: Any, names: Mapping[str, str]) -> Any:
    if isinstance(told, dict):
        return {key: _renamed(each, names) for key, each in told.items()}
    if isinstance(told, list):
        return [_renamed(each, names) for each in told]
    return names.get(told, told) if isinstance(told, str) else told


def _with_names(text: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(toml_text(old), toml_text(new)).replace(old, new)
    return text


def _json(told: Any) -> bytes:
    return (json.dumps(told, indent=1, ensure_ascii=False, sort_keys=False, default=str) + "\n").encode()


def _readme(name: str, packed: _Folder, missing: Sequence[str]) -> str:
    title = " ".join(packed.title.split())
    lines = [
        f"# {title}", "",
        "A study made with Kith, a simulated town, with all that it takes to check it and to do it again.", "",
        f"- Check it, with any Kith of the same model: `kith bundle --check {name}.zip`",
        "- Install the code that made it, in the unpacked folder: `python -m venv own && own/bin/pip install "
        "-c constraints.txt ./code`",
        f"- Do it again: {', then '.join(f'`own/bin/{each}`' for each in packed.again)}", "",
        "| here | is |", "|---|---|",
        "| `data/` | every row, as the folder it was written to |",
        *(["| `question.toml` | what was asked: the study as a file |"] * (packed.what == "sweep")),
        *(["| `analysis/` | the report and the figures, each with its table |"]
          * any(each.startswith("analysis/") for each in packed.files)),
        "| `code/` | the source that made the rows |",
        "| `environment.json`, `constraints.txt` | the Python and the libraries it was packed with |",
        "| `provenance.json` | what made the rows: versions, the fingerprint of the model, seeds |",
        "| `manifest.json` | size and SHA-256 of every other file |",
        *(["| `ODD.md`, `CITATION.cff`, `LICENSE` | the model described, how to cite it, its licence |"]
          * (not missing)),
    ]  # fmt: skip
    lines += ["", f"Not found where it was packed, and so missing: {', '.join(missing)}."] if missing else []
    return "\n".join(lines) + "\n"


def _zipped(name: str, files: Mapping[str, Packed], file: IO[bytes]) -> None:
    """An archive that depends on what is in it and on nothing else: no times, one order, one set of rights."""
    with zipfile.ZipFile(file, "w") as archive:
        for each in sorted(files):
            entry = zipfile.ZipInfo(f"{name}/{each}", (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            small = each.endswith((".parquet", ".png", ".gz"))  # these are small already
            entry.compress_type = zipfile.ZIP_STORED if small else zipfile.ZIP_DEFLATED
            content = files[each]
            if isinstance(content, Path):
                entry.file_size = content.stat().st_size
                with content.open("rb") as source, archive.open(entry, "w") as target:
                    shutil.copyfileobj(source, target, CHUNK)
            else:
                archive.writestr(entry, content)


def _measured(content: Packed) -> tuple[int, str]:
    if isinstance(content, bytes):
        return len(content), hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return content.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


# ---- the code and what it stands on -----------------------------------------------------------------


def _code() -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The source that is running, by its place in the house, with its papers; and the papers that are not there."""
    found = {}
    for room in ROOMS:
        for path in sorted((HOUSE / room).rglob("*")):
            hidden = any(part.startswith((".", "__pycache__")) for part in path.relative_to(HOUSE).parts)
            if path.is_file() and not hidden and path.suffix not in (".pyc", ".pyo", ".so"):
                found[path.relative_to(HOUSE).as_posix()] = path.read_bytes()
    there = papers()
    found |= {name: path.read_bytes() for name, path in there.items()}
    return found, tuple(name for name in PAPERS if name not in there)


def papers(house: Path = HOUSE) -> dict[str, Path]:
    """Where the papers are that stand beside the code: in the house itself, or where an installed Kith keeps them."""
    if _is_own(house / "pyproject.toml"):
        return {name: house / name for name in PAPERS if (house / name).is_file()}
    try:
        kept_files = metadata.files("kith") or []
    except metadata.PackageNotFoundError:
        return {}
    shared = {path.name: Path(str(path.locate())) for path in kept_files if path.parent.as_posix().endswith(SHARED)}
    return {name: file for name in PAPERS if (file := shared.get(Path(name).name)) is not None and file.is_file()}


def _is_own(project: Path) -> bool:
    try:
        return bool(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["name"] == "kith")
    except (OSError, ValueError, KeyError):
        return False


def _fingerprint(code: Iterable[tuple[str, bytes]]) -> str:
    """The fingerprint of a model by its text, as simulation/journal.py has it of the one that is running."""
    digest = hashlib.sha256()
    texts = {PurePosixPath(name): text for name, text in code}
    for room in MODEL:
        for path in sorted(each for each in texts if each.parts[0] == room):
            if path.suffix in (".py", ".csv"):
                digest.update(path.as_posix().encode())
                digest.update(texts[path].replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def environment() -> dict[str, Any]:
    """What Kith stands on here: Python, the kind of machine, and the libraries; no name of anyone or anywhere."""
    return {
        "python": platform.python_version(), "implementation": platform.python_implementation(), "host": host_class(),
        "libraries": dict(line.split("==") for line in constraints()),
    }  # fmt: skip


def constraints() -> list[str]:
    """Every installed library that Kith asks for, and those that these ask for, with its version."""
    wanted, seen, found = _wants(), set[str](), {}
    while wanted:
        name = wanted.pop()
        if (key := _known_as(name)) in seen:
            continue
        seen.add(key)
        try:
            asked = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[key] = f"{asked.metadata['Name']}=={asked.version}"
        wanted += [each for line in asked.requires or () if "extra ==" not in line and (each := _name_in(line))]
    return [found[key] for key in sorted(found)]


def _wants() -> list[str]:
    project = papers().get("pyproject.toml")
    if project is None:
        try:
            return [_name_in(line) for line in metadata.requires("kith") or () if "extra ==" not in line]
        except metadata.PackageNotFoundError:
            return []
    told = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    return [_name_in(line) for line in (*told["dependencies"], *told["optional-dependencies"]["analysis"])]


def _name_in(line: str) -> str:
    return re.split(r"[<>=!~\[; (]", line.strip())[0]


def _known_as(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _commit() -> str:
    """The commit that is checked out, where this is the project's own repository and nothing of it was changed."""
    git = shutil.which("git")
    if git is None or not (HOUSE / ".git").exists():
        return ""
    ask = partial(subprocess.run, cwd=HOUSE, capture_output=True, text=True, check=False, timeout=20)
    try:
        changed = ask([git, "status", "--porcelain", "--", *ROOMS, "pyproject.toml"])
        head = ask([git, "rev-parse", "HEAD"])
    except (OSError, subprocess.SubprocessError):
        return ""
    return "" if changed.returncode or head.returncode or changed.stdout.strip() else head.stdout.strip()


# ---- checking one -----------------------------------------------------------------------------------


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
        raise BundleError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None


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
    is_code = _fingerprint((name.removeprefix("code/"), text) for name, text in code.items())
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
