"""Many towns, one question: kith sweep, status, replay, merge, map, analyse, reproduce and bundle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from viz.command.options import RESULTS, EngineName, Json, Workers, check_engine
from viz.command.terminal import FAILED, INTERRUPTED, MISTAKE, OK, Bar, Mistake, say, tell, warnings_told


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
    from experiments.study_file import load_study  # noqa: PLC0415
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

    with stopped_once(), _executor(dask) as executor, warnings_told():
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
def stopped_once() -> Iterator[None]:
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


def status(folder: Annotated[Path, typer.Argument(help="A folder of kith sweep.")], json: Json = False) -> None:
    """Tell how a sweep stands: rows there, rows that failed, and rows that another version of the model lived."""
    from experiments.sweep import status_of  # noqa: PLC0415
    from viz.sweeps import status_json, status_text  # noqa: PLC0415

    told = status_of(folder)
    say(status_json(told) if json else status_text(folder, told))


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
    from experiments.words import reason  # noqa: PLC0415
    from viz import maps  # noqa: PLC0415

    folder = out or RESULTS / f"{Path(study).stem if study else 'known'}-map"
    if workers is not None and workers < 1:
        raise Mistake(f"--workers {workers}: there must be at least 1")
    if folder.exists() and not folder.is_dir():
        raise Mistake(f"--out {folder}: it is a file; it must be a folder")
    bar = Bar(most, "point")
    try:
        with stopped_once():
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
        raise Mistake(f"--out {folder}: cannot be written to: {reason(error)}") from None
    say(maps.as_json(found) if json else maps.as_text(found))
    tell(f"written: {folder / maps.PAGE}")
    if found.map.failed:
        raise typer.Exit(FAILED)


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

    from experiments.words import reason  # noqa: PLC0415
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
        raise Mistake(f"{place} cannot be written to: {reason(error)}") from None
    finally:
        bar.close()
    say(
        writer.dumps(list(study_page.summary(told)), indent=1).replace("NaN", "null").replace("Infinity", "null")
        if json
        else study_page.summary_text(told)
    )
    tell(f"report: {place / 'report.html'}")


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
    from experiments.bundle import bundle as pack  # noqa: PLC0415
    from experiments.bundle_check import check as look_through  # noqa: PLC0415
    from viz.sweeps import bundled_json, bundled_text, checked_json, checked_text  # noqa: PLC0415

    if folder is None:
        raise Mistake("bundle: give a folder of kith sweep or kith compare; or --check and a bundle")
    if not check:
        packed = pack(folder, out)
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
            found = look_through(
                folder, None if rerun == "all" else int(rerun), own_rules=own_rules, workers=workers, tell=show
            )
        finally:
            if bar is not None:
                bar.close()
    say(checked_json(found) if json else checked_text(found))
    if not found.holds or found.cannot:
        raise typer.Exit(MISTAKE if found.holds else FAILED)
