// Follows links of the console in place: the address changes, and the router of Dash hears of it.
document.addEventListener("click", (event) => {
  const link = event.target.closest && event.target.closest("a[data-nav]");
  if (!link || link.target || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (link.origin !== location.origin || !window.dash_clientside) return;
  event.preventDefault();
  if (link.href !== location.href) history.pushState(null, "", link.href);
  window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
});
