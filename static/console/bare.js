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
