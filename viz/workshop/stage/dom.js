// Building the page out of elements. Text always goes in as text, never as markup.
// Change this file to build elements otherwise.

const SVG_SPACE = "http://www.w3.org/2000/svg";

// An element with attributes, listeners (names that begin with "on") and children; what is null or false is left out.
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

// The same for pictures.
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG_SPACE, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "test") element.setAttribute("data-testid", value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...present(children));
  return element;
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

// Put other children into an element; what is null or false is left out.
export function refill(element, ...children) {
  element.replaceChildren(...present(children));
}

// A native button. Its words are its name unless a longer one is given.
export function button(words, attributes = {}, ...children) {
  const content = children.length ? children : [words];
  return h("button", { type: "button", "aria-label": children.length ? words : null, ...attributes }, ...content);
}

// Write text into an element only when it changed, so that screen readers are not told twice.
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

// Slow at both ends: 0..1 to 0..1.
export function eased(x) {
  const inside = clamp(x, 0, 1);
  return inside * inside * (3 - 2 * inside);
}
