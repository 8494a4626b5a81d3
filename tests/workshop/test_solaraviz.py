"""Mesa's own page, SolaraViz, on the unmodified model: the example of docs/explore.md, rendered in this process."""

from __future__ import annotations

import importlib.util
import re
import warnings
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("solara")

with warnings.catch_warnings():
    # Mesa 3.3 is told off for an early return of its own while it is imported.
    warnings.filterwarnings("ignore", message="[^`]*ComponentsView: `use_state` found despite early return")
    import mesa.visualization.solara_viz

import ipyvuetify
import ipywidgets
import solara

from simulation import CommunityModel
from simulation.scenario import ScenarioError
from viz.explore.explore import make_town_component, model_params

DOCUMENT = Path(__file__).parents[2] / "docs" / "explore.md"


def example(folder: Path) -> ModuleType:
    """The example of the document as a module; from a file, since Solara reads the text of its components."""
    code = re.search(r"```python\n# app.py\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)[1]
    file = folder / "app.py"
    file.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("app", file)
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    return app


class Open:
    """A page that is rendered here, and what is done to it by hand."""

    def __init__(self, page) -> None:
        _, self.rendered = solara.render(solara.AppLayout(children=[page()]), handle_error=False)

    def press(self, label: str) -> None:
        """Click a button."""
        self.rendered.find(ipyvuetify.Btn, children=[label]).widget.click()

    def slider(self, label: str):
        """The slider of a number."""
        return self.rendered.find(ipyvuetify.Slider, label=label).widget

    def shows(self, kind, **what) -> bool:
        """Whether there is such a widget."""
        return bool(self.rendered.find(kind, **what).widgets)

    def picture(self) -> str:
        """The town's picture."""
        return self.rendered.find(solara.widgets.HTML).widget.unsafe_innerHTML


@pytest.fixture
def page(tmp_path):
    models = []

    class Watched(CommunityModel):
        def __init__(self, **given) -> None:
            super().__init__(**given, engine="plain")
            models.append(self)

    Watched.__init__.__signature__ = CommunityModel.__init__.__signature__
    app = example(tmp_path)
    app.CommunityModel = Watched
    opened = Open(app.Page)
    opened.models = models
    yield opened
    opened.rendered.close()
    for model in models:
        model.close()


def test_the_example_of_the_document_opens_with_a_picture_and_a_plot(page):
    assert page.shows(ipywidgets.Image)
    assert "Month 0." in page.picture()


def test_step_lives_a_month(page):
    page.press("Step")
    page.press("Step")
    assert page.models[-1].month == 2
    assert "Month 2." in page.picture()


def test_reset_founds_a_town_with_the_sliders_as_they_are(page):
    page.press("Step")
    page.slider("residents").v_model = 120
    page.slider("inflow").v_model = 0.05
    page.press("Reset")
    model = page.models[-1]
    assert (model.month, len(model.town.residents), float(model.town.parameters["inflow"])) == (0, 120, 0.05)
    page.press("Step")
    assert model.month == 1


def test_reset_keeps_the_seed_and_so_the_luck(page):
    page.press("Step")
    page.press("Reset")
    page.press("Step")
    first, second = page.models[0], page.models[-1]
    assert first is not second
    assert first.latest("wellbeing") == second.latest("wellbeing")


def test_moving_no_slider_changes_no_number():
    params = model_params()
    values = {name: each["value"] if isinstance(each, dict) else each for name, each in params.items()}
    with_all = CommunityModel(**values, engine="plain")
    plainly = CommunityModel(setting="calm", governance="contract", rng=1, engine="plain")
    for model in (with_all, plainly):
        model.step()
    assert with_all.history.equals(plainly.history)


def test_mesa_finds_nothing_wrong_with_any_of_the_inputs():
    params = model_params()
    inputs, _ = mesa.visualization.solara_viz.split_model_params(params)
    mesa.visualization.solara_viz._check_model_params(CommunityModel.__init__, params)
    _, rendered = solara.render(
        solara.Column(children=[mesa.visualization.solara_viz.UserInputs(inputs)]), handle_error=False
    )
    rendered.close()


def test_a_dial_is_refused_with_what_to_give_instead():
    with pytest.raises(ScenarioError, match="give governance instead"):
        model_params(["sharing"])


def test_the_town_is_drawn_without_a_portrayal_too():
    model = CommunityModel(setting="calm", residents=80, rng=1)
    _, rendered = solara.render(make_town_component()(model), handle_error=False)
    assert "<svg" in rendered.find(solara.widgets.HTML).widget.unsafe_innerHTML
    rendered.close()
