// The evidence workbench: weights from Action Units to displays, tried out on all faces of the page at once.
import { json } from "../api.js";
import { unitName } from "../card.js";
import { announce, button, clear, download, el, failure } from "../dom.js";
import { REGIONS, SPEAKS_FOR } from "../units.js";
import { has, number, onLanguage, t } from "../words.js";

const LEAST = -4;
const MOST = 8;
const STEP = 0.05;

export function workbench({ onweights }) {
  const state = { original: null, rows: null, display: null, counts: { faces: 0, changed: 0 }, error: null };
  const root = el("aside", { class: "bench", id: "bench" });
  const draw = () => clear(root, parts(state, { onchange, reset, save, draw }));

  function onchange() {
    onweights(state.rows);
    root.querySelector("#bench-reset").disabled = false;
  }

  function reset() {
    state.rows = structuredClone(state.original);
    onweights(null);
    draw();
  }

  // The server writes the file, so that it is the very one that `--evidence` reads.
  async function save() {
    try {
      const body = JSON.stringify({ weights: state.rows, faces: [] });
      const { yaml } = await json("/v1/evidence", { method: "POST", body, type: "application/json" });
      download("evidence.yaml", yaml, "application/yaml");
      announce(t("saved", { name: "evidence.yaml" }));
    } catch (error) {
      root.append(failure(t("bench.nofile"), error.detail || error.message));
    }
  }

  load(state).then(draw);
  onLanguage(draw);
  return {
    element: () => root,
    tell: counts => {
      state.counts = counts;
      note(root, counts);
    },
  };
}

async function load(state) {
  try {
    const told = await json("/v1/evidence");
    state.original = told.weights;
    state.rows = structuredClone(state.original);
    state.display = Object.keys(state.rows)[0];
  } catch (error) {
    state.error = error;
  }
}

function parts(state, { onchange, reset, save, draw }) {
  const head = el(
    "header",
    {},
    el("h3", { id: "bench-title" }, t("bench.title")),
    el("p", { class: "quiet small" }, t("bench.about")),
  );
  if (state.error) return [head, failure(t("bench.failed"), state.error.detail || state.error.message)];
  if (!state.rows) return [head];
  const counts = el("p", { class: "counts small", role: "status" });
  const changed = JSON.stringify(state.rows) !== JSON.stringify(state.original);
  const actions = el(
    "div",
    { class: "tools" },
    button("bench.save", save, { kind: "primary", symbol: "save", id: "bench-save" }),
    button("bench.reset", reset, { kind: "ghost", symbol: "reset", id: "bench-reset", disabled: !changed }),
  );
  const whole = [head, picker(state, draw), sliders(state, onchange), counts, actions];
  setTimeout(() => note(counts.closest(".bench"), state.counts));
  return whole;
}

function note(root, { faces, changed }) {
  const line = root?.querySelector(".counts");
  if (line) line.textContent = faces ? t("bench.counts", { faces, changed }) : t("bench.nofaces");
}

function displayName(name) {
  return has(`display.${name}`) ? t(`display.${name}`) : t(`emotion.${name}`);
}

function picker(state, draw) {
  return el(
    "div",
    { class: "chips", role: "radiogroup", "aria-label": t("bench.which") },
    Object.keys(state.rows).map(name =>
      el(
        "label",
        { class: "chip" },
        el("input", {
          type: "radio",
          name: "bench-display",
          value: name,
          checked: name === state.display,
          onchange: () => {
            state.display = name;
            draw();
            document.querySelector(`[name="bench-display"][value="${name}"]`)?.focus();
          },
        }),
        el("span", {}, displayName(name)),
      ),
    ),
  );
}

// Units that may speak for the display come first; the others are folded away, since training holds them at 0.
function sliders(state, onchange) {
  const row = state.rows[state.display];
  const inOrder = Object.values(REGIONS)
    .flat()
    .filter(code => code in row);
  const speaking = SPEAKS_FOR[state.display] ?? inOrder;
  const first = inOrder.filter(code => speaking.includes(code) || row[code]);
  const others = inOrder.filter(code => !first.includes(code));
  const make = code => slider(state, code, onchange);
  const bias = make("bias");
  return el(
    "div",
    { class: "sliders" },
    first.map(make),
    bias,
    others.length > 0 &&
      el("details", {}, el("summary", { class: "small" }, t("bench.others", { n: others.length })), others.map(make)),
  );
}

function slider(state, code, onchange) {
  const { display } = state;
  const row = state.rows[display];
  const value = row[code] ?? 0;
  const name = code === "bias" ? t("bench.bias") : unitName(code);
  const shown = el("output", {}, number(value));
  const input = el("input", {
    type: "range",
    min: Math.min(LEAST, Math.floor(value)),
    max: Math.max(MOST, Math.ceil(value)),
    step: STEP,
    value,
    "aria-label": t("bench.slider", { code: code === "bias" ? "" : code, name, display: displayName(display) }),
    dataset: { code },
  });
  input.addEventListener("input", () => {
    row[code] = Number(input.value);
    shown.textContent = number(row[code]);
    onchange();
  });
  // A double click takes back the weight of the model.
  input.addEventListener("dblclick", () => {
    row[code] = state.original[display][code] ?? 0;
    input.value = row[code];
    shown.textContent = number(row[code]);
    onchange();
  });
  return el(
    "label",
    { class: "slider" },
    el("span", { class: "name" }, code !== "bias" && el("b", {}, code), " ", name),
    input,
    shown,
  );
}
