// What the page computes; no document is needed for any of it.

// Receptive field, layers from the first to the last: {kernel, stride, dilation}.
export function backwards(layers) {
  const steps = [];
  let field = 1;
  for (const layer of [...layers].reverse()) {
    const before = field;
    field = (before - 1) * layer.stride + (layer.kernel - 1) * layer.dilation + 1;
    steps.push({ ...layer, before, field });
  }
  return steps;
}

export function forwards(layers) {
  let field = 1, jump = 1;
  return layers.map(layer => {
    const before = field, spread = jump;
    field += (layer.kernel - 1) * layer.dilation * jump;
    jump *= layer.stride;
    return { ...layer, before, spread, field };
  });
}

// How many paths lead from each input of one axis to one output: Map of offset (from the first input seen) -> paths.
export function paths(layers) {
  let found = new Map([[0, 1]]);
  for (const layer of [...layers].reverse()) {
    const next = new Map();
    for (const [place, count] of found) {
      for (let k = 0; k < layer.kernel; k++) {
        const at = place * layer.stride + k * layer.dilation;
        next.set(at, (next.get(at) ?? 0) + count);
      }
    }
    found = next;
  }
  return found;
}

// Counts of a convolution on a map of side x side inputs, padding that keeps the size.
export function convolution({ kernel, inputs, outputs, stride = 1, groups = 1, bias = false, side = 1 }) {
  const products = kernel * kernel * inputs / groups, values = Math.ceil(side / stride) ** 2 * outputs;
  return {
    parameters: products * outputs + (bias ? outputs : 0),
    multiplications: values * products,
    additions: values * (bias ? products : products - 1),
  };
}

export function together(...counts) {
  const sum = name => counts.reduce((total, one) => total + one[name], 0);
  return { parameters: sum("parameters"), multiplications: sum("multiplications"), additions: sum("additions") };
}

// Weights of two 3x3 by those of one 5x5 at t = outputs / inputs; the middle is "outputs", "inputs" or "root".
export function pairShare(t, middle) {
  const width = { outputs: t, inputs: 1, root: Math.sqrt(t) }[middle];
  return 9 * width * (1 + t) / (25 * t);
}

// Losses of an error: value and gradient.
export const LOSSES = {
  l2: { value: e => e * e, gradient: e => 2 * e },
  l1: { value: e => Math.abs(e), gradient: e => Math.sign(e) },
  smooth: {
    value: (e, beta) => Math.abs(e) < beta ? e * e / (2 * beta) : Math.abs(e) - beta / 2,
    gradient: (e, beta) => Math.abs(e) < beta ? e / beta : Math.sign(e),
  },
};

// The constant with the least loss over some labels, by bisection of the summed gradient, which never falls.
export function bestConstant(labels, name, beta) {
  let low = Math.min(...labels), high = Math.max(...labels);
  const slope = at => labels.reduce((sum, label) => sum + LOSSES[name].gradient(at - label, beta), 0);
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    if (slope(middle) < 0) low = middle; else high = middle;
  }
  return (low + high) / 2;
}

export function softmax(logits) {
  const top = Math.max(...logits), powers = logits.map(z => Math.exp(z - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map(power => power / sum);
}

export function smoothed(classes, label, epsilon) {
  return Array.from({ length: classes }, (_, k) => epsilon / classes + (k === label ? 1 - epsilon : 0));
}

// Gap of the right logit over each wrong one at which the gradient ends.
export function bestGap(classes, epsilon) {
  return epsilon > 0 ? Math.log(1 + classes * (1 - epsilon) / epsilon) : Infinity;
}

// Eigenvalues (falling) and eigenvectors (columns) of a symmetric matrix of rows, by Jacobi rotations.
export function eigen(matrix) {
  const n = matrix.length, a = matrix.map(row => Float64Array.from(row));
  const v = a.map((_, i) => Float64Array.from({ length: n }, (_, j) => Number(i === j)));
  const total = a.reduce((sum, row) => sum + row.reduce((s, x) => s + x * x, 0), 0);
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) off += a[i][j] ** 2;
    if (off <= 1e-24 * total) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, p, q);
  }
  const order = [...a.keys()].sort((i, j) => a[j][j] - a[i][i]);
  return { values: order.map(i => a[i][i]), vectors: v.map(row => order.map(i => row[i])) };
}

