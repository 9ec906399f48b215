// An open conversation asks for what is new while somebody looks at it: a page in the background must not mark
// messages as read.

const EVERY_MS = 6000;

setInterval(() => {
  const lines = document.querySelector("[data-lines]");
  if (lines && document.visibilityState === "visible") window.htmx.trigger(lines, "look");
}, EVERY_MS);
