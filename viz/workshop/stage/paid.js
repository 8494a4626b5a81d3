// Who paid for the rise in costs: one bar for each town, always on the page. What somebody saved lies left of nought.
// Change this file to tell it otherwise.

import { h, refill, svg } from "./dom.js";
import { mark, markAt } from "./icons.js";
import { FONT, LOOK, PAYERS } from "./look.js";
import { steps } from "./charts.js";

// Patterns, so that the payers differ without colour too.
function patterns(u, id) {
  const size = 7 * u;
  const make = (name, ...drawn) => svg("pattern", { id: `${id}-${name}`, width: size, height: size, patternUnits: "userSpaceOnUse" }, svg("rect", { width: size, height: size, fill: LOOK.payers[name] }), ...drawn);
  const stroke = { stroke: "#FFFFFF", "stroke-width": 1.3 * u, opacity: 0.6 };
  return svg("defs", {},
    make("funders"),
    make("partners", svg("path", { d: `M0 ${size}L${size} 0M${-size / 4} ${size / 4}L${size / 4} ${-size / 4}M${size * 0.75} ${size * 1.25}L${size * 1.25} ${size * 0.75}`, ...stroke })),
    make("staff", svg("circle", { cx: size / 2, cy: size / 2, r: 1.25 * u, fill: LOOK.ink, opacity: 0.65 })),
    make("residents"));
}

// The payers of one side as stretches of the bar: [name, from, to], to the right of nought and to the left of it.
export function stretches(paid) {
  let [right, left] = [0, 0];
  return PAYERS.map((name) => {
    const value = paid[name] || 0;
    if (value >= 0) return [name, right, (right += value)];
    const from = left;
    left += value;
    return [name, left, from];
  });
}

export function paidScale(lived, paid) {
  let [low, high] = [0, 1];
  for (const each of paid) for (const [, from, to] of stretches(each)) [low, high] = [Math.min(low, from), Math.max(high, to)];
  const before = lived.scales.paid;
  if (before) [low, high] = [Math.min(low, before[0]), Math.max(high, before[before.length - 1])];
  lived.scales.paid = steps(low, high, 3);
  return lived.scales.paid;
}

export function paidChart({ width, height, u, about, lived, paid, t, id = "paid" }) {
  const ticks = paidScale(lived, paid);
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const [left, right] = [38 * u, width - 26 * u];
  const x = (value) => left + ((right - left) * (value - low)) / (high - low);
  const bottom = height - 21 * u;
  const thick = Math.min(40 * u, (bottom - 4 * u) / 2 - 6 * u);
  const shown = svg("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": paidTold(about, paid, t), "font-family": FONT }, patterns(u, id));
  for (const value of ticks) shown.append(
    svg("line", { x1: x(value), x2: x(value), y1: 0, y2: bottom, stroke: LOOK.grid, "stroke-width": u }),
    svg("text", { x: x(value), y: height - 5 * u, "text-anchor": "middle", "font-size": 14.5 * u, fill: LOOK.muted }, t.pounds(value)));
  paid.forEach((each, side) => {
    const y = 4 * u + side * (thick + 8 * u);
    shown.append(markAt(about.sides[side].mark, 9 * u, y + thick / 2, 6.5 * u, { fill: LOOK.towns[side].ink }));
    for (const [name, from, to] of stretches(each)) {
      if (x(to) - x(from) < 0.4) continue;
      shown.append(svg("rect", { class: name, x: x(from), y, width: x(to) - x(from), height: thick, fill: `url(#${id}-${name})`, stroke: "#FFFFFF", "stroke-width": 1.2 * u }));
    }
  });
  shown.append(svg("line", { x1: x(0), x2: x(0), y1: 0, y2: bottom, stroke: LOOK.ink, "stroke-width": 1.8 * u }));
  return shown;
}

export function paidTold(about, paid, t) {
  return paid.map((each, side) =>
    `${about.sides[side].name}: ${PAYERS.map((name) => `${t(`stage.paid.${name}`)} ${t.pounds(each[name] || 0)}`).join(", ")}`).join(". ");
}

export function swatch(name, u = 1) {
  const id = `swatch-${name}`;
  return svg("svg", { viewBox: "0 0 16 16", class: "swatch", "aria-hidden": "true" }, patterns(u, id), svg("rect", { width: 16, height: 16, rx: 3, fill: `url(#${id}-${name})` }));
}

// The standing chart: bars, and under them the four payers with both numbers, which is the legend too.
export function paidPanel(stage) {
  const { t, about } = stage;
  const bars = h("div", { class: "bars" });
  const rows = PAYERS.map((name) => ({ name, cells: [h("td", { class: "side0" }), h("td", { class: "side1" })] }));
  const total = [h("td", { class: "side0" }), h("td", { class: "side1" })];
  const head = [0, 1].map((side) => h("th", { scope: "col", class: `side${side}`, "aria-label": about.sides[side].name }, mark(about.sides[side].mark)));
  const element = h("section", { class: "paid", test: "paid", "aria-label": t("stage.paid.title") },
    h("h3", {}, t("stage.paid.title"), h("small", {}, t("stage.paid.hint"))),
    bars,
    h("table", {},
      h("thead", {}, h("tr", {}, h("td"), ...head)),
      h("tbody", {},
        rows.map(({ name, cells }) => h("tr", {}, h("th", { scope: "row", title: t(`stage.paid.${name}_long`) }, swatch(name), t(`stage.paid.${name}`)), ...cells)),
        h("tr", { class: "total" }, h("th", { scope: "row" }, t("stage.paid.rise")), ...total))));

  return {
    element,
    draw(frame) {
      const { clientWidth: width, clientHeight: height } = bars;
      if (!frame || !width || !height) return;
      refill(bars, paidChart({ width, height, u: stage.unit(), about, lived: stage.lived, paid: frame.paid, t }));
      for (const side of [0, 1]) {
        for (const { name, cells } of rows) cells[side].textContent = t.pounds(frame.paid[side][name] || 0);
        total[side].textContent = t.pounds(frame.paid[side].rise || 0);
      }
    },
  };
}
