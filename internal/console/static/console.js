// Keeps the page fresh: takes sections from the event stream and changes only
// what differs, so that focus, open details and half-typed forms survive.
// Everything on the page works without this file.
"use strict";
(() => {
  // morph makes the children of `now` look like those of `next`.
  function morph(now, next) {
    const keyed = new Map();
    for (const el of now.children) {
      if (el.dataset.key !== undefined) keyed.set(el.dataset.key, el);
    }
    let at = now.firstChild;
    for (const want of [...next.childNodes]) {
      const key = want.nodeType === Node.ELEMENT_NODE ? want.dataset.key : undefined;
      let have = key !== undefined ? keyed.get(key) : at;
      if (have && key === undefined && have.nodeType === Node.ELEMENT_NODE && have.dataset.key !== undefined) have = null;
      if (!have || have.nodeName !== want.nodeName) {
        now.insertBefore(want, at);
        continue;
      }
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

  // inUse reports whether somebody is filling in a form inside the node.
  function inUse(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return false;
    return node.querySelector("details[open] form") !== null || (node.contains(document.activeElement) && document.activeElement.form);
  }

  const live = document.getElementById("live");
  function say(connected) {
    const words = connected ? "Live" : "Not connected: figures may be old";
    if (live.textContent !== words) live.textContent = words;
    live.classList.toggle("on", connected);
    live.classList.toggle("off", !connected);
  }

  function show(event) {
    const { id, html } = JSON.parse(event.data);
    const now = document.getElementById(id);
    if (!now) return;
    const next = document.createElement("template");
    next.innerHTML = html;
    morph(now, next.content);
    if (id === "summary") document.title = document.getElementById("sentence").textContent + " · Golden Signals";
  }

  function connect() {
    const events = new EventSource("/events");
    events.addEventListener("open", () => say(true));
    events.addEventListener("section", show);
    events.addEventListener("error", () => {
      say(false);
      if (events.readyState === EventSource.CLOSED) setTimeout(connect, 5000); // refused; it would not try again
    });
  }
  connect();

  // A parameter that the chosen kind of fault does not take is out of sight; of
  // the others the placeholder says what happens without them.
  const form = document.getElementById("fault-form");
  function fields() {
    const takes = (form.elements.kind.selectedOptions[0]?.dataset.takes ?? "").split(" ");
    const defaults = new Map(takes.map((p) => p.split("=")));
    for (const label of form.querySelectorAll("[data-param]")) {
      const name = label.dataset.param, input = form.elements[name];
      label.hidden = input.disabled = !defaults.has(name);
      input.dataset.example ??= input.placeholder;
      input.placeholder = defaults.get(name) ?? input.dataset.example;
    }
  }
  form.addEventListener("change", fields);
  fields();
})();
