// A video: uploaded as a job, watched while it is read, then time lines under the player and events as a table.
import { events as serverEvents, form, headers, json, request, upload } from "../api.js";
import { unitName } from "../card.js";
import { announce, button, clear, download, dropZone, acceptDrops, el, failure } from "../dom.js";
import { draw } from "../overlay.js";
import { clock, timelines } from "../timelines.js";
import { number, onLanguage, t } from "../words.js";

const NEAR_S = 0.35;
let root, job = null, player, seekTo;

export function mount(panel) {
  root = panel;
  acceptDrops(root, files => start(files[0]));
  onLanguage(render);
  render();
}

export const shown = () => job?.rows && overlay();

function render() {
  clear(root, el("h2", { class: "offscreen" }, t("tab.video")),
    !job && dropZone({ id: "video-file", title: t("video.drop"), hint: t("video.hint"), accept: "video/*,.mkv,.avi,.mov,.webm,.mp4,.gif", multiple: false, symbol: "film", onfiles: files => start(files[0]) }),
    job && el("div", { class: "job" }, title(), progress(), job.rows && results()));
}

function title() {
  return el("header", { class: "tools" }, el("h3", {}, job.file.name), el("span", { class: "spring" }),
    job.state === "done" && downloads(),
    button(running() ? "video.stop" : "video.another", stop, { kind: "ghost", symbol: "close", id: "video-stop" }));
}

const running = () => ["uploading", "queued", "running"].includes(job.state);

async function start(file) {
  if (!file) return;
  if (job) await stop();
  const mine = { file, url: URL.createObjectURL(file), state: "uploading", share: 0, rows: null, abort: new AbortController() };
  job = mine;
  render();
  try {
    const told = await upload("/v1/videos", form([["file", file], ["annotated", "true"]]), share => tell(mine, { share }));
    mine.id = told.id;
    if (job !== mine) return remove(mine);
    tell(mine, { state: "queued", share: 0 });
    await follow(mine);
    if (mine.state === "done") await fetchResults(mine);
  } catch (error) {
    if (error.name !== "AbortError") tell(mine, { state: "failed", reason: error.detail ?? "", sentence: error.message });
  }
}

async function follow(mine) {
  for await (const told of serverEvents(`/v1/videos/${mine.id}/progress`, mine.abort.signal)) {
    const total = told.total ?? null;
    tell(mine, { state: told.state, frames: told.frames, total, share: total ? told.frames / total : null, reason: told.reason ?? "" });
    if (["done", "failed", "stopped"].includes(told.state)) return;
  }
}

function tell(mine, values) {
  const before = mine.state;
  Object.assign(mine, values);
  if (job !== mine) return;
  if (before !== mine.state) render();
  const part = root.querySelector(".progress");
  part?.replaceWith(progress() || "");
}

function progress() {
  if (job.state === "failed") return failure(job.sentence ?? t("video.failed"), job.reason);
  if (job.state === "done") return null;
  const words = t(`video.${job.state}`, { n: job.frames ?? 0, total: job.total ?? "?" });
  const bar = el("progress", { max: 1, "aria-label": words });
  if (job.share !== null) bar.value = job.share;
  return el("div", { class: "progress" }, el("p", { role: "status" }, words), bar);
}

async function fetchResults(mine) {
  const [rows, found] = await Promise.all(["rows", "events"].map(part => json(`/v1/videos/${mine.id}/${part}`)));
  mine.rows = (Array.isArray(rows) ? rows : rows.rows).filter(row => row.status === "ok");
  mine.events = Array.isArray(found) ? found : found.events;
  mine.track = mostSeen(mine.rows);
  if (job === mine) {
    render();
    announce(t("video.ready"));
  }
}

async function stop() {
  const mine = job;
  job = null;
  render();
  mine.abort.abort();
  URL.revokeObjectURL(mine.url);
  await remove(mine);
}

async function remove(mine) {
  if (mine.id) await request(`/v1/videos/${mine.id}`, { method: "DELETE" }).catch(() => null);
}

function tracks(rows) {
  const seen = new Map();
  for (const row of rows) seen.set(row.track_id ?? 0, (seen.get(row.track_id ?? 0) ?? 0) + 1);
  return [...seen.entries()].sort((a, b) => b[1] - a[1]);
}

