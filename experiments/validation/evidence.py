"""All claims about the model put to the model, and what it said: a table, JSON and Markdown.

Change this file to gather claims from another file, or to keep something more of what was found. A claim that fails
stays in the table, and so does one whose check breaks: its row says so. The same seeds give the same figures. The page
for reading is made in viz/evidence_page.py.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import math
import os
import platform
import textwrap
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from agents.declared import fields_of, near
from agents.parameters import Parameters
from experiments.validation.claims import CLAIMS, Claim, Finding, Group
from experiments.validation.paired import SMALLEST, working
from simulation.journal import model_fingerprint, version_of

if TYPE_CHECKING:
    import pandas as pd

MODULES = ("known_answers", "spreading", "boundaries", "docking", "neutrality", "facts")
"""The files beside this one that hold claims, in the order in which they are shown."""
SEEDS, QUICK_SEEDS = 8, 3
PASSED, FAILED, BROKEN = "passed", "failed", "failed: error"


class UnknownClaim(ValueError):
    """A claim or a group that is not there, with the nearest name."""


class Progress(NamedTuple):
    """How far the claims have come: answered, of how many, the one being asked, and towns lived for it so far."""

    done: int
    total: int
    claim: Claim
    towns: int


Tell = Callable[[Progress], None]


@dataclass(frozen=True)
class Answer:
    """What the model said to one claim; `error` where its check broke, with the findings it had made by then."""

    claim: Claim
    findings: tuple[Finding, ...] = ()
    error: str = ""
    traceback: str = ""

    @property
    def judged(self) -> tuple[Finding, ...]:
        """Findings that could fail."""
        return tuple(each for each in self.findings if each.judged)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """Findings that did."""
        return tuple(each for each in self.judged if not each.passed)

    @property
    def status(self) -> str:
        """Passed when there was something to judge and all of it holds; failed otherwise."""
        if self.error:
            return BROKEN
        return PASSED if self.judged and not self.failed else FAILED

    @property
    def passed(self) -> bool:
        """Whether the claim holds."""
        return self.status == PASSED


@dataclass(frozen=True, eq=False)
class Evidence:
    """Every answer, and what was spent on it. Failed claims come first in everything made from it."""

    answers: tuple[Answer, ...]
    asked: int
    seeds: int
    quick: bool = False
    stopped: bool = False

    @property
    def failures(self) -> tuple[Answer, ...]:
        """Claims that do not hold, or whose check broke."""
        return tuple(each for each in self.answers if not each.passed)

    @cached_property
    def ordered(self) -> tuple[Answer, ...]:
        """Failed claims first, each kind in the order of the files."""
        return (*self.failures, *(each for each in self.answers if each.passed))

    @cached_property
    def by_group(self) -> dict[Group, tuple[int, int]]:
        """How many claims of each group hold, and how many do not."""
        found = {}
        for group in Group:
            mine = [each.passed for each in self.answers if each.claim.group is group]
            if mine:
                found[group] = (sum(mine), len(mine) - sum(mine))
        return found

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each finding; a claim without findings has one row too."""
        import pandas as pd  # noqa: PLC0415  slow to import

        return pd.DataFrame(list(self._rows()), columns=list(COLUMNS))

    def _rows(self) -> Iterator[dict[str, Any]]:
        for answer in self.ordered:
            claim = answer.claim
            shared = {"claim": claim.id, "group": claim.group.value, "says": claim.says, "status": answer.status}
            shared |= {"level": claim.level.value, "source": claim.source}
            rows: list[dict[str, Any]] = [
                {
                    "what": each.what, "finding": result_of(each), "figure": each.figure, "low": each.low,
                    "high": each.high, "interval_low": each.interval[0] if each.interval else math.nan,
                    "interval_high": each.interval[1] if each.interval else math.nan, "note": each.note,
                }
                for each in answer.findings
            ]  # fmt: skip
            if answer.error or not rows:
                nothing = dict.fromkeys(("figure", "low", "high", "interval_low", "interval_high"), math.nan)
                why = answer.error or "the check found nothing"
                rows.append({"what": "", "finding": answer.status, **nothing, "note": why})
            for row in rows:
                yield {**shared, **row, "seeds": self.seeds, "quick": self.quick}


COLUMNS = (
    "claim", "group", "says", "status", "what", "finding", "figure", "low", "high", "interval_low", "interval_high",
    "level", "source", "note", "seeds", "quick",
)  # fmt: skip


