// Fetches the page again every few seconds and swaps its content, unless
// somebody is reading with the keyboard in it or has hidden the page.
"use strict";
setInterval(async () => {
  const main = document.querySelector("main");
  if (document.hidden || main.contains(document.activeElement) || String(getSelection())) return;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    main.querySelectorAll("details[open]").forEach((open) => {
      const same = fresh.querySelector("#" + CSS.escape(open.id));
      if (open.id && same) same.open = true;
    });
    if (fresh.innerHTML === main.innerHTML) return;
    const read = main.querySelector(".screen")?.scrollTop;
    main.replaceWith(fresh);
    if (read) fresh.querySelector(".screen").scrollTop = read;
  } catch {
    // The router is being restarted: the next round will do.
  }
}, 3000);
