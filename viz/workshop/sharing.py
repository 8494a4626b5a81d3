"""What can be taken home from the workshop: numbers as CSV, a replay that plays by itself, and a pack of everything.

Change this file to give people something else to keep. A file is made from the plan alone, by living it again from its
founding, so that the same plan gives the same bytes and what is on the screen is left in peace. A replay is the page of
the workshop itself with every month inside (stage/replay.html plays them): it asks no server and no network. A pack is
a ZIP of plain files; what comes back in one is read with care, and nothing in it is run.
"""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import math
import re
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, NamedTuple

from simulation.journal import fingerprint_of, made_with, model_fingerprint
from simulation.measures import MEASURES, label
from simulation.run import events_of, neighbourhoods_of, rows_of
from simulation.scenario import Scenario, toml
from viz.workshop import cards, frames, meanings, names, page
from viz.workshop.luck import PAIRS, Shadows, in_turn, shown
from viz.workshop.past import Past, eventful
from viz.workshop.plan import SIDES, Plan, PlanError, Side, link_of, offered_settings, plan_in, shock_of
from viz.workshop.towns import TwoTowns
from viz.workshop.words import ENGLISH, catalogue, text

if TYPE_CHECKING:
    from viz.workshop.session import Session

TEMPLATE = Path(__file__).parent / "stage" / "replay.html"
LINK = "link.txt"
LONGEST_AGO = (1980, 1, 1, 0, 0, 0)
"""When files in a pack were made, as far as a ZIP is told: a pack has the same bytes whenever it is made."""
MOST_FILES, MOST_BYTES, MOST_LINK = 64, 200_000_000, 20_000
"""What a pack that is given to us may hold: files, bytes in all once unpacked, and bytes of its link."""
PAIRS_ASKED = 30
"""So many pairs of towns a pack's question is put to."""
A_MOMENT = 0.2
"""Seconds between two looks whether anybody still wants a file."""


class File(NamedTuple):
    """Something to keep: its name, its media type and its bytes."""

    name: str
    type: str
    data: bytes


def file_of(session: Session, kind: str, stop: threading.Event | None = None) -> File:
    """What a page asked to keep: `csv`, `replay` or `pack`, of the run as it stands on the screen.

    A replay takes seconds and a pack half a minute; both end early once `stop` is set, by raising PlanError.
    """
    with session.lock:
        plan, month, language, shadows = session.plan, session.towns.month, session.language, session.shadows
    return file_for(plan, month, language, kind, shadows=shadows, stop=stop)


def file_for(
    plan: Plan, month: int, language: str, kind: str, *, shadows: Shadows | None = None,
    stop: threading.Event | None = None,
) -> File:  # fmt: skip
    """A file of one of the KINDS about a plan, lived up to a month.

    Other pairs of towns that live the plan already are waited for, where they are as many as a badge has.
    """
    if kind not in KINDS:
        raise PlanError(f"there is no file of the kind {str(kind)[:20]!r}: {', '.join(KINDS)}")
    make, ending, media = KINDS[kind]
    recorded = Recorded(plan, month, language, stop or threading.Event())
    try:
        if kind != "csv":
            recorded.film(shadows)
        return File(f"{plain_name(plan)}.{ending}", media, make(recorded))
    finally:
        recorded.towns.close()


def plain_name(plan: Plan) -> str:
    """What files about a plan are called: plain letters that every disk can take."""
    said = f"kith-{plan.setting}-{plan.left.governance}-{plan.right.governance}-{plan.seed}"
    return re.sub(r"[^a-z0-9_]+", "-", said.lower()).strip("-")[:100]


# ---- living it again -----------------------------------------------------------------------------------------


