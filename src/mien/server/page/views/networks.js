// What a network costs and sees: a backbone or an ONNX file, two side by side, the field over a picture of one's own.
import { json, post } from "../api.js";
import { acceptDrops, clear, el, failure } from "../dom.js";
import { number, onLanguage, t } from "../words.js";

const FIGURES = ["parameters", "multiplications", "additions", "peak_memory"];
const SIZES = [96, 112, 128, 160, 192, 224, 299, 320];
const sides = [side("a"), side("b")];
let root, names = null, missing = null, picture = null, at = { x: 0.5, y: 0.5 };

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
    sides[0].model ||= names.find(name => name.startsWith("mobilenet")) ?? names[0] ?? "";
    render();
    if (sides[0].model) profile(sides[0]);
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
    const report = one.file ? await post(`/v1/networks${query}`, [["file", one.file]]) : await json(`/v1/networks/${encodeURIComponent(one.model)}${query}`);
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
  clear(root, el("h2", { class: "offscreen" }, t("tab.networks")), el("p", { class: "quiet lead" }, t("net.about")),
    missing && failure(t("net.missing"), missing.detail || missing.message),
    !missing && el("div", { class: "pickers" }, sides.map(picker)),
    reports.some(Boolean) && figures(), reports.some(Boolean) && field());
  draw();
}

function picker(one) {
  const select = el("select", { id: `net-${one.name}`, onchange: event => choose(one, { model: event.target.value, file: null }) },
    el("option", { value: "" }, one.file ? one.file.name : t("net.none")), (names ?? []).map(name => el("option", { value: name, selected: name === one.model }, name)));
  const sizes = el("select", { id: `net-size-${one.name}`, onchange: event => choose(one, { size: event.target.value }) },
    el("option", { value: "" }, t("net.ownsize")), SIZES.map(size => el("option", { value: size, selected: String(size) === one.size }, `${size} × ${size}`)));
  const file = el("input", { type: "file", accept: ".onnx", class: "offscreen", id: `net-file-${one.name}`, onchange: event => choose(one, { file: event.target.files[0], model: "" }) });
  return el("section", { class: "panel picker", dataset: { side: one.name } },
    el("h3", {}, el("i", { class: `key ${one.name}`, "aria-hidden": "true" }), t(`net.${one.name}`)),
    el("label", { class: "field" }, t("net.model"), select), el("label", { class: "field" }, t("net.size"), sizes),
    el("label", { class: "ghost button" }, t("net.drop"), file),
    one.busy && el("p", { class: "waiting small", role: "status" }, t("net.reading")), one.error && failure(t("net.failed"), one.error.detail || one.error.message),
    one.report?.notes?.map(note => el("p", { class: "quiet small", lang: "en" }, note)));
}

function figures() {
  const told = sides.filter(one => one.report);
  return el("section", { class: "panel" }, el("h3", {}, t("net.costs")), el("table", { class: "figures" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, t("net.figure")), told.map(one => el("th", { scope: "col" }, el("i", { class: `key ${one.name}`, "aria-hidden": "true" }), one.report.name)))),
    el("tbody", {}, FIGURES.map(name => figureRow(name, told)), fieldRow(told))));
}

function figureRow(name, told) {
  const most = Math.max(...told.map(one => one.report[name]), 1);
  return el("tr", { dataset: { figure: name } }, el("th", { scope: "row" }, t(`net.${name}`)), told.map(one => el("td", {},
    el("span", { class: "value", title: String(one.report[name]) }, short(one.report[name], name === "peak_memory" ? "B" : "")),
    el("span", { class: "track", "aria-hidden": "true" }, el("i", { class: one.name, style: { width: `${100 * one.report[name] / most}%` } })))));
}

function fieldRow(told) {
  const words = report => report.receptive_field ? `${report.receptive_field.join(" × ")} px` : t("net.nofield");
  return el("tr", { dataset: { figure: "receptive_field" } }, el("th", { scope: "row" }, t("net.receptive_field")), told.map(one => el("td", {}, words(one.report),
    one.report.global_field?.some(Boolean) ? el("p", { class: "quiet small" }, t("net.global")) : null,
    one.report.effective_stride && el("p", { class: "quiet small" }, t("net.stride", { n: one.report.effective_stride[0] })))));
}

export function short(value, unit = "") {
  for (const [size, letter] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (value >= size) return `${(value / size).toPrecision(3)} ${letter}${unit}`;
  }
  return `${value}${unit && ` ${unit}`}`;
}

function field() {
  const file = el("input", { type: "file", accept: "image/*", class: "offscreen", id: "net-picture", onchange: event => show(event.target.files[0]) });
  return el("section", { class: "panel" }, el("h3", {}, t("net.field")), el("p", { class: "quiet small" }, t("net.fieldAbout")),
    el("div", { class: "tools" }, el("label", { class: "ghost button" }, t("net.picture"), file)),
    el("div", { class: "fields" }, sides.filter(one => one.report?.receptive_field).map(one => el("figure", {}, canvas(one), layerSlider(one)))));
}

// Layers at which the field grows, from the picture to the last feature map.
export function layersOf(report) {
  const leaves = module => (module.children.length ? module.children.flatMap(leaves) : [module]);
  const grown = [];
  for (const leaf of leaves(report.modules)) {
    if (leaf.receptive_field && leaf.receptive_field[0] > (grown[grown.length - 1]?.receptive_field[0] ?? 0)) grown.push(leaf);
  }
  return [...grown.filter(leaf => leaf.receptive_field[0] < report.receptive_field[0]), { ...report, path: "" }];
}

