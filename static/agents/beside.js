// What a run comes to, beside the input: starts it without leaving the page, and shows how it goes and how it ended.
import { drawCharts } from "../console/charts.js";
import { watch } from "../console/live.js";
import { announce, renewCounts, toast } from "../console/shell.js";

const OPEN = ["queued", "running"];
const AS_PART = { "HX-Request": "true", "HX-Target": "result" };

const result = () => document.getElementById("result");
let leave = null;

/** Put the part of an answer that has this id in the place of what there is. */
async function take(answer, id) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(id);
  if (!fresh) throw new Error(`no ${id} in the answer`);
  document.getElementById(id).replaceWith(fresh);
  return fresh;
}

async function refresh() {
  const { number } = result().dataset;
  const answer = await fetch(`?again=${number}&run=${number}`, { headers: AS_PART });
  if (!answer.ok) return location.reload();
  drawCharts(await take(answer, "result"));
  const page = await fetch(location.href);
  if (page.ok) renewHistory(new DOMParser().parseFromString(await page.text(), "text/html"));
}

function renewHistory(page) {
  const [old, fresh] = [document, page].map((each) => each.getElementById("history"));
  if (old && fresh) old.replaceWith(fresh);
  renewCounts(page);
}

function show(event) {
  const element = result();
  if (event.seq <= Number(element.dataset.seq)) return;
  element.dataset.seq = event.seq;
  if (!OPEN.includes(event.status)) {
    leave?.();
    leave = null;
    announce(`Run ${event.ref}: ${event.status}`);
    refresh();
    return;
  }
  element.querySelector("[data-progress]").value = event.percent;
  element.querySelector("[data-progress-note]").textContent = event.note || "Working";
}

function follow() {
  leave?.();
  leave = null;
  const { run, snapshot, status } = result().dataset;
  if (run && OPEN.includes(status)) leave = watch(`/ws/runs/${run}/`, { snapshot, onEvent: show });
}

async function start(form) {
  const button = form.querySelector(".btn-primary");
  button.disabled = true;
  result().setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: AS_PART });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) {
      const fresh = await take(answer, "input");
      (fresh.querySelector("[data-focus]") ?? fresh.querySelector("[aria-invalid]"))?.focus();
      return;
    }
    const shown = await take(answer, "result");
    history.replaceState(null, "", answer.url);
    drawCharts(shown);
    follow();
    announce(`Run R-${shown.dataset.number} has started.`);
    // Above a long form or below it on a phone, whoever pressed the button is led to the result.
    const { top } = shown.getBoundingClientRect();
    if (top < 0 || top > innerHeight - 160) shown.scrollIntoView();
  } catch {
    toast("The run could not be started. Check the connection and try again.");
  } finally {
    button.disabled = false;
    result().removeAttribute("aria-busy");
  }
}

document.addEventListener("submit", (submit) => {
  if (submit.target.id !== "input" || submit.submitter?.name || submit.defaultPrevented) return;
  submit.preventDefault();
  start(submit.target);
});

follow();
