// The moderators' desk: one car per screen without a reload.
//
// The buttons do the work and keys press them. A decision is sent behind the moderator's back while the next car, which
// was loaded ahead, is on the screen already. Nothing is swallowed: decisions wait in the outbox until the server has
// them, and keys pressed before a car could be seen wait until it can. The page works without this script.

const { keyOf } = window; // keys.js

const SEEN_AFTER_MS = 300; // nobody has seen a car earlier: keys wait so long
const ONE_PRESS_MS = 300; // the same key twice within this time is one press
const RETRY_MS = [1000, 2000, 5000, 10000];

const says = document.getElementById("desk-says");
let desk = document.getElementById("desk");
let ahead = null; // { code, node, url } of the car that comes next
let aheadUnderWay = null;
let waitsForAhead = false;
let shownAt = performance.now();
let hiddenFor = 0;
let hiddenSince = 0;
let last = { key: "", at: -Infinity };
let enterWaits = false;
let flushing = 0;
const keys = []; // pressed too early
const outbox = []; // decisions that the server does not have yet
let sending = false;
const painted = []; // milliseconds from key to next car, for whoever measures
window.deskPainted = painted;
window.deskIsAhead = () => ahead !== null;

const $ = (selector) => desk.querySelector(selector);
const token = () => $("input[name=csrfmiddlewaretoken]").value;

function say(text, bad = false) {
  says.textContent = text;
  says.classList.toggle("desk-says--bad", bad);
}

// ---- the car that comes next ----

function parse(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content.getElementById("desk");
}

async function load(url) {
  const answer = await fetch(url, { headers: { "X-Desk": "1" }, redirect: "manual" });
  if (answer.status === 204) return null;
  if (!answer.ok) throw new Error(`${answer.status || "signed out"}`);
  const node = parse(await answer.text());
  // Decoded now, so that the swap only has to paint.
  const pictures = [...node.querySelectorAll("image")].slice(0, 1).map((image) => {
    const picture = new Image();
    picture.src = image.getAttribute("href");
    return picture.decode().catch(() => undefined); // a picture that is gone is shown as missing
  });
  await Promise.all(pictures);
  return { code: node.dataset.code, url: node.dataset.url, node };
}

function loadAhead() {
  if (ahead || aheadUnderWay) return;
  const underWay = [desk.dataset.code, ...outbox.map((one) => one.code)];
  const not = new URLSearchParams(underWay.map((code) => ["not", code]));
  aheadUnderWay = load(`${desk.dataset.ahead}?${not}`)
    .then((next) => {
      if (ahead && next) return release(next.code); // an undo put another one first
      ahead ??= next;
      if (next === null && waitsForAhead) leaveWhenSent();
    })
    .catch((error) => {
      window.setTimeout(loadAhead, RETRY_MS[1]);
      if (waitsForAhead) say(`${says.dataset.notLoaded} (${error.message})`, true);
    })
    .finally(() => {
      aheadUnderWay = null;
      if (ahead && waitsForAhead) showAhead();
    });
}

function show(next) {
  waitsForAhead = false;
  const old = desk;
  desk = next.node;
  old.replaceWith(desk);
  window.htmx.process(desk);
  document.title = desk.dataset.title;
  shownAt = performance.now();
  hiddenFor = 0;
  desk.removeAttribute("aria-busy");
  window.scrollTo(0, 0);
  $("h1").focus({ preventScroll: true });
  flush();
}

function showAhead() {
  const next = ahead;
  ahead = null;
  show(next);
  window.history.pushState({ desk: true }, "", next.url);
  const pressed = last.at;
  // After the frame in which it is painted.
  window.requestAnimationFrame(() => window.setTimeout(() => painted.push(performance.now() - pressed), 0));
  loadAhead();
}

function goOn() {
  if (ahead) {
    showAhead();
  } else {
    waitsForAhead = true;
    desk.setAttribute("aria-busy", "true");
    loadAhead();
  }
}

function leaveWhenSent() {
  if (outbox.length === 0) window.location.assign(desk.dataset.next);
  else window.setTimeout(leaveWhenSent, 50);
}

