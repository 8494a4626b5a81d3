"""Oracles: what the answer is on paper. Formulas only: nothing here knows the model.

Change this file to correct a formula, or to add one for a new known answer. How the model is asked the
same question is in known_answers.py, boundaries.py and docking.py; numbers that others have worked out with
these formulas are checked in the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, erf, exp, sqrt

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]


def points(name: str, count: int, **ranges: tuple[float, float]) -> list[dict[str, float]]:
    """Points drawn at random from ranges: the same for the same name, wherever and whenever they are drawn."""
    drawn = np.random.default_rng([20240229, *name.encode()])
    return [{key: float(drawn.uniform(*span)) for key, span in ranges.items()} for _ in range(count)]


def bisect(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where a truth turns false or true between low and high. Raises ValueError where it does not turn."""
    at_low = holds(low)
    if holds(high) == at_low:
        raise ValueError(f"it is {at_low} both at {low:g} and at {high:g}")
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if holds(middle) == at_low else (low, middle)
    return 0.5 * (low + high)


# ---- queues ---------------------------------------------------------------------------------------


def stationary(chain: Column) -> Column:
    """The stationary law of a finite Markov chain."""
    system = chain.T - np.eye(len(chain))
    system[-1] = 1.0
    return np.asarray(np.linalg.solve(system, np.eye(len(chain))[-1]))


def queue_law(people: float, struck: float, places: float, fails: float = 0.0, states: int = 700) -> Column:
    """The stationary law of X' = U + Bin(people − U, struck), U = X − S + Bin(S, fails), S = min(X, places).

    A queue in a town of finite size: those who wait or come back cannot be struck anew. With many people
    and a small chance, arrivals are Poisson and this is Bailey's queue with so many places a month.
    """
    from scipy.stats import binom  # noqa: PLC0415  slow to import

    states = int(min(states, people + 1))
    most = min(states, 120)
    arrivals = binom.pmf(np.arange(most), np.maximum(people - np.arange(states)[:, None], 0), struck)
    chain = np.zeros((states, states))
    for asking in range(states):
        served = int(min(asking, places))
        for failed, likely in enumerate(binom.pmf(np.arange(served + 1), served, fails)):
            unhelped = asking - served + failed
            room = min(most, states - 1 - unhelped)
            chain[asking, unhelped : unhelped + room] += likely * arrivals[unhelped, :room]
            chain[asking, states - 1] += likely * arrivals[unhelped, room:].sum()
    return stationary(chain)


def backlog_and_throughput(law: Column, places: float) -> tuple[float, float]:
    """Mean number left unserved, and mean number served, in a month."""
    asking = np.arange(len(law))
    served = np.minimum(asking, places)
    return float((law * (asking - served)).sum()), float((law * served).sum())


def share_open(struck: float, closed: float) -> float:
    """Share of people with an open case, where each is struck with one chance and closed with another.

    Each is a two-state chain: open next month with chance 1 − closed + closed·struck, or struck.
    """
    return struck / (struck + closed - closed * struck)


# ---- trust ----------------------------------------------------------------------------------------


def settled_trust(gain: float, loss: float, good: float, drift: float = 0.0, start: float = 0.0) -> float:
    """Where mean trust settles: m = (1 − d)(m(1 − a₊p − a₋(1 − p)) + a₊p) + d·start.

    Without drift d this is a₊p / (a₊p + a₋(1 − p)).
    """
    kept = 1.0 - gain * good - loss * (1.0 - good)
    return ((1.0 - drift) * gain * good + drift * start) / (1.0 - (1.0 - drift) * kept)


def trust_of_promises(prior: float, first: float, good: float, months: int) -> tuple[float, float]:
    """Mean and standard deviation of trust that is promises kept over all promises, first trust weighing `prior`.

    τ = (prior·first + kept)/(prior + months), with kept promises drawn from Bin(months, good).
    """
    whole = prior + months
    return (prior * first + months * good) / whole, sqrt(months * good * (1.0 - good)) / whole


def trust_spread(step: float, good: float) -> float:
    """Standard deviation of trust whose gains and losses are alike: √(p(1 − p)a/(2 − a))."""
    return sqrt(good * (1.0 - good) * step / (2.0 - step))


