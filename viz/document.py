"""The parts of the documents that the code knows best, written by the code: python -m viz.document

Change this file to have another table in docs/ODD.md, docs/TRACE.md or README.md. A table stands between two
marks, `begin: name` and `end: name`, and is written anew in place; everything around it is written by hand and
left alone. A test says when a document has fallen behind.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING
from dataclasses import fields as shown_fields
from enum import IntEnum
from pathlib import Path
from typing import Any

from agents import chance, parameters, tables
from agents.declared import GRADES, Declared, fields_of
from agents.parameters import Parameters
from agents.tables import Cause, Component, Happening, Need
from agents.terms import GOVERNANCES, NOTES, Terms
from experiments.pairs import PRIMARY, direction
from experiments.resilience import OUTCOMES, RESILIENCE
from experiments.validation.claims import Claim, Group
from experiments.validation.evidence import gathered
from experiments.validation.facts import FACTS
from experiments.words import listed
from simulation import month
from simulation.measures import COUNTING, MEASURES, label
from simulation.month import MONTH
from simulation.scenario import SIZES, load_scenario, settings
from simulation.shocks import HISTORIES, SHAPES, numbers_of, table_of
from simulation.town import BASKETS

HOUSE = Path(__file__).parent.parent
DOCUMENTS = ("README.md", "docs/ODD.md", "docs/TRACE.md")
COMMAND = "python -m viz.document"
MARKED = re.compile(r"<!-- begin: (?P<name>[\w ]+) -->\n.*?<!-- end: (?P=name) -->", re.DOTALL)


# ---- a document -----------------------------------------------------------------------------------


def written(text: str) -> str:
    """A document with everything between marks written anew. Raises KeyError for a mark nobody knows."""
    return MARKED.sub(lambda found: marked(found["name"], SECTIONS[found["name"]]()), text)


def marked(name: str, body: str) -> str:
    """A table between its marks."""
    return f"<!-- begin: {name} -->\n{body.strip()}\n<!-- end: {name} -->"


def unmarked(text: str) -> str:
    """What of a document is written by hand."""
    return MARKED.sub("", text)


def write_documents(house: Path = HOUSE) -> list[str]:
    """Write every document anew where it has fallen behind; which ones had."""
    behind = []
    for name in DOCUMENTS:
        path = house / name
        text = path.read_text(encoding="utf-8")
        fresh = written(text)
        if fresh != text:
            path.write_text(fresh, encoding="utf-8")
            behind.append(name)
    return behind


# ---- tables of the model --------------------------------------------------------------------------


def grades() -> str:
    """How many numbers are measured, borrowed and assumed, in a sentence."""
    numbers = {**fields_of(Parameters), **fields_of(Terms)}
    many = Counter(number.grade for number in numbers.values())
    parts = [f"{many[grade]} {'is' if many[grade] == 1 else 'are'} {grade}" for grade in GRADES]
    return (
        f"Of {len(numbers)} numbers ({len(fields_of(Parameters))} parameters and {len(fields_of(Terms))} dials), "
        f"{listed(parts)}."
    )


def parameter_tables() -> str:
    """Every parameter, under the headings of agents/parameters.py, and the web of spillovers."""
    declared = fields_of(Parameters)
    parts = []
    for heading, names in under_headings(inspect.getsource(parameters), declared).items():
        rows = [number_row(declared[name]) for name in names]
        parts += [f"**{heading.capitalize()}**", table(NUMBER_HEADS, rows)]
    parts += ["**The web of spillovers**: row, the need raised; column, the need it comes from.", spillover_table()]
    return "\n\n".join(parts)


NUMBER_HEADS = ("name", "default", "range", "unit", "meaning", "source", "grade")


def number_row(number: Declared) -> tuple[str, ...]:
    """A declared number as a row."""
    return (
        f"`{number.name}`",
        default_of(number),
        span(number),
        number.unit,
        number.meaning,
        number.source,
        number.grade,
    )


def default_of(number: Declared) -> str:
    """A default in words."""
    if isinstance(number.default, tuple):
        return "see below" if len(number.default) > 8 else ", ".join(f"{value:g}" for value in number.default)
    return f"`{number.choices[int(number.default)]}`" if number.choices else f"{number.default:g}"


def span(number: Declared) -> str:
    """A range in few signs."""
    if number.choices:
        return ", ".join(f"`{choice}`" for choice in number.choices)
    if math.isinf(number.low) and math.isinf(number.high):
        return "any"
    return f"≥ {number.low:g}" if math.isinf(number.high) else f"{number.low:g} to {number.high:g}"


def under_headings(text: str, names: Iterable[str]) -> dict[str, list[str]]:
    """Names in the order of a file, under the headings its comments give them."""
    found: dict[str, list[str]] = {}
    heading = ""
    known = set(names)
    for line in text.splitlines():
        if told := re.match(r"    # -{2,} (.*?) -{2,}", line):
            heading = told[1]
        elif (told := re.match(r"    (\w+): ", line)) and told[1] in known:
            found.setdefault(heading, []).append(told[1])
    return found


def spillover_table() -> str:
    """The default spillovers as a square."""
    needs = [need.name.lower() for need in Need]
    web = parameters.SPILLOVER
    rows = [(name, *(f"{web[row * len(needs) + at]:g}" for at in range(len(needs)))) for row, name in enumerate(needs)]
    return table(("", *needs), rows)


def dial_table() -> str:
    """The twelve dials."""
    return table(NUMBER_HEADS, [number_row(dial) for dial in fields_of(Terms).values()])


def governance_table() -> str:
    """Every governance as a point in the space of dials."""
    rows = [(f"`{dial}`", *(f"{dials[dial]:g}" for dials in GOVERNANCES.values())) for dial in fields_of(Terms)]
    notes = [f"- `{name}`: {note}" for name, note in NOTES.items()]
    return "\n\n".join([table(("dial", *(f"`{name}`" for name in GOVERNANCES)), rows), "\n".join(notes)])


def size_table() -> str:
    """The scenario's own numbers."""
    rows = [(f"`{each.name}`", default_of(each), span(each), each.unit, each.meaning) for each in SIZES.values()]
    return table(("name", "default", "range", "unit", "meaning"), rows)


