"""Governances side by side: kith compare, kith attribute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viz.command.options import (
    DEFAULT_SETTING,
    RESULTS,
    EngineName,
    Json,
    Months,
    Replace,
    Residents,
    RulesFile,
    Seed,
    Sets,
    Setting,
    Workers,
    check_engine,
    governance_from,
    governances_from,
    rules_from,
    scenario_for,
)
from viz.command.terminal import FAILED, INTERRUPTED, LINES_APART, Bar, Mistake, say, tell, warnings_told

if TYPE_CHECKING:
    from experiments.attribution import Attribution
    from experiments.pairs import Comparison, Progress


def compare(
    setting: Setting = DEFAULT_SETTING,
    governance: Annotated[
        list[str] | None,
        typer.Option(
            "--governance",
            metavar="NAME",
            show_default="contract, relational, formal_relational",
            help="A governance to compare: a name, a number from 0 (contract) to 1 (relational), or a TOML file with "
            "dials. Repeat it; the first is what the others are compared with.",
        ),
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Pairs of towns.", show_default="30")] = None,
    sets: Sets = None,
    months: Months = None,
    residents: Residents = None,
    seed: Seed = None,
    engine: EngineName = "auto",
    rules: RulesFile = None,
    workers: Workers = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write.", show_default="results/SETTING, or -2, -3 …")
    ] = None,
    replace: Replace = False,
    plausible: Annotated[
        bool, typer.Option("--plausible", help="Ask every plausible town too: does the answer keep its sign?")
    ] = False,
    json: Json = False,
) -> None:
    """Compare governances in paired towns, with the shock and without it, and write a report.

    The same luck in every town of a pair, so that only governance differs. Writes report.html, the numbers as Parquet
    and CSV, and question.toml, which asks the same again: kith compare results/SETTING/question.toml
    """  # fmt: skip
    from experiments import pairs, store  # noqa: PLC0415
    from experiments.workers import rules_text  # noqa: PLC0415
    from viz.report import headline_text, provisional_line, report_html  # noqa: PLC0415

    check_engine(engine)
    question = store.read_question(setting)
    scenario = scenario_for(question.scenario, sets, months, residents, seed)
    named = governances_from(governance or list(pairs.FAIR_FIGHT))
    if not governance and question.governances:
        named = dict(question.governances)
    rules = rules or question.rules
    rules_from(rules)
    many = _many(seeds if seeds is not None else question.seeds or 30, workers)
    _told_model(question.made_with, store.model_fingerprint())
    asked = pairs.Comparison(scenario, named, many, (), {}, rules=rules_text(rules))
    folder = out or (RESULTS / scenario.name if replace else store.free_folder(RESULTS / scenario.name, asked))
    store.check_folder(folder, asked, replace)
    fresh = not folder.exists() or not any(folder.iterdir())
    listener = Listener(provisional_line)
    with warnings_told():
        try:
            found = pairs.compare(
                scenario, governances=named, seeds=many, engine=engine, rules=rules, workers=workers, tell=listener
            )
        finally:
            listener.close()
        if (plausible or question.plausible) and found.replicates and not found.stopped:
            found = _in_plausible_towns(found, question.plausible, engine, rules, workers)
    written = _kept(found, folder, fresh, lambda: store.write(folder, found, report_html))
    say(store.as_json(found) if json else headline_text(found))
    _closing(found, folder, written, store.REPORT)


def attribute(
    setting: Setting = DEFAULT_SETTING,
    first: Annotated[
        str | None, typer.Option("--from", metavar="NAME", help="The first governance.", show_default="contract")
    ] = None,
    second: Annotated[
        str | None, typer.Option("--to", metavar="NAME", help="The second governance.", show_default="relational")
    ] = None,
    measure: Annotated[
        list[str] | None, typer.Option(help="A measure to show beside the outcomes declared in advance. Repeat it.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Towns of each mixture.", show_default="30")] = None,
    sets: Sets = None,
    months: Months = None,
    residents: Residents = None,
    seed: Seed = None,
    engine: EngineName = "auto",
    rules: RulesFile = None,
    workers: Workers = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write.", show_default="results/SETTING-attribution, or -2, -3 …")
    ] = None,
    replace: Replace = False,
    json: Json = False,
) -> None:
    """Share out the difference between two governances among their dials: which of them made it?

    Every mixture of seven groups of dials is lived, with the shock and without it and with the same luck, and the
    difference is shared out exactly (Shapley). Writes attribution.html, the numbers as Parquet and CSV, and
    question.toml, which asks the same again.
    """
    from agents.declared import near  # noqa: PLC0415
    from experiments import attribution, store  # noqa: PLC0415
    from experiments.workers import rules_text  # noqa: PLC0415
    from viz.attribution import attribution_html, attribution_text, cost_line, provisional_line  # noqa: PLC0415

    check_engine(engine)
    more = measure or []
    for name in more:
        if name not in attribution.MEASURED:
            raise Mistake(f'--measure {name}: there is no measure "{name}".{near(name, attribution.MEASURED)}')
    question = store.read_question(setting)
    scenario = scenario_for(question.scenario, sets, months, residents, seed)
    kept = list((question.governances or {}).items())
    kept = kept if len(kept) == 2 else [("contract", "contract"), ("relational", "relational")]
    chosen = [governance_from(given) if given else kept[place] for place, given in enumerate((first, second))]
    if chosen[0][0] == chosen[1][0]:
        raise Mistake(f"--from and --to are both {chosen[0][0]}; a difference lies between two")
    rules = rules or question.rules
    rules_from(rules)
    many = _many(seeds if seeds is not None else question.seeds or 30, workers)
    asked = attribution.Attribution(scenario, dict(chosen), many, rules=rules_text(rules))
    folder = out or RESULTS / f"{scenario.name}-attribution"
    folder = folder if out or replace else store.free_folder(folder, asked)
    store.check_folder(folder, asked, replace)
    fresh = not folder.exists() or not any(folder.iterdir())
    _told_model(question.made_with, store.model_fingerprint())
    listener = Listener(provisional_line)
    with warnings_told():
        try:
            found = attribution.attribute(
                scenario, governances=dict(chosen), seeds=many, engine=engine, rules=rules, workers=workers,
                tell=listener, tell_cost=lambda cost: listener.say(cost_line(cost)),
            )  # fmt: skip
        finally:
            listener.close()
    page = partial(attribution_html, more=more)
    written = _kept(found, folder, fresh, lambda: attribution.write(folder, found, page))
    say(attribution.as_json(found) if json else attribution_text(found, more))
    _closing(found, folder, written, store.ATTRIBUTION[0])


def _many(seeds: int, workers: int | None) -> int:
    """The number of seeds, refused before anything is written where there are none, or nobody to live them."""
    if seeds < 1:
        raise Mistake(f"--seeds {seeds}: there must be at least 1, and 30 for an answer worth having")
    if workers is not None and workers < 1:
        raise Mistake(f"--workers {workers}: there must be at least 1")
    return seeds


def _kept(found: Comparison | Attribution, folder: Path, fresh: bool, write: Callable[[], None]) -> bool:
    """Write what was found to its folder, if there is something to write; whether it was written."""
    from experiments.words import reason  # noqa: PLC0415

    if found.stopped and found.replicates:
        tell("stopping: keeping what was lived")
    if found.stopped and not (fresh and found.replicates):
        return False
    try:
        write()
    except OSError as error:
        tell(f"{folder} could not be written: {reason(error)}; the answer is below")
        return False
    return True


def _in_plausible_towns(
    found: Comparison, seeds: int, engine: str, rules: Path | None, workers: int | None
) -> Comparison:
    """The same question put to every plausible town; left out where the user has waited long enough."""
    from dataclasses import replace as with_  # noqa: PLC0415

    from experiments.plausible import SEEDS, ask_all, read_ensemble  # noqa: PLC0415

    towns = read_ensemble()
    bar: Bar | None = None

    def show(done: int, of: int) -> None:
        nonlocal bar
        bar = bar or Bar(of, "run")
        bar.show(done)

    try:
        asked = ask_all(found, towns, seeds=seeds or SEEDS, engine=engine, rules=rules, workers=workers, tell=show)
        return with_(found, plausible=asked)
    except KeyboardInterrupt:
        tell("stopped: the plausible towns are left out")
        return found
    finally:
        if bar is not None:
            bar.close()


def _told_model(made_with: Mapping[str, Any], model: str) -> None:
    if made_with and made_with.get("model") not in (None, model):
        tell("note: this question was first answered by another version of the model; the numbers may differ")


def _closing(found: Comparison | Attribution, folder: Path, written: bool, page: str) -> None:
    """What is left to say, and the exit code."""
    for task, each in found.failures[:3]:
        tell(
            f"failed: {task.governance}, {task.world}, seed {task.scenario.seed}: {each.error} "
            "(its seed is left out; the traceback is in runs.csv)"
        )
    if len(found.failures) > 3:
        tell(f"failed: {len(found.failures) - 3} more runs; see the column error in runs.csv")
    if found.stopped:
        tell(
            f"stopped: {len(found.replicates)} of {found.seeds} seeds were complete"
            + ("" if written else "; nothing was written")
        )
    if written:
        where = f"report: {folder / page}" if (folder / page).is_file() else f"written: {folder}"
        tell(f"{where}  ({found.seconds:.0f} s)")
    if found.stopped:
        raise typer.Exit(INTERRUPTED)
    if found.failures or not written:
        raise typer.Exit(FAILED)


class Listener:
    """Shows how far many runs have come, and a first answer, clearly provisional, long before the last."""

    def __init__(self, provisional: Callable[[Any], str]) -> None:
        self.provisional, self.next, self.quiet = provisional, 3, 0.0
        self.bar: Bar | None = None
        self.compiling: Bar | None = None

    def __call__(self, progress: Progress) -> None:
        """Take in how far they have come."""
        if progress.lines is not None:
            self._compile(*progress.lines)
            return
        if self.bar is None:
            self.close()
            self.bar = Bar(progress.total, "run")
        self.bar.show(progress.done)
        if progress.seeds >= self.next and progress.done < progress.total and self.bar.clock() >= self.quiet:
            self.next, self.quiet = progress.seeds * 3, self.bar.clock() + LINES_APART / 2
            self.bar.say(self.provisional(progress.so_far()))

    def say(self, text: str) -> None:
        """A line that stays above the bar."""
        if self.bar is None:
            tell(text)
        else:
            self.bar.say(text)

    def _compile(self, done: int, total: int) -> None:
        if self.compiling is None:
            tell("compiling the rules for this machine, once; the next time is quick")
        if self.compiling is None or self.compiling.total != total:
            self.close()
            self.compiling = Bar(total, "line")
        self.compiling.show(done)

    def close(self) -> None:
        """Take the bars away."""
        for bar in (self.bar, self.compiling):
            if bar is not None:
                bar.close()
