"""A results folder: everything one comparison found, the question it answers, and how to ask it again.

Change this file to keep something more. A new folder appears whole or not at all; in one that is there already,
every file is replaced whole. What Kith did not write is never touched. `question.toml` is a scenario with one more
section, [comparison]; `kith compare question.toml` asks the same question again, or the verb that the file names.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from agents.declared import near
from experiments.pairs import Comparison, ComparisonError, Governance, named_governances
from experiments.words import reason
from simulation.journal import made_with, model_fingerprint
from simulation.scenario import Draft, Scenario, ScenarioError, load_scenario, toml, toml_key

QUESTION = "question.toml"
REPORT = "report.html"
RULES = "rules.py"
PLAUSIBLE = "plausible.csv"
FILES = (
    REPORT, "comparison.csv", "who_bore_it.csv", PLAUSIBLE, "runs.parquet", "runs.csv", "months.parquet",
    "months.csv.gz", "events.parquet", RULES, QUESTION,
)  # fmt: skip
"""What a comparison's folder may hold. The question comes last: a folder that has one is complete."""
ATTRIBUTION = (
    "attribution.html",
    "attribution.parquet",
    "attribution.csv",
    "runs.parquet",
    "runs.csv",
    RULES,
    QUESTION,
)
"""What an attribution's folder may hold."""
EVERY_FILE = tuple(dict.fromkeys((*ATTRIBUTION[:3], *FILES)))
SECTION = "comparison"
KEYS = ("verb", "governances", "seeds", "plausible", "rules", "engine", "made_with", "stopped_early")


class FolderError(ValueError):
    """A folder that results cannot be written to, and what to do about it."""


class Asked(Protocol):
    """What a results folder must know of the question it answers: a comparison's, or an attribution's."""

    @property
    def verb(self) -> str:
        """What asks it on the command line."""

    @property
    def scenario(self) -> Scenario:
        """The scenario it is asked of."""

    @property
    def governances(self) -> Mapping[str, Governance]:
        """The governances, by the names they are shown under."""

    @property
    def seeds(self) -> int:
        """How many seeds were asked for."""

    @property
    def rules(self) -> str:
        """The text of rules that replace the model's own."""

    @property
    def stopped(self) -> bool:
        """Whether it was stopped early."""

    @property
    def replicates(self) -> tuple[int, ...]:
        """The seeds that are complete."""


# ---- the question -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """A scenario and what is compared in it, as a question.toml says; None where a file does not say."""

    scenario: Scenario
    governances: Mapping[str, Governance] | None = None
    seeds: int | None = None
    rules: Path | None = None
    made_with: Mapping[str, Any] = field(default_factory=dict)
    verb: str = "compare"
    plausible: int = 0
    """Seeds with which it is asked of every plausible town too; 0 where it is not."""


def read_question(setting: str | Path) -> Question:
    """The question in a setting's name, a scenario file or a question.toml."""
    path = Path(setting)
    if not path.is_file():
        return Question(load_scenario(setting))
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return Question(load_scenario(setting))  # which says what is wrong with the file
    asked = table.pop(SECTION, None)
    if asked is None:
        return Question(load_scenario(setting))
    draft = Draft()
    draft.add(table, path)
    draft.lines += _problems(path.name, asked)
    if draft.lines:
        raise ScenarioError(draft.lines)
    try:
        scenario = Scenario(**{"name": path.stem, **draft.values}, path=path)
    except ScenarioError as error:
        raise ScenarioError([f"{path.name}: {text}" for _, text in error.problems]) from None
    rules = path.parent / asked["rules"] if asked.get("rules") else None
    if rules is not None and not rules.is_file():
        raise ScenarioError([f"{path.name}: [{SECTION}] rules is {asked['rules']!r}; there is no such file beside it"])
    given = asked.get("governances")
    governances = None if given is None else named_governances(given)
    return Question(
        scenario,
        governances,
        asked.get("seeds"),
        rules,
        asked.get("made_with", {}),
        asked.get("verb", "compare"),
        asked.get("plausible", 0),
    )


