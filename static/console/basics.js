// What every page has, with or without the shell: copying, and focus on what went wrong.

const SPOKEN_EVERY = 5000;
let spokenAt = -SPOKEN_EVERY;
let waiting = null;

/** Have `text` read out; at most one message in five seconds, and of several the last. */
export function announce(text) {
  const region = document.getElementById("say");
  if (!region) return;
  clearTimeout(waiting);
  const rest = spokenAt + SPOKEN_EVERY - performance.now();
  if (rest > 0) {
    waiting = setTimeout(announce, rest, text);
    return;
  }
  spokenAt = performance.now();
  region.textContent = text;
}

document.addEventListener("click", async (click) => {
  const button = click.target.closest('[data-act="copy"]');
  if (!button) return;
  const text = button.parentElement.querySelector("[data-copy-text]").textContent.trim();
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied");
    button.lastChild.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("[data-copy-text]"));
    button.lastChild.textContent = "Selected";
  }
});

document.querySelector("[data-focus]")?.focus();
