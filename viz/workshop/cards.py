"""Cards: what there is to know of a resident, an organisation or a tie in both towns, with its history and reasons.

Change this file to show something more on a card; the words stand in words/*/cards.toml. The same facts are told of
both towns, in the same order. Reasons follow the causes that events name; `why_in_full` follows them through a run that
is lived again, which takes longer and says more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.residents import LOW_WELLBEING
from agents.tables import NEEDS, NOBODY, Cause, Happening, Status, Town
from viz.workshop import names
from viz.workshop.numbers import MINUS, decimal, percent, pounds, whole
from viz.workshop.past import NO_ONE, Move, Past, trust_along
from viz.workshop.words import text

if TYPE_CHECKING:
    from experiments.why import Event, Link, Record
    from simulation.journal import Journal
    from simulation.model import CommunityModel

When = Callable[[int], str]
"""What a month is called."""

EVENTS_TOLD = 12
REASONS_TOLD = 6
STORY_TOLD = 12
COPING = 7.0
"""Wellbeing from which a resident copes; the map (stage/look.js) draws the same line."""
FELT = 0.5
"""A need is felt from this share of what is tolerated."""


class Told:
    """Where a card is told from: a town, its past, a language, and what months are called."""

    def __init__(self, lived: CommunityModel | Town, past: Past | None, language: str, when: When | None) -> None:
        self.town: Town = lived if isinstance(lived, Town) else lived.town
        self.past, self.language = past, language
        self.when: When = when or (lambda month: text(language, "cards.month", month=month))

    def says(self, key: str, **values: object) -> str:
        """Words of the cards' catalogue."""
        return text(self.language, f"cards.{key}", **values)

    def plural(self, key: str, number: int, **values: object) -> str:
        """Words for none, one or many."""
        return self.says(f"{key}_{ {0: 'none', 1: 'one'}.get(number, 'many') }", months=number, **values)

    def called(self, row: int) -> str:
        """An organisation's name; nobody's, where there is none."""
        return names.short(row, self.language) if row not in (NOBODY, NO_ONE) else self.says("nobody")

    def out_of_100(self, trust: float) -> str:
        """Trust as a whole number up to 100."""
        return whole(self.language, 100.0 * trust)


def both(
    left: CommunityModel | Town, right: CommunityModel | Town, past: Sequence[Past], language: str, when: When | None
) -> list[Told]:
    """Where a card of both towns is told from."""
    return [Told(lived, kept, language, when) for lived, kept in zip((left, right), past, strict=True)]


Facts = list[list[str]]


# ---- organisations -------------------------------------------------------------------------------------------


def organisation_card(
    left: CommunityModel | Town,
    right: CommunityModel | Town,
    row: int,
    language: str,
    past: Sequence[Past],
    *,
    first: int = 0,
    when: When | None = None,
) -> dict[str, Any]:
    """An organisation in both towns: how it stands, how it went, what befell it and why."""
    told = both(left, right, past, language, when)
    _check(row, told[0].town.organisations, "organisation")
    title = names.organisation(told[0].town, row, language)
    name = "load" if row < NEEDS else "held"
    scale = 100.0 if name == "load" else 1.0
    sides = []
    for each in told:
        facts = _facts_of_service(each, row) if row < NEEDS else _facts_of_partner(each, row)
        values = [] if each.past is None else each.past.organisation(row, name, first)
        series = _series(each, name, [scale * value for value in values], first)
        sides.append(_side(each, facts, series, events_of_organisation(each.town, row)))
    return {"kind": "organisation", "id": row, "title": title, "sides": sides}


def _facts_of_service(told: Told, row: int) -> Facts:
    town, language = told.town, told.language
    service = town.services[row]
    bought = town.agreements[int(service["first_agreement"]) : int(service["last_agreement"])]
    return _labelled(
        told,
        load=percent(language, float(service["load"])),
        waiting=whole(language, int((town.residents["status"][:, row] == Status.WAITING).sum())),
        helped=whole(language, int(service["served"] + bought["served"].sum())),
        worked=whole(language, int(service["succeeded"])),
        bought=_part(told, int(bought["active"].sum()), len(bought)),
        budget=pounds(language, float(service["budget"])),
        balance=pounds(language, float(service["reserves"])),
        **_facts_of_staff(told, row),
    )


