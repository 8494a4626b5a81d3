"""Why something happened: the chain of causes behind one event, and whether it happens without its root cause.

Change this file to follow causes further. A run is lived again from its journal, month by month, with everything about
its organisations and agreements written down: what events do not hold (a price below cost, months on reserves, a
queue) is read from there. Then the root cause is taken away, in forks with the same luck, and we count how often the
event still happens. That is a counterfactual within the model: it says what these rules make of it, and no more.
"""

from __future__ import annotations

import copy
import itertools
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from agents.declared import near
from agents.tables import COMPONENTS, NEEDS, Component, Town
from experiments.pairs import CALM, SHOCK, WORLDS, seed_of
from experiments.store import QUESTION, read_question
from experiments.words import capital, minus, pounds
from experiments.workers import LONG_PLAIN, PLAIN_RESIDENT_MONTH, processors
from simulation.changes import Change, carry_out, without
from simulation.engines import Engine, engine_for
from simulation.journal import SECTION, Journal, check_versions, fingerprint_of, read_journal, rules_in
from simulation.run import events_of
from simulation.run import live as live_months
from simulation.scenario import Scenario, settings, toml_in
from simulation.shocks import COMPONENTS as MOVED
from simulation.shocks import PRICES, Series, Shock
from simulation.town import found_town, name_of
from simulation.twin import copied

JOURNAL = "journal.toml"
RERUNS = 100
NEAR = 12
"""An event happens still if one of its kind befalls the same organisation within so many months of it, either side."""
MATERIAL = 0.005
"""A rise in cost smaller than this share is no cause."""
A_YEAR = 12
WORDS = {"labour": "wages"}
"""What components are called in sentences."""
SENTENCES = {
    "hand back": "{who} hands back an agreement with {whom}",
    "closure": "{who} closes",
    "tender": "{who} lets an agreement to {whom} by tender",
    "renewal": "{who} renews an agreement with {whom}",
    "no bidder": "{who} finds no bidder",
    "breach": "{who} is seen to break its word to {whom}",
    "refusal": "{who} refuses {whom} a rise it had promised",
    "dispute": "{who} and {whom} dispute a price",
    "crisis": "{who} falls into a crisis of {whom}",
    "loss": "{who} begins to lose money on its places",
    "cut": "{who} begins to cut the volume it offers",
    "entry": "a newcomer takes the place of {who}",
    "emergency": "spending of {who} comes under emergency control",
    "emergency over": "emergency control of {who} is lifted",
    "change of terms": "{who} asks for other terms",
}
"""How events are told. A kind that is not here is told by its name."""


class WhyError(ValueError):
    """A question about an event that cannot be answered, with what can be asked."""


# ---- events --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """One row of a run's events, in words."""

    number: int
    month: int
    kind: str
    who: str
    whom: str
    amount: float
    cause: str
    because: int | None

    @property
    def told(self) -> str:
        """The event as a sentence without its end."""
        if self.kind in SENTENCES:
            return SENTENCES[self.kind].format(who=self.who, whom=self.whom or "nobody")
        return f"{self.kind}: {self.who}" + (f" and {self.whom}" if self.whom else "")

    @property
    def of_a_resident(self) -> bool:
        """Whether it befell a resident."""
        return self.who.startswith("resident ")


def events_in(town: Town) -> list[Event]:
    """Every event of a town, in order."""
    table = events_of(town)
    rows = zip(*(table[name].tolist() for name in table.columns), strict=True)
    return [
        Event(
            number,
            int(month),
            kind,
            str(who),
            whom if isinstance(whom, str) else "",
            float(amount),
            cause,
            None if because is None else because,
        )
        for number, (month, kind, who, whom, amount, cause, because) in enumerate(
            (*row[:6], row[6] if isinstance(row[6], int) else None) for row in rows
        )
    ]


# ---- a run lived again ---------------------------------------------------------------------------------------


class Life:
    """A town being lived from its journal, as far as wanted; may be copied at any month."""

    def __init__(self, journal: Journal, engine: str = "auto") -> None:
        self.kind = engine
        self.setting, self.town = journal.setting, found_town(journal.setting)
        self.engine = self._engine(journal.rules)
        self.coming = journal.changes

    def _engine(self, rules: str) -> Engine:
        return engine_for(self.kind, rules_in(rules), quiet=True)

    @property
    def month(self) -> int:
        """Months lived."""
        return int(self.town.clock["month"])

    def fork(self) -> Life:
        """The same town, to be lived otherwise."""
        other = copy.copy(self)
        other.town = copied(self.town)
        return other

    def live_to(self, month: int, watch: Callable[[Town], object] | None = None) -> Life:
        """Live until so many months have been lived; `watch` is shown the town after each."""
        while self.month < month:
            self.carry_out_what_is_due()
            stops = [month, *(change.month for change in self.coming)]
            self.town = live_months(self.town, self.engine, 1 if watch else min(stops) - self.month)
            if watch:
                watch(self.town)
        return self

    def carry_out_what_is_due(self) -> None:
        """Make the changes the journal has for this month."""
        while self.coming and self.coming[0].month <= self.month:
            change, *rest = self.coming
            self.coming = tuple(rest)
            self.make(change)

    def make(self, change: Change) -> None:
        """Make one change."""
        if change.rules is not None:
            self.engine = self._engine(change.rules)
        self.setting, self.town = carry_out(change, self.setting, self.town)


