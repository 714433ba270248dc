// One replay, live: asks how far it is while it is open, moves the bar, and asks for the page anew as runs are followed.
import { announce, renewCounts } from "../console/shell.js";

const EVERY = 2000;
// A page under somebody's fingers is not pulled away; else it follows this often, counted in looks.
const ROWS_EVERY = 2;

const root = () => document.getElementById("replay");
let looks = 0;

async function refresh() {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  root().replaceWith(page.getElementById("replay"));
  renewCounts(page);
}

async function look() {
  const { snapshot, status, done } = root().dataset;
  if (status !== "running") return;
  try {
    const answer = document.hidden ? null : await fetch(snapshot, { headers: { Accept: "application/json" } });
    if (answer && [401, 403, 404].includes(answer.status)) return;
    if (answer?.ok) await show(await answer.json(), Number(done));
  } catch {
    // No network: the next look tells.
  }
  setTimeout(look, EVERY);
}

async function show(now, before) {
  const bar = root().querySelector("[data-progress]");
  if (bar) bar.value = now.percent;
  const told = root().querySelector("[data-replay-done]");
  if (told) told.textContent = now.done.toLocaleString();
  looks += 1;
  const inUse = root().contains(document.activeElement);
  const ended = now.status !== "running";
  if (ended) announce(`Replay: ${now.status}`);
  if (ended || (now.done !== before && !inUse && looks % ROWS_EVERY === 0)) await refresh();
}

setTimeout(look, EVERY);
