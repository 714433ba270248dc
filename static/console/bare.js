// Sign-in and error pages. On a demo installation a button fills the sign-in form.
import { announce } from "./basics.js";

document.addEventListener("click", (click) => {
  const button = click.target.closest("[data-demo]");
  if (!button) return;
  const form = document.getElementById("sign-in");
  form.querySelector("[name=login]").value = button.dataset.demo;
  form.querySelector("[name=password]").value = document.querySelector("[data-demo-password]").textContent;
  form.querySelector("[type=submit]").focus();
  announce("Filled in. Sign in with Enter.");
});

// What is typed into a password's field may be looked at.
for (const field of document.querySelectorAll(".o-bare input[type=password]")) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "o-show", textContent: "Show" });
  button.setAttribute("aria-label", "Show what you type");
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-pressed", String(shown));
  });
  field.after(button);
}
