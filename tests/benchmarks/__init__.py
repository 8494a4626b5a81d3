"""How fast the town is, as ratios measured in one run: `python -m tests.benchmarks`."""
