"""Cards tell the same facts of both towns, and what they tell is in the towns' own tables and events."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from agents.tables import NEEDS, NOBODY, Cause, Happening, State, Status
from experiments.why import SENTENCES, events_in
from simulation import CommunityModel
from simulation.town import name_of
from viz.workshop import cards, names
from viz.workshop.past import Move, Past, eventful
from viz.workshop.words import catalogue, languages, said_in

FIRST, MONTHS = 24, 72
PRAISE_OR_BLAME = {
    "en": "good better best bad worse worst win wins loser fault blame praise thanks unfortunately sadly luckily "
    "great poor weak strong terrible excellent greedy generous kind loyal cheat cheats disaster rescue suffers only "
    "merely despite honest dishonest lazy",
    "de": "gut besser beste schlecht schlechter gewinnt schuld lob dank trotz leider nur gierig großzügig treu betrügt "
    "katastrophe rettet leidet ehrlich unehrlich faul",
}


@pytest.fixture(scope="module")
def lived():
    """Two towns under the same shocks, and their pasts."""
    models = [
        CommunityModel(setting="cost_of_living_2021", governance=governance, rng=7, residents=250, engine="compiled")
        for governance in ("contract", "relational")
    ]
    pasts = [Past(model.town) for model in models]
    for _ in range(MONTHS):
        for model, past in zip(models, pasts, strict=True):
            model.step()
            past.note(model.town)
    return models, pasts


def every_card(models, pasts, language="en"):
    town = models[0].town
    for row in range(len(town.organisations)):
        yield cards.organisation_card(*models, row, language, pasts, first=FIRST)
    for kind, table in (("agreement", town.agreements), ("peer", town.peers)):
        for row in range(len(table)):
            yield cards.tie_card(*models, kind, row, language, pasts, first=FIRST)


def facts_of(card, side, language="en"):
    """A side's facts by their key in the catalogue."""
    keys = {words: key.rsplit(".", 1)[1] for key, words in catalogue(language).items() if ".facts." in key}
    return {keys.get(label, label): value for label, value in card["sides"][side]["facts"]}


def event_kind(town, event):
    return Happening(int(town.events["kind"][event]))


def test_small_change_is_told_to_the_penny_and_next_to_nothing_not_at_all(lived):
    town = lived[0][0].town
    event = int(np.flatnonzero(town.events["kind"] == Happening.LOSS)[0])
    before = float(town.events["amount"][event])
    said = {}
    for amount in (12.4, 0.43, 0.004, -0.43):
        town.events["amount"][event] = amount
        said[amount] = cards._with_amount(cards.Told(town, None, "en", None), event)
    town.events["amount"][event] = before
    assert [re.findall("[£−][^ ]*", each) for each in said.values()] == [["£12"], ["£0.43"], [], ["−£0.43"]]


# ---- the same of both towns ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", languages())
def test_both_towns_are_told_by_the_same_facts_in_the_same_order(lived, language):
    for card in every_card(*lived, language):
        left, right = card["sides"]
        assert [label for label, _ in left["facts"]] == [label for label, _ in right["facts"]]
        assert left["series"]["label"] == right["series"]["label"]
        assert left["series"]["from"] == right["series"]["from"] == FIRST
        assert len(left["series"]["values"]) == len(right["series"]["values"]) == MONTHS - FIRST


def test_with_the_towns_swapped_the_sides_are_swapped(lived):
    models, pasts = lived
    there = list(every_card(models[::-1], pasts[::-1]))
    for card, other in zip(every_card(models, pasts), there, strict=True):
        if card["kind"] != "agreement":
            assert card["title"] == other["title"]
        assert card["sides"] == other["sides"][::-1]
    for resident in range(0, 250, 25):
        one = cards.person(*models, resident, "en", pasts)
        other = cards.person(*models[::-1], resident, "en", pasts[::-1])
        assert one["sides"] == other["sides"][::-1]
        assert one["name"] == other["name"]


@pytest.mark.parametrize("language", languages())
def test_cards_can_be_sent_as_they_are(lived, language):
    models, pasts = lived
    for card in every_card(models, pasts, language):
        assert json.loads(json.dumps(card)) == card
        assert set(card) == {"kind", "id", "title", "sides"}
        assert all(set(side) == {"facts", "series", "events", "reasons"} for side in card["sides"])
    person = cards.person(*models, 5, language, pasts)
    assert json.loads(json.dumps(person)) == person


def test_towns_will_do_as_well_as_models(lived):
    models, pasts = lived
    towns = [model.town for model in models]
    assert cards.organisation_card(*towns, 8, "en", pasts) == cards.organisation_card(*models, 8, "en", pasts)


