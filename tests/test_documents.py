"""The documents say what the code says: tables written by it, names that exist, nothing of the month left out.

When a table has fallen behind, `python -m viz.document` writes it anew. When a name no longer exists, or a rule or a
parameter has no words yet, somebody must read the page again and write them.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from agents.declared import fields_of
from agents.parameters import Parameters
from agents.tables import RECORDS, Layer
from agents.terms import DIALS, GOVERNANCES
from experiments.resilience import OUTCOMES, RESILIENCE
from experiments.validation.claims import Level
from simulation.month import MONTH
from simulation.scenario import GRAPHS, SIZES, settings
from simulation.shocks import HISTORIES, SHAPES, numbers_of
from viz.command import app
from viz.document import COMMAND, DOCUMENTS, MARKED, SECTIONS, unmarked, write_documents, written

HOUSE = Path(__file__).parent.parent
TEXTS = {name: (HOUSE / name).read_text(encoding="utf-8") for name in DOCUMENTS}
ODD = unmarked(TEXTS["docs/ODD.md"])
SUBMODELS = ODD[ODD.index("## 7. Submodels") : ODD.index("## References")]
DESCRIPTIONS = ("docs/ODD.md", "docs/TRACE.md")
FENCED = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def code_spans(text: str) -> list[str]:
    """What stands in code type in the prose."""
    return [re.sub(r"\s+", " ", span) for span in re.findall(r"`([^`]+)`", FENCED.sub("", text))]


def blocks(text: str) -> list[str]:
    """Equations and other plain blocks."""
    return [body for kind, body in FENCED.findall(text) if kind in ("", "text")]


def defined() -> set[str]:
    """Everything that the code defines: functions, classes, and names of files' own."""
    found: set[str] = set()
    for room in ("agents", "simulation", "experiments", "viz", "tests"):
        for file in (HOUSE / room).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                    found.add(node.name)
            for line in tree.body:
                if isinstance(line, ast.Assign):
                    found |= {target.id for target in line.targets if isinstance(target, ast.Name)}
                elif isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                    found.add(line.target.id)
    return found


def known_names() -> set[str]:
    """Every name that the documents may use."""
    numbers = fields_of(Parameters)
    names = {*numbers, *DIALS, *GOVERNANCES, *RECORDS, *SIZES, *settings(), *SHAPES, *HISTORIES, *OUTCOMES, *RESILIENCE}
    names |= {choice for number in numbers.values() for choice in number.choices}
    names |= {column for kind in RECORDS.values() for column in fields_of(kind)}
    names |= {number for shape in SHAPES.values() for number in numbers_of(shape)}
    names |= {kind for kinds in GRAPHS.values() for kind in kinds} | {level.value for level in Level}
    names |= {layer.name.lower() for layer in Layer} | {"kith", "uses", "governance", "partners"}
    return names | defined()


KNOWN = known_names()
VERBS = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_as_the_code_says(name: str) -> None:
    assert written(TEXTS[name]) == TEXTS[name], f"{name} has fallen behind the code; write it anew: {COMMAND}"


def test_writing_anew_changes_what_stands_between_marks_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name, text in TEXTS.items():
        stale = MARKED.sub(lambda found: f"<!-- begin: {found['name']} -->\nold\n<!-- end: {found['name']} -->", text)
        (tmp_path / name).write_text(stale, encoding="utf-8")
    assert set(write_documents(tmp_path)) == {name for name, text in TEXTS.items() if MARKED.search(text)}
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in DOCUMENTS} == TEXTS
    assert write_documents(tmp_path) == []


def test_every_table_the_code_can_write_stands_somewhere() -> None:
    marks = {found["name"] for text in TEXTS.values() for found in MARKED.finditer(text)}
    assert marks == set(SECTIONS)


def test_no_mark_is_left_open() -> None:
    for text in TEXTS.values():
        assert "<!-- begin:" not in unmarked(text)
        assert "<!-- end:" not in unmarked(text)


@pytest.mark.parametrize("rule", dict.fromkeys(rule.__name__ for _, rule in MONTH))
def test_every_rule_of_the_month_is_explained_in_the_submodels(rule: str) -> None:
    assert rule in code_spans(SUBMODELS), f"docs/ODD.md, section 7, has no words for the rule {rule}"


@pytest.mark.parametrize("number", [*fields_of(Parameters), *DIALS])
def test_every_number_is_explained_where_it_is_used(number: str) -> None:
    used = {name for text in (*code_spans(ODD), *blocks(ODD)) for name in NAME.findall(text)}
    assert number in used, f"docs/ODD.md has no words or equation for {number}"


@pytest.mark.parametrize("document", DESCRIPTIONS)
def test_every_name_in_code_type_exists(document: str) -> None:
    text = unmarked(TEXTS[document])
    names = {span for span in code_spans(text) if NAME.fullmatch(span)}
    names |= {name for block in blocks(text) for name in NAME.findall(block) if "_" in name.strip("_")}
    assert names - KNOWN == set(), f"{document} names what is not in the code"


@pytest.mark.parametrize("document", DESCRIPTIONS)
def test_whatever_else_stands_in_code_type_is_a_file_or_a_command(document: str) -> None:
    for span in code_spans(unmarked(TEXTS[document])):
        if NAME.fullmatch(span):
            continue
        if span.startswith(("kith ", "make ", "python -m ")):
            continue
        assert (HOUSE / span.split("::")[0]).exists(), f"{document} names {span}, which is not there"


@pytest.mark.parametrize("document", DESCRIPTIONS)
def test_every_command_a_document_names_is_one_kith_knows(document: str) -> None:
    lines = code_spans(unmarked(TEXTS[document])) + [
        line for body in blocks(TEXTS[document]) for line in body.split("\n")
    ]
    verbs = {line.split()[1] for line in lines if line.startswith("kith ")}
    assert verbs <= VERBS


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_of_a_document_leads_somewhere(document: str) -> None:
    text = TEXTS[document]
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        home = (HOUSE / document).parent / file if file else HOUSE / document
        assert home.exists(), target
        if anchor:
            assert anchor in headings(home.read_text(encoding="utf-8")), target


def headings(text: str) -> set[str]:
    """The anchors that GitHub gives to headings."""
    titles = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
