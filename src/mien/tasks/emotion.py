"""Displayed emotion read directly, without Action Units: a rival for the studies."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mien.estimates import category_estimate
from mien.geometry import Array
from mien.metrics import winners
from mien.tasks.base import Decoding, Metric, Outputs, Panel, Read, Row, Task
from mien.tasks.calibration import fit_temperature
from mien.tasks.scores import class_errors, class_metrics, class_panels


class Emotion(Task):
    """Positive, neutral or negative, from votes; an attribute, so that it can stand beside what Action Units tell."""

    name = "emotion"
    wanted = (("emotion",), "votes ('happiness', ...)")
    trainer = "mien.train.tasks.emotion:EmotionTask"

    def decode(self, outputs: Outputs, decoding: Decoding) -> dict[str, Any]:
        """The attribute `emotion`."""
        return {"attributes": {"emotion": category_estimate(outputs["emotion"], decoding)}}

    def metrics(self, read: Read) -> dict[str, Metric]:
        """Those of classes."""
        if "emotion" not in read.named or read.faces.attributes is None:
            return {}
        return class_metrics(read.faces.attributes["emotion"], winners(read.named["emotion"]))

    def panels(self, read: Read, rows: Sequence[Row]) -> Iterator[Panel]:
        """Those of classes."""
        if "emotion" in read.named:
            yield from class_panels(read.faces.require("attributes")["emotion"], winners(read.named["emotion"]))

    def errors(self, read: Read) -> tuple[Array, list[str]] | None:
        """One minus the probability of the class that most voted for."""
        if "emotion" not in read.named or read.faces.attributes is None:
            return None
        estimate = read.faces.attributes["emotion"]
        return class_errors(estimate.probability, read.named["emotion"], estimate.classes)

    def calibrate(self, outputs: Outputs, labels: Mapping[str, Array], known: Mapping[str, Any], pool: str) -> Decoding:
        """A temperature."""
        return {"temperature": fit_temperature(outputs["emotion"], winners(labels["emotion"]))}