function mostSeen(rows) {
  return tracks(rows)[0]?.[0] ?? null;
}

function results() {
  if (!job.rows.length) return el("p", { class: "quiet note" }, t("video.noface"));
  const mine = job.rows.filter(row => (row.track_id ?? 0) === job.track);
  const found = job.events.filter(event => event.track_id === job.track);
  player = el("video", { src: job.url, controls: true, playsinline: true, muted: true, "aria-label": job.file.name, onerror: () => unplayable() });
  const canvas = el("canvas", { "aria-hidden": "true" });
  const lines = timelines(mine, found, Math.max(...job.rows.map(row => row.time_s)), seek);
  seekTo = lines.move;
  for (const name of ["timeupdate", "seeked", "loadeddata"]) player.addEventListener(name, () => { lines.move(player.currentTime); overlay(); });
  follows(player);
  return el("div", {}, el("div", { class: "player" }, player, canvas), chooser(), el("section", { class: "panel" }, lines.element), table(found));
}

function unplayable() {
  root.querySelector(".player")?.replaceChildren(el("p", { class: "note quiet" }, t("video.unplayable")));
}

// While it plays, the faces follow frame by frame.
function follows(video) {
  const step = () => {
    if (!video.isConnected) return;
    overlay();
    seekTo(video.currentTime);
    if (!video.paused) requestAnimationFrame(step);
  };
  video.addEventListener("play", () => requestAnimationFrame(step));
}

function seek(time) {
  if (player?.isConnected) player.currentTime = time;
}

function overlay() {
  const canvas = root.querySelector(".player canvas");
  if (!canvas || !player.videoWidth || !canvas.clientWidth) return;
  draw(canvas, nearest(job.rows, player.currentTime), { width: player.videoWidth, height: player.videoHeight, chosen: null });
}

// The rows of the last frame that was read before a time.
function nearest(rows, time) {
  const before = rows.filter(row => row.time_s <= time + 0.02);
  const last = before.length ? before[before.length - 1].time_s : null;
  return last === null || time - last > NEAR_S ? [] : before.filter(row => row.time_s === last);
}

function chooser() {
  const all = tracks(job.rows);
  if (all.length < 2) return null;
  const select = el("select", { onchange: event => { job.track = Number(event.target.value); render(); } },
    all.map(([track, n]) => el("option", { value: track, selected: track === job.track }, t("video.face", { n: track, frames: n }))));
  return el("label", { class: "field" }, t("video.which"), " ", select);
}

function table(found) {
  if (!found.length) return el("p", { class: "quiet note" }, t("video.noevents"));
  const heads = ["unit", "onset", "apex", "offset", "peak"].map(name => el("th", { scope: "col" }, t(`video.${name}`)));
  const cells = event => [el("td", {}, el("b", {}, event.action_unit), " ", unitName(event.action_unit), event.open && el("span", { class: "quiet small" }, ` ${t("video.open")}`)),
    ...["onset_s", "apex_s", "offset_s"].map(name => el("td", { class: "number" }, el("button", { type: "button", class: "link", onclick: () => seek(event[name]) }, clock(event[name])))),
    el("td", { class: "number" }, number(event.peak_intensity, 1))];
  return el("section", { class: "panel scroll" }, el("h3", {}, t("video.events", { n: found.length })),
    el("table", { class: "events" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, found.map(event => el("tr", {}, cells(event))))));
}

function downloads() {
  const stem = job.file.name.replace(/\.[^.]*$/, "");
  const parts = [["rows", "text/csv", `${stem}_faces.csv`], ["events", "text/csv", `${stem}_events.csv`], ["video", "video/mp4", `${stem}_read.mp4`]];
  return parts.map(([part, accept, name]) => button(`video.save.${part}`, () => fetchFile(part, accept, name), { kind: "ghost", symbol: "save", id: `video-${part}` }));
}

async function fetchFile(part, accept, name) {
  try {
    const response = await request(`/v1/videos/${job.id}/${part}`, { accept });
    download(name, await response.blob());
    announce(t("saved", { name }));
  } catch (error) {
    root.querySelector(".job header").after(failure(t("video.nofile", { name }), error.detail || error.message));
  }
}
