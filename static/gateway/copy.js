// Buttons that copy the value of a field: <button data-copy="id of the field">. The outcome is told in [data-copied].
const tell = (text) => {
  document.querySelector("[data-copied]").textContent = text;
};

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value); // only there on https and localhost
      tell("Copied.");
    } catch {
      tell("It is selected: copy it with Ctrl+C.");
    }
  });
}
