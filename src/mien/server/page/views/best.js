// Which photo of a person to show: ranked, near-duplicates together, how sure; by the pool's taste or one's own.
import { post } from "../api.js";
import { scale } from "../card.js";
import { acceptDrops, announce, button, clear, download, dropZone, el, failure } from "../dom.js";
import { has, number, onLanguage, percent, t } from "../words.js";
import { tasteDesk } from "./taste.js";

const photos = new Map();
let root,
  rows = null,
  error = null,
  busy = false,
  taste = null,
  desk = null;

export function mount(panel) {
  root = panel;
  acceptDrops(root, add);
  document.addEventListener("paste", event => root.hidden || add([...event.clipboardData.files]));
  onLanguage(render);
  render();
}

function render() {
  clear(
    root,
    el("h2", { class: "offscreen" }, t("tab.best")),
    el("p", { class: "quiet lead" }, t("best.about")),
    dropZone({ id: "best-files", title: t("best.drop"), hint: t("best.hint"), accept: "image/*", onfiles: add }),
    photos.size > 0 && tools(),
    error && failure(t("best.failed"), error.detail || error.message),
    busy && el("p", { class: "waiting", role: "status" }, t("best.reading", { n: photos.size })),
    desk && desk.element(),
    !busy && rows && ranking(),
  );
  root.classList.toggle("filled", photos.size > 0);
}

function tools() {
  return el(
    "div",
    { class: "tools" },
    el(
      "span",
      { class: "pill", id: "best-judge" },
      taste ? t("best.bymine", { n: taste.comparisons ?? 0 }) : t("best.bypool"),
    ),
    el("span", { class: "spring" }),
    photos.size > 1 &&
      !desk &&
      button(taste ? "taste.more" : "taste.start", openDesk, { kind: "ghost", id: "taste-start" }),
    taste &&
      button("taste.save", () => download("me.taste.json", JSON.stringify(taste), "application/json"), {
        kind: "ghost",
        symbol: "save",
        id: "taste-save",
      }),
    taste && button("taste.forget", () => useTaste(null), { kind: "ghost", symbol: "reset" }),
    !taste && loader(),
    button("photo.clear", empty, { kind: "ghost", symbol: "close" }),
  );
}

function loader() {
  const input = el("input", {
    type: "file",
    accept: ".json",
    class: "offscreen",
    onchange: async event => {
      try {
        useTaste(JSON.parse(await event.target.files[0].text()));
      } catch {
        error = { message: t("taste.nofile") };
        render();
      }
    },
  });
  return el("label", { class: "ghost button" }, t("taste.load"), input);
}

// Files of one name from two folders stay apart by a number before the ending.
function add(files) {
  for (const file of files) photos.set(freeName(file.name), { file, url: URL.createObjectURL(file) });
  rank();
}

function freeName(name) {
  let free = name;
  for (let n = 2; photos.has(free); n++) free = name.replace(/(\.[^.]*)?$/, ` (${n})$1`);
  return free;
}

function empty() {
  photos.forEach(photo => URL.revokeObjectURL(photo.url));
  photos.clear();
  rows = error = desk = null;
  render();
}

export function uploads() {
  return [...photos].map(([name, { file }]) => ["files", new File([file], name, { type: file.type })]);
}

async function rank() {
  busy = true;
  error = null;
  const size = photos.size;
  render();
  try {
    const told = await post("/v1/rank", [...uploads(), ...(taste ? [["taste", JSON.stringify(taste)]] : [])]);
    if (photos.size !== size) return;
    rows = told;
    announce(t("best.ready", { n: rows.filter(row => row.rank).length }));
  } catch (failed) {
    error = failed;
    rows = null;
  }
  busy = false;
  render();
}

function openDesk() {
  desk = tasteDesk({
    photos,
    uploads,
    taste,
    ondone: useTaste,
    onclose: () => {
      desk = null;
      render();
    },
  });
  render();
}

function useTaste(mine) {
  taste = mine;
  desk = null;
  photos.size ? rank() : render();
}

function ranking() {
  const leaders = rows.filter(row => row.rank);
  const others = rows.filter(row => row.status !== "ok");
  return el(
    "div",
    {},
    leaders.length > 1 && el("p", { class: "verdict", id: "best-verdict" }, verdict(leaders)),
    el(
      "ol",
      { class: "ranking" },
      leaders.map(row =>
        place(
          row,
          rows.filter(other => other.near_duplicate_of === row.source),
        ),
      ),
    ),
    others.length > 0 &&
      el(
        "section",
        { class: "panel" },
        el("h3", {}, t("best.unranked")),
        el("ul", { class: "plain" }, others.map(unranked)),
      ),
  );
}

function verdict(leaders) {
  const chance = leaders[0].chance;
  const key = chance >= 0.75 ? "best.clear" : chance >= 0.5 ? "best.likely" : "best.close";
  return t(key, { name: leaders[0].source, chance: percent(chance) });
}

function place(row, twins) {
  return el(
    "li",
    { class: "place", dataset: { source: row.source } },
    picture(row.source),
    el(
      "div",
      { class: "told" },
      el("header", {}, el("span", { class: "rank" }, String(row.rank)), el("h3", { title: row.source }, row.source)),
      el("p", { class: "small" }, t("best.chance", { p: percent(row.chance) })),
      el(
        "div",
        { class: "track wide", "aria-hidden": "true" },
        el("i", { style: { width: percent(row.chance, 1).replace(" ", "") } }),
      ),
      scored(row),
      row.remarks?.length > 0 &&
        el(
          "p",
          { class: "remarks small" },
          [row.remarks]
            .flat()
            .flatMap(text => text.split("; "))
            .map(remark),
        ),
      twins.length > 0 &&
        el(
          "div",
          { class: "twins" },
          el("p", { class: "small quiet" }, t("best.twins", { n: twins.length })),
          el(
            "div",
            {},
            twins.map(twin => picture(twin.source)),
          ),
        ),
    ),
  );
}

const PATTERNS = {
  "remark.turned": /^face turned by (\d+) degrees$/,
  "remark.several": /^(\d+) faces, the largest was taken$/,
};

function remark(text) {
  const known = Object.entries(PATTERNS).find(([, pattern]) => pattern.test(text));
  const plain = has(`remark.${text}`) ? t(`remark.${text}`) : text;
  return el("span", { class: "pill warn" }, known ? t(known[0], { n: known[1].exec(text)[1] }) : plain);
}

function scored(row) {
  if (row.percentile_low === null || row.percentile_low === undefined) return null;
  const at = value => `${Math.max(0, Math.min(100, value))}%`;
  return el(
    "div",
    { class: "small quiet" },
    el(
      "p",
      {},
      t("best.percentile", {
        n: number(row.percentile, 0),
        low: number(row.percentile_low, 0),
        high: number(row.percentile_high, 0),
      }),
    ),
    scale([0, 50, 100], at(row.percentile_low), at(row.percentile_high), at(row.percentile), 100),
  );
}

function picture(name) {
  const photo = photos.get(name);
  return el("img", { src: photo?.url ?? "", alt: t("photo.alt", { name }), loading: "lazy", title: name });
}

function unranked(row) {
  const key = { no_face: "photo.noface", no_score: "best.noscore" }[row.status];
  return el(
    "li",
    { dataset: { source: row.source } },
    el("b", {}, row.source),
    " ",
    key ? el("span", { class: "quiet" }, t(key)) : failure(t("photo.broken"), row.reason),
  );
}
