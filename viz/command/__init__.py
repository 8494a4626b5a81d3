"""The kith command: ask the town a question from the terminal.

A verb is a function in one of the files named in VERBS; to add one, write the function and its line there. The command
starts quickly because nothing heavy is imported until a verb needs it. What a user gets wrong is told on stderr in a
sentence, with exit code 2; a failure of ours is 1, an interrupt from the keyboard 130. Answers for machines (`--json`)
go to stdout, progress to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, NoReturn

import typer

from viz.command import comparing, evidence, studies, towns, workshop
from viz.command.terminal import FAILED, INTERRUPTED, MISTAKE, OK, WIDTH, Mistake, say, tell

VERBS: tuple[tuple[Callable[..., None], str], ...] = (
    (comparing.compare, "kith compare wage_step --governance contract --governance relational --seeds 30"),
    (comparing.attribute, "kith attribute wage_step --from contract --to relational --seeds 30"),
    (towns.run, "kith run cost_of_living_2021 --governance relational --set inflow=0.02"),
    (evidence.calibrate, "kith calibrate --trials 480 --out results/calibration"),
    (studies.sweep, "kith sweep fuel_price --workers 2        (the same again goes on where it was ended)"),
    (studies.status, "kith status results/fuel_price"),
    (studies.replay, "kith replay results/fuel_price 1234"),
    (studies.merge, "kith merge results/part-1 results/part-2 --out results/fuel_price"),
    (studies.map_, "kith map fuel_price --x shock_size --y reserves_median --pairs 12"),
    (studies.analyse, "kith analyse results/fuel_price"),
    (studies.reproduce, "kith reproduce who_bears_the_shock        (the same again goes on where it was ended)"),
    (studies.bundle, "kith bundle results/fuel_price        kith bundle --check results/fuel_price.zip"),
    (towns.settings, "kith settings"),
    (towns.parameters, "kith parameters trust"),
    (towns.rules, "kith rules ask_for_help"),
    (evidence.validate, "kith validate --quick --group neutrality"),
    (towns.why, "kith run --out mine        kith why mine        kith why mine 349"),
    (workshop.show, "kith show wage_step        (Ctrl-C closes it)"),
    (workshop.doctor, "kith doctor --offline        the day before a workshop"),
)
"""Every verb in the order of kith --help, with the example that its own help ends with."""

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


for verb, example in VERBS:
    app.command(name=verb.__name__.rstrip("_"), epilog=f"Example:  {example}")(verb)


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
