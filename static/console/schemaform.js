// Forms from schemas. Rows are added, moved and removed in the page; all else that changes a form is asked of the
// server, which answers with the part anew. Without this script each of the buttons sends the form instead.
import { announce } from "./basics.js";
import { toast } from "./shell.js";
import "./suggest.js";

const CONTROLS = "input:not([type=hidden]), select, textarea";
const grid = (element) => element.closest?.("[data-rows]");
const bodyOf = (part) => part.querySelector("[data-body]");
const blankOf = (part) => part.querySelector(":scope > template");
const rowsOf = (part) => [...bodyOf(part).querySelectorAll(":scope > [data-row]")];
const controlsOf = (row) => [...row.querySelectorAll(CONTROLS)];

// ---------------------------------------------------------------------------------------------------- rows in the page

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

// The number of a row stands in the names, the ids and the labels of all that is in it.
function renumber(part) {
  const path = part.dataset.part;
  const place = new RegExp(`(^|\\s)${escaped(path)}\\.(?:\\d+|_row_)(?=[.]|$)`);
  const id = new RegExp(`\\bf-${escaped(path.replaceAll(".", "-"))}-(?:\\d+|_row_)(?=-|$)`, "g");
  const rows = rowsOf(part);
  rows.forEach((row, at) => {
    const number = row.querySelector("[data-number]");
    if (number.textContent === String(at + 1)) return;
    number.textContent = at + 1;
    for (const element of row.querySelectorAll("[name], [id], [aria-describedby]")) {
      const named = element.matches("button") ? "value" : "name";
      if (element.hasAttribute(named)) {
        element.setAttribute(named, element.getAttribute(named).replace(place, `$1${path}.${at}`));
      }
      for (const name of ["id", "aria-describedby"]) {
        if (element.hasAttribute(name)) {
          element.setAttribute(name, element.getAttribute(name).replace(id, `f-${path.replaceAll(".", "-")}-${at}`));
        }
      }
    }
    for (const words of row.querySelectorAll("button .visually-hidden")) {
      words.textContent = words.textContent.replace(/row \d*/, `row ${at + 1}`);
    }
  });
  part.querySelector("[data-count]").value = rows.length;
  part.querySelector("[data-none]").hidden = rows.length > 0;
}

function add(part) {
  const number = rowsOf(part).length + 1;
  if (number > Number(part.dataset.most)) {
    toast(`${part.dataset.most} rows are edited here. Paste or upload more at once, or enter them as JSON.`);
    return;
  }
  bodyOf(part).append(blankOf(part).content.cloneNode(true));
  renumber(part);
  controlsOf(rowsOf(part).at(-1))[0]?.focus();
  announce(`Row ${number} was added.`);
}

function remove(part, row) {
  const rows = rowsOf(part);
  const at = rows.indexOf(row);
  const put = () => {
    bodyOf(part).insertBefore(row, rowsOf(part)[at] ?? null);
    renumber(part);
    controlsOf(row)[0]?.focus();
  };
  row.remove();
  renumber(part);
  const near = rows[at + 1] ?? rows[at - 1];
  (near ? controlsOf(near)[0] : part.querySelector("[data-edit-row=add]"))?.focus();
  toast(`Row ${at + 1} was removed.`, { undo: put });
}

function move(part, row, by) {
  const rows = rowsOf(part);
  const at = rows.indexOf(row);
  const other = rows[at + by];
  const held = document.activeElement;
  if (!other) return;
  bodyOf(part).insertBefore(row, by < 0 ? other : other.nextSibling);
  renumber(part);
  held.focus();
  announce(`Row ${at + 1} is row ${at + 1 + by} now.`);
}

const CHANGES = {
  add: (part) => add(part),
  remove,
  up: (part, row) => move(part, row, -1),
  down: (part, row) => move(part, row, 1),
};

// ---------------------------------------------------------------------------------------------------- asked of the server

