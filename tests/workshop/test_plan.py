"""A plan and its link say the same, and whatever else stands in a link is refused in words."""

from __future__ import annotations

import string
from contextlib import suppress
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.terms import DIALS, GOVERNANCES
from simulation.scenario import PARAMETERS, SETTLING
from simulation.scenario import settings as shipped
from simulation.shocks import Shock
from viz.workshop.plan import (
    BOTH,
    DIGITS,
    FEWEST,
    LARGEST_SEED,
    LONGEST_LINK,
    MOST,
    MOST_ACTS,
    MOST_OWN,
    SHOCKS,
    SIDES,
    Act,
    Plan,
    PlanError,
    Side,
    declared,
    link_of,
    live_names,
    offered_settings,
    plan_in,
    shock_of,
    size_of,
)

NUMBERS = [*DIALS, *(name for name, row in PARAMETERS.items() if not row.shape)]


# ---- any plan ------------------------------------------------------------------------------------------------


def number_of(name):
    """Any value that a dial or a parameter may have."""
    row = declared(name)
    if row.whole:
        return st.integers(int(row.low), int(row.high)).map(float)
    return st.floats(row.low, row.high, allow_nan=False)


def own_of(names):
    """A name among these, and a value that fits."""
    return st.sampled_from(sorted(names)).flatmap(lambda name: st.tuples(st.just(name), number_of(name)))


governances = st.one_of(st.sampled_from(sorted(GOVERNANCES)), st.floats(0, 1).map(lambda share: f"{share:.6g}"))
sides = st.builds(
    Side, governances, st.lists(own_of(NUMBERS), max_size=MOST_OWN, unique_by=lambda own: own[0]).map(tuple)
)


@st.composite
def acts(draw, months):
    month = draw(st.integers(SETTLING + 1, months - 1))
    kind = draw(st.sampled_from(("shock", "own", "fork", "govern")))
    if kind == "shock":
        name = draw(st.sampled_from([name for name in SHOCKS if name != "budget"]))
        return Act(month, kind, BOTH, name, draw(st.sampled_from(SHOCKS[name][1])), draw(st.booleans()))
    if kind == "govern":
        return Act(month, "fork", draw(st.sampled_from(SIDES)), "governance", draw(governances))
    name, value = draw(own_of(live_names() - {name for name, row in PARAMETERS.items() if row.shape}))
    return Act(month, kind, draw(st.sampled_from(SIDES if kind == "fork" else (*SIDES, BOTH))), name, value)


@st.composite
def plans(draw):
    setting = draw(st.sampled_from(shipped()))
    months = offered_settings()[setting].months
    done = draw(st.lists(acts(months), max_size=MOST_ACTS))
    return Plan(
        setting, draw(st.integers(0, LARGEST_SEED)), draw(st.integers(FEWEST, MOST)), draw(sides), draw(sides),
        tuple(sorted(done, key=lambda act: act.month)),
    )  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(plans(), st.data())
def test_the_link_of_any_plan_gives_the_same_plan_month_and_language(plan, data):
    month = data.draw(st.integers(plan.first, plan.months - 1))
    link = link_of(plan, month, "de")
    assert plan_in(link) == (plan, month, "de")
    assert len(link) <= LONGEST_LINK


def test_the_longest_plan_there_may_be_fits_into_a_link():
    names = sorted(NUMBERS, key=len)[-MOST_OWN:]
    side = Side("formal_relational", tuple((name, declared(name).high) for name in names))
    longest = max((name for name in live_names() if not declared_shape(name)), key=len)
    done = tuple(Act(83, "own", BOTH, longest, declared(longest).high) for _ in range(MOST_ACTS))
    plan = Plan(left=side, right=side, residents=MOST, seed=LARGEST_SEED, acts=done)
    assert plan_in(link_of(plan, 83))[0] == plan


def declared_shape(name):
    return name in PARAMETERS and bool(PARAMETERS[name].shape)


def test_a_number_with_more_digits_than_a_link_carries_is_lived_as_it_is_linked():
    third = 1.0 / 3.0
    plan = Plan(left=Side("contract", (("sharing", third),)), acts=(Act(30, "own", "left", "sharing", third),))
    assert plan.left.dials["sharing"] == float(f"{third:.{DIGITS}g}") == plan.acts[0].value
    assert plan_in(link_of(plan, 30))[0] == plan


def test_a_link_without_anything_is_the_usual_plan():
    assert plan_in("") == plan_in("?") == (Plan(), None, "")


def test_a_month_beyond_the_run_is_its_last_and_one_before_it_its_first():
    assert plan_in("?month=99999")[1] == Plan().months - 1
    assert plan_in("?month=0")[1] == Plan().first


# ---- what else may stand in a link ---------------------------------------------------------------------------

