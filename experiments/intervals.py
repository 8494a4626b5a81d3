"""How sure a mean over seeds is: intervals by the bootstrap, and the share of seeds with its sign.

Change this file to change what an interval is. The statistics are SciPy's; what is ours is which of them
is asked, and what is said of one seed, of few, and of seeds that agree to the last bit.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

CONFIDENCE = 0.95
FEW = 15
"""With fewer seeds than this the bootstrap is too sure of itself, and Student's t is used."""
RESAMPLES = 1999


class Estimate(NamedTuple):
    """A mean over seeds, its 95% interval (nan where there is none), and the share of seeds with its sign."""

    mean: float
    low: float
    high: float
    sign_share: float
    seeds: int

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return not np.isnan(self.low)

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.known and (self.low > 0.0 or self.high < 0.0)


def intervals(values: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """For each column of values (a row per seed): mean, 95% interval, and the share of seeds with the mean's sign.

    Bias-corrected bootstrap of the mean over seeds, with percentiles moved outwards because a bootstrap of few
    seeds is too narrow (Hesterberg 2015); Student's t below fifteen seeds; none (nan) for one seed. Seeds that agree
    to the last bit have an interval of no width.
    """
    seeds, many = values.shape
    low, high = np.full(many, np.nan), np.full(many, np.nan)
    if seeds == 0:
        return low, low.copy(), high, low.copy()
    mean = values.mean(axis=0)
    same = values.min(axis=0) == values.max(axis=0)
    mean[same] = values[0, same]
    share = (np.sign(values) == np.sign(mean)).mean(axis=0)
    if seeds > 1:
        low[same] = high[same] = values[0, same]
        vary = np.flatnonzero(~same)
        if len(vary):
            low[vary], high[vary] = _students_t(values[:, vary]) if seeds < FEW else _bootstrap(values[:, vary])
    return mean, low, high, share


def _students_t(values: Numbers) -> tuple[Numbers, Numbers]:
    from scipy.stats import t  # noqa: PLC0415  slow to import

    seeds = len(values)
    width = float(t.ppf(0.5 + CONFIDENCE / 2, seeds - 1)) * values.std(axis=0, ddof=1) / np.sqrt(seeds)
    mean = values.mean(axis=0)
    return mean - width, mean + width


def _bootstrap(values: Numbers) -> tuple[Numbers, Numbers]:
    from scipy.stats import bootstrap, norm, t  # noqa: PLC0415

    seeds = len(values)
    tail = norm.cdf(-np.sqrt(seeds / (seeds - 1)) * t.ppf(0.5 + CONFIDENCE / 2, seeds - 1))

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # columns that hardly vary: seen to below
        found = bootstrap(
            (values,), np.mean, axis=0, vectorized=True, n_resamples=RESAMPLES, batch=250,
            confidence_level=1.0 - 2.0 * float(tail), method="BCa", rng=np.random.default_rng(0),
        ).confidence_interval  # fmt: skip
    low, high = np.array(found.low, np.float64), np.array(found.high, np.float64)
    unsure = ~(np.isfinite(low) & np.isfinite(high))
    if unsure.any():
        low[unsure], high[unsure] = _students_t(values[:, unsure])
    return low, high
