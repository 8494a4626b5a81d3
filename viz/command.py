"""The kith command: ask the town a question from the terminal.

Change this file to give the command a new verb. It starts quickly because nothing heavy is imported until a verb
needs it. What a user gets wrong is told on stderr in a sentence, with exit code 2; a failure of ours is 1, an
interrupt from the keyboard 130. Answers for machines (`--json`) go to stdout, progress to stderr.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from experiments.attribution import Attribution
    from experiments.pairs import Comparison, Governance, Progress
    from simulation.run import Run
    from simulation.scenario import Scenario

OK, FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130
DEFAULT_SETTING = "cost_of_living_2021"
RESULTS = Path("results")
WIDTH = 100
LONG = 2.0
"""Seconds after which a verb shows how far it has come."""
LINES_APART = 10.0
"""Seconds between lines of progress where stderr is not a terminal."""

app = typer.Typer(
    name="kith",
    help="A town you can ask questions of: residents, services and partners, held together by trust or by contracts, "
    "when costs jump.",
    epilog="Start with:  kith compare        (about half a minute; writes results/cost_of_living_2021/report.html)",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDTH},
)


class Mistake(Exception):
    """Something the user got wrong: what was given, what is allowed, what was probably meant."""


# ---- what verbs share -------------------------------------------------------------------------------

Setting = Annotated[str, typer.Argument(help="A setting's name (see: kith settings) or the path of a scenario file.")]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Change a parameter (see: kith parameters), or the graph: peer=random. May be repeated.",
    ),
]
Months = Annotated[int | None, typer.Option(help="Months to live; the first 24 settle the town.")]
Residents = Annotated[int | None, typer.Option(help="Residents of the town.")]
Seed = Annotated[int | None, typer.Option(help="What luck is made from.")]
EngineName = Annotated[str, typer.Option(help="auto, plain or compiled. All give the same numbers.")]
RulesFile = Annotated[Path | None, typer.Option(help="A Python file with rules that replace the model's own, by name.")]
Workers = Annotated[int | None, typer.Option(help="Runs at once.", show_default="one a processor")]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, for machines.")]
Replace = Annotated[bool, typer.Option("--replace", help="Write over a folder that holds another question's results.")]


def scenario_for(
    scenario: Scenario, sets: list[str] | None, months: int | None, residents: int | None, seed: int | None
) -> Scenario:
    """A scenario with what the options change. A few residents live in as few neighbourhoods."""
    changes = parsed(sets or [], scenario)
    if residents is not None and 0 < residents < scenario.neighbourhoods:
        changes.setdefault("neighbourhoods", residents)
    changes |= {
        name: value
        for name, value in (("months", months), ("residents", residents), ("seed", seed))
        if value is not None
    }
    return scenario.with_(**changes) if changes else scenario


def parsed(sets: list[str], scenario: Scenario) -> dict[str, Any]:
    """What `--set name=value` says, each value read as TOML writes it."""
    import tomllib  # noqa: PLC0415

    from agents.declared import near  # noqa: PLC0415
    from simulation.scenario import GRAPHS, PARAMETERS, SIZES  # noqa: PLC0415

    known = [*PARAMETERS, *SIZES, *GRAPHS]
    changes: dict[str, Any] = {}
    for given in sets:
        name, equals, text = given.partition("=")
        name, text = name.strip(), text.strip()
        if not equals or not name or not text:
            raise Mistake(f"--set {given}: it must be name=value, such as --set inflow=0.02")
        if name not in known:
            hint = " Use --governance for it." if name == "governance" else near(name, known)
            raise Mistake(f'--set {given}: there is no parameter "{name}".{hint} See: kith parameters')
        if name in changes:
            raise Mistake(f"--set {given}: {name} is set twice")
        try:
            changes[name] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            changes[name] = text
    return changes


def governance_from(given: str) -> tuple[str, Governance]:
    """A governance as the command line names it: a name, a number from 0 to 1, or a TOML file with dials."""
    import tomllib  # noqa: PLC0415

    from agents.terms import GOVERNANCES, terms_for  # noqa: PLC0415
    from simulation.scenario import terms_of  # noqa: PLC0415

    path = Path(given)
    if given in GOVERNANCES or not (path.suffix == ".toml" or path.is_file()):
        try:
            terms_for(given)
        except ValueError as error:
            raise Mistake(f"--governance {given}: {error}; or the path of a .toml file with dials") from None
        return given, given if given in GOVERNANCES else float(given)
    try:
        dials = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise Mistake(f"--governance {given}: cannot be read: {(error.strerror or str(error)).lower()}") from None
    except ValueError as error:
        raise Mistake(f"--governance {given}: not well-formed TOML: {error}") from None
    try:
        terms_of(dials)
    except ValueError as error:
        raise Mistake(f"{path.name}: {error}") from None
    return path.stem, dials


def governances_from(given: list[str]) -> dict[str, Governance]:
    """Several governances by the name they are shown under."""
    found: dict[str, Governance] = {}
    for each in given:
        name, governance = governance_from(each)
        if name in found:
            raise Mistake(f"--governance {each}: {name} is named twice; name each once")
        found[name] = governance
    return found


def rules_from(file: Path | None) -> Mapping[str, Any] | None:
    """The rules in a file, read and tried; or what is wrong with them, before any town is lived.

    A rule that only cannot be compiled is let through with a word on it: it is followed plainly.
    """
    if file is None:
        return None
    if not file.is_file():
        raise Mistake(f"--rules {file}: there is no such file")
    from agents.rule import RULES  # noqa: PLC0415
    from simulation.reader import read_rule, read_rules  # noqa: PLC0415
    from simulation.scenario import Scenario  # noqa: PLC0415
    from simulation.town import found_town  # noqa: PLC0415
    from simulation.twin import twin_run  # noqa: PLC0415

    rules: Mapping[str, Any] = read_rules(file)
    read = [str(problem) for name, rule in rules.items() for problem in read_rule(rule, like=RULES[name])]
    failed = twin_run(rules, found_town(Scenario(residents=60, months=25)))
    if failed:
        raise Mistake("\n".join([*read, f"--rules {file}: in a small town, {failed}"]))
    for problem in read:
        tell(f"{problem}; this rule is followed plainly")
    return rules


def check_engine(engine: str) -> None:
    """Refuse an engine that is not there, before anything heavy is imported."""
    from agents.declared import near  # noqa: PLC0415

    kinds = ("auto", "plain", "compiled")
    if engine not in kinds:
        raise Mistake(f"--engine {engine}: it must be one of {', '.join(kinds)}.{near(engine, kinds)}")


def say(text: str = "") -> None:
    """A line of the answer, in signs that the terminal knows."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        for sign, plain in (("−", "-"), ("–", "-"), ("£", "GBP "), ("…", "..."), ("’", "'"), ("×", "x")):
            text = text.replace(sign, plain)
        text = text.encode(encoding, "replace").decode(encoding)
    print(text)


