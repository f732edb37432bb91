// The composer of the inbox: the way of answering, notes, drafts that keep themselves, the counter, templates.
// p-inbox.js calls this with what both share.
window.inboxComposer = function ({ $, all, beat, later, state, tell, timers }) {
  const field = () => $("inbox-text");
  const way = () => { const on = document.querySelector("#inbox-comp [role=radio][aria-checked=true]"); return on ? on.dataset.value : "open"; };
  const pictures = window.inboxPictures({ $, all, later, state, way });
  function write(text) {
    const at = field();
    if (!at || at.value === text) return;
    at.value = text;
    tall();
    count();
  }
  function choose(name, quiet) {
    for (const one of all("#inbox-comp [role=radio]")) {
      one.setAttribute("aria-checked", String(one.dataset.value === name));
      one.classList.toggle("on", one.dataset.value === name);
    }
    for (const rule of all("#inbox-comp [data-rule]")) if (rule.dataset.rule) rule.hidden = rule.dataset.rule !== name;
    const label = $("inbox-send-label"), comp = $("inbox-comp");
    if (label) label.textContent = name === "open" ? comp.dataset.openLabel : comp.dataset.sendLabel;
    if (state.mode === "note") mode("answer");
    count();
    pictures.fit();
    if (!quiet) keepSoon();
  }
  function mode(name) {
    const comp = $("inbox-comp"), at = field();
    if (!comp || name === state.mode) return;
    if (name === "note") { flush(); state.answer = at.value; } else if (at.value.trim()) localStorage.setItem("inbox-note-" + state.case, at.value);
    state.mode = name;
    comp.classList.toggle("private", name === "note");
    comp.querySelector(".note-button").setAttribute("aria-pressed", String(name === "note"));
    at.placeholder = name === "note" ? comp.dataset.noteHint : comp.dataset.hint;
    write(name === "note" ? localStorage.getItem("inbox-note-" + state.case) || "" : state.answer || "");
    at.focus();
  }
  function answer() {
    mode("answer");
    const at = field(), on = document.querySelector("#inbox-comp [role=radio][aria-checked=true]");
    if (!at) return;
    at.focus();
    if (!at.value && on && on.dataset.prefix) write(on.dataset.prefix.trim() + " ");
  }
  const cutter = window.Intl && Intl.Segmenter ? new Intl.Segmenter() : null;
  const graphemes = (text) => (cutter ? [...cutter.segment(text)].length : [...text].length);
  function count(used) {
    const counter = $("inbox-counter"), on = document.querySelector("#inbox-comp [role=radio][aria-checked=true]"), at = field();
    if (!counter || !on || !at) return;
    const limit = Number(on.dataset.limit || 0), length = used === undefined ? graphemes(at.value) : used;
    counter.hidden = !limit;
    if (!limit) return;
    const shown = new Intl.NumberFormat(document.documentElement.lang);
    counter.querySelector(".n").textContent = counter.dataset.text.replace("{used}", shown.format(length)).replace("{limit}", shown.format(limit));
    counter.querySelector(".ring").style.setProperty("--part", Math.min(1, length / limit));
    counter.classList.toggle("soon", length > limit * 0.9 && length <= limit);
    counter.classList.toggle("late", length > limit);
  }
  function tall() {
    const at = field();
    if (!at) return;
    at.style.height = "auto";
    at.style.height = Math.min(at.scrollHeight, Math.max(120, innerHeight * 0.34)) + "px";
  }
  function keep() {
    const at = field();
    if (!at || state.mode !== "answer" || !state.case || state.shown !== state.case) return;
    tell("draft", { case: state.case, way: way(), text: at.value, as_thread: pictures.threaded(), then: state.kept ? "kept" : "" });
    state.kept = state.kept || !!at.value.trim();
  }
  const keepSoon = () => field() && (field().value.trim() || state.kept) && later("draft", 900, () => { timers.draft = 0; keep(); });
  function flush() { if (timers.draft) { clearTimeout(timers.draft); timers.draft = 0; keep(); } }
  function kept(data) {
    if (!data || data.case !== state.case || !field()) return;
    Object.assign(state, { draft: data.draft || state.draft, words: data.text });
    if (field().value !== data.text) return;
    if (data.said && $("inbox-saved")) $("inbox-saved").textContent = data.said;
    count(data.used);
    pictures.parts(data.parts);
  }
  document.addEventListener("change", (event) => event.target.id === "inbox-thread" && keepSoon());
  document.addEventListener("input", (event) => {
    if (!$("inbox")) return;
    if (event.target.id === "inbox-find-text") {
      const author = event.target.closest(".tie").dataset.author, text = event.target.value;
      return later("find", 250, () => tell("find", { text: text, author: author }));
    }
    if (event.target.id !== "inbox-text") return;
    tall();
    count();
    if (state.mode === "note") localStorage.setItem("inbox-note-" + state.case, event.target.value);
    else keepSoon();
    const before = Date.now() - state.typed > 6000;
    state.typed = Date.now();
    if (before) beat();
    offer(slash());
  });

  function slash() {
    const at = field(), found = /(^|\s)\/(\S*)$/.exec(at.value.slice(0, at.selectionStart));
    return state.mode === "answer" && found ? found[2] : null;
  }
  const options = () => all("#inbox-templates [role=option]").filter((one) => !one.hidden);
  function offer(text) {
    const list = $("inbox-templates");
    if (!list) return;
    for (const one of all("[role=option]", list)) one.hidden = text !== null && !one.dataset.find.includes(text.toLowerCase());
    const found = options();
    list.hidden = text === null || (text !== "" && !found.length);
    found.forEach((one, at) => one.setAttribute("aria-selected", String(at === 0)));
  }
  function insert(text) {
    const at = field(), end = at.selectionStart, typed = slash();
    const start = typed === null ? end : end - typed.length - 1;
    write(at.value.slice(0, start) + text + at.value.slice(end));
    offer(null);
    at.focus();
    at.setSelectionRange(start + text.length, start + text.length);
    keepSoon();
  }
  document.addEventListener("keydown", (event) => {
    const list = $("inbox-templates");
    if (!list || list.hidden || event.target.id !== "inbox-text") return;
    const found = options(), on = found.findIndex((one) => one.getAttribute("aria-selected") === "true");
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move && found.length) {
      const next = (on + move + found.length) % found.length;
      found.forEach((one, at) => one.setAttribute("aria-selected", String(at === next)));
      found[next].scrollIntoView({ block: "nearest" });
    } else if ((event.key === "Enter" || event.key === "Tab") && found[on] && !event.ctrlKey && !event.metaKey) insert(found[on].dataset.text);
    else if (event.key === "Escape") offer(null);
    else return;
    event.preventDefault();
  }, true);
  // What the composer held was approved, sent or thrown away, here or by somebody else; words added since stay.
  function released() {
    const noting = state.mode === "note", held = noting ? state.answer : field().value;
    state.draft = "";
    if ($("inbox-saved")) $("inbox-saved").textContent = "";
    pictures.clear();
    if (held.trim() !== state.words.trim()) return;
    clearTimeout(timers.draft);
    timers.draft = 0;
    Object.assign(state, { kept: false, answer: "" });
    if (!noting) write("");
  }
  function begin() {
    const comp = $("inbox-comp");
    clearTimeout(timers.draft);
    timers.draft = 0;
    Object.assign(state, { mode: "answer", typed: 0, answer: "", kept: !!(field() && field().value), draft: comp ? comp.dataset.draft : "", words: field() ? field().value : "" });
    if (comp) choose(comp.dataset.way, true);
    if (field() && field().value && comp.dataset.long) keepSoon();
    tall();
  }
  return { answer, begin, field, flush, kept, mode, offer, pictures, released, choose, insert, way, write };
};