@dataclass(eq=False)
class Record:
    """A run lived again: its events, and its organisations, agreements and prices after every month."""

    journal: Journal
    engine: str = "auto"
    anyway: bool = False
    organisations: list[Any] = field(default_factory=list)
    agreements: list[Any] = field(default_factory=list)
    prices: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Live it."""
        self.life = Life(self.journal, self.engine).live_to(self.journal.months, self._keep)
        self.town = self.life.town
        if self.journal.town and not self.anyway and fingerprint_of(self.town) != self.journal.town:
            raise WhyError(
                "lived again, this run is not the one that was kept: something was done to its town through its agents "
                "or its tables; its events may have other numbers now"
            )
        self.events = events_in(self.town)
        self.outside = self.town.outside
        names = [name_of(self.town, row) for row in range(len(self.town.organisations))]
        self.rows = {name: row for row, name in enumerate(names)}

    def _keep(self, town: Town) -> None:
        self.organisations.append(town.organisations.copy())
        self.agreements.append(town.agreements.copy())
        self.prices.append(np.array(town.clock["prices"]))

    def event(self, number: int) -> Event:
        """The event in a row."""
        if not 0 <= number < len(self.events):
            many = len(self.events)
            raise WhyError(f"there is no event {number}: this run has {many:,}, numbered from 0 to {many - 1}")
        return self.events[number]

    def before(self, event: Event) -> list[Event]:
        """The events that led to an event, as far as events tell: the nearest first."""
        found = []
        while event.because is not None:
            event = self.events[event.because]
            found.append(event)
        return found

    def after(self, event: Event) -> list[Event]:
        """The events that an event led to, at one remove or several."""
        led = {event.number}
        for each in self.events[event.number + 1 :]:
            if each.because in led:
                led.add(each.number)
        return [self.events[number] for number in sorted(led - {event.number})]

    def partner_in(self, event: Event) -> int | None:
        """The row of the partner an event is about: who did it or met it, or else the other side."""
        rows = [self.rows[name] for name in (event.who, event.whom) if name in self.rows]
        return next((row for row in rows if row >= NEEDS), None)

    def agreement_in(self, event: Event) -> int | None:
        """The agreement an event is about, if its partner held it the month before.

        For what befell a partner as a whole, the one that lost it most.
        """
        month, partner = event.month, self.partner_in(event)
        now, held = self.agreements[month], self.agreements[max(0, month - 1)]
        mine = [] if partner is None else np.flatnonzero((held["seller"] == partner) & (held["active"] == 1)).tolist()
        other = {self.rows.get(event.who), self.rows.get(event.whom)} - {partner, None}
        mine = [row for row in mine if not other or int(held[row]["buyer"]) in other]
        named = [row for row in mine if now[row]["event"] == event.number]
        loss = {row: (self.cost(row, month) - float(held[row]["price"])) * float(held[row]["agreed"]) for row in mine}
        return max(named or mine, key=lambda row: loss[row], default=None)

    def priced_in(self, event: Event) -> Event:
        """The event itself; where its partner had no agreement left, the one in which that partner lost its last."""
        partner = self.partner_in(event)
        if partner is None or self.agreement_in(event) is not None:
            return event
        mine = (each for each in self.before(event) if self.partner_in(each) == partner and self.lost_in(each))
        return next(mine, event)

    def lost_in(self, event: Event) -> list[int]:
        """Agreements that an event ended: in force the month before, and not after."""
        if event.month == 0 or event.of_a_resident:
            return []
        before, now = self.agreements[event.month - 1], self.agreements[event.month]
        gone = np.flatnonzero((before["active"] == 1) & (now["active"] == 0))
        ends = {self.rows.get(event.who), self.rows.get(event.whom)} - {None}
        return [row for row in gone.tolist() if ends <= {int(before[row]["buyer"]), int(before[row]["seller"])}]

    def cost(self, agreement: int, month: int) -> float:
        """What a place under an agreement cost its seller in a month. £."""
        tie = self.agreements[month][agreement]
        return float(self.organisations[month][int(tie["seller"])]["unit_cost"] * tie["drift"])

    def losing(self, organisation: int, month: int) -> int:
        """For how many months on end, up to this one, an organisation has lost money on its places."""
        lost = [bool(rows[organisation]["lost"]) for rows in self.organisations[: month + 1]]
        return len(list(itertools.takewhile(bool, reversed(lost))))

    def strained_from(self, organisation: int, month: int) -> int:
        """The month from which its reserves are looked at: since it began to lose money, or over the last year."""
        return max(0, month - (self.losing(organisation, month) or A_YEAR) + 1)

    def held(self, organisation: int) -> list[float]:
        """An organisation's reserves after each month, in months of its usual cost."""
        rows = [each[organisation] for each in self.organisations]
        return [float(row["reserves"] / row["usual_cost"]) if row["usual_cost"] > 0.0 else 0.0 for row in rows]

    def signed(self, agreement: int, month: int) -> int | None:
        """The month at whose end the agreement in force in a month was signed; None if before the town was founded."""
        if month == 0:
            return None
        found = month - 1 - int(self.agreements[month - 1][agreement]["age"])
        return found if found >= 0 else None


