"""A scenario: one question put to the town, read from a TOML file and checked before anyone is founded.

Change this file to let a scenario say something new. A scenario that exists has been checked: what does not
fit is refused when it is made, every problem at once, each with its key, its value, what is allowed and what
was probably meant. The settings that come with Kith are in scenarios/.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.declared import Declared, column, dtype_of, fields_of, flat, near
from agents.parameters import Parameters
from agents.tables import NEEDS, Case, Layer, Resident
from agents.terms import UnknownGovernance, terms_for
from simulation.shocks import (
    LONGEST,
    History,
    Shock,
    as_tuple,
    problem_with,
    reason,
    series_in,
    shock_from,
    table_of,
    whole,
)

SHIPPED = Path(__file__).parent / "scenarios"
SETTLING = 24
"""Months in which a new town finds its feet: they are lived and not reported."""
NEIGHBOURS = 6
"""Neighbours a resident has, for the estimate of memory."""


class Sizes:
    """The scenario's own numbers."""

    months: int = column(
        84, low=SETTLING + 1, high=LONGEST, unit=f"months; the first {SETTLING} settle the town and are not reported",
        meaning="How long the town is lived in.",
    )  # fmt: skip
    seed: int = column(1, low=0, high=2**63 - 1, unit="seed", meaning="What luck is made from.")
    residents: int = column(1000, low=1, high=5_000_000, unit="people", meaning="Who live in the town.")
    neighbourhoods: int = column(6, low=1, high=10_000, unit="parts of town", meaning="Where they live.")
    partners: int = column(18, low=0, high=10_000, unit="organisations", meaning="Who sell places to services.")
    agreements_per_service: int = column(
        3, low=0, high=1000, unit="agreements", meaning="How many partners each service buys from."
    )


SIZES = fields_of(Sizes)
TOWN = ("residents", "neighbourhoods", "partners", "agreements_per_service")
TEXTS = ("name", "title", "story", "look_for")
GRAPHS = {
    "kith": ("small_world", "core_periphery", "block", "random"),
    "peer": ("small_world", "by_lot", "core_periphery", "block", "random"),
}
"""The kinds of graph a layer may be founded on, the usual one first (see simulation/graphs.py); or a file's path."""
LAYERS = tuple(layer.name.lower() for layer in Layer)
PARAMETERS = fields_of(Parameters)
TOP = (*TEXTS, "base", "months", "seed", "governance", "town", "graph", "parameters", "shocks", "further_shocks")
"""What may stand in a scenario file outside its sections, and the sections."""


class Problem(NamedTuple):
    """What is wrong, and with which key of the scenario."""

    key: str
    text: str


