// The import wizard. The file stays in the browser: a sample of it is posted for previews, all of it for the import.
// Nothing is imported but what the last preview answered for, with the choices as they are now.

import { refused, send } from "./upload.js";

const SLICE_BYTES = 262144;
const CSRF = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];
const SAFE = { "X-CSRF-Token": CSRF, "HX-Request": "true" };
const MADE = ["mapping", "values", "defaults"]; // by the preview's answer, from what the other fields show
const REREAD = ["row_type", "charset", "delimiter", "sheet", "header_row"]; // other columns, or another meaning of them

const wizard = document.getElementById("wizard");
const OPTIONS = wizard.dataset.options.split(" ");
const FILE_OPTIONS = wizard.dataset.fileOptions.split(" ");
const KNOWN = { row_type: wizard.dataset.rowType, campaign: wizard.dataset.campaign };
const drop = document.getElementById("drop");
const input = document.getElementById("file");
const preview = document.getElementById("preview");
const problem = document.getElementById("problem");
const announcement = document.getElementById("announcement");
const dryRun = document.getElementById("dry-run");

// All that belongs to one file; another one begins with nothing of it.
let now = null;
let busy = false;

function begun(file) {
  return {
    file,
    key: newKey(), // one import, however often the button is pressed
    isWorkbook: false,
    kept: "", // the server's token for the file that was sent for previews
    answered: null, // the choices that the page's answer belongs to
    looking: null,
    queued: "", // the button that was pressed meanwhile
    changed: "",
    checks: 0,
  };
}

function showProblem(text) {
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
  now?.looking?.abort();
  const mine = (now = file ? begun(file) : null);
  preview.replaceChildren();
  preview.removeAttribute("aria-busy");
  dryRun.replaceChildren();
  showProblem("");
  drop.classList.toggle("chosen", Boolean(file));
  if (!file) return;
  let start;
  try {
    start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  } catch {
    if (now === mine) showProblem("The file cannot be read. Choose it again.");
    return;
  }
  if (now !== mine) return; // another file has been chosen since
  mine.isWorkbook = start[0] === 0x50 && start[1] === 0x4b; // «PK»: a ZIP archive can only be read complete
  const maximum = Number(mine.isWorkbook ? wizard.dataset.workbookBytes : wizard.dataset.bodyBytes);
  if (file.size > maximum) {
    const remedy = mine.isWorkbook ? "Save it as CSV" : "Split it, or compress it with gzip";
    showProblem(`${file.name} has ${size(file.size)}; at most ${size(maximum)} can be imported at a time. ${remedy}.`);
    return;
  }
  await ask();
}

function form() {
  return preview.querySelector("#choices");
}

// Every choice as it is; what was detected in the file is left out.
function choices() {
  const fields = form() ? new FormData(form()) : new FormData();
  for (const field of form()?.querySelectorAll("[data-detected]") ?? []) {
    if (field.value === field.dataset.detected) fields.delete(field.name);
  }
  return fields;
}

function standing() {
  return JSON.stringify([...choices()]);
}

function isAnswered() {
  return now !== null && !now.looking && now.answered === standing();
}

// Choices since the last answer that change what the columns are.
function rereads(mine) {
  const fields = choices();
  const answered = new Map(JSON.parse(mine.answered ?? "[]"));
  return REREAD.filter((name) => (fields.get(name) ?? "") !== (answered.get(name) ?? ""));
}

// The file itself is sent once; later previews refer to it.
function question(mine) {
  const fields = choices();
  for (const name of MADE) fields.delete(name);
  const reread = rereads(mine);
  if (reread.length) {
    for (const name of [...fields.keys()]) if (/^(column|title|value|default)-/.test(name)) fields.delete(name);
    if (reread.includes("row_type")) fields.delete("campaign");
    else if (fields.get("row_type_by") === "columns") fields.delete("row_type");
    if (reread.includes("sheet") && !reread.includes("header_row")) fields.delete("header_row");
  }
  if (!form()) for (const [name, value] of Object.entries(KNOWN)) if (value) fields.set(name, value);
  const complete = mine.isWorkbook || mine.file.size <= SLICE_BYTES;
  fields.set("partial", String(!complete));
  if (mine.kept) fields.set("kept", mine.kept);
  else fields.set("file", complete ? mine.file : mine.file.slice(0, SLICE_BYTES), mine.file.name);
  return fields;
}