# ---- the chain -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Link:
    """One link of a chain of causes: months, a sentence, the numbers in it, and the event it tells of, if any."""

    first: int
    last: int
    what: str
    text: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    event: int | None = None


@dataclass(frozen=True)
class Cause:
    """Something that can be taken away: what, in words, and how.

    From `month` on each of the `components` is held at the level beside it in `levels`; or the reserves of
    an `organisation` are topped up, once, to so many `reserves` in months of its usual cost.
    """

    name: str
    told: str
    month: int
    components: tuple[str, ...] = ()
    levels: tuple[float, ...] = ()
    organisation: int | None = None
    reserves: float = 0.0


@dataclass(frozen=True)
class Why:
    """An event, what led to it, what it led to, its root cause, and whether it happens without it."""

    event: Event
    chain: tuple[Link, ...]
    followed: tuple[Link, ...]
    root: Cause | None
    check: Check | None = None


def why(
    record: Record,
    number: int,
    *,
    without: str | None = None,
    reruns: int = RERUNS,
    workers: int | None = None,
    tell: Callable[[int], object] | None = None,
) -> Why:
    """The chain of causes behind an event, and a check of its root cause by reruns with it and without it.

    `without` names another cause to take away: a component (energy, food, wages, other, budget, demand), "shocks" for
    all of them, "reserves" for the partner's lack of them, or the number of an event to prevent. `tell` hears how many
    pairs of reruns are done.
    """
    event = record.event(number)
    chain = tuple(sorted(_chain(record, event), key=lambda link: (link.first, link.last)))
    root = _root(record, event) if without is None else _named(record, event, without)
    check = run_check(record, event, root, reruns, workers, tell) if root is not None and reruns > 0 else None
    return Why(event, chain, tuple(_followed(record, event)), root, check)


def _chain(record: Record, event: Event) -> Iterator[Link]:
    """Every link that led to an event, and the event."""
    origin = event
    if event.of_a_resident:
        yield from _wait_of(record, event)
        origin = next(iter(record.before(event)), event)
        yield from _door(record, event, origin)
    since = 0
    partner = record.partner_in(origin)
    if partner is not None:
        priced = record.priced_in(origin)
        agreement = record.agreement_in(priced)
        signed = None if agreement is None else record.signed(agreement, priced.month)
        since = signed or 0
        yield from _cost_links(record, priced, partner, agreement, signed)
        yield from _money_links(record, origin, partner)
    yield from _told_together([each for each in record.before(event) if each.month >= since])
    told = f"{capital(event.told)} ({event.cause})."
    yield Link(event.month, event.month, event.kind, told, {"amount": event.amount}, event.number)


def _told_together(events: list[Event]) -> Iterator[Link]:
    """Events on record, those of one kind between the same two told together."""
    for (kind, who, whom, cause), group in itertools.groupby(
        sorted(events, key=lambda each: each.number), key=lambda each: (each.kind, each.who, each.whom, each.cause)
    ):
        same = list(group)
        times = f", {len(same)} times" if len(same) > 1 else ""
        amounts = {"amount": sum(each.amount for each in same), "times": len(same), "who": who, "whom": whom}
        yield Link(
            same[0].month, same[-1].month, kind, f"{capital(same[0].told)}{times} ({cause}).", amounts, same[-1].number
        )


