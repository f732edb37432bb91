// Toasts: the store "toast" holds {text, sub, undo, undoLabel, seconds, tone}; pressing undo writes the store "undo".
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.shenava = Object.assign(window.dash_clientside.shenava || {}, {
  toast(data) {
    if (!data || !data.text) return;
    const box = document.getElementById("toasts");
    const toast = document.createElement("div");
    toast.className = "toast" + (data.tone === "bad" ? " bad" : "");
    toast.setAttribute("role", data.tone === "bad" ? "alert" : "status");
    const mark = document.createElement("span");
    mark.className = data.undo ? "ring" : "i s18 i-" + (data.tone === "bad" ? "alert-circle" : "circle-check");
    const text = document.createElement("span");
    text.className = "txt";
    text.dir = "auto";
    text.textContent = data.text;
    if (data.sub) {
      const sub = document.createElement("span");
      sub.className = "sub";
      sub.dir = "auto";
      sub.textContent = data.sub;
      text.append(sub);
    }
    toast.append(mark, text);
    const close = () => { clearInterval(timer); toast.remove(); };
    const button = document.createElement("button");
    if (data.undo) {
      button.textContent = data.undoLabel;
      button.onclick = () => { window.dash_clientside.set_props("undo", { data: { ...data.undo, at: Date.now() } }); close(); };
    } else {
      button.setAttribute("aria-label", data.closeLabel || "×");
      button.textContent = "×";
      button.onclick = close;
    }
    toast.append(button);
    box.append(toast);
    const end = Date.now() + data.seconds * 1000;
    const timer = setInterval(() => {
      const left = (end - Date.now()) / (data.seconds * 1000);
      mark.style.setProperty("--part", Math.max(0, left));
      if (left <= 0) close();
    }, 200);
  },
  title(text) { if (text) document.title = text; },
  // Keeps filters in the address without drawing the page anew.
  address(path) { if (path) history.replaceState(history.state, "", path); },
});
