// Panels over the page: a sheet from below, a drawer from the right, a plate in the middle. One at a time; Escape
// closes it and gives the focus back. Change this file to let panels behave otherwise.

import { button, h } from "./dom.js";
import { icon } from "./icons.js";

export function sheets(stage) {
  let open = null;

  function show({ title, content, test, className = "", place = "below", modal = false, closed }) {
    const before = open ? open.before : stage.active();
    if (open) open.leave();
    const body = h("div", { class: "body", tabindex: "-1" }, content);
    const shut = button(stage.t("stage.close"), { class: "shut", test: "close", onclick: () => sheet.close() }, icon("close"));
    const element = h("section", { class: `sheet ${place} ${className}`, role: "dialog", "aria-modal": String(modal), "aria-label": title, test }, h("header", {}, h("h2", {}, title), shut), body);
    const veil = modal ? h("div", { class: "veil", onclick: () => sheet.close() }) : null;
    const sheet = {
      element, body, before, modal,
      leave() {
        element.remove();
        if (veil) veil.remove();
        stage.board.removeAttribute("inert");
        open = null;
        if (closed) closed();
      },
      close() {
        sheet.leave();
        if (before && before.isConnected) before.focus({ preventScroll: true });
      },
    };
    if (modal) stage.board.setAttribute("inert", "");
    stage.root.append(...[veil, element].filter(Boolean));
    open = sheet;
    (element.querySelector("[data-first]") || shut).focus({ preventScroll: true });
    return sheet;
  }

  return {
    show,
    get open() {
      return open;
    },
    close() {
      if (!open) return false;
      open.close();
      return true;
    },
  };
}
