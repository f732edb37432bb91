// The search page: what is pressed on a hit, the corrected mark, and the keys.
(function () {
  const marks = { positive: "mood p", neutral: "mood u", negative: "mood n" };
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest && event.target.closest("[data-act]");
    const post = pressed && pressed.closest("[data-post]");
    document.querySelectorAll("details.fix[open]").forEach((menu) => {
      if (pressed || !menu.contains(event.target)) menu.open = false;
    });
    if (!post) return;
    const data = { act: pressed.dataset.act, value: pressed.dataset.value || "", post: post.dataset.post, at: Date.now() };
    window.dash_clientside.set_props("search-act", { data });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelectorAll("details.fix[open]").forEach((menu) => { menu.open = false; });
  });
  const step = (by) => {
    const posts = [...document.querySelectorAll(".hits [data-post]")];
    const next = posts[posts.indexOf(document.activeElement) + by] || (by > 0 ? posts[0] : null);
    if (next) next.focus();
  };
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    search: {
      mark: (made) => {
        const post = made && document.querySelector(`[data-post="${CSS.escape(made.post)}"] .fix summary .mood`);
        if (!post) return;
        post.className = marks[made.value];
        post.title = made.label;
        post.setAttribute("aria-label", made.label);
      },
      key: (pressed) => {
        const key = pressed && pressed.key;
        const field = document.getElementById("search-q");
        if (key === "/" && field) field.focus();
        else if (key === "j") step(1);
        else if (key === "k") step(-1);
        return window.dash_clientside.no_update;
      },
    },
  });
})();
