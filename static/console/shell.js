// The frame around every page: menus, theme, toasts, times in the viewer's zone, and the keyboard.
import { announce } from "./basics.js";

export { announce };

const $ = (selector, within = document) => within.querySelector(selector);

// ---------------------------------------------------------------- toasts

const SHOWN_FOR = 10_000;

/** Show a notice for ten seconds. With `undo` (a function) it carries an Undo button. */
export function toast(text, { undo } = {}) {
  const box = $("#toast").content.cloneNode(true).firstElementChild;
  $("p", box).textContent = text;
  if (undo) {
    const button = $("[data-undo]", box);
    button.hidden = false;
    button.addEventListener("click", () => {
      box.remove();
      undo();
    });
  }
  $("#toasts").append(box);
  leaveLater(box);
  return box;
}

// A notice stays while somebody reads it: under the pointer, or with the focus in it. Errors stay until closed.
function leaveLater(box) {
  if (box.getAttribute("role") === "alert") return;
  setTimeout(() => {
    if (box.matches(":hover, :focus-within")) leaveLater(box);
    else box.remove();
  }, SHOWN_FOR);
}
document.querySelectorAll("[data-toast]").forEach(leaveLater);

// ----------------------------------------------------------------- times

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (number) => String(number).padStart(2, "0");
const clock = (date) => `${two(date.getHours())}:${two(date.getMinutes())}`;
const day = (date) => `${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}`;

function showTime(element) {
  const date = new Date(element.dateTime);
  const seconds = Math.floor((Date.now() - date) / 1000);
  const text =
    "clock" in element.dataset ? `${clock(date)}:${two(date.getSeconds())}`
    : seconds >= 0 && seconds < 60 ? `${seconds} s ago`
    : seconds >= 0 && seconds < 3600 ? `${Math.floor(seconds / 60)} min ago`
    : `${day(date)}, ${clock(date)}`;
  if (element.textContent !== text) element.textContent = text;
  element.title = `${day(date)}, ${clock(date)}:${two(date.getSeconds())}`;
}

function showTimes(within = document) {
  within.querySelectorAll("time[data-when], time[data-clock]").forEach(showTime);
}

for (const element of document.querySelectorAll("[data-zone]")) {
  element.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}
showTimes();
setInterval(showTimes, 20_000);
new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.addedNodes) if (node.nodeType === Node.ELEMENT_NODE) showTimes(node);
  }
}).observe(document.body, { childList: true, subtree: true });

// ----------------------------------------------------------------- menus

const menu = $("#menu");
const burger = $('[data-act="menu"]');

function showMenu(open) {
  menu.classList.toggle("show", open);
  burger.setAttribute("aria-expanded", String(open));
  if (open) $("a", menu).focus();
}

const actions = {
  menu: () => showMenu(!menu.classList.contains("show")),
  "menu-close": () => showMenu(false),
  theme: () => document.dispatchEvent(new CustomEvent("theme-next")),
  "toast-close": (button) => button.closest("[data-toast]").remove(),
};

document.addEventListener("click", (click) => {
  const button = click.target.closest("[data-act]");
  if (button) actions[button.dataset.act]?.(button);
  for (const open of document.querySelectorAll("[data-menu][open]")) {
    if (!open.contains(click.target) || click.target.closest("a")) open.open = false;
  }
});

function nameTheme() {
  const word = { auto: "as the system", light: "light", dark: "dark" }[document.documentElement.dataset.theme];
  $("[data-theme-word]").textContent = `Theme: ${word}. Change`;
}
nameTheme();
document.addEventListener("theme", nameTheme);

// Filters answer to a choice at once; typed words wait for Enter.
document.addEventListener("change", (change) => {
  const form = change.target.closest("form[data-autosubmit]");
  if (form && change.target.matches("select, input[type=date]")) form.requestSubmit();
});

// -------------------------------------------------------------- keyboard

const single = $("[data-single-keys]");
const allowed = () => {
  try {
    return localStorage.getItem("single-keys") !== "off";
  } catch {
    return true;
  }
};
if (single) {
  single.checked = allowed();
  single.addEventListener("change", () => {
    try {
      localStorage.setItem("single-keys", single.checked ? "on" : "off");
    } catch {
      toast("This browser keeps no settings: the choice cannot be remembered.");
    }
  });
}

let going = false;

function go(letter) {
  const link = $(`.o-nav a[data-letter="${CSS.escape(letter)}"]`);
  if (link) link.click();
}

function moveRow(step) {
  const links = [...document.querySelectorAll(".o-rows tbody tr, ul.o-rows > li")].map((row) => $("a", row)).filter(Boolean);
  if (!links.length) return;
  const now = links.findIndex((link) => link.closest("tr, li").contains(document.activeElement));
  const next = now < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, now + step));
  links[next].focus();
}

const keys = {
  g: () => {
    going = true;
    setTimeout(() => (going = false), 1500);
  },
  "/": () => ($("[data-filter]") || $('[data-act="palette"]')).focus(),
  "?": () => $(".o-side-foot").click(),
  j: () => moveRow(1),
  k: () => moveRow(-1),
};

document.addEventListener("keydown", (press) => {
  if (press.key === "Escape") {
    for (const open of document.querySelectorAll("[data-menu][open]")) {
      open.open = false;
      $("summary", open).focus();
    }
    if (menu.classList.contains("show")) {
      showMenu(false);
      burger.focus();
    }
    return;
  }
  const typing = press.target.closest("input, textarea, select, [contenteditable], dialog");
  if (typing || press.ctrlKey || press.metaKey || press.altKey || !allowed()) return;
  if (going) {
    going = false;
    go(press.key);
  } else if (keys[press.key]) {
    press.preventDefault();
    keys[press.key]();
  }
});

/** Take over the counts of the navigation from `page`, a newer page as a document. */
export function renewCounts(page) {
  for (const place of [".o-side", ".o-tabs-b"]) {
    const [now, fresh] = [$(place), $(place, page)];
    for (const link of now?.querySelectorAll("a[href]") ?? []) {
      const other = fresh?.querySelector(`a[href="${CSS.escape(link.getAttribute("href"))}"]`);
      const [old, count] = [$(".o-count", link), other && $(".o-count", other)];
      if (old && count) old.replaceWith(count);
      else if (old) old.remove();
      else if (count) link.append(count);
    }
  }
}

// ------------------------------------------------- partial pages (htmx)

document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  toast(status === 403 ? "Your role does not allow this. Nothing was changed." : `The server answered ${status}. Reload the page and try again.`);
});
document.addEventListener("htmx:sendError", () => toast("The server could not be reached. Nothing was changed."));
