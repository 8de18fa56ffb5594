// The sheet of failed rows: counts what was changed, and moves through it by keyboard.

const sheet = document.getElementById("sheet");
const button = document.getElementById("import-again");

function changed(row) {
  let any = false;
  for (const cell of row.querySelectorAll("[data-sent]")) {
    const is = cell.value !== cell.dataset.sent.replaceAll("\r\n", "\n");
    cell.classList.toggle("mended", is);
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
  return rows;
}

function move(from, steps) {
  const rows = [...sheet.querySelectorAll("tr[data-row]")];
  const row = from.closest("tr");
  const place = [...row.querySelectorAll("[data-sent]")].indexOf(from);
  rows[rows.indexOf(row) + steps]?.querySelectorAll("[data-sent]")[place]?.focus();
}

if (sheet) {
  let sending = false;
  sheet.addEventListener("input", count);
  sheet.addEventListener("submit", () => (sending = true));
  sheet.addEventListener("keydown", (event) => {
    if (!event.target.matches("[data-sent]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      sheet.requestSubmit(button);
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
