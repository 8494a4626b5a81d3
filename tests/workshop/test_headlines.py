"""Headlines tell both towns by the same words, and what is told never depends on which town does better."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import pairwise
from string import Formatter

import numpy as np
import pytest

from agents.tables import Happening
from simulation import CommunityModel
from viz.workshop import numbers
from viz.workshop.headlines import TOPICS, Teller
from viz.workshop.words import catalogue, languages, said_in

FIRST, MONTHS = 24, 84
CALLED = ("Northtown", "Southtown")
SHOCKS = [(30, "energy", "Energy +50%"), (44, "wages", "Wages +10%"), (44, "demand", "Demand +20%")]
BOTH = {"en": "both towns", "de": "beide"}
NO_WORDS = {
    "en": "good better best bad worse worst win wins won lose loses lost fail fails failed succeed success thrive "
    "only just even still-more merely unfortunately sadly happily luckily great poor weak strong terrible excellent "
    "impressive disappointing blame fault praise thanks despite collapse disaster saved rescue spared suffer suffers "
    "wasted waste efficient inefficient fair unfair healthy cheat greedy generous kind loyal",
    "de": "gut besser beste schlecht schlechter gewinnt verliert versagt scheitert erfolgreich leider nur sogar "
    "glück stark schwach großartig schuld lob dank trotz zusammenbruch katastrophe rettet leidet verschwendet gerecht "
    "ungerecht betrügt gierig großzügig treu",
}  # fmt: skip


def two_towns(left, right, seed=7, months=MONTHS, **given):
    made = [
        CommunityModel(
            setting="cost_of_living_2021", governance=governance, rng=seed, residents=200, engine="compiled", **given
        )
        for governance in (left, right)
    ]
    for model in made:
        for _ in range(months):
            model.step()
    return [model.town for model in made]


def told(left, right, called=CALLED, language="en", shocks=SHOCKS, months=range(FIRST, MONTHS)):
    teller = Teller(language, called, first=FIRST)
    return [teller.headline(left, right, shocks, month) for month in months]


@pytest.fixture(scope="module")
def towns():
    return two_towns("contract", "relational")


@cache
def headlines_of(language):
    return {key: words for key, words in said_in(language).items() if key.startswith("headlines.") and "[" not in key}


def read(headline, language="en"):
    """What a headline says of the first and of the second town it names, or nothing where it is the same of both."""
    for key, words in headlines_of(language).items():
        _, topic, *rest = key.split(".")
        if topic != headline.topic or rest[-1] not in ("say", "same"):
            continue
        pattern = "".join(
            re.escape(before) + (f"(?P<{name}>.+?)" if name else "") for before, name, _, _ in Formatter().parse(words)
        )
        if match := re.fullmatch(pattern, headline.text):
            found = match.groupdict()
            return (key, found.get("left"), found.get("right"))
    raise AssertionError(f"no template says {headline}")


# ---- fairness ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("pair", [("contract", "relational"), ("spot", "in_house"), ("rigid_contract", "contract")])
def test_with_the_towns_swapped_the_same_is_said_with_the_sides_swapped(pair, language):
    left, right = two_towns(*pair)
    one = told(left, right, CALLED, language)
    other = told(right, left, CALLED[::-1], language)
    for here, there in zip(one, other, strict=True):
        key, first, second = read(here, language)
        assert read(there, language) == (key, second, first)
        assert here.topic == there.topic


def test_names_change_nothing_but_the_names(towns):
    one, other = told(*towns, CALLED), told(*towns, ("A", "B"))
    for here, there in zip(one, other, strict=True):
        assert here.text.replace(CALLED[0], "A").replace(CALLED[1], "B") == there.text


@pytest.mark.parametrize("seed", range(1, 9))
def test_what_is_told_does_not_depend_on_which_side_a_governance_is_on(seed):
    left, right = two_towns("contract", "relational", seed)
    assert [each.topic for each in told(left, right)] == [each.topic for each in told(right, left)]


@pytest.mark.parametrize("measure", ["crises", "waiting", "trust", "public_cost", "low_wellbeing", "partners_cutting"])
def test_a_difference_with_its_sign_turned_is_told_as_often(towns, measure):
    """Everything else as it was, the two towns change places in one measure."""
    left, right = towns
    turned = [town._replace(history=town.history.copy()) for town in towns]
    turned[0].history[measure], turned[1].history[measure] = right.history[measure], left.history[measure]
    assert [each.topic for each in told(*turned)] == [each.topic for each in told(left, right)]


@pytest.mark.parametrize("language", languages())
def test_of_two_equal_towns_it_is_said_that_they_are_the_same(language):
    left, right = two_towns("relational", "relational")
    for headline in told(left, right, language=language):
        assert read(headline, language)[0].endswith(".same")
    only = two_towns("relational", terms_of_relational())
    assert [each.text for each in told(left, only[1])] == [each.text for each in told(left, right)]


def test_towns_that_are_equal_in_one_number_only_are_not_called_the_same(towns):
    """The second town as the first, but that its crises are written down as renewals, of which the first has none."""
    left, right = towns[0], towns[0]._replace(events=towns[0].events.copy())
    renewed = np.flatnonzero(right.events["kind"][: int(right.clock["events"])] == Happening.RENEWAL)
    assert not len(renewed)
    crises = np.flatnonzero(right.events["kind"][: int(right.clock["events"])] == Happening.CRISIS)
    right.events["kind"][crises] = Happening.RENEWAL
    tenders = [each for each in told(left, right) if each.topic == "tenders"]
    assert tenders
    for headline in tenders:
        key, first, second = read(headline)
        assert key.endswith(".say")
        assert numbers_in(first)[0] == numbers_in(second)[0]
        assert numbers_in(first)[1] != numbers_in(second)[1]


def terms_of_relational():
    from agents.terms import terms_for

    return terms_for("relational")


def test_every_topic_with_something_to_tell_gets_its_turn_as_often_as_the_others(towns):
    turns = Counter(each.topic for each in told(*towns, shocks=[]))
    always = [topic.name for topic in TOPICS if topic.news is None]
    assert len(always) >= 7
    counts = [turns[name] for name in always]
    assert max(counts) - min(counts) <= 1
    assert min(counts) >= 2
    assert all(many <= max(counts) for name, many in turns.items())


def test_no_topic_is_told_twice_running(towns):
    topics = [each.topic for each in told(*towns, shocks=[])]
    assert all(one != other for one, other in pairwise(topics))


def test_a_topic_with_nothing_to_tell_gives_way():
    left, right = two_towns("contract", "contract", 3, 40)
    for town in (left, right):
        town.events["kind"][: int(town.clock["events"])] = Happening.CRISIS
    topics = [each.topic for each in told(left, right, shocks=[], months=range(FIRST, 40))]
    assert not {"disputes", "tenders", "leaving", "promises"} & set(topics)
    assert {"waiting", "crises", "trust"} <= set(topics)


# ---- the words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", languages())
def test_every_sentence_is_about_both_towns(language):
    words = headlines_of(language)
    tellings = {key.rsplit(".", 1)[0] for key in words if key.endswith(".say")}
    ways = {f"headlines.{topic.name}.{way.name}" for topic in TOPICS for way in topic.ways}
    assert tellings == ways | {"headlines.shock.now", "headlines.opening.now", "headlines.summary.all"}
    for telling in tellings:
        said = words[f"{telling}.say"]
        assert said.count("{left}") == said.count("{right}") == 1
        assert said.index("{left}") < said.index("{right}")
        assert BOTH[language] in words[f"{telling}.same"].lower()
        assert {"{a}"} <= set(re.findall(r"{\w}", words[f"{telling}.same"]))
        sides = [form for form in ("side", "none", "one", "many") if f"{telling}.{form}" in words]
        assert sides in (["side"], ["none", "one", "many"])
        for form in sides:
            assert words[f"{telling}.{form}"].count("{town}") == 1
            if form in ("side", "many"):
                assert "{a}" in words[f"{telling}.{form}"]


@pytest.mark.parametrize("language", languages())
def test_no_sentence_praises_or_blames(language):
    banned = set(NO_WORDS[language].split())
    for key, words in headlines_of(language).items():
        found = banned & set(re.findall(r"[\w-]+", words.lower()))
        assert not found, f"{key} says {found}"


@pytest.mark.parametrize("language", languages())
def test_a_headline_fits_on_two_lines(towns, language):
    longest = max((headline.text for headline in told(*towns, language=language)), key=len)
    assert len(longest) <= 130, longest


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("0", "nobody had a crisis in Northtown"),
        ("1", "one crisis struck in Northtown"),
        ("2", "2 crises struck in Northtown"),
    ],
)
def test_one_is_told_otherwise_than_none_and_many(number, said):
    assert Teller("en", CALLED)._side("headlines.crises.year", {"a": number}, "Northtown") == said


def test_numbers_are_written_as_the_language_writes_them():
    assert numbers.pounds("en", 12345.4) == "£12,345"
    assert numbers.pounds("de", -12345.4) == "−12.345 £"
    assert numbers.pounds("en", -0.3) == "£0"
    assert numbers.decimal("de", 2.25, 1) == "2,2"
    assert numbers.decimal("en", -0.04, 1) == "0.0"
    assert numbers.percent("en", 0.123) == "12%"
    assert numbers.change("de", 0.05) == "+5 %"
    assert numbers.change("en", -0.05) == "−5%"
    assert numbers.change("en", 0.001) == "0%"


# ---- what is told is so --------------------------------------------------------------------------------------


def numbers_in(side):
    return [int(each.replace(",", "")) for each in re.findall(r"(?<![\w])\d[\d,]*", side)]


def test_headlines_say_what_the_towns_themselves_counted(towns):
    checked = Counter()
    for month, headline in zip(range(FIRST, MONTHS), told(*towns, shocks=[]), strict=True):
        key, *sides = read(headline)
        if not key.endswith(".say"):
            continue
        for town, side in zip(towns, sides, strict=True):
            events = town.events[: int(town.clock["events"])]
            year = events["kind"][(events["month"] > month - 12) & (events["month"] <= month)]
            happened = Counter(year.tolist())
            wanted = {
                "crises": [happened[Happening.CRISIS]],
                "leaving": [happened[Happening.HAND_BACK], happened[Happening.CLOSURE]],
                "promises": [happened[Happening.BREACH], happened[Happening.REFUSAL]],
                "tenders": [happened[Happening.TENDER], happened[Happening.RENEWAL]],
                "disputes": [happened[Happening.DISPUTE]],
            }.get(headline.topic)
            if wanted:
                said = side.replace("one crisis", "1").replace("nobody", "0").replace("none", "0")
                assert numbers_in(said) == wanted
                checked[headline.topic] += 1
    assert len(checked) == 5


def test_waiting_is_the_number_of_cases_waiting(towns):
    left, right = towns
    month = MONTHS - 1
    teller = Teller("en", CALLED, first=FIRST, months=MONTHS + 1)
    headline = teller.headline(left, right, [(month, "food", "Food")], month)
    _, *sides = read(headline)
    waiting = [int((town.residents["status"] == 1).sum()) for town in towns]
    assert waiting[0] != waiting[1]
    assert [numbers_in(side) for side in sides] == [[many] for many in waiting]


def test_a_run_lived_again_tells_the_same(towns):
    again = two_towns("contract", "relational")
    assert told(*again) == told(*towns)


def test_what_was_told_in_a_month_is_told_of_it_later_too(towns):
    models = [
        CommunityModel(setting="cost_of_living_2021", governance=governance, rng=7, residents=200, engine="compiled")
        for governance in ("contract", "relational")
    ]
    teller, then = Teller("en", CALLED, first=FIRST), []
    for month in range(60):
        for model in models:
            model.step()
        if month >= FIRST:
            then.append(teller.headline(models[0].town, models[1].town, SHOCKS, month))
    assert then == told(*towns, months=range(FIRST, 60))


# ---- first and last ------------------------------------------------------------------------------------------


def test_a_shock_is_told_first_in_the_month_in_which_it_lands(towns):
    headlines = dict(zip(range(FIRST, MONTHS), told(*towns), strict=True))
    assert headlines[30].topic == "shock"
    assert headlines[30].text.startswith("Energy +50%:")
    assert headlines[44].text.startswith("Wages +10% and Demand +20%:")
    assert [month for month, each in headlines.items() if each.topic == "shock"] == [30, 44]


def test_a_shock_takes_nobodys_turn(towns):
    shocked = [each.topic for each in told(*towns) if each.topic != "shock"]
    calm = [each.topic for each in told(*towns, shocks=[])]
    fixed = [topic.name for topic in TOPICS if topic.news is None]
    assert [each for each in shocked if each in fixed][:20] == [each for each in calm if each in fixed][:20]


def test_the_first_month_opens_and_the_last_sums_up(towns):
    headlines = told(*towns)
    assert headlines[0].topic == "opening"
    assert headlines[-1].topic == "summary"
    assert [each.topic for each in headlines].count("summary") == 1
    teller = Teller("en", CALLED, first=FIRST, months=60)
    assert teller.headline(*towns, [], 59).topic == "summary"
    _, left, right = read(headlines[-1])
    crises = [
        int(np.sum((town.events["kind"] == Happening.CRISIS)[: int(town.clock["events"])]
                   & (town.events["month"] >= FIRST)[: int(town.clock["events"])]))
        for town in towns
    ]  # fmt: skip
    assert [numbers_in(side)[0] for side in (left, right)] == crises


def test_a_month_that_has_not_been_lived_cannot_be_told(towns):
    with pytest.raises(ValueError, match="both towns have lived 84"):
        Teller("en", CALLED).headline(*towns, [], 84)


def test_a_short_run_from_its_very_first_month_can_be_told():
    left, right = two_towns("contract", "relational", months=30)
    teller = Teller("en", CALLED)
    for month in range(30):
        assert teller.headline(left, right, [], month).text


def test_an_unknown_language_is_refused(towns):
    with pytest.raises(ValueError, match="there are no words"):
        Teller("xx", CALLED).headline(*towns, [], 30)


def test_the_catalogue_has_no_headline_that_nobody_tells():
    topics = {key.split(".")[1] for key in catalogue("en") if key.startswith("headlines.")}
    assert topics == {topic.name for topic in TOPICS} | {"shock", "opening", "summary", "and"}


@pytest.mark.parametrize(
    "given", [{"partners": 0}, {"neighbourhoods": 1}, {"partners": 1, "agreements_per_service": 1}]
)
def test_unusual_towns_can_be_told_of_too(given):
    left, right = two_towns("contract", "relational", months=60, **given)
    for headline in told(left, right, months=range(FIRST, 60)):
        assert headline.text
        assert (headline.topic == "places") <= ("neighbourhoods" not in given)
