// On every page: times in the reader's zone, messages where a request failed, menus that close.

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const sameYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const otherYear = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function localise(root) {
  const year = new Date().getFullYear();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    time.textContent = (moment.getFullYear() === year ? sameYear : otherYear).format(moment);
    time.title = `${exact.format(moment)} · ${time.dateTime}`;
  }
  // Where dates are asked for, they are meant in the reader's zone.
  for (const zone of root.querySelectorAll("input[data-zone]")) {
    if (!zone.value) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
  }
  for (const shown of root.querySelectorAll("[data-zone-shown]")) {
    const zone = shown.closest("form").querySelector("input[data-zone]");
    shown.textContent = zone.value;
  }
}

function tellOfTrouble(text) {
  const trouble = document.getElementById("trouble");
  trouble.textContent = text;
  trouble.hidden = !text;
}

document.addEventListener("htmx:load", (event) => localise(event.detail.elt));
document.addEventListener("tallykeep:shown", (event) => localise(event.target));
document.addEventListener("htmx:sendError", () => tellOfTrouble("The server cannot be reached. What you see may be old."));
document.addEventListener("htmx:responseError", (event) => {
  tellOfTrouble(`The server answered ${event.detail.xhr.status}. Reload the page to see where things stand.`);
});
document.addEventListener("htmx:afterOnLoad", () => tellOfTrouble(""));
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
localise(document);
