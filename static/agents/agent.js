// The input of an agent: uploads a file with progress, and asks the server again what it understood after a change.
import { toast } from "../console/shell.js";

const form = () => document.getElementById("input");

// Only one look at the input is of interest: a newer one ends the older.
let looking = null;

async function look(values) {
  const { agentUrl } = form().dataset;
  looking?.abort();
  looking = new AbortController();
  form().setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`${agentUrl}?${new URLSearchParams(values)}`, {
      headers: { "HX-Request": "true", "HX-Target": "input" },
      signal: looking.signal,
    });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("input");
    if (!fresh) throw new Error("no form in the answer");
    const focused = document.activeElement?.id;
    form().replaceWith(fresh);
    document.getElementById(focused)?.focus();
    history.replaceState(null, "", `${agentUrl}?${new URLSearchParams(values)}`);
  } catch (error) {
    if (error.name !== "AbortError") toast("The server could not be asked. Check the connection and try again.");
  } finally {
    form().removeAttribute("aria-busy");
  }
}

function entered() {
  const values = new FormData(form());
  values.delete("csrfmiddlewaretoken");
  for (const [name, value] of [...values]) if (value === "" || value instanceof File) values.delete(name);
  return values;
}

function upload(file) {
  const { uploadUrl, table } = form().dataset;
  const box = form().querySelector("[data-upload]");
  const bar = box.querySelector("progress");
  const text = box.querySelector("[data-upload-text]");
  const request = new XMLHttpRequest();
  const body = new FormData();
  body.append("file", file);
  box.hidden = false;
  request.upload.onprogress = (step) => {
    bar.value = step.lengthComputable ? (100 * step.loaded) / step.total : 0;
    text.textContent = step.loaded === step.total ? `Reading ${file.name}` : `Uploading ${file.name}`;
  };
  request.onload = () => {
    const answer = JSON.parse(request.responseText || "{}");
    if (request.status === 201) return look({ [`${table}.dataset`]: answer.id });
    refuse(answer);
  };
  request.onerror = () => refuse({ detail: "The upload was interrupted. Nothing was stored.", remedy: "Try again." });
  request.open("POST", uploadUrl);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRFToken", form().querySelector("[name=csrfmiddlewaretoken]").value);
  request.send(body);
}

function refuse(problem) {
  form().querySelector("[data-upload]").hidden = true;
  form().querySelector("#file").value = "";
  const old = form().querySelector("[data-refused]");
  const template = document.getElementById("refused").content.cloneNode(true);
  const box = template.querySelector("[data-refused]");
  box.querySelector("h3").textContent = problem.title || "The file could not be used";
  const words = [problem.detail, ...(problem.issues || []).map((issue) => issue.message), problem.remedy];
  box.querySelector("p").textContent = words.filter(Boolean).join(" ");
  old?.remove();
  form().querySelector(".card-body").prepend(box);
  box.focus();
}

document.addEventListener("change", (change) => {
  if (change.target.id === "file" && change.target.files.length) upload(change.target.files[0]);
  if (change.target.matches("[data-reload]")) look(entered());
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (drag) => {
    const zone = drag.target.closest?.("[data-drop]");
    if (!zone) return;
    drag.preventDefault();
    zone.classList.toggle("over", kind === "dragover");
    if (kind === "drop" && drag.dataTransfer.files.length) upload(drag.dataTransfer.files[0]);
  });
}
document.querySelector("[data-focus]")?.focus();
