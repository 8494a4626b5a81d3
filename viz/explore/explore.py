"""The page for students, in Mesa's habits: one CommunityModel, its numbers as sliders, its agents, networks and rules.

Change this file to show students something else of a town. Each page makes a town of its own and lets go of it when
it closes. Inputs are Mesa's own, from the forms that `model_params` gives, which Mesa's SolaraViz takes as well; what
they may be is declared with the model. Nothing that is typed here is run: it is read, checked and refused in words.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs

import pandas as pd
import solara

from agents.declared import Declared
from agents.rule import Rule
from agents.terms import NOTES, terms_for
from simulation.measures import MEASURES, label
from simulation.scenario import GRAPHS, PARAMETERS, SETTLING, SIZES, Scenario, ScenarioError
from viz.explore import agent_table, network, rule_files, sketch
from viz.explore.forms import DIALS, fits, form, input_of, matching, model_params, moved, read, themes, written
from viz.explore.own_town import Asked, OwnTown, Trouble, setting_called, setting_named, trouble_with
from viz.workshop import meanings, names
from viz.workshop.numbers import written as written_in
from viz.workshop.plan import offered_settings
from viz.workshop.words import ENGLISH, languages, text, translated

with warnings.catch_warnings():
    # Mesa 3.3 is told off for an early return in its own ComponentsView while it is imported; nothing we call.
    warnings.filterwarnings("ignore", message="[^`]*ComponentsView: `use_state` found despite early return")
    from mesa.visualization.solara_viz import UserInputs, split_model_params

__all__ = ["Explore", "make_town_component", "model_params"]

HERE = Path(__file__).parent
DRAWN = ("wellbeing", "unmet_need", "waiting", "trust")
MOST_NUMBERS = 12
"""Numbers shown at once when somebody searches; a theme is shown whole."""
USUAL = "calm"
"""The setting of a page that is asked for none."""
TABS = ("town", "agents", "network", "rules")
BASICS = ("residents", "months")
MEASURE = {measure.__name__: label(measure) for measure in MEASURES}

Say = Callable[..., str]
Set = Callable[[Any], None]
Found = TypeVar("Found")


@solara.component_vue("explore_table.vue")
def Table(
    caption: str,
    columns: list[dict[str, str]],
    rows: list[list[str]],
    sorted: str = "",
    falling: bool = False,
    picks: int = -1,
    picked: str = "",
    event_sort: Callable[[str], None] | None = None,
    event_pick: Callable[[str], None] | None = None,
) -> None:
    """A table whose heads sort it, and whose cells in one column may be chosen."""


@solara.component_vue("explore_code.vue")
def Code(code: str, copy: str, copied: str) -> None:
    """Text of a program, to be copied."""


# ---- the page ---------------------------------------------------------------------------------------


@solara.component
def Explore(
    language: str | None = None,
    setting: str | None = None,
    rules: Mapping[str, Rule] | None = None,
    engine: str = "auto",
    back: str = "",
) -> None:
    """The page. `rules` replace the model's own by name; `back` is where a link leads that takes people back.

    Language and setting that are not given are those of the page's address, as in ?language=de&setting=wage_step.
    """
    address = asked_by(solara.use_router().search)
    language = language or address["language"]
    setting = setting or address["setting"]
    say = partial(said, language)
    town = solara.use_memo(lambda: OwnTown(first_asked(setting), rules, engine), [])
    solara.use_effect(lambda: town.close, [])
    beat = solara.use_reactive(0)
    asked, ask = solara.use_state(town.asked)
    solara.Title(say("title"))
    solara.Style(HERE / "explore.css")
    with tag("div", "kith-explore", attributes={"lang": language}):
        with tag("aside"):
            Head(say, back)
            Controls(town, asked, beat, say)
            Choice(asked, ask, say, language)
            Numbers(town, asked, ask, beat, say, language)
        with tag("main"):
            Shown(town, beat, say, language)


def asked_by(search: str | None) -> dict[str, str]:
    """The language and the setting that an address asks for, of those there are; else English, and calm."""
    query = parse_qs(search or "")
    known = {"language": (languages(), ENGLISH), "setting": (offered_settings(), USUAL)}
    wanted = {name: query.get(name, [usual])[-1] for name, (_, usual) in known.items()}
    return {name: wanted[name] if wanted[name] in every else usual for name, (every, usual) in known.items()}


def first_asked(setting: str) -> Asked:
    """What a page begins with. A setting that there is none of is said when the town is founded."""
    try:
        return Asked().in_setting(setting)
    except ScenarioError:
        return Asked(setting=setting)


def said(language: str, key: str, **values: object) -> str:
    """Words of this page."""
    return text(language, f"explore.{key}", **values)


def tag(name: str, classes: str = "", children: list[Any] | None = None, attributes: Any = None) -> Any:
    """An element of the page."""
    return solara.v.Html(tag=name, class_=classes, children=children or [], attributes=attributes or {})


def words(name: str, told: str, classes: str = "") -> None:
    """An element that holds words."""
    tag(name, classes, [told])


@solara.component
def Head(say: Say, back: str) -> None:
    """What this page is."""
    with tag("section"):
        words("h1", say("title"))
        words("p", say("lead"), "kith-quiet")
        if back:
            with solara.Link(back):
                solara.Text(say("back"))


@solara.component
def Controls(town: OwnTown, asked: Asked, beat: solara.Reactive[int], say: Say) -> None:
    """Step, play, reset."""
    _ = beat.value

    def redraw() -> None:
        beat.set(town.tick())

    def step() -> None:
        town.live()
        redraw()

    def play() -> None:
        if town.playing:
            town.pause()
        else:
            town.play(redraw)
        redraw()

    def reset() -> None:
        town.found(asked)
        redraw()

    with tag("section", attributes={"aria-label": say("controls")}):
        with tag("div", "kith-buttons"):
            solara.Button(say("step"), on_click=step, disabled=town.playing or not town.can_live, classes=["kith-main"])
            solara.Button(
                say("pause") if town.playing else say("play"),
                on_click=play,
                disabled=not town.can_live and not town.playing,
                classes=["kith-main"],
            )
            solara.Button(say("reset"), on_click=reset)
        words("p", say("reset_hint"), "kith-quiet")


@solara.component
def Choice(asked: Asked, ask: Set, say: Say, language: str = ENGLISH) -> None:
    """Which town: setting, governance, luck, and the sizes asked for most."""
    scenario = setting_of(asked)
    own_first = sorted(offered_settings(), key=lambda name: setting_called(name) == name)
    titles = {titled(language, name): name for name in own_first}
    inputs, _ = split_model_params({name: input_of(name, scenario) for name in ("setting", "governance", *BASICS)})
    inputs["setting"] |= {"values": list(titles), "label": say("setting")}
    inputs["governance"]["label"] = say("governance")
    for name in BASICS:
        inputs[name]["value"] = asked.given.get(name, inputs[name]["value"])
        inputs[name]["label"] = f"{name}: {inputs[name]['value']}"
    chosen = next((title for title, name in titles.items() if name == asked.setting), None)
    inputs["setting"]["value"], inputs["governance"]["value"] = chosen, asked.governance

    def change(name: str, value: Any) -> None:
        if not fits(inputs[name], value):
            return
        if name == "setting":
            ask(lambda before: before.in_setting(titles[value]))
        elif name == "governance":
            ask(lambda before: replace(before, governance=value, dials={}))
        else:
            ask(lambda before: before.with_given(name, value))

    with tag("section"):
        words("h2", say("choose"))
        UserInputs({name: inputs[name] for name in ("setting", "governance")}, on_change=change)
        words("p", translated(language, f"notes.{asked.governance}", NOTES[asked.governance]), "kith-quiet")
        Exact(SIZES["seed"], asked.seed, lambda seed: ask(lambda before: replace(before, seed=seed)), say("seed"))
        for name in BASICS:
            UserInputs({name: inputs[name]}, on_change=change)
            told = f"{meanings.meaning(language, SIZES[name])} ({meanings.unit(language, SIZES[name].unit)})"
            words("p", told, "kith-quiet")


def titled(language: str, name: str) -> str:
    """A setting as it stands in the list: its title, and the name by which the model knows it."""
    title = meanings.setting(language, name, setting_named(name))["title"]
    return f"{title} ({name})" if title else name


def setting_of(asked: Asked) -> Scenario:
    """The setting asked for; calm where there is none of that name, which founding says."""
    try:
        return setting_named(asked.setting)
    except ScenarioError:
        return setting_named(USUAL)


# ---- numbers of the model -----------------------------------------------------------------------------


@solara.component
def Numbers(
    town: OwnTown, asked: Asked, ask: Set, beat: solara.Reactive[int], say: Say, language: str = ENGLISH
) -> None:
    """Every number of the model: found by a word or under its theme, with what it means and how well it is known."""
    wanted, search = solara.use_state("")
    theme, choose = solara.use_state("terms of ties")
    told, tell = solara.use_state(False)
    changed = [*asked.dials, *(name for name in asked.given if name not in BASICS)]
    groups = {
        "the town": (*(name for name in SIZES if name not in ("seed", *BASICS)), *GRAPHS),
        "terms of ties": tuple(DIALS),
        **themes(),
        "changed": tuple(changed),
    }
    names = matching(wanted, language) if wanted.strip() else list(groups[theme])
    shown = names[:MOST_NUMBERS] if wanted.strip() else names

    def now() -> None:
        town.change(asked)
        tell(town.trouble is None)
        beat.set(town.tick())

    def undo() -> None:
        kept = {name: value for name, value in asked.given.items() if name in BASICS}
        ask(lambda before: replace(before, dials={}, given=kept))

    def called(heading: str) -> str:
        return say(f"themes.{heading.replace(' ', '_')}")

    headings = {called(heading): heading for heading in groups}
    with tag("section"):
        words("h2", say("numbers"))
        if changed:
            words("p", say("changed", names=", ".join(changed)))
            words("p", say("wait"), "kith-quiet")
            with tag("div", "kith-buttons"):
                solara.Button(say("now"), on_click=now, small=True)
                solara.Button(say("undo_all"), on_click=undo, small=True)
            if told:
                words("p", say("changed_now"), "kith-quiet")
        else:
            words("p", say("unchanged"), "kith-quiet")
        solara.InputText(say("search"), value=wanted, on_value=search, continuous_update=True)
        if not wanted.strip():
            solara.Select(
                say("theme"),
                value=called(theme),
                values=list(headings),
                on_value=lambda name: choose(headings.get(name, theme)),
            )
        else:
            many = {"number": len(names), "shown": len(shown)}
            key = "none_found" if not names else "found" if len(names) == len(shown) else "found_more"
            words("p", say(key, **many), "kith-quiet")
        with tag("div", "kith-numbers"):
            for name in shown:
                Number(name, asked, ask, say, language).key(name)


@solara.component
def Number(name: str, asked: Asked, ask: Set, say: Say, language: str = ENGLISH) -> None:
    """One number: Mesa's input for it, an exact value to type, its meaning, range, source and grade."""
    scenario = setting_of(asked)
    usual, declared = usual_of(name, asked, scenario)
    changed = name in asked.dials or name in asked.given
    value = asked.dials.get(name, asked.given.get(name, usual))

    def put(given: Any) -> None:
        given = None if given == usual else given
        if name in DIALS:
            ask(lambda before: before.with_dial(name, given))
        else:
            ask(lambda before: before.with_given(name, given))

    options = kinds_of(name, scenario, value) if declared is None else form(declared, value)
    inputs, _ = split_model_params({name: options})

    def change(_: str, given: Any) -> None:
        step = options.get("step")
        if fits(options, given) and (step is None or moved(given, value, step)):
            put(given)

    with tag("div", "kith-number kith-changed" if changed else "kith-number"):
        if inputs:
            UserInputs(inputs, on_change=change)
        else:
            words("h2", name)
        if declared is not None and not declared.choices:
            Exact(declared, value, put, say("exactly"))
        if declared is None:
            words("p", say(f"graphs.{name}"))
            words("p", say("choices", value=written(usual)), "kith-quiet")
            words("p", say("graphs.unit"), "kith-quiet")
        else:
            words("p", meanings.meaning(language, declared))
            if declared.choices or declared.shape:
                words("p", say("choices", value=written(usual)), "kith-quiet")
            else:
                low, high = written(options["min"]), written(options["max"])
                words("p", say("default", value=written(usual), low=low, high=high), "kith-quiet")
            words("p", meanings.known_how_well(language, declared), "kith-quiet")
        if changed:
            solara.Button(say("back_to", value=written(usual)), on_click=lambda: put(usual), small=True)


