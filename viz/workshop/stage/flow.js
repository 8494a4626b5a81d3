// The storyboard: what to do next, a question to vote on before the towns are played, and what came of it.
// Change this file to lead a room otherwise; the steps are written in storyboards/*.toml.

import { button, h, refill, write } from "./dom.js";
import { icon } from "./icons.js";

export function flowPanel(stage) {
  const { t, send } = stage;
  const prompt = h("p", { class: "prompt" });
  const place = h("small");
  const clock = h("span", { class: "clock", role: "timer" });
  const act = (action, more = {}) => send("flow", { do: action, ...more });
  const ask = button(t("stage.flow.ask"), { class: "strong", test: "flow-ask", onclick: openQuestion });
  const element = h("section", { class: "flow", test: "flow", hidden: true, "aria-label": t("stage.flow.title") },
    h("div", { class: "said", "aria-live": "polite" }, place, prompt), clock, ask,
    button(t("stage.flow.back"), { test: "flow-back", onclick: () => act("back") }, icon("back")),
    button(t("stage.flow.next"), { class: "strong", test: "flow-next", onclick: () => act("next") }, h("span", {}, t("stage.flow.next")), icon("next")),
    button(t("stage.flow.end"), { test: "flow-end", onclick: () => act("end") }, icon("close")));
  let sheet = null;
  let asked = "";
  let ticking = 0;
  let until = 0;

  function openQuestion() {
    const { question } = stage.flow();
    if (!question || sheet) return;
    sheet = stage.sheet({ title: t("stage.flow.question"), test: "question", className: "question", place: "middle", modal: true, content: [], closed: () => (sheet = null) });
    drawQuestion();
  }

  function drawQuestion() {
    const { question } = stage.flow();
    if (!sheet) return;
    if (!question) return void sheet.close();
    const most = Math.max(1, ...question.votes);
    const total = question.votes.reduce((sum, each) => sum + each, 0);
    const focused = sheet.body.contains(stage.active()) ? stage.active().dataset.testid : "";
    refill(sheet.body, 
      h("p", { class: "ask" }, question.text),
      h("div", { class: "options" }, question.options.map((option, n) => {
        const right = question.revealed !== false && question.revealed !== null && question.revealed !== undefined && (question.revealed === n || (Array.isArray(question.revealed) && question.revealed.includes(n)));
        return h("div", { class: right ? "option right" : "option" },
          h("span", { class: "text" }, option, right ? h("em", {}, t("stage.flow.came_true")) : null),
          h("span", { class: "tally" }, h("i", { style: `width:${(100 * question.votes[n]) / most}%` })),
          button(t("stage.flow.fewer", { option }), { class: "count", test: `fewer-${n}`, disabled: question.votes[n] <= 0, onclick: () => act("vote", { option: n, votes: question.votes[n] - 1 }) }, "−"),
          h("b", { class: "votes", test: `votes-${n}` }, t.number(question.votes[n])),
          button(t("stage.flow.more", { option }), { class: "count", test: `more-${n}`, onclick: () => act("vote", { option: n, votes: question.votes[n] + 1 }) }, "+"));
      })),
      typeof question.revealed === "string" ? h("p", { class: "reveal" }, question.revealed) : null,
      h("div", { class: "row" }, h("span", { class: "note" }, t("stage.flow.hands", { number: t.number(total) })),
        button(t("stage.flow.reveal"), { test: "flow-reveal", onclick: () => act("reveal") }),
        button(t("stage.flow.play"), { class: "strong", test: "flow-play", onclick: () => {
          sheet.close();
          send("play");
        } })));
    const again = focused && sheet.body.querySelector(`[data-testid="${focused}"]`);
    if (again && !again.disabled) again.focus();
  }

  function drawClock() {
    const left = Math.round((until - Date.now()) / 1000);
    const size = Math.abs(left);
    write(clock, `${left < 0 ? "+" : ""}${Math.floor(size / 60)}:${String(size % 60).padStart(2, "0")}`);
    clock.classList.toggle("over", left < 0);
  }

  return {
    element,
    stop: () => clearInterval(ticking),
    draw() {
      const flow = stage.flow();
      const shown = Boolean(flow && flow.prompt);
      const was = element.hidden;
      element.hidden = !shown;
      stage.root.toggleAttribute("data-flow", shown);
      if (was === shown) stage.resize();
      if (!shown) {
        asked = "";
        clearInterval(ticking);
        ticking = 0;
        if (sheet) sheet.close();
        return;
      }
      const here = `${flow.title}/${flow.step}`;
      write(prompt, flow.prompt);
      write(place, t("stage.flow.place", { title: flow.title, step: t.number(flow.step), steps: t.number(flow.steps) }));
      ask.hidden = !flow.question;
      if (here !== asked) {
        clearInterval(ticking);
        ticking = 0;
        clock.hidden = !flow.timer;
        if (flow.timer) {
          until = Date.now() + 1000 * flow.timer;
          drawClock();
          ticking = setInterval(drawClock, 1000);
        }
        if (flow.question) openQuestion();
        else if (sheet) sheet.close();
      }
      asked = here;
      drawQuestion();
    },
  };
}