def tell(text: str) -> None:
    """A line beside the answer: on stderr."""
    print(text, file=sys.stderr, flush=True)


class Bar:
    """How far something has come: a bar with the time left on a terminal, a line now and then elsewhere."""

    def __init__(self, total: int, unit: str) -> None:
        import time  # noqa: PLC0415

        from tqdm import tqdm  # noqa: PLC0415

        self.clock = time.monotonic
        self.began = self.told = self.clock()
        self.total, self.unit = total, unit
        self.terminal = sys.stderr.isatty()
        self.bar = tqdm(
            total=total, unit=unit, delay=LONG, file=sys.stderr, disable=not self.terminal, leave=False,
            ncols=WIDTH - 1,
            bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} {unit}s, {remaining} left",
        )  # fmt: skip

    def show(self, done: int) -> None:
        """So many are done."""
        self.bar.update(done - self.bar.n) if self.terminal else self._line(done)

    def _line(self, done: int) -> None:
        now = self.clock()
        if done > 2 and now - self.told >= LINES_APART:
            self.told = now
            left = (now - self.began) / done * (self.total - done)
            tell(f"{done} of {self.total} {self.unit}s, about {left:.0f} s left")

    def say(self, text: str) -> None:
        """A line that stays."""
        if self.terminal:
            self.bar.write(text, file=sys.stderr)
        else:
            tell(text)

    def close(self) -> None:
        """Take the bar away."""
        self.bar.close()


@contextmanager
def warnings_told() -> Iterator[None]:
    """Show warnings as plain lines on stderr, each once."""
    import warnings  # noqa: PLC0415

    told: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if str(message) not in told and not issubclass(category, (DeprecationWarning, PendingDeprecationWarning)):
            told.add(str(message))
            tell(f"note: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


# ---- verbs ------------------------------------------------------------------------------------------


@app.callback(invoke_without_command=True)
def kith(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    """A town you can ask questions of."""
    if version:
        from importlib.metadata import PackageNotFoundError  # noqa: PLC0415
        from importlib.metadata import version as installed  # noqa: PLC0415

        try:
            say(f"kith {installed('kith')}")
        except PackageNotFoundError:
            say("kith (not installed)")
        raise typer.Exit


@app.command(epilog="Example:  kith compare wage_step --governance contract --governance relational --seeds 30")
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


@app.command(epilog="Example:  kith attribute wage_step --from contract --to relational --seeds 30")
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
    if found.stopped and found.replicates:
        tell("stopping: keeping what was lived")
    if found.stopped and not (fresh and found.replicates):
        return False
    try:
        write()
    except OSError as error:
        tell(f"{folder} could not be written: {(error.strerror or str(error)).lower()}; the answer is below")
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


@app.command(epilog="Example:  kith run cost_of_living_2021 --governance relational --set inflow=0.02")
def run(
    setting: Setting = DEFAULT_SETTING,
    governance: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="A name, a number from 0 (contract) to 1 (relational), or a TOML file with dials."
        ),
    ] = None,
    sets: Sets = None,
    months: Months = None,
    residents: Residents = None,
    seed: Seed = None,
    engine: EngineName = "auto",
    rules: RulesFile = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the months and the events.")] = None,
    replace: Replace = False,
    json: Json = False,
) -> None:
    """Live one town and show its years: one town is a story, not an answer (for an answer: kith compare)."""
    check_engine(engine)
    from experiments.store import read_question  # noqa: PLC0415
    from simulation.run import run as live  # noqa: PLC0415

    scenario = scenario_for(read_question(setting).scenario, sets, months, residents, seed)
    if governance is not None:
        scenario = scenario.with_(governance=governance_from(governance)[1])
    replaced = rules_from(rules)
    if out is not None:
        _check_run_folder(out, replace)
    bar = Bar(scenario.months, "month")
    with warnings_told():
        try:
            lived = live(scenario, engine=engine, rules=replaced, tell=lambda done, _of: bar.show(done))
        finally:
            bar.close()
    if out is not None:
        _write_run(out, lived, rules)
    say(_run_json(lived) if json else _run_text(lived))
    if out is not None:
        tell(f"written: {out}")


RUN_FILES = ("months.parquet", "months.csv", "events.parquet", "events.csv", "scenario.toml", "journal.toml")


