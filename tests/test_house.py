"""The house: imports point one way, every file says what it is for, and nothing names the machine it was written on."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
ROOMS = ("agents", "simulation", "experiments", "viz")
FILES = sorted(file for room in (*ROOMS, "tests") for file in (HOUSE / room).rglob("*.py"))
TEXT = (".py", ".toml", ".md", ".txt", ".csv", ".cff", ".yml", ".js", ".css", ".html")


def called(file: Path) -> str:
    return file.relative_to(HOUSE).as_posix()


def rooms_imported_by(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found & {*ROOMS, "tests"}


@pytest.mark.parametrize("file", [file for file in FILES if "tests" not in file.parts], ids=called)
def test_rooms_import_only_from_themselves_and_rooms_to_their_left(file):
    room = file.relative_to(HOUSE).parts[0]
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    assert rooms_imported_by(file) <= allowed


@pytest.mark.parametrize("file", FILES, ids=called)
def test_every_file_opens_with_what_it_is_for(file):
    assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))


def test_no_file_names_the_machine_it_was_written_on_or_where_packages_come_from():
    homes = "|".join(("root", "work", "home", "Users", "mnt"))
    hosts = "|".join(("pypi", "pythonhosted", "conda-forge"))
    forbidden = re.compile(rf"(?<![\w.])/(?:{homes})/\w|(?:{hosts})\.(?:org|com)|{hosts.split('|')[0]}/simple")
    kept = [file for file in HOUSE.iterdir() if file.is_file() and not file.name.startswith(".")]
    for room in (*ROOMS, "tests", "docs", "constraints", ".ci"):
        kept += [file for file in (HOUSE / room).rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    for file in kept:
        if file.suffix in TEXT or file.name in ("Makefile", "run"):
            found = forbidden.search(file.read_text(encoding="utf-8"))
            assert not found, f"{called(file)} names {found and found.group()}"


@pytest.mark.parametrize("file", sorted((HOUSE / "constraints").glob("*.txt")), ids=called)
def test_constraints_are_names_and_versions_and_nothing_else(file):
    for line in file.read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line)


@pytest.mark.parametrize("file", sorted((HOUSE / "constraints").glob("*.txt")), ids=called)
def test_every_library_kith_asks_for_has_a_version_known_to_work(file):
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in file.read_text(encoding="utf-8").splitlines()}
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(want for extra in project["optional-dependencies"].values() for want in extra),
    ]
    names = {re.split(r"[<>=!~\[; ]", want)[0].lower().replace("_", "-") for want in wanted}
    assert names <= pinned
