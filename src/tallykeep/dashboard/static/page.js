// On every page: times in the reader's zone, messages where a request failed, menus that close.

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const sameYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const toTheSecond = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
});
const otherYear = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function localise(root) {
  const year = new Date().getFullYear();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const date = new Date(time.dateTime);
    const format = "seconds" in time.dataset ? toTheSecond : date.getFullYear() === year ? sameYear : otherYear;
    time.textContent = format.format(date);
    time.title = `${exact.format(date)} · ${time.dateTime}`;
  }
  // Dates in filters are in the reader's zone.
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
  const { status } = event.detail.xhr;
  const wait = status === 429 ? event.detail.xhr.getResponseHeader("Retry-After") : null;
  tellOfTrouble(
    wait ? `Too many requests were made. Try again in ${wait} s.` : `The server answered ${status}. Reload the page to see the current state.`,
  );
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

// Forms that ask first, are sent once, or leave out what is empty.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !form.dataset.confirmed) {
    event.preventDefault();
    ask(form, event.submitter);
  } else if (form.method === "post") {
    // Only once it is under way: the button that sent it must not be left out.
    setTimeout(() => form.querySelectorAll("button").forEach((button) => (button.disabled = true)));
  }
});
document.addEventListener("formdata", (event) => {
  if (event.target.dataset.lean === undefined) return;
  const dated = event.formData.get("since") || event.formData.get("until");
  for (const [name, value] of [...event.formData]) {
    if (!value || (!dated && ["time", "zone"].includes(name))) event.formData.delete(name);
  }
});
// Coming back to a page must find its buttons as they were.
addEventListener("pageshow", () => document.querySelectorAll("form[method=post] button").forEach((button) => (button.disabled = false)));

function ask(form, submitter) {
  const dialog = document.getElementById("ask");
  dialog.querySelector("p").textContent = form.dataset.confirm;
  const yes = dialog.querySelector("[value=yes]");
  yes.textContent = submitter.textContent;
  yes.className = submitter.classList.contains("danger") || submitter.textContent === "Cancel" ? "primary danger" : "primary";
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    form.dataset.confirmed = "yes";
    form.requestSubmit(submitter);
  }, { once: true });
  dialog.returnValue = "";
  dialog.showModal();
}
