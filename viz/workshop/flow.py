"""The way through a storyboard: what to say, a question, hands, play to a month, and what happened.

Change this file to lead a room otherwise; what a storyboard may say is in viz/workshop/storyboards.py. The way is led
on a stage, which is a session or, to rehearse it and to judge its answers by luck, a pair of towns without a page.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from agents.declared import near
from experiments.pairs import seed_of
from viz.workshop import frames
from viz.workshop.plan import LARGEST_SEED, Act, Plan, PlanError
from viz.workshop.storyboards import Compared, Question, Step, Storyboard, Words, changed, filled, said
from viz.workshop.towns import TwoTowns
from viz.workshop.words import ENGLISH, languages, text

MOST_HANDS = 999


class Stage(Protocol):
    """What of a session a storyboard needs: viz/workshop/session.py is one."""

    towns: TwoTowns
    language: str
    lock: threading.RLock

    def change(self, plan: Plan, done: str, month: int | None) -> None:
        """Another plan, from its first month or another."""

    def do(self, act: Act) -> None:
        """Do something from the next month on."""

    def live_to(self, month: int) -> None:
        """Live on at once until a month is over."""

    def judge(self, outcome: str) -> None:
        """Judge the luck of an outcome."""


class Stood(NamedTuple):
    """How things stood when a step was left."""

    plan: Plan
    month: int


class Flow:
    """A storyboard being led: which step it is at, the hands that were raised, and what was shown.

    Votes are counted here and nowhere else: they are not in the plan, not in a link, and gone when it ends.
    """

    def __init__(self, board: Storyboard, stage: Stage) -> None:
        self.board, self.stage = board, stage
        self.at = 0
        self.over = False
        self.votes = [[0] * len(step.question.options) if step.question else [] for step in board.steps]
        self.revealed: dict[int, tuple[int, Words]] = {}
        self._stood: list[Stood] = []
        self._asked: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
            "next": lambda _: self.next(),
            "back": lambda _: self.back(),
            "vote": lambda message: self.vote(message.get("option"), message.get("votes")),
            "reveal": lambda _: self.reveal(),
            "end": lambda _: self.end(),
        }

    @property
    def step(self) -> Step:
        """The step on the screen."""
        return self.board.steps[self.at]

    def hear(self, message: Mapping[str, Any]) -> None:
        """Do what the page asks: next, back, vote, reveal or end. Anything else is refused in words."""
        asked = message.get("do")
        if asked not in self._asked:
            raise PlanError(f'a storyboard cannot "{asked}".{near(asked, self._asked)}')
        self._asked[str(asked)](message)

    def start(self) -> None:
        """Begin: the towns of the storyboard, from their first month."""
        self.stage.change(self.board.plan, self._title, None)
        self._enter()

    def next(self) -> None:
        """Go on. What this step still had to play is lived at once, so that the run is the same whoever leads it."""
        self._live()
        if self.at + 1 == len(self.board.steps):
            self.end()
            return
        self._stood.append(Stood(self.stage.towns.plan, self.stage.towns.month))
        self.at += 1
        self._enter()

    def back(self) -> None:
        """The step before, with the towns as they stood when it was left."""
        if not self._stood:
            return
        stood = self._stood.pop()
        self.at -= 1
        if stood != Stood(self.stage.towns.plan, self.stage.towns.month):
            self.stage.change(stood.plan, self._title, stood.month)

    def vote(self, option: object, hands: object) -> None:
        """So many hands for an option."""
        votes = self.votes[self.at]
        for name, given, most in (("option", option, len(votes) - 1), ("votes", hands, MOST_HANDS)):
            if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= most:
                raise PlanError(f"{name} is {given!r}; it must be a whole number from 0 to {most}")
        votes[int(option)] = int(hands)  # type: ignore[call-overload]

    def reveal(self) -> None:
        """What came of it. What this step still had to play is lived at once."""
        question = self.step.question
        if question is None:
            return
        self._live()
        towns = self.stage.towns
        came = question.answer.of(towns, len(question.options))
        ahead = came if isinstance(question.answer, Compared) and came < 2 else None
        told = {each: filled(said(question.reveal, each), towns, each, ahead) for each in languages()}
        self.revealed[self.at] = came, told
        self.stage.judge(question.answer.looks[0].measure)

    def end(self) -> None:
        """Put the storyboard away; the towns stay."""
        self.over = True

    def holds(self, month: int) -> bool:
        """Whether play stops after this month, for the room to talk."""
        return not self.over and month == self.step.play_to

    @property
    def ready(self) -> bool:
        """Whether everything this step plays has been played."""
        towns = self.stage.towns
        return self.step.play_to is None or towns.over or towns.month >= self.step.play_to

    def shown(self) -> dict[str, Any]:
        """What the page is told: the trait `flow`."""
        language, towns, step = self.stage.language, self.stage.towns, self.step
        return {
            "title": said(self.board.title, language), "step": self.at + 1, "steps": len(self.board.steps),
            "prompt": filled(said(step.prompt, language), towns, language),
            "minutes": step.minutes, "timer": round(60 * step.minutes), "question": self._question(language),
            "ready": self.ready, "play_to": step.play_to,
            "until": "" if step.play_to is None else frames.when(towns.plan.scenario(), step.play_to, language),
            "last": self.at + 1 == len(self.board.steps),
        }  # fmt: skip

    def _question(self, language: str) -> dict[str, Any] | None:
        question = self.step.question
        if question is None:
            return None
        votes, revealed = self.votes[self.at], self.revealed.get(self.at)
        shown = None
        if revealed is not None:
            came, told = revealed
            hands = text(language, "storyboards.hands", right=votes[came], all=sum(votes)) if any(votes) else ""
            shown = {"answer": came, "told": f"{told[language]} {hands}".strip()}
        towns = self.stage.towns
        return {
            "text": filled(said(question.text, language), towns, language),
            "options": [filled(said(option, language), towns, language) for option in question.options],
            "votes": list(votes), "revealed": shown,
        }  # fmt: skip

    @property
    def _title(self) -> str:
        return said(self.board.title, self.stage.language)

    def _enter(self) -> None:
        """Change what the step changes."""
        step, towns = self.step, self.stage.towns
        if step.start:
            self.stage.change(changed(towns.plan, step.start), self._title, None)
        elif step.act is not None and not towns.over:
            self.stage.do(step.act)

    def _live(self) -> None:
        if not self.ready and self.step.play_to is not None:
            self.stage.live_to(self.step.play_to)


class Rehearsal:
    """Towns without a page: enough for a storyboard to be led through, and to know beforehand what will be told."""

    def __init__(self, plan: Plan, language: str = ENGLISH) -> None:
        self.lock, self.language = threading.RLock(), language
        self.judged: list[str] = []
        self.towns = TwoTowns(plan, remember=False)

    def change(self, plan: Plan, done: str, month: int | None) -> None:
        """Another plan, from its first month or another."""
        self.towns.close()
        self.towns = TwoTowns(plan, month, remember=False)

    def do(self, act: Act) -> None:
        """Do something from the next month on."""
        self.towns.do(act)

    def live_to(self, month: int) -> None:
        """Live on at once until a month is over."""
        self.towns.live_to(month)

    def judge(self, outcome: str) -> None:
        """Remember what was asked about."""
        self.judged.append(outcome)


def rehearsed(board: Storyboard, language: str = ENGLISH) -> str:
    """A storyboard from beginning to end, as text: what is said, what is asked, and what will be told."""
    flow = Flow(board, Rehearsal(board.plan, language))
    flow.start()
    parts = [f"{said(board.title, language)} ({board.minutes} min)\n{said(board.audience, language)}"]
    while not flow.over:
        flow.reveal()
        shown = flow.shown()
        lines = [f"{shown['step']}. ({shown['minutes']:g} min) {shown['prompt']}"]
        if shown["until"]:
            lines.append(text(language, "storyboards.plays", until=shown["until"]))
        if asked := shown["question"]:
            lines += [asked["text"], *(f"   - {option}" for option in asked["options"])]
            came = asked["options"][asked["revealed"]["answer"]]
            lines.append(text(language, "storyboards.came", option=came, told=asked["revealed"]["told"]))
        parts.append("\n".join(lines))
        flow.next()
    return "\n\n".join(parts)


class Asked(NamedTuple):
    """A question of a storyboard, and the towns it is answered from."""

    step: int
    question: Question
    plan: Plan
    month: int

    def answered(self, seed: int | None = None) -> int:
        """The option that comes true; with other luck, where a seed is given."""
        plan = self.plan if seed is None else replace(self.plan, seed=seed)
        towns = TwoTowns(plan, self.month, remember=False)
        came = self.question.answer.of(towns, len(self.question.options))
        towns.close()
        return came


def questions(board: Storyboard) -> Iterator[Asked]:
    """Every question of a storyboard, with the plan and the month at which it is answered."""
    plan, month = board.plan, board.plan.first
    for number, step in enumerate(board.steps, start=1):
        if step.start:
            plan, month = changed(plan, step.start), plan.first
        if step.act is not None:
            plan = plan.and_then(step.act)
        month = max(month, step.play_to or 0)
        if step.question is not None:
            yield Asked(number, step.question, plan, month)


def by_luck(board: Storyboard, pairs: int, language: str = ENGLISH) -> str:
    """For each question, how many of so many towns with other luck answer as those shown, as text."""
    lines = [f"{said(board.title, language)}"]
    for asked in questions(board):
        shown = asked.answered()
        seeds = (seed_of(asked.plan.seed, pair) % LARGEST_SEED for pair in range(pairs))
        agree = sum(asked.answered(seed) == shown for seed in seeds)
        lines.append(text(language, "storyboards.agree", step=asked.step, agree=agree, of=pairs))
    return "\n".join(lines)
