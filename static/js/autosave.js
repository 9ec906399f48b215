// Saves what is typed, field by field, and keeps later verdicts of the photos from disturbing the hand that types.
//
// Only fields that the person changed are sent: whatever else the page shows may be older than what the photos filled
// in meanwhile. Until the server has confirmed a value, it also lies in this tab's storage, so that a reload, a crash
// or a lost connection loses nothing.

import { csrfToken, rememberPlace, saySignedIn, saySignedOut } from "./session.js";

const form = document.querySelector("form[data-autosave]");
const state = document.getElementById("save-state");
const kept = `unsaved:${form.dataset.code}`;
const unanswered = `submitted:${form.dataset.code}`;
const WRITTEN = ["other_make", "other_model"];
const NAMED = ["make", "car_model", ...WRITTEN];
const FILLED = [...NAMED, "body", "colour"]; // what the photos fill in

const words = JSON.parse(document.getElementById("save-words").textContent);
const FIRST_RETRY = 3_000; // ms, doubled up to the last
const LAST_RETRY = 30_000;

const dirty = new Map(); // name → { values, base }, in the order of typing; values: several of a list of boxes; base: the token of what the page showed
let timer = 0;
let pause = FIRST_RETRY;
let saving = false;
let swapOfOwn = false;
let swapMissed = false;
let leaving = false;
let canKeep = true;

const field = (name) => form.elements.namedItem(name);
const typed = (name) => new FormData(form).getAll(name);
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function keep() {
  try {
    if (dirty.size > 0) sessionStorage.setItem(kept, JSON.stringify([...dirty]));
    else sessionStorage.removeItem(kept);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    canKeep = false; // full, or switched off
  }
}

// Of each field, the token of the value that the page shows as stored: see marketplace/listings/newer.py.
const tokens = new Map();

function learnTokens(selector) {
  for (const { value } of form.querySelectorAll(selector)) {
    for (const pair of value.split(" ")) tokens.set(pair.split(":")[0], pair);
  }
}

const shownToken = (name) => tokens.get(name) ?? "";

function say(text, bad = false) {
  state.textContent = text;
  state.classList.toggle("save-state--bad", bad);
}

function set(name) {
  // The first base stays: what was typed, it was typed over that.
  dirty.set(name, { values: typed(name), base: dirty.get(name)?.base ?? shownToken(name) });
  if (name === "make") dirty.delete("car_model");
  keep();
  say(words.saving);
  window.clearTimeout(timer);
}

function changed(event) {
  const { name, type } = event.target;
  if (!name || type === "hidden" || event.target.form !== form) return; // the search belongs to another form
  const partner = event.target.dataset.with; // a number and its unit mean something together only
  for (const one of [name, partner]) if (one) set(one);
  timer = window.setTimeout(save, event.type === "change" ? 50 : 700);
}

function body(names) {
  const data = new FormData();
  data.append("csrfmiddlewaretoken", csrfToken());
  data.append("car_version", field("car_version").value);
  for (const name of names) {
    for (const value of dirty.get(name).values) data.append(name, value);
    data.append("shown", dirty.get(name).base);
  }
  return data;
}

// Says what is wrong. True if the same may be taken later without anybody doing anything.
async function refused(answer) {
  if (answer.status === 401) {
    saySignedOut(await answer.json());
    say(words.signedOut, true);
    return false;
  }
  if (answer.status === 429 || answer.status >= 500) {
    say(words.fault, true);
    return true;
  }
  say({ 403: words.tooOld, 404: words.gone }[answer.status] ?? `${words.refused} (${answer.status})`, true);
  return false;
}

function tryLater() {
  window.clearTimeout(timer);
  timer = window.setTimeout(save, pause);
  pause = Math.min(pause * 2, LAST_RETRY);
}

async function save() {
  if (saving || leaving || dirty.size === 0) return;
  saving = true;
  const sent = new Map(dirty);
  try {
    const answer = await fetch(form.dataset.autosave, {
      method: "POST",
      body: body(sent.keys()),
      headers: { "HX-Request": "true" },
      redirect: "error",
    });
    if (answer.ok || answer.status === 409) await stored(sent, answer);
    else if (await refused(answer)) tryLater();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // of fetch: the network
    say(canKeep ? words.retryKept : words.retryOpen, true);
    tryLater();
  } finally {
    saving = false;
  }
}

async function stored(sent, answer) {
  const html = await answer.text();
  for (const [name, { values }] of sent) {
    const now = dirty.get(name);
    if (same(now?.values, values)) dirty.delete(name);
    else if (now) now.base = ""; // typed on since: its base is what was stored just now
  }
  keep();
  saySignedIn();
  pause = FIRST_RETRY;
  swapOfOwn = true;
  window.htmx.swap(state, html, { swapStyle: "innerHTML" });
  swapOfOwn = false;
  learnTokens("#shown");
  for (const [name, now] of dirty) now.base ||= shownToken(name);
  state.classList.toggle("save-state--bad", answer.status === 409 || form.querySelector(".field__error:not(:empty)") !== null);
  mark(sent.keys());
  if (dirty.size > 0) timer = window.setTimeout(save, 0);
  else catchUp();
}

