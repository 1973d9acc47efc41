// Drawn faces: a mean, two looks and two lights with weights, so that they have rank 5; some are covered by something.
import { COVERED, COVERS, HEIGHT, PARTS, WEIGHTS, WIDTH } from "./faces_data.js";

export const width = WIDTH, height = HEIGHT, covered = Object.keys(COVERED).map(Number);
const size = width * height, bytes = text => Uint8Array.from(atob(text), character => character.charCodeAt(0));
const parts = bytes(PARTS);
const covers = Object.fromEntries(Object.entries(COVERS).map(([name, [text, gray]]) => [name, { alpha: bytes(text), gray }]));

function bare(weights) {
  const pixel = k => weights.reduce((sum, weight, part) => sum + weight * (parts[part * size + k] - 128) / 127, 0);
  return Float64Array.from({ length: size }, (_, k) => pixel(k));
}

export const images = WEIGHTS.map((weights, index) => {
  const image = bare(weights), cover = covers[COVERED[index]];
  return cover ? image.map((value, k) => value + cover.alpha[k] / 255 * (cover.gray - value)) : image;
});
