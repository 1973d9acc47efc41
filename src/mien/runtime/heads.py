"""Heads: networks that read aligned crops. Heads with the same template share one crop."""

from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mien.errors import InputError, ModelError, expect
from mien.expression.emotion import EvidenceModel
from mien.faces import Attributes, Faces
from mien.geometry import Array, CropTemplate
from mien.runtime.models import Card, Model, find_model, is_embedded
from mien.tasks import decode, decoding_of, list_tasks, split_tasks, tasks_of

HEADS = ("expression", "age", "attractiveness")
OPEN_HEADS = {"expression": "expression-open"}
"""Models under terms that let anyone use them for anything, by the name of the head that they stand in for."""
_ONE_FACE = Faces(np.zeros((1, 4), np.float32), np.ones(1, np.float32), np.zeros((1, 5, 2), np.float32))


def expression_decoding(card: Card) -> dict[str, Any]:
    """Decoding of Action Units on a card, also where the model has other tasks beside them."""
    if "expression" not in split_tasks(card.task):
        return {}
    return decoding_of(card.task, "expression", card.decoding)


def choose_heads(heads: Iterable[str | Path] | None, terms: str) -> list[str | Path]:
    """The models that run: those that were asked for, or all.

    terms: 'any', or 'open' for models that anyone may use for anything; a path to a model of one's own always may.
    Raises InputError for other terms, and for an embedded model that is not under open ones.

    >>> choose_heads(None, "any"), choose_heads(None, "open")
    (['expression', 'age', 'attractiveness'], ['expression-open'])
    """
    expect(terms in ("any", "open"), "terms", "'any' or 'open'", terms)
    if terms == "any":
        return list(HEADS if heads is None else heads)
    chosen = [OPEN_HEADS.get(str(head), head) for head in (OPEN_HEADS if heads is None else heads)]
    for head in chosen:
        if Path(head).suffix != ".onnx" and head not in OPEN_HEADS.values():
            raise InputError(
                f"'heads' must be of {', '.join(OPEN_HEADS)} under open terms, or .onnx files of yours. Got {head!r}, "
                "which is for non-commercial research: leave it out, or ask for terms='any'."
            )
    return chosen


class Head:
    """One network with its decoding into columns of `Faces`.

    evidence: weights from Action Units to displayed emotion, instead of those on the card.
    """

    def __init__(
        self,
        model: str | Path,
        threads: int | None = None,
        evidence: EvidenceModel | None = None,
        device: str = "cpu",
    ) -> None:
        path = find_model(model)
        self.model = Model(path, threads, device)
        rows = expression_decoding(self.model.card).get("evidence")
        self.evidence = evidence or (EvidenceModel.from_dict(rows) if rows else None)
        self._check_task(model)
        if not is_embedded(path):
            self._check_fit(path)

    def _check_task(self, model: str | Path) -> None:
        """Raise ModelError for a card whose task is not known, or reads no aligned crop."""
        joined = self.model.card.task
        try:
            aligned = all(task.aligned for task in tasks_of(joined))
        except InputError:
            aligned = False
        if not aligned:
            expected = ", ".join(name for name in list_tasks() if name != "landmarks")
            raise ModelError(
                f"The card of {str(model)!r} must have a task of {expected}, several joined by '+'. Got {joined!r}."
            )

    def _check_fit(self, path: Path) -> None:
        """Raise ModelError where network and card do not go together: tested on a gray crop, not by the first face."""
        size = self.model.card.size
        message = f"The network {str(path)!r} must fit its card. On a gray crop of {size} pixels"
        try:
            outputs = self.model(np.full((1, size, size, 3), 128, np.uint8))
            finite = all(np.isfinite(value).all() for value in outputs.values())
            self.decode(_ONE_FACE, outputs).face(0).to_dict()
        except Exception as error:  # whatever a foreign network or decoding raises
            raise ModelError(f"{message} it fails: {type(error).__name__}: {error}") from error
        if not finite:
            raise ModelError(f"{message} it gives NaN or infinity.")

    @property
    def template(self) -> CropTemplate:
        """The aligned crop that this head reads."""
        return self.model.card.template

    def with_evidence(self, evidence: EvidenceModel | None) -> Self:
        """This head, network shared, with other weights from Action Units to displayed emotion; None: as it is."""
        other = copy(self)
        other.evidence = evidence or self.evidence
        return other

    def __call__(self, faces: Faces, crops: NDArray[np.uint8]) -> Faces:
        """The faces (N) with this head's columns, read from their aligned crops (N, S, S, 3)."""
        return self.decode(faces, self.model(crops))

    def decode(self, faces: Faces, outputs: dict[str, Array]) -> Faces:
        """The faces (N) with this head's columns, from the outputs (N, width) of its network."""
        card = self.model.card
        columns = decode(card.task, outputs, card.decoding)
        if "action_units" in columns and self.evidence:
            columns["emotion"] = self.evidence(columns["action_units"])
        if "attributes" in columns and faces.attributes is not None:
            columns["attributes"] = Attributes({**faces.attributes.named, **columns["attributes"].named})
        return replace(faces, **columns)
