// The page of live figures: it asks for them every few seconds while somebody looks, and puts them in their places.
import { announce } from "../console/basics.js";
import { renewChart } from "../console/charts.js";

const page = document.querySelector("[data-performance]");
const mark = document.getElementById("live");
const stale = page.querySelector("[data-stale]");
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
let renewed = new Date();

function tell(state, text) {
  mark.hidden = false;
  mark.dataset.state = state;
  mark.querySelector(".txt").textContent = text;
}

function put(within, name, text) {
  const place = within.querySelector(`[data-${name}]`);
  if (place.textContent !== text) place.textContent = text;
}

function show(board) {
  page.querySelector("[data-idle]").hidden = !board.idle;
  for (const kpi of board.kpis) {
    const card = page.querySelector(`[data-kpi="${CSS.escape(kpi.key)}"]`);
    put(card, "value", kpi.value);
    put(card, "foot", kpi.foot);
  }
  for (const limit of board.limits) {
    const row = page.querySelector(`[data-limit="${CSS.escape(limit.name)}"]`);
    put(row, "used", limit.used);
    put(row, "note", limit.note);
    row.querySelector("progress").value = limit.percent;
  }
  for (const [id, chart] of Object.entries(board.charts)) {
    const element = page.querySelector(`[data-chart="${CSS.escape(id)}"]`);
    put(element, "chart-summary", chart.summary);
    renewChart(element, chart);
  }
}

async function renew() {
  if (document.hidden) return;
  try {
    const answer = await fetch(page.dataset.performance, { headers: { Accept: "application/json" } });
    if ([401, 403, 404].includes(answer.status)) return stop();
    if (!answer.ok) throw new Error(`The figures answered ${answer.status}.`);
    show(await answer.json());
    renewed = new Date();
    if (!stale.hidden) announce("The figures are live again");
    stale.hidden = true;
    tell("live", "Live");
  } catch {
    if (stale.hidden) announce("The figures could not be renewed");
    page.querySelector("[data-stale-since]").textContent = clock.format(renewed);
    stale.hidden = false;
    tell(navigator.onLine ? "reconnecting" : "offline", navigator.onLine ? "Reconnecting" : "Offline");
  }
}

function stop() {
  clearInterval(timer);
  location.reload(); // whoever may no longer look is shown why
}

const timer = setInterval(renew, Number(page.dataset.every) * 1000);
document.addEventListener("visibilitychange", renew);
addEventListener("online", renew);
tell("live", "Live");
