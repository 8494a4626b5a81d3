// The card of an organisation or a tie: both towns side by side, what is, what was and why.
// Change this file to lay a card out otherwise; what it says is written in Python.

import { button, h } from "./dom.js";
import { sparkline } from "./charts.js";
import { mark } from "./icons.js";
import { told } from "./journey.js";
import { LOOK } from "./look.js";

export function cardPanel(stage) {
  const { t, about } = stage;
  let sheet = null;

  function column(its, side) {
    if (!its) return h("section", { class: `side${side}` });
    const events = its.events || [];
    return h("section", { class: `side${side}`, test: `card-${side ? "right" : "left"}` },
      h("h3", {}, mark(about.sides[side].mark), about.sides[side].name),
      told(its.facts || []),
      its.series && its.series.values && its.series.values.length ? h("figure", { class: "spark" }, h("figcaption", {}, its.series.label), series(its.series, side)) : null,
      its.reasons && its.reasons.length ? h("div", { class: "reasons", role: "status" }, h("h4", {}, t("stage.card.why")), its.reasons.map((reason) => h("p", {}, reason))) : null,
      events.length ? h("h4", {}, t("stage.card.history")) : null,
      events.length ? h("ol", { class: "events" }, [...events].reverse().map((event) =>
        h("li", {}, h("time", {}, event.when), h("span", {}, event.text),
          event.event === null || event.event === undefined || stage.replay ? null : button(t("stage.card.ask_why", { what: event.text }), { class: "why", onclick: () => stage.send("why", { side: side ? "right" : "left", event: event.event }) }, t("stage.card.why_short"))))) : h("p", { class: "note" }, t("stage.card.no_history")));
  }

  function series(given, side) {
    const u = stage.unit();
    const known = given.values.filter(Number.isFinite);
    const decimals = Math.max(...known.map(Math.abs), 0) < 10 ? 1 : 0;
    const written = [known[0], known[known.length - 1]].map((value) => t.number(value ?? 0, decimals));
    return sparkline({ width: 470 * u, height: 74 * u, u, values: given.values, colour: LOOK.towns[side].ink, written });
  }

  return {
    asked(found) {
      stage.choose(found.kind === "organisation" ? {} : { tie: found });
      if (stage.replay) return;
      stage.send("card", found);
    },
    draw() {
      const card = stage.card();
      if (!card || !card.kind) {
        if (sheet) sheet.close();
        return;
      }
      const content = h("div", { class: "columns" }, column(card.sides[0], 0), column(card.sides[1], 1));
      if (!sheet) {
        sheet = stage.sheet({ title: card.title, content: [content], test: "card", className: "card", closed: () => {
          sheet = null;
          stage.choose({});
          stage.send("close");
        } });
      } else {
        const { scrollTop } = sheet.body;
        sheet.element.querySelector("h2").textContent = card.title;
        sheet.element.setAttribute("aria-label", card.title);
        sheet.body.replaceChildren(content);
        sheet.body.scrollTop = scrollTop;
      }
    },
  };
}
