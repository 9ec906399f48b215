// What a page does when its session has ended: says so in place, and keeps everything.
//
// One module for all scripts of a page, so that they know the same.

let signedOut = false;

export const isSignedOut = () => signedOut;

// The session is over. Whoever signs in again comes back to this page.
export function saySignedOut({ message, label, sign_in: address }) {
  signedOut = true;
  if (document.getElementById("signed-out")) return;
  const line = document.createElement("p");
  line.id = "signed-out";
  line.className = "notice notice--warning signed-out";
  line.setAttribute("role", "alert");
  const link = document.createElement("a");
  link.textContent = label;
  link.href = `${address}?next=${encodeURIComponent(window.location.pathname + window.location.search)}`;
  // Files that wait to be sent would go with the page: another window keeps them.
  if (document.querySelector(".upload")) link.target = "_blank";
  link.addEventListener("click", rememberPlace);
  const words = document.createElement("span");
  words.append(`${message} `, link);
  line.append(words);
  document.getElementById("main").append(line);
}

// Signed in again, in another window perhaps: the next question tells.
export function saySignedIn() {
  signedOut = false;
  document.getElementById("signed-out")?.remove();
}

// The token of forms changes when somebody signs in again: of cookie and page, the cookie has the newer one.
export function csrfToken() {
  const cookie = document.cookie.split("; ").find((one) => one.startsWith("csrftoken="));
  return cookie?.slice("csrftoken=".length) ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

// Forms carry it in a field, which counts before the header.
export function csrfTokensRenew(root = document) {
  for (const field of root.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = csrfToken();
}

// Somebody may have signed in again in another window: ask once more.
window.addEventListener("focus", () => {
  signedOut = false;
});

// Whoever signs in again comes back to where the hand was.
const PLACE = `place:${window.location.pathname}`;
const PLACE_LASTS = 30 * 60_000; // ms
let lastField = "";
document.addEventListener("focusin", (event) => {
  if (event.target.matches("input, select, textarea")) lastField = event.target.id;
});

export function rememberPlace() {
  sessionStorage.setItem(PLACE, JSON.stringify({ at: Date.now(), top: window.scrollY, field: lastField }));
}

const { at = 0, top = 0, field = "" } = JSON.parse(sessionStorage.getItem(PLACE) ?? "{}");
sessionStorage.removeItem(PLACE);
// Not where the answer to a form has a place of its own to begin.
if (Date.now() - at < PLACE_LASTS && !document.querySelector("[data-focus]")) {
  if (field) document.getElementById(field)?.focus({ preventScroll: true });
  window.scrollTo({ top, behavior: "instant" });
}
