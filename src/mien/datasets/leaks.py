"""People who are in more than one split."""

from typing import Any

from numpy.typing import NDArray

from mien.datasets.schema import texts


def find_leaks(group: NDArray[Any], split: NDArray[Any]) -> dict[str, list[str]]:
    """Groups that are in more than one split, with the splits; a missing group leaks nowhere.

    >>> import numpy as np
    >>> find_leaks(np.array(["ann", "ann", "bob"]), np.array(["train", "test", "test"]))
    {'ann': ['test', 'train']}
    """
    splits: dict[str, set[str]] = {}
    for name, part in zip(texts(group), texts(split), strict=True):
        if name is not None and part is not None:
            splits.setdefault(name, set()).add(part)
    return {name: sorted(parts) for name, parts in splits.items() if len(parts) > 1}
