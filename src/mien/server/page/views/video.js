// A video: uploaded as a job, watched while it is read, then time lines under the player and events as a table.
import { json, request, upload } from "../api.js";
import { acceptDrops, announce, button, clear, download, dropZone, el, failure } from "../dom.js";
import { eventTable } from "../events.js";
import { draw } from "../overlay.js";
import { timelines } from "../timelines.js";
import { onLanguage, t } from "../words.js";

const NEAR_S = 0.35;
const MOST_ROWS = 20_000;
const ENDS = ["done", "error", "stopped"];
let root,
  job = null,
  earlier = [],
  player,
  move;

export function mount(panel) {
  root = panel;
  acceptDrops(root, files => start(files[0]));
  onLanguage(render);
  render();
}

export async function shown() {
  if (job) return overlay();
  earlier = await json("/v1/videos").catch(() => []);
  if (!job) render();
}

function render() {
  clear(
    root,
    el("h2", { class: "offscreen" }, t("tab.video")),
    job
      ? el("div", { class: "job" }, title(), progress(), job.timeline && results())
      : [
          dropZone({
            id: "video-file",
            title: t("video.drop"),
            hint: t("video.hint"),
            accept: "video/*,.mkv,.avi,.mov,.webm,.mp4,.gif",
            multiple: false,
            symbol: "film",
            onfiles: files => start(files[0]),
          }),
          earlier.length > 0 &&
            el(
              "section",
              { class: "panel" },
              el("h3", {}, t("video.earlier")),
              el(
                "ul",
                { class: "plain" },
                earlier.map(told =>
                  el(
                    "li",
                    { class: "tools" },
                    el("b", {}, told.name),
                    el("span", { class: "quiet" }, t(`video.state.${told.state}`)),
                    el("span", { class: "spring" }),
                    button("video.open", () => reopen(told), { kind: "ghost" }),
                  ),
                ),
              ),
            ),
        ],
  );
}

function title() {
  return el(
    "header",
    { class: "tools" },
    el("h3", {}, job.name),
    el("span", { class: "spring" }),
    job.state === "done" && downloads(),
    button(ENDS.includes(job.state) ? "video.another" : "video.stop", leave, {
      kind: "ghost",
      symbol: "close",
      id: "video-stop",
    }),
  );
}

async function start(file) {
  if (!file) return;
  if (job) await leave();
  const mine = { name: file.name, url: URL.createObjectURL(file), state: "uploading", progress: 0 };
  job = mine;
  render();
  try {
    const told = await upload("/v1/videos", [["file", file]], share => tell(mine, { progress: share }));
    if (job !== mine) return remove(told.id);
    await watch(mine, told);
  } catch (error) {
    tell(mine, { state: "error", reason: error.detail, sentence: error.message });
  }
}

// A job goes on without its page; the server gives the video back.
async function reopen(told) {
  job = { name: told.name, url: `/v1/videos/${told.id}/source` };
  await watch(job, told).catch(error => tell(job, { state: "error", reason: error.detail, sentence: error.message }));
}

async function watch(mine, told) {
  tell(mine, told);
  if (!ENDS.includes(mine.state)) await follow(mine);
  if (mine.state === "done") await fetchResults(mine);
}

// The browser reconnects by itself where the stream breaks.
function follow(mine) {
  const source = new EventSource(`/v1/videos/${mine.id}/progress`);
  mine.source = source;
  source.addEventListener("state", event => tell(mine, JSON.parse(event.data)));
  return new Promise(resolve =>
    source.addEventListener("end", event => {
      source.close();
      tell(mine, JSON.parse(event.data));
      resolve();
    }),
  );
}

function tell(mine, values) {
  const before = mine.state;
  Object.assign(mine, values);
  if (job !== mine) return;
  if (before !== mine.state) render();
  else root.querySelector(".progress")?.replaceWith(progress() || "");
}

function progress() {
  if (job.state === "error") return failure(job.sentence ?? t("video.failed"), job.reason ?? "");
  if (job.state === "done") return job.timeline ? null : el("p", { class: "waiting" }, t("video.fetching"));
  const words = t(`video.state.${job.state}`, { n: job.frames ?? 0 });
  const bar = el("progress", { max: 1, "aria-label": words });
  if (Number.isFinite(job.progress)) bar.value = job.progress;
  return el("div", { class: "progress" }, el("p", { role: "status" }, words), bar);
}