def usual_of(name: str, asked: Asked, scenario: Scenario) -> tuple[Any, Declared | None]:
    """What a number is when nobody changes it, and how it is declared; a kind of graph is no declared number."""
    if name in DIALS:
        return terms_for(asked.governance)[name], DIALS[name]
    if name in GRAPHS:
        return kind_told(name, scenario), None
    if name in SIZES:
        return getattr(scenario, name), SIZES[name]
    given = input_of(name, scenario)
    return (given["value"] if isinstance(given, dict) else given), PARAMETERS[name]


def kinds_of(layer: str, scenario: Scenario, value: Any) -> dict[str, Any]:
    """The input of a kind of graph: a file of the setting's is called by its name, and no page gives another."""
    kinds = list(dict.fromkeys((*GRAPHS[layer], kind_told(layer, scenario))))
    return {**input_of(layer, scenario), "values": kinds, "value": value}


def kind_told(layer: str, scenario: Scenario) -> str:
    """The kind of graph of a layer, or the name of its file, without a folder."""
    return Path(scenario.graph[layer]).name if layer in scenario.graph_files() else scenario.graph[layer]


@solara.component
def Exact(declared: Declared, value: Any, put: Set, name: str) -> None:
    """A box to type a value in; what does not fit is said below it, and nothing is changed."""
    problem, say_problem = solara.use_state("")
    solara.use_effect(lambda: say_problem(""), [value])

    def take(typed: str) -> None:
        try:
            given = read(declared, typed)
        except ScenarioError as error:
            say_problem(str(error))
            return
        say_problem("")
        put(given)

    solara.InputText(name, value=written(value), on_value=take, error=problem or False)


