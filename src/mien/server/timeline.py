"""Time lines of a video as numbers, from the rows of its job."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mien.faces import EMOTIONS
from mien.server.jobs import EVENTS, ROWS
from mien.sinks.lines import read_rows

_MOST = 2000


def timeline(place: Path, name: str) -> dict[str, Any]:
    """Displayed emotion and intensity of units of each track; of a long one every n-th frame."""
    total = Counter(row.get("track_id") for row in read_rows(place / ROWS))
    seen: Counter[int] = Counter()
    tracks: dict[int, list[dict[str, Any]]] = {}
    last = 0.0
    for row in read_rows(place / ROWS):
        last, number = max(last, row["time_s"] or 0.0), row.get("track_id")
        if number is not None:
            if seen[number] % -(-total[number] // _MOST) == 0:
                tracks.setdefault(number, []).append(_lean(row))
            seen[number] += 1
    events = list(read_rows(place / EVENTS)) if (place / EVENTS).exists() else []
    return {
        "source": name,
        "duration_s": last,
        "tracks": [_track(number, rows) for number, rows in sorted(tracks.items())],
        "events": events,
    }


def _lean(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in ("time_s", "frame", "emotion", "action_units")}


def _track(number: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    emotion, units = rows[0]["emotion"], rows[0]["action_units"]
    return {
        "track_id": number,
        "time_s": [row["time_s"] for row in rows],
        "frame": [row["frame"] for row in rows],
        "emotion": emotion and {name: _column(rows, "emotion", name) for name in EMOTIONS},
        "action_units": units and {code: [row["action_units"][code]["intensity"] for row in rows] for code in units},
    }


def _column(rows: Iterable[dict[str, Any]], part: str, name: str) -> list[float]:
    return [row[part][name] for row in rows]


def timeline_text(place: Path, name: str) -> str:
    """`timeline` as JSON."""
    return json.dumps(timeline(place, name), ensure_ascii=False)
