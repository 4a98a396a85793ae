// Keeps the page fresh: when the router says that something has changed, it
// fetches the page again and changes only what differs, so that focus, scroll,
// open details and half-typed forms survive. Every page works without this file.
"use strict";
(() => {
  const live = document.getElementById("live");
  const main = document.querySelector("main");
  const pollEvery = 10_000; // without a stream of events
  const ageEvery = 60_000; // ages grow even if nothing changes

  // keyOf tells an element apart from its neighbours.
  const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset.key : undefined) || undefined;

  // morph makes the children of `now` look like those of `next`.
  function morph(now, next) {
    const keyed = new Map();
    for (const el of now.children) {
      if (keyOf(el)) keyed.set(keyOf(el), el);
    }
    const kept = new Set();
    let at = now.firstChild;
    for (const want of [...next.childNodes]) {
      const key = keyOf(want);
      let have = key ? keyed.get(key) : at;
      if (!key && have && keyOf(have)) have = null;
      if (!have || kept.has(have) || have.nodeName !== want.nodeName) {
        now.insertBefore(want, at);
        continue;
      }
      kept.add(have);
      if (have === at) at = at.nextSibling;
      else now.insertBefore(have, at);
      if (!have.isEqualNode(want)) patch(have, want);
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      if (inUse(gone)) gone.classList.add("gone");
      else gone.remove();
    }
  }

  // patch makes one node look like another of the same name.
  function patch(have, want) {
    if (have.nodeType !== Node.ELEMENT_NODE) {
      have.nodeValue = want.nodeValue;
      return;
    }
    for (const { name } of [...have.attributes]) {
      if (!want.hasAttribute(name) && name !== "open") have.removeAttribute(name);
    }
    for (const { name, value } of want.attributes) {
      if (have.getAttribute(name) !== value) have.setAttribute(name, value);
    }
    morph(have, want);
  }

  // inUse reports whether somebody fills in a form inside the node.
  function inUse(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return false;
    if (node.contains(document.activeElement) && document.activeElement.form) return true;
    return [...node.querySelectorAll("input:not([type])")].some((input) => input.value !== input.defaultValue);
  }

  function say(state, words) {
    if (live.textContent !== words) live.textContent = words;
    live.className = "live " + state;
  }
  let streaming = false;
  function sayHow(ok) {
    if (!ok) say("off", "Not connected: this may be old");
    else if (streaming) say("on", "Live");
    else say("slow", "Every 10 s");
  }

  let busy = false, again = false;
  async function refresh() {
    if (document.hidden) {
      again = true; // when it is looked at
      return;
    }
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    again = false;
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      morph(main, page.querySelector("main"));
      document.title = page.title;
      sayHow(true);
    } catch {
      sayHow(false); // the router is being restarted: the next round will do
    }
    busy = false;
    if (again) refresh();
  }

  // A page that nobody sees has no stream: browsers open few connections to one
  // server, and the page in front needs one.
  let events = null;
  function connect() {
    if (!live.dataset.events || document.hidden || events) return;
    const mine = (events = new EventSource(live.dataset.events));
    mine.addEventListener("open", () => {
      streaming = true;
      refresh(); // what happened between the page and the stream
    });
    mine.addEventListener("changed", refresh);
    mine.addEventListener("error", () => {
      streaming = false;
      sayHow(false);
      if (mine.readyState === EventSource.CLOSED && events === mine) { // refused; it would not try again
        events = null;
        setTimeout(connect, pollEvery);
      }
    });
  }
  function disconnect() {
    events?.close();
    events = null;
    streaming = false;
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) disconnect();
    else if (live.dataset.events) connect();
    if (!document.hidden && again) refresh();
  });
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", connect);
  connect();
  if (!live.dataset.events) sayHow(true);
  setInterval(() => {
    if (!streaming) refresh();
  }, pollEvery);
  setInterval(refresh, ageEvery);
})();