HOSTILE = [
    "setting=../../etc/passwd",
    "setting=/etc/passwd",
    "setting=C:\\windows\\win.ini",
    "setting=calm.toml",
    "setting=calm%00",
    "setting=<script>alert(1)</script>",
    "setting=" + "x" * 7000,
    "left=<img src=x onerror=alert(1)>",
    "left=nan",
    "left=inf",
    "left=-0.1",
    "left=1.0000001",
    "left=1e400",
    "left=" + "9" * 5000,
    "left=contract,",
    "left=contract,sharing",
    "left=contract,sharing:",
    "left=contract,sharing:nan",
    "left=contract,sharing:inf",
    "left=contract,sharing:1e99",
    "left=contract,sharing:-1e99",
    "left=contract,sharing:0x1",
    "left=contract,sharing:0.1,sharing:0.2",
    "left=contract,__class__:1",
    "left=contract,base:1",
    "left=contract,need_weights:1",
    "left=contract,inflow:" + "1" * 4000,
    "left=" + ",".join(["contract", *(f"{name}:0" for name in NUMBERS)]),
    "seed=-1",
    "seed=1.5",
    "seed=1e3",
    "seed=" + "9" * 12,
    "seed=" + "9" * 5000,
    "seed=٣",
    "seed=true",
    "residents=0",
    "residents=99",
    "residents=3001",
    "residents=999999999999",
    "month=-1",
    "month=NaN",
    "month=" + "9" * 100,
    "do=x",
    "do=~",
    "do=~~~~",
    "do=30!shock!both!energy",
    "do=30!shock!both!energy!0.5!good!more",
    "do=30!shock!both!__init__!0.5!good",
    "do=30!shock!both!energy!nan!good",
    "do=30!shock!both!energy!-5!good",
    "do=30!shock!both!energy!1e30!good",
    "do=30!shock!left!energy!0.5!good",
    "do=30!shock!nowhere!energy!0.5!good",
    "do=10!shock!both!energy!0.5!good",
    "do=84!shock!both!energy!0.5!good",
    "do=-3!shock!both!energy!0.5!good",
    "do=999999999999!shock!both!energy!0.5!good",
    "do=30!own!both!residents!5",
    "do=30!own!both!reserves_median!2",
    "do=30!own!both!sharing!7",
    "do=30!own!both!sharing!relational",
    "do=30!own!everyone!sharing!0.5",
    "do=30!fork!both!governance!relational",
    "do=30!fork!left!governance!nobody",
    "do=30!fork!left!governance!",
    "do=30!fork!left!setting!1",
    "do=30!exec!both!os.system!1",
    "do=40!shock!both!energy!0.5!good~30!shock!both!energy!0.5!good",
    "do=" + "~".join(["30!shock!both!food!0.1!good"] * (MOST_ACTS + 1)),
    "do=" + "~" * 7000,
    "nothing=1",
    "__proto__=1",
    "Setting=calm",
    "=1&left=spot&=2",
    "x" * (LONGEST_LINK + 1),
    "x" * 10_000_000,
]


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: query[:50])
def test_a_link_that_does_not_fit_is_refused_in_a_few_words(query):
    with pytest.raises(PlanError) as refused:
        plan_in(query if "%" in query else quote(query, safe="=&,:~!"))
    assert len(str(refused.value)) < 1000


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300) | st.text(string.printable, max_size=300))
def test_no_text_at_all_brings_a_link_to_anything_but_a_plan_or_a_refusal(text):
    for query in (
        text,
        urlencode({"do": text}, errors="replace"),
        urlencode({"left": f"contract,{text}"}, errors="replace"),
    ):
        with suppress(PlanError):
            assert isinstance(plan_in(query)[0], Plan)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["30", "shock", "own", "fork", "both", "left", "energy", "sharing", "governance", "0.5", "spot", ""]
        ),
        max_size=7,
    )
)
def test_no_mixture_of_true_words_does_either(parts):
    with suppress(PlanError):
        assert len(plan_in("do=" + "!".join(parts))[0].acts) <= 1


# ---- what may be done ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, "1", [1], {}, True, float("nan"), float("inf"), 10**400, -(10**400), 10**20])
def test_only_numbers_that_fit_are_numbers_of_a_side(value):
    with pytest.raises(PlanError):
        Plan(left=Side("contract", (("sharing", value),)))


@pytest.mark.parametrize("governance", [None, 0.5, 3, ["contract"], {"base": "contract"}, "x" * 10_000, ""])
def test_only_a_name_or_a_number_in_words_is_a_governance(governance):
    with pytest.raises(PlanError):
        Plan(left=Side(governance))


@pytest.mark.parametrize("place", [-1, 3, 1.0, True, "1", None, 10**30])
def test_a_shock_is_small_medium_or_large(place):
    with pytest.raises(PlanError):
        size_of("energy", place)


@pytest.mark.parametrize("name", SHOCKS)
def test_every_shock_that_can_be_pressed_can_be_lived_for_a_year_and_for_good(name):
    for place in range(3):
        for lasting in (True, False):
            plan = Plan(acts=(Act(30, "shock", BOTH, name, size_of(name, place), lasting),))
            assert isinstance(shock_of(plan.acts[0]), Shock)


def test_what_a_side_is_given_last_counts():
    side = Side("spot").with_own("sharing", 0.2).with_own("term", 12).with_own("sharing", 0.4)
    assert side.own == (("term", 12), ("sharing", 0.4))


def test_a_side_of_its_own_numbers_is_founded_with_them():
    plan = Plan(left=Side("spot", (("sharing", 0.4), ("inflow", 0.02))), residents=200)
    scenario = plan.scenario("left")
    assert scenario.terms()["peer"]["sharing"] == scenario.terms()["agreement"]["sharing"] == 0.4
    assert (scenario.parameter("inflow"), scenario.residents, scenario.seed) == (0.02, 200, 1)
    assert plan.scenario("right").parameter("inflow") != 0.02


def test_a_setting_of_ones_own_is_offered_and_nothing_else_that_is_a_file(tmp_path, monkeypatch):
    file = tmp_path / "mine.toml"
    file.write_text('title = "Mine"\nmonths = 40\n', encoding="utf-8")
    monkeypatch.setenv("KITH_SHOW_SETTING", str(file))
    assert plan_in("?setting=mine")[0].months == 40
    with pytest.raises(PlanError):
        plan_in(f"?setting={file}")