/** Sends the form with an edit, and shows the part anew that it changed. Nothing is carried out by it. */
async function ask(part, told, { file, then } = {}) {
  const form = part.closest("form");
  const body = new FormData(form);
  for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
  body.set("_edit", told);
  if (file) body.set("_file", file);
  part.setAttribute("aria-busy", "true");
  try {
    const headers = { "HX-Request": "true", "HX-Target": form.id };
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const same = part.matches("[data-rows]") ? "[data-rows]" : ":not([data-rows])";
    const fresh = page.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]${same}`);
    if (!fresh) throw new Error("the part is not in the answer");
    part.replaceWith(fresh);
    enhance(fresh);
    const note = page.querySelector(".o-note, .o-callout p")?.textContent.trim();
    if (note) toast(note);
    then?.(fresh);
  } catch {
    part.removeAttribute("aria-busy");
    toast("The server could not be asked. Nothing was changed: try again.");
  }
}

function focusOn(part, row = 0, column = 0) {
  const rows = bodyOf(part) ? rowsOf(part) : [];
  const found = rows.length ? controlsOf(rows[Math.min(row, rows.length - 1)])[column] : part.querySelector(CONTROLS);
  found?.focus();
}

document.addEventListener("click", (click) => {
  const button = click.target.closest?.("form[data-schemaform] button[name=_edit]");
  const part = button?.closest("[data-part]");
  if (!part) return; // the whole form changes, as from fields to JSON
  click.preventDefault();
  const row = button.closest("[data-row]");
  const change = CHANGES[button.dataset.editRow];
  if (change && blankOf(part)) change(part, row);
  else ask(part, button.value, { then: (fresh) => focusOn(fresh, Infinity) });
});

document.addEventListener("change", (change) => {
  const chosen = change.target;
  if (!chosen.closest?.("form[data-schemaform]")) return;
  if (chosen.dataset.edit) {
    ask(chosen.closest("[data-part]"), chosen.dataset.edit, { then: (fresh) => fresh.querySelector("select")?.focus() });
  } else if (chosen.dataset.fill && chosen.files.length) {
    ask(grid(chosen), `fill ${chosen.dataset.fill}`, { file: chosen.files[0], then: (fresh) => focusOn(fresh) });
  }
});

// ----------------------------------------------------------------------------------------------------------- pasted cells

document.addEventListener("paste", (paste) => {
  const part = grid(paste.target);
  const row = paste.target.closest?.("[data-row]");
  if (!part || !row || !blankOf(part) || !paste.target.matches(CONTROLS)) return;
  const text = paste.clipboardData?.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n+$/, "") ?? "";
  if (!text.includes("\t") && (!text.includes("\n") || paste.target.matches("textarea"))) return;
  paste.preventDefault();
  const [at, column] = [rowsOf(part).indexOf(row), controlsOf(row).indexOf(paste.target)];
  part.querySelector("textarea[name$='.&']").value = text;
  ask(part, `fill ${part.dataset.part} ${at} ${column}`, { then: (fresh) => focusOn(fresh, at, column) });
});

// --------------------------------------------------------------------------------------------------------------- keyboard

// As in a spreadsheet: Enter and the arrows go from row to row. Not while a list of suggestions is open.
document.addEventListener("keydown", (press) => {
  const field = press.target;
  const part = grid(field);
  const row = field.closest?.("[data-row]");
  if (!part || !row || !blankOf(part) || press.defaultPrevented || press.isComposing) return;
  if (press.altKey && !press.ctrlKey && !press.metaKey) return change(press, part, row);
  if (!field.matches("input:not([type=checkbox]), select") || press.ctrlKey || press.metaKey) return;
  const step = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[press.key];
  if (!step || (press.key !== "Enter" && !field.matches("[type=text]"))) return;
  press.preventDefault();
  const rows = rowsOf(part);
  const next = rows[rows.indexOf(row) + (press.shiftKey ? -step : step)];
  if (next) controlsOf(next)[controlsOf(row).indexOf(field)].focus();
  else if (press.key === "Enter" && !press.shiftKey) add(part);
});

function change(press, part, row) {
  const name = { ArrowUp: "up", ArrowDown: "down", Delete: "remove" }[press.key];
  if (!name || (press.target.matches("select") && name !== "remove")) return;
  press.preventDefault();
  CHANGES[name](part, row);
}

// What only works with this script is shown by it, and what is there for want of it is not.
function enhance(within) {
  for (const element of within.querySelectorAll("[data-with-script]")) element.hidden = false;
  for (const element of within.querySelectorAll("[data-scripted]")) element.hidden = true;
}

enhance(document);
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) if (node.matches?.("form")) enhance(node);
}).observe(document.body, { childList: true, subtree: true });
