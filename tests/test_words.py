"""The catalogue of the workshop: both languages say the same things, with the same blanks to fill."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from agents.declared import GRADES, fields_of
from agents.terms import NOTES, Terms
from simulation.measures import MEASURES, label
from simulation.scenario import PARAMETERS, SIZES, load_scenario, settings
from viz.readings import reading
from viz.workshop import meanings, measured
from viz.workshop.words import DECLARED, ENGLISH, catalogue, languages, said_in, text, translated

OTHERS = [language for language in languages() if language != ENGLISH]
NUMBERS = {**fields_of(Terms), **PARAMETERS, **SIZES}
"""Every dial, parameter and size that a page shows."""


def blanks(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_says_everything_english_says_and_nothing_else(language):
    own = {key for key in said_in(language) if not key.startswith(DECLARED)}
    assert own == set(said_in(ENGLISH))


@pytest.mark.parametrize("language", OTHERS)
def test_the_blanks_to_fill_are_the_same(language):
    theirs, ours = catalogue(language), catalogue(ENGLISH)
    assert {key: blanks(theirs[key]) for key in ours} == {key: blanks(words) for key, words in ours.items()}


@pytest.mark.parametrize("language", languages())
def test_no_text_is_empty(language):
    assert not [key for key, words in said_in(language).items() if not words.strip()]


def test_a_language_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ValueError, match="there are in en"):
        catalogue("xx")


def test_an_unknown_key_is_an_error():
    with pytest.raises(KeyError):
        text(ENGLISH, "stage.no_such_words")


def test_what_is_declared_in_english_is_said_in_english_until_it_is_translated():
    assert translated(ENGLISH, "dials.sharing", "Information shared") == "Information shared"


# ---- what the model declares, in other languages ---------------------------------------------------------------


def own_words(language: str) -> dict[str, str]:
    """What a language says of what the model declares, without the words that all such keys begin with."""
    said = said_in(language)
    return {key.removeprefix(DECLARED): words for key, words in said.items() if key.startswith(DECLARED)}


def says_more_than_names(source: str) -> bool:
    """Whether a source has words in it besides names and years."""
    return bool(set(re.findall(r"\b[a-z]{2,}\b", source)) - {"et", "al"})


@pytest.mark.parametrize("language", OTHERS)
def test_every_number_that_is_shown_has_a_meaning_and_a_unit_and_none_is_left_of_one_that_is_gone(language):
    own = own_words(language)
    assert {key for key in own if key.startswith("dials.")} == {f"dials.{name}" for name in NUMBERS}
    units = {each.unit for each in NUMBERS.values()} | {label(measure)[1] for measure in MEASURES}
    names = [measure.__name__ for measure in MEASURES]
    units |= {reading(name).unit for name in names if measured.unit(ENGLISH, name)}
    assert {key for key in own if key.startswith("units.")} == {f"units.{measured.name_of(unit)}" for unit in units}


@pytest.mark.parametrize("language", OTHERS)
def test_every_grade_is_translated_and_every_source_that_says_more_than_names_and_years(language):
    own = own_words(language)
    assert {key for key in own if key.startswith("grades.")} == {f"grades.{grade}" for grade in GRADES}
    wordy = {name for name, each in NUMBERS.items() if meanings.source(ENGLISH, each)}
    wanted = {f"sources.{name}" for name in wordy if says_more_than_names(NUMBERS[name].source)}
    assert {key for key in own if key.startswith("sources.")} == wanted


@pytest.mark.parametrize("language", OTHERS)
def test_every_setting_note_and_measure_is_translated_and_there_is_nothing_else(language):
    own = {key for key in own_words(language) if key.split(".")[0] not in ("dials", "units", "grades", "sources")}
    wanted = {f"settings.{name}.{key}" for name in settings() for key in meanings.TOLD}
    wanted |= {f"notes.{name}" for name in NOTES} | {f"measures.{measure.__name__}" for measure in MEASURES}
    assert own == wanted


def test_units_that_are_told_apart_have_keys_of_their_own():
    units = {each.unit for each in NUMBERS.values()}
    assert len({measured.name_of(unit) for unit in units}) == len(units)


def test_what_the_model_declares_is_not_sent_to_every_page():
    for language in languages():
        assert not [key for key in catalogue(language) if key.startswith(DECLARED)]


def test_a_setting_of_ones_own_keeps_its_words_though_it_is_called_like_one_of_ours():
    calm = load_scenario("calm")
    mine = calm.with_(title="Mine")
    assert meanings.setting("de", "calm", calm)["title"] != calm.title
    assert meanings.setting("de", "calm", mine)["title"] == "Mine"
    assert meanings.setting("de", "calm", mine)["story"] == meanings.setting("de", "calm", calm)["story"]
