// Follow one resident: the same person in both towns, on one axis of months.
// Change this file to tell a life otherwise.

import { button, h, refill } from "./dom.js";
import { icon, mark, MOVES } from "./icons.js";

// Waiting months in a row become one stretch: [{from, to}]; all else stays a sign of its own.
export function stretchesOf(log) {
  const waits = [];
  const signs = [];
  for (const [month, kind, service, organisation] of log) {
    const last = waits[waits.length - 1];
    if (kind !== 3) signs.push({ month, kind, service, organisation });
    else if (last && month - last.to <= 1) last.to = month;
    else waits.push({ from: month, to: month, service });
  }
  return { waits, signs };
}

export function journeyPanel(stage) {
  const { t, about } = stage;
  const element = h("div", { class: "journey", test: "journey" });
  const span = Math.max(1, about.months - 1 - about.first);
  const at = (month) => `left:${(100 * (month - about.first)) / span}%`;
  const named = (row) => (about.organisations[row] ? about.organisations[row].name : "");

  function lane(person, side, frame) {
    const its = person.sides[side];
    const { waits, signs } = stretchesOf((its.log || []).filter(([month]) => month >= about.first));
    const helped = signs.filter((sign) => sign.kind === 0 || sign.kind === 2).length;
    const crises = signs.filter((sign) => sign.kind === 4).length;
    return h("div", { class: `lane side${side}` },
      h("div", { class: "who" },
        h("b", {}, mark(about.sides[side].mark), about.sides[side].name),
        h("span", { class: "feel" }, t("stage.journey.feel", { feel: t(`stage.feel.${its.feel}`) })), h("span", {}, t("stage.journey.so_far", { helped: t.number(helped), crises: t.number(crises) }))),
      h("div", { class: "rail", role: "list", "aria-label": about.sides[side].name },
        h("div", { class: "past", style: `width:${(100 * (frame ? frame.month - about.first : 0)) / span}%` }),
        waits.map((wait) => h("div", { class: "wait", role: "listitem", style: `${at(wait.from - 0.45)};width:${(100 * (wait.to - wait.from + 0.9)) / span}%`, title: t("stage.journey.waited", { months: t.number(wait.to - wait.from + 1), service: named(wait.service) }) })),
        signs.map((sign, n) => {
          const room = (signs[n + 1] ? signs[n + 1].month : about.months + 6) - sign.month;
          const before = n ? sign.month - signs[n - 1].month : 99;
          const word = t(`stage.move.${MOVES[sign.kind]}`);
          return h("div", { class: `sign ${MOVES[sign.kind]}`, role: "listitem", style: at(sign.month), title: [word, named(sign.organisation) || named(sign.service)].filter(Boolean).join(": ") },
            h("i", {}, icon(MOVES[sign.kind])), room >= 4 && before >= 3 ? h("small", {}, word) : h("span", { class: "unseen" }, word));
        })));
  }

  return {
    element,
    draw() {
      const person = stage.person();
      const frame = stage.frame;
      if (!person || person.i === undefined || !person.sides) {
        refill(element, h("p", { class: "empty" }, t("stage.journey.none")));
        return;
      }
      const shocks = (frame ? frame.shocks : []).filter((shock) => shock.done && shock.month >= about.first);
      const focused = element.contains(stage.active()) ? stage.active().dataset.testid : "";
      refill(element, 
        h("div", { class: "name" },
          h("b", {}, person.age ? `${person.name}, ${person.age}` : person.name), h("span", {}, person.place),
          h("small", {}, t("stage.journey.same")),
          stage.replay ? null : h("div", { class: "row" }, button(t("stage.journey.other"), { test: "somebody", onclick: () => stage.send("follow", { i: -1 }) }), lines(person).length ? button(t("stage.journey.more"), { test: "person-card", onclick: () => more(person) }) : null)),
        h("div", { class: "lanes" }, lane(person, 0, frame), lane(person, 1, frame),
          h("div", { class: "axis" }, h("div", { class: "who" }), h("div", { class: "rail" },
            shocks.map((shock) => h("div", { class: "shockline", style: at(shock.month), title: shock.label }, icon(shock.key))),
            about.ticks.map(([month, label]) => h("span", { style: at(month) }, label))))));
      const again = focused && element.querySelector(`[data-testid="${focused}"]`);
      if (again) again.focus();
    },
  };

  function lines(person) {
    return person.sides.flatMap((its) => its.card || []);
  }

  function more(person) {
    stage.sheet({
      title: `${person.name}, ${person.age}`, test: "person-panel",
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