def _cost_links(
    record: Record, event: Event, partner: int, agreement: int | None, signed: int | None
) -> Iterator[Link]:
    """How the partner's costs rose since signing, of what the rise is made, and what the price did meanwhile."""
    month, base = event.month, signed or 0
    rise, parts, other = rise_of(record, partner, base, month)
    when = "the agreement was signed" if signed is not None else "the town was founded"
    told = ", ".join(f"{WORDS.get(name, name)} {_points(value)}" for name, value in parts.items())
    more = f", all else {_points(other)}" if abs(other) >= MATERIAL / 5 else ""
    verb = "rose" if rise >= 0 else "fell"
    yield Link(
        base, month, "cost", f"Since {when}, what a place costs {_name(record, partner)} {verb} by {abs(rise):.1%}: "
        f"{told}{more} (points).", {"rise": rise, **parts, "other_ways": other},
    )  # fmt: skip
    if agreement is None:
        return
    below = [price < cost for price, cost in _prices(record, agreement, base, signed, month)]
    if not below or not below[-1]:
        return
    spell = len(list(itertools.takewhile(bool, reversed(below))))
    first = month - spell + 1
    prices = _prices(record, agreement, base, signed, month)
    margins = [price / cost - 1.0 for price, cost in prices]
    price, cost = prices[-1]
    if spell == len(below) and signed is not None:
        start = f"below cost from the start, {minus(f'{margins[0]:+.1%}')} of cost"
    else:
        start = f"below cost from month {first} on"
    yield Link(
        first, month, "price", f"The price was {start}. In month {month} it was {pounds(price)} a place against a "
        f"cost of {pounds(cost)}: a margin of {minus(f'{margins[-1]:+.1%}')} of cost.",
        {"price": price, "cost": cost, "margin": margins[-1], "first_margin": margins[-spell], "months": spell},
    )  # fmt: skip


def _prices(record: Record, agreement: int, first: int, signed: int | None, last: int) -> list[tuple[float, float]]:
    """Price in force and cost in each month; the month of signing itself was still under the old price."""
    begin = first + 1 if signed is not None and first == signed else first
    return [
        (float(record.agreements[month][agreement]["price"]), record.cost(agreement, month))
        for month in range(begin, last + 1)
    ]


def rise_of(record: Record, organisation: int, base: int, month: int) -> tuple[float, dict[str, float], float]:
    """The rise in what a place costs an organisation between two months, what each component added, and the rest."""
    then, now = (record.organisations[each][organisation] for each in (base, month))
    baskets, levels = then["basket"], [record.prices[each].copy() for each in (base, month)]
    for level, row in zip(levels, (then, now), strict=True):
        level[Component.ENERGY] = row["energy_price"]
    index = float((baskets * levels[0]).sum())
    parts = {
        PRICES[each]: float(baskets[each] * (levels[1][each] - levels[0][each]) / index) for each in range(COMPONENTS)
    }
    rise = float(now["unit_cost"] / then["unit_cost"]) - 1.0
    return rise, parts, rise - sum(parts.values())


def _money_links(record: Record, event: Event, partner: int) -> Iterator[Link]:
    """How long the partner lived on its reserves, what took them, and which of its own limits it passed."""
    month = event.month
    spell, first = record.losing(partner, month), record.strained_from(partner, month)
    rows = [each[partner] for each in record.organisations[: month + 1]]
    held = record.held(partner)
    opening = held[max(0, first - 1)]
    if spell == 0 and held[month] >= min(opening, _enough(record.town)):
        return
    flows = {name: sum(_flow(row, name) for row in rows[first:]) for name in FLOWS}
    told = "; ".join(
        f"{words} {pounds(flows[name], sign=True)}" for name, words in FLOWS.items() if abs(flows[name]) >= 1
    )
    losing = f"It lost money on its places for {_months(spell)} on end, and its" if spell else "Its"
    yield Link(
        first, month, "reserves", f"{losing} reserves went from {minus(f'{opening:.1f}')} to "
        f"{minus(f'{held[month]:.1f}')} months of its usual cost ({told}).",
        {"losing_months": spell, "from": opening, "to": held[month], **flows},
    )  # fmt: skip
    for name, does in LIMITS.items() if spell else ():
        limit = _limit(record.town, name)
        if limit is None:
            continue
        passed = next((each for each in range(first, month + 1) if held[each] < limit), None)
        if passed is not None:
            yield Link(
                passed, passed, name, f"Its reserves fell below the {_months(limit)} of cost under which it {does}.",
                {"limit": limit, "held": held[passed]},
            )  # fmt: skip


FLOWS = {"places": "places", "outside_income": "work elsewhere", "paid_out": "owners", "aid": "tied partners"}
"""What fills and empties a partner's reserves, and what it is called in a sentence."""
LIMITS = {"cutting_reserves": "cuts the volume it offers", "hand_back_reserves": "hands agreements back"}
"""Parameters that say when a partner that loses money does something about it."""


def _limit(town: Town, name: str) -> float | None:
    return float(town.parameters[name]) if name in (town.parameters.dtype.names or ()) else None


def _flow(row: Any, name: str) -> float:
    if name == "places":
        return float(row["income"] - row["cost"])
    return -float(row[name]) if name == "paid_out" else float(row[name])