# ---- what is shown of the town ------------------------------------------------------------------------


@solara.component
def Shown(town: OwnTown, beat: solara.Reactive[int], say: Say, language: str = ENGLISH) -> None:
    """The open tab, and whatever went wrong above it."""
    _ = beat.value
    opened, open_ = solara.use_state(TABS[0])
    with tag("div", "kith-tabs", attributes={"role": "group"}):
        for name in TABS:
            classes = ["kith-open"] if name == opened else []
            current = {"aria-pressed": "true" if name == opened else "false"}
            solara.Button(
                say(f"tab_{name}"), on_click=partial(open_, name), text=True, classes=classes, attributes=current
            )
        words("p", now_of(town, say), "kith-now")
    if town.trouble is not None:
        Card(town.trouble, say, broken=town.broken, kept=town.model is not None)
    if town.model is None:
        return
    if opened == "town":
        TownTab(town, beat.value, say, language)
    elif opened == "agents":
        AgentsTab(town, beat.value, say, language)
    elif opened == "network":
        NetworkTab(town, say, language)
    else:
        RulesTab(town, say)


def now_of(town: OwnTown, say: Say) -> str:
    """The month it is."""
    with town.still() as model:
        if model is None:
            return ""
        told = say("month", month=model.month, months=model.setting.months)
        if not model.running:
            return f"{told} · {say('over')}"
        return f"{told} · {say('settling', until=SETTLING)}" if model.month < SETTLING else told