// ---- decisions ----

function decide(form, submitter) {
  if (!form.reportValidity()) return;
  const data = new FormData(form, submitter); // a field called "action" hides the form's own
  const seconds = (performance.now() - shownAt - hiddenFor) / 1000;
  data.set("seconds", seconds.toFixed(2));
  outbox.push({ url: form.getAttribute("action"), code: desk.dataset.code, page: desk.dataset.url, body: data, tries: 0 });
  goOn();
  send();
}

// Signing in again changes the token that a form must carry.
async function freshToken(page) {
  const answer = await fetch(page, { headers: { "X-Desk": "1" }, redirect: "manual" });
  if (!answer.ok) throw new Error("signed out");
  return parse(await answer.text()).querySelector("input[name=csrfmiddlewaretoken]").value;
}

async function send() {
  if (sending || outbox.length === 0) return;
  sending = true;
  const one = outbox[0];
  try {
    if (one.signedOut) one.body.set("csrfmiddlewaretoken", await freshToken(one.page));
    const answer = await fetch(one.url, { method: "POST", body: one.body, headers: { "X-Desk": "1" }, redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.status === 403) {
      say(says.dataset.signedOut, true);
      throw new Error("signed out");
    }
    if (answer.status >= 500) throw new Error(String(answer.status));
    outbox.shift();
    const told = (answer.headers.get("Content-Type") ?? "").includes("json") ? await answer.json() : { words: `${says.dataset.refused} (${answer.status})` };
    if (answer.ok) stored(told);
    else refused(one, told);
  } catch (error) {
    one.signedOut = error.message === "signed out";
    if (!one.signedOut) say(says.dataset.notStored, true);
    window.setTimeout(send, RETRY_MS[Math.min(one.tries, RETRY_MS.length - 1)]);
    one.tries += 1;
    sending = false;
    return;
  }
  sending = false;
  send();
}

function stored(told) {
  say(told.words);
  if (told.waiting !== undefined) $("#desk-waiting")?.replaceChildren(String(told.waiting));
}

function refused(one, told) {
  const line = document.createElement("p");
  line.className = "notice notice--error";
  line.setAttribute("role", "alert");
  const link = document.createElement("a");
  link.href = one.page;
  link.textContent = one.code;
  line.append(`${told.words} `, link);
  document.getElementById("messages").append(line);
}

async function undo() {
  if (outbox.length > 0) {
    say(says.dataset.undoWaits);
    window.setTimeout(undo, 50);
    return;
  }
  const form = $("[data-undo]");
  const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new FormData(form), headers: { "X-Desk": "1" }, redirect: "manual" });
  if (!answer.ok && ![409, 422].includes(answer.status)) return say(says.dataset.notUndone, true);
  const told = await answer.json();
  say(told.words, !answer.ok);
  if (!answer.ok) return;
  const back = await load(told.url);
  if (ahead) release(ahead.code);
  ahead = { code: desk.dataset.code, url: desk.dataset.url, node: desk }; // it comes again right after
  show(back);
  window.history.pushState({ desk: true }, "", back.url);
}

function post(url) {
  return fetch(url, { method: "POST", headers: { "X-CSRFToken": token(), "X-Desk": "1" }, keepalive: true, redirect: "manual" });
}

function release(code) {
  post(desk.dataset.url.replace(desk.dataset.code, code) + "release/").catch(() => undefined); // the claim ends by itself
}

// ---- claims ----

async function hold() {
  if (document.hidden || desk.dataset.mine === undefined) return;
  const shown = desk;
  const answer = await post(`${shown.dataset.url}hold/`).catch(() => null);
  if (answer?.status === 409 && shown === desk) {
    for (const set of desk.querySelectorAll("fieldset")) set.disabled = true;
    delete desk.dataset.mine;
    say((await answer.json()).words, true);
  }
  if (!ahead) return;
  const next = ahead;
  const kept = await post(`${next.url}hold/`).catch(() => null);
  if (kept?.status === 409 && ahead === next) {
    ahead = null;
    loadAhead();
  }
}

