// The builder of agents: puts the names of what goes in into the prompt, and finds tools.
const NAMES = "[name='agent.instructions'], [name='agent.request']";
let last = document.querySelector("[name='agent.request']");

document.addEventListener("focusin", ({ target }) => {
  if (target.matches?.(NAMES)) last = target;
});

for (const button of document.querySelectorAll("[data-put]")) button.hidden = false;
for (const said of document.querySelectorAll("[data-put-said]")) said.hidden = true;

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-put]");
  if (!button || !last) return;
  last.setRangeText(`{${button.dataset.put}}`, last.selectionStart, last.selectionEnd, "end");
  last.focus();
});

document.querySelector("[data-find=tool]")?.addEventListener("input", ({ target }) => {
  const words = target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const tool of document.querySelectorAll("[data-tool]")) {
    const text = tool.textContent.toLowerCase();
    tool.hidden = !tool.querySelector("input").checked && !words.every((word) => text.includes(word));
  }
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = !group.querySelector("[data-tool]:not([hidden])");
  }
});

// A search among the tools is no part of what is kept.
document.querySelector("[data-find=tool]")?.addEventListener("keydown", (press) => {
  if (press.key === "Enter") press.preventDefault();
});
