// The editor of monitors: line numbers, trying a query out shortly after the last key, keys, and leaving with unsaved changes.
(function () {
  const byId = (id) => document.getElementById(id);
  const QUERY = "monitors-query";
  const part = (type, text) => ({ type, namespace: "dash_html_components", props: { children: text } });
  let waiting = 0;
  let asked = null;
  let dirty = false;

  const send = () => {
    clearTimeout(waiting);
    waiting = 0;
    if (asked) window.dash_clientside.set_props("monitors-asked", { data: { ...asked, at: Date.now() } });
  };
  // Typing through the browser keeps its own undo.
  const insert = (text, whole) => {
    const field = byId(QUERY);
    if (!field) return;
    field.focus();
    if (whole) field.select();
    document.execCommand("insertText", false, text);
  };

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.monitors = {
    lines(text) {
      // A query that is Persian throughout reads from the right; one with a Latin word in it is code.
      const box = byId(QUERY) && byId(QUERY).closest(".ed");
      if (box) box.dataset.base = /[\u0600-\u06ff]/.test(text || "") && !/[A-Za-z]/.test(text) ? "rtl" : "ltr";
      return (text || "").split("\n").map((line) => part("Div", line + "\u200b"));
    },
    ask(query, platforms, languages) {
      asked = { query: query || "", platforms: platforms || [], languages: languages || [] };
      clearTimeout(waiting);
      waiting = setTimeout(send, 350);
    },
    dirty(kept, problem, name, brand, own, platforms, languages, opens_cases, query) {
      const now = { name, brand, own, platforms, languages, opens_cases, query };
      const was = (kept && kept.fields) || {};
      const set = (value) => (Array.isArray(value) ? [...value].sort() : value);
      dirty = Object.keys(now).some((key) => JSON.stringify(set(now[key] ?? "")) !== JSON.stringify(set(was[key] ?? "")));
      const fresh = !(kept && kept.id);
      return [!dirty, Boolean(problem) || !(dirty || fresh), !dirty];
    },
    key(pressed) {
      const link = pressed && pressed.key === "n" && byId("monitors-new");
      if (link) link.click();
      return window.dash_clientside.no_update;
    },
  };

  const press = (id) => {
    const button = byId(id);
    if (button && !button.disabled) button.click();
  };
  document.addEventListener("keydown", (event) => {
    if (!byId("monitors-editor") || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    const name = event.code === "KeyS" ? "save" : event.code === "Period" ? "replace" : event.code === "Enter" ? "preview" : "";
    if (!name) return;
    event.preventDefault();
    if (name === "preview") send();
    else press(`monitors-${name}`);
  });
  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest && event.target.closest(selector);
    const sample = at("[data-sample]");
    if (sample) {
      for (const each of sample.parentElement.children) each.classList.toggle("on", each === sample);
      for (const list of document.querySelectorAll(".mon-hits")) list.hidden = list.dataset.of !== sample.dataset.sample;
    }
    if (at("[data-insert]")) insert(at("[data-insert]").dataset.insert, true);
    if (at("#monitors-replace") && byId(QUERY)) byId(QUERY).focus();
    if (at("#monitors-discard")) { dirty = false; location.reload(); }
  });
  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest && event.target.closest(selector);
    // An example of the help goes where the caret stands, not in place of the query.
    const example = at("#monitors-examples [data-example]");
    if (example) {
      event.stopPropagation();
      window.dash_clientside.set_props("monitors-help", { opened: false });
      setTimeout(() => insert(` ${example.dataset.example} `, false), 200);
    }
    const page = byId("monitors-editor");
    const leaves = at("a[href]");
    if (page && dirty && leaves && !leaves.target && !window.confirm(page.dataset.leave)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);
  window.addEventListener("beforeunload", (event) => {
    if (dirty && byId("monitors-editor")) event.preventDefault();
  });
})();
