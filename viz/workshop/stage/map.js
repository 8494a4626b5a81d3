// One town as a picture: neighbourhoods of residents, services, partners, and ties as thick as their trust.
// Change this file to draw the town otherwise. It paints on any canvas: the page's, or that of a saved picture.

import { clamp } from "./dom.js";
import { SIGNS } from "./icons.js";
import { feelingOf, font, LOOK } from "./look.js";
import { NO_ONE } from "./frame.js";

export const BOX = { width: 600, height: 340 };
export const TURN = 2 * Math.PI;
const FULL = 128;
const SERVICE = 16.5;
const PARTNER = 8.5;

// Where everything stands on a canvas of this size. `s` is how large a unit of the map is.
export function placed(about, width, height, u = 1) {
  const s = Math.min(width / BOX.width, height / BOX.height);
  const x0 = (width - s * BOX.width) / 2;
  const y0 = (height - s * BOX.height) / 2;
  const along = (values) => Float32Array.from(values, (x) => x0 + s * x);
  const down = (values) => Float32Array.from(values, (y) => y0 + s * y);
  const crowd = Math.max(1, ...about.places.map((place) => Math.sqrt(place.people || 1) / place.r));
  const area = about.places.map((place) => place.r / Math.sqrt(place.people || 1));
  return {
    width, height, s,
    x: along(about.people.x), y: down(about.people.y),
    ox: along(about.organisations.map((each) => each.x)), oy: down(about.organisations.map((each) => each.y)),
    places: about.places.map((place) => ({ name: place.name, x: x0 + s * place.x, y: y0 + s * place.y, r: s * place.r })),
    dot: crowd > 0 ? Math.max(1.15, s * Math.min(4.4, 0.7 * Math.min(...area))) : 2,
    letters: Math.max(14 * s, width < 500 ? 11.5 : 14 * u),  // on a small map letters shrink less than the rest
  };
}

// What a point of the map belongs to: {kind: "resident" | "agreement" | "peer", id} or null.
export function under(place, about, town, x, y) {
  let best = null;
  let nearest = (place.dot + 5) ** 2;
  for (let i = 0; i < place.x.length; i++) {
    const distance = (place.x[i] - x) ** 2 + (place.y[i] - y) ** 2;
    if (distance < nearest) [nearest, best] = [distance, { kind: "resident", id: i }];
  }
  if (best || !town) return best;
  nearest = Math.max(7, 6 * place.s);
  for (const tie of tiesOf(about, town)) {
    if (!tie.trust) continue;
    const distance = awayFrom(place, tie, x, y);
    if (distance < nearest) [nearest, best] = [distance, { kind: tie.kind, id: tie.id }];
  }
  return best;
}

// The ties in force and not: both ends as rows of organisations, trust from 0 to 1.
export function tiesOf(about, town) {
  const agreements = about.agreements.map(([service], id) => ({
    kind: "agreement", id, a: service, b: town.seller[id],
    trust: town.seller[id] === NO_ONE ? 0 : town.trust[id] / 255,
  }));
  const peers = about.peers.map(([a, b], id) => ({ kind: "peer", id, a, b, trust: town.trust[about.agreements.length + id] / 255 }));
  return [...peers, ...agreements];
}

function bend(place, tie) {
  const mx = (place.ox[tie.a] + place.ox[tie.b]) / 2;
  const my = (place.oy[tie.a] + place.oy[tie.b]) / 2;
  const bow = tie.kind === "peer" ? 0.16 : 0.05;
  return [mx + (mx - place.width / 2) * bow, my + (my - place.height / 2) * bow];
}

function awayFrom(place, tie, x, y) {
  const [bx, by] = bend(place, tie);
  let least = Infinity;
  for (let n = 1; n < 16; n++) {
    const p = n / 16;
    const q = 1 - p;
    const px = q * q * place.ox[tie.a] + 2 * p * q * bx + p * p * place.ox[tie.b];
    const py = q * q * place.oy[tie.a] + 2 * p * q * by + p * p * place.oy[tie.b];
    least = Math.min(least, Math.hypot(px - x, py - y));
  }
  return least;
}

