// Every sign on the page, drawn on a field of 24 by 24.
// Change this file to draw a sign otherwise.

import { svg } from "./dom.js";

export const SIGNS = {
  // the six needs, in the order of the services
  need0: "M9.6 3h4.8v6.6H21v4.8h-6.6V21H9.6v-6.6H3V9.6h6.6z",
  need1: "M12 20.6L10.6 19.3C5.4 14.6 2.5 11.9 2.5 8.4 2.5 5.6 4.6 3.5 7.3 3.5c1.8 0 3.5.9 4.7 2.4 1.2-1.5 2.9-2.4 4.7-2.4 2.7 0 4.8 2.1 4.8 4.9 0 3.5-2.9 6.2-8.1 10.9z",
  need2: "M12 3L2.5 11.5H6V20h4.5v-5.5h3V20H18v-8.5h3.5z",
  need3: "M8 20v-2.2c1.6-.6 2.2-1.8 2.2-3.4v-.9H8v-2h2.2V9.3C10.2 6 12.2 4 15 4c1.5 0 2.6.4 3.5 1.1l-1.2 2.1c-.6-.4-1.2-.7-2.1-.7-1.5 0-2.4 1-2.4 2.9v2.1h3.7v2h-3.7v.8c0 1.3-.4 2.3-1.2 3.1H18V20z",
  need4: "M9 4h6a2 2 0 0 1 2 2v1.5h4V12H3V7.5h4V6a2 2 0 0 1 2-2zm0 3.5h6V6H9zM3 13.5h7V15h4v-1.5h7V20H3z",
  need5: "M7.5 3.5a2.7 2.7 0 1 1 0 5.4 2.7 2.7 0 0 1 0-5.4zm9 0a2.7 2.7 0 1 1 0 5.4 2.7 2.7 0 0 1 0-5.4zM3 21v-7.5C3 11 5 9.9 7.5 9.9c1.6 0 2.9.5 3.7 1.4.3.3.5.6.8.6s.5-.3.8-.6c.8-.9 2.1-1.4 3.7-1.4 2.5 0 4.5 1.1 4.5 3.6V21h-6.2v-3.2a2.8 2.8 0 0 0-5.6 0V21z",
  energy: "M13.5 2L4.5 14H11l-1 8 9-12.5h-6.5z",
  food: "M2.5 9h4.8L10 3.5l1.8.8L9.6 9h4.8l-2.2-4.7L14 3.5 16.7 9h4.8l-2 11.5h-15zM8 12v5.5h1.8V12zm3.1 0v5.5h1.8V12zm3.1 0v5.5H16V12z",
  wages: "M12 2.5l6.5 6.5h-4v6h-5V9h-4zM4.5 17.5h15v3.5h-15z",
  budget: "M6.5 14a3.5 3.5 0 1 1 2.7-1.3L12 15.5l2.8-2.8A3.5 3.5 0 1 1 17.5 14c-.5 0-1-.1-1.4-.3L13.7 16l6.8 5.5h-3.2L12 17.3 6.7 21.5H3.5L10.3 16l-2.4-2.3c-.4.2-.9.3-1.4.3zm0-2.2a1.3 1.3 0 1 0 0-2.6 1.3 1.3 0 0 0 0 2.6zm11 0a1.3 1.3 0 1 0 0-2.6 1.3 1.3 0 0 0 0 2.6z",
  demand: "M12 3a3.6 3.6 0 1 1 0 7.2A3.6 3.6 0 0 1 12 3zM4.6 6.4a2.7 2.7 0 1 1 0 5.4 2.7 2.7 0 0 1 0-5.4zm14.8 0a2.7 2.7 0 1 1 0 5.4 2.7 2.7 0 0 1 0-5.4zM6 21v-5c0-3 2.4-4.6 6-4.6s6 1.6 6 4.6v5zM.8 19v-3.2c0-1.9 1.4-3 3.6-3l.6.1c-.6 1-.9 2.1-.9 3.3V19zm22.4 0v-3.2c0-1.9-1.4-3-3.6-3l-.6.1c.6 1 .9 2.1.9 3.3V19z",
  play: "M6 3.5l14 8.5-14 8.5z",
  pause: "M6 4h4.4v16H6zm7.6 0H18v16h-4.4z",
  step: "M4 4l10.5 8L4 20zM16.2 4h3.6v16h-3.6z",
  restart: "M12 4.2a7.8 7.8 0 1 1-7.6 9.7l2.6-.6a5.1 5.1 0 1 0 5-6.4c-1.3 0-2.5.5-3.4 1.3L11 10.6H3.6V3.2l3 3.1A7.8 7.8 0 0 1 12 4.2z",
  luck: "M5 2.5h14A2.5 2.5 0 0 1 21.5 5v14a2.5 2.5 0 0 1-2.5 2.5H5A2.5 2.5 0 0 1 2.5 19V5A2.5 2.5 0 0 1 5 2.5zm2.7 3.4a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6zm8.6 0a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6zM12 10.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6zm-4.3 4.3a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6zm8.6 0a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z",
  undo: "M9.6 4.2v3.6h4.6a6.2 6.2 0 0 1 0 12.4H6v-2.8h8.2a3.4 3.4 0 0 0 0-6.8H9.6v3.6L2.8 9.2z",
  compare: "M3 5.2h9.2a3 3 0 0 1 5.6 0H21V8h-3.2a3 3 0 0 1-5.6 0H3zm0 10.8h3.2a3 3 0 0 1 5.6 0H21v2.8h-9.2a3 3 0 0 1-5.6 0H3z",
  menu: "M3 5h18v2.8H3zm0 5.6h18v2.8H3zM3 16.2h18V19H3z",
  close: "M5.4 3.4L12 10l6.6-6.6 2 2L14 12l6.6 6.6-2 2L12 14l-6.6 6.6-2-2L10 12 3.4 5.4z",
  down: "M4 8l8 8 8-8z",
  next: "M8 4l8 8-8 8z",
  back: "M16 4l-8 8 8 8z",
  // what happens to people
  crisis: "M10 2.5h4l-.6 12h-2.8zM12 16.6a2.4 2.4 0 1 1 0 4.8 2.4 2.4 0 0 1 0-4.8z",
  left: "M5.4 3.4L12 10l6.6-6.6 2 2L14 12l6.6 6.6-2 2L12 14l-6.6 6.6-2-2L10 12 3.4 5.4z",
};


export function icon(name, className = "icon") {
  return svg("svg", { viewBox: "0 0 24 24", class: className, "aria-hidden": "true", focusable: "false" }, svg("path", { d: SIGNS[name] || SIGNS.demand }));
}

// The mark of a side: a circle on the left, a diamond on the right, in text and in pictures.
export function mark(shape) {
  return svg("svg", { viewBox: "0 0 20 20", class: "mark", "aria-hidden": "true" }, markAt(shape, 10, 10, 8, {}));
}

export function markAt(shape, x, y, size, attributes) {
  if (shape === "circle") return svg("circle", { cx: x, cy: y, r: size, ...attributes });
  const reach = size * 1.18;
  return svg("path", { d: `M${x} ${y - reach}L${x + reach} ${y}L${x} ${y + reach}L${x - reach} ${y}Z`, ...attributes });
}
