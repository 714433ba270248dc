// One evaluation, live: moves the progress with each event, and asks for the page anew when a case was judged.
import { watch } from "../console/live.js";
import { announce } from "../console/shell.js";

const root = () => document.getElementById("evaluation");
const OPEN = ["queued", "running"];

// Only the newest answer counts: an older one may come after it.
let asked = 0;

async function refresh() {
  const mine = ++asked;
  const answer = await fetch(location.href);
  if (!answer.ok) return location.reload();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== asked) return;
  root().replaceWith(page.getElementById("evaluation"));
}

function show(event) {
  const element = root();
  const ended = !OPEN.includes(event.status);
  if (event.status === element.dataset.status && event.done <= Number(element.dataset.done)) return;
  element.dataset.status = event.status;
  element.dataset.done = event.done;
  const bar = element.querySelector("[data-progress]");
  if (bar) {
    bar.value = event.percent;
    element.querySelector("[data-progress-count]").textContent = `${event.done} of ${event.total}`;
  }
  announce(ended ? `The evaluation has ended: ${event.passed} of ${event.total} cases pass` : `${event.percent} percent`);
  refresh();
  if (ended) leave();
}

const { evaluation, snapshot, status } = root().dataset;
const leave = OPEN.includes(status) ? watch(`/ws/evaluations/${evaluation}/`, { snapshot, onEvent: show }) : null;