class Recorded:
    """A plan lived again up to a month; once filmed, with all that a page was sent of every month shown.

    `pasts` are those of both towns up to each fork, which gives one town the other's past, and at the end.
    """

    def __init__(self, plan: Plan, month: int, language: str, stop: threading.Event) -> None:
        self.plan, self.month, self.language, self.stop = plan, month, language, stop
        self.frames: list[bytes] = []
        self.described: list[tuple[int, dict[str, Any], dict[str, Any]]] = []
        self.pasts: list[tuple[int, list[Past]]] = []
        self.luck: dict[str, list[dict[str, Any]]] = {outcome: [] for outcome in frames.outcomes()}
        self.towns = TwoTowns(plan, month)

    def film(self, shadows: Shadows | None = None) -> None:
        """Live it once more from the first month, and record each month as the page is sent it."""
        live = shadows if shadows is not None and (shadows.plan, shadows.pairs) == (self.plan, PAIRS) else None
        luck = live or Shadows(self.plan, frames.outcomes(), PAIRS)
        self.towns.close()
        self.towns = TwoTowns(self.plan)
        try:
            while not luck.wait(A_MOMENT):
                self.go_on()
            self._film(luck)
        finally:
            if live is None:
                luck.stop()

    def _film(self, luck: Shadows) -> None:
        towns = self.towns
        self._show(luck)
        while towns.month < self.month:
            self.go_on()
            if any(act.kind == "fork" and act.month == towns.month + 1 for act in self.plan.acts):
                self.pasts.append((len(self.frames), [past.copy() for past in towns.pasts]))
            if not towns.step():
                break
            self._show(luck)
        self.pasts.append((len(self.frames), towns.pasts))

    def _show(self, luck: Shadows) -> None:
        """Record a month as the page would be sent it, and the towns anew where they are told otherwise."""
        towns, place = self.towns, len(self.frames)
        told = (list(towns.sides), towns.forks)
        if not place or told != self._told:
            self._told = told
            self._teller = frames.teller(towns, self.language)
            self.described.append((place, frames.description(towns, self.language, 1), frames.history(towns, 1)))
        head = {"run": 1, "seq": place, **frames.head(towns, self._teller, self.language)}
        self.frames.append(frames.packet(towns, head))
        for outcome, badges in self.luck.items():
            badges.append(shown(luck, outcome, towns, self.language, self._teller.called))

    _told: tuple[list[Side], int] | None = None

    def go_on(self) -> None:
        """Raises PlanError when nobody wants the file any more."""
        if self.stop.is_set():
            raise PlanError("this file was given up")

    @property
    def link(self) -> str:
        """The query that rebuilds it."""
        return link_of(self.plan, self.month, "" if self.language == ENGLISH else self.language)

    def called(self, place: int) -> str:
        """What a town is called."""
        return str(frames.side_told(self.towns, place, self.language)["name"])

    @property
    def setting(self) -> str:
        """What the setting is called."""
        return meanings.setting(self.language, self.plan.setting, self.plan.scenario())["title"]

    def when(self, month: int) -> str:
        """What a month is called."""
        return frames.when(self.plan.scenario(), month, self.language)

    def says(self, key: str, **values: object) -> str:
        """Words of what is kept."""
        return text(self.language, f"sharing.{key}", **values)


# ---- numbers -------------------------------------------------------------------------------------------------


def months_csv(recorded: Recorded) -> bytes:
    """Every month shown, a row for each town and month, every measure; units under the names, and where from."""
    measures = [measure.__name__ for measure in MEASURES]
    out = io.StringIO()
    for line in (
        recorded.says("csv.title", setting=recorded.setting, left=recorded.called(0), right=recorded.called(1)),
        recorded.says("csv.link", link=recorded.link),
        recorded.says("csv.model", model=model_fingerprint()),
        *(
            recorded.says("csv.town", town=recorded.called(place), fingerprint=fingerprint_of(model.town))
            for place, model in enumerate(recorded.towns.models)
        ),
        recorded.says("csv.months", first=recorded.plan.first),
    ):
        out.write(f"# {' '.join(line.split())}\n")
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["side", "town", "month", "when", *measures])
    rows.writerow(["# unit", "", recorded.says("csv.month"), "", *(label(measure)[1] for measure in MEASURES)])
    for place, model in enumerate(recorded.towns.models):
        lived = rows_of(model.town)
        for month in range(recorded.plan.first, len(lived)):
            numbers = [number_in_csv(lived[month][name]) for name in measures]
            rows.writerow([SIDES[place], recorded.called(place), month, recorded.when(month), *numbers])
    return out.getvalue().encode()


