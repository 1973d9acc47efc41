"""The whole path on real and on broken input."""

import json
import multiprocessing
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mien.analyzer import Analyzer, _spare_children
from mien.errors import InputError, MediaError
from mien.expression.displays import displays_of
from mien.expression.emotion import EvidenceModel
from mien.faces import EMOTIONS, SCORE_NUMBERS, Faces
from mien.facs import CODES
from mien.geometry import Image
from mien.media import read_video


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(threads=1)


def moved(image: Image, angle: float = 0.0, scale: float = 1.0) -> Image:
    """The picture turned counter-clockwise by degrees and scaled around its middle."""
    middle = (image.shape[1] / 2, image.shape[0] / 2)
    matrix = cv2.getRotationMatrix2D(middle, angle, scale)
    return np.asarray(cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE), np.uint8)


def test_photo_gives_every_estimate(analyzer: Analyzer, astronaut: Image) -> None:
    faces = analyzer.photo(astronaut)
    assert len(faces) == 1
    face = faces[0]
    assert np.allclose(face.box, [175, 60, 275, 200], atol=30)
    assert face.landmarks_68 is not None
    assert np.abs(face.landmarks[:2] - [[200, 102], [247, 102.5]]).max() < 6  # eyes, read off the picture
    assert face.pose is not None
    assert abs(float(face.pose.roll) - 5) < 8
    assert face.emotion is not None
    assert face.emotion.label == "positive"
    assert face.emotion.evidence[0][0] in ("AU12", "AU06")
    assert face.action_units is not None
    assert face.action_units.codes == CODES
    assert float(face.action_units.probability[CODES.index("AU12")]) > 0.5
    assert face.age is not None
    assert 20 < float(face.age.value) < 50  # she was 36
    assert float(face.age.low) < float(face.age.value) < float(face.age.high)
    assert face.attractiveness is not None
    assert 0 <= float(face.attractiveness.percentile) <= 100


@pytest.mark.parametrize("angle", [-90, -30, 30, 60, 180])
def test_estimates_do_not_depend_on_how_the_picture_is_turned(
    analyzer: Analyzer, astronaut: Image, angle: float
) -> None:
    upright = analyzer.photo(moved(astronaut, 0, 0.7))[0]
    turned = analyzer.photo(moved(astronaut, angle, 0.7))[0]
    assert upright.pose is not None
    assert turned.pose is not None
    assert abs((turned.pose.roll - upright.pose.roll - angle + 180) % 360 - 180) < 6
    assert abs(turned.pose.yaw - upright.pose.yaw) < 8
    assert turned.emotion is not None
    assert turned.emotion.label == "positive"


def test_mirror_changes_the_sign_of_yaw_and_roll(analyzer: Analyzer, astronaut: Image) -> None:
    face = analyzer.photo(astronaut)[0]
    mirrored = analyzer.photo(np.ascontiguousarray(astronaut[:, ::-1]))[0]
    assert face.pose is not None
    assert mirrored.pose is not None
    assert abs(face.pose.yaw + mirrored.pose.yaw) < 6
    assert abs(face.pose.roll + mirrored.pose.roll) < 4
    assert abs(face.pose.pitch - mirrored.pose.pitch) < 5


def test_a_batch_gives_what_single_pictures_give(analyzer: Analyzer, astronaut: Image) -> None:
    blank = np.full((100, 200, 3), 90, np.uint8)
    small = np.asarray(cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA), np.uint8)
    two = np.concatenate([small, small], 1)
    together = analyzer.images([astronaut, blank, two, small])
    alone = [analyzer.photo(image) for image in (astronaut, blank, two, small)]
    assert [len(faces) for faces in together] == [1, 0, 2, 1]
    for a, b in zip(together, alone, strict=True):
        for x, y in zip(a.to_dicts(), b.to_dicts(), strict=True):
            assert x["age"] == pytest.approx(y["age"], abs=1e-2)
            assert x["emotion"]["positive"] == pytest.approx(y["emotion"]["positive"], abs=1e-3)


def test_heads_choose_what_is_read(astronaut: Image) -> None:
    face = Analyzer(heads=["age"]).photo(astronaut)[0]
    assert face.age is not None
    assert face.emotion is None
    assert face.attractiveness is None
    bare = Analyzer(heads=[]).photo(astronaut)[0]
    assert bare.pose is not None
    assert bare.age is None
    with pytest.raises(InputError, match="'model' must be one of"):
        Analyzer(heads=["mood"])
    with pytest.raises(InputError, match="'heads' must be a list"):
        Analyzer(heads="age")