function rotate(a, v, p, q) {
  if (a[p][q] === 0) return;
  const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1), s = t * c;
  for (let k = 0; k < a.length; k++) {
    [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]];
  }
  for (let k = 0; k < a.length; k++) {
    [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
    [v[k][p], v[k][q]] = [c * v[k][p] - s * v[k][q], s * v[k][p] + c * v[k][q]];
  }
}

// Singular values of rows (n, m) with n small, and the rows with those values mapped: U f(s) V' = U (f(s) / s) U' X.
export function throughValues(rows, map) {
  const { values, vectors } = eigen(gram(rows));
  const singular = values.map(value => Math.sqrt(Math.max(value, 0)));
  const after = singular.map(map), n = rows.length;
  const mix = rows.map((_, i) => rows.map((_, j) => {
    let sum = 0;
    for (let k = 0; k < n; k++) if (after[k] > 0) sum += vectors[i][k] * vectors[j][k] * after[k] / singular[k];
    return sum;
  }));
  return { singular, after, rows: mix.map(weights => blend(weights, rows)) };
}

function gram(rows) {
  const found = rows.map(() => new Float64Array(rows.length));
  for (let i = 0; i < rows.length; i++) for (let j = 0; j <= i; j++) {
    const a = rows[i], b = rows[j];
    let sum = 0;
    for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
    found[i][j] = found[j][i] = sum;
  }
  return found;
}

function blend(weights, rows) {
  const sum = new Float64Array(rows[0].length);
  for (let j = 0; j < rows.length; j++) {
    const weight = weights[j], row = rows[j];
    if (weight) for (let k = 0; k < sum.length; k++) sum[k] += weight * row[k];
  }
  return sum;
}

export const soft = (x, bound) => Math.sign(x) * Math.max(Math.abs(x) - bound, 0);

// Robust PCA of rows by inexact augmented Lagrangians, one round at a time; factor: of lam = 1 / sqrt(longer side).
export function* robustPca(rows, factor) {
  const lam = factor / Math.sqrt(Math.max(rows.length, rows[0].length));
  const norm = Math.sqrt(Math.max(eigen(gram(rows)).values[0], 0)), size = Math.sqrt(total(rows));
  let largest = 0;
  for (const row of rows) for (const x of row) largest = Math.max(largest, Math.abs(x));
  const scale = Math.max(norm, largest / lam), like = () => rows.map(row => new Float64Array(row.length));
  let mu = 1.25 / norm, low = like();
  const dual = rows.map(row => row.map(x => x / scale));
  for (;;) {
    const sparse = like(), rest = like(), bound = lam / mu;
    for (let i = 0; i < rows.length; i++) for (let k = 0; k < rows[i].length; k++) {
      const moved = rows[i][k] + dual[i][k] / mu;
      sparse[i][k] = soft(moved - low[i][k], bound);
      rest[i][k] = moved - sparse[i][k];
    }
    const cut = throughValues(rest, s => Math.max(s - 1 / mu, 0));
    low = cut.rows;
    let missed = 0;
    for (let i = 0; i < rows.length; i++) for (let k = 0; k < rows[i].length; k++) {
      const gap = rows[i][k] - low[i][k] - sparse[i][k];
      missed += gap * gap;
      dual[i][k] += mu * gap;
    }
    mu *= 1.4;
    yield { low, sparse, singular: cut.after, rank: cut.after.filter(s => s > 0).length, residual: Math.sqrt(missed) / size };
  }
}

function total(rows) {
  let sum = 0;
  for (const row of rows) for (let k = 0; k < row.length; k++) sum += row[k] * row[k];
  return sum;
}
