"""The town as other tools want it: a function of a vector, SALib's problem, ema_workbench's model, Optuna's objective,
and BehaviorSpace's table.

Change this file to hand the town to another tool. Each of these gives the difference between two governances, second
less first, as a mean over pairs of towns that share their luck; the pairs are the same for every call, so that what a
tool sees is a plain function. Mesa users need no adapter: simulation.CommunityModel is a mesa.Model and goes into
`mesa.batch_run` as it is.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.declared import Declared, near
from experiments.asking import Asking, AskingError, asking_of
from experiments.differences import MAIN, measure_of
from experiments.intervals import Numbers
from experiments.pairs import Governance, direction
from experiments.resilience import LOSSES
from experiments.validation.box import bound_of
from simulation.journal import made_with
from simulation.scenario import GRAPHS, PARAMETERS, SIZES, Scenario

if TYPE_CHECKING:
    import pandas as pd

Ends = tuple[float, float] | Sequence[str]
"""The lowest and the highest value, or some words to choose from."""


@dataclass
class Function:
    """A function of a vector: the values of `names` in, the mean difference in one outcome out.

    Whole numbers are rounded; a choice is given by its place among its words. Called with a table (a row for each
    vector) it answers with a vector, living several towns at once. A vector of which every pair failed gives nan.
    """

    asking: Asking
    varied: dict[str, Ends]
    pairs: int

    @property
    def names(self) -> tuple[str, ...]:
        """What the vector is made of."""
        return tuple(self.varied)

    @property
    def bounds(self) -> list[list[float]]:
        """The lowest and the highest value of each; of a choice, of its place."""
        return [
            [0.0, float(len(ends))] if _is_choice(ends) else [float(ends[0]), float(ends[1])]
            for ends in self.varied.values()
        ]

    def place(self, vector: Sequence[float] | Numbers) -> dict[str, Any]:
        """The values that a vector stands for."""
        if len(vector) != len(self.varied):
            raise AskingError(
                f"the vector has {len(vector)} numbers; it needs {len(self.varied)}: {', '.join(self.names)}"
            )
        return {name: _value(name, ends, each) for (name, ends), each in zip(self.varied.items(), vector, strict=True)}

    def differences(self, vectors: Numbers) -> Numbers:
        """Every pair's difference: an array vector × pair × outcome."""
        return self.asking([self.place(vector) for vector in np.atleast_2d(vectors)], range(self.pairs))

    def __call__(self, vectors: Any) -> Any:
        """The mean difference for one vector, or for each row of a table."""
        given = np.asarray(vectors, np.float64)
        found = self.differences(given)[:, :, 0]
        means = np.array([row[~np.isnan(row)].mean() if not np.isnan(row).all() else np.nan for row in found])
        return float(means[0]) if given.ndim == 1 else means


def as_function(
    setting: str | Path | Scenario,
    varied: Mapping[str, Ends | None] | Sequence[str],
    outcome: str = MAIN[0],
    *,
    governances: Sequence[Governance] | Mapping[str, Governance] = ("contract", "relational"),
    pairs: int = 8,
    **options: Any,
) -> Function:
    """The difference between two governances as a function of some numbers.

    `varied` names parameters, sizes or kinds of graph, with their ends; without ends, a parameter's plausible ones are
    taken (experiments/validation/box.py). `options` are the asking's: workers, engine, rules.
    """
    ends = _ends_of(varied)
    if pairs < 1:
        raise AskingError(f"pairs is {pairs}; there must be at least 1, and 8 for a difference worth having")
    asked = asking_of(setting, governances, outcome, **options)
    function = Function(asked, ends, pairs)
    for vector in np.array(function.bounds).T:  # refuses ends that no town can have
        for governance in (asked.first, asked.second):
            asked.scenario_at(function.place(vector), governance)
    return function


def _ends_of(varied: Mapping[str, Ends | None] | Sequence[str]) -> dict[str, Ends]:
    given: Mapping[str, Ends | None] = varied if isinstance(varied, Mapping) else dict.fromkeys(varied)
    if not given:
        raise AskingError("there is nothing to vary; name at least one parameter (see: kith parameters)")
    found: dict[str, Ends] = {}
    for name, ends in given.items():
        declared = PARAMETERS.get(name) or SIZES.get(name)
        if declared is None and name not in GRAPHS:
            known = [*PARAMETERS, *SIZES, *GRAPHS]
            raise AskingError(f'there is no parameter "{name}" to vary.{near(name, known)}')
        if declared is not None and declared.shape:
            raise AskingError(f"{name} is a list of numbers and cannot stand in a vector")
        found[name] = ends if ends is not None else _plausible(name, declared)
    return found


def _plausible(name: str, declared: Declared | None) -> Ends:
    if declared is None:
        return GRAPHS[name]
    if declared.choices:
        return declared.choices
    bound = bound_of(declared)
    if bound is None or not (math.isfinite(bound.low) and math.isfinite(bound.high)):
        raise AskingError(f"{name} has no plausible ends of its own; give its lowest and its highest value")
    return bound.low, bound.high


