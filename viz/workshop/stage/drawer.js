// The drawer: which two towns are compared, what is turned while they live, and where they part.
// Change this file to compare otherwise.

import { button, h, refill } from "./dom.js";
import { mark } from "./icons.js";

export function openDrawer(stage) {
  const { t, about, send } = stage;
  let side = "both";
  const names = ["left", "right"];
  const options = (chosen) => about.governances.map(([name, label]) => h("option", { value: name, selected: name === chosen }, label));
  const line = (name) => (about.governances.find((each) => each[0] === name) || ["", "", ""])[2];
  const done = (cmd, values) => {
    sheet.close();
    send(cmd, values);
  };

  // ---- any two governances
  const picks = names.map((name, n) => h("select", { test: `pick-${name}`, "data-first": n === 0 || null, "aria-label": t(`stage.drawer.${name}`) }, options(about.sides[n].governance)));
  const lines = picks.map((pick) => h("p", { class: "note" }, line(pick.value)));
  picks.forEach((pick, n) => pick.addEventListener("change", () => (lines[n].textContent = line(pick.value))));
  const two = section("two", h("div", { class: "pair" }, picks.map((pick, n) => h("label", { class: `side${n}` }, h("span", {}, mark(about.sides[n].mark), t(`stage.drawer.${names[n]}`)), pick, lines[n]))),
    button(t("stage.drawer.start_two"), { class: "strong", test: "start-two", onclick: () => done("sides", { left: picks[0].value, right: picks[1].value }) }));

  // ---- one town against itself
  const versus = dialPicker(about.dials);
  const itself = section("itself", h("p", { class: "note" }, t("stage.drawer.itself_long", { town: about.sides[0].name })), versus.element,
    button(t("stage.drawer.start_itself"), { class: "strong", test: "start-itself", onclick: () => done("versus", versus.value()) }));

  // ---- dials that may be turned while time runs
  const whose = h("div", { class: "seg", role: "group", "aria-label": t("stage.drawer.whose") }, ["both", ...names].map((name) => button(t(`stage.drawer.${name}`), { test: `whose-${name}`, "data-value": name, onclick: () => {
    side = name;
    drawWhose();
  } })));
  const groupOf = (dial) => dial.theme || dial.group;
  const groups = [...new Set(about.dials.map(groupOf))];
  const dialRows = about.dials.map(dialRow);
  const dials = section("dials", whose, groups.map((group) => h("fieldset", {}, h("legend", {}, t.has(`stage.group.${group}`) ? t(`stage.group.${group}`) : group), dialRows.filter((row) => groupOf(row.dial) === group).map((row) => row.element))));

  // ---- part from here
  const town = h("select", { test: "fork-town", "aria-label": t("stage.drawer.fork_town") }, names.map((name, n) => h("option", { value: name }, about.sides[n].name)));
  const how = h("select", { test: "fork-how", "aria-label": t("stage.drawer.fork_how") }, h("option", { value: "governance" }, t("stage.drawer.fork_governance")), h("option", { value: "dial" }, t("stage.drawer.fork_dial")));
  const other = h("select", { test: "fork-governance", "aria-label": t("stage.drawer.fork_governance") }, options(about.sides[1].governance));
  const part = dialPicker(about.dials.filter((dial) => dial.live));
  const drawFork = () => {
    other.hidden = how.value !== "governance";
    part.element.hidden = how.value !== "dial";
  };
  how.addEventListener("change", drawFork);
  const fork = section("fork", h("p", { class: "note" }, t("stage.drawer.fork_long", { when: stage.frame ? stage.frame.when : "" })),
    h("div", { class: "pair" }, h("label", {}, h("span", {}, t("stage.drawer.fork_town")), town), h("label", {}, h("span", {}, t("stage.drawer.fork_how")), how)), other, part.element,
    button(t("stage.drawer.start_fork"), { class: "strong", test: "fork", onclick: () => done("fork", { side: town.value, ...(how.value === "dial" ? part.value() : { governance: other.value }) }) }));

  const sheet = stage.sheet({ title: t("stage.drawer.title"), test: "drawer", className: "drawer", place: "right", content: [two, itself, dials, fork] });
  drawWhose();
  drawFork();

  function section(name, ...content) {
    return h("details", { class: "part", name: "part", open: name === "two", test: `part-${name}` }, h("summary", {}, t(`stage.drawer.${name}`)), h("div", {}, content));
  }

  // A slider and a number that follow each other; a list where a dial has names instead.
  function turner(dial, value, name, changed) {
    if (dial.choices) {
      const list = h("select", { "aria-label": name }, dial.choices.map((choice) => h("option", { value: choice, selected: choice === value }, choice)));
      list.addEventListener("change", () => changed(list.value));
      return { element: list, get: () => list.value, set: (next) => (list.value = next) };
    }
    const limits = { min: dial.low, max: dial.high, step: dial.step || "any", "aria-label": name };
    const slider = h("input", { type: "range", ...limits, value });
    const number = h("input", { type: "number", ...limits, value: rounded(value) });
    slider.addEventListener("input", () => (number.value = rounded(slider.valueAsNumber)));
    slider.addEventListener("change", () => changed(rounded(slider.valueAsNumber)));
    number.addEventListener("change", () => {
      if (!Number.isFinite(number.valueAsNumber)) return;
      const inside = Math.min(dial.high, Math.max(dial.low, number.valueAsNumber));
      number.value = inside;
      slider.value = inside;
      changed(dial.whole ? Math.round(inside) : inside);
    });
    return {
      element: h("div", { class: "turner" }, slider, number),
      get: () => number.valueAsNumber,
      set: (next) => {
        slider.value = next;
        number.value = rounded(next);
      },
    };
  }

  function dialPicker(list) {
    const pick = h("select", { "aria-label": t("stage.drawer.which_dial") }, list.map((dial) => h("option", { value: dial.name }, dial.label)));
    const hold = h("div");
    const unit = h("p", { class: "note" });
    let turn = null;
    const drawDial = () => {
      const dial = list.find((each) => each.name === pick.value);
      if (!dial) return;
      turn = turner(dial, another(dial), dial.label, () => {});
      refill(hold, turn.element);
      unit.textContent = meant(dial);
    };
    pick.addEventListener("change", drawDial);
    drawDial();
    return { element: h("div", { class: "dialpicker" }, pick, hold, unit), value: () => ({ dial: pick.value, value: turn.get() }) };
  }

  function dialRow(dial) {
    const act = (value) => {
      if (!dial.live) {
        chosen = value;
        again.hidden = false;
        return;
      }
      const at = dial.values;
      dial.values = side === "both" ? [value, value] : side === "left" ? [value, at[1]] : [at[0], value];
      send("dial", { name: dial.name, value, side });
      drawValues();
    };
    const shown = (value) => (typeof value === "number" ? value.toLocaleString(t.locale, { maximumSignificantDigits: 4 }) : value);
    const turn = turner(dial, dial.values[0], dial.label, act);
    let chosen = dial.values[0];
    const again = button(t("stage.drawer.start_with", { dial: dial.label }), { class: "strong", test: `start-${dial.name}`, hidden: true, onclick: () => done("founded", { name: dial.name, value: chosen, side }) }, t("stage.drawer.start_again"));
    const values = h("span", { class: "values" });
    const element = h("div", { class: dial.live ? "dial" : "dial still", "data-testid": `dial-${dial.name}` },
      h("div", { class: "head" }, h("b", {}, dial.label), dial.live ? null : h("em", {}, t("stage.drawer.at_restart")), values), turn.element, again, h("p", { class: "note" }, meant(dial)));
    function drawValues() {
      const [a, b] = dial.values;
      refill(values, ...(a === b ? [shown(a)] : [h("span", { class: "side0" }, mark("circle"), shown(a)), h("span", { class: "side1" }, mark("diamond"), shown(b))]));
    }
    drawValues();
    return { dial, element, show: () => turn.set(side === "right" ? dial.values[1] : dial.values[0]) };
  }

  function drawWhose() {
    for (const each of whose.children) each.setAttribute("aria-pressed", String(each.dataset.value === side));
    dialRows.forEach((row) => row.show());
  }
}

// A value other than the left town's: the right town's, or else the further end of the range.
function another(dial) {
  const [left, right] = dial.values;
  if (left !== right) return right;
  return left - dial.low > dial.high - left ? dial.low : dial.high;
}

function meant(dial) {
  return dial.unit ? `${dial.meaning} (${dial.unit})` : dial.meaning;
}

function rounded(value) {
  return typeof value === "number" ? Number(value.toPrecision(4)) : value;
}