def test_children_get_no_attractiveness(analyzer: Analyzer, astronaut: Image) -> None:
    faces = analyzer.photo(astronaut)
    young = replace(faces, age=replace(faces.age, value=np.array([9.0], np.float32)))
    spared = _spare_children(young)
    assert np.isnan(spared.attractiveness.score).all()
    told = spared.to_dicts()[0]["attractiveness"]
    assert {told[name] for name in SCORE_NUMBERS} == {None}
    assert told["pool"] == "SCUT-FBP5500"
    part = replace(faces.attractiveness, embedding=np.ones((1, 4), np.float32))
    hidden = _spare_children(replace(young, attractiveness=part)).attractiveness.embedding
    assert hidden.shape == (1, 4)
    assert np.isnan(hidden).all()
    assert np.array_equal(_spare_children(faces).attractiveness.score, faces.attractiveness.score)


def test_evidence_can_be_replaced(astronaut: Image) -> None:
    only_neutral = EvidenceModel(("AU12",), np.zeros((3, 1), np.float32), np.array([0, 5, 0], np.float32))
    face = Analyzer(["expression"], evidence=only_neutral).photo(astronaut)[0]
    assert face.emotion is not None
    assert face.emotion.label == EMOTIONS[1]


def test_one_broken_photo_never_stops_a_run(analyzer: Analyzer, astronaut: Image, tmp_path: Path) -> None:
    good = tmp_path / "人脸" / "好.png"
    good.parent.mkdir()
    cv2.imencode(".png", np.ascontiguousarray(astronaut[..., ::-1]))[1].tofile(good)
    data = good.read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not a picture")
    cv2.imwrite(str(tmp_path / "dot.png"), np.zeros((1, 1, 3), np.uint8))
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    frames = {Path(frame.source).name: frame for frame in analyzer.run([tmp_path, tmp_path / "gone.jpg"])}
    assert {name: frame.status for name, frame in frames.items()} == {
        "好.png": "ok",
        "cut.png": "error",
        "empty.jpg": "error",
        "text.jpg": "error",
        "dot.png": "no_face",
        "gone.jpg": "error",
    }
    assert all(frame.reason for frame in frames.values() if frame.status == "error")


def test_photo_raises_for_what_it_cannot_read(analyzer: Analyzer, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="does not exist"):
        analyzer.photo(tmp_path / "gone.jpg")
    with pytest.raises(InputError, match="uint8"):
        analyzer.photo(np.zeros((4, 4, 3), np.int32))


def test_video_keeps_ids_and_times(analyzer: Analyzer, astronaut: Image, write_video: Callable[..., Path]) -> None:
    small = np.asarray(cv2.resize(astronaut, (240, 240), interpolation=cv2.INTER_AREA), np.uint8)
    clip = write_video([np.roll(small, 2 * k, 1) for k in range(12)])
    frames = list(analyzer.video(clip, every=3, smooth=0.2))
    assert [frame.index for frame in frames] == [0, 3, 6, 9]
    assert np.allclose([frame.time_s for frame in frames], [0, 0.12, 0.24, 0.36], atol=1e-3)
    assert [ids for frame in frames for ids in _ids(frame.faces)] == [0, 0, 0, 0]
    assert all(frame.image is None for frame in frames)


def test_smoothing_never_crosses_a_cut(analyzer: Analyzer, astronaut: Image, write_video: Callable[..., Path]) -> None:
    small = np.asarray(cv2.resize(astronaut, (240, 240), interpolation=cv2.INTER_AREA), np.uint8)
    other = 255 - np.ascontiguousarray(np.asarray(cv2.resize(small[30:110, 60:150], (240, 240)))[::-1])
    clip = write_video([small] * 6 + [other] * 6 + [small] * 6)
    raw, smooth = (list(analyzer.video(clip, smooth=seconds)) for seconds in (0.0, 1.0))
    first = [next(i for i in range(12, 18) if len(frames[i].faces)) for frames in (raw, smooth)]
    a, b = raw[first[0]].faces[0], smooth[first[1]].faces[0]
    assert a.track_id == b.track_id
    assert a.track_id != raw[0].faces[0].track_id
    assert float(a.age.value) == pytest.approx(float(b.age.value), abs=1e-3)


def test_what_a_face_shows_at_rest_is_taken_off(
    analyzer: Analyzer, astronaut: Image, write_video: Callable[..., Path]
) -> None:
    small = np.asarray(cv2.resize(astronaut, (240, 240), interpolation=cv2.INTER_AREA), np.uint8)
    clip = write_video([small] * 12, fps=1.0)
    raw = [frame.faces for frame in analyzer.video(clip)]
    first, again = ([frame.faces for frame in analyzer.video(clip, neutral=True)] for _ in range(2))
    smile = CODES.index("AU12")
    before, after = (np.array([f.action_units.probability[0, smile] for f in faces]) for faces in (raw, first))
    assert after[0] == pytest.approx(before[0], abs=1e-4)
    assert after[-1] < after[5] < after[0]
    assert after[-1] < before[-1] - 0.01
    for faces in first:
        told = analyzer.heads[0].evidence(faces.action_units)
        assert np.array_equal(told.probability, faces.emotion.probability)
    assert [f.to_dicts() for f in first] == [f.to_dicts() for f in again]  # nothing is kept between videos
    assert [frame.faces.to_dicts() for frame in analyzer.run([clip], neutral=True)] == [f.to_dicts() for f in first]


