// One key press per listing: 1–5 candidates, A accept, C request changes, R reject (then 1–6 a reason), S skip, / search, H heat map.
// Per doubtful label: A keep, 1–3 suggestions, N not a car, X leave the photo out, S skip, / search.
// The buttons do the work; a key only presses them.
const page = document.querySelector("[data-moderate]");
const reject = document.querySelector("[data-reject]");
const search = document.querySelector("[data-search]");
const found = document.getElementById("mod-found");

// Somebody who presses keys quickly must not decide the next listing before having seen it.
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

// The letter, digit or "/" that a key means. Under a Latin layout a letter is what it says, wherever
// it is (AZERTY, Dvorak). Under any other script, and where digits need Shift, the key's place says
// what it is on a US keyboard. Keys with names (Enter, Escape) are the same under every layout.
function keyOf(event) {
  const said = event.key.toLowerCase();
  const nameless = [...event.key].length === 1 || ["Dead", "Process", "Unidentified"].includes(event.key);
  if (!nameless || /^[a-z0-9/]$/.test(said) || event.getModifierState?.("AltGraph")) return said;
  if (!event.shiftKey) {
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    if (digit) return digit[1]; // also where the row's own signs are letters, as é on AZERTY
  }
  if (/^\p{Script=Latin}$/u.test(event.key)) return said;
  if (event.code === "Slash" && !event.shiftKey) return "/";
  return /^Key([A-Z])$/.exec(event.code)?.[1].toLowerCase() ?? said;
}

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
  if (!event.target.matches("[data-decide]")) return; // looking at a heat map decides nothing
  if (sent) event.preventDefault();
  sent = true;
});

reject?.addEventListener("toggle", () => {
  if (reject.open) reject.scrollIntoView({ block: "nearest" });
});

// Back from the next page, out of the browser's memory: this listing may be decided again, or say that it was.
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
    if (reject) reject.open = false;
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
  } else if (reject?.open && /^[1-9]$/.test(key)) {
    press(`[data-reject-key="${key}"]`);
  } else if (/^[1-9achnrsx]$/.test(key)) {
    press(`[data-key="${key}"]`);
  }
});
