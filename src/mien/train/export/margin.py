"""How much wider an age interval must be for faces from a set that no stage has seen: what leaving sets out tells."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.estimates import age_value
from mien.geometry import Array
from mien.tasks.calibration import BAND_EDGES, COVERAGE, MIN_BAND, band_quantiles, conformal_quantile


def margin_decoding(
    output: Array, target: Array, source: Array, names: Sequence[str], head: str = "laplace"
) -> dict[str, Any]:
    """The factor `margin` of a card's intervals, and `left_out`: the factor that each set by itself would need.

    Each labeled set in turn stands for an unknown one: the quantiles of `age_decoding` are fitted to the other sets,
    and its own ratios |error| / (q b) say how far they reach. The margin is the smallest factor, at least 1, that
    covers the left-out faces on average over the sets, each of which counts alike: a face of a new set, drawn as these
    were, is covered as often. Not the largest factor: that would promise the coverage for every set to come, which no
    few sets can, at the price of width. The sets took part in training, so that a very different one may need more.
    output (N, width), target (N, 2) and source (N,), the number of the set in `names`; exact ages count, in sets with
    at least `MIN_BAND` of them. Empty for fewer than two such sets: nothing is known of unknown ones then.
    Dunn, Wasserman & Ramdas, "Distribution-free prediction sets for two-layer hierarchical models", JASA 2022.
    """
    exact = target[:, 0] == target[:, 1]
    value, scale = age_value(output[exact], head)
    ratio = np.abs(value - target[exact, 0]) / scale
    band = np.searchsorted(np.asarray(BAND_EDGES), value, side="right")
    sets = source.reshape(-1)[exact]
    numbers = [
        int(number) for number, count in zip(*np.unique(sets, return_counts=True), strict=True) if count >= MIN_BAND
    ]
    if len(numbers) < 2:
        return {}
    left_out = {names[number]: _left_out(ratio, band, sets, number) for number in numbers}
    factors = {name: round(conformal_quantile(part, COVERAGE), 4) for name, part in left_out.items()}
    return {"margin": round(max(1.0, even_quantile(list(left_out.values()), COVERAGE)), 4), "left_out": factors}


def _left_out(ratio: Array, band: NDArray[np.int64], sets: Array, number: int) -> Array:
    """|error| / (q b) of the faces of a set, q from all others."""
    members = sets == number
    quantiles = np.asarray(band_quantiles(ratio[~members], sets[~members], band[~members]))
    return np.asarray(ratio[members] / quantiles[band[members]])


def even_quantile(parts: Sequence[Array], coverage: float) -> float:
    """Smallest score that in the mean over parts, n scores each, count / (n + 1) >= coverage do not exceed.

    The largest of all scores where there are too few.

    >>> even_quantile([np.arange(1.0, 10.0), np.arange(1.0, 100.0) / 10], 0.8)
    8.0
    """
    scores = np.concatenate(parts)
    shares = np.concatenate([np.full(len(part), 1 / (len(parts) * (len(part) + 1))) for part in parts])
    order = np.argsort(scores, kind="stable")
    enough = np.cumsum(shares[order]) >= coverage - 1e-9
    return float(scores[order][int(enough.argmax()) if enough.any() else -1])
