"""The debrief: what a run came to, as one page to read together, print or project.

Change this file to tell a room something else afterwards. Every sentence is made from numbers by one template for both
towns; what stands in it is worked out in findings.py, and its words are in words/*/debrief.toml. The page stands alone:
it needs no network. Looks are the report's (viz/report.py) and the charts those of viz/plots.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import solara

from agents.declared import ASSUMED, BORROWED, MEASURED, fields_of
from agents.parameters import Parameters
from agents.terms import GROUPS, NOTES, Terms
from experiments.attribution import BUFFER, LEVEL, SHARE, TOTAL, UNDER_SHOCK
from experiments.intervals import Estimate
from experiments.pairs import BEARERS, direction
from simulation.journal import made_with
from viz import plots
from viz.pages import CSS, table_of
from viz.readings import reading
from viz.workshop import frames, meanings, measured
from viz.workshop.findings import FIRST, OUTCOMES, Budget, Findings, Heard, Outcome, findings, verdict
from viz.workshop.numbers import decimal, percent, pounds
from viz.workshop.page import fonts
from viz.workshop.plan import SIDES, Act, Plan, PlanError, link_of, plan_in
from viz.workshop.words import ENGLISH, languages, text, translated

MARKS = ("●", "◆")
ON_A_NEW_PAGE = ("outcomes", "turns")
"""Sections that begin a new page on paper."""
NEW_PAGE = ' class="new"'
MANY = 8
"""Outcomes to name in a sentence."""
MONEY = (
    "public_cost", "cost_per_resolved_need", "transaction_share", "funder_reserves", "partner_reserves",
)  # fmt: skip
ORGANISATIONS = (
    "partners_stable", "partners_subsidising", "partners_cutting", "partners_handing_back", "partners_closed",
    "vacancies", "turnover", "burnout", "practice", "agreements_held", "seller_breaches", "buyer_breaches", "effort",
)  # fmt: skip
STYLE = (
    fonts()
    + CSS
    + """
.sides{display:flex;gap:1rem;flex-wrap:wrap;margin:1rem 0}
.side{flex:1 1 20rem;background:var(--card);border:1px solid var(--rule);border-top:.45rem solid #0B5A9C;
 border-radius:.5rem;padding:.6rem 1.1rem}
