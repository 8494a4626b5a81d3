"""The day of a workshop, and the day before: kith show, kith doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from viz.command.options import DEFAULT_SETTING, RESULTS, Json
from viz.command.terminal import FAILED, Mistake, say, tell


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
    from viz.serve import server  # noqa: PLC0415
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
