// A trial while an agent of it is at work: asks whether it has answered, and then for the page anew.
import { announce, renewCounts } from "../console/shell.js";

const EVERY = 1000;

const root = () => document.getElementById("trial");

async function refresh() {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  root().replaceWith(page.getElementById("trial"));
  renewCounts(page);
}

async function look() {
  const { snapshot, status } = root().dataset;
  if (status !== "running") return;
  try {
    const answer = document.hidden ? null : await fetch(snapshot, { headers: { Accept: "application/json" } });
    if (answer && [401, 403, 404].includes(answer.status)) return;
    if (answer?.ok && (await answer.json()).status !== status) {
      await refresh();
      announce("The agent has answered.");
    }
  } catch {
    // No network: the next look tells.
  }
  setTimeout(look, EVERY);
}

setTimeout(look, EVERY);
