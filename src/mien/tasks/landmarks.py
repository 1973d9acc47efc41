"""68 landmarks, head pose, and whether there is a face."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mien import metrics
from mien.geometry import Array
from mien.tasks.base import Decoding, Metric, Outputs, Panel, Read, Row, Task
from mien.tasks.calibration import presence_decoding
from mien.tasks.scores import cumulative, error_by, mean_of

_NME = "error / outer eye distance"
_FRONTAL = 60
"""Degrees of yaw up to which pose is measured: labels beyond are unreliable."""


class Landmarks(Task):
    """Landmarks in Multi-PIE order and pose in degrees; read from the detector's crop by `mien.runtime.landmarks`."""

    name = "landmarks"
    wanted = (("landmarks",), "'landmarks', 'yaw', 'pitch' and 'roll'")
    trainer = "mien.train.tasks.landmarks:LandmarksTask"
    aligned = False

    def decode(self, outputs: Outputs, decoding: Decoding) -> dict[str, Any]:
        """Nothing: points are decoded with the crop that they lie in."""
        return {}

    def metrics(self, read: Read) -> dict[str, Metric]:
        """Normalized mean error and errors of pose."""
        if "landmarks" not in read.named:
            return {}
        target = read.named["landmarks"]
        known = np.asarray(~np.isnan(target).any((1, 2)))
        error = metrics.landmark_error(read.faces.require("landmarks_68"), np.nan_to_num(target))
        measured = {
            _NME: Metric(mean_of(error), known),
            f"median {_NME}": Metric(lambda i: float(np.median(error[i])), known),
        }
        within = known & (np.abs(read.named["pose"][:, 0]) <= _FRONTAL)
        for k, name in enumerate(("yaw", "pitch", "roll")):
            away = np.abs(getattr(read.faces.require("pose"), name) - read.named["pose"][:, k])
            measured[f"{name} error, degrees"] = Metric(mean_of(away), within)
        return measured

    def panels(self, read: Read, rows: Sequence[Row]) -> Iterator[Panel]:
        """Cumulative error, error by yaw, yaw against its label."""
        if "landmarks" not in read.named:
            return
        target, pose = read.named["landmarks"], read.named["pose"]
        known = ~np.isnan(target).any((1, 2))
        error = metrics.landmark_error(read.faces.require("landmarks_68")[known], target[known])
        end = max(float(np.quantile(error, 0.98)), 0.02)
        yield cumulative(error, "Cumulative error of 68 landmarks", (_NME, "share of faces"), end)
        yaw, edges = pose[known, 0], np.arange(-90, 91, 15)
        yield error_by(yaw, error, edges, "Landmarks by yaw", ("true yaw, degrees", _NME), signed=False)
        preds = read.faces.require("pose").yaw[known]
        labels = ("true yaw, degrees", "predicted yaw, degrees")
        yield Panel("scatter", {"truth": yaw, "value": preds, "title": "Yaw", "labels": labels})
        yield error_by(yaw, preds - yaw, edges, "Error of yaw", (labels[0], "error, degrees"))

    def errors(self, read: Read) -> tuple[Array, list[str]] | None:
        """Normalized mean error of each face."""
        if "landmarks" not in read.named or read.faces.landmarks_68 is None:
            return None
        away = metrics.landmark_error(read.faces.landmarks_68, read.named["landmarks"])
        return away, [f"error {e:.1%} of the eye distance" for e in away]

    def calibrate(self, outputs: Outputs, labels: Mapping[str, Array], known: Mapping[str, Any], pool: str) -> Decoding:
        """Platt scaling and threshold of presence, where the network tells it."""
        if "presence" not in outputs:
            return {}
        return presence_decoding(outputs["presence"][:, 0], labels["presence"][:, 0] >= 0.5)
