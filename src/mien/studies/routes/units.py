"""How well the Action Units themselves are read on rendered faces, whose intensities are known, as the head turns."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from mien.geometry import Array
from mien.metrics import roc_auc
from mien.studies.core.bootstrap import Estimate, estimate, resample
from mien.studies.core.finding import Cell

LEAST = 10
"""Faces with and without a unit that its AUC needs."""


def unit_auc(probability: Array, intensity: Array, person: NDArray[np.int64], rounds: int) -> Estimate:
    """Mean AUC over Action Units from probabilities (N, K), present at intensities (N, K) of at least 0.5.

    Resampled by person (N,); units with fewer than `LEAST` faces with or without them are left out.
    """
    present = intensity >= 0.5
    count = np.minimum(present.sum(0), (~present).sum(0))
    units = np.flatnonzero(count >= LEAST)

    def mean(rows: NDArray[np.int64]) -> float:
        values = [roc_auc(probability[rows, k], present[rows, k]) for k in units]
        return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")

    return estimate(mean, len(person), resample(person, len(person), rounds))


def units_by_yaw(
    probability: Array, intensity: Array, yaw: NDArray[np.int64], person: NDArray[np.int64], rounds: int
) -> dict[int, Estimate]:
    """The mean AUC of each yaw (N,); the same people are drawn for all of them."""
    chosen = {int(angle): yaw == angle for angle in np.unique(yaw)}
    return {a: unit_auc(probability[rows], intensity[rows], person[rows], rounds) for a, rows in chosen.items()}


def unit_rows(aucs: Mapping[int, Estimate]) -> Iterator[tuple[Cell, ...]]:
    """Rows of the study's table."""
    for angle, auc in aucs.items():
        yield f"rendered, yaw {angle}", "mean AUC of the Action Units", auc, "none", "none", "none"


def judge_units(aucs: Mapping[int, Estimate]) -> Iterator[str]:
    """What a head's turn costs the Action Units."""
    for angle, auc in aucs.items():
        if angle:
            lost = aucs[0] - auc
            yield (
                f"Mean AUC of Action Units, yaw 0 to {angle}: {aucs[0].value:.3f} to {auc.value:.3f}, "
                f"{lost.value:.3f} lost ({lost.low:.3f} to {lost.high:.3f})."
            )
