// Live updates: one connection for all tabs in a SharedWorker, else one here; both are made anew when they die.
(function () {
  const dash = () => window.dash_clientside;
  let cursor = null;
  function take(signal) {
    if (!dash() || !dash().set_props) return;
    cursor = signal.cursor;
    const kinds = Object.keys(signal.changes || {});
    for (const kind of kinds) dash().set_props("live-" + kind, { data: { cursor: signal.cursor, subjects: signal.changes[kind] } });
    if (kinds.length) dash().set_props("live", { data: { cursor: signal.cursor, kinds: kinds } });
    document.documentElement.dataset.live = "on";
  }
  // A connection may be lost because the session ended: then the log-in is shown.
  async function lost() {
    document.documentElement.dataset.live = "off";
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
    addEventListener("pagehide", () => worker.port.postMessage("bye"));
  }
  function start() {
    if (document.documentElement.dataset.session !== "on") return;
    try { shared(); } catch { bare(); }
  }
  const ready = () => (dash() && dash().set_props && document.querySelector(".app #page") ? start() : setTimeout(ready, 50));
  ready();
})();
