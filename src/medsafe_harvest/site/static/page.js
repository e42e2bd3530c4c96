"use strict";
// What every page does: the choice of colours, the key "/", and copying citations.
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const words = { auto: "as the system has them", light: "light", dark: "dark" };

  function tell() {
    button.setAttribute("aria-label", `Colours: ${words[root.dataset.theme ?? "auto"]}`);
  }

  button.hidden = false;
  tell();
  button.addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const other = dark ? "light" : "dark";
    const same = dark ? "dark" : "light";
    // From the system's colours to the other ones, to the same ones held fast, and back.
    const next = { undefined: other, [other]: same, [same]: undefined }[root.dataset.theme];
    if (next === undefined) {
      delete root.dataset.theme;
    } else {
      root.dataset.theme = next;
    }
    try {
      if (next === undefined) {
        localStorage.removeItem("theme");
      } else {
        localStorage.setItem("theme", next);
      }
    } catch {
      // Storage is switched off: the choice lasts for this page.
    }
    tell();
  });

  document.addEventListener("keydown", (event) => {
    const field = document.querySelector("[data-search]");
    const typing = event.target.matches("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      field?.focus();
      field?.select();
    } else if (event.key === "Escape" && event.target === field && !field.value) {
      field.blur();
    }
  });

  for (const text of document.querySelectorAll("details.cite pre")) {
    const copy = document.createElement("button");
    copy.type = "button";
    copy.textContent = "Copy";
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(text);
        copy.textContent = "Selected: press Ctrl+C";
      }
    });
    const save = document.createElement("a");
    save.textContent = "Download";
    save.className = "button";
    save.download = text.dataset.file;
    save.href = `data:text/plain;charset=utf-8,${encodeURIComponent(text.textContent)}`;
    const tools = document.createElement("p");
    tools.className = "tools";
    tools.append(copy, save);
    text.after(tools);
  }
})();
