"""What votes for displayed emotions teach: evidence weights for Action Units, and a direct read-out as baseline.

Neither changes the network that reads Action Units: its body never sees these faces.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize

from mien.emotion import EvidenceModel, strength
from mien.faces import EMOTIONS
from mien.facs import CODES
from mien.geometry import Array
from mien.train.data.dataset import FaceDataset, FaceSet
from mien.train.model import FaceModel, normalise
from mien.train.recipe import Crop

# Signs that an Action Unit may have against the neutral face. Ekman & Friesen, "Facial Action Coding System:
# Investigator's Guide" (EMFACS prototypes), 1978 and 2002: AU 6 + 12 happiness; 1, 4, 15, 17 sadness;
# 4, 5, 7, 23, 24 anger; 9, 10, 15 disgust; 1, 4, 5, 20 fear; 14 contempt. Lips apart, a dropped jaw and
# closed eyes go with any of them: their signs are free.
SIGNS: dict[str, dict[str, int]] = {
    "positive": dict.fromkeys(("AU06", "AU12"), 1)
    | dict.fromkeys(("AU01", "AU04", "AU05", "AU09", "AU14", "AU15", "AU17", "AU20", "AU23", "AU24"), -1),
    "negative": dict.fromkeys(
        ("AU01", "AU04", "AU05", "AU07", "AU09", "AU10", "AU14", "AU15", "AU17", "AU20", "AU23", "AU24"), 1
    )
    | {"AU12": -1},
}
PENALTY = 2e-3


@dataclass(frozen=True, slots=True)
class Votes:
    """Action Unit logits (N, K) of faces with the votes (N, 3) that they got."""

    logits: Array
    votes: Array


def read_outputs(
    model: FaceModel, faces: FaceSet, rows: NDArray[np.int64], crop: Crop, batch: int = 256
) -> tuple[Array, Array]:
    """Embeddings (N, E) and Action Unit logits (N, K) of the faces of `rows`."""
    data = FaceDataset([faces], [rows], crop, {})
    parts = []
    with torch.no_grad():
        for start in range(0, len(data), batch):
            items = [data[i]["image"] for i in range(start, min(start + batch, len(data)))]
            image = normalise(torch.stack(items)).contiguous(memory_format=torch.channels_last)
            embedding = model.embedding(model.backbone(image))
            parts.append((embedding.numpy(), model.heads["action_units"](embedding).numpy()))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def fit_direct(model: FaceModel, embedding: Array, votes: Array) -> None:
    """Set the head `emotion_direct` to a softmax regression of votes (N, 3) on embeddings (N, E)."""
    mean, std = embedding.mean(0), embedding.std(0) + 1e-3
    scaled = np.concatenate([(embedding - mean) / std, np.ones((len(embedding), 1))], 1)
    weights = softmax_regression(scaled, votes, np.full((3, scaled.shape[1], 2), [-np.inf, np.inf]), 1e-3)
    head = model.heads["emotion_direct"]
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weights[:, :-1] / std))  # type: ignore[operator]
        head.bias.copy_(torch.from_numpy(weights[:, -1] - (weights[:, :-1] / std) @ mean))  # type: ignore[operator]


def fit_evidence(probability: Array, votes: Array) -> EvidenceModel:
    """Evidence weights from Action Unit probabilities (N, K) and votes (N, 3), with the signs of `SIGNS`.

    The neutral row is zero: what speaks against neutral speaks for one of the two others.
    """
    features = np.concatenate([strength(probability), np.ones((len(probability), 1))], 1)
    bounds = np.full((3, features.shape[1], 2), [-np.inf, np.inf])
    bounds[EMOTIONS.index("neutral")] = 0
    for name, signs in SIGNS.items():
        for code, sign in signs.items():
            bounds[EMOTIONS.index(name), CODES.index(code), (1 - sign) // 2] = 0
    weights = softmax_regression(features, votes, bounds, PENALTY)
    return EvidenceModel(CODES, weights[:, :-1].astype(np.float32), weights[:, -1].astype(np.float32))


def softmax_regression(features: Array, target: Array, bounds: Array, penalty: float) -> Array:
    """Weights (C, F) within bounds (C, F, 2) that minimise mean cross entropy + penalty |weights|^2.

    Classes count the same however many faces they have. features (N, F), target (N, C) shares.
    """
    share = target.sum(0) / target.sum()
    weight = (target / share).sum(1) / target.shape[1]
    shape = bounds.shape[:2]

    def objective(flat: Array) -> tuple[float, Array]:
        w = flat.reshape(shape)
        logits = features @ w.T
        logits -= logits.max(1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        loss = -(weight * (target * log_p).sum(1)).mean() + penalty * (w**2).sum()
        gradient = ((np.exp(log_p) - target) * weight[:, None]).T @ features / len(features) + 2 * penalty * w
        return float(loss), gradient.ravel()

    start = np.zeros(shape).ravel()
    found = minimize(
        objective, start, jac=True, method="L-BFGS-B", bounds=bounds.reshape(-1, 2), options={"maxiter": 500}
    )
    return np.asarray(found.x).reshape(shape)
