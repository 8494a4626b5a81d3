"""People, places and money are neither made nor lost, in calm towns and in towns that fall apart.

Every town here lives its months in four stretches, and is looked at between them: what should not have
changed has not, and what changed is booked. The last tests leak on purpose, to show that a leak is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agents.money import pay_for_places, pay_own_staff
from agents.residents import take_stock
from agents.staff import leave_and_hire
from agents.tables import NEEDS, Component, Happening, Kind, Organisation, Resident, Status, Tie, Town
from agents.ties import pass_aid
from experiments.validation.quiet import Line
from simulation.engines import Engine, engine_for
from simulation.month import MONTH
from simulation.scenario import Scenario, load_scenario
from simulation.shocks import Pulse, Ramp, Shock, Step
from simulation.town import found_town

Column = npt.NDArray[Any]
Ledger = dict[str, Column]

PENNY = 0.01
FILLING = float(Scenario().parameter("filling"))
MONTHS = 66
SEEDS = (1, 2)

SHOCKS: dict[str, tuple[Shock, ...]] = {
    "calm": (),
    "energy doubles": (Step("energy", size=1.0, start=24),),
    "wages climb and budgets fall": (
        Ramp("wages", size=0.3, start=20, length=24),
        Step("budget", size=-0.15, start=24),
    ),
    "everything doubles": (Step("all", size=1.0, start=24),),
    "a year of need": (Pulse("demand", size=2.0, start=24, length=12), Pulse("food", size=0.5, start=30, length=6)),
    "as it happened, and worse": load_scenario("compound").shocks,
}
GOVERNANCES: tuple[Any, ...] = ("contract", "relational", "formal_relational", "spot", "in_house", "lip_service", 0.5)

TOWNS = [(governance, shock) for governance in GOVERNANCES for shock in SHOCKS]


# ---- living a month in stretches ----------------------------------------------------------------


def stretches() -> tuple[tuple[Line, ...], ...]:
    """MONTH cut open before help is asked for, and before and after people leave and are hired."""
    names = [rule.__name__ for _, rule in MONTH]
    asked, staff = names.index("ask_for_help"), names.index("leave_and_hire")
    return MONTH[:asked], MONTH[asked:staff], MONTH[staff : staff + 1], MONTH[staff + 1 :]


def engines(rules: Mapping[str, Callable[..., Any]] | None = None, kind: str = "compiled") -> tuple[Engine, ...]:
    """One engine for each stretch; rules given replace the town's own where they stand."""
    made = []
    for lines in stretches():
        here = {rule.__name__ for _, rule in lines}
        made.append(engine_for(kind, {name: rule for name, rule in (rules or {}).items() if name in here}, lines))
    return tuple(made)


SHIPPED = engines()


def cases_waiting(town: Town) -> int:
    """Needs whose owners wait for help."""
    return int((town.residents["status"] == Status.WAITING).sum())


def held(town: Town) -> float:
    """All money in the town."""
    return float(town.organisations["reserves"].sum() + town.funders["reserves"].sum())


def workers(town: Town) -> float:
    """Everyone in post, and those between employers."""
    return float(town.organisations["staff"].sum() + town.agreements["waiting_staff"].sum())


def posts(town: Town) -> float:
    """All posts, those of lost agreements included."""
    lost = town.agreements["active"] == 0
    return float(town.organisations["posts"].sum() + town.agreements["posts"][lost].sum())


def willing(town: Town) -> Any:
    """How readily workers come, for each organisation: less where pay lags behind wages elsewhere."""
    rows, wages = town.organisations, float(town.clock["prices"][Component.LABOUR])
    paid = np.where(rows["cost"] > 0.0, rows["income"] / np.where(rows["cost"] > 0.0, rows["cost"], 1.0), 1.0)
    paid[:NEEDS] = float(town.clock["budget_level"]) / rows["cost_index"][:NEEDS]
    lag = np.minimum(max(0.0, 1.0 - 1.0 / wages), np.maximum(0.0, 1.0 - paid))
    return np.maximum(0.0, 1.0 - float(town.parameters["filling_for_pay"]) * lag)


