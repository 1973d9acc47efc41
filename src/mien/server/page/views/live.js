// The camera: frames go to the server on this machine, rows come back and are drawn over the picture.
import { openSocket } from "../api.js";
import { emotionPart, bar, unitName } from "../card.js";
import { announce, button, clear, download, el, failure } from "../dom.js";
import { draw, paint } from "../overlay.js";
import { number, onLanguage, t } from "../words.js";

const LONGEST_SIDE = 640;
const QUALITY = 0.75;
const IN_FLIGHT = 2;
const WINDOW_MS = 2000;
const PATIENCE_MS = 3000;
const LATE_MS = 200;
let root,
  run = null,
  problem = null;

export function mount(panel) {
  root = panel;
  onLanguage(render);
  render();
}

// Leaving the tab switches the camera off.
export const hidden = () => run && stop();

function render() {
  clear(
    root,
    el("h2", { class: "offscreen" }, t("tab.live")),
    privacy(),
    problem && failure(problem.sentence, problem.detail),
    controls(),
    run ? stage() : el("div", { class: "stage idle" }, el("p", {}, t("live.idle"))),
  );
}

function privacy() {
  return el(
    "p",
    { class: "privacy", id: "live-privacy" },
    el("i", { class: run ? "lamp on" : "lamp", "aria-hidden": "true" }),
    el("strong", {}, t("live.local")),
    " ",
    t("live.nothing"),
  );
}

function controls() {
  return el(
    "div",
    { class: "tools" },
    run
      ? button("live.stop", stop, { kind: "primary", id: "live-stop" })
      : button("live.start", start, { kind: "primary", symbol: "camera", id: "live-start" }),
    run && button(run.paused ? "live.resume" : "live.pause", pause, { id: "live-pause", kind: "ghost" }),
    run && button("live.snapshot", snapshot, { kind: "ghost", symbol: "save", id: "live-snapshot" }),
    el("span", { class: "spring" }),
    run && el("dl", { class: "meters" }, meter("live.fps", "live-fps"), meter("live.delay", "live-delay")),
  );
}

function meter(key, id) {
  return [el("dt", {}, t(key)), el("dd", { id }, "–")];
}

function stage() {
  const canvas = el("canvas", { "aria-hidden": "true" });
  return el(
    "div",
    { class: "split live" },
    el("div", { class: "stage" }, run.video, canvas),
    el("div", { class: "cards", id: "live-cards" }),
  );
}

async function start() {
  problem = null;
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: 1280 }, height: { ideal: 720 } },
      audio: false,
    });
    const video = el("video", { playsinline: true, muted: true, "aria-label": t("live.camera") });
    video.muted = true;
    video.srcObject = stream;
    await video.play();
    run = {
      stream,
      video,
      rows: [],
      answers: [],
      sent: new Map(),
      count: 0,
      total: 0,
      patience: PATIENCE_MS,
      under: null,
      paused: false,
      socket: null,
    };
    run.socket = await connect();
    stream.getVideoTracks()[0].addEventListener("ended", () => run && fail("live.lost"));
  } catch (error) {
    problem = {
      sentence: t(error.name === "NotAllowedError" ? "live.refused" : "live.nocamera"),
      detail: error.message,
    };
  }
  render();
}

async function connect() {
  const socket = await openSocket("/v1/live?heads=expression,age&smooth=0.2");
  socket.addEventListener("open", () => announce(t("live.on")));
  socket.addEventListener("open", () => loop(socket));
  socket.addEventListener("message", event => run?.socket === socket && answer(JSON.parse(event.data)));
  socket.addEventListener("close", event => run?.socket === socket && fail("live.closed", event.reason));
  return socket;
}

function fail(key, detail = "") {
  stop();
  problem = { sentence: t(key), detail };
  render();
}

function stop() {
  const old = run;
  run = null;
  old.stream.getTracks().forEach(track => track.stop());
  old.socket.close();
  render();
}

function pause() {
  run.paused = !run.paused;
  run.paused ? run.video.pause() : run.video.play();
  run.answers = [];
  render();
  overlay();
}

