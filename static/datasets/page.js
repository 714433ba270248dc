// The page of all datasets: uploads by button or drop, with progress; a refusal is told on the spot.
import { announce, toast } from "../console/shell.js";
import { upload } from "./upload.js";

const form = document.getElementById("upload");
const box = form.querySelector("[data-upload]");
const refused = form.querySelector("[data-refused]");
const field = (name) => form.elements.namedItem(name);
const part = (name) => refused.querySelector(`[data-refused-${name}]`);
const submit = form.querySelector("[type=submit]");

function show({ part: share, text }) {
  const bar = box.querySelector("progress");
  const words = box.querySelector("[data-upload-text]");
  if (share === null) bar.removeAttribute("value");
  else bar.value = 100 * share;
  box.querySelector("[data-upload-stop]").hidden = share === null;
  const [stage] = text.split(":");
  if (words.textContent.split(":")[0] !== stage) announce(stage);
  words.textContent = text;
}

function refuse({ title, detail, remedy, issues = [] }) {
  part("title").textContent = title;
  part("text").textContent = detail || "";
  part("remedy").textContent = remedy || "";
  part("issues").replaceChildren(
    ...issues.map((issue) => Object.assign(document.createElement("li"), { textContent: issue.message })),
  );
  refused.hidden = false;
  refused.focus();
}

async function send(file) {
  if (submit.disabled) return;
  refused.hidden = true;
  if (file.size > Number(form.dataset.most)) {
    return refuse({ title: `${file.name} is too large`, detail: form.dataset.tooLarge, remedy: form.dataset.tooLargeRemedy });
  }
  const body = new FormData(form);
  body.set("file", file);
  submit.disabled = true;
  box.hidden = false;
  const running = upload(body, { url: form.action, token: field("csrfmiddlewaretoken").value, onstep: show });
  box.querySelector("[data-upload-stop]").onclick = running.stop;
  try {
    location.assign((await running.done).url);
  } catch (problem) {
    submit.disabled = false;
    box.hidden = true;
    field("file").value = "";
    if (problem) refuse(problem);
    else toast("The upload was stopped. Nothing was stored.");
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const [file] = field("file").files;
  if (file) send(file);
});

// The whole page takes a file that is dropped, so that none opens in its place.
const zone = form.querySelector("[data-drop]");
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (drag) => {
    if (!drag.dataTransfer?.types.includes("Files")) return;
    drag.preventDefault();
    zone.classList.toggle("over", kind === "dragover");
    if (kind !== "drop") return;
    if (drag.dataTransfer.files.length === 1) send(drag.dataTransfer.files[0]);
    else toast("Drop one file at a time.");
  });
}

if (!refused.hidden) refused.focus();
