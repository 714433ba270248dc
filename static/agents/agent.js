// The input of an agent: uploads a file with progress, and asks the server again what it understood after a change.
import { announce, toast } from "../console/shell.js";
import { upload } from "../datasets/upload.js";

const form = () => document.getElementById("input");
const zone = () => form().querySelector("[data-drop]");

// Only one look at the input is of interest: a newer one ends the older.
let looking = null;

async function look(values) {
  const { agentUrl } = form().dataset;
  const address = `${agentUrl}?${new URLSearchParams(values)}`;
  looking?.abort();
  looking = new AbortController();
  form().setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, {
      headers: { "HX-Request": "true", "HX-Target": "input" },
      signal: looking.signal,
    });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("input");
    if (!fresh) throw new Error("no form in the answer");
    const focused = document.activeElement?.id;
    form().replaceWith(fresh);
    (fresh.querySelector("[data-focus]") || document.getElementById(focused) || fresh.querySelector(".o-source a"))?.focus();
    announce(fresh.querySelector(".o-understood legend + p")?.textContent || "The input was looked at.");
    history.replaceState(null, "", address);
  } catch (error) {
    if (error.name === "AbortError") return;
    toast("The server could not be asked. Check the connection and try again.");
    form().removeAttribute("aria-busy");
  }
}

// What was understood of another table is no use to a new one.
function entered({ besides = "" } = {}) {
  const values = new FormData(form());
  values.delete("csrfmiddlewaretoken");
  if (besides) for (const field of form().querySelectorAll(besides)) values.delete(field.name);
  for (const [name, value] of [...values]) if (value === "" || value instanceof File) values.delete(name);
  return values;
}

function show({ part, text }) {
  const box = form().querySelector("[data-upload]");
  const bar = box.querySelector("progress");
  box.hidden = false;
  if (part === null) bar.removeAttribute("value");
  else bar.value = 100 * part;
  box.querySelector("[data-upload-stop]").hidden = part === null;
  const words = box.querySelector("[data-upload-text]");
  if (words.textContent.split(":")[0] !== text.split(":")[0]) announce(text);
  words.textContent = text;
}

async function send(file) {
  const { uploadUrl, most, tooLarge, tooLargeRemedy } = zone().dataset;
  form().querySelector("[data-refused]")?.remove();
  if (file.size > Number(most)) {
    return refuse({ title: `${file.name} is too large`, detail: tooLarge, remedy: tooLargeRemedy });
  }
  const body = new FormData();
  body.set("file", file);
  const token = form().querySelector("[name=csrfmiddlewaretoken]").value;
  const running = upload(body, { url: uploadUrl, token, onstep: show });
  form().querySelector("[data-upload-stop]").onclick = running.stop;
  try {
    const dataset = await running.done;
    const values = entered({ besides: "[data-understood]" });
    values.set(`${form().dataset.table}.dataset`, dataset.id);
    await look(values);
  } catch (problem) {
    if (problem) refuse(problem);
    else toast("The upload was stopped. Nothing was stored.");
  } finally {
    const box = form().querySelector("[data-upload]");
    if (box) box.hidden = true;
  }
}

function refuse({ title, detail, remedy, issues = [] }) {
  form().querySelector("#file").value = "";
  const box = document.getElementById("refused").content.cloneNode(true).firstElementChild;
  box.querySelector("h3").textContent = title || "The file could not be used";
  box.querySelector("[data-detail]").textContent = detail || "";
  box.querySelector("[data-remedy]").textContent = remedy || "";
  const told = issues.slice(0, 20).map((issue) => Object.assign(document.createElement("li"), { textContent: issue.message }));
  box.querySelector("ul").replaceChildren(...told);
  form().querySelector("[data-refused]")?.remove();
  form().querySelector(".card-body").prepend(box);
  box.focus();
}

document.addEventListener("change", (change) => {
  if (change.target.id === "file" && change.target.files.length) send(change.target.files[0]);
  else if (change.target.id === "source") look(entered({ besides: "[data-understood]" }));
  else if (change.target.matches("[data-reload]")) look(entered());
});

// The whole page takes a file that is dropped, so that none opens in its place.
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (drag) => {
    if (!drag.dataTransfer?.types.includes("Files")) return;
    drag.preventDefault();
    zone()?.classList.toggle("over", kind === "dragover");
    if (kind !== "drop") return;
    if (!zone()) toast("Press Change first to use another table.");
    else if (drag.dataTransfer.files.length === 1) send(drag.dataTransfer.files[0]);
    else toast("Drop one file at a time.");
  });
}
