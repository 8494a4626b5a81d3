"""A session: one browser tab, its two towns, and what is asked of them.

Change this file to let the page ask for something new: a method whose name begins with `do_` answers the command of
that name, and nothing else does. Every value a page sends is checked where it is used; what does not fit is told on
the page and changes nothing. The towns live in a thread that waits for the page to have drawn each month, so that no
lag builds up, and pauses when nobody looks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from simulation.scenario import ScenarioError
from viz.workshop import cards, frames
from viz.workshop.headlines import Teller
from viz.workshop.luck import PAIRS, Shadows, fan
from viz.workshop.plan import BOTH, SIDES, Act, Plan, PlanError, Side, link_of, size_of
from viz.workshop.rooms import Room, listens
from viz.workshop.stage import Stage
from viz.workshop.storyboards import Flow, offered, storyboard
from viz.workshop.towns import TwoTowns, warm_up
from viz.workshop.words import ENGLISH, catalogue, languages, text

SLOWEST, FASTEST = 0.2, 20.0
"""Months a second."""
PATIENCE = 5.0
"""Seconds of silence from the page after which the towns pause."""
MOST_UNDONE = 50
LUCK_EVERY = 0.3
"""Seconds between two pictures of the luck badge."""
CARDS = ("organisation", "agreement", "peer")


class Before(NamedTuple):
    """What undo goes back to: a plan, the month it stood at, and what was done then, in words."""

    plan: Plan
    month: int
    done: str


class Session:
    """One tab's towns. `session.widget` is what it shows; `close` ends it."""

    def __init__(
        self,
        plan: Plan | None = None,
        month: int | None = None,
        language: str = ENGLISH,
        *,
        pairs: int = PAIRS,
        room: Room | None = None,
    ) -> None:
        self.pairs, self.room = pairs, room
        self.lock = threading.RLock()
        self.widget = Stage()
        self.run, self.seq = 0, 0
        self.speed, self.playing = 1.0, False
        self.language = language if language in languages() else ENGLISH
        self.followed: int | None = None
        self.opened: tuple[str, int] | None = None
        self.outcome = next(iter(frames.CHARTS))
        self.undone: list[Before] = []
        self.notice: dict[str, str] | None = None
        self.shadows: Shadows | None = None
        self.flow: Flow | None = None
        self._stop, self._acked = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._told_luck = 0.0
        self.closed = False
        warm_up()
        self.towns = TwoTowns(plan or Plan(), month)
        self.widget.on_msg(self._hear)
        self._show_run()
        self._leave = room.watch(self._show_state) if room is not None else None

    # ---- what the page asks ------------------------------------------------------------------------------

    def _hear(self, _: object, message: object, __: object) -> None:
        """Answer one message of the page; whatever it is, the page goes on."""
        if isinstance(message, Mapping):
            self.hear(message)

    def hear(self, message: Mapping[str, Any]) -> None:
        """Do what a message asks, if it names something that can be done."""
        name = message.get("cmd")
        method = getattr(self, f"do_{name}", None) if isinstance(name, str) and name.isidentifier() else None
        if method is None or self.closed:
            return
        try:
            method(message)
        except (PlanError, ScenarioError) as problem:
            self.tell(str(problem), "error")
        except Exception as problem:  # noqa: BLE001  a page must outlive whatever a rule or a browser comes up with
            self.pause()
            self.tell(
                text(self.language, "town.problem.asked", problem=f"{type(problem).__name__}: {problem}"), "error"
            )

    def do_hello(self, _: Mapping[str, Any]) -> None:
        """A page has opened or been drawn again: everything it needs to draw the past."""
        self._send_history()
        self._show_luck()

    def do_ack(self, message: Mapping[str, Any]) -> None:
        """The page has drawn a month."""
        if message.get("seq") == self.seq:
            self._acked.set()

    def do_play(self, _: Mapping[str, Any]) -> None:
        """Live on, month after month."""
        self.play()

    def do_pause(self, _: Mapping[str, Any]) -> None:
        """Stand still."""
        self.pause()

    def do_step(self, _: Mapping[str, Any]) -> None:
        """One month."""
        self.pause()
        self.step()

    def do_speed(self, message: Mapping[str, Any]) -> None:
        """So many months a second."""
        self.speed = min(FASTEST, max(SLOWEST, _number(message.get("v"), "speed")))
        self._show_state()

    def do_restart(self, _: Mapping[str, Any]) -> None:
        """The same towns and luck from the beginning, without what was done on the way."""
        self.change(replace(self.plan, acts=()), text(self.language, "town.act.start"), self.plan.first)

    def do_luck(self, _: Mapping[str, Any]) -> None:
        """Other luck from the beginning, for both towns."""
        plan = replace(self.plan, seed=self.plan.seed + 1, acts=())
        self.change(plan, text(self.language, "town.act.luck"), self.plan.first)

    def do_setting(self, message: Mapping[str, Any]) -> None:
        """Another setting, from its beginning."""
        plan = replace(self.plan, setting=str(message.get("v")), acts=())
        self.change(plan, text(self.language, "town.act.start"), plan.first)

    def do_sides(self, message: Mapping[str, Any]) -> None:
        """Any two governances, from the beginning."""
        left, right = (Side(str(message.get(side))) for side in SIDES)
        self.change(replace(self.plan, left=left, right=right, acts=()), text(self.language, "town.act.start"), None)

    def do_versus(self, message: Mapping[str, Any]) -> None:
        """The left town against itself with one number changed, from the beginning."""
        right = self.plan.left.with_own(str(message.get("dial")), _number(message.get("value"), "value"))
        self.change(replace(self.plan, right=right, acts=()), text(self.language, "town.act.start"), None)

    def do_founded(self, message: Mapping[str, Any]) -> None:
        """A number that is read when a town is founded, changed from the beginning: for both towns, or for one."""
        name, value = str(message.get("name")), _number(message.get("value"), "value")
        if name == "residents":
            plan = replace(self.plan, residents=round(value), acts=())
        else:
            sides = {side: getattr(self.plan, side).with_own(name, value) for side in _sides(message)}
            plan = replace(self.plan, **sides, acts=())
        self.change(plan, text(self.language, "town.act.start"), None)

    def do_shock(self, message: Mapping[str, Any]) -> None:
        """A shock from the next month on, in both towns."""
        key = str(message.get("key"))
        size = size_of(key, message.get("size", 1))
        lasting = message.get("lasting", True) is not False
        self.do(Act(self._next(), "shock", BOTH, key, size, lasting))

    def do_dial(self, message: Mapping[str, Any]) -> None:
        """Another value of a dial or a parameter from the next month on."""
        name, value = str(message.get("name")), _number(message.get("value"), "value")
        self.do(Act(self._next(), "own", _side(message, BOTH), name, value))

    def do_fork(self, message: Mapping[str, Any]) -> None:
        """Both towns are one of them from here on, and the other side is held otherwise."""
        side = _side(message, "")
        if "governance" in message:
            act = Act(self._next(), "fork", side, "governance", str(message["governance"]))
        else:
            act = Act(self._next(), "fork", side, str(message.get("dial")), _number(message.get("value"), "value"))
        self.do(act)

    def do_undo(self, _: Mapping[str, Any]) -> None:
        """Take back the last thing done, and live up to the same month without it."""
        with self.lock:
            if not self.undone:
                return
            before = self.undone.pop()
            same_run = before.plan == replace(self.plan, acts=self.plan.acts[: len(before.plan.acts)])
            self._begin(before.plan, self.towns.month if same_run else before.month)

    def do_follow(self, message: Mapping[str, Any]) -> None:
        """Follow one resident in both towns; any number below 0 for somebody with much happening."""
        with self.lock:
            asked = int(_number(message.get("i"), "i"))
            self.followed = self._busiest() if asked < 0 else min(asked, self.plan.residents - 1)
            self._show_person()

    def do_card(self, message: Mapping[str, Any]) -> None:
        """Open the card of an organisation or a tie."""
        kind, row = message.get("kind"), int(_number(message.get("id"), "id"))
        with self.lock:
            town = self.towns.models[0].town
            many = {"organisation": len(town.organisations), "agreement": len(town.agreements), "peer": len(town.peers)}
            if kind not in CARDS or not 0 <= row < many[kind]:
                raise PlanError(f"there is no {kind} {row} to look at")
            self.opened = (kind, row)
            self._show_card()

    def do_close(self, _: Mapping[str, Any]) -> None:
        """Close the card, and stop following."""
        self.opened = None
        self.widget.card = {}

    def do_why(self, message: Mapping[str, Any]) -> None:
        """Follow one event of one town back to its causes: that town is lived again beside, which takes a moment."""
        place = SIDES.index(_side(message, ""))
        event = int(_number(message.get("event"), "event"))
        journal = self.towns.models[place].journal

        def find() -> None:
            try:
                found = cards.why_in_full(journal, event)
            except Exception as problem:  # noqa: BLE001  told on the card, whatever it is
                found = [str(problem)]
            self.widget.card = {**self.widget.card, "why": {"side": place, "event": event, "lines": found}}

        threading.Thread(target=find, name="kith-why", daemon=True).start()

    def do_outcome(self, message: Mapping[str, Any]) -> None:
        """Judge the luck of another outcome."""
        self.judge(str(message.get("v")))

    def do_flow(self, message: Mapping[str, Any]) -> None:
        """Lead the room through a storyboard: start, next, back, vote, reveal, end."""
        with self.lock:
            if message.get("do") == "start":
                flow = Flow(storyboard(str(message.get("name"))), self)
                flow.start()
                self.flow = flow
            elif self.flow is not None:
                self.flow.hear(message)
                self.flow = None if self.flow.over else self.flow
            self._show_flow()

    def do_language(self, message: Mapping[str, Any]) -> None:
        """Speak another language."""
        if message.get("v") in languages():
            with self.lock:
                self.language = str(message["v"])
                self._show_run()

    def do_join(self, message: Mapping[str, Any]) -> None:
        """Open or close the room, or hand this plan to everybody in it. Only a facilitator's session has a room."""
        if self.room is None:
            raise PlanError(text(self.language, "rooms.not_yours"))
        asked = message.get("do")
        if asked == "open" and not listens():
            raise PlanError(text(self.language, "rooms.not_possible"))
        if asked == "open":
            self.room.open(self.plan)
        elif asked == "push":
            self.room.push(self.plan)
        elif asked == "close":
            self.room.close()

    def given(self, plan: Plan) -> None:
        """Begin the facilitator's plan; one's own can be had back."""
        self.change(plan, text(self.language, "rooms.act"), None)
        self.tell(text(self.language, "rooms.pushed"))

    def do_understood(self, _: Mapping[str, Any]) -> None:
        """The notice has been read."""
        self.notice = None
        self._show_state()

    # ---- playing -----------------------------------------------------------------------------------------

    @property
    def plan(self) -> Plan:
        """Everything that rebuilds what is on the screen."""
        return self.towns.plan

    def play(self) -> None:
        """Live on in a thread, at the speed asked for, and never ahead of the page."""
        with self.lock:
            if self.playing or self.closed:
                return
            if self.towns.over:
                raise PlanError(text(self.language, "town.problem.over"))
            self.playing, self._stop = True, threading.Event()
            self._thread = threading.Thread(target=self._live, args=(self._stop,), name="kith-town", daemon=True)
            self._show_state()
            self._thread.start()

    def pause(self) -> None:
        """Stand still. The month being lived is finished."""
        self._stop.set()
        if self.playing:
            self.playing = False
            self._show_state()

    def _live(self, stop: threading.Event) -> None:
        due = time.perf_counter()
        while not stop.is_set():
            self._acked.clear()
            if not self.step() or not self._acked.wait(PATIENCE):
                break
            if self.flow is not None and self.flow.holds(self.towns.month):
                break
            due = max(due + 1.0 / self.speed, time.perf_counter())
            stop.wait(max(0.0, due - time.perf_counter()))
        if not stop.is_set():
            self.pause()

    def step(self) -> bool:
        """One month in both towns, drawn. False when there is none left, or when it could not be lived."""
        with self.lock:
            if self.closed:
                return False
            try:
                lived = self.towns.step()
            except Exception as problem:  # noqa: BLE001  a rule that raises shows a card, and the run stays
                self._stop.set()
                self.playing = False
                said = f"{type(problem).__name__}: {problem}"
                self.tell(text(self.language, "town.problem.rule", month=self.towns.month + 1, problem=said), "error")
                return False
            if lived:
                self._show_month()
            return lived

    def live_to(self, month: int) -> None:
        """Live on at once until a month is over."""
        with self.lock:
            self.pause()
            self.towns.live_to(month)
            self._show_month()
            self._send_history()

    # ---- changing the run ----------------------------------------------------------------------------------

    def change(self, plan: Plan, done: str, month: int | None) -> None:
        """Another plan, from its first month or another. What does not fit is refused, and then nothing changes."""
        with self.lock:
            before = Before(self.plan, self.towns.month, done)
            self._begin(plan, month)
            self._remember(before)

    def _begin(self, plan: Plan, month: int | None) -> None:
        self.pause()
        towns = TwoTowns(plan, month)
        self.towns.close()
        self.towns = towns
        self.notice = None
        self._show_run()

    def do(self, act: Act) -> None:
        """Do something from the next month on."""
        with self.lock:
            if self.towns.over:
                raise PlanError(text(self.language, "town.problem.over"))
            before = Before(self.plan, self.towns.month, self._told(act))
            self.towns.do(act)
            self._remember(before)
            self._live_shadows()
            self.notice = None
            self._push_month()

    def _next(self) -> int:
        return self.towns.models[0].month

    def _remember(self, before: Before) -> None:
        self.undone = [*self.undone[-MOST_UNDONE + 1 :], before]
        self._show_state()

    def _told(self, act: Act) -> str:
        """What an act does, in words."""
        language, setting = self.language, self.plan.scenario()
        side = text(language, f"town.act.{act.side}")
        if act.kind == "shock":
            what = frames.sized(act.name, float(act.value), language)
            return text(language, "town.act.shock", what=what, when=frames.when(setting, act.month, language))
        if act.kind == "fork":
            return text(language, "town.act.fork", side=side)
        value = frames.number_told(float(act.value))
        return text(language, "town.act.own", what=frames.label(language, act.name), value=value, side=side)

    # ---- showing -------------------------------------------------------------------------------------------

    def _show_run(self) -> None:
        """Everything anew: the towns described, the month on the screen, and the past."""
        with self.lock:
            self.run += 1
            self.teller = Teller(self.language, self._names())
            self._forget_what_is_not_there()
            self.widget.words = dict(catalogue(self.language))
            self.widget.static = frames.description(self.towns, self.language, self.run)
            self._show_month()
            self._send_history()
            self._live_shadows()
            self._show_state()

    def _names(self) -> tuple[str, str]:
        left, right = (frames.side_told(self.towns, place, self.language)["name"] for place in range(2))
        return left, right

    def _forget_what_is_not_there(self) -> None:
        if self.followed is not None and self.followed >= self.plan.residents:
            self.followed = None
        self.opened = None
        self.widget.card = {}

    def _show_month(self) -> None:
        if self.towns.sides != self._sides_shown:
            self._sides_shown = list(self.towns.sides)
            self.teller = Teller(self.language, self._names())
            self.widget.static = frames.description(self.towns, self.language, self.run)
        self._push_month()
        self._show_person()
        self._show_card()
        self._show_luck()
        self._show_flow()
        self._show_state()

    _sides_shown: list[Side] | None = None

    def _push_month(self) -> None:
        """The month on the screen, as a packet."""
        self.seq += 1
        towns, language = self.towns, self.language
        setting, month = self.plan.scenario(), towns.month
        shocks = frames.shocks_told(self.plan, month, language)
        told = self.teller.headline(
            towns.models[0].town, towns.models[1].town,
            [(each["month"], each["key"], each["label"]) for each in shocks], month,
        )  # fmt: skip
        values = towns.history(frames.outcomes())
        head = {
            "run": self.run, "seq": self.seq, "month": month, "when": frames.when(setting, month, language),
            "headline": {"text": told.text, "topic": told.topic}, "shocks": shocks,
            "numbers": [frames.numbers(model.town) for model in towns.models],
            "values": [_rounded(each[-1]) for each in values], "paid": [_paid(each[-1]) for each in towns.borne()],
            "ended": towns.over,
        }  # fmt: skip
        self.widget.frame = frames.packet(towns, head)

    def _send_history(self) -> None:
        """Every month shown so far, so that charts are full after a rebuild or a reload."""
        values, borne = self.towns.history(frames.outcomes()), self.towns.borne()
        history = {
            "run": self.run, "from": self.plan.first, "values": [[_rounded(row) for row in each] for each in values],
            "paid": [[_paid(row) for row in each] for each in borne],
        }  # fmt: skip
        self.widget.send({"history": history})

    def _show_person(self) -> None:
        if self.followed is None:
            self.widget.person = {}
            return
        towns = self.towns
        left, right = (model.town for model in towns.models)
        self.widget.person = cards.person(left, right, self.followed, self.language, towns.pasts)

    def _show_card(self) -> None:
        if self.opened is None:
            return
        kind, row = self.opened
        towns = self.towns
        left, right = (model.town for model in towns.models)
        if kind == "organisation":
            self.widget.card = cards.organisation_card(left, right, row, self.language, towns.pasts)
        else:
            self.widget.card = cards.tie_card(left, right, kind, row, self.language, towns.pasts)

    def _show_flow(self) -> None:
        """The storyboard that is led; where there is none, those that could be."""
        self.widget.flow = self.flow.shown() if self.flow else {"storyboards": offered(self.language)}

    def _show_state(self) -> None:
        self.widget.state = {
            "playing": self.playing, "speed": self.speed, "notice": self.notice, "language": self.language,
            "languages": list(languages()), "undo": self.undone[-1].done if self.undone else "",
            "link": self.link(), "engine": "compiled" if self.towns.models[0].engine.compiled else "plain",
            "over": self.towns.over, "join": self.room.shown() if self.room is not None else None,
        }  # fmt: skip

    def link(self) -> str:
        """The query that rebuilds what is on the screen."""
        return link_of(self.plan, self.towns.month, "" if self.language == ENGLISH else self.language)

    def tell(self, said: str, kind: str = "info") -> None:
        """Say something on the page."""
        self.notice = {"text": said, "kind": kind}
        self._show_state()

    def _busiest(self) -> int:
        """A resident with much happening: the one with most contacts in both towns together, the first of equals."""
        return int(np.argmax(sum(model.town.residents["contacts"] for model in self.towns.models)))

    # ---- luck ----------------------------------------------------------------------------------------------

    def judge(self, outcome: str) -> None:
        """Judge the luck of an outcome, if it is one that is drawn."""
        if outcome in frames.CHARTS:
            self.outcome = outcome
            self._show_luck()

    def _live_shadows(self) -> None:
        """Begin to live other pairs of towns by the present plan, and forget those of the last."""
        if self.shadows is not None:
            if self.shadows.plan == self.plan:
                return
            self.shadows.stop()
        self.shadows = Shadows(self.plan, frames.outcomes(), self.pairs, self._one_more) if self.pairs else None

    def _one_more(self) -> None:
        """One more pair is lived: shown at once when it is the last, and else now and then."""
        now = time.perf_counter()
        shadows = self.shadows
        if shadows is not None and (now - self._told_luck > LUCK_EVERY or shadows.ready >= shadows.pairs):
            self._told_luck = now
            with suppress(Exception):  # the badge is beside the towns: it never stops them
                self._show_luck()

    def _show_luck(self) -> None:
        with self.lock:
            shadows = self.shadows
            if shadows is None or self.closed:
                return
            left, right = self.towns.history((self.outcome,))
            here = (right - left)[:, 0]
            found = fan(shadows, self.outcome, self.towns.month, here)
            found["label"] = text(self.language, f"town.chart.{self.outcome}")
            found["sentence"] = self._luck_in_words(found)
            self.widget.luck = found

    def _luck_in_words(self, found: Mapping[str, Any]) -> str:
        language, verdict = self.language, found["verdict"]
        if verdict == "unsure":
            return text(language, "luck.working", ready=found["ready"], of=found["of"])
        outcome = text(language, f"town.outcome.{self.outcome}")
        if verdict == "same":
            return text(language, "luck.same", outcome=outcome, of=found["ready"])
        if verdict == "effect":
            more = found["sign"] * (found["better"] or 1) > 0
            ahead = self._names()[1 if more else 0]
            return text(language, "luck.effect", agree=found["agree"], of=found["ready"], ahead=ahead, outcome=outcome)
        told = text(language, "luck.luck", agree=found["like_here"], of=found["ready"], outcome=outcome)
        many = "needed_many" if found["needed"] >= 1000 else "needed"
        return f"{told} {text(language, f'luck.{many}', needed=found['needed'])}"

    # ---- the end -------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End it: the thread, the other pairs of towns, the widget, the towns."""
        self.closed = True
        if self._leave is not None:
            self._leave()
        self.pause()
        if self.shadows is not None:
            self.shadows.stop()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            self._acked.set()
            thread.join(PATIENCE)
        with self.lock:
            self.widget.close()
            self.towns.close()


def _number(given: object, name: str) -> float:
    """A number the page has sent, or a refusal."""
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not np.isfinite(given):
        raise PlanError(f"{name} is {given!r}; it must be a number")
    return float(given)


def _side(message: Mapping[str, Any], usual: str) -> str:
    """The side a message names, or the usual one."""
    side = message.get("side", usual)
    if side not in (*SIDES, BOTH):
        raise PlanError(f"side is {side!r}; it must be left, right or both")
    return str(side)


def _sides(message: Mapping[str, Any]) -> tuple[str, ...]:
    side = _side(message, BOTH)
    return SIDES if side == BOTH else (side,)


def _rounded(row: Any) -> list[float]:
    return [round(float(value), 4) for value in row]


def _paid(row: Any) -> dict[str, float]:
    names = ("rise", "funders", "partners", "staff", "residents")
    return {name: round(float(value), 2) for name, value in zip(names, row, strict=True)}
