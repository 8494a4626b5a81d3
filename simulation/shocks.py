"""What the world does to the town, month by month: prices, wages, budgets and the pressure of need.

Change this file to give the world a new kind of shock: write a class with its numbers and a `path`, and
list it in SHAPES. A path is a factor for each month, 1 where nothing has changed; the paths of several
shocks on one component are multiplied. Month 0 of every run is a January.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from agents.chance import Decision, normal_column
from agents.declared import Declared, filled, flat, near
from agents.tables import APRIL, MONTHS_A_YEAR, Component, Outside

if TYPE_CHECKING:
    from simulation.scenario import Scenario

Factors = npt.NDArray[np.float64]

DATA = Path(__file__).parent / "data"
LONGEST = 1200
"""The most months a run may have: a century."""
PRICES = tuple(component.name.lower() for component in Component)
COMPONENTS = (*PRICES, "budget", "demand")
"""What a shock may move. In a scenario file `all` stands for the four prices and `wages` for labour."""


def outside_of(scenario: Scenario) -> npt.NDArray[np.void]:
    """One record per month of the run: prices, household energy, settlement and demand.

    Households meet the retail price of energy. Organisations had no price cap: they meet
    1 + organisation_energy_multiple × (retail index − 1), and never less than nothing.
    """
    paths = {component: np.ones(scenario.months) for component in COMPONENTS}
    for shock in scenario.shocks:
        for component in shock.components:
            paths[component] *= shock.path(component, scenario.months, scenario.seed)
    multiple = float(scenario.parameter("organisation_energy_multiple"))
    outside = filled(Outside, scenario.months)
    for place, price in enumerate(PRICES):
        outside["prices"][:, place] = paths[price]
    outside["prices"][:, Component.ENERGY] = np.maximum(1.0 + multiple * (paths["energy"] - 1.0), 0.0)
    outside["household_energy"] = paths["energy"]
    outside["settlement"] = settlements_from(paths["budget"])
    outside["demand"] = paths["demand"]
    return outside


def settlements_from(budget: Factors) -> Factors:
    """By what factor budgets grow in each month: every April they catch up with their path, and rest between."""
    settlement = np.ones(len(budget))
    in_force = 1.0
    for april in aprils(len(budget)):
        settlement[april] = budget[april] / in_force
        in_force = budget[april]
    return settlement


def aprils(months: int) -> range:
    """The months of a run that are Aprils."""
    return range(APRIL, months, MONTHS_A_YEAR)


# ---- shapes -----------------------------------------------------------------------------------------


def number(default: Any = MISSING, *, low: float, high: float, unit: str, meaning: str) -> Any:
    """Declare a number of a shock: what it means and what is allowed."""
    return field(default=default, metadata={"declared": Declared(low=low, high=high, unit=unit, meaning=meaning)})


def change() -> Any:
    """Declare the size of a change."""
    return number(low=-0.99, high=3, unit="share; 0.1 is +10%", meaning="The change when it is complete.")


def length() -> Any:
    """Declare how long something takes."""
    return number(low=1, high=LONGEST, unit="months", meaning="How long it takes.")


@dataclass(frozen=True)
class Shock:
    """A change that comes from outside the town. Each shape below says how it runs."""

    components: tuple[str, ...]
    start: int = number(0, low=0, high=LONGEST, unit="month of the run", meaning="The first month it is felt.")
    shape: ClassVar[str] = ""

    def __post_init__(self) -> None:
        """Let one name stand for a list of one, `all` for the four prices and `wages` for labour."""
        object.__setattr__(self, "components", spelled_out(self.components))
        for name, declared in numbers_of(type(self)).items():
            if declared.whole:
                object.__setattr__(self, name, whole(getattr(self, name)))

    def path(self, component: str, months: int, seed: int) -> Factors:
        """The factor by which a component is changed in each month."""
        raise NotImplementedError

    def problems(self, months: int) -> list[str]:
        """Say in words what is wrong with this shock in a run of so many months."""
        found = [*misnamed(self.components), *unfit(self)]
        if not found and self.start >= months:
            found.append(f"start is {self.start}, after the last month of the run, {months - 1}")
        if not found and "budget" in self.components and self.misses_every_april(months):
            found.append(
                "budgets change only in April (months 3, 15, 27 …), and this shock leaves every April as it was"
            )
        return found

    def misses_every_april(self, months: int) -> bool:
        """Whether a change of budgets would pass unseen because no April lies in it."""
        if "size" not in numbers_of(type(self)):
            return False
        doubling = type(self)(**{**vars(self), "size": 1.0}).path("budget", months, 0)
        return all(doubling[april] == 1.0 for april in aprils(months))

    def cautions(self, months: int) -> list[str]:
        """Say what is allowed but may surprise."""
        return []

    def only(self, components: tuple[str, ...]) -> Shock:
        """The same shock, moving nothing but these of its components."""
        return replace(self, components=components)


@dataclass(frozen=True, kw_only=True)
class Step(Shock):
    """A jump that stays."""

    size: float = change()
    shape: ClassVar[str] = "step"

    def path(self, component: str, months: int, seed: int) -> Factors:
        """1 before the start, 1 + size from then on."""
        return np.where(np.arange(months) >= self.start, 1.0 + self.size, 1.0)


@dataclass(frozen=True, kw_only=True)
class Ramp(Shock):
    """A steady climb to a new level, which stays."""

    size: float = change()
    length: int = length()
    shape: ClassVar[str] = "ramp"

    def path(self, component: str, months: int, seed: int) -> Factors:
        """Changed by size / length in the first month, and by as much again each month until it is complete."""
        climbed = (np.arange(months) - self.start + 1.0) / self.length
        return 1.0 + self.size * np.clip(climbed, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Pulse(Shock):
    """A change that passes: at once, or fading over some months."""

    size: float = change()
    length: int = length()
    fade: int = number(0, low=0, high=LONGEST, unit="months", meaning="How long it takes to pass afterwards.")
    shape: ClassVar[str] = "pulse"

    def path(self, component: str, months: int, seed: int) -> Factors:
        """1 + size for its length, then back to 1 in equal parts."""
        since = np.arange(months) - self.start
        faded = np.clip((since - self.length + 1.0) / (self.fade + 1.0), 0.0, 1.0)
        return 1.0 + self.size * np.where(since >= 0, 1.0 - faded, 0.0)


@dataclass(frozen=True, kw_only=True)
class Noise(Shock):
    """Prices that wander and are drawn back: first-order autoregression of the logarithm, 0 at the start."""

    size: float = number(low=0, high=1, unit="standard deviation of the logarithm", meaning="How far it wanders.")
    persistence: float = number(low=0, high=0.999, unit="share kept each month", meaning="How slowly it comes back.")
    shape: ClassVar[str] = "ar1"

    def path(self, component: str, months: int, seed: int) -> Factors:
        """exp(x), where x keeps its persistence each month and is nudged by luck."""
        luck = normal_column(seed, Decision.PRICE_NOISE, np.arange(months), COMPONENTS.index(component))
        nudge = self.size * math.sqrt(1.0 - self.persistence * self.persistence)
        wandered = [0.0] * months
        for month in range(self.start + 1, months):
            wandered[month] = self.persistence * wandered[month - 1] + nudge * float(luck[month])
        return np.array([math.exp(x) for x in wandered])

    def misses_every_april(self, months: int) -> bool:
        """Noise is somewhere else each month."""
        return False


@dataclass(frozen=True, kw_only=True)
class History(Shock):
    """What really happened, counted from one month of it; after the last month on record the last value holds."""

    components: tuple[str, ...] = ()
    history: str
    since: str = "2019-01"
    scale: float = number(1.0, low=0, high=3, unit="share of each change", meaning="How much of each change is felt.")
    shape: ClassVar[str] = "history"

    def __post_init__(self) -> None:
        """Unless told otherwise, a history moves everything it has a record of."""
        super().__post_init__()
        if not self.components and self.history in HISTORIES:
            object.__setattr__(self, "components", HISTORIES[self.history])

    def path(self, component: str, months: int, seed: int) -> Factors:
        """1 until the start, then the record relative to the month it is counted from, each change scaled."""
        first, record = recorded(self.history, component)
        origin = months_of(self.since) - first
        told = np.concatenate([record[origin:] / record[origin], np.full(months, record[-1] / record[origin])])
        if self.scale != 1.0:
            told = np.cumprod(np.concatenate([[1.0], 1.0 + self.scale * (told[1:] / told[:-1] - 1.0)]))
        return np.concatenate([np.ones(self.start), told])[:months]

    def problems(self, months: int) -> list[str]:
        """A history must be on record, move what it has a record of, and keep its Januaries in January."""
        if self.history not in HISTORIES:
            known = ", ".join(HISTORIES)
            return [f'there is no history "{self.history}".{near(self.history, HISTORIES)} Known: {known}']
        found = super().problems(months)
        for component in self.components:
            if component in COMPONENTS and component not in HISTORIES[self.history]:
                has = ", ".join(HISTORIES[self.history])
                found.append(f'history "{self.history}" has no record of {component}; it has {has}')
        if found:
            return found
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", str(self.since)):
            return [f'from is {self.since!r}; it must be a year and a month in quotes, such as "2019-01"']
        first, record = recorded(self.history, self.components[0])
        last = first + len(record) - 1
        if not first <= months_of(self.since) <= last:
            return [f'from is "{self.since}"; the record runs from {calendar(first)} to {calendar(last)}']
        january = months_of(self.since) % MONTHS_A_YEAR
        if self.start % MONTHS_A_YEAR != january:
            fitting = ", ".join(str(january + year * MONTHS_A_YEAR) for year in range(4))
            return [
                f"start is {self.start}, but month 0 of a run is a January, so a history from {self.since} "
                f"must start in month {fitting} …"
            ]
        return []

    def cautions(self, months: int) -> list[str]:
        """A run may outlast the record."""
        first, record = recorded(self.history, self.components[0])
        covered = self.start + first + len(record) - months_of(self.since)
        if months <= covered:
            return []
        return [
            f'history "{self.history}" ends with {calendar(first + len(record) - 1)}, month {covered - 1} of the run; '
            f"its last value holds for the {months - covered} months after it"
        ]


@dataclass(frozen=True, kw_only=True)
class Series(Shock):
    """Numbers of one's own, usually read from a CSV file: factors on the prices of month 0."""

    components: tuple[str, ...] = field(init=False)
    months: tuple[int, ...]
    levels: tuple[tuple[str, tuple[float, ...]], ...]
    shape: ClassVar[str] = "series"

    def __post_init__(self) -> None:
        """What it moves is what it has numbers for."""
        object.__setattr__(self, "months", tuple(self.months))
        object.__setattr__(self, "levels", tuple((aliased(name), tuple(values)) for name, values in self.levels))
        object.__setattr__(self, "components", tuple(name for name, _ in self.levels))

    def path(self, component: str, months: int, seed: int) -> Factors:
        """1 until the first month given; each value holds until the next."""
        values = np.array([1.0, *dict(self.levels)[component]])
        return values[np.searchsorted(self.months, np.arange(months), side="right")]

    def only(self, components: tuple[str, ...]) -> Shock:
        """The same numbers, without those of other components."""
        return Series(months=self.months, levels=tuple(each for each in self.levels if each[0] in components))

    def problems(self, months: int) -> list[str]:
        """Months must climb, and every component needs a factor for each."""
        found = misnamed(self.components)
        for month in self.months:
            if problem := problem_with(SERIES_MONTH, month):
                return [*found, problem]
        if any(later <= earlier for earlier, later in zip(self.months, self.months[1:], strict=False)):
            found.append("months must be in order, each of them once")
        elif self.months and self.months[0] >= months:
            found.append(f"its first month is {self.months[0]}, after the last month of the run, {months - 1}")
        for name, values in self.levels:
            if len(values) != len(self.months):
                found.append(f"{name} has {len(values)} values for {len(self.months)} months")
            problems = (problem_with(replace(SERIES_LEVEL, name=name), value) for value in values)
            found.extend([problem for problem in problems if problem][:1])
        return found


