// A running task: its progress as it comes, and the complete page again in the end.

const progress = document.querySelector("[data-events]");
let source = null;

function watch() {
  if (source || document.hidden) return;
  source = new EventSource(progress.dataset.events);
  source.addEventListener("progress", (event) => show(event.data));
  source.addEventListener("error", () => {
    const trouble = document.getElementById("trouble");
    trouble.textContent = "Progress updates have stopped. Reload the page to see the current state.";
    trouble.hidden = source?.readyState !== EventSource.CLOSED;
  });
  source.addEventListener("done", (event) => {
    show(event.data);
    leave();
    // A notice above the content stays.
    htmx.ajax("GET", location.href, { target: "#content", select: "#content", swap: "outerHTML" });
  });
}

function show(html) {
  const drawn = document.createElement("template");
  drawn.innerHTML = html;
  for (const part of drawn.content.querySelectorAll("[data-part]")) {
    document.getElementById(part.dataset.part).replaceChildren(...part.childNodes);
  }
  progress.dispatchEvent(new CustomEvent("tallykeep:shown", { bubbles: true }));
}

function leave() {
  source?.close();
  source = null;
}

// A browser has few connections to a server: hidden pages give theirs back.
if (progress) {
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : watch()));
  watch();
}
