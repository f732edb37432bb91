// Customers: what is pressed in lists becomes {kind, value} in the store "customers-command"; "/" goes to the search.
(function () {
  const byId = (id) => document.getElementById(id);
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.customers = {
    // Buttons that are drawn anew count as pressed by nobody.
    open: (clicks) => (clicks ? true : window.dash_clientside.no_update),
    close: (clicks) => (clicks ? false : window.dash_clientside.no_update),
    key(pressed) {
      const same = window.dash_clientside.no_update;
      if (!pressed || !byId("customers-text")) return same;
      if (pressed.key === "/") byId("customers-text").focus();
      if (pressed.key === "n" && byId("customers-new")) byId("customers-new").click();
      return same;
    },
  };
  document.addEventListener("click", (event) => {
    if (!event.target.closest || !byId("customers-card")) return;
    for (const kind of ["tie", "own", "untie", "confirm", "dismiss"]) {
      const pressed = event.target.closest(`[data-${kind}]`);
      if (pressed) window.dash_clientside.set_props("customers-command", { data: { kind, value: pressed.dataset[kind], customer: pressed.dataset.customer || "", at: Date.now() } });
    }
  });
})();