def test_neutral_changes_nothing_for_photos(analyzer: Analyzer, astronaut: Image, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.ascontiguousarray(astronaut[..., ::-1]))
    cv2.imwrite(str(tmp_path / "b.png"), np.ascontiguousarray(astronaut[..., ::-1]))
    plain, neutral = (list(analyzer.run([tmp_path], neutral=asked)) for asked in (False, True))
    assert [frame.to_dicts() for frame in plain] == [frame.to_dicts() for frame in neutral]


def test_displays_are_told_when_asked_for(
    analyzer: Analyzer, astronaut: Image, write_video: Callable[..., Path]
) -> None:
    asked = Analyzer(["expression"], displays=True, threads=1)
    faces = asked.photo(astronaut)
    assert faces.displays is not None
    assert faces.displays[0].to_dict() == displays_of(faces.action_units)[0].to_dict()
    assert faces[0].to_dict()["displays"]["smile"].startswith("smile")
    assert analyzer.photo(astronaut).displays is None
    small = np.asarray(cv2.resize(astronaut, (240, 240), interpolation=cv2.INTER_AREA), np.uint8)
    for frame in asked.video(write_video([small] * 4), smooth=0.5, neutral=True):
        expected = displays_of(frame.faces.action_units)
        assert np.array_equal(frame.faces.displays.pain, expected.pain)
    assert Analyzer([], displays=True).photo(astronaut).displays is None


def _ids(faces: Faces) -> list[int]:
    assert faces.track_id is not None
    return [int(number) for number in faces.track_id]


def test_every_must_be_a_number_of_frames(analyzer: Analyzer) -> None:
    with pytest.raises(InputError, match="'every' must be"):
        next(analyzer.video("x.mp4", every=0))
    with pytest.raises(InputError, match="'smooth' must be"):
        next(analyzer.run(["x.mp4"], smooth=-1.0))


def test_sources_that_are_done_are_skipped(analyzer: Analyzer, astronaut: Image, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), astronaut[::2, ::2])
    frames = list(analyzer.run([tmp_path], skip=[str(tmp_path / "a.png")]))
    assert [Path(frame.source).name for frame in frames] == ["b.png"]


def test_photos_are_alike_however_they_are_given(analyzer: Analyzer, astronaut: Image, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.ascontiguousarray(astronaut[..., ::-1]))
    box = analyzer.photo(astronaut).box
    deep = astronaut.astype(np.uint16) * 257
    for images in (path, astronaut, [str(path)], iter([astronaut]), astronaut[None], [astronaut / 255.0], [deep]):
        (faces,) = analyzer.images(images)
        assert np.abs(faces.box - box).max() < 0.5
    gray = astronaut[..., 1]
    for images in ([gray], gray, [gray / 255.0]):
        assert len(analyzer.images(images)[0]) == 1
    for photos in (path, str(path), [path], astronaut, iter([astronaut])):
        (frame,) = analyzer.photos(photos)
        assert len(frame.faces) == 1
    with pytest.raises(InputError, match=r"floats in 0\.\.1"):
        analyzer.images([astronaut.astype(np.float32)])


@pytest.mark.parametrize("heads", ["age", 3, Path("age.onnx")])
def test_heads_are_a_list(heads: Any) -> None:
    with pytest.raises(InputError, match="'heads' must be a list of names"):
        Analyzer(heads)


def test_an_analyzer_goes_to_other_processes(astronaut: Image) -> None:
    analyzer = Analyzer(["age"], max_faces=1, threads=1)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        there = pool.submit(analyzer.photo, astronaut).result()
    here = analyzer.photo(astronaut)
    assert there.age is not None
    assert here.age is not None
    assert np.array_equal(there.age.value, here.age.value)
    assert pickle.loads(pickle.dumps(analyzer)).options == analyzer.options


def test_options_tell_what_numbers_depend_on() -> None:
    def differences(**changed: Any) -> set[str]:
        heads = changed.pop("heads", [])
        found = Analyzer(heads, **changed).options
        return {name for name, value in Analyzer([]).options.items() if found[name] != value}

    assert differences(threads=1) == set()
    assert differences(heads=["age"]) == {"heads"}
    assert differences(min_face=20, max_faces=3) == {"min_face", "max_faces"}
    assert differences(evidence=EvidenceModel.from_dict({name: {"AU12": 1.0} for name in EMOTIONS})) == {"evidence"}
    assert json.loads(json.dumps(Analyzer(["age"]).options)) == Analyzer(["age"]).options


