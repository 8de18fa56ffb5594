// Sends a form with a file, and shows how far it has come; answers with the task, the problem, or where to go on.

const sending = document.getElementById("sending");
const bar = document.getElementById("sending-bar");
const text = document.getElementById("sending-text");

export function send(path, form, headers, done) {
  const request = new XMLHttpRequest();
  const end = (answer) => {
    sending.hidden = true;
    done(answer);
  };
  request.open("POST", path);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.upload.onprogress = (event) => uploaded(event.loaded, event.total);
  request.onload = () => end(read(request));
  const unreachable = "The file or the server cannot be reached. Press the button again: the file is imported only once.";
  request.onerror = () => end({ problem: unreachable });
  sending.hidden = false;
  uploaded(0, 1);
  request.send(form);
}

function uploaded(loaded, total) {
  const percent = Math.floor((100 * loaded) / (total || 1));
  bar.value = percent;
  text.textContent = percent < 100 ? `Uploading: ${percent}%` : "Uploaded. Counting the rows…";
}

function read(request) {
  const redirect = request.getResponseHeader("HX-Redirect");
  if (redirect) return { redirect };
  try {
    const { task, problem } = JSON.parse(request.responseText);
    if (task || problem) return { task, problem };
  } catch {
    // Told below: no answer of ours.
  }
  const { problem } = refused(request.status, request.responseText);
  return { problem: request.status === 429 ? `${problem} What you have chosen is kept: press the button again then.` : problem };
}

// What a page that is no answer of the wizard's says: its message, and whether waiting helps.
export function refused(status, html) {
  const details = new DOMParser().parseFromString(html, "text/html").getElementById("details")?.textContent.trim();
  if (status === 429 && details) return { problem: /[.!?]$/.test(details) ? details : `${details}.`, waits: true };
  return { problem: `The server answered ${status}. Reload the page and try again.`, waits: false };
}
