"""From a Parquet file to items: what training sees is what inference sees, and labels move with the picture."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="training data need mien[train]")
pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from mien.datasets import tables
from mien.datasets.crop import Crop
from mien.datasets.crops import pick_face
from mien.datasets.join import join_teacher
from mien.datasets.tables import open_table
from mien.errors import InputError
from mien.estimates import POSE_UNIT, landmarks_estimate, pose_estimate
from mien.geometry import MIRROR_68, CropTemplate, align, apply_affine, face_square, five_points, warp
from mien.runtime.detector import Detector
from mien.tasks import ColumnLabel
from mien.train.data import dataset, faceset
from mien.train.data.dataset import FaceDataset, FaceSet, prepare
from mien.train.recipe import Augment, Source

TARGETS = {"landmarks": 136, "pose": 3}
ALIGNED = Crop(kind="aligned", size=48, scale=0.36, zoom=1.25)


@pytest.fixture(scope="module")
def square(make_recipe: Callable[..., Any]) -> FaceSet:
    recipe = make_recipe()
    return prepare(recipe, recipe.sources[0])


def items_of(faces: FaceSet, crop: Crop, augment: Augment | None = None, targets: Any = TARGETS) -> FaceDataset:
    return FaceDataset([faces], [np.arange(len(faces))], crop, targets, augment)


def shown(item: dict[str, Any]) -> np.ndarray:
    return item["image"].permute(1, 2, 0).numpy().astype(np.uint8)


def blank_set(count: int = 3, side: int = 60, name: str = "blank", **labels: Any) -> FaceSet:
    crops = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    smooth = np.stack([cv2.GaussianBlur(crop, (0, 0), 4) for crop in crops])
    return FaceSet(name, smooth, {key: np.asarray(value, np.float32) for key, value in labels.items()}, {})


def test_only_rows_with_a_face_are_kept_and_their_columns_go_along(square: FaceSet, tiny: Any) -> None:
    assert square.columns["id"].tolist() == [f"face-{i:02d}" for i in tiny.good]
    assert square.columns["split"].tolist().count("train") == 14
    assert square.labels["age"][:, 0] == pytest.approx(np.linspace(18, 62, len(tiny.images))[tiny.good], abs=1e-4)
    assert square.crops.shape == (len(tiny.good), 60, 60, 3)
    assert square.name == "faces"


def test_landmarks_are_carried_into_the_crop(square: FaceSet, tiny: Any) -> None:
    detector = Detector(threads=1)
    for k, row in enumerate(tiny.good[:4]):
        found = pick_face(detector, tiny.images[row], None)
        matrix = face_square(*found, 60, 1.3 * 1.25)[0]
        assert square.labels["landmarks"][k] == pytest.approx(apply_affine(matrix, tiny.landmarks[row]), abs=1e-3)


def test_the_square_crop_of_an_item_is_what_the_landmark_network_sees_in_use(square: FaceSet, tiny: Any) -> None:
    detector, data = Detector(threads=1), items_of(square, Crop(kind="square", size=48, zoom=1.25))
    for k, row in enumerate(tiny.good):
        image = tiny.images[row]
        matrix = face_square(*pick_face(detector, image, None), 48, 1.3)
        assert np.abs(shown(data[k]).astype(float) - warp(image, matrix[0], 48)).mean() < 3
        used = landmarks_estimate(data[k]["landmarks"].numpy()[None], matrix, 48)[0]
        assert used == pytest.approx(tiny.landmarks[row], abs=0.02)
        pose = pose_estimate(data[k]["pose"].numpy()[None] / POSE_UNIT, matrix)
        assert [pose.yaw[0], pose.pitch[0], pose.roll[0]] == pytest.approx(tiny.pose[row], abs=0.01)


@pytest.mark.parametrize("zoom", [1.0, 1.25, 1.3])
def test_the_aligned_crop_of_an_item_is_the_one_aligners(
    make_recipe: Callable[..., Any], landmarker: Any, tiny: Any, zoom: float
) -> None:
    crop = ALIGNED.model_copy(update={"zoom": zoom})
    recipe = make_recipe(crop=crop)
    data = items_of(prepare(recipe, recipe.sources[0], landmarker), crop)
    detector = Detector(threads=1)
    for k, row in enumerate(tiny.good[:8]):
        points = five_points(landmarker(None, *pick_face(detector, tiny.images[row], None)))
        expected = align(tiny.images[row], points, CropTemplate(48, 0.36))[0]
        assert np.abs(shown(data[k]).astype(float) - expected).mean() < 3


def test_crops_of_another_template_get_a_folder_of_their_own(make_recipe: Callable[..., Any], landmarker: Any) -> None:
    folders = set()
    changes = [{}, {"size": 56}, {"zoom": 1.1}, {"scale": 0.4}, {"kind": "square"}, {"kind": "square", "margin": 1.5}]
    for change in changes:
        recipe = make_recipe(crop=ALIGNED.model_copy(update=change))
        folders.add(dataset._cache_folder(recipe, open_table(recipe.data_dir / "faces.parquet")))
    assert len(folders) == len(changes)


def test_labels_that_a_source_does_not_name_are_left_out(make_recipe: Callable[..., Any]) -> None:
    recipe = make_recipe()
    assert set(prepare(recipe, Source(file="faces.parquet", labels=["age"])).labels) == {"age"}
    everything = {"age", "rating", "landmarks", "pose", "action_units", "emotion", "votes"}
    assert set(prepare(recipe, recipe.sources[0]).labels) == everything


@pytest.mark.parametrize("name", ["landmarks", "pose"])
def test_landmarks_or_pose_alone_are_carried_into_the_crop_too(
    make_recipe: Callable[..., Any], square: FaceSet, name: str
) -> None:
    alone = prepare(make_recipe(), Source(file="faces.parquet", labels=[name]))
    assert list(alone.labels) == [name]
    assert np.array_equal(alone.labels[name], square.labels[name])


def test_missing_file_is_named(make_recipe: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match=r"'data_dir' must hold 'other\.parquet'"):
        prepare(make_recipe(), Source(file="other.parquet"))


@pytest.fixture
def plain_light(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faceset, "photometric", lambda image, rng, chances: image)


STILL = Augment(shift=0, scale=0, rotation=0, alignment=0, gray=0)


@pytest.mark.usefixtures("plain_light")
def test_a_flip_mirrors_the_picture_swaps_landmarks_and_turns_yaw_and_roll_round(square: FaceSet) -> None:
    crop = Crop(kind="square", size=48, zoom=1.25)
    plain, flipping = items_of(square, crop), items_of(square, crop, STILL)
    torch.manual_seed(0)
    flipped = 0
    for k in range(len(square)):
        before, after = plain[k], flipping[k]
        if torch.equal(before["landmarks"], after["landmarks"]):
            assert torch.equal(before["image"], after["image"])
            continue
        flipped += 1
        assert np.abs(shown(before)[:, ::-1].astype(float) - shown(after)).mean() < 1
        points = before["landmarks"].numpy().reshape(68, 2)[MIRROR_68] * [-1, 1] - [1 / 48, 0]
        assert after["landmarks"].numpy().reshape(68, 2) == pytest.approx(points, abs=1e-5)
        assert torch.equal(after["pose"], before["pose"] * torch.tensor([-1.0, 1, -1]))
        assert after["landmarks"].view(68, 2)[36, 0] < after["landmarks"].view(68, 2)[45, 0]
    assert 0.25 < flipped / len(square) < 0.75
    upright = items_of(square, crop, STILL.model_copy(update={"flip": False}))
    assert all(torch.equal(upright[k]["image"], plain[k]["image"]) for k in range(len(square)))


@pytest.mark.usefixtures("plain_light")
def test_a_turn_carries_landmarks_and_roll() -> None:
    points = np.random.default_rng(0).uniform(15, 45, (1, 68, 2))
    faces = blank_set(1, landmarks=points, pose=[[10, 20, 30]])
    crop = Crop(kind="square", size=48, zoom=1.25)
    torch.manual_seed(1)
    before = items_of(faces, crop)[0]
    after = items_of(faces, crop, Augment(flip=False, shift=0, scale=0, rotation=20))[0]
    start, end = (item["landmarks"].numpy().reshape(68, 2) for item in (before, after))
    a, b = (part[1] - part[0] for part in (start, end))
    turned = np.degrees(np.arctan2(a[0] * b[1] - a[1] * b[0], a @ b))  # clockwise as seen, y points down
    assert abs(turned) > 1
    assert after["pose"].tolist() == pytest.approx([10, 20, 30 - turned], abs=1e-2)


@pytest.mark.usefixtures("plain_light")
def test_roll_of_a_face_turned_far_is_unknown_and_the_rest_of_its_labels_is_not() -> None:
    faces = blank_set(1, landmarks=np.random.default_rng(0).uniform(15, 45, (1, 68, 2)), pose=[[10, 20, 30]])
    data = items_of(faces, Crop(kind="square", size=48, zoom=1.25), Augment(flip=False, rotation=0, turn=1))
    torch.manual_seed(0)
    pose = torch.stack([data[0]["pose"] for _ in range(100)])
    unknown = pose[:, 2].isnan()
    assert 0.5 < unknown.float().mean() < 0.85
    assert (pose[~unknown, 2] - 30).abs().max() <= 60
    assert torch.equal(pose[:, :2], torch.tensor([[10.0, 20.0]]).expand(100, 2))


def test_augmented_items_follow_torchs_seed() -> None:
    data = items_of(blank_set(), Crop(size=48), Augment(), {})
    images = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        images.append(data[0]["image"])
    assert torch.equal(images[0], images[1])
    assert not torch.equal(images[0], images[2])
    state = torch.get_rng_state()
    items_of(blank_set(), Crop(size=48), None, {})[0]
    assert torch.equal(state, torch.get_rng_state())


def test_an_item_has_every_target_and_nan_where_its_set_has_none() -> None:
    rated = blank_set(2, name="rated", rating=[3, 4])
    aged = blank_set(3, name="aged", age=np.full((3, 2), 30.0))
    targets = {"age": 2, "rating": 1}
    data = FaceDataset([rated, aged], [np.array([1]), np.array([0, 2])], Crop(size=48), targets)
    assert len(data) == 3
    assert [int(data[i]["set"]) for i in range(3)] == [0, 1, 1]
    assert data[0]["rating"].tolist() == [4]
    assert data[0]["age"].isnan().all()
    assert data[2]["age"].tolist() == [30, 30]
    assert data[2]["rating"].isnan().tolist() == [True]
    for item in (data[i] for i in range(3)):
        assert item["image"].shape == (3, 48, 48)
        assert item["image"].dtype == torch.float32
        assert 0 <= item["image"].min() <= item["image"].max() <= 255


@pytest.mark.usefixtures("plain_light")
def test_unknown_landmarks_stay_unknown_through_augmentation() -> None:
    faces = blank_set(1, landmarks=np.full((1, 68, 2), np.nan), pose=np.full((1, 3), np.nan))
    item = items_of(faces, Crop(kind="square", size=48), Augment())[0]
    assert item["landmarks"].isnan().all()
    assert item["pose"].isnan().all()


def teacher(folder: Path) -> Path:
    table = {
        "set": ["faces", "faces", "others"], "id": ["face-02", "face-00", "face-01"], "jawOpen": [10, 20, 30],
        "landmarks": [[2.0] * 136, [0.5] * 136, [1.0] * 136],
    }  # fmt: skip
    pq.write_table(pa.table(table), folder / "teacher.parquet")
    return folder / "teacher.parquet"


def test_a_teacher_is_joined_by_set_and_id_and_leaves_nan_for_rows_it_does_not_know(tmp_path: Path) -> None:
    columns = {"id": np.array(["face-00", "face-01", "face-02", "face-03"]), "age": np.arange(4.0)}
    joined = join_teacher(columns, teacher(tmp_path), "faces")
    assert joined["jawOpen"] == pytest.approx(np.array([20, np.nan, 10, np.nan]), nan_ok=True)
    assert [float(cell[0]) for cell in joined["landmarks"][[0, 2]]] == [0.5, 2]
    assert np.isnan(joined["landmarks"][[1, 3]].astype(float)).all()
    assert joined["age"] is columns["age"]
    assert set(columns) == {"id", "age"}


def test_a_set_that_the_teacher_never_saw_stays_as_it_is(tmp_path: Path) -> None:
    columns = {"id": np.array(["face-00"])}
    assert join_teacher(columns, teacher(tmp_path), "unseen") is columns


GLASSES = ColumnLabel("classification:glasses", "class", ("glasses",), ("no", "yes"))


def with_columns(folder: Path, tiny: Any, **columns: Any) -> Path:
    """The tiny set with more columns, cut anew in a folder of its own."""
    table = pq.read_table(tiny.folder / "faces.parquet", columns=["image", "id", "split"])
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    pq.write_table(table, folder / "more.parquet")
    return folder


def test_labels_that_the_task_names_come_along(make_recipe: Callable[..., Any], tiny: Any, tmp_path: Path) -> None:
    values = ["yes" if k % 2 else None if k % 4 else "no" for k in range(58)]
    recipe = make_recipe(data_dir=with_columns(tmp_path, tiny, glasses=values), sources=[Source(file="more.parquet")])
    faces = prepare(recipe, recipe.sources[0], extra=[GLASSES])
    expected = [{"yes": 1.0, "no": 0.0, None: np.nan}[values[row]] for row in tiny.good]
    assert faces.labels[GLASSES.name][:, 0] == pytest.approx(np.array(expected), nan_ok=True)
    assert faces.columns["glasses"].tolist() == [values[row] for row in tiny.good]
    assert faces.row.tolist() == tiny.good.tolist()
    assert faces.dropped == {"unreadable": 1, "no face": 1}


def test_only_one_of_several_sources_needs_the_column_of_a_label(make_recipe: Callable[..., Any], tiny: Any) -> None:
    plain, named = Source(file="faces.parquet"), Source(file="faces.parquet", labels=[GLASSES.name])
    assert GLASSES.name not in prepare(make_recipe(sources=[plain, plain]), plain, extra=[GLASSES]).labels
    assert "age" in prepare(make_recipe(sources=[plain, plain]), Source(file="faces.parquet", labels=["age"])).labels
    for sources, source in (([plain], plain), ([plain, named], named)):
        with pytest.raises(InputError, match=r"'glasses' must be a column of faces\.parquet"):
            prepare(make_recipe(sources=sources), source, extra=[GLASSES])


def test_a_label_that_no_column_gives_is_an_error_with_the_nearest_name(make_recipe: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match=r"'agee' must be a column of the labels of faces\.parquet.*mean 'age'"):
        prepare(make_recipe(), Source(file="faces.parquet", labels=["agee"]))


def never(*_: Any, **__: Any) -> Any:
    raise AssertionError("a picture was read")


def test_faulty_labels_are_found_before_a_picture_is_read(
    make_recipe: Callable[..., Any], tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "decode", never)
    folder = with_columns(tmp_path, tiny, age=[200 if k == 5 else 20 for k in range(58)])
    with pytest.raises(InputError, match=r"'age' must be .*from 0 to 120. Got 200 in more\.parquet, row 5 \(face-05\)"):
        prepare(make_recipe(data_dir=folder), Source(file="more.parquet"))
    assert list(tmp_path.iterdir()) == [tmp_path / "more.parquet"]


def test_a_set_without_a_face_is_an_error_that_says_why(make_recipe: Callable[..., Any], tmp_path: Path) -> None:
    gray = cv2.imencode(".png", np.full((64, 64, 3), 90, np.uint8))[1].tobytes()
    strip, dot = (cv2.imencode(".png", np.full((*size, 3), 90, np.uint8))[1].tobytes() for size in ((2, 900), (1, 1)))
    pq.write_table(pa.table({"image": [gray, strip, dot, b"broken", None]}), tmp_path / "none.parquet")
    with pytest.raises(InputError, match=r"at least one picture with a face. Got none \(no face: 3, unreadable: 2\)"):
        prepare(make_recipe(data_dir=tmp_path), Source(file="none.parquet"))
    pq.write_table(pa.table({"image": pa.array([], pa.binary())}), tmp_path / "empty.parquet")
    with pytest.raises(InputError, match="must have at least one row"):
        prepare(make_recipe(data_dir=tmp_path), Source(file="empty.parquet"))


def test_a_manifest_gives_the_faces_that_a_parquet_file_gives(
    make_recipe: Callable[..., Any], tiny: Any, square: FaceSet, tmp_path: Path
) -> None:
    (tmp_path / "photos").mkdir()
    for row, image in enumerate(tiny.images):
        cv2.imwrite(str(tmp_path / "photos" / f"{row:02d}.png"), image[..., ::-1])
    (tmp_path / "photos" / "03.png").write_bytes(b"not a picture")
    lines = [f"{row:02d}.png,{row}" for row in range(len(tiny.images))]
    (tmp_path / "list.csv").write_text("\n".join(["image,age", *lines]))
    recipe = make_recipe(data_dir=tmp_path)
    faces = prepare(recipe, Source(file="list.csv", images="photos"))
    assert faces.labels["age"][:, 0].tolist() == tiny.good.tolist()
    assert faces.columns["file"].tolist() == [f"{row:02d}.png" for row in tiny.good]
    # Without landmarks among the labels the face in the middle is taken, which is the same one here.
    assert np.array_equal(faces.crops, square.crops)


def test_other_labelled_places_cut_other_crops(make_recipe: Callable[..., Any], tiny: Any) -> None:
    recipe, table = make_recipe(), open_table(tiny.folder / "faces.parquet")
    boxes = np.zeros((58, 4), np.float32)
    folders = [dataset._cache_folder(recipe, table, places) for places in (None, boxes, boxes + 1)]
    assert len(set(folders)) == 3
    assert dataset._cache_folder(recipe, table, boxes.copy()) == folders[1]


def test_a_teacher_and_a_set_without_ids_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'id' must be a column of 'faces', to be joined with"):
        join_teacher({"age": np.arange(2.0)}, teacher(tmp_path), "faces")
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "other.parquet")
    with pytest.raises(InputError, match=r"'set' must be a column of other\.parquet"):
        join_teacher({"id": np.array(["a"])}, tmp_path / "other.parquet", "faces")


@pytest.mark.parametrize("name", ["crops.npy", "where.npz", "aligned.json"])
def test_damaged_crops_of_the_cache_are_cut_anew(
    make_recipe: Callable[..., Any], tmp_path: Path, square: FaceSet, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = make_recipe(cache_dir=tmp_path)
    prepare(recipe, recipe.sources[0])
    (path,) = tmp_path.glob(f"*/{name}")
    path.write_bytes(path.read_bytes()[:20])
    healed = prepare(recipe, recipe.sources[0])
    assert np.array_equal(healed.crops, square.crops)
    assert f"{name}' must be as it was written" in caplog.text


def test_a_cache_that_cannot_be_written_to_is_named(make_recipe: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    recipe = make_recipe(cache_dir=tmp_path / "cache")
    with pytest.raises(InputError, match=r"must be one that can be written to\. Got '.*cache'.*cache_dir=FOLDER"):
        prepare(recipe, recipe.sources[0])
