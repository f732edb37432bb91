// Menus and small panels: a button with data-menu opens the surface beside it; arrows move, Escape closes.
(function () {
  let button = null, surface = null;
  const lines = () => [...surface.querySelectorAll("[role=menuitem]")];
  function close(back) {
    if (!surface) return;
    surface.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (back) button.focus();
    button = surface = null;
  }
  function place() {
    const from = button.getBoundingClientRect(), size = surface.getBoundingClientRect();
    const rtl = document.documentElement.dir === "rtl", atStart = button.dataset.menu !== "end";
    const x = atStart !== rtl ? from.left : from.right - size.width;
    const below = from.bottom + 4, above = from.top - size.height - 4;
    const y = below + size.height > innerHeight - 8 && above >= 8 ? above : below;
    surface.style.left = Math.max(8, Math.min(x, innerWidth - size.width - 8)) + "px";
    surface.style.top = Math.max(8, Math.min(y, innerHeight - size.height - 8)) + "px";
  }
  function open(at) {
    close();
    button = at;
    surface = at.parentElement.querySelector(".menu");
    surface.hidden = false;
    button.setAttribute("aria-expanded", "true");
    place();
    const first = surface.querySelector("input,[role=menuitem][aria-current],[role=menuitem]");
    if (first) first.focus({ preventScroll: true });
  }
  document.addEventListener("click", (event) => {
    const at = event.target.closest("[data-menu]");
    if (at) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (at === button && surface && !surface.hidden) close(true); else open(at);
    } else if (surface && (!surface.contains(event.target) || event.target.closest("[role=menuitem]"))) {
      close(surface.contains(event.target));
    }
  }, true);
  document.addEventListener("keydown", (event) => {
    if (!surface || surface.hidden || !surface.isConnected) return;
    if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); return close(true); }
    if (event.target.matches("input,textarea")) return;
    event.stopPropagation();
    const list = lines(), at = list.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: list.length - 1 }[event.key];
    if (event.key === "Tab" && list.length) close(true);
    if (to === undefined || !list.length) return;
    event.preventDefault();
    list[(to + list.length) % list.length].focus();
  }, true);
  addEventListener("resize", () => close());
  document.addEventListener("scroll", (event) => surface && !surface.contains(event.target) && close(), true);
})();
