// The form of a step: what is picked from earlier can be searched, values are inserted where the cursor is, and the focus
// follows what is added and removed. Without this script its buttons do the same.
import { announce } from "../console/basics.js";

const FORMS = "[data-stepform]";
const REFERENCE = /^\$\{[^{}]+\}$/;
let pressed = null; // the button that changed the form, for where the focus goes afterwards

function enhance(within) {
  for (const element of within.querySelectorAll(`${FORMS} [data-scripted]`)) element.hidden = true;
  for (const select of within.querySelectorAll(`${FORMS} select[data-pick]`)) searchable(select);
}

document.addEventListener("click", (click) => {
  const button = click.target.closest?.(`${FORMS} button[name=act]`);
  if (button) pressed = button.value;
});

// After a row was added the cursor is in it; after one was removed, where it was.
function follow(within) {
  const [verb, argument, ...rest] = (pressed ?? "").split(" ");
  pressed = null;
  if (!rest.length) return;
  const id = `sf-${rest.join(" ").replaceAll(/[^\p{L}\p{N}]/gu, "-")}`;
  const place = ["", "-c", "-l"].map((end) => document.getElementById(id + end)).findLast((found) => found);
  if (!place || !within.contains(place)) return;
  const rows = [...place.querySelectorAll(":scope > .o-sf-row, :scope > .o-cond-i")];
  const row = verb.startsWith("add") ? rows.at(-1) : (rows[Number(argument)] ?? rows.at(-1));
  const target = (row ?? place).querySelector("input:not([type=hidden]), select, textarea, button");
  target?.focus();
  if (verb === "remove") announce("Removed");
  if (verb.startsWith("add")) announce("Added");
}

// ------------------------------------------------------------------------------------------------- insert at the cursor

const carets = new WeakMap(); // where the cursor was in a text when it was left

document.addEventListener("focusout", (left) => {
  const field = left.target;
  if (field.closest?.(FORMS) && field.matches("textarea, input[type=text]")) {
    carets.set(field, [field.selectionStart, field.selectionEnd]);
  }
});

function insert(field) {
  const told = field.value.trim();
  const target = document.getElementById(field.dataset.insert);
  if (!REFERENCE.test(told) || !target) return;
  const [from, to] = carets.get(target) ?? [target.value.length, target.value.length];
  target.setRangeText(told, from, to, "end");
  field.value = "";
  field.closest("details").open = false;
  target.focus();
  target.dispatchEvent(new Event("input", { bubbles: true }));
  target.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("click", (click) => {
  const button = click.target.closest?.(`${FORMS} .o-val-in button[name=act]`);
  if (!button) return;
  click.preventDefault();
  insert(button.parentElement.querySelector("[data-insert]"));
});

document.addEventListener("keydown", (press) => {
  if (press.key !== "Enter" || !press.target.matches?.("[data-insert]")) return;
  press.preventDefault();
  insert(press.target);
});

// ------------------------------------------------------------------------------------------------- search what there is

function searchable(select) {
  if (select.dataset.found !== undefined || select.options.length < 9) return;
  select.dataset.found = "";
  const words = select.labels[0]?.textContent.trim() ?? "";
  const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-sm o-find-b" });
  const about = Object.assign(document.createElement("span"), { className: "visually-hidden" });
  about.append(`Search for “${words}”`);
  button.append(document.querySelector("[data-pick-icon]").content.cloneNode(true), about);
  button.setAttribute("aria-haspopup", "dialog");
  button.addEventListener("click", () => search(select, words));
  select.after(button);
}

function search(select, words) {
  const dialog = Object.assign(document.createElement("dialog"), { className: "o-find" });
  dialog.setAttribute("aria-label", `Search: ${words}`);
  const field = Object.assign(document.createElement("input"), { type: "search", className: "form-control" });
  field.setAttribute("aria-label", "Search by name, step, type or sample");
  field.placeholder = "Name, step, type or sample";
  const list = Object.assign(document.createElement("ul"), { className: "o-find-l" });
  const none = Object.assign(document.createElement("p"), { className: "form-hint", textContent: "Nothing is called so." });
  const close = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: "Close" });
  const take = (value) => {
    select.value = value;
    dialog.close();
    select.focus();
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const items = [...select.options].filter((option) => option.value).map((option) => {
    const group = option.parentElement.matches("optgroup") ? option.parentElement.label : "";
    const item = document.createElement("li");
    const choose = Object.assign(document.createElement("button"), { type: "button" });
    const title = Object.assign(document.createElement("b"), { textContent: option.textContent });
    const about = [group, option.dataset.about].filter(Boolean).join(": ");
    const from = Object.assign(document.createElement("span"), { textContent: about });
    choose.append(title, from);
    choose.addEventListener("click", () => take(option.value));
    item.append(choose);
    list.append(item);
    return { item, text: `${about} ${option.textContent}`.toLowerCase() };
  });
  const narrow = () => {
    const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { item, text } of items) item.hidden = !wanted.every((word) => text.includes(word));
    none.hidden = items.some(({ item }) => !item.hidden);
  };
  field.addEventListener("input", narrow);
  dialog.addEventListener("keydown", (press) => {
    const open = items.filter(({ item }) => !item.hidden).map(({ item }) => item.firstChild);
    const at = open.indexOf(document.activeElement);
    if (press.key === "ArrowDown") (open[at + 1] ?? open[0])?.focus();
    else if (press.key === "ArrowUp") (at > 0 ? open[at - 1] : field).focus();
    else if (press.key === "Enter" && document.activeElement === field) open[0]?.click();
    else return;
    press.preventDefault();
  });
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.append(field, none, list, close);
  document.querySelector("main").append(dialog);
  narrow();
  dialog.showModal();
  field.focus();
}

enhance(document);
document.addEventListener("htmx:afterSettle", () => {
  enhance(document);
  follow(document);
});
