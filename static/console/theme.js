// Blocks in <head>, so that the theme stands before anything is painted: auto, light or dark, kept in this browser.
(() => {
  const order = ["auto", "light", "dark"];
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;

  function stored() {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage may be forbidden
    }
  }

  function apply(choice) {
    const theme = order.includes(choice) ? choice : "auto";
    const dark = theme === "dark" || (theme === "auto" && system.matches);
    root.dataset.theme = theme;
    root.dataset.bsTheme = dark ? "dark" : "light";
    document.dispatchEvent(new CustomEvent("theme", { detail: theme }));
  }

  apply(stored());
  system.addEventListener("change", () => apply(root.dataset.theme));
  document.addEventListener("theme-next", () => {
    const next = order[(order.indexOf(root.dataset.theme) + 1) % order.length];
    try {
      localStorage.setItem("theme", next);
    } catch {
      // The choice then holds for this page.
    }
    apply(next);
  });
})();
