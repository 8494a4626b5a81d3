"""No thumb on the scale: rules read dials, never names; towns that differ in governance start with equal means."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents import terms
from agents.declared import fields_of
from agents.tables import RECORDS, Tie, Town
from agents.terms import DIALS, GOVERNANCES, NOTES, Terms, UnknownGovernance, terms_for
from experiments.validation.neutrality import placebo_differs, swap_differs
from experiments.validation.quiet import live
from simulation.scenario import Scenario
from simulation.shocks import Step
from simulation.town import found_town
from tests.towns import hash_of

HOUSE = Path(__file__).parent.parent
SHOCK = (Step("energy", size=0.8, start=12), Step("wages", size=0.15, start=18))
SMALL = Scenario(residents=150, months=40, seed=4, shocks=SHOCK)


def lived(governance: Any, months: int = 40) -> Town:
    """A small shocked town under this governance."""
    return live(found_town(SMALL.with_(governance=governance)), months=months)


# ---- a governance is its dials and nothing else ------------------------------------------------------


@pytest.mark.parametrize("name", list(GOVERNANCES))
def test_two_governances_with_the_same_dials_give_the_same_town_to_the_last_bit(name: str) -> None:
    assert not placebo_differs(SMALL, name)


def test_with_other_dials_the_town_is_another() -> None:
    """Otherwise the test above could not fail."""
    assert len({hash_of(lived(name)) for name in GOVERNANCES}) == len(GOVERNANCES)


def test_renaming_governances_changes_nothing() -> None:
    """The names of contract and relational change places: each name's town is the other's."""
    assert not swap_differs(SMALL, "contract", "relational")


@pytest.mark.parametrize("name", list(GOVERNANCES))
def test_own_dials_equal_to_a_preset_s_give_the_preset_s_town(name: str) -> None:
    other = "relational" if name == "contract" else "contract"
    assert hash_of(lived({"base": other, **GOVERNANCES[name]})) == hash_of(lived(name))


@pytest.mark.parametrize(
    ("number", "name"), [(0, "contract"), (0.0, "contract"), (1, "relational"), (1.0, "relational")]
)
def test_the_numbers_0_and_1_are_contract_and_relational_exactly(number: float, name: str) -> None:
    assert terms_for(number) == GOVERNANCES[name]
    assert hash_of(lived(number)) == hash_of(lived(name))


def test_a_number_between_mixes_every_dial_in_proportion() -> None:
    contract, relational = GOVERNANCES["contract"], GOVERNANCES["relational"]
    for share in (0.25, 0.5, 0.9):
        mixed = terms_for(share)
        for dial in DIALS:
            assert mixed[dial] == pytest.approx((1.0 - share) * contract[dial] + share * relational[dial])


@pytest.mark.parametrize("number", [-0.01, 1.01, float("nan"), True])
def test_a_number_outside_0_to_1_is_no_governance(number: float) -> None:
    with pytest.raises(UnknownGovernance):
        terms_for(number)


def words_in(file: Path) -> tuple[set[str], set[str]]:
    """The names a file uses, and the texts it holds; docstrings and comments left out."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    homes = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, homes) and node.body and isinstance(node.body[0], ast.Expr)
    }
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    }
    return names, texts


RULE_FILES = [*sorted((HOUSE / "agents").glob("*.py")), HOUSE / "simulation" / "month.py"]


@pytest.mark.parametrize("file", [f for f in RULE_FILES if f.name != "terms.py"], ids=lambda file: file.name)
def test_no_rule_knows_the_name_of_a_governance(file: Path) -> None:
    """No rule can compare a name, and none can look one up. (A variable may be called `spot`.)"""
    names, texts = words_in(file)
    assert not texts & set(GOVERNANCES)
    assert not names & {"GOVERNANCES", "NOTES", "governance", "terms_for"}


def test_the_search_for_names_would_find_one() -> None:
    names, texts = words_in(HOUSE / "agents" / "terms.py")
    assert set(GOVERNANCES) <= texts
    assert {"GOVERNANCES", "governance"} <= names


def test_a_town_does_not_remember_the_name_of_its_governance() -> None:
    """No column of any table, and no parameter, holds a governance; the tie holds the dials."""
    for record in set(RECORDS.values()):
        assert not [name for name in fields_of(record) if "governance" in name]
    assert [name for name in fields_of(Tie) if name in DIALS] == list(DIALS)


