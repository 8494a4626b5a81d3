// The moving layer: people on their way to help, and the wave of a shock. It is cleared and painted at most 60 times
// a second, and only while something moves. Change this file to let things move otherwise.

import { eased } from "./dom.js";
import { NO_ONE } from "./frame.js";
import { LOOK } from "./look.js";
import { paintCross, TURN } from "./map.js";

const SHOWN = 44;
export const WAVE = 1400;

// Every so many journeys are shown, and as many in both towns, so that a fuller picture means more people.
export function strideOf(frame) {
  return Math.max(1, Math.ceil(Math.max(...frame.moves) / SHOWN));
}

// People on their way, `p` of the month being past.
export function paintJourneys(context, place, town, look, stride, p) {
  const { moves } = town;
  const count = moves.length / 4;
  for (let n = 0; n < count; n++) {
    const kind = moves[4 * n + 3];
    if (kind !== 4 && n % stride) continue;
    const start = ((n * 0.618034) % 1) * 0.36;
    const q = (p - start) / 0.62;
    if (q < 0 || q > 1.06) continue;
    const i = moves[4 * n];
    if (kind === 4) paintFall(context, place, place.x[i], place.y[i], q);
    else paintJourney(context, place, look, i, moves[4 * n + 1], moves[4 * n + 2], kind, q);
  }
}

function paintJourney(context, place, look, resident, service, organisation, kind, q) {
  const { s } = place;
  const home = [place.x[resident], place.y[resident]];
  const door = service === NO_ONE || service >= place.ox.length ? home : [place.ox[service], place.oy[service]];
  const further = organisation !== NO_ONE && organisation !== service && organisation < place.ox.length && kind < 3;
  const helped = kind === 0 || kind === 2;
  const first = eased(further ? q * 2 : q * 1.35) * (kind === 5 ? 0.55 : 1);
  let x = home[0] + (door[0] - home[0]) * first;
  let y = home[1] + (door[1] - home[1]) * first;
  const gone = kind === 5 ? Math.max(0, 1 - Math.max(0, q - 0.55) / 0.45) : 1;

  context.strokeStyle = kind < 3 ? look.ink : LOOK.ink;
  context.globalAlpha = 0.32 * gone;
  context.lineWidth = 1.3 * s;
  context.setLineDash(kind < 3 ? [] : [2 * s, 4 * s]);
  context.beginPath();
  context.moveTo(...home);
  context.lineTo(x, y);
  if (further && q > 0.5) {
    const second = eased(q * 2 - 1);
    x = door[0] + (place.ox[organisation] - door[0]) * second;
    y = door[1] + (place.oy[organisation] - door[1]) * second;
    context.lineTo(x, y);
  }
  context.stroke();
  context.setLineDash([]);

  context.globalAlpha = gone;
  context.beginPath();
  context.arc(x, y, 4.3 * s, 0, TURN);
  context.fillStyle = helped ? look.ink : "#FFFFFF";
  context.fill();
  context.lineWidth = 1.9 * s;
  context.strokeStyle = helped ? "#FFFFFF" : kind === 1 ? look.ink : LOOK.ink;
  context.stroke();
  if (kind === 2) {  // passed on: a second ring around the traveller
    context.strokeStyle = look.ink;
    context.lineWidth = 1.5 * s;
    context.beginPath();
    context.arc(x, y, 7 * s, 0, TURN);
    context.stroke();
  }
  if (helped && q > 0.76) {  // the help arrives at home
    const g = (q - 0.76) / 0.3;
    context.globalAlpha = Math.max(0, 1 - g);
    context.strokeStyle = look.ink;
    context.lineWidth = 2.2 * s;
    context.beginPath();
    context.arc(...home, (place.dot / s + 2 + 13 * g) * s, 0, TURN);
    context.stroke();
  }
  context.globalAlpha = 1;
}

function paintFall(context, place, x, y, q) {
  const { s } = place;
  context.globalAlpha = Math.max(0, 1 - q);
  context.strokeStyle = LOOK.crisis;
  context.lineWidth = 2.4 * s;
  context.beginPath();
  context.arc(x, y, (6 + 16 * q) * s, 0, TURN);
  context.stroke();
  context.globalAlpha = 1;
  paintCross(context, x, y, Math.max(place.dot * 1.25, 4.6 * s), s);
}

// The shock leaves the middle of the screen and crosses both towns at once.
export function paintWave(context, place, side, wave) {
  if (wave < 0 || wave >= 1) return;
  const { s, width, height } = place;
  const x = side === 0 ? width + 60 * s : -60 * s;
  const reach = (width + 160 * s) * eased(wave);
  const band = 120 * s;
  const fill = context.createRadialGradient(x, height / 2, Math.max(0, reach - band), x, height / 2, reach + 1);
  fill.addColorStop(0, "rgba(245,183,0,0)");
  fill.addColorStop(0.8, `rgba(245,183,0,${0.6 * (1 - 0.7 * wave)})`);
  fill.addColorStop(1, "rgba(245,183,0,0)");
  context.fillStyle = fill;
  context.fillRect(0, 0, width, height);
}

// Calls `paint(now)` while it answers true, at most 60 times a second.
export function ticker(paint) {
  let waiting = 0;
  let before = 0;
  function tick(now) {
    waiting = 0;
    let more = true;
    if (now - before >= 15) {
      before = now;
      more = paint(now);
    }
    if (more) waiting = requestAnimationFrame(tick);
  }
  return {
    start: () => (waiting = waiting || requestAnimationFrame(tick)),
    stop: () => {
      cancelAnimationFrame(waiting);
      waiting = 0;
    },
  };
}
