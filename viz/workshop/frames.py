"""What the page is sent: the towns described once, and then every month as one packet of bytes.

Change this file, and stage/frame.js with it, to show more of a month. A packet is the length of its head (four bytes,
little-endian), the head in JSON, and then for the left and the right town its residents, organisations, ties and moves
as small whole numbers: some 5 kB a month for two towns of 600.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from agents.tables import MONTHS_A_YEAR, NEEDS, NOBODY, Component, Need, Sector, Town
from agents.terms import DIALS, GOVERNANCES, GROUPS, NOTES
from experiments.pairs import direction
from simulation.measures import MEASURES
from simulation.scenario import SIZES, Scenario
from simulation.shocks import History, months_of, outside_of
from viz.workshop import layout, meanings, names
from viz.workshop.headlines import Teller
from viz.workshop.numbers import percent, written
from viz.workshop.past import trust_along
from viz.workshop.plan import (
    FEWEST,
    MOST,
    SHOCKS,
    SIDES,
    Act,
    Plan,
    declared,
    first_shown,
    live_names,
    offered_settings,
)
from viz.workshop.towns import TwoTowns
from viz.workshop.towns import places as sides_of
from viz.workshop.words import ENGLISH, catalogue, text, translated

CHARTS = {
    "wellbeing_lowest_tenth": ("number", 1),
    "unmet_need": ("percent", 0),
    "waiting": ("number", 0),
    "public_cost": ("pounds", 0),
}
"""Outcomes drawn as charts: how their numbers are written, and with how many decimals."""
ASSUMPTIONS = (
    "sharing_time", "handoff_effect", "flexibility_time", "verifiable", "inflow", "resident_trust_loss",
    "free_riders", "reserves_median", "frailty_spread",
)  # fmt: skip
"""Parameters that may be changed on the screen: the ones on which the answer has been seen to turn."""
PAYERS = ("rise", "funders", "partners", "staff", "residents")
"""What the page calls the rise in costs, and those who bore it."""
FULL = 128
"""The byte that says an organisation is exactly full."""
STEPS = 50
"""Into how many steps a slider divides its range."""
NO_SELLER = 65535
NEARLY = 0.8
"""A setting's own shock is marked where it comes this near to a small one."""


# ---- the towns, once -----------------------------------------------------------------------------------------


def description(towns: TwoTowns, language: str, run: int) -> dict[str, Any]:
    """Everything about a pair of towns that stays as it is while they live."""
    plan, town = towns.plan, towns.models[0].town
    setting = plan.scenario()
    return {
        "run": run,
        "language": language,
        "seed": plan.seed,
        "residents": plan.residents,
        "months": plan.months,
        "first": plan.first,
        "ticks": ticks(setting, plan, language),
        "setting": {**meanings.setting(language, plan.setting, setting), "name": plan.setting},
        "settings": [
            [name, *meanings.setting(language, name, each).values()] for name, each in offered_settings().items()
        ],
        "governances": [
            [name, text(language, f"town.governance.{name}"), translated(language, f"notes.{name}", NOTES[name])]
            for name in GOVERNANCES
        ],
        "sides": [side_told(towns, place, language) for place in range(2)],
        "places": places(town, language),
        "people": layout.residents(town),
        "organisations": organisations(town, language),
        "needs": [names.need(need, language) for need in Need],
        "agreements": [[int(row["buyer"]), int(row["need"])] for row in town.agreements],
        "peers": [[int(row["buyer"]), int(row["seller"])] for row in town.peers],
        "shocks": [{"key": key, "sizes": list(sizes)} for key, (_, sizes) in SHOCKS.items()],
        "charts": [chart(name, language) for name in CHARTS],
        "dials": dials(towns, language),
    }


def places(town: Town, language: str) -> list[dict[str, Any]]:
    """The neighbourhoods: where they are on the map, and who lives there."""
    discs = layout.neighbourhoods(len(town.neighbourhoods))
    return [
        {
            "name": names.neighbourhood(place, language),
            "x": round(disc.x, 1),
            "y": round(disc.y, 1),
            "r": round(disc.r, 1),
            "deprivation": round(float(row["deprivation"]), 2),
            "people": int(row["people"]),
        }
        for place, (disc, row) in enumerate(zip(discs, town.neighbourhoods, strict=True))
    ]


