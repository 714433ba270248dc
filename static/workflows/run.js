// The page of a run: the graph is drawn, steps are chosen without leaving the page, and what happens is shown as it does.
import { watch } from "../console/live.js";
import { announce, renewCounts, toast } from "../console/shell.js";
import { dagIn } from "./dag.js";
import { keepTyped, typedIn } from "./typed.js";

const OPEN = ["queued", "running", "waiting", "paused", "undoing"];
const EVERY = 700; // milliseconds between two readings of the page at least
const PARTS = ["run-head", "run-causes", "run-undo", "run-timeline", "run-step", "run-calls", "run-effects", "run-about"];

const root = () => document.getElementById("run");
const part = (id, within = document) => within.getElementById(id);
const dag = dagIn(document.querySelector("[data-dag-of]"), { onSelect: choose });
document.querySelector("[data-zoom]").hidden = false;

// Only the newest answer counts: an older one may come after it.
let asked = 0;

async function pageAt(address) {
  const mine = ++asked;
  const answer = await fetch(address);
  if (!answer.ok) {
    location.assign(address);
    return null;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return mine === asked ? page : null;
}

// What has the focus keeps it: by its id or its address, in whatever took its place.
function focusKey(element) {
  if (!element || element === document.body) return null;
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.dataset?.stepLink) return `[data-step-link="${CSS.escape(element.dataset.stepLink)}"]`;
  const label = element.getAttribute?.("aria-label");
  if (label) return `[aria-label="${CSS.escape(label)}"]`;
  return element.getAttribute?.("href") ? `a[href="${CSS.escape(element.getAttribute("href"))}"]` : null;
}

const shownIn = (within) => within.querySelector("[data-step-shown]")?.dataset.stepShown;

function swap(id, page) {
  const [now, fresh] = [part(id), part(id, page)];
  if (!now || !fresh || now.isEqualNode(fresh)) return;
  const focused = now.contains(document.activeElement) ? document.activeElement : null;
  // An open menu, or a text that is being read or copied, is left as it is until it is closed.
  if (now.querySelector("[data-menu][open]")) return;
  const place = [...now.querySelectorAll("button, a, summary")].indexOf(focused);
  const key = focusKey(focused);
  const opened = [...now.querySelectorAll("details[open][id]")].map((each) => each.id);
  const scrolled = now.querySelector(".o-code")?.scrollTop ?? 0;
  const typed = shownIn(now) === shownIn(fresh) ? typedIn(now) : new Map();
  now.replaceChildren(...fresh.childNodes);
  keepTyped(now, typed);
  for (const open of opened) part(open)?.setAttribute("open", "");
  const code = now.querySelector(".o-code");
  if (code) code.scrollTop = scrolled;
  if (!focused) return;
  const found = (key && now.querySelector(key)) || now.querySelectorAll("button, a, summary")[place];
  found?.focus({ preventScroll: true });
}

function take(page) {
  const { stepShown } = page.querySelector("[data-step-shown]").dataset; // its parts leave it below
  for (const id of PARTS) swap(id, page);
  Object.assign(root().dataset, page.getElementById("run").dataset);
  dag.update(JSON.parse(page.getElementById("graph-data").textContent));
  dag.select(stepShown);
  renewCounts(page);
}

// ------------------------------------------------------- one step closely

async function show(address) {
  const page = await pageAt(address);
  if (!page) return;
  history.replaceState(null, "", address);
  take(page);
  announce(`Step: ${part("step-h").textContent}`);
}

function choose(step) {
  const query = new URLSearchParams(location.search);
  for (const name of ["item", "page", "after"]) query.delete(name);
  query.set("step", step);
  show(`?${query}`);
}

document.addEventListener("click", (click) => {
  const link = click.target.closest("[data-step-link], [data-tab-link]");
  if (!link || click.ctrlKey || click.metaKey || click.shiftKey || click.button) return;
  click.preventDefault();
  show(link.getAttribute("href"));
});

document.addEventListener("click", async (click) => {
  if (!click.target.closest("[data-copy-link]")) return;
  try {
    await navigator.clipboard.writeText(location.href);
    toast("The link is copied.");
  } catch {
    toast("The link could not be copied: copy it from the address bar.");
  }
});

// ------------------------------------------------------------------- live

let timer = null;
let readAt = 0;

function refreshSoon() {
  timer ??= setTimeout(refresh, Math.max(0, readAt + EVERY - performance.now()));
}

async function refresh() {
  readAt = performance.now();
  timer = null;
  const before = root().dataset.status;
  const page = await pageAt(location.href);
  if (!page) return;
  take(page);
  const { status, ref } = root().dataset;
  const words = root().querySelector("h1 .o-st")?.textContent.trim();
  const step = `${part("step-h").textContent}: ${part("run-step").querySelector(".o-st").textContent.trim()}`;
  announce(status === before ? step : `${ref}: ${words}`);
  if (!OPEN.includes(status)) leave?.();
}

function heard(event) {
  const { seq, entries, status } = root().dataset;
  const same = event.seq === Number(seq) && event.status === status;
  if (event.seq < Number(seq) || (same && event.entries === Number(entries))) return;
  refreshSoon();
}

const { run, snapshot, status } = root().dataset;
const leave = OPEN.includes(status) ? watch(`/ws/workflow-runs/${run}/`, { snapshot, onEvent: heard, repeats: true }) : null;