def _facts_of_partner(told: Told, row: int) -> Facts:
    town, language = told.town, told.language
    partner = town.organisations[row]
    mine = town.agreements[town.agreements["seller"] == row]
    buyers = ", ".join(told.called(int(buyer)) for buyer in np.unique(mine["buyer"][mine["active"] == 1]))
    usual = float(partner["usual_cost"])
    return _labelled(
        told,
        state=told.says(f"states.{int(partner['state'])}"),
        load=percent(language, float(partner["load"])),
        helped=whole(language, int(partner["served"])),
        worked=whole(language, int(mine["succeeded"].sum())),
        sells_to=buyers or told.says("none"),
        savings=decimal(language, float(partner["reserves"]) / usual if usual > 0.0 else 0.0),
        paid=pounds(language, float(partner["income"])),
        cost=pounds(language, float(partner["cost"])),
        **_facts_of_staff(told, row),
    )


def _facts_of_staff(told: Told, row: int) -> dict[str, str]:
    """What services and partners have in common: staff, and trust on their ties."""
    town, organisation = told.town, told.town.organisations[row]
    ties = town.ties[(town.ties["active"] == 1) & ((town.ties["buyer"] == row) | (town.ties["seller"] == row))]
    trust = trust_along(ties)
    return {
        "staff": _part(told, float(organisation["staff"]), float(organisation["posts"]), 1),
        "burnout": percent(told.language, float(organisation["burnout"])),
        "trust": told.out_of_100(float(trust.mean())) if len(ties) else told.says("none"),
    }


def events_of_organisation(town: Town, row: int) -> list[int]:
    """The rows of the events that an organisation did or met, the newest first."""
    events = town.events[: int(town.clock["events"])]
    mine = (events["kind"] != Happening.CRISIS) & ((events["who"] == row) | (events["whom"] == row))
    return [int(event) for event in np.flatnonzero(mine)[::-1]]


# ---- ties ----------------------------------------------------------------------------------------------------


def tie_card(
    left: CommunityModel | Town,
    right: CommunityModel | Town,
    kind: str,
    row: int,
    language: str,
    past: Sequence[Past],
    *,
    first: int = 0,
    when: When | None = None,
) -> dict[str, Any]:
    """An agreement or a tie of peers in both towns: `row` counts in the table of that kind."""
    if kind not in ("agreement", "peer"):
        raise ValueError(f"kind is {kind!r}; it must be agreement or peer")
    told = both(left, right, past, language, when)
    table = told[0].town.agreements if kind == "agreement" else told[0].town.peers
    _check(row, table, kind)
    tie = row if kind == "agreement" else row + len(told[0].town.agreements)
    buyer, seller = int(table["buyer"][row]), int(table["seller"][row])
    if kind == "agreement":
        number = row - int(told[0].town.services["first_agreement"][buyer]) + 1
        title = told[0].says("agreement", buyer=told[0].called(buyer), number=number)
    else:
        title = told[0].says("peer", one=told[0].called(buyer), other=told[0].called(seller))
    sides = []
    for each in told:
        facts = _facts_of_agreement(each, tie) if kind == "agreement" else _facts_of_peer(each, tie)
        events = events_of_agreement(each, tie) if kind == "agreement" else events_of_peer(each.town, tie)
        sides.append(_side(each, facts, _series(each, "trust", _trust(each.past, tie, first), first), events))
    return {"kind": kind, "id": row, "title": title, "sides": sides}


