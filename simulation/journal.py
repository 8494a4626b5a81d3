"""A town's journal: how it was founded, and what was changed on the way. From it the same town is lived again.

Change this file to keep something more. A journal is a scenario file with two more sections: [journal], which says
what made it, and one [[changes]] for each change, with the month it was made in. Kept are changes made with `intervene`
and `fork`. What is done to a town through its agents, its tables, or rules followed by hand is not seen by the
model and cannot be kept: a journal holds a fingerprint of the town, so that living it again then says so.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.declared import near
from agents.tables import Town
from simulation.changes import Change
from simulation.reader import RulesError
from simulation.scenario import Draft, Scenario, ScenarioError, shock_in, toml, toml_in
from simulation.shocks import table_of
from simulation.written_rules import rules_from_text

if TYPE_CHECKING:
    from simulation.model import CommunityModel

SECTION, CHANGES = "journal", "changes"
KEYS = ("months", "rules", "town", "made_with")
SHOCKS = ("shocks", "further_shocks")


class JournalError(ValueError):
    """A journal that cannot be read, or from which the same town cannot be lived again."""


@dataclass(frozen=True)
class Journal:
    """How a town was founded, what was changed on the way, and how many months it has lived.

    `rules` is the text of the rules replaced from the start. `made_with` names the versions that lived it, the model's
    fingerprint among them. `town` is a fingerprint of the town as it now is, or nothing where that is not known.
    """

    setting: Scenario
    rules: str = ""
    changes: tuple[Change, ...] = ()
    months: int = 0
    made_with: Mapping[str, str] = field(default_factory=dict)
    town: str = ""

    def to_toml(self) -> str:
        """The journal as the text of a file."""
        told = {"months": self.months, "rules": self.rules, "town": self.town, "made_with": dict(self.made_with)}
        lines = [
            "# Live this town again: simulation.journal.replay, or kith why",
            self.setting.from_anywhere().to_toml(),
        ]
        lines += [f"[{SECTION}]", *(f"{name} = {toml(value)}" for name, value in told.items() if value)]
        for change in self.changes:
            lines += ["", f"[[{CHANGES}]]"]
            lines += [
                f"{key} = {'true' if value is True else toml(value)}" for key, value in table_of_change(change).items()
            ]
        return "\n".join(lines) + "\n"


def founded(setting: Scenario, rules: str = "") -> Journal:
    """The journal of a town that is about to be founded by this version of the model."""
    return Journal(setting, rules, made_with=made_with(setting))


# ---- living it again ---------------------------------------------------------------------------------------


def replay(
    journal: Journal, *, anyway: bool = False, engine: str = "auto", watch: Callable[[Town], object] | None = None
) -> CommunityModel:
    """The town a journal tells of, lived again month by month, to the last bit.

    Refuses a journal made by another version of the model; with `anyway` it goes on, and the town may be
    another. `watch` is shown the town after each month. A class of the user's own made from CommunityModel, and
    what it adds, is not in a journal.
    """
    from simulation.model import CommunityModel  # noqa: PLC0415  the model keeps a journal

    if not anyway:
        check_versions(journal)
    rules = rules_in(journal.rules)
    model = CommunityModel(setting=journal.setting, rng=journal.setting.seed, engine=engine, rules=rules)
    for change in (*journal.changes, Change(journal.months)):
        while model.month < change.month:
            model.step()
            if watch is not None:
                watch(model.town)
        if change.fork or not change.changes_nothing or change.months is not None:
            model.make_change(change)
    if journal.town and not anyway and fingerprint_of(model.town) != journal.town:
        raise JournalError(
            "lived again, this town is not the one the journal was written for. Something was done to it through its "
            "agents or its tables, which a journal cannot keep; add anyway=True to have the town without it"
        )
    return model


def check_versions(journal: Journal) -> None:
    """Refuse a journal made by another version of the model, or whose files of the graph have changed."""
    now = made_with(journal.setting)
    for name, was in journal.made_with.items():
        if name == "model" and was != now["model"]:
            raise JournalError(
                f"this was lived by another version of the model ({was}; this one is {now['model']}), so the same "
                "town cannot be promised; go on anyway to see what this version makes of it"
            )
        if name.startswith("graph_") and was != now.get(name):
            raise JournalError(f"the file of the {name.removeprefix('graph_')} graph has changed since")


def rules_in(text: str) -> Mapping[str, Any]:
    """The rules whose text a journal holds."""
    try:
        return rules_from_text(text)
    except RulesError as problem:
        raise JournalError(f"the rules in this journal cannot be followed: {problem}") from None


# ---- what made it ------------------------------------------------------------------------------------------


def made_with(setting: Scenario | None = None) -> dict[str, str]:
    """The versions of Kith and of what it stands on, the fingerprint of the model, and those of the graph's files."""
    found = {"kith": version_of("kith"), "model": model_fingerprint(), "python": platform.python_version()}
    found |= {package: version_of(package) for package in ("numpy", "numba", "scipy")}
    for layer, file in (setting.graph_files() if setting else {}).items():
        found[f"graph_{layer}"] = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    return found


