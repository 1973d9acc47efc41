// Faces drawn on a canvas from rows: box, landmarks, axes of the head.
const OPEN = [
  [0, 17],
  [17, 22],
  [22, 27],
  [27, 31],
  [31, 36],
];
const CLOSED = [
  [36, 42],
  [42, 48],
  [48, 60],
  [60, 68],
];
export const COLORS = { positive: "#68d3a0", neutral: "#b0bece", negative: "#f48468", none: "#5cc8e8" };
const AXES = [
  ["left", 0.26, "#f06262"],
  ["up", 0.26, "#70d07a"],
  ["out", 0.42, "#629cfa"],
];

export const SHOWN = { box: true, landmarks: true, axes: true };

// rows in pixels of a picture of width x height; the canvas is laid over the shown picture. under: a picture drawn first.
export function draw(canvas, rows, { width, height, chosen = null, labels = true, show = SHOWN, under = null }) {
  const sharp = Math.min(window.devicePixelRatio || 1, 2);
  const wide = Math.max(1, canvas.clientWidth || width);
  const high = (wide * height) / width;
  canvas.width = Math.round(wide * sharp);
  canvas.height = Math.round(high * sharp);
  const pen = canvas.getContext("2d");
  if (under) pen.drawImage(under, 0, 0, canvas.width, canvas.height);
  paint(pen, rows, canvas.width / width, { chosen, labels, show, unit: sharp });
}

export function paint(pen, rows, scale, { chosen = null, labels = true, show = SHOWN, unit = 1 } = {}) {
  pen.lineCap = pen.lineJoin = "round";
  for (const row of rows) {
    if (!row.box) continue;
    const [x1, y1, x2, y2] = row.box.map(value => value * scale);
    const face = { x1, y1, x2, y2, side: Math.min(x2 - x1, y2 - y1), unit };
    const color = COLORS[row.emotion?.label ?? "none"];
    if (show.landmarks && face.side > 40 * unit) points(pen, row, scale, face);
    if (show.axes && row.pose && face.side > 50 * unit) axes(pen, row, scale, face);
    if (show.box) box(pen, face, color, chosen === row.face);
    if (labels) label(pen, face, row, color);
  }
}

function box(pen, { x1, y1, x2, y2, side, unit }, color, chosen) {
  const reach = 0.22 * side;
  const round = 0.08 * side;
  pen.beginPath();
  for (const [x, y, sx, sy] of [
    [x1, y1, 1, 1],
    [x2, y1, -1, 1],
    [x2, y2, -1, -1],
    [x1, y2, 1, -1],
  ]) {
    pen.moveTo(x + sx * reach, y);
    pen.arcTo(x, y, x, y + sy * reach, round);
    pen.lineTo(x, y + sy * reach);
  }
  const width = Math.max(1.5, Math.min(side / 80 / unit, 4)) * unit * (chosen ? 1.8 : 1);
  stroke(pen, "rgba(14, 18, 24, 0.45)", width + 2 * unit);
  stroke(pen, color, width);
}

function stroke(pen, color, width) {
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.stroke();
}

function points(pen, row, scale, { side, unit }) {
  const dense = row.landmarks_68 ?? null;
  const dots = (dense ?? row.landmarks ?? []).map(([x, y]) => [x * scale, y * scale]);
  if (dense) {
    pen.beginPath();
    for (const [begin, end] of OPEN) trace(pen, dots.slice(begin, end), false);
    for (const [begin, end] of CLOSED) trace(pen, dots.slice(begin, end), true);
    stroke(pen, "rgba(246, 248, 250, 0.6)", Math.max(0.8 * unit, side / 240));
  }
  if (dense && side < 90 * unit) return;
  pen.fillStyle = COLORS.none;
  const radius = Math.max(0.9 * unit, Math.min(side / 140, 4 * unit)) * (dense ? 1 : 1.8);
  for (const [x, y] of dots) {
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fill();
  }
}

function trace(pen, path, closed) {
  path.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  if (closed && path.length) pen.lineTo(...path[0]);
}

// Directions in the picture of the head's left, up and out; degrees as in the rows.
export function poseAxes({ yaw, pitch, roll }) {
  const [y, p, r] = [yaw, pitch, roll].map(degrees => (degrees * Math.PI) / 180);
  const raw = {
    left: [Math.cos(y), 0],
    up: [Math.sin(p) * Math.sin(y), -Math.cos(p)],
    out: [Math.cos(p) * Math.sin(y), Math.sin(p)],
  };
  const turned = ([a, b]) => [a * Math.cos(r) + b * Math.sin(r), -a * Math.sin(r) + b * Math.cos(r)];
  return Object.fromEntries(Object.entries(raw).map(([name, axis]) => [name, turned(axis)]));
}

function axes(pen, row, scale, { side, unit }) {
  const [x, y] = row.landmarks[2].map(value => value * scale);
  const directions = poseAxes(row.pose);
  for (const [name, length, color] of AXES) {
    const [dx, dy] = directions[name];
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(x + dx * length * side, y + dy * length * side);
    stroke(pen, color, Math.max(1.5 * unit, side / 90));
  }
}

// The number of the face on a small tag above its box.
function label(pen, { x1, y1, unit }, row, color) {
  const text = String(row.track_id ?? row.face + 1);
  pen.font = `600 ${12 * unit}px system-ui, sans-serif`;
  const width = pen.measureText(text).width + 10 * unit;
  const top = Math.max(0, y1 - 21 * unit);
  pen.fillStyle = color;
  pen.beginPath();
  pen.roundRect(Math.max(0, x1), top, width, 17 * unit, 5 * unit);
  pen.fill();
  pen.fillStyle = "#11151c";
  pen.fillText(text, Math.max(0, x1) + 5 * unit, top + 12.5 * unit);
}
