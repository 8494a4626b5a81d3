"""Pictures for the page of students, as SVG text: the town from above, and a measure month by month.

Change this file to draw the town otherwise. It knows neither Solara nor the page; words are handed in. A dot costs a
few letters, since all dots of one look are one path, so that a picture of 1,000 residents is made in milliseconds and
weighs some twenty kilobytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.residents import LOW_WELLBEING
from agents.tables import Kind, State, Town
from simulation.model import CommunityModel
from simulation.scenario import SETTLING
from simulation.town import name_of
from viz.workshop.cards import COPING
from viz.workshop.past import trust_along

INK, MUTED, QUIET, PAPER = "#1D2733", "#56616D", "#E9E4DA", "#FFFFFF"
GROUND = "#F6F2EA"
BLUE, SHOCK = "#0B5A9C", "#F5B700"
FEELINGS = (("coping", "#B4BBC4", 0.86), ("strained", "#98609F", 1.0), ("struggling", "#5E0D47", 1.22))
STATES = {
    State.STABLE: "#FFFFFF",
    State.SUBSIDISING: "#F6D98B",
    State.CUTTING: "#D98E32",
    State.HANDED_BACK: "#98609F",
    State.CLOSED: "#3B0A2E",
}
WIDE, HIGH = 600, 552
LINE_WIDE, LINE_HIGH = 460, 158

Points = npt.NDArray[np.float64]


# ---- the town ---------------------------------------------------------------------------------------


def town_picture(model: CommunityModel, say: Callable[..., str], called: Callable[[Town, int], str] = name_of) -> str:
    """The town from above: residents by how they feel, organisations by how they cope, ties by trust."""
    place = Places(model)
    town = model.town
    wellbeing = town.residents["wellbeing"]
    feels = (wellbeing <= LOW_WELLBEING).astype(int) + (wellbeing < COPING)
    size = place.dot
    parts = [*_grounds(model, place), *_ties(model, place)]
    counts = []
    for rank, (name, colour, wide) in enumerate(FEELINGS):
        chosen = feels == rank if model.month else np.full(len(feels), rank == 0)
        counts.append(f"{say(f'feeling.{name}')}: {int(chosen.sum())}")
        parts.append(_dots(place.residents[chosen], colour, size * wide))
    parts += _organisations(model, place, say, called)
    described = say("town.described", month=model.month, counts="; ".join(counts))
    return _svg(WIDE, HIGH, say("town.title"), described, parts)


class Places:
    """Where everyone stands in the picture."""

    def __init__(self, model: CommunityModel) -> None:
        many, organisations = len(model.town.residents), len(model.town.organisations)
        where = np.array(list(model.positions.values()))
        names = list(model.positions)
        across, up = np.maximum(np.abs(where).max(axis=0), 1e-9)
        scale = min((WIDE / 2 - 14) / across, (HIGH / 2 - 14) / up)
        xy = np.column_stack([WIDE / 2 + scale * where[:, 0], HIGH / 2 - scale * where[:, 1]])
        found = dict(zip(names, xy, strict=True))
        self.residents = np.array([found["resident", row] for row in range(many)]).reshape(-1, 2)
        self.organisations = np.array([found["organisation", row] for row in range(organisations)]).reshape(-1, 2)
        self.dot = max(1.8, min(9.0, 170.0 / math.sqrt(max(many, 1))))


def _grounds(model: CommunityModel, place: Places) -> list[str]:
    """A disc under each neighbourhood, darker where it is more deprived."""
    homes, found = model.town.residents["neighbourhood"], []
    for row in range(len(model.town.neighbourhoods)):
        people = place.residents[homes == row]
        if len(people):
            middle = people.mean(axis=0)
            radius = float(np.hypot(*(people - middle).T).max()) + place.dot
            found.append(f'<circle cx="{middle[0]:.0f}" cy="{middle[1]:.0f}" r="{radius:.0f}" fill="{GROUND}"/>')
    return found


def _ties(model: CommunityModel, place: Places) -> list[str]:
    """Ties between organisations: the more trust, the thicker; peers dashed."""
    found = []
    for tie in model.town.ties:
        if not tie["active"]:
            continue
        (x, y), (u, v) = place.organisations[tie["buyer"]], place.organisations[tie["seller"]]
        trust = trust_along(tie)
        dash = ' stroke-dasharray="5 4"' if tie["layer"] else ""
        found.append(
            f'<path d="M{x:.0f} {y:.0f}L{u:.0f} {v:.0f}" stroke="{MUTED if tie["layer"] else INK}" '
            f'stroke-width="{0.6 + 4.0 * trust * trust:.1f}" stroke-opacity="{0.2 + 0.5 * trust:.2f}"{dash}/>'
        )
    return found


def _organisations(
    model: CommunityModel, place: Places, say: Callable[..., str], called: Callable[[Town, int], str]
) -> list[str]:
    found = []
    for row, (x, y) in zip(model.town.organisations, place.organisations, strict=True):
        service, state = row["kind"] == Kind.SERVICE, State(int(row["state"]))
        colour = BLUE if service else STATES[state]
        name = called(model.town, int(row["id"]))
        told = name if service else f"{name}: {say(f'state.{state.name.lower()}')}"
        if service:
            shape = f'<rect x="{x - 9:.0f}" y="{y - 9:.0f}" width="18" height="18" rx="3"'
        else:
            shape = f'<circle cx="{x:.0f}" cy="{y:.0f}" r="8"'
        found.append(f'<g>{shape} fill="{colour}" stroke="{INK}" stroke-width="1.6"/><title>{escape(told)}</title>')
        if state in (State.CLOSED, State.HANDED_BACK) and not service:
            found.append(f'<path d="M{x - 5:.0f} {y - 5:.0f}l10 10m0 -10l-10 10" stroke="#FFF" stroke-width="2"/>')
        found.append("</g>")
    return found


def _dots(points: Points, colour: str, size: float, square: bool = False) -> str:
    """Dots of one look, as one path of lines without length and with round, or square, ends."""
    if not len(points):
        return ""
    path = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in points.tolist())
    return f'<path d="{path}" stroke="{escape(colour)}" stroke-width="{size:.1f}" stroke-linecap="{_end(square)}"/>'


def _end(square: bool) -> str:
    return "square" if square else "round"


class Look(NamedTuple):
    """How an agent is drawn: what Mesa's AgentPortrayalStyle says that a dot can show."""

    colour: str
    size: float
    square: bool
    over: int