function layerSlider(one) {
  const layers = layersOf(one.report);
  one.layer = Math.min(one.layer ?? layers.length - 1, layers.length - 1);
  const words = () => t("net.layerAt", { name: layers[one.layer].path || one.report.name, size: layers[one.layer].receptive_field.join(" × ") });
  const shown = el("output", {}, words());
  const input = el("input", { type: "range", min: 0, max: layers.length - 1, step: 1, value: one.layer, "aria-label": t("net.layer", { name: one.report.name }), oninput: event => {
    one.layer = Number(event.target.value);
    shown.textContent = words();
    draw();
  } });
  return el("label", { class: "slider" }, el("span", { class: "name" }, t("net.depth")), shown, input);
}

function canvas(one) {
  const words = t("net.fieldAlt", { name: one.report.name, size: one.report.receptive_field.join(" × ") });
  const node = el("canvas", { class: "field", tabindex: "0", role: "img", "aria-label": words, dataset: { side: one.name } });
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
  const within = (pixels, whole, size) => (pixels / whole * view - (view - size) / 2) / size;
  place(within(event.clientX - box.left, box.width, width), within(event.clientY - box.top, box.height, height));
}

function place(x, y) {
  at = { x: Math.max(0, Math.min(0.999, x)), y: Math.max(0, Math.min(0.999, y)) };
  draw();
}

function draw() {
  for (const node of root?.querySelectorAll("canvas.field") ?? []) {
    const one = sides.find(some => some.name === node.dataset.side);
    if (node.clientWidth && one.report) drawField(node, one);
  }
}

// A square around the input that shows how far the field of the whole network reaches, up to twice the input.
function viewOf(report) {
  const [height, width] = report.input_shapes[0].slice(-2);
  const longest = Math.max(width, height);
  return { width, height, view: 1.06 * Math.min(2 * longest, Math.max(longest, ...report.receptive_field)) };
}

// The picture at the size of the input, the field of the position under the pointer, the positions as dots.
function drawField(node, one) {
  const { report, name } = one;
  const { width, height, view } = viewOf(report);
  const sharp = Math.min(window.devicePixelRatio || 1, 2);
  node.width = node.height = Math.round(node.clientWidth * sharp);
  const pen = node.getContext("2d");
  const scale = node.width / view;
  pen.translate((view - width) / 2 * scale, (view - height) / 2 * scale);
  ground(pen, width * scale, height * scale, scale);
  const layer = layersOf(report)[one.layer] ?? report;
  const last = !layer.path;
  const [rows, columns] = [0, 1].map(i => (last ? fieldOn(report, i, i ? at.x * width : at.y * height) : around(layer, i, i ? at.x * width : at.y * height)));
  pen.fillStyle = "rgba(10, 14, 20, 0.5)";
  pen.beginPath();
  pen.rect(-node.width, -node.height, 3 * node.width, 3 * node.height);
  pen.rect(columns.low * scale, rows.low * scale, columns.size * scale, rows.size * scale);
  pen.fill("evenodd");
  pen.strokeStyle = name === "a" ? "#5cc8e8" : "#f4b860";
  pen.lineWidth = 2.5 * sharp;
  pen.strokeRect(columns.low * scale, rows.low * scale, columns.size * scale, rows.size * scale);
  if (last) dots(pen, scale, { rows, columns, sharp });
}

// The field of a layer inside the network, around a pixel.
function around(layer, axis, pixel) {
  const size = layer.receptive_field[axis];
  return { low: pixel - size / 2, size };
}

// Where the field of the position nearest to a pixel lies: position * stride - padding, `size` long.
export function fieldOn(report, axis, pixel) {
  const stride = report.effective_stride[axis];
  const [size, padding] = [report.receptive_field[axis], report.effective_padding[axis]];
  const count = report.feature_map[report.feature_map.length - 2 + axis];
  const nearest = Math.round((pixel + padding - size / 2) / stride);
  const position = Math.max(0, Math.min(count - 1, nearest));
  return { position, low: position * stride - padding, size, count, stride, padding };
}

function ground(pen, width, height, scale) {
  if (picture?.naturalWidth) {
    const side = Math.min(picture.naturalWidth, picture.naturalHeight * width / height);
    const high = side * height / width;
    pen.drawImage(picture, (picture.naturalWidth - side) / 2, (picture.naturalHeight - high) / 2, side, high, 0, 0, width, height);
    return;
  }
  const step = 16 * scale;
  for (let y = 0; y < height; y += step) for (let x = 0; x < width; x += step) {
    pen.fillStyle = Math.round((x + y) / step) % 2 ? "#5a6778" : "#6b788a";
    pen.fillRect(x, y, Math.min(step, width - x), Math.min(step, height - y));
  }
}

function dots(pen, scale, { rows, columns, sharp }) {
  const center = (axis, position) => (position * axis.stride - axis.padding + axis.size / 2) * scale;
  for (let r = 0; r < rows.count; r++) for (let c = 0; c < columns.count; c++) {
    const chosen = r === rows.position && c === columns.position;
    pen.fillStyle = chosen ? "#ffffff" : "rgba(255, 255, 255, 0.6)";
    pen.beginPath();
    pen.arc(center(columns, c), center(rows, r), (chosen ? 4.5 : 1.8) * sharp, 0, 2 * Math.PI);
    pen.fill();
  }
}
