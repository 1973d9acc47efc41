// Tabs, language and theme; each view is made when its tab is first opened, and anew in another language.
import { el } from "./dom.js";
import { language, setLanguage, store, stored, t } from "./words.js";
import convolution from "./views/convolution.js";
import field from "./views/field.js";
import losses from "./views/losses.js";
import rpca from "./views/rpca.js";
import smoothing from "./views/smoothing.js";
import values from "./views/values.js";

const VIEWS = { field, convolution, losses, smoothing, values, rpca };
const names = Object.keys(VIEWS);
const tabs = document.querySelector("[role=tablist]"), panels = document.getElementById("panels");
const themeButton = document.getElementById("theme"), languageButton = document.getElementById("language");
let current = names.includes(location.hash.slice(1)) ? location.hash.slice(1) : names[0];
let theme = stored("mien.theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

function draw() {
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  document.documentElement.dataset.theme = theme;
  document.title = t("page");
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  tabs.setAttribute("aria-label", t("tabs"));
  languageButton.textContent = t("other");
  languageButton.lang = language() === "zh" ? "en" : "zh-CN";
  themeButton.textContent = t(theme === "dark" ? "light" : "dark");
  themeButton.setAttribute("aria-pressed", String(theme === "dark"));
  tabs.replaceChildren(...names.map(name => el("button", {
    type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}`, "aria-selected": String(name === current),
    tabindex: name === current ? "0" : "-1", onclick: () => open(name),
  }, t(`tab.${name}`))));
  panels.replaceChildren(panel(current));
}

function panel(name) {
  const page = `../${language() === "zh" ? "zh/" : ""}${t(`${name}.page`)}`;
  return el("section", { id: `panel-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}`, tabindex: "0" },
    el("h2", {}, t(`${name}.title`)),
    el("p", { class: "lead" }, t(`${name}.lead`), " ", el("a", { href: page }, t("read"))),
    VIEWS[name]());
}

function open(name, focus = false) {
  current = name;
  history.replaceState(null, "", `#${name}`);
  draw();
  if (focus) document.getElementById(`tab-${name}`).focus();
}

tabs.addEventListener("keydown", event => {
  const place = names.indexOf(current);
  const next = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: names.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  open(names[(next + names.length) % names.length], true);
});
languageButton.addEventListener("click", () => { setLanguage(language() === "zh" ? "en" : "zh"); draw(); });
themeButton.addEventListener("click", () => { theme = theme === "dark" ? "light" : "dark"; store("mien.theme", theme); draw(); });
addEventListener("hashchange", () => { if (names.includes(location.hash.slice(1))) open(location.hash.slice(1)); });
document.getElementById("unstarted").remove();
draw();
