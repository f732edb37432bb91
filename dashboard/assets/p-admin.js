// Steps of the pages health, settings, team, audit and privacy: a press or a form becomes {what, of, fields, at} in "<page>-step".
(function () {
  const say = (el, fields) =>
    window.dash_clientside.set_props(el.dataset.to + "-step", { data: { what: el.dataset.take, of: el.dataset.of || "", fields, at: Date.now() } });
  document.addEventListener("click", (event) => {
    const el = event.target.closest && event.target.closest("[data-take]");
    if (!el || el.tagName === "FORM" || el.disabled) return;
    event.preventDefault();
    say(el, {});
  });
  const collected = (form) => {
    const fields = {};
    for (const [name, value] of new FormData(form)) if (typeof value === "string") (fields[name] = fields[name] || []).push(value);
    return fields;
  };
  // A file goes by itself, so that its progress shows and it never becomes text in a message.
  const upload = (form) => {
    const bar = form.querySelector(".progress i");
    const request = new XMLHttpRequest();
    request.upload.onprogress = (sent) => { if (bar && sent.total) bar.style.width = Math.round((100 * sent.loaded) / sent.total) + "%"; };
    request.onloadend = () => {
      let told = {};
      try { told = JSON.parse(request.responseText); } catch { /* not ours: the server or a proxy refused it */ }
      form.removeAttribute("aria-busy");
      if (bar) bar.style.width = "0";
      say({ dataset: { ...form.dataset, of: told.id || "" } }, { ...collected(form), ...(told.id ? {} : { problem: [told.problem || ""], option: [told.option || ""] }) });
    };
    request.open("POST", form.dataset.upload);
    form.setAttribute("aria-busy", "true");
    request.send(new FormData(form));
  };
  // Dash has no file field; the button that asks for a file makes one in its form.
  const chooser = (button) => {
    const form = button.closest("form");
    let input = form.querySelector("input[type=file]");
    if (!input) {
      input = Object.assign(document.createElement("input"), { type: "file", name: "file", hidden: true, accept: button.dataset.pick });
      input.addEventListener("change", () => { if (input.files[0]) button.querySelector("span:last-child").textContent = input.files[0].name; });
      form.append(input);
    }
    return input;
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-pick]");
    if (button) chooser(button).click();
  });
  document.addEventListener("dragover", (event) => { if (event.target.closest && event.target.closest("[data-pick]")) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    const button = event.target.closest && event.target.closest("[data-pick]");
    if (!button || !event.dataTransfer.files.length) return;
    event.preventDefault();
    const input = chooser(button);
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change"));
  });
  // What is wrong may stand above what a phone shows of a long form.
  const reveal = () => {
    const watch = new MutationObserver(() => {
      const wrong = document.querySelector("form.aform :is([aria-invalid=true], .wrong, .alert)");
      if (!wrong) return;
      watch.disconnect();
      wrong.scrollIntoView({ block: "center" });
    });
    watch.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-invalid"] });
    setTimeout(() => watch.disconnect(), 8000);
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches || !form.matches("form[data-take]")) return;
    event.preventDefault();
    if (form.dataset.wait) form.setAttribute("aria-busy", "true");
    reveal();
    if (form.dataset.upload) upload(form);
    else say(form, collected(form));
  });
  document.addEventListener("click", async (event) => {
    const el = event.target.closest && event.target.closest("[data-copy]");
    if (!el) return;
    try {
      await navigator.clipboard.writeText(el.dataset.copy);
      el.classList.add("copied");
      setTimeout(() => el.classList.remove("copied"), 1500);
    } catch {
      const range = document.createRange();
      const shown = document.getElementById(el.dataset.shown);
      if (shown) { range.selectNodeContents(shown); getSelection().removeAllRanges(); getSelection().addRange(range); }
    }
  });
})();