class ScenarioError(ValueError):
    """A scenario that cannot be lived: a line for each problem, with file, key, value and what is allowed."""

    def __init__(self, lines: str | Iterable[str], problems: Iterable[Problem] = ()) -> None:
        super().__init__(lines if isinstance(lines, str) else "\n".join(lines))
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the problems when sent from one process to another."""
        return ScenarioError, (str(self), self.problems)


@dataclass(frozen=True)
class Scenario:
    """One question: how large the town is, what the world does to it, and how its ties are held.

    `governance` is a name from agents/terms.py, a number from 0 (contract) to 1 (relational), or dials of one's
    own with an optional `base`; or one of these for each layer, as {"agreement": …, "peer": …}. `parameters`
    holds only what is to differ from agents/parameters.py. `graph` says, for the layers kith and peer, which kind
    of graph they are founded on: a name from GRAPHS, or the path of a GraphML or edge-list file.
    """

    title: str = ""
    story: str = ""
    look_for: str = ""
    months: int = 84
    seed: int = 1
    residents: int = 1000
    neighbourhoods: int = 6
    partners: int = 18
    agreements_per_service: int = 3
    graph: Mapping[str, str] = field(default_factory=dict)
    shocks: tuple[Shock, ...] = ()
    governance: str | float | Mapping[str, Any] = "contract"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    path: Path | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Refuse what does not fit, every problem at once; then write equal things alike."""
        problems = list(problems_of(self))
        if problems:
            raise ScenarioError([f"{self.name or 'scenario'}: {problem.text}" for problem in problems], problems)
        tidy: dict[str, Any] = {name: getattr(self, name).strip() for name in TEXTS}
        tidy |= {name: whole(getattr(self, name)) for name in SIZES}
        tidy["shocks"] = tuple(self.shocks)
        tidy["graph"] = {layer: str(self.graph.get(layer, kinds[0])) for layer, kinds in GRAPHS.items()}
        tidy["parameters"] = {name: plain(PARAMETERS[name], value) for name, value in self.parameters.items()}
        if isinstance(self.governance, Mapping):
            tidy["governance"] = dict(self.governance)
        for name, value in tidy.items():
            object.__setattr__(self, name, value)

    def with_(self, **changes: Any) -> Scenario:
        """The same scenario with some of it changed: `with_(months=120, governance="relational", inflow=0.02)`.

        A name that is a parameter's changes that parameter and leaves the others as they are. So do the layers of
        the graph: `with_(kith="random")`.
        """
        own = {field.name for field in fields(self)}
        graph = {layer: changes.pop(layer) for layer in GRAPHS if layer in changes}
        parameters = {name: changes.pop(name) for name in list(changes) if name in PARAMETERS and name not in own}
        unknown = [name for name in changes if name not in own]
        if unknown:
            known = [*own, *PARAMETERS, *GRAPHS]
            raise ScenarioError(
                f'{self.name or "scenario"}: there is no "{name}".{near(name, known)}' for name in unknown
            )
        if parameters:
            changes["parameters"] = {**changes.get("parameters", self.parameters), **parameters}
        if graph:
            changes["graph"] = {**changes.get("graph", self.graph), **graph}
        return replace(self, **changes)

    def calm(self) -> Scenario:
        """The twin in which nothing comes from outside: the same in everything else, luck and name included."""
        return replace(self, shocks=())

    def parameter(self, name: str) -> Any:
        """A parameter's value: as changed here, or its default."""
        return self.parameters.get(name, PARAMETERS[name].default)

    def graph_files(self) -> dict[str, Path]:
        """The layers of the graph that are read from files, and their files."""
        return {layer: Path(given) for layer, given in self.graph.items() if not is_kind(layer, given)}

    def from_anywhere(self) -> Scenario:
        """The same scenario with the files of its graph named in full."""
        return self.with_(**{layer: str(file.resolve()) for layer, file in self.graph_files().items()})

    def terms(self) -> dict[str, dict[str, float]]:
        """The twelve dials of each layer of ties."""
        return terms_of(self.governance)

    def cautions(self) -> list[str]:
        """What is allowed but may surprise, in words."""
        found = []
        for place, shock in enumerate(self.shocks, start=1):
            found += [f"{called(place, shock)}: {caution}" for caution in shock.cautions(self.months)]
            if shock.shape in ("step", "ramp", "pulse") and shock.start < SETTLING:
                found.append(
                    f"{called(place, shock)} starts in month {shock.start}, while the town is settling; "
                    f"months before {SETTLING} are not reported"
                )
        return found

    def to_toml(self) -> str:
        """The scenario as the text of a file that loads to an equal one."""
        lines = [f"{name} = {toml(getattr(self, name))}" for name in TEXTS if getattr(self, name)]
        lines += [f"{name} = {toml(getattr(self, name))}" for name in ("months", "seed", "governance")]
        sections = {"town": {name: getattr(self, name) for name in TOWN}, "graph": self.graph}
        for section, table in (*sections.items(), ("parameters", self.parameters)):
            if table:
                lines += ["", f"[{section}]", *(f"{toml_key(name)} = {toml(value)}" for name, value in table.items())]
        for shock in self.shocks:
            lines += ["", "[[shocks]]", *(f"{name} = {toml(value)}" for name, value in table_of(shock).items())]
        return "\n".join(lines) + "\n"


