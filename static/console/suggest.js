// Help while a text is typed: a combobox (ARIA 1.2) over what the server suggests for `data-suggest`.
const PAUSE = 150; // milliseconds without a key before the server is asked
const kept = new Map();
let box, field, asking, waiting;

const isOpen = () => Boolean(box && !box.hidden);
const options = () => [...box.children];
const active = () => box.querySelector("[aria-selected=true]");

function listbox() {
  if (!box) {
    box = Object.assign(document.createElement("ul"), { id: "suggestions", className: "o-suggest", hidden: true });
    box.setAttribute("role", "listbox");
    box.setAttribute("aria-label", "Suggestions");
    box.addEventListener("mousedown", (press) => {
      press.preventDefault(); // the field keeps the focus
      const option = press.target.closest("li");
      if (option) take(option);
    });
    document.querySelector("main").append(box);
  }
  return box;
}

function close() {
  clearTimeout(waiting);
  asking?.abort();
  if (!isOpen()) return;
  box.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function take(option) {
  field.value = option.textContent;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  close();
}

function show(found) {
  if (!found.length || document.activeElement !== field) return close();
  listbox().replaceChildren(
    ...found.map((text, at) => {
      const option = Object.assign(document.createElement("li"), { id: `suggestion-${at}`, textContent: text });
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      return option;
    }),
  );
  const { left, bottom, width } = field.getBoundingClientRect();
  Object.assign(box.style, { left: `${left + scrollX}px`, top: `${bottom + scrollY}px`, minWidth: `${width}px` });
  box.hidden = false;
  field.setAttribute("aria-expanded", "true");
  field.setAttribute("aria-controls", box.id);
}

function choose(by) {
  const all = options();
  const at = all.indexOf(active());
  const next = all[(at + by + all.length + (at < 0 && by < 0 ? 1 : 0)) % all.length];
  for (const option of all) option.setAttribute("aria-selected", String(option === next));
  field.setAttribute("aria-activedescendant", next.id);
  next.scrollIntoView({ block: "nearest" });
}

async function ask() {
  const text = field.value.trim();
  const path = field.name.split(".").filter((part) => !/^\d+$/.test(part)).join(".");
  const address = `${field.dataset.suggest}?${new URLSearchParams({ path, text })}`;
  if (!text) return close();
  if (!kept.has(address)) {
    asking?.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" }, signal: asking.signal });
      if (!answer.ok) return close();
      kept.set(address, (await answer.json()).suggestions);
    } catch {
      return; // help that does not come is no error: what was typed stands
    }
  }
  show(kept.get(address).filter((each) => each !== text));
}

document.addEventListener("focusin", ({ target }) => {
  if (!target.matches?.("input[data-suggest]")) return;
  field = target;
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-expanded", "false");
});
document.addEventListener("focusout", ({ target }) => target === field && close());
document.addEventListener("input", ({ target }) => {
  if (!target.matches?.("input[data-suggest]")) return;
  clearTimeout(waiting);
  waiting = setTimeout(ask, PAUSE);
});

// Before the keys of a table: while the list is open they are its own.
document.addEventListener(
  "keydown",
  (press) => {
    if (press.target !== field || !isOpen() || press.altKey) return;
    if (press.key === "ArrowDown") choose(1);
    else if (press.key === "ArrowUp") choose(-1);
    else if (press.key === "Enter" && active()) take(active());
    else if (press.key === "Escape") close();
    else return;
    press.preventDefault();
  },
  { capture: true },
);