def _wait_of(record: Record, event: Event) -> Iterator[Link]:
    """How a resident's need grew while nobody helped."""
    resident = int(event.who.removeprefix("resident "))
    need = int(record.town.events["whom"][event.number])
    kept: list[tuple[float, int]] = []
    watch = lambda town: kept.append(  # noqa: E731
        (float(town.residents[resident]["need"][need]), int(town.residents[resident]["waited"][need]))
    )
    Life(record.journal, record.engine).live_to(event.month + 1, watch)
    waited = kept[-2][1] if len(kept) > 1 else 0
    first = max(0, event.month - waited)
    long = f"had waited {_months(waited)} for" if waited else "was not waiting for"
    yield Link(
        first, event.month, "wait", f"{capital(event.who)} {long} help with {event.whom}; the need stood at "
        f"{kept[max(0, first - 1)][0]:.2f} before, and at {event.amount:.2f} in month {event.month}.",
        {"waited": waited, "need": event.amount},
    )  # fmt: skip


def _door(record: Record, event: Event, led: Event) -> Iterator[Link]:
    """What the front door lacked when a resident was not helped, as far as the event named as the reason tells."""
    for agreement in record.lost_in(led):
        back = _let_again(record, agreement, led.month)
        if back is not None and back < event.month:
            text = f"The agreement lost in month {led.month} was let again in month {back}, before this."
            yield Link(back, back, "let again", text, {"months": event.month - back})


def _let_again(record: Record, agreement: int, month: int) -> int | None:
    later = range(month + 1, len(record.agreements))
    return next((each for each in later if record.agreements[each][agreement]["active"] == 1), None)


def _followed(record: Record, event: Event) -> Iterator[Link]:
    """What an event led to: front doors without a partner, queues, and events that go back to it."""
    end = len(record.agreements) - 1
    for agreement in record.lost_in(event):
        door = int(record.agreements[event.month - 1][agreement]["buyer"])
        back = _let_again(record, agreement, event.month)
        last = min(end, back if back is not None else event.month + A_YEAR)
        queue = [int(rows[door]["queue"]) for rows in record.organisations]
        before = float(np.mean(queue[max(0, event.month - 3) : event.month]))
        worst = max(range(event.month, last + 1), key=lambda each: queue[each])
        crises = _crises(record, door, event.month + 1, last)
        earlier = _crises(record, door, 2 * event.month - last + 1, event.month)
        gap = f"until month {back}, when it was let again" if back is not None else "and it was not let again"
        places = float(record.agreements[event.month - 1][agreement]["agreed"])
        yield Link(
            event.month, last, "queue", f"{_name(record, door)} lost {places:.1f} places a month, {gap}. Its queue "
            f"went from {before:.0f} cases to {queue[worst]} in month {worst}; crises of that need in "
            f"months {event.month + 1} to {last}: {crises}, after {earlier} in as many months before.",
            {"queue_before": before, "queue_most": queue[worst], "crises": crises, "crises_before": earlier},
        )  # fmt: skip
    later = record.after(event)
    if later:
        counted = Counter(each.kind for each in later)
        told = ", ".join(f"{many} × {kind}" for kind, many in counted.most_common())
        yield Link(later[0].month, later[-1].month, "events", f"On record as going back to it: {told}.", dict(counted))


def _crises(record: Record, door: int, first: int, last: int) -> int:
    """Residents' events in one need between two months."""
    raw = record.town.events
    return sum(
        each.of_a_resident and first <= each.month <= last and int(raw["whom"][each.number]) == door
        for each in record.events
    )


# ---- the root cause ------------------------------------------------------------------------------------------


def _root(record: Record, event: Event) -> Cause | None:
    """What the chain goes back to: an agreement another lost, a price that moved, reserves that were thin."""
    partner = record.partner_in(event)
    own = bool(record.lost_in(event))
    lost = next((each for each in record.before(event) if record.lost_in(each)), None)
    if lost is not None and not own and record.partner_in(lost) != partner:
        return _prevented(record, lost)
    if partner is not None:
        priced = record.priced_in(event)
        agreement = record.agreement_in(priced)
        signed = None if agreement is None else record.signed(agreement, priced.month)
        rise, parts, _ = rise_of(record, partner, signed or 0, priced.month)
        dearest = max(parts, key=lambda name: parts[name])
        if agreement is not None and rise > MATERIAL and parts[dearest] > MATERIAL:
            return _held(record, event, (dearest,))
        if own or record.held(partner)[event.month] < _enough(record.town):
            return _topped_up(record, event, partner)
    return _held(record, event, MOVED) if record.journal.setting.shocks or record.journal.changes else None


def _named(record: Record, event: Event, name: str) -> Cause:
    """A cause by the name a user gives it."""
    asked = name.strip().lower()
    asked = {words: component for component, words in WORDS.items()}.get(asked, asked)
    if asked.isdigit():
        other = record.event(int(asked))
        if other.number >= event.number:
            raise WhyError(f"event {other.number} comes after event {event.number} and cannot be its cause")
        return _prevented(record, other)
    if asked == "reserves":
        partner = record.partner_in(event)
        if partner is None:
            raise WhyError(f"event {event.number} is about no partner, so nobody's reserves can be its cause")
        return _topped_up(record, event, partner)
    if asked == "shocks":
        return _held(record, event, MOVED)
    if asked in MOVED:
        return _held(record, event, (asked,))
    known = (*(WORDS.get(each, each) for each in MOVED), "shocks", "reserves")
    raise WhyError(
        f'there is no cause "{name}" to take away.{near(asked, known)} Known: {", ".join(known)}, or an event\'s number'
    )


