// One training, live: moves the progress with each event, and asks for the page anew at its end.
import { watch } from "../console/live.js";
import { announce } from "../console/shell.js";

const OPEN = ["queued", "training"];
const root = document.getElementById("trained");

function show(event) {
  const bar = root.querySelector("[data-progress]");
  if (bar && event.total) {
    bar.max = event.total;
    bar.value = event.done;
    root.querySelector("[data-progress-count]").textContent = `${event.done} of ${event.total}`;
  }
  if (OPEN.includes(event.status)) return;
  announce("The training has ended");
  location.reload();
}

const { trained, snapshot, status } = root.dataset;
if (OPEN.includes(status)) watch(`/ws/trained/${trained}/`, { snapshot, onEvent: show });
