"""Calibration: look for sets of parameters with which the town does what is known, and keep many, spread apart.

Change this file to search differently. A study file says which parameters may move, and how far; the facts for tuning
(experiments/validation/facts.py) say what the town should do. Facts that are held out are never seen here, and no fact
sets one governance against another: each is averaged over the fair fight, or asked of contracts where contracts are
what was surveyed; one, joint working, sets contracts that share against contracts that do not, and so sets what shared
information is worth. What is minimised is how far figures lie outside their ranges; within them nothing is better than
anything else.

The search is CMA-ES (Hansen & Ostermeier 2001), from the package cmaes: it needs fewer trials here than sampling by
Parzen estimators does, costs no time of its own, and needs nothing but NumPy. A generation is lived at once. When half
of a generation does all that is asked, the search begins again elsewhere, so that the sets it finds lie apart. The
same study gives the same trials, however many workers live them and however often it was interrupted.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from agents.declared import near
from experiments.intervals import Numbers
from experiments.plausible import Ensemble, PlausibleTown, spread_apart
from experiments.validation.facts import FACTS, Fact, Use, loss, tuning_facts
from experiments.validation.worlds import Place, Seen, Towns, see, tasks_in
from experiments.words import reason
from experiments.workers import Crew, Task, processors
from simulation.journal import model_fingerprint, version_of
from simulation.scenario import PARAMETERS, toml

if TYPE_CHECKING:
    import pandas as pd

SHIPPED = Path(__file__).parent / "questions" / "calibration.toml"
TRIALS, TRIALS_CSV, BEST, FOUND, WHAT = (
    "trials.parquet", "trials.csv", "best.toml", "plausible_towns.toml", "calibration.json",
)  # fmt: skip
HOPELESS = 1e6
"""The most a loss counts: that of towns that could not be lived, or of which a figure is not a number."""
DIGITS = 4
"""Parameters are tried to so many digits, so that a set can be read."""
CANDIDATES = 2
"""Sets put to the test of fresh seeds, for each that is kept."""


class CalibrationError(ValueError):
    """A study that cannot be made, with what is allowed."""


# ---- the study --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Study:
    """Which parameters may move and how far, which facts are tuned to, and how long is looked."""

    bounds: Mapping[str, tuple[float, float]]
    title: str = ""
    about: str = ""
    facts: tuple[str, ...] = ()
    """Facts to tune to; all that are for tuning where none is named."""
    trials: int = 480
    seeds: int = 6
    confirming_seeds: int = 6
    """Seeds the search never sees, on which sets are tried again before they are kept."""
    generation: int = 12
    """Trials lived at once. The number of trials is rounded up to whole generations."""
    luck: int = 1
    """What the search's own luck is made from."""
    ensemble: int = 24
    slack: float = 0.1
    """The loss up to which a set is taken and, on fresh seeds, kept: a figure at the edge may cross it by luck."""
    first_step: float = 0.25
    """How far the search looks at first, as a share of each range."""
    residents: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that move."""
        return tuple(self.bounds)

    @property
    def tuned_to(self) -> tuple[Fact, ...]:
        """The facts themselves, as far as the town is measured for them."""
        return tuple(one for one in tuning_facts() if not self.facts or one.id in self.facts)

    @property
    def generations(self) -> int:
        """Whole generations that make up the trials; the town as shipped comes before the first."""
        return -(-self.trials // self.generation)

    def at(self, point: Numbers) -> dict[str, float]:
        """The parameters at a point of the unit cube."""
        ends = zip(self.bounds.items(), point.tolist(), strict=True)
        return {name: float(f"{low + share * (high - low):.{DIGITS}g}") for (name, (low, high)), share in ends}

    def place_of(self, parameters: Mapping[str, float]) -> Numbers:
        """Where parameters lie in the unit cube."""
        return np.array([(parameters[name] - low) / (high - low) for name, (low, high) in self.bounds.items()])

    def shipped(self) -> dict[str, float]:
        """The parameters that move, as shipped."""
        return {name: float(PARAMETERS[name].default) for name in self.bounds}  # type: ignore[arg-type]

    def identity(self) -> dict[str, Any]:
        """What two searches must share to be one: everything but how many trials are asked for."""
        asked = [one.id for one in self.tuned_to]
        text = json.dumps(
            [self.bounds, asked, self.generation, self.luck, self.residents], sort_keys=True, default=list
        )
        return {
            "study": hashlib.sha256(text.encode()).hexdigest()[:16],
            "model": model_fingerprint(),
            "facts": _text_of_facts(),
            "seeds": self.seeds,
            "cmaes": version_of("cmaes"),
        }


def _text_of_facts() -> str:
    """A hash of the files in which facts and their worlds stand: other ranges are another search."""
    folder = Path(__file__).parent / "validation"
    texts = [(folder / name).read_bytes().replace(b"\r\n", b"\n") for name in ("facts.py", "worlds.py")]
    return hashlib.sha256(b"".join(texts)).hexdigest()[:16]


WHOLE = ("trials", "seeds", "confirming_seeds", "generation", "luck", "ensemble", "residents")
KEYS = ("title", "about", "facts", *WHOLE, "slack", "first_step", "parameters")


def read_study(path: str | Path = SHIPPED) -> Study:
    """The study in a file. Raises CalibrationError with every problem found in it."""
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be read: {reason(error)}") from None
    except ValueError as error:
        raise CalibrationError(f"{path.name}: not well-formed TOML: {error}") from None
    problems = [f"{path.name}: {problem}" for problem in _problems(table)]
    if problems:
        raise CalibrationError("\n".join(problems))
    bounds = {name: (float(ends["low"]), float(ends["high"])) for name, ends in table.pop("parameters").items()}
    return Study(bounds, **{**table, "facts": tuple(table.get("facts", ()))})


def _problems(table: dict[str, Any]) -> Iterator[str]:
    for key in table:
        if key not in KEYS:
            yield f'there is no key "{key}".{near(key, KEYS)}'
    for key in WHOLE:
        value = table.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            yield f"{key} is {value!r}; it must be a whole number, 1 or more"
    if table.get("generation", 12) in (1, 2, 3):
        yield "generation is too small; the search needs at least 4 trials at once"
    for name in table.get("facts", ()):
        if name not in FACTS:
            yield f'facts: there is no fact "{name}".{near(name, FACTS)}'
        elif FACTS[name].use != Use.TUNING:
            yield f"facts: {name} is {FACTS[name].use}, and may not be tuned to"
    moving = table.get("parameters", {})
    if not isinstance(moving, dict) or len(moving) < 2:
        yield "there must be at least two parameters to move: [parameters.NAME], then low and high"
    for name, ends in moving.items() if isinstance(moving, dict) else ():
        yield from _bound_problems(name, ends)


def _bound_problems(name: str, ends: Any) -> Iterator[str]:
    declared = PARAMETERS.get(name)
    if declared is None:
        yield f'there is no parameter "{name}".{near(name, PARAMETERS)}'
    elif declared.shape or declared.whole:
        yield f"{name} cannot be moved by a search: it is not a single fraction"
    elif not isinstance(ends, dict) or set(ends) != {"low", "high"}:
        yield f"[parameters.{name}] must say low and high, and nothing else"
    elif problem := declared.problem_with(ends["low"]) or declared.problem_with(ends["high"]):
        yield problem
    elif not ends["low"] < ends["high"]:
        yield f"{name}: low is {ends['low']}; it must lie below high, {ends['high']}"


# ---- the search -------------------------------------------------------------------------------------


class Trial(NamedTuple):
    """One set of parameters and what it gave."""

    number: int
    parameters: Mapping[str, float]
    loss: float
    figures: Mapping[str, float] = {}
    error: str = ""


class Judged(NamedTuple):
    """How far towns are from what is known: their loss, their figures, or why they could not be lived."""

    loss: float
    figures: Mapping[str, float] = {}
    error: str = ""


Judge = Callable[[Sequence[Mapping[str, float]]], Sequence[Judged]]
"""Judges some sets of parameters, in their order."""
Told = Callable[[list[Trial]], None]
"""Told every trial so far, after each generation."""


def search(study: Study, judge: Judge, known: Sequence[Trial] = (), tell: Told | None = None) -> list[Trial]:
    """Try the town as shipped, and then generations of others, and return every trial.

    Trials already `known`, from a search that was interrupted, are not judged again. Raises CalibrationError where they
    are not those of this study.
    """
    trials: list[Trial] = []
    _try([study.shipped()], trials, judge, known)
    for points, learn in _generations(study):
        _try([study.at(point) for point in points], trials, judge, known)
        learn([trial.loss for trial in trials[-len(points) :]])
        if tell is not None:
            tell(trials)
    return trials


def _try(sets: list[dict[str, float]], trials: list[Trial], judge: Judge, known: Sequence[Trial]) -> None:
    """Add a trial for each set: as recorded, where it is; judged now, where it is not."""
    first = len(trials)
    recorded = known[first : first + len(sets)]
    for parameters, trial in zip(sets, recorded, strict=False):
        if dict(trial.parameters) != parameters:
            raise CalibrationError(f"trial {trial.number} on record is not that of this study; choose another folder")
    fresh = sets[len(recorded) :]
    trials += recorded
    for parameters, judged in zip(fresh, judge(fresh) if fresh else (), strict=True):
        worth = min(judged.loss, HOPELESS)
        trials.append(Trial(len(trials), parameters, worth, judged.figures, judged.error))


def _generations(study: Study) -> Iterator[tuple[list[Numbers], Callable[[list[float]], None]]]:
    """Points of the unit cube to try together, and what to tell the search about them; one pair for each generation."""
    try:
        from cmaes import CMA  # noqa: PLC0415  wanted for calibrating and for nothing else
    except ImportError:
        raise CalibrationError("calibrating needs the package cmaes: pip install 'kith[analysis]'") from None

    many = len(study.bounds)
    cube = np.array([[0.0, 1.0]] * many)
    begun = 0
    optimiser: Any = None
    for _ in range(study.generations):
        if optimiser is None:
            elsewhere = np.random.default_rng([study.luck, begun]).random(many)
            start = elsewhere if begun else study.place_of(study.shipped())
            optimiser = CMA(
                mean=np.clip(start, 0.05, 0.95), sigma=study.first_step, bounds=cube, seed=study.luck + begun,
                population_size=study.generation,
            )  # fmt: skip
            begun += 1
        points = [np.asarray(optimiser.ask()) for _ in range(study.generation)]
        losses: list[float] = []
        yield points, losses.extend
        optimiser.tell(list(zip(points, losses, strict=True)))
        if sum(each <= study.slack for each in losses) > study.generation // 2 or optimiser.should_stop():
            optimiser = None


def judge_towns(study: Study, *, seeds: int, first: int = 0, workers: int | None = None, engine: str = "auto") -> Judge:
    """A judge that lives the towns of each set under every world its facts look at, and asks the facts."""
    facts = study.tuned_to
    places = tuple(dict.fromkeys(place for one in facts for place in one.places))

    def judge(sets: Sequence[Mapping[str, float]]) -> list[Judged]:
        return list(_judged(sets, places, facts, study, seeds, first, workers or processors(), engine))

    return judge


def _judged(
    sets: Sequence[Mapping[str, float]], places: Sequence[Place], facts: Iterable[Fact], study: Study, seeds: int,
    first: int, workers: int, engine: str,
) -> Iterator[Judged]:  # fmt: skip
    tasks: list[Task] = []
    for parameters in sets:
        tasks += tasks_in(places, seeds, parameters, study.residents, first)
    tasks = [task._replace(number=number) for number, task in enumerate(tasks)]
    each_set = len(tasks) // len(sets)
    crew = Crew(engine, None, None, min(workers, len(tasks)), tuple(tasks), see)
    if crew.should_prepare():
        crew.prepare(lambda _lines: None)
    seen: list[dict[tuple[str, str, int], Seen]] = [{} for _ in sets]
    errors = [""] * len(sets)
    try:
        for number, lived in crew.live_all():
            task, which = tasks[number], number // each_set
            if lived.error:
                errors[which] = lived.error
            else:
                seen[which][task.world, task.governance, task.replicate] = lived.kept
    except KeyboardInterrupt:
        crew.stop()
        raise
    for towns, error in zip(seen, errors, strict=True):
        if error:
            yield Judged(HOPELESS, {}, error)
            continue
        worth, figures = loss(facts, Towns(towns, range(first, first + seeds)))
        yield Judged(worth, {name: figure.value for name, figure in figures.items()})


# ---- what was found ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Calibration:
    """A study, every trial, and the plausible towns kept."""

    study: Study
    trials: tuple[Trial, ...]
    ensemble: Ensemble
    tested: int = 0
    """Sets that were put to the test of fresh seeds."""

    @property
    def shipped(self) -> Trial:
        """The town as shipped."""
        return self.trials[0]

    @property
    def acceptable(self) -> list[Trial]:
        """Trials in which the town did what was asked, to within the slack that luck needs."""
        return [trial for trial in self.trials if trial.loss <= self.study.slack]

    @property
    def best(self) -> Trial:
        """The trial with the least loss; of several, one that was kept, and the nearest to the town as shipped."""
        kept = {town.trial for town in self.ensemble.towns}
        shipped = self.study.place_of(self.study.shipped())

        def order(trial: Trial) -> tuple[float, bool, float]:
            away = float(np.linalg.norm(self.study.place_of(trial.parameters) - shipped))
            return trial.loss, trial.number not in kept, away

        return min(self.trials, key=order)

    @property
    def table(self) -> pd.DataFrame:
        """A row for each trial: its parameters, its loss, its figures."""
        return _table(self.trials)


def keep_apart(study: Study, trials: Sequence[Trial], judge: Judge) -> tuple[tuple[PlausibleTown, ...], int]:
    """Plausible towns that lie far apart, and how many were tried again on fresh seeds.

    Of the acceptable trials those farthest apart are tried again; of those that still do what is asked, those farthest
    apart are kept. Both begin with the one nearest to the town as shipped.
    """
    acceptable = [trial for trial in trials if trial.loss <= study.slack]
    candidates = _apart(study, acceptable, CANDIDATES * study.ensemble)
    again = judge([trial.parameters for trial in candidates]) if candidates else ()
    stood = {trial.number: judged.loss for trial, judged in zip(candidates, again, strict=True)}
    kept = _apart(study, [trial for trial in candidates if stood[trial.number] <= study.slack], study.ensemble)
    towns = [
        PlausibleTown(dict(trial.parameters), trial.number, trial.loss, round(stood[trial.number], 6), {
            name: float(f"{value:.{DIGITS}g}") for name, value in trial.figures.items()
        })
        for trial in kept
    ]  # fmt: skip
    return tuple(towns), len(candidates)


def _apart(study: Study, trials: Sequence[Trial], many: int) -> list[Trial]:
    if not trials:
        return []
    points = np.array([study.place_of(trial.parameters) for trial in trials])
    shipped = study.place_of(study.shipped())
    first = int(np.linalg.norm(points - shipped, axis=1).argmin())
    return [trials[place] for place in spread_apart(points, many, first)]


def calibrate(
    study: Study,
    folder: Path,
    *,
    resume: bool = False,
    workers: int | None = None,
    engine: str = "auto",
    tell: Told | None = None,
) -> Calibration:
    """Search, keep many plausible towns, and write everything to a folder; what was tried is never tried again.

    Every generation is written as soon as it is lived, so that an interrupted search goes on with `resume`.
    Raises CalibrationError for a folder with another search in it.
    """
    if not study.tuned_to:
        raise CalibrationError("there is no fact to tune to")
    known = _known(study, folder, resume)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / WHAT, json.dumps(study.identity(), indent=1) + "\n")

    def keep(trials: list[Trial]) -> None:
        if len(trials) > len(known):
            part = folder / f".{TRIALS}"
            _table(trials).to_parquet(part, index=False)
            part.replace(folder / TRIALS)
        if tell is not None:
            tell(trials)

    trials = search(study, judge_towns(study, seeds=study.seeds, workers=workers, engine=engine), known, keep)
    fresh = judge_towns(study, seeds=study.confirming_seeds, first=study.seeds, workers=workers, engine=engine)
    towns, tested = keep_apart(study, trials, fresh)
    made_with = {
        "kith": version_of("kith"), **study.identity(), "numpy": version_of("numpy"), "title": study.title,
        "trials": len(trials), "acceptable": sum(trial.loss <= study.slack for trial in trials), "tested": tested,
        "confirming_seeds": study.confirming_seeds, "slack": study.slack, "luck": study.luck,
    }  # fmt: skip
    found = Calibration(study, tuple(trials), Ensemble(towns, dict(study.bounds), made_with), tested)
    _write(folder / TRIALS_CSV, found.table.to_csv(index=False))
    _write(folder / FOUND, found.ensemble.to_toml())
    _write(folder / BEST, _as_setting(found))
    return found


def _as_setting(found: Calibration) -> str:
    best = found.best
    lines = [
        f"# Trial {best.number}: loss {best.loss:.4g}. Ask of this town:  kith compare {BEST}",
        'base = "cost_of_living_2021"', f"title = {toml(found.study.title)}", "", "[parameters]",
    ]  # fmt: skip
    return "\n".join([*lines, *(f"{name} = {toml(value)}" for name, value in best.parameters.items())]) + "\n"


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _table(trials: Sequence[Trial]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    rows = [
        {"trial": trial.number, "loss": trial.loss, **trial.parameters, **trial.figures, "error": trial.error}
        for trial in trials
    ]
    return pd.DataFrame(rows)


def _known(study: Study, folder: Path, resume: bool) -> list[Trial]:
    """Trials that a folder holds of this study, for a search that goes on."""
    if folder.exists() and not folder.is_dir():
        raise CalibrationError(f"{folder} is a file; --out must be a folder")
    held = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if held and WHAT not in held:
        raise CalibrationError(f"{folder} is not empty and holds no calibration ({held[0]}); choose another with --out")
    if not held:
        return []
    if not resume:
        raise CalibrationError(f"{folder} holds a calibration; go on with --resume, or choose another with --out")
    theirs, ours = json.loads((folder / WHAT).read_text(encoding="utf-8")), study.identity()
    if theirs != ours:
        differ = ", ".join(name for name in ours if theirs.get(name) != ours[name])
        raise CalibrationError(f"{folder} holds another search ({differ} differ); choose another folder with --out")
    if TRIALS not in held:
        return []
    return _read_trials(study, folder / TRIALS)


def _read_trials(study: Study, file: Path) -> list[Trial]:
    import pandas as pd  # noqa: PLC0415

    table = pd.read_parquet(file)
    known = {"trial", "loss", "error", *study.names}
    figures = [name for name in table.columns if name not in known]
    return [
        Trial(
            int(row["trial"]), {name: float(row[name]) for name in study.names}, float(row["loss"]),
            {name: float(row[name]) for name in figures}, str(row["error"]),
        )
        for row in table.to_dict("records")
    ]  # fmt: skip