def _facts_of_agreement(told: Told, row: int) -> Facts:
    town, language = told.town, told.language
    tie = town.ties[row]
    cost = float(town.organisations["unit_cost"][int(tie["seller"])] * tie["drift"])
    return _labelled(
        told,
        in_force=_yes(told, tie),
        seller=told.called(int(tie["seller"])),
        price=pounds(language, float(tie["price"])),
        place_cost=pounds(language, cost),
        agreed=decimal(language, float(tie["agreed"])),
        given=whole(language, int(tie["served"])),
        worked=whole(language, int(tie["succeeded"])),
        months_left=whole(language, int(tie["months_left"])),
        trust_of_buyer=told.out_of_100(float(tie["trust_of_buyer"])),
        trust_of_seller=told.out_of_100(float(tie["trust_of_seller"])),
        broken_by_seller=whole(language, int(tie["seller_breaches"])),
        broken_by_buyer=whole(language, int(tie["buyer_breaches"])),
    )


def _facts_of_peer(told: Told, row: int) -> Facts:
    tie = told.town.ties[row]
    facts = _labelled(told, in_force=_yes(told, tie))
    for end, trust in (("buyer", "trust_of_buyer"), ("seller", "trust_of_seller")):
        label = told.says("facts.trust_of_one", one=told.called(int(tie[end])))
        facts.append([label, told.out_of_100(float(tie[trust]))])
    return facts + _labelled(
        told,
        carries=percent(told.language, float(tie["carries"])),
        aid=pounds(told.language, abs(float(tie["aid"]))),
    )


def _yes(told: Told, tie: Any) -> str:
    return told.says("yes" if int(tie["active"]) == 1 else "no")


def _trust(past: Past | None, row: int, first: int) -> list[float]:
    """Mean trust of both sides in each month, out of 100; 0 while the tie is not in force."""
    if past is None:
        return []
    one, other, active = (past.tie(row, name, first) for name in ("trust_of_buyer", "trust_of_seller", "active"))
    return [50.0 * (mine + theirs) * there for mine, theirs, there in zip(one, other, active, strict=True)]


OF_AN_AGREEMENT = (
    Happening.HAND_BACK, Happening.TENDER, Happening.BREACH, Happening.REFUSAL, Happening.DISPUTE, Happening.RENEWAL,
)  # fmt: skip
OF_AN_END = (Happening.CLOSURE, Happening.ENTRY)


def events_of_agreement(told: Told, row: int) -> list[int]:
    """The rows of the events between a buyer and whoever held this agreement at the time, the newest first."""
    town, past = told.town, told.past
    events = town.events[: int(town.clock["events"])]
    buyer, seller = int(town.ties["buyer"][row]), int(town.ties["seller"][row])
    held = np.full(int(town.clock["month"]) + 1, seller)
    if past is not None and past.months:
        lived = np.array(past.tie(row, "seller"), dtype=np.int64)
        held[past.first : past.first + len(lived)] = lived
    month = events["month"]
    now, then = held[month], held[np.maximum(0, month - 1)]
    between = np.isin(events["kind"], OF_AN_AGREEMENT)
    out = (events["who"] == buyer) & ((events["whom"] == now) | (events["whom"] == then))
    back = (events["whom"] == buyer) & ((events["who"] == now) | (events["who"] == then))
    return [int(event) for event in np.flatnonzero(between & (out | back))[::-1]]


def events_of_peer(town: Town, row: int) -> list[int]:
    """The rows of the events that ended a tie of peers or began it anew: one of the two closed, or was followed."""
    events = town.events[: int(town.clock["events"])]
    ends = (int(town.ties["buyer"][row]), int(town.ties["seller"][row]))
    return [int(event) for event in
            np.flatnonzero(np.isin(events["kind"], OF_AN_END) & np.isin(events["who"], ends))[::-1]]  # fmt: skip


# ---- residents -----------------------------------------------------------------------------------------------


