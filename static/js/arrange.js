// Photos are dragged to another place by their grip, with mouse, pen or finger. The arrows on each tile do the same.

const EDGE = 60; // pixels from the window's edge, where dragging scrolls
const SPEED = 12;

let drag = null; // { tile, list, next: where it was }

const tiles = () => document.getElementById("photo-tiles");

function put(x, y) {
  const under = document.elementFromPoint(x, y)?.closest(".tile");
  if (!under || under === drag.tile || under.parentElement !== drag.list) return;
  const behind = drag.tile.compareDocumentPosition(under) & Node.DOCUMENT_POSITION_FOLLOWING;
  drag.list.insertBefore(drag.tile, behind ? under.nextElementSibling : under);
}

function end(keep) {
  const { tile, list, next } = drag;
  drag = null;
  tile.classList.remove("tile--dragged");
  if (!keep) list.insertBefore(tile, next);
  if (!keep || tile.nextElementSibling === next) {
    window.htmx.trigger(tiles(), "refresh"); // what was held back meanwhile
    return;
  }
  const form = tile.querySelector(".tile__actions");
  const other = tile.nextElementSibling?.id.replace("tile-", "") ?? "";
  const values = { to: "before", other };
  window.htmx.ajax("POST", form.action, { source: form, target: "#photo-tiles", swap: "outerHTML", values });
}

document.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest("[data-grip]");
  if (!grip || event.button || drag) return;
  event.preventDefault();
  const tile = grip.closest(".tile");
  drag = { tile, list: tile.parentElement, next: tile.nextElementSibling };
  drag.list.setPointerCapture(event.pointerId); // of the list: the tile itself moves about
  tile.classList.add("tile--dragged");
});
document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  if (event.clientY < EDGE) window.scrollBy({ top: -SPEED, behavior: "instant" });
  if (event.clientY > window.innerHeight - EDGE) window.scrollBy({ top: SPEED, behavior: "instant" });
  put(event.clientX, event.clientY);
});
document.addEventListener("pointerup", () => drag && end(true));
document.addEventListener("pointercancel", () => drag && end(false));
document.addEventListener("keydown", (event) => {
  if (drag && event.key === "Escape") end(false);
});
// The tiles under the hand stay as they are.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (drag && event.detail.target.id === "photo-tiles") event.detail.shouldSwap = false;
});