def _check_run_folder(folder: Path, replace: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise Mistake(f"--out {folder}: it is a file; it must be a folder")
    held = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if held and not (replace and held <= set(RUN_FILES)):
        more = ", or write over it with --replace" if held <= set(RUN_FILES) else ""
        raise Mistake(f"--out {folder}: the folder is not empty; choose another{more}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".kith"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Mistake(f"--out {folder}: cannot be written to: {(error.strerror or str(error)).lower()}") from None


def _write_run(folder: Path, lived: Run, rules: Path | None) -> None:
    from dataclasses import replace  # noqa: PLC0415

    from experiments.workers import rules_text  # noqa: PLC0415
    from simulation.journal import fingerprint_of, founded  # noqa: PLC0415

    events = lived.events.rename_axis("event").reset_index()
    journal = founded(lived.scenario, rules_text(rules))
    journal = replace(journal, months=lived.scenario.months, town=fingerprint_of(lived.town))
    parts: dict[str, Callable[[Path], object]] = {
        "months.parquet": lambda path: lived.history.to_parquet(path, index=False),
        "months.csv": lambda path: lived.history.to_csv(path, index=False),
        "events.parquet": lambda path: events.to_parquet(path, index=False),
        "events.csv": lambda path: events.to_csv(path, index=False),
        "scenario.toml": lambda path: path.write_text(lived.scenario.to_toml(), encoding="utf-8"),
        "journal.toml": lambda path: path.write_text(journal.to_toml(), encoding="utf-8"),
    }
    for name, write in parts.items():
        part = folder / f".{name}.part"
        write(part)
        part.replace(folder / name)


YEARLY = (
    ("wellbeing", "wellbeing"), ("wellbeing_lowest_tenth", "lowest 10th"), ("unmet_need", "unmet need"),
    ("waiting", "waiting"), ("crises", "crises"), ("public_cost", "public cost"), ("partners_closed", "closed"),
    ("trust", "trust"),
)  # fmt: skip
"""Measures shown by the year, with their heads."""


def _run_text(lived: Run) -> str:
    from viz.report import reading  # noqa: PLC0415

    scenario, history = lived.scenario, lived.history
    lines = [
        f"{scenario.title or scenario.name}: {scenario.residents:,} residents, {scenario.months} months, "
        f"governance {_governance_shown(scenario.governance)}, seed {scenario.seed}",
        "",
        "  year  months" + "".join(f"{words:>{len(words) + 2}}" for _, words in YEARLY),
    ]
    for first in range(0, scenario.months, 12):
        year = history.iloc[first : first + 12]
        span = f"{first}–{first + len(year) - 1}"
        cells = "".join(f"{reading(name).level(float(year[name].mean())):>{len(words) + 2}}" for name, words in YEARLY)
        settling = "*" if first < SETTLED else " "
        lines.append(f"  {first // 12 + 1:>3}{settling}  {span:<6}{cells}")
    counts = lived.events["kind"].value_counts()
    told = ", ".join(f"{count:,} {kind}" for kind, count in counts.items()) or "none"
    lines += [
        "",
        "Means of each year. Wellbeing 0–10; waiting: cases per 1,000 residents; crises: per 1,000 a year;",
        "public cost: £ a month for each resident; closed: share of partners. * The town settles.",
        *textwrap.wrap(f"Events: {told}.", WIDTH),
    ]
    if not lived.engine.compiled:
        lines.append(f"Lived in plain Python{': ' + lived.engine.why if lived.engine.why else ''}.")
    return "\n".join(lines)


SETTLED = 24
"""The first month that counts."""


def _governance_shown(governance: Any) -> str:
    return "of its own dials" if isinstance(governance, Mapping) else str(governance)


def _run_json(lived: Run) -> str:
    import json  # noqa: PLC0415

    history = json.loads(lived.history.to_json(orient="records"))
    counts = {str(kind): int(count) for kind, count in lived.events["kind"].value_counts().items()}
    scenario = lived.scenario
    governance = dict(scenario.governance) if isinstance(scenario.governance, Mapping) else scenario.governance
    return json.dumps(
        {
            "setting": scenario.name,
            "governance": governance,
            "seed": scenario.seed,
            "compiled": lived.engine.compiled,
            "events": counts,
            "months": history,
        },
        indent=1,
    )


@app.command(epilog="Example:  kith calibrate --trials 480 --out results/calibration")
def calibrate(
    study: Annotated[
        Path | None, typer.Argument(help="A study file.", show_default="the one that comes with Kith")
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Sets of parameters to try.", show_default="the study's")] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Towns of each world for each set.", show_default="the study's")
    ] = None,
    workers: Workers = None,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = RESULTS / "calibration",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the search that the folder holds.")] = False,
    engine: EngineName = "auto",
    json: Json = False,
) -> None:
    """Look for parameters with which the town does what is known of towns like it, and keep many sets.

    Tunes only to facts declared for tuning, each about one world and averaged over contract, relational and both:
    never to a difference between governances, so that nobody's win is tuned. Every set within all ranges is as good
    as any other; those that lie farthest apart are kept as plausible towns, and tried again on fresh seeds first.
    The same command gives the same answer; one that was interrupted goes on with --resume.
    """
    from dataclasses import replace as changed  # noqa: PLC0415

    from experiments import calibrate as calibration  # noqa: PLC0415
    from viz.calibrated import calibration_json, calibration_text  # noqa: PLC0415

    check_engine(engine)
    asked = calibration.read_study(study or calibration.SHIPPED)
    for name, value in (("trials", trials), ("seeds", seeds), ("workers", workers)):
        if value is not None and value < 1:
            raise Mistake(f"--{name} {value}: there must be at least 1")
    asked = changed(asked, trials=trials or asked.trials, seeds=seeds or asked.seeds)
    bar = Bar(1 + asked.generations * asked.generation, "trial")
    told = [0, False]

    def show(so_far: list[calibration.Trial]) -> None:
        told[0] = len(so_far)
        bar.show(len(so_far))
        if not told[1] and any(trial.loss <= asked.slack for trial in so_far):
            told[1] = True
            bar.say(f"after {len(so_far)} trials: the first town that does all that is asked")

    try:
        found = calibration.calibrate(asked, out, resume=resume, workers=workers, engine=engine, tell=show)
    except KeyboardInterrupt:
        bar.close()
        tell(f"stopped after {told[0]} trials, which are kept in {out}: go on with --resume")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        bar.close()
    say(calibration_json(found) if json else calibration_text(found))
    tell(f"written: {out}")


# ---- sweeps -----------------------------------------------------------------------------------------


@app.command(epilog="Example:  kith sweep fuel_price --workers 2        (the same again goes on where it was ended)")
def sweep(
    study: Annotated[
        str, typer.Argument(help="A study file, the name of one that comes with Kith, or a folder of one.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder to write.", show_default="results/STUDY")] = None,
    workers: Annotated[int | None, typer.Option(help="Rows at once.", show_default="one a processor")] = None,
    dask: Annotated[str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler, tcp://host:8786.")] = None,
    shard: Annotated[str | None, typer.Option(metavar="i/n", help="Only the i-th part of n, for array jobs.")] = None,
    timeout: Annotated[float, typer.Option(help="The most seconds a row may take; 0 for any.")] = 0.0,
    again: Annotated[
        list[str] | None, typer.Option(help="Live rows again that are stale, or that failed. May be repeated.")
    ] = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="Keep rows of another version of the model.")] = False,
    json: Json = False,
) -> None:
    """Live every pair of towns that a study asks for, and keep a row of each. May be interrupted at will.

    A row is one point of the design, one governance and one replicate: the shocked town and its calm twin. A row that
    fails is kept with its traceback, and the others go on. Read them with experiments.sweep.rows_of.
    """
    from experiments import sweep as sweeps  # noqa: PLC0415
    from experiments.study import load_study  # noqa: PLC0415
    from viz.sweeps import estimate_line, sweep_json, sweep_text  # noqa: PLC0415

    for given in again or ():
        if given not in ("stale", "failed"):
            raise Mistake(f"--again {given}: it must be stale or failed")
    if timeout < 0:
        raise Mistake(f"--timeout {timeout:g}: it must be a number of seconds, or 0")
    kept = Path(study)
    asked = sweeps.study_in(kept) if kept.is_dir() else load_study(study)
    folder = out or (kept if kept.is_dir() else RESULTS / asked.name)
    bar: Bar | None = None

    def show(far: sweeps.Far) -> None:
        nonlocal bar
        if bar is None or bar.total != far.total:
            if bar is None and far.estimate:
                tell(estimate_line(far.estimate))
            if bar is not None:
                bar.close()
            bar = Bar(far.total, "row")
        bar.show(far.done)

    with _stopped_once(), _executor(dask) as executor, warnings_told():
        try:
            found = sweeps.sweep(
                asked, folder, workers, executor, _shard(shard), timeout=timeout, anyway=anyway, again=again or (),
                tell=show,
            )  # fmt: skip
        finally:
            if bar is not None:
                bar.close()
    say(sweep_json(found) if json else sweep_text(found))
    if found.stopped:
        tell(f"stopped: what was lived is kept in {folder}; the same command goes on")
        raise typer.Exit(INTERRUPTED)
    tell(f"written: {folder}  ({found.seconds:.0f} s)")
    if found.failed:
        raise typer.Exit(FAILED)


@contextmanager
def _stopped_once() -> Iterator[None]:
    """An interrupt, or the end that a queue gives a job, stops once: those that follow do not tear what is put away."""
    import signal  # noqa: PLC0415

    def stop(*_: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)  # and so it stays: this process is about to end
        raise KeyboardInterrupt

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            if signal.getsignal(each) is stop:
                signal.signal(each, handler)


@contextmanager
def _executor(dask: str | None) -> Iterator[Any]:
    """Workers elsewhere, if any were named."""
    if dask is None:
        yield None
        return
    from importlib import import_module  # noqa: PLC0415

    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise Mistake("--dask needs the package distributed: pip install 'kith[cluster]'") from None
    try:
        client = distributed.Client(dask, timeout=20)
    except (OSError, ValueError) as error:
        raise Mistake(f"--dask {dask}: there is no scheduler there ({error})") from None
    with client:
        yield client.get_executor(pure=False, retries=0)


def _shard(given: str | None) -> tuple[int, int] | None:
    if given is None:
        return None
    place, slash, many = given.partition("/")
    if not (slash and place.isdigit() and many.isdigit()):
        raise Mistake(f"--shard {given}: it must be i/n, such as 1/4")
    return int(place), int(many)


@app.command(epilog="Example:  kith status results/fuel_price")
def status(folder: Annotated[Path, typer.Argument(help="A folder of kith sweep.")], json: Json = False) -> None:
    """Tell how a sweep stands: rows there, rows that failed, and rows that another version of the model lived."""
    from experiments.sweep import status_of  # noqa: PLC0415
    from viz.sweeps import status_json, status_text  # noqa: PLC0415

    told = status_of(folder)
    say(status_json(told) if json else status_text(folder, told))


@app.command(epilog="Example:  kith replay results/fuel_price 1234")
def replay(
    folder: Annotated[Path, typer.Argument(help="A folder of kith sweep.")],
    row: Annotated[str, typer.Argument(help="A row's number, or its run id.")],
    anyway: Annotated[bool, typer.Option("--anyway", help="Go on with a row of another version of the model.")] = False,
    engine: EngineName = "auto",
    json: Json = False,
) -> None:
    """Live one row of a sweep again, see that the same came of it, and keep a journal for kith why.

    Exit code 0 when every outcome is the same to the last bit, or the row fails as it did; 1 when not.
    """
    from experiments.replay import replay_row  # noqa: PLC0415
    from viz.sweeps import replay_json, replay_text  # noqa: PLC0415

    check_engine(engine)
    with warnings_told():
        found = replay_row(folder, row, anyway=anyway, engine=engine)
    say(replay_json(found) if json else replay_text(found))
    if not found.same:
        raise typer.Exit(FAILED)


@app.command(epilog="Example:  kith merge results/part-1 results/part-2 --out results/fuel_price")
def merge(
    folders: Annotated[list[Path], typer.Argument(help="Folders of kith sweep, of one study.")],
    out: Annotated[Path, typer.Option(help="The folder that is to hold all rows.")],
    anyway: Annotated[bool, typer.Option("--anyway", help="Mix rows of different versions of the model.")] = False,
    json: Json = False,
) -> None:
    """Gather the rows of several folders of one study, such as shards, into one. The folders stay as they are."""
    from experiments.sweep import merge as gather  # noqa: PLC0415
    from experiments.sweep import status_of  # noqa: PLC0415
    from viz.sweeps import status_json, status_text  # noqa: PLC0415

    gather(folders, out, anyway)
    told = status_of(out)
    say(status_json(told) if json else status_text(out, told))


@app.command(name="map", epilog="Example:  kith map fuel_price --x shock_size --y reserves_median --pairs 12")
def map_(
    study: Annotated[
        str | None, typer.Argument(help="A study.", show_default="a quiet town whose map is known on paper")
    ] = None,
    x: Annotated[str | None, typer.Option("--x", metavar="NAME", help="What goes along.")] = None,
    y: Annotated[str | None, typer.Option("--y", metavar="NAME", help="What goes up.")] = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(help="Such as wellbeing.shock. Repeat it.", show_default="those declared in advance"),
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="NAME", help="The other governance.", show_default="the study's second")
    ] = None,
    grid: Annotated[int, typer.Option(help="Points along each axis to begin with.")] = 5,
    refine: Annotated[int, typer.Option(help="How often cells on the line are quartered.")] = 2,
    pairs: Annotated[int, typer.Option(help="Pairs of towns at each point.")] = 8,
    most: Annotated[int, typer.Option(help="The most points before the line is looked for.")] = 400,
    workers: Annotated[int | None, typer.Option(help="Towns at once.", show_default="one a processor")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write.", show_default="results/STUDY-map")] = None,
    json: Json = False,
) -> None:
    """Map where each governance does better over two numbers that a study varies, and find the line between them.

    Towns are lived on an even grid, then near the line; the line itself is found by halving. Writes map.html, a figure
    of every outcome as SVG, PDF and PNG, and the numbers as Parquet and CSV. May be interrupted: the same command goes
    on, and one that refines further begins with what is there.
    """
    from viz import maps  # noqa: PLC0415

    folder = out or RESULTS / f"{Path(study).stem if study else 'known'}-map"
    if workers is not None and workers < 1:
        raise Mistake(f"--workers {workers}: there must be at least 1")
    if folder.exists() and not folder.is_dir():
        raise Mistake(f"--out {folder}: it is a file; it must be a folder")
    bar = Bar(most, "point")
    try:
        with _stopped_once():
            found = maps.map_study(
                study, x, y, outcome, against, grid=(grid, grid), refine=refine, pairs=pairs, most=most,
                workers=workers, keep=folder, tell=bar.show,
            )  # fmt: skip
    except KeyboardInterrupt:
        tell(f"stopped: what was lived is kept in {folder}; the same command goes on" * (study is not None))
        raise typer.Exit(INTERRUPTED) from None
    finally:
        bar.close()
    try:
        maps.write(folder, found)
    except OSError as error:
        raise Mistake(f"--out {folder}: cannot be written to: {(error.strerror or str(error)).lower()}") from None
    say(maps.as_json(found) if json else maps.as_text(found))
    tell(f"written: {folder / maps.PAGE}")
    if found.map.failed:
        raise typer.Exit(FAILED)


