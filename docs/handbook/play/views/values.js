// Singular values of a stack of faces under the soft threshold of the nuclear norm or the hard one of the rank.
import { throughValues } from "../mathematics.js";
import { chart, choice, el, keys, paint, short, slider } from "../dom.js";
import { height, images, width } from "../faces.js";
import { t } from "../words.js";

const state = { threshold: 4, kind: "soft" };
const SHOWN = [0, 3, 6, 9];

export default function view() {
  const pictures = el("div", { class: "card" }), bars = el("div", { class: "card" });
  const show = () => {
    const map = s => s <= state.threshold ? 0 : state.kind === "soft" ? s - state.threshold : s;
    const found = throughValues(images, map);
    drawPictures(pictures, found);
    drawBars(bars, found);
  };
  const top = throughValues(images, s => s).singular[0];
  show();
  return el("div", { class: "bench" }, el("div", { class: "card" },
    choice("values.kind", state, "kind", ["soft", "hard"], show),
    slider("values.threshold", state, "threshold", { min: 0, max: Math.ceil(top), step: .25, show: short, change: show })),
  el("div", {}, pictures, bars));
}

function drawPictures(root, found) {
  const line = (rows, name) => SHOWN.map(k => paint(el("canvas", { role: "img", "aria-label": t(name, { n: k + 1 }) }), rows[k], width, height));
  root.replaceChildren(
    el("div", { class: "strip", style: "grid-template-columns:5rem repeat(4,1fr);max-width:32rem" },
      el("span", {}, t("values.before")), line(images, "values.face"), el("span", {}, t("values.after")), line(found.rows, "values.kept")),
    el("p", { class: "says", "aria-live": "polite" }, t("values.says", {
      rank: found.after.filter(s => s > 0).length, all: images.length, norm: short(found.after.reduce((a, b) => a + b, 0)), full: short(found.singular.reduce((a, b) => a + b, 0)),
    })));
}

function drawBars(root, { singular, after }) {
  // The first value is many times the others: the axis ends at twice the second, and a taller bar is cut there.
  const top = Math.max(2 * singular[1], 1), cut = value => Math.min(value, top);
  const bars = singular.flatMap((s, k) => [{ color: "hole", x: k + 1, y: cut(s), width: .8 }, { color: "a", x: k + 1, y: cut(after[k]), width: .5 }]);
  root.replaceChildren(
    chart({ label: t("values.bars"), bars, x: [.4, singular.length + .6], y: [0, top], ticks: { x: [1, 5, 10, 15, 20].filter(k => k <= singular.length) },
      series: [{ color: "e", dashed: true, points: [[.4, state.threshold], [singular.length + .6, state.threshold]] }] }),
    keys([["hole", t("values.before")], ["a", t("values.after")], ["e", t("values.threshold")]]),
    el("p", { class: "says" }, t("values.first", { first: short(singular[0]) })));
}