@solara.component
def Card(trouble: Trouble, say: Say, broken: bool = False, kept: bool = True) -> None:
    """What went wrong, in words."""
    with tag("section", "kith-trouble", attributes={"role": "alert"}):
        words("h2", say(f"trouble_{trouble.tried}"))
        for line in trouble.says:
            words("p", line)
        if trouble.where:
            words("p", say("where", where=trouble.where), "kith-quiet")
        hint = "trouble_broken" if broken else "trouble_kept" if kept else "trouble_none"
        words("p", say(hint))


def looked(town: OwnTown, look: Callable[[Any], Found], say: Say) -> Found | None:
    """What there is to see in a town that stands still; or a card that says why not."""
    with town.still() as model:
        if model is None:
            return None
        try:
            return look(model)
        except Exception as error:  # noqa: BLE001  a page shows what went wrong in words, whatever it is
            Card(trouble_with("look", error), say)
            return None


@solara.component
def TownTab(town: OwnTown, beat: int, say: Say, language: str = ENGLISH) -> None:
    """The town from above, and measures month by month."""
    chosen, choose = solara.use_state(list(DRAWN))
    write, called = partial(written_in, language), partial(names.organisation, language=language)

    def look(model: Any) -> tuple[str, list[str]]:
        history, months = model.history, max(model.month, model.setting.months)
        shocks = sketch.shock_months(model)
        lines = [
            sketch.line_picture(history[name].tolist(), months, name, *measure(name), shocks, say, write)
            for name in chosen
        ]
        return sketch.town_picture(model, say, called), lines

    def measure(name: str) -> tuple[str, str]:
        what, unit = MEASURE[name]
        return translated(language, f"measures.{name}", what), meanings.unit(language, unit)

    def draw(names: list[str]) -> None:
        choose([name for name in names if name in MEASURE])

    seen = looked(town, look, say)
    if seen is None:
        return
    picture, lines = seen
    with tag("div", "kith-town"):
        with tag("div", "kith-panel kith-map"):
            solara.HTML(unsafe_innerHTML=picture)
            solara.HTML(unsafe_innerHTML=sketch.legend(say))
        with tag("section"):
            solara.SelectMultiple(say("measures"), chosen, list(MEASURE), on_value=draw, dense=True)
            with tag("div", "kith-charts"):
                for name, line in zip(chosen, lines, strict=True):
                    solara.HTML(unsafe_innerHTML=line, classes=["kith-panel"]).key(name)
            Download(lambda: agent_table.csv_of(history_of(town)), "kith_months.csv", say("all_measures"))
            words("p", say("in_python"), "kith-quiet")
            Code(code=town.asked.python, copy=say("copy"), copied=say("copied"))