SERIES_MONTH = Declared("month", low=0, high=LONGEST, unit="month of the run", whole=True)
SERIES_LEVEL = Declared(low=0.01, high=20, unit="factor; 1 is the price of month 0")

SHAPES: dict[str, type[Shock]] = {kind.shape: kind for kind in (Step, Ramp, Pulse, Noise, History, Series)}
"""Every kind of shock, by the name a scenario file calls it."""


# ---- what really happened ---------------------------------------------------------------------------

HISTORIES: dict[str, tuple[str, ...]] = {
    "ons": ("energy", "food", "other"),
    "ons_cpi": (*PRICES, "budget"),
    "national_living_wage": ("labour",),
    "settlements": ("budget",),
}
"""What each history has a record of. That of all prices together, ons_cpi, stands for whatever is said to follow it."""

ONS_COLUMNS = {"energy": ("elec_l53e", "gas_l53f"), "food": ("food_l523",), "other": ("cpi_d7bt",)}
"""The ONS indexes each component is the mean of."""


@cache
def recorded(history: str, component: str) -> tuple[int, Factors]:
    """The first month on record and the level in each month from then on."""
    if history == "ons_cpi":
        return ons_index("cpi_d7bt", "ons_cpi_2008_2014")
    if history == "ons":
        indexes = [ons_index(column) for column in ONS_COLUMNS[component]]
        return indexes[0][0], np.mean([levels for _, levels in indexes], axis=0)
    if history == "national_living_wage":
        return by_april([(int(row["april"]), float(row["pounds_per_hour"])) for row in rows_of("national_living_wage")])
    growth = [(int(row["financial_year"][:4]), float(row["cash_growth_percent"])) for row in rows_of("settlements")]
    levels = np.cumprod([1.0] + [1.0 + percent / 100.0 for _, percent in growth])
    years = [growth[0][0] - 1] + [year for year, _ in growth]
    return by_april(list(zip(years, levels, strict=True)))