# ---- the shadow of the future ---------------------------------------------------------------------


def patience_to_cooperate(temptation: float, surplus: float) -> float:
    """The least patience at which a surplus every month outweighs a temptation now: d/(1 − d)·S ≥ D."""
    return temptation / (temptation + surplus)


def patience_to_honour(rise: float, surplus: float, months_after: int) -> float:
    """The least patience at which a buyer keeps a promise that it would break in every month of its term.

    Breaking gives D(1 + d + … + d^m), keeping S(d + d² + …) with certain renewal: kept iff
    D(1 − d^(m+1)) ≤ S·d. The left side falls and the right side grows with d, so there is one threshold.
    """
    return bisect(lambda d: rise * (1.0 - d ** (months_after + 1)) <= surplus * d, 0.0, 0.9999)


def continuation(patience: float, term: float, renewal: float, months_after: int) -> float:
    """What £1 a month is worth with so many months left after this one, and so likely another term."""
    whole_term = (1.0 - patience**term) / ((1.0 - patience) * (1.0 - renewal * patience**term))
    this_term = sum(patience**month for month in range(1, months_after + 1))
    return this_term + renewal * patience ** (months_after + 1) * whole_term


def believed_renewal(renewal: float, doubt: float, years: int) -> float:
    """How likely a renewal is thought where the buyer's money is settled so many years at a time: r(1 − u/Y)."""
    return renewal * (1.0 - doubt / years)


def months_that_hold(temptation: float, surplus: float, patience: float, term: int) -> int:
    """The least months to go at which a seller who will not be renewed keeps its word: D ≤ S·(d + … + d^m)."""
    return next(m for m in range(term) if surplus * sum(patience**j for j in range(1, m + 1)) >= temptation)


# ---- reserves -------------------------------------------------------------------------------------


def gambler_ruined(wins: float, start: int, goal: int) -> float:
    """The chance that a walk by one unit is at 0 before it is at its goal."""
    if wins == 0.5:
        return 1.0 - start / goal
    odds = (1.0 - wins) / wins
    return (odds**start - odds**goal) / (1.0 - odds**goal)


def ruined_by(reserves: float, margin: float, spread: float, months: int, monthly: bool = True) -> float:
    """The chance that a Brownian path is below 0 by then; looked at monthly, it starts .5826 s further off."""
    from scipy.stats import norm  # noqa: PLC0415

    far = reserves + (0.5826 * spread if monthly else 0.0)
    wide = spread * sqrt(months)
    ended = norm.cdf((-far - margin * months) / wide)
    return float(ended + exp(-2.0 * margin * far / spread**2) * norm.cdf((-far + margin * months) / wide))


def margin_after(margin: float, weight: float, shock: float, indexation: float) -> float:
    """What is left a month of a price, in units of cost before the shock: (1 + m)(1 + ι w s) − (1 + w s)."""
    return (1.0 + margin) * (1.0 + indexation * weight * shock) - (1.0 + weight * shock)


def months_until_empty(reserves: float, monthly: float, most: int) -> int:
    """Months until reserves are gone; 0 where they last, or last longer than anyone looks."""
    if monthly >= 0.0 or reserves / -monthly >= most:
        return 0
    return ceil(reserves / -monthly)


# ---- staff and needs ------------------------------------------------------------------------------


def settled_share(on: float, off: float) -> float:
    """The share in a state entered with one chance and left with another: a/(a + r)."""
    return on / (on + off)


def needs_at_rest(recovery: Column, spillover: Column, inflow: Column) -> Column:
    """Where needs settle: n = (ρI − W)⁻¹u. Rows of W are needs raised, columns needs that raise them."""
    return np.asarray(np.linalg.solve(np.diag(recovery) - spillover, inflow))


# ---- mutual aid -----------------------------------------------------------------------------------


def failures(partners: int, hit: int, reserves: float, loss: float, pooled: bool) -> int:
    """Alone: the k hit fail iff L > R. With everything pooled: none fails iff kL ≤ nR, else all do."""
    if not pooled:
        return hit if loss > reserves else 0
    return partners if hit * loss > partners * reserves else 0


