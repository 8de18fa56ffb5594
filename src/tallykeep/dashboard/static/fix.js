// The sheet of failed rows: counts changed rows, keeps edits while you visit other reasons, and moves by keyboard.

const sheet = document.getElementById("sheet");
const button = document.getElementById("import-again");
const replace = document.getElementById("replace");

function isChanged(cell) {
  return cell.value !== cell.dataset.original.replaceAll("\r\n", "\n");
}

function changed(row) {
  let any = false;
  for (const cell of row.querySelectorAll("[data-original]")) {
    const is = isChanged(cell);
    cell.classList.toggle("fixed", is);
    any ||= is;
  }
  return any;
}

function count() {
  let rows = 0;
  for (const row of sheet.querySelectorAll("tr[data-row]")) {
    const is = changed(row);
    row.closest("tbody").classList.toggle("changed", is);
    rows += is;
  }
  const { none, one, many } = button.dataset;
  button.textContent = rows === 0 ? none : rows === 1 ? one : many.replace("{}", rows.toLocaleString());
  button.disabled = rows === 0;
  return rows;
}

function move(from, steps) {
  const rows = [...sheet.querySelectorAll("tr[data-row]")];
  const row = from.closest("tr");
  const index = [...row.querySelectorAll("[data-original]")].indexOf(from);
  rows[rows.indexOf(row) + steps]?.querySelectorAll("[data-original]")[index]?.focus();
}

// Edits are kept, in this tab, while you visit other reasons or add a column, until they are imported.
const kept = sheet && `tallykeep-fix-${sheet.querySelector("[data-action]").dataset.action}`;

function cellsByName() {
  return [...sheet.querySelectorAll("[data-original]")].map((cell) => [`${cell.name}|${cell.closest("td").dataset.title}`, cell]);
}

function keep() {
  const typed = JSON.parse(sessionStorage.getItem(kept) ?? "{}");
  for (const [name, cell] of cellsByName()) {
    if (isChanged(cell)) typed[name] = cell.value;
    else delete typed[name];
  }
  sessionStorage.setItem(kept, JSON.stringify(typed));
}

function bringBack() {
  const typed = JSON.parse(sessionStorage.getItem(kept) ?? "{}");
  for (const [name, cell] of cellsByName()) {
    if (name in typed && !isChanged(cell)) cell.value = typed[name];
  }
}

function forget() {
  const typed = JSON.parse(sessionStorage.getItem(kept) ?? "{}");
  for (const [name] of cellsByName()) delete typed[name];
  sessionStorage.setItem(kept, JSON.stringify(typed));
}

// The value for all rows is chosen where the column knows a few words only.
function offer(pair) {
  const option = pair.querySelector("[name=column]").selectedOptions[0];
  const old = pair.querySelector("[name=value]");
  const choices = option.dataset.choices?.split(" ");
  const fresh = document.createElement(choices ? "select" : "input");
  fresh.name = "value";
  if (choices) fresh.append(new Option("choose…", ""), ...choices.map((choice) => new Option(choice)));
  else fresh.placeholder = "nothing";
  fresh.required = Boolean(choices);
  old.replaceWith(fresh);
}

// What is asked before it is done names what is done.
function nameIt() {
  const pairs = [...replace.querySelectorAll(".pair")].map((pair) => {
    const title = pair.querySelector("[name=column]").selectedOptions[0].textContent;
    return `${title} = ${pair.querySelector("[name=value]").value || "nothing"}`;
  });
  replace.dataset.confirm = `${replace.dataset.question} ${pairs.join(", ")}`;
}

replace?.addEventListener("change", (event) => {
  if (event.target.name === "column") offer(event.target.closest(".pair"));
});
replace?.querySelector("button.primary").addEventListener("click", nameIt);

if (sheet) {
  let sending = false;
  bringBack();
  replace?.addEventListener("submit", () => (sending = true)); // what was typed is kept
  sheet.addEventListener("input", () => {
    count();
    keep();
  });
  sheet.addEventListener("submit", () => {
    sending = true;
    forget();
  });
  for (const way of document.querySelectorAll(".reasons a, .pager a")) way.addEventListener("click", () => (sending = true));
  document.getElementById("add-column")?.addEventListener("submit", () => (sending = true));
  sheet.addEventListener("keydown", (event) => {
    if (!event.target.matches("[data-original]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!button.disabled) sheet.requestSubmit(button);
    } else if (event.target.tagName === "INPUT" && ["Enter", "ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      move(event.target, event.key === "ArrowUp" || event.shiftKey ? -1 : 1);
    }
  });
  addEventListener("beforeunload", (event) => {
    if (!sending && count()) event.preventDefault();
  });
  addEventListener("pageshow", () => {
    sending = false;
    count();
  });
}