async function fetchResults(mine) {
  const small = mine.faces <= MOST_ROWS;
  const [timeline, rows] = await Promise.all([
    json(`/v1/videos/${mine.id}/timeline`),
    small ? json(`/v1/videos/${mine.id}/rows`) : [],
  ]);
  const tracks = timeline.tracks.sort((a, b) => b.time_s.length - a.time_s.length);
  tell(mine, { timeline, rows: rows.filter(row => row.status === "ok"), tracks, track: tracks[0]?.track_id });
  if (job !== mine) return;
  render();
  announce(t("video.ready"));
}

async function leave() {
  const mine = job;
  job = null;
  earlier = [];
  render();
  mine.source?.close();
  if (mine.url.startsWith("blob:")) URL.revokeObjectURL(mine.url);
  await remove(mine.id);
}

async function remove(id) {
  if (id) await request(`/v1/videos/${id}`, { method: "DELETE" }).catch(() => null);
}

function results() {
  if (!job.tracks.length) return el("p", { class: "quiet note" }, t("video.noface"));
  const track = job.tracks.find(one => one.track_id === job.track);
  const events = job.timeline.events.filter(event => event.track_id === job.track);
  player = el("video", {
    src: job.url,
    controls: true,
    playsinline: true,
    "aria-label": job.name,
    onerror: unplayable,
  });
  player.muted = true;
  const lines = timelines(track, events, job.timeline.duration_s, seek);
  move = lines.move;
  for (const name of ["timeupdate", "seeked", "loadeddata"]) player.addEventListener(name, step);
  player.addEventListener("play", follows);
  return el(
    "div",
    {},
    el("div", { class: "player" }, player, el("canvas", { "aria-hidden": "true" })),
    chooser(),
    el("section", { class: "panel" }, lines.element),
    eventTable(events, seek),
  );
}

function unplayable() {
  root.querySelector(".player")?.replaceChildren(el("p", { class: "note quiet" }, t("video.unplayable")));
}

function step() {
  move(player.currentTime);
  overlay();
}

// While it plays, the faces follow frame by frame.
function follows() {
  if (!player.isConnected) return;
  step();
  if (!player.paused) requestAnimationFrame(follows);
}

function seek(time) {
  if (player.isConnected) player.currentTime = time;
}

function overlay() {
  const canvas = root.querySelector(".player canvas");
  if (!canvas?.clientWidth || !player.videoWidth) return;
  draw(canvas, nearest(job.rows, player.currentTime), { width: player.videoWidth, height: player.videoHeight });
}

// The rows of the last frame that was read before a time, by bisection.
function nearest(rows, time) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    rows[middle].time_s <= time + 0.005 ? (low = middle + 1) : (high = middle);
  }
  const last = rows[low - 1]?.time_s ?? -1;
  if (time - last > NEAR_S) return [];
  let first = low - 1;
  while (first > 0 && rows[first - 1].time_s === last) first--;
  return rows.slice(first, low);
}

function chooser() {
  if (job.tracks.length < 2) return null;
  const select = el(
    "select",
    {
      id: "video-track",
      onchange: event => {
        job.track = Number(event.target.value);
        render();
      },
    },
    job.tracks.map(one =>
      el(
        "option",
        { value: one.track_id, selected: one.track_id === job.track },
        t("video.face", { n: one.track_id, frames: one.time_s.length }),
      ),
    ),
  );
  return el("label", { class: "field" }, t("video.which"), " ", select);
}

function downloads() {
  const stem = job.name.replace(/\.[^.]*$/, "");
  return [
    ["rows", "text/csv", `${stem}_faces.csv`],
    ["events", "text/csv", `${stem}_events.csv`],
    ["annotated", "video/mp4", `${stem}_read.mp4`],
  ].map(([part, accept, name]) =>
    button(`video.save.${part}`, () => save(part, accept, name), {
      kind: "ghost",
      symbol: "save",
      id: `video-${part}`,
    }),
  );
}

async function save(part, accept, name) {
  try {
    const response = await request(`/v1/videos/${job.id}/${part}`, { accept });
    download(name, await response.blob());
    announce(t("saved", { name }));
  } catch (error) {
    root.querySelector(".job header").after(failure(t("video.nofile", { name }), error.detail || error.message));
  }
}
