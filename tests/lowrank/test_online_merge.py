"""Batches that several machines sum: exactly as by one machine, and refused where that is not so."""

import copy

import numpy as np
import pytest

from mien.errors import InputError
from mien.lowrank.online import OnlinePursuit


def rows(rng: np.random.Generator, count: int, basis: np.ndarray) -> np.ndarray:
    clean = rng.normal(size=(count, len(basis))) @ basis
    return np.where(rng.random(clean.shape) < 0.05, 10, clean)


def test_parts_of_a_batch_merge_exactly() -> None:
    rng = np.random.default_rng(0)
    basis = rng.normal(size=(3, 40))
    first, batch = rows(rng, 60, basis), rows(rng, 90, basis)
    batch[0, 3] = np.nan
    alone = OnlinePursuit(rank=3, forget=0.9).partial_fit(first)
    together = copy.deepcopy(alone)
    alone.partial_fit(batch)
    together.merge([copy.deepcopy(together).sums(part) for part in np.split(batch, [20, 50])])
    assert together.rows_seen_ == alone.rows_seen_ == 150
    np.testing.assert_allclose(together.components_, alone.components_, atol=1e-12)
    np.testing.assert_allclose(together.split(batch)[1], alone.split(batch)[1], atol=1e-10)


def test_streams_that_went_on_by_themselves_are_refused() -> None:
    rng = np.random.default_rng(1)
    basis = rng.normal(size=(2, 20))
    stream, other = (OnlinePursuit(rank=2).partial_fit(rows(rng, 30, basis)) for _ in range(2))
    later = other.partial_fit(rows(rng, 30, basis)).sums(rows(rng, 30, basis))
    with pytest.raises(InputError, match=r"'parts' must be sums at the basis after 30 rows. Got 60 rows"):
        stream.merge([later])
