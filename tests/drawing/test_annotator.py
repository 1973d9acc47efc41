"""Drawings are legible, stay in their place, and are written whole or not at all."""

import os
import time
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from mien.drawing import Annotator, draw, timeline
from mien.drawing.layout import Memory, panel_candidates
from mien.drawing.marks import pose_axes
from mien.drawing.panel import label_texts, panel_rows, strongest_units
from mien.drawing.picture import annotate
from mien.errors import InputError, MediaError, SinkError
from mien.faces import ActionUnits, Age, Attractiveness, Displays, Emotion, Faces, Frame, Pose
from mien.facs import CODES


def face_shape():
    """68 rough landmarks (68, 2) of a face in a unit square."""
    jaw = [(0.5 - 0.48 * np.cos(a), 0.4 + 0.58 * np.sin(a)) for a in np.linspace(0, np.pi, 17)]
    brows = [(x, 0.2) for x in (*np.linspace(0.12, 0.42, 5), *np.linspace(0.58, 0.88, 5))]
    nose = [(0.5, y) for y in np.linspace(0.3, 0.55, 4)] + [(x, 0.62) for x in np.linspace(0.4, 0.6, 5)]
    ring = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    eyes = [(c - 0.08 * np.cos(a), 0.32 - 0.03 * np.sin(a)) for c in (0.3, 0.7) for a in ring]
    mouth = [
        (0.5 - r * np.cos(a), 0.78 - r / 3 * np.sin(a))
        for n, r in ((12, 0.2), (8, 0.15))
        for a in np.linspace(0, 2 * np.pi, n, endpoint=False)
    ]
    return np.array([*jaw, *brows, *nose, *eyes, *mouth])


def faces_in(boxes, tracked=True):
    """Faces with every head filled, in boxes (N, 4)."""
    box = np.asarray(boxes, float).reshape(-1, 4)
    n = len(box)
    dense = box[:, None, :2] + face_shape()[None] * (box[:, 2:] - box[:, :2])[:, None]
    five = np.stack([dense[:, 36:42].mean(1), dense[:, 42:48].mean(1), dense[:, 30], dense[:, 48], dense[:, 54]], 1)
    probability = np.tile(np.linspace(0.05, 0.4, len(CODES)), (n, 1))
    probability[:, CODES.index("AU12")], probability[:, CODES.index("AU06")] = 0.95, 0.8
    contribution = np.zeros((n, len(CODES)))
    contribution[:, CODES.index("AU12")], contribution[:, CODES.index("AU06")] = 2.1, 1.3
    return Faces(
        box,
        np.ones(n),
        five,
        dense,
        np.arange(n) if tracked else None,
        Pose(np.full(n, 15.0), np.full(n, -5.0), np.zeros(n)),
        ActionUnits(probability, probability * 5, CODES),
        Emotion(np.tile([0.91, 0.07, 0.02], (n, 1)), contribution, CODES),
        Age(np.full(n, 31.2), np.full(n, 24.8), np.full(n, 38.1)),
        Attractiveness(np.full(n, 0.4), np.full(n, 61.0), "SCUT-FBP5500"),
    )


def gray(height, width):
    return np.full((height, width, 3), 150, np.uint8)


def texts(face):
    rows = panel_rows(face, strongest_units(face))
    return [part for row in rows if (part := getattr(row, "text", None) or getattr(row, "code", None))]


def test_the_panel_says_what_is_displayed_and_why():
    found = texts(faces_in([[0, 0, 100, 100]])[0])
    assert found[:3] == ["displays: positive 0.91", "because AU12 +2.1, AU06 +1.3", "apparent age 31 (25-38)"]
    assert found[3:5] == ["attractiveness: 61st percentile", "mean rating, pool SCUT-FBP5500"]
    faces = faces_in([[0, 0, 100, 100]])
    ends = {"percentile_low": np.array([48.4]), "percentile_high": np.array([73.0])}
    told = texts(replace(faces, attractiveness=replace(faces.attractiveness, **ends))[0])
    assert told[3] == "attractiveness: 61st percentile (48 to 73)"
    assert found[5:7] == ["AU12", "AU06"]
    assert len([t for t in found if t.startswith("AU")]) == 6


def test_the_panel_says_what_is_unclear():
    faces = faces_in([[0, 0, 100, 100]])
    unclear = replace(faces, emotion=replace(faces.emotion, probability=np.array([[0.3, 0.45, 0.25]])))[0]
    assert texts(unclear)[0] == "displays: neutral 0.45, unclear"
    assert label_texts(unclear)[-3:] == ["#0 neutral 0.45, unclear", "#0 neutral?", "#0"]
    assert label_texts(faces[0])[-3:] == ["#0 positive 0.91", "#0 positive", "#0"]