@app.command(epilog="Example:  kith analyse results/fuel_price")
def analyse(
    folder: Annotated[Path, typer.Argument(help="A folder of kith sweep.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write.", show_default="FOLDER/analysis")] = None,
    kinds: Annotated[
        str, typer.Option("--figures", metavar="KINDS", help="How figures are kept: svg,pdf,png, or none.")
    ] = "svg",
    json: Json = False,
) -> None:
    """Say what a sweep says, as far as its design allows, and write it as a page that stands alone.

    Differences with intervals, the chance that their sign holds and pairs needed; maps; what moves the difference; and
    corners in which each governance does better. Figures are kept beside the page, each with its table.
    """
    import json as writer  # noqa: PLC0415

    from viz import figures, study_page  # noqa: PLC0415

    chosen = () if kinds == "none" else tuple(kinds.split(","))
    if wrong := [each for each in chosen if each not in figures.KINDS]:
        raise Mistake(f"--figures {kinds}: {wrong[0]} is none of {', '.join(figures.KINDS)}, or none for all of it")
    told = study_page.read(folder)
    if not len(told.rows):
        raise Mistake(f"{folder} holds no rows yet: kith sweep lives them")
    place = out or folder / "analysis"
    bar = Bar(1, "part")

    def show(done: int, total: int) -> None:
        bar.total = bar.bar.total = total
        bar.show(done)

    try:
        place.mkdir(parents=True, exist_ok=True)
        page = study_page.study_html(told, lambda name, drawn: figures.save(drawn, place / name, chosen), show)
        (place / "report.html").write_text(page, encoding="utf-8")
    except OSError as error:
        raise Mistake(f"{place} cannot be written to: {(error.strerror or str(error)).lower()}") from None
    finally:
        bar.close()
    say(
        writer.dumps(list(study_page.summary(told)), indent=1).replace("NaN", "null").replace("Infinity", "null")
        if json
        else study_page.summary_text(told)
    )
    tell(f"report: {place / 'report.html'}")


