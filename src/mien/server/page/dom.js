// Elements without a framework: el("button", {class: "ghost", onclick}, "text").
import { t } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
    else if (name === "dataset") Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter(child => child !== null && child !== undefined && child !== false));
  return node;
}

const ICONS = {
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  save: "M12 4v11M7 11l5 5 5-5M5 20h14",
  reset: "M4 12a8 8 0 1 0 2.5-5.8M4 4v4.5h4.5",
  sun: "M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M18.4 5.6L17 7M7 17l-1.4 1.4M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0z",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M9 9.5h.01",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 10h4M4 14h4M16 10h4M16 14h4",
  camera: "M4 7h11v10H4zM15 11l5-3v8l-5-3",
  network: "M6 5v14M6 8l12 4M6 16l12-4M18 12h.01",
};

export function icon(name) {
  return svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));
}

export function button(key, onclick, { kind = "", symbol = null, ...rest } = {}) {
  return el(
    "button",
    { type: "button", class: kind, onclick, ...rest },
    symbol && icon(symbol),
    el("span", {}, t(key)),
  );
}

export function clear(node, ...children) {
  node.replaceChildren(...children.flat(3).filter(Boolean));
  return node;
}

// A sentence beside the thing that failed; detail is what the server said, in English.
export function failure(sentence, detail = "") {
  const text = el("p", { class: "failure", role: "alert" }, sentence);
  if (detail) text.append(" ", el("span", { lang: "en" }, detail));
  return text;
}

export function download(name, content, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// A place to drop files on, which is also a button for the keyboard.
export function dropZone({ id, title, hint, accept, multiple = true, symbol = "picture", onfiles }) {
  const input = el("input", { type: "file", accept, multiple, id, class: "offscreen", "aria-label": title });
  input.addEventListener("change", () => {
    onfiles([...input.files]);
    input.value = "";
  });
  const zone = el(
    "label",
    { class: "drop", for: id },
    icon(symbol),
    el("strong", {}, title),
    el("span", {}, hint),
    input,
  );
  acceptDrops(zone, onfiles);
  return zone;
}

export function acceptDrops(zone, onfiles) {
  zone.addEventListener("dragover", event => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", event => {
    event.preventDefault();
    event.stopPropagation();
    zone.classList.remove("over");
    if (event.dataTransfer.files.length) onfiles([...event.dataTransfer.files]);
  });
}

export function toggle(key, checked, onchange, id) {
  const input = el("input", { type: "checkbox", id, checked, onchange: event => onchange(event.target.checked) });
  return el("label", { class: "toggle" }, input, el("span", {}, t(key)));
}

// Screen readers hear this; nobody sees it.
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}