def settings() -> list[str]:
    """The names of the scenarios that come with Kith."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


# ---- from a file ------------------------------------------------------------------------------------


def load_scenario(name_or_path: str | Path) -> Scenario:
    """The scenario of this name, or in this file, with what it inherits; refused with every problem found in it."""
    path = file_of(name_or_path)
    draft = Draft.read(path, ())
    scenario = None
    try:
        scenario = Scenario(**{"name": path.stem, **draft.values}, path=path)
    except ScenarioError as error:
        draft.lines += [f"{draft.written_in.get(key, path.name)}: {text}" for key, text in error.problems]
    if scenario is None or draft.lines:
        raise ScenarioError(draft.lines)
    return scenario


@dataclass
class Draft:
    """What files say, before it is known to fit: a scenario's fields, where each was written, and problems so far."""

    values: dict[str, Any] = field(default_factory=dict)
    written_in: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path, heirs: tuple[Path, ...]) -> Draft:
        """Read a file, after the base it inherits from. What it says replaces what its base says."""
        path = path.resolve()
        if path in heirs:
            circle = " -> ".join(each.stem for each in (*heirs[heirs.index(path) :], path))
            raise ScenarioError([f"{heirs[-1].name}: base goes round in a circle: {circle}"])
        table = toml_in(path)
        base = table.pop("base", None)
        draft = cls()
        if isinstance(base, str):
            draft = cls.read(file_of(base, heir=path), (*heirs, path))
        elif base is not None:
            draft.lines.append(f"{path.name}: base is {base!r}; it must be the name or the path of another scenario")
        draft.add(table, path)
        return draft

    def add(self, table: dict[str, Any], path: Path) -> None:
        """Take in what one file says."""
        for key, value in table.items():
            if key not in TOP:
                self.lines.append(f'{path.name}: there is no key or section "{key}".{self.meant(key)}')
            elif key in ("shocks", "further_shocks"):
                self.add_shocks(key, value, path)
            elif key in ("town", "graph", "parameters"):
                self.add_section(key, value, path)
            else:
                self.values[key] = value
                self.written_in[key] = path.name

    def add_section(self, section: str, table: Any, path: Path) -> None:
        """Take in a section: key by key, so that a base's other keys stay."""
        if not isinstance(table, dict):
            self.lines.append(f"{path.name}: {section} is {table!r}; it must be a section, [{section}]")
            return
        if section == "town":
            for key in [key for key in table if key not in TOWN]:
                self.lines.append(f'{path.name}: [town] has no key "{key}".{self.meant(key, TOWN)}')
            table = {key: value for key, value in table.items() if key in TOWN}
            self.values |= table
        else:
            if section == "graph":
                files = {key for key, value in table.items() if isinstance(value, str) and not is_kind(key, value)}
                table |= {key: str(path.parent / table[key]) for key in files}
            self.values[section] = {**self.values.get(section, {}), **table}
        self.written_in |= dict.fromkeys(table, path.name)

    def add_shocks(self, key: str, tables: Any, path: Path) -> None:
        """Take in shocks: instead of the base's, or, as [[further_shocks]], after them."""
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self.lines.append(f"{path.name}: {key} must be written as [[{key}]], once for each shock")
            return
        shocks = list(self.values.get("shocks", ())) if key == "further_shocks" else []
        for place, table in enumerate(tables, start=len(shocks) + 1):
            shock, problems = shock_in(table, path.parent)
            self.lines += [f"{path.name}: shock {place}: {problem}" for problem in problems]
            if shock is not None:
                self.written_in[f"shock {len(shocks)}"] = path.name
                shocks.append(shock)
        self.values["shocks"] = tuple(shocks)

    @staticmethod
    def meant(key: str, known: Iterable[str] = TOP) -> str:
        """Where a misplaced key belongs, or the nearest name."""
        if key in TOWN:
            return f" It belongs in the section [town]: [town], then {key} = …"
        if key in PARAMETERS:
            return f" It is a parameter and belongs in the section [parameters]: [parameters], then {key} = …"
        if key in TOP:
            return " It belongs at the top of the file, before the first [section]"
        return near(key, known)


