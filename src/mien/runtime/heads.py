"""Heads: networks that read aligned crops. Heads with the same template share one crop."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.emotion import EvidenceModel
from mien.errors import ModelError
from mien.estimates import action_units_estimate, age_estimate, attractiveness_estimate
from mien.faces import Faces
from mien.geometry import Array, CropTemplate
from mien.runtime.models import Model, find_model

HEADS = ("expression", "age", "attractiveness")


class Head:
    """One network with its decoding into columns of `Faces`.

    evidence: weights from Action Units to displayed emotion, instead of those on the card.
    """

    def __init__(self, model: str | Path, threads: int | None = None, evidence: EvidenceModel | None = None) -> None:
        self.model = Model(find_model(model), threads)
        rows = self.model.card.decoding.get("evidence")
        self.evidence = evidence or (EvidenceModel.from_dict(rows) if rows else None)
        if self.model.card.task not in HEADS:
            raise ModelError(
                f"The card of {str(model)!r} must have a task of {', '.join(HEADS)}. Got {self.model.card.task!r}."
            )

    @property
    def template(self) -> CropTemplate:
        """The aligned crop that this head reads."""
        return self.model.card.template

    def __call__(self, faces: Faces, crops: NDArray[np.uint8]) -> Faces:
        """The faces (N) with this head's columns, read from their aligned crops (N, S, S, 3)."""
        return self.decode(faces, self.model(crops))

    def decode(self, faces: Faces, outputs: dict[str, Array]) -> Faces:
        """The faces (N) with this head's columns, from the outputs (N, width) of its network."""
        card = self.model.card
        if card.task == "age":
            return replace(faces, age=age_estimate(outputs["age"], card.decoding))
        if card.task == "attractiveness":
            return replace(faces, attractiveness=attractiveness_estimate(outputs["score"], card.decoding))
        units = action_units_estimate(outputs["action_units"], card.decoding)
        return replace(faces, action_units=units, emotion=self.evidence(units) if self.evidence else None)
