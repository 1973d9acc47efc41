"""What votes for displays teach after training: evidence weights, and a direct read-out as their rival."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize

from mien.emotion import DISPLAYS, SPEAKS_FOR, EvidenceModel, strength
from mien.facs import CODES
from mien.geometry import Array
from mien.train.data.dataset import FaceDataset, FaceSet
from mien.train.model import FaceModel, normalise
from mien.train.recipe import Crop

PENALTY = 2e-3


@dataclass(frozen=True, slots=True)
class Votes:
    """Action Unit logits (N, K) of faces of one set with the votes (N, 8) that they got."""

    file: str
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


def fit_evidence(sets: Sequence[tuple[Array, Array]]) -> EvidenceModel:
    """Evidence weights from Action Unit probabilities (N, K) and votes (N, 8) of one or several sets.

    Each set counts the same however many faces it has, so that none dominates. Weights are nonnegative, and 0 where
    `SPEAKS_FOR` does not let a unit speak for a display. The row of neutral is zero: what speaks against neutral
    speaks for another display.
    """
    features = [np.concatenate([strength(units), np.ones((len(units), 1))], 1) for units, _ in sets]
    weight = np.concatenate([balanced(votes) / len(votes) for _, votes in sets])
    bounds = np.zeros((len(DISPLAYS), len(CODES) + 1, 2))
    for row, name in zip(bounds, DISPLAYS, strict=True):
        row[[CODES.index(code) for code in SPEAKS_FOR[name]], 1] = np.inf
        row[-1] = (0, 0) if name == "neutral" else (-np.inf, np.inf)
    target = np.concatenate([votes for _, votes in sets])
    weights = softmax_regression(np.concatenate(features), target, bounds, PENALTY, weight / weight.mean())
    return EvidenceModel(CODES, weights[:, :-1].astype(np.float32), weights[:, -1].astype(np.float32), classes=DISPLAYS)


def balanced(target: Array) -> Array:
    """Weight (N,) of faces with shares (N, C), so that classes count the same however many faces they have.

    >>> balanced(np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0.0]])).round(2).tolist()
    [0.75, 0.75, 1.5]
    """
    share = target.sum(0) / target.sum()
    present = share > 0
    return np.asarray((target[:, present] / share[present]).sum(1) / present.sum())


def softmax_regression(
    features: Array, target: Array, bounds: Array, penalty: float, weight: Array | None = None
) -> Array:
    """Weights (C, F) within bounds (C, F, 2) that minimise mean weighted cross entropy + penalty |weights|^2.

    features (N, F), target (N, C) shares, weight (N,): `balanced` by class unless given.
    """
    weight = balanced(target) if weight is None else weight
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
