// The gallery of settings: what the world does to the town, each with its story. Choosing one starts again there.
// Change this file to show settings otherwise.

import { button, h } from "./dom.js";

export function openGallery(stage) {
  const { t, about } = stage;
  const sheet = stage.sheet({
    title: t("stage.gallery.title"), test: "gallery", className: "gallery", place: "middle", modal: true,
    content: [
      h("p", { class: "lead" }, t("stage.gallery.lead")),
      h("div", { class: "plates" }, about.settings.map(([name, title, story]) => {
        const here = name === about.setting.name;
        return button(title, { class: "plate", test: `setting-${name}`, "aria-current": here ? "true" : null, "data-first": here || null, onclick: () => {
          sheet.close();
          stage.send("setting", { v: name });
        } }, h("b", {}, title), h("span", {}, story), here ? h("small", {}, t("stage.gallery.here")) : null);
      })),
      about.setting.look_for ? h("p", { class: "note" }, h("b", {}, `${t("stage.gallery.look_for")} `), about.setting.look_for) : null,
    ],
  });
}