def number_in_csv(value: Any) -> str:
    """A number to its last digit; nothing where there is none."""
    number = float(value)
    return "" if math.isnan(number) else repr(int(number) if number.is_integer() else number)


def both_csv(recorded: Recorded, table: Callable[[Any], Any]) -> bytes:
    """A table of each town, one under the other."""
    out = io.StringIO()
    for place, model in enumerate(recorded.towns.models):
        told = table(model.town)
        told.insert(0, "side", SIDES[place])
        told.to_csv(out, index_label="row", lineterminator="\n", header=place == 0)
    return out.getvalue().encode()


def columns_csv(recorded: Recorded) -> bytes:
    """What each column of the months means."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["column", "meaning", "unit"])
    rows.writerow(["month", recorded.says("csv.months", first=recorded.plan.first), recorded.says("csv.month")])
    rows.writerows([measure.__name__, *label(measure)] for measure in MEASURES)
    return out.getvalue().encode()


# ---- a replay ------------------------------------------------------------------------------------------------


def replay_page(recorded: Recorded) -> bytes:
    """One file that plays the run in any browser: the page, every month, and a little that stands in for Python."""
    language, (_, first, _) = recorded.language, recorded.described[0]
    data = {
        "module": page.module(), "style": page.style(), "fonts": page.fonts(), "words": dict(catalogue(language)),
        "state": {
            "busy": "", "notice": None, "language": language, "languages": [language], "undo": "",
            "link": recorded.link, "engine": "compiled", "join": None,
        },
        "first": recorded.plan.first, "static": first,
        "described": [
            [place, {name: value for name, value in told.items() if value != first[name]}, history]
            for place, told, history in recorded.described
        ],
        "frames": [base64.b64encode(each).decode() for each in recorded.frames],
        "people": people_in(recorded), "busiest": eventful(recorded.towns.pasts, recorded.plan.first),
        "lives": [before for before, _ in recorded.pasts], "feelings": feelings(),
        "luck": {outcome: luck_in(badges) for outcome, badges in recorded.luck.items()},
        "turns": [in_turn(frames.outcomes(), place) for place in range(len(recorded.frames))],
    }  # fmt: skip
    title = recorded.says(
        "replay.title", setting=first["setting"]["title"], left=recorded.called(0), right=recorded.called(1)
    )
    return filled(
        TEMPLATE.read_text(encoding="utf-8"),
        language=html.escape(language), title=html.escape(title),
        noscript=html.escape(recorded.says("replay.noscript")), recorded=json_in_html(data),
    ).encode()  # fmt: skip


def luck_in(months: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The badge of every month: what a fan says up to a month stays as it is, so its lines are told once."""
    lines = ("low", "mid", "high")
    return {
        "lines": {name: months[-1][name] for name in lines},
        "months": [{name: value for name, value in month.items() if name not in lines} for month in months],
    }


