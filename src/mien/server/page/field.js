// The receptive field of a network, drawn over a picture of the size of its input.

// Layers at which the field grows, from the picture to the last feature map.
export function layersOf(report) {
  const leaves = module => (module.children.length ? module.children.flatMap(leaves) : [module]);
  const grown = [];
  for (const leaf of leaves(report.modules)) {
    if (leaf.receptive_field && leaf.receptive_field[0] > (grown[grown.length - 1]?.receptive_field[0] ?? 0))
      grown.push(leaf);
  }
  return [...grown.filter(leaf => leaf.receptive_field[0] < report.receptive_field[0]), { ...report, path: "" }];
}

// A square around the input that shows how far the field of the whole network reaches, up to twice the input.
export function viewOf(report) {
  const [height, width] = report.input_shapes[0].slice(-2);
  const longest = Math.max(width, height);
  return { width, height, view: 1.06 * Math.min(2 * longest, Math.max(longest, ...report.receptive_field)) };
}

// The picture at the size of the input, the field of the position under the pointer, the positions as dots.
export function drawField(node, { report, layer: depth, name, picture, at }) {
  const { width, height, view } = viewOf(report);
  const sharp = Math.min(window.devicePixelRatio || 1, 2);
  node.width = node.height = Math.round(node.clientWidth * sharp);
  const pen = node.getContext("2d");
  const scale = node.width / view;
  pen.translate(((view - width) / 2) * scale, ((view - height) / 2) * scale);
  ground(pen, picture, width * scale, height * scale, scale);
  const layer = layersOf(report)[depth] ?? report;
  const last = !layer.path;
  const [rows, columns] = [0, 1].map(i =>
    last ? fieldOn(report, i, i ? at.x * width : at.y * height) : around(layer, i, i ? at.x * width : at.y * height),
  );
  pen.fillStyle = "rgba(10, 14, 20, 0.5)";
  pen.beginPath();
  pen.rect(-node.width, -node.height, 3 * node.width, 3 * node.height);
  pen.rect(columns.low * scale, rows.low * scale, columns.size * scale, rows.size * scale);
  pen.fill("evenodd");
  pen.strokeStyle = name === "a" ? "#5cc8e8" : "#f4b860";
  pen.lineWidth = 2.5 * sharp;
  pen.strokeRect(columns.low * scale, rows.low * scale, columns.size * scale, rows.size * scale);
  if (last) dots(pen, scale, { rows, columns, sharp });
}

// The field of a layer inside the network, around a pixel.
function around(layer, axis, pixel) {
  const size = layer.receptive_field[axis];
  return { low: pixel - size / 2, size };
}

// Where the field of the position nearest to a pixel lies: position * stride - padding, `size` long.
export function fieldOn(report, axis, pixel) {
  const stride = report.effective_stride[axis];
  const [size, padding] = [report.receptive_field[axis], report.effective_padding[axis]];
  const count = report.feature_map[report.feature_map.length - 2 + axis];
  const nearest = Math.round((pixel + padding - size / 2) / stride);
  const position = Math.max(0, Math.min(count - 1, nearest));
  return { position, low: position * stride - padding, size, count, stride, padding };
}

function ground(pen, picture, width, height, scale) {
  if (picture?.naturalWidth) {
    const side = Math.min(picture.naturalWidth, (picture.naturalHeight * width) / height);
    const high = (side * height) / width;
    pen.drawImage(
      picture,
      (picture.naturalWidth - side) / 2,
      (picture.naturalHeight - high) / 2,
      side,
      high,
      0,
      0,
      width,
      height,
    );
    return;
  }
  const step = 16 * scale;
  for (let y = 0; y < height; y += step)
    for (let x = 0; x < width; x += step) {
      pen.fillStyle = Math.round((x + y) / step) % 2 ? "#5a6778" : "#6b788a";
      pen.fillRect(x, y, Math.min(step, width - x), Math.min(step, height - y));
    }
}

function dots(pen, scale, { rows, columns, sharp }) {
  const center = (axis, position) => (position * axis.stride - axis.padding + axis.size / 2) * scale;
  for (let r = 0; r < rows.count; r++)
    for (let c = 0; c < columns.count; c++) {
      const chosen = r === rows.position && c === columns.position;
      pen.fillStyle = chosen ? "#ffffff" : "rgba(255, 255, 255, 0.6)";
      pen.beginPath();
      pen.arc(center(columns, c), center(rows, r), (chosen ? 4.5 : 1.8) * sharp, 0, 2 * Math.PI);
      pen.fill();
    }
}
