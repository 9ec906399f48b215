// One key press per doubtful label: A keep, 1–3 suggestions, N not a car, X leave the photo out, S skip, / search.
// The buttons do the work; a key only presses them.
const page = document.querySelector("[data-moderate]");
const search = document.querySelector("[data-search]");
const found = document.getElementById("mod-found");

// Somebody who presses keys quickly must not decide the next label before having seen it.
const SEEN_AFTER_MS = 300;
const shownAt = performance.now();
let sent = false;
let enterWaits = false; // pressed before the answer to what is typed was there

function press(selector) {
  const button = page.querySelector(selector);
  if (!button || button.closest("fieldset:disabled")) return false;
  button.click();
  return true;
}

const keyOf = window.keyOf; // keys.js

// Only the answer to the text as it now stands: the buttons of the text before are other cars.
function pressFound() {
  const answers = found.querySelector("[data-for]")?.dataset.for;
  enterWaits = answers !== search.value.trim();
  if (!enterWaits) press("#mod-found button");
}

search?.addEventListener("input", () => {
  enterWaits = false;
});

found?.addEventListener("htmx:afterSwap", () => {
  if (enterWaits) pressFound();
});

page?.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-decide]")) return;
  if (sent) event.preventDefault();
  sent = true;
});

// Back from the next page, out of the browser's memory: this label may be decided again, or say that it was.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

document.addEventListener("keydown", (event) => {
  if (!page || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input, textarea, select");
  if (event.isComposing || (typing && event.keyCode === 229)) return; // Enter and Escape are the input method's
  if (event.key === "Escape") {
    enterWaits = false;
    if (typing) event.target.blur();
    return;
  }
  if (event.target === search && event.key === "Enter") {
    event.preventDefault();
    pressFound();
    return;
  }
  if (typing || performance.now() - shownAt < SEEN_AFTER_MS) return;
  const key = keyOf(event);
  if (key === "/") {
    event.preventDefault();
    search?.focus();
  } else if (/^[1-9ansx]$/.test(key)) {
    press(`[data-key="${key}"]`);
  }
});