def shock_in(table: dict[str, Any], folder: Path) -> tuple[Shock | None, list[str]]:
    """The shock that a table describes; a CSV file it names is read in, so that the scenario stands alone."""
    if "csv" not in table:
        return shock_from(table)
    if len(table) > 1 or not isinstance(table["csv"], str):
        return None, ["a csv shock has one key, csv, the path of a file with a column month and any of the components"]
    series, problems = series_in(folder / table["csv"])
    return (None, problems) if series is None else shock_from(series)


def file_of(name_or_path: str | Path, heir: Path | None = None) -> Path:
    """The file of a scenario: a path, a file beside its heir or in this folder, or a setting that comes with Kith."""
    folder = heir.parent if heir else Path()
    given = Path(name_or_path)
    beside = folder / given if given.suffix == ".toml" else folder / f"{name_or_path}.toml"
    shipped = SHIPPED / f"{name_or_path}.toml"
    for path in (beside, shipped) if heir else (shipped, beside):
        if path.is_file() and not (heir and path.resolve() == heir and shipped.is_file()):
            return path
    says = f"{heir.name}: base: " if heir else ""
    if given.suffix == ".toml" or given.name != str(name_or_path):
        raise ScenarioError([f"{says}there is no file {beside}"])
    raise ScenarioError(
        [
            f'{says}there is no setting "{name_or_path}".{near(name_or_path, settings())} '
            f"Known: {', '.join(settings())}; or give the path of a .toml file"
        ]
    )


