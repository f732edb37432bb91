// Pictures of a draft, and the offer to send a long text as several posts. p-inbox-composer.js calls this.
window.inboxPictures = function ({ $, all, later, state, way }) {
  const strip = () => $("inbox-files");
  const chosen = () => document.querySelector("#inbox-comp [role=radio][aria-checked=true]");
  const shown = (number) => new Intl.NumberFormat(document.documentElement.lang).format(number);
  const say = (text) => window.dash_clientside.set_props("toast", { data: { text: text, seconds: 6, at: Date.now() } });

  // --- which way takes what ---
  function fit() {
    const on = chosen(), add = $("inbox-add-file");
    if (!on || !add) return;
    add.hidden = !on.dataset.files;
    if (on.dataset.files) $("inbox-file").accept = on.dataset.kinds;
  }

  // --- pictures ---
  function tile(info) {
    const at = document.createElement("div"), image = new Image(), words = document.createElement("input"), off = document.createElement("button");
    const named = (text) => text.replace("{name}", info.name);
    at.className = "picture";
    at.dataset.file = info.id;
    image.src = "/api/v1/files/" + info.id;
    image.alt = info.alt || info.name;
    Object.assign(words, { type: "text", className: "in", value: info.alt, maxLength: 2000, dir: "auto", placeholder: strip().dataset.hint });
    words.setAttribute("aria-label", named(strip().dataset.alt));
    Object.assign(off, { type: "button", className: "btn ghost sm", title: named(strip().dataset.remove) });
    off.setAttribute("aria-label", off.title);
    off.innerHTML = '<span class="i i-x s14" aria-hidden="true"></span>';
    at.append(image, words, off);
    return at;
  }
  // What is sent waits for what is on its way here.
  const going = new Set(), described = new Map();
  const track = (work) => { going.add(work); const done = () => going.delete(work); work.then(done, done); return work; };
  function describe(id) {
    const text = described.get(id);
    described.delete(id);
    return track(call("PUT", "files/" + id, JSON.stringify({ alt: text })).catch((error) => say(error.message)));
  }
  const busy = () => going.size + described.size > 0;
  function settled() {
    for (const id of [...described.keys()]) describe(id);
    return Promise.allSettled([...going]);
  }
  async function call(method, path, body) {
    const answer = await fetch("/api/v1/" + path, { method: method, body: body, headers: typeof body === "string" ? { "Content-Type": "application/json" } : {} }).catch(() => null);
    if (!answer || !answer.ok) {
      const told = answer ? await answer.json().catch(() => ({})) : {};
      throw new Error(told.message || strip().dataset.failed);
    }
    return answer.status === 204 ? null : answer.json();
  }
  async function add(files) {
    // Another case may be shown before all are there: they go to the case where they were chosen.
    const on = chosen(), one = state.shown, by = way(), told = strip() && { ...strip().dataset };
    if (!on || !told) return;
    const room = Number(on.dataset.files || 0) - all(".picture", strip()).length;
    if (files.length > room) say(told.many.replace("{n}", shown(Number(on.dataset.files || 0))));
    for (const file of [...files].slice(0, Math.max(0, room))) {
      if (file.size > Number(told.most)) { say(told.large); continue; }
      const form = new FormData();
      form.append("file", file, file.name || "picture.png");
      form.append("way", by);
      try {
        const info = await track(call("POST", "cases/" + one + "/draft/files", form));
        if (state.shown !== one) continue;
        Object.assign(state, { draft: info.reply_id, kept: true });
        strip().append(tile(info));
      } catch (error) { say(error.message); }
    }
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("#inbox-add-file")) return $("inbox-file").click();
    const at = event.target.closest("#inbox-files .picture"), off = event.target.closest("#inbox-files button");
    if (at && off) call("DELETE", "files/" + at.dataset.file).then(() => at.remove(), (error) => say(error.message));
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "inbox-file") { add(event.target.files); event.target.value = ""; }
  });
  document.addEventListener("input", (event) => {
    const at = event.target.closest("#inbox-files .picture");
    if (!at) return;
    const words = event.target;
    described.set(at.dataset.file, words.value);
    later("alt-" + at.dataset.file, 600, () => described.has(at.dataset.file) && describe(at.dataset.file));
  });
  document.addEventListener("paste", (event) => {
    const on = chosen(), files = [...(event.clipboardData || { files: [] }).files].filter((one) => one.type.startsWith("image/"));
    if (event.target.id !== "inbox-text" || !files.length || !on || !on.dataset.files || state.mode !== "answer") return;
    event.preventDefault();
    add(files);
  });

  // --- several posts ---
  function parts(found) {
    const at = $("inbox-parts");
    if (!at) return;
    at.hidden = !(found && found.parts.length);
    if (at.hidden) { $("inbox-thread").checked = false; return; }
    $("inbox-thread-label").textContent = found.label;
    $("inbox-parts-list").replaceChildren(...found.parts.map((text) => Object.assign(document.createElement("li"), { textContent: text, dir: "auto" })));
  }
  const threaded = () => !!($("inbox-thread") && $("inbox-thread").checked);
  function clear() {
    if (strip()) strip().replaceChildren();
    parts(null);
  }
  return { busy, clear, fit, parts, settled, threaded };
};