def organisations(town: Town, language: str) -> list[dict[str, Any]]:
    """The services, and the partners: where they are on the map, and what they are."""
    return [
        {
            "id": row,
            "name": names.organisation(town, row, language),
            "short": names.parted(row, language),
            "kind": "service" if row < NEEDS else "partner",
            "sector": Sector(int(town.organisations[row]["sector"])).name.lower(),
            "need": row if row < NEEDS else (row - NEEDS) % NEEDS,
            "x": round(spot.x, 1),
            "y": round(spot.y, 1),
        }
        for row, spot in enumerate(layout.organisations(town))
    ]


def chart(name: str, language: str) -> dict[str, Any]:
    """How an outcome is drawn."""
    shape, decimals = CHARTS[name]
    better = {1: "higher", -1: "lower", 0: ""}[direction(name)]
    return {
        "key": name, "title": text(language, f"town.chart.{name}"), "better": better,
        "hint": text(language, f"town.hint.{better or 'neither'}"), "format": shape, "decimals": decimals,
    }  # fmt: skip


def side_told(towns: TwoTowns, place: int, language: str) -> dict[str, Any]:
    """One side: its name, its line, its mark, and what is its own in it."""
    side = towns.sides[place]
    other = towns.sides[1 - place]
    line = governance_told(language, side.governance, "line")
    changed = [[label(language, name), number_told(value, language)] for name, value in side.own]
    name = governance_told(language, side.governance, "name")
    if changed:
        what, value = changed[-1]
        line = text(language, "town.line.changed", what=what, value=value)
        if other.governance == side.governance:
            name = text(language, "town.name.changed", governance=governance_told(language, side.governance))
    return {
        "governance": side.governance, "name": name, "line": line, "changed": changed,
        "mark": text(language, f"town.mark.{SIDES[place]}"),
    }  # fmt: skip


def governance_told(language: str, governance: str, as_what: str = "governance") -> str:
    """A governance, or the point it is at between contract and relational: what it is called, what a town is called
    that is held so (`name`), or the governance in one line (`line`).
    """
    if governance in GOVERNANCES:
        return text(language, f"town.{as_what}.{governance}")
    return text(language, f"town.{as_what}.between", share=percent(language, float(governance)))


def label(language: str, name: str) -> str:
    """What a dial, a parameter or a size is called on the screen; by its own name where it has no other."""
    return catalogue(language).get(f"town.dial.{name}", name.replace("_", " ").capitalize())


def number_told(value: float, language: str = ENGLISH) -> str:
    """A number as people write it."""
    return written(language, f"{value:,.10g}")


def dials(towns: TwoTowns, language: str) -> list[dict[str, Any]]:
    """What may be changed: the twelve dials, the assumptions that matter most, and the size of the town."""
    group_of = {dial: group for group, members in GROUPS.items() for dial in members}
    terms = [model.setting.terms()["agreement"] for model in towns.models]
    found = []
    for name in (*DIALS, *ASSUMPTIONS):
        row = declared(name)
        values = [each[name] for each in terms] if name in DIALS else [
            float(model.setting.parameter(name)) for model in towns.models
        ]  # fmt: skip
        found.append(
            {
                "name": name, "label": label(language, name),
                "group": "terms" if name in DIALS else "assumptions", "theme": group_of.get(name, ""),
                "low": row.low, "high": row.high, "step": 1 if row.whole else (row.high - row.low) / STEPS,
                "unit": meanings.unit(language, row.unit), "meaning": meanings.meaning(language, row),
                "live": name in live_names(), "whole": row.whole, "values": values,
            }
        )  # fmt: skip
    found.append(
        {
            "name": "residents", "label": label(language, "residents"), "group": "town", "theme": "", "low": FEWEST,
            "high": MOST, "step": 100, "unit": meanings.unit(language, SIZES["residents"].unit), "live": False,
            "whole": True,
            "meaning": meanings.meaning(language, SIZES["residents"]),
            "values": [towns.plan.residents] * 2,
        }
    )  # fmt: skip
    return found


# ---- when ----------------------------------------------------------------------------------------------------


def began(setting: Scenario) -> int | None:
    """Months since year 0 of a setting's month 0, where its prices follow the record; else None."""
    dates = [months_of(shock.since) for shock in setting.shocks if isinstance(shock, History)]
    return dates[0] if dates else None


