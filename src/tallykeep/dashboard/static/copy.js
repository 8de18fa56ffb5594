// Buttons that copy the text beside them: [data-copy] names its element.

async function copied(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    // Browsers give the clipboard to https and localhost alone; elsewhere what is selected can be copied.
    getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const label = button.querySelector("[data-label]");
  const before = label.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    label.textContent = (await copied(document.getElementById(button.dataset.copy))) ? "Copied" : "Selected: press Ctrl+C";
    setTimeout(() => (label.textContent = before), 3000);
  });
}
