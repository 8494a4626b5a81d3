"""What is declared is used, and what is used is declared, with its unit, its source and its grade of evidence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agents.declared import GRADES, Declared, fields_of
from agents.parameters import Parameters
from agents.rule import RULES
from agents.tables import RECORDS
from agents.terms import DIALS, GOVERNANCES, NOTES, Terms
from simulation.measures import MEASURES, label
from simulation.month import MONTH

HERE = Path(__file__).parent.parent
CODE = {path: path.read_text() for room in ("agents", "simulation") for path in sorted((HERE / room).glob("*.py"))}
DECLARING = ("parameters.py", "tables.py", "terms.py")
RULE_CODE = "\n".join(text for path, text in CODE.items() if path.name not in DECLARING)
NUMBERS = {**fields_of(Parameters), **fields_of(Terms)}
COLUMNS = {(table, name): field for table, kind in RECORDS.items() for name, field in fields_of(kind).items()}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_says_what_it_is_where_it_comes_from_and_how_sure_we_are(name: str) -> None:
    number = NUMBERS[name]
    assert number.unit
    assert number.meaning.endswith(".")
    assert number.source
    assert number.grade in GRADES


@pytest.mark.parametrize("name", NUMBERS)
def test_a_default_lies_in_its_own_range(name: str) -> None:
    number = NUMBERS[name]
    assert number.problem_with(list(number.default) if isinstance(number.default, tuple) else number.default) is None


@pytest.mark.parametrize("name", fields_of(Parameters))
def test_a_parameter_is_read_somewhere(name: str) -> None:
    assert re.search(rf'parameters\.{name}\b|parameters\["{name}"\]|parameter\("{name}"\)', RULE_CODE), name


@pytest.mark.parametrize("dial", DIALS)
def test_a_dial_is_read_by_a_rule(dial: str) -> None:
    assert re.search(rf"tie\.{dial}\b", RULE_CODE), dial


def test_only_declared_parameters_are_read() -> None:
    assert set(re.findall(r"parameters\.(\w+)", RULE_CODE)) - {"get", "items", "py"} <= set(fields_of(Parameters))


@pytest.mark.parametrize(("table", "name"), COLUMNS, ids=str)
def test_a_column_says_what_it_is_and_is_used(table: str, name: str) -> None:
    column: Declared = COLUMNS[table, name]
    assert column.unit
    assert column.meaning.endswith(".")
    assert re.search(rf'\.{name}\b|"{name}"', RULE_CODE), f"nothing reads or writes {table}.{name}"


@pytest.mark.parametrize("name", [rule.__name__ for _, rule in MONTH])
def test_a_rule_is_explained(name: str) -> None:
    assert RULES[name].__doc__, name


def test_every_rule_is_a_line_of_the_month() -> None:
    assert set(RULES) == {rule.__name__ for _, rule in MONTH}


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.__name__)
def test_a_measure_has_a_label_and_a_unit(measure: object) -> None:
    what, unit = label(measure)  # type: ignore[arg-type]
    assert what
    assert unit


@pytest.mark.parametrize("governance", GOVERNANCES)
def test_a_governance_is_twelve_dials_in_range_and_a_note(governance: str) -> None:
    dials = GOVERNANCES[governance]
    assert tuple(dials) == DIALS
    assert [fields_of(Terms)[dial].problem_with(value) for dial, value in dials.items()] == [None] * 12
    assert NOTES[governance]