def json_in_html(data: Any) -> str:
    """JSON that can stand within a page: no tag begins or ends in it."""
    told = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return told.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def filled(template: str, **given: str) -> str:
    """A page with what stands in double braces filled in, all at once: nothing that is filled in is filled again."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: given[found.group(1)], template)


def people_in(recorded: Recorded) -> list[dict[str, Any]]:
    """Every resident: who they are, and their months in each town up to each fork and to the end."""
    town, language = recorded.towns.models[0].town, recorded.language
    home = town.residents["neighbourhood"].tolist()
    return [
        {
            "name": names.resident(town, row, language), "age": int(town.residents["age"][row]),
            "place": names.neighbourhood(home[row], language),
            "logs": [[past.log(row, recorded.plan.first) for past in pasts] for _, pasts in recorded.pasts],
        }
        for row in range(len(home))
    ]  # fmt: skip


def feelings() -> list[list[Any]]:
    """How residents feel, from the byte of strain that a frame has of them: up to which byte, and the feeling."""
    told = [cards.feel(10.0 - strain / 25.5) for strain in range(256)]
    return [[strain, each] for strain, each in enumerate(told) if strain == 255 or told[strain + 1] != each]


# ---- a pack --------------------------------------------------------------------------------------------------


def pack(recorded: Recorded) -> bytes:
    """A ZIP of everything: the link, both journals, the question, the numbers, the replay, and how to use them."""
    inside = dict(pack_files(recorded))
    listed = "\n".join(f"{name:<28}{recorded.says(f'pack.{key}')}" for name, key, _ in inside.values())
    opening = recorded.says(
        "pack.readme", setting=recorded.setting, left=recorded.called(0), right=recorded.called(1),
        residents=recorded.plan.residents, seed=recorded.plan.seed, month=recorded.when(recorded.month),
        link=recorded.link, model=model_fingerprint(), files=listed,
    )  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, data in [("README.txt", opening.encode()), *((name, data) for name, _, data in inside.values())]:
            about = zipfile.ZipInfo(name, LONGEST_AGO)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.create_system, about.external_attr = 3, 0o644 << 16
            packed.writestr(about, data)
    return out.getvalue()


def pack_files(recorded: Recorded) -> Iterator[tuple[str, tuple[str, str, bytes]]]:
    """The files of a pack: name, key of the words that tell of it, bytes."""
    for name, key, data in _files(recorded):
        yield name, (name, key, data.encode() if isinstance(data, str) else data)


def _files(recorded: Recorded) -> Iterator[tuple[str, str, str | bytes]]:
    setting = recorded.plan.scenario()
    yield LINK, "link", f"{recorded.link}\n"
    yield "replay.html", "replay", replay_page(recorded)
    yield "debrief.html", "debrief", debrief_page(recorded)
    yield "months.csv", "months", months_csv(recorded)
    yield "columns.csv", "columns", columns_csv(recorded)
    yield "events.csv", "events", both_csv(recorded, events_of)
    yield "neighbourhoods.csv", "neighbourhoods", both_csv(recorded, neighbourhoods_of)
    yield "setting.toml", "setting", portable(setting.to_toml(), setting)
    for side, model in zip(SIDES, recorded.towns.models, strict=True):
        yield f"journal_{side}.toml", "journal", portable(model.journal.to_toml(), setting)
    yield "question.toml", "question", question_toml(recorded)
    yield "question_setting.toml", "question_setting", portable(asked_setting(recorded.plan).to_toml(), setting)
    yield "versions.toml", "versions", versions_toml(recorded)
    for file in setting.graph_files().values():
        yield file.name, "graph", file.read_bytes()


DEBRIEF = {"shares": 0}
"""What a pack's debrief leaves out: sharing the difference out among dials takes longer than all the rest of it."""


def debrief_page(recorded: Recorded) -> str:
    """The page to talk it over with, all of it worked out."""
    from viz.workshop import debrief  # noqa: PLC0415  slow to import, and seldom asked for
    from viz.workshop.findings import Budget, findings  # noqa: PLC0415

    found = None
    for each in findings(recorded.plan, recorded.month, budget=Budget(**DEBRIEF), stop=recorded.stop):
        found = each
    recorded.go_on()
    assert found is not None
    return debrief.page(found, recorded.language)


def portable(told: str, setting: Scenario) -> str:
    """The text of a file in the pack: files of the graph are beside it, wherever they were before."""
    for file in setting.graph_files().values():
        for named in {str(file), str(file.resolve())}:
            told = told.replace(toml(named), toml(file.name))
    return told


def asked_setting(plan: Plan) -> Scenario:
    """The setting of a plan with the shocks that were pressed, and with the numbers that are both sides' own."""
    setting = plan.scenario()
    shared = {name: value for name, value in plan.left.parameters.items() if plan.right.parameters.get(name) == value}
    pressed = [shock_of(act) for act in plan.acts if act.kind == "shock"]
    return setting.with_(shocks=(*setting.shocks, *pressed), **shared)