def _is_choice(ends: Ends) -> bool:
    return any(isinstance(end, str) for end in ends)


def _is_whole(name: str) -> bool:
    declared = PARAMETERS.get(name) or SIZES.get(name)
    return declared is not None and declared.whole and not declared.choices


def _value(name: str, ends: Ends, given: float) -> Any:
    if _is_choice(ends):
        return ends[min(max(int(given), 0), len(ends) - 1)]
    return round(float(given)) if _is_whole(name) else float(given)


# ---- SALib, ema_workbench, Optuna -------------------------------------------------------------------


def to_salib_problem(function: Function) -> dict[str, Any]:
    """What SALib calls a problem: sample with it, give the rows to the function, and analyse."""
    return {"num_vars": len(function.names), "names": list(function.names), "bounds": function.bounds}


def to_ema_model(function: Function, name: str = "kith") -> Any:
    """An ema_workbench Model: what is varied are its uncertainties, every outcome of the asking is one of its own."""
    import warnings  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other packages it could use
            from ema_workbench import (  # noqa: PLC0415
                CategoricalParameter,
                IntegerParameter,
                Model,
                RealParameter,
                ScalarOutcome,
            )
    except ImportError:
        raise AskingError("this needs the package ema_workbench: pip install 'kith[analysis]'") from None
    outcomes = {outcome: outcome.replace(".", "_") for outcome in function.asking.outcomes}

    def live(**values: Any) -> dict[str, float]:
        found = function.asking([{each: values[each] for each in function.names}], range(function.pairs))[0]
        return {
            told: float(np.nanmean(found[:, place])) if not np.isnan(found[:, place]).all() else math.nan
            for place, told in enumerate(outcomes.values())
        }

    model = Model(name, function=live)
    uncertainties: list[Any] = []
    for each, ends in function.varied.items():
        if _is_choice(ends):
            uncertainties.append(CategoricalParameter(each, list(ends)))
        elif _is_whole(each):
            uncertainties.append(IntegerParameter(each, round(float(ends[0])), round(float(ends[1]))))
        else:
            uncertainties.append(RealParameter(each, float(ends[0]), float(ends[1])))
    model.uncertainties = uncertainties
    model.outcomes = [ScalarOutcome(told) for told in outcomes.values()]
    return model


def optuna_objective(function: Function) -> Callable[[Any], float]:
    """An objective for Optuna: by how much the second governance does better than the first, in the outcome's unit.

    Maximise it to find where the second does best, minimise it to find where the first does; ask both. Less of an
    outcome being better, the difference is turned round. A point at which every pair failed is pruned.
    """
    better = direction(measure_of(function.asking.outcomes[0]))
    if not better:
        raise AskingError(f"of {function.asking.outcomes[0]} neither more nor less is better, so it is no objective")

    def objective(trial: Any) -> float:
        vector: list[float] = []
        for name, ends in function.varied.items():
            if _is_choice(ends):
                vector.append(float(list(ends).index(trial.suggest_categorical(name, list(ends)))))
            elif _is_whole(name):
                vector.append(float(trial.suggest_int(name, round(float(ends[0])), round(float(ends[1])))))
            else:
                vector.append(trial.suggest_float(name, float(ends[0]), float(ends[1])))
        found = float(function(vector))
        if math.isnan(found):
            from optuna import TrialPruned  # noqa: PLC0415

            raise TrialPruned("every pair failed")
        return better * found

    return objective


# ---- BehaviorSpace ------------------------------------------------------------------------------------

HEADS = 6
"""Lines above the names of columns in a BehaviorSpace table."""


def to_behaviorspace(rows: pd.DataFrame, path: str | Path, *, name: str = "kith", months: int = 0) -> None:
    """Write a sweep's rows as the table that NetLogo's BehaviorSpace writes, for tools that read those.

    One line for each run: its number, what was varied (governance and seed among it), the last month, and the outcomes.
    The six lines above say where it is from. Rows that failed have empty outcomes. Measures keep Kith's names.
    """
    silent = {"row", "run_id", "model", "seconds", "error", "traceback", "inputs", "replay"}
    kept = [str(column) for column in rows.columns if column not in silent]
    inputs = [column for column in kept if not _is_measured(column)]
    measured = [column for column in kept if _is_measured(column)]
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        out.writerow([f"BehaviorSpace results (Kith {made_with()['kith']})"])
        out.writerow(["Table version 2.0"])
        out.writerow([name])
        out.writerow([f"model {made_with()['model']}"])
        out.writerow(["number of runs"])
        out.writerow([len(rows)])
        out.writerow(["[run number]", *inputs, "[step]", *measured])
        for number, line in enumerate(rows[kept].to_dict("records"), start=1):
            told = [line[column] for column in inputs]
            found = ["" if line[column] != line[column] else line[column] for column in measured]
            out.writerow([number, *told, months, *found])


def _is_measured(column: str) -> bool:
    return measure_of(column) != column or column in LOSSES
