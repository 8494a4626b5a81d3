"""One town: live it (kith run), ask it why (kith why), see what it is made of (kith settings, parameters, rules)."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viz.command.options import (
    DEFAULT_SETTING,
    EngineName,
    Json,
    Months,
    Replace,
    Residents,
    RulesFile,
    Seed,
    Sets,
    Setting,
    check_engine,
    governance_from,
    rules_from,
    scenario_for,
)
from viz.command.terminal import WIDTH, Bar, Mistake, say, tell, warnings_told

if TYPE_CHECKING:
    from simulation.run import Run

RUN_FILES = ("months.parquet", "months.csv", "events.parquet", "events.csv", "scenario.toml", "journal.toml")
YEARLY = (
    ("wellbeing", "wellbeing"), ("wellbeing_lowest_tenth", "lowest 10th"), ("unmet_need", "unmet need"),
    ("waiting", "waiting"), ("crises", "crises"), ("public_cost", "public cost"), ("partners_closed", "closed"),
    ("trust", "trust"),
)  # fmt: skip
"""Measures shown by the year, with their heads."""
SETTLED = 24
"""The first month that counts."""


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


def _check_run_folder(folder: Path, replace: bool) -> None:
    from experiments.words import reason  # noqa: PLC0415

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
        raise Mistake(f"--out {folder}: cannot be written to: {reason(error)}") from None


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


def _run_text(lived: Run) -> str:
    from viz.readings import reading  # noqa: PLC0415

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


def settings(json: Json = False) -> None:
    """List the settings that come with Kith: what happens in each."""
    import json as writer  # noqa: PLC0415

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


def parameters(
    word: Annotated[str | None, typer.Argument(help="Only those with this word in them.")] = None, json: Json = False
) -> None:
    """List every number a rule uses: default, range, unit, meaning, source and how good the evidence is."""
    import json as writer  # noqa: PLC0415

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


def rules(
    name: Annotated[str | None, typer.Argument(help="A rule, to see its text and how to replace it.")] = None,
    json: Json = False,
) -> None:
    """Print the month: every rule in order. With NAME, one rule's text."""
    import inspect  # noqa: PLC0415
    import json as writer  # noqa: PLC0415

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
