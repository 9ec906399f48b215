// The equipment list: finds lines by their words, and counts what is ticked.

for (const list of document.querySelectorAll("[data-equipment]")) {
  const search = list.querySelector("[data-equipment-search]");
  const input = search.querySelector("input");
  const found = search.querySelector("[data-found]");
  const count = list.querySelector("[data-count]");
  const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  search.hidden = false;

  input.addEventListener("input", () => {
    const words = folded(input.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const group of list.querySelectorAll(".equipment__group")) {
      let inside = 0;
      for (const line of group.querySelectorAll("label")) {
        const text = folded(line.textContent);
        line.hidden = !words.every((word) => text.includes(word));
        if (!line.hidden) inside += 1;
      }
      group.hidden = inside === 0;
      shown += inside;
    }
    found.textContent = shown === 0 ? found.dataset.none : "";
  });
  // Enter looks for it; it does not send the form.
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  list.addEventListener("change", () => {
    const ticked = list.querySelectorAll("input[name=equipment]:checked").length;
    count.textContent = ticked === 0 ? "" : count.dataset.words.replace("0", String(ticked));
  });
}
