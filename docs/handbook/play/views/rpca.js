// Robust PCA on a stack of drawn faces, round by round.
import { robustPca } from "../mathematics.js";
import { button, chart, el, facts, keys, paint, short, slider } from "../dom.js";
import { covered, height, images, width } from "../faces.js";
import { t } from "../words.js";

const ROUNDS = 30;
const state = { factor: 1, round: ROUNDS };
const matchesMotion = matchMedia("(prefers-reduced-motion: reduce)");

export default function view() {
  const pictures = el("div", { class: "card" }), curve = el("div", { class: "card" }), controls = el("div", { class: "card" });
  let rounds = [], timer = null;
  const solve = () => {
    const steps = robustPca(images, state.factor);
    rounds = Array.from({ length: ROUNDS }, () => steps.next().value);
  };
  const show = () => { drawPictures(pictures, rounds[state.round - 1]); drawCurve(curve, rounds); };
  const place = el("div");
  const drawSlider = () => place.replaceChildren(slider("rpca.round", state, "round", { min: 1, max: ROUNDS, change: show }));
  const stop = () => { clearInterval(timer); timer = null; };
  const play = () => {
    stop();
    if (matchesMotion.matches) { state.round = ROUNDS; drawSlider(); show(); return; }
    state.round = 1;
    timer = setInterval(() => {
      if (!pictures.isConnected || state.round >= ROUNDS) { stop(); return; }
      state.round += 1;
      drawSlider();
      show();
    }, 160);
  };
  controls.append(
    slider("rpca.factor", state, "factor", { min: .3, max: 3, step: .1, show: value => `${value.toFixed(1)} / √m`, change: () => { stop(); solve(); show(); } }),
    place, button("rpca.play", play));
  drawSlider();
  solve();
  show();
  return el("div", { class: "bench" }, el("div", {}, controls), el("div", {}, pictures, curve));
}

function drawPictures(root, { low, sparse, rank, residual }) {
  const shown = covered.slice(0, 8), strong = value => .5 + value;
  const line = (rows, name, map) => shown.map((k, place) => paint(
    el("canvas", { role: "img", class: place > 3 ? "wide" : null, "aria-label": t(name, { n: k + 1 }) }), rows[k], width, height, map));
  const entries = sparse.length * sparse[0].length, some = sparse.reduce((n, row) => n + row.reduce((m, x) => m + (Math.abs(x) > .02 ? 1 : 0), 0), 0);
  root.replaceChildren(
    el("div", { class: "strip" },
      el("span", {}, "X"), line(images, "rpca.face"),
      el("span", {}, t("rpca.low")), line(low, "rpca.lowFace"),
      el("span", {}, t("rpca.sparse")), line(sparse, "rpca.sparseFace", strong)),
    el("div", { style: "margin-top:.9rem" }, facts([t("rpca.rank"), t("rpca.share"), t("rpca.residual")],
      [{ cells: [`${rank} / ${low.length}`, `${(100 * some / entries).toFixed(1)} %`, residual.toExponential(1)] }])));
}

function drawCurve(root, rounds) {
  const logs = rounds.map((round, k) => [k + 1, Math.max(Math.log10(round.residual), -8)]);
  root.replaceChildren(
    chart({
      label: t("rpca.curve"), x: [1, ROUNDS], y: [-8, 0], ticks: { x: [1, 10, 20, 30], y: [-8, -6, -4, -2, 0] }, height: 190,
      series: [{ color: "a", points: logs }], marks: [{ x: state.round, y: logs[state.round - 1][1], color: "b", text: short(rounds[state.round - 1].residual) }],
    }),
    keys([["a", t("rpca.curve")]]),
    el("p", { class: "says", "aria-live": "polite" }, t(state.factor < .75 ? "rpca.small" : state.factor > 1.6 ? "rpca.large" : "rpca.right")));
}