# ---- what is told is so ----------------------------------------------------------------------------------------


def test_a_services_card_counts_who_waits_and_who_was_helped_at_its_door(lived):
    models, pasts = lived
    for row in range(NEEDS):
        card = cards.organisation_card(*models, row, "en", pasts)
        assert card["title"] == name_of(models[0].town, row)
        for side, (model, past) in enumerate(zip(models, pasts, strict=True)):
            facts = facts_of(card, side)
            kinds = past.months[-1].moves[:, row] & 7
            waiting = model.town.residents["status"][:, row] == Status.WAITING
            assert facts["waiting"] == str(int(waiting.sum()))
            assert facts["helped"] == str(int((kinds <= Move.PASSED_ON).sum()))
            assert facts["load"].endswith("%")


def test_a_partners_card_says_how_it_copes_and_what_it_holds(lived):
    models, pasts = lived
    states = {catalogue("en")[f"cards.states.{int(state)}"]: state for state in State}
    seen = set()
    for row in range(NEEDS, len(models[0].town.organisations)):
        card = cards.organisation_card(*models, row, "en", pasts, first=FIRST)
        for side, (model, past) in enumerate(zip(models, pasts, strict=True)):
            facts, partner = facts_of(card, side), model.town.organisations[row]
            assert states[facts["state"]] == int(partner["state"])
            assert facts["helped"] == str(int(partner["served"]))
            held = [tie for tie in model.town.agreements if tie["seller"] == row and tie["active"] == 1]
            assert (facts["sells_to"] == "none") == (not held)
            assert card["sides"][side]["series"]["values"][-1] == pytest.approx(
                past.organisation(row, "held")[-1], abs=0.006
            )
            seen.add(facts["state"])
    assert len(seen) >= 2


def test_an_organisations_history_holds_its_events_and_no_others(lived):
    models, pasts = lived
    told = 0
    for row in range(len(models[0].town.organisations)):
        card = cards.organisation_card(*models, row, "en", pasts)
        for side, model in enumerate(models):
            town = model.town
            lines = card["sides"][side]["events"]
            mine = cards.events_of_organisation(town, row)
            for event in mine:
                assert row in (int(town.events["who"][event]), int(town.events["whom"][event]))
                assert event_kind(town, event) != Happening.CRISIS
            assert [line["event"] for line in lines] == sorted((line["event"] for line in lines), reverse=True)
            assert all(line["event"] in mine for line in lines)
            assert all(line["month"] == int(town.events["month"][line["event"]]) for line in lines)
            if mine:
                assert lines[0]["event"] == mine[0]
            told += len(lines)
    assert told > 100


def test_an_agreements_history_holds_what_passed_between_its_two_ends(lived):
    models, pasts = lived
    for side, (model, past) in enumerate(zip(models, pasts, strict=True)):
        town = model.town
        found = set()
        for row in range(len(town.agreements)):
            told = cards.Told(town, past, "en", None)
            mine = cards.events_of_agreement(told, row)
            sellers = {int(town.agreements["seller"][row]), *map(int, past.tie(row, "seller"))}
            for event in mine:
                ends = {int(town.events[name][event]) for name in ("who", "whom")}
                assert int(town.agreements["buyer"][row]) in ends
                assert ends & sellers
            found |= set(mine)
            listed = cards.tie_card(*models, "agreement", row, "en", pasts)["sides"][side]["events"]
            assert {line["event"] for line in listed} <= set(mine)
        events = town.events[: int(town.clock["events"])]
        assert set(np.flatnonzero(np.isin(events["kind"], cards.OF_AN_AGREEMENT)).tolist()) == found


def test_an_agreements_card_shows_price_trust_and_broken_promises(lived):
    models, pasts = lived
    for row in range(len(models[0].town.agreements)):
        card = cards.tie_card(*models, "agreement", row, "en", pasts)
        for side, model in enumerate(models):
            facts, tie = facts_of(card, side), model.town.agreements[row]
            assert facts["in_force"] == ("yes" if tie["active"] == 1 else "no")
            assert facts["price"] == f"£{tie['price']:,.0f}"
            assert facts["trust_of_buyer"] == f"{100 * tie['trust_of_buyer']:.0f}"
            assert facts["broken_by_seller"] == str(tie["seller_breaches"])
            assert facts["seller"] == names.short(int(tie["seller"]), "en")
            trust = card["sides"][side]["series"]["values"][-1]
            now = 50 * (tie["trust_of_buyer"] + tie["trust_of_seller"]) * tie["active"]
            assert trust == pytest.approx(now, abs=0.01)


