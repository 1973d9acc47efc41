// What a network costs and sees: a backbone or an ONNX file, two side by side, the field over a picture of one's own.
import { json, post } from "../api.js";
import { acceptDrops, clear, el, failure } from "../dom.js";
import { drawField, layersOf, viewOf } from "../field.js";
import { onLanguage, t } from "../words.js";

const FIGURES = ["parameters", "multiplications", "additions", "peak_memory"];
const SIZES = [96, 112, 128, 160, 192, 224, 299, 320];
const sides = [side("a"), side("b")];
let root,
  names = null,
  missing = null,
  picture = null,
  at = { x: 0.5, y: 0.5 };

function side(name) {
  return { name, model: "", file: null, size: "", report: null, error: null, busy: false };
}

export function mount(panel) {
  root = panel;
  acceptDrops(root, files => drop(files));
  onLanguage(render);
  render();
}

export async function shown() {
  if (names || missing) return draw();
  try {
    names = (await json("/v1/networks")).map(({ name }) => name);
    render();
  } catch (error) {
    missing = error;
    render();
  }
}

function drop(files) {
  const model = files.find(file => file.name.toLowerCase().endsWith(".onnx"));
  if (model) choose(sides.find(one => !one.model && !one.file) ?? sides[1], { file: model, model: "" });
  const image = files.find(file => file.type.startsWith("image/"));
  if (image) show(image);
}

function show(file) {
  if (picture) URL.revokeObjectURL(picture.src);
  picture = el("img", { src: URL.createObjectURL(file), alt: "" });
  picture.onload = draw;
}

function choose(one, values) {
  Object.assign(one, values, { report: null, error: null, layer: null });
  one.model || one.file ? profile(one) : render();
}

async function profile(one) {
  one.busy = true;
  const wanted = JSON.stringify([one.model, one.file?.name, one.size]);
  render();
  try {
    const query = one.size ? `?size=${one.size}` : "";
    const report = one.file
      ? await post(`/v1/networks${query}`, [["file", one.file]])
      : await json(`/v1/networks/${encodeURIComponent(one.model)}${query}`);
    if (wanted !== JSON.stringify([one.model, one.file?.name, one.size])) return;
    Object.assign(one, { report, error: null });
  } catch (error) {
    Object.assign(one, { report: null, error });
  }
  one.busy = false;
  render();
}

function render() {
  const reports = sides.map(one => one.report);
  clear(
    root,
    el("h2", { class: "offscreen" }, t("tab.networks")),
    el("p", { class: "quiet lead" }, t("net.about")),
    missing && failure(t("net.missing"), missing.detail || missing.message),
    !missing && el("div", { class: "pickers" }, sides.map(picker)),
    reports.some(Boolean) && figures(),
    reports.some(Boolean) && field(),
  );
  draw();
}

function picker(one) {
  const select = el(
    "select",
    { id: `net-${one.name}`, onchange: event => choose(one, { model: event.target.value, file: null }) },
    el("option", { value: "" }, one.file ? one.file.name : t("net.none")),
    (names ?? []).map(name => el("option", { value: name, selected: name === one.model }, name)),
  );
  const sizes = el(
    "select",
    { id: `net-size-${one.name}`, onchange: event => choose(one, { size: event.target.value }) },
    el("option", { value: "" }, t("net.ownsize")),
    SIZES.map(size => el("option", { value: size, selected: String(size) === one.size }, `${size} × ${size}`)),
  );
  const file = el("input", {
    type: "file",
    accept: ".onnx",
    class: "offscreen",
    id: `net-file-${one.name}`,
    onchange: event => choose(one, { file: event.target.files[0], model: "" }),
  });
  return el(
    "section",
    { class: "panel picker", dataset: { side: one.name } },
    el("h3", {}, el("i", { class: `key ${one.name}`, "aria-hidden": "true" }), t(`net.${one.name}`)),
    el("label", { class: "field" }, t("net.model"), select),
    el("label", { class: "field" }, t("net.size"), sizes),
    el("label", { class: "ghost button" }, t("net.drop"), file),
    one.busy && el("p", { class: "waiting small", role: "status" }, t("net.reading")),
    one.error && failure(t("net.failed"), one.error.detail || one.error.message),
    one.report?.notes?.map(note => el("p", { class: "quiet small", lang: "en" }, note)),
  );
}

function figures() {
  const told = sides.filter(one => one.report);
  return el(
    "section",
    { class: "panel" },
    el("h3", {}, t("net.costs")),
    el(
      "table",
      { class: "figures" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("th", { scope: "col" }, t("net.figure")),
          told.map(one =>
            el("th", { scope: "col" }, el("i", { class: `key ${one.name}`, "aria-hidden": "true" }), one.report.name),
          ),
        ),
      ),
      el(
        "tbody",
        {},
        FIGURES.map(name => figureRow(name, told)),
        fieldRow(told),
      ),
    ),
  );
}

