"""Labels that an earlier model gives where a set has none: what it is sure of on a clean crop, the next one learns on
changed ones. Xie et al., "Self-training with Noisy Student improves ImageNet classification", CVPR 2020."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError
from mien.estimates import action_units_estimate
from mien.geometry import Array
from mien.runtime.models import Model, find_model
from mien.train.data.augment import Jitter, random_similarity
from mien.train.recipe import Crop

_BATCH = 64


def fill_units(name: str, crops: NDArray[np.uint8], units: Array, crop: Crop) -> Array:
    """Action Units (N, K) with the probabilities of the expression model `name` where they are NaN.

    crops (N, S, S, 3): as they are kept in the cache. Each is read with its mirror image and the mean is taken.
    Raises InputError for a model of another task or another crop.
    """
    model = Model(find_model(name))
    card = model.card
    if card.task != "expression" or card.size != crop.size or card.crop.get("scale") != crop.scale:
        raise InputError(
            f"'pseudo' must be an expression model of crops of {crop.size} px at scale {crop.scale}. "
            f"Got {name!r}: {card.task}, {card.size} px, {card.crop.get('scale')}."
        )
    filled = units.copy()
    rows = np.flatnonzero(np.isnan(units).any(1))
    for start in range(0, len(rows), _BATCH):
        some = rows[start : start + _BATCH]
        upright = np.stack([_center(crops[row], crop) for row in some])
        logits = np.mean([model(faces)["action_units"] for faces in (upright, upright[:, :, ::-1])], axis=0)
        read = action_units_estimate(logits, card.decoding).probability
        filled[some] = np.where(np.isnan(units[some]), read, units[some])
    return filled


def _center(cached: NDArray[np.uint8], crop: Crop) -> NDArray[np.uint8]:
    """The crop that the network would see in use."""
    matrix = random_similarity(np.random.default_rng(0), Jitter(0, 0, 0), cached.shape[0], crop.size, crop.zoom)
    return np.asarray(cv2.warpAffine(cached, matrix, (crop.size, crop.size), borderMode=cv2.BORDER_REPLICATE))
