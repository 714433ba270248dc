// Recovery codes: kept as a file, printed or copied. The file is made here, of what the page shows.
const codes = [...document.querySelectorAll("[data-codes] code")].map((each) => each.textContent.trim());
const said = document.querySelector("[data-codes-said]");

document.querySelector("[data-codes-keep]")?.addEventListener("click", ({ currentTarget }) => {
  const place = URL.createObjectURL(new Blob([`${currentTarget.dataset.head}\n\n${codes.join("\n")}\n`], { type: "text/plain" }));
  const link = Object.assign(document.createElement("a"), { href: place, download: "recovery-codes.txt" });
  link.click();
  URL.revokeObjectURL(place);
  said.textContent = "The file is in your downloads.";
});
document.querySelector("[data-codes-print]")?.addEventListener("click", () => window.print());
document.querySelector("[data-codes-copy]")?.addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(codes.join("\n")); // only there on https and localhost
    said.textContent = "Copied.";
  } catch {
    said.textContent = "Select the codes and copy them.";
  }
});
