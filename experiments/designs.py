"""Designs: from a study to its points, each of them a town that is founded for every governance and seed.

Change this file to lay points out in another way: name the design and what it may be told, and say how many points it
has and where they lie. What is said of a design that does not fit is in study_file.py, as is the reading of a list. The
samplers are SciPy's and SALib's.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.intervals import Numbers
from experiments.study import Stage, Study

if TYPE_CHECKING:
    import pandas as pd

KINDS = {
    "grid": (),
    "list": ("file",),
    "lhs": ("points", "seed"),
    "sobol": ("points", "seed"),
    "saltelli": ("points", "seed", "second_order"),
    "morris": ("trajectories", "seed", "levels"),
}
"""The kinds of design, and what each may be told beside its kind."""


def design_of(study: Study) -> pd.DataFrame:
    """One line for each point: its number and the value of everything that is varied. The same study, the same lines.

    The lines of a Saltelli or a Morris design stand in SALib's order, so that its analysis can be given a column.
    """
    import pandas as pd  # noqa: PLC0415

    if study.design["kind"] == "grid":
        lines: Iterable[Sequence[Any]] = itertools.product(*(one.ladder for one in study.varied))
    elif study.design["kind"] == "list":
        lines = study.listed
    else:
        cube = places_of(study)
        lines = ([one.at(share) for one, share in zip(study.varied, line, strict=True)] for line in cube.tolist())
    columns = list(zip(*lines, strict=True)) or [() for _ in study.varied]
    table = pd.DataFrame({one.name: list(each) for one, each in zip(study.varied, columns, strict=True)})
    table.insert(0, "point", np.arange(points_in_design(study), dtype=np.int64))
    return table


def places_of(study: Study) -> Numbers:
    """Where the points of a sampled design lie in the unit cube, a row for each."""
    design, many = study.design, len(study.varied)
    if design["kind"] in ("lhs", "sobol"):
        from scipy.stats import qmc  # noqa: PLC0415

        sampler = (qmc.LatinHypercube if design["kind"] == "lhs" else qmc.Sobol)(many, rng=design["seed"])
        cube = sampler.random(design["points"])
    elif design["kind"] == "saltelli":
        from SALib.sample import sobol  # noqa: PLC0415

        second = design["second_order"]
        cube = sobol.sample(problem_of(study), design["points"], calc_second_order=second, seed=design["seed"])
    else:
        from SALib.sample import morris  # noqa: PLC0415

        cube = morris.sample(
            problem_of(study), design["trajectories"], num_levels=design["levels"], seed=design["seed"]
        )
    return np.asarray(cube, np.float64)


def problem_of(study: Study) -> dict[str, Any]:
    """What SALib's analyses must be told of a study: its names, and bounds in the unit cube, where it was sampled."""
    many = len(study.varied)
    return {"num_vars": many, "names": [one.name for one in study.varied], "bounds": [[0.0, 1.0]] * many}


def points_in_design(study: Study) -> int:
    """How many points a design has."""
    design, many = study.design, len(study.varied)
    kind = design["kind"]
    if kind == "grid":
        return math.prod(len(one.ladder) for one in study.varied)
    if kind == "list":
        return len(study.listed)
    if kind == "saltelli":
        return int(design["points"]) * ((2 * many + 2) if design["second_order"] else (many + 2))
    if kind == "morris":
        return int(design["trajectories"]) * (many + 1)
    return int(design["points"])


def rows_in_design(study: Study) -> int:
    """Rows the design has: points × pairs × governances. Where pairs are stopped early, not all of them are lived."""
    return points_in_design(study) * study.rows_at_a_point


def with_more(study: Study, seeds: int) -> Study:
    """The same study with more pairs at each point. Those it has keep the numbers of their rows."""
    lots = (*study.lots, Stage(rows_in_design(study), study.seeds, seeds - study.seeds))
    until = replace(study.until, at_most=seeds) if study.until else None
    return replace(study, seeds=seeds, stages=lots, until=until)


def plain(value: Any) -> Any:
    """A value of a design as a plain number or text."""
    return value.item() if isinstance(value, np.generic) else value