def when(setting: Scenario, month: int, language: str) -> str:
    """A month as it is told: "March 2022", or "Month 15" counted from the first that is shown."""
    zero = began(setting)
    if zero is None:
        return text(language, "town.when.month", number=month - first_shown(setting.months) + 1)
    year, place = divmod(zero + month, MONTHS_A_YEAR)
    return text(language, "town.when.date", month=text(language, "town.when.months").split(",")[place], year=year)


def ticks(setting: Scenario, plan: Plan, language: str) -> list[list[Any]]:
    """Where a year begins on the axis, and what it is called."""
    zero = began(setting)
    if zero is None:
        starts = range(plan.first, plan.months, MONTHS_A_YEAR)
        return [[month, text(language, "town.axis.year", number=year)] for year, month in enumerate(starts, start=1)]
    return [
        [month, str((zero + month) // MONTHS_A_YEAR)]
        for month in range(plan.first, plan.months)
        if (zero + month) % MONTHS_A_YEAR == 0
    ]


def shocks_told(plan: Plan, month: int, language: str) -> list[dict[str, Any]]:
    """What hits both towns, in order: what the setting has in store, and what was pressed."""
    found: list[dict[str, Any]] = [
        {"month": start, "key": key, "label": sized(key, size, language), "own": False}
        for start, key, size in in_store(plan.setting)
        if start >= plan.first
    ]
    found += [
        {"month": act.month, "key": act.name, "label": sized(act.name, float(act.value), language), "own": True}
        for act in plan.acts
        if act.kind == "shock"
    ]
    return [{**each, "done": each["month"] <= month} for each in sorted(found, key=lambda each: each["month"])]


@cache
def in_store(setting: str) -> tuple[tuple[int, str, float], ...]:
    """When a setting's world moves as far within a year as a small shock would: month, which shock, how far in all.

    How far is from a year before it began to the furthest it gets while it moves so fast.
    """
    outside = outside_of(offered_settings()[setting])
    paths = {
        "energy": outside["household_energy"], "food": outside["prices"][:, Component.FOOD],
        "wages": outside["prices"][:, Component.LABOUR], "budget": np.cumprod(outside["settlement"]),
        "demand": outside["demand"],
    }  # fmt: skip
    found = []
    for key, path in paths.items():
        small = NEARLY * SHOCKS[key][1][0]
        rises = [path[month] / path[max(0, month - MONTHS_A_YEAR)] - 1.0 for month in range(len(path))]
        jumps = [rise >= small if small > 0.0 else rise <= small for rise in rises]
        for month in range(len(path)):
            if jumps[month] and not any(jumps[max(0, month - MONTHS_A_YEAR) : month]):
                last = month
                while last + 1 < len(path) and jumps[last + 1]:
                    last += 1
                span = path[month : last + 1]
                peak = span.max() if small > 0.0 else span.min()
                found.append((month, key, float(peak / path[max(0, month - MONTHS_A_YEAR)] - 1.0)))
    return tuple(sorted(found))


def sized(key: str, size: float, language: str) -> str:
    """A jump in two words: "Energy +50%"."""
    told = "told_up" if size >= 0 else "told_down"
    return text(language, f"town.shock.{told}", what=text(language, f"town.shock.{key}"), size=f"{abs(size) * 100:.0f}")


# ---- a month ---------------------------------------------------------------------------------------------------


def teller(towns: TwoTowns, language: str) -> Teller:
    """Who tells the headlines of a pair of towns, by what they are called now."""
    left, right = (side_told(towns, place, language)["name"] for place in range(2))
    return Teller(language, (left, right), first=towns.plan.first, months=towns.plan.months)


def head(towns: TwoTowns, teller: Teller, language: str) -> dict[str, Any]:
    """The month on the screen in words and numbers: all of a packet's head that the towns themselves can tell."""
    setting, month = towns.plan.scenario(), towns.month
    shocks = shocks_told(towns.plan, month, language)
    landed = [(each["month"], each["key"], each["label"]) for each in shocks]
    told = teller.headline(towns.models[0].town, towns.models[1].town, landed, month)
    return {
        "month": month, "when": when(setting, month, language), "headline": {"text": told.text, "topic": told.topic},
        "shocks": shocks, "numbers": [numbers(model.town) for model in towns.models],
        "values": [values_told(each[-1]) for each in towns.history(outcomes())],
        "paid": [paid_told(each[-1]) for each in towns.borne()], "coming": coming(towns, language),
        "ended": towns.over,
    }  # fmt: skip


def coming(towns: TwoTowns, language: str) -> list[list[str]]:
    """For each town, what has been decided and will be felt from the next month on. Shocks are shown as shocks."""
    told: list[list[str]] = [[], []]
    date = when(towns.plan.scenario(), towns.month + 1, language)
    for act in towns.plan.acts:
        if act.month != towns.month + 1 or act.kind == "shock":
            continue
        source = text(language, f"town.act.{act.side}") if act.kind == "fork" else ""
        said = text(language, f"town.coming.{act.kind}", when=date, what=change_told(act, language), side=source)
        for place in sides_of(act.side):
            told[1 - place if act.kind == "fork" else place].append(said)
    return told


def change_told(act: Act, language: str) -> str:
    """What an act changes, and to what: "Length 36", "Short deals"."""
    if act.name == "governance":
        return governance_told(language, str(act.value))
    return text(
        language, "town.coming.value", what=label(language, act.name), value=number_told(float(act.value), language)
    )


def history(towns: TwoTowns, run: int) -> dict[str, Any]:
    """Every month shown so far, so that charts are full after a rebuild or a reload."""
    return {
        "run": run, "from": towns.plan.first,
        "values": [[values_told(row) for row in each] for each in towns.history(outcomes())],
        "paid": [[paid_told(row) for row in each] for each in towns.borne()],
    }  # fmt: skip


def values_told(row: Any) -> list[float]:
    """A month's outcomes, as a chart needs them."""
    return [round(float(value), 4) for value in row]


def paid_told(row: Any) -> dict[str, float]:
    """The rise in costs so far and who bore it, to the penny."""
    return {name: round(float(value), 2) for name, value in zip(PAYERS, row, strict=True)}


def packet(towns: TwoTowns, head: Mapping[str, Any]) -> bytes:
    """The month on the screen: its head, and the state of both towns."""
    moves = [past.moves(towns.month) for past in towns.pasts]
    told = json.dumps({**head, "moves": [len(each) for each in moves]}, ensure_ascii=False, separators=(",", ":"))
    body = [part for model, each in zip(towns.models, moves, strict=True) for part in state(model.town, each)]
    first = told.encode()
    return b"".join([struct.pack("<I", len(first)), first, *body])


def state(town: Town, moves: Any) -> list[bytes]:
    """One town this month, as bytes."""
    people, organisations = town.residents, town.organisations
    strain = np.round((10.0 - people["wellbeing"]) * 25.5).clip(0, 255)
    load = np.round(organisations["load"] * FULL).clip(0, 255)
    ties = town.ties
    trust = np.where(ties["active"] == 1, np.round(trust_along(ties) * 254.0).clip(0, 254) + 1, 0)
    seller = town.agreements["seller"]
    return [
        strain.astype(np.uint8).tobytes(),
        load.astype(np.uint8).tobytes(),
        organisations["state"].astype(np.uint8).tobytes(),
        trust.astype(np.uint8).tobytes(),
        np.where(seller == NOBODY, NO_SELLER, seller).astype("<u2").tobytes(),
        np.asarray(moves).astype("<u2").tobytes(),
    ]


def numbers(town: Town) -> list[int]:
    """What stands beside a town's name: cases waiting, cases helped, crises this month, people at 4 or below."""
    row = town.history[int(town.clock["month"]) - 1]
    people = len(town.residents)
    crises = int(np.count_nonzero(town.residents["in_crisis"]))
    return [
        round(float(row["waiting"]) * people / 1000), round(float(row["cases_helped"]) * people / 1000), crises,
        round(float(row["low_wellbeing"]) * people),
    ]  # fmt: skip


@cache
def outcomes() -> tuple[str, ...]:
    """The names of the outcomes drawn as charts."""
    known = {measure.__name__ for measure in MEASURES}
    assert set(CHARTS) <= known, "a chart of something that is not measured"
    return tuple(CHARTS)