@app.command(epilog="Example:  kith reproduce who_bears_the_shock        (the same again goes on where it was ended)")
def reproduce(
    study: Annotated[
        str, typer.Argument(help="A study file, the name of one that comes with Kith, or a folder of one.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder to write.", show_default="results/STUDY")] = None,
    workers: Annotated[int | None, typer.Option(help="Rows at once.", show_default="one a processor")] = None,
) -> None:
    """A whole study in one command: kith sweep, then kith analyse with every figure as SVG, PDF and PNG.

    Ends with FOLDER/analysis/report.html, a page that stands alone, and the figures beside it, each with its table.
    Pack all of it into one file with kith bundle FOLDER.
    """
    kept = Path(study)
    folder = out or (kept if kept.is_dir() else RESULTS / kept.stem)
    code = OK
    try:
        sweep(study, folder, workers)
    except typer.Exit as ended:  # rows that failed are told on the page
        code = ended.exit_code
        if code != FAILED:
            raise
    analyse(folder, kinds="svg,pdf,png")
    raise typer.Exit(code)


@app.command(epilog="Example:  kith bundle results/fuel_price        kith bundle --check results/fuel_price.zip")
def bundle(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of kith sweep or kith compare; with --check, a bundle.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write.", show_default="FOLDER.zip")] = None,
    check: Annotated[bool, typer.Option("--check", help="Check a bundle instead of making one.")] = False,
    rerun: Annotated[str, typer.Option(metavar="N", help="With --check: rows to live again, or all.")] = "5",
    own_rules: Annotated[
        bool, typer.Option("--own-rules", help="With --check: follow rules in the bundle, which runs its Python.")
    ] = False,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Pack a study into one file that can be checked and done again; or check one.

    Packed are rows, question, code, versions, the model described, citation, licence, and a hash of every file. A check
    compares every hash, sees that the code is the model that the rows name, and lives rows again that are chosen at
    random. Exit code 0 when all of it holds, 1 when something does not, 2 where it cannot be looked at.
    """
    from experiments import bundle as bundles  # noqa: PLC0415
    from viz.sweeps import bundled_json, bundled_text, checked_json, checked_text  # noqa: PLC0415

    if folder is None:
        raise Mistake("bundle: give a folder of kith sweep or kith compare; or --check and a bundle")
    if not check:
        packed = bundles.bundle(folder, out)
        say(bundled_json(packed) if json else bundled_text(packed))
        tell(f"written: {packed.file}")
        return
    if rerun != "all" and not rerun.isdigit():
        raise Mistake(f"--rerun {rerun}: it must be a number of rows, or all")
    bar: Bar | None = None

    def show(done: int, total: int) -> None:
        nonlocal bar
        bar = bar or Bar(total, "row")
        bar.show(done)

    with warnings_told():
        try:
            found = bundles.check(
                folder, None if rerun == "all" else int(rerun), own_rules=own_rules, workers=workers, tell=show
            )
        finally:
            if bar is not None:
                bar.close()
    say(checked_json(found) if json else checked_text(found))
    if not found.holds or found.cannot:
        raise typer.Exit(MISTAKE if found.holds else FAILED)


@app.command(epilog="Example:  kith settings")
def settings(json: Json = False) -> None:
    """List the settings that come with Kith: what happens in each."""
    import json as writer  # noqa: PLC0415
    import textwrap  # noqa: PLC0415

    from simulation.scenario import load_scenario  # noqa: PLC0415
    from simulation.scenario import settings as shipped  # noqa: PLC0415

    loaded = [load_scenario(name) for name in shipped()]
    if json:
        keys = ("name", "title", "story", "look_for", "months")
        say(writer.dumps([{key: getattr(each, key) for key in keys} for each in loaded], indent=1))
        return
    for each in loaded:
        say(f"{each.name}: {each.title}")
        say(textwrap.fill(each.story.split("\n\n")[0], WIDTH - 2, initial_indent="  ", subsequent_indent="  "))
        say()
    say('Use one:  kith compare NAME   ·   Write your own:  a .toml file beginning with  base = "NAME"')


@app.command(epilog="Example:  kith parameters trust")
def parameters(
    word: Annotated[str | None, typer.Argument(help="Only those with this word in them.")] = None, json: Json = False
) -> None:
    """List every number a rule uses: default, range, unit, meaning, source and how good the evidence is."""
    import json as writer  # noqa: PLC0415
    import textwrap  # noqa: PLC0415

    from agents.declared import fields_of, near  # noqa: PLC0415
    from agents.parameters import Parameters  # noqa: PLC0415
    from agents.terms import Terms  # noqa: PLC0415

    every = {**fields_of(Parameters), **fields_of(Terms)}
    wanted = (word or "").lower()
    found = [
        each
        for each in every.values()
        if wanted in " ".join((each.name, each.meaning, each.source, each.grade, each.unit)).lower()
    ]
    if not found:
        raise Mistake(f'no parameter has "{word}" in its name, meaning, unit, source or grade.{near(word, every)}')
    if json:
        keys = ("name", "default", "low", "high", "unit", "meaning", "source", "grade")
        say(
            writer.dumps(
                [{key: getattr(each, key) for key in keys} | {"dial": each.name in fields_of(Terms)} for each in found],
                indent=1,
                ensure_ascii=False,
            )
        )
        return
    for each in found:
        if isinstance(each.default, tuple):
            default = "a list" if len(each.default) > 8 else ", ".join(f"{value:g}" for value in each.default)
        else:
            default = each.choices[int(each.default)] if each.choices else f"{each.default:g}"
        dial = "a dial of --governance; " if each.name in fields_of(Terms) else ""
        say(f"{each.name} = {default}   ({each.low:g} to {each.high:g}; {each.unit})")
        for text in (each.meaning, f"{dial}{each.grade}: {each.source}"):
            say(textwrap.fill(text, WIDTH - 4, initial_indent="    ", subsequent_indent="    "))
    say()
    say(f"{len(found)} of {len(every)}. Change one:  kith compare --set NAME=VALUE")


@app.command(epilog="Example:  kith rules ask_for_help")
def rules(
    name: Annotated[str | None, typer.Argument(help="A rule, to see its text and how to replace it.")] = None,
    json: Json = False,
) -> None:
    """Print the month: every rule in order. With NAME, one rule's text."""
    import inspect  # noqa: PLC0415
    import json as writer  # noqa: PLC0415
    import textwrap  # noqa: PLC0415

    from agents.declared import near  # noqa: PLC0415
    from simulation.month import MONTH  # noqa: PLC0415

    schedule = [(table, rule.__name__, _first_line(rule), rule) for table, rule in MONTH]
    if name is None:
        if json:
            say(writer.dumps([{"table": t, "rule": r, "does": d} for t, r, d, _ in schedule], indent=1))
            return
        stages = _stages()
        for place, (table, rule_name, does, _) in enumerate(schedule):
            for stage in stages.get(place, ()):
                say(stage)
            say(f"  {table:<15}{rule_name:<24}{textwrap.shorten(does, WIDTH - 41, placeholder=' …')}")
        say()
        say("See one:  kith rules NAME")
        return
    known = {rule_name: rule for _, rule_name, _, rule in schedule}
    if name not in known:
        raise Mistake(f'there is no rule "{name}" in the month.{near(name, known)} See them all: kith rules')
    rule = known[name]
    tables = " and ".join(dict.fromkeys(table for table, rule_name, _, _ in schedule if rule_name == name))
    try:
        text, line = inspect.getsource(rule), inspect.getsourcelines(rule)[1]
        where = f"{'/'.join(Path(inspect.getfile(rule)).parts[-2:])}, line {line}"
    except (OSError, TypeError):
        text = f"# {_first_line(rule)}\n# This rule is written by simulation/measures.py from its table MEASURES.\n"
        where = "simulation/measures.py"
    if json:
        say(writer.dumps({"rule": name, "table": tables, "where": where, "doc": rule.__doc__, "text": text}, indent=1))
        return
    say(f"# {name}: followed by {'the town' if tables == 'town' else 'each row of ' + tables} ({where})")
    say(text)
    say("# To replace it: copy the rule into a file, say my_rules.py, with the imports it needs. Keep its")
    say("# name, change it, and run:  kith compare --rules my_rules.py")


def _first_line(rule: Callable[..., Any]) -> str:
    return (rule.__doc__ or "").strip().split("\n")[0]


def _stages() -> dict[int, list[str]]:
    """The headings of simulation/month.py, by the line of the month they stand before."""
    import inspect  # noqa: PLC0415
    import re  # noqa: PLC0415

    from simulation import month  # noqa: PLC0415

    found: dict[int, list[str]] = {}
    try:
        text = inspect.getsource(month)
    except OSError:
        return found
    place = 0
    for line in text[text.index("MONTH: tuple") :].split("\n"):
        if line.startswith(")"):
            break
        if heading := re.match(r"    # (\d.*)", line):
            found.setdefault(place, []).append(heading.group(1))
        elif line.startswith('    ("'):
            place += 1
    return found


@app.command(epilog="Example:  kith validate --quick --group neutrality")
def validate(
    group: Annotated[
        list[str] | None, typer.Option("--group", help="Only claims of this group. May be repeated.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="ID", help="Only this claim. May be repeated.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Paired seeds to spend.", show_default="8, or 3 if quick")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few seeds and small samples, for a first look.")] = False,
    workers: Annotated[int | None, typer.Option(help="Towns at once.", show_default="one a processor")] = None,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = RESULTS / "validation",
    json: Json = False,
) -> None:
    """Put every claim about the model to the model, and write what it said: evidence.html and evidence.md.

    Exit code 0 when all claims hold, 1 when one failed.
    """
    from experiments.validation import evidence  # noqa: PLC0415
    from viz.evidence_page import evidence_html  # noqa: PLC0415

    for option, value in (("seeds", seeds), ("workers", workers)):
        if value is not None and value < (2 if option == "seeds" else 1):
            raise Mistake(f"--{option} {value}: there must be at least {2 if option == 'seeds' else 1}")
    claims = evidence.chosen(group or (), only or ())
    if not claims:
        raise Mistake("there is no claim with this id in this group")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Mistake(f"--out {out}: cannot be written to: {(error.strerror or str(error)).lower()}") from None
    bar = Bar(len(claims), "claim")
    try:
        found = evidence.validate(claims, seeds, quick=quick, workers=workers, tell=lambda far: _claims_shown(bar, far))
    finally:
        bar.close()
    for name, text in (("evidence.html", evidence_html(found)), ("evidence.md", evidence.as_markdown(found))):
        part = out / f".{name}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(out / name)
    say(evidence.as_json(found) if json else evidence.as_text(found, WIDTH))
    tell(f"written: {out / 'evidence.html'}")
    if found.stopped:
        raise typer.Exit(INTERRUPTED)
    if found.failures:
        tell("failed: " + ", ".join(each.claim.id for each in found.failures))
        raise typer.Exit(FAILED)


def _claims_shown(bar: Bar, far: Any) -> None:
    """How far the claims have come: on a terminal with the one being asked; elsewhere a line now and then."""
    text = f"claim {far.done + 1} of {far.total}, {far.claim.id}"
    if bar.terminal:
        bar.bar.set_description_str(f"{far.claim.id}, {far.towns:,} lives", refresh=False)
        bar.show(far.done)
    elif bar.clock() - bar.told >= LINES_APART:
        bar.told = bar.clock()
        tell(f"{text}: {far.towns:,} lives so far")


@app.command(epilog="Example:  kith run --out mine        kith why mine        kith why mine 349")
def why(
    run: Annotated[
        str, typer.Argument(help="A folder written by kith run or kith compare, a journal, or a setting to live now.")
    ],
    event: Annotated[int | None, typer.Argument(help="An event's number; without it, events are listed.")] = None,
    governance: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of a setting: as for kith run. Of a comparison: which of its own."),
    ] = None,
    replicate: Annotated[int, typer.Option(help="Of a comparison: which pair of towns.")] = 0,
    calm: Annotated[bool, typer.Option("--calm", help="Of a comparison: the town without the shock.")] = False,
    sets: Sets = None,
    months: Months = None,
    residents: Residents = None,
    seed: Seed = None,
    without: Annotated[
        str | None,
        typer.Option(
            metavar="CAUSE",
            help="Another cause to take away: energy, food, wages, other, budget, demand, shocks, reserves, or the "
            "number of an event to prevent.",
        ),
    ] = None,
    reruns: Annotated[int, typer.Option(help="Pairs of forks, with the cause and without it; 0 for none.")] = 100,
    anyway: Annotated[bool, typer.Option("--anyway", help="Go on with a run of another version of the model.")] = False,
    engine: EngineName = "auto",
    json: Json = False,
) -> None:
    """Tell why something happened in a run: the chain of causes, and whether it happens without the root cause.

    The run is lived again, exactly. Then its root cause is taken away in forks with the same luck: counterfactual
    within the model, and no more than that.
    """
    import json as writer  # noqa: PLC0415
    from dataclasses import asdict  # noqa: PLC0415

    from experiments import why as causes  # noqa: PLC0415

    check_engine(engine)
    if reruns < 0:
        raise Mistake(f"--reruns {reruns}: there must be at least 0, and 100 for a share worth having")
    own = {"--set": sets, "--months": months, "--residents": residents, "--seed": seed}
    if causes.is_kept(run):
        given = [name for name, value in own.items() if value is not None]
        if given:
            raise Mistake(f"{', '.join(given)}: {run} has been lived already; only a setting can be changed")
        journal = causes.journal_in(
            run, governance=governance, replicate=replicate, world="calm" if calm else "shock", anyway=anyway
        )
    else:
        from simulation.scenario import load_scenario  # noqa: PLC0415

        scenario = scenario_for(load_scenario(run), sets, months, residents, seed)
        if governance is not None:
            scenario = scenario.with_(governance=governance_from(governance)[1])
        journal = causes.journal_for(scenario)
    with warnings_told():
        record = causes.Record(journal, engine, anyway)
        if event is None:
            told = [asdict(each) for each in record.events]
            say(writer.dumps(told, indent=1, ensure_ascii=False) if json else causes.listed(record))
            return
        bar = Bar(reruns, "pair")
        try:
            found = causes.why(record, event, without=without, reruns=reruns, tell=bar.show)
        finally:
            bar.close()
    say(writer.dumps(causes.as_data(found), indent=1, ensure_ascii=False) if json else causes.in_words(found))