// ---- keys and presses ----

function press(button) {
  if (!button || button.disabled || button.closest("fieldset:disabled")) return;
  button.click();
}

function open(name) {
  for (const pop of desk.querySelectorAll("[data-pop]")) pop.open = pop.dataset.pop === name && !pop.open;
  const opened = desk.querySelector("[data-pop][open]");
  opened?.querySelector("input[type=checkbox]")?.focus({ preventScroll: true });
}

function pressFound() {
  const search = $("[data-search]");
  const answers = $("#mod-found [data-for]")?.dataset.for;
  enterWaits = answers !== search.value.trim();
  if (!enterWaits) press($("#mod-found button"));
}

function run(key) {
  const popped = $("[data-pop][open] form.mod-pop-body");
  if (key === "/") $("[data-search]")?.focus();
  else if (popped && key === "enter") press(popped.querySelector("button[type=submit]"));
  else if (popped && /^[1-9]$/.test(key)) popped.querySelector(`[data-template-key="${key}"]`)?.click();
  else if (key === "enter") {
    const agreed = $("[data-default]");
    if (agreed) press(agreed);
    else say(says.dataset.noDefault, true);
  } else if (/^[1-9acghnrsuz?]$/.test(key)) press($(`[data-key="${key}"]`));
}

function flush() {
  window.clearTimeout(flushing);
  if (keys.length === 0 || waitsForAhead) return;
  const wait = SEEN_AFTER_MS - (performance.now() - shownAt);
  if (wait > 0) {
    flushing = window.setTimeout(flush, wait);
    return;
  }
  const pressed = keys.shift();
  last = pressed;
  run(pressed.key);
  flush();
}

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
  if (event.isComposing || (typing && event.keyCode === 229)) return; // Enter and Escape are the input method's
  if (event.key === "Escape") {
    enterWaits = false;
    if (typing) event.target.blur();
    open("");
    return;
  }
  if (event.target === $("[data-search]") && event.key === "Enter") {
    event.preventDefault();
    last = { key: "enter", at: event.timeStamp };
    pressFound();
    return;
  }
  if (typing) return;
  // On a button or link that has the focus by keyboard, Enter presses that one.
  if (event.key === "Enter" && event.target.matches("button, a, summary, label")) return;
  const key = event.key === "?" ? "?" : keyOf(event);
  if (!/^(?:[1-9acghnrsuz/?]|enter)$/.test(key)) return;
  event.preventDefault();
  if (key === last.key && event.timeStamp - last.at < ONE_PRESS_MS) return;
  keys.push({ key, at: event.timeStamp });
  flush();
});

document.addEventListener("submit", (event) => {
  if (!event.target.closest("#desk")) return;
  if (event.target.matches("[data-undo]")) {
    event.preventDefault();
    undo();
  } else if (event.target.matches("[data-decide]")) {
    event.preventDefault();
    decide(event.target, event.submitter);
  }
});

document.addEventListener("pointerdown", (event) => {
  last = { key: "", at: event.timeStamp };
});

document.addEventListener("click", (event) => {
  const summary = event.target.closest("[data-pop] > summary");
  if (!summary) return;
  event.preventDefault(); // one at a time
  open(summary.parentElement.dataset.pop);
});

document.body.addEventListener("input", (event) => {
  if (event.target.matches("[data-search]")) enterWaits = false;
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "mod-found" && enterWaits) pressFound();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) hiddenSince = performance.now();
  else {
    hiddenFor += performance.now() - hiddenSince;
    hold();
  }
});

// Back and forward: each car has an address, and may have been decided since.
window.addEventListener("popstate", () => window.location.reload());
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});
window.addEventListener("beforeunload", (event) => {
  if (outbox.length > 0) event.preventDefault();
});
window.addEventListener("pagehide", () => {
  if (ahead) release(ahead.code);
});

window.setInterval(hold, (Number(desk.dataset.holdSeconds) * 1000) / 3);
loadAhead();
