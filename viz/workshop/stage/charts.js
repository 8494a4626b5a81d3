// Charts as SVG: two lines with their names at the end, the gap between them, and the shocks that hit.
// Change this file to draw charts otherwise. The same charts go on the page, into pictures and into files.

import { svg } from "./dom.js";
import { markAt, SIGNS } from "./icons.js";
import { FONT, LOOK } from "./look.js";

// Round numbers from low to high, at most `most` steps of them.
export function steps(low, high, most = 3) {
  const raw = (high - low) / most || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 2.5, 5, 10].find((each) => each * power >= raw - 1e-12);
  const from = Math.floor(low / step + 1e-9) * step;
  const found = [from];
  while (found[found.length - 1] < high - step * 1e-9) found.push(from + found.length * step);
  return found.map((each) => Number(each.toPrecision(12)));
}

// The ends of a chart's scale. It only grows while a run lasts, starts at nought unless a plain number stays far above it,
// and is never so narrow that a small difference looks large.
export function scaleFor(lived, chart, number) {
  let [low, high] = [Infinity, -Infinity];
  for (const side of [0, 1]) {
    for (const [, value] of lived.line(side, number)) [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  if (low > high) return steps(0, 1);
  if (low >= 0 && (chart.format !== "number" || low < 0.5 * high)) low = 0;
  const least = Math.max(Math.abs(high), Math.abs(low)) * 0.25 || (chart.format === "percent" ? 0.01 : 1);
  if (high - low < least) [low, high] = [low - (low === 0 ? 0 : least / 2), high + least / 2];
  if (chart.format === "percent") high = Math.max(high, 0.02);
  const before = lived.scales[number];
  if (before) [low, high] = [Math.min(low, before[0]), Math.max(high, before[before.length - 1])];
  const ticks = steps(low, high);
  lived.scales[number] = ticks;
  return ticks;
}

// One axis of months for every chart: its labels where there is room for them.
export function monthAxis(about, x, y, size, room) {
  const found = [];
  let taken = -Infinity;
  for (const [month, label] of about.ticks) {
    const at = x(month);
    if (at - taken < room) continue;
    taken = at;
    found.push(svg("text", { x: at, y, "text-anchor": "middle", "font-size": size, fill: LOOK.muted }, label));
  }
  return found;
}

export function shockMarks(shocks, x, from, top, bottom, u) {
  const found = [];
  let taken = -Infinity;
  for (const shock of [...shocks].sort((a, b) => a.month - b.month)) {
    if (shock.month < from) continue;
    const at = x(shock.month);
    const strong = shock.done ? 0.8 : 0.35;
    found.push(svg("line", { x1: at, x2: at, y1: top, y2: bottom, stroke: LOOK.ink, "stroke-width": 1.3 * u, "stroke-dasharray": `${3 * u} ${3 * u}`, opacity: strong }));
    if (at - taken < 12 * u) continue;
    taken = at;
    found.push(svg("g", { transform: `translate(${at - 7.5 * u},${top - 16 * u}) scale(${0.63 * u})`, opacity: strong }, svg("path", { d: SIGNS[shock.key] || SIGNS.demand, fill: LOOK.ink })));
  }
  return found;
}

// Two heights at least so far apart, around their middle.
export function apart(a, b, gap) {
  if (Math.abs(a - b) >= gap) return [a, b];
  const middle = (a + b) / 2;
  return a <= b ? [middle - gap / 2, middle + gap / 2] : [middle + gap / 2, middle - gap / 2];
}

export function lineChart({ width, height, u, about, lived, number, shocks, t }) {
  const chart = about.charts[number];
  const ticks = scaleFor(lived, chart, number);
  const written = ticks.map((value) => t.value(value, { ...chart, decimals: decimalsOf(ticks, chart) }));
  const left = (12 + 8 * Math.max(...written.map((each) => each.length))) * u;
  const right = (chart.format === "pounds" ? 74 : 60) * u;
  const [top, bottom] = [20 * u, height - 25 * u];
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const x = (month) => left + ((width - left - right) * (month - about.first)) / Math.max(1, about.months - 1 - about.first);
  const y = (value) => bottom - ((bottom - top) * (value - low)) / (high - low);
  const shown = svg("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": chartTold(about, lived, number, t), "font-family": FONT });

  ticks.forEach((value, n) => shown.append(
    svg("line", { x1: left, x2: width - right, y1: y(value), y2: y(value), stroke: n ? LOOK.grid : "#CFC6B8", "stroke-width": u }),
    svg("text", { x: left - 7 * u, y: y(value), "text-anchor": "end", "dominant-baseline": "central", "font-size": 14.5 * u, fill: LOOK.muted }, written[n])));
  shown.append(...monthAxis(about, x, height - 7 * u, 14.5 * u, 42 * u), ...shockMarks(shocks, x, about.first, top, bottom, u));

  const lines = [0, 1].map((side) => lived.line(side, number).map(([month, value]) => [x(month), y(value)]));
  const path = (points) => points.map((point) => point.map((each) => each.toFixed(1)).join(" ")).join("L");
  if (lines[0].length > 1 && lines[1].length > 1) {
    shown.append(svg("path", { class: "gap", d: `M${path(lines[0])}L${path([...lines[1]].reverse())}Z`, fill: LOOK.gap, opacity: 0.16 }));
  }
  const drawn = (d, stroke, width, more = {}) => shown.append(svg("path", { d, fill: "none", stroke, "stroke-width": width * u, "stroke-linejoin": "round", ...more }));
  if (lines[0].length > 1) drawn(`M${path(lines[0])}`, LOOK.towns[0].ink, 3.1, { class: "line side0" });
  if (lines[1].length > 1) {
    const { own, shared } = alike(lines, u);
    if (own.length) drawn(own.map((part) => `M${path(part)}`).join(""), LOOK.paper, 5.2);
    if (own.length) drawn(own.map((part) => `M${path(part)}`).join(""), LOOK.towns[1].ink, 3.1, { class: "line side1" });
    if (shared.length) drawn(shared.map((part) => `M${path(part)}`).join(""), LOOK.towns[1].ink, 3.1, { "stroke-dasharray": `${6 * u} ${6 * u}` });
  }
  if (lines[0].length && lines[1].length) shown.append(...ends(lines, about, lived, number, chart, width - right, bottom, u, t));
  return shown;
}

// The right line in parts of its own and parts that lie on the left one: there it is dashed, so that both are seen.
function alike(lines, u) {
  const [own, shared] = [[], []];
  for (let n = 1; n < lines[1].length; n++) {
    const same = [n - 1, n].every((m) => lines[0][m] && Math.abs(lines[0][m][1] - lines[1][m][1]) < 0.7 * u);
    const parts = same ? shared : own;
    const last = parts[parts.length - 1];
    if (last && last[last.length - 1] === lines[1][n - 1]) last.push(lines[1][n]);
    else parts.push([lines[1][n - 1], lines[1][n]]);
  }
  return { own, shared };
}

function ends(lines, about, lived, number, chart, edge, bottom, u, t) {
  const last = lines.map((points) => points[points.length - 1]);
  const spread = apart(last[0][1], last[1][1], 19 * u);
  const over = Math.max(0, Math.max(...spread) - bottom + 3 * u);
  const heights = spread.map((each) => each - over);
  return [0, 1].flatMap((side) => {
    const colour = LOOK.towns[side].ink;
    const value = lived.line(side, number).pop()[1];
    const [px, py] = last[side];
    const aside = Math.abs(last[0][1] - last[1][1]) < 6 * u ? (side ? 4 : -4) * u : 0;
    return [
      markAt(about.sides[side].mark, px + aside, py, 5.2 * u, { fill: colour, stroke: "#FFFFFF", "stroke-width": 2 * u }),
      svg("text", { class: "end", x: Math.min(px, edge) + 13 * u, y: heights[side], "dominant-baseline": "central", "font-size": 18 * u, "font-weight": 700, fill: colour, stroke: LOOK.paper, "stroke-width": 4 * u, "paint-order": "stroke" }, t.value(value, chart)),
    ];
  });
}

function decimalsOf(ticks, chart) {
  const step = (ticks[1] - ticks[0]) * (chart.format === "percent" ? 100 : 1);
  return step >= 1 && Math.abs(step - Math.round(step)) < 1e-9 ? 0 : step >= 0.1 ? 1 : 2;
}

// A chart in a sentence, for those who do not see it.
export function chartTold(about, lived, number, t) {
  const chart = about.charts[number];
  const now = [0, 1].map((side) => {
    const line = lived.line(side, number);
    return line.length ? t.value(line[line.length - 1][1], chart) : "–";
  });
  return t("stage.chart.told", { title: chart.title, left: about.sides[0].name, right: about.sides[1].name, a: now[0], b: now[1] });
}

// A single line without axes, for cards: the first and the last value at its ends.
export function sparkline({ width, height, u, values, colour, written }) {
  const known = values.map((value, n) => [n, value]).filter(([, value]) => Number.isFinite(value));
  const shown = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": written.join(" → "), "font-family": FONT });
  if (known.length < 2) return shown;
  const low = Math.min(0, ...known.map(([, value]) => value));
  const high = Math.max(...known.map(([, value]) => value), low + 1e-9);
  const x = (n) => 4 * u + ((width - 84 * u) * n) / (values.length - 1);
  const y = (value) => height - 8 * u - ((height - 20 * u) * (value - low)) / (high - low);
  const d = `M${known.map(([n, value]) => `${x(n).toFixed(1)} ${y(value).toFixed(1)}`).join("L")}`;
  const [n, value] = known[known.length - 1];
  shown.append(
    svg("line", { x1: x(0), x2: x(values.length - 1), y1: y(low), y2: y(low), stroke: LOOK.grid, "stroke-width": u }),
    svg("path", { d, fill: "none", stroke: colour, "stroke-width": 2.6 * u, "stroke-linejoin": "round" }),
    svg("circle", { cx: x(n), cy: y(value), r: 4 * u, fill: colour }),
    svg("text", { x: x(n) + 9 * u, y: y(value), "dominant-baseline": "central", "font-size": 16 * u, "font-weight": 700, fill: colour }, written[written.length - 1]));
  return shown;
}
