// Runs of workflows in a list, live; and how many of them are chosen.
import { liveRuns } from "../console/runlist.js";

const chosen = () => document.querySelectorAll('[data-bulk] input[name="run"]:checked').length;

function tell() {
  const words = document.querySelector("[data-chosen]");
  if (!words) return;
  words.textContent = chosen() === 1 ? "1 chosen run:" : `${chosen()} chosen runs:`;
  for (const button of document.querySelectorAll('[data-bulk] button[name="action"]')) button.disabled = !chosen();
}

liveRuns({
  socket: "/ws/workflow-runs/",
  of: "workflow",
  open: ["queued", "running", "waiting", "paused", "undoing"],
  onRow: (old, fresh) => {
    const [was, is] = [old, fresh].map((row) => row.querySelector('input[name="run"]'));
    if (was && is) is.checked = was.checked;
  },
});
document.addEventListener("change", (change) => {
  if (change.target.closest("[data-bulk]")) tell();
});
tell();
