"""Numbers as people read them: how many digits, which sign, and never less than nothing by a rounding."""

from __future__ import annotations

import math

import pytest

from experiments.words import capital, listed, minus, pounds, reason, short, signed, small


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (0.01234, "0.0123"), (-12.34, "−12.3"), (999.7, "1,000"), (-123456.7, "−123,457"),
        (0.00001, "1e−05"), (math.nan, "–"), (math.inf, "inf"), (-math.inf, "−inf"),
    ],
)  # fmt: skip
def test_a_number_has_three_digits_that_count_and_a_large_one_all_of_them(value: float, text: str) -> None:
    assert short(value) == text


def test_fewer_or_more_digits_may_be_asked_for() -> None:
    assert [short(1234.4, 4), short(12345.6, 4), short(123.0, 2)] == ["1234", "12,346", "123"]
    assert signed(0.1234, 2) == "+0.12"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (1e-15, "0"), (2.0, "+2"), (-2.0, "−2"), (12345.0, "+12,345"), (math.nan, "–")]
)
def test_a_difference_shows_its_sign_and_nothing_has_none(value: float, text: str) -> None:
    assert signed(value) == text


def test_pounds_are_whole_and_nothing_is_not_below_nothing() -> None:
    assert [pounds(each) for each in (-0.4, 0.0, 1234.5, -1234.6)] == ["£0", "£0", "£1,234", "−£1,235"]
    assert [pounds(each, sign=True) for each in (-0.4, 12.0, -12.0)] == ["£0", "+£12", "−£12"]


def test_a_number_that_is_written_gets_a_minus_that_is_one() -> None:
    assert [minus(each) for each in ("-1.5%", "-0.0%", "+3.0", "-1,000")] == ["−1.5%", "0.0%", "+3.0", "−1,000"]


def test_words_are_listed_and_begin_or_go_on() -> None:
    assert [listed(each) for each in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]
    assert (capital("rigid contract"), capital(""), small("Mean wellbeing")) == ("Rigid contract", "", "mean wellbeing")


def test_a_reason_is_what_the_machine_said() -> None:
    assert reason(PermissionError(13, "Permission denied", "here")) == "permission denied"
    assert reason(ValueError("No columns")) == "no columns"
