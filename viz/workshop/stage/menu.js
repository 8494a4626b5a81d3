// The menu: take something home, join, read on, and the keys.
// Change this file to offer something else.

import { button, h, refill } from "./dom.js";
import { offer, pictureOf, chartsFile, tableFile } from "./save.js";

export function openMenu(stage) {
  const { t, send, replay } = stage;
  const state = stage.state();
  const query = new URL(state.link || location.search || "?", location.href).search;
  const pages = replay ? {} : { debrief: `debrief${query}`, explore: `explore${query}`, ...state.pages };
  const then = (act) => () => {
    sheet.close();
    act();
  };
  const item = (name, act) => button(t(`stage.menu.${name}`), { class: "item", test: name, onclick: then(act) });
  const link = (name, url) => h("a", { class: "item", test: name, href: url, target: "_blank", rel: "noopener" }, t(`stage.menu.${name}`));
  const file = (kind) => item(kind, () => {
    stage.toast(t("stage.menu.preparing"));
    send("file", { kind });
  });
  const groups = [
    ["lead", replay ? [] : [(stage.flow().storyboards || []).length ? item("storyboard", () => stage.storyboards()) : null]],
    ["take", [
      replay ? null : item("share", () => copyLink(stage)),
      item("png", () => pictureOf(stage).then((blob) => offer(blob, `${fileName(stage)}.png`))),
      item("svg", () => offer(chartsFile(stage), `${fileName(stage)}.svg`)),
      replay ? item("csv", () => offer(tableFile(stage), `${fileName(stage)}.csv`)) : file("csv"),
      replay ? null : file("replay"),
      replay ? null : file("pack"),
    ]],
    ["see", [
      item("tables", () => stage.tab("tables")),
      item("key", () => openKey(stage)),
      item("keys", () => openKeys(stage)),
      pages.debrief ? link("debrief", pages.debrief) : null,
      pages.explore ? link("explore", pages.explore) : null,
      !replay && state.join ? item("join", () => openJoin(stage)) : null,
    ]],
    ["speak", replay || (state.languages || []).length < 2 ? [] : [item("language", () => send("language", { v: t("stage.other_language") }))]],
  ];
  const sheet = stage.sheet({
    title: t("stage.menu.title"), test: "menu-panel", className: "menu", place: "corner",
    content: groups.filter(([, items]) => items.some(Boolean)).map(([name, items]) => h("div", { class: "group", role: "group", "aria-label": t(`stage.menu.group_${name}`) }, items)),
  });
  sheet.body.querySelector(".item").focus();
}

export function fileName(stage) {
  const when = stage.frame ? stage.frame.month - stage.about.first + 1 : 0;
  return `kith-${stage.about.setting.name}-${when}`.replaceAll(/[^\w-]+/g, "-");
}

async function copyLink(stage) {
  const url = new URL(stage.state().link || "", location.href).href;
  stage.root.dataset.shared = url;
  try {
    await navigator.clipboard.writeText(url);
    stage.toast(stage.t("stage.menu.copied"));
  } catch {
    const field = h("input", { value: url, readonly: true, "data-first": true, "aria-label": stage.t("stage.menu.share") });
    stage.sheet({ title: stage.t("stage.menu.share"), test: "link", place: "middle", content: [field] });
    field.select();
  }
}

// The room: open it, show the code to scan, hand everybody the setting on the screen, let nobody else in.
function openJoin(stage) {
  const { t, send } = stage;
  const body = h("div", { class: "room" });
  const room = () => stage.state().join || {};
  const act = (what) => button(t(`stage.join.${what}`), { class: what === "open" ? "strong" : null, test: `join-${what}`, onclick: () => send("join", { do: what }) });
  const draw = () => {
    const { possible, open, link, qr, people, most } = room();
    // The code comes as SVG; as an image nothing in it can act.
    const picture = qr ? h("img", { alt: t("stage.join.code"), src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(qr.replace(/^<svg (?![^>]*xmlns=)/, '<svg xmlns="http://www.w3.org/2000/svg" '))}` }) : null;
    refill(body, open
      ? [picture, h("p", { class: "address" }, link), h("p", { class: "note" }, t("stage.join.scan")), h("p", { class: "lead", role: "status" }, t("stage.join.people", { people: t.number(people), most: t.number(most) })), h("div", { class: "row" }, act("push"), act("close"))]
      : [h("p", { class: "lead" }, t(possible === false ? "stage.join.not_possible" : "stage.join.note")), possible === false ? null : act("open")]);
  };
  stage.watchState = draw;
  stage.sheet({ title: t("stage.join.title"), test: "join-panel", className: "join", place: "middle", content: [body], closed: () => (stage.watchState = null) });
  draw();
}

// The key to the map: every sign on it and what it means.
export function openKey(stage) {
  const { t } = stage;
  const rows = ["coping", "strained", "struggling", "crisis", "service", "overfull", "private", "third", "public", "trouble", "closed", "tie", "loose", "peer", "helped", "failed", "moved", "waits", "left"];
  stage.sheet({ title: t("stage.key.title"), test: "key-panel", className: "key", content: [h("dl", { class: "signs" }, rows.map((name) => h("div", {}, h("dt", { class: `sign-${name}` }, stage.sample(name)), h("dd", {}, t(`stage.key.${name}`)))))] });
}

export function openKeys(stage) {
  const { t } = stage;
  const keys = [[t("stage.keys.space"), "play"], ["→", "step"], ["1 – 5", "shock"], ["U", "undo"], ["C", "compare"], ["F", "follow"], ["T", "tables"], ["Tab, ← →", "map"], ["Esc", "close"], ["?", "keys"]];
  stage.sheet({ title: t("stage.keys.title"), test: "keys-panel", className: "keys", place: "middle", content: [h("dl", { class: "keylist" }, keys.map(([key, name]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(`stage.keys.${name}`)))))] });
}
