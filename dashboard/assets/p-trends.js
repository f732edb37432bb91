// Trends: the colour scheme, a press on a bar or an hour, the switch to tables, and word of newer posts.
(function () {
  const QUIET_MS = 10000;
  let told = 0;
  let waiting = null;
  const follow = (address) => {
    history.pushState(null, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  };
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest && event.target.closest("[data-step],[data-as-table],[data-cell]");
    if (!pressed) return;
    const { step, cell, asTable } = pressed.dataset;
    if (step) window.dash_clientside.set_props("trends-step", { data: step });
    if (cell) window.dash_clientside.set_props("trends-cell", { data: { cell, at: Date.now() } });
    if (asTable) {
      const on = pressed.closest(".card").classList.toggle("as-table");
      pressed.setAttribute("aria-pressed", String(on));
      pressed.classList.toggle("on", on);
    }
  });
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    trends: {
      scheme: () => document.documentElement.dataset.mantineColorScheme === "dark" ? "dark" : "light",
      open: (click) => {
        const query = click && click.points && click.points[0] && click.points[0].customdata;
        if (query) follow("/search?q=" + encodeURIComponent(query));
        return window.dash_clientside.no_update;
      },
      // At most one look in ten seconds, however fast posts come; the last one is never missed.
      stale: (signal) => {
        if (!signal || waiting) return;
        waiting = setTimeout(() => {
          waiting = null;
          told = Date.now();
          if (document.getElementById("trends-body")) window.dash_clientside.set_props("trends-stale", { data: told });
        }, Math.max(0, told + QUIET_MS - Date.now()));
      },
      key: (pressed) => {
        const refresh = document.getElementById("trends-refresh");
        if (pressed && pressed.key === "r" && refresh) refresh.click();
      },
    },
  });
})();