def failures_on_a_ring(partners: int, hit: int, reserves: float, loss: float) -> int:
    """As `failures`, where each is tied to two and all pool once with their ties: a third of a loss stays with each.

    Neighbours in a row are hit. Who has h of the hit among itself and its ties fails iff h·L/3 > R.
    """
    lost = np.array([1.0] * hit + [0.0] * (partners - hit))
    shared = (np.roll(lost, 1) + lost + np.roll(lost, -1)) * loss / 3.0
    return int((shared > reserves).sum())


# ---- what spreads ---------------------------------------------------------------------------------


def averaged(ties: Column, opinions: Column) -> float:
    """Where all end who average themselves and those tied to them: Σ(dᵢ + 1)xᵢ / Σ(dᵢ + 1) (DeGroot 1974)."""
    weights = ties.sum(axis=1) + 1.0
    return float((weights * opinions).sum() / weights.sum())


def pace_of_averaging(ties: Column) -> float:
    """What is left of disagreement after one more round, in the long run: the second largest eigenvalue."""
    rounds = (ties + np.eye(len(ties))) / (ties.sum(axis=1) + 1.0)[:, None]
    return float(np.sort(np.abs(np.linalg.eigvals(rounds)))[-2])


def bass(innovation: float, imitation: float, months: int, first: float = 0.0) -> Column:
    """Share that has taken it up, month by month: F' = F + (1 − F)(p + qF)."""
    shares = [first]
    for _ in range(months):
        shares.append(shares[-1] + (1.0 - shares[-1]) * (innovation + imitation * shares[-1]))
    return np.array(shares)


def logistic(first: float, pace: float, months: float) -> float:
    """Share that has learnt, in continuous time: x = 1/(1 + ((1 − x₀)/x₀)·e^(−bt))."""
    return 1.0 / (1.0 + (1.0 - first) / first * exp(-pace * months))


def kept_up(imitation: float, loss: float) -> float:
    """Share that keeps up what is imitated and dropped: (1 − i)·βi = γi gives i = 1 − γ/β, or 0 where γ ≥ β."""
    return max(0.0, 1.0 - loss / imitation)


def reached(threshold: int, seeds: int, months: int, size: int) -> int:
    """How many have followed on a ring where each is tied to two on either side, from neighbours that began.

    With threshold 1 a block grows by two at each end every month. With threshold 2 it takes two neighbours
    to begin with, and the block then grows by one at each end: the next in line has both its near ties in the
    block, the one after only one. With threshold 3 nobody outside the block has three ties in it.
    """
    if threshold > 2 or seeds < threshold:
        return seeds
    return min(size, seeds + (4 if threshold == 1 else 2) * months)


def basin(
    temptation: float, reward: float, punishment: float, sucker: float, goes_on: float, players: int
) -> tuple[float, float]:
    """Share of tit-for-tat above which it earns more than always defecting: in a large town, and among so many.

    With all playing all, and each round followed by another with chance w: a pair of tit-for-tats earns
    R/(1 − w) each, against a defector S + wP/(1 − w), a defector against it T + wP/(1 − w), two defectors
    P/(1 − w) each. Equal at x* = 1/(1 + (R − (1 − w)T − wP)/((P − S)(1 − w))) in a large town. Nobody plays
    with themselves, so among n players it is where (k − 1)a + (n − k)b = kc + (n − k − 1)d.
    """
    end = 1.0 - goes_on
    large = 1.0 / (1.0 + (reward - end * temptation - goes_on * punishment) / ((punishment - sucker) * end))
    a, d = reward / end, punishment / end
    b, c = sucker + goes_on * d, temptation + goes_on * d
    among = (a - players * b + (players - 1) * d) / (a - b - c + d)
    return large, among / players


def joined(mean: float, spread: float) -> float:
    """Share of a crowd that joins when thresholds are normal: the least x with x = Φ((x − mean)/spread)."""
    share, before = 0.0, -1.0
    while share - before > 1e-13:
        share, before = 0.5 * (1.0 + erf((share - mean) / (spread * sqrt(2.0)))), share
    return share


