"""68 landmarks and head pose."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from mien.estimates import POSE_UNIT
from mien.train import metrics
from mien.train.losses import smooth_l1_loss
from mien.train.tasks.base import Arrays, LabelSpace, Outputs, Task


class LandmarksTask(Task):
    """68 landmarks and pose; pictures are not mixed, for half a face has no landmarks."""

    name = "landmarks"
    labels = LabelSpace({"landmarks": 136, "pose": 3}, {"landmarks": "keep", "pose": "keep"})
    outputs = {"landmarks": 136, "pose": 3}  # noqa: RUF012
    spatial = True
    main = ("error", "min")

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
        if not known.any():
            return {}
        target = labels["landmarks"][known].reshape(-1, 68, 2)
        error = metrics.landmark_error(outputs["landmarks"][known].reshape(-1, 68, 2), target)
        away = np.abs(outputs["pose"][known] * POSE_UNIT - labels["pose"][known])
        found = {"error": float(error.mean()), "error_median": float(np.median(error))}
        for name, values in zip(("yaw", "pitch", "roll"), away.T, strict=True):
            if not np.isnan(values).all():
                found[name] = float(np.nanmean(values))
        return found
