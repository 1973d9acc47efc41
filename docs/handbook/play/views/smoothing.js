// Label smoothing: the target, the prediction, their difference, and the gap at which the gradient ends.
import { bestGap, smoothed, softmax } from "../mathematics.js";
import { chart, choice, el, keys, short, slider } from "../dom.js";
import { t } from "../words.js";

const state = { classes: 5, epsilon: .1, gap: 2, kind: "smooth" };

export default function view() {
  const bars = el("div", { class: "card" }), curve = el("div", { class: "card" });
  const show = () => { drawBars(bars); drawCurve(curve); };
  show();
  return el("div", { class: "bench" }, el("div", { class: "card" },
    choice("smoothing.kind", state, "kind", ["smooth", "soft"], show),
    slider("smoothing.classes", state, "classes", { min: 2, max: 10, change: show }),
    slider("smoothing.epsilon", state, "epsilon", { min: 0, max: .5, step: .01, show: value => value.toFixed(2), change: show }),
    slider("smoothing.gap", state, "gap", { min: -2, max: 10, step: .1, show: short, change: show })),
  el("div", {}, bars, curve));
}

// The same share taken from the right class; soft targets give it to the classes by likeness, the first most.
function target() {
  if (state.kind === "smooth") return smoothed(state.classes, 0, state.epsilon);
  const spare = state.epsilon * (state.classes - 1) / state.classes;
  const parts = softmax(Array.from({ length: state.classes - 1 }, (_, k) => -1.2 * k));
  return [1 - spare, ...parts.map(part => part * spare)];
}

function drawBars(root) {
  const y = target(), p = softmax([state.gap, ...Array(state.classes - 1).fill(0)]);
  const series = [["a", p], ["b", y], ["e", p.map((value, k) => value - y[k])]];
  const bars = series.flatMap(([color, values], s) => values.map((value, k) => ({ color, x: k + 1 + .27 * (s - 1), y: value, width: .25 })));
  const places = y.map((_, k) => k + 1), gradient = p[0] - y[0];
  root.replaceChildren(
    chart({ label: t("smoothing.bars"), bars, x: [.4, state.classes + .6], y: [-1, 1], ticks: { x: places, y: [-1, -.5, 0, .5, 1] }, height: 250 }),
    keys([["a", t("smoothing.p")], ["b", t("smoothing.y")], ["e", t("smoothing.g")]]),
    el("p", { class: "says", "aria-live": "polite" }, t(Math.abs(gradient) < .005 ? "smoothing.done" : gradient < 0 ? "smoothing.up" : "smoothing.down", { g: short(gradient) })));
}

function drawCurve(root) {
  const gaps = Array.from({ length: 121 }, (_, k) => -2 + k / 10), right = target()[0], best = bestGap(state.classes, state.epsilon);
  const p = gap => softmax([gap, ...Array(state.classes - 1).fill(0)])[0];
  const marks = [{ x: state.gap, y: p(state.gap) - right, color: "e" }];
  if (best <= 10) marks.push({ x: best, y: 0, color: "c", text: short(best) });
  root.replaceChildren(
    chart({
      label: t("smoothing.curve"), x: [-2, 10], y: [-1, .5], marks, ticks: { x: [-2, 0, 2, 4, 6, 8, 10], y: [-1, -.5, 0, .5] },
      series: [{ color: "line", points: [[-2, 0], [10, 0]] }, { color: "a", dashed: true, points: gaps.map(gap => [gap, p(gap) - 1]) }, { color: "c", points: gaps.map(gap => [gap, p(gap) - right]) }],
    }),
    keys([["a", t("smoothing.hard")], ["c", t("smoothing.this")]]),
    el("p", { class: "says", "aria-live": "polite" }, Number.isFinite(best) ? t("smoothing.best", { gap: short(best) }) : t("smoothing.never")));
}
