// Topics: what is pressed becomes {kind, value} in the store "topics-command".
(function () {
  const byId = (id) => document.getElementById(id);
  function tell(kind, value) {
    window.dash_clientside.set_props("topics-command", { data: { kind, value, at: Date.now() } });
  }
  function seek() {
    const field = byId("topics-theme");
    if (field && field.value.trim()) tell("theme", field.value);
  }
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest && byId("topics-body") && event.target.closest("[data-topic]");
    if (!pressed) return;
    if (pressed.dataset.topic === "theme") seek();
    else tell(pressed.dataset.topic, pressed.dataset.value);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.id !== "topics-theme") return;
    event.preventDefault();
    seek();
  });
})();