def portrayed(model: CommunityModel, portrayal: Callable[[Any], Any], title: str, described: str) -> str:
    """The town as a function of Mesa's kind portrays its residents and organisations: an AgentPortrayalStyle for each.

    Colour, size (an area, as Mesa has it), marker and zorder are drawn; squares stay squares, all else is a dot.
    """
    place = Places(model)
    groups: dict[Look, list[Any]] = {}
    for table, where in (("residents", place.residents), ("organisations", place.organisations)):
        for agent, point in zip(model.tables[table], where, strict=True):
            style = portrayal(agent)
            size = 2.0 * math.sqrt(max(0.0, float(style.size if style.size is not None else 20)) / math.pi)
            look = Look(str(style.color or BLUE), round(size, 1), style.marker == "s", int(style.zorder or 0))
            groups.setdefault(look, []).append(point)
    drawn = [
        _dots(np.array(groups[look]), look.colour, look.size, look.square)
        for look in sorted(groups, key=lambda look: look.over)
    ]
    return _svg(WIDE, HIGH, title, described, drawn)


def legend(say: Callable[..., str]) -> str:
    """What the signs of the town's picture mean, as HTML."""
    signs = [(f'<circle cx="9" cy="9" r="6" fill="{colour}"/>', say(f"feeling.{name}")) for name, colour, _ in FEELINGS]
    signs.append((f'<rect x="2" y="2" width="14" height="14" rx="3" fill="{BLUE}"/>', say("town.service")))
    for state, colour in STATES.items():
        sign = f'<circle cx="9" cy="9" r="7" fill="{colour}" stroke="{INK}" stroke-width="1.4"/>'
        if state in (State.CLOSED, State.HANDED_BACK):
            sign += '<path d="M5 5l8 8m0 -8l-8 8" stroke="#FFF" stroke-width="2"/>'
        signs.append((sign, say("town.partner", state=say(f"state.{state.name.lower()}"))))
    signs.append((f'<path d="M0 9h18" stroke="{INK}" stroke-width="3"/>', say("town.agreement")))
    signs.append((f'<path d="M0 9h18" stroke="{MUTED}" stroke-width="2" stroke-dasharray="5 4"/>', say("town.peer")))
    items = "".join(
        f'<li><svg viewBox="0 0 18 18" width="18" height="18" aria-hidden="true">{sign}</svg>{escape(told)}</li>'
        for sign, told in signs
    )
    return f'<ul class="kith-legend">{items}</ul>'


