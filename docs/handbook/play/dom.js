// Elements, controls and small charts.
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
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter(child => child !== null && child !== undefined && child !== false));
  return node;
}

let count = 0;

// A slider with its label and value; `show` turns the position into what is written.
export function slider(key, state, name, { min, max, step = 1, show = value => value, change }) {
  const id = `control-${count++}`, output = el("output", { for: id }, String(show(state[name])));
  const input = el("input", {
    id, type: "range", min, max, step, value: state[name],
    oninput: event => {
      state[name] = Number(event.target.value);
      output.textContent = show(state[name]);
      input.setAttribute("aria-valuetext", show(state[name]));
      change();
    },
  });
  input.setAttribute("aria-valuetext", show(state[name]));
  return el("div", { class: "control" }, el("label", { for: id }, t(key)), output, input);
}

export function choice(key, state, name, options, change) {
  const id = `control-${count++}`;
  const select = el("select", { id, onchange: event => { state[name] = event.target.value; change(); } },
    options.map(option => el("option", { value: option, selected: option === state[name] }, t(`${key}.${option}`))));
  return el("div", { class: "control" }, el("label", { for: id }, t(key)), select);
}

export function check(key, state, name, change) {
  const id = `control-${count++}`;
  const box = el("input", { id, type: "checkbox", checked: state[name], onchange: event => { state[name] = event.target.checked; change(); } });
  return el("div", { class: "check" }, box, el("label", { for: id }, t(key)));
}

export function button(key, onclick, attributes = {}) {
  return el("button", { type: "button", class: "plain", onclick, ...attributes }, t(key));
}

export function facts(head, rows) {
  return el("table", { class: "facts" },
    el("thead", {}, el("tr", {}, head.map(cell => el("th", { scope: "col" }, cell)))),
    el("tbody", {}, rows.map(({ cells, best }) => el("tr", { class: best ? "best" : null }, cells.map(cell => el("td", {}, cell))))));
}

export function keys(items) {
  return el("div", { class: "keys" }, items.map(([color, text]) => el("span", {}, el("i", { style: `background:var(--${color})` }), text)));
}

// A chart of lines: series {color, points: [[x, y]], dashed}, marks {x, y, color, text}; x may be logarithmic.
export function chart({ label, series = [], marks = [], bars = [], x, y, ticks = {}, log = false, height = 230 }) {
  const width = 420, left = 40, bottom = 26, place = log ? Math.log : value => value;
  const across = v => left + (place(v) - place(x[0])) / (place(x[1]) - place(x[0])) * (width - left - 8);
  const up = v => height - bottom - (v - y[0]) / (y[1] - y[0]) * (height - bottom - 10);
  const within = v => Math.max(y[0] - (y[1] - y[0]), Math.min(y[1] + (y[1] - y[0]), v));
  const clip = `clip-${count++}`;
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    svg("clipPath", { id: clip }, svg("rect", { x: left, y: 4, width: width - left, height: height - bottom - 2 })),
    (ticks.y ?? spread(y)).map(v => [
      svg("line", { x1: left, x2: width - 8, y1: up(v), y2: up(v), stroke: "var(--line)" }),
      svg("text", { x: left - 6, y: up(v) + 4, "text-anchor": "end" }, short(v))]),
    (ticks.x ?? spread(x)).map(v => svg("text", { x: across(v), y: height - 8, "text-anchor": "middle" }, ticks.names?.[v] ?? short(v))),
    svg("g", { "clip-path": `url(#${clip})` },
      bars.map(bar => svg("rect", { x: across(bar.x - bar.width / 2), width: Math.max(across(bar.x + bar.width / 2) - across(bar.x - bar.width / 2), 1), y: Math.min(up(bar.y), up(0)), height: Math.max(Math.abs(up(bar.y) - up(0)), .5), fill: `var(--${bar.color})` })),
      series.map(line => svg("path", { d: line.points.map(([a, b], k) => `${k ? "L" : "M"}${across(a).toFixed(1)} ${up(within(b)).toFixed(1)}`).join(""), fill: "none", stroke: `var(--${line.color})`, "stroke-width": 2.2, "stroke-dasharray": line.dashed ? "5 4" : null }))),
    marks.map(mark => [
      svg("circle", { cx: across(mark.x), cy: up(mark.y), r: 4.5, fill: `var(--${mark.color ?? "accent"})` }),
      mark.text && svg("text", { class: "strong", x: Math.min(across(mark.x) + 8, width - 60), y: up(mark.y) + (mark.below ? 16 : -7) }, mark.text)]));
}

function spread([low, high]) {
  return Array.from({ length: 5 }, (_, k) => low + (high - low) * k / 4);
}

export function short(value) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const small = value !== 0 && Math.abs(value) < 1e-3;
  const text = small ? value.toExponential(1) : Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
}

export const whole = value => Math.round(value).toLocaleString("en-US");

// Gray values 0..1 on a canvas of width x height pixels.
export function paint(canvas, pixels, width, height, map = v => v) {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let k = 0; k < width * height; k++) {
    const gray = 255 * Math.max(0, Math.min(1, map(pixels[k])));
    image.data.set([gray, gray, gray, 255], 4 * k);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