def schedule_table() -> str:
    """The month: every rule in its order."""
    rows = []
    stage = ""
    headings = stages()
    for place, (whose, rule) in enumerate(MONTH):
        stage = headings.get(place, stage)
        rows.append((str(place + 1), stage, whose, f"`{rule.__name__}`", first_sentence(rule)))
    return table(("line", "stage", "table", "rule", "what happens"), rows)


def stages() -> dict[int, str]:
    """The headings of simulation/month.py, by the line of the month they stand before."""
    found: dict[int, str] = {}
    text = inspect.getsource(month)
    place = 0
    for line in text[text.index("MONTH: tuple") :].split("\n"):
        if line.startswith(")"):
            break
        if heading := re.match(r"    # (.*)", line):
            found[place] = heading[1]
        elif line.startswith('    ("'):
            place += 1
        elif line.startswith("    *COUNTING"):
            place += len(COUNTING)
    return found


def column_tables() -> str:
    """Every column of every table of the town."""
    parts = []
    for names, kind in kinds_of_row().items():
        own = [each for name, each in fields_of(kind).items() if name not in fields_of(Terms)]
        if not own:
            continue
        more = " It also carries the twelve dials." if issubclass(kind, Terms) else ""
        parts.append(f"**{names}** ({kind.__name__}). {one_paragraph(kind)}{more}")
        rows = [
            (f"`{each.name}`" + times(each), "whole" if each.whole else "real", each.unit, span(each), each.meaning)
            for each in own
        ]
        parts.append(table(("column", "kind", "unit", "range", "meaning"), rows))
    return "\n\n".join(parts)