def test_one_path_and_one_picture_are_one_photo(astronaut: Image, tmp_path: Path) -> None:
    bare, path = Analyzer([], threads=1), tmp_path / "a.png"
    cv2.imwrite(str(path), np.ascontiguousarray(astronaut[..., ::-1]))
    for source in (str(path), path, astronaut):
        (frame,) = bare.photos(source)
        assert (frame.status, len(frame.faces)) == ("ok", 1)
        assert [len(faces) for faces in bare.images(source)] == [1]
    assert [len(faces) for faces in bare.images(np.stack([astronaut, astronaut]))] == [1, 1]
    assert list(bare.run(path, skip=str(path))) == []


def test_photo_and_images_take_arrays_by_the_same_rule(astronaut: Image) -> None:
    bare = Analyzer([], threads=1)
    gray = np.asarray(cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY))
    arrays = [astronaut / 255, (astronaut / 255).astype(np.float16), astronaut.astype(np.uint16) * 257]
    for array in (*arrays, gray, gray[..., None], gray / 255, np.dstack([astronaut, np.full_like(gray, 255)])):
        for faces in (bare.photo(array), *bare.images(x for x in [array])):
            assert len(faces) == 1
            assert np.allclose(faces.box, bare.photo(astronaut).box, atol=4)
    for array in (astronaut.astype(int), gray > 99, astronaut.astype(float), np.moveaxis(astronaut, -1, 0), gray[:0]):
        for call in (bare.photo, lambda array: bare.images([array])):
            with pytest.raises(InputError, match="'source' must be"):
                call(array)


@pytest.mark.slow
def test_followed_faces_are_those_of_single_frames(
    analyzer: Analyzer, astronaut: Image, write_video: Callable[..., Path]
) -> None:
    def moved(i: int) -> Image:
        turn = cv2.getRotationMatrix2D((220, 120), 8 * np.sin(i / 6), 0.7 + 0.1 * np.sin(i / 9))
        turn[:, 2] += [-60 + 3 * i, 20 * np.sin(i / 5)]
        return np.asarray(cv2.warpAffine(astronaut, turn, (360, 240), borderMode=cv2.BORDER_REPLICATE), np.uint8)

    clip = write_video([moved(i) for i in range(30)])
    followed, exact = (list(analyzer.video(clip, exact=way)) for way in (False, True))
    assert [f.time_s for f in followed] == [f.time_s for f in exact]
    assert [_ids(f.faces) for f in followed] == [_ids(f.faces) for f in exact] == [[0]] * 30
    for a, b in ((a.faces[0], b.faces[0]) for a, b in zip(followed, exact, strict=True)):
        eyes = np.linalg.norm(b.landmarks_68[36] - b.landmarks_68[45])
        assert np.linalg.norm(a.landmarks_68 - b.landmarks_68, axis=1).mean() < 0.06 * eyes
        assert np.abs(a.box - b.box).max() < 0.15 * (b.box[2] - b.box[0])
        assert np.abs(a.action_units.intensity - b.action_units.intensity).mean() < 0.15
        assert abs(a.pose.yaw - b.pose.yaw) < 6
    ages = np.array([[f.faces.age.value[0], f.faces.age.low[0], f.faces.age.high[0]] for f in followed])
    assert ages[0, 0] == pytest.approx(float(exact[0].faces.age.value[0]), abs=1e-3)
    assert 1 < len(np.unique(ages[:, 0])) < 6  # read a few times
    assert ages[-1, 0] == pytest.approx(np.mean([f.faces.age.value[0] for f in exact]), abs=4)
    assert [f.to_dicts() for f in analyzer.video(clip)] == [f.to_dicts() for f in followed]


def test_a_video_that_is_left_early_ends_its_threads(
    analyzer: Analyzer, astronaut: Image, write_video: Callable[..., Path]
) -> None:
    clip = write_video([np.asarray(cv2.resize(astronaut, (160, 160)), np.uint8)] * 12)
    frames = analyzer.video(clip)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name == "mien-read-ahead"]


def test_what_came_before_an_error_of_a_video_is_read(
    analyzer: Analyzer, astronaut: Image, write_video: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_video([np.asarray(cv2.resize(astronaut, (160, 160)), np.uint8)] * 6)

    def broken(*arguments: Any) -> Any:
        yield from read_video(*arguments)
        raise MediaError("cut off")

    monkeypatch.setattr("mien.analyzer.read_video", broken)
    frames = list(analyzer.run([clip]))
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4, 5, None]
    assert [frame.status for frame in frames] == ["ok"] * 6 + ["error"]
    assert frames[-1].reason == "cut off"
