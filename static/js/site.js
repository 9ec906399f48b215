// Small things every page needs.

import { csrfToken, csrfTokensRenew, isSignedOut, saySignedIn, saySignedOut } from "./session.js";

document.documentElement.classList.add("js"); // hides what only helps without it

// A form must not be sent twice by an impatient second press.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !(form instanceof HTMLFormElement) || form.method !== "post") return;
  if (form.dataset.sent === "yes") event.preventDefault();
  form.dataset.sent = "yes";
  csrfTokensRenew(form);
});

// The page may come back out of the browser's memory: its forms may be sent again then.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// What this tab kept of a form until the server had it: it has.
for (const { dataset } of document.querySelectorAll("[data-forget]")) {
  for (const key of dataset.forget.split(" ")) sessionStorage.removeItem(key);
}

// One rule for all parts that htmx puts into a page: none of them is a page. An error's page, the sign-in page or
// whatever a proxy on the way says stays out. (With hx-select a part is cut out of a page.)
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  const cutOut = requestConfig.elt.closest("[hx-select]") !== null;
  if (/^\s*<(!doctype|html)/i.test(xhr.responseText) && !(cutOut && xhr.status < 300)) event.detail.shouldSwap = false;
});

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = csrfToken();
  if ("csrfmiddlewaretoken" in event.detail.parameters) event.detail.parameters.csrfmiddlewaretoken = csrfToken();
});
document.addEventListener("htmx:beforeRequest", (event) => {
  // What asks by itself every second rests while nobody is signed in; what a person presses asks again.
  if (isSignedOut() && event.detail.requestConfig.triggeringEvent === undefined) event.preventDefault();
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr, successful } = event.detail;
  if (successful) saySignedIn();
  if (xhr.status !== 401) return;
  try {
    const answer = JSON.parse(xhr.responseText);
    if (answer.sign_in) saySignedOut(answer);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error; // a proxy's 401, with a page of its own
  }
});
