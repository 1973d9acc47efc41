"""Action Units; a direct three-class read-out stands beside them as a baseline."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from mien.estimates import sigmoid
from mien.facs import CODES
from mien.train import metrics
from mien.train.losses import sigmoid_cross_entropy_loss, softmax_cross_entropy_loss
from mien.train.tasks.base import Arrays, LabelSpace, Outputs, Task


class ExpressionTask(Task):
    """Action Units in 0..1, and shares of votes for positive, neutral, negative.

    label_smoothing: of both cross entropies. direct_weight: of the three-class head's loss.
    """

    name = "expression"
    labels = LabelSpace({"action_units": len(CODES), "emotion": 3}, {"action_units": "multilabel", "emotion": "soft"})
    outputs = {"action_units": len(CODES), "emotion_direct": 3}  # noqa: RUF012
    main = ("auc", "max")

    def __init__(self, label_smoothing: float = 0.0, direct_weight: float = 0.25) -> None:
        self.label_smoothing, self.direct_weight = label_smoothing, direct_weight

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """Sigmoid cross entropy against intensities in 0..1, softmax cross entropy against shares of votes."""
        smooth = self.label_smoothing
        units = sigmoid_cross_entropy_loss(outputs["action_units"], batch["action_units"], smooth)
        direct = softmax_cross_entropy_loss(outputs["emotion_direct"], batch["emotion"], smooth)
        return units + self.direct_weight * direct

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
            found["direct_macro_f1"] = metrics.macro_f1(preds, target, 3, "labeled")
        return found
