"""The page as files: its parts can be joined, speak from the catalogue, and can be read by everybody."""

from __future__ import annotations

import re
import shutil
import subprocess
from itertools import pairwise, product

import pytest

from viz.workshop import page
from viz.workshop.words import ENGLISH, catalogue

PARTS = {name: (page.FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in page.MODULES}
STYLES = {name: (page.FOLDER / f"{name}.css").read_text(encoding="utf-8") for name in page.STYLES}
KEY = re.compile(r"""["'`](stage\.[a-z_0-9.]*(?:\$\{[^`]*?\})?[a-z_0-9.${}]*)["'`]""")
SMALLEST = 14.0
"""The smallest letters, in units: pixels on a screen 1600 wide."""
COLOUR = re.compile(r"#[0-9A-Fa-f]{3,6}\b")


# ---- joining -------------------------------------------------------------------------------------------------


def test_every_file_of_the_page_is_joined():
    assert {file.stem for file in page.FOLDER.glob("*.js")} == set(page.MODULES)
    assert {file.stem for file in page.FOLDER.glob("*.css")} == set(page.STYLES)


def test_the_joined_page_imports_nothing_and_exports_one_thing():
    lines = page.module().splitlines()
    assert not [line for line in lines if line.lstrip().startswith("import ")]
    assert [line for line in lines if line.startswith("export")] == ["export default { render };"]


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here to read JavaScript with")
def test_the_joined_page_is_javascript(tmp_path):
    file = tmp_path / "page.mjs"
    file.write_text(page.module(), encoding="utf-8")
    read = subprocess.run(["node", "--check", str(file)], capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr


def test_a_name_that_two_parts_define_is_refused_with_both_parts():
    with pytest.raises(page.BrokenPage, match=r"walk is defined in both legs\.js and arms\.js"):
        page.joined({"legs": "function walk() {}\n", "arms": "const walk = 1;\n"})


def test_an_import_of_what_is_not_exported_is_refused():
    with pytest.raises(page.BrokenPage, match=r"arms\.js imports walk, not exported by legs\.js"):
        page.joined({"legs": "function walk() {}\n", "arms": 'import { walk } from "./legs.js";\n'})


def test_an_import_of_a_part_that_comes_later_is_refused():
    with pytest.raises(page.BrokenPage, match=r"arms\.js imports from legs\.js, which does not come before it"):
        page.joined({"arms": 'import { walk } from "./legs.js";\n', "legs": "export function walk() {}\n"})


def test_an_import_that_joining_would_leave_behind_is_refused():
    with pytest.raises(page.BrokenPage, match=r"legs\.js: a line that cannot be joined: import all"):
        page.joined({"legs": 'import all from "elsewhere";\n'})


# ---- words ---------------------------------------------------------------------------------------------------


def keys_used() -> set[str]:
    """Every key the page asks for; what is filled in while it runs stands as a star."""
    found = {key for text in PARTS.values() for key in KEY.findall(text)}
    return {re.sub(r"\$\{[^}]*\}+", "*", key) for key in found}


def fits(key: str, used: str) -> bool:
    """Whether a key of the catalogue is one the page may ask for so."""
    return re.fullmatch(re.escape(used).replace(r"\*", "[a-z_0-9]+"), key) is not None


def test_every_word_the_page_asks_for_is_in_the_catalogue():
    known = [key for key in catalogue(ENGLISH) if key.startswith("stage.")]
    assert not [used for used in keys_used() if not any(fits(key, used) for key in known)]


def test_every_word_of_the_page_is_asked_for():
    used = keys_used()
    known = [key for key in catalogue(ENGLISH) if key.startswith("stage.")]
    assert not [key for key in known if not any(fits(key, each) for each in used)]


def test_the_page_asks_nothing_of_the_network_and_runs_no_text():
    for name, text in (PARTS | STYLES).items():
        outside = [url for url in re.findall(r"https?://[^\s\"'`)]+", text) if "www.w3.org" not in url]
        assert not outside, name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function|document\.write", text), (
            name
        )


# ---- reading -------------------------------------------------------------------------------------------------


def test_no_letters_are_smaller_than_a_projector_can_show():
    sizes = [
        float(size) for text in STYLES.values() for size in re.findall(r"font(?:-size)?:[^;]*?--u\) \* ([\d.]+)", text)
    ]
    sizes += [float(size) for text in PARTS.values() for size in re.findall(r'"font-size": ([\d.]+) \* u', text)]
    assert len(sizes) > 50
    assert min(sizes) >= SMALLEST


def brightness(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """How far two colours are apart, from 1 to 21."""
    dark, light = sorted((brightness(one), brightness(other)))
    return (light + 0.05) / (dark + 0.05)


def of(name: str) -> str:
    """A colour by its name in stage.css."""
    found = re.search(rf"--{name}: (#\w+);", STYLES["stage"])
    assert found
    return found.group(1)


INKS = ("ink", "muted", "left", "right", "crisis")
PAPERS = ("paper", "warm", "#FFFFFF")


@pytest.mark.parametrize(("ink", "paper"), list(product(INKS, PAPERS)))
def test_letters_stand_out_from_their_ground(ink, paper):
    assert contrast(of(ink), paper if paper.startswith("#") else of(paper)) >= 4.5


@pytest.mark.parametrize("tint", sorted(set(re.findall(r"--t: (#\w+)", STYLES["stage"]))))
def test_letters_stand_out_from_the_tint_of_a_town(tint):
    assert contrast(of("ink"), tint) >= 4.5


def test_how_people_feel_is_told_from_light_to_dark():
    feelings = COLOUR.findall(re.search(r"strain: \[([^\]]*)\]", PARTS["look"]).group(1))
    levels = [brightness(colour) for colour in feelings]
    assert levels == sorted(levels, reverse=True)
    assert min(contrast(one, other) for one, other in pairwise(feelings)) > 2.0


def test_pictures_and_page_use_the_same_colours():
    script = PARTS["look"]
    for name in ("ink", "muted", "paper", "rule", "shock", "crisis"):
        assert f'{name}: "{of(name)}"' in script
    assert [of("left"), of("right")] == re.findall(r'{ ink: "(#\w+)"', script)
