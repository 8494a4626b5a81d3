"""Many towns, one question: designs, pairs, sweeps and what they show."""