// The still layer: everything that changes once a month.
export function paintTown(context, place, about, town, look, chosen = {}) {
  context.clearRect(0, 0, place.width, place.height);
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const each of place.places) {
    context.fillStyle = LOOK.place;
    circle(context, each.x, each.y, each.r + 2.5 * place.s);
    context.fill();
  }
  if (town) {
    paintTies(context, place, about, town, look, chosen.tie);
    paintResidents(context, place, town);
    paintCrises(context, place, town);
  }
  paintNames(context, place);
  about.organisations.forEach((each, id) => {
    const load = town ? town.load[id] : 0;
    const state = town ? town.state[id] : 0;
    if (each.kind === "service") paintService(context, place, each, id, load, look);
    else paintPartner(context, place, each, id, load, state, look);
  });
  paintServiceNames(context, place, about);
  if (chosen.resident >= 0) paintChosen(context, place.x[chosen.resident], place.y[chosen.resident], place.dot + 5 * place.s, place.s);
}

function circle(context, x, y, r) {
  context.beginPath();
  context.arc(x, y, r, 0, TURN);
}

function paintTies(context, place, about, town, look, chosen) {
  const { s } = place;
  for (const tie of tiesOf(about, town)) {
    if (!tie.trust) continue;
    const peer = tie.kind === "peer";
    const picked = chosen && chosen.kind === tie.kind && chosen.id === tie.id;
    context.beginPath();
    context.moveTo(place.ox[tie.a], place.oy[tie.a]);
    context.quadraticCurveTo(...bend(place, tie), place.ox[tie.b], place.oy[tie.b]);
    const width = 0.8 + 11 * Math.max(0, tie.trust - 0.12) ** 1.5;
    context.strokeStyle = picked ? LOOK.ink : look.ink;
    context.globalAlpha = picked ? 1 : peer ? 0.1 + 0.3 * tie.trust : 0.2 + 0.62 * tie.trust;
    context.lineWidth = s * (peer ? 0.6 + 0.22 * width : width);
    context.setLineDash(tie.trust < 0.25 ? [3 * s, 5 * s] : []);
    context.stroke();
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function paintResidents(context, place, town) {
  for (const feeling of [0, 1, 2]) {
    const r = place.dot * LOOK.strainSize[feeling];
    context.fillStyle = LOOK.strain[feeling];
    context.beginPath();
    for (let i = 0; i < place.x.length; i++) {
      if (feelingOf(town.strain[i]) !== feeling) continue;
      context.moveTo(place.x[i] + r, place.y[i]);
      context.arc(place.x[i], place.y[i], r, 0, TURN);
    }
    context.fill();
  }
}

// A cross over everybody who fell into crisis this month.
function paintCrises(context, place, town) {
  const reach = Math.max(place.dot * 1.25, 4.6 * place.s);
  for (let n = 0; n < town.moves.length; n += 4) {
    if (town.moves[n + 3] === 4) paintCross(context, place.x[town.moves[n]], place.y[town.moves[n]], reach, place.s);
  }
}

export function paintCross(context, x, y, reach, s) {
  for (const [width, colour] of [[5.4, "#FFFFFF"], [2.8, LOOK.crisis]]) {
    context.lineWidth = width * s;
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(x - reach, y - reach);
    context.lineTo(x + reach, y + reach);
    context.moveTo(x + reach, y - reach);
    context.lineTo(x - reach, y + reach);
    context.stroke();
  }
}

function paintNames(context, place) {
  const size = place.letters;
  context.font = font(size, 600);
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const each of place.places) {
    const y = each.y + each.r + 4 * place.s + 0.5 * size;
    const half = context.measureText(each.name).width / 2 + 3;
    outlined(context, each.name, clamp(each.x, half, place.width - half), clamp(y, 0.62 * size, place.height - 0.62 * size), LOOK.muted, 4 * place.s);
  }
}

function outlined(context, text, x, y, colour, width) {
  context.lineWidth = width;
  context.strokeStyle = "#FFFFFF";
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

function paintService(context, place, each, id, load, look) {
  const half = SERVICE * place.s;
  const [x, y] = [place.ox[id], place.oy[id]];
  const full = load >= FULL;
  if (load > FULL + 6) {  // more is asked than there are places: a second frame, further out the more it is
    context.beginPath();
    const out = half + (2.5 + 5 * Math.min(1, (load - FULL) / 127)) * place.s;
    context.roundRect(x - out, y - out, 2 * out, 2 * out, 10 * place.s);
    context.lineWidth = 1.5 * place.s;
    context.strokeStyle = look.ink;
    context.fillStyle = look.tint;
    context.fill();
    context.stroke();
  }
  context.beginPath();
  context.roundRect(x - half, y - half, 2 * half, 2 * half, 7 * place.s);
  fillAsLoaded(context, x, y, half, load, look);
  context.lineWidth = 2.3 * place.s;
  context.strokeStyle = look.ink;
  context.stroke();
  const g = (half * 1.22) / 12;
  context.save();
  context.translate(x - 12 * g, y - 12 * g);
  context.scale(g, g);
  context.fillStyle = full ? "#FFFFFF" : look.ink;
  context.fill(new Path2D(SIGNS[`need${each.need}`]));
  context.restore();
}

function fillAsLoaded(context, x, y, half, load, look) {
  const full = load >= FULL;
  context.fillStyle = "#FFFFFF";
  context.fill();
  context.save();
  context.clip();
  context.fillStyle = full ? look.ink : look.tint;
  const height = 2 * half * Math.min(1, load / FULL);
  context.fillRect(x - half - 1, y + half - height, 2 * half + 2, height + 1);
  context.restore();
}

function paintServiceNames(context, place, about) {
  const size = place.letters;
  context.font = font(size, 700);
  context.textAlign = "center";
  context.textBaseline = "middle";
  about.organisations.forEach((each, id) => {
    if (each.kind !== "service") return;
    inLines(each.short).forEach((line, n) =>
      outlined(context, line, place.ox[id], place.oy[id] + (SERVICE + 4) * place.s + (0.5 + 0.98 * n) * size, LOOK.ink, 4.5 * place.s));
  });
}

// A name in at most two lines, about equally long: services stand close together. A long word may say where it parts.
function inLines(name) {
  if (name.includes("\u00ad")) return name.replace("\u00ad", "-\u00ad").split("\u00ad");
  const words = name.split(" ");
  if (words.length < 2) return [name];
  const cuts = words.slice(1).map((_, n) => [words.slice(0, n + 1).join(" "), words.slice(n + 1).join(" ")]);
  return cuts.reduce((best, each) => (Math.max(each[0].length, each[1].length) < Math.max(best[0].length, best[1].length) ? each : best));
}

// The outline of a partner: a triangle is private, a hexagon a charity, a square belongs to the public.
export function outline(sector, x, y, r) {
  const corners = { private: [3, -90, 1.25], third: [6, -90, 1.08], charity: [6, -90, 1.08], council: [4, -45, 1.28], health: [4, -45, 1.28], other_public: [4, -45, 1.28] }[sector] || [4, -45, 1.28];
  const [count, from, size] = corners;
  const drop = count === 3 ? 0.16 * r : 0;
  return Array.from({ length: count }, (_, n) => {
    const angle = ((from + (360 * n) / count) * Math.PI) / 180;
    return [x + r * size * Math.cos(angle), y + drop + r * size * Math.sin(angle)];
  });
}

function paintPartner(context, place, each, id, load, state, look) {
  const r = PARTNER * place.s;
  const [x, y] = [place.ox[id], place.oy[id]];
  const closed = state === 4;
  context.beginPath();
  outline(each.sector, x, y, r).forEach(([px, py], n) => (n ? context.lineTo(px, py) : context.moveTo(px, py)));
  context.closePath();
  if (closed) {
    context.fillStyle = "#FFFFFF";
    context.fill();
  } else fillAsLoaded(context, x, y, 1.1 * r, load, look);
  context.lineWidth = 1.8 * place.s;
  context.strokeStyle = closed ? LOOK.gap : look.ink;
  context.setLineDash(closed ? [2.4 * place.s, 2.6 * place.s] : []);
  context.stroke();
  context.setLineDash([]);
  if (closed) paintCross(context, x, y, 0.55 * r, 0.8 * place.s);
  else if (state > 0) paintState(context, x + 0.95 * r, y - 0.95 * r, state, place.s);
}

// A small badge beside a partner in trouble: one, two or three strokes, the more the worse.
function paintState(context, x, y, state, s) {
  circle(context, x, y, 6.9 * s);
  context.fillStyle = "#FFFFFF";
  context.fill();
  circle(context, x, y, 5.8 * s);
  context.fillStyle = LOOK.ink;
  context.fill();
  context.strokeStyle = "#FFFFFF";
  context.lineWidth = 1.5 * s;
  for (let n = 0; n < state; n++) {
    const at = x + (n - (state - 1) / 2) * 2.8 * s;
    context.beginPath();
    context.moveTo(at, y - 2.7 * s);
    context.lineTo(at, y + 2.7 * s);
    context.stroke();
  }
}

function paintChosen(context, x, y, r, s) {
  context.strokeStyle = LOOK.ink;
  circle(context, x, y, r);
  context.lineWidth = 3 * s;
  context.stroke();
  circle(context, x, y, r + 4.5 * s);
  context.lineWidth = 1.4 * s;
  context.globalAlpha = 0.5;
  context.stroke();
  context.globalAlpha = 1;
}