def question_toml(recorded: Recorded) -> str:
    """The same question put to many pairs of towns, for kith sweep; what a study cannot ask is told in comments."""
    plan = recorded.plan
    shared = asked_setting(plan).parameters
    left_out = [
        f"{side}: {name} = {value:g}" for side in SIDES for name, value in getattr(plan, side).parameters.items()
        if shared.get(name) != value
    ]  # fmt: skip
    left_out += [
        f"{recorded.when(act.month)}: {act.kind} {act.side} {act.name} {act.value}"
        for act in plan.acts
        if act.kind != "shock"
    ]
    held = {side: getattr(plan, side).held() for side in SIDES}
    lines = [
        f"# {recorded.says('question.how')}",
        *(f"# {recorded.says('question.not', what=each)}" for each in left_out),
    ]
    title = recorded.says("question.title", left=recorded.called(0), right=recorded.called(1))
    lines += [f"title = {toml(title)}", 'setting = "question_setting.toml"', f"seeds = {PAIRS_ASKED}"]
    lines += ["", "[governances]", *(f"{side} = {toml(how)}" for side, how in held.items())]
    return "\n".join(lines) + "\n"


def versions_toml(recorded: Recorded) -> str:
    """What lived this run, and fingerprints of what came of it."""
    towns = {side: fingerprint_of(model.town) for side, model in zip(SIDES, recorded.towns.models, strict=True)}
    lines = [f"{name} = {toml(value)}" for name, value in made_with(recorded.plan.scenario()).items()]
    return "\n".join([*lines, "", "[towns]", *(f"{side} = {toml(value)}" for side, value in towns.items())]) + "\n"


# ---- a pack that comes back ----------------------------------------------------------------------------------


def plan_from_pack(path: str | Path) -> Plan:
    """The plan in a pack. Raises PlanError for a file that is no pack of ours, or a plan that does not fit."""
    return opened(path)[0]


def opened(path: str | Path) -> tuple[Plan, int | None, str]:
    """The plan, the month and the language of the link in a pack, and nothing else of what is in it.

    Nothing is unpacked onto the disk, and nothing but the link is read.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            link = _link_in(packed)
    except (
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,
        NotImplementedError,
        ValueError,
    ) as problem:
        if isinstance(problem, PlanError):
            raise
        raise PlanError(f"{Path(path).name} is not a pack that can be opened: {problem}") from None
    try:
        return plan_in(link)
    except PlanError as problem:
        raise PlanError(f"{Path(path).name}: {problem}{_own_setting(link)}") from None


def _link_in(packed: zipfile.ZipFile) -> str:
    inside = packed.infolist()
    if len(inside) > MOST_FILES or sum(about.file_size for about in inside) > MOST_BYTES:
        raise PlanError("this pack holds more than any of ours")
    held = [about.filename for about in inside]
    for name in held:
        if not is_plain(name):
            raise PlanError(f"this pack holds a file with a path in its name, {name[:60]!r}; ours do not")
    if held.count(LINK) != 1:
        raise PlanError(f"this pack has no {LINK}, so it is none of ours")
    with packed.open(LINK) as file:
        told = file.read(MOST_LINK + 1)
    link = told.decode().strip()
    if len(told) > MOST_LINK or not link.startswith("?setting="):
        raise PlanError(f"what {LINK} says is no link of ours")
    return link


def is_plain(name: str) -> bool:
    """Whether a name in a pack is the name of a file in it and of nothing anywhere else."""
    parts = (PurePosixPath(name).parts, PureWindowsPath(name).parts)
    return all(len(each) == 1 and each[0] == name and name not in (".", "..") for each in parts) and ":" not in name


def _own_setting(link: str) -> str:
    """What to do about a setting that is not offered here."""
    named = re.search(r"[?&]setting=(\w+)", link)
    return " (it is in the pack: kith show setting.toml)" if named and named.group(1) not in offered_settings() else ""


KINDS: dict[str, tuple[Callable[[Recorded], bytes], str, str]] = {
    "csv": (months_csv, "csv", "text/csv;charset=utf-8"),
    "replay": (replay_page, "html", "text/html;charset=utf-8"),
    "pack": (pack, "zip", "application/zip"),
}
"""What can be kept: how it is made, how its name ends, and its media type."""
