// Live updates: one connection for all tabs in a SharedWorker, else one here; both are made anew when they die.
(function () {
  const dash = () => window.dash_clientside;
  const root = document.documentElement;
  // What the server had drawn when it made this page: everything after it has still to be heard.
  let cursor = Number(root.dataset.cursor || NaN);
  if (Number.isNaN(cursor)) cursor = null;
  const KEEP = 10000, PATIENCE = 4000;
  let worry = null;
  let recent = [];
  function take(signal) {
    if (!dash() || !dash().set_props) return;
    cursor = signal.cursor;
    const now = performance.now();
    recent = recent.filter((one) => now - one.at < KEEP);
    if (Object.keys(signal.changes || {}).length) recent.push({ at: now, signal: signal });
    tell(signal);
    clearTimeout(worry);
    root.dataset.live = "on";
  }
  function tell(signal) {
    const kinds = Object.keys(signal.changes || {});
    for (const kind of kinds) dash().set_props("live-" + kind, { data: { cursor: signal.cursor, subjects: signal.changes[kind] } });
    if (kinds.length) dash().set_props("live", { data: { cursor: signal.cursor, kinds: kinds } });
  }
  // A signal that came while a page was on its way had nobody to listen: the page hears it once it stands.
  function again() {
    const now = performance.now();
    recent.filter((one) => now - one.at < KEEP).forEach((one) => tell(one.signal));
  }
  // A connection that was there and stays away is told of by the line above the page. It may be lost because the
  // session ended: then the log-in is shown.
  async function lost() {
    if (root.dataset.live === "on") worry = setTimeout(() => { root.dataset.live = "lost"; }, PATIENCE);
    if (root.dataset.live !== "lost") root.dataset.live = "off";
    try { if ((await fetch("/session")).status === 401) location.reload(); } catch { /* the server is away */ }
  }
  function bare() {
    let source, waiting;
    const open = () => {
      source = new EventSource("/live" + (cursor === null ? "" : "?after=" + cursor));
      source.onmessage = (event) => take(JSON.parse(event.data));
      source.onerror = () => {
        lost();
        source.close();
        clearTimeout(waiting);
        waiting = setTimeout(open, 1500 + Math.random() * 1500);
      };
    };
    open();
    addEventListener("pagehide", () => source.close());
    addEventListener("pageshow", (event) => event.persisted && open());
  }
  function shared() {
    const worker = new SharedWorker("/assets/live-worker.js", { name: "shenava-live" });
    worker.port.onmessage = (event) => (event.data.lost ? lost() : take(event.data));
    worker.port.start();
    const join = () => worker.port.postMessage({ join: cursor });
    join();
    addEventListener("pagehide", () => worker.port.postMessage("bye"));
    addEventListener("pageshow", (event) => event.persisted && join());
  }
  function start() {
    if (root.dataset.session !== "on") return;
    new MutationObserver(again).observe(document.getElementById("page"), { childList: true });
    try { shared(); } catch { bare(); }
  }
  const ready = () => (dash() && dash().set_props && document.querySelector(".app #page") ? start() : setTimeout(ready, 50));
  ready();
})();
