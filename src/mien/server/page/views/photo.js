// Photos: many at once, faces drawn over each, a card a face, weights that can be tried out.
import { analyze, several } from "../api.js";
import { card, emotionPart } from "../card.js";
import { announce, acceptDrops, button, clear, download, dropZone, el, failure, icon, toggle } from "../dom.js";
import { read } from "../evidence.js";
import { draw, SHOWN } from "../overlay.js";
import { onLanguage, t } from "../words.js";
import { workbench } from "./workbench.js";

const HEADS = ["expression", "age"];
const AT_ONCE = 3;
const photos = [];
let scored = false;
let weights = null;
let root, list, status, bench;

export function mount(panel) {
  root = panel;
  bench = workbench({ onweights });
  acceptDrops(root, add);
  document.addEventListener("paste", event => root.hidden || add([...event.clipboardData.files]));
  window.addEventListener("resize", () => root.hidden || photos.forEach(redraw));
  onLanguage(render);
  render();
}

export const shown = () => photos.forEach(redraw);

function render() {
  status = el("p", { class: "status", role: "status" });
  list = el("div", { class: "photos" });
  clear(
    root,
    el("h2", { class: "offscreen" }, t("tab.photo")),
    dropZone({ id: "photo-files", title: t("photo.drop"), hint: t("photo.hint"), accept: "image/*", onfiles: add }),
    introduction(),
    tools(),
    el("div", { class: "split" }, el("div", {}, status, list), bench.element()),
  );
  photos.forEach(photo => list.append(build(photo)));
  tell();
}

function introduction() {
  return el(
    "div",
    { class: "introduction" },
    ["units", "why", "age", "local"].map(part =>
      el("section", {}, el("h3", {}, t(`intro.${part}`)), el("p", { class: "quiet" }, t(`intro.${part}.text`))),
    ),
  );
}

function tools() {
  return el(
    "div",
    { class: "tools", id: "photo-tools", hidden: !photos.length },
    toggle(
      "photo.score",
      scored,
      on => {
        scored = on;
        photos.forEach(photo => {
          photo.rows = null;
        });
        run(photos);
      },
      "photo-score",
    ),
    el("span", { class: "divider" }),
    ["box", "landmarks", "axes"].map(name =>
      toggle(`photo.${name}`, SHOWN[name], on => {
        SHOWN[name] = on;
        photos.forEach(redraw);
      }),
    ),
    el("span", { class: "spring" }),
    button("photo.save", save, { kind: "ghost", symbol: "save", id: "photo-save" }),
    button("photo.clear", empty, { kind: "ghost", symbol: "close" }),
  );
}

function add(files) {
  const added = files.map(file => ({ file, url: URL.createObjectURL(file), rows: null }));
  photos.push(...added);
  added.forEach(photo => list.append(build(photo)));
  document.getElementById("photo-tools").hidden = !photos.length;
  run(added);
}

function run(some) {
  tell();
  return several(
    [...some],
    async photo => {
      const asked = scored;
      const rows = await analyze(photo.file, asked ? [...HEADS, "attractiveness"] : HEADS).catch(error => [
        { status: "error", sentence: error.message, reason: error.detail ?? "" },
      ]);
      if (asked !== scored || !photos.includes(photo)) return;
      photo.rows = rows;
      photo.rows.forEach(row => {
        row.read = row.emotion;
      });
      reweigh(photo);
      replace(photo);
      tell();
    },
    AT_ONCE,
  );
}

function empty() {
  photos.forEach(photo => URL.revokeObjectURL(photo.url));
  photos.length = 0;
  render();
}