def history_of(town: OwnTown) -> pd.DataFrame:
    """Every measure of every month lived."""
    with town.still() as model:
        return pd.DataFrame() if model is None else model.history


@solara.component
def Download(data: Callable[[], bytes], name: str, told: str) -> None:
    """A button that hands over a file, made when it is pressed."""
    with tag("div", "kith-buttons"), solara.FileDownload(data, name):
        solara.Button(told, small=True)


@solara.component
def AgentsTab(town: OwnTown, beat: int, say: Say, language: str = ENGLISH) -> None:
    """The agents of one type as a table: sorted, filtered, saved."""
    agents, choose = solara.use_state(agent_table.TYPES[0])
    columns, show = solara.use_state(dict[str, list[str]]())
    order, sort = solara.use_state(("id", False))
    wanted, want = solara.use_state("")
    problem, table, month = "", pd.DataFrame(), 0
    called = partial(names.organisation, language=language)
    seen = looked(town, lambda model: (agent_table.table_of(model.town, agents, called), model.month), say)
    if seen is None:
        return
    every, month = seen
    shown = [name for name in columns.get(agents, agent_table.OFTEN[agents]) if name in every.columns]
    try:
        table = agent_table.in_order(agent_table.filtered(every, wanted), *order)
    except ScenarioError as error:
        problem, table = str(error), every
    types = {say(f"type.{each}"): each for each in agent_table.TYPES}
    kind = say(f"type.{agents}")

    def sort_by(name: object) -> None:
        if isinstance(name, str) and name in every.columns:
            sort((name, name == order[0] and not order[1]))

    def head(name: str) -> dict[str, str]:
        meaning, unit = agent_table.meaning_of(agents, name)
        return {"name": name, "label": name, "hint": f"{meaning} ({unit})", "sorts": say("sort_by", column=name)}

    with tag("div", "kith-row"):
        solara.Select(
            say("agents"), value=kind, values=list(types), on_value=lambda name: choose(types.get(name, agents))
        )
        solara.InputText(say("filter"), value=wanted, on_value=want, error=problem or False, message=say("filter_hint"))
    solara.SelectMultiple(
        say("columns"), shown, list(every.columns), on_value=lambda names: show({**columns, agents: names}), dense=True
    )
    rows = agent_table.cells(table, shown)
    Table(
        caption=say("table_of", agents=kind, month=month),
        columns=[head(name) for name in shown],
        rows=rows,
        sorted=order[0],
        falling=order[1],
        event_sort=sort_by,
    )
    key = "no_rows" if not len(table) else "rows_all" if len(rows) == len(table) else "rows"
    words("p", say(key, shown=len(rows), number=len(table)), "kith-quiet")
    name = f"kith_{agents}_month_{month}.csv"
    Download(lambda: agent_table.csv_of(every), name, say("all_csv"))