def person(
    left: CommunityModel | Town,
    right: CommunityModel | Town,
    resident: int,
    language: str,
    past: Sequence[Past],
    *,
    first: int = 0,
    when: When | None = None,
) -> dict[str, Any]:
    """A resident in both towns: how they feel, what happened to them month by month, and how they stand now."""
    told = both(left, right, past, language, when)
    _check(resident, told[0].town.residents, "resident")
    row = told[0].town.residents[resident]
    return {
        "i": resident,
        "name": names.resident(told[0].town, resident, language),
        "age": int(row["age"]),
        "place": names.neighbourhood(int(row["neighbourhood"]), language),
        "sides": [_life(each, resident, first) for each in told],
    }


def feel(wellbeing: float) -> str:
    """How a resident is shown: coping, strained or struggling."""
    return "struggling" if wellbeing <= LOW_WELLBEING else "strained" if wellbeing < COPING else "coping"


def _life(told: Told, resident: int, first: int) -> dict[str, Any]:
    row, language = told.town.residents[resident], told.language
    wellbeing = float(row["wellbeing"])
    log = [] if told.past is None else told.past.log(resident, first)
    needs = list(_needs(told, row))
    told_of = {
        "wellbeing": told.says("person.out_of_ten", number=decimal(language, wellbeing)),
        "needs": "; ".join(needs) or told.says("none"),
        "asked": whole(language, int(row["contacts"])),
        "came_back": whole(language, int(row["returns"])),
        "crises": whole(language, int(row["crises"])),
        "trust": told.out_of_100(float(row["trust"].mean())),
    }
    return {
        "feel": feel(wellbeing),
        "wellbeing": round(wellbeing, 2),
        "log": [list(line) for line in log],
        "card": [[told.says(f"person.{key}"), value] for key, value in told_of.items()],
        "story": _story(told, resident, log),
    }


def _needs(told: Told, row: Any) -> Iterator[str]:
    """Each need that is felt, in words."""
    parameters = told.town.parameters
    tolerance, severe = float(parameters["tolerance"]), float(parameters["crisis_level"])
    for need, severity in enumerate(row["need"].tolist()):
        if severity <= FELT * tolerance:
            continue
        how = told.says("person." + ("severe" if severity >= severe else "help" if severity > tolerance else "mild"))
        words = {"need": names.need(need, told.language), "how": how}
        provider = int(row["provider"][need])
        if int(row["status"][need]) == Status.WAITING:
            yield told.plural("person.waits", int(row["waited"][need]), **words)
        elif provider != NOBODY:
            yield told.says("person.helped_by", who=told.called(provider), **words)
        else:
            yield told.says("person.plain", **words)


def _story(told: Told, resident: int, log: Sequence[tuple[int, int, int, int]]) -> list[dict[str, Any]]:
    """The last things that happened to a resident, in words, the newest first; months of waiting are told together."""
    found: list[dict[str, Any]] = []
    waits: dict[int, tuple[int, int, int]] = {}
    for place, (month, kind, need, who) in enumerate(log):
        key = f"story.{kind}"
        words: dict[str, object] = {"need": names.need(need, told.language), "who": told.called(who)}
        if kind == Move.WAITS:
            before, many, at = waits.get(need, (-2, 0, -1))
            many = many + 1 if before == month - 1 else 1
            if many > 1:
                found[at] = {}
            waits[need] = (month, many, place)
            if many > 1:
                key, words["months"] = "story.3_many", many
        elif kind == Move.PASSED_ON and told.past is not None and told.past.worked(month, resident, need):
            key = "story.2_worked"
        found.append({"month": month, "when": told.when(month), "text": told.says(key, **words)})
    return [each for each in reversed(found) if each][:STORY_TOLD]


# ---- events and their reasons --------------------------------------------------------------------------------


def event_text(town: Town, event: int, language: str) -> str:
    """An event as a sentence without its end."""
    row = town.events[event]
    kind, who, whom = Happening(int(row["kind"])), int(row["who"]), int(row["whom"])
    told = Told(town, None, language, None)
    crisis = kind == Happening.CRISIS
    words = {
        "who": names.resident(town, who, language) if crisis else told.called(who),
        "whom": names.need(whom, language) if crisis else told.called(whom),
    }
    return told.says(f"events.{kind.name.lower()}", **words)