@cache
def version_of(package: str) -> str:
    """The installed version of a package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


@cache
def model_fingerprint() -> str:
    """A hash of the text of every rule, parameter and series of prices: two that differ are two models."""
    house = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for room in ("agents", "simulation"):
        for path in sorted((house / room).rglob("*")):
            if path.suffix in (".py", ".csv"):
                digest.update(path.relative_to(house).as_posix().encode())
                digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def fingerprint_of(town: Town) -> str:
    """A hash of everything in the town that months have written, whatever room was set aside beyond it."""
    months = int(town.clock["month"])
    used = {
        "history": town.history[:months],
        "neighbourhood_history": town.neighbourhood_history[: months * len(town.neighbourhoods)],
        "events": town.events[: int(town.clock["events"])],
    }
    digest = hashlib.blake2b(digest_size=16)
    for name, table in town._asdict().items():
        array = np.ascontiguousarray(used.get(name, table))
        digest.update(name.encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


# ---- into a file and back ----------------------------------------------------------------------------------


def write_journal(journal: Journal, path: str | Path) -> None:
    """Write a journal to a TOML file: whole, or not at all."""
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    part.write_text(journal.to_toml(), encoding="utf-8")
    part.replace(path)


def read_journal(path: str | Path) -> Journal:
    """The journal in a file. Raises JournalError or ScenarioError, with every problem found in it."""
    path = Path(path)
    table = toml_in(path)
    told, changes = table.pop(SECTION, None), table.pop(CHANGES, [])
    if not isinstance(told, dict):
        raise JournalError(f"{path.name} is not a journal: it has no section [{SECTION}]")
    problems = [f'{path.name}: [{SECTION}] has no key "{key}".{near(key, KEYS)}' for key in told if key not in KEYS]
    months = told.get("months", 0)
    if isinstance(months, bool) or not isinstance(months, int) or months < 0:
        problems.append(f"{path.name}: [{SECTION}] months is {months!r}; it must be a whole number, 0 or more")
    problems += [
        f"{path.name}: [{SECTION}] {key} is {told[key]!r}; it must be text" for key in ("rules", "town")
        if not isinstance(told.get(key, ""), str)
    ]  # fmt: skip
    if not isinstance(told.get("made_with", {}), dict):
        problems.append(f"{path.name}: [{SECTION}] made_with is {told['made_with']!r}; it must be names with versions")
    if not isinstance(changes, list) or not all(isinstance(each, dict) for each in changes):
        problems.append(f"{path.name}: {CHANGES} must be written as [[{CHANGES}]], once for each change")
        changes = []
    draft = Draft()
    draft.add(table, path)
    places = enumerate(changes, start=1)
    made = [_change_in(f"{path.name}: change {place}", each, path.parent, problems) for place, each in places]
    when = [change.month for change in made if change is not None]
    if when != sorted(when) or (when and not problems and when[-1] > months):
        problems.append(f"{path.name}: changes must be in order, and none later than month {months}, where it ends")
    if problems or draft.lines:
        raise JournalError("\n".join([*problems, *draft.lines]))
    try:
        setting = Scenario(**{"name": "", **draft.values}, path=path)
    except ScenarioError as error:
        raise JournalError("\n".join(f"{path.name}: {text}" for _, text in error.problems)) from None
    kept = tuple(change for change in made if change is not None)
    return Journal(setting, told.get("rules", ""), kept, months, dict(told.get("made_with", {})), told.get("town", ""))


def table_of_change(change: Change) -> dict[str, Any]:
    """A change as the table of a journal file: what is not given is not written."""
    given: dict[str, Any] = {each.name: getattr(change, each.name) for each in fields(change)}
    given |= {"parameters": dict(change.parameters) or None, "fork": change.fork or None}
    given["shocks"] = None if change.shocks is None else [table_of(shock) for shock in change.shocks]
    given["further_shocks"] = [table_of(shock) for shock in change.further_shocks] or None
    return {name: value for name, value in given.items() if value is not None}


def _change_in(where: str, table: dict[str, Any], folder: Path, problems: list[str]) -> Change | None:
    """The change a table describes, or None, with what is wrong added to the problems."""
    known = [each.name for each in fields(Change)]
    wrong = [f'{where} has no key "{key}".{near(key, known)}' for key in table if key not in known]
    given = {key: value for key, value in table.items() if key in known}
    for key in ("month", "months", "luck"):
        value = given.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            wrong.append(f"{where}: {key} is {value!r}; it must be a whole number, 0 or more")
    if "month" not in given:
        wrong.append(f"{where} needs a month")
    if not isinstance(given.get("parameters", {}), dict):
        wrong.append(f"{where}: parameters is {given['parameters']!r}; it must be names with values")
    else:
        lists = given.get("parameters", {}).items()
        given["parameters"] = {name: tuple(value) if isinstance(value, list) else value for name, value in lists}
    if not isinstance(given.get("rules", ""), str):
        wrong.append(f"{where}: rules is {given['rules']!r}; it must be text")
    if not isinstance(given.get("fork", True), bool):
        wrong.append(f"{where}: fork is {given['fork']!r}; it must be true or false")
    for key in [key for key in SHOCKS if key in given]:
        tables = given[key]
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            wrong.append(f"{where}: {key} must be a list of shocks")
            continue
        read = [shock_in(each, folder) for each in tables]
        wrong += [f"{where}: {key} {place}: {said}" for place, (_, found) in enumerate(read, 1) for said in found]
        given[key] = tuple(shock for shock, _ in read if shock is not None)
    problems += wrong
    return None if wrong else Change(**given)


__all__ = [
    "Journal", "JournalError", "check_versions", "fingerprint_of", "founded", "made_with", "model_fingerprint",
    "read_journal", "replay", "rules_in", "table_of_change", "version_of", "write_journal",
]  # fmt: skip
