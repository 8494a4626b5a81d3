"""What stands around a page: one that fails says so in a sentence; what went wrong is told to whoever runs it."""

from __future__ import annotations

import logging

import pytest
import solara

from viz.serve import app
from viz.serve.server import QUERY
from viz.workshop.plan import plan_in
from viz.workshop.words import text


@solara.component
def Broken():  # noqa: N802
    raise RuntimeError("a secret of this computer")


def shown(element) -> str:
    """Everything a page says."""
    box, drawn = solara.render(element, handle_error=False)
    try:
        return " ".join(said(widget) for widget in all_of(box))
    finally:
        drawn.close()


def all_of(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        if not isinstance(child, str):
            yield from all_of(child)


def said(widget) -> str:
    return " ".join(str(getattr(widget, name, "") or "") for name in ("unsafe_innerHTML", "attributes", "class_"))


def test_a_page_that_fails_is_replaced_by_a_sentence(caplog):
    with caplog.at_level(logging.ERROR, "kith.workshop"):
        page = shown(app.Layout(children=[Broken()]))
    assert text("en", "shell.failed_title") in page
    assert "secret" not in page
    assert "Traceback" not in page
    assert "a secret of this computer" in caplog.text


def test_what_a_card_says_is_text_and_not_markup():
    page = shown(app.Card("<b>title</b>", "<script>alert(1)</script>", "back", '"><script>'))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("search", "language"),
    [(None, "de"), ("language=en", "en"), ("?language=xx", "en"), ("language=en&language=de", "de")],
)
def test_the_last_word_on_the_language_is_the_pages_own(monkeypatch, search, language):
    monkeypatch.setenv(QUERY, "language=de&setting=wage_step")
    assert app.language_asked(search) == language


def test_what_is_not_about_the_towns_is_kept_from_their_plan(monkeypatch):
    monkeypatch.setenv(QUERY, "language=en&setting=wage_step")
    assert app.plan_part("?key=abc&room=XYZ&seed=3") == "language=en&setting=wage_step&seed=3"


def test_every_address_has_a_title_and_one_route():
    assert [route.path for route in app.routes] == list(app.PAGES)
    for title, _ in app.PAGES.values():
        assert text("en", title) != text("de", title)


def test_an_address_that_names_a_setting_takes_nothing_but_the_language_from_the_workshop(monkeypatch):
    monkeypatch.setenv(app.QUERY, "setting=calm&seed=9&do=30!shock!both!food!0.1!good&language=de")
    plan, _, language = plan_in(app.completed("?setting=wage_step&seed=2"))
    assert (plan.setting, plan.seed, plan.acts, language) == ("wage_step", 2, (), "de")
    assert plan_in(app.completed("?month=40"))[0].seed == 9
