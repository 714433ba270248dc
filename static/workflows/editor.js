// The editor of workflows: what is typed is kept after a moment, the graph follows, and everything that leads elsewhere
// waits until what was typed is kept. Every action is a form that works without this.
import { announce } from "../console/basics.js";
import { dagIn } from "./dag.js";

const $ = (selector, within = document) => within.querySelector(selector);
const typing = "input:not([type=button]), textarea, select, [contenteditable]";
let dag = null;
let typed = null; // the part of a form in which something was typed that is not kept yet
let waiting = []; // what goes on once it is

// ------------------------------------------------------------------ the graph

function graph() {
  const element = $("[data-dag-of]");
  if (!element || element.classList.contains("drawn")) return;
  $("[data-zoom]").hidden = false;
  dag = dagIn(element, { onSelect: (name) => document.getElementById(`edit-${name}`)?.click() });
}

function redraw() {
  const told = document.getElementById("graph-data");
  if (dag && told && dag.element.isConnected) dag.update(JSON.parse(told.textContent));
}

// ------------------------------------------------------- what is typed is kept

function tell(text) {
  const place = $("[data-kept]");
  if (place) place.textContent = text;
}

document.addEventListener("input", (event) => {
  const part = event.target.closest("[data-autosave]");
  if (!part) return;
  typed = part;
  tell("Keeping what you typed…");
});

document.addEventListener("change", (event) => {
  const part = event.target.closest("[data-autosave]");
  if (!part) return;
  typed = part;
  // What is chosen here decides which fields there are: the form is shown anew.
  if (event.target.matches("[data-again]")) part.closest("form").requestSubmit();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful } = event.detail;
  if (!elt.matches("[data-autosave], form:has([data-autosave])")) return;
  if (!successful) {
    tell("What you typed is not kept yet: the server did not take it.");
    waiting = [];
    return;
  }
  typed = null;
  for (const go of waiting.splice(0)) go();
});

function keepFirst(go) {
  waiting.push(go);
  htmx.trigger(typed, "keep");
}

// Parts of the page: whatever is asked for waits for what was typed, but for the form that brings it along.
document.addEventListener("htmx:confirm", (event) => {
  const { elt, issueRequest } = event.detail;
  if (!typed || !typed.isConnected || elt === typed || elt.contains(typed)) return;
  event.preventDefault();
  keepFirst(() => issueRequest(true));
});

// Whole pages: saving and publishing.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-leaves]") || !typed?.isConnected) return;
  event.preventDefault();
  const { target, submitter } = event;
  keepFirst(() => target.requestSubmit(submitter));
});

window.addEventListener("pagehide", () => {
  if (typed?.isConnected) navigator.sendBeacon(typed.getAttribute("hx-post"), new FormData(typed.closest("form")));
});

// --------------------------------------------------------------- parts arrive

let opened = $("[data-editing]")?.dataset.step ?? "";

function arrived() {
  const now = $("[data-editing]")?.dataset.step ?? "";
  graph();
  redraw();
  ready();
  if (now && now !== opened) {
    const step = document.getElementById(`step-${now}`);
    step?.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    $("#step-form :is(input, textarea, select):not([type=hidden])")?.focus({ preventScroll: true });
  }
  opened = now;
}

document.addEventListener("htmx:afterSettle", arrived);

function ready() {
  for (const grip of document.querySelectorAll("[data-grip]")) grip.hidden = false;
  const find = $("[data-find]");
  if (find && document.activeElement === document.body) find.focus();
}

// ---------------------------------------------------------- finding a new step

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-find]")) return;
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  const list = event.target.closest("[data-add]");
  let found = 0;
  for (const group of list.querySelectorAll("[data-group]")) {
    const offers = [...group.querySelectorAll("[data-words]")];
    for (const offer of offers) offer.hidden = !words.every((word) => offer.dataset.words.includes(word));
    const shown = offers.filter((offer) => !offer.hidden).length;
    group.hidden = shown === 0;
    found += shown;
  }
  $("[data-none]", list).hidden = found > 0;
  announce(found === 1 ? "One is left" : `${found} are left`);
});

// ------------------------------------------------------------ moving by a mouse

let dragged = null;

document.addEventListener("dragstart", (event) => {
  const grip = event.target.closest?.("[data-grip]");
  if (!grip) return;
  dragged = grip.closest("[data-name]");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.name);
  event.dataTransfer.setDragImage(dragged, 20, 20);
  dragged.classList.add("dragged");
});

function place(event) {
  const over = event.target.closest?.("[data-steps] > [data-name]");
  if (!dragged || !over) return null;
  const box = over.getBoundingClientRect();
  return { over, below: event.clientY > box.top + box.height / 2 };
}

document.addEventListener("dragover", (event) => {
  const found = place(event);
  for (const mark of document.querySelectorAll(".drop-above, .drop-below")) mark.classList.remove("drop-above", "drop-below");
  if (!found) return;
  event.preventDefault();
  found.over.classList.add(found.below ? "drop-below" : "drop-above");
});

document.addEventListener("drop", (event) => {
  const found = place(event);
  if (!found) return;
  event.preventDefault();
  const [from, at] = [Number(dragged.dataset.number), Number(found.over.dataset.number) + (found.below ? 1 : 0)];
  const to = at > from ? at - 1 : at;
  if (to === from) return;
  const form = $(".o-estep-a", dragged);
  const told = { do: "move", to: String(to), step: $("[name=step]", form).value, csrfmiddlewaretoken: $("[name=csrfmiddlewaretoken]", form).value };
  htmx.ajax("POST", form.getAttribute("hx-post"), { source: $("#editor"), values: told, target: "#editor", select: "#editor", swap: "outerHTML show:none" });
});

document.addEventListener("dragend", () => {
  dragged?.classList.remove("dragged");
  for (const mark of document.querySelectorAll(".drop-above, .drop-below")) mark.classList.remove("drop-above", "drop-below");
  dragged = null;
});

// ------------------------------------------------------------- undo by the keys

document.addEventListener("keydown", (press) => {
  if (!(press.ctrlKey || press.metaKey) || press.altKey || press.target.closest(typing)) return;
  const key = press.key.toLowerCase();
  const button = key === "z" ? (press.shiftKey ? "redo" : "undo") : key === "y" && !press.shiftKey ? "redo" : "";
  if (!button) return;
  press.preventDefault();
  document.getElementById(button)?.click();
});

graph();
ready();
