// Luck or effect: the badge that says whether what is seen so far could be chance, and what it rests on.
// Change this file to draw the fan otherwise.

import { button, h, svg } from "./dom.js";
import { FONT, LOOK } from "./look.js";
import { monthAxis, steps } from "./charts.js";

// The fan of differences under other luck: nine in ten of them between its edges, the middle one as a line.
export function fanChart({ width, height, u, about, luck, t, large }) {
  const fan = luck.fan || [];
  const shown = svg("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": luck.sentence || "", "font-family": FONT });
  if (!fan.length) return shown;
  const now = differenceNow(luck);
  const all = fan.flatMap((each) => [each.low, each.high]).concat(0, Number.isFinite(now) ? now : 0);
  const ticks = steps(Math.min(...all), Math.max(...all) || 1, large ? 5 : 2);
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const [left, right] = large ? [84 * u, width - 110 * u] : [3 * u, width - 10 * u];
  const [top, bottom] = large ? [14 * u, height - 30 * u] : [4 * u, height - 4 * u];
  const last = large ? about.months - 1 : Math.max(fan[fan.length - 1].month, about.first + 6);
  const x = (month) => left + ((right - left) * (month - about.first)) / Math.max(1, last - about.first);
  const y = (value) => bottom - ((bottom - top) * (value - low)) / (high - low || 1);
  if (large) {
    for (const value of ticks) shown.append(
      svg("line", { x1: left, x2: right, y1: y(value), y2: y(value), stroke: LOOK.grid, "stroke-width": u }),
      svg("text", { x: left - 9 * u, y: y(value), "text-anchor": "end", "dominant-baseline": "central", "font-size": 17 * u, fill: LOOK.muted }, writtenTick(value, ticks, t)));
    shown.append(...monthAxis(about, x, height - 6 * u, 17 * u, 50 * u));
  }
  const point = (each, key) => `${x(each.month).toFixed(1)} ${y(each[key]).toFixed(1)}`;
  const area = fan.length > 1 ? fan : [fan[0], { ...fan[0], month: fan[0].month + 0.6 }];
  shown.append(
    svg("path", { d: `M${area.map((each) => point(each, "high")).join("L")}L${[...area].reverse().map((each) => point(each, "low")).join("L")}Z`, fill: LOOK.gap, opacity: 0.32 }),
    svg("line", { x1: left, x2: right, y1: y(0), y2: y(0), stroke: LOOK.ink, "stroke-width": 1.4 * u, "stroke-dasharray": `${4 * u} ${3 * u}` }),
    svg("path", { d: `M${area.map((each) => point(each, "mid")).join("L")}`, fill: "none", stroke: LOOK.ink, "stroke-width": 2.2 * u }));
  if (Number.isFinite(now)) {
    const at = fan[fan.length - 1];
    shown.append(svg("path", { d: `M${x(at.month) - 5 * u} ${y(now) - 5 * u}l${10 * u} ${10 * u}m0 ${-10 * u}l${-10 * u} ${10 * u}`, stroke: LOOK.ink, "stroke-width": 2.4 * u }));
    if (large) shown.append(svg("text", { x: x(at.month) + 12 * u, y: y(now), "dominant-baseline": "central", "font-size": 17 * u, "font-weight": 700, fill: LOOK.ink }, t("stage.luck.now")));
  }
  return shown;
}

export function differenceNow(luck) {
  return [luck.now, luck.difference].find((value) => Number.isFinite(value));
}

function writtenTick(value, ticks, t) {
  const step = Math.abs((ticks[1] ?? 1) - ticks[0]);
  const text = t.number(value, step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3);
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
    const luck = stage.luck();
    const picture = h("div", { class: "picture" });
    panel = stage.sheet({
      title: t("stage.luck.title"), test: "luck-panel", className: "luckpanel", closed: () => (panel = null),
      content: [h("p", { class: "lead" }), picture, h("p", { class: "count" }), h("p", { class: "note" }, t("stage.luck.meaning", { left: stage.about.sides[0].name, right: stage.about.sides[1].name }))],
    });
    fill(luck);
  }

  function fill(luck) {
    if (!panel) return;
    const picture = panel.element.querySelector(".picture");
    panel.element.querySelector(".lead").textContent = luck.sentence || t("stage.luck.none");
    panel.element.querySelector("p.count").textContent = counted(luck) + (luck.needed ? ` ${t("stage.luck.needed", { needed: t.number(luck.needed) })}` : "");
    if (luck.fan && luck.fan.length) {
      picture.replaceChildren(h("h3", {}, t("stage.luck.difference_in", { label: luck.label || luck.outcome || "" })), fanChart({ width: picture.clientWidth || 900, height: 330 * stage.unit(), u: stage.unit(), about: stage.about, luck, t, large: true }));
    }
  }

  function counted(luck) {
    return luck.of ? t("stage.luck.count", { ready: t.number(luck.ready || 0), of: t.number(luck.of) }) : "";
  }

  return {
    element,
    draw() {
      const luck = stage.luck();
      const ready = Boolean(luck && luck.fan && luck.fan.length);
      element.dataset.verdict = luck.verdict || "none";
      verdict.textContent = t(`stage.luck.${ready ? luck.verdict || "unsure" : "none_yet"}`);
      count.textContent = luck.of ? t("stage.luck.short", { ready: t.number(luck.ready || 0), of: t.number(luck.of) }) : "";
      sentence.textContent = luck.sentence || t("stage.luck.none");
      const u = stage.unit();
      fan.replaceChildren(ready ? fanChart({ width: 104 * u, height: 60 * u, u, about: stage.about, luck, t, large: false }) : h("i"));
      fill(luck);
    },
  };
}
