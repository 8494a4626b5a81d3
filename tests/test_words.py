"""The catalogue of the workshop: both languages say the same things, with the same blanks to fill."""

from __future__ import annotations

from string import Formatter

import pytest

from viz.workshop.words import DECLARED, ENGLISH, catalogue, languages, said_in, text, translated

OTHERS = [language for language in languages() if language != ENGLISH]


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
