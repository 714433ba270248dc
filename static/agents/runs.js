// The list of runs, live: rows that are shown move in place; runs that are new are announced, never pushed in.
import { watch } from "../console/live.js";

const table = document.querySelector("[data-live-runs]");
const notice = document.querySelector("[data-new-runs]");
const unseen = new Set();

function changeRow(row, event) {
  if (event.seq <= Number(row.dataset.seq)) return;
  row.dataset.seq = event.seq;
  if (event.status !== row.dataset.status) return reloadRow(row, event);
  const bar = row.querySelector("progress");
  if (bar) bar.value = event.percent;
  const text = row.querySelector('[data-cell="text"]');
  if (text) text.textContent = event.note;
}

async function reloadRow(row, event) {
  row.dataset.status = event.status;
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector(`[data-run="${CSS.escape(event.run)}"]`);
  if (fresh) row.replaceWith(fresh);
}

function show(event) {
  const row = table?.querySelector(`[data-run="${CSS.escape(event.run)}"]`);
  if (row) return changeRow(row, event);
  if (event.status !== "queued") return;
  unseen.add(event.run);
  notice.hidden = false;
  notice.querySelector("a").textContent = unseen.size === 1 ? "Show 1 new run" : `Show ${unseen.size} new runs`;
}

watch("/ws/runs/", { onEvent: show });
