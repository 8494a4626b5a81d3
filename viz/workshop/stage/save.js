// What can be taken home without asking the server: a picture, the charts, the numbers.
// Change this file to draw the picture otherwise. It is drawn from scratch, so it is sharp at any size.

import { lineChart } from "./charts.js";
import { h, svg } from "./dom.js";
import { markAt } from "./icons.js";
import { font, FONT, LOOK, PAYERS } from "./look.js";
import { paintTown, placed } from "./map.js";
import { paidChart } from "./paid.js";

// Offer bytes as a file to keep.
export function offer(blob, name) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// The font goes into the file itself: a picture knows nothing of the page's fonts.
function withFont(picture, stage) {
  const style = svg("style");
  style.textContent = stage.fontFace();
  picture.prepend(style);
  return picture;
}

function text(words, x, y, size, weight = 400, colour = LOOK.ink) {
  return svg("text", { x, y, "font-size": size, "font-weight": weight, fill: colour }, words);
}

export function chartsFile(stage) {
  const { about, lived, frame, t } = stage;
  const [width, height] = [1600, 1240];
  const picture = svg("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, "font-family": FONT }, svg("rect", { width, height, fill: LOOK.paper }), text(`${about.setting.title}, ${frame.when}`, 30, 52, 32, 800));
  [0, 1].forEach((side) => picture.append(markAt(about.sides[side].mark, 42 + 700 * side, 88, 9, { fill: LOOK.towns[side].ink }), text(about.sides[side].name, 62 + 700 * side, 95, 22, 700, LOOK.towns[side].ink)));
  about.charts.slice(0, 4).forEach((chart, number) => {
    const group = svg("g", { transform: `translate(${30 + (number % 2) * 785},${130 + (number >> 1) * 380})` }, text(chart.title, 4, 20, 23, 700), text(hintOf(chart, t), 4, 44, 17, 400, LOOK.muted));
    const inside = lineChart({ width: 750, height: 310, u: 1.25, about, lived, number, shocks: frame.shocks, t });
    inside.setAttribute("y", 50);
    group.append(inside);
    picture.append(group);
  });
  const paid = svg("g", { transform: "translate(30,900)" }, text(t("stage.paid.title"), 4, 20, 23, 700), text(t("stage.paid.hint"), 4, 44, 17, 400, LOOK.muted));
  const bars = paidChart({ width: 1535, height: 190, u: 1.7, about, lived, paid: frame.paid, t, id: "file" });
  bars.setAttribute("y", 56);
  paid.append(bars, ...legend(stage, 266));
  picture.append(paid);
  return new Blob([new XMLSerializer().serializeToString(withFont(picture, stage))], { type: "image/svg+xml" });
}

function legend(stage, y) {
  const { frame, t } = stage;
  return PAYERS.flatMap((name, n) => [
    svg("rect", { x: 4 + 385 * n, y, width: 22, height: 22, rx: 4, fill: `url(#file-${name})` }),
    text(`${t(`stage.paid.${name}`)}: ${t.pounds(frame.paid[0][name])} / ${t.pounds(frame.paid[1][name])}`, 34 + 385 * n, y + 18, 19, 600),
  ]);
}

export function hintOf(chart, t) {
  return chart.hint || (chart.better ? t(`stage.chart.${chart.better}`) : "");
}

async function drawn(context, picture, stage, x, y, width, height) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(withFont(picture, stage)))}`;
  await image.decode();
  context.drawImage(image, x, y, width, height);
}

// A picture of 1920 by 1080: headline, both towns with their numbers, the charts and who paid.
export async function pictureOf(stage) {
  const { about, lived, frame, t } = stage;
  const canvas = h("canvas", { width: 1920, height: 1080 });
  const context = canvas.getContext("2d");
  const write = (words, x, y, size, weight = 400, colour = LOOK.ink, most = undefined) => {
    context.font = font(size, weight);
    context.fillStyle = colour;
    context.textBaseline = "alphabetic";
    context.fillText(words, x, y, most);
  };
  const plate = (x, y, width, height, radius = 16) => {
    context.fillStyle = LOOK.card;
    context.beginPath();
    context.roundRect(x, y, width, height, radius);
    context.fill();
  };
  context.fillStyle = LOOK.paper;
  context.fillRect(0, 0, 1920, 1080);
  context.textAlign = "left";
  write(about.setting.title, 40, 62, 36, 800, LOOK.ink, 1400);
  context.textAlign = "right";
  write(frame.when, 1880, 62, 36, 800);
  context.textAlign = "left";
  plate(40, 82, 1840, 58, 8);
  write(frame.headline.text, 62, 120, 27, 600, LOOK.ink, 1796);

  for (const side of [0, 1]) {
    const x = 40 + 930 * side;
    const look = LOOK.towns[side];
    plate(x, 156, 910, 576);
    context.fillStyle = look.ink;
    context.fillRect(x, 156, 910, 6);
    drawMark(context, about.sides[side].mark, x + 32, 194, 10, look.ink);
    write(about.sides[side].name, x + 54, 205, 30, 800, look.ink, 380);
    write(about.sides[side].line, x + 24, 234, 18, 400, LOOK.muted, 400);
    context.textAlign = "right";
    [["helped", 1], ["waiting", 0], ["crises", 2], ["struggling", 3]].forEach(([name, row], n) => {
      write(t.number(frame.numbers[side][row]), x + 886 - 112 * n, 206, 32, 700, row === 3 ? LOOK.crisis : LOOK.ink);
      write(t(`stage.number.${name}`), x + 886 - 112 * n, 232, 17, 400, LOOK.muted, 104);
    });
    context.textAlign = "left";
    const inside = h("canvas", { width: 890, height: 484 });
    paintTown(inside.getContext("2d"), placed(about, 890, 484), about, frame.towns[side], look, {});
    context.drawImage(inside, x + 10, 244);
  }

  for (const [number, chart] of about.charts.slice(0, 4).entries()) {
    const x = 40 + 350 * number;
    write(chart.title, x, 772, 22, 700, LOOK.ink, 330);
    write(hintOf(chart, t), x, 795, 16, 400, LOOK.muted, 330);
    await drawn(context, lineChart({ width: 340, height: 262, u: 1.12, about, lived, number, shocks: frame.shocks, t }), stage, x, 802, 340, 262);
  }
  write(t("stage.paid.title"), 1450, 772, 22, 700);
  write(t("stage.paid.hint"), 1450, 795, 16, 400, LOOK.muted, 430);
  await drawn(context, paidChart({ width: 430, height: 118, u: 1.15, about, lived, paid: frame.paid, t, id: "picture" }), stage, 1450, 806, 430, 118);
  for (const [n, name] of PAYERS.entries()) {
    const y = 956 + 29 * n;
    context.fillStyle = LOOK.payers[name];
    context.fillRect(1452, y - 15, 18, 18);
    write(t(`stage.paid.${name}`), 1480, y, 18, 600, LOOK.ink, 190);
    context.textAlign = "right";
    [0, 1].forEach((side) => write(t.pounds(frame.paid[side][name] || 0), 1770 + 105 * side, y, 18, 700, LOOK.towns[side].ink));
    context.textAlign = "left";
  }
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function drawMark(context, shape, x, y, r, colour) {
  context.fillStyle = colour;
  context.beginPath();
  if (shape === "circle") context.arc(x, y, r, 0, 7);
  else [[0, -1.18], [1.18, 0], [0, 1.18], [-1.18, 0]].forEach(([a, b], n) => (n ? context.lineTo(x + a * r, y + b * r) : context.moveTo(x + a * r, y + b * r)));
  context.fill();
}

// The charts' numbers, one row for each month and town.
export function tableFile(stage) {
  const { about, lived } = stage;
  const quoted = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  const rows = [["month", "town", ...about.charts.map((chart) => chart.key), ...PAYERS].map(quoted).join(",")];
  for (let month = about.first; month <= lived.last; month++) {
    for (const side of [0, 1]) {
      const values = lived.values[side][month];
      if (!values) continue;
      const paid = lived.paid[side][month] || {};
      rows.push([month, quoted(about.sides[side].name), ...values, ...PAYERS.map((name) => paid[name] ?? "")].join(","));
    }
  }
  return new Blob([`${rows.join("\n")}\n`], { type: "text/csv" });
}
