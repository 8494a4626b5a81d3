// A town on the page: its name, four numbers, its map, and a way to every organisation by keyboard.
// Change this file to show something else about a town.

import { button, h, write } from "./dom.js";
import { NO_ONE } from "./frame.js";
import { mark } from "./icons.js";
import { LOOK } from "./look.js";
import { paintTown, placed, under } from "./map.js";
import { paintJourneys, paintWave } from "./motion.js";

const NUMBERS = ["struggling", "crises", "waiting", "helped"];
const ORDER = { waiting: 0, helped: 1, crises: 2, struggling: 3 };

export function townView(stage, side) {
  const { t, about } = stage;
  const town = about.sides[side];
  const look = LOOK.towns[side];
  const still = h("canvas");
  const moving = h("canvas", { class: "moving" });
  const doors = h("div", { class: "doors", role: "group", "aria-label": t("stage.town.organisations", { town: town.name }) });
  const coming = h("p", { class: "ahead", test: side === 0 ? "coming-left" : "coming-right", role: "status" });
  const map = h("div", { class: "map", "data-testid": `map-${side}` }, still, moving, doors, coming);
  const numbers = NUMBERS.map((name) => ({ name, value: h("b", {}, "–") }));
  const changed = (town.changed || []).map(([what, ...values]) => `${what}: ${values.join(" → ")}`).join(" · ");
  const element = h(
    "section",
    { class: `town side${side}`, test: side === 0 ? "town-left" : "town-right", "aria-label": town.name },
    h(
      "header",
      {},
      h("div", { class: "who" }, h("h2", {}, mark(town.mark), h("span", {}, town.name)), h("p", { title: changed || town.line }, town.line)),
      h("dl", { class: "numbers" }, numbers.map((each) =>
        h("div", { class: `number ${each.name}`, "data-number": each.name, title: t(`stage.number.${each.name}_long`) }, h("dt", {}, t(`stage.number.${each.name}`)), h("dd", {}, each.value)))),
    ),
    map,
  );
  const view = { side, element, map, place: null, frame: null, still, moving, scale: 1 };
  let current = 0;

  view.resize = () => {
    const [width, height] = [map.clientWidth, map.clientHeight];
    if (!width || !height) return;
    view.scale = Math.min(2, window.devicePixelRatio || 1);
    for (const canvas of [still, moving]) {
      canvas.width = Math.round(width * view.scale);
      canvas.height = Math.round(height * view.scale);
    }
    view.place = placed(about, width, height, stage.unit());
    placeDoors();
    view.draw();
  };

  view.set = (frame) => {
    view.frame = frame;
    write(coming, ((frame.coming || [])[side] || []).join(" · "));
    for (const { name, value } of numbers) write(value, t.number(frame.numbers[side][ORDER[name]]));
  };

  view.draw = () => {
    if (!view.place) return;
    const context = still.getContext("2d");
    context.setTransform(view.scale, 0, 0, view.scale, 0, 0);
    paintTown(context, view.place, about, view.frame && view.frame.towns[side], look, stage.chosen);
  };

  view.move = (p, wave, stride) => {
    if (!view.place || !view.frame) return;
    const context = moving.getContext("2d");
    context.setTransform(view.scale, 0, 0, view.scale, 0, 0);
    context.clearRect(0, 0, view.place.width, view.place.height);
    if (p < 1) paintJourneys(context, view.place, view.frame.towns[side], look, stride, p);
    paintWave(context, view.place, side, wave);
  };

  view.rest = () => {
    const context = moving.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, moving.width, moving.height);
  };

  // How an organisation is told to those who do not see the map.
  view.told = (id) => {
    const each = about.organisations[id];
    if (!view.frame) return each.name;
    const now = view.frame.towns[side];
    const load = t("stage.town.load", { percent: t.number((100 * now.load[id]) / 128) });
    return each.kind === "service" ? `${each.name}, ${load}` : `${each.name}, ${t(`stage.state.${now.state[id]}`)}, ${load}`;
  };

  // A real button over every organisation: one stop of the tab key a map, arrows from one to the next.
  const doorButtons = about.organisations.map((each, id) =>
    button(each.name, {
      class: `door ${each.kind}`, tabindex: id ? -1 : 0, "data-door": id, "aria-label": each.name, "data-about": each.name,
      onclick: () => stage.openCard({ kind: "organisation", id }),
      onfocus: (event) => {
        current = id;
        event.currentTarget.setAttribute("aria-label", view.told(id));
        doorButtons.forEach((door, n) => (door.tabIndex = n === id ? 0 : -1));
      },
      onmouseenter: (event) => (event.currentTarget.title = stage.replay ? "" : view.told(id)),
    }, h("span")));
  doors.append(...doorButtons);
  doors.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    doorButtons[(current + step + doorButtons.length) % doorButtons.length].focus();
  });

  function placeDoors() {
    doorButtons.forEach((door, id) => {
      const reach = (about.organisations[id].kind === "service" ? 19 : 11) * view.place.s;
      const size = Math.max(2 * reach, 18);
      door.style.cssText = `left:${view.place.ox[id] - size / 2}px;top:${view.place.oy[id] - size / 2}px;width:${size}px;height:${size}px`;
    });
  }

  function pointed(event) {
    const box = map.getBoundingClientRect();
    return view.place && under(view.place, about, view.frame && view.frame.towns[side], event.clientX - box.left, event.clientY - box.top);
  }

  map.addEventListener("click", (event) => {
    if (event.target.closest(".door")) return;
    const found = pointed(event);
    if (!found) return;
    if (found.kind === "resident") stage.follow(found.id);
    else stage.openCard(found);
  });
  map.addEventListener("pointermove", (event) => {
    if (event.target.closest(".door")) return;
    const found = pointed(event);
    map.style.cursor = found ? "pointer" : "default";
    map.title = found && found.kind !== "resident" ? tieTold(found) : "";
  });

  function tieTold(found) {
    const now = view.frame.towns[side];
    const row = found.kind === "peer" ? about.agreements.length + found.id : found.id;
    const [a, b] = found.kind === "peer" ? about.peers[found.id] : [about.agreements[found.id][0], now.seller[found.id]];
    const other = b === NO_ONE ? "–" : about.organisations[b].name;
    return t("stage.town.tie", { one: about.organisations[a].name, other, trust: t.number((100 * now.trust[row]) / 255) });
  }

  return view;
}
