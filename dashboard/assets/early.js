// Runs in the head: settles the colour scheme before the first paint.
(function () {
  const root = document.documentElement;
  if (root.dataset.scheme !== "auto") return;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const settle = () => root.setAttribute("data-mantine-color-scheme", dark.matches ? "dark" : "light");
  settle();
  dark.addEventListener("change", settle);
})();
