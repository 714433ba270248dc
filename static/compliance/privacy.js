// One request about a person, live: the page is asked for anew while somebody is at work on it.
import { announce } from "../console/shell.js";

const EVERY = 2000;
const root = () => document.getElementById("privacy-request");

async function look() {
  if (root().dataset.atWork !== "true") return;
  try {
    const answer = document.hidden ? null : await fetch(location.href);
    if (answer && [401, 403, 404].includes(answer.status)) return;
    if (answer?.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // No network: the next look tells.
  }
  setTimeout(look, EVERY);
}

function show(page) {
  const now = page.getElementById("privacy-request");
  if (!now || now.dataset.seq === root().dataset.seq || root().contains(document.activeElement)) return;
  root().replaceWith(now);
  if (now.dataset.atWork === "true") return;
  announce(now.querySelector("#state-h + span").textContent.trim());
  document.querySelector(".o-head .act").replaceWith(page.querySelector(".o-head .act"));
}

setTimeout(look, EVERY);