.side+.side{border-top-color:#B34A00}.side p{margin:.2rem 0}.side b{font-size:1.2rem}
.mark{display:inline-block;min-width:1.1em;text-align:center}
.left .mark,.mark.left{color:#0B5A9C}.right .mark,.mark.right{color:#B34A00}
.pending{color:var(--muted);font-style:italic}
.tools{position:absolute;top:1rem;right:1.5rem}.tools button{font:inherit;padding:.4rem .9rem;border-radius:.4rem;
 border:1px solid var(--ink);background:#fff;color:var(--ink);cursor:pointer}
td.mid,td.luck{text-align:left;white-space:nowrap}
.outcomes td{white-space:nowrap}.outcomes thead th:nth-last-child(-n+2){text-align:left}
.outcomes th small{font-size:.85em}
.link{overflow-wrap:anywhere}h1{padding-right:17rem}
@media (max-width:60rem){.tools{position:static;padding:1rem 1.5rem 0}h1{padding-right:0}}
@media print{
 .tools{display:none}h1{padding-right:0}table,.side{break-inside:auto}section.new{break-before:page}h2{margin-top:1.6rem}
 .outcomes{font-size:.76rem}.outcomes th,.outcomes td{padding:.2rem .35rem}
 @page{size:A4;margin:13mm}
}
"""
)
SCRIPT = """
const place = "kith-debrief";
if (window.top !== window) {
  try {
    scrollTo(0, Number(sessionStorage.getItem(place) || 0));
    addEventListener("scroll", () => sessionStorage.setItem(place, String(scrollY)));
  } catch {}
}
document.querySelector("#print").onclick = () => print();
const printed = (key) => (key.ctrlKey || key.metaKey) && key.key === "p" && (key.preventDefault(), print());
window.onkeydown = parent.onkeydown = printed;  // the page around this one would print what is on the screen alone
document.querySelector("#save").onclick = () => {
  const link = document.createElement("a");
  const whole = "<!DOCTYPE html>\\n" + document.documentElement.outerHTML;
  link.href = URL.createObjectURL(new Blob([whole], {type: "text/html"}));
  link.download = "kith-debrief.html";
  link.click();
};
"""

Say = Callable[..., str]


def debrief_html(
    session_or_plan: Any, month: int | None = None, language: str = ENGLISH, budget: Budget | None = None
) -> str:
    """The whole debrief of a session or a plan, by a month or by its end: twenty seconds of work for 600 residents."""
    plan: Plan = getattr(session_or_plan, "plan", session_or_plan)
    found = None
    for each in findings(plan, month, budget):
        found = each
    assert found is not None
    return page(found, language)


# ---- the page ------------------------------------------------------------------------------------------------


def page(found: Findings, language: str, pending: bool = False) -> str:
    """The page of some findings. `pending` says that what is missing is still being worked out."""
    say = speaker(language)
    left, right = names(found, language)
    sections = (
        ("short", say("short.title"), in_short(found, language)),
        ("outcomes", say("outcomes.title"), outcome_table(found, language)),
        ("paid", say("paid.title"), who_bore_it(found, language)),
        ("done", say("done.title"), what_was_done(found, language)),
        ("turns", say("turns.title"), turns_section(found, language, pending)),
        ("shares", say("shares.title"), shares_section(found, language, pending)),
        ("limits", say("limits.title"), limits(language)),
        ("talk", say("talk.title"), _list(say(f"talk.{name}") for name in ("first", "second", "third", "fourth"))),
    )
    body = "".join(
        f'<section aria-labelledby="{key}"{NEW_PAGE if key in ON_A_NEW_PAGE else ""}>'
        f'<h2 id="{key}">{escape(heading)}</h2>{told}</section>'
        for key, heading, told in sections
    )
    setting = found.plan.scenario()
    title = say("title", left=left, right=right)
    lead = say(
        "lead", setting=meanings.setting(language, found.plan.setting, setting)["title"],
        residents=decimal(language, found.plan.residents, 0), seed=found.plan.seed,
        **{"from": frames.when(setting, found.plan.first, language), "to": _when(found, found.month, language)},
    )  # fmt: skip
    made = made_with()
    link = link_of(found.plan, found.month, "" if language == ENGLISH else language)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<div class="tools"><button id="print">{escape(say("print"))}</button> '
        f'<button id="save">{escape(say("save"))}</button></div>'
        f'<header><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p>'
        f'<p>{escape(say("question"))}</p><div class="null">{escape(say("null"))}</div>'
        f"{_sides(found, language)}</header>\n<main>{body}</main>\n"
        f'<footer><p>{escape(say("footer"))} <span class="link">{escape(link)}</span> '
        f"({escape(say('made', kith=made['kith'], model=made['model'][:12]))})</p></footer>\n"
        f"<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )


def speaker(language: str) -> Say:
    """Says the debrief's words in a language."""

    def say(key: str, **values: object) -> str:
        return text(language, f"debrief.{key}", **values)

    return say


def names(found: Findings, language: str) -> tuple[str, str]:
    """What the two towns are called."""
    left, right = (frames.side_told(found.towns, place, language)["name"] for place in range(2))
    return left, right


def _sides(found: Findings, language: str) -> str:
    say, cards = speaker(language), []
    for place, side in enumerate(SIDES):
        told = frames.side_told(found.towns, place, language)
        governance = found.sides[place].governance
        line = translated(language, f"notes.{governance}", NOTES[governance]) if governance in NOTES else told["line"]
        changed = ", ".join(f"{what} {value}" for what, value in told["changed"])
        more = f"<p>{escape(say('also', changed=changed))}</p>" if changed else ""
        cards.append(
            f'<div class="side {side}"><p><b><span class="mark">{MARKS[place]}</span> {escape(told["name"])}</b></p>'
            f"<p>{escape(line)}</p>{more}</div>"
        )
    return f'<div class="sides">{"".join(cards)}</div><p>{escape(say("sides"))}</p>'


def _town(found: Findings, language: str, place: int) -> str:
    """A town's mark and name."""
    mark = f'<span class="mark {SIDES[place]}">{MARKS[place]}</span>'
    return f"{mark} {escape(names(found, language)[place])}"


def _when(found: Findings, month: int, language: str) -> str:
    return frames.when(found.plan.scenario(), month, language)


# ---- the answer in short -------------------------------------------------------------------------------------


def in_short(found: Findings, language: str) -> str:
    """The outcomes named in advance in sentences, and then where each town does worse."""
    say, called = speaker(language), names(found, language)
    rows = []
    for each in found.outcomes[: len(FIRST)]:
        gap = measured.difference(language, each.measure, abs(each.right - each.left)).lstrip("+")
        better = say("short.same") if each.better is None else say(
            "short.better", town=called[each.better], gap=gap
        )  # fmt: skip
        luck = "" if found.luck is None else luck_told(found, each, language)
        rows.append(
            say(
                "short.row", outcome=measured.title(language, each.measure), better=better, luck=luck,
                left=f"{called[0]} {measured.level(language, each.measure, each.left)}",
                right=f"{called[1]} {measured.level(language, each.measure, each.right)}",
            )
        )  # fmt: skip
    first = "".join(f'<p class="first">{escape(row)}</p>' for row in rows)
    worse = "".join(f"<li>{worse_told(found, place, language)}</li>" for place in range(2))
    return f'<div class="answer">{first}</div><h3>{escape(say("short.worse_title"))}</h3><ul>{worse}</ul>'


def worse_told(found: Findings, place: int, language: str) -> str:
    """On how many outcomes a town does worse, on how many of them by more than luck, and which."""
    say, town = speaker(language), _town(found, language, place)
    behind = [each for each in found.outcomes if each.better == 1 - place]
    if found.luck is None:
        return say("short.worse_unjudged", town=town, many=len(behind), of=len(found.outcomes))
    sure = [each for each in behind if luck_of(found, each) == "effect"]
    if not sure:
        return say("short.worse_none", town=town, many=len(behind), of=len(found.outcomes))
    named = [_small(escape(measured.title(language, each.measure)), language) for each in sure[:MANY]]
    if len(sure) > MANY:
        named.append(say("short.more", many=len(sure) - MANY))
    return say(
        "short.worse", town=town, many=len(behind), of=len(found.outcomes), sure=len(sure), names="; ".join(named)
    )  # fmt: skip


def luck_of(found: Findings, outcome: Outcome) -> str:
    """How much of a difference is luck: effect, against (the effect goes the other way), luck, same, unsure."""
    judged = found.luck[outcome.measure] if found.luck else {"verdict": "unsure"}
    kind = str(judged["verdict"])
    if kind == "effect" and judged["sign"] != np.sign(outcome.right - outcome.left):
        return "against"
    return kind


def luck_told(found: Findings, outcome: Outcome, language: str, shape: str = "") -> str:
    """The luck of a difference in words: a sentence, or short."""
    kind, judged = luck_of(found, outcome), (found.luck or {}).get(outcome.measure, {})
    numbers = {"agree": judged.get("agree", 0), "of": judged.get("ready", 0), "like": judged.get("like_here", 0)}
    return speaker(language)(f"luck.{kind}{shape}", **numbers)


def _small(words: str, language: str) -> str:
    """Words within a sentence: English ones begin small, German nouns do not."""
    return words[:1].lower() + words[1:] if language == ENGLISH else words


# ---- tables --------------------------------------------------------------------------------------------------


def outcome_table(found: Findings, language: str) -> str:
    """Every outcome of which more or less is better, in both towns."""
    say = speaker(language)
    of = {each.measure: each for each in found.outcomes}
    groups = {
        "first": FIRST,
        "residents": tuple(name for name in OUTCOMES if name not in (*FIRST, *MONEY, *ORGANISATIONS)),
        "money": MONEY,
        "organisations": ORGANISATIONS,
    }
    rows = []
    for group, members in groups.items():
        rows.append(f'<tr class="group"><th colspan="6" scope="colgroup">{escape(say(f"outcomes.{group}"))}</th></tr>')
        rows += [_outcome_row(found, of[name], language) for name in members]
    heads = [
        escape(say("outcomes.head")), *(_town(found, language, place) for place in range(2)),
        escape(say("outcomes.difference")), escape(say("outcomes.better")), escape(say("outcomes.luck")),
    ]  # fmt: skip
    return f"<p>{escape(say('outcomes.many'))}</p>" + table_of(
        heads, rows, escape(say("outcomes.caption")), "wide outcomes"
    )


def _outcome_row(found: Findings, each: Outcome, language: str) -> str:
    say, name = speaker(language), each.measure
    way = say("outcomes.more" if direction(name) > 0 else "outcomes.less")
    about = ", ".join(part for part in (measured.unit(language, name), way) if part)
    better = escape(say("outcomes.equal")) if each.better is None else _town(found, language, each.better)
    kind = luck_of(found, each)
    told = escape(luck_told(found, each, language, "_short"))
    luck = f'<span class="{"apart" if kind == "effect" else kind}">{told}</span>'
    return (
        f'<tr><th scope="row">{escape(measured.title(language, name))}<small>{escape(about)}</small></th>'
        f"<td>{measured.level(language, name, each.left)}</td><td>{measured.level(language, name, each.right)}</td>"
        f"<td>{measured.difference(language, name, each.right - each.left)}</td>"
        f'<td class="mid">{better}</td><td class="luck">{luck}</td></tr>'
    )


def who_bore_it(found: Findings, language: str) -> str:
    """Bars and numbers of who carried the rise in costs, or, where none rose, what others saved."""
    say = speaker(language)
    words = {who: say(f"paid.{who}") for who in BEARERS}
    rise = any(abs(each) > 0.5 for each in found.rise)
    reach = max(sum(max(0.0, borne) for borne, _ in mine.values()) for mine in found.borne)
    chart = plots.bearers_chart(
        say("paid.title"),
        {f"{MARKS[place]} {names(found, language)[place]}": mine for place, mine in enumerate(found.borne)},
        words, say("paid.axis"), say("paid.described"), reach=reach,
        write=lambda amount: pounds(language, amount),
    )  # fmt: skip
    rows = []
    for place, mine in enumerate(found.borne):
        cells = [pounds(language, found.rise[place])]
        for who in BEARERS:
            borne, share = mine[who]
            part = "" if np.isnan(share) else f"<small>{percent(language, share / 100.0)}</small>"
            cells.append(pounds(language, borne) + part)
        rows.append(f'<tr><th scope="row">{_town(found, language, place)}</th>{_cells(cells)}</tr>')
    lead = say(
        "paid.lead", **{"from": _when(found, found.plan.first, language), "to": _when(found, found.month, language)}
    )
    none = "" if rise else f"<p>{escape(say('paid.no_rise'))}</p>"
    heads = [escape(each) for each in (say("paid.head"), say("paid.rise"), *words.values())]
    table = table_of(heads, rows, escape(say("paid.caption")))
    return f"<p>{escape(lead)}</p>{none}<figure>{chart}</figure>{table}"


# ---- what was done -------------------------------------------------------------------------------------------


def what_was_done(found: Findings, language: str) -> str:
    """Everything that was done on the way, in its order."""
    done = [act_told(found, act, language) for act in found.plan.acts if act.month <= found.month]
    return _list(done) if done else f"<p>{escape(speaker(language)('done.nothing'))}</p>"


def act_told(found: Findings, act: Act, language: str) -> str:
    """One thing done, in words."""
    say, when = speaker(language), _when(found, act.month, language)
    if act.kind == "shock":
        long = text(language, "town.shock.for_good" if act.lasting else "town.shock.for_a_year")
        return say("done.shock", when=when, what=frames.sized(act.name, float(act.value), language), long=long)
    if act.kind == "own":
        value = frames.number_told(float(act.value), language)
        return say("done.own", when=when, side=say(f"done.{act.side}"), what=_called(act.name, language), value=value)
    side = say(f"done.{act.side}_short")
    if act.name == "governance":
        return say("done.fork", when=when, side=side, what=frames.governance_told(language, str(act.value)))
    value = frames.number_told(float(act.value), language)
    return say("done.fork_own", when=when, side=side, what=_called(act.name, language), value=value)


def _called(name: str, language: str) -> str:
    """What a number is called on the screen, or its own name where it has none there."""
    try:
        return frames.label(language, name)
    except KeyError:
        return name.replace("_", " ")


# ---- what would change the answer ----------------------------------------------------------------------------


def turns_section(found: Findings, language: str, pending: bool) -> str:
    """The same plan with one assumption changed after another: what becomes of each difference."""
    say = speaker(language)
    if found.turns is None or found.usual is None:
        return _missing(say, pending)
    usual, turns = found.usual, found.turns
    rows = [say("turns.usual"), *(say(f"turn.{turn.name}") for turn in turns)]
    panels = [_panel(name, [usual[name], *(turn.differences[name] for turn in turns)], language) for name in FIRST]
    chart = plots.points_chart(say("turns.chart"), _wrapped(rows), panels, say("turns.described"))
    lines = [_turn_row(say("turns.usual"), "", [_interval(name, usual[name], language) for name in FIRST])]
    became: dict[str, dict[str, list[str]]] = {"turns": {}, "vanishes": {}}
    for turn in turns:
        cells, called = [], say(f"turn.{turn.name}")
        for name in FIRST:
            now = turn.differences[name]
            kind = verdict(usual[name], now)
            if kind in became:
                became[kind].setdefault(called, []).append(_small(measured.title(language, name), language))
            cells.append(f"{_interval(name, now, language)}<small><b>{escape(say(f'turns.{kind}'))}</b></small>")
        to = ", ".join(
            say("turns.to", what=_called(parameter, language), value=frames.number_told(value, language))
            for parameter, value in turn.changed.items()
        )
        lines.append(_turn_row(called, to, cells))
    short = _list(_became(say, kind, found, len(turns) * len(FIRST)) for kind, found in became.items())
    pairs = turns[0].differences[FIRST[0]].seeds if turns else 0
    heads = [escape(say("turns.head")), *(escape(measured.title(language, name)) for name in FIRST)]
    table = table_of(heads, lines, escape(say("turns.caption")), "wide")
    return f"<p>{escape(say('turns.lead', pairs=pairs))}</p>{short}<figure>{chart}</figure>{table}"


def _became(say: Say, kind: str, found: Mapping[str, Sequence[str]], of: int) -> str:
    """How many answers turn round, or vanish, and which: by the assumption that was changed."""
    told = say(f"turns.{kind}_told", many=sum(map(len, found.values())), of=of)
    named = "; ".join(f"{turn} ({', '.join(outcomes)})" for turn, outcomes in found.items())
    return f"{told}: {named}." if named else f"{told}."


def shares_section(found: Findings, language: str, pending: bool) -> str:
    """The difference shared out among groups of dials, and how much of it the shock made."""
    say, shares = speaker(language), found.shares
    if found.why_not:
        return f"<p>{escape(say(f'shares.{found.why_not}'))}</p>"
    if shares is None:
        return _missing(say, pending)
    whole = {name: shares.estimate(TOTAL, "", UNDER_SHOCK, name) for name in FIRST}
    parts = {group: {name: shares.estimate(SHARE, group, UNDER_SHOCK, name) for name in FIRST} for group in GROUPS}
    moved = [group for group in GROUPS if group in shares.between.groups]
    rows = [say("shares.whole"), *(say(f"group.{group}") for group in moved)]
    panels = [_panel(name, [whole[name], *(parts[group][name] for group in moved)], language) for name in FIRST]
    chart = plots.points_chart(say("shares.chart"), _wrapped(rows), panels, say("shares.described"))
    lines = [_turn_row(rows[0], "", [_interval(name, whole[name], language) for name in FIRST])]
    for group in moved:
        dials = ", ".join(frames.label(language, dial) for dial in GROUPS[group] if dial in shares.between.dials)
        cells = [_interval(name, parts[group][name], language) for name in FIRST]
        lines.append(_turn_row(say(f"group.{group}"), dials, cells))
    split = [
        _turn_row(
            say(f"shares.{quantity}"), "",
            [_interval(name, shares.estimate(TOTAL, "", quantity, name), language) for name in FIRST],
        )
        for quantity in (LEVEL, BUFFER)
    ]  # fmt: skip
    split.append(_turn_row(say("shares.whole_row"), "", [_interval(name, whole[name], language) for name in FIRST]))
    titles = [escape(measured.title(language, name)) for name in FIRST]
    lead = say("shares.lead", seeds=len(shares.replicates), residents=decimal(language, shares.scenario.residents, 0))
    changed = any(act.kind != "shock" for act in found.plan.acts if act.month <= found.month)
    by_end = f"<p>{escape(say('shares.by_end'))}</p>" if changed else ""
    return (
        f"<p>{escape(lead)}</p>{by_end}<figure>{chart}</figure>"
        + table_of([escape(say("shares.head")), *titles], lines, escape(say("shares.caption")), "wide")
        + table_of([escape(say("shares.split_head")), *titles], split, escape(say("shares.split_caption")), "wide")
    )


def _missing(say: Say, pending: bool) -> str:
    return f'<p class="pending">{escape(say("working" if pending else "not_asked"))}</p>'


def _panel(measure: str, points: Sequence[Estimate | None], language: str) -> plots.Panel:
    """One outcome's differences as a chart has them."""
    scale = reading(measure).scale
    say = speaker(language)
    below = say("turns.axis_more" if direction(measure) > 0 else "turns.axis_less")
    told = [None if each is None else (scale * each.mean, scale * each.low, scale * each.high) for each in points]
    return plots.Panel("\n".join(_wrapped([measured.title(language, measure)], 26)), below, told)


def _wrapped(rows: Iterable[str], width: int = 30) -> list[str]:
    """Names for a chart, over two lines where they are long."""
    found = []
    for row in rows:
        if len(row) > width:
            near = min((place for place, sign in enumerate(row) if sign == " "), key=lambda at: abs(at - len(row) / 2))
            row = f"{row[:near]}\n{row[near + 1 :]}"  # noqa: PLW2901
        found.append(row)
    return found


def _interval(measure: str, found: Estimate | None, language: str) -> str:
    """A difference and its interval, bold where that leaves out 0."""
    if found is None:
        return "–"
    mean = escape(measured.difference(language, measure, found.mean))
    mean = f'<span class="apart">{mean}</span>' if found.told_apart else mean
    if not found.known:
        return mean
    ends = (measured.difference(language, measure, end).split(" ")[0] for end in (found.low, found.high))
    return f"{mean}<small>[{', '.join(ends)}]</small>"


def _turn_row(name: str, about: str, cells: Iterable[str]) -> str:
    return f'<tr><th scope="row">{escape(name)}<small>{escape(about)}</small></th>{_cells(cells)}</tr>'


def _cells(cells: Iterable[str]) -> str:
    return "".join(f"<td>{cell}</td>" for cell in cells)


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


# ---- what it cannot tell -------------------------------------------------------------------------------------


def limits(language: str) -> str:
    """What this can and cannot tell, with the model's own count of what is assumed."""
    say = speaker(language)
    grades = [each.grade for each in {**fields_of(Parameters), **fields_of(Terms)}.values()]
    counts = {grade: grades.count(grade) for grade in (MEASURED, BORROWED, ASSUMED)}
    lines = [say("limits.explain"), say("limits.sponsor"), say("limits.assumed", all=len(grades), **counts)]
    return _list([*lines, *(say(f"limits.{name}") for name in ("luck", "small", "money", "left_out"))])


# ---- the page of the workshop --------------------------------------------------------------------------------


class Writer:
    """Works out a debrief beside the page that shows it: `tell` is told each new page, and how far it has come."""

    def __init__(self, plan: Plan, month: int | None, language: str, tell: Callable[[str, str], object]) -> None:
        self.plan, self.month, self.language, self._tell = plan, month, language, tell
        self.html = ""
        self._stop = threading.Event()
        self.thread = threading.Thread(target=self._write, name="kith-debrief", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Nobody reads it any more."""
        self._stop.set()

    def _write(self) -> None:
        say = speaker(self.language)
        try:
            for found in findings(self.plan, self.month, tell=self._heard, stop=self._stop):
                pending = found.shares is None and not found.why_not
                self.html = page(found, self.language, pending)
                self._show("" if not pending else say("working"))
        except Exception as problem:  # noqa: BLE001  what is there stays, and the page says what went wrong
            self._show(say("page.failed", problem=f"{type(problem).__name__}: {problem}"))

    def _heard(self, heard: Heard) -> None:
        self._show(speaker(self.language)(f"page.{heard.part}", done=heard.done, of=heard.of))

    def _show(self, line: str) -> None:
        if not self._stop.is_set():
            self._tell(self.html, line)


@solara.component
def Debrief() -> Any:  # noqa: N802  components are named as classes are
    """The debrief of the run in the page's address, which grows while it is read."""
    search = solara.use_router().search or ""
    shown, show = solara.use_state(("", ""))

    def begin() -> Callable[[], None] | None:
        try:
            plan, month, asked = plan_in(search)
        except PlanError as problem:
            show(("", text(ENGLISH, "debrief.page.link", problem=problem)))
            return None
        language = asked if asked in languages() else ENGLISH
        show(("", text(language, "debrief.page.start")))
        return Writer(plan, month, language, lambda html, line: show((html, line))).stop

    solara.use_effect(begin, [search])
    html, line = shown
    if line:
        solara.HTML(tag="p", unsafe_innerHTML=escape(line), style=LINE, attributes={"role": "status"})
    if html:
        solara.HTML(tag="iframe", attributes={"srcdoc": html, "title": "Kith"}, style=FRAME)


LINE = "position:fixed;bottom:0;left:0;right:0;margin:0;padding:.5rem 1.2rem;background:#1D2733;color:#fff;z-index:2"
FRAME = "position:fixed;inset:0;width:100vw;height:100vh;border:0;background:#FBF8F3"
