"""A calibration in words, for the terminal: what was asked, what the town as shipped does, what was found.

Change this file to change what is told of a search. Every figure is shown, those that lie outside their range too.
"""

from __future__ import annotations

import json
import math

from experiments.calibrate import Calibration, Trial
from experiments.validation.facts import FACTS, Use
from experiments.words import short


def calibration_text(found: Calibration) -> str:
    """What a search found, as plain text at most 100 columns wide."""
    study = found.study
    waiting = [one.id for one in FACTS.values() if one.use == Use.TUNING and not one.askable]
    lines = [
        f"{len(study.bounds)} parameters, {len(study.tuned_to)} facts, {len(found.trials)} sets tried, each on "
        f"{study.seeds} seeds",
        "",
        f"  {'figure':<44}{'as shipped':>12}{'best':>10}   plausible towns",
    ]
    kept = [town.figures for town in found.ensemble.towns]
    for name in found.best.figures:
        values = [figures[name] for figures in kept]
        span = f"{short(min(values))} to {short(max(values))}" if values else ""
        lines.append(f"  {_words(name):<44}{_of(found.shipped, name):>12}{_of(found.best, name):>10}   {span}".rstrip())
    lines += [
        f"  {'loss (0: within every range)':<44}{short(found.shipped.loss):>12}{short(found.best.loss):>10}",
        "",
        f"{len(found.acceptable)} of {len(found.trials)} sets do what is asked. {found.tested} of them were tried "
        f"again on {study.confirming_seeds}",
        f"fresh seeds; {len(found.ensemble.towns)} that stood the test and lie far apart are kept.",
    ]
    if not found.acceptable:
        lines.append("No set does what is asked: look at the figures outside their ranges, or try more.")
    failed = sum(bool(trial.error) for trial in found.trials)
    if failed:
        lines.append(f"{failed} sets could not be lived; see the column error in trials.csv.")
    if waiting:
        lines.append(f"Not asked, because the town is not measured for it: {', '.join(waiting)}.")
    return "\n".join(lines)


def _words(name: str) -> str:
    return name.replace("_", " ")[:43]


def _of(trial: Trial, name: str) -> str:
    return short(trial.figures.get(name, math.nan))


def calibration_json(found: Calibration) -> str:
    """What a search found, for machines."""

    def told(trial: Trial) -> dict[str, object]:
        return {
            "trial": trial.number,
            "loss": trial.loss,
            "parameters": dict(trial.parameters),
            "figures": {name: value if math.isfinite(value) else None for name, value in trial.figures.items()},
        }

    return json.dumps(
        {
            "made_with": dict(found.ensemble.made_with),
            "shipped": told(found.shipped),
            "best": told(found.best),
            "acceptable": len(found.acceptable),
            "plausible_towns": [town._asdict() for town in found.ensemble.towns],
        },
        indent=1,
        ensure_ascii=False,
    )
