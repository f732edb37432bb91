// Single keys for fast hands: each becomes {key, at} in the store "key".
// Physical codes count too, because a Persian layout sends ت for KeyJ.
(function () {
  const typing = (el) => el && (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName));
  const named = { Slash: "/", Enter: "Enter", Escape: "Escape", ArrowUp: "ArrowUp", ArrowDown: "ArrowDown" };
  const nameOf = (event) => {
    if (event.key === "?" || event.key === "؟") return "?";
    if (/^Key[A-Z]$/.test(event.code)) return event.code[3].toLowerCase();
    if (/^Digit[0-9]$/.test(event.code)) return event.code[5];
    return named[event.code] || event.key;
  };
  document.addEventListener("keydown", (event) => {
    if (document.documentElement.dataset.keys === "off" || event.isComposing || event.repeat && !/^Key[JK]$/.test(event.code)) return;
    if (/^(Shift|Control|Alt|AltGraph|Meta|CapsLock|Tab|Dead|Process|Unidentified)$/.test(event.key)) return;
    const key = nameOf(event);
    const withCommand = event.ctrlKey || event.metaKey;
    if (typing(event.target) && !(withCommand && key === "Enter")) return;
    if (withCommand && key !== "Enter") return;
    if (key === "Enter" && !withCommand) return;
    if (document.querySelector("[role=dialog]") && key !== "Escape") return;
    if (key === "/" || key === "?") event.preventDefault();
    const name = (event.altKey ? "alt+" : "") + (withCommand ? "ctrl+" : "") + (event.shiftKey && /^[a-z]$/.test(key) ? "shift+" : "") + key;
    // At once for scripts of pages: fast keys would overtake each other in the store.
    if (!document.dispatchEvent(new CustomEvent("shenava-key", { detail: name, cancelable: true }))) event.preventDefault();
    if (key === "?") window.dash_clientside.set_props("keys-help", { opened: true });
    else window.dash_clientside.set_props("key", { data: { key: name, at: Date.now() } });
  });
})();