@cache
def ons_index(column: str, file: str = "ons_prices_2019_2025") -> tuple[int, Factors]:
    """One ONS index: the first month on record and the level in each month from then on."""
    rows = rows_of(file)
    return months_of(rows[0]["month"]), np.array([float(row[column]) for row in rows])


def by_april(levels: Sequence[tuple[int, float]]) -> tuple[int, Factors]:
    """Levels set each April, as one level a month."""
    return levels[0][0] * MONTHS_A_YEAR + APRIL, np.repeat([level for _, level in levels], MONTHS_A_YEAR)


def rows_of(name: str) -> list[dict[str, str]]:
    """The rows of one of the files in data/."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def months_of(date: str) -> int:
    """A month such as 2019-01 as months since year 0."""
    return int(date[:4]) * MONTHS_A_YEAR + int(date[5:7]) - 1


def calendar(months: int) -> str:
    """Months since year 0 as a month such as 2019-01."""
    return f"{months // MONTHS_A_YEAR}-{months % MONTHS_A_YEAR + 1:02d}"


# ---- from a file and back ---------------------------------------------------------------------------


def shock_from(table: Mapping[str, Any]) -> tuple[Shock | None, list[str]]:
    """The shock a table of a scenario file describes, or None, and what is wrong with the table."""
    given = dict(table)
    if "history" in given:
        given.setdefault("shape", "history")
    if "shape" not in given:
        return None, ["it needs a shape (" + ", ".join(SHAPES) + '), a history (such as "ons") or a csv']
    shape = given.pop("shape")
    kind = SHAPES.get(shape) if isinstance(shape, str) else None
    if kind is None:
        return None, [f"there is no shape {shape!r}.{near(shape, SHAPES)} Known: {', '.join(SHAPES)}"]
    if kind is Series:
        levels = tuple((name, as_tuple(given[name])) for name in given if name not in ("months", "title"))
        return Series(months=as_tuple(given.get("months", ())), levels=levels), []
    keys = {key_of(field.name): field for field in fields(kind)}
    problems = [f'{shape} has no "{key}".{near(key, keys)}' for key in given if key not in keys]
    needed = [key for key, field in keys.items() if field.default is MISSING]
    problems += [f'{shape} needs "{key}"' for key in needed if key not in given]
    if problems:
        return None, problems
    return kind(**{keys[key].name: value for key, value in given.items()}), []


def table_of(shock: Shock) -> dict[str, Any]:
    """The table of a scenario file that describes a shock."""
    if isinstance(shock, Series):
        return {"shape": shock.shape, "months": list(shock.months)} | {n: list(values) for n, values in shock.levels}
    numbers = {key_of(field.name): getattr(shock, field.name) for field in fields(shock)}
    components = list(numbers.pop("component"))
    one_or_more = components[0] if len(components) == 1 else components
    return {"shape": shock.shape, "component": one_or_more} | numbers


def series_in(path: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """A CSV file as the table of a series: column `month`, then any of the components; and what is wrong with it."""
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return None, [f"{path.name} cannot be read: {reason(error)}"]
    header = [aliased(name.strip().lower()) for name in lines[0]] if lines else []
    if "month" not in header or len(header) < 2:
        return None, [f"{path.name} must have a column month and any of {', '.join(COMPONENTS)}; it has {header}"]
    problems = [f"{path.name}: {problem}" for problem in misnamed([name for name in header if name != "month"])]
    columns: dict[str, list[float]] = {name: [] for name in header}
    for place, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) != len(header):
            problems.append(f"{path.name}, line {place}: {len(line)} values for {len(header)} columns")
            continue
        for name, cell in zip(header, line, strict=True):
            try:
                columns[name].append(int(cell) if name == "month" else float(cell))
            except ValueError:
                kind = "a whole number, 0 for the first month of the run" if name == "month" else "a number"
                problems.append(f"{path.name}, line {place}: {name} is {cell.strip()!r}; it must be {kind}")
    if not problems and not columns["month"]:
        problems.append(f"{path.name} has no rows")
    if problems:
        return None, problems
    return {"shape": "series", "months": columns.pop("month"), **columns}, []


def key_of(name: str) -> str:
    """What a scenario file calls a field: `component` for components, and `from`, which Python keeps for itself."""
    return {"components": "component", "since": "from"}.get(name, name)


def reason(error: Exception) -> str:
    """Why a file could not be read, in few words."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not text in UTF-8"
    return (getattr(error, "strerror", None) or str(error)).lower()


