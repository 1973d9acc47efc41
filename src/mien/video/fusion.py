"""Several reads of one person as one estimate."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np

from mien.errors import expect
from mien.faces import SCORE_NUMBERS, Age, Attractiveness
from mien.faces.parts import Array

MOST_OWN = 0.5
"""Largest part of the variance of a read's error that counts as its own, see docs/video.md."""


def fuse_ages(reads: Age) -> Age:
    """One age (1,) of the reads (n,) of one person.

    value = sum w v with w ~ 1 / h^2, where h is half a read's interval. Errors of reads of one person have one part in
    common, which more reads do not undo, and one of each read's own, which shows in how much reads differ. With r, the
    variance of the values over that which h tells of a normal error, at most `MOST_OWN`, half the interval is

        sqrt((1 - r) (sum w h)^2 + r sum w^2 h^2)

    so that it shrinks with evidence that is new, and stays as it is where the same view is read again and again.

    >>> reads = Age(np.array([30.0, 36.0]), np.array([20.0, 26.0]), np.array([40.0, 46.0]))
    >>> [round(float(part[0]), 1) for part in (fuse_ages(reads).value, fuse_ages(reads).low, fuse_ages(reads).high)]
    [33.0, 24.3, 41.7]
    """
    n = len(reads.value)
    expect(n > 0, "reads", "at least one", n)
    half = np.maximum(np.asarray(reads.high - reads.value, np.float64), 1e-6)
    weight = half**-2 / (half**-2).sum()
    value = (weight * reads.value).sum(keepdims=True)
    shared = (weight * half).sum()
    scatter = (weight * (reads.value - value) ** 2).sum() / max(1 - (weight**2).sum(), 1e-9)
    told = (shared / NormalDist().inv_cdf((1 + reads.coverage) / 2)) ** 2
    own = min(scatter / told, MOST_OWN)
    fused = np.sqrt((1 - own) * shared**2 + own * (weight**2 * half**2).sum())
    return replace(reads, value=value, low=np.clip(value - fused, 0, None), high=value + fused)


def fuse_attractiveness(reads: Sequence[Attractiveness]) -> Attractiveness:
    """The mean (1,) of reads (1,) of one person in all numbers; the interval, one of a photo, does not shrink."""
    expect(len(reads) > 0, "reads", "at least one", len(reads))
    means: dict[str, Any] = {}
    for name in (*SCORE_NUMBERS, "embedding"):
        values: list[Array | None] = [getattr(read, name) for read in reads]
        means[name] = None if any(v is None for v in values) else np.mean(np.stack(values), 0)  # type: ignore[arg-type]
    return replace(reads[0], **means)
