// From Action Units to displayed emotion: the linear model of mien's Python side, for live answers.
export const EMOTIONS = ["positive", "neutral", "negative"];
export const GROUPS = {
  positive: ["happiness"],
  neutral: ["neutral"],
  negative: ["anger", "disgust", "fear", "sadness", "contempt"],
};
export const DISPLAYS = ["happiness", "neutral", "anger", "disgust", "fear", "sadness", "contempt", "surprise"];
const TRACE = Math.exp(4);
const MOST = 2.5;
const CLEAR_MARGIN = 0.2;
const SAYS_SOMETHING = 0.05;
const TINY = 1.1754943508222875e-38;

// log(1 + e^4 odds) / log(1 + e^4), at most 2.5.
export function strength(probability) {
  const odds = probability / Math.max(1 - probability, 1e-6);
  return Math.min(Math.log1p(TRACE * odds) / Math.log1p(TRACE), MOST);
}

function softmax(logits) {
  const top = Math.max(...logits);
  const weights = logits.map(value => Math.exp(value - top));
  const total = sum(weights);
  return weights.map(value => value / total);
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

function members(classes) {
  const eight = classes.includes("happiness");
  return EMOTIONS.map(name => classes.map(one => Number((eight ? GROUPS[name] : [name]).includes(one))));
}

// rows: {class: {bias, AU01: weight, ...}} as on a card; units: {AU01: {probability}} of a face.
// Gives the `emotion` of a row: label, three probabilities, margin, clear, category, evidence.
export function read(rows, units) {
  const classes = Object.keys(rows).includes("happiness") ? DISPLAYS : EMOTIONS;
  const codes = codesOf(rows);
  const present = codes.map(code => strength(units[code]?.probability ?? 0));
  const weights = classes.map(name => codes.map(code => rows[name][code] ?? 0));
  const logits = classes.map((name, c) => (rows[name].bias ?? 0) + sum(weights[c].map((w, k) => w * present[k])));
  const shares = softmax(logits);
  const grouped = members(classes).map(row => row.map((member, c) => member * shares[c]));
  const totals = grouped.map(sum);
  const voices = grouped.map((row, g) =>
    codes.map((_, k) => sum(row.map((share, c) => share * weights[c][k])) / Math.max(totals[g], TINY)),
  );
  const all = Math.max(sum(totals), TINY);
  const probability = totals.map(total => total / all);
  return answer(classes, shares, probability, voices, present, codes);
}

function answer(classes, shares, probability, voices, present, codes) {
  const best = probability.indexOf(Math.max(...probability));
  const apart = codes.map((_, k) => 1.5 * (voices[best][k] - sum(voices.map(voice => voice[k])) / 3));
  const evidence = codes.map((code, k) => [code, apart[k] * present[k]]);
  const ordered = [...probability].sort((a, b) => b - a);
  const margin = ordered[0] - ordered[1];
  const eight = classes === DISPLAYS;
  const named = Object.fromEntries(classes.map((name, c) => [name, shares[c]]));
  return {
    label: EMOTIONS[best],
    ...Object.fromEntries(EMOTIONS.map((name, g) => [name, probability[g]])),
    margin,
    clear: margin >= CLEAR_MARGIN,
    category: eight ? { label: classes[shares.indexOf(Math.max(...shares))], probability: named } : null,
    evidence: evidence.filter(([, value]) => value > SAYS_SOMETHING).sort((a, b) => b[1] - a[1]),
  };
}

export function codesOf(rows) {
  const codes = new Set(Object.values(rows).flatMap(row => Object.keys(row)));
  codes.delete("bias");
  return [...codes].sort();
}
