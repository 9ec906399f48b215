// Arrows, keys and the mark on the thumbnail. Without this file the strip scrolls and the thumbnails are links.

for (const gallery of document.querySelectorAll("[data-gallery]")) {
  const strip = gallery.querySelector(".gallery__strip");
  const slides = [...strip.children];
  const thumbs = [...gallery.querySelectorAll(".gallery__thumbs a")];
  const arrows = [...gallery.querySelectorAll("[data-step]")];
  const count = gallery.querySelector("[data-count]");
  if (slides.length < 2) continue;
  let current = 0;

  const go = (index) => strip.scrollTo({ left: slides[(index + slides.length) % slides.length].offsetLeft - strip.offsetLeft });

  function show(index) {
    current = index;
    count.textContent = `${index + 1} / ${slides.length}`;
    thumbs.forEach((thumb, at) => {
      if (at === index) thumb.setAttribute("aria-current", "true");
      else thumb.removeAttribute("aria-current");
    });
    const rail = thumbs[index].closest("ul");
    rail.scrollTo({ left: thumbs[index].offsetLeft - rail.offsetLeft - rail.clientWidth / 2 + thumbs[index].clientWidth / 2 });
  }

  for (const arrow of arrows) {
    arrow.hidden = false;
    arrow.addEventListener("click", () => go(current + Number(arrow.dataset.step)));
  }
  count.hidden = false;
  thumbs.forEach((thumb, index) =>
    thumb.addEventListener("click", (event) => {
      event.preventDefault();
      go(index);
    }),
  );
  strip.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    go(current + step);
  });
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) if (entry.isIntersecting) show(slides.indexOf(entry.target));
    },
    { root: strip, threshold: 0.6 },
  );
  for (const slide of slides) watcher.observe(slide);
  show(0);
}
