"""Probabilities and thresholds of Action Units from coded faces: what half means on real faces."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from mien.estimates import sigmoid
from mien.facs import CODES
from mien.geometry import Array
from mien.tasks.calibration import fit_platt

MIN_FACES = 10
"""Coded faces with and without a unit, below which its constants stay those of the validation faces."""
_GRID = 200


def coded_decoding(
    logits: Array, target: Array, fold: NDArray[Any], decoding: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The decoding with slope, bias and threshold of each unit from coded faces, and how well they hold.

    logits, target (N, K), a label of at least 0.5 counts as present; fold (N,) of each face, people apart. The
    threshold is the probability with the best F1; it is shrunk halfway to 0.5, as it rests on few faces. The report
    has F1 and ECE by unit on folds whose constants were fitted on the others.
    """
    fitted = {**decoding, "threshold": [0.5] * len(CODES)}
    fitted |= {name: list(decoding[name]) for name in ("slope", "bias")}
    scores: dict[str, dict[str, float]] = {}
    for k, code in enumerate(CODES):
        known = ~np.isnan(target[:, k])
        z, present, part = logits[known, k], target[known, k] >= 0.5, fold[known]
        if min(present.sum(), (~present).sum()) < MIN_FACES:
            continue
        fitted["slope"][k], fitted["bias"][k], fitted["threshold"][k] = _constants(z, present)
        scores[code] = _cross_validated(z, present, part)
    return fitted, {"faces": len(target), "folds": len(np.unique(fold)), "units": scores, **_means(scores)}


def _constants(z: Array, present: NDArray[np.bool_]) -> tuple[float, float, float]:
    slope, bias = fit_platt(z, present)
    probability = sigmoid(slope * z + bias)
    grid = np.quantile(probability, np.linspace(0, 1, _GRID))
    best = max(grid, key=lambda threshold: metrics.f1(probability >= threshold, present))
    return slope, bias, float(np.clip((best + 0.5) / 2, 0.2, 0.6))


def _cross_validated(z: Array, present: NDArray[np.bool_], fold: NDArray[Any]) -> dict[str, float]:
    probability, active = np.zeros(len(z)), np.zeros(len(z), bool)
    for held in np.unique(fold):
        inside = fold == held
        slope, bias, threshold = _constants(z[~inside], present[~inside])
        probability[inside] = sigmoid(slope * z[inside] + bias)
        active[inside] = probability[inside] >= threshold
    error = metrics.expected_calibration_error(np.asarray(probability, np.float32), present)
    return {"F1": metrics.f1(active, present), "ECE": error, "present": int(present.sum())}


def _means(scores: dict[str, dict[str, float]]) -> dict[str, float]:
    """Over the units; nothing where no unit has enough faces."""
    names = ("F1", "ECE") if scores else ()
    return {f"mean {name}": float(np.mean([score[name] for score in scores.values()])) for name in names}
