// What the numbers are and are not, the terms of the models, and their errors by group from the cards.
import { json } from "../api.js";
import { clear, el, failure } from "../dom.js";
import { cardText, has, number, onLanguage, t } from "../words.js";

const SHOWN_GROUPS = ["gender", "race", "ethnicity", "skin", "age", "group", "|yaw|"];
const SCORES = /AUC|F1|SRCC|PLCC|CS@/;
let root,
  cards = null,
  error = null;

export function mount(panel) {
  root = panel;
  onLanguage(render);
  render();
}

export async function shown() {
  if (cards) return;
  try {
    const models = await json("/v1/models");
    cards = await Promise.all(models.map(({ name }) => json(`/v1/models/${encodeURIComponent(name)}`)));
    error = null;
  } catch (failed) {
    error = failed;
  }
  render();
}

function render() {
  clear(
    root,
    el("h2", { class: "offscreen" }, t("tab.about")),
    el(
      "div",
      { class: "prose" },
      ["displayed", "age", "attractiveness", "never", "local"].map(part =>
        el("section", {}, el("h3", {}, t(`about.${part}`)), el("p", {}, t(`about.${part}.text`))),
      ),
    ),
    el("h3", { class: "section" }, t("about.models")),
    error && failure(t("about.failed"), error.detail || error.message),
    !cards && !error && el("p", { class: "waiting" }, t("about.reading")),
    cards && el("div", { class: "models" }, cards.map(model)),
  );
}

function model(card) {
  const task = card.task?.split("+")[0] ?? "";
  return el(
    "section",
    { class: "panel model", id: `model-${card.name}` },
    el(
      "header",
      { class: "tools" },
      el("h4", {}, card.name),
      has(`task.${task}`) && el("span", { class: "pill" }, t(`task.${task}`)),
    ),
    card.terms && el("p", { class: "small" }, el("b", {}, t("about.terms")), " ", told(card.terms)),
    el(
      "ul",
      { class: "limits small" },
      (card.limits ?? []).map(text => el("li", {}, told(text))),
    ),
    (card.metrics ?? []).filter(metric => groupsOf(metric).length).map((metric, i) => groups(metric, i === 0)),
  );
}

function told(text) {
  const words = cardText(text);
  return words === text ? el("span", { lang: "en" }, text) : words;
}

// "MAE, skin dark" is metric and group.
function groupsOf(metric) {
  return (metric.groups ?? [])
    .map(group => {
      const [, name, kind, value] = /^(.*?), (\S+) (.*)$/.exec(group.name) ?? [];
      return { ...group, metric: name, kind, of: value };
    })
    .filter(group => SHOWN_GROUPS.includes(group.kind));
}

function groups(metric, open) {
  const rows = groupsOf(metric);
  const whole = metric.rows?.[0];
  const values = [...rows, whole].flatMap(row => [row.low ?? row.value, row.high ?? row.value]).filter(Number.isFinite);
  // Errors begin at 0; scores, which all lie near 1, are spread over what they span.
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const least = SCORES.test(whole.name) ? low - (high - low) / 10 : Math.min(0, low);
  const most = high + (high - least) / 20 || 1;
  const at = value => `${(100 * (value - least)) / (most - least)}%`;
  return el(
    "details",
    { class: "groups", open },
    el(
      "summary",
      {},
      el("b", {}, metric.data),
      " ",
      el(
        "span",
        { class: "quiet" },
        `${metricName(whole.name)} ${number(whole.value, digits(whole.value))} · n = ${whole.faces ?? whole.n}`,
      ),
    ),
    el(
      "ul",
      { class: "dots" },
      rows.map(row =>
        el(
          "li",
          {},
          el("span", { class: "name" }, groupName(row)),
          el(
            "span",
            { class: "track", "aria-hidden": "true" },
            el("i", { class: "mean", style: { left: at(whole.value) } }),
            Number.isFinite(row.low) &&
              el("i", {
                class: "range",
                style: { left: at(row.low), width: `calc(${at(row.high)} - ${at(row.low)})` },
              }),
            el("i", { class: "dot", style: { left: at(row.value) } }),
          ),
          el(
            "span",
            { class: "value" },
            number(row.value, digits(row.value)),
            el("small", { class: "quiet" }, ` n=${row.faces ?? row.n}`),
          ),
        ),
      ),
    ),
    el("p", { class: "quiet small" }, t("about.groups")),
  );
}

const digits = value => (Math.abs(value) >= 2 ? 2 : 3);

function metricName(name) {
  return has(`metric.${name}`) ? t(`metric.${name}`) : name;
}

function groupName({ kind, of }) {
  const key = `group.${kind}.${of}`;
  if (has(key)) return t(key);
  return `${has(`group.${kind}`) ? t(`group.${kind}`) : kind} ${of.replaceAll("_", " ")}`;
}
