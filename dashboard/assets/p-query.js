// Paints a query in colour under the text field that it is typed into; Enter sends it; an example fills it.
(function () {
  const span = (text, name) => ({ type: "Span", namespace: "dash_html_components", props: { children: text, className: name } });
  // Python counts characters, JavaScript halves of them.
  const stretches = (characters, spans) => {
    const parts = [];
    let at = 0;
    for (const [start, end, name] of spans) {
      if (start > at) parts.push(characters.slice(at, start).join(""));
      parts.push(span(characters.slice(start, end).join(""), name));
      at = end;
    }
    parts.push(characters.slice(at).join(""));
    return parts;
  };
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    query: {
      paint: (value, known) => {
        const now = Array.from(value || "");
        const then = Array.from((known && known.text) || "");
        let same = 0;
        while (same < now.length && now[same] === then[same]) same++;
        const whole = same === now.length && same === then.length;
        const kept = ((known && known.spans) || []).filter(([, end, name]) => whole || (end < same && name !== "er"));
        // A line at the end would else have no height.
        return [...stretches(now, kept), "\u200b"];
      },
    },
  });
  document.addEventListener("keydown", (event) => {
    const box = event.target.closest && event.target.matches("textarea") && event.target.closest("[data-submit]");
    if (!box || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    const button = document.getElementById(box.dataset.submit);
    if (button) button.click();
  });
  document.addEventListener("click", (event) => {
    const example = event.target.closest && event.target.closest("[data-example]");
    const field = example && document.querySelector("textarea.query-in");
    if (!field) return;
    window.dash_clientside.set_props(field.id, { value: example.dataset.example });
    field.focus();
  });
})();
