"""68 landmarks, head pose, and whether there is a face at all."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from mien import metrics
from mien.estimates import POSE_UNIT
from mien.train.losses import sigmoid_cross_entropy_loss, smooth_l1_loss
from mien.train.tasks.base import Arrays, LabelSpace, Outputs, Task


class LandmarksTask(Task):
    """68 landmarks and pose; images are not mixed, for half a face has no landmarks.

    presence: weight of the loss that tells faces from what only looks like one; 0 leaves the output out.
    """

    name = "landmarks"
    spatial = True
    main = ("error", "min")

    def __init__(self, presence: float = 0.0) -> None:
        self.presence = presence
        self.outputs = {"landmarks": 136, "pose": 3, **({"presence": 1} if presence else {})}
        self.labels = LabelSpace(dict(self.outputs), dict.fromkeys(self.outputs, "keep"))

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """Smooth L1 on points (parts of the outer eye distance) and on pose; sigmoid cross entropy on presence."""
        target = batch["landmarks"].nan_to_num().view(-1, 68, 2)
        eyes = (target[:, 36] - target[:, 45]).norm(dim=-1).clamp(min=0.15)[:, None]
        points = smooth_l1_loss(outputs["landmarks"] / eyes, batch["landmarks"] / eyes, beta=0.02)
        pose = smooth_l1_loss(outputs["pose"], batch["pose"] / POSE_UNIT, beta=0.1)
        if not self.presence:
            return 20 * points + pose
        return 20 * points + pose + self.presence * sigmoid_cross_entropy_loss(outputs["presence"], batch["presence"])

    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """NME (inter-ocular); mean absolute pose error in degrees."""
        known = ~np.isnan(labels["landmarks"]).any(1)
        if not known.any():
            return {}
        target = labels["landmarks"][known].reshape(-1, 68, 2)
        error = metrics.landmark_error(outputs["landmarks"][known].reshape(-1, 68, 2), target)
        away = np.abs(outputs["pose"][known] * POSE_UNIT - labels["pose"][known])
        results = {"error": float(error.mean()), "error_median": float(np.median(error))}
        for name, values in zip(("yaw", "pitch", "roll"), away.T, strict=True):
            if not np.isnan(values).all():
                results[name] = float(np.nanmean(values))
        if self.presence:
            results["presence_auc"] = metrics.roc_auc(outputs["presence"][:, 0], labels["presence"][:, 0] >= 0.5)
        return results
