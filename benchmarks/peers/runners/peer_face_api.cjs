// face-api: SSD MobileNet, landmarks, small networks for seven expressions and for age.

// /// script
// dependencies = [
//     "@vladmandic/face-api@1.7.15", "@tensorflow/tfjs@4.22.0", "@tensorflow/tfjs-backend-wasm@4.22.0", "pngjs@7.0.0",
// ]
// [tool.peer]
// heads = ["age", "emotion", "smile"]
// ///

const path = require("node:path");
const { PACKAGES, serve } = require("./contract.cjs");

// The package's own way: faces found, placed by their landmarks, then both heads.
async function load() {
  const tf = require("@tensorflow/tfjs");
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${path.join(PACKAGES, "@tensorflow/tfjs-backend-wasm/dist")}/`);
  wasm.setThreadsCount(1);
  await tf.setBackend("wasm");
  await tf.ready();
  const faceapi = require(path.join(PACKAGES, "@vladmandic/face-api/dist/face-api.node-wasm.js"));
  const models = path.join(PACKAGES, "@vladmandic/face-api/model");
  const { ssdMobilenetv1, faceLandmark68Net, faceExpressionNet, ageGenderNet } = faceapi.nets;
  for (const net of [ssdMobilenetv1, faceLandmark68Net, faceExpressionNet, ageGenderNet]) await net.loadFromDisk(models);
  if (tf.getBackend() !== "wasm") throw new Error(`The backend must be wasm. Got ${tf.getBackend()}.`);

  return async ({ width, height, rgb }) => {
    const tensor = tf.tensor3d(rgb, [height, width, 3], "int32");
    const found = await faceapi.detectAllFaces(tensor, new faceapi.SsdMobilenetv1Options())
      .withFaceLandmarks().withFaceExpressions().withAgeAndGender();
    tf.dispose(tensor);
    return found.map(({ detection, age, expressions }) => {
      const { left, top, right, bottom } = detection.box;
      return { box: [left, top, right, bottom], age, emotions: { ...expressions } };
    });
  };
}

serve(load, ["@vladmandic/face-api", "@tensorflow/tfjs-backend-wasm"]);
