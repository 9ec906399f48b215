// Saves what is typed, field by field, and keeps later verdicts of the photos from disturbing the hand that types.
//
// Only fields that the person changed are sent: whatever else the page shows may be older than what the photos filled
// in meanwhile. Until the server has confirmed a value, it also lies in this tab's storage, so that a reload, a crash
// or a lost connection loses nothing.

const form = document.querySelector("form[data-autosave]");
const state = document.getElementById("save-state");
const kept = `unsaved:${form.dataset.code}`;
const unanswered = `submitted:${form.dataset.code}`;
const WRITTEN = ["other_make", "other_model"];
const NAMED = ["make", "car_model", ...WRITTEN];
const FILLED = [...NAMED, "body", "colour"]; // what the photos fill in

const dirty = new Map(); // name → values (several of a list of boxes), in the order of typing
let timer = 0;
let saving = false;
let swapOfOwn = false;
let swapMissed = false;
let leaving = false;

const field = (name) => form.elements.namedItem(name);
const typed = (name) => new FormData(form).getAll(name);
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function keep() {
  if (dirty.size > 0) sessionStorage.setItem(kept, JSON.stringify([...dirty]));
  else sessionStorage.removeItem(kept);
}

function say(text, bad = false) {
  state.textContent = text;
  state.classList.toggle("save-state--bad", bad);
}

function changed(event) {
  const { name, type } = event.target;
  if (!name || type === "hidden" || event.target.form !== form) return; // the search belongs to another form
  dirty.set(name, typed(name));
  const partner = event.target.dataset.with; // a number and its unit mean something together only
  if (partner) dirty.set(partner, typed(partner));
  if (name === "make") dirty.delete("car_model");
  keep();
  say("Saving …");
  window.clearTimeout(timer);
  timer = window.setTimeout(save, event.type === "change" ? 50 : 700);
}

function body(names) {
  const data = new FormData();
  for (const name of ["csrfmiddlewaretoken", "car_version"]) data.append(name, field(name).value);
  for (const name of names) for (const value of dirty.get(name)) data.append(name, value);
  return data;
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
      redirect: "error", // to the sign-in page: the session is over
    });
    if (!answer.ok && answer.status !== 409) throw new Error(String(answer.status));
    const html = await answer.text();
    for (const [name, values] of sent) if (same(dirty.get(name), values)) dirty.delete(name);
    keep();
    swapOfOwn = true;
    window.htmx.swap(state, html, { swapStyle: "innerHTML" });
    swapOfOwn = false;
    state.classList.toggle("save-state--bad", answer.status === 409);
    mark(sent.keys());
  } catch {
    say("Not saved yet – trying again. Please leave this page open.", true);
    window.clearTimeout(timer);
    timer = window.setTimeout(save, 3000);
    saving = false;
    return;
  }
  saving = false;
  if (dirty.size > 0) save();
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

// A suggestion pressed is the newest word on make and model, on the body or on the colour.
document.getElementById("choose-form").addEventListener("htmx:beforeRequest", (event) => {
  const pressed = ["body", "colour"].filter((name) => event.detail.requestConfig.formData.has(`choose_${name}`));
  for (const name of pressed.length > 0 ? pressed : NAMED) dirty.delete(name);
  keep();
});

form.addEventListener("submit", () => {
  leaving = true; // the whole form goes along
  sessionStorage.removeItem(kept);
  sessionStorage.setItem(unanswered, "");
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
for (const [name, stored] of JSON.parse(sessionStorage.getItem(kept) ?? "[]")) {
  const values = [stored].flat();
  const inputs = [...form.elements].filter((one) => one.name === name && one.type !== "hidden");
  for (const input of inputs) {
    if (input.type === "checkbox") input.checked = values.includes(input.value);
    else input.value = values[0];
    input.closest("details")?.setAttribute("open", "");
  }
  if (inputs.length > 0) dirty.set(name, values);
}
if (dirty.size > 0) save();

document.querySelector("[data-focus]")?.focus();