# ---- measures month by month ------------------------------------------------------------------------


def line_picture(
    values: Sequence[float],
    months: int,
    name: str,
    title: str,
    unit: str,
    shocks: Iterable[int],
    say: Callable[..., str],
    write: Callable[[str], str] = str,
) -> str:
    """A measure over the months of a run, the settling months shaded and the beginnings of shocks marked.

    `write` puts a number that is written in Python's way into a language's.
    """
    left, right, top, bottom = 58, 12, 46, 24
    known = [(month, value) for month, value in enumerate(values, start=1) if math.isfinite(value)]
    low, high, every = span_of([value for _, value in known])
    wide, tall = LINE_WIDE - left - right, LINE_HIGH - top - bottom

    def x(month: float) -> float:
        return left + wide * month / max(1, months)

    def y(value: float) -> float:
        return top + tall * (1.0 - (value - low) / (high - low))

    parts = [f'<rect x="{left}" y="{top}" width="{x(SETTLING) - left:.0f}" height="{tall}" fill="{GROUND}"/>']
    for step in range(round((high - low) / every) + 1):
        value = low + step * every
        parts.append(f'<path d="M{left} {y(value):.1f}H{LINE_WIDE - right}" stroke="{QUIET}"/>')
        parts.append(_text(left - 6, y(value) + 4, write(number(value, every)), "end"))
    years = range(0, months + 1, 12 if months <= 132 else 24)
    parts += [_text(x(month), LINE_HIGH - 6, str(month), "middle") for month in years]
    parts += [
        f'<path d="M{x(month):.1f} {top}V{top + tall}" stroke="{SHOCK}" stroke-width="2" stroke-dasharray="4 3"/>'
        for month in sorted({each for each in shocks if 0 < each <= months})
    ]
    if known:
        path = "L".join(f"{x(month):.1f} {y(value):.1f}" for month, value in known)
        parts.append(f'<path d="M{path}" stroke="{BLUE}" stroke-width="2.4" stroke-linejoin="round"/>')
        month, value = known[-1]
        parts.append(f'<circle cx="{x(month):.1f}" cy="{y(value):.1f}" r="4" fill="{BLUE}"/>')
    now = write(in_short(known[-1][1])) if known else "–"
    parts.append(f'<text x="0" y="17" font-size="15" font-weight="600" fill="{INK}">{escape(name)}</text>')
    parts.append(_text(LINE_WIDE - right, 17, f"{now} ({unit})", "end", 14))
    parts.append(_text(0, 34, title, "start"))
    described = say("chart.described", measure=title, unit=unit, month=len(values), value=now)
    return _svg(LINE_WIDE, LINE_HIGH, f"{name}: {title}", described, parts)


def span_of(values: Sequence[float]) -> tuple[float, float, float]:
    """The ends of an axis and the space between its lines: round numbers around the values."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high - low < 1e-9 * max(1.0, abs(high)):
        low, high = low - 0.5 * max(1e-3, abs(low)), high + 0.5 * max(1e-3, abs(high))
    rough = (high - low) / 2
    power = 10.0 ** math.floor(math.log10(rough))
    every = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * 0.999)
    return math.floor(low / every) * every, math.ceil(high / every) * every, every


def number(value: float, step: float) -> str:
    """A number with as many decimals as a step between numbers needs."""
    decimals = max(0, min(6, -math.floor(math.log10(step) + 1e-9)))
    if decimals and abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6:
        decimals += 1
    return f"{value + 0.0:,.{decimals}f}"


def in_short(value: float) -> str:
    """A number in three figures; thousands in full."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def shock_months(model: CommunityModel) -> list[int]:
    """The months in which a shock of the setting begins; prices told by a history begin in none."""
    return [shock.start for shock in model.setting.shocks if shock.shape in ("step", "pulse", "ramp")]


# ---- parts --------------------------------------------------------------------------------------------


def _svg(wide: int, high: int, title: str, described: str, parts: Iterable[str]) -> str:
    told = escape(f"{title}. {described}", quote=True)
    return (
        f'<svg viewBox="0 0 {wide} {high}" role="img" aria-label="{told}" fill="none" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, text: str, anchor: str, size: int = 13) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{MUTED}" text-anchor="{anchor}">{escape(text)}</text>'
    )
