"""Many towns, one question: designs, pairs, sweeps and what they show."""

from experiments.attribution import Attribution, attribute
from experiments.pairs import Comparison, compare

__all__ = ["Attribution", "Comparison", "attribute", "compare"]
