// human: BlazeFace and face mesh, a small network for seven emotions, MobileNet (faceres) for age.

// /// script
// dependencies = [
//     "@vladmandic/human@3.3.6", "@tensorflow/tfjs@4.22.0", "@tensorflow/tfjs-backend-wasm@4.22.0", "pngjs@7.0.0",
// ]
// [tool.peer]
// heads = ["age", "emotion", "smile"]
// ///

const path = require("node:path");
const { PACKAGES, serve } = require("./contract.cjs");

// The package's own way, every face on its own: nothing is taken from the picture before.
async function load({ age = {}, emotion = true } = {}) {
  const tf = require("@tensorflow/tfjs");
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setThreadsCount(1);
  const { Human } = require(path.join(PACKAGES, "@vladmandic/human/dist/human.node-wasm.js"));
  const off = { enabled: false };
  const human = new Human({
    backend: "wasm",
    wasmPath: `${path.join(PACKAGES, "@tensorflow/tfjs-backend-wasm/dist")}/`,
    modelBasePath: `file://${path.join(PACKAGES, "@vladmandic/human/models")}/`,
    debug: false, cacheSensitivity: 0, skipAllowed: false, warmup: "none",
    filter: off, gesture: off, body: off, hand: off, object: off, segmentation: off,
    face: {
      enabled: true,
      detector: { maxDetected: 5, rotation: true }, mesh: { enabled: true }, iris: off,
      emotion: { enabled: emotion, minConfidence: 0 }, description: { enabled: true, ...age },
    },
  });
  await human.load();
  await human.init();
  if (human.tf.getBackend() !== "wasm") throw new Error(`The backend must be wasm. Got ${human.tf.getBackend()}.`);

  return async ({ width, height, rgb }) => {
    const tensor = human.tf.tensor(rgb, [height, width, 3], "int32");
    const result = await human.detect(tensor);
    human.tf.dispose(tensor);
    if (result.error) throw new Error(result.error);
    return result.face.map((face) => {
      const [x, y, w, h] = face.box;
      const emotions = Object.fromEntries((face.emotion || []).map((one) => [one.emotion, one.score]));
      return { box: [x, y, x + w, y + h], age: face.age, ...(emotion ? { emotions } : {}) };
    });
  };
}

const VERSIONS = ["@vladmandic/human", "@tensorflow/tfjs-backend-wasm"];
if (require.main === module) serve(load, VERSIONS);
module.exports = { VERSIONS, load };
