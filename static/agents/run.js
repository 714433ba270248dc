// One run, live: moves the progress with each event and fetches the page's body again when the run has ended.
import { watch } from "../console/live.js";
import { announce, toast } from "../console/shell.js";
import { drawCharts } from "../console/charts.js";

const root = () => document.getElementById("run");

async function refresh() {
  const { page } = root().dataset;
  const answer = await fetch(page + location.search, { headers: { "HX-Request": "true", "HX-Target": "run" } });
  if (!answer.ok) return location.reload();
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("run");
  root().replaceWith(fresh);
  drawCharts(fresh);
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
    return;
  }
  const bar = element.querySelector("[data-progress]");
  if (!bar) return;
  bar.value = event.percent;
  element.querySelector("[data-progress-note]").textContent = event.note || "Working";
  element.querySelector("[data-progress-count]").textContent =
    event.total ? `${event.done.toLocaleString()} of ${event.total.toLocaleString()}` : "";
  announce(`${event.percent} percent`);
}

const { run, snapshot, status } = root().dataset;
if (status === "queued" || status === "running") watch(`/ws/runs/${run}/`, { snapshot, onEvent: show });

document.addEventListener("click", async (click) => {
  if (!click.target.closest("[data-copy-link]")) return;
  try {
    await navigator.clipboard.writeText(location.href);
    toast("The link is copied.");
  } catch {
    toast("The link could not be copied: copy it from the address bar.");
  }
});
