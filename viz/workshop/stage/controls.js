// The head of the page: what is played, which month it is, and how time runs.
// Change this file to control time otherwise.

import { button, h, refill, write } from "./dom.js";
import { icon } from "./icons.js";

export const SPEEDS = [0.5, 1, 2, 5];

export function controls(stage) {
  const { t, send, replay } = stage;
  const when = h("b", { test: "month" });
  const count = h("small");
  const setting = h("span");
  const tool = (name, act, extra = {}) => button(`${t(`stage.tool.${name}`)}: ${t(`stage.tool.${name}_long`)}`, { class: "tool", test: name, title: t(`stage.tool.${name}_long`), onclick: act, ...extra }, icon(name), h("span", {}, t(`stage.tool.${name}`)));
  const undo = tool("undo", () => send("undo"));
  const step = tool("step", () => send("step"));
  const playWord = h("span");
  const playSign = h("span", { class: "which" });
  const play = button(t("stage.play_long"), { class: "play", test: "play", title: t("stage.play_long"), onclick: () => send(stage.state().playing ? "pause" : "play") }, playSign, playWord);
  const speeds = SPEEDS.map((v) => button(t("stage.speed_is", { v: t.number(v, v < 1 ? 1 : 0) }), { test: `speed-${v}`, "data-speed": v, onclick: () => send("speed", { v }) }, v === 0.5 ? "½" : String(v)));
  const busy = h("span", { class: "busy", role: "status" });
  const picker = replay
    ? h("div", { class: "setting" }, setting)
    : button(t("stage.setting_long"), { class: "setting", test: "setting", "aria-haspopup": "dialog", onclick: () => stage.gallery() }, setting, icon("down"));
  const element = h("header", { class: "top" },
    h("div", { class: "brand" }, h("h1", {}, t("stage.title")), h("p", {}, t("stage.subtitle", { residents: t.number(stage.about.residents), seed: stage.about.seed }))),
    picker,
    h("div", { class: "when", role: "group", "aria-label": t("stage.month") }, when, count, busy),
    h("div", { class: "transport", role: "group", "aria-label": t("stage.transport") },
      tool("restart", () => send("restart")), replay ? null : tool("luck", () => send("luck")), replay ? null : undo, step, play,
      h("div", { class: "speed", role: "group", "aria-label": t("stage.speed") }, h("div", { class: "seg" }, speeds), h("small", {}, t("stage.speed")))),
    replay ? null : tool("compare", () => stage.drawer(), { class: "tool more", "aria-haspopup": "dialog" }),
    tool("menu", () => stage.menu(), { class: "tool", "aria-haspopup": "menu" }));

  return {
    element, play, step, undo,
    about() {
      write(setting, stage.about.setting.title);
      picker.title = stage.about.setting.title;
      if (!replay) picker.setAttribute("aria-label", `${stage.about.setting.title}: ${t("stage.setting_long")}`);
    },
    month(frame) {
      write(when, frame.when);
      write(count, t("stage.month_of", { month: t.number(frame.month - stage.about.first + 1), months: t.number(stage.about.months - stage.about.first) }));
    },
    state(state) {
      const ended = Boolean(stage.frame && stage.frame.ended);
      write(playWord, t(state.playing ? "stage.pause" : ended ? "stage.ended" : "stage.play"));
      refill(playSign, icon(state.playing ? "pause" : "play"));
      play.classList.toggle("on", Boolean(state.playing));
      play.disabled = ended && !state.playing;
      step.disabled = ended;
      undo.disabled = !state.undo;
      undo.title = state.undo ? t("stage.undo_what", { what: state.undo }) : t("stage.undo_nothing");
      undo.setAttribute("aria-label", undo.title);
      speeds.forEach((each) => each.setAttribute("aria-pressed", String(Number(each.dataset.speed) === state.speed)));
      write(busy, state.busy || "");
    },
  };
}
