// Events of Action Units as a table whose times go to their frame.
import { unitName } from "./card.js";
import { el } from "./dom.js";
import { clock } from "./timelines.js";
import { number, t } from "./words.js";

export function eventTable(events, seek) {
  if (!events.length) return el("p", { class: "quiet note" }, t("video.noevents"));
  const heads = ["unit", "onset", "apex", "offset", "peak"].map(name => el("th", { scope: "col" }, t(`video.${name}`)));
  return el(
    "section",
    { class: "panel scroll", tabindex: "0", role: "region", "aria-label": t("video.events", { n: events.length }) },
    el("h3", {}, t("video.events", { n: events.length })),
    el(
      "table",
      { class: "events" },
      el("thead", {}, el("tr", {}, heads)),
      el(
        "tbody",
        {},
        events.map(event => eventRow(event, seek)),
      ),
    ),
  );
}

function eventRow(event, seek) {
  const times = ["onset_s", "apex_s", "offset_s"].map(name =>
    el(
      "td",
      { class: "number" },
      el("button", { type: "button", class: "link", onclick: () => seek(event[name]) }, clock(event[name])),
    ),
  );
  return el(
    "tr",
    {},
    el(
      "td",
      {},
      el("b", {}, event.action_unit),
      " ",
      unitName(event.action_unit),
      event.open && el("span", { class: "quiet small" }, ` ${t("video.cut")}`),
    ),
    times,
    el("td", { class: "number" }, number(event.peak_intensity, 1)),
  );
}