@solara.component
def NetworkTab(town: OwnTown, say: Say, language: str = ENGLISH) -> None:
    """What is measured of a layer of ties, when somebody asks."""
    layer, choose = solara.use_state(network.LAYERS[0])

    def measure() -> tuple[int, str, list[network.Measured]]:
        with town.still() as model:
            if model is None:
                return 0, layer, []
            month, graph = model.month, network.layer_of(model.town, layer)
            called = partial(names.organisation, language=language)
        return month, layer, network.measures_of(model.town, layer, graph, called)

    task = solara.lab.use_task(measure, dependencies=None, raise_error=False)
    layers = {say(f"layers.{each}"): each for each in network.LAYERS}
    words("p", say("network_hint"), "kith-quiet")
    with tag("div", "kith-row"):
        solara.Select(
            say("layer"),
            value=say(f"layers.{layer}"),
            values=list(layers),
            on_value=lambda name: choose(layers.get(name, layer)),
        )
        with tag("div", "kith-buttons"):
            solara.Button(say("measure"), on_click=task, disabled=task.pending, classes=["kith-main"])
    if task.pending:
        words("p", say("measuring"), "kith-quiet")
    elif task.error and task.exception is not None:
        Card(trouble_with("look", task.exception), say)
    elif task.finished and task.value is not None:
        month, of, found = task.value
        heads = ("network_measure", "network_value", "network_meaning")
        Table(
            caption=say(f"layers.{of}"),
            columns=[{"name": head, "label": say(head)} for head in heads],
            rows=[
                [say(f"network.{each.key}"), value_of(each, say, language), say(f"network.{each.key}_means")]
                for each in found
            ],
        )
        words("p", f"{say(f'layers.{of}')}. {say('measured', month=month)}", "kith-quiet")
        if found and found[0].value > network.LOOKED_FROM:
            words("p", say("estimated", number=network.LOOKED_FROM), "kith-quiet")


def value_of(measured: network.Measured, say: Say, language: str = ENGLISH) -> str:
    """A measure's value, and whom it names."""
    value = written_in(language, agent_table.cell(float(measured.value))) or say("not_told")
    return f"{value} ({measured.who})" if measured.who else value


@solara.component
def RulesTab(town: OwnTown, say: Say) -> None:
    """The rules of the month, and each as a file of one's own."""
    chosen, choose = solara.use_state("burn_out")
    month = rule_files.month()
    told = rule_files.shown(chosen)
    own = rule_files.own_file(chosen)

    def pick(name: object) -> None:
        if name in [each.name for each in month]:
            choose(name)

    with tag("div", "kith-rules"):
        with tag("section"):
            words("p", say("rules_hint"), "kith-quiet")
            heads = ("rule_name", "rule_says", "rule_table")
            Table(
                caption=say("tab_rules"),
                columns=[{"name": head, "label": say(head)} for head in heads],
                rows=staged(month),
                picks=0,
                picked=chosen,
                event_pick=pick,
            )
        with tag("section", attributes={"aria-live": "polite"}):
            words("h2", told.name)
            words("p", told.says)
            key = "stands" if told.line else "written_by_code"
            words("p", say(key, file=told.file, line=told.line), "kith-quiet")
            if told.name in town.replaced:
                words("p", say("replaced"))
            if own:
                copying = {"copy": say("copy"), "copied": say("copied")}
                words("p", say("own_file", file=rule_files.OWN_FILE))
                Code(code=own, **copying).key(told.name)
                save = say("save", file=rule_files.OWN_FILE)
                Download(own.encode, rule_files.OWN_FILE, save)
                words("p", say("then"))
                Code(code=f"{town.asked.comparison} {rule_files.OWN_FILE}", **copying)


def staged(month: tuple[rule_files.Shown, ...]) -> list[list[str]]:
    """The rules as rows of a table, with a row of one cell where a stage begins."""
    rows, before = [], ""
    for each in month:
        if each.stage != before:
            rows.append([each.stage])
        rows.append([each.name, each.says, each.table])
        before = each.stage
    return rows


# ---- for Mesa's own page -------------------------------------------------------------------------------


def make_town_component(agent_portrayal: Callable[[Any], Any] | None = None, language: str = "en") -> Any:
    """The town's picture as a component for Mesa's SolaraViz: where others have `make_space_component`.

    `agent_portrayal` is what Mesa asks for everywhere: an agent in, an AgentPortrayalStyle out; without it residents
    are shown by how they feel and organisations by how they cope. Mesa's own drawing of networks takes an agent's
    `pos` for the number of its node, and so cannot draw a town whose agents have places in a picture.
    """
    say = partial(said, language)

    def town_picture(model: Any) -> Any:
        if agent_portrayal is None:
            picture = sketch.town_picture(model, say)
        else:
            described = say("town.described", month=model.month, counts=str(len(model.town.residents)))
            picture = sketch.portrayed(model, agent_portrayal, say("town.title"), described)
        return solara.HTML(unsafe_innerHTML=picture, style="width: 100%;")

    return town_picture
