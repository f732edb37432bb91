// The inbox in the browser: one click handler, the open case, keys, the composer. What is drawn comes from the server.
(function () {
  const $ = (id) => document.getElementById(id);
  const all = (selector, within) => [...(within || document).querySelectorAll(selector)];
  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const tell = (store, data) => $("inbox") && set("inbox-" + store, { data: { ...data, at: Date.now() } });
  const phone = () => window.matchMedia("(max-width:720px)").matches;
  const state = { asked: {}, case: "", me: "", works: false, picked: new Set(), dropped: new Set(), mode: "answer", typed: 0, kept: false };
  const timers = {};
  const later = (name, ms, work) => { clearTimeout(timers[name]); timers[name] = setTimeout(work, ms); };
  const rows = () => all("#inbox-list a.q");
  const rowOf = (id) => rows().find((row) => row.dataset.case === id);

  // --- the address, the steps of a phone, and the marks on rows ---
  function address() {
    const said = new URLSearchParams();
    for (const [name, value] of Object.entries(state.asked)) if (value && name !== "pages") said.set(name === "query" ? "q" : name, value);
    if (state.case) said.set("case", state.case);
    return "/inbox" + (said.size ? "?" + said : "");
  }
  const step = (name) => { $("inbox").dataset.pane = name; };
  function mark() {
    for (const row of rows()) {
      const id = row.dataset.case, picked = state.picked.has(id);
      if (id === state.case) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
      row.classList.toggle("picked", picked);
      if (id === state.case && row.classList.contains("un") && state.seen === id) row.classList.remove("un");
    }
    const bar = $("inbox-bulk"), count = $("inbox-bulk-count");
    if (!bar || !count) return;
    bar.hidden = !state.picked.size;
    const shown = new Intl.NumberFormat(document.documentElement.lang).format(state.picked.size);
    const text = count.dataset.text.replace("{n}", shown);
    if (count.textContent !== text) count.textContent = text;
    $("inbox").classList.toggle("picking", state.picking || state.picked.size > 0);
  }

  // --- opening a case ---
  function open(id, push) {
    if (id === state.case) { if (id) step("thread"); return; }
    flush();
    const left = state.case;
    state.case = id;
    state.seen = "";
    mark();
    later("bones", 150, () => bones(true));
    again(true);
    tell("here", { case: document.visibilityState === "visible" ? id : "", left: left, typing: false });
    step(id ? "thread" : "queue");
    if (push && phone() && id) history.pushState(null, "", address()); else history.replaceState(history.state, "", address());
  }
  function bones(on) {
    const bone = $("inbox-skeleton"), items = $("inbox-items");
    if (bone && items) { bone.hidden = !on; items.hidden = on; }
  }
  // A later request may overtake an earlier one: what was asked for in full stays asked for until it is drawn.
  function again(full) {
    state.full = state.full || !!full || state.shown !== state.case;
    tell("again", { case: state.case, full: state.full, held: state.shown === state.case ? state.draft || "" : "" });
  }
  // A menu that stands open is not drawn away under the hand.
  function againSoon() {
    later("again", 200, () => (document.querySelector(".menu:not([hidden])") ? againSoon() : again()));
  }
  const ids = () => rows().map((row) => row.dataset.case);
  // What our own steps took out of the list goes at once; what others took out stays, dimmed, until the list is fetched.
  function settle(dropped) {
    for (const id of dropped || []) state.dropped.add(id);
    tell("settle", { asked: state.asked, shown: ids() });
  }
  const settleSoon = () => later("settle", 400, () => settle());
  const draw = () => { state.dropped.clear(); tell("draw", { asked: state.asked }); history.replaceState(history.state, "", address()); };
  function ask(changed) {
    state.asked = { ...state.asked, ...changed, pages: changed.pages || [] };
    draw();
  }
  function following() {
    const order = ids(), at = order.indexOf(state.case);
    return order[at + 1] || (at > 0 ? order[at - 1] : order[0] !== state.case && order[0]) || "";
  }

  // --- steps that the server takes ---
  const snake = (name) => name.replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase());
  function command(data) {
    const held = state.case;
    if (["send", "ask"].includes(data.do) && pictures.busy()) return void pictures.settled().then(() => state.case === held && command(data));
    const given = {};
    for (const [name, value] of Object.entries(data)) given[snake(name)] = value;
    const version = document.querySelector("#inbox-head [data-version]");
    const body = { case: state.case, next: following(), asked: state.asked, ...given };
    if (version && !given.case) body.version = version.dataset.version;
    if (["send", "ask", "note"].includes(body.do) && !written(body)) return;
    if (body.do === "bulk") body.ids = [...state.picked];
    tell("do", body);
  }
  function written(body) {
    const text = field();
    // Until another case is drawn the composer holds the words for the one before.
    if (!text || state.shown !== state.case || Date.now() - (state.sentAt || 0) < 1500) return false;
    if (!text.value.trim()) { text.focus(); return false; }
    state.sentAt = Date.now();
    clearTimeout(timers.draft);
    body.text = text.value;
    body.way = way();
    body.as_thread = pictures.threaded();
    return true;
  }
  function told(effect) {
    if (!effect || !$("inbox")) return;
    fill(effect.places);
    if (effect.close) shut();
    if (effect.unpick) { state.picked.clear(); state.picking = false; mark(); }
    if (effect.case === state.case && effect.text !== undefined) { unsaid(); pictures.clear(); state.kept = false; state.answer = ""; if (state.mode === "answer") write(effect.text); }
    if (effect.case === state.case && effect.note) { localStorage.removeItem("inbox-note-" + state.case); write(""); mode("answer"); }
    if (typeof effect.open === "string") open(effect.open);
    else if (effect.again && effect.case && effect.case === state.case) again(effect.full);
    if (effect.queue) draw(); else if (effect.settle) settle(effect.dropped);
  }
  // What is sent is no draft any more.
  function unsaid() {
    if ($("inbox-saved")) $("inbox-saved").textContent = "";
  }
  function shut() {
    set("inbox-time", { opened: false });
    set("inbox-new", { opened: false });
    for (const one of all(".menu:not([hidden])")) one.hidden = true;
  }

  // --- what is done here alone ---
  const local = {
    filter: (d) => ask({ [d.name]: d.name === "days" ? Number(d.value) : d.value }),
    view: (d) => { state.asked = JSON.parse(d.asked); draw(); },
    clear: () => { const { status, sort } = state.asked; state.asked = { status: status, sort: sort }; set("inbox-search", { value: "" }); draw(); },
    page: (d) => ask({ pages: d.cursor ? [...(state.asked.pages || []), d.cursor] : [] }),
    refresh: () => ask({}),
    search: () => { const row = document.querySelector(".qsearch"); row.hidden = !row.hidden || !!state.asked.query; if (!row.hidden) $("inbox-search").focus(); },
    "search-clear": () => { set("inbox-search", { value: "" }); document.querySelector(".qsearch").hidden = true; if (state.asked.query) ask({ query: "" }); },
    picking: () => { state.picking = !state.picking; if (!state.picking) state.picked.clear(); mark(); },
    "pick-none": () => { state.picking = false; state.picked.clear(); mark(); },
    step: (d) => (d.value === "queue" && phone() ? open("") : step(d.value)),
    again: () => again(true),
    way: (d) => choose(d.value),
    "note-mode": () => mode(state.mode === "note" ? "answer" : "note"),
    templates: () => { field().focus(); offer($("inbox-templates").hidden ? "" : null); },
    template: (d) => insert(d.text),
    "copy-link": () => { navigator.clipboard.writeText(location.origin + "/inbox?case=" + state.case); set("toast", { data: { text: state.copied, seconds: 3, at: Date.now() } }); },
    "pick-time": (d) => { state.timed = { do: d.value, ...(d.case ? { case: d.case } : {}) }; set("inbox-time", { opened: true }); },
    "time-chosen": () => { if (state.day && state.time) command({ ...state.timed, day: state.day, time: state.time }); },
    "new-customer": (d) => { state.author = d.author; set("inbox-new-name", { value: d.name }); set("inbox-new", { opened: true }); },
  };
  function pick(id) {
    if (!state.picked.delete(id)) state.picked.add(id);
    mark();
  }
  document.addEventListener("click", (event) => {
    if (!$("inbox") || event.defaultPrevented || event.button) return;
    const at = event.target.closest("[data-case-mark],[data-do],[data-open],[data-clip],[data-day],[data-time],a.q");
    if (!at) return;
    const d = at.dataset, fresh = event.ctrlKey || event.metaKey || event.shiftKey;
    if (d.clip) return void navigator.clipboard.writeText(d.clip);
    if (at.tagName === "A" && fresh) return;
    if (d.day || d.time) return press(at, d.day ? "day" : "time");
    event.preventDefault();
    if (d.caseMark) state.works && pick(d.caseMark);
    else if (d.open) open(d.open, true);
    else if (d.do) (local[d.do] || ((all) => command({ ...all })))(d);
    else if (state.picking) pick(d.case);
    else open(d.case, true);
  });
  function press(at, name) {
    for (const one of all(`[data-${name}]`)) one.setAttribute("aria-pressed", String(one === at));
    state[name] = at.dataset[name];
  }
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-form]");
    if (!form || !$("inbox")) return;
    event.preventDefault();
    const { form: what, ...rest } = form.dataset, given = Object.fromEntries(new FormData(form));
    for (const box of all("[data-name] input[type=checkbox]", form)) given[box.closest("[data-name]").dataset.name] = box.checked ? "1" : "";
    if (what === "search") return ask({ query: given.query.trim() });
    command({ do: what, ...rest, ...given, ...(what === "new-customer" ? { author: state.author } : {}) });
  });

  const { answer, begin, field, flush, kept, mode, offer, pictures, released, choose, insert, way, write } = window.inboxComposer({ $, all, beat, later, state, tell, timers });

  // --- keys ---
  function move(by) {
    const list = rows(), focused = document.activeElement && document.activeElement.closest("a.q");
    const at = list.findIndex((row) => (focused ? row === focused : row.dataset.case === state.case));
    const next = list[Math.min(list.length - 1, Math.max(0, at + by))];
    if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
  }
  const press_on = (selector) => { const at = document.querySelector(selector); if (at) at.click(); };
  const keys = {
    j: () => move(1),
    k: () => move(-1),
    x: () => { const row = document.activeElement.closest("a.q"); const id = row ? row.dataset.case : state.case; if (state.works && id) pick(id); },
    r: () => answer(),
    n: () => mode("note"),
    e: () => press_on("#inbox-head [data-do=resolve]"),
    s: () => press_on("#inbox-snooze"),
    a: () => state.works && state.case && command({ do: "assign", value: state.me }),
    u: () => state.case && command({ do: "unread" }),
    "/": () => { const row = document.querySelector(".qsearch"); row.hidden = false; $("inbox-search").focus(); },
    Escape: () => local["pick-none"](),
    "ctrl+Enter": () => document.activeElement === field() && command({ do: state.mode === "note" ? "note" : document.querySelector("#inbox-comp [data-do=send]") ? "send" : "ask" }),
  };
  document.addEventListener("shenava-key", (event) => {
    if (!$("inbox") || !keys[event.detail]) return;
    // These move into a field, which must not receive the letter itself.
    if (["r", "n", "/"].includes(event.detail)) event.preventDefault();
    keys[event.detail]();
  });

  // Escape leaves the composer, which keeps what stands in it, so that single keys mean steps again.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || event.target.id !== "inbox-text") return;
    event.preventDefault();
    flush();
    event.target.blur();
  });

  // --- what others do ---
  // A signal without subjects says that anything of its kind may have changed.
  const about = (data, id) => !data.subjects.length || data.subjects.includes(id);
  const concerns = (data) => data && state.case && about(data, state.case);
  const live = {
    live_case(data) { if (!data) return; if (concerns(data)) againSoon(); settleSoon(); },
    live_reply(data) { if (!data) return; if (concerns(data)) againSoon(); settleSoon(); },
    live_presence(data) { if (concerns(data)) againSoon(); },
    live_customer(data) { if (data && state.case && document.querySelector("#inbox-customer .cu")) againSoon(); },
  };
  function beat() {
    if (!$("inbox") || !state.case || document.visibilityState !== "visible") return;
    tell("here", { case: state.case, typing: Date.now() - state.typed < 6000 });
  }
  setInterval(beat, 10000);
  document.addEventListener("visibilitychange", beat);
  addEventListener("popstate", () => {
    if (!$("inbox") || location.pathname !== "/inbox") return;
    const id = new URLSearchParams(location.search).get("case") || "";
    if (id !== state.case) open(id);
  });

  // --- writing in what the server drew; what did not change stays as it is ---
  function made(html) {
    const box = document.createElement("template");
    box.innerHTML = html;
    const one = box.content.firstElementChild;
    one.drawn = html;
    return one;
  }
  function swap(there, html) {
    if (there.drawn === html) return;
    const fresh = made(html), focused = there.contains(document.activeElement) && there.querySelector("a.q");
    there.replaceWith(fresh);
    if (focused && fresh.querySelector("a.q")) fresh.querySelector("a.q").focus({ preventScroll: true });
  }
  function fill(places) {
    for (const [id, parts] of Object.entries(places || {})) {
      const place = $(id);
      if (!place) continue;
      const there = [...place.children];
      there.slice(parts.length).forEach((one) => one.remove());
      parts.forEach((html, at) => (at < there.length ? swap(there[at], html) : place.append(made(html))));
    }
    mark();
    reveal();
  }
  // The chosen view of a line that is wider than the screen; where somebody pushed it afterwards is theirs.
  function reveal() {
    const views = document.querySelector("#inbox-queue-head .views"), on = views && views.querySelector(".on");
    if (!on || views.shown === on) return;
    views.shown = on;
    on.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  function bar(text) {
    const at = $("inbox-newer");
    at.textContent = text;
    at.hidden = !text;
  }
  function queue(data) {
    if (!data || !$("inbox")) return;
    fill(data.places);
    bar("");
    $("inbox-rows").scrollTop = 0;
  }
  function fresh(data) {
    if (!data || !$("inbox")) return;
    for (const row of rows()) {
      const id = row.dataset.case, html = data.rows[id];
      if (html) swap(row.parentElement, html);
      else if (state.dropped.has(id)) row.parentElement.remove();
      else row.classList.add("gone");
    }
    if (!rows().length && !data.newer) draw();
    bar(data.newer);
    fill(data.places);
  }
  function drawn(data) {
    if (!data || !$("inbox") || data.case !== state.case) return;
    const other = state.shown !== data.case, composed = !!data.places["inbox-composer"];
    if (composed) $("inbox-composer").replaceChildren();
    if (other) $("inbox-items").replaceChildren();
    fill(data.places);
    clearTimeout(timers.bones);
    bones(false);
    if (other) state.atEnd = true;
    state.shown = data.case;
    if (composed) { state.full = false; begin(); } else if (data.released && data.released === state.draft) released();
    if (state.atEnd) $("inbox-items").scrollTop = $("inbox-items").scrollHeight;
    later("seen", 700, () => { state.seen = data.case; mark(); });
  }
  const found = (data) => data && fill(data.places);
  document.addEventListener("scroll", (event) => {
    const list = event.target;
    if (list.id === "inbox-items" && !list.hidden) state.atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  }, true);
  function start(data) {
    if (!data) return;
    if (!$("inbox")) return void setTimeout(() => start(data), 30);
    Object.assign(state, data, { picked: new Set(), dropped: new Set(), picking: false, shown: null, seen: "", atEnd: true });
    $("inbox-first").hidden = true;
    drawn({ case: data.case, places: data.places });
    beat();
    const row = rowOf(state.case);
    if (row) row.scrollIntoView({ block: "center" });
  }
  window.dash_clientside = window.dash_clientside || {};
  const quiet = (work) => (data) => { work(data); return window.dash_clientside.no_update; };
  window.dash_clientside.inbox = {};
  for (const [name, work] of Object.entries({ start, queue, fresh, drawn, found, told, kept, ...live })) window.dash_clientside.inbox[name] = quiet(work);
})();
