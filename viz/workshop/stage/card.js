// The card of an organisation or a tie: both towns side by side, what is, what was and why.
// Change this file to lay a card out otherwise; what it says is written in Python.

import { button, h, refill } from "./dom.js";
import { sparkline } from "./charts.js";
import { mark } from "./icons.js";
import { told } from "./journey.js";
import { LOOK } from "./look.js";

export function cardPanel(stage) {
  const { t, about } = stage;
  let sheet = null;
  let asked = null;   // the event somebody asked about, and what led to it once that is known

  function ask(side, event) {
    asked = { side, event: event.event, text: event.text, lines: null };
    stage.send("why", { side: side ? "right" : "left", event: event.event });
    draw();
    sheet.body.querySelector(".full").scrollIntoView({ block: "nearest" });
  }

  function column(its, side) {
    if (!its) return h("section", { class: `side${side}` });
    const events = its.events || [];
    return h("section", { class: `side${side}`, test: `card-${side ? "right" : "left"}` },
      h("h3", {}, mark(about.sides[side].mark), about.sides[side].name),
      told(its.facts || []),
      its.series && its.series.values && its.series.values.length ? h("figure", { class: "spark" }, h("figcaption", {}, its.series.label), series(its.series, side)) : null,
      its.reasons && its.reasons.length ? h("div", { class: "reasons" }, h("h4", {}, t("stage.card.why")), its.reasons.map((reason) => h("p", {}, reason))) : null,
      asked && asked.side === side ? h("div", { class: "reasons full", role: "status" }, h("h4", {}, t("stage.card.led_to", { what: asked.text })), asked.lines ? asked.lines.map((line) => h("p", {}, line)) : h("p", {}, t("stage.card.looking_back"))) : null,
      events.length ? h("h4", {}, t("stage.card.history")) : null,
      events.length ? h("ol", { class: "events" }, events.map((event) =>
        h("li", {}, h("time", {}, event.when), h("span", {}, event.text),
          event.event === null || event.event === undefined || stage.replay ? null : button(t("stage.card.ask_why", { what: event.text }), { class: "why", onclick: () => ask(side, event) }, t("stage.card.why_short"))))) : h("p", { class: "note" }, t("stage.card.no_history")));
  }

  function series(given, side) {
    const u = stage.unit();
    const known = given.values.filter(Number.isFinite);
    const decimals = Math.max(...known.map(Math.abs), 0) < 10 ? 1 : 0;
    const written = [known[0], known[known.length - 1]].map((value) => t.number(value ?? 0, decimals));
    return sparkline({ width: 470 * u, height: 74 * u, u, values: given.values, colour: LOOK.towns[side].ink, written });
  }

  function draw() {
    const card = stage.card();
    if (!card || !card.kind) {
      if (sheet) sheet.close();
      return;
    }
    const answered = card.why && asked && !asked.lines && card.why.event === asked.event && card.why.side === asked.side;
    if (answered) asked.lines = card.why.lines;
    const content = h("div", { class: "columns" }, column(card.sides[0], 0), column(card.sides[1], 1));
    if (sheet) {
      const { scrollTop } = sheet.body;
      const label = sheet.body.contains(stage.active()) ? stage.active().getAttribute("aria-label") : "";
      sheet.element.querySelector("h2").textContent = card.title;
      sheet.element.setAttribute("aria-label", card.title);
      refill(sheet.body, content);
      sheet.body.scrollTop = scrollTop;
      if (answered) sheet.body.querySelector(".full").scrollIntoView({ block: "nearest" });
      const again = label && [...sheet.body.querySelectorAll("button")].find((each) => each.getAttribute("aria-label") === label);
      if (again) again.focus({ preventScroll: true });
      return;
    }
    sheet = stage.sheet({ title: card.title, content: [content], test: "card", className: "card", closed: () => {
      sheet = null;
      asked = null;
      stage.choose({});
      stage.send("close");
    } });
  }

  return {
    draw,
    open(found) {
      if (stage.replay) return;
      asked = null;
      stage.choose(found.kind === "organisation" ? {} : { tie: found });
      stage.send("card", found);
    },
  };
}