def _prevented(record: Record, event: Event) -> Cause:
    partner = record.partner_in(event)
    if partner is None or not record.lost_in(event):
        raise WhyError(
            f"event {event.number} ({event.told}) cannot be prevented: only the loss of an agreement can, "
            "by topping up its partner's reserves in time"
        )
    enough = _enough(record.town)
    told = (
        f"event {event.number} in month {event.month} ({event.told}), prevented by topping up its reserves then, "
        f"once, to {_months(enough)} of its usual cost"
    )
    return Cause(f"event {event.number}", told, event.month, organisation=partner, reserves=enough)


def _topped_up(record: Record, event: Event, partner: int) -> Cause:
    first = record.strained_from(partner, event.month)
    enough = _enough(record.town)
    told = (
        f"the reserves that {_name(record, partner)} did not have, topped up once in month {first} to "
        f"{_months(enough)} of its usual cost"
    )
    return Cause("reserves", told, first, organisation=partner, reserves=enough)


def _enough(town: Town) -> float:
    """Reserves that are a month's cost above every limit under which a partner does something about a loss."""
    return 1.0 + max([0.0, *(limit for name in LIMITS if (limit := _limit(town, name)) is not None)])


def _held(record: Record, event: Event, components: tuple[str, ...]) -> Cause:
    """Components held at what the partner's price was made for, from the first month after in which they were not.

    Where no agreement was signed on the way, at what they were when the town was founded. An energy tariff may be older
    than the agreement: then the price of energy is held at the tariff's.
    """
    priced = record.priced_in(event)
    partner, agreement = record.partner_in(priced), record.agreement_in(priced)
    signed = None if agreement is None or partner is None else record.signed(agreement, priced.month)
    months, held = [], []
    for component in components:
        levels = levels_of(record.outside, component)
        since = -1 if signed is None else signed
        if component == "energy" and signed is not None:
            paid = float(record.organisations[signed][partner]["energy_price"])
            market = record.outside["prices"][:, Component.ENERGY]
            since = max((each for each in range(signed + 1) if market[each] == paid), default=-1)
        level = float(levels[since]) if since >= 0 else 1.0
        begin = 0 if signed is None else signed + 1
        months += [each for each in range(begin, event.month + 1) if levels[each] != level][:1]
        held.append(level)
    month = min(months, default=event.month)
    word = "shocks" if len(components) > 1 else WORDS.get(components[0], components[0])
    if not months:
        told = f"any move of {word if len(components) == 1 else 'the world outside'}: there was none"
    else:
        what = "what comes from outside" if len(components) > 1 else f"the rise of {word}" if word == "demand" else word
        what = f"the price of {word}" if word in PRICES else what
        told = f"the move of {what}, held from month {month} on at what it was when "
        told += "the town was founded" if signed is None else "the agreement was priced"
    return Cause(word, told, month, components, tuple(held))


def levels_of(outside: Any, component: str) -> Any:
    """The level of a component in every month of a world, as shocks write it."""
    if component == "energy":
        return outside["household_energy"]
    if component in PRICES:
        return outside["prices"][:, PRICES.index(component)]
    return np.cumprod(outside["settlement"]) if component == "budget" else outside[component]


