// Shock now: five costs that can jump, in three sizes, for a year or for good. A shock hits both towns alike.
// Change this file to offer shocks otherwise.

import { button, h, write } from "./dom.js";
import { icon } from "./icons.js";

export function shockPanel(stage) {
  const { t, about, send } = stage;
  const { pressed } = stage;   // the size and length last chosen, kept when the page is built anew
  const pick = (group, name, items, act) => h("div", { class: "seg", role: "group", "aria-label": group }, items.map(([value, words, more]) => button(more || words, { test: `${name}-${value}`, "data-value": value, onclick: () => act(value) }, words)));
  const sizes = pick(t("stage.shock.size"), "size", [0, 1, 2].map((n) => [n, t(`stage.shock.size_${n}`), t(`stage.shock.size_${n}_long`)]), (value) => {
    pressed.size = value;
    draw();
  });
  const lengths = pick(t("stage.shock.length"), "lasting", [[0, t("stage.shock.year")], [1, t("stage.shock.good")]], (value) => {
    pressed.lasting = value === 1;
    draw();
  });
  const buttons = about.shocks.map((shock, n) => {
    const small = h("small");
    const element = button(t(`stage.shock.${shock.key}`), { class: "shock", test: `shock-${shock.key}`, onclick: () => act(shock) }, icon(shock.key), h("span", { class: "words" }, h("b", {}, t(`stage.shock.${shock.key}`)), small), h("kbd", { "aria-hidden": "true" }, String(n + 1)));
    element.removeAttribute("aria-label");
    return { shock, element, small };
  });
  const element = h("section", { class: "shocks", "aria-label": t("stage.shock.title") },
    h("h3", {}, t("stage.shock.title")), sizes, lengths, h("div", { class: "list" }, buttons.map((each) => each.element)), h("p", { class: "both" }, t("stage.shock.both")));

  function act(shock) {
    send("shock", { key: shock.key, ...pressed });
  }

  function sized(shock) {
    const given = (shock.sizes || [])[pressed.size];
    return typeof given === "number" ? (given > 0 ? "+" : "") + t.percent(given) : given || "";
  }

  function draw() {
    for (const [group, value] of [[sizes, pressed.size], [lengths, Number(pressed.lasting)]]) {
      for (const each of group.children) each.setAttribute("aria-pressed", String(Number(each.dataset.value) === value));
    }
    const { frame } = stage;
    for (const { shock, element: its, small } of buttons) {
      const mine = frame ? frame.shocks.filter((each) => each.key === shock.key) : [];
      const coming = mine.some((each) => !each.done && each.month === frame.month + 1);
      const hits = mine.some((each) => each.done && each.month === frame.month);
      its.classList.toggle("hit", hits);
      its.classList.toggle("coming", coming);
      write(small, hits ? t("stage.shock.hits") : coming ? t("stage.shock.coming") : sized(shock));
    }
  }

  return { element, draw, act: (n) => buttons[n] && act(buttons[n].shock) };
}
