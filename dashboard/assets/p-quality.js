// Quality: an answer pressed in the queue becomes {post, value} in the store "quality-command", what is pressed among
// the versions {kind, value} in "quality-head".
(function () {
  document.addEventListener("click", (event) => {
    if (!event.target.closest) return;
    const head = event.target.closest("[data-head]");
    if (head) {
      const told = { kind: head.dataset.head, value: head.dataset.value, at: Date.now() };
      window.dash_clientside.set_props("quality-head", { data: told });
    }
    const pressed = event.target.closest("[data-quality]");
    if (!pressed) return;
    pressed.closest("article").classList.add("done");
    const data = { post: pressed.dataset.of, value: pressed.dataset.quality, at: Date.now() };
    window.dash_clientside.set_props("quality-command", { data });
  });
})();