// At most two frames are on their way, so that the answer is never of an old picture.
async function loop(socket) {
  while (run?.socket === socket && socket.readyState === WebSocket.OPEN) {
    forget();
    if (run.paused || run.sent.size >= IN_FLIGHT || !run.video.videoWidth) await rest(5);
    else await send(socket);
  }
}

const rest = ms => new Promise(resolve => setTimeout(resolve, ms));

// A frame that the server left out for a newer one has no answer.
function forget() {
  const now = performance.now();
  for (const [frame, { at }] of run.sent) if (now - at > run.patience) run.sent.delete(frame);
}

async function send(socket) {
  const { video } = run;
  const canvas = el("canvas");
  const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  const at = performance.now();
  const blob = await new Promise(resolve => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (run?.socket !== socket || socket.readyState !== WebSocket.OPEN) return;
  run.sent.set(run.count, { at, picture: canvas });
  socket.send(JSON.stringify({ id: run.count++, sent_ms: at }));
  socket.send(blob);
}

function answer(told) {
  const now = performance.now();
  const delay = now - told.sent_ms;
  // Where answers are late, the faces are shown on the picture they were read from.
  run.under = delay > LATE_MS ? (run.sent.get(told.id)?.picture ?? null) : null;
  run.patience = Math.max(PATIENCE_MS, 3 * delay);
  // Frames before it were answered, or overtaken by this one.
  for (const frame of [...run.sent.keys()]) if (frame <= told.id) run.sent.delete(frame);
  if (run.paused || told.type !== "rows") return;
  run.rows = told.rows.filter(row => row.status === "ok");
  run.size = { width: told.width, height: told.height };
  run.answers = [...run.answers.filter(time => now - time < WINDOW_MS), now];
  root.dataset.answers = ++run.total;
  meters(delay);
  overlay();
  cards();
}

function meters(delay) {
  const { answers } = run;
  const span = answers.length > 1 ? (answers[answers.length - 1] - answers[0]) / 1000 : 0;
  document.getElementById("live-fps").textContent = span ? number((answers.length - 1) / span, 1) : "–";
  document.getElementById("live-delay").textContent = Number.isFinite(delay)
    ? t("live.ms", { n: number(delay, 0) })
    : "–";
}

function overlay() {
  const canvas = root.querySelector(".stage canvas");
  if (canvas?.clientWidth && run.size) draw(canvas, run.rows, { ...run.size, under: run.under });
}

function cards() {
  const box = document.getElementById("live-cards");
  const faces = run.rows.map(row =>
    el(
      "article",
      { class: "card" },
      el(
        "header",
        {},
        el("span", { class: "tag" }, String(row.track_id ?? row.face + 1)),
        el("h3", {}, t("card.face", { n: row.track_id ?? row.face + 1 })),
        row.age && el("small", { class: "quiet" }, t("card.years", { n: number(row.age.value, 0) })),
      ),
      emotionPart(row.emotion),
      strongest(row.action_units),
    ),
  );
  clear(box, faces.length ? faces : el("p", { class: "quiet note" }, t("live.noface")));
}

function strongest(units) {
  if (!units) return null;
  const some = Object.entries(units)
    .sort((a, b) => b[1].intensity - a[1].intensity)
    .slice(0, 5);
  return el(
    "section",
    { class: "part" },
    el("h4", {}, t("live.strongest")),
    el(
      "ul",
      { class: "bars" },
      some.map(([code, unit]) =>
        bar(
          [el("b", {}, code), " ", unitName(code)],
          unit.intensity / 5,
          number(unit.intensity, 1),
          unit.intensity >= 1 ? "unit on" : "unit",
        ),
      ),
    ),
  );
}

async function snapshot() {
  const { video, rows, size, under } = run;
  const canvas = el("canvas", { width: under?.width ?? video.videoWidth, height: under?.height ?? video.videoHeight });
  const pen = canvas.getContext("2d");
  pen.drawImage(under ?? video, 0, 0, canvas.width, canvas.height);
  paint(pen, rows, canvas.width / (size?.width ?? canvas.width));
  download("snapshot.png", await new Promise(resolve => canvas.toBlob(resolve, "image/png")));
  announce(t("saved", { name: "snapshot.png" }));
}
