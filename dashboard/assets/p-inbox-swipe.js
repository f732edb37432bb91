// On touch screens a row of the queue slides towards the start of the line and shows two steps behind it.
(function () {
  const WIDE = 144;
  let row = null, from = null, sliding = false;
  const side = () => (document.documentElement.dir === "rtl" ? 1 : -1);
  const place = (at, by) => { at.style.transform = by ? `translateX(${side() * by}px)` : ""; };
  function shut(except) {
    for (const item of document.querySelectorAll("#inbox-list li.swiped")) {
      if (item === except) continue;
      item.classList.remove("swiped");
      place(item.querySelector("a.q"), 0);
      const steps = item.querySelector(".swipe");
      if (steps) steps.remove();
    }
  }
  function button(step, icon, label) {
    const made = document.createElement("button");
    made.type = "button";
    Object.assign(made.dataset, step);
    const mark = document.createElement("span");
    mark.className = "i s18 i-" + icon;
    made.append(mark, label);
    return made;
  }
  function offer(item) {
    if (item.querySelector(".swipe")) return;
    const steps = document.createElement("div"), id = row.dataset.case, words = document.getElementById("inbox").dataset;
    steps.className = "swipe";
    steps.append(button({ do: "status", value: "resolved", was: "new", case: id }, "check", words.resolve));
    steps.append(button({ do: "pick-time", value: "snooze", case: id }, "clock-pause", words.snooze));
    item.append(steps);
    item.classList.add("swiped");
  }
  document.addEventListener("touchstart", (event) => {
    const box = document.getElementById("inbox");
    row = box && box.dataset.works && event.target.closest ? event.target.closest("#inbox-list a.q") : null;
    from = event.touches[0];
    sliding = false;
    if (!event.target.closest || !event.target.closest(".swipe")) shut(row && row.parentElement);
  }, { passive: true });
  document.addEventListener("touchmove", (event) => {
    if (!row) return;
    const by = (event.touches[0].clientX - from.clientX) * side(), down = Math.abs(event.touches[0].clientY - from.clientY);
    if (!sliding && down > Math.abs(by)) { row = null; return; }
    if (by < 12) return;
    sliding = true;
    place(row, Math.min(WIDE, by));
  }, { passive: true });
  document.addEventListener("touchend", () => {
    if (!row || !sliding) return;
    const moved = Math.abs(new DOMMatrix(getComputedStyle(row).transform).e) > WIDE / 3;
    if (moved) offer(row.parentElement);
    place(row, moved ? WIDE : 0);
    row = null;
  });
})();