AMOUNTS = {Happening.HAND_BACK, Happening.TENDER, Happening.RENEWAL, Happening.REFUSAL, Happening.DISPUTE,
           Happening.LOSS, Happening.CUT}  # fmt: skip
"""Events whose amount is told, unless it is next to nothing."""
A_PENNY, SMALL_CHANGE = 0.01, 10.0
"""Amounts, in pounds or in whatever else is counted: too small to tell, and small enough to tell the pennies."""


def _with_amount(told: Told, event: int) -> str:
    row = told.town.events[event]
    kind, amount = Happening(int(row["kind"])), float(row["amount"])
    what = event_text(told.town, event, told.language)
    if kind not in AMOUNTS:
        return what
    size = abs(amount) if kind == Happening.DISPUTE else amount
    if abs(size) < A_PENNY:
        return what
    number, money = decimal(told.language, size), pounds(told.language, size, 2 if abs(size) < SMALL_CHANGE else 0)
    said = told.says(f"amounts.{kind.name.lower()}", number=number, pounds=money)
    return told.says("event", event=what, amount=said)


def reasons(town: Town, event: int, language: str, when: When | None = None) -> list[str]:
    """An event and the chain of events that led to it, newest first, each with the cause that the model names.

    Several in a row of one kind between the same two are told together.
    """
    told = Told(town, None, language, when)
    chain = []
    while event != NOBODY:
        chain.append(event)
        event = int(town.events["because"][event])
    found = []
    for place, same in enumerate(_alike(town, chain, ALIKE, REASONS_TOLD)):
        newest, oldest = same[0], same[-1]
        words = {"what": event_text(town, newest, language), "cause": cause_text(town, newest, language)}
        months = [told.when(int(town.events["month"][each])) for each in (oldest, newest)]
        key = "reasons.first" if place == 0 else "reasons.before"
        if len(same) > 1:
            key += "_often" if months[0] != months[1] else "_at_once"
        told_of = told.says(key, first=months[0], when=months[1], times=whole(language, len(same)), **words)
        found.append(_sentence(told_of))
    told_in_all = sum(len(same) for same in _alike(town, chain, ALIKE, REASONS_TOLD))
    return found if told_in_all == len(chain) else [*found, told.says("reasons.earlier")]


ALIKE = ("kind", "who", "whom", "cause")
"""Events that have these in common are told together."""


def cause_text(town: Town, event: int, language: str) -> str:
    """The state that led to an event, in words."""
    return text(language, f"cards.causes.{Cause(int(town.events['cause'][event])).name.lower()}")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


# ---- reasons in full -----------------------------------------------------------------------------------------


def why_in_full(journal: Journal, event: int, language: str = "en", when: When | None = None) -> list[str]:
    """Everything that led to an event, oldest first: prices, months of loss, savings, waits, and the events on record.

    The run is lived again from its journal with everything written down, so this takes a while; no forks are run.
    """
    from experiments.why import Record, why  # noqa: PLC0415  slow to import, and seldom asked for

    record = Record(journal)
    chain = why(record, event, reruns=0).chain
    return [_link(record, record.event(event), link, language, when) for link in chain]


