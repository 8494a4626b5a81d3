"""The day of a workshop, and the day before: kith show, kith doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from viz.command.options import DEFAULT_SETTING, RESULTS, Json
from viz.command.terminal import FAILED, Mistake, say, tell


def show(
    setting: Annotated[
        str | None,
        typer.Argument(
            help="A setting's name, the path of a scenario file, a session pack (.zip), or a link to a run.",
            show_default=DEFAULT_SETTING,
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Where to listen; 0 for any.", show_default="8765, or the next that is free")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Who can connect: 127.0.0.1, this computer; 0.0.0.0, everybody on its network.")
    ] = "127.0.0.1",
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
    language: Annotated[str, typer.Option(help="The language of the pages.")] = "en",
    storyboards: Annotated[
        Path | None, typer.Option(help="A folder with storyboards of your own.", exists=True, file_okay=False)
    ] = None,
) -> None:
    """Show two towns side by side, live, for a room: the workshop. No network is needed.

    The page opens in the browser of this computer and, unless --host says otherwise, nobody else can connect. A link or
    a session pack opens at the run it was saved from, to the last digit.
    """
    from agents.declared import near  # noqa: PLC0415
    from simulation.scenario import load_scenario  # noqa: PLC0415
    from viz.serve import server  # noqa: PLC0415
    from viz.workshop.words import languages  # noqa: PLC0415

    if language not in languages():
        raise Mistake(f"--language {language}: there is {' and '.join(languages())}.{near(language, languages())}")
    if port is not None and not 0 <= port < 2**16:
        raise Mistake(f"--port {port}: a port is a number from 1 to 65535; 0 takes any that is free")
    link = saved_run(setting or "")
    if setting is not None and not link:
        load_scenario(setting)
    folder = str(storyboards or "")
    shown = server.Workshop("" if link else setting or "", host, port, language, link, folder)
    for name, problem in own_problems(folder).items():
        tell(f"The storyboard {name} is left out: {problem}")
    try:
        server.serve(shown, tell, opens=not no_open)
    except server.CannotListenError as problem:
        raise Mistake(str(problem)) from None


def saved_run(given: str) -> str:
    """The query of the link that was given, or that is in the pack that was given; nothing for anything else."""
    from viz.workshop.plan import link_of, plan_in  # noqa: PLC0415
    from viz.workshop.sharing import opened  # noqa: PLC0415

    if given.lower().endswith(".zip"):
        plan, month, _ = opened(given)
    elif "?" in given:
        plan, month, _ = plan_in(given.split("?", 1)[1])
    else:
        return ""
    return link_of(plan, plan.first if month is None else month).lstrip("?")


def own_problems(folder: str) -> dict[str, str]:
    """What is wrong with the storyboards of a folder, by name."""
    from viz.workshop.storyboards import problems_in  # noqa: PLC0415

    return {name: str(problem) for name, problem in problems_in(folder).items()} if folder else {}


def doctor(
    offline: Annotated[
        bool, typer.Option("--offline", help="Serve the page with the network cut, and see that nothing is missing.")
    ] = False,
    json: Json = False,
) -> None:
    """Look whether this computer is ready for a workshop, and say what is missing and how to get it.

    Exit code 0 when it is ready, 1 when something is missing.
    """
    from viz.serve import doctor as ward  # noqa: PLC0415

    found = ward.examined(RESULTS, offline=offline, tell=None if json else lambda check: say(ward.in_words(check)))
    if json:
        say(ward.as_json(found))
    else:
        say(ward.conclusion(found))
    if any(check.is_bad for check in found):
        raise typer.Exit(FAILED)
