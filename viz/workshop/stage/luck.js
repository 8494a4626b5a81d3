// Luck or effect: the badge that says whether what is seen so far could be chance, and what it rests on.
// Change this file to draw the fan otherwise.

import { button, h, refill, svg } from "./dom.js";
import { FONT, LOOK } from "./look.js";
import { monthAxis, steps } from "./charts.js";

// The fan of differences under other luck, right less left: nine in ten of them between its edges, the middle one as a
// thin line, and the difference on the screen as a thick one. All are means of the months so far.
export function fanChart({ width, height, u, about, luck, t, large }) {
  const shown = svg("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": luck.sentence || "", "font-family": FONT });
  if (!fanned(luck)) return shown;
  const chart = about.charts.find((each) => each.key === luck.outcome) || { format: "number", decimals: 1 };
  const here = luck.here || [];
  const all = [...luck.low, ...luck.high, ...here, 0];
  const ticks = steps(Math.min(...all), Math.max(...all) || 1, large ? 5 : 2);
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const [left, right] = large ? [96 * u, width - 24 * u] : [3 * u, width - 6 * u];
  const [top, bottom] = large ? [14 * u, height - 30 * u] : [4 * u, height - 4 * u];
  const last = large ? about.months - 1 : luck.from + Math.max(luck.mid.length - 1, 6);
  const x = (n) => left + ((right - left) * (luck.from + n - about.first)) / Math.max(1, last - about.first);
  const y = (value) => bottom - ((bottom - top) * (value - low)) / (high - low || 1);
  if (large) {
    for (const value of ticks) shown.append(
      svg("line", { x1: left, x2: right, y1: y(value), y2: y(value), stroke: LOOK.grid, "stroke-width": u }),
      svg("text", { x: left - 9 * u, y: y(value), "text-anchor": "end", "dominant-baseline": "central", "font-size": 17 * u, fill: LOOK.muted }, signed(value, chart, ticks, t)));
    shown.append(...monthAxis(about, (month) => x(month - luck.from), height - 6 * u, 17 * u, 50 * u));
  }
  const points = (values) => (values.length > 1 ? values : [values[0], values[0]]).map((value, n) => `${x(values.length > 1 ? n : 0.6 * n).toFixed(1)} ${y(value).toFixed(1)}`);
  shown.append(
    svg("path", { d: `M${points(luck.high).join("L")}L${points(luck.low).reverse().join("L")}Z`, fill: LOOK.gap, opacity: 0.32 }),
    svg("line", { x1: left, x2: right, y1: y(0), y2: y(0), stroke: LOOK.ink, "stroke-width": 1.4 * u, "stroke-dasharray": `${4 * u} ${3 * u}` }),
    svg("path", { d: `M${points(luck.mid).join("L")}`, fill: "none", stroke: LOOK.muted, "stroke-width": (large ? 1.8 : 1.2) * u }));
  if (here.length) shown.append(svg("path", { d: `M${points(here).join("L")}`, fill: "none", stroke: LOOK.ink, "stroke-width": (large ? 3.4 : 2.4) * u, "stroke-linejoin": "round", "stroke-linecap": "round" }));
  if (here.length && large) shown.append(
    svg("circle", { cx: x(here.length - 1), cy: y(here[here.length - 1]), r: 5 * u, fill: LOOK.ink }),
    svg("text", { x: Math.min(x(here.length - 1) + 11 * u, right - 60 * u), y: y(here[here.length - 1]) - 16 * u, "dominant-baseline": "central", "font-size": 18 * u, "font-weight": 700, fill: LOOK.ink, stroke: "#FFFFFF", "stroke-width": 4 * u, "paint-order": "stroke" }, t("stage.luck.here")));
  return shown;
}

function fanned(luck) {
  return Boolean(luck.mid && luck.mid.length);
}

function signed(value, chart, ticks, t) {
  const step = Math.abs((ticks[1] ?? 1) - ticks[0]) * (chart.format === "percent" ? 100 : 1);
  const text = t.value(value, { ...chart, decimals: step >= 1 ? 0 : step >= 0.1 ? 1 : 2 });
  return value > 0 ? `+${text}` : text;
}

export function luckBadge(stage) {
  const { t } = stage;
  const fan = h("span", { class: "fan" });
  const verdict = h("b");
  const count = h("small", { class: "count" });
  const sentence = h("span", { class: "sentence" });
  const element = button(t("stage.luck.open"), { class: "badge", test: "badge", "aria-haspopup": "dialog", onclick: open },
    fan, h("span", { class: "said" }, h("span", { class: "line" }, verdict, count), sentence));
  let panel = null;

  function open() {
    const outcomes = h("div", { class: "seg", role: "group", "aria-label": t("stage.luck.outcome") }, stage.about.charts.map((chart) =>
      button(chart.title, { test: `outcome-${chart.key}`, "data-key": chart.key, onclick: () => stage.send("outcome", { v: chart.key }) })));
    panel = stage.sheet({
      title: t("stage.luck.title"), test: "luck-panel", className: "luckpanel", closed: () => (panel = null),
      content: [outcomes, h("p", { class: "lead" }), h("div", { class: "picture" }), h("p", { class: "tellings" }), h("p", { class: "note" }, t("stage.luck.meaning", { left: stage.about.sides[0].name, right: stage.about.sides[1].name }))],
    });
    fill(stage.luck());
  }

  function fill(luck) {
    if (!panel) return;
    const picture = panel.element.querySelector(".picture");
    for (const each of panel.element.querySelectorAll("[data-key]")) each.setAttribute("aria-pressed", String(each.dataset.key === luck.outcome));
    panel.element.querySelector(".lead").textContent = luck.sentence || t("stage.luck.none");
    panel.element.querySelector(".tellings").textContent = counted(luck);
    picture.hidden = !fanned(luck);
    if (fanned(luck)) {
      refill(picture, 
        h("h3", {}, t("stage.luck.difference_in", { label: luck.label || "", left: stage.about.sides[0].name, right: stage.about.sides[1].name })),
        fanChart({ width: picture.clientWidth || 900, height: 250 * stage.unit(), u: stage.unit(), about: stage.about, luck, t, large: true }));
    }
  }

  function counted(luck) {
    return luck.of ? t("stage.luck.count", { ready: t.number(luck.ready || 0), of: t.number(luck.of) }) : "";
  }

  return {
    element,
    draw() {
      const luck = stage.luck();
      const ready = fanned(luck);
      element.hidden = stage.replay && !ready;
      element.dataset.verdict = luck.verdict || "none";
      verdict.textContent = t(`stage.luck.${ready ? luck.verdict : "none_yet"}`);
      count.textContent = luck.of ? t("stage.luck.short", { ready: t.number(luck.ready || 0), of: t.number(luck.of) }) : "";
      sentence.textContent = luck.sentence || t("stage.luck.none");
      element.setAttribute("aria-label", `${verdict.textContent} ${sentence.textContent} (${t("stage.luck.open")})`);
      const u = stage.unit();
      refill(fan, ready ? fanChart({ width: 104 * u, height: 60 * u, u, about: stage.about, luck, t, large: false }) : h("i"));
      fill(luck);
    },
  };
}
