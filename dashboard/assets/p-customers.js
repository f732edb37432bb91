// Customers: what is pressed in lists becomes {kind, value} in the store "customers-command"; "/" goes to the search.
(function () {
  const byId = (id) => document.getElementById(id);
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.customers = {
    open: () => true,
    close: () => false,
    key(pressed) {
      if (!pressed || !byId("customers-text")) return;
      if (pressed.key === "/") byId("customers-text").focus();
      if (pressed.key === "n" && byId("customers-new")) byId("customers-new").click();
    },
  };
  document.addEventListener("click", (event) => {
    if (!event.target.closest || !byId("customers-card")) return;
    for (const kind of ["tie", "own", "untie"]) {
      const pressed = event.target.closest(`[data-${kind}]`);
      if (pressed) window.dash_clientside.set_props("customers-command", { data: { kind, value: pressed.dataset[kind], at: Date.now() } });
    }
  });
})();