def test_a_peers_card_names_both_and_counts_in_its_own_table(lived):
    models, pasts = lived
    town = models[0].town
    card = cards.tie_card(*models, "peer", 3, "en", pasts)
    ends = [names.short(int(town.peers[end][3]), "en") for end in ("buyer", "seller")]
    assert card["title"] == " and ".join(ends)
    assert card["id"] == 3
    trust = f"{100 * town.peers['trust_of_buyer'][3]:.0f}"
    assert card["sides"][0]["facts"][1] == [f"Trust of {ends[0]}, out of 100", trust]


# ---- residents -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", languages())
def test_a_person_is_the_same_person_in_both_towns(lived, language):
    models, pasts = lived
    for resident in range(0, 250, 9):
        told = cards.person(*models, resident, language, pasts, first=FIRST)
        town = models[0].town
        assert told["name"] == names.resident(town, resident, language)
        assert told["age"] == int(town.residents["age"][resident])
        assert told["place"] in names.listed(language, "places")
        left, right = told["sides"]
        assert [label for label, _ in left["card"]] == [label for label, _ in right["card"]]
        for side, past in zip(told["sides"], pasts, strict=True):
            assert side["log"] == [list(line) for line in past.log(resident, FIRST)]
            assert side["feel"] == cards.feel(side["wellbeing"])


def test_low_wellbeing_is_called_struggling_as_the_town_counts_it(lived):
    models, pasts = lived
    for side, model in enumerate(models):
        feels = [cards.person(*models, resident, "en", pasts)["sides"][side]["feel"] for resident in range(250)]
        assert feels.count("struggling") == round(model.latest("low_wellbeing") * 250)
        assert feels.count("strained") > 0


def test_a_story_tells_the_newest_first_and_months_of_waiting_once(lived):
    models, _ = lived
    told = cards.Told(models[0].town, None, "en", None)
    log = [(30, 3, 1, 65535), (31, 3, 1, 65535), (31, 0, 2, 9), (32, 3, 1, 65535), (33, 1, 1, 10), (36, 3, 1, 65535)]
    assert [(line["month"], line["text"]) for line in cards._story(told, 0, log)] == [
        (36, "waits for help with care"),
        (33, "helped with care by Housing partner 5".replace("Housing partner 5", names.short(10, "en"))
         + ", and it did not work"),
        (32, "waits for help with care, for 3 months now"),
        (31, f"helped with housing by {names.short(9, 'en')}, and it worked"),
    ]  # fmt: skip


def test_a_story_says_whether_help_after_being_passed_on_worked(lived):
    models, pasts = lived
    past = pasts[0]
    said = []
    for resident in range(250):
        for line in cards.person(*models, resident, "en", pasts)["sides"][0]["story"]:
            if line["text"].startswith("passed on"):
                need = next(n for n in range(NEEDS) if f"with {names.need(n, 'en')} " in line["text"])
                assert line["text"].endswith("and it worked") == past.worked(line["month"], resident, need)
                said.append(line["text"].endswith("and it worked"))
    assert True in said
    assert False in said


def test_somebody_with_much_happening_is_found_whichever_town_comes_first(lived):
    _, pasts = lived
    resident = eventful(pasts, FIRST)
    assert resident == eventful(pasts[::-1], FIRST)
    much = [sum(len(past.log(each, FIRST)) for past in pasts) for each in range(250)]
    assert much[resident] > 2 * np.median(much)


# ---- events and reasons ----------------------------------------------------------------------------------------


def test_in_english_events_are_told_as_kith_why_tells_them():
    ours = {key: words for key, words in said_in("en").items() if key.startswith("cards.events.")}
    assert ours == {f"cards.events.{kind.replace(' ', '_')}": words for kind, words in SENTENCES.items()}


@pytest.mark.parametrize("language", languages())
def test_every_kind_of_event_and_every_cause_has_words(language):
    words = said_in(language)
    assert {f"cards.events.{kind.name.lower()}" for kind in Happening} <= set(words)
    assert {f"cards.causes.{cause.name.lower()}" for cause in Cause} <= set(words)
    assert {f"cards.states.{int(state)}" for state in State} <= set(words)
    assert {f"cards.amounts.{kind.name.lower()}" for kind in cards.AMOUNTS} <= set(words)


def test_events_are_told_with_the_names_that_events_have(lived):
    town = lived[0][0].town
    for number, event in enumerate(events_in(town)):
        if event.of_a_resident:
            continue
        short = re.sub(r" \([a-z ]+\)", "", event.told)
        assert cards.event_text(town, number, "en") == short


