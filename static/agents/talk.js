// What is said about a result, live: words as they are written, and the text anew once its numbers are checked.
import { watch } from "../console/live.js";
import { announce } from "../console/shell.js";

const OPEN = ["queued", "running"];
const ENDS = { succeeded: "The text is written.", failed: "The text could not be written.", cancelled: "The text was stopped." };

const root = () => document.getElementById("talk");
const item = (id) => root().querySelector(`[data-message="${id}"]`);

// Only the newest answer counts: an older one may come after it.
let asked = 0;

/** Put what has ended in its place; what is being typed elsewhere on the page stays. */
async function refresh() {
  const mine = ++asked;
  const answer = await fetch(location.pathname + location.search);
  if (!answer.ok) return location.reload();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (mine !== asked) return;
  for (const fresh of page.querySelectorAll("#talk [data-message]")) {
    const old = item(fresh.dataset.message);
    if (old && Number(fresh.dataset.seq) < Number(old.dataset.seq)) continue;
    if (old?.contains(document.activeElement) && old.dataset.seq === fresh.dataset.seq) continue;
    if (old) old.replaceWith(fresh);
    else list(page).append(fresh);
  }
}

function list(page) {
  const there = root().querySelector(".o-talk");
  if (there) return there;
  const made = page.querySelector("#talk .o-talk").cloneNode();
  root().querySelector(".card-header").after(made);
  return made;
}

function write(element, { start, text }) {
  const words = element.querySelector("[data-text]");
  if (words && text) words.textContent = words.textContent.slice(0, start) + text;
}

function show(event) {
  const element = item(event.message);
  if (!element) return void refresh();
  if (event.seq < Number(element.dataset.seq)) return;
  const moved = event.status !== element.dataset.status;
  element.dataset.seq = event.seq;
  element.dataset.status = event.status;
  if (moved) {
    if (!OPEN.includes(event.status)) announce(ENDS[event.status]);
    refresh();
  } else write(element, event);
}

let leave = null;

// A run that has just ended brings its card along.
function follow() {
  if (leave || !root()) return;
  const { talk, snapshot } = root().dataset;
  leave = watch(`/ws/runs/${talk}/messages/`, { snapshot, onEvent: show });
}

document.addEventListener("run:renewed", follow);
follow();
