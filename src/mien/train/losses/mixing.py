"""Mixed images with mixed labels of every kind."""

from collections.abc import Mapping
from math import sqrt

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mien.errors import InputError, expect

Labels = dict[str, Tensor]
KINDS = ("class", "soft", "multilabel", "number", "interval", "keep")


def mixup(
    image: Tensor,
    labels: Mapping[str, Tensor],
    alpha: float,
    kinds: Mapping[str, str],
    generator: torch.Generator | None = None,
    num_classes: Mapping[str, int] | None = None,
) -> tuple[Tensor, Labels]:
    """x = l x_i + (1 - l) x_j, y = l y_i + (1 - l) y_j, with l ~ Beta(alpha, alpha) for the batch and j a permutation.

    image (B, ...), uint8 is rounded; labels (B, ...) by name. kinds: 'class' (indices, which become shares (B, K) of
    num_classes[name] classes), 'soft' (shares, a row), 'multilabel', 'number' (also ranks, bins and scores),
    'interval' (both ends), 'keep' (the label of image i). The share l of image i is at least 1/2, the larger of
    l and 1 - l, so that what is kept belongs to the larger part. A mixed label is NaN where either is unknown.
    Zhang et al., ICLR 2018, Eq. 1.
    """
    share, partner = _draw(len(image), alpha, generator)
    mixed = share * image + (1 - share) * image[partner]
    image = mixed if image.is_floating_point() else mixed.round().to(image.dtype)
    return image, mix_labels(labels, share, partner, kinds, num_classes)


def cutmix(
    image: Tensor,
    labels: Mapping[str, Tensor],
    alpha: float,
    kinds: Mapping[str, str],
    generator: torch.Generator | None = None,
    num_classes: Mapping[str, int] | None = None,
) -> tuple[Tensor, Labels]:
    """A box of image j is laid on image i; labels mix as in `mixup`, by the areas that are seen.

    image (B, C, H, W). The box has sides sqrt(1 - l) of the image's, l ~ Beta(alpha, alpha) but at least 1/2, and a
    uniform center; what lies outside is cut off, and l is taken from what is left. Yun et al., ICCV 2019, Eq. 1 and 2.
    """
    share, partner = _draw(len(image), alpha, generator)
    height, width = image.shape[-2:]
    rows, columns = (_cut(size, sqrt(1 - share), generator) for size in (height, width))
    mixed = image.clone()
    mixed[..., rows, columns] = image[partner][..., rows, columns]
    area = (rows.stop - rows.start) * (columns.stop - columns.start)
    return mixed, mix_labels(labels, 1 - area / (height * width), partner, kinds, num_classes)


def mix_labels(
    labels: Mapping[str, Tensor],
    share: float,
    partner: Tensor,
    kinds: Mapping[str, str],
    num_classes: Mapping[str, int] | None = None,
) -> Labels:
    """share y + (1 - share) y[partner] for labels of each kind; see `mixup`. InputError for a kind unknown.

    >>> mix_labels({"age": torch.tensor([20.0, 40.0])}, 0.75, torch.tensor([1, 0]), {"age": "number"})
    {'age': tensor([25., 35.])}
    """
    mixed = {}
    for name, label in labels.items():
        kind = kinds.get(name)
        if kind not in KINDS:
            raise InputError(f"'kinds' of {name!r} must be one of {', '.join(KINDS)}. Got {kind!r}.")
        if kind == "class":
            label = _shares(name, label, num_classes or {})
        mixed[name] = label if kind == "keep" else share * label + (1 - share) * label[partner]
    return mixed


def _shares(name: str, label: Tensor, num_classes: Mapping[str, int]) -> Tensor:
    """One-hot rows (B, K) of class indices (B,) or (B, 1), NaN where unknown (negative or NaN)."""
    if name not in num_classes:
        raise InputError(f"'num_classes' must give the number of classes of {name!r}. Got {dict(num_classes)}.")
    index = label.reshape(len(label))
    known = index >= 0
    rows = F.one_hot(torch.where(known, index, 0).long(), num_classes[name]).float()
    return torch.where(known[:, None], rows, torch.nan)


def _draw(batch: int, alpha: float, generator: torch.Generator | None) -> tuple[float, Tensor]:
    """Share of the first image, at least 1/2, and the index (B,) of the second."""
    expect(alpha > 0, "alpha", "above 0", alpha)
    # torch has no public beta distribution that takes a generator.
    seed = int(torch.randint(2**62, (), generator=generator))
    share = float(np.random.default_rng(seed).beta(alpha, alpha))
    return max(share, 1 - share), torch.randperm(batch, generator=generator)


def _cut(size: int, part: float, generator: torch.Generator | None) -> slice:
    """A part of 0..size around a uniform center, cut off at the ends."""
    centre, half = float(torch.rand((), generator=generator)) * size, part * size / 2
    return slice(max(round(centre - half), 0), min(round(centre + half), size))
