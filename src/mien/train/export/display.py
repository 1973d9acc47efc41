"""What votes for displays teach after training: evidence weights, and a direct read-out as their rival."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mien.datasets.crop import Crop
from mien.geometry import Array
from mien.train.data.dataset import FaceDataset, FaceSet
from mien.train.evidence_fit import softmax_regression
from mien.train.model import FaceModel, normalise


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
