// A long list that is searched by typing: a text field with a list of matches, in front of a <select data-picker>. The
// <select> stays the form's field, and is all there is without JavaScript.

const folded = (text) =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");

// How well an option fits what was typed; 0: not at all.
function fit(option, typed) {
  if (!typed) return 1;
  if (option.value === "") return 0;
  const name = folded(option.text);
  if (name.startsWith(typed)) return 4;
  const words = (option.dataset.words ?? "").split("|").map(folded);
  if (words.some((word) => word.startsWith(typed))) return 3;
  if (option.text.split(/[\s-]+/).some((word) => folded(word).startsWith(typed))) return 2;
  return name.includes(typed) ? 1 : 0;
}

class Picker {
  constructor(select) {
    this.select = select;
    this.matches = [];
    this.active = -1;
    this.build();
    this.show();
  }

  build() {
    const { select } = this;
    this.root = document.createElement("div");
    this.root.className = "picker";
    this.root.dataset.picker = select.id;
    this.input = Object.assign(document.createElement("input"), { type: "text", id: `${select.id}_typed`, autocomplete: "off", spellcheck: false });
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${select.id}_list`, "aria-describedby": `${select.id}_error` }))
      this.input.setAttribute(name, value);
    this.list = Object.assign(document.createElement("ul"), { id: `${select.id}_list`, className: "picker__list", hidden: true });
    this.list.setAttribute("role", "listbox");
    this.said = Object.assign(document.createElement("p"), { className: "visually-hidden" });
    this.said.setAttribute("role", "status");
    const label = document.querySelector(`label[for="${select.id}"]`);
    if (label) {
      label.htmlFor = this.input.id;
      label.id ||= `${select.id}_label`;
      this.list.setAttribute("aria-labelledby", label.id);
    }
    select.before(this.root);
    this.root.append(this.input, this.list, this.said, select);
    select.classList.add("visually-hidden");
    select.tabIndex = -1;
    select.setAttribute("aria-hidden", "true");
    this.input.disabled = select.disabled;

    this.input.addEventListener("input", (event) => {
      event.stopPropagation(); // it is the choice that is saved, not the letters
      this.open(this.input.value);
    });
    this.input.addEventListener("change", (event) => event.stopPropagation());
    this.input.addEventListener("click", () => this.open(""));
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.leave());
    this.list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    this.list.addEventListener("click", (event) => {
      const item = event.target.closest("[role=option]");
      if (item) this.choose(this.matches[Number(item.dataset.place)]);
    });
    select.addEventListener("change", () => this.show());
  }

  // The chosen option's name in the field.
  show() {
    const option = this.select.selectedOptions[0];
    this.input.value = option && option.value ? option.text : "";
    this.input.placeholder = option && option.value ? "" : (option?.text ?? "");
  }

  open(text) {
    const typed = folded(text);
    this.matches = [...this.select.options]
      .map((option) => ({ option, fits: fit(option, typed) }))
      .filter(({ fits }) => fits > 0)
      .sort((one, other) => other.fits - one.fits) // stable: equal ones keep the list's order
      .map(({ option }) => option);
    this.list.replaceChildren(...this.matches.map((option, place) => this.item(option, place)));
    const none = this.matches.length === 0;
    this.said.textContent = none ? this.select.dataset.none : `${this.matches.length}`;
    if (none) this.list.replaceChildren(Object.assign(document.createElement("li"), { className: "picker__none", textContent: this.select.dataset.none }));
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    const chosen = this.matches.indexOf(this.select.selectedOptions[0]);
    this.activate(typed ? 0 : chosen);
  }

  item(option, place) {
    const item = Object.assign(document.createElement("li"), { id: `${this.list.id}_${place}`, textContent: option.text });
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(option.selected));
    item.dataset.place = place;
    return item;
  }

  activate(place) {
    this.active = Math.max(-1, Math.min(place, this.matches.length - 1));
    for (const item of this.list.children) item.classList.toggle("picker__active", Number(item.dataset.place) === this.active);
    const item = this.list.children[this.active];
    if (item && this.active >= 0) {
      this.input.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    } else this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
    if (event.key in steps) {
      event.preventDefault();
      if (this.list.hidden) this.open("");
      else this.activate(Math.max(0, this.active + steps[event.key]));
    } else if (event.key === "Enter") {
      event.preventDefault(); // and does not send the form
      if (!this.list.hidden && this.matches[this.active]) this.choose(this.matches[this.active]);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
      this.show();
    }
  }

  // Whole names count even if nothing was pressed; anything else falls back to what was chosen.
  leave() {
    const typed = folded(this.input.value);
    const named = [...this.select.options].find((option) => option.value && folded(option.text) === typed);
    const cleared = !typed && this.select.value !== "" && [...this.select.options].find((option) => option.value === "");
    this.close();
    if (named && !named.selected) this.choose(named);
    else if (cleared) this.choose(cleared);
    else this.show();
  }

  choose(option) {
    this.close();
    if (!option.selected) {
      this.select.value = option.value;
      this.select.dispatchEvent(new Event("change", { bubbles: true }));
    }
    this.show();
  }

  close() {
    this.list.hidden = true;
    this.matches = [];
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}

function enhance(part) {
  const selects = part.matches?.("select[data-picker]") ? [part] : part.querySelectorAll?.("select[data-picker]");
  for (const select of selects ?? []) if (!select.closest(".picker")) new Picker(select);
}

// A swap that comes while somebody types into the field is held back by autosave.js.
window.htmx.onLoad(enhance);
enhance(document);
