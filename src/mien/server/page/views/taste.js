// A person's own taste: pairs of their photos one after another, weights learned from the answers.
import { post } from "../api.js";
import { button, clear, el, failure } from "../dom.js";
import { t } from "../words.js";

const ASKED = 12;
const KEYS = { ArrowLeft: "first", ArrowRight: "second", ArrowDown: "tie" };

export function tasteDesk({ photos, uploads, ondone, onclose }) {
  const state = { pairs: null, at: 0, answers: [], error: null, busy: false };
  const root = el("section", { class: "panel desk", tabindex: "-1", "aria-label": t("taste.title") });
  const draw = () =>
    clear(
      root,
      el(
        "header",
        { class: "tools" },
        el("h3", {}, t("taste.title")),
        el("span", { class: "spring" }),
        button("close", onclose, { kind: "ghost", symbol: "close" }),
      ),
      body(),
    );

  function body() {
    if (state.error) return failure(t("taste.failed"), state.error.detail || state.error.message);
    if (state.busy || !state.pairs)
      return el("p", { class: "waiting", role: "status" }, t(state.busy ? "taste.learning" : "taste.choosing"));
    if (state.at === state.pairs.length) return end();
    return question();
  }

  function question() {
    const [a, b] = state.pairs[state.at];
    const choice = (name, value) =>
      el(
        "button",
        {
          type: "button",
          class: "choice",
          dataset: { value },
          onclick: () => answer(value),
          "aria-label": t("taste.choose", { name }),
        },
        el("img", { src: photos.get(name)?.url ?? "", alt: t("photo.alt", { name }) }),
      );
    return el(
      "div",
      {},
      el("p", { class: "lead" }, t("taste.question")),
      el("progress", {
        max: state.pairs.length,
        value: state.at,
        "aria-label": t("taste.progress", { n: state.at, all: state.pairs.length }),
      }),
      el("div", { class: "pair" }, choice(a, "first"), choice(b, "second")),
      el(
        "div",
        { class: "tools center" },
        button("taste.back", back, { kind: "ghost", disabled: !state.at }),
        button("taste.tie", () => answer("tie"), { id: "taste-tie" }),
        button("taste.skip", () => answer(null), { kind: "ghost" }),
      ),
      el("p", { class: "quiet small center" }, t("taste.keys")),
    );
  }

  function end() {
    const n = state.answers.filter(([, , value]) => value).length;
    return el(
      "div",
      {},
      el("p", { class: "lead" }, t("taste.answered", { n })),
      el(
        "div",
        { class: "tools" },
        button("taste.apply", learn, { kind: "primary", id: "taste-apply", disabled: !n }),
        button("taste.back", back, { kind: "ghost" }),
      ),
      el("p", { class: "quiet small" }, t("taste.honest")),
    );
  }

  function answer(value) {
    state.answers[state.at] = [...state.pairs[state.at], value];
    state.at += 1;
    draw();
    root.focus({ preventScroll: true });
  }

  function back() {
    state.at = Math.max(0, state.at - 1);
    draw();
  }

  async function learn() {
    state.busy = true;
    draw();
    const answers = state.answers
      .filter(([, , value]) => value)
      .map(([first, second, preferred]) => ({ first, second, preferred }));
    try {
      const told = await post("/v1/taste/fit", [...uploads(), ["answers", JSON.stringify(answers)]]);
      ondone(told.taste);
    } catch (error) {
      Object.assign(state, { error, busy: false });
      draw();
    }
  }

  root.addEventListener("keydown", event => {
    if (!state.pairs || state.at === state.pairs.length) return;
    if (KEYS[event.key]) answer(KEYS[event.key]);
    else if (event.key === "ArrowUp") back();
    else return;
    event.preventDefault();
  });

  post("/v1/taste/pairs", [...uploads(), ["count", String(ASKED)]])
    .then(told => {
      state.pairs = told.pairs;
    })
    .catch(error => {
      state.error = error;
    })
    .finally(() => {
      draw();
      root.focus({ preventScroll: true });
    });
  draw();
  return {
    element: () => {
      draw();
      return root;
    },
  };
}
