"""Action Units; a direct three-class read-out stands beside them as a baseline."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mien import metrics
from mien.datasets.schema import VOTES
from mien.estimates import sigmoid
from mien.expression.emotion import GROUPS
from mien.facs import CODES
from mien.geometry import Array
from mien.train.evidence_fit import fit_evidence
from mien.train.losses import sigmoid_cross_entropy_loss, softmax_cross_entropy_loss
from mien.train.tasks.base import Arrays, LabelSpace, Outputs, Task
from mien.train.tasks.evidence import EvidenceLayer

_UNITS = len(CODES)
_MOST = 5000
"""Faces of a set to which the first weights are fitted."""


class ExpressionTask(Task):
    """Action Units in 0..1, and shares of votes for displays.

    label_smoothing: of all cross entropies. direct_weight: of the loss of the three-class head, which reads the
    embedding. through_evidence: of the loss of eight displays that are read from the Action Units alone, so that votes
    teach the units; held_weight: of the loss that keeps the units of voted faces (`held` of a source) near to those
    of an earlier model.
    """

    name = "expression"
    main = ("auc", "max")

    def __init__(
        self,
        label_smoothing: float = 0.0,
        direct_weight: float = 0.25,
        through_evidence: float = 0.0,
        held_weight: float = 0.25,
    ) -> None:
        self.label_smoothing, self.direct_weight = label_smoothing, direct_weight
        self.through_evidence, self.held_weight = through_evidence, held_weight
        widths = {"action_units": _UNITS, "emotion": 3}
        kinds = {"action_units": "multilabel", "emotion": "soft"}
        if through_evidence:
            widths |= {"votes": len(VOTES), "held_units": _UNITS}
            kinds |= {"votes": "soft", "held_units": "multilabel"}
        self.labels = LabelSpace(widths, kinds)
        self.outputs = {"action_units": _UNITS, "emotion_direct": 3}
        self.evidence = EvidenceLayer() if through_evidence else None

    def parts(self) -> dict[str, nn.Module]:
        """The weights from units to displays."""
        return {"evidence": self.evidence} if self.evidence is not None else {}

    def begin(self, labels: Sequence[Arrays]) -> None:
        """Begin with weights that fit the votes to the units of the earlier model, each set alike.

        From small weights the votes would first drive the units to extremes, to be heard at all.
        """
        sets = [part for dataset in labels if (part := _voted(dataset)) is not None]
        if self.evidence is not None and sets:
            self.evidence.take(fit_evidence(sets))

    def loss(self, outputs: Outputs, batch: Mapping[str, Tensor]) -> Tensor:
        """Sigmoid cross entropy against intensities in 0..1, softmax cross entropies against shares of votes."""
        smooth, units = self.label_smoothing, outputs["action_units"]
        direct = softmax_cross_entropy_loss(outputs["emotion_direct"], batch["emotion"], smooth)
        loss = sigmoid_cross_entropy_loss(units, batch["action_units"], smooth) + self.direct_weight * direct
        if self.evidence is None:
            return loss
        voted = softmax_cross_entropy_loss(self.evidence(units), batch["votes"], smooth)
        held = sigmoid_cross_entropy_loss(units, batch["held_units"])
        return loss + self.through_evidence * voted + self.held_weight * held

    def measure(self, outputs: Arrays, labels: Arrays) -> dict[str, float]:
        """AUC of each AU (present: a label of at least 0.5), their mean; macro-F1 by AUs and of the direct head."""
        results: dict[str, float] = {}
        for k, code in enumerate(CODES):
            known = ~np.isnan(labels["action_units"][:, k])
            present = labels["action_units"][known, k] >= 0.5
            if present.sum() >= 5 and (~present).sum() >= 5:
                results[f"auc_{code}"] = metrics.roc_auc(sigmoid(outputs["action_units"][known, k]), present)
        if results:
            results["auc"] = float(np.mean(list(results.values())))
        voted = ~np.isnan(labels["emotion"]).any(1)
        if voted.any():
            preds, target = outputs["emotion_direct"][voted].argmax(1), labels["emotion"][voted].argmax(1)
            results["direct_macro_f1"] = metrics.macro_f1(preds, target, 3, "labeled")
            if self.evidence is not None:
                by_units = self._three_classes(outputs["action_units"][voted])
                results["macro_f1"] = metrics.macro_f1(by_units, target, 3, "labeled")
        return results

    def _three_classes(self, logits: Array) -> NDArray[np.int64]:
        """Index of positive, neutral or negative (N,) by the evidence of Action Unit logits (N, K)."""
        assert self.evidence is not None
        with torch.no_grad():
            shares = self.evidence(torch.from_numpy(logits).to(self.evidence.bias.device)).softmax(1).cpu().numpy()
        grouped = [shares[:, [VOTES.index(name) for name in group]].sum(1) for group in GROUPS.values()]
        return np.asarray(np.stack(grouped, 1).argmax(1))


def _voted(labels: Arrays) -> tuple[Array, Array] | None:
    """Held units (N, K) and votes (N, 8) of a set's faces that have both; None without any."""
    if not {"votes", "held_units"} <= set(labels):
        return None
    rows = np.flatnonzero(~np.isnan(labels["votes"]).any(1) & ~np.isnan(labels["held_units"]).any(1))
    rows = np.random.default_rng(0).permutation(rows)[:_MOST]
    return (labels["held_units"][rows], labels["votes"][rows]) if len(rows) else None