def _problems(file: str, asked: Any) -> list[str]:
    if not isinstance(asked, dict):
        return [f"{file}: {SECTION} is {asked!r}; it must be a section, [{SECTION}]"]
    found = [f'{file}: [{SECTION}] has no key "{key}".{near(key, KEYS)}' for key in asked if key not in KEYS]
    seeds = asked.get("seeds", 1)
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
        found.append(f"{file}: seeds is {seeds!r}; it must be a whole number, 1 or more")
    governances = asked.get("governances", ["contract"])
    if not isinstance(governances, (list, dict)) or not governances:
        found.append(f"{file}: governances is {governances!r}; it must be a list of governances, or names with dials")
    plausible = asked.get("plausible", 1)
    if isinstance(plausible, bool) or not isinstance(plausible, int) or plausible < 1:
        found.append(f"{file}: plausible is {plausible!r}; it must be a whole number of seeds for each plausible town")
    if not isinstance(asked.get("rules", ""), str):
        found.append(f"{file}: rules is {asked['rules']!r}; it must be the name of a file beside this one")
    return found


def question_text(asked: Asked) -> str:
    """The question as a file that asks it again."""
    scenario = asked.scenario.from_anywhere()
    keys: dict[str, Any] = {} if asked.verb == "compare" else {"verb": asked.verb}
    keys |= {"seeds": asked.seeds, "governances": _governances(asked)}
    plausible = getattr(asked, "plausible", None)
    if plausible is not None:
        keys["plausible"] = plausible.seeds
    if asked.rules:
        keys["rules"] = RULES
    if asked.stopped:
        keys["stopped_early"] = f"after {len(asked.replicates)} seeds"
    keys["made_with"] = provenance(asked)
    lines = [f"{toml_key(name)} = {toml(value)}" for name, value in keys.items()]
    return (
        f"# Ask this again: kith {asked.verb} {QUESTION}\n{scenario.to_toml()}\n[{SECTION}]\n" + "\n".join(lines) + "\n"
    )


def _governances(asked: Asked) -> Any:
    plain = all(not isinstance(value, Mapping) and str(value) == name for name, value in asked.governances.items())
    return list(asked.governances.values()) if plain else dict(asked.governances)


def provenance(asked: Asked) -> dict[str, str]:
    """What made the results: versions of Kith and of what it stands on, and the fingerprint of the model."""
    found = made_with() | {"host": host_class()}
    if asked.rules:
        found["rules"] = hashlib.sha256(asked.rules.encode()).hexdigest()[:16]
    return found


