"""The model held against what is known: kith calibrate, kith validate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from viz.command.options import RESULTS, EngineName, Json, Workers, check_engine
from viz.command.terminal import FAILED, INTERRUPTED, LINES_APART, WIDTH, Bar, Mistake, say, tell


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
    from experiments.words import reason  # noqa: PLC0415
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
        raise Mistake(f"--out {out}: cannot be written to: {reason(error)}") from None
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
