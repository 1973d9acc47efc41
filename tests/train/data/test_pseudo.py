"""Labels that an earlier model gives: only where there were none, as the model says them, mirrored alike."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training data need mien[train]")

from mien.datasets.crop import Crop
from mien.datasets.labels import RATER_SPREAD
from mien.errors import InputError
from mien.estimates import action_units_estimate
from mien.facs import CODES
from mien.runtime.models import Model, find_model, read_card
from mien.train.data.pseudo import ADULT, fill_labels

CROP = Crop(size=112, scale=0.36, zoom=1.25)


def crops(count: int) -> Any:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 140, 140, 3)).astype(np.uint8)


def test_only_missing_labels_are_filled() -> None:
    pictures = crops(3)
    units = np.full((3, len(CODES)), np.nan, np.float32)
    units[0] = 0.25
    units[1, 2] = 0.75
    filled = fill_labels("expression", pictures, {"action_units": units}, CROP)["action_units"]
    assert (filled[0] == 0.25).all()
    assert filled[1, 2] == np.float32(0.75)
    assert np.isnan(units[1, 0])
    model = Model(find_model("expression"))
    inner = pictures[2, 14:-14, 14:-14]
    logits = np.mean([model(inner[None])["action_units"], model(inner[None, :, ::-1])["action_units"]], axis=0)
    expected = action_units_estimate(logits, model.card.decoding).probability[0]
    np.testing.assert_allclose(filled[2], expected, atol=0.02)


@pytest.mark.parametrize("crop", [Crop(size=96, scale=0.36), Crop(size=112, scale=0.4)])
def test_a_model_of_another_crop_is_refused(crop: Crop) -> None:
    with pytest.raises(InputError, match=r"'pseudo' must be an expression or attractiveness model of crops of"):
        fill_labels("expression", crops(1), {}, crop)


def test_a_model_of_another_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Got 'age': age, 112 px"):
        fill_labels("age", crops(1), {}, CROP)


def test_adults_without_a_rating_get_the_mean_of_the_pool_as_the_model_reads_it() -> None:
    card = read_card(find_model("attractiveness"))
    crop = Crop(size=card.size, scale=card.crop["scale"], zoom=1.25)
    age = np.array([[ADULT, ADULT], [5, 5], [30, 40], [np.nan, np.nan]], np.float32)
    found = fill_labels("attractiveness", crops(4), {"age": age}, crop)
    assert np.isnan(found["rating"]).tolist() == [False, True, False, True]
    assert found["rating_spread"].tolist() == [np.float32(RATER_SPREAD)] * 4
    given = {"age": age, "rating": np.ones(4, np.float32)}
    assert fill_labels("attractiveness", crops(4), given, crop) == given
    assert fill_labels("attractiveness", crops(4), {}, crop) == {}
