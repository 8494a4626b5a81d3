// The signs of the map as small pictures: for the line of signs under the towns and for the key.
// Change this file together with map.js and motion.js.

import { button, h, svg } from "./dom.js";
import { LOOK } from "./look.js";
import { outline } from "./map.js";

// One sign on a field of 32 by 22.
export function sample(name) {
  const ink = LOOK.ink;
  const shape = (sector, fill = "#FFFFFF", more = {}) => svg("path", { d: `M${outline(sector, 16, 11, 7).map((point) => point.join(" ")).join("L")}Z`, fill, stroke: ink, "stroke-width": 1.8, ...more });
  const traveller = (fill, ring) => [svg("line", { x1: 3, y1: 11, x2: 19, y2: 11, stroke: ink, "stroke-width": 1.4, "stroke-dasharray": ring === "far" ? "2 4" : null }), svg("circle", { cx: 21, cy: 11, r: 4.6, fill, stroke: fill === "#FFFFFF" ? ink : "#FFFFFF", "stroke-width": 1.9 }), ring === "ring" ? svg("circle", { cx: 21, cy: 11, r: 7.2, fill: "none", stroke: ink, "stroke-width": 1.5 }) : null];
  const line = (width, more = {}) => svg("line", { x1: 3, y1: 11, x2: 29, y2: 11, stroke: ink, "stroke-width": width, "stroke-linecap": "round", ...more });
  const square = svg("rect", { x: 8, y: 3, width: 16, height: 16, rx: 4, fill: "#FFFFFF", stroke: ink, "stroke-width": 2 });
  const drawn = {
    coping: () => svg("circle", { cx: 16, cy: 11, r: 5.2, fill: LOOK.strain[0] }),
    strained: () => svg("circle", { cx: 16, cy: 11, r: 6, fill: LOOK.strain[1] }),
    struggling: () => svg("circle", { cx: 16, cy: 11, r: 7.3, fill: LOOK.strain[2] }),
    crisis: () => svg("path", { d: "M11 6l10 10m0-10l-10 10", stroke: LOOK.crisis, "stroke-width": 3, "stroke-linecap": "round" }),
    service: () => [square, svg("path", { d: "M8 10h16v5a4 4 0 0 1-4 4h-8a4 4 0 0 1-4-4z", fill: ink })],
    overfull: () => [svg("rect", { x: 5, y: 0.6, width: 22, height: 20.8, rx: 6, fill: "none", stroke: ink, "stroke-width": 1.4 }), svg("rect", { x: 9, y: 4, width: 14, height: 14, rx: 4, fill: ink })],
    private: () => shape("private"),
    third: () => shape("third"),
    public: () => shape("other_public"),
    trouble: () => [shape("other_public"), svg("circle", { cx: 24, cy: 5, r: 4.6, fill: ink }), svg("path", { d: "M23 3v4m2.2-4v4", stroke: "#FFFFFF", "stroke-width": 1.2 })],
    closed: () => [shape("other_public", "#FFFFFF", { stroke: LOOK.gap, "stroke-dasharray": "2.4 2.6" }), svg("path", { d: "M12 7l8 8m0-8l-8 8", stroke: LOOK.crisis, "stroke-width": 2.2 })],
    tie: () => [svg("line", { x1: 2, y1: 11, x2: 13, y2: 11, stroke: ink, "stroke-width": 1.6 }), svg("line", { x1: 17, y1: 11, x2: 29, y2: 11, stroke: ink, "stroke-width": 7, "stroke-linecap": "round" })],
    loose: () => line(1.8, { "stroke-dasharray": "3 5" }),
    peer: () => line(1.2, { opacity: 0.45 }),
    helped: () => traveller(ink, ""),
    failed: () => traveller("#FFFFFF", ""),
    moved: () => traveller(ink, "ring"),
    waits: () => traveller("#FFFFFF", "far"),
    left: () => svg("g", { opacity: 0.45 }, traveller("#FFFFFF", "far")),
  }[name]();
  return svg("svg", { viewBox: "0 0 32 22", class: "sample", "aria-hidden": "true" }, drawn);
}

export function legendLine(stage) {
  const { t } = stage;
  const shown = ["coping", "strained", "struggling", "crisis", "service", "tie"];
  return h("div", { class: "legend" }, shown.map((name) => h("span", { class: `of-${name}` }, sample(name), t(`stage.legend.${name}`))), button(t("stage.legend.all_long"), { class: "link", test: "all-signs", onclick: () => stage.key() }, t("stage.legend.all")));
}
