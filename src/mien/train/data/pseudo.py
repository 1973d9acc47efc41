"""Labels that an earlier model gives where a set has none: what it is sure of on a clean crop, the next one learns on
changed ones. Xie et al., "Self-training with Noisy Student improves ImageNet classification", CVPR 2020."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mien.datasets.crop import Crop
from mien.datasets.labels import RATER_SPREAD
from mien.errors import InputError
from mien.estimates import action_units_estimate, attractiveness_estimate
from mien.geometry import Array
from mien.opencv import cv2
from mien.runtime.models import Model, find_model
from mien.train.data.augment import Jitter, random_similarity

ADULT = 18.0
"""Age in years from which faces get the mean rating of a pool that has rated adults only."""
_BATCH = 64
_TASKS = ("expression", "attractiveness")


def fill_labels(name: str, crops: NDArray[np.uint8], labels: dict[str, Array], crop: Crop) -> dict[str, Array]:
    """The labels (N, ...) with those that the model `name` reads from the crops where they are missing.

    An expression model gives Action Units as probabilities, where the set has any labels of them; an attractiveness
    model gives ratings in standard deviations of its pool, to the adults of a set that has ages and no ratings.
    crops (N, S, S, 3): as they are kept in the cache. Raises InputError for a model of another task or another crop.
    """
    model = _open("pseudo", name, crop, _TASKS)
    card = model.card
    if card.task == "expression" and "action_units" in labels:
        return {**labels, "action_units": _units(model, crops, labels["action_units"], crop)}
    if card.task == "attractiveness" and "age" in labels and "rating" not in labels:
        rating = _ratings(model, crops, labels["age"], crop)
        return {**labels, "rating": rating, "rating_spread": np.full_like(rating, RATER_SPREAD)}
    return labels


def hold_units(name: str, crops: NDArray[np.uint8], labels: dict[str, Array], crop: Crop) -> dict[str, Array]:
    """The labels (N, ...) with `held_units` (N, K): probabilities of Action Units that the model `name` reads.

    crops, errors: as in `fill_labels`.
    """
    model = _open("held", name, crop, ("expression",))
    logits = _read(model, crops, np.arange(len(crops)), crop, "action_units")
    return {**labels, "held_units": action_units_estimate(logits, model.card.decoding).probability}


def _open(key: str, name: str, crop: Crop, tasks: Sequence[str]) -> Model:
    """A model of one of these tasks that reads such crops."""
    model = Model(find_model(name))
    card = model.card
    if card.task not in tasks or card.size != crop.size or card.crop.get("scale") != crop.scale:
        raise InputError(
            f"{key!r} must be an {' or '.join(tasks)} model of crops of {crop.size} px at scale {crop.scale}. "
            f"Got {name!r}: {card.task}, {card.size} px, {card.crop.get('scale')}."
        )
    return model


def _units(model: Model, crops: NDArray[np.uint8], units: Array, crop: Crop) -> Array:
    filled = units.copy()
    rows = np.flatnonzero(np.isnan(units).any(1))
    logits = _read(model, crops, rows, crop, "action_units")
    read = action_units_estimate(logits, model.card.decoding).probability
    filled[rows] = np.where(np.isnan(units[rows]), read, units[rows])
    return filled


def _ratings(model: Model, crops: NDArray[np.uint8], age: Array, crop: Crop) -> Array:
    rating = np.full(len(crops), np.nan, np.float32)
    rows = np.flatnonzero(age[:, 0] >= ADULT)
    rating[rows] = attractiveness_estimate(_read(model, crops, rows, crop, "score"), model.card.decoding).score
    return rating


def _read(model: Model, crops: NDArray[np.uint8], rows: NDArray[np.int64], crop: Crop, output: str) -> Array:
    """An output (N, width) of some rows, each the mean over the crop and its mirror image."""
    batches = [np.zeros((0, 1), np.float32)]
    for start in range(0, len(rows), _BATCH):
        upright = np.stack([_center(crops[row], crop) for row in rows[start : start + _BATCH]])
        batches.append(np.mean([model(faces)[output] for faces in (upright, upright[:, :, ::-1])], axis=0))
    return np.concatenate(batches[1:] or batches)


def _center(cached: NDArray[np.uint8], crop: Crop) -> NDArray[np.uint8]:
    """The crop that the network would see in use."""
    matrix = random_similarity(np.random.default_rng(0), Jitter(0, 0, 0), cached.shape[0], crop.size, crop.zoom)
    return np.asarray(cv2.warpAffine(cached, matrix, (crop.size, crop.size), borderMode=cv2.BORDER_REPLICATE))
