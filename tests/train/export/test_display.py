"""Read-outs of a network: the direct one that votes teach, and what it hands on."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs mien[train]")

import torch

from mien.datasets.crop import Crop
from mien.estimates import action_units_estimate, sigmoid
from mien.train.data.dataset import FaceDataset, FaceSet
from mien.train.export.display import fit_direct, read_outputs
from mien.train.model import EMBEDDING, FaceModel, normalise
from mien.train.tasks import create_task


@pytest.fixture
def model() -> FaceModel:
    torch.manual_seed(0)
    return FaceModel(create_task("expression"), "mobilenet_v4_conv_small", 0.25, 48).eval()


def test_direct_read_out_separates_what_can_be_separated(model: FaceModel) -> None:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, 200)
    centre = rng.normal(size=(3, EMBEDDING))
    embedding = (5 + 40 * (centre[label] + 0.3 * rng.normal(size=(200, EMBEDDING)))).astype(np.float32)
    embedding[:, 7] = 0  # a dead unit
    units = model.heads["action_units"].weight.clone()
    fit_direct(model, embedding, np.eye(3, dtype=np.float32)[label])
    with torch.no_grad():
        logits = model.heads["emotion_direct"](torch.from_numpy(embedding)).numpy()
    assert (logits.argmax(1) == label).all()
    assert np.isfinite(logits).all()
    assert torch.equal(model.heads["action_units"].weight, units)


def test_outputs_are_read_in_order_and_match_the_whole_network(model: FaceModel) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (5, 60, 60, 3), dtype=np.uint8)
    faces, crop = FaceSet("set", crops, {}, {}), Crop(size=48, zoom=1.25)
    rows = np.array([4, 0, 2])
    embedding, logits = read_outputs(model, faces, rows, crop, batch=2)
    data = FaceDataset([faces], [rows], crop, {})
    with torch.no_grad():
        expected = model(normalise(torch.stack([data[i]["image"] for i in range(3)])))[0]
    assert embedding.shape == (3, EMBEDDING)
    assert logits == pytest.approx(expected.numpy(), abs=1e-5)


def test_calibrated_units_are_the_cards() -> None:
    logits = np.random.default_rng(0).normal(size=(4, 2))
    units = action_units_estimate(logits, {"slope": [2.0, 1.0], "bias": [0.5, -1.0], "codes": ("AU01", "AU02")})
    assert units.probability == pytest.approx(sigmoid(logits * [2, 1] + [0.5, -1]))
