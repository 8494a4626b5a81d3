"""Many towns, one question: designs, pairs, sweeps and what they show."""

from experiments.pairs import Comparison, compare

__all__ = ["Comparison", "compare"]