def test_displays_that_were_asked_for_are_drawn():
    faces = faces_in([[0, 0, 100, 100]])
    displays = Displays(np.array([1.3]), np.array(["smile with raised cheeks"]), np.ones(1), np.ones(1))
    found = texts(replace(faces, displays=displays)[0])
    assert found[2:4] == ["smile with raised cheeks", "displayed pain expression 1.3 of 16"]
    assert found[:2] + found[4:] == texts(faces[0])


def test_heads_that_did_not_run_leave_no_rows():
    bare = Faces(np.array([[5.0, 5, 60, 60]]), np.ones(1), np.full((1, 5, 2), 30.0))
    assert texts(bare[0]) == ["face"]
    assert draw(bare, gray(480, 640)).image.shape == (480, 640, 3)
    assert label_texts(bare[0]) == []


def test_undefined_numbers_are_not_drawn():
    faces = faces_in([[200, 100, 300, 220]])
    nan = np.array([np.nan])
    faces = replace(faces, age=Age(nan, nan, nan), pose=Pose(nan, nan, nan), landmarks_68=faces.landmarks_68 * np.nan)
    assert not any("age" in t or "yaw" in t for t in texts(faces[0]))
    emotion = replace(faces.emotion, probability=faces.emotion.probability * np.nan)
    faces = replace(faces, emotion=emotion)
    assert texts(faces[0])[0] == "face #0"
    assert label_texts(faces[0]) == ["#0"]
    image = draw(faces, gray(480, 640)).image
    assert (image != 150).any()