def toml_in(path: Path) -> dict[str, Any]:
    """What a TOML file says."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([f"{path.name}: not well-formed TOML: {error}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError([f"{path.name}: cannot be read: {reason(error)}"]) from None
    except RecursionError:
        raise ScenarioError([f"{path.name}: not well-formed TOML: brackets nested too deep"]) from None


# ---- checks -----------------------------------------------------------------------------------------


def problems_of(scenario: Scenario) -> Iterator[Problem]:
    """Everything that does not fit in a scenario."""
    for name in TEXTS:
        if not isinstance(getattr(scenario, name), str):
            yield Problem(name, f"{name} is {getattr(scenario, name)!r}; it must be text in quotes")
    sizes = {name: problem_with(declared, getattr(scenario, name)) for name, declared in SIZES.items()}
    for name, problem in sizes.items():
        if problem:
            yield Problem(name, too_large(scenario.residents) if name == "residents" else problem or "")
    if not sizes["residents"] and not sizes["neighbourhoods"] and scenario.neighbourhoods > scenario.residents:
        many = f"neighbourhoods is {scenario.neighbourhoods}, more than the {scenario.residents} residents"
        yield Problem("neighbourhoods", many)
    yield from governance_problems(scenario.governance)
    yield from graph_problems(scenario.graph)
    yield from parameter_problems(scenario.parameters)
    yield from shock_problems(scenario.shocks, scenario.months if not sizes["months"] else LONGEST)


def too_large(residents: Any) -> str:
    """What is wrong with a number of residents, with the memory a huge town would take."""
    declared = SIZES["residents"]
    if isinstance(residents, (int, float)) and declared.high < residents < 1e15:
        bytes_each = dtype_of(Resident).itemsize + NEEDS * dtype_of(Case).itemsize + NEIGHBOURS * 8
        return (
            f"residents is {residents:,.0f}; at most {declared.high:,.0f} can live in a town "
            f"(this many would need about {residents * bytes_each / 1e9:,.0f} GB of memory)"
        )
    return problem_with(declared, residents) or ""


def governance_problems(governance: Any) -> Iterator[Problem]:
    """What is wrong with how ties are held."""
    try:
        terms_of(governance)
    except UnknownGovernance as error:
        yield Problem("governance", f"governance: {error}")
    except OverflowError:
        yield Problem("governance", "governance: a number in it is far too large")


def terms_of(governance: Any) -> dict[str, dict[str, float]]:
    """The dials of each layer of ties: one governance for all, or one for each layer."""
    if not isinstance(governance, Mapping) or not any(layer in governance for layer in LAYERS):
        return {layer: terms_for(governance) for layer in LAYERS}
    if set(governance) != set(LAYERS):
        named = " and ".join(LAYERS)
        raise UnknownGovernance(
            f"by layer, it needs {named} and nothing else; it has {', '.join(map(str, governance))}"
        )
    return {layer: terms_for(governance[layer]) for layer in LAYERS}


def graph_problems(graph: Any) -> Iterator[Problem]:
    """What is wrong with the kinds of graph, or their files."""
    if not isinstance(graph, Mapping):
        yield Problem("graph", f"graph is {graph!r}; it must say what {' or '.join(GRAPHS)} is founded on")
        return
    for layer, given in graph.items():
        if layer not in GRAPHS:
            yield Problem(layer, f'[graph] has no key "{layer}".{near(layer, GRAPHS)} Known: {", ".join(GRAPHS)}')
        elif not is_kind(layer, given) and not (isinstance(given, (str, Path)) and Path(given).is_file()):
            shown = Path(given).name if isinstance(given, (str, Path)) else repr(given)
            known = GRAPHS[layer]
            yield Problem(
                layer,
                f"graph: {layer} is {shown}; there is no such file, and no such kind of graph.{near(shown, known)} "
                f"Known: {', '.join(known)}; or give the path of a GraphML or edge-list file",
            )


def is_kind(layer: str, given: object) -> bool:
    """Whether this names a kind of graph for the layer, rather than a file."""
    return isinstance(given, str) and given in GRAPHS.get(layer, ())


def parameter_problems(parameters: Any) -> Iterator[Problem]:
    """What is wrong with changed parameters."""
    if not isinstance(parameters, Mapping):
        yield Problem("parameters", f"parameters is {parameters!r}; it must be names with values")
        return
    for name, value in parameters.items():
        if name not in PARAMETERS:
            yield Problem(name, f'there is no parameter "{name}".{near(name, PARAMETERS)}')
        elif problem := problem_with(PARAMETERS[name], value):
            yield Problem(name, problem)


def shock_problems(shocks: Any, months: int) -> Iterator[Problem]:
    """What is wrong with the shocks, each by itself and together."""
    if not isinstance(shocks, (list, tuple)) or not all(isinstance(shock, Shock) for shock in shocks):
        yield Problem("shocks", "shocks must be a list of shocks from simulation/shocks.py, such as Step and Pulse")
        return
    told: dict[str, str] = {}
    for place, shock in enumerate(shocks):
        who = called(place + 1, shock)
        yield from (Problem(f"shock {place}", f"{who}: {problem}") for problem in shock.problems(months))
        if not isinstance(shock, History):
            continue
        for component in shock.components:
            if component in told:
                both = f"{who} and {told[component]} both tell the history of {component}; keep one"
                yield Problem(f"shock {place}", both)
            told.setdefault(component, who)


def called(place: int, shock: Shock) -> str:
    """What messages call a shock."""
    return f"shock {place} ({shock.shape} of {', '.join(shock.components) or 'nothing'})"


def plain(declared: Declared, value: Any) -> Any:
    """A parameter's value as plain numbers: a choice by its name, a list as a tuple."""
    if declared.shape:
        return tuple(float(number) for number in flat(value))
    if declared.choices:
        return value if isinstance(value, str) else declared.choices[int(value)]
    return int(value) if declared.whole else float(value)


# ---- into a file ------------------------------------------------------------------------------------


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{toml_key(key)} = {toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(each) for each in as_tuple(value)) + "]"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    return toml_text(str(value))


def toml_text(text: str) -> str:
    """Text in quotes, over several lines when it has several."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = re.sub(r"[\x00-\x09\x0b-\x1f\x7f]", lambda found: f"\\u{ord(found.group()):04x}", escaped)
    return f'"""\n{escaped}"""' if "\n" in escaped else f'"{escaped}"'


def toml_key(key: str) -> str:
    """A key, in quotes when it needs them."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else toml_text(key)
