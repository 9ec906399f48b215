// What a key means, for the pages that moderators work on with keys. Loaded before their scripts.

// The letter, digit or "/" that a key means. Under a Latin layout a letter is what it says, wherever
// it is (AZERTY, Dvorak). Under any other script, and where digits need Shift, the key's place says
// what it is on a US keyboard. Keys with names (Enter, Escape) are the same under every layout.
window.keyOf = function keyOf(event) {
  const said = event.key.toLowerCase();
  const nameless = [...event.key].length === 1 || ["Dead", "Process", "Unidentified"].includes(event.key);
  if (!nameless || /^[a-z0-9/]$/.test(said) || event.getModifierState?.("AltGraph")) return said;
  if (!event.shiftKey) {
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    if (digit) return digit[1]; // also where the row's own signs are letters, as é on AZERTY
  }
  if (/^\p{Script=Latin}$/u.test(event.key)) return said;
  if (event.code === "Slash" && !event.shiftKey) return "/";
  return /^Key([A-Z])$/.exec(event.code)?.[1].toLowerCase() ?? said;
};
