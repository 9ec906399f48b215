// Sends each photo by itself, with its own progress, preview and, where it is not taken, its own sentence.
// Works on forms with data-upload (one address, many photos) and data-identify (one photo, then on to the answer).

document.documentElement.classList.add("js");

const AT_ONCE = 3;

function send(form, file, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("photo", file, file.name);
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      const answer = request.response ?? {};
      const ok = request.status === 201;
      const fallback = request.status === 413 ? "This file is too large." : "Something went wrong here. Please try again.";
      resolve({ ok, message: ok ? "" : (answer.message ?? fallback), location: answer.location, id: answer.id });
    });
    request.addEventListener("error", () => resolve({ ok: false, retry: true, message: "The connection broke. " }));
    request.send(body);
  });
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
    this.says = element("p", "upload__says", "Waiting");
    this.bar = element("progress");
    this.bar.max = 1;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", `Uploading ${file.name}`);
    middle.append(element("p", "upload__name", file.name), this.bar, this.says);
    this.actions = element("div", "row");
    this.item.append(this.picture, middle, this.actions);
    list.append(this.item);
  }

  progress(part) {
    this.bar.value = part;
    this.says.textContent = part < 1 ? `${Math.round(part * 100)} % sent` : "Checking the picture";
  }

  refuse(message, again) {
    this.item.classList.add("upload--bad");
    this.bar.hidden = true;
    this.says.textContent = message;
    this.says.setAttribute("role", "alert");
    this.actions.replaceChildren();
    if (again) this.action("Try again", again);
    this.action("Close", () => this.remove());
  }

  restart() {
    this.item.classList.remove("upload--bad");
    this.bar.hidden = false;
    this.progress(0);
    this.actions.replaceChildren();
  }

  action(label, act) {
    const button = element("button", "link-button small", label);
    button.type = "button";
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
  const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
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
  const waiting = [];
  let running = 0;
  let batch = []; // rows in the order chosen; each gets its photo's id when it has arrived

  function next() {
    while (running < AT_ONCE && waiting.length > 0) {
      const { file, row } = waiting.shift();
      running += 1;
      send(form, file, (part) => row.progress(part)).then((answer) => {
        running -= 1;
        if (answer.ok && answer.location) {
          window.location.assign(answer.location);
          return;
        }
        if (answer.ok) {
          row.id = answer.id;
          row.remove();
          refreshTiles();
        } else {
          const again = () => {
            row.restart();
            waiting.push({ file, row });
            next();
          };
          row.refuse(answer.message, answer.retry ? again : null);
        }
        next();
        if (running === 0 && waiting.length === 0 && !single) {
          const ids = batch.map((one) => one.id).filter(Boolean);
          batch = [];
          keepOrder(form, ids).then(refreshTiles);
        }
      });
    }
  }

  function take(files) {
    const chosen = single ? [...files].slice(0, 1) : [...files];
    if (single) list.replaceChildren();
    for (const file of chosen) {
      const row = new Row(list, file);
      if (file.size > Number(form.dataset.limit)) {
        row.refuse(`This file is ${(file.size / 2 ** 20).toFixed(1)} MB; the limit is ${form.dataset.limitMb} MB.`);
      } else {
        waiting.push({ file, row });
        batch.push(row);
      }
    }
    next();
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
  window.addEventListener("beforeunload", (event) => {
    if (!single && (running > 0 || waiting.length > 0)) event.preventDefault();
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
