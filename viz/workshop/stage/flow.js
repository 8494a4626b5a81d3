// The storyboard: what to do next, a question to vote on before the towns are played, and what came of it.
// Change this file to lead a room otherwise; the steps are written in storyboards/*.toml.

import { button, h, refill, write } from "./dom.js";
import { icon } from "./icons.js";

// The storyboards there are, each with whom it is for and how long it takes.
export function openStoryboards(stage) {
  const { t } = stage;
  const sheet = stage.sheet({
    title: t("stage.flow.choose"), test: "storyboards", className: "storyboards", place: "middle", modal: true,
    content: [
      h("p", { class: "lead" }, t("stage.flow.lead")),
      h("div", { class: "plates" }, (stage.flow().storyboards || []).map(([name, title, audience, minutes], n) => button(title, { class: "plate", test: `storyboard-${name}`, "data-first": n === 0 || null, onclick: () => {
        sheet.close();
        stage.send("flow", { do: "start", name });
      } }, h("b", {}, title), h("span", {}, audience), h("small", {}, t("stage.flow.minutes", { minutes: t.number(minutes) }))))),
    ],
  });
}

export function flowPanel(stage) {
  const { t, send } = stage;
  const prompt = h("p", { class: "prompt" });
  const place = h("small");
  const clock = h("span", { class: "clock", role: "timer" });
  const act = (action, more = {}) => send("flow", { do: action, ...more });
  const ask = button(t("stage.flow.ask"), { class: "strong", test: "flow-ask", onclick: () => {
    if (due(stage.flow())) act("reveal");
    openQuestion();
  } });
  const next = button(t("stage.flow.next"), { test: "flow-next", onclick: () => act("next") }, h("span", {}, t("stage.flow.next")), icon("next"));
  const back = button(t("stage.flow.back"), { test: "flow-back", onclick: () => act("back") }, icon("back"));
  const element = h("section", { class: "flow", test: "flow", hidden: true, "aria-label": t("stage.flow.title") },
    h("div", { class: "said", "aria-live": "polite" }, place, prompt), clock, ask, back, next,
    button(t("stage.flow.end"), { test: "flow-end", onclick: () => act("end") }, icon("close")));
  // Whether an answer is what comes next: what was to be played has been, or, where nothing was, hands have been counted.
  const due = ({ question, ready, until }) => Boolean(question && ready && !question.revealed && (until || question.votes.some((votes) => votes > 0)));
  let sheet = null;
  let here = "";
  let ticking = 0;
  let until = 0;

  function openQuestion() {
    if (!stage.flow().question || sheet) return;
    sheet = stage.sheet({ title: t("stage.flow.question"), test: "question", className: "question", place: "middle", modal: true, content: [], closed: () => (sheet = null) });
    drawQuestion();
    const first = sheet.body.querySelector("button.count:not(:disabled)");
    if (first) first.focus();
  }

  function drawQuestion() {
    if (!sheet) return;
    const { question, ready } = stage.flow();
    if (!question) return void sheet.close();
    const { votes, revealed } = question;
    write(sheet.element.querySelector("h2"), t(revealed ? "stage.flow.answer" : "stage.flow.question"));
    const most = Math.max(1, ...votes);
    const focused = sheet.body.contains(stage.active()) ? stage.active().dataset.testid : "";
    refill(sheet.body,
      h("p", { class: "ask" }, question.text),
      h("div", { class: "options" }, question.options.map((option, n) => {
        const came = Boolean(revealed && revealed.answer === n);
        return h("div", { class: came ? "option right" : "option" },
          h("span", { class: "text" }, option, came ? h("em", {}, t("stage.flow.came_true")) : null),
          h("span", { class: "tally" }, h("i", { style: `width:${(100 * votes[n]) / most}%` })),
          button(t("stage.flow.fewer", { option }), { class: "count", test: `fewer-${n}`, disabled: votes[n] <= 0, onclick: () => act("vote", { option: n, votes: votes[n] - 1 }) }, "−"),
          h("b", { class: "votes", test: `votes-${n}` }, t.number(votes[n])),
          button(t("stage.flow.more", { option }), { class: "count", test: `more-${n}`, onclick: () => act("vote", { option: n, votes: votes[n] + 1 }) }, "+"));
      })),
      revealed ? h("p", { class: "reveal", role: "status" }, revealed.told) : null,
      h("div", { class: "row" },
        h("span", { class: "note" }, t("stage.flow.hands", { number: t.number(votes.reduce((sum, each) => sum + each, 0)) })),
        revealed ? null : button(t("stage.flow.reveal"), { class: ready ? "strong" : null, test: "flow-reveal", onclick: () => act("reveal") }),
        revealed || ready ? null : button(t("stage.flow.play"), { class: "strong", test: "flow-play", onclick: () => {
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

  function wind(seconds) {
    clearInterval(ticking);
    ticking = 0;
    clock.hidden = !seconds;
    if (!seconds) return;
    until = stage.clockOf(here, seconds);
    drawClock();
    ticking = setInterval(drawClock, 1000);
  }

  return {
    element,
    stop: () => clearInterval(ticking),
    draw() {
      const flow = stage.flow();
      const shown = Boolean(flow && flow.prompt);
      const changed = element.hidden === shown;
      element.hidden = !shown;
      stage.root.toggleAttribute("data-flow", shown);
      if (changed) stage.resize();
      if (!shown) {
        here = "";
        wind(0);
        if (sheet) sheet.close();
        return;
      }
      const { question, ready } = flow;
      write(prompt, flow.prompt);
      write(place, [t("stage.flow.place", { title: flow.title, step: t.number(flow.step), steps: t.number(flow.steps) }), flow.until && !ready ? t("stage.flow.until", { when: flow.until }) : ""].filter(Boolean).join(" · "));
      ask.hidden = !question;
      write(ask, t(due(flow) ? "stage.flow.reveal" : "stage.flow.ask"));
      ask.classList.toggle("strong", Boolean(question && !question.revealed));
      next.classList.toggle("strong", Boolean(ready && !(question && !question.revealed)));
      next.hidden = Boolean(flow.last);
      back.disabled = flow.step <= 1;
      if (`${flow.title}/${flow.step}` !== here) {
        here = `${flow.title}/${flow.step}`;
        wind(flow.timer);
        if (sheet) sheet.close();
      }
      drawQuestion();
    },
  };
}