function build(photo) {
  const image = el("img", {
    src: photo.url,
    alt: t("photo.alt", { name: photo.file.name }),
    loading: "lazy",
    onload: () => redraw(photo),
    onerror: () => figure.classList.add("unseen"),
  });
  photo.canvas = el("canvas", { "aria-hidden": "true" });
  photo.canvas.addEventListener("click", event => choose(photo, event));
  const figure = el(
    "figure",
    {},
    el("div", { class: "picture" }, image, photo.canvas, icon("picture")),
    el("figcaption", { title: photo.file.name }, photo.file.name),
  );
  photo.image = image;
  photo.node = el(
    "article",
    { class: "photo", dataset: { source: photo.file.name } },
    figure,
    el("div", { class: found(photo).length > 2 ? "cards many" : "cards" }, faces(photo)),
  );
  return photo.node;
}

function replace(photo) {
  const node = photo.node;
  clear(node.querySelector(".cards"), faces(photo)).classList.toggle("many", found(photo).length > 2);
  node.querySelectorAll(".card").forEach(face => {
    face.addEventListener("mouseenter", () => highlight(photo, Number(face.dataset.face)));
    face.addEventListener("mouseleave", () => highlight(photo, null));
  });
  redraw(photo);
}

function faces(photo) {
  if (!photo.rows) return [el("p", { class: "waiting" }, t("photo.reading"))];
  const [first] = photo.rows;
  if (first.status === "error") return [failure(first.sentence ?? t("photo.broken"), first.reason)];
  if (first.status === "no_face") return [el("p", { class: "quiet note" }, t("photo.noface"))];
  return photo.rows.map(row => card(row, { open: photos.length === 1 && photo.rows.length === 1 }));
}

function found(photo) {
  return photo.rows?.filter(row => row.status === "ok") ?? [];
}

function redraw(photo) {
  const { image, canvas } = photo;
  if (!image?.naturalWidth || !canvas.isConnected || !canvas.clientWidth) return;
  draw(canvas, found(photo), {
    width: image.naturalWidth,
    height: image.naturalHeight,
    chosen: photo.chosen ?? null,
    labels: found(photo).length > 1,
  });
}

function highlight(photo, face) {
  photo.chosen = face;
  redraw(photo);
}

function choose(photo, event) {
  const scale = photo.image.naturalWidth / photo.canvas.clientWidth;
  const [x, y] = [event.offsetX * scale, event.offsetY * scale];
  const hit = found(photo).find(({ box: [x1, y1, x2, y2] }) => x >= x1 && x <= x2 && y >= y1 && y <= y2);
  if (hit) photo.node.querySelector(`[data-face="${hit.face}"]`)?.focus();
}

// null: as the server read it.
function onweights(rows) {
  weights = rows;
  for (const photo of photos) {
    reweigh(photo);
    for (const row of found(photo)) {
      photo.node.querySelector(`[data-face="${row.face}"] .emotion`)?.replaceWith(emotionPart(row.emotion));
    }
    redraw(photo);
  }
  tellBench();
}

function reweigh(photo) {
  for (const row of found(photo)) {
    if (row.action_units) row.emotion = weights ? read(weights, row.action_units) : row.read;
  }
}

function tellBench() {
  const rows = photos.flatMap(found);
  bench.tell({ faces: rows.length, changed: rows.filter(row => row.emotion?.label !== row.read?.label).length });
}

function tell() {
  const done = photos.filter(photo => photo.rows);
  const values = {
    photos: photos.length,
    done: done.length,
    faces: photos.flatMap(found).length,
    broken: done.filter(photo => photo.rows[0].status === "error").length,
  };
  const key = done.length < photos.length ? "photo.progress" : values.broken ? "photo.doneBroken" : "photo.done";
  status.textContent = photos.length ? t(key, values) : "";
  root.classList.toggle("filled", photos.length > 0);
  tellBench();
}

function save() {
  const rows = photos
    .flatMap(photo => photo.rows ?? [])
    .map(({ read: _, sentence: __, ...row }) => JSON.stringify(row));
  download("faces.jsonl", `${rows.join("\n")}\n`, "application/x-ndjson");
  announce(t("saved", { name: "faces.jsonl" }));
}
