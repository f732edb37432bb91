// Quality: an answer pressed in the queue becomes {post, value} in the store "quality-command".
(function () {
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest && event.target.closest("[data-quality]");
    if (!pressed) return;
    pressed.closest("article").classList.add("done");
    const data = { post: pressed.dataset.of, value: pressed.dataset.quality, at: Date.now() };
    window.dash_clientside.set_props("quality-command", { data });
  });
})();
