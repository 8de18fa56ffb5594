// In the form for a new campaign: says how many codes a pattern allows, and warns where they are few.

const form = document.getElementById("new-campaign");
const told = document.getElementById("possible");

function tell() {
  const size = Number(form.elements.signs.selectedOptions[0].dataset.size);
  const places = [...form.elements.pattern.value].filter((sign) => sign === "#").length;
  const possible = size ** places;
  const wanted = Number(form.elements.vouchers_count.value) || 0;
  const shown = possible < 1e15 ? possible.toLocaleString("en") : "over a million billion";
  let text = places ? `This allows ${shown} different codes.` : "Put at least one # into it.";
  const tooFew = !places || wanted > possible;
  if (places && wanted > possible) text += ` ${wanted.toLocaleString("en")} are wanted: put more # into it.`;
  else if (wanted * 1000 > possible) text += " With so few, codes can be guessed: better put more # into it.";
  told.textContent = text;
  told.className = tooFew ? "bad-text small" : "muted small";
}

form.addEventListener("input", tell);
tell();