# ---- checks -----------------------------------------------------------------------------------------


def numbers_of(kind: type[Any]) -> dict[str, Declared]:
    """The declared numbers of a kind of shock, by field."""
    return {
        field.name: replace(field.metadata["declared"], name=field.name, whole=field.type == "int")
        for field in fields(kind)
        if "declared" in field.metadata
    }


def unfit(shock: Shock) -> list[str]:
    """What is wrong with a shock's numbers."""
    checked = (problem_with(declared, getattr(shock, name)) for name, declared in numbers_of(type(shock)).items())
    return [problem for problem in checked if problem]


def problem_with(declared: Declared, value: object) -> str | None:
    """Like `Declared.problem_with`, for whole numbers of any size too."""
    if any(isinstance(number, int) and abs(number) > 2**63 for number in flat(value)):
        return f"{declared.name} is far too large; it must lie between {declared.low:g} and {declared.high:g}"
    return declared.problem_with(value)


def whole(value: Any) -> Any:
    """A whole number as an int, whatever wrote it; anything else as it was."""
    is_whole = isinstance(value, np.integer) or (isinstance(value, (float, np.floating)) and float(value).is_integer())
    return int(value) if is_whole else value


def misnamed(components: Iterable[str]) -> list[str]:
    """What is wrong with the names of components."""
    components = list(components)
    if not components:
        return [f"it must say which component it moves: {', '.join(COMPONENTS)}, all, or a list of these"]
    found = [
        f'there is no component "{name}".{near(name, (*COMPONENTS, "wages"))} Known: {", ".join(COMPONENTS)}, all'
        for name in components
        if name not in COMPONENTS
    ]
    if len(set(components)) < len(components):
        found.append(f"a component is named twice: {', '.join(components)}")
    return found


def spelled_out(components: object) -> tuple[str, ...]:
    """Components as a tuple of plain names."""
    names = [components] if isinstance(components, str) else as_tuple(components)
    return tuple(plain for name in names for plain in (PRICES if name == "all" else (aliased(name),)))


def aliased(name: object) -> str:
    """A component's own name: wages are labour."""
    return "labour" if name == "wages" else str(name)


def as_tuple(value: object) -> tuple[Any, ...]:
    """A list as a tuple, and anything else as a list of one."""
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)
