// The text of a definition: numbers beside its lines, Tab indents, and what is wrong leads to its line.
const field = document.getElementById("text");
const numbers = document.querySelector("[data-lines]");
const INDENT = "  ";

function number() {
  const count = field.value.split("\n").length;
  if (numbers.dataset.count === String(count)) return;
  numbers.dataset.count = String(count);
  numbers.textContent = Array.from({ length: count }, (_, at) => at + 1).join("\n");
}

function follow() {
  numbers.scrollTop = field.scrollTop;
}

// The field's own undo keeps what is put in this way.
function put(text, from, to) {
  field.setSelectionRange(from, to);
  if (!document.execCommand("insertText", false, text)) field.setRangeText(text, from, to, "end");
}

function indent(back) {
  const { value, selectionStart: from, selectionEnd: to } = field;
  if (from === to && !back) {
    put(INDENT, from, to);
    return;
  }
  const first = value.lastIndexOf("\n", from - 1) + 1;
  const next = value.indexOf("\n", to > from && value[to - 1] === "\n" ? to - 1 : to);
  const last = next < 0 ? value.length : next;
  const lines = value.slice(first, last).split("\n");
  const moved = lines.map((line) => (back ? line.replace(/^ {1,2}/, "") : INDENT + line)).join("\n");
  put(moved, first, last);
  field.setSelectionRange(first, first + moved.length);
}

function show(line) {
  const lines = field.value.split("\n");
  const from = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  field.focus();
  field.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
  const height = field.scrollHeight / lines.length;
  field.scrollTop = Math.max(0, (line - 5) * height);
  field.scrollIntoView({ block: "nearest" });
}

if (field && numbers) {
  let freed = false; // by Esc: Tab then leaves the field, as keyboards expect
  numbers.hidden = false;
  document.querySelector("[data-tab-hint]").hidden = false;
  number();
  field.addEventListener("input", number);
  field.addEventListener("scroll", follow);
  field.addEventListener("focus", () => (freed = false));
  field.addEventListener("keydown", (press) => {
    if (press.key === "Escape") freed = true;
    if (press.key !== "Tab" || freed) return;
    press.preventDefault();
    indent(press.shiftKey);
  });
  document.addEventListener("click", (click) => {
    const link = click.target.closest("[data-line]");
    if (!link) return;
    click.preventDefault();
    show(Number(link.dataset.line));
  });
}
