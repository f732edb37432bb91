// Holds the one EventSource of this browser and passes every signal to all tabs.
const ports = new Set();
let source = null, cursor = null, waiting = null;
const tell = (message) => ports.forEach((port) => port.postMessage(message));
function open() {
  if (source) source.close();
  source = new EventSource("/live" + (cursor === null ? "" : "?after=" + cursor));
  source.onmessage = (event) => {
    const signal = JSON.parse(event.data);
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
onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = (message) => {
    if (message.data !== "bye") return;
    ports.delete(port);
    if (!ports.size && source) { source.close(); source = null; }
  };
  port.start();
  if (!source) open();
};
