// One trial of prompts while it is under way: asks how far it is, and for the page anew when an answer came.
import { announce } from "../console/shell.js";

const EVERY = 2_000;
const LONGEST = 30_000;
const root = () => document.getElementById("trial");

async function refresh() {
  const answer = await fetch(location.href);
  if (!answer.ok) return location.reload();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  root().replaceWith(page.getElementById("trial"));
}

async function look(wait) {
  let next = EVERY;
  try {
    const answer = await fetch(root().dataset.snapshot);
    if (!answer.ok) throw new Error(answer.statusText);
    const now = await answer.json();
    const { status, done } = root().dataset;
    if (now.status !== status || now.done > Number(done)) {
      await refresh();
      announce(now.is_open ? `${now.done} of ${now.total} answers` : "The trial has ended");
    }
    if (!now.is_open) return;
  } catch {
    next = Math.min(LONGEST, wait * 2);
  }
  setTimeout(() => look(next), next);
}

if (["queued", "running"].includes(root().dataset.status)) look(EVERY);
