// The page itself: puts its parts together, listens to Python, and keeps what was lived.
// Change this file to arrange the page otherwise.

import { cardPanel } from "./card.js";
import { lineChart } from "./charts.js";
import { controls } from "./controls.js";
import { h, refill, write } from "./dom.js";
import { openDrawer } from "./drawer.js";
import { flowPanel, openStoryboards } from "./flow.js";
import { decode, headOf, Lived } from "./frame.js";
import { openGallery } from "./gallery.js";
import { journeyPanel } from "./journey.js";
import { legendLine, sample } from "./legend.js";
import { luckBadge } from "./luck.js";
import { openKey, openKeys, openMenu } from "./menu.js";
import { strideOf, ticker, WAVE } from "./motion.js";
import { paidPanel } from "./paid.js";
import { hintOf, offer } from "./save.js";
import { sheets } from "./sheets.js";
import { shockPanel } from "./shocks.js";
import { tablesPanel } from "./tables.js";
import { townView } from "./town.js";
import { wordsOf } from "./words.js";

const TABS = ["outcomes", "follow", "tables"];

export function render({ model, el }) {
  // An open shadow root: styles of the page around cannot reach the screen.
  const shadow = el.shadowRoot || el.attachShadow({ mode: "open" });
  const style = h("style", {}, model.get("css") || "");
  const board = h("div", { class: "board" });   // what is built anew for each run; panels stand beside it
  const root = h("div", { class: "stage", tabindex: "-1", test: "stage", lang: "en" }, board);
  refill(shadow, style, root);

  const quiet = matchMedia("(prefers-reduced-motion: reduce)");
  const trait = (name) => model.get(name) || {};
  const stage = {
    root, board, chosen: {}, pressed: { size: 1, lasting: false }, frame: null, lived: null, about: null, t: null,
    state: () => trait("state"), luck: () => trait("luck"), person: () => trait("person"), card: () => trait("card"), flow: () => trait("flow"),
    active: () => shadow.activeElement,
    unit: () => parseFloat(getComputedStyle(root).fontSize) / 18,
    fontFace: () => ((model.get("_css") || "").match(/@font-face\s*\{[^}]*\}/) || [""])[0],
    send: (cmd, values = {}) => model.send({ cmd, ...values }),
    get replay() {
      return Boolean(trait("state").replay);
    },
  };
  let page = null;
  let tab = "outcomes";
  let words = null;
  let waiting = null;   // a frame of a run whose description has not come yet
  let began = 0;
  let waved = -1e9;
  let wavedFor = "";
  let pace = 1000;
  let stride = 1;
  let due = 0;

  // ---- the page is built once for each run and language

  function build() {
    stage.about = model.get("static");
    if (!stage.about || !stage.about.sides) return;
    const other = words !== model.get("words") || !stage.lived || stage.lived.run !== stage.about.run;
    if (other) {
      stage.open.close();
      words = model.get("words");
      stage.t = wordsOf(trait("words"));
    }
    if (!stage.lived || stage.lived.run !== stage.about.run) {
      stage.lived = new Lived(stage.about);
      stage.frame = null;
      stage.chosen = {};
    }
    if (page) page.flow.stop();
    const focused = board.contains(stage.active()) ? stage.active().dataset.testid : "";
    root.lang = stage.t.locale.slice(0, 2);
    page = {
      controls: controls(stage), towns: [townView(stage, 0), townView(stage, 1)], shocks: shockPanel(stage), paid: paidPanel(stage),
      badge: luckBadge(stage), journey: journeyPanel(stage), tables: tablesPanel(stage), flow: flowPanel(stage),
      headline: h("span", { test: "headline" }), plots: [],
    };
    const t = stage.t;
    const headline = h("section", { class: "headline", "aria-label": t("stage.headline") }, h("div", { class: "news", "aria-live": "polite" }, page.headline), page.badge.element);
    const towns = h("div", { class: stage.replay ? "towns replay" : "towns" }, page.towns[0].element, stage.replay ? null : page.shocks.element, page.towns[1].element);
    page.plots = stage.about.charts.slice(0, 4).map(() => h("div", { class: "plot" }));
    page.charts = h("div", { class: "charts" }, stage.about.charts.slice(0, 4).map((chart, n) => h("figure", { test: `chart-${chart.key}` }, h("figcaption", { title: hintOf(chart, t) }, h("b", {}, chart.title), h("small", {}, hintOf(chart, t))), page.plots[n])));
    page.tabs = TABS.map((name) => h("button", { type: "button", role: "tab", test: `tab-${name}`, id: `tab-${name}`, onclick: () => stage.tab(name) }, t(`stage.tab.${name}`)));
    const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": t("stage.tab.title"), onkeydown: alongTabs }, page.tabs);
    page.panels = { outcomes: page.charts, follow: page.journey.element, tables: page.tables.element };
    for (const [name, panel] of Object.entries(page.panels)) {
      if (name !== "tables") panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", `tab-${name}`);
    }
    const bottom = h("div", { class: "bottom" }, h("div", { class: "mid" }, tabs, legendLine(stage)), h("div", { class: "panel" }, Object.values(page.panels)), page.paid.element);
    const notice = h("div", { class: "notice", test: "notice", role: "alert", hidden: true });
    const toast = h("div", { class: "toast", role: "status", hidden: true });
    Object.assign(page, { notice, toast, fault: board.querySelector(".fault") || h("p", { class: "fault", test: "fault", role: "alert", hidden: true }) });
    refill(board, page.controls.element, page.flow.element, headline, towns, bottom, notice, toast, page.fault);
    Object.assign(root.dataset, { run: stage.about.run, left: stage.about.sides[0].governance, right: stage.about.sides[1].governance });
    page.controls.about();
    showTab();
    for (const view of page.towns) sizes.observe(view.map);
    if (stage.frame) page.towns.forEach((view) => view.set(stage.frame));
    drawAll();
    page.badge.draw();
    page.flow.draw();
    const again = focused && board.querySelector(`[data-testid="${focused}"]`);
    if (again) again.focus({ preventScroll: true });
  }

  // ---- what Python says

  function onFrame() {
    const view = model.get("frame");
    if (!view || !view.byteLength || !stage.about || !page) return;
    const { head } = headOf(view);
    stage.send("ack", { seq: head.seq });  // at once, also in a hidden tab: painting never holds the towns up
    if (head.run !== stage.about.run) {
      waiting = view;
      return;
    }
    waiting = null;
    const frame = decode(view, stage.about);
    const fresh = !stage.frame || stage.frame.month !== frame.month || stage.frame.run !== frame.run;
    stage.frame = frame;
    stage.lived.put(frame);
    Object.assign(root.dataset, { month: frame.month, shocks: frame.shocks.map((shock) => `${shock.month}:${shock.key}`).join(",") });
    page.towns.forEach((town) => town.set(frame));
    if (fresh) {
      began = performance.now();
      pace = stage.state().playing ? Math.min(1600, 980 / (stage.state().speed || 1)) : 1500;
      stride = strideOf(frame);
    }
    const hit = frame.shocks.filter((shock) => shock.done && shock.month === frame.month).map((shock) => shock.key).join();
    if (hit && wavedFor !== `${frame.run}/${frame.month}/${hit}`) {
      wavedFor = `${frame.run}/${frame.month}/${hit}`;
      waved = performance.now();
    }
    soon();
  }

  function onStatic() {
    build();
    if (waiting) onFrame();
    else if (stage.frame === null) onFrame();
  }

  function onState() {
    if (!page) return;
    const state = stage.state();
    page.controls.state(state);
    root.dataset.playing = Boolean(state.playing);
    root.dataset.busy = state.busy || "";
    drawNotice(state.notice);
    if (stage.watchState) stage.watchState();
    if (state.link && !stage.replay && location.protocol.startsWith("http")) {
      const url = new URL(state.link, location.href);
      if (url.origin === location.origin && url.href !== location.href) history.replaceState(history.state, "", url.href);
    }
  }

  function onPerson() {
    if (!page) return;
    const { i } = stage.person();
    stage.choose({ ...stage.chosen, resident: i === undefined ? -1 : i });
    page.journey.draw();
  }

  function onMessage(message, buffers) {
    if (message.history && stage.lived) {
      stage.lived.take(message.history);
      soon();
    }
    if (message.file && buffers && buffers.length) {
      offer(new Blob([buffers[0]], { type: message.file.type }), message.file.name);
      stage.toast(stage.t("stage.menu.saved", { name: message.file.name }));
    }
  }

  // ---- drawing, once for each picture shown however many months came in between

  function soon() {
    if (due || document.hidden) return;
    due = requestAnimationFrame(() => {
      due = 0;
      safely(drawAll)();
    });
  }

  function drawAll() {
    if (!page) return;
    const { frame } = stage;
    if (frame) {
      page.controls.month(frame);
      write(page.headline, frame.headline ? frame.headline.text : "");
      page.headline.classList.toggle("long", page.headline.textContent.length > 130);
      page.towns.forEach((view) => view.draw());
    }
    page.controls.state(stage.state());
    page.shocks.draw();
    page.paid.draw(frame);
    drawTab();
    if (frame && !quiet.matches) moving.start();
  }

  function drawTab() {
    if (tab === "outcomes") drawCharts();
    else if (tab === "follow") page.journey.draw();
    else page.tables.draw();
  }

  function drawCharts() {
    const u = stage.unit();
    page.plots.forEach((plot, number) => {
      const { clientWidth: width, clientHeight: height } = plot;
      if (width && height) refill(plot, lineChart({ width, height, u, about: stage.about, lived: stage.lived, number, shocks: stage.frame ? stage.frame.shocks : [], t: stage.t }));
    });
  }

  const moving = ticker((now) => {
    if (!page) return false;
    const p = Math.min(1, (now - began) / pace);
    const wave = (now - waved) / WAVE;
    const more = p < 1 || (wave >= 0 && wave < 1);
    page.towns.forEach((view) => (more ? view.move(p, wave, stride) : view.rest()));
    counts.pictures += 1;
    return more;
  });

  function drawNotice(notice) {
    page.notice.hidden = !notice || !notice.text;
    if (page.notice.hidden) return void refill(page.notice);
    page.notice.dataset.kind = notice.kind || "info";
    if (page.notice.dataset.text === notice.text && page.notice.childElementCount) return;
    page.notice.dataset.text = notice.text;
    refill(page.notice, 
      h("div", {}, h("b", {}, stage.t(notice.kind === "error" ? "stage.notice.error" : "stage.notice.info")), h("p", {}, notice.text)),
      h("button", { type: "button", test: "dismiss", onclick: () => {
        page.notice.hidden = true;
        stage.send("understood");
      } }, stage.t("stage.notice.dismiss")));
  }

  // ---- what parts of the page may ask of it

  stage.open = sheets(stage);
  stage.sheet = stage.open.show;
  stage.choose = (chosen) => {
    stage.chosen = { resident: stage.chosen.resident, ...chosen };
    if (page) page.towns.forEach((view) => view.draw());
  };
  stage.follow = (i) => {
    stage.send("follow", { i });
    stage.tab("follow");
  };
  stage.openCard = (found) => cards().open(found);
  stage.drawer = () => openDrawer(stage);
  stage.gallery = () => openGallery(stage);
  stage.menu = () => openMenu(stage);
  stage.key = () => openKey(stage);
  stage.sample = sample;
  stage.storyboards = () => openStoryboards(stage);
  // When the time of a storyboard's step is over; it runs on while the page is built anew.
  const clocks = new Map();
  stage.clockOf = (step, seconds) => {
    if (!clocks.has(step)) {
      clocks.clear();
      clocks.set(step, Date.now() + 1000 * seconds);
    }
    return clocks.get(step);
  };
  stage.toast = (text) => {
    if (!page) return;
    page.toast.textContent = text;
    page.toast.hidden = false;
    clearTimeout(page.toasting);
    page.toasting = setTimeout(() => (page.toast.hidden = true), 2600);
  };
  stage.tab = (name) => {
    tab = name;
    if (name === "follow" && stage.person().i === undefined) stage.send("follow", { i: -1 });
    showTab();
    drawTab();
  };
  stage.resize = () => {
    if (!page) return;
    page.towns.forEach((view) => view.resize());
    page.paid.draw(stage.frame);
    page.badge.draw();
    drawTab();
  };

  let cardOfRun = null;
  function cards() {
    if (!cardOfRun || cardOfRun.run !== stage.about.run || cardOfRun.words !== words) cardOfRun = { run: stage.about.run, words, panel: cardPanel(stage) };
    return cardOfRun.panel;
  }

  function showTab() {
    page.tabs.forEach((each, n) => {
      each.setAttribute("aria-selected", String(TABS[n] === tab));
      each.tabIndex = TABS[n] === tab ? 0 : -1;
    });
    for (const [name, panel] of Object.entries(page.panels)) panel.hidden = name !== tab;
  }

  function alongTabs(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const next = (TABS.indexOf(tab) + by + TABS.length) % TABS.length;
    stage.tab(TABS[next]);
    page.tabs[next].focus();
  }

  function onKey(event) {
    const at = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || !page) return;
    if (event.key === "Escape") return void stage.open.close();
    if (stage.open.open && stage.open.open.modal) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName) || at.isContentEditable) return;
    const pressed = event.key.toLowerCase();
    if (pressed === " " && /^(BUTTON|SUMMARY|A)$/.test(at.tagName)) return;
    const acts = {
      " ": () => page.controls.play.click(), arrowright: () => page.controls.step.click(), u: () => page.controls.undo.click(),
      c: () => stage.drawer(), f: () => stage.tab("follow"), t: () => stage.tab("tables"), "?": () => openKeys(stage),
    };
    if (stage.replay) for (const name of ["u", "c"]) delete acts[name];
    if (/^[1-5]$/.test(pressed) && !stage.replay) page.shocks.act(Number(pressed) - 1);
    else if (acts[pressed]) acts[pressed]();
    else return;
    event.preventDefault();
  }

  // A mistake of the page is told in one line; the towns live on, and so does the rest of the page.
  function safely(act) {
    return (...given) => {
      try {
        return act(...given);
      } catch (error) {
        console.error(error);
        const line = page ? page.fault : root.appendChild(h("p", { class: "fault", test: "fault", role: "alert" }));
        line.textContent = stage.t ? stage.t("stage.fault", { what: error.message }) : error.message;
        line.hidden = false;
        return undefined;
      }
    };
  }

  // ---- listening

  const counts = { pictures: 0 };
  const listeners = {
    "change:static": onStatic, "change:words": build, "change:frame": onFrame, "change:state": onState, "change:person": onPerson,
    "change:luck": () => page && page.badge.draw(), "change:card": () => page && cards().draw(), "change:flow": () => page && page.flow.draw(),
    "change:css": () => (style.textContent = model.get("css")), "msg:custom": onMessage,
  };
  for (const name of Object.keys(listeners)) {
    listeners[name] = safely(listeners[name]);
    model.on(name, listeners[name]);
  }
  const sizes = new ResizeObserver(safely(() => stage.resize()));
  sizes.observe(root);
  const onKeySafely = safely(onKey);
  const seen = () => !document.hidden && soon();
  window.addEventListener("keydown", onKeySafely);
  document.addEventListener("visibilitychange", seen);
  root.counts = counts;

  safely(build)();
  listeners["change:frame"]();
  for (const name of ["state", "person", "luck", "flow", "card"]) listeners[`change:${name}`]();
  // Canvas text keeps the font it was first drawn in, so it is drawn again once ours is there.
  if (document.fonts) Promise.all([400, 600, 700, 800].map((weight) => document.fonts.load(`${weight} 14px Figtree`))).then(soon, soon);
  stage.send("hello");

  return () => {
    for (const [name, act] of Object.entries(listeners)) model.off(name, act);
    window.removeEventListener("keydown", onKeySafely);
    document.removeEventListener("visibilitychange", seen);
    sizes.disconnect();
    moving.stop();
    if (page) page.flow.stop();
    cancelAnimationFrame(due);
  };
}

export default { render };