def test_reasons_follow_the_causes_that_events_name(lived):
    town = lived[0][0].town
    events = int(town.clock["events"])
    chained = [each for each in range(events) if int(town.events["because"][each]) != NOBODY]
    assert len(chained) > 50
    long = 0
    for event in range(events):
        told = cards.reasons(town, event, "en")
        chain = [event]
        while int(town.events["because"][chain[-1]]) != NOBODY:
            chain.append(int(town.events["because"][chain[-1]]))
        assert cards.event_text(town, event, "en").lower() in told[0].lower()
        assert cards.cause_text(town, event, "en") in told[0]
        assert (len(chain) == 1) == (len(told) == 1 and "times" not in told[0])
        assert len(told) <= cards.REASONS_TOLD + 1
        long = max(long, len(told))
        if not told[-1].startswith("What came before"):
            assert cards.event_text(town, chain[-1], "en").lower() in told[-1].lower()
            counted = [int(found) for line in told for found in re.findall(r"(\d+) times", line)]
            assert sum(counted) + sum("times" not in line for line in told) == len(chain)
    assert long > 3


def test_months_are_called_as_asked(lived):
    models, pasts = lived
    card = cards.organisation_card(*models, 9, "en", pasts, when=lambda month: f"the {month}th of all months")
    text = json.dumps(card)
    assert "of all months" in text
    assert not re.search(r"\bmonth \d", text)


def test_why_in_full_tells_prices_savings_and_events_in_either_language(lived):
    model = lived[0][0]
    town = model.town
    kinds = town.events["kind"][: int(town.clock["events"])]
    event = int(np.flatnonzero(kinds == Happening.HAND_BACK)[-1])
    english = cards.why_in_full(model.journal, event)
    assert len(english) >= 3
    assert cards.event_text(town, event, "en") in english[-1]
    assert any("cost of a place" in line for line in english)
    assert any("savings" in line for line in english)
    german = cards.why_in_full(model.journal, event, "de", when=lambda month: f"Monat {month}")
    assert len(german) == len(english)
    assert any("Kosten eines Platzes" in line for line in german)
    assert not any("month" in line or "price" in line for line in german)


def test_why_in_full_tells_of_a_residents_wait(lived):
    model = lived[0][0]
    kinds = model.town.events["kind"][: int(model.town.clock["events"])]
    event = int(np.flatnonzero(kinds == Happening.CRISIS)[-1])
    told = cards.why_in_full(model.journal, event)
    name = names.resident(model.town, int(model.town.events["who"][event]), "en")
    assert any(line.startswith(name) and "help with" in line for line in told)


# ---- the words, and what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("language", languages())
def test_no_words_on_a_card_praise_or_blame(language):
    banned = set(PRAISE_OR_BLAME[language].split())
    for key, words in said_in(language).items():
        if key.startswith(("cards.", "names.")):
            found = banned & set(re.findall(r"[\w-]+", words.lower()))
            assert not found, f"{key} says {found}"


def test_what_is_not_there_is_refused(lived):
    models, pasts = lived
    with pytest.raises(ValueError, match="there is no organisation 99: they are numbered from 0 to 23"):
        cards.organisation_card(*models, 99, "en", pasts)
    with pytest.raises(ValueError, match="there is no peer"):
        cards.tie_card(*models, "peer", 10_000, "en", pasts)
    with pytest.raises(ValueError, match="must be agreement or peer"):
        cards.tie_card(*models, "friend", 0, "en", pasts)
    with pytest.raises(ValueError, match="there is no resident -1"):
        cards.person(*models, -1, "en", pasts)


@pytest.mark.parametrize("given", [{"partners": 0}, {"neighbourhoods": 1}, {"residents": 1, "neighbourhoods": 1}])
def test_unusual_towns_have_cards_too(given):
    sizes = {"residents": 40} | given
    models = [CommunityModel(setting="oil_shock", governance="contract", rng=1, engine="compiled", **sizes)] * 2
    past = Past(models[0].town)
    for _ in range(3):
        models[0].step()
        past.note(models[0].town)
    pasts = [past, past]
    assert all(card["sides"][0] == card["sides"][1] for card in every_card(models, pasts))
    assert cards.person(*models, 0, "en", pasts)["sides"][0]["card"]
    assert eventful(pasts) >= 0


def test_a_card_can_be_shown_before_the_first_month_is_lived():
    model = CommunityModel(setting="calm", governance="contract", rng=1, residents=30, engine="plain")
    past = Past(model.town)
    for card in every_card([model, model], [past, past]):
        assert card["sides"][0]["events"] == card["sides"][0]["reasons"] == []
    assert cards.person(model, model, 3, "en", [past, past])["sides"][0]["log"] == []
