// The grid of listings whose photos say the same car. It is a form of checkboxes and works without this script; here are
// its keys, its count, and the choice of a car without a button.

const { keyOf } = window; // keys.js

const SEEN_AFTER_MS = 300; // nobody has seen the tiles earlier
const ONE_PRESS_MS = 300;

const form = document.querySelector("[data-accept]");
const boxes = form ? [...form.querySelectorAll("input[type=checkbox]")] : [];
const shownAt = performance.now();
let sent = false;
let pressed = { key: "", at: -Infinity };

function count() {
  const ticked = boxes.filter((box) => box.checked).length;
  form.querySelector("[data-count]").textContent = `${ticked}/${boxes.length}`;
}

// As many as stand in one row: where the tops are the same.
function columns() {
  const top = boxes[0].closest("li").offsetTop;
  return boxes.filter((box) => box.closest("li").offsetTop === top).length;
}

function go(steps) {
  const here = boxes.indexOf(document.activeElement);
  const next = here < 0 ? 0 : Math.min(Math.max(here + steps, 0), boxes.length - 1);
  boxes[next].focus();
  boxes[next].closest("li").scrollIntoView({ block: "nearest" });
}

form?.addEventListener("change", count);
form?.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
  form.querySelector("[data-seconds]").value = ((performance.now() - shownAt) / 1000).toFixed(2);
});
if (form) count();

for (const choice of document.querySelectorAll("[data-choose]")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
  choice.form.querySelector("[data-choose-button]").hidden = true;
}

document.addEventListener("keydown", (event) => {
  if (event.repeat && !event.key.startsWith("Arrow")) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select, textarea, input:not([type=checkbox])")) return;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: form ? -columns() : 0, ArrowDown: form ? columns() : 0 }[event.key];
  if (steps && form) {
    event.preventDefault();
    go(steps);
    return;
  }
  const key = keyOf(event);
  if (!/^[agz]$/.test(key) || performance.now() - shownAt < SEEN_AFTER_MS) return;
  if (key === pressed.key && event.timeStamp - pressed.at < ONE_PRESS_MS) return;
  pressed = { key, at: event.timeStamp };
  document.querySelector(`[data-grid] [data-key="${key}"]`)?.click();
});

// Back from another page, out of the browser's memory: what is shown may be decided.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});
