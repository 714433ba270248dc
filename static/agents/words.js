// The input in plain words: the form is filled in without leaving the page.
import { announce, toast } from "../console/shell.js";

document.addEventListener("submit", async (submit) => {
  const form = submit.target;
  if (form.id !== "words") return;
  submit.preventDefault();
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  form.setAttribute("aria-busy", "true");
  announce("A model reads your words.");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "HX-Request": "true" } });
    if (answer.status === 401) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of answer.ok ? ["words", "input"] : ["words"]) {
      const fresh = page.getElementById(id);
      if (!fresh) throw new Error(`no ${id} in the answer`);
      document.getElementById(id).replaceWith(fresh);
    }
    document.querySelector("#words [data-focus], #input [data-focus]")?.focus();
  } catch {
    toast("The form could not be filled in. Check the connection and try again.");
  } finally {
    button.disabled = false;
    document.getElementById("words").removeAttribute("aria-busy");
  }
});
