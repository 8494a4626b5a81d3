// Everything on the page as tables: for screen readers, and for whoever would rather read numbers.
// Change this file to tell more of it in tables.

import { button, h, refill } from "./dom.js";
import { feelingOf, FEELINGS, PAYERS } from "./look.js";

export function tablesPanel(stage) {
  const { t, about } = stage;
  const element = h("div", { class: "tables", test: "tables", tabindex: "0", role: "region", "aria-label": t("stage.tables.title") });
  const names = about.sides.map((side) => side.name);
  const cell = (value) => h("td", {}, value);
  const table = (caption, head, rows) => h("table", {}, h("caption", {}, caption), h("thead", {}, h("tr", {}, head.map((each) => h("th", { scope: "col" }, each)))), h("tbody", {}, rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first), rest.map(cell)))));

  function now(frame) {
    const order = ["waiting", "helped", "crises", "struggling"];
    const people = frame.towns.map((town) => {
      const counts = [0, 0, 0];
      for (const strain of town.strain) counts[feelingOf(strain)] += 1;
      return counts;
    });
    return table(t("stage.tables.now", { when: frame.when }), ["", ...names], [
      ...order.map((name, n) => [t(`stage.number.${name}_long`), ...frame.numbers.map((numbers) => t.number(numbers[n]))]),
      ...FEELINGS.map((name, n) => [t(`stage.feel.${name}`), ...people.map((counts) => t.number(counts[n]))]),
      ...[...PAYERS, "rise"].map((name) => [`${t("stage.paid.title")}: ${t(`stage.paid.${name}`)}`, ...frame.paid.map((paid) => t.pounds(paid[name] || 0))]),
    ]);
  }

  function months() {
    const { lived } = stage;
    const rows = [];
    for (let month = lived.last; month >= about.first; month--) {
      if (!lived.values[0][month] || !lived.values[1][month]) continue;
      rows.push([t.number(month - about.first + 1), ...about.charts.flatMap((chart, n) => [0, 1].map((side) => t.value(lived.values[side][month][n], chart)))]);
    }
    return table(t("stage.tables.months"), [t("stage.month"), ...about.charts.flatMap((chart) => names.map((name) => `${chart.title}: ${name}`))], rows);
  }

  function organisations(frame) {
    const told = (id) => frame.towns.map((town) => `${about.organisations[id].kind === "service" ? "" : `${t(`stage.state.${town.state[id]}`)}, `}${t("stage.town.load", { percent: t.number((100 * town.load[id]) / 128) })}`);
    return table(t("stage.tables.organisations"), ["", ...names], about.organisations.map((each, id) => [
      stage.replay ? each.name : button(each.name, { class: "link", test: `card-of-${id}`, onclick: () => stage.openCard({ kind: "organisation", id }) }), ...told(id)]));
  }

  return {
    element,
    draw() {
      const { frame } = stage;
      if (!frame) return;
      const { scrollTop } = element;
      const focused = element.contains(stage.active()) ? stage.active().dataset.testid : "";
      refill(element, now(frame), organisations(frame), months());
      element.scrollTop = scrollTop;
      const again = focused && element.querySelector(`[data-testid="${focused}"]`);
      if (again) again.focus({ preventScroll: true });
    },
  };
}
