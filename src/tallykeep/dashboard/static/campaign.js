// In the form for a new campaign: says how many codes a pattern allows, and warns where they are few.

const form = document.getElementById("new-campaign");
const hint = document.getElementById("possible");

function showHint() {
  const size = Number(form.elements.characters.selectedOptions[0].dataset.size);
  const placeholders = [...form.elements.pattern.value].filter((character) => character === "#").length;
  const possible = size ** placeholders;
  const wanted = Number(form.elements.vouchers_count.value) || 0;
  const shown = possible < 1e15 ? possible.toLocaleString("en") : "over a million billion";
  let text = placeholders ? `This allows ${shown} different codes.` : "Put at least one # into the pattern.";
  const tooFew = !placeholders || wanted > possible;
  if (placeholders && wanted > possible) text += ` ${wanted.toLocaleString("en")} are wanted: add more #.`;
  else if (wanted * 1000 > possible) text += " With so few, codes can be guessed: add more #.";
  hint.textContent = text;
  hint.className = tooFew ? "bad-text small" : "muted small";
}

form.addEventListener("input", showHint);
showHint();
