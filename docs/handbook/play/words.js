// Words in two languages; t("key", {n: 3}) fills {n}.
import chinese from "./words/zh.js";
import english from "./words/en.js";

const LANGUAGES = { en: english, zh: chinese };
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
  return current in LANGUAGES ? current : "en";
}

export function setLanguage(name) {
  current = name;
  store("mien.language", name);
}

export function t(key, values = {}) {
  const text = LANGUAGES[language()][key] ?? english[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
