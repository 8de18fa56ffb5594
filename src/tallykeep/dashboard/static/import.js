// The import wizard. The file stays in the browser: its beginning is posted to be looked at, all of it to be imported.

const SLICE_BYTES = 262144;
const CSRF = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];

const wizard = document.getElementById("wizard");
const drop = document.getElementById("drop");
const input = document.getElementById("file");
const look = document.getElementById("look");
const problem = document.getElementById("problem");
const told = document.getElementById("told");
const sending = document.getElementById("sending");
const trial = document.getElementById("trial");

let key = wizard.dataset.key; // one import, however often the button is pressed
let isWorkbook = false;
let looks = 0;
let checks = 0;
let busy = false;

function tell(text) {
  problem.replaceChildren();
  if (!text) return;
  const box = document.createElement("div");
  box.className = "problem";
  box.append(Object.assign(document.createElement("p"), { textContent: text }));
  problem.append(box);
}

function size(bytes) {
  return `${new Intl.NumberFormat("en", { maximumFractionDigits: 1 }).format(bytes / 1e6)} MB`;
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function chosen() {
  const file = input.files[0];
  look.replaceChildren();
  trial.replaceChildren();
  tell("");
  drop.classList.toggle("chosen", Boolean(file));
  if (!file) return;
  key = newKey();
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  isWorkbook = first === 0x50 && second === 0x4b; // «PK»: a ZIP archive can only be read as a whole
  const most = Number(isWorkbook ? wizard.dataset.workbookBytes : wizard.dataset.bodyBytes);
  if (file.size > most) {
    tell(`${file.name} has ${size(file.size)}; at most ${size(most)} can be imported at once. ${isWorkbook ? "Save it as CSV" : "Split it, or pack it with gzip"}.`);
    return;
  }
  await preview(new FormData());
}

async function preview(form, changed) {
  const isFirst = !changed;
  const file = input.files[0];
  const number = ++looks;
  const whole = isWorkbook || file.size <= SLICE_BYTES;
  if (isFirst) {
    for (const name of ["kind", "campaign"]) if (wizard.dataset[name]) form.set(name, wizard.dataset[name]);
  }
  form.set("partial", String(!whole));
  form.set("file", whole ? file : file.slice(0, SLICE_BYTES), file.name);
  look.setAttribute("aria-busy", "true");
  let answer, text;
  try {
    answer = await fetch("/imports/preview", { method: "POST", body: form, headers: { "X-CSRF-Token": CSRF, "HX-Request": "true" } });
    text = await answer.text();
  } catch {
    if (number === looks) tell("The file or the server cannot be reached. If the file was changed since, choose it again.");
    return;
  } finally {
    if (number === looks) look.removeAttribute("aria-busy");
  }
  if (number !== looks) return; // a later choice has overtaken this one
  if (answer.headers.has("HX-Redirect")) location.assign(answer.headers.get("HX-Redirect"));
  else if (answer.headers.has("X-Problem")) {
    problem.innerHTML = text;
    for (const button of look.querySelectorAll("[data-start]")) button.disabled = true;
  } else if (!answer.ok) tell(`The server answered ${answer.status}. Reload the page and try again.`);
  else show(text, changed);
}

// The reader goes on where they were: at what they changed, or where they have gone to since.
function show(text, changed) {
  const at = document.activeElement;
  const name = (at?.closest("#choices") && at.name) || changed;
  tell("");
  look.innerHTML = text;
  if (!changed) look.querySelector("#what").focus();
  else if (changed === "default-add") [...look.querySelectorAll('[name^="default-to-"]')].at(-1)?.focus();
  else look.querySelector(`[name="${CSS.escape(name)}"]`)?.focus();
  const verdict = look.querySelector("#verdict");
  told.textContent = `${look.querySelector("[name=kind] option:checked").textContent}. ${verdict ? verdict.textContent : ""}`;
}

// A field belongs to one column: the one that had it goes back to what its title says, or is left out.
function takeAway(select) {
  if (!select.value.startsWith("field:")) return;
  for (const other of look.querySelectorAll('select[name^="column-"]')) {
    if (other !== select && other.value === select.value) {
      other.value = other.querySelector('option[value=""]') ? "" : "out";
    }
  }
}

look.addEventListener("submit", (event) => event.preventDefault());
look.addEventListener("change", (event) => {
  const { name, value } = event.target;
  if (name === "kind" && !value) return;
  trial.replaceChildren();
  if (name === "on_error") return;
  if (name.startsWith("column-")) takeAway(event.target);
  const form = new FormData(look.querySelector("#choices"));
  for (const made of ["mapping", "values", "defaults"]) form.delete(made); // of what stands in the other fields
  if (["kind", "delimiter", "charset"].includes(name)) {
    // Other columns, or another meaning of them: they are suggested anew.
    for (const field of [...form.keys()]) if (/^(column|title|value|default)-/.test(field)) form.delete(field);
    if (name === "kind") form.delete("campaign");
  }
  preview(form, name);
});

function start(isTrial) {
  if (busy) return;
  busy = true;
  const file = input.files[0];
  const choices = new FormData(look.querySelector("#choices"));
  const asked = new URLSearchParams({ kind: choices.get("kind"), rows: choices.get("rows"), campaign: choices.get("campaign") ?? "" });
  const form = new FormData();
  form.set("on_error", choices.get("on_error"));
  if (isTrial) form.set("dry_run", "true");
  if (choices.get("rows") === "csv") {
    for (const wish of ["mapping", "values", "defaults"]) form.set(wish, choices.get(wish));
    if (choices.get("delimiter")) form.set("delimiter", choices.get("delimiter"));
  }
  const charset = choices.get("charset");
  form.set("file", charset ? new File([file], file.name, { type: `text/csv; charset=${charset}` }) : file, file.name);
  send(`/imports/start?${asked}`, form, isTrial ? `${key}-check-${++checks}` : key, isTrial);
}

function send(path, form, idempotencyKey, isTrial) {
  const request = new XMLHttpRequest();
  request.open("POST", path);
  request.setRequestHeader("X-CSRF-Token", CSRF);
  request.setRequestHeader("HX-Request", "true");
  request.setRequestHeader("Idempotency-Key", idempotencyKey);
  request.upload.onprogress = (event) => uploaded(event.loaded, event.total);
  request.onload = () => accepted(request, isTrial);
  request.onerror = () => ended("The file or the server cannot be reached. Press the button again: the import counts once, however often it is sent.");
  uploading(true);
  uploaded(0, 1);
  request.send(form);
}

function uploading(now) {
  busy = now;
  sending.hidden = !now;
  input.disabled = now;
  for (const button of look.querySelectorAll("[data-start]")) button.disabled = now;
  window.onbeforeunload = now ? (event) => event.preventDefault() : null;
}

function uploaded(loaded, total) {
  const percent = Math.floor((100 * loaded) / (total || 1));
  document.getElementById("sending-bar").value = percent;
  document.getElementById("sending-text").textContent = percent < 100 ? `Uploading: ${percent}%` : "Uploaded. Counting the rows…";
}

function ended(text) {
  uploading(false);
  tell(text);
}

function accepted(request, isTrial) {
  uploading(false);
  const redirect = request.getResponseHeader("HX-Redirect");
  if (redirect) return location.assign(redirect);
  let answer = {};
  try {
    answer = JSON.parse(request.responseText);
  } catch {
    // Told below: no answer of ours.
  }
  if (!answer.task) return tell(answer.problem ?? `The server answered ${request.status}. Reload the page and try again.`);
  tell("");
  if (!isTrial) {
    busy = true; // until the next page is there
    for (const button of look.querySelectorAll("[data-start]")) button.disabled = true;
    return location.assign(`/tasks/${answer.task}`);
  }
  htmx.ajax("GET", `/imports/trial/${answer.task}`, { target: "#trial", swap: "innerHTML show:bottom" });
}

// After a check that found much wrong, importing is not what one would do next.
new MutationObserver(() => {
  const found = trial.querySelector("[data-would-fail]");
  const button = look.querySelector('[data-start="import"]');
  if (!found || !button) return;
  const fails = Number(found.dataset.wouldFail);
  if (!fails) return;
  const none = found.dataset.wouldGoIn === "0";
  button.classList.toggle("primary", !none);
  button.textContent = none ? `Import anyway: all ${fails.toLocaleString("en")} would fail` : `Import, ${fails.toLocaleString("en")} would fail`;
}).observe(trial, { childList: true });

look.addEventListener("click", (event) => {
  const button = event.target.closest("[data-start]");
  if (button) start(button.dataset.start === "trial");
});
input.addEventListener("change", chosen);
drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (busy || !event.dataTransfer.files.length) return;
  input.files = event.dataTransfer.files;
  chosen();
});
if (input.files.length) chosen(); // kept by the browser over a reload
