// The receptive field of a stack of layers: seen pixels on a face, the recurrence backwards, growth forwards.
import { backwards, forwards, paths } from "../mathematics.js";
import { button, el, slider } from "../dom.js";
import { height, images, width } from "../faces.js";
import { t } from "../words.js";

const conv = (kernel, stride = 1, dilation = 1) => ({ kind: "conv", kernel, stride, dilation });
const pool = (kernel, stride) => ({ kind: "pool", kernel, stride, dilation: 1 });
const PRESETS = {
  example: [conv(3, 2), conv(3, 1, 2), pool(2, 2)],
  pair: [conv(3), conv(3)],
  holes: [conv(3, 1, 2), conv(3, 1, 2), conv(3, 1, 2)],
  full: [conv(3, 1, 1), conv(3, 1, 2), conv(3, 1, 3)],
  vgg: [conv(3), conv(3), pool(2, 2), conv(3), conv(3), pool(2, 2)],
  mobilenet: [conv(3, 2), conv(3), conv(3, 2), conv(3), conv(3, 2)],
};
const RANGES = { kernel: [1, 2, 3, 5, 7, 9], stride: [1, 2, 3, 4], dilation: [1, 2, 3, 4, 6] };
const state = { layers: PRESETS.example.map(layer => ({ ...layer })), back: 3 };

export default function view() {
  const controls = el("div", { class: "card" }), pictures = el("div"), words = el("div", { class: "card" });
  const redraw = () => { drawControls(controls, redraw); show(); };
  const show = () => { drawPicture(pictures); drawSteps(words); };
  drawControls(controls, redraw, show);
  show();
  return el("div", { class: "bench" }, el("div", {}, controls), el("div", {}, el("div", { class: "card" }, pictures), words));
}

function drawControls(root, redraw, show = redraw) {
  state.back = Math.min(state.back, state.layers.length);
  const edit = (layer, name) => el("select", {
    "aria-label": t(`field.${name}`), onchange: event => { layer[name] = Number(event.target.value); redraw(); },
  }, RANGES[name].map(value => el("option", { value, selected: value === layer[name] }, value)));
  const remove = place => el("button", {
    type: "button", "aria-label": t("field.remove", { n: place + 1 }), disabled: state.layers.length === 1,
    onclick: () => { state.layers.splice(place, 1); redraw(); },
  }, "×");
  root.replaceChildren(
    el("div", { class: "control" }, el("label", { for: "preset" }, t("field.preset")),
      el("select", { id: "preset", onchange: event => {
        state.layers = PRESETS[event.target.value].map(layer => ({ ...layer }));
        state.back = state.layers.length;
        redraw();
      } }, el("option", { value: "", disabled: true, selected: true }, t("field.choose")),
      Object.keys(PRESETS).map(name => el("option", { value: name }, t(`field.preset.${name}`))))),
    el("table", { class: "layers" },
      el("thead", {}, el("tr", {}, ["layer", "kernel", "stride", "dilation"].map(name => el("th", { scope: "col" }, t(`field.${name}`))), el("th"))),
      el("tbody", {}, state.layers.map((layer, place) => el("tr", {},
        el("td", {}, `${place + 1} ${t(`field.${layer.kind}`)}`),
        el("td", {}, edit(layer, "kernel")), el("td", {}, edit(layer, "stride")),
        el("td", {}, layer.kind === "conv" ? edit(layer, "dilation") : "–"),
        el("td", {}, remove(place)))))),
    el("div", { class: "row" },
      button("field.addConv", () => { state.layers.push(conv(3)); state.back = state.layers.length; redraw(); }, { disabled: state.layers.length > 7 }),
      button("field.addPool", () => { state.layers.push(pool(2, 2)); state.back = state.layers.length; redraw(); }, { disabled: state.layers.length > 7 })),
    el("div", { style: "margin-top:1rem" }, slider("field.back", state, "back", { min: 0, max: state.layers.length, change: show })));
}

function drawPicture(root) {
  const part = state.layers.slice(state.layers.length - state.back), counts = paths(part);
  const size = backwards(part).at(-1)?.field ?? 1, whole = backwards(state.layers).at(-1).field;
  const side = Math.max(32, whole + 2), canvas = el("canvas", { role: "img" });
  const first = Math.floor((side - size) / 2), top = Math.max(...counts.values());
  canvas.width = canvas.height = side;
  const face = images[0], image = new ImageData(side, side);
  const color = rgb(getComputedStyle(document.documentElement).getPropertyValue("--b"));
  for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) {
    const gray = 255 * face[Math.floor(y / side * height) * width + Math.floor(x / side * width)];
    const weight = (counts.get(x - first) ?? 0) * (counts.get(y - first) ?? 0) / top ** 2;
    const inside = x >= first && y >= first && x < first + size && y < first + size;
    const alpha = weight > 0 ? .45 + .5 * Math.sqrt(weight) : 0;
    const base = inside ? gray : .35 * gray + 90;
    image.data.set([...color.map(channel => alpha * channel + (1 - alpha) * base), 255], 4 * (y * side + x));
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  const seen = counts.size ** 2;
  const text = t("field.says", { size, seen, all: size * size, back: state.back });
  canvas.setAttribute("aria-label", text);
  root.replaceChildren(el("figure", { style: "max-width:27rem;margin:0 auto" }, canvas, el("figcaption", {}, t("field.caption"))),
    el("p", { class: "says", "aria-live": "polite" }, text, " ", seen < size * size ? t("field.hasHoles", { part: Math.round(100 * seen / size ** 2) }) : ""));
}

function drawSteps(root) {
  const names = [...state.layers.keys()].reverse(), reach = layer => layer.dilation > 1 ? `(${layer.kernel} − 1)·${layer.dilation} + 1` : layer.kernel;
  const back = backwards(state.layers).map((step, k) => el("span", { class: k < state.back ? "on" : null },
    `RF = (${step.before} − 1)·${step.stride} + ${reach(step)} = ${step.field}   ← ${names[k] + 1} ${t(`field.${step.kind}`)}\n`));
  const front = forwards(state.layers).map((step, k) => `R = ${step.before} + (${step.kernel} − 1)·${step.dilation}·${step.spread} = ${step.field}   → ${k + 1} ${t(`field.${step.kind}`)}\n`);
  root.replaceChildren(el("p", {}, el("strong", {}, t("field.backwards"))), el("div", { class: "steps" }, "RF = 1\n", back),
    el("p", { style: "margin-top:.8rem" }, el("strong", {}, t("field.forwards"))), el("div", { class: "steps" }, "R = 1\n", front));
}

function rgb(text) {
  const hex = text.trim().replace("#", "");
  return [0, 2, 4].map(at => parseInt(hex.slice(at, at + 2), 16));
}