# ---- with it and without it ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """In how many of so many reruns an event happened; the share, with a 95% interval (Wilson's)."""

    times: int
    of: int

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Where the share would lie in many more reruns."""
        from scipy.stats import binomtest  # noqa: PLC0415  slow to import

        found = binomtest(self.times, self.of).proportion_ci(0.95, method="wilson")
        return float(found.low), float(found.high)

    @property
    def share(self) -> float:
        """The share itself."""
        return self.times / self.of

    def __str__(self) -> str:
        """The share and its interval in per cent, and the count."""
        low, high = self.interval
        return f"{self.share:.0%} [{low:.0%}, {high:.0%}] ({self.times} of {self.of})"


@dataclass(frozen=True)
class Check:
    """How often an event still happens with its cause and without it, in forks that share their luck pair by pair.

    `as_lived` says whether it happens without the cause and with the very luck of this run.
    """

    cause: Cause
    first: int
    last: int
    with_cause: Share
    without_cause: Share
    both: int
    as_lived: bool

    @property
    def chance(self) -> float:
        """How likely pairs would differ so unevenly if the cause did nothing: the exact test of McNemar (1947)."""
        from scipy.stats import binomtest  # noqa: PLC0415

        only_with, only_without = self.with_cause.times - self.both, self.without_cause.times - self.both
        many = only_with + only_without
        return float(binomtest(only_with, many).pvalue) if many else 1.0

    @property
    def difference(self) -> int:
        """1 where the event is likelier with its cause, -1 where it is rarer, 0 where neither can be told."""
        return 0 if self.chance > 0.05 else int(np.sign(self.with_cause.times - self.without_cause.times))


def run_check(
    record: Record,
    event: Event,
    cause: Cause,
    reruns: int = RERUNS,
    workers: int | None = None,
    tell: Callable[[int], object] | None = None,
) -> Check:
    """Fork before the cause, give each pair of forks other luck, and live both past the event."""
    start = Life(record.journal, record.engine)
    last = min(event.month + NEAR, record.journal.months - 1)
    work = 2.0 * reruns * (last - cause.month) * len(start.town.residents) * PLAIN_RESIDENT_MONTH
    if record.engine == "auto" and work > LONG_PLAIN:
        start.engine.prepare(start.town)
    start.live_to(cause.month).carry_out_what_is_due()
    first = max(cause.month, event.month - NEAR)
    wanted = record.town.events[event.number]
    same = ("kind", "who", "whom") if event.of_a_resident else ("kind", "who")

    def happens(luck: int | None, removed: bool) -> bool:
        life = start.fork()
        if luck is not None:
            life.coming = tuple(replace(change, luck=None) for change in life.coming)
            life.town.clock["seed"] = luck
        if removed:
            take_away(life, cause)
        life.live_to(last + 1)
        told = life.town.events[: int(life.town.clock["events"])]
        like = told["month"] >= first
        for name in same:
            like &= told[name] == wanted[name]
        return bool(like.any())

    lucks = [seed_of(record.journal.setting.seed, place) for place in range(reruns)]
    with ThreadPoolExecutor(workers or processors(), thread_name_prefix="kith") as threads:
        as_lived = threads.submit(happens, None, True)
        pairs = []
        for pair in threads.map(lambda luck: (happens(luck, False), happens(luck, True)), lucks):
            pairs.append(pair)
            if tell is not None:
                tell(len(pairs))
    kept, removed = (Share(sum(pair[side] for pair in pairs), reruns) for side in (0, 1))
    return Check(cause, first, last, kept, removed, sum(all(pair) for pair in pairs), as_lived.result())


def take_away(life: Life, cause: Cause) -> None:
    """Live on without a cause: components stay at what they were, or an organisation's reserves are topped up."""
    if cause.organisation is not None:
        row = life.town.organisations[cause.organisation]
        row["reserves"] = max(float(row["reserves"]), cause.reserves * float(row["usual_cost"]))
        return
    held = zip(cause.components, cause.levels, strict=True)
    flat = Series(months=(life.month,), levels=tuple((name, (level,)) for name, level in held))

    def calmed(shocks: tuple[Shock, ...]) -> tuple[Shock, ...]:
        return (*without(shocks, cause.components), flat)

    life.coming = tuple(
        replace(
            change,
            shocks=None if change.shocks is None else calmed(change.shocks),
            further_shocks=without(change.further_shocks, cause.components),
        )
        for change in life.coming
    )
    life.make(Change(life.month, shocks=calmed(life.setting.shocks)))


# ---- which run -----------------------------------------------------------------------------------------------


def is_kept(run: str | Path) -> bool:
    """Whether this is a folder or a journal, and not a setting that is still to be lived."""
    path = Path(run)
    if str(run) in settings():
        return False
    if path.is_file() and path.suffix == ".toml":
        return SECTION in toml_in(path)
    return path.is_dir()


def journal_in(
    run: str | Path, *, governance: str | None = None, replicate: int = 0, world: str = SHOCK, anyway: bool = False
) -> Journal:
    """The journal of a run that is kept: a folder of `kith run` or of `kith compare`, or a journal's own file.

    Of a comparison it is one run: a governance (the first), a replicate, and a world, shock or calm.
    """
    path = Path(run)
    if path.is_file() or (path / JOURNAL).is_file():
        journal = read_journal(path if path.is_file() else path / JOURNAL)
    elif (path / QUESTION).is_file():
        journal = _compared(path, governance, replicate, world)
    else:
        held = "it was written before journals were kept; run it again" if (path / "scenario.toml").is_file() else ""
        raise WhyError(f"{path} is not a run: {held or f'it has neither {JOURNAL} nor {QUESTION}'}")
    if not anyway:
        check_versions(journal)
    return journal


