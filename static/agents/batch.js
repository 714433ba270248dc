// One batch, live: asks how far it is while it is open, moves the bar, and asks for the page anew as rows end.
import { announce, renewCounts } from "../console/shell.js";

const OPEN = ["opening", "running"];
const EVERY = 2000;
// A table under somebody's fingers is not pulled away; else it follows this often, counted in looks.
const ROWS_EVERY = 3;

const root = () => document.getElementById("batch");
let looks = 0;

async function refresh() {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  root().replaceWith(page.getElementById("batch"));
  renewCounts(page);
}

async function look() {
  const { snapshot, status, ended } = root().dataset;
  if (!OPEN.includes(status)) return;
  try {
    const answer = document.hidden ? null : await fetch(snapshot, { headers: { Accept: "application/json" } });
    if (answer && [401, 403, 404].includes(answer.status)) return;
    if (answer?.ok) await show(await answer.json(), status, Number(ended));
  } catch {
    // No network: the next look tells.
  }
  setTimeout(look, EVERY);
}

async function show(now, status, before) {
  root().querySelector("[data-progress]").value = now.percent;
  root().querySelector("[data-batch-ended]").textContent = now.ended.toLocaleString();
  looks += 1;
  const inUse = root().contains(document.activeElement);
  const moved = now.status !== status;
  if (moved) announce(`Batch ${now.ref}: ${now.status}`);
  if (moved || (now.ended !== before && !inUse && looks % ROWS_EVERY === 0)) await refresh();
}

setTimeout(look, EVERY);