async function ask() {
  const mine = now;
  mine.looking?.abort();
  const looking = (mine.looking = new AbortController());
  const sentChoices = standing();
  dryRun.replaceChildren();
  preview.setAttribute("aria-busy", "true");
  let answer, text;
  try {
    answer = await fetch("/imports/preview", { method: "POST", body: question(mine), headers: SAFE, signal: looking.signal });
    text = await answer.text();
  } catch {
    if (mine.looking === looking && now === mine) {
      done(mine);
      mine.queued = "";
      showProblem("The file or the server cannot be reached. If the file has changed since, choose it again.");
    }
    return;
  }
  if (now !== mine || mine.looking !== looking) return; // another file, or a later choice, has overtaken this one
  if (answer.headers.has("X-Kept")) mine.kept = answer.headers.get("X-Kept");
  if (answer.headers.has("X-Send-Again")) {
    mine.kept = "";
    await ask();
  } else if (sentChoices !== standing()) {
    await ask(); // something is being typed
  } else {
    done(mine);
    answeredWith(mine, answer, text);
  }
}

// Unless something else is asked meanwhile: another file, or another choice.
function askLater(mine, seconds) {
  clearTimeout(mine.later);
  mine.later = setTimeout(() => {
    if (now === mine && !mine.looking && !isAnswered()) ask();
  }, seconds * 1000);
}

function done(mine) {
  mine.looking = null;
  preview.removeAttribute("aria-busy");
  const waits = preview.querySelector("#waits");
  if (waits) waits.textContent = "";
}

function answeredWith(mine, answer, text) {
  const { queued } = mine;
  mine.queued = "";
  if (answer.headers.has("HX-Redirect")) location.assign(answer.headers.get("HX-Redirect"));
  else if (answer.headers.has("X-Problem")) {
    problem.innerHTML = text;
    for (const button of preview.querySelectorAll("[data-start]")) button.disabled = true;
  } else if (!answer.ok) {
    const { problem, waits } = refused(answer.status, text);
    showProblem(waits ? `${problem} What you have chosen is kept, and the file is read again by itself.` : problem);
    if (waits) askLater(mine, Number(answer.headers.get("Retry-After")) || 5);
  } else {
    const isNew = rereads(mine).length > 0;
    show(text, mine.changed);
    mine.answered = standing();
    if (queued) goOn(queued, isNew);
  }
}

// The button was pressed before the preview of the last choice was shown.
function goOn(queued, isNew) {
  const button = preview.querySelector(`[data-start="${queued}"]`);
  const waits = preview.querySelector("#waits");
  if (!button) return;
  const noneGoesIn = queued === "import" && !button.classList.contains("primary");
  if (button.disabled) waits.textContent = "This cannot be imported as it is. Nothing was sent.";
  else if (isNew) {
    waits.textContent = "The file was read again, and nothing was sent. Check its columns, then press the button again.";
  } else if (noneGoesIn) {
    waits.textContent = "No row would be imported now, and nothing was sent. Press the button again to import anyway.";
  } else start(queued === "dry-run");
}

// The reader goes on where they were: at what they changed, or where they have gone to since.
function show(text, changed) {
  const at = document.activeElement;
  const name = (at?.closest("#choices") && at.name) || changed;
  showProblem("");
  preview.innerHTML = text;
  if (!changed) preview.querySelector("#what").focus();
  else if (changed === "default-add") [...preview.querySelectorAll('[name^="default-to-"]')].at(-1)?.focus();
  else {
    const field = preview.querySelector(`[name="${CSS.escape(name)}"]`);
    field?.focus();
    if (field?.type === "text") field.setSelectionRange(field.value.length, field.value.length);
  }
  const verdict = preview.querySelector("#verdict");
  announcement.textContent = `${preview.querySelector("[name=row_type] option:checked").textContent}. ${verdict ? verdict.textContent : ""}`;
}

