"""Tasks: label space, heads, loss and measures. Whatever else a run has is the same for all tasks."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from mien.errors import InputError
from mien.estimates import AGE_CENTER, AGE_UNIT, POSE_UNIT, age_value, sigmoid
from mien.facs import CODES
from mien.geometry import Array
from mien.train import metrics
from mien.train.losses.classification import sigmoid_cross_entropy_loss, softmax_cross_entropy_loss
from mien.train.losses.ranking import ranknet_loss
from mien.train.losses.regression import interval_laplace_loss, smooth_l1_loss

Outputs = Mapping[str, Tensor]
Arrays = Mapping[str, Array]


class Task(ABC):
    """What a network is asked.

    targets: label names with widths. outputs: head names with widths. spatial: heads see the feature map
    place by place instead of its mean.
    """

    name: str
    targets: dict[str, int]
    outputs: dict[str, int]
    spatial: bool = False

    @abstractmethod
    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """Scalar loss of a batch."""

    @abstractmethod
    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """Measures on a whole set; what has no labels is left out."""


class LandmarksTask(Task):
    """68 landmarks and pose."""

    name = "landmarks"
    targets = {"landmarks": 136, "pose": 3}  # noqa: RUF012
    outputs = {"landmarks": 136, "pose": 3}  # noqa: RUF012
    spatial = True

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """Smooth L1 on points (parts of the outer eye distance) and on pose."""
        target = batch["landmarks"].nan_to_num().view(-1, 68, 2)
        eyes = (target[:, 36] - target[:, 45]).norm(dim=-1).clamp(min=0.15)[:, None]
        points = smooth_l1_loss(outputs["landmarks"] / eyes, batch["landmarks"] / eyes, beta=0.02)
        pose = smooth_l1_loss(outputs["pose"], batch["pose"] / POSE_UNIT, beta=0.1)
        return 20 * points + pose

    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """Mean error over the outer eye distance; mean absolute pose error in degrees."""
        known = ~np.isnan(labels["landmarks"]).any(1)
        target = labels["landmarks"][known].reshape(-1, 68, 2)
        error = metrics.landmark_error(outputs["landmarks"][known].reshape(-1, 68, 2), target)
        pose = np.abs(outputs["pose"][known] * POSE_UNIT - labels["pose"][known]).mean(0)
        named = dict(zip(("yaw", "pitch", "roll"), (float(value) for value in pose), strict=True))
        return {"error": float(error.mean()), "error_median": float(np.median(error)), **named}


class AgeTask(Task):
    """Apparent age: its value and the scale of its error."""

    name = "age"
    targets = {"age": 2}  # noqa: RUF012
    outputs = {"age": 2}  # noqa: RUF012

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """Laplace likelihood; an age group is an interval, in which every age is right."""
        value = AGE_CENTER + AGE_UNIT * outputs["age"][:, 0]
        return interval_laplace_loss(value, outputs["age"][:, 1].clamp(-3, 4), batch["age"])

    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """MAE, CS@5, bias and correlation on exact ages; the distance to the group on age groups."""
        value, _ = age_value(outputs["age"])
        low, high = labels["age"].T
        exact = low == high
        if not exact.any():
            return {"interval_mae": float(np.nanmean(metrics.interval_error(value, labels["age"])))}
        value, low = value[exact], low[exact]
        return {
            "mae": metrics.mean_absolute_error(value, low),
            "cs5": metrics.cumulative_score(value, low),
            "bias": float((value - low).mean()),
            "r": metrics.pearson(value, low),
        }


class ExpressionTask(Task):
    """Action Units; a direct three-class head stands beside them as a baseline and does not train the body."""

    name = "expression"
    targets = {"action_units": len(CODES), "emotion": 3}  # noqa: RUF012
    outputs = {"action_units": len(CODES), "emotion_direct": 3}  # noqa: RUF012

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """Sigmoid cross entropy against intensities in 0..1, softmax cross entropy against shares of votes."""
        units = sigmoid_cross_entropy_loss(outputs["action_units"], batch["action_units"])
        direct = softmax_cross_entropy_loss(outputs["emotion_direct"], batch["emotion"])
        return units + 0.25 * direct

    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """AUC of each unit (present: label of at least 0.5) and their mean; macro-F1 of the direct head."""
        found: dict[str, float] = {}
        for k, code in enumerate(CODES):
            known = ~np.isnan(labels["action_units"][:, k])
            present = labels["action_units"][known, k] >= 0.5
            if present.sum() >= 5 and (~present).sum() >= 5:
                found[f"auc_{code}"] = metrics.roc_auc(sigmoid(outputs["action_units"][known, k]), present)
        if found:
            found["auc"] = float(np.mean(list(found.values())))
        voted = ~np.isnan(labels["emotion"]).any(1)
        if voted.any():
            preds, target = outputs["emotion_direct"][voted].argmax(1), labels["emotion"][voted].argmax(1)
            found["direct_macro_f1"] = metrics.macro_f1(preds, target, 3)
        return found


class AttractivenessTask(Task):
    """Mean rating of a pool, learned by comparing the faces of a batch within one set and sex."""

    name = "attractiveness"
    targets = {"rating": 1, "comparison_group": 1}  # noqa: RUF012
    outputs = {"score": 1}  # noqa: RUF012

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """RankNet over all pairs of a group, each weighted by the gap of its ratings."""
        score = outputs["score"][:, 0]
        pairs = ranknet_loss(score, batch["rating"][:, 0], batch["comparison_group"][:, 0])
        # Comparisons fix the order and not the origin; a light pull keeps scores around zero.
        return pairs + 1e-3 * score.square().mean()

    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """Linear and rank correlation with the mean ratings."""
        known = ~np.isnan(labels["rating"][:, 0])
        score, rating = outputs["score"][known, 0], labels["rating"][known, 0]
        return {"plcc": metrics.pearson(score, rating), "srcc": metrics.spearman(score, rating)}


TASKS: dict[str, type[Task]] = {
    task.name: task for task in (LandmarksTask, AgeTask, ExpressionTask, AttractivenessTask)
}


def create_task(name: str, **options: Any) -> Task:
    """A task by name. Raises InputError for one that does not exist."""
    if name not in TASKS:
        raise InputError(f"'task' must be one of {', '.join(TASKS)}. Got {name!r}.")
    return TASKS[name](**options)
