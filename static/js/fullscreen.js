// Photos over the whole screen. Links with data-fullscreen lead to them; without this file they open the picture.

const dialog = document.getElementById("fullscreen");
const picture = dialog.querySelector("img");
const count = dialog.querySelector(".fullscreen__count");
const FAR = 50; // pixels of a swipe

let links = [];
let current = 0;
let touched = null;

function show(index) {
  current = (index + links.length) % links.length;
  picture.src = links[current].href;
  picture.alt = links[current].querySelector("img")?.alt ?? "";
  count.textContent = links.length > 1 ? `${current + 1} / ${links.length}` : "";
  for (const button of dialog.querySelectorAll("[data-step]")) button.hidden = links.length < 2;
}

function open(link) {
  links = [...document.querySelectorAll("a[data-fullscreen]")];
  show(links.indexOf(link));
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-fullscreen]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link);
});
// The strip of a gallery is one stop for the keyboard, whose arrows turn the pages.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches(".gallery__strip")) return;
  const strip = event.target;
  open(strip.children[Math.round(strip.scrollLeft / strip.clientWidth)].querySelector("a"));
});

dialog.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]")?.dataset.step;
  if (step) show(current + Number(step));
  else if (event.target === dialog) dialog.close();
});
dialog.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step) show(current + step);
});
dialog.addEventListener("pointerdown", (event) => {
  touched = event.clientX;
});
dialog.addEventListener("pointerup", (event) => {
  const way = touched === null ? 0 : event.clientX - touched;
  touched = null;
  if (Math.abs(way) > FAR) show(current + (way < 0 ? 1 : -1));
});
// The hand goes on from the photo that was looked at last. The tiles may be new ones by then.
dialog.addEventListener("close", () => {
  const address = links[current]?.href;
  const link = [...document.querySelectorAll("a[data-fullscreen]")].find((one) => one.href === address);
  const strip = link?.closest(".gallery__strip");
  if (strip) link.scrollIntoView({ block: "nearest", behavior: "instant" });
  (strip ?? link)?.focus();
  picture.removeAttribute("src");
});
