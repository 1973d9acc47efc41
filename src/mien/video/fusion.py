"""Several reads of one person as one estimate."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mien.errors import expect
from mien.faces import SCORE_NUMBERS, Age, Attractiveness
from mien.faces.parts import Array

AGE_CORRELATION = 0.8
"""Correlation of the errors of two reads of one person in one clip, see docs/video.md: more reads do not undo it."""


def fuse_ages(reads: Age, correlation: float = AGE_CORRELATION) -> Age:
    """One age (1,) of the reads (n,) of one person.

    value = sum w v with w ~ 1 / h^2, where h is half a read's interval; half the interval of the fused value is
    sqrt(c (sum w h)^2 + (1 - c) sum w^2 h^2): errors of reads of one person are correlated by c, so that the interval
    shrinks with evidence, and never below sqrt(c) of that of a read. Coverage: that of the reads where c is not too
    small.

    >>> reads = Age(np.array([30.0, 33.0]), np.array([20.0, 27.0]), np.array([40.0, 39.0]))
    >>> fused = fuse_ages(reads)
    >>> [round(float(part[0]), 1) for part in (fused.value, fused.low, fused.high)]
    [32.2, 25.6, 38.8]
    """
    expect(len(reads.value) > 0, "reads", "at least one", len(reads.value))
    expect(0 <= correlation <= 1, "correlation", "between 0 and 1", correlation)
    half = np.maximum(np.asarray(reads.high - reads.value, np.float64), 1e-6)
    weight = half**-2 / (half**-2).sum()
    value = (weight * reads.value).sum(keepdims=True)
    both = correlation * (weight * half).sum() ** 2 + (1 - correlation) * (weight**2 * half**2).sum()
    return replace(reads, value=value, low=np.clip(value - np.sqrt(both), 0, None), high=value + np.sqrt(both))


def fuse_attractiveness(reads: Sequence[Attractiveness]) -> Attractiveness:
    """The mean (1,) of reads (1,) of one person in all numbers; the interval, one of a photo, does not shrink."""
    expect(len(reads) > 0, "reads", "at least one", len(reads))
    means: dict[str, Any] = {}
    for name in (*SCORE_NUMBERS, "embedding"):
        values: list[Array | None] = [getattr(read, name) for read in reads]
        means[name] = None if any(v is None for v in values) else np.mean(np.stack(values), 0)  # type: ignore[arg-type]
    return replace(reads[0], **means)
