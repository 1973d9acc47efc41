// Tabs, theme and language of the page.
import { language, onLanguage, setLanguage, store, stored, t, translatePage } from "./words.js";
import * as about from "./views/about.js";
import * as best from "./views/best.js";
import * as live from "./views/live.js";
import * as networks from "./views/networks.js";
import * as photo from "./views/photo.js";
import * as video from "./views/video.js";

const VIEWS = { photo, video, live, best, networks, about };
const tabs = [...document.querySelectorAll('[role="tab"]')];

function select(name, focus = false) {
  for (const tab of tabs) {
    const chosen = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    const panel = document.getElementById(`panel-${tab.dataset.tab}`);
    if (!chosen && !panel.hidden) VIEWS[tab.dataset.tab].hidden?.();
    panel.hidden = !chosen;
    if (chosen) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (chosen && focus) tab.focus();
  }
  VIEWS[name].shown?.();
}

function keys(event) {
  const i = tabs.indexOf(event.target);
  const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  go(tabs[(to + tabs.length) % tabs.length].dataset.tab, true);
}

function go(name, focus) {
  history.replaceState(null, "", `#${name}`);
  select(name, focus);
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  document.getElementById("theme").setAttribute("aria-label", t(name === "dark" ? "theme.light" : "theme.dark"));
}

function start() {
  translatePage();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  theme(stored("mien.theme") ?? (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", event => stored("mien.theme") ?? theme(event.matches ? "dark" : "light"));
  document.getElementById("theme").addEventListener("click", () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    store("mien.theme", next);
    theme(next);
  });
  const languages = document.getElementById("language");
  languages.addEventListener("click", () => setLanguage(language() === "en" ? "zh" : "en"));
  onLanguage(() => theme(document.documentElement.dataset.theme));
  for (const [name, view] of Object.entries(VIEWS)) view.mount(document.getElementById(`panel-${name}`));
  tabs.forEach(tab => tab.addEventListener("click", () => go(tab.dataset.tab)));
  document.querySelector('[role="tablist"]').addEventListener("keydown", keys);
  // A file dropped beside a drop zone must not replace the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, event => event.preventDefault());
  const asked = location.hash.slice(1);
  select(asked in VIEWS ? asked : "photo");
  document.documentElement.dataset.ready = "true";
}

start();