@pytest.mark.parametrize("box", [[200, 100, 300, 220], [20, 20, 120, 140], [500, 330, 630, 470]])
def test_only_face_and_panel_are_touched(box):
    before, faces = gray(480, 640), faces_in([box])
    image = draw(faces, before).image
    assert np.array_equal(before, gray(480, 640))
    changed = (image != before).any(-1)
    x1, y1, x2, y2 = box
    grown = changed.copy()
    grown[max(y1 - 8, 0) : y2 + 8, max(x1 - 8, 0) : x2 + 8] = False
    rows, columns = np.flatnonzero(grown.any(1)), np.flatnonzero(grown.any(0))
    panel = grown[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert panel.mean() > 0.97  # one solid panel, and nothing else
    assert 150 < panel.shape[0] < 300
    assert 150 < panel.shape[1] < 300
    assert rows[0] >= 8
    assert columns[0] >= 8
    assert rows[-1] < 472
    assert columns[-1] < 632


def test_no_panel_covers_a_face():
    boxes = [[60, 120, 140, 220], [330, 100, 420, 210], [600, 150, 680, 250]]
    image = draw(faces_in(boxes), gray(500, 1000)).image
    plain = draw(replace(faces_in(boxes), landmarks_68=None, pose=None), gray(500, 1000)).image
    for x1, y1, x2, y2 in boxes:
        skin = plain[y1:y2, x1:x2]
        assert (skin == 150).all(-1).mean() > 0.85
    assert image.shape == (500, 1000, 3)


def test_without_room_a_column_is_added_or_a_line_drawn():
    faces = faces_in([[10, 10, 470, 470]])
    wide = draw(faces, gray(480, 480)).image
    assert wide.shape[0] == 480
    assert wide.shape[1] > 640
    same = draw(faces, gray(480, 480), extend=False).image
    assert same.shape == (480, 480, 3)


@pytest.mark.parametrize(("height", "width"), [(200, 200), (32, 32), (1, 1), (60, 900), (3000, 40)])
def test_small_pictures_are_made_large_enough(height, width):
    faces = faces_in([[width * 0.3, height * 0.3, width * 0.6, height * 0.7]])
    image = draw(faces, gray(height, width)).image
    assert min(image.shape[:2]) >= 200
    assert image.shape[0] >= height


def test_a_crowd_gets_one_line_a_face():
    boxes = [[40 + 120 * (i % 6), 30 + 95 * (i // 6), 90 + 120 * (i % 6), 90 + 95 * (i // 6)] for i in range(30)]
    faces = faces_in(boxes)
    image = draw(faces, gray(520, 760)).image
    assert image.shape == (520, 760, 3)
    for x1, y1, x2, y2 in boxes:
        around = image[max(y1 - 30, 0) : y2 + 30, x1:x2]
        assert (around < 80).all(-1).sum() > 200  # the dark ground of a label


def test_boxes_outside_the_picture_do_no_harm():
    faces = faces_in([[-900, -50, -300, 300], [600, 400, 5000, 3000], [3, 3, 3, 3]])
    assert draw(faces, gray(480, 640)).image.dtype == np.uint8


def test_colour_follows_the_displayed_emotion():
    faces = faces_in([[200, 100, 300, 220]])
    images = []
    for probability in ([0.9, 0.05, 0.05], [0.05, 0.05, 0.9]):
        emotion = replace(faces.emotion, probability=np.array([probability]))
        images.append(draw(replace(faces, emotion=emotion), gray(480, 640)).image[100, 215].astype(int))
    assert images[0][1] > images[0][0]
    assert images[1][0] > images[1][1]


def test_pose_axes_point_where_the_design_says():
    assert pose_axes(30, 0, 0)[2] == pytest.approx([0.5, 0])  # to the person's left: right in the picture
    assert pose_axes(0, 30, 0)[2] == pytest.approx([0, 0.5])  # downwards
    assert pose_axes(0, 0, 90)[0] == pytest.approx([0, -1])  # counter-clockwise
    assert pose_axes(0, 0, 0)[1] == pytest.approx([0, -1])


@pytest.mark.parametrize("name", ["out.png", "out.jpg", "照片/结果.webp"])
def test_a_saved_picture_can_be_read(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    drawing = draw(faces_in([[200, 100, 300, 220]]), gray(480, 640))
    assert drawing.save(path) == path
    back = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(back.astype(int) - drawing.image).mean() < 3
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ["out.xyz", "out", "missing/out.png"])
def test_a_failure_leaves_no_file(tmp_path, name):
    with pytest.raises(SinkError, match="out"):
        draw(Faces.empty(), gray(480, 640)).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_replacement_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")

    def refuse(*_):
        raise PermissionError(13, "not allowed")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(SinkError, match="not allowed"):
        draw(Faces.empty(), gray(480, 640)).save(path)
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_draw_reads_a_path_and_refuses_nonsense(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), gray(480, 640))
    faces = faces_in([[200, 100, 300, 220]])
    assert np.array_equal(draw(faces, tmp_path / "a.png").image, draw(faces, gray(480, 640)).image)
    with pytest.raises(MediaError):
        draw(faces, tmp_path / "missing.png")


def test_a_video_frame_is_drawn_quickly_and_steadily():
    memory, took, images = Memory(), [], []
    image = gray(480, 640)
    for i in range(20):
        faces = faces_in([[200 + i % 2, 100, 300 + i % 2, 220]])
        start = time.perf_counter()
        images.append(annotate(image, faces, extend=False, memory=memory))
        took.append(time.perf_counter() - start)
    assert np.median(took) < 0.05  # some 4 ms on an idle core; the bound leaves room for a busy machine
    still = [(a != b).any(-1)[:, 340:].mean() for a, b in pairwise(images[5:])]
    assert max(still) < 0.1
    assert set(memory.places) == {0}
    annotate(image, Faces.empty(), extend=False, memory=memory)
    assert memory.places == memory.units == {}


def test_units_of_a_video_panel_stay_in_place():
    faces = faces_in([[0, 0, 100, 100]])
    first = strongest_units(faces[0])
    shaken = replace(faces.action_units, probability=faces.action_units.probability[:, ::-1] * 0 + 0.3)
    assert set(strongest_units(replace(faces, action_units=shaken)[0], first)) == set(first)


def test_candidates_lie_in_the_picture():
    for x, y in panel_candidates(np.array([600, 10, 640, 60]), (200, 150), (480, 640), 8):
        assert 8 <= x <= 640 - 8 - 200
        assert 8 <= y <= 480 - 8 - 150


def frames_of(count, fps=20.0, missing=(), source="v.avi", image=None):
    kept = []
    for i in range(count):
        faces = Faces.empty() if i in missing else faces_in([[100 + i, 60, 180 + i, 160]])
        status = "no_face" if i in missing else "ok"
        kept.append(Frame(source, faces, status, index=i, time_s=i / fps, image=image))
    return kept


def test_timeline_breaks_where_the_face_was_away():
    whole, broken = (timeline(frames_of(100, missing=m), codes=["AU12"]).image for m in ((), range(40, 60)))
    assert whole.shape == broken.shape
    middle = slice(210 + 475 - 60, 210 + 475 + 60)
    colourful = [np.ptp(image[75:175, middle].astype(int), axis=-1) > 40 for image in (whole, broken)]
    assert colourful[0].mean() > 0.5
    assert colourful[1].mean() == 0


def test_timeline_refuses_what_is_not_there():
    with pytest.raises(InputError, match="'codes'"):
        timeline(frames_of(3), codes=["AU99"])
    with pytest.raises(InputError, match="'frames'"):
        timeline(frames_of(3), track_id=7)
    with pytest.raises(InputError, match="'frames'"):
        timeline([])
    assert timeline(frames_of(1)).image.ndim == 3


def names_in(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_pictures_keep_their_names_and_clashes_get_numbers(tmp_path):
    picture = {"image": gray(480, 640)}
    with Annotator(tmp_path / "out") as annotator:
        for source in ("x/a.jpg", "y/a.jpg", "b.gif", "webcam:0"):
            annotator.add(Frame(source, Faces.empty(), "no_face", **picture))
        annotator.add(Frame("bad.jpg", Faces.empty(), "error", "truncated", **picture))
    assert names_in(tmp_path / "out") == ["a.jpg", "a_2.jpg", "b.png", "webcam_0.png"]


def test_below_a_root_pictures_keep_their_folders(tmp_path):
    with Annotator(tmp_path / "out", root=tmp_path / "in") as annotator:
        for name in ("x/a.jpg", "y/a.jpg"):
            annotator.add(Frame(str(tmp_path / "in" / name), Faces.empty(), "no_face", image=gray(480, 640)))
    assert names_in(tmp_path / "out") == ["x/a.jpg", "y/a.jpg"]


def read_video(path):
    video = cv2.VideoCapture(str(path))
    frames = []
    while (got := video.read())[0]:
        frames.append(got[1])
    fps = video.get(cv2.CAP_PROP_FPS)
    video.release()
    return fps, frames


@pytest.mark.parametrize("count", [5, 40])
def test_a_video_plays_at_its_own_speed(tmp_path, count):
    with Annotator(tmp_path) as annotator:
        for frame in frames_of(count, image=gray(481, 643)):
            annotator.add(frame)
        assert "v.mp4" not in names_in(tmp_path)
    assert names_in(tmp_path) == ["v.mp4"]
    fps, frames = read_video(tmp_path / "v.mp4")
    assert fps == pytest.approx(20)
    assert len(frames) == count
    assert frames[0].shape == (482, 644, 3)
    assert np.abs(frames[3].astype(int) - 150).mean() > 3


def test_a_pause_in_the_time_stamps_is_kept_and_a_jump_is_not(tmp_path):
    times = [i / 20 for i in range(20)] + [1.95, 2.0, 5000.0, 5000.05, 1.0]
    with Annotator(tmp_path) as annotator:
        for frame, time_s in zip(frames_of(len(times), image=gray(480, 640)), times, strict=True):
            annotator.add(replace(frame, time_s=time_s))
    assert len(read_video(tmp_path / "v.mp4")[1]) == 41 + 3


def test_two_videos_of_one_name_and_an_interrupted_run_leave_valid_files(tmp_path):
    def run():
        with Annotator(tmp_path, fps=10) as annotator:
            for source in ("a/v.avi", "b/v.avi"):
                for frame in frames_of(4, fps=10, source=source, image=gray(480, 640)):
                    annotator.add(frame)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert names_in(tmp_path) == ["v.mp4", "v_2.mp4"]
    assert [len(read_video(tmp_path / name)[1]) for name in names_in(tmp_path)] == [4, 4]


@pytest.mark.parametrize("status", ["no_face", "error"])
def test_in_turn_a_video_is_complete_when_the_next_source_begins(tmp_path, status):
    with Annotator(tmp_path, in_turn=True) as annotator:
        for frame in frames_of(3, image=gray(480, 640)):
            annotator.add(frame)
        assert "v.mp4" not in names_in(tmp_path)
        annotator.add(Frame("a.png", Faces.empty(), status, image=gray(480, 640)))
        assert "v.mp4" in names_in(tmp_path)


def test_what_an_earlier_run_has_drawn_keeps_its_names(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"drawn before")
    with Annotator(tmp_path, timelines=True) as annotator:
        annotator.keep(["x/a.jpg", "x/v.avi"])
        annotator.add(Frame("y/a.jpg", Faces.empty(), "no_face", image=gray(480, 640)))
        for frame in frames_of(3, source="y/v.avi", image=gray(480, 640)):
            annotator.add(frame)
    assert {"a.jpg", "a_2.jpg", "v_2.mp4"} <= set(names_in(tmp_path))
    assert (tmp_path / "a.jpg").read_bytes() == b"drawn before"


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "f").write_text("")
    with pytest.raises(SinkError, match="could not be made"):
        Annotator(tmp_path / "f")
