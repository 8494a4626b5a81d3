"""A session: one browser tab, its two towns, and what is asked of them.

Change this file to let the page ask for something new: a method whose name begins with `do_` answers the command of
that name, and nothing else does. Every value a page sends is checked where it is used; what does not fit is told on
the page and changes nothing. The towns live in a thread that waits for the page to have drawn each month, so that no
lag builds up, and pauses when nobody looks.
"""

from __future__ import annotations

import logging
import math
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from simulation.scenario import ScenarioError
from viz.workshop import cards, frames, sharing
from viz.workshop.flow import Flow
from viz.workshop.luck import PAIRS, Shadows, in_turn, shown
from viz.workshop.past import eventful
from viz.workshop.plan import BOTH, LARGEST_SEED, SIDES, Act, Plan, PlanError, Side, link_of, size_of
from viz.workshop.rooms import Room, listens
from viz.workshop.stage import Stage
from viz.workshop.storyboards import offered, storyboard
from viz.workshop.towns import TwoTowns, places, warm_up
from viz.workshop.words import ENGLISH, catalogue, languages, text

log = logging.getLogger("kith.workshop")
SLOWEST, FASTEST = 0.2, 20.0
"""Months a second."""
PATIENCE = 20.0
"""Seconds of silence from the page after which the towns pause."""
FAREWELL = 5.0
"""Seconds that a month being lived is given when its page is closed."""
MOST_UNDONE = 50
A_NAME, MOST_SAID = 80, 400
"""Letters of the longest name a page may send, and of the longest problem it is told."""
LUCK_EVERY = 0.3
"""Seconds between two pictures of the luck badge."""
CARDS = ("organisation", "agreement", "peer")
NEXT = 0
"""Written for the month of what is asked: it becomes the next month when its turn has come."""


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
        warm_up()
        self.towns = TwoTowns(plan or Plan(), month)
        self.pairs, self.room = pairs, room
        self.lock = threading.RLock()
        self.widget = Stage()
        self.run, self.seq = 0, 0
        self.speed, self.playing = 1.0, False
        self.language = language if language in languages() else ENGLISH
        self.followed: int | None = None
        self.opened: tuple[str, int] | None = None
        self.chosen = ""
        self.undone: list[Before] = []
        self.notice: dict[str, str] | None = None
        self.busy = ""
        self.shadows: Shadows | None = None
        self.flow: Flow | None = None
        self._stop, self._acked = threading.Event(), threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._told_luck = 0.0
        self._asking = False
        self.closed = False
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
            self._tell_of(problem)

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
        plan = replace(self.plan, seed=self.plan.seed + 1 if self.plan.seed < LARGEST_SEED else 0, acts=())
        self.change(plan, text(self.language, "town.act.luck"), self.plan.first)

    def do_setting(self, message: Mapping[str, Any]) -> None:
        """Another setting, from its beginning."""
        plan = replace(self.plan, setting=_said(message, "v"), acts=())
        self.change(plan, text(self.language, "town.act.start"), plan.first)

    def do_sides(self, message: Mapping[str, Any]) -> None:
        """Any two governances, from the beginning."""
        left, right = (Side(_said(message, side)) for side in SIDES)
        self.change(replace(self.plan, left=left, right=right, acts=()), text(self.language, "town.act.start"), None)

    def do_versus(self, message: Mapping[str, Any]) -> None:
        """The left town against itself with one number changed, from the beginning."""
        right = self.plan.left.with_own(_said(message, "dial"), _number(message.get("value"), "value"))
        self.change(replace(self.plan, right=right, acts=()), text(self.language, "town.act.start"), None)

    def do_founded(self, message: Mapping[str, Any]) -> None:
        """A number that is read when a town is founded, changed from the beginning: for both towns, or for one."""
        name, value = _said(message, "name"), _number(message.get("value"), "value")
        if name == "residents":
            plan = replace(self.plan, residents=round(value), acts=())
        else:
            asked = [SIDES[place] for place in places(_side(message, BOTH))]
            plan = replace(
                self.plan, acts=(), **{side: getattr(self.plan, side).with_own(name, value) for side in asked}
            )
        self.change(plan, text(self.language, "town.act.start"), None)

    def do_shock(self, message: Mapping[str, Any]) -> None:
        """A shock from the next month on, in both towns."""
        key = _said(message, "key")
        size = size_of(key, message.get("size", 1))
        lasting = message.get("lasting", True) is not False
        self.do(Act(NEXT, "shock", BOTH, key, size, lasting))

    def do_dial(self, message: Mapping[str, Any]) -> None:
        """Another value of a dial or a parameter from the next month on."""
        name, value = _said(message, "name"), _number(message.get("value"), "value")
        self.do(Act(NEXT, "own", _side(message, BOTH), name, value))

    def do_fork(self, message: Mapping[str, Any]) -> None:
        """Both towns are one of them from here on, and the other side is held otherwise."""
        side = _side(message, "")
        if "governance" in message:
            act = Act(NEXT, "fork", side, "governance", _said(message, "governance"))
        else:
            act = Act(NEXT, "fork", side, _said(message, "dial"), _number(message.get("value"), "value"))
        self.do(act)

    def do_undo(self, _: Mapping[str, Any]) -> None:
        """Take back the last thing done, and live up to the same month without it."""
        with self.lock:
            if not self.undone:
                return
            before = self.undone[-1]
            same_run = before.plan == replace(self.plan, acts=before.plan.acts) and set(before.plan.acts) <= set(
                self.plan.acts
            )
            self._begin(before.plan, self.towns.month if same_run else before.month)
            del self.undone[-1]
            self._show_state()

    def do_follow(self, message: Mapping[str, Any]) -> None:
        """Follow one resident in both towns; any number below 0 for somebody with much happening."""
        with self.lock:
            asked = int(_number(message.get("i"), "i"))
            self.followed = eventful(self.towns.pasts, self.plan.first) if asked < 0 else asked
            self.followed = min(self.followed, self.plan.residents - 1)
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
        """Close the card."""
        with self.lock:
            self.opened = None
            self.widget.card = {}

    def do_why(self, message: Mapping[str, Any]) -> None:
        """Follow one event of one town back to its causes: that town is lived again beside, which takes a moment."""
        side, event = _side(message, ""), int(_number(message.get("event"), "event"))
        if side == BOTH:
            raise PlanError("an event is one town's: left or right")
        with self.lock:
            if self._asking or self.opened is None:
                return
            self._asking = True
            opened, place = self.opened, SIDES.index(side)
            journal, language, when = self.towns.models[place].journal, self.language, self._when()

        def find() -> None:
            try:
                found = cards.why_in_full(journal, event, language, when)
            except Exception as problem:  # noqa: BLE001  told on the card, whatever it is
                found = [str(problem)]
            with self.lock:
                self._asking = False
                if self.opened == opened and not self.closed:
                    self.widget.card = {**self.widget.card, "why": {"side": place, "event": event, "lines": found}}

        threading.Thread(target=find, name="kith-why", daemon=True).start()

    def do_outcome(self, message: Mapping[str, Any]) -> None:
        """Judge the luck of another outcome."""
        self.judge(_said(message, "v"))

    def do_flow(self, message: Mapping[str, Any]) -> None:
        """Lead the room through a storyboard: start, next, back, vote, reveal, end."""
        with self.lock:
            if _said(message, "do") == "start":
                flow = Flow(storyboard(_said(message, "name")), self)
                flow.start()
                self.flow = flow
            elif self.flow is not None:
                self.flow.hear(message)
                self.flow = None if self.flow.over else self.flow
            self._show_flow()

    def do_language(self, message: Mapping[str, Any]) -> None:
        """Speak another language."""
        language = _said(message, "v")
        if language in languages():
            with self.lock:
                self.language = language
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
        if self.closed:
            return
        self.change(plan, text(self.language, "rooms.act"), None)
        self.tell(text(self.language, "rooms.pushed"))

    def do_file(self, message: Mapping[str, Any]) -> None:
        """Make something to keep: the numbers, a replay, a pack. It is lived again beside, which takes a moment."""
        kind = _said(message, "kind")
        if kind not in sharing.KINDS:
            raise PlanError(f"there is no file of the kind {kind!r}: {', '.join(sharing.KINDS)}")
        with self.lock:
            if self.busy:
                raise PlanError(text(self.language, "sharing.wait"))
            self.busy = text(self.language, f"sharing.making.{kind}")
            self._show_state()
        threading.Thread(target=self._make_file, args=(kind,), name="kith-file", daemon=True).start()

    def _make_file(self, kind: str) -> None:
        try:
            made = sharing.file_of(self, kind, self._ended)
        except Exception as problem:  # noqa: BLE001  told on the page, whatever it is
            self.busy = ""
            if not self.closed:
                self._tell_of(problem)
            return
        self.busy = ""
        if not self.closed:
            self.widget.send({"file": {"name": made.name, "type": made.type}}, buffers=[made.data])
            self._show_state()

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
            self.playing, self._stop, self._acked = True, threading.Event(), threading.Event()
            self._thread = threading.Thread(
                target=self._live, args=(self._stop, self._acked), name="kith-town", daemon=True
            )
            self._show_state()
            self._thread.start()

    def pause(self) -> None:
        """Stand still. The month being lived is finished."""
        self._stop.set()
        self._acked.set()
        if self.playing:
            self.playing = False
            self._show_state()

    def _live(self, stop: threading.Event, acked: threading.Event) -> None:
        due = time.perf_counter()
        while not stop.is_set():
            acked.clear()
            if not self.step(stop) or not acked.wait(PATIENCE):
                break
            if self.flow is not None and self.flow.holds(self.towns.month):
                break
            due = max(due + 1.0 / self.speed, time.perf_counter())
            stop.wait(max(0.0, due - time.perf_counter()))
        if not stop.is_set():
            self.pause()

    def step(self, stop: threading.Event | None = None) -> bool:
        """One month in both towns, drawn. False when there is none left, or when it could not be lived.

        A thread that plays says what it is stopped by: it may have been stopped while it waited for its turn.
        """
        with self.lock:
            if self.closed or (stop is not None and stop.is_set()):
                return False
            month = self.towns.month
            try:
                lived = self.towns.step()
            except Exception as problem:  # noqa: BLE001  a rule that raises shows a card, and the run stays
                log.error("Month %s could not be lived: %s", month + 1, where_raised(problem))
                self.pause()
                self._go_back(month)
                self._tell_of(problem, "rule", month=month + 1)
                return False
            try:
                if lived:
                    self._show_month()
            except Exception as problem:  # noqa: BLE001  nor does a month that cannot be shown end it
                self.pause()
                self._tell_of(problem)
                return False
            return lived

    def _go_back(self, month: int) -> None:
        """Both towns as they stood when a month was over: of what was half lived, nothing is kept."""
        with suppress(Exception):
            towns = TwoTowns(self.plan, month)
            self.towns.close()
            self.towns = towns

    def live_to(self, month: int) -> None:
        """Live on at once until a month is over."""
        with self.lock:
            self.pause()
            before = self.towns.month
            try:
                self.towns.live_to(month)
            except Exception:
                self._go_back(before)
                raise
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
        """Do something from the next month on, whatever month the act says: a town that plays does not wait."""
        with self.lock:
            if self.towns.over:
                raise PlanError(text(self.language, "town.problem.over"))
            act = replace(act, month=self.towns.next)
            before = Before(self.plan, self.towns.month, self._told(act))
            if self._moves_again(act):
                self.towns.redo(act)
                before = self.undone.pop()._replace(done=before.done)
            else:
                self.towns.do(act)
            self._remember(before)
            self._live_shadows()
            self.notice = None
            self._push_month()

    def _moves_again(self, act: Act) -> bool:
        """Whether a dial is moved on before a month has passed: on its way to what is meant it has many values."""
        acts = self.plan.acts
        if act.kind != "own" or not acts or not self.undone or self.undone[-1].plan.acts != acts[:-1]:
            return False
        return (act.kind, act.month, act.side, act.name) == (
            acts[-1].kind, acts[-1].month, acts[-1].side, acts[-1].name,
        )  # fmt: skip

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
        value = frames.number_told(float(act.value), language)
        return text(language, "town.act.own", what=frames.label(language, act.name), value=value, side=side)

    # ---- showing -------------------------------------------------------------------------------------------

    def _show_run(self) -> None:
        """Everything anew: the towns described, the month on the screen, and the past."""
        with self.lock:
            self.run += 1
            self._forget_what_is_not_there()
            self.widget.words = dict(catalogue(self.language))
            self._describe()
            self._show_month()
            self._send_history()
            self._live_shadows()

    def _forget_what_is_not_there(self) -> None:
        if self.followed is not None and self.followed >= self.plan.residents:
            self.followed = None
        self.opened = None
        self.widget.card = {}

    def _show_month(self) -> None:
        sides, forks = self._described
        if self.towns.sides != sides or self.towns.forks != forks:
            self._describe()
            if self.towns.forks != forks:
                self._send_history()
        self._push_month()
        self._show_person()
        self._show_card()
        self._show_luck()
        self._show_flow()
        self._show_state()

    def _describe(self) -> None:
        """What stays as it is from month to month, and by which names it is told."""
        self._described = list(self.towns.sides), self.towns.forks
        self.teller = frames.teller(self.towns, self.language)
        self.widget.static = frames.description(self.towns, self.language, self.run)

    def _push_month(self) -> None:
        """The month on the screen, as a packet."""
        self.seq += 1
        head = {"run": self.run, "seq": self.seq, **frames.head(self.towns, self.teller, self.language)}
        self.widget.frame = frames.packet(self.towns, head)

    def _send_history(self) -> None:
        """Every month shown so far, so that charts are full after a rebuild or a reload."""
        self.widget.send({"history": frames.history(self.towns, self.run)})

    def _show_person(self) -> None:
        if self.followed is None:
            self.widget.person = {}
            return
        towns = self.towns
        left, right = (model.town for model in towns.models)
        self.widget.person = cards.person(
            left, right, self.followed, self.language, towns.pasts, first=self.plan.first, when=self._when()
        )

    def _show_card(self) -> None:
        if self.opened is None:
            return
        kind, row = self.opened
        pasts, language, first, when = self.towns.pasts, self.language, self.plan.first, self._when()
        left, right = (model.town for model in self.towns.models)
        if kind == "organisation":
            found = cards.organisation_card(left, right, row, language, pasts, first=first, when=when)
        else:
            found = cards.tie_card(left, right, kind, row, language, pasts, first=first, when=when)
        self.widget.card = found

    def _when(self) -> cards.When:
        """What months are called."""
        setting, language = self.plan.scenario(), self.language
        return lambda month: frames.when(setting, month, language)

    def _show_flow(self) -> None:
        """The storyboard that is led; where there is none, those that could be."""
        self.widget.flow = self.flow.shown() if self.flow else {"storyboards": offered(self.language)}

    def _show_state(self) -> None:
        self.widget.state = {
            "playing": self.playing, "speed": self.speed, "busy": self.busy, "notice": self.notice,
            "language": self.language, "languages": list(languages()),
            "undo": self.undone[-1].done if self.undone else "",
            "link": self.link(), "engine": "compiled" if self.towns.models[0].engine.compiled else "plain",
            "over": self.towns.over, "join": self.room.shown() if self.room is not None else None,
        }  # fmt: skip

    def link(self) -> str:
        """The query that rebuilds what is on the screen."""
        return link_of(self.plan, self.towns.month, "" if self.language == ENGLISH else self.language)

    def tell(self, said: str, kind: str = "info") -> None:
        """Say something on the page."""
        self.notice = {"text": said if len(said) <= MOST_SAID else f"{said[:MOST_SAID]} …", "kind": kind}
        self._show_state()

    def _tell_of(self, problem: Exception, what: str = "asked", **more: object) -> None:
        """Say on the page what went wrong."""
        said = f"{type(problem).__name__}: {problem}"[: MOST_SAID // 2]
        self.tell(text(self.language, f"town.problem.{what}", problem=said, **more), "error")

    # ---- luck ----------------------------------------------------------------------------------------------

    def judge(self, outcome: str) -> None:
        """Judge the luck of an outcome, if it is one that is drawn."""
        if outcome in frames.CHARTS:
            self.chosen = outcome
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

    @property
    def outcome(self) -> str:
        """The outcome whose luck is judged: the one that was chosen, or else each in turn."""
        return self.chosen or in_turn(frames.outcomes(), self.towns.month - self.plan.first)

    def _show_luck(self) -> None:
        with self.lock:
            shadows = self.shadows
            if shadows is None or self.closed:
                return
            self.widget.luck = shown(shadows, self.outcome, self.towns, self.language, self.teller.called)

    # ---- the end -------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End it: the thread, the other pairs of towns, the widget, the towns."""
        self.closed = True
        self._ended.set()
        if self._leave is not None:
            self._leave()
        self.pause()
        if self.shadows is not None:
            self.shadows.stop()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(FAREWELL)
        with self.lock:
            self.widget.close()
            self.towns.close()


def where_raised(problem: BaseException) -> str:
    """What went wrong, and the line that raised it: all that whoever wrote a rule needs."""
    *_, last = traceback.extract_tb(problem.__traceback__)
    return f"{type(problem).__name__}: {problem} ({last.filename}, line {last.lineno}: {last.line})"


def _number(given: object, name: str) -> float:
    """A number the page has sent, or a refusal."""
    number = math.nan
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        with suppress(OverflowError):
            number = float(given)
    if not math.isfinite(number):
        raise PlanError(f"{name} is {str(given)[:A_NAME]!r}; it must be a number")
    return number


def _said(message: Mapping[str, Any], name: str) -> str:
    """A name the page has sent, or a refusal: no name is as long as a book."""
    given = message.get(name)
    if not isinstance(given, str) or len(given) > A_NAME:
        raise PlanError(f"{name} is {str(given)[:A_NAME]!r}; it must be a name")
    return given


def _side(message: Mapping[str, Any], usual: str) -> str:
    """The side a message names, or the usual one."""
    side = message.get("side", usual)
    if side not in (*SIDES, BOTH):
        raise PlanError(f"side is {str(side)[:A_NAME]!r}; it must be left, right or both")
    return str(side)
