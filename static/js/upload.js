// Sends each photo by itself, with its own progress, preview and, where it is not taken, its own sentence.
// Works on forms with data-upload (photos of an advertisement) and data-identify (photos of one car, then on to the
// answer: the first photo begins a question, the others belong to it).

import { csrfToken, saySignedIn, saySignedOut } from "./session.js";
import { shrink } from "./shrink.js";

document.documentElement.classList.add("js");

const AT_ONCE = 3;
const STALLED = 60_000; // ms without any progress
const TOO_LARGE = ["too_large", "too_many_pixels"]; // the site's reasons that a smaller picture may help with

const words = JSON.parse(document.getElementById("upload-words")?.textContent ?? "{}");
const told = (text, values) => text.replace(/{(\w+)}/g, (_, name) => values[name]);

// Starts to send. Returns the promise of what became of it, and what ends it early.
function send(form, file, onProgress) {
  const request = new XMLHttpRequest();
  let patience = 0;
  const answered = new Promise((resolve) => {
    const body = new FormData();
    body.append("photo", file, file.name);
    const then = form.querySelector("[name=then]");
    if (then) body.append("then", then.value);
    if (form.dataset.question) body.append("question", form.dataset.question);
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.responseType = "json";
    const watch = () => {
      window.clearTimeout(patience);
      patience = window.setTimeout(() => {
        resolve({ ok: false, retry: true, message: words.stalled });
        request.abort();
      }, STALLED);
    };
    request.upload.addEventListener("progress", (event) => {
      watch();
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      const answer = request.response ?? {};
      const ok = request.status === 201;
      if (request.status === 401) saySignedOut(answer);
      else saySignedIn();
      resolve({
        ...answer,
        ok,
        message: ok ? "" : (answer.message ?? words.fault),
        code: request.status === 413 ? "too_large" : answer.code,
        retry: request.status === 401 || request.status === 403 || request.status === 429 || request.status >= 500,
      });
    });
    request.addEventListener("error", () => resolve({ ok: false, retry: true, message: words.broke }));
    request.addEventListener("abort", () => resolve({ cancelled: true }));
    request.addEventListener("loadend", () => window.clearTimeout(patience));
    watch();
    request.send(body);
  });
  return { answered, cancel: () => request.abort() };
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

class Row {
  constructor(list, file) {
    this.item = element("li", "upload");
    this.picture = element("img", "upload__preview");
    this.picture.alt = "";
    this.picture.src = URL.createObjectURL(file);
    // The browser may not know the format (HEIC on a PC): an empty frame then.
    this.picture.addEventListener("error", () => this.picture.replaceWith(element("span", "upload__preview")));
    const middle = element("div");
    this.says = element("p", "upload__says", words.waiting);
    this.bar = element("progress");
    this.bar.max = 1;
    this.bar.value = 0;
    this.name = file.name;
    this.bar.setAttribute("aria-label", told(words.uploading, file));
    middle.append(element("p", "upload__name", file.name), this.bar, this.says);
    this.actions = element("div", "row");
    this.item.append(this.picture, middle, this.actions);
    list.append(this.item);
  }

  progress(part) {
    this.bar.value = part;
    this.says.textContent = part < 1 ? told(words.sent, { share: `${Math.round(part * 100)} %` }) : words.checking;
  }

  say(text) {
    this.says.textContent = text;
  }

  refuse(message, again) {
    this.item.classList.add("upload--bad");
    this.bar.hidden = true;
    this.say(message);
    this.says.setAttribute("role", "alert");
    this.actions.replaceChildren();
    if (again) this.action(words.again, again);
    this.action(words.close, () => this.remove());
  }

  note(message) {
    this.bar.hidden = true;
    this.say(message);
    this.says.setAttribute("role", "status");
    this.actions.replaceChildren();
    this.action(words.close, () => this.remove());
  }

  wait(cancel) {
    this.item.classList.remove("upload--bad");
    this.bar.hidden = false;
    this.bar.value = 0;
    this.say(words.waiting);
    this.says.removeAttribute("role");
    this.actions.replaceChildren();
    this.action(words.cancel, cancel);
  }

  action(label, act) {
    const button = element("button", "link-button small", label);
    button.type = "button";
    button.setAttribute("aria-label", `${label}: ${this.name}`);
    button.addEventListener("click", act);
    this.actions.append(button);
  }

  remove() {
    URL.revokeObjectURL(this.picture.src);
    this.item.remove();
  }
}

// Several photos travel at once and may overtake each other: they are put into the order in which they were chosen.
async function keepOrder(form, ids) {
  if (ids.length < 2) return;
  const body = new FormData();
  for (const id of ids) body.append("photo", id);
  const headers = { "X-CSRFToken": csrfToken(), Accept: "application/json" };
  await fetch(form.dataset.order, { method: "POST", body, headers }).catch(() => {}); // only the order is lost
}

function refreshTiles() {
  const tiles = document.getElementById("photo-tiles");
  if (tiles && window.htmx) window.htmx.trigger(tiles, "refresh");
}

function enhance(form) {
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector(".drop");
  const list = form.querySelector("[data-uploads]");
  const single = "identify" in form.dataset;
  const limit = Number(form.dataset.limit);
  const waiting = []; // { file, row, shrunk }
  const running = new Set();
  let batch = []; // rows in the order chosen; each gets its photo's id when it has arrived

  function next() {
    const most = single && !form.dataset.question ? 1 : AT_ONCE;
    while (running.size < most && waiting.length > 0) start(waiting.shift());
    if (running.size > 0 || waiting.length > 0) return;
    if (single) {
      showAnswer();
      return;
    }
    const ids = batch.map((one) => one.id).filter(Boolean);
    batch = [];
    keepOrder(form, ids).then(refreshTiles);
  }

  // All have arrived: on to the answer. Was one of them refused, the person reads why first.
  function showAnswer() {
    if (!form.dataset.answer) return;
    if (list.querySelector(".upload--bad") === null) {
      window.location.assign(form.dataset.answer);
      return;
    }
    const link = form.querySelector("[data-answer]");
    link.hidden = false;
    link.querySelector("a").href = form.dataset.answer;
  }

  async function start(job) {
    running.add(job);
    const answer = await travel(job);
    running.delete(job);
    if (answer.ok && answer.location) {
      form.dataset.question = answer.question;
      form.dataset.answer = answer.location;
      job.row.say(words.arrived);
      next();
      return;
    }
    if (answer.ok) job.row.id = answer.id;
    if (answer.ok && answer.already && !job.tried) {
      job.row.note(words.already);
    } else if (answer.ok || answer.cancelled) {
      job.row.remove();
      refreshTiles();
    } else {
      job.tried = true; // it may have arrived without our hearing of it
      job.row.refuse(answer.message, answer.retry ? () => enqueue(job) : null);
    }
    next();
  }

  // Sends it, made smaller if it is too large: for us, or, as it turns out, for the site.
  async function travel(job) {
    if (job.file.size > limit && !(await makeSmaller(job))) {
      const size = (job.file.size / 2 ** 20).toFixed(1);
      return { ok: false, message: told(words.tooLarge, { size }) };
    }
    if (job.cancelled) return { cancelled: true };
    const sending = send(form, job.file, (part) => job.row.progress(part));
    job.end = sending.cancel;
    const answer = await sending.answered;
    if (!answer.ok && !job.shrunk && TOO_LARGE.includes(answer.code) && (await makeSmaller(job))) return travel(job);
    return answer;
  }

  async function makeSmaller(job) {
    job.row.say(words.shrinking);
    const smaller = await shrink(job.file, limit);
    if (smaller === null) return false;
    job.file = smaller; // what a second try sends as well, so that the site knows it again
    job.shrunk = true;
    return true;
  }

  function enqueue(job) {
    job.row.wait(() => cancel(job));
    waiting.push(job);
    next();
  }

  function cancel(job) {
    job.cancelled = true;
    job.end?.();
    const place = waiting.indexOf(job);
    if (place < 0) return;
    waiting.splice(place, 1);
    job.row.remove();
    next();
  }

  function take(files) {
    const jobs = [...files].map((file) => ({ file, row: new Row(list, file) }));
    batch.push(...jobs.map((job) => job.row));
    for (const job of jobs) enqueue(job);
  }

  input.addEventListener("change", () => {
    take(input.files);
    input.value = ""; // so that the same file can be chosen again
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("drop--over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    drop.addEventListener(name, () => drop.classList.remove("drop--over"));
  }
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  // Back from the answer: the next photos are another question.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted || !single) return;
    delete form.dataset.question;
    delete form.dataset.answer;
    list.replaceChildren();
  });
  window.addEventListener("beforeunload", (event) => {
    if (!single && (running.size > 0 || waiting.length > 0)) event.preventDefault();
  });
}

// The button that was pressed went away with its photo: the hand goes on from the photo that took its place. (Buttons
// that have nothing to do are aria-disabled rather than disabled, so that they keep the focus, too.)
document.body.addEventListener("htmx:afterSettle", (event) => {
  const gone = event.detail.requestConfig?.elt.closest(".tile");
  if (!gone || document.activeElement !== document.body) return;
  const tiles = [...document.querySelectorAll("#photo-tiles .tile")];
  const next = tiles[Math.min([...gone.parentElement.children].indexOf(gone), tiles.length - 1)];
  (next?.querySelector(".icon-button:last-child") ?? document.getElementById("id_photo")).focus();
});

// A photo dropped beside the zone must not replace the page by the picture.
for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());

for (const form of document.querySelectorAll("form[data-upload], form[data-identify]")) enhance(form);
