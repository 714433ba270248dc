// What somebody has typed is not lost when the part of a page in which they did is renewed.

const CONTROLS = "textarea, select, input:not([type=hidden], [type=checkbox], [type=radio], [type=file])";

const isChanged = (control) =>
  control.matches("select")
    ? [...control.options].some((option) => option.selected !== option.defaultSelected)
    : control.value !== control.defaultValue;

/** What was typed or chosen within a part: label and value by name. */
export function typedIn(part) {
  const found = new Map();
  for (const control of part.querySelectorAll(CONTROLS)) {
    if (!control.name || !isChanged(control)) continue;
    const label = control.labels?.[0]?.firstChild?.textContent.trim() || control.name;
    found.set(control.name, { label, value: control.value });
  }
  return found;
}

/** Put it back where there is a place for it; show what there is no place for any more. */
export function keepTyped(part, typed) {
  const lost = [];
  for (const [name, { label, value }] of typed) {
    const control = part.querySelector(`[name="${CSS.escape(name)}"]`);
    if (control) control.value = value;
    else if (value.trim()) lost.push([label, value]);
  }
  if (!lost.length) return;
  const box = document.createElement("div");
  box.className = "card-body o-kept";
  const title = document.createElement("p");
  title.textContent = "This changed while you wrote, and nothing of yours was recorded. What you had written:";
  box.append(title);
  for (const [label, value] of lost) {
    const [name, text] = [document.createElement("b"), document.createElement("blockquote")];
    name.textContent = label;
    text.className = "o-said";
    text.textContent = value;
    box.append(name, text);
  }
  const head = part.querySelector(":scope > .card-header, :scope > .card > .card-header");
  if (head) head.after(box);
  else part.prepend(box);
}
