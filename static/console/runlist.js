// Runs in a list, live: rows that are shown move in place; runs that are new are told of, never pushed in.
import { watch } from "./live.js";
import { renewCounts } from "./shell.js";

const list = document.querySelector("[data-live-runs]");
const notice = document.querySelector("[data-new-runs]");
const unseen = new Set();
let kind = {};

const rowOf = (run) => list.querySelector(`[data-run="${CSS.escape(run)}"]`);

// Many rows may move on at once: the server is asked once for all of them.
let stale = new Set();
let asking = null;

async function refreshRows() {
  const wanted = [...stale];
  stale.clear();
  asking = null;
  // A list that has an address for single rows keeps them; one that has none is asked as a whole, and they may leave it.
  const address = list.dataset.rows ? `${list.dataset.rows}?${queryOf(wanted)}` : location.href;
  const answer = await fetch(address);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  renewCounts(page);
  for (const run of wanted) {
    const row = rowOf(run);
    const fresh = page.querySelector(`[data-live-runs] [data-run="${CSS.escape(run)}"]`);
    if (row && fresh) {
      kind.onRow?.(row, fresh);
      row.replaceWith(fresh);
    } else row?.remove();
  }
}

const queryOf = (runs) => new URLSearchParams(runs.map((run) => ["run", run]));

function change(row, event) {
  if (event.seq <= Number(row.dataset.seq)) return;
  row.dataset.seq = event.seq;
  if (event.status !== row.dataset.status) {
    row.dataset.status = event.status;
    stale.add(event.run);
    asking ??= setTimeout(refreshRows, 400);
    return;
  }
  const bar = row.querySelector("progress");
  if (bar) bar.value = event.percent;
  const text = row.querySelector('[data-cell="text"]');
  if (text && event.note) text.textContent = event.note;
}

// Keys are made in order of time: what comes after the newest that the server knew is new.
function isNew(event) {
  const { newest, status, search } = notice.dataset;
  const of = notice.dataset[kind.of];
  const open = kind.open.includes(event.status);
  const fits = !status || status === event.status || (status === "open" && open);
  return event.run > newest && !search && (!of || of === event[kind.of]) && fits;
}

function show(event) {
  const row = rowOf(event.run);
  if (row) return change(row, event);
  if (!isNew(event) || unseen.has(event.run)) return;
  unseen.add(event.run);
  notice.querySelector("a").textContent = unseen.size === 1 ? "Show 1 new run" : `Show ${unseen.size} new runs`;
  notice.hidden = false;
}

function snapshot() {
  const shown = [...list.querySelectorAll("[data-run]")].map((row) => row.dataset.run);
  return `${list.dataset.snapshot}?${queryOf(shown)}`;
}

/**
 * Watch the page's list of runs. `socket` is where they are told of; `of` names what events and the list's filter say a
 * run is of; `open` are the statuses of runs that have not ended; `onRow(old, fresh)` is asked before a row is renewed.
 */
export function liveRuns(options) {
  kind = options;
  if (list && notice) watch(kind.socket, { snapshot, onEvent: show });
}
