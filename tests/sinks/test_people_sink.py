"""Tables of people: one row a track, whole after every clip, the best view of each on request."""

import csv
import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from mien.errors import InputError, SinkError
from mien.faces import ActionUnits, Faces, Frame, Pose
from mien.opencv import cv2
from mien.sinks import PeopleSink

FACE = np.array([[30, 40], [60, 40], [45, 55], [32, 70], [58, 70]], np.float32)


def clip(source, n=4, tracks=(0,), image=None):
    points = np.stack([FACE + [80 * i, 0] for i in range(len(tracks))])
    box = np.array([[20 + 80 * i, 20, 70 + 80 * i, 85] for i in range(len(tracks))], np.float32)
    angle = np.zeros(len(tracks))
    faces = Faces(box, np.ones(len(tracks)), points, track_id=np.array(tracks), pose=Pose(angle, angle, angle))
    units = ActionUnits(np.full((len(tracks), 1), 0.2), np.full((len(tracks), 1), 0.5), ("AU12",))
    faces = replace(faces, action_units=units)
    return [Frame(source, faces, "ok", None, i, i / 10, None if image is None else image(i)) for i in range(n)]


def read(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)) if path.suffix == ".csv" else json.load(file)


def run(sink, *clips):
    with sink:
        for frame in (frame for frames in clips for frame in frames):
            sink.write(frame)


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_one_row_a_track_and_clip(tmp_path, suffix):
    path = tmp_path / f"people.{suffix}"
    photo = Frame("p.jpg", Faces.empty(), "no_face")
    run(PeopleSink(path), clip("a.mp4", tracks=(0, 1)), [photo], clip("b.mp4"))
    rows = read(path)
    assert [(row["source"], int(row["track_id"])) for row in rows] == [("a.mp4", 0), ("a.mp4", 1), ("b.mp4", 0)]
    assert float(rows[0]["seen_s"]) == pytest.approx(0.4)
    assert float(rows[0]["AU12_mean"]) == pytest.approx(0.5)
    assert "best_file" not in rows[0]


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_a_run_without_people_leaves_a_table_without_rows(tmp_path, suffix):
    path = tmp_path / f"people.{suffix}"
    run(PeopleSink(path), [Frame("p.jpg", Faces.empty(), "no_face")])
    assert read(path) == []


def test_a_killed_run_leaves_the_clips_that_were_done(tmp_path):
    path = tmp_path / "people.csv"
    sink = PeopleSink(path)
    for frame in [*clip("a.mp4"), *clip("b.mp4")[:2]]:
        sink.write(frame)
    assert [row["source"] for row in read(path)] == ["a.mp4"]


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_resume_keeps_what_is_done(tmp_path, suffix):
    path = tmp_path / f"people.{suffix}"
    run(PeopleSink(path), clip("a.mp4"), clip("b.mp4"))
    before = read(path)
    run(PeopleSink(path, resume=True, done=["a.mp4"]), clip("b.mp4"))
    assert [str(row["seen_s"]) for row in read(path)] == [str(row["seen_s"]) for row in before]
    with pytest.raises(InputError, match="does not exist"):
        PeopleSink(tmp_path / f"other.{suffix}", resume=True, done=["a.mp4"])


def test_the_best_view_is_kept(tmp_path):
    board = (np.kron(np.indices((25, 50)).sum(0) % 2, np.ones((5, 5))) * 255).astype(np.uint8)
    sharp = np.repeat(board[..., None], 3, 2)
    soft = cv2.GaussianBlur(sharp, (0, 0), 3)
    tinted = sharp.copy()
    tinted[..., 2] = 0
    views = [soft, tinted, soft, soft]
    path, best = tmp_path / "people.json", tmp_path / "best"
    run(PeopleSink(path, best=best), clip("x/a.mp4", image=lambda i: views[i]), clip("y/a.mp4", image=lambda i: soft))
    first, second = read(path)
    assert (first["best_frame"], first["best_time_s"]) == (1, pytest.approx(0.1))
    assert first["best_file"] != second["best_file"]
    picture = cv2.imread(str(best / first["best_file"]))
    assert picture[..., 0].max() == 0  # blue comes first
    assert 50 < picture.shape[1] < 160


def test_wrong_targets_are_refused_before_any_work(tmp_path):
    with pytest.raises(InputError, match="'people' must be"):
        PeopleSink(tmp_path / "people.txt")
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match="cannot be made"):
        PeopleSink(tmp_path / "people.csv", best=tmp_path / "file" / "best")