def kinds_of_row() -> dict[str, type]:
    """Each kind of row once, by the names of the tables that hold it."""
    names: dict[type, list[str]] = {}
    for name, kind in tables.RECORDS.items():
        names.setdefault(kind, []).append(name)
    return {", ".join(held): kind for kind, held in names.items()}


def times(field: Declared) -> str:
    """How many numbers a column holds, where it holds several."""
    return f" ×{math.prod(field.shape)}" if field.shape else ""


def kinds_table() -> str:
    """What whole numbers stand for: every kind, state, status and choice of a row."""
    kinds = [
        kind
        for kind in vars(tables).values()
        if isinstance(kind, type) and issubclass(kind, IntEnum) and kind.__members__ and kind not in (Happening, Cause)
    ]
    rows = [
        (kind.__name__, one_paragraph(kind), ", ".join(f"{each.value} {words(each)}" for each in kind))
        for kind in kinds
    ]
    return table(("kind", "what it is", "values"), rows)


def event_table() -> str:
    """What is written down when it happens, and where."""
    where = mentions(Happening)
    rows = [(words(each), ", ".join(f"`{name}`" for name in where[each.name])) for each in Happening]
    return table(("event", "written in"), rows)


def cause_table() -> str:
    """The states that lead to events, and where."""
    where = mentions(Cause)
    rows = [(words(each), ", ".join(f"`{name}`" for name in where[each.name])) for each in Cause]
    return table(("cause", "named in"), rows)


def decision_table() -> str:
    """Every draw of luck, and where it is drawn."""
    where = mentions(chance.Decision, ("agents", "simulation"))
    rows = [
        (str(each.value), words(each), ", ".join(f"`{name}`" for name in where[each.name])) for each in chance.Decision
    ]
    return table(("number", "decision", "drawn in"), rows)


def mentions(kind: type[IntEnum], rooms: Sequence[str] = ("agents",)) -> dict[str, list[str]]:
    """For each member of a kind, the functions that name it, in the order of the files."""
    found: dict[str, list[str]] = {each.name: [] for each in kind}
    for path in [path for room in rooms for path in sorted((HOUSE / room).glob("*.py"))]:
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                for name in dict.fromkeys(re.findall(rf"\b{kind.__name__}\.(\w+)", ast.unparse(function))):
                    found[name].append(function.name)
    return found


def basket_table() -> str:
    """What each kind of work spends on."""
    rows = [(name, *(f"{share:g}" for share in basket)) for name, basket in BASKETS.items()]
    return table(("work", *(component.name.lower() for component in Component)), rows)


def measure_table() -> str:
    """Every measure, its unit, and whether more or less of it is better."""
    rows = []
    for measure in MEASURES:
        what, unit = label(measure)
        name = measure.__name__
        rows.append((f"`{name}`", what, unit, BETTER[direction(name)], "yes" if name in PRIMARY else ""))
    return table(("measure", "what it is", "unit", "better", "primary"), rows)


BETTER = {1: "more", -1: "less", 0: ""}


def resilience_table() -> str:
    """What is measured against the calm twin."""
    outcomes = ", ".join(f"`{name}` ({words_of.lower()})" for name, words_of in OUTCOMES.items())
    rows = []
    for end, text in RESILIENCE.items():
        what, unit = text.rsplit(". ", 1)
        primary = ", ".join(f"for `{name}`" for name in OUTCOMES if f"{name}_{end}" in PRIMARY)
        rows.append((f"`{end}`", what, unit, primary))
    return f"Each for {outcomes}.\n\n" + table(("number", "what it is", "unit", "primary"), rows)


def shape_table() -> str:
    """The shapes a shock may have."""
    rows = []
    for name, kind in SHAPES.items():
        given = {field.name: field.default for field in shown_fields(kind)}
        numbers = [
            f"`{number}` ({declared.unit})"
            if given[number] is MISSING
            else f"`{number}` ({declared.unit}; {given[number]:g} unless given)"
            for number, declared in numbers_of(kind).items()
        ]
        rows.append((f"`{name}`", one_paragraph(kind), one_paragraph(kind.path), ", ".join(numbers)))
    return table(("shape", "what it is", "factor in each month", "numbers"), rows)


