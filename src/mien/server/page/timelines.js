// Time lines of one face of a video: displayed emotion stacked, intensity of each unit with its events.
import { el, svg } from "./dom.js";
import { legend, unitName } from "./card.js";
import { EMOTIONS } from "./evidence.js";
import { REGIONS } from "./units.js";
import { number, t } from "./words.js";

const WIDTH = 1000;
const LARGEST = 5;
const TRACE = 1;
const STEP_S = 0.1;

// A track of the server's `timeline`, its events, the length in seconds, onseek(seconds). Gives the element and move(seconds).
export function timelines(track, events, duration, onseek) {
  const end = Math.max(duration, 0.1);
  const x = time => (WIDTH * time) / end;
  const codes = Object.values(REGIONS)
    .flat()
    .filter(code => track.action_units?.[code]);
  const shown = codes.filter(code => track.action_units[code].some(intensity => intensity >= TRACE));
  const xs = track.time_s.map(x);
  const lines = [
    track.emotion && emotionLine(xs, track.emotion),
    ...shown.map(code =>
      unitLine(
        code,
        xs,
        track.action_units[code],
        events.filter(event => event.action_unit === code),
        x,
      ),
    ),
  ];
  const head = el("i", { class: "playhead", "aria-hidden": "true" });
  const hour = el(
    "div",
    { class: "hours", "aria-hidden": "true" },
    ticks(end).map(time => el("span", { style: { left: `${(100 * time) / end}%` } }, clock(time))),
  );
  const area = el(
    "div",
    {
      class: "timelines",
      tabindex: "0",
      role: "slider",
      "aria-label": t("video.seek"),
      "aria-valuemin": "0",
      "aria-valuemax": number(end, 2),
    },
    lines,
    el("div", { class: "line axis" }, el("span", { class: "name" }), el("div", { class: "plot" }, hour, head)),
  );
  const quiet = codes.length - shown.length;
  const move = time => place(area, head, time, end);
  seekable(area, end, time => {
    move(time);
    onseek(time);
  });
  move(0);
  return {
    element: el(
      "div",
      {},
      track.emotion && legend(),
      area,
      quiet > 0 && el("p", { class: "quiet small" }, t("video.still", { n: quiet })),
    ),
    move,
  };
}

function place(area, head, time, end) {
  head.style.left = `${100 * Math.min(time / end, 1)}%`;
  area.setAttribute("aria-valuenow", number(time, 2));
  area.setAttribute("aria-valuetext", t("video.seconds", { n: number(time, 2) }));
}

function seekable(area, end, seek) {
  const at = event => {
    const plot = area.querySelector(".plot").getBoundingClientRect();
    seek(Math.max(0, Math.min(1, (event.clientX - plot.left) / plot.width)) * end);
  };
  area.addEventListener("pointerdown", event => {
    area.setPointerCapture(event.pointerId);
    at(event);
  });
  area.addEventListener("pointermove", event => event.buttons && at(event));
  area.addEventListener("keydown", event => {
    const now = Number(area.getAttribute("aria-valuenow"));
    const to = {
      ArrowRight: now + STEP_S,
      ArrowLeft: now - STEP_S,
      PageUp: now + 1,
      PageDown: now - 1,
      Home: 0,
      End: end,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    seek(Math.max(0, Math.min(end, to)));
  });
}

function line(name, title, height, ...shapes) {
  return el(
    "div",
    { class: "line", title },
    el("span", { class: "name" }, name),
    el(
      "div",
      { class: "plot" },
      svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, shapes),
    ),
  );
}

function emotionLine(xs, emotion) {
  const height = 60;
  let below = xs.map(() => 0);
  const areas = EMOTIONS.map(name => {
    const above = below.map((low, i) => low + emotion[name][i]);
    const path = outline(xs, below, above, height);
    below = above;
    return svg("path", { d: path, class: name });
  });
  const box = line(t("video.emotion"), t("video.emotion"), height, areas);
  box.classList.add("emotions");
  return box;
}

function outline(xs, low, high, height) {
  const up = xs.map((x, i) => `${x.toFixed(1)},${(height * (1 - high[i])).toFixed(2)}`);
  const down = xs.map((x, i) => `${x.toFixed(1)},${(height * (1 - low[i])).toFixed(2)}`).reverse();
  return up.length ? `M${[...up, ...down].join("L")}Z` : "";
}

function unitLine(code, xs, intensity, events, x) {
  const height = 30;
  const area = svg("path", {
    d: outline(
      xs,
      xs.map(() => 0),
      intensity.map(value => value / LARGEST),
      height,
    ),
    class: "unit",
  });
  const marks = events.map(event =>
    svg("rect", {
      x: x(event.onset_s),
      width: Math.max(2, x(event.offset_s) - x(event.onset_s)),
      y: height - 3,
      height: 3,
      class: "event",
    }),
  );
  return line([el("b", {}, code), " ", unitName(code)], unitName(code), height, area, marks);
}

function ticks(end) {
  const step = [0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find(size => end / size <= 8) ?? 1800;
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, i) => i * step);
}

export function clock(time) {
  return time < 60
    ? `${Number(time.toFixed(1))} s`
    : `${Math.floor(time / 60)}:${String(Math.round(time % 60)).padStart(2, "0")}`;
}