def result_of(finding: Finding) -> str:
    """Passed, failed, or only reported."""
    return (PASSED if finding.passed else FAILED) if finding.judged else "reported"


# ---- asking -----------------------------------------------------------------------------------------


def gathered() -> dict[str, Claim]:
    """Every claim by its id, from all files."""
    for name in MODULES:
        importlib.import_module(f"experiments.validation.{name}")
    return CLAIMS


def chosen(groups: Sequence[str] = (), only: Sequence[str] = ()) -> list[Claim]:
    """The claims of some groups, or by their ids; all where neither is named. Raises UnknownClaim."""
    claims = gathered()
    named = {group.name.lower(): group for group in Group} | {group.value: group for group in Group}
    for group in groups:
        if group not in named:
            raise UnknownClaim(f'there is no group "{group}".{near(group, named)} Known: {", ".join(Group)}')
    for each in only:
        if each not in claims:
            raise UnknownClaim(f'there is no claim "{each}".{near(each, claims)} Known: {", ".join(claims)}')
    wanted = {named[group] for group in groups}
    return [
        each for each in claims.values()
        if (not wanted or each.group in wanted) and (not only or each.id in only)
    ]  # fmt: skip


def validate(
    claims: Sequence[Claim] | None = None,
    seeds: int | None = None,
    *,
    quick: bool = False,
    workers: int | None = None,
    tell: Tell | None = None,
) -> Evidence:
    """Put claims to the model, one after another. An interrupt from the keyboard ends it early; what was done is kept.

    `seeds` is how many paired seeds to spend; samples are as much smaller. `quick` spends few, for a first look.
    """
    asked = chosen() if claims is None else list(claims)
    spend = seeds if seeds is not None else QUICK_SEEDS if quick else SEEDS
    answers: list[Answer] = []
    stopped = False
    for claim in asked:
        try:
            answers.append(_asked(claim, spend, workers, len(answers), len(asked), tell))
        except KeyboardInterrupt:
            stopped = True
            break
    return Evidence(tuple(answers), len(asked), spend, quick, stopped)


def _asked(claim: Claim, seeds: int, workers: int | None, done: int, total: int, tell: Tell | None) -> Answer:
    towns = 0

    def count(more: int) -> None:
        nonlocal towns
        towns += more
        if tell is not None:
            tell(Progress(done, total, claim, towns))

    count(0)
    findings: list[Finding] = []
    try:
        with working(workers, count):
            findings.extend(claim.check(seeds))
    except Exception as error:  # noqa: BLE001  a check that breaks is a failed claim, and loses no other
        return Answer(claim, tuple(findings), f"{type(error).__name__}: {error}", _traceback())
    return Answer(claim, tuple(findings))


def _traceback() -> str:
    """How a check broke, with places told from the model's own folder on."""
    return traceback.format_exc().replace(f"{HOUSE}{os.sep}", "")


HOUSE = Path(__file__).resolve().parent.parent.parent


# ---- what made it -----------------------------------------------------------------------------------


def made_with(evidence: Evidence) -> dict[str, str]:
    """What made the figures: versions, fingerprints of the model and of the claims, and seeds."""
    found = {"kith": version_of("kith"), "model": model_fingerprint(), "claims": claims_fingerprint()}
    found |= {"python": platform.python_version()}
    found |= {package: version_of(package) for package in ("numpy", "numba", "scipy")}
    return found | {"seeds": str(evidence.seeds), "quick": "yes" if evidence.quick else "no"}


