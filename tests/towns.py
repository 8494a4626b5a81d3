"""Towns for the tests: the quiet towns of the known answers, and ways of looking at any town.

Change this file to give the tests another way of comparing towns. The quiet towns themselves, in which
almost everything is switched off, stand in experiments/validation/quiet.py.
"""

from __future__ import annotations

import hashlib

import numpy as np

from agents.tables import Town
from experiments.validation.quiet import (
    NO_TERMS,
    OFF,
    Line,
    Table,
    lines_of,
    live,
    measured,
    peers_town,
    plain,
    quiet_town,
    sellers_town,
    with_room,
    with_tables,
)


def hash_of(town: Town, without: tuple[str, ...] = ()) -> str:
    """A fingerprint of every number in a town, except in the fields named."""
    digest = hashlib.sha256()
    for name, value in town._asdict().items():
        if name not in without:
            digest.update(name.encode() + np.asarray(value).tobytes())
    return digest.hexdigest()


__all__ = [
    "NO_TERMS", "OFF", "Line", "Table", "hash_of", "lines_of", "live", "measured", "peers_town", "plain",
    "quiet_town", "sellers_town", "with_room", "with_tables",
]  # fmt: skip