def _compared(folder: Path, governance: str | None, replicate: int, world: str) -> Journal:
    """One run of a comparison."""
    import pandas as pd  # noqa: PLC0415

    question = read_question(folder / QUESTION)
    governances = question.governances or {}
    runs = pd.read_parquet(folder / "runs.parquet")
    name = governance or next(iter(governances), "")
    if name not in governances:
        raise WhyError(f'{folder} has no governance "{name}".{near(name, governances)} It has {", ".join(governances)}')
    if world not in WORLDS:
        raise WhyError(f'there is no world "{world}"; it must be one of {", ".join(WORLDS)}')
    row = runs[(runs["governance"] == name) & (runs["world"] == world) & (runs["replicate"] == replicate)]
    if row.empty:
        raise WhyError(f"{folder} has no replicate {replicate}; it has 0 to {int(runs['replicate'].max())}")
    held = question.scenario.with_(governance=governances[name], seed=int(row["seed"].iloc[0]))
    setting = held.calm() if world == CALM else held
    rules = question.rules.read_text(encoding="utf-8") if question.rules else ""
    return Journal(setting, rules, months=setting.months, made_with=question.made_with)


def journal_for(scenario: Scenario, rules: str = "") -> Journal:
    """The journal of a run that has not been lived yet."""
    return Journal(scenario, rules, months=scenario.months)


# ---- in words ------------------------------------------------------------------------------------------------

WIDTH = 100
FEW = 12
"""Events of a kind that are listed one by one; of more, the first and the largest."""


def listed(record: Record) -> str:
    """The events of a run, rare kinds first, with the numbers to ask about."""
    if not record.events:
        return "Nothing happened in this run that is written down as an event."
    lines = []
    for kind, many in sorted(Counter(each.kind for each in record.events).items(), key=lambda pair: pair[1]):
        same = [each for each in record.events if each.kind == kind]
        shown = (
            same
            if many <= FEW
            else sorted({same[0], *sorted(same, key=lambda e: -abs(e.amount))[:2]}, key=lambda e: e.number)
        )
        lines.append(f"{kind}: {many:,}" + ("" if many <= FEW else "; the first, and the largest"))
        lines += [f"  {each.number:>6}  month {each.month:>3}  {capital(each.told)} ({each.cause})" for each in shown]
    return "\n".join(lines)


def in_words(found: Why) -> str:
    """The answer, for people to read."""
    event = found.event
    lines = [f"Event {event.number}, month {event.month}: {capital(event.told)}.", "", "How it came about"]
    lines += [_line(link) for link in found.chain]
    if found.followed:
        lines += ["", "What followed", *(_line(link) for link in found.followed)]
    lines += ["", *_check_lines(found)]
    return "\n".join(lines)


def _line(link: Link) -> str:
    when = f"{link.first}" if link.first == link.last else f"{link.first}–{link.last}"
    number = "" if link.event is None else f" [event {link.event}]"
    return textwrap.fill(
        link.text + number,
        WIDTH,
        initial_indent=f"  month {when:<8}",
        subsequent_indent=" " * 16,
        break_long_words=False,
    )


def _check_lines(found: Why) -> list[str]:
    if found.root is None:
        return ["No root cause can be named: nothing came from outside, and no agreement was lost before it."]
    check = found.check
    if check is None:
        return [f"Root cause: {found.root.told}."]
    still = "it happens still" if check.as_lived else "it does not happen"
    return [
        *textwrap.wrap(f"Root cause, as far as the chain goes: {found.root.told}.", WIDTH),
        *textwrap.wrap(
            f"Checked by forks from month {found.root.month}, each pair with luck of its own: does the same kind of "
            f"event befall the same one in months {check.first} to {check.last}? With 95% intervals:", WIDTH,
        ),
        f"  with the cause      {check.with_cause}",
        f"  without it          {check.without_cause}",
        f"{_verdict(check)} With the luck of this run and without the cause {still}.",
        "This is counterfactual within the model: it says what these rules make of it, and no more.",
    ]  # fmt: skip


def _verdict(check: Check) -> str:
    if check.difference == 0:
        return "No difference can be told."
    return "The cause makes it likelier." if check.difference > 0 else "The cause makes it rarer."


def as_data(found: Why) -> dict[str, Any]:
    """The answer, for machines."""
    data: dict[str, Any] = {"event": asdict(found.event), "chain": [asdict(link) for link in found.chain]}
    data["followed"] = [asdict(link) for link in found.followed]
    data["root"] = None if found.root is None else asdict(found.root)
    data["check"] = None
    if found.check is not None:
        check = found.check
        data["check"] = {
            "months": [check.first, check.last],
            "with_cause": _share_data(check.with_cause),
            "without_cause": _share_data(check.without_cause),
            "both": check.both,
            "chance": check.chance,
            "without_cause_with_this_luck": check.as_lived,
            "counterfactual": "within the model",
        }
    return data


def _share_data(share: Share) -> dict[str, float]:
    low, high = share.interval
    return {"times": share.times, "of": share.of, "share": share.share, "low": low, "high": high}


def _name(record: Record, row: int) -> str:
    return name_of(record.town, row)


def _months(number: float) -> str:
    return f"{number:g} month" + ("" if number == 1 else "s")


def _points(value: float) -> str:
    return minus(f"{100.0 * value:+.1f}")