def claims_fingerprint() -> str:
    """A hash of the text of every claim."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def parameters_used() -> dict[str, Any]:
    """Every parameter at its default: where a claim changes one, it says so."""
    return {
        name: each.choices[int(each.default)] if each.choices and not isinstance(each.default, tuple) else each.default
        for name, each in fields_of(Parameters).items()
    }


# ---- in words ---------------------------------------------------------------------------------------


def number(value: float) -> str:
    """A figure as text: four digits that count."""
    if math.isnan(value):
        return "not a number"
    text = f"{abs(value):,.0f}" if abs(value) >= 10_000 else f"{abs(value):.4g}"
    return f"−{text}" if value < 0.0 else text


def range_of(finding: Finding) -> str:
    """What a figure must be, in words."""
    low, high = finding.low, finding.high
    if not finding.judged:
        return "anything: only reported"
    if low == high:
        return f"exactly {number(low)}"
    if math.isinf(high):
        sure = finding.interval is not None and math.isclose(low, finding.figure - finding.interval[0], rel_tol=TINY)
        return "above 0, its interval too" if sure or low == SMALLEST else f"at least {number(low)}"
    return f"at most {number(high)}" if math.isinf(low) else f"{number(low)} to {number(high)}"


TINY = 1e-9


def interval_of(finding: Finding) -> str:
    """The 95% interval in words, or nothing."""
    return "" if finding.interval is None else f"{number(finding.interval[0])} to {number(finding.interval[1])}"


def headline(evidence: Evidence) -> str:
    """How many claims hold, in a sentence."""
    many, bad = len(evidence.answers), len(evidence.failures)
    broken = sum(bool(each.error) for each in evidence.answers)
    text = f"{many} claim{'' if many == 1 else 's'} put to the model: {many - bad} passed, {bad} failed"
    text += f" (of these {broken} because the check broke)." if broken else "."
    return text + "".join(f" {each}" for each in cautions(evidence))


def cautions(evidence: Evidence) -> list[str]:
    """What a reader should know before believing a figure."""
    said = []
    if evidence.stopped:
        said.append(f"Stopped early: {len(evidence.answers)} of {evidence.asked} claims were put.")
    if evidence.quick:
        said.append(f"A quick look: {evidence.seeds} seeds and small samples, so claims may fail for want of towns.")
    return said


def as_text(evidence: Evidence, width: int = 100) -> str:
    """A short table for the terminal: failed claims first, with the findings that failed."""
    wide = max((len(each.claim.id) for each in evidence.answers), default=0)
    lines = []
    for answer in evidence.ordered:
        judged = len(answer.judged)
        counts = f"{judged - len(answer.failed)} of {judged}"
        lines.append(f"{'passed' if answer.passed else 'FAILED'}  {answer.claim.id:<{wide}}  {counts:>9}")
        said = [answer.error] if answer.error else []
        said += [f"{each.what}: {number(each.figure)}, must be {range_of(each)}" for each in answer.failed]
        for text in said:
            lines += textwrap.wrap(text, width, initial_indent=" " * 8, subsequent_indent=" " * 10)
    return "\n".join([*textwrap.wrap(headline(evidence), width), "", *lines])


def as_json(evidence: Evidence) -> str:
    """Everything for machines. What is not a finite number is null."""
    answers = [
        {
            "id": each.claim.id, "group": each.claim.group.value, "says": each.claim.says, "status": each.status,
            "source": each.claim.source, "level": each.claim.level.value, "error": each.error,
            "traceback": each.traceback,
            "findings": [
                {
                    "what": one.what, "result": result_of(one), "figure": _finite(one.figure), "low": _finite(one.low),
                    "high": _finite(one.high),
                    "interval": [_finite(end) for end in one.interval] if one.interval else None, "note": one.note,
                }
                for one in each.findings
            ],
        }
        for each in evidence.ordered
    ]  # fmt: skip
    told = {
        "claims": len(evidence.answers), "passed": len(evidence.answers) - len(evidence.failures),
        "failed": len(evidence.failures), "asked": evidence.asked, "seeds": evidence.seeds, "quick": evidence.quick,
        "stopped": evidence.stopped, "answers": answers, "made_with": made_with(evidence),
        "parameters": parameters_used(),
    }  # fmt: skip
    return json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def as_markdown(evidence: Evidence) -> str:
    """The whole table as Markdown, failed claims first."""
    lines = ["# What is claimed of Kith, and what the model says", "", headline(evidence), ""]
    lines += ["| group | passed | failed |", "|---|---|---|"]
    lines += [f"| {group.value} | {good} | {bad} |" for group, (good, bad) in evidence.by_group.items()]
    for answer in evidence.ordered:
        claim = answer.claim
        lines += ["", f"## {answer.status.upper()}: {claim.says}", "", f"`{claim.id}`, {claim.group.value}, "
                  f"held to: {claim.level.value}. {claim.source}", ""]  # fmt: skip
        if answer.error:
            lines += ["The check broke:", "", "```", answer.traceback.strip(), "```", ""]
        if answer.findings:
            lines += ["| result | what | figure | 95% interval | must be | note |", "|---|---|---|---|---|---|"]
        for each in sorted(answer.findings, key=lambda one: one.passed):
            cells = (result_of(each), each.what, number(each.figure), interval_of(each), range_of(each), each.note)
            lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    lines += ["", "## What made these figures", "", "| what | version |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in made_with(evidence).items()]
    return "\n".join(lines) + "\n"
