// One run, live: moves the progress with each event, and asks for the page anew when the run has moved on.
import { watch } from "../console/live.js";
import { announce, renewCounts, toast } from "../console/shell.js";
import { drawCharts } from "../console/charts.js";

const root = () => document.getElementById("run");

// Only the newest answer counts: an older one may come after it.
let asked = 0;

async function refresh() {
  const mine = ++asked;
  const answer = await fetch(location.href);
  if (!answer.ok) return location.reload();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== asked) return;
  root().replaceWith(page.getElementById("run"));
  document.dispatchEvent(new Event("run:renewed"));
  renewCounts(page);
  drawCharts(root());
}

function show(event) {
  const element = root();
  if (event.seq <= Number(element.dataset.seq)) return;
  const moved = event.status !== element.dataset.status;
  element.dataset.seq = event.seq;
  element.dataset.status = event.status;
  if (moved) {
    announce(`Run ${event.ref}: ${event.status}`);
    refresh();
    if (!OPEN.includes(event.status)) leave();
    return;
  }
  const bar = element.querySelector("[data-progress]");
  if (!bar) return;
  bar.value = event.percent;
  element.querySelector("[data-progress-note]").textContent = event.note || "Working";
  element.querySelector("[data-progress-count]").textContent =
    event.total > 1 ? `${event.done.toLocaleString()} of ${event.total.toLocaleString()}` : "";
  announce(`${event.percent} percent`);
}

const { run, snapshot, status } = root().dataset;
const OPEN = ["queued", "running"];
const leave = OPEN.includes(status) ? watch(`/ws/runs/${run}/`, { snapshot, onEvent: show }) : null;

document.addEventListener("click", async (click) => {
  if (!click.target.closest("[data-copy-link]")) return;
  try {
    await navigator.clipboard.writeText(location.href);
    toast("The link is copied.");
  } catch {
    toast("The link could not be copied: copy it from the address bar.");
  }
});