function figureRow(name, told) {
  const most = Math.max(...told.map(one => one.report[name]), 1);
  return el(
    "tr",
    { dataset: { figure: name } },
    el("th", { scope: "row" }, t(`net.${name}`)),
    told.map(one =>
      el(
        "td",
        {},
        el(
          "span",
          { class: "value", title: String(one.report[name]) },
          short(one.report[name], name === "peak_memory" ? "B" : ""),
        ),
        el(
          "span",
          { class: "track", "aria-hidden": "true" },
          el("i", { class: one.name, style: { width: `${(100 * one.report[name]) / most}%` } }),
        ),
      ),
    ),
  );
}

function fieldRow(told) {
  const words = report => (report.receptive_field ? `${report.receptive_field.join(" × ")} px` : t("net.nofield"));
  return el(
    "tr",
    { dataset: { figure: "receptive_field" } },
    el("th", { scope: "row" }, t("net.receptive_field")),
    told.map(one =>
      el(
        "td",
        {},
        words(one.report),
        one.report.global_field?.some(Boolean) ? el("p", { class: "quiet small" }, t("net.global")) : null,
        one.report.effective_stride &&
          el("p", { class: "quiet small" }, t("net.stride", { n: one.report.effective_stride[0] })),
      ),
    ),
  );
}

export function short(value, unit = "") {
  for (const [size, letter] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ]) {
    if (value >= size) return `${(value / size).toPrecision(3)} ${letter}${unit}`;
  }
  return `${value}${unit && ` ${unit}`}`;
}

function field() {
  const file = el("input", {
    type: "file",
    accept: "image/*",
    class: "offscreen",
    id: "net-picture",
    onchange: event => show(event.target.files[0]),
  });
  return el(
    "section",
    { class: "panel" },
    el("h3", {}, t("net.field")),
    el("p", { class: "quiet small" }, t("net.fieldAbout")),
    el("div", { class: "tools" }, el("label", { class: "ghost button" }, t("net.picture"), file)),
    el(
      "div",
      { class: "fields" },
      sides.filter(one => one.report?.receptive_field).map(one => el("figure", {}, canvas(one), layerSlider(one))),
    ),
  );
}

function layerSlider(one) {
  const layers = layersOf(one.report);
  one.layer = Math.min(one.layer ?? layers.length - 1, layers.length - 1);
  const words = () =>
    t("net.layerAt", {
      name: layers[one.layer].path || one.report.name,
      size: layers[one.layer].receptive_field.join(" × "),
    });
  const shown = el("output", {}, words());
  const input = el("input", {
    type: "range",
    min: 0,
    max: layers.length - 1,
    step: 1,
    value: one.layer,
    "aria-label": t("net.layer", { name: one.report.name }),
    oninput: event => {
      one.layer = Number(event.target.value);
      shown.textContent = words();
      draw();
    },
  });
  return el("label", { class: "slider" }, el("span", { class: "name" }, t("net.depth")), shown, input);
}

function canvas(one) {
  const words = t("net.fieldAlt", { name: one.report.name, size: one.report.receptive_field.join(" × ") });
  const node = el("canvas", {
    class: "field",
    tabindex: "0",
    role: "img",
    "aria-label": words,
    dataset: { side: one.name },
  });
  node.addEventListener("pointermove", event => event.pointerType === "mouse" && move(node, event));
  node.addEventListener("pointerdown", event => move(node, event));
  node.addEventListener("keydown", event => {
    const step = { ArrowLeft: [-0.05, 0], ArrowRight: [0.05, 0], ArrowUp: [0, -0.05], ArrowDown: [0, 0.05] }[event.key];
    if (!step) return;
    event.preventDefault();
    place(at.x + step[0], at.y + step[1]);
  });
  return node;
}

function move(node, event) {
  const box = node.getBoundingClientRect();
  const { width, height, view } = viewOf(sides.find(one => one.name === node.dataset.side).report);
  const within = (pixels, whole, size) => ((pixels / whole) * view - (view - size) / 2) / size;
  place(within(event.clientX - box.left, box.width, width), within(event.clientY - box.top, box.height, height));
}

function place(x, y) {
  at = { x: Math.max(0, Math.min(0.999, x)), y: Math.max(0, Math.min(0.999, y)) };
  draw();
}

function draw() {
  for (const node of root?.querySelectorAll("canvas.field") ?? []) {
    const one = sides.find(some => some.name === node.dataset.side);
    if (node.clientWidth && one.report) drawField(node, { ...one, picture, at });
  }
}
