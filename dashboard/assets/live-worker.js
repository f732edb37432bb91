// Holds the one EventSource of this browser and passes every signal to all tabs.
const ports = new Set(), KEPT = 200;
let source = null, cursor = null, waiting = null, heard = [];
const tell = (message) => ports.forEach((port) => port.postMessage(message));
function open() {
  if (source) source.close();
  source = new EventSource("/live" + (cursor === null ? "" : "?after=" + cursor));
  source.onmessage = (event) => {
    const signal = JSON.parse(event.data);
    heard.push({ before: cursor, signal: signal });
    heard = heard.slice(-KEPT);
    cursor = signal.cursor;
    tell(signal);
  };
  source.onerror = () => {
    source.close();
    source = null;
    tell({ lost: true });
    clearTimeout(waiting);
    waiting = setTimeout(() => ports.size && open(), 1500 + Math.random() * 1500);
  };
}
// A tab says up to which change it was drawn. What the others heard since then it hears now; where that is no longer
// known, the connection is made anew from there, and the others hear some of it twice, which only makes them look again.
function join(port, drawn) {
  ports.add(port);
  if (source && (drawn === null || cursor === null || drawn >= cursor)) {
    if (cursor !== null) port.postMessage({ cursor: cursor, changes: {} });
    return;
  }
  const missed = source ? heard.filter((one) => one.signal.cursor > drawn) : [];
  if (missed.length && missed[0].before !== null && missed[0].before <= drawn) {
    missed.forEach((one) => port.postMessage(one.signal));
    return;
  }
  cursor = cursor === null ? drawn : drawn === null ? cursor : Math.min(cursor, drawn);
  heard = [];
  clearTimeout(waiting);
  open();
}
onconnect = (event) => {
  const port = event.ports[0];
  port.onmessage = (message) => {
    if (message.data !== "bye") return join(port, message.data.join);
    ports.delete(port);
    if (!ports.size && source) { source.close(); source = null; }
  };
  port.start();
};