@app.command(epilog="Example:  kith show wage_step        (Ctrl-C closes it)")
def show(
    setting: Annotated[
        str | None,
        typer.Argument(help="A setting's name or the path of a scenario file.", show_default=DEFAULT_SETTING),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Where to listen; 0 for any.", show_default="8765, or the next that is free")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Who can connect: 127.0.0.1, this computer; 0.0.0.0, everybody on its network.")
    ] = "127.0.0.1",
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
    language: Annotated[str, typer.Option(help="The language of the pages.")] = "en",
) -> None:
    """Show two towns side by side, live, for a room: the workshop. No network is needed.

    The page opens in the browser of this computer and, unless --host says otherwise, nobody else can connect.
    """
    from agents.declared import near  # noqa: PLC0415
    from simulation.scenario import load_scenario  # noqa: PLC0415
    from viz.workshop import server  # noqa: PLC0415
    from viz.workshop.words import languages  # noqa: PLC0415

    if language not in languages():
        raise Mistake(f"--language {language}: there is {' and '.join(languages())}.{near(language, languages())}")
    if port is not None and not 0 <= port < 2**16:
        raise Mistake(f"--port {port}: a port is a number from 1 to 65535; 0 takes any that is free")
    if setting is not None:
        load_scenario(setting)
    try:
        server.serve(server.Workshop(setting or "", host, port, language), tell, opens=not no_open)
    except server.CannotListenError as problem:
        raise Mistake(str(problem)) from None


