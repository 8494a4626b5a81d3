"""What several verbs may be given: their options, and how what stands in them is read and refused.

Change this file to give an option to every verb that takes a setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viz.command.terminal import Mistake, tell

if TYPE_CHECKING:
    from experiments.pairs import Governance
    from simulation.scenario import Scenario

DEFAULT_SETTING = "cost_of_living_2021"
RESULTS = Path("results")

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
    from experiments.words import reason  # noqa: PLC0415
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
        raise Mistake(f"--governance {given}: cannot be read: {reason(error)}") from None
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