def host_class() -> str:
    """What kind of machine this is: system, processor, and how many of them; never its name."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count() or 1} processors"


# ---- the folder -------------------------------------------------------------------------------------


def check_folder(folder: Path, asked: Asked, replace: bool = False) -> None:
    """Refuse, before anything is lived, a folder that cannot be written or that holds something else.

    A folder with results of the same question is written anew: that is what asking again means.
    """
    if folder.exists() and not folder.is_dir():
        raise FolderError(f"{folder} is a file; --out must be a folder")
    held = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if held and QUESTION not in held:
        strangers = ", ".join(held[:3]) + (" …" if len(held) > 3 else "")
        raise FolderError(f"{folder} is not empty and holds no results of Kith ({strangers}); choose another")
    if held and not replace and not _same_question(folder / QUESTION, asked):
        raise FolderError(
            f"{folder} holds the answer to another question; choose another folder with --out, "
            "or write over it with --replace"
        )
    try:
        with _beside(folder):
            pass
    except OSError as error:
        raise FolderError(f"{folder} cannot be written to: {reason(error)}") from None


def free_folder(folder: Path, asked: Asked) -> Path:
    """The folder itself, or the first of folder-2, folder-3 … that is free or answers the same question."""
    place, number = folder, 1
    while place.exists():
        held = {path.name for path in place.iterdir()} if place.is_dir() else {""}
        if not held or (QUESTION in held and _same_question(place / QUESTION, asked)):
            return place
        number += 1
        place = folder.with_name(f"{folder.name}-{number}")
    return place


def _same_question(file: Path, asked: Asked) -> bool:
    try:
        old = read_question(file)
    except (ScenarioError, ValueError):
        return False
    rules = old.rules.read_text(encoding="utf-8") if old.rules else ""
    return (
        old.scenario == asked.scenario.from_anywhere()
        and dict(old.governances or {}) == dict(asked.governances)
        and list(old.governances or {}) == list(asked.governances)
        and old.seeds == asked.seeds
        and old.verb == asked.verb
        and rules == asked.rules
    )


def write(folder: Path, comparison: Comparison, report: Callable[[Comparison], str] | None = None) -> None:
    """Write a comparison to a folder: everything it found, and its report where there is one to be made."""
    write_parts(folder, _parts(comparison, report))


def write_parts(folder: Path, files: Iterable[tuple[str, Callable[[Path], object]]]) -> None:
    """Write files to a folder: into a temporary one beside it, which then takes its name.

    Where the folder is there already, what Kith wrote there before and does not write now is taken away.
    """
    with _beside(folder) as parts:
        for name, write_part in files:
            write_part(parts / name)
        if not folder.exists():
            parts.rename(folder)
            return
        written = {path.name for path in parts.iterdir()}
        for name in EVERY_FILE:
            if name in written:
                (parts / name).replace(folder / name)
            else:
                (folder / name).unlink(missing_ok=True)


def _parts(
    comparison: Comparison, report: Callable[[Comparison], str] | None
) -> Iterator[tuple[str, Callable[[Path], object]]]:
    runs, months = comparison.runs, comparison.months
    if comparison.replicates:
        if report is not None:
            yield REPORT, lambda path: path.write_text(report(comparison), encoding="utf-8")
        yield "comparison.csv", lambda path: comparison.table.to_csv(path, index=False)
        yield "who_bore_it.csv", lambda path: comparison.who_bore_it.to_csv(path, index=False)
        if (plausible := comparison.plausible) is not None:
            yield PLAUSIBLE, lambda path: plausible.table.to_csv(path, index=False)
    yield "runs.parquet", lambda path: runs.to_parquet(path, index=False)
    yield "runs.csv", lambda path: runs.to_csv(path, index=False)
    yield "months.parquet", lambda path: months.to_parquet(path, index=False)
    yield "months.csv.gz", lambda path: months.to_csv(path, index=False, compression={"method": "gzip", "mtime": 0})
    yield "events.parquet", lambda path: comparison.events.to_parquet(path, index=False)
    if comparison.rules:
        yield RULES, lambda path: path.write_text(comparison.rules, encoding="utf-8")
    yield QUESTION, lambda path: path.write_text(question_text(comparison), encoding="utf-8")


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A temporary folder beside this one, gone at the end unless it was renamed."""
    folder.resolve().parent.mkdir(parents=True, exist_ok=True)
    parts = Path(tempfile.mkdtemp(prefix=f".{folder.resolve().name}-", dir=folder.resolve().parent))
    try:
        parts.chmod(0o755)
        yield parts
    finally:
        shutil.rmtree(parts, ignore_errors=True)


def as_json(comparison: Comparison) -> str:
    """The answer for machines: the question, every estimate, who bore it, what failed, what made it."""
    table = json.loads(comparison.table.to_json(orient="records")) if comparison.replicates else []
    borne = json.loads(comparison.who_bore_it.to_json(orient="records")) if comparison.replicates else []
    across = json.loads(comparison.plausible.table.to_json(orient="records")) if comparison.plausible else []
    return json.dumps(
        {
            "setting": comparison.scenario.name,
            "governances": list(comparison.governances),
            "first": comparison.first,
            "seeds_asked": comparison.seeds,
            "seeds": len(comparison.replicates),
            "stopped": comparison.stopped,
            "compiled": comparison.compiled,
            "seconds": round(comparison.seconds, 3),
            "table": table,
            "who_bore_it": borne,
            "plausible_towns": across,
            "failures": [
                {"run": task.number, "governance": task.governance, "world": task.world, "seed": task.scenario.seed}
                | {"error": each.error, "traceback": each.traceback}
                for task, each in comparison.failures
            ],
            "made_with": provenance(comparison),
        },
        indent=2,
        ensure_ascii=False,
    )


__all__ = [
    "FILES", "QUESTION", "REPORT", "Asked", "ComparisonError", "FolderError", "Question", "as_json", "check_folder",
    "model_fingerprint", "question_text", "read_question", "write", "write_parts",
]  # fmt: skip
