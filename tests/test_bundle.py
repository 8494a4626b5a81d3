"""Bundles: one file that holds all it takes to check a study and do it again, and that nobody can change unseen."""

from __future__ import annotations

import hashlib
import json
import stat
import tomllib
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments import bundle as bundles
from experiments import bundle_check, parts, store
from experiments.batches import made_by
from experiments.bundle import MANIFEST, PAPERS, BundleError, bundle
from experiments.bundle_check import check
from experiments.replay import replay_row
from experiments.study_file import SHIPPED, load_study, study_in_toml
from experiments.sweep import sweep
from simulation import written_rules
from simulation.journal import model_fingerprint
from tests.sweeping import SMALL, VARY, small_study, stumbling
from viz.command import exit_code

HOUSE = Path(__file__).parent.parent
FEW = VARY.replace("points = 10", "points = 2")
Change = Callable[[bytes], bytes] | bytes | None


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of real towns, with months."""
    folder = tmp_path_factory.mktemp("lived")
    study = small_study(folder, FEW, "monthly = true\nseeds = 2\n")
    with ThreadPoolExecutor(1) as executor:
        sweep(study, folder / "out", executor=executor)
    return folder / "out"


@pytest.fixture(scope="module")
def packed(lived: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(lived, tmp_path_factory.mktemp("packed") / "out.zip").file


def changed(file: Path, target: Path, changes: Mapping[str, Change], seal: bool = False) -> Path:
    """A copy of a bundle with some files changed, added or left out; with `seal` the manifest says so too."""
    with zipfile.ZipFile(file) as old:
        files = {entry.filename.partition("/")[2]: old.read(entry) for entry in old.infolist()}
    for name, change in changes.items():
        if change is None:
            del files[name]
        else:
            files[name] = change(files[name]) if callable(change) else change
    if seal:
        told = json.loads(files[MANIFEST])
        told["files"] = {
            name: {"size": len(text), "sha256": hashlib.sha256(text).hexdigest()}
            for name, text in files.items() if name != MANIFEST
        }  # fmt: skip
        files[MANIFEST] = json.dumps(told).encode()
    with zipfile.ZipFile(target, "w") as new:
        for name, text in files.items():
            new.writestr(f"out/{name}", text)
    return target


def names_in(file: Path) -> set[str]:
    with zipfile.ZipFile(file) as archive:
        return {name.partition("/")[2] for name in archive.namelist()}


def test_the_same_folder_gives_the_same_bytes_and_they_hold(lived: Path, packed: Path, tmp_path: Path) -> None:
    again = bundle(lived, tmp_path / "again.zip")
    assert again.file.read_bytes() == packed.read_bytes()
    assert again.sha256 == hashlib.sha256(packed.read_bytes()).hexdigest()
    found = check(packed, None)
    assert (found.holds, found.same, len(found.relived), found.rows, found.cannot) == (True, 8, 8, 8, "")
    assert len(check(packed, 3).relived) == 3


def test_a_bundle_holds_all_that_was_promised(packed: Path) -> None:
    wanted = {
        "README.md", "ODD.md", "CITATION.cff", "LICENSE", "question.toml", "constraints.txt", "environment.json",
        "provenance.json", MANIFEST, "data/study.json", "data/design.parquet", "code/pyproject.toml",
        "code/agents/parameters.py", "code/simulation/month.py",
        "code/experiments/bundle.py", "code/viz/command/studies.py",
    }  # fmt: skip
    there = names_in(packed)
    assert wanted <= there
    assert not [name for name in there if "__pycache__" in name or "/." in name]
    assert {name.split("/")[1] for name in there if name.startswith("data/")} == {
        "study.json", "design.parquet", "rows", "months",
    }  # fmt: skip
    with zipfile.ZipFile(packed) as archive:
        versions = archive.read("out/constraints.txt").decode().splitlines()
        readme = archive.read("out/README.md").decode()
    assert {"numpy", "numba", "Mesa"} <= {line.split("==")[0] for line in versions}
    assert not [line for line in versions if "/" in line or "@" in line]
    assert "kith bundle --check" in readme


def test_the_fingerprint_of_the_code_is_worked_out_as_that_of_the_running_model() -> None:
    assert bundles.fingerprint_of_text(bundles._code()[0].items()) == model_fingerprint()


@pytest.mark.parametrize(
    "name", ["data/study.json", "data/design.parquet", "code/agents/money.py", "question.toml", "LICENSE", "README.md"]
)
def test_a_file_that_was_changed_is_told(name: str, packed: Path, tmp_path: Path) -> None:
    file = changed(packed, tmp_path / "x.zip", {name: lambda text: text[:-1] + bytes([text[-1] ^ 1])})
    found = check(file, 0)
    assert any(each.startswith(name) and "SHA-256 differs" in each for each in found.wrong)
    assert exit_code(["bundle", "--check", str(file)]) == 1
    assert f"{name} is missing" in check(changed(packed, tmp_path / "y.zip", {name: None}), 0).wrong
    longer = check(changed(packed, tmp_path / "z.zip", {name: lambda text: text + b" ", "more.txt": b""}), 0)
    assert any("bytes, and the manifest says" in each for each in longer.wrong)
    assert "more.txt is not in the manifest" in longer.wrong


def test_a_row_that_was_changed_with_its_hash_is_found_by_living_it_again(packed: Path, tmp_path: Path) -> None:
    (part,) = [name for name in names_in(packed) if name.startswith("data/rows/")][:1]

    def nudged(data: bytes) -> bytes:
        table = parts.pq.read_table(parts.pa.BufferReader(data))
        moved = parts.pa.array(np.nextafter(table["wellbeing.shock"].to_numpy(), 9.0))
        place = table.schema.get_field_index("wellbeing.shock")
        return parts.parquet_bytes(table.set_column(place, "wellbeing.shock", moved))

    file = changed(packed, tmp_path / "x.zip", {part: nudged}, seal=True)
    assert check(file, 0).holds
    found = check(file, None)
    assert found.wrong
    assert all("wellbeing.shock was" in each for each in found.wrong)


def test_code_that_is_not_that_of_the_rows_is_told(packed: Path, tmp_path: Path) -> None:
    other = changed(packed, tmp_path / "x.zip", {"code/agents/money.py": lambda text: text + b"\n"}, seal=True)
    assert "the code makes the model" in check(other, 0).wrong[0]
    code = {**bundles._code()[0]}
    code["agents/money.py"] += b"\n"
    model = bundles.fingerprint_of_text(code.items())

    def named(text: bytes) -> bytes:
        return text.replace(f'"model": "{model_fingerprint()}"'.encode(), f'"model": "{model}"'.encode())

    both = {"code/agents/money.py": code["agents/money.py"], MANIFEST: named}
    found = check(changed(packed, tmp_path / "y.zip", both, seal=True), 0)
    assert "8 of 8 rows name another model than the code in the archive makes" in found.wrong


def test_another_version_checks_all_but_lives_nothing(
    packed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bundle_check, "model_fingerprint", lambda: "another")
    assert exit_code(["bundle", "--check", str(packed)]) == 2
    assert "install the code in the archive" in capsys.readouterr().out
    assert exit_code(["bundle", "--check", str(packed), "--rerun", "0"]) == 0


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../b", "a\\b", "C:evil", "a//b", "./a"])
def test_a_name_that_leads_out_of_the_archive_is_refused(name: str, tmp_path: Path) -> None:
    file = tmp_path / "evil.zip"
    with zipfile.ZipFile(file, "w") as archive:
        entry = zipfile.ZipInfo("x")
        entry.filename = name
        archive.writestr(entry, b"")
        archive.writestr(f"out/{MANIFEST}", b"{}")
    with pytest.raises(BundleError, match="not safe to read"):
        check(file)
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_a_name_twice_and_what_is_no_bundle_are_refused(packed: Path, tmp_path: Path) -> None:
    file = tmp_path / "evil.zip"
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("out/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, b"elsewhere")
    with pytest.raises(BundleError, match="leads elsewhere"):
        check(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("out/a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("out/a", b"2")
    with pytest.raises(BundleError, match="twice"):
        check(file)
    for told in ({}, {"format": 99}, [], {"format": 1, "what": "sweep", "model": "m", "files": {"a": 1}}):
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(f"out/{MANIFEST}", json.dumps(told))
        assert exit_code(["bundle", "--check", str(file)]) == 2
    file.write_bytes(packed.read_bytes()[:5000])
    for each in (file, tmp_path, tmp_path / "nowhere.zip"):
        assert exit_code(["bundle", "--check", str(each)]) == 2
    whole = packed.read_bytes()
    place = whole.index(b"PK\x03\x04", 60_000) + 300
    file.write_bytes(whole[:place] + b"\xff" * 20 + whole[place + 20 :])
    assert exit_code(["bundle", "--check", str(file), "--rerun", "0"]) in (1, 2)


def test_rules_in_a_bundle_are_not_run_unless_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "was_here"
    rules = tmp_path / "rules.py"
    rules.write_text(
        "from pathlib import Path\n"
        "from agents.rule import rule\n"
        "from agents.tables import Organisation, Town\n\n"
        f"Path({str(trace)!r}).touch()\n\n\n"
        "@rule\n"
        "def burn_out(organisation: Organisation, town: Town) -> None:\n"
        '    """Nobody ever burns out."""\n'
        "    organisation.burnout = 0.0\n"
    )
    study = small_study(tmp_path, "", 'rules = "rules.py"\nseeds = 1\n')
    with ThreadPoolExecutor(1) as executor:
        sweep(study, tmp_path / "out", executor=executor)
    file = str(bundle(tmp_path / "out").file)
    trace.unlink()
    written_rules.rules_from_text.cache_clear()  # as in a process that never saw them
    assert exit_code(["bundle", "--check", file]) == 2
    assert "which are Python" in capsys.readouterr().out
    assert not trace.exists()
    assert exit_code(["bundle", "--check", file, "--own-rules"]) == 0
    assert trace.exists()


def test_rows_that_failed_fail_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = small_study(tmp_path, FEW)
    with ThreadPoolExecutor(1) as executor:
        assert sweep(study, tmp_path / "out", executor=executor, living=stumbling).failed
    from experiments import batches

    monkeypatch.setattr(batches, "live_town", stumbling)
    assert check(bundle(tmp_path / "out").file, None).same == 12


def test_files_of_the_graph_go_with_it(tmp_path: Path) -> None:
    edges, others = tmp_path / "peers.edgelist", tmp_path / "others.edgelist"
    edges.write_text("0 1\n1 2\n2 3\n3 4\n4 5\n")
    others.write_text("0 1\n1 2\n2 3\n3 4\n4 5\n5 0\n")
    setting = '[setting.graph]\npeer = "peers.edgelist"\n'
    vary = f'{setting}[vary]\npeer = {{ values = ["peers.edgelist", "others.edgelist", "random"] }}\n'
    for more in (setting, vary):
        study = small_study(tmp_path, more, "seeds = 1\n")
        out = tmp_path / f"out-{len(more)}"
        with ThreadPoolExecutor(1) as executor:
            sweep(study, out, executor=executor)
        file = bundle(out).file
        away = [path.rename(path.with_suffix(".away")) for path in (edges, others)]
        assert check(file, None).holds
        with zipfile.ZipFile(file) as archive:
            archive.extractall(tmp_path / f"unpacked-{len(more)}")
        (inside,) = (tmp_path / f"unpacked-{len(more)}").iterdir()
        assert replay_row(inside / "data", 1).same
        assert load_study(inside / "question.toml").key == study.key
        for path in away:
            path.rename(path.with_suffix(".edgelist"))


UNTIL = (
    '[until]\noutcome = "wellbeing"\nnarrower_than = 0.2\nat_most = 30\n[analysis]\noutcomes = ["unmet_need.shock"]\n'
)
DIALS = """
[vary]
"contract.openness" = { low = 0.1, high = 0.5, steps = 3 }
peer = { values = ["block", "random"] }
"""


@pytest.mark.parametrize("more", ["", VARY, UNTIL, DIALS, '[design]\nkind = "list"\nfile = "list.csv"\n'])
def test_the_question_in_a_bundle_asks_the_same(more: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("inflow,residents\n0.02,50\n0.03,60\n")
    if more == UNTIL:
        (tmp_path / "small.toml").write_text(SMALL.replace("seeds = 3\n", "") + more)
        study = load_study(tmp_path / "small.toml")
    else:
        study = small_study(tmp_path, more, "monthly = true\n")
    (tmp_path / "points.csv").write_text((tmp_path / "list.csv").read_text())
    (tmp_path / "question.toml").write_text(study_in_toml(study), encoding="utf-8")
    again = load_study(tmp_path / "question.toml")
    assert again.key == study.key
    assert again.analysis == study.analysis


@pytest.mark.parametrize("file", [each for each in SHIPPED.glob("*.toml") if each.stem != "calibration"], ids=str)
def test_a_shipped_study_written_out_asks_the_same(file: Path, tmp_path: Path) -> None:
    (tmp_path / "question.toml").write_text(study_in_toml(load_study(file)), encoding="utf-8")
    assert load_study(tmp_path / "question.toml").key == load_study(file).key


def test_a_folder_that_is_none_or_not_of_this_model_is_refused(
    lived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, said in ((tmp_path / "nowhere", "is no folder"), (tmp_path, "neither a sweep nor a comparison")):
        with pytest.raises(BundleError, match=said):
            bundle(folder)
    parts.open_folder(tmp_path / "empty", small_study(tmp_path))
    with pytest.raises(BundleError, match="no rows yet"):
        bundle(tmp_path / "empty")
    with pytest.raises(BundleError, match="is a folder; --out must be a file"):
        bundle(lived, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(BundleError, match="cannot be written"):
        bundle(lived, tmp_path / "file" / "out.zip")
    with parts.Writing(lived, None), pytest.raises(BundleError, match="is being written"):
        bundle(lived, tmp_path / "out.zip")
    monkeypatch.setattr("experiments.batches.model_fingerprint", lambda: "another")
    with pytest.raises(BundleError, match="8 of 8 rows were lived by another version"):
        bundle(lived, tmp_path / "out.zip")
    assert exit_code(["bundle"]) == 2
    assert exit_code(["bundle", "--check", "x.zip", "--rerun", "many"]) == 2


def test_a_comparison_can_be_bundled_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["compare", "wage_step", "--seeds", "2", "--residents", "60", "--out", "mine"]
    assert exit_code(asked) == 0
    file = bundle(tmp_path / "mine").file
    assert {"data/runs.parquet", "data/question.toml", "data/report.html"} <= names_in(file)
    found = check(file, None)
    assert (found.holds, found.same) == (True, 12)

    def nudged(data: bytes) -> bytes:
        table = parts.pq.read_table(parts.pa.BufferReader(data)).to_pandas()
        table.loc[3, "trust"] += 1e-15
        return parts.parquet_bytes(parts.pa.Table.from_pandas(table, preserve_index=False))

    other = check(changed(file, tmp_path / "x.zip", {"data/runs.parquet": nudged}, seal=True), None)
    assert len(other.wrong) == 1
    assert other.wrong[0].startswith("run 3 differs: trust was")


def test_papers_are_found_beside_the_code_and_from_an_installed_kith(
    lived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(bundles.papers()) == set(PAPERS)
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["tool"]["setuptools"]["data-files"][bundles.SHARED]) == set(PAPERS)

    class Installed:
        """A file as the list of an installed package has it."""

        def __init__(self, name: str) -> None:
            self.name, self.parent = Path(name).name, Path("../../../share/kith")

        def locate(self) -> Path:
            """Where it is."""
            return next(HOUSE / paper for paper in PAPERS if Path(paper).name == self.name)

    monkeypatch.setattr(bundles.metadata, "files", lambda _: [Installed(name) for name in PAPERS])
    assert bundles.papers(tmp_path) == {name: HOUSE / name for name in PAPERS}
    monkeypatch.setattr(bundles.metadata, "files", lambda _: [])
    assert bundles.papers(tmp_path) == {}
    monkeypatch.setattr(bundles, "papers", dict)
    told: Any = bundle(lived, tmp_path / "bare.zip")
    assert told.missing == PAPERS
    with zipfile.ZipFile(told.file) as archive:
        assert "Not found where it was packed" in archive.read("out/README.md").decode()
    assert check(told.file, 1).holds


def test_what_made_the_rows_says_what_kind_of_machine_it_was(lived: Path) -> None:
    made = json.loads((lived / "study.json").read_text())["made_with"]
    assert made["host"] == store.host_class()
    assert made["model"] == made_by(parts.study_in(lived).scenario, "")
