"""A study in one file: rows, question, the code that lived them, and what it stood on.

Change this file to keep something more. The same folder, code and libraries give the same archive, byte for byte. How
one is checked is in experiments/bundle_check.py.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import shutil
import stat
import subprocess
import tomllib
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from experiments import parts, store
from experiments.parts import DESIGN, TABLES, WHAT, design_in, kept, name_of
from experiments.store import host_class
from experiments.study import Study
from experiments.study_file import study_in_toml
from experiments.sweep import status_of
from experiments.words import reason
from simulation.journal import made_with, model_fingerprint
from simulation.scenario import GRAPHS, toml_text

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
CHUNK = 1 << 20


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
    if fingerprint_of_text(code.items()) != model_fingerprint():
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
        raise BundleError(f"{file} cannot be written: {reason(error)}") from None
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


def fingerprint_of_text(code: Iterable[tuple[str, bytes]]) -> str:
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
