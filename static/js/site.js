// Small things every page needs.

document.documentElement.classList.add("js"); // hides what only helps without it

// A form must not be sent twice by an impatient second press.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !(form instanceof HTMLFormElement) || form.method !== "post") return;
  if (form.dataset.sent === "yes") event.preventDefault();
  form.dataset.sent = "yes";
});

// The page may come back out of the browser's memory: its forms may be sent again then.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