// A field belongs to one column: the one that had it goes back to what its title says, or is left out.
function takeAway(select) {
  if (!select.value.startsWith("field:")) return;
  for (const other of preview.querySelectorAll('select[name^="column-"]')) {
    if (other !== select && other.value === select.value) {
      other.value = other.querySelector('option[value=""]') ? "" : "out";
    }
  }
}

preview.addEventListener("submit", (event) => event.preventDefault());
preview.addEventListener("change", (event) => {
  const { name, value } = event.target;
  if (name === "row_type" && !value) return;
  if (name === "row_type") form().elements.row_type_by.value = "choice";
  if (name.startsWith("column-")) takeAway(event.target);
  now.changed = name;
  ask();
});

function start(isDryRun) {
  if (busy) return;
  if (!isAnswered()) {
    now.queued = isDryRun ? "dry-run" : "import";
    preview.querySelector("#waits").textContent = "Checking your changes…";
    if (!now.looking) ask();
    return;
  }
  const fields = choices();
  const query = new URLSearchParams({ row_type: fields.get("row_type"), rows: fields.get("rows"), campaign: fields.get("campaign") ?? "" });
  const body = new FormData();
  if (isDryRun) body.set("dry_run", "true");
  const names = fields.get("rows") === "csv" ? [...OPTIONS, ...FILE_OPTIONS] : OPTIONS;
  for (const name of names) if (fields.get(name)) body.set(name, fields.get(name));
  const { file } = now;
  const charset = fields.get("charset");
  body.set("file", charset ? new File([file], file.name, { type: `text/csv; charset=${charset}` }) : file, file.name);
  uploading(true);
  const headers = { ...SAFE, "Idempotency-Key": isDryRun ? `${now.key}-check-${++now.checks}` : now.key };
  send(`/imports/start?${query}`, body, headers, (answer) => accepted(answer, isDryRun));
}

// Nothing can be chosen meanwhile: what is shown is what is being sent.
function uploading(is) {
  busy = is;
  input.disabled = is;
  preview.inert = is;
  for (const button of preview.querySelectorAll("[data-start]")) button.disabled = is;
  window.onbeforeunload = is ? (event) => event.preventDefault() : null;
}

function accepted(answer, isDryRun) {
  uploading(false);
  if (answer.redirect) return location.assign(answer.redirect);
  showProblem(answer.problem ?? "");
  if (!answer.task) return;
  if (!isDryRun) {
    uploading(true); // until the next page is there
    window.onbeforeunload = null;
    return location.assign(`/tasks/${answer.task}`);
  }
  // In an element of its own: where choices have removed that, the answer is not shown.
  const target = document.createElement("div");
  dryRun.replaceChildren(target);
  htmx.ajax("GET", `/imports/dry-run/${answer.task}`, { target, swap: "innerHTML show:bottom" });
}

// After a check that found much wrong, importing is not what one would do next.
new MutationObserver(() => {
  const result = dryRun.querySelector("[data-would-fail]");
  const button = preview.querySelector('[data-start="import"]');
  if (!result || !button) return;
  const fails = Number(result.dataset.wouldFail);
  if (!fails) return;
  const none = result.dataset.wouldGoIn === "0";
  button.classList.toggle("primary", !none);
  button.textContent = none ? `Import anyway: all ${fails.toLocaleString("en")} would fail` : `Import, ${fails.toLocaleString("en")} would fail`;
}).observe(dryRun, { childList: true, subtree: true });

preview.addEventListener("click", (event) => {
  const button = event.target.closest("[data-start]");
  if (button) start(button.dataset.start === "dry-run");
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
// Kept by the browser over a reload, or as the page was left.
addEventListener("pageshow", (event) => event.persisted && location.reload());
if (input.files.length) chosen();