def lattice_round(sharing: Column, temptation: float) -> Column:
    """One round of Nowak and May (1992): on a torus of zeros and ones, everyone copies the best of nine.

    Each plays with the eight around it and with itself: one who shares earns the number that share, one who
    does not earns b times that. Nobody changes for an equal.
    """

    def around(values: Column) -> list[Column]:
        sides = (-1, 0, 1)
        return [np.roll(values, (down, right), axis=(0, 1)) for down in sides for right in sides]

    near_by = np.sum(around(sharing), axis=0)
    earned = np.where(sharing == 1.0, near_by, temptation * near_by)
    best, after = earned, sharing
    for theirs, how in zip(around(earned), around(sharing), strict=True):
        after = np.where(theirs > best, how, after)
        best = np.maximum(best, theirs)
    return after


def giant_component(degree: float) -> float:
    """Share of a random graph in its largest component: S = 1 − e^(−cS), or 0 where c ≤ 1 (Erdős & Rényi 1960)."""
    share = 1.0
    for _ in range(10_000):
        share = 1.0 - exp(-degree * share)
    return share


# ---- regime boundaries ----------------------------------------------------------------------------


def fixed_less_open(rise: float, margin: float, reserves: float, gap: int) -> float:
    """Places bought under a fixed price less those under an open book, after a lasting rise above the margin.

    The fixed price buys one place a month until the partner's reserves are gone (T = R/(x − m), in whole
    months), none while nobody has taken over, and then what the open book buys throughout: 1/(1 + x). So
    (T·x − G)/(1 + x): the fixed price wins iff R·x/(x − m) > G.
    """
    return (months_paid(rise, margin, reserves) * rise - gap) / (1.0 + rise)


def months_paid(rise: float, margin: float, reserves: float) -> int:
    """Whole months for which reserves meet a rise above the margin; a hair of rounding is let go."""
    return ceil(reserves / (rise - margin) - 1e-6)


def rise_at_boundary(margin: float, reserves: float, gap: int) -> float:
    """The rise above which the open book buys more: m·G/(G − R), or never where reserves outlast the gap."""
    return margin * gap / (gap - reserves) if gap > reserves else float("inf")


def surplus_rigid_and_flexible(dear: float, argument: float) -> tuple[float, float]:
    """Mean surplus a month at a rigid and at a flexible price; value 140, cost 80, or 120 in a share of months.

    At a rigid price of 80 the partner trades once at a cost of 120, and withholds everything the month
    after a loss, whatever that month costs: it trades in 1/(1 + π) of months. At a flexible one, price is
    cost, and arguing takes θ × range, as a share of the lowest price, from effort. With Ec = 80 + 40 π:
    (140 − Ec)/(1 + π) and 140 − Ec − 140·θ·40/80.
    """
    left = 140.0 - 80.0 - 40.0 * dear
    return left / (1.0 + dear), left - 140.0 * argument * 40.0 / 80.0


# ---- care -----------------------------------------------------------------------------------------


def chance_of_care_need(age: float, scale: float) -> float:
    """Chance a year of a new need for care in Linked Lives: .0002 + .0008·e^(age/scale)."""
    return 0.0002 + 0.0008 * exp(age / scale)


# ---- which parameter matters ----------------------------------------------------------------------


def ishigami_shares(a: float = 7.0, b: float = 0.1) -> dict[str, float]:
    """Shares of the variance of sin x₁ + a sin² x₂ + b x₃⁴ sin x₁, each x uniform on −π to π.

    By integration (Ishigami & Homma 1990): V₁ = ½(1 + bπ⁴/5)², V₂ = a²/8, V₁₃ = 8b²π⁸/225, all else 0.
    A Shapley effect gives each parameter its own share and half of what it shares with one other.
    """
    alone, second = 0.5 * (1.0 + b * np.pi**4 / 5.0) ** 2, a * a / 8.0
    together = 8.0 * b * b * np.pi**8 / 225.0
    whole = alone + second + together
    return {
        "V": float(whole),
        "S1": float(alone / whole),
        "S2": float(second / whole),
        "S3": 0.0,
        "ST1": float((alone + together) / whole),
        "ST3": float(together / whole),
        "Shapley 1": float((alone + 0.5 * together) / whole),
        "Shapley 2": float(second / whole),
        "Shapley 3": float(0.5 * together / whole),
    }
