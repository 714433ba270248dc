// The editor of workflows: what is typed is kept after a moment, the graph follows, and everything that leads elsewhere
// waits until what was typed is kept. Every action is a form that works without this.
import { announce } from "../console/basics.js";
import { dagIn } from "./dag.js";

const $ = (selector, within = document) => within.querySelector(selector);
const typing = "input:not([type=button]), textarea, select, [contenteditable]";
let dag = null;
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

const SOON = 150; // milliseconds after something was chosen, or a field was left
const LATER = 700; // milliseconds after the last key
let typed = null; // the part of a form in which something was typed that is not kept yet
let sending = false;
let timer = 0;
let waiting = []; // what goes on once all is kept
let refused = false; // what was typed last, as it was changed in another window

const isOpen = () => sending || Boolean(typed?.isConnected);

const CHANGED = 409; // what the server says of a part that has become other in another window

// An answer to that has what was typed in it, and how to go on.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status !== CHANGED || !event.detail.elt.closest("#editor")) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false; // which is told as one that a reload helps against: it would lose what was typed
});

// What was kept is what the forms of this page are made of from now on.
function renumber() {
  const at = $("#editor-kept")?.dataset.at;
  for (const field of document.querySelectorAll("[data-at][name=at]")) field.value = at;
}

function tell(text) {
  const place = $("#editor-kept");
  if (place) place.textContent = text;
}

function keep() {
  clearTimeout(timer);
  if (sending || !typed?.isConnected) return;
  const part = typed;
  typed = null;
  sending = true;
  htmx.trigger(part, "keep");
}

function keepAfter(event, delay) {
  const part = event.target.closest("[data-autosave]");
  if (!part || event.target.matches("[data-insert], [type=search]")) return;
  typed = part;
  tell("Keeping what you typed…");
  clearTimeout(timer);
  // What is chosen here decides which fields there are: the form is shown anew.
  if (event.type === "change" && event.target.matches("[data-again]")) part.closest("form").requestSubmit();
  else timer = setTimeout(keep, delay);
}

document.addEventListener("input", (event) => keepAfter(event, LATER));
document.addEventListener("change", (event) => keepAfter(event, SOON));

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful } = event.detail;
  if (!elt.matches("[data-autosave]")) return;
  const isOther = event.detail.xhr?.status === CHANGED;
  sending = false;
  if (!successful || isOther) {
    typed ??= elt;
    waiting = [];
    tell(isOther ? "Changed in another window: what you type here is not kept." : "What you typed is not kept yet: the server did not take it.");
    // Once: the page stays under the fingers of somebody who types on.
    if (isOther && !refused) $("#editor-refused [data-focus]")?.scrollIntoView({ block: "nearest" });
    refused ||= isOther;
    return;
  }
  refused = false;
  renumber();
  if (typed?.isConnected) keep();
});

// Once its parts have arrived as well: they may replace what was pressed.
document.addEventListener("htmx:afterSettle", () => {
  if (isOpen()) return;
  for (const go of waiting.splice(0)) go();
});

function keepFirst(go) {
  waiting.push(go);
  keep();
}

// Parts of the page: whatever is asked for waits for what was typed, but for the form that brings it along.
document.addEventListener("htmx:confirm", (event) => {
  const { elt, issueRequest } = event.detail;
  if (elt.matches("[data-autosave]") || !isOpen()) return;
  if (typed && elt.contains(typed)) {
    clearTimeout(timer);
    typed = null;
    if (!sending) return;
    event.preventDefault();
    waiting.push(() => issueRequest(true)); // it tells what it was made of, which changes with what is being kept
    return;
  }
  event.preventDefault();
  keepFirst(() => issueRequest(true));
});

// Whole pages: saving and publishing.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-leaves]") || !isOpen()) return;
  event.preventDefault();
  const { target, submitter } = event;
  keepFirst(() => target.requestSubmit(submitter));
});

window.addEventListener("pagehide", () => {
  if (typed?.isConnected) navigator.sendBeacon(typed.getAttribute("hx-post"), new FormData(typed.closest("form")));
});

// --------------------------------------------------------------- parts arrive

let opened = $("[data-editing]")?.dataset.opened ?? "";
let note = ""; // what is typed of the publication stays, whatever else changes
let moved = ""; // the button that moved a step

document.addEventListener("htmx:beforeSwap", () => (note = $("#note")?.value ?? note));
document.addEventListener("click", (click) => (moved = click.target.closest?.(".o-estep-a button")?.id ?? ""));

// The focus stays on the button that moved a step; at an end of the list it is on the other one.
function follow() {
  const button = document.getElementById(moved);
  if (!button) return;
  const other = document.getElementById(moved.startsWith("up-") ? moved.replace("up-", "down-") : moved.replace("down-", "up-"));
  (button.disabled ? other : button).focus({ preventScroll: true });
  button.scrollIntoView({ block: "nearest" });
  moved = "";
}

function arrived() {
  const now = $("[data-editing]")?.dataset.opened ?? "";
  if (note && $("#note")) $("#note").value = note;
  follow();
  graph();
  redraw();
  undoable();
  ready();
  if (now && now !== opened) {
    const step = document.getElementById(`step-${now}`);
    step?.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    $("#step-form :is(input, textarea, select):not([type=hidden])")?.focus({ preventScroll: true });
  }
  opened = now;
}

document.addEventListener("htmx:afterSettle", arrived);

// The buttons stay where they are, as they may have the focus; only whether they can be pressed is other.
function undoable() {
  const told = $("#editor-kept")?.dataset;
  for (const name of ["undo", "redo"]) document.getElementById(name).disabled = told[name] !== "yes";
}

function ready() {
  for (const grip of document.querySelectorAll("[data-grip]")) grip.hidden = false;
  const find = $("[data-add-find]");
  if (find && document.activeElement === document.body) find.focus();
}

// ---------------------------------------------------------- finding a new step

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-add-find]")) return;
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
