"""Sets too large for memory, and labels that move with a mirrored picture."""

import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training data need mien[train]")

import torch
from torch.utils.data import DataLoader

from mien.datasets.crop import Crop
from mien.datasets.crops import Plan, cut_crops
from mien.geometry import MIRROR_68
from mien.train.data.faceset import FaceDataset, FaceSet
from mien.train.recipe import Augment

SIDE = 60
CROP = Crop(size=48)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> FaceSet:
    """12 MB of crops in a file, made from pictures that come one by one."""
    count = 1200
    cut = cut_crops(
        lambda start: (np.full((SIDE, SIDE, 3), row % 250, np.uint8) for row in range(start, count)),
        lambda image, box: np.eye(2, 3, dtype=np.float32),
        tmp_path_factory.mktemp("large") / "set",
        Plan(count, SIDE),
    )
    return FaceSet("large", cut.crops, {"age": np.zeros((count, 2), np.float32)}, {}, row=cut.row)


def test_going_through_a_set_holds_few_of_its_pictures(large: FaceSet) -> None:
    data = FaceDataset([large], [np.arange(len(large))], CROP, {"age": 2}, Augment())
    tracemalloc.start()
    seen = sum(len(batch["image"]) for batch in DataLoader(data, batch_size=20))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen == len(large)
    assert peak < large.crops.nbytes / 5


def test_a_worker_gets_the_name_of_the_file_and_not_the_crops(large: FaceSet) -> None:
    packed = pickle.dumps(large)
    assert len(packed) < large.crops.nbytes / 100
    again = pickle.loads(packed)
    assert isinstance(again.crops, np.memmap)
    assert np.array_equal(again.crops, large.crops)
    assert np.array_equal(again.row, large.row)
    small = FaceSet("small", np.ones((2, 4, 4, 3), np.uint8), {}, {}, 2.0)
    again = pickle.loads(pickle.dumps(small))
    assert np.array_equal(again.crops, small.crops)
    assert again.weight == 2


def test_an_item_tells_its_set_and_its_row_there(large: FaceSet) -> None:
    data = FaceDataset([large, large], [np.array([5]), np.array([7, 1])], CROP, {})
    assert [(int(item["set"]), int(item["row"])) for item in (data[0], data[1], data[2])] == [(0, 5), (1, 7), (1, 1)]
    assert [int(data[k]["image"].mean()) for k in range(3)] == [5, 7, 1]


PLACE = ("shift", "scale", "rotation", "alignment")
LIGHT = ("gray", "color", "blur", "low_resolution", "noise", "jpeg", "occlusion")
STILL: dict[str, Any] = dict.fromkeys((*PLACE, *LIGHT), 0)


def gradient_set(**labels: Any) -> FaceSet:
    """One picture that is dark on the left."""
    ramp = np.tile(np.linspace(0, 250, SIDE).astype(np.uint8)[None, :, None], (SIDE, 1, 3))
    return FaceSet("ramp", ramp[None], {name: np.float32([value]) for name, value in labels.items()}, {})


def test_a_mirrored_picture_swaps_left_and_right_and_leaves_other_labels() -> None:
    points = np.random.default_rng(0).uniform(10, 50, (68, 2))
    sides = np.arange(36).reshape(18, 2)
    labels = {"landmarks": points, "pose": [10, 20, 30], "action_units_sides": sides, "action_units": np.arange(18)}
    faces = gradient_set(**labels, age=[30, 40], rating=3)
    targets = {"landmarks": 136, "pose": 3, "action_units_sides": 36, "action_units": 18, "age": 2, "rating": 1}
    plain = FaceDataset([faces], [np.array([0])], CROP, targets)[0]
    moving = FaceDataset([faces], [np.array([0])], CROP, targets, Augment(**STILL))
    torch.manual_seed(0)
    items = [moving[0] for _ in range(20)]
    flipped = [item for item in items if item["image"][0, 0, 0] > item["image"][0, 0, -1]]
    assert 4 < len(flipped) < 16
    for item in items:
        if not any(item is one for one in flipped):
            assert all(torch.equal(item[name], plain[name]) for name in plain)
    item = flipped[0]
    assert item["pose"].tolist() == [-10, 20, -30]
    assert item["action_units_sides"].reshape(18, 2).tolist() == sides[:, ::-1].tolist()
    mirrored = plain["landmarks"].numpy().reshape(68, 2)[MIRROR_68] * [-1, 1] - [1 / 48, 0]
    assert item["landmarks"].numpy().reshape(68, 2) == pytest.approx(mirrored, abs=1e-5)
    for name in ("action_units", "age", "rating"):
        assert torch.equal(item[name], plain[name])


@pytest.mark.parametrize("name", ["landmarks", "pose"])
def test_landmarks_and_pose_move_alone_too(name: str) -> None:
    value = {"landmarks": np.full((68, 2), 30), "pose": [1, 2, 3]}[name]
    faces = gradient_set(**{name: value})
    item = FaceDataset([faces], [np.array([0])], CROP, {name: np.size(value)}, Augment())[0]
    assert torch.isfinite(item[name]).all()


def test_every_change_has_a_switch() -> None:
    """With all of them off the picture is as it was; with one on it is not."""
    faces = gradient_set()

    def shown(**change: float) -> np.ndarray:
        data = FaceDataset([faces], [np.array([0])], CROP, {}, Augment(**{**STILL, "flip": False, **change}))
        torch.manual_seed(1)
        return torch.stack([data[0]["image"] for _ in range(8)]).numpy()

    plain = FaceDataset([faces], [np.array([0])], CROP, {})[0]["image"].numpy()
    assert (shown() == plain).all()
    for name in set(STILL) - {"gray"}:
        assert not (shown(**{name: 1}) == plain).all(), name
    assert not (shown(flip=True) == plain).all()


def test_square_crops_do_not_get_the_noise_of_the_landmarks() -> None:
    faces = gradient_set()
    for kind, same in (("square", True), ("aligned", False)):
        crop = Crop(kind=kind, size=48)
        still = Augment(**{**STILL, "flip": False, "alignment": 3})
        moved = FaceDataset([faces], [np.array([0])], crop, {}, still)[0]["image"]
        plain = FaceDataset([faces], [np.array([0])], crop, {})[0]["image"]
        assert torch.equal(moved, plain) is same


def test_prepared_crops_stay_on_disk(large: FaceSet) -> None:
    assert isinstance(large.crops, np.memmap)
    assert Path(str(large.crops.filename)).name == "crops.npy"