def _link(record: Record, asked: Event, link: Link, language: str, when: When | None) -> str:
    """One link of the chain in the language of the page; in its own words where there are none."""
    town, numbers = record.town, link.numbers
    told = Told(town, None, language, when)
    dates = {"first": told.when(link.first), "last": told.when(link.last)}
    if link.event is not None:
        times = int(numbers.get("times", 1))
        key = "reasons.first"
        if times > 1:
            key += "_often" if link.first != link.last else "_at_once"
        words = {"what": event_text(town, link.event, language), "cause": cause_text(town, link.event, language)}
        return _sentence(
            told.says(key, times=whole(language, times), when=dates["last"], first=dates["first"], **words)
        )
    partner = record.partner_in(next(iter(record.before(asked)), asked) if asked.of_a_resident else asked)
    who = told.called(NOBODY if partner is None else partner)
    if link.what == "cost":
        parts = {name: _points(language, numbers[name]) for name in ("energy", "food", "labour", "other")}
        rise, ways = _points(language, numbers["rise"]), _points(language, numbers["other_ways"])
        return told.says("links.cost", who=who, rise=rise, ways=ways, **parts, **dates)
    if link.what == "price":
        money = {name: pounds(language, numbers[name]) for name in ("price", "cost")}
        key = "links.price_one" if int(numbers["months"]) == 1 else "links.price_many"
        return _sentence(told.says(key, months=int(numbers["months"]), **money, **dates))
    if link.what == "reserves":
        held = {"before": decimal(language, numbers["from"]), "after": decimal(language, numbers["to"])}
        return _sentence(told.plural("links.reserves", int(numbers["losing_months"]), who=who, **held, **dates))
    if link.what in ("cutting_reserves", "hand_back_reserves"):
        return _sentence(told.says(f"links.{link.what}", limit=decimal(language, numbers["limit"]), **dates))
    if link.what == "wait":
        resident, need = (int(town.events[name][asked.number]) for name in ("who", "whom"))
        name, need_name = names.resident(town, resident, language), names.need(need, language)
        return told.plural("links.wait", int(numbers["waited"]), who=name, need=need_name)
    if link.what == "let again":
        return _sentence(told.says("links.let_again", **dates))
    return link.text


def _points(language: str, share: float) -> str:
    """A share of the whole as per cent with a sign and a decimal."""
    told = percent(language, share, 1)
    return told if told.startswith(MINUS) else f"+{told}"


# ---- what all cards are made of ------------------------------------------------------------------------------


def _side(told: Told, facts: Facts, series: dict[str, Any], events: Sequence[int]) -> dict[str, Any]:
    """One town's half of a card."""
    listed = [_listed(told, group) for group in _alike(told.town, events, ("kind", "who", "whom"), EVENTS_TOLD)]
    why = reasons(told.town, events[0], told.language, told.when) if events else []
    return {"facts": facts, "series": series, "events": listed, "reasons": why}


def _listed(told: Told, group: Sequence[int]) -> dict[str, Any]:
    """One line of a card's history: an event, or several of one kind between the same two, told as the newest."""
    newest, months = group[0], told.town.events["month"]
    what = _with_amount(told, newest)
    if len(group) > 1:
        oldest = int(months[group[-1]])
        key = "at_once" if oldest == int(months[newest]) else "often"
        what = told.says(key, event=what, times=len(group), when=told.when(oldest))
    month = int(months[newest])
    return {"month": month, "when": told.when(month), "text": _sentence(what), "event": newest}


def _alike(town: Town, events: Sequence[int], by: tuple[str, ...], most: int) -> list[list[int]]:
    """Events that follow one another and have these columns in common, together; at most so many such groups."""
    groups: list[list[int]] = []
    for _, group in groupby(events, key=lambda each: tuple(int(town.events[name][each]) for name in by)):
        if len(groups) == most:
            break
        groups.append(list(group))
    return groups


def _series(told: Told, name: str, values: Sequence[float], first: int) -> dict[str, Any]:
    begin = first if told.past is None else max(first, told.past.first)
    return {"label": told.says(f"series.{name}"), "values": [round(value, 2) for value in values], "from": begin}


def _labelled(told: Told, **values: str) -> Facts:
    return [[told.says(f"facts.{key}"), value] for key, value in values.items()]


def _part(told: Told, part: float, all_of_it: float, places: int = 0) -> str:
    return told.says(
        "part_of", part=decimal(told.language, part, places), whole=decimal(told.language, all_of_it, places)
    )


def _check(row: int, table: Any, what: str) -> None:
    """Refuse a row that is not there."""
    if not 0 <= row < len(table):
        raise ValueError(f"there is no {what} {row}: they are numbered from 0 to {len(table) - 1}")


__all__ = ["event_text", "feel", "organisation_card", "person", "reasons", "tie_card", "why_in_full"]