def live_and_keep_books(town: Town, months: int, through: tuple[Engine, ...] = SHIPPED) -> Ledger:
    """Live so many months and write down, for each, what conservation speaks of."""
    until_asked, until_staff, staff, rest = through
    told: dict[str, list[float]] = {}

    def note(**values: float) -> None:
        for name, value in values.items():
            told.setdefault(name, []).append(float(value))

    for _ in range(months):
        note(opened=held(town), waiting_before=cases_waiting(town))
        until_asked.live(town)
        low = town.residents["need"] <= town.parameters["tolerance"]
        note(passed=(low & (town.residents["status"] == Status.WAITING)).sum(), workers_first=workers(town))
        until_staff.live(town)
        vacant = np.maximum(0.0, town.organisations["posts"] - town.organisations["staff"])
        funder = np.maximum(town.organisations["funder"], 0)
        short = (town.organisations["reserves"] < 0.0) & (town.funders["reserves"][funder] <= 0.0)
        short |= town.funders["emergency"][funder] == 1
        out_of_money = (town.organisations["kind"] == Kind.SERVICE) & short
        may_hire = (town.organisations["alive"] == 1) & ~out_of_money
        note(workers_before=workers(town), vacant=(vacant * willing(town))[may_hire].sum())
        note(aid=town.organisations["aid"].sum(), aid_passed=np.abs(town.organisations["aid"]).sum())
        staff.live(town)
        note(workers_after=workers(town), leavers=town.organisations["leavers"].sum())
        rest.live(town)
        here = town.neighbourhoods
        note(workers_last=workers(town), posts=posts(town), people=here["residents"].sum(), closed=held(town))
        note(asked=here["asked"].sum(), helped=here["helped"].sum(), gave_up=here["gave_up"].sum())
        note(resolved=here["resolved"].sum(), came_back=here["came_back"].sum(), waiting_after=cases_waiting(town))
        note(queued=town.services["queue"].sum(), waiting_counted=here["waiting"].sum())
        note(by_partners=town.partners["served"].sum(), by_services=town.services["served"].sum())
        note(by_agreements=town.agreements["served"].sum(), worked=town.agreements["succeeded"].sum())
        note(**{name: town.books[name] for name in town.books.dtype.names})
    return {name: np.array(values) for name, values in told.items()}


@cache
def lived(governance: Any, shock: str, seed: int) -> tuple[Ledger, Town]:
    """The books of a town, and the town as it ended."""
    town = found_town(Scenario(residents=200, months=MONTHS, seed=seed, governance=governance, shocks=SHOCKS[shock]))
    return live_and_keep_books(town, MONTHS), town


# ---- money -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("governance", "shock"), TOWNS)
def test_money_at_the_month_s_end_is_what_was_held_and_came_in_less_what_was_paid_away(
    governance: Any, shock: str
) -> None:
    for seed in SEEDS:
        books, _ = lived(governance, shock, seed)
        assert books["held"] == pytest.approx(books["opened"], abs=PENNY)
        assert books["held"] + books["paid_in"] - books["paid_away"] == pytest.approx(books["closed"], abs=PENNY)
        assert (books["paid_in"] != 0.0).all()


@pytest.mark.parametrize(("governance", "shock"), TOWNS)
def test_funders_partners_staff_and_residents_bear_the_rise_in_costs_to_the_penny(governance: Any, shock: str) -> None:
    for seed in SEEDS:
        books, _ = lived(governance, shock, seed)
        borne = books["funders"] + books["partners"] + books["staff"] + books["residents"]
        assert borne == pytest.approx(books["cost_rise"], abs=PENNY, rel=0.0)
        if shock == "everything doubles":
            assert (books["cost_rise"][36:] > 10_000.0).all()


@pytest.mark.parametrize("governance", ["relational", "formal_relational"])
def test_help_between_partners_changes_hands_and_nothing_else(governance: str) -> None:
    for shock in SHOCKS:
        books, _ = lived(governance, shock, 1)
        assert books["aid"] == pytest.approx(0.0, abs=PENNY)
        assert books["aid_passed"].sum() > 0.0


def test_the_towns_tested_include_some_that_fall_apart() -> None:
    """Closures, hand-backs, refusals and agreements let again: otherwise the sums above would prove little."""
    happened = set()
    for governance in GOVERNANCES:
        for seed in SEEDS:
            _, town = lived(governance, "everything doubles", seed)
            happened |= set(town.events["kind"][: int(town.clock["events"])].tolist())
    wanted = (Happening.CLOSURE, Happening.HAND_BACK, Happening.REFUSAL, Happening.TENDER)
    assert happened >= set(wanted)


