"""Which faces a batch is made of: rare labels as often as common ones, or pairs that can be compared.

The draws of an epoch depend on seed and epoch (`set_epoch`) alone; without a seed it is drawn from torch's generator,
so that a run whose random state is restored draws what an unbroken one draws.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Sampler

from mien.errors import InputError, expect
from mien.geometry import Array

Balance = Literal["classes", "sqrt"]
_MOST_CLASSES = 20


def label_bins(values: Array, width: float | None = None) -> NDArray[np.int64]:
    """Number (N,) of the bin of each label, -1 where it is missing.

    values (N,), (N, 1), interval ends (N, 2), which count by their middle, or shares (N, K), by the largest one.
    width: of a bin; if not given, up to 20 different whole numbers are classes, anything else is cut into 20.

    >>> label_bins(np.array([0, 2, np.nan, 2.0])).tolist(), label_bins(np.array([3, 14.0]), 10).tolist()
    ([0, 2, -1, 2], [0, 1])
    """
    flat = np.asarray(values, np.float64).reshape(len(values), -1)
    known = ~np.isnan(flat).any(1)
    number = np.full(len(flat), np.nan)
    number[known] = flat[known].argmax(1) if flat.shape[1] > 2 else flat[known].mean(1)
    if width is None:
        distinct = np.unique(number[known])
        whole = len(distinct) <= _MOST_CLASSES and bool((distinct == distinct.round()).all())
        width = 1.0 if whole or len(distinct) < 2 else float(distinct[-1] - distinct[0]) / _MOST_CLASSES
    low = np.floor(np.nanmin(number) / width) if known.any() else 0.0
    return np.where(known, np.floor(np.nan_to_num(number) / width) - min(low, 0.0), -1).astype(np.int64)


def label_weights(values: Array, how: Balance = "sqrt", width: float | None = None) -> Array:
    """Weight (N,) of each row, 1 on average: 1 / n ('classes') or 1 / sqrt(n) ('sqrt') for n rows in its bin.

    Rows without a label are a bin of their own. values, width: as in `label_bins`.

    >>> label_weights(np.array([0, 0, 0, 1.0]), "classes").round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    """
    expect(how in ("classes", "sqrt"), "how", "'classes' or 'sqrt'", how)
    _, index, count = np.unique(label_bins(values, width), return_inverse=True, return_counts=True)
    weight = 1 / count[index] ** (1.0 if how == "classes" else 0.5)
    return np.asarray(weight / weight.mean() if len(weight) else weight)


class _Seeded(Sampler[int]):
    """Draws that depend on seed and epoch."""

    def __init__(self, seed: int | None) -> None:
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self.epoch = epoch

    def _rng(self) -> np.random.Generator:
        if self.seed is None:
            return np.random.default_rng(int(torch.randint(2**62, ())))
        return np.random.default_rng((self.seed, self.epoch))


class WeightedSampler(_Seeded):
    """`count` rows an epoch, drawn with replacement by weight (N,)."""

    def __init__(self, weights: Array, count: int, seed: int | None = None) -> None:
        super().__init__(seed)
        self.weights, self.count = np.asarray(weights, np.float64), count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        share = self.weights / self.weights.sum()
        return iter(self._rng().choice(len(share), self.count, p=share).tolist())


class BalancedSampler(_Seeded):
    """`count` rows an epoch (as many as there are if not given), the same number of every bin, in random order.

    Rows of small bins come again, after all others of their bin. Rows without a label are left out. Raises InputError
    where no row has a label. values, width: as in `label_bins`.
    """

    def __init__(
        self, values: Array, count: int | None = None, width: float | None = None, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        bins = label_bins(values, width)
        self.rows = [np.flatnonzero(bins == number) for number in np.unique(bins[bins >= 0])]
        if not self.rows:
            raise InputError(f"'values' must hold at least one label. Got {len(values)} rows without any.")
        self.count = count or len(values)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        rng = self._rng()
        share = -(-self.count // len(self.rows))
        rounds = [[rng.permutation(rows) for _ in range(-(-share // len(rows)))] for rows in self.rows]
        drawn = np.stack([np.concatenate(parts)[:share] for parts in rounds], 1)
        # Every run of as many rows as there are bins holds each bin once, so that the last, cut one is fair too.
        return iter(rng.permuted(drawn, axis=1).ravel()[: self.count].tolist())


class PairSampler(_Seeded):
    """Batches of pairs: rows 2i and 2i + 1 of a batch are of one group, and the first has the higher label.

    values (N,), group (N,), NaN where unknown: such rows are left out. gap: how far the labels of a pair lie apart at
    least. All pairs of a batch are of one group, so that every two rows of it may be compared. In an epoch every row
    that has a partner is drawn once, with a random partner. Raises InputError where no two rows make a pair.
    """

    def __init__(self, values: Array, group: Array, batch_size: int, gap: float = 0.0, seed: int | None = None) -> None:
        super().__init__(seed)
        expect(batch_size >= 2 and batch_size % 2 == 0, "batch_size", "an even number of at least 2", batch_size)
        expect(gap >= 0, "gap", "at least 0", gap)
        self.values: NDArray[np.float64] = np.asarray(values, np.float64).reshape(-1)
        self.pairs, self.gap = batch_size // 2, gap
        numbers = np.asarray(group, np.float64).reshape(-1)
        known = ~np.isnan(self.values) & ~np.isnan(numbers)
        members = [np.flatnonzero(known & (numbers == number)) for number in np.unique(numbers[known])]
        ranked = [rows[np.argsort(self.values[rows], kind="stable")] for rows in members]
        self.groups = [(rows, first) for rows in ranked if len(first := self._comparable(rows))]
        if not self.groups:
            raise InputError(f"'values' must hold two rows of one group whose labels differ by {gap:g}. Got none.")

    def __len__(self) -> int:
        return sum(-(-len(first) // self.pairs) for _, first in self.groups)

    def __iter__(self) -> Iterator[list[int]]:  # type: ignore[override]
        rng = self._rng()
        batches = []
        for ranked, comparable in self.groups:
            first = rng.permutation(comparable)
            second = self._partners(ranked, first, rng)
            swap = self.values[first] < self.values[second]
            pairs = np.where(swap[:, None], np.stack([second, first], 1), np.stack([first, second], 1))
            batches += [pairs[at : at + self.pairs].ravel().tolist() for at in range(0, len(pairs), self.pairs)]
        return iter([batches[at] for at in rng.permutation(len(batches))])

    def _comparable(self, ranked: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of a group, given by rising label, that have a partner in it."""
        below, above = self._range(self.values[ranked], self.values[ranked])
        return ranked[(below > 0) | (above < len(ranked))]

    def _range(
        self, ranked: NDArray[np.float64], labels: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Partners of `labels` stand before `below` and from `above` on among the ranked labels."""
        low_side, high_side = ("right", "left") if self.gap else ("left", "right")
        below = np.searchsorted(ranked, labels - self.gap, low_side)  # type: ignore[call-overload]
        above = np.searchsorted(ranked, labels + self.gap, high_side)  # type: ignore[call-overload]
        return below, above

    def _partners(
        self, ranked: NDArray[np.int64], first: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """A random partner of each row of `first`, among the rows of its group by rising label."""
        below, above = self._range(self.values[ranked], self.values[first])
        choice = rng.integers(0, below + len(ranked) - above)
        return ranked[np.where(choice < below, choice, choice - below + above)]


class Shared(Sampler[Any]):
    """What another sampler draws; in a data-parallel run each process takes its share of it, nothing twice.

    whole: leave out the last draws of an epoch so that all processes have the same number.
    """

    def __init__(self, sampler: Sampler[Any], whole: bool = True) -> None:
        self.sampler, self.whole = sampler, whole

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        if isinstance(self.sampler, _Seeded):
            self.sampler.set_epoch(epoch)

    def __len__(self) -> int:
        rank, world = processes()
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // world if self.whole else len(range(rank, count, world))

    def __iter__(self) -> Iterator[Any]:
        rank, world = processes()
        return islice(self.sampler, rank, rank + world * len(self), world)


def processes() -> tuple[int, int]:
    """Number of this process, and how many train together."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1
