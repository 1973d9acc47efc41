// One card a face: displayed emotion with its reasons, Action Units by region, age, attractiveness where asked for.
import { el, svg } from "./dom.js";
import { EMOTIONS } from "./evidence.js";
import { REGIONS } from "./units.js";
import { has, number, percent, signed, t } from "./words.js";

const OLDEST = 100;
const ACTIVE = 1;

export function unitName(code) {
  return has(`au.${code}`) ? t(`au.${code}`) : code;
}

export function card(row, { open = false } = {}) {
  const number_ = row.track_id ?? row.face + 1;
  const head = el(
    "header",
    {},
    el("span", { class: "tag" }, String(number_)),
    el("h3", {}, t("card.face", { n: number_ })),
    sureness(row),
  );
  return el(
    "article",
    { class: "card", dataset: { face: row.face }, tabindex: "-1", "aria-label": t("card.face", { n: number_ }) },
    head,
    emotionPart(row.emotion),
    row.age && agePart(row.age),
    row.attractiveness && scorePart(row.attractiveness),
    row.action_units && unitsPart(row.action_units, open),
  );
}

function sureness(row) {
  return el("small", { class: "quiet", title: t("card.detector") }, t("card.detected", { p: percent(row.score) }));
}

// The whole part is drawn anew when weights change.
export function emotionPart(emotion) {
  if (!emotion) return null;
  const label = t(`emotion.${emotion.label}`);
  return el(
    "section",
    { class: "part emotion", dataset: { label: emotion.label } },
    el("h4", {}, t("card.displays")),
    el(
      "p",
      { class: "answer" },
      el("strong", {}, label),
      " ",
      el("span", { class: "value" }, percent(emotion[emotion.label])),
      emotion.clear ? null : el("span", { class: "unclear" }, t("card.unclear")),
    ),
    shareBar(emotion),
    legend(emotion),
    emotion.category &&
      el(
        "p",
        { class: "quiet small" },
        t("card.category", {
          name: t(`display.${emotion.category.label}`),
          share: percent(emotion.category.probability[emotion.category.label]),
        }),
      ),
    reasons(emotion.evidence),
  );
}

function shareBar(emotion) {
  const told = EMOTIONS.map(name => `${t(`emotion.${name}`)} ${percent(emotion[name])}`).join(", ");
  return el(
    "div",
    { class: "shares", role: "img", "aria-label": told },
    EMOTIONS.map(name => el("i", { class: name, style: { width: `${100 * emotion[name]}%` } })),
  );
}

// The three classes with their colors; with their shares where these are given.
export function legend(shares = null) {
  return el(
    "p",
    { class: "legend small quiet" },
    EMOTIONS.map(name =>
      el(
        "span",
        {},
        el("i", { class: name, "aria-hidden": "true" }),
        t(`emotion.${name}`),
        shares && ` ${percent(shares[name])}`,
      ),
    ),
  );
}

function reasons(evidence) {
  if (!evidence.length) return el("p", { class: "quiet small" }, t("card.noreason"));
  const most = Math.max(...evidence.map(([, value]) => value), 1);
  const bars = evidence
    .slice(0, 6)
    .map(([code, value]) =>
      bar([el("b", {}, code), " ", unitName(code)], value / most, signed(value, 1), "evidence", code),
    );
  return el(
    "div",
    { class: "reasons" },
    el("p", { class: "small quiet" }, t("card.because")),
    el("ul", { class: "bars" }, bars),
  );
}

export function bar(name, share, value, kind, key = null) {
  return el(
    "li",
    { class: `bar ${kind}`, dataset: key ? { code: key } : {} },
    el("span", { class: "name" }, name),
    el(
      "span",
      { class: "track", "aria-hidden": "true" },
      el("i", { style: { width: `${Math.max(0, Math.min(1, share)) * 100}%` } }),
    ),
    el("span", { class: "value" }, value),
  );
}

function agePart(age) {
  const at = years => `${Math.max(0, Math.min(1, years / OLDEST)) * 100}%`;
  const told = t("card.ageInterval", {
    low: number(age.low, 0),
    high: number(age.high, 0),
    share: percent(age.coverage),
  });
  return el(
    "section",
    { class: "part age" },
    el("h4", {}, t("card.age")),
    el(
      "p",
      { class: "answer" },
      el("strong", {}, t("card.years", { n: number(age.value, 0) })),
      " ",
      el("span", { class: "quiet" }, told),
    ),
    scale([0, 20, 40, 60, 80, 100], at(age.low), at(age.high), at(age.value), OLDEST),
  );
}

export function scale(ticks, low, high, value, most, least = 0) {
  return el(
    "div",
    { class: "scale", "aria-hidden": "true" },
    el("i", { class: "range", style: { left: low, width: `calc(${high} - ${low})` } }),
    el("i", { class: "dot", style: { left: value } }),
    ticks.map(tick => el("span", { style: { left: `${(100 * (tick - least)) / (most - least)}%` } }, String(tick))),
  );
}

function scorePart(score) {
  const known = Number.isFinite(score.score) && score.score !== null;
  const at = value => `${Math.max(0, Math.min(100, value))}%`;
  const told =
    known && score.percentile_low !== null
      ? t("card.scoreInterval", {
          low: number(score.percentile_low, 0),
          high: number(score.percentile_high, 0),
          share: percent(score.coverage),
        })
      : "";
  return el(
    "section",
    { class: "part score" },
    el("h4", {}, t("card.attractiveness")),
    known
      ? el(
          "p",
          { class: "answer" },
          el("strong", {}, t("card.percentile", { n: number(score.percentile, 0) })),
          " ",
          el("span", { class: "quiet" }, told),
        )
      : el("p", { class: "quiet" }, t("card.noscore")),
    known &&
      score.percentile_low !== null &&
      scale([0, 25, 50, 75, 100], at(score.percentile_low), at(score.percentile_high), at(score.percentile), 100),
    el("p", { class: "quiet small" }, t("card.pool", { pool: score.pool })),
  );
}

function unitsPart(units, open) {
  const active = Object.values(units).filter(unit => unit.intensity >= ACTIVE).length;
  return el(
    "details",
    { class: "part units", open },
    el(
      "summary",
      {},
      el("h4", {}, t("card.units")),
      el("span", { class: "quiet small" }, t("card.active", { n: active, all: Object.keys(units).length })),
    ),
    Object.entries(REGIONS).map(([region, codes]) =>
      el(
        "div",
        { class: "region" },
        el("h5", {}, t(`region.${region}`)),
        el(
          "ul",
          { class: "bars" },
          codes.filter(code => units[code]).map(code => unitBar(code, units[code])),
        ),
      ),
    ),
  );
}

function unitBar(code, unit) {
  const on = unit.intensity >= ACTIVE;
  const item = bar(
    [el("b", {}, code), " ", unitName(code)],
    unit.intensity / 5,
    number(unit.intensity, 1),
    on ? "unit on" : "unit",
    code,
  );
  item.append(
    el(
      "small",
      { class: "sign quiet" },
      `${t(`sign.${code}`)} · ${t("card.probability", { p: percent(unit.probability) })}`,
    ),
  );
  return item;
}

// A line of values between 0 and `most` as a tiny chart, for lists.
export function spark(values, most) {
  const path = values.map((value, i) => `${i ? "L" : "M"}${i},${(1 - value / most) * 10}`).join("");
  return svg(
    "svg",
    {
      viewBox: `0 0 ${Math.max(1, values.length - 1)} 10`,
      class: "spark",
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    svg("path", { d: path }),
  );
}