@app.command(epilog="Example:  kith doctor --offline        the day before a workshop")
def doctor(
    offline: Annotated[
        bool, typer.Option("--offline", help="Serve the page with the network cut, and see that nothing is missing.")
    ] = False,
    json: Json = False,
) -> None:
    """Look whether this computer is ready for a workshop, and say what is missing and how to get it.

    Exit code 0 when it is ready, 1 when something is missing.
    """
    from viz.workshop import doctor as ward  # noqa: PLC0415

    found = ward.examined(RESULTS, offline=offline, tell=None if json else lambda check: say(ward.in_words(check)))
    if json:
        say(ward.as_json(found))
    else:
        say(ward.conclusion(found))
    if any(check.is_bad for check in found):
        raise typer.Exit(FAILED)


# ---- the way in -------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command and leave with its exit code."""
    sys.exit(exit_code(arguments))


def exit_code(arguments: list[str] | None = None) -> int:
    """Run the command: 0 when all went well, 2 for a user's mistake, 1 for a failure, 130 for an interrupt."""
    try:
        code = app(arguments, prog_name="kith", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else OK
    except KeyboardInterrupt:
        tell("stopped")
        return INTERRUPTED
    except Mistake as error:
        return _mistaken(str(error))
    except BrokenPipeError:
        sys.stdout = None  # whoever read the answer has read enough
        return OK
    except Exception as error:  # noqa: BLE001  everything a user can meet ends in a sentence and a code
        return _ended(error)


def _ended(error: Exception) -> int:
    """What a failed verb says and which code it leaves."""
    if hasattr(error, "exit_code") and hasattr(error, "format_message"):
        error.show()  # type: ignore[attr-defined]  # typer's own: a wrong option, with its usage
        return int(error.exit_code)
    if type(error).__name__ == "Abort":
        tell("stopped")
        return INTERRUPTED
    if isinstance(error, ValueError) and type(error) is not ValueError:
        return _mistaken(str(error))
    import traceback  # noqa: PLC0415

    traceback.print_exception(error)
    tell(f"kith failed: {type(error).__name__}: {error}")
    return FAILED


def _mistaken(text: str) -> int:
    for line in text.split("\n"):
        tell(f"kith: {line}")
    return MISTAKE


if __name__ == "__main__":
    main()
