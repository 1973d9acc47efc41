"""Tables of events: whole or not at all, several videos by source, nothing twice or lost when a run is resumed."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.errors import InputError, SinkError
from mien.faces import ActionUnits, Faces, Frame
from mien.sinks.events import EVENT_COLUMNS, EventSink

Rows = list[dict[str, Any]]


@pytest.fixture(params=["csv", "jsonl"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"events.{request.param}"


def clip(source: str, movements: int = 1) -> list[Frame]:
    """A video in which AU12 comes for 0.2 s and goes, some times; the last one lasts until the end."""
    intensity = ([0.0] * 5 + [2.0] * 5) * movements
    faces = Faces(np.zeros((1, 4)), np.ones(1), np.zeros((1, 5, 2)), track_id=np.zeros(1, int))
    units = [ActionUnits(np.array([[v / 5]]), np.array([[v]]), ("AU12",)) for v in intensity]
    return [Frame(source, replace(faces, action_units=u), time_s=i / 25) for i, u in enumerate(units)]


def write(sink: EventSink, frames: list[Frame]) -> None:
    for frame in frames:
        sink.write(frame)


def read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)) if path.suffix == ".csv" else [json.loads(line) for line in file]


def sources(path: Path) -> list[str]:
    return [row["source"] for row in read(path)]


def names(path: Path) -> list[str]:
    return sorted(os.listdir(path.parent))


def kill(path: Path, frames: list[Frame], **options: Any) -> None:
    """A run that ends without `close`, as a killed one does."""
    sink = EventSink(path, **options)
    write(sink, frames)
    sink._file.close()


def test_one_row_an_event_by_source(target: Path) -> None:
    photo = Frame("p.jpg", Faces.empty(), "no_face")
    with EventSink(target) as sink:
        write(sink, [*clip("été, 'x'.mp4", 3), photo, *clip("b.mp4")])
        assert names(target) == [f"{target.name}.partial"]
    rows = read(target)
    assert names(target) == [target.name]
    assert sources(target) == ["été, 'x'.mp4"] * 3 + ["b.mp4"]
    assert all(tuple(row) == EVENT_COLUMNS for row in rows)
    assert [float(row["onset_s"]) for row in rows] == [0.2, 0.6, 1.0, 0.2]
    assert {row["action_unit"]: row["name"] for row in rows} == {"AU12": "lip corner puller"}
    assert [row["open"] in (True, "true") for row in rows] == [False, False, True, True]
    assert {row["open"] for row in rows} == ({"true", "false"} if target.suffix == ".csv" else {True, False})


def test_no_events_give_a_table_without_rows(target: Path) -> None:
    with EventSink(target) as sink:
        sink.write(Frame("p.jpg", Faces.empty(), "no_face"))
    assert read(target) == []
    assert target.read_text().strip() == ("" if target.suffix == ".jsonl" else ",".join(EVENT_COLUMNS))


def test_an_earlier_table_stays_until_the_new_one_is_whole(target: Path) -> None:
    with EventSink(target) as sink:
        write(sink, clip("old"))
    kill(target, clip("new", 2))
    assert sources(target) == ["old"]
    with EventSink(target) as sink:
        write(sink, clip("new", 2))
    assert sources(target) == ["new"] * 2
    assert names(target) == [target.name]


def test_a_killed_run_goes_on(target: Path) -> None:
    kill(target, [*clip("a", 2), *clip("b", 3)[:25]])
    with EventSink(target, resume=True, done=["a"]) as sink:
        write(sink, [*clip("b", 3), *clip("c")])
    resumed = read(target)
    with EventSink(target) as sink:
        write(sink, [*clip("a", 2), *clip("b", 3), *clip("c")])
    assert resumed == read(target)
    assert names(target) == [target.name]


def test_a_killed_run_goes_on_although_an_older_table_has_the_name(target: Path) -> None:
    with EventSink(target) as sink:
        write(sink, clip("a"))
    kill(target, [*clip("a", 3), clip("b")[0]])
    with EventSink(target, resume=True, done=["a"]):
        pass
    assert sources(target) == ["a"] * 3


def test_a_source_that_is_done_has_all_its_events(target: Path) -> None:
    # The sink of faces calls `a` done when it gets the first frame after it: by then its open event is written.
    kill(target, [*clip("a"), clip("b")[0]])
    kill(target, [], resume=True, done=["a"])
    with EventSink(target, resume=True, done=["a"]):
        pass
    assert sources(target) == ["a"]


def test_resume_adds_to_a_finished_table_and_replaces_what_is_read_again(target: Path) -> None:
    with EventSink(target) as sink:
        write(sink, [*clip("a", 2), *clip("b")])
    before = read(target)
    with EventSink(target, resume=True, done=["a"]) as sink:
        write(sink, clip("b", 2))
    assert read(target)[:2] == before[:2]
    assert sources(target) == ["a", "a", "b", "b"]
    with EventSink(target, resume=True) as sink:  # nothing is done: all is read again
        write(sink, clip("c"))
    assert sources(target) == ["c"]


def test_ctrl_c_leaves_a_valid_table_and_what_a_resumed_run_needs(target: Path) -> None:
    def run() -> None:
        with EventSink(target) as sink:
            write(sink, [*clip("a"), *clip("b", 2)[:15]])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert sources(target) == ["a", "b"]
    assert names(target) == [target.name, f"{target.name}.partial"]
    with EventSink(target, resume=True, done=["a"]) as sink:
        write(sink, clip("b", 2))
    assert sources(target) == ["a", "b", "b"]
    assert names(target) == [target.name]


def test_events_of_sources_that_are_done_cannot_be_made_up(target: Path) -> None:
    with pytest.raises(InputError, match=r"'events' must name the file of the run that is resumed.*2 sources"):
        EventSink(target, resume=True, done=["a", "b"])
    assert names(target) == []


def test_wrong_targets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'events' must end in .csv, .jsonl"):
        EventSink(tmp_path / "events.parquet")
    with pytest.raises(SinkError, match="folder that exists"):
        EventSink(tmp_path / "gone" / "events.csv")
    (tmp_path / "faces.csv").write_text("source,status\na,ok\n")
    with pytest.raises(SinkError, match="other columns"):
        EventSink(tmp_path / "faces.csv", resume=True, done=["a"])
    assert names(tmp_path / "faces.csv") == ["faces.csv"]


def test_a_table_that_cannot_be_put_in_place_keeps_its_rows(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = EventSink(target)
    write(sink, clip("a"))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(SinkError, match=r"Permission denied.*\.partial"):
        sink.close()
    assert names(target) == [f"{target.name}.partial"]
    assert sources(Path(f"{target}.partial").rename(target.with_suffix(".jsonl"))) == ["a"]
