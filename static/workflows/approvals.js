// Questions to people, live: a list and the page of one are read anew when runs that ask go on, and when others answer.
import { watch } from "../console/live.js";
import { announce, renewCounts } from "../console/shell.js";
import { keepTyped, typedIn } from "./typed.js";

const EVERY = 700; // milliseconds between two readings of the page at least
const LIST_EVERY = 3000;
const OPEN = ["queued", "running", "waiting", "paused", "undoing"];

async function pageAt(address) {
  const answer = await fetch(address);
  return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
}

/** Call `read` at most once in so many milliseconds, however often it is asked for. */
function atMost(every, read) {
  let [timer, at] = [null, -every];
  return () => {
    timer ??= setTimeout(() => {
      [timer, at] = [null, performance.now()];
      read();
    }, Math.max(0, at + every - performance.now()));
  };
}

// ------------------------------------------------------------------------------------------------------------ a list

const list = document.querySelector("[data-inbox]");
const ticked = (within) => [...within.querySelectorAll('input[name="approval"]:checked')];

function tell() {
  const words = list?.querySelector("[data-chosen]");
  if (!words) return;
  const count = ticked(list).length;
  words.textContent = count === 0 ? "The ticked ones" : count === 1 ? "1 ticked question" : `${count} ticked questions`;
  for (const button of list.querySelectorAll('button[name="answer"]')) button.disabled = !count;
}

function renewList(page) {
  const fresh = page?.querySelector("[data-inbox]");
  if (!fresh || list.isEqualNode(fresh)) return;
  const [chosen, typed] = [ticked(list).map((box) => box.value), typedIn(list)];
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.id ? `#${CSS.escape(focused.id)}` : focused?.href ? `a[href="${focused.getAttribute("href")}"]` : "";
  const before = list.querySelectorAll("[data-approval]").length;
  list.replaceChildren(...fresh.childNodes);
  for (const value of chosen) {
    const box = list.querySelector(`input[name="approval"][value="${CSS.escape(value)}"]:not(:disabled)`);
    if (box) box.checked = true;
  }
  keepTyped(list, typed);
  if (key) list.querySelector(key)?.focus({ preventScroll: true });
  const counts = document.querySelector(".o-inbox-bar .o-seg");
  counts.replaceWith(page.querySelector(".o-inbox-bar .o-seg"));
  renewCounts(page);
  tell();
  const now = list.querySelectorAll("[data-approval]").length;
  announce(now === before ? "The list of questions has changed." : `${now} question${now === 1 ? "" : "s"} in the list.`);
}

if (list && "liveInbox" in list.dataset) {
  const read = atMost(LIST_EVERY, async () => renewList(await pageAt(location.href)));
  // The first messages tell of runs as the page knows them; after that, one that stands otherwise may ask, or have asked.
  const known = new Map();
  let settled = false;
  setTimeout(() => (settled = true), LIST_EVERY);
  watch("/ws/workflow-runs/", {
    snapshot: list.dataset.snapshot,
    onEvent: ({ run, status }) => {
      const before = known.get(run);
      known.set(run, status);
      if (settled && before !== status) read();
    },
  });
}

document.addEventListener("change", (change) => {
  if (change.target.closest("[data-bulk-answer]")) tell();
});
tell();

// ------------------------------------------------------------------------------------------------------ one question

const PARTS = ["decision-head", "decision-panel"];
const decision = document.getElementById("decision");

function renewDecision(page) {
  const fresh = page?.getElementById("decision");
  if (!fresh) return;
  for (const id of PARTS) {
    const [now, other] = [document.getElementById(id), page.getElementById(id)];
    const typed = typedIn(now);
    const focused = now.contains(document.activeElement) ? document.activeElement.id : "";
    now.replaceChildren(...other.childNodes);
    keepTyped(now, typed);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
  decision.dataset.open = fresh.dataset.open;
  renewCounts(page);
  const words = document.querySelector("#decision-head .o-st")?.textContent.trim();
  announce(fresh.dataset.open === "yes" ? "Somebody answered. More answers are waited for." : `Decided: ${words}.`);
}

if (decision?.dataset.open === "yes") {
  let state = null;
  const { run, stateUrl } = decision.dataset;
  const read = atMost(EVERY, async () => {
    const answer = await fetch(stateUrl, { headers: { Accept: "application/json" } });
    if (answer.ok) heard(await answer.json());
  });
  async function heard(event) {
    if (event.state === undefined) return read(); // the run went on: whether the question did, its state tells
    const [before, open] = [state, event.state.split("-")[1] === "open"];
    state = event.state;
    if (before === null || before === state) return;
    // A page that was sent somewhere shows the problem of a form: the question itself has an address of its own.
    renewDecision(await pageAt(stateUrl.replace(/state\/$/, "")));
    if (!open || !OPEN.includes(event.status)) leave();
  }
  const leave = watch(`/ws/workflow-runs/${run}/`, { snapshot: stateUrl, onEvent: heard, repeats: true });
}
