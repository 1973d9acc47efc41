// Losses of an error, their gradients, and what an outlier does to the constant that each of them likes best.
import { bestConstant, LOSSES } from "../mathematics.js";
import { chart, el, keys, short, slider, svg } from "../dom.js";
import { t } from "../words.js";

const COLORS = { l2: "b", l1: "a", smooth: "c" };
const LABELS = [24, 27, 28, 29, 30, 31, 31, 33, 34];
const state = { beta: 1, error: 2, outlier: 80, outliers: 1 };

export default function view() {
  const lines = el("div", { class: "card" }), points = el("div", { class: "card" });
  const show = () => { drawLines(lines); drawPoints(points); };
  show();
  return el("div", { class: "bench" }, el("div", { class: "card" },
    slider("losses.error", state, "error", { min: -6, max: 6, step: .1, show: short, change: show }),
    slider("losses.beta", state, "beta", { min: .2, max: 5, step: .1, show: short, change: show }),
    slider("losses.outlier", state, "outlier", { min: 20, max: 100, change: show }),
    slider("losses.outliers", state, "outliers", { min: 0, max: 4, change: show })),
  el("div", {}, lines, points));
}

function drawLines(root) {
  const errors = [...Array.from({ length: 121 }, (_, k) => -6 + k / 10), -1e-9, 1e-9].sort((a, b) => a - b);
  const draw = (what, y) => chart({
    label: t(`losses.${what}`), x: [-6, 6], y, ticks: { x: [-6, -3, 0, 3, 6] },
    series: Object.keys(COLORS).map(name => ({ color: COLORS[name], points: errors.map(e => [e, LOSSES[name][what](e, state.beta)]) })),
    marks: Object.keys(COLORS).map(name => ({ x: state.error, y: Math.max(y[0], Math.min(y[1], LOSSES[name][what](state.error, state.beta))), color: COLORS[name] })),
  });
  const figure = (what, y) => el("figure", {}, draw(what, y), el("figcaption", {}, t(`losses.${what}`)));
  const told = Object.keys(COLORS).map(name => `${t(`losses.${name}`)}: ${short(LOSSES[name].gradient(state.error, state.beta))}`).join(", ");
  root.replaceChildren(el("div", { class: "figures" }, figure("value", [0, 8]), figure("gradient", [-6, 6])),
    keys(Object.keys(COLORS).map(name => [COLORS[name], t(`losses.${name}`)])),
    el("p", { class: "says", "aria-live": "polite" }, t("losses.says", { error: short(state.error) }), told, "."));
}

function drawPoints(root) {
  const labels = [...LABELS, ...Array(state.outliers).fill(state.outlier)];
  const best = Object.fromEntries(Object.keys(COLORS).map(name => [name, bestConstant(labels, name, state.beta)]));
  const across = value => 20 + (value - 15) / 90 * 580, row = { l2: 78, l1: 98, smooth: 118 };
  const answer = Object.keys(COLORS).map(name => `${t(`losses.${name}`)} ${short(best[name])}`).join(", ");
  root.replaceChildren(
    el("p", {}, el("strong", {}, t("losses.constant"))),
    svg("svg", { viewBox: "0 0 620 150", role: "img", "aria-label": answer },
      svg("line", { x1: 20, x2: 600, y1: 45, y2: 45, stroke: "var(--line)", "stroke-width": 2 }),
      LABELS.map((value, k) => svg("circle", { cx: across(value), cy: 45 - (k === 6 ? 13 : 0), r: 6, fill: "var(--quiet)" })),
      Array.from({ length: state.outliers }, (_, k) => svg("circle", { cx: across(state.outlier), cy: 45 - 13 * k, r: 6, fill: "var(--e)" })),
      Object.keys(COLORS).map(name => [
        svg("line", { x1: across(best[name]), x2: across(best[name]), y1: 53, y2: row[name], stroke: `var(--${COLORS[name]})`, "stroke-width": 2.5 }),
        svg("text", { class: "strong", x: across(best[name]) + 6, y: row[name] + 3 }, `${t(`losses.${name}`)}: ${short(best[name])}`)]),
      [20, 40, 60, 80, 100].map(value => svg("text", { x: across(value), y: 145, "text-anchor": "middle" }, value))),
    el("p", { class: "says", "aria-live": "polite" }, t("losses.best", { answer })));
}
