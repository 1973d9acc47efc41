// Parameters and operations of one convolution, of its separable form, and of two 3x3 in the place of a 5x5.
import { convolution, pairShare, together } from "../mathematics.js";
import { chart, check, choice, el, facts, keys, slider, whole } from "../dom.js";
import { t } from "../words.js";

const WIDTHS = [1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512];
const KERNELS = [1, 3, 5, 7];
const state = { kernel: 1, inputs: 8, outputs: 8, stride: 1, groups: "one", bias: false, side: 56, middle: "outputs" };
const width = place => WIDTHS[place];

export default function view() {
  const table = el("div", { class: "card" }), turn = el("div", { class: "card" });
  const show = () => { drawTable(table); drawTurn(turn); };
  const controls = el("div", { class: "card" },
    slider("convolution.kernel", state, "kernel", { min: 0, max: KERNELS.length - 1, show: place => `${KERNELS[place]} × ${KERNELS[place]}`, change: show }),
    slider("convolution.inputs", state, "inputs", { min: 0, max: WIDTHS.length - 1, show: width, change: show }),
    slider("convolution.outputs", state, "outputs", { min: 0, max: WIDTHS.length - 1, show: width, change: show }),
    slider("convolution.stride", state, "stride", { min: 1, max: 2, change: show }),
    choice("convolution.groups", state, "groups", ["one", "two", "each"], show),
    slider("convolution.side", state, "side", { min: 7, max: 112, step: 7, change: show }),
    check("convolution.bias", state, "bias", show),
    choice("convolution.middle", state, "middle", ["outputs", "inputs", "root"], show));
  show();
  return el("div", { class: "bench" }, el("div", {}, controls), el("div", {}, table, turn));
}

function given() {
  const inputs = width(state.inputs), outputs = width(state.outputs);
  const wanted = { one: 1, two: 2, each: inputs }[state.groups];
  const groups = inputs % wanted === 0 && outputs % wanted === 0 ? wanted : 1;
  return { kernel: KERNELS[state.kernel], inputs, outputs, stride: state.stride, groups, bias: state.bias, side: state.side, dropped: groups !== wanted };
}

function drawTable(root) {
  const { dropped, ...layer } = given(), one = convolution(layer);
  const { inputs, outputs, side, bias, stride, kernel } = layer, after = Math.ceil(side / stride);
  const separable = together(
    convolution({ kernel, inputs, outputs: inputs, groups: inputs, stride, bias, side }),
    convolution({ kernel: 1, inputs, outputs, bias, side: after }));
  const row = (name, counts, best) => ({
    cells: [name, whole(counts.parameters), whole(counts.multiplications), whole(counts.additions), whole(2 * counts.multiplications)], best,
  });
  root.replaceChildren(
    facts(["", "parameters", "multiplications", "additions", "flops"].map(key => key && t(`convolution.${key}`)),
      [row(t("convolution.this", { kernel }), one), row(t("convolution.separable"), separable, separable.parameters < one.parameters)]),
    el("p", { class: "says", "aria-live": "polite" },
      t("convolution.share", { share: (100 * separable.parameters / one.parameters).toFixed(1) }), dropped ? ` ${t("convolution.dropped")}` : ""));
}

function drawTurn(root) {
  const { inputs, outputs, bias, side } = given();
  const middle = { outputs, inputs, root: Math.round(Math.sqrt(inputs * outputs)) }[state.middle];
  const pair = together(convolution({ kernel: 3, inputs, outputs: middle, bias, side }), convolution({ kernel: 3, inputs: middle, outputs, bias, side }));
  const large = convolution({ kernel: 5, inputs, outputs, bias, side });
  const ratio = outputs / inputs, x = [1 / 16, 16], places = Array.from({ length: 121 }, (_, k) => 2 ** (-4 + 8 * k / 120));
  const colors = { outputs: "a", inputs: "c", root: "d" };
  const series = Object.entries(colors).map(([name, color]) => ({ color, dashed: name !== state.middle, points: places.map(place => [place, pairShare(place, name)]) }));
  series.push({ color: "line", points: [[x[0], 1], [x[1], 1]] });
  const share = pairShare(ratio, state.middle), inside = Math.max(x[0], Math.min(x[1], ratio));
  const turn = { outputs: 16 / 9, inputs: 9 / 16 }[state.middle];
  const marks = [{ x: inside, y: Math.min(share, 3), text: t("convolution.here"), color: "b" }];
  if (turn) marks.push({ x: turn, y: 1, text: state.middle === "outputs" ? "16/9" : "9/16", color: colors[state.middle] });
  const names = { 0.0625: "1/16", 0.25: "1/4", 1: "1", 4: "4", 16: "16" };
  root.replaceChildren(
    facts(["", t("convolution.parameters"), t("convolution.multiplications"), t("convolution.field")], [
      { cells: [t("convolution.pair", { middle }), whole(pair.parameters), whole(pair.multiplications), "5 × 5"], best: pair.parameters < large.parameters },
      { cells: [t("convolution.large"), whole(large.parameters), whole(large.multiplications), "5 × 5"], best: large.parameters < pair.parameters },
    ]),
    el("p", { style: "margin:.9rem 0 .3rem" }, el("strong", {}, t("convolution.turning"))),
    chart({ label: t("convolution.turning"), series, marks, x, y: [0, 3], log: true, ticks: { x: [1 / 16, 1 / 4, 1, 4, 16], names, y: [0, 1, 2, 3] }, height: 250 }),
    keys(Object.entries(colors).map(([name, color]) => [color, t(`convolution.middle.${name}`)])),
    el("p", { class: "says", "aria-live": "polite" }, t(pair.parameters < large.parameters ? "convolution.pairWins" : "convolution.largeWins",
      { share: (100 * pair.parameters / large.parameters).toFixed(1), inputs, outputs })));
}