function mark(names) {
  for (const name of names) {
    const line = document.getElementById(`id_${name}_error`);
    const input = document.getElementById(`id_${name}`); // none of a list of boxes
    if (!line || !input) continue;
    input.toggleAttribute("aria-invalid", false);
    if (line.textContent) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", line.id);
    }
  }
}

// A list that is searched by typing has a field of its own, see picker.js.
function inHand(name) {
  const active = document.activeElement;
  return active === field(name) || active?.closest?.(".picker")?.dataset.picker === `id_${name}`;
}

function busyWithCar() {
  if (FILLED.some((name) => dirty.has(name))) return true;
  // A list may be renewed under the hand that has just chosen from it; a text may not under the hand that still types.
  return (swapOfOwn ? WRITTEN : FILLED).some((name) => inHand(name));
}

function catchUp() {
  if (!swapMissed || busyWithCar()) return;
  swapMissed = false;
  window.htmx.trigger("#photo-tiles", "refresh");
}

form.addEventListener("input", changed);
form.addEventListener("change", (event) => {
  if (dirty.has(event.target.name) || event.target instanceof HTMLSelectElement) changed(event);
});
// Another window had stored something else: see marketplace/listings/newer.py. The page has the newer token by now, so
// what is sent again is meant.
form.addEventListener("click", (event) => {
  const { mine, theirs, value } = event.target.dataset;
  const name = mine ?? theirs;
  if (!name) return;
  const input = document.getElementById(`id_${name}`); // a part of the form may have the field's name as its id
  if (theirs) input.value = value;
  set(name);
  input.focus();
  save();
});
// Who opens "not in the list" wants to write.
form.addEventListener("click", (event) => {
  const details = event.target.closest("details.unlisted:not([open])");
  if (details) window.setTimeout(() => details.querySelector("input").focus(), 0);
});
form.addEventListener("focusout", () => window.setTimeout(catchUp, 0));

// The seller is at make, model, body or colour this moment: the photos wait until the hand has gone.
document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target.id !== "car-fields" || !busyWithCar()) return;
  event.detail.shouldSwap = false;
  swapMissed = true;
});

document.body.addEventListener("htmx:oobAfterSwap", (event) => {
  const { target, shouldSwap } = event.detail;
  if (target.id === "car-fields" && shouldSwap) learnTokens("#car-fields [name=shown]");
});

// A suggestion pressed is the newest word on make and model, on the body or on the colour.
document.getElementById("choose-form").addEventListener("htmx:beforeRequest", (event) => {
  const pressed = ["body", "colour"].filter((name) => event.detail.requestConfig.formData.has(`choose_${name}`));
  for (const name of pressed.length > 0 ? pressed : NAMED) dirty.delete(name);
  keep();
});

form.addEventListener("submit", () => {
  leaving = true; // the whole form goes along
  for (const [name, { base }] of dirty) tokens.set(name, base);
  for (const one of form.querySelectorAll("[name=shown]")) one.value = [...tokens.values()].join(" ");
  keep(); // until a page of the site has answered: it may be the one to sign in
  sessionStorage.setItem(unanswered, "");
  rememberPlace();
});

window.addEventListener("pagehide", () => {
  if (leaving || dirty.size === 0) return;
  fetch(form.dataset.autosave, { method: "POST", body: body(dirty.keys()), headers: { "HX-Request": "true" }, keepalive: true });
});

// Back after a Submit, out of the browser's memory: the page is as it was then, and the advertisement may not be.
window.addEventListener("pageshow", async (event) => {
  if (!event.persisted || !leaving) return;
  if (sessionStorage.getItem(unanswered) === null) {
    window.location.reload(); // something was missing: the page that said so had all of this, and perhaps newer
    return;
  }
  // Handed in, or lost on the way: what was typed is kept until the server has it or says that it is too late.
  leaving = false;
  keep();
  await save();
  if (dirty.size === 0) window.location.reload();
});

// What an earlier life of this page could not save.
sessionStorage.removeItem(unanswered);
learnTokens("[name=shown]");
if ("answers" in form.dataset) sessionStorage.removeItem(kept); // this page has all that was submitted
for (const [name, one] of JSON.parse(sessionStorage.getItem(kept) ?? "[]")) {
  const inputs = [...form.elements].filter((input) => input.name === name && input.type !== "hidden");
  for (const input of inputs) {
    if (input.type === "checkbox") input.checked = one.values.includes(input.value);
    else input.value = one.values[0] ?? "";
    input.closest("details")?.setAttribute("open", "");
  }
  if (inputs.length > 0) dirty.set(name, one);
}
say(words.promise);
if (dirty.size > 0) save();
for (const event of ["online", "focus"]) window.addEventListener(event, () => save());

document.querySelector("[data-focus]")?.focus();
