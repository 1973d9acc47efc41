"""Displayed emotion read directly, without Action Units: the rival of the expression task."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from mien import metrics
from mien.faces import EMOTIONS
from mien.train.losses import softmax_cross_entropy_loss
from mien.train.tasks.base import Arrays, LabelSpace, Outputs, Task


class EmotionTask(Task):
    """Shares of votes for positive, neutral, negative (`mien.faces.EMOTIONS`), by one softmax.

    label_smoothing: of the cross entropy. A face counts as the class that most voted for.
    """

    name = "emotion"
    labels = LabelSpace({"emotion": len(EMOTIONS)}, {"emotion": "soft"})
    outputs = {"emotion": len(EMOTIONS)}  # noqa: RUF012
    main = ("macro_f1", "max")

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = label_smoothing

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """Softmax cross entropy against shares of votes."""
        return softmax_cross_entropy_loss(outputs["emotion"], batch["emotion"], self.label_smoothing)

    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """Accuracy, macro-F1."""
        voted = ~np.isnan(labels["emotion"]).any(1)
        if not voted.any():
            return {}
        preds, target = outputs["emotion"][voted].argmax(1), labels["emotion"][voted].argmax(1)
        f1 = metrics.macro_f1(preds, target, len(EMOTIONS), "labeled")
        return {"accuracy": float((preds == target).mean()), "macro_f1": f1}

    def decoding(self) -> dict[str, Any]:
        """The classes."""
        return {"classes": list(EMOTIONS), "temperature": 1.0}