# ---- staff and posts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("governance", "shock"), TOWNS)
def test_nobody_joins_or_leaves_the_town_s_staff_but_through_hires_and_leavers(governance: Any, shock: str) -> None:
    for seed in SEEDS:
        books, _ = lived(governance, shock, seed)
        assert books["workers_first"] == pytest.approx(books["workers_before"], abs=1e-9)
        assert books["workers_after"] == pytest.approx(books["workers_last"], abs=1e-9)
        hired = books["workers_after"] - books["workers_before"] + books["leavers"]
        assert hired == pytest.approx(FILLING * books["vacant"], abs=1e-9)
        assert (books["leavers"] > 0.0).all()
        assert books["vacant"].sum() > 0.0


@pytest.mark.parametrize(("governance", "shock"), TOWNS)
def test_posts_stay_as_many_as_at_the_start_lost_agreements_included(governance: Any, shock: str) -> None:
    for seed in SEEDS:
        books, _ = lived(governance, shock, seed)
        assert books["posts"] == pytest.approx(books["posts"][0], rel=1e-9)


@pytest.mark.parametrize(("governance", "shock"), TOWNS)
def test_workers_go_where_their_posts_go(governance: Any, shock: str) -> None:
    """No organisation keeps workers without posts, and no agreement in force has workers waiting for it."""
    for seed in SEEDS:
        _, town = lived(governance, shock, seed)
        without = town.organisations["posts"] < 1e-9
        assert town.organisations["staff"][without] == pytest.approx(0.0, abs=1e-9)
        assert (town.organisations["staff"] <= town.organisations["posts"] + 1e-9).all()
        assert (town.agreements["waiting_staff"][town.agreements["active"] == 1] == 0.0).all()


# ---- residents and cases ------------------------------------------------------------------------------


@pytest.mark.parametrize(("governance", "shock"), TOWNS)
def test_as_many_people_are_counted_each_month_as_live_in_the_town(governance: Any, shock: str) -> None:
    for seed in SEEDS:
        books, town = lived(governance, shock, seed)
        assert (books["people"] == 200).all()
        assert (town.residents["id"] == np.arange(200)).all()


@pytest.mark.parametrize(("governance", "shock"), TOWNS)
def test_every_case_is_helped_or_given_up_or_passes_or_waits_on(governance: Any, shock: str) -> None:
    for seed in SEEDS:
        books, _ = lived(governance, shock, seed)
        open_cases = books["waiting_before"] + books["asked"] - books["gave_up"] - books["passed"]
        assert (open_cases == books["queued"]).all()
        assert (books["queued"] == books["helped"] + books["waiting_after"]).all()
        assert (books["waiting_after"] == books["waiting_counted"]).all()
        assert (books["resolved"] <= books["helped"]).all()
        assert (books["came_back"] <= books["asked"]).all()
        assert books["helped"].sum() > 0.0


@pytest.mark.parametrize(("governance", "shock"), TOWNS)
def test_as_many_cases_are_helped_as_organisations_helped(governance: Any, shock: str) -> None:
    for seed in SEEDS:
        books, _ = lived(governance, shock, seed)
        assert (books["helped"] == books["by_services"] + books["by_partners"]).all()


@pytest.mark.parametrize("governance", GOVERNANCES)
def test_an_agreement_counts_the_cases_helped_this_month(governance: Any) -> None:
    books, _ = lived(governance, "calm", 1)
    assert (books["by_agreements"] == books["by_partners"]).all()
    assert (books["worked"] <= books["resolved"]).all()


def test_no_more_cases_are_helped_over_time_than_places_were_paid_for_or_given() -> None:
    """A part of a place is carried over, so over time places given are places there were, less at most one each."""
    for governance in ("contract", "relational"):
        town = found_town(Scenario(residents=150, months=40, governance=governance, shocks=SHOCKS["a year of need"]))
        through = engine_for("compiled", None, MONTH)
        there, helped = 0.0, 0.0
        for _ in range(40):
            through.live(town)
            there += float(town.services["places"].sum() + town.services["unpaid_places"].sum())
            there += float(town.agreements["volume"].sum() + town.agreements["unpaid_places"].sum())
            helped += float(town.neighbourhoods["helped"].sum())
        assert helped <= there + NEEDS + len(town.agreements)


