// Words of the page in two languages; t("card.face", {n: 3}) fills {n}.
import english from "./words/en.js";
import chinese from "./words/zh.js";

const LANGUAGES = { en: english, zh: chinese };
const listeners = new Set();
let current = stored("mien.language") ?? (navigator.language?.startsWith("zh") ? "zh" : "en");

export function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function store(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A browser that keeps nothing still works.
  }
}

export function language() {
  return current;
}

export function t(key, values = {}) {
  const text = LANGUAGES[current][key] ?? english[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// A text of a model card: translated where its translation is known.
export function cardText(text) {
  return LANGUAGES[current].cards?.[text] ?? text;
}

export function has(key) {
  return key in LANGUAGES[current];
}

export function onLanguage(listener) {
  listeners.add(listener);
}

export function setLanguage(name) {
  current = name;
  store("mien.language", name);
  translatePage();
  for (const listener of listeners) listener();
}

// Static elements carry their key: data-t for the text, data-t-label for aria-label.
export function translatePage(root = document) {
  document.documentElement.lang = current === "zh" ? "zh-CN" : "en";
  document.title = t("title");
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
}

export function number(value, digits = 2) {
  return value === null || value === undefined || !Number.isFinite(value) ? "–" : value.toFixed(digits);
}

export function signed(value, digits = 2) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
}

export function percent(value, digits = 0) {
  return value === null || value === undefined || !Number.isFinite(value) ? "–" : `${(100 * value).toFixed(digits)} %`;
}
