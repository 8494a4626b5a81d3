// Follow one resident: the same person in both towns, on one axis of months, a row for each need there was help with.
// Change this file to tell a life otherwise.

import { button, h, refill } from "./dom.js";
import { icon, mark } from "./icons.js";

const ROWS = 4;
const [WORKED, FAILED, MOVED, WAITS, CRISIS, LEFT] = [0, 1, 2, 3, 4, 5];
const BARS = { [WORKED]: "worked", [MOVED]: "worked", [FAILED]: "failed", [WAITS]: "waits" };
const SIGNS_OF = { [MOVED]: "moved", [CRISIS]: "crisis", [LEFT]: "left" };

// The services a person came to in either town, the most visited first to stay, in the order of the town.
export function rowsOf(sides) {
  const visits = new Map();
  for (const { log } of sides) for (const [, , service] of log) visits.set(service, (visits.get(service) || 0) + 1);
  return [...visits.keys()].sort((a, b) => visits.get(b) - visits.get(a)).slice(0, ROWS).sort((a, b) => a - b);
}

// One row of a life: months alike in a row become one bar, and what happens once is a sign.
export function rowOf(log, service) {
  const [bars, signs] = [[], []];
  for (const [month, kind, at, organisation] of log) {
    if (at !== service) continue;
    const name = BARS[kind];
    const last = bars[bars.length - 1];
    if (SIGNS_OF[kind]) signs.push({ month, name: SIGNS_OF[kind], organisation });
    if (!name) continue;
    if (last && last.name === name && month - last.to <= 1) last.to = month;
    else bars.push({ name, from: month, to: month, organisation });
  }
  return { bars, signs };
}

export function journeyPanel(stage) {
  const { t, about } = stage;
  const element = h("div", { class: "journey", test: "journey" });
  const span = Math.max(1, about.months - about.first);
  const share = (months) => `${((100 * months) / span).toFixed(2)}%`;
  const named = (row) => (about.organisations[row] ? about.organisations[row].name : "");
  const signed = ["worked", "failed", "waits", "moved", "crisis", "left"];

  function lane(person, side, rows, frame) {
    const its = person.sides[side];
    const log = (its.log || []).filter(([month]) => month >= about.first);
    const many = (...kinds) => t.number(log.filter(([, kind]) => kinds.includes(kind)).length);
    const past = frame ? share(frame.month + 1 - about.first) : "0%";
    return h("div", { class: `lane side${side}` },
      h("div", { class: "who" },
        h("b", {}, mark(about.sides[side].mark), about.sides[side].name),
        h("span", {}, t("stage.journey.feel", { feel: t(`stage.feel.${its.feel}`) })),
        h("span", {}, t("stage.journey.so_far", { helped: many(WORKED, MOVED), crises: many(CRISIS) }))),
      h("div", { class: "needs" }, rows.map((service) => {
        const { bars, signs } = rowOf(log, service);
        const told = (word, first, last, by) => t(first === last ? "stage.journey.month" : "stage.journey.months", { what: t(`stage.move.${word}`), first: t.number(first - about.first + 1), last: t.number(last - about.first + 1), by: named(by) || named(service) });
        return h("div", { class: "need" }, h("span", {}, named(service)),
          h("div", { class: "rail", role: "list", "aria-label": `${about.sides[side].name}, ${named(service)}` },
            h("i", { class: "past", style: `width:${past}` }),
            bars.map((bar) => h("i", { class: `bar ${bar.name}`, role: "listitem", style: `left:${share(bar.from - about.first)};width:${share(bar.to - bar.from + 1)}`, title: told(bar.name, bar.from, bar.to, bar.organisation), "aria-label": told(bar.name, bar.from, bar.to, bar.organisation) })),
            signs.map((sign) => h("i", { class: `sign ${sign.name}`, role: "listitem", style: `left:${share(sign.month + 0.5 - about.first)}`, title: told(sign.name, sign.month, sign.month, sign.organisation), "aria-label": told(sign.name, sign.month, sign.month, sign.organisation) }, sign.name === "moved" ? null : icon(sign.name)))));
      }), rows.length ? null : h("p", { class: "empty" }, t("stage.journey.nothing"))));
  }

  return {
    element,
    draw() {
      const person = stage.person();
      const { frame } = stage;
      if (!person || person.i === undefined || !person.sides) {
        refill(element, h("p", { class: "empty" }, t("stage.journey.none")));
        return;
      }
      element.dataset.person = person.i;
      const rows = rowsOf(person.sides.map((side) => ({ log: (side.log || []).filter(([month]) => month >= about.first) })));
      const shocks = (frame ? frame.shocks : []).filter((shock) => shock.done && shock.month >= about.first);
      const focused = element.contains(stage.active()) ? stage.active().dataset.testid : "";
      refill(element,
        h("div", { class: "name", title: t("stage.journey.same") },
          h("b", {}, person.age ? `${person.name}, ${person.age}` : person.name), h("span", {}, person.place),
          stage.replay ? null : h("div", { class: "row" },
            button(t("stage.journey.other_long"), { test: "somebody", onclick: () => stage.send("follow", { i: other(person.i) }) }, t("stage.journey.other")),
            person.sides.some((side) => (side.card || []).length) ? button(t("stage.journey.more"), { test: "person-card", onclick: () => more(person) }) : null),
          h("div", { class: "journeykey", "aria-hidden": "true" }, signed.map((name) => h("span", {}, h("i", { class: BARS[signed.indexOf(name)] === name || name === "waits" ? `bar ${name}` : `sign ${name}` }, name === "crisis" || name === "left" ? icon(name) : null), t(`stage.move.${name}`))))),
        h("div", { class: "lanes" }, lane(person, 0, rows, frame), lane(person, 1, rows, frame),
          h("div", { class: "axis" }, h("div", { class: "rail" },
            shocks.map((shock, n) => h("div", { class: "shockline", style: `left:${share(shock.month - about.first)}`, title: shock.label }, n && shock.month - shocks[n - 1].month < 2 ? null : icon(shock.key))),
            about.ticks.map(([month, label]) => h("span", { style: `left:${share(month - about.first)}` }, label))))));
      const again = focused && element.querySelector(`[data-testid="${focused}"]`);
      if (again) again.focus();
    },
  };

  // Somebody else by chance: whose life it is must not be chosen for how well it goes.
  function other(now) {
    const many = about.people.x.length;
    return (now + 1 + Math.floor(Math.random() * (many - 1))) % many;
  }

  function more(person) {
    stage.sheet({
      title: person.age ? `${person.name}, ${person.age}` : person.name, test: "person-panel",
      content: [h("div", { class: "columns" }, [0, 1].map((side) => h("section", { class: `side${side}` }, h("h3", {}, mark(about.sides[side].mark), about.sides[side].name), told(person.sides[side].card || []))))],
    });
  }
}

// Lines of a card: sentences, or pairs of a label and a value.
export function told(items) {
  const pairs = items.filter((item) => Array.isArray(item));
  const sentences = items.filter((item) => typeof item === "string");
  return [
    pairs.length ? h("dl", { class: "facts" }, pairs.map(([label, value]) => h("div", {}, h("dt", {}, String(label)), h("dd", {}, String(value))))) : null,
    sentences.map((sentence) => h("p", {}, sentence)),
  ];
}
