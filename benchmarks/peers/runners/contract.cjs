// What a runner in JavaScript needs besides its own reading: pictures in, JSON Lines out. See ../README.md.
const fs = require("node:fs");
const path = require("node:path");
const { PNG } = require("pngjs");

const PACKAGES = path.join(process.env.NODE_PATH || "node_modules");

// Networks and WebAssembly come from the disk: nothing is fetched.
globalThis.fetch = async (url) => {
  const file = String(url.url || url).replace(/^file:\/\//, "");
  const type = file.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
  return new Response(fs.readFileSync(file), { headers: { "content-type": type } });
};

const version = (name) => JSON.parse(fs.readFileSync(path.join(PACKAGES, name, "package.json"))).version;

// Pixels as RGB, three bytes each.
function decode(file) {
  const { width, height, data } = PNG.sync.read(fs.readFileSync(file));
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) rgb.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
  return { width, height, rgb };
}

async function row(read, file) {
  try {
    const image = decode(file);
    const wall = performance.now();
    const processor = process.cpuUsage();
    const faces = await read(image);
    const used = process.cpuUsage(processor);
    return { faces, ms: performance.now() - wall, cpu_ms: (used.user + used.system) / 1000 };
  } catch (error) {  // one broken picture never stops a run
    return { error: `${error.name}: ${error.message}` };
  }
}

// Read the pictures named on standard input, and append a row for each to the file of the first argument.
// load: makes the function that reads one picture. packages: whose versions count.
async function serve(load, packages) {
  const read = await load();
  const write = (value) => fs.appendFileSync(process.argv[2], JSON.stringify(value) + "\n");
  write({ about: { versions: Object.fromEntries(packages.map((name) => [name, version(name)])) } });
  for (const file of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
    write({ picture: path.parse(file).name, ...(await row(read, file)) });
  }
}

module.exports = { PACKAGES, serve };