def history_table() -> str:
    """The records a shock may follow."""
    return table(("history", "moves"), [(f"`{name}`", ", ".join(moves)) for name, moves in HISTORIES.items()])


def setting_table() -> str:
    """The settings that come with Kith."""
    rows = []
    for name in settings():
        scenario = load_scenario(name)
        shocks = "; ".join(shock_in_words(table_of(shock)) for shock in scenario.shocks) or "none"
        rows.append((f"`{name}`", scenario.title, str(scenario.months), scenario.story, shocks))
    return table(("setting", "title", "months", "what happens", "shocks"), rows)


def shock_in_words(given: Mapping[str, Any]) -> str:
    """A shock's table in a line."""
    numbers = [f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}" for key, value in given.items()]
    moved = given["component"]
    what = moved if isinstance(moved, str) else ", ".join(moved)
    return f"{given['shape']} of {what} ({', '.join(numbers[2:])})"


# ---- tables of the evidence -----------------------------------------------------------------------


def fact_table() -> str:
    """What is known of towns like this one, and what each fact is for."""
    rows = [(f"`{one.id}`", one.says, one.scale, one.use, one.source) for one in FACTS.values()]
    return table(("fact", "what is known", "about", "for", "known from"), rows)


def claim_table(*groups: Group) -> str:
    """Every claim of some groups, and how close to it the model is held."""
    claims = sorted((one for one in gathered().values() if one.group in groups), key=place_of)
    rows = [(one.id.rpartition(".")[2].replace("_", " "), one.says, one.level, one.source) for one in claims]
    return table(("claim", "says", "held to", "source or grounds"), rows)


def place_of(one: Claim) -> tuple[bool, str, int]:
    """Where a claim stands in its table: LC2 before LC10, known answers before boundaries."""
    letters = one.id.rstrip("0123456789")
    return one.group is Group.BOUNDARY, letters, int(one.id[len(letters) :] or 0)


SECTIONS: dict[str, Callable[[], str]] = {
    "grades": grades,
    "sizes": size_table,
    "parameters": parameter_tables,
    "dials": dial_table,
    "governances": governance_table,
    "schedule": schedule_table,
    "state variables": column_tables,
    "kinds": kinds_table,
    "events": event_table,
    "causes": cause_table,
    "decisions": decision_table,
    "baskets": basket_table,
    "measures": measure_table,
    "resilience": resilience_table,
    "shapes": shape_table,
    "histories": history_table,
    "settings": setting_table,
    "facts": fact_table,
    "known answers": lambda: claim_table(Group.KNOWN_ANSWER, Group.BOUNDARY),
    "outside results": lambda: claim_table(Group.DOCKING),
    "neutrality": lambda: claim_table(Group.NEUTRALITY),
}
"""Every table by the name in its marks."""


# ---- Markdown -------------------------------------------------------------------------------------


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell(each) for each in line) + " |" for line in lines)


def cell(text: str) -> str:
    """Text that may stand in a cell."""
    return re.sub(r"\s+", " ", text).strip().replace("|", r"\|")


def one_paragraph(what: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return cell(textwrap.dedent(inspect.getdoc(what) or "").split("\n\n")[0])


def first_sentence(what: object) -> str:
    """The first sentence of a docstring."""
    return re.split(r"(?<=\.)\s", one_paragraph(what), maxsplit=1)[0]


def words(member: IntEnum) -> str:
    """A member's name in words."""
    return member.name.lower().replace("_", " ")


def main() -> None:
    """Write the documents anew and say which had fallen behind."""
    behind = write_documents()
    sys.stdout.write(f"written anew: {', '.join(behind)}\n" if behind else "every document is as the code says\n")


if __name__ == "__main__":
    main()