# ---- equal means ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_towns_of_every_governance_are_founded_with_equal_people_money_staff_and_posts(seed: int) -> None:
    """Founded alike to the last bit in everything but the dials on ties and asked for, and when each term ends."""
    told_apart = {*DIALS, "months_left", "age"}
    dials = ("ties", "agreements", "peers", "organisations", "services", "partners")
    towns = [found_town(SMALL.with_(governance=name, seed=seed)) for name in GOVERNANCES]
    first = towns[0]
    for town in towns[1:]:
        assert hash_of(town, without=dials) == hash_of(first, without=dials)
        for here, there in ((town.ties, first.ties), (town.organisations, first.organisations)):
            for column in here.dtype.names:
                if column not in told_apart:
                    assert (here[column] == there[column]).all(), column
    assert first.services["budget"].sum() > 0.0
    assert first.organisations["staff"].sum() > 0.0


@pytest.mark.parametrize("shocks", [(), SHOCK], ids=["calm", "shock"])
def test_every_governance_is_given_the_same_money_for_as_long_as_it_lives(shocks: tuple[Any, ...]) -> None:
    """Budgets and partners' fortunes outside the town do not depend on how ties are held."""
    given = []
    for name in GOVERNANCES:
        town = found_town(SMALL.with_(governance=name, shocks=shocks))
        budgets = []
        for _ in range(30):
            live(town)
            budgets.append(town.services["budget"].copy())
        given.append(np.array(budgets))
    for budgets_here in given[1:]:
        assert (budgets_here == given[0]).all()


def test_the_three_governances_of_the_fair_fight_index_and_tender_alike() -> None:
    fair = [GOVERNANCES[name] for name in ("contract", "relational", "formal_relational")]
    for dial in ("indexation", "tender_cost"):
        assert len({terms[dial] for terms in fair}) == 1


# ---- the table of governances -------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(GOVERNANCES))
def test_every_governance_sets_each_dial_once_within_its_range(name: str) -> None:
    declared = fields_of(Terms)
    assert set(GOVERNANCES[name]) == set(DIALS)
    assert len(DIALS) == 12
    for dial, value in GOVERNANCES[name].items():
        assert declared[dial].problem_with(value) is None
    assert NOTES[name]


def test_straw_men_differ_from_the_governance_they_imitate_only_where_they_say() -> None:
    def differs(one: str, other: str) -> set[str]:
        return {dial for dial in DIALS if GOVERNANCES[one][dial] != GOVERNANCES[other][dial]}

    assert differs("rigid_contract", "contract") == {"indexation"}
    assert GOVERNANCES["rigid_contract"]["indexation"] == 0.0
    lip_service = GOVERNANCES["lip_service"]
    assert differs("lip_service", "relational") == {"openness", "flexibility", "mutual_aid", "sharing", "renewal"}
    assert lip_service["openness"] == lip_service["flexibility"] == lip_service["mutual_aid"] == 0.0
    assert lip_service["renewal"] == GOVERNANCES["contract"]["renewal"]
    assert re.search("straw man", NOTES["rigid_contract"])
    assert re.search("straw man", NOTES["lip_service"])


def test_the_dials_of_the_presets_are_those_of_the_model() -> None:
    """The fair fight as it was set out before anything was run: contract, relational, formal_relational."""
    written = {
        "indexation": (0.5, 0.5, 0.5), "openness": (0.0, 0.5, 0.3), "enforcement": (1.0, 0.0, 1.0),
        "monitoring": (0.5, 0.1, 0.3), "penalty": (3.0, 0.0, 2.0), "term": (36.0, 60.0, 60.0),
        "renewal": (0.0, 0.9, 0.7), "sharing": (0.2, 0.7, 0.6), "coordination": (0.005, 0.02, 0.02),
        "flexibility": (0.0, 0.6, 0.4), "mutual_aid": (0.0, 0.3, 0.2), "tender_cost": (0.02, 0.02, 0.02),
    }  # fmt: skip
    for dial, row in written.items():
        assert tuple(GOVERNANCES[name][dial] for name in ("contract", "relational", "formal_relational")) == row


def test_every_dial_is_read_by_some_rule() -> None:
    """A dial that no rule reads would be a promise without effect."""
    read = set().union(*(words_in(file)[0] for file in RULE_FILES if file.name not in ("terms.py", "parameters.py")))
    assert set(DIALS) <= read


@pytest.mark.parametrize("dial", DIALS)
def test_every_dial_changes_the_town_by_itself(dial: str) -> None:
    """From a middling governance, in a shocked town of 60 months; a dial without effect would be a painted knob."""
    declared = fields_of(Terms)[dial]
    middle = terms_for(0.5)
    low, high = float(declared.low), float(declared.high)
    scenario = SMALL.with_(months=60, residents=100)
    towns = [live(found_town(scenario.with_(governance=middle | {dial: value})), months=60) for value in (low, high)]
    assert (towns[0].history != towns[1].history).any()


def test_the_file_of_terms_imports_no_rule() -> None:
    assert not {"agreements", "ties", "money", "services"} & set(vars(terms))