def test_every_sum_holds_where_partners_are_few_and_where_there_are_none() -> None:
    """With three partners lost agreements find no bidder; with none, services give every place themselves."""
    for partners in (3, 0):
        scenario = Scenario(
            residents=120,
            months=MONTHS,
            partners=partners,
            governance="contract",
            shocks=SHOCKS["everything doubles"],
            parameters={"entry": 0.0},
            seed=6,
        )
        town = found_town(scenario)
        books = live_and_keep_books(town, MONTHS)
        assert all(sums(books).values())
        assert books["posts"] == pytest.approx(books["posts"][0], rel=1e-9)
        happened = town.events["kind"][: int(town.clock["events"])]
        assert (Happening.NO_BIDDER in happened) == (partners == 3)


def test_a_service_that_buys_nothing_draws_on_its_funder_when_it_runs_short() -> None:
    """Its own staff must be paid too: a dearer year is met from the funder's reserves with partners or without."""
    scenario = Scenario(
        residents=120,
        months=40,
        partners=0,
        shocks=(Step("all", size=0.3, start=24),),
        parameters={"leaving_for_pay": 0.0},
    )
    town = found_town(scenario)
    through = engine_for("compiled", None, MONTH)
    drawn = 0.0
    for _ in range(40):
        through.live(town)
        drawn += float(town.funders["drawn"].sum())
    assert town.services["reserves"].min() < 0.0
    assert drawn > 0.0


# ---- a leak would be seen --------------------------------------------------------------------------------


def pay_and_lose_a_pound(tie: Tie, town: Town) -> None:
    """A pound falls out of the seller's pocket."""
    pay_for_places(tie, town)
    town.organisations[tie.seller].reserves -= 1.0


def pay_staff_half(service: Organisation, town: Town) -> None:
    """Half of the pay is booked and never paid."""
    pay_own_staff(service, town)
    service.reserves += 0.5 * service.cost


def give_without_taking(tie: Tie, town: Town) -> None:
    """Help arrives that nobody gave."""
    pass_aid(tie, town)
    town.organisations[tie.buyer].reserves += abs(tie.aid)


def hire_unseen(organisation: Organisation, town: Town) -> None:
    """One in a hundred workers more is there after the month than were hired."""
    leave_and_hire(organisation, town)
    organisation.staff = organisation.staff * 1.01


def forget_a_case(resident: Resident, town: Town) -> None:
    """Whoever waits for care is forgotten at the month's end."""
    take_stock(resident, town)
    if resident.status[1] == Status.WAITING:
        resident.status[1] = Status.NONE


def broken(rules: Mapping[str, Callable[..., Any]]) -> Ledger:
    """The books of a stressed town in which some rules are replaced by leaking ones."""
    scenario = Scenario(residents=60, months=36, governance="relational", shocks=SHOCKS["energy doubles"])
    return live_and_keep_books(found_town(scenario), 36, engines(rules, "plain"))


def sums(books: Ledger) -> dict[str, bool]:
    """Which of the sums above hold in every month."""
    borne = books["funders"] + books["partners"] + books["staff"] + books["residents"]
    ends = books["held"] + books["paid_in"] - books["paid_away"]
    hired = books["workers_after"] - books["workers_before"] + books["leavers"]
    return {
        "money": bool(np.abs(ends - books["closed"]).max() < PENNY),
        "who bore it": bool(np.abs(borne - books["cost_rise"]).max() < PENNY),
        "staff": bool(np.abs(hired - FILLING * books["vacant"]).max() < 1e-9),
        "cases": bool((books["queued"] == books["helped"] + books["waiting_after"]).all()),
    }


def test_every_sum_holds_in_a_town_that_does_not_leak() -> None:
    assert sums(broken({})) == {"money": True, "who bore it": True, "staff": True, "cases": True}


@pytest.mark.parametrize(
    ("rules", "seen"),
    [
        ({"pay_for_places": pay_and_lose_a_pound}, {"money", "who bore it"}),
        ({"pay_own_staff": pay_staff_half}, {"money", "who bore it"}),
        ({"pass_aid": give_without_taking}, {"money", "who bore it"}),
        ({"leave_and_hire": hire_unseen}, {"staff"}),
        ({"take_stock": forget_a_case}, {"cases"}),
    ],
)
def test_a_rule_that_leaks_breaks_the_sum_it_leaks_from(rules: Mapping[str, Any], seen: set[str]) -> None:
    assert {name for name, holds in sums(broken(rules)).items() if not holds} == seen
