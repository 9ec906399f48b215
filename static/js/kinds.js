// Keys for saying what a photo shows: 1–4, S skip, Z back. They press the buttons; htmx brings the next photo, whose
// picture is loaded already.

const { keyOf } = window; // keys.js

const SEEN_AFTER_MS = 150; // a photo is told at a glance
let shownAt = performance.now();
let under = false;

document.body.addEventListener("htmx:beforeRequest", () => {
  under = true;
});
document.body.addEventListener("htmx:afterRequest", () => {
  under = false;
});
document.body.addEventListener("htmx:afterSwap", () => {
  shownAt = performance.now();
});

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || under) return;
  const key = keyOf(event);
  if (!/^[1-4sz]$/.test(key) || performance.now() - shownAt < SEEN_AFTER_MS) return;
  event.preventDefault();
  document.querySelector(`#kinds [data-key="${key}"]`)?.click();
});
