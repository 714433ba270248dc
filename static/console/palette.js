// The palette (Ctrl or Cmd K): one box that finds pages and things. A combobox over a list, in a modal dialog.

const dialog = document.getElementById("palette");
const input = document.getElementById("palette-input");
const list = document.getElementById("palette-list");
const none = dialog.querySelector("[data-palette-none]");
const icons = document.documentElement.dataset.icons;

let asking = null;
let later = null;
let options = [];
let chosen = -1;

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "ic");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${icons}#${name}`);
  svg.append(use);
  return svg;
}

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function choose(index) {
  options[chosen]?.setAttribute("aria-selected", "false");
  chosen = options.length ? (index + options.length) % options.length : -1;
  const option = options[chosen];
  if (!option) return input.removeAttribute("aria-activedescendant");
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", option.id);
}

function show(groups) {
  list.replaceChildren(
    ...groups.map((group, g) =>
      element(
        "div",
        { role: "group", "aria-labelledby": `palette-g${g}` },
        element("p", { role: "presentation", id: `palette-g${g}` }, group.title),
        ...group.items.map((item, i) =>
          element(
            "div",
            { role: "option", id: `palette-${g}-${i}`, "aria-selected": "false", "data-url": item.url },
            icon(item.icon),
            element("b", {}, item.title),
            element("span", {}, item.hint),
          ),
        ),
      ),
    ),
  );
  options = [...list.querySelectorAll("[role=option]")];
  none.hidden = options.length > 0;
  none.textContent = "Nothing you may open has these words. Try fewer, or the number of a run.";
  list.hidden = !options.length;
  input.setAttribute("aria-expanded", String(options.length > 0));
  chosen = -1;
  choose(0);
}

async function ask() {
  asking?.abort();
  asking = new AbortController();
  try {
    const url = `${dialog.dataset.url}?${new URLSearchParams({ q: input.value })}`;
    const answer = await fetch(url, { headers: { Accept: "application/json" }, signal: asking.signal });
    if (!answer.ok) throw new Error(String(answer.status));
    show((await answer.json()).groups);
  } catch (error) {
    if (error.name === "AbortError") return;
    show([]);
    none.textContent = "The server could not be asked. Reload the page and try again.";
  }
}

function open() {
  if (dialog.open) return;
  input.value = "";
  dialog.showModal();
  input.focus();
  ask();
}

document.addEventListener("click", (click) => {
  if (click.target.closest('[data-act="palette"]')) open();
  if (click.target === dialog || click.target.closest('[data-act="palette-close"]')) dialog.close();
});
document.addEventListener("keydown", (press) => {
  if ((press.ctrlKey || press.metaKey) && !press.shiftKey && !press.altKey && press.key.toLowerCase() === "k") {
    press.preventDefault();
    open();
  }
});
input.addEventListener("input", () => {
  clearTimeout(later);
  later = setTimeout(ask, 120);
});
input.addEventListener("keydown", (press) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[press.key];
  if (step) {
    press.preventDefault();
    choose(chosen + step);
  } else if (press.key === "Enter") {
    press.preventDefault();
    if (options[chosen]) location.assign(options[chosen].dataset.url);
  }
});
list.addEventListener("click", (click) => {
  const option = click.target.closest("[role=option]");
  if (option) location.assign(option.dataset.url);
});
