"""A town's agents as tables to look at: words instead of numbers that stand for something, sorted, filtered, saved.

Change this file to show something else of an agent, or to let a filter say more. What a column means is declared in
agents/tables.py. A filter is read here, word by word; nothing that is typed is ever run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from agents.declared import Declared, fields_of, near
from agents.tables import COMPONENTS, NEEDS, NOBODY, RECORDS, Component, Kind, Layer, Need, Sector, State, Status, Town
from simulation.scenario import ScenarioError
from simulation.town import name_of
from viz.explore.sketch import in_short

TYPES = ("residents", "services", "partners", "agreements", "peers", "funders", "neighbourhoods")
"""The tables whose rows are agents, in the order of `model.agents`."""
FIRST = 200
"""Rows shown on a page."""
WORDS: dict[str, Any] = {"kind": Kind, "sector": Sector, "state": State, "layer": Layer, "status": Status}
OFTEN = {
    "residents": (
        "id", "neighbourhood", "age", "wellbeing", "in_crisis", "crises", "contacts", "returns", "need_health",
        "need_money", "status_health", "status_money", "trust_health",
    ),
    "services": (
        "id", "name", "load", "queue", "served", "succeeded", "places", "staff", "burnout", "budget", "reserves",
        "practice",
    ),
    "partners": (
        "id", "name", "state", "sector", "alive", "load", "staff", "burnout", "unit_cost", "income", "cost", "reserves",
    ),
    "agreements": (
        "id", "buyer_name", "seller_name", "need", "active", "price", "agreed", "volume", "effort", "trust_of_buyer",
        "trust_of_seller", "months_left",
    ),
    "peers": (
        "id", "buyer_name", "seller_name", "active", "trust_of_buyer", "trust_of_seller", "carries", "known", "aid",
    ),
    "funders": ("id", "budget", "reserves", "drawn", "emergency", "tier_trust", "crisis_budget"),
    "neighbourhoods": (
        "id", "deprivation", "social_capital", "people", "wellbeing", "need", "unmet", "waiting", "asked", "crises",
        "helped", "resolved",
    ),
}  # fmt: skip
"""The columns shown at first."""

CONDITION = re.compile(r"\s*(\w+)\s*(<=|>=|!=|==|=|<|>)\s*([^<>=!]+?)\s*\Z")
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
    "=": lambda one, other: one == other,
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
}


def table_of(town: Town, agents: str, called: Callable[[Town, int], str] = name_of) -> pd.DataFrame:
    """Every column of every agent of one type; lists in a row have a column for each of their numbers."""
    rows = getattr(town, agents)
    columns: dict[str, Any] = {}
    for field in fields_of(RECORDS[agents]).values():
        values = rows[field.name]
        if not field.shape:
            columns[field.name] = told(field, values)
            if field.name == "id" and agents in ("services", "partners"):
                columns["name"] = [called(town, int(row)) for row in values]
            elif field.name in ("buyer", "seller"):
                columns[f"{field.name}_name"] = [called(town, int(row)) for row in values]
            continue
        for place, part in enumerate(parts_of(field)):
            columns[f"{field.name}_{part}"] = told(field, values[:, place])
    return pd.DataFrame(columns)


def told(field: Declared, values: Any) -> Any:
    """A column as it is shown: a kind by its word, nobody as nothing."""
    words = WORDS.get(field.name) or (Need if field.name == "need" and field.whole else None)
    if words is not None:
        known = {int(each): each.name.lower().replace("_", " ") for each in words}
        return [known.get(int(value), "") for value in values]
    if field.whole and (values == NOBODY).any():
        return pd.Series(values, dtype="Int64").mask(values == NOBODY)
    return values.copy()


def parts_of(field: Declared) -> list[str]:
    """What each number of a list in a row is for."""
    names = {NEEDS: Need, COMPONENTS: Component}.get(field.shape[0])
    return [each.name.lower() for each in names] if names else [str(place) for place in range(field.shape[0])]


def meaning_of(agents: str, column: str) -> tuple[str, str]:
    """What a column of a table means, and its unit."""
    fields = fields_of(RECORDS[agents])
    name = column if column in fields else column.rsplit("_", 1)[0]
    return (fields[name].meaning, fields[name].unit) if name in fields else ("", "")


def filtered(table: pd.DataFrame, wanted: str) -> pd.DataFrame:
    """The rows that meet what was typed: `wellbeing < 4 and neighbourhood = 2`, or any word that occurs in a row.

    Raises ScenarioError for what cannot be read, with the nearest name.
    """
    for part in re.split(r"\s+and\s+|\s*,\s*", wanted.strip()):
        if not part:
            continue
        if not re.search(r"[<>=]", part):
            named = table.select_dtypes(exclude="number").astype(str)
            found = named.apply(lambda column, word=part: column.str.contains(word, case=False, regex=False))
            table = table[found.any(axis=1)] if len(found.columns) else table[:0]
            continue
        read = CONDITION.match(part)
        if read is None:
            raise ScenarioError(f"{part[:60]!r} cannot be read; write a column, <, >, = or !=, and a value")
        column, compare, value = read.groups()
        if column not in table.columns:
            raise ScenarioError(f"there is no column {column!r}.{near(column, table.columns)}")
        table = table[COMPARE[compare](table[column], _like(table[column], column, value)).fillna(False).astype(bool)]
    return table


def _like(column: pd.Series[Any], name: str, value: str) -> Any:
    """What was typed, as the column has it."""
    if not pd.api.types.is_numeric_dtype(column):
        return value.strip("'\"")
    try:
        return float(value)
    except ValueError:
        raise ScenarioError(f"{name} holds numbers, and {value[:40]!r} is none") from None


def in_order(table: pd.DataFrame, column: str, falling: bool) -> pd.DataFrame:
    """The rows sorted by a column; equal ones stay in their order."""
    if column not in table.columns:
        return table
    return table.sort_values(column, ascending=not falling, kind="stable", na_position="last")


def cells(table: pd.DataFrame, columns: Sequence[str], rows: int = FIRST) -> list[list[str]]:
    """The first rows as text."""
    shown = table[list(columns)].head(rows)
    return [[cell(value) for value in row] for row in shown.astype(object).itertuples(index=False, name=None)]


def cell(value: Any) -> str:
    """A value in few signs."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, (float, np.floating)):
        return in_short(float(value))
    return str(value)


def csv_of(table: pd.DataFrame) -> bytes:
    """A table as a CSV file."""
    return table.to_csv(index=False, lineterminator="\n").encode("utf-8")
