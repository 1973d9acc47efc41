"""What an effective receptive field is: a weight for each pixel of a picture, and how far it spreads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.errors import expect

Box = tuple[int, int, int, int]
"""Top, left, bottom, right in pixels, the ends left out."""
SHARE = 0.95
"""Share of the gradient that the effective field holds."""


@dataclass(frozen=True, slots=True)
class EffectiveField:
    """weight (H, W): share of each pixel, sums to 1. box: the theoretical field (top, left, bottom, right) in pixels.

    The box may reach out of the picture. picture (H, W, 3): values from 0 to 1. origin: in words, which picture and
    which weights of the network.
    """

    weight: NDArray[np.float64]
    box: Box
    picture: NDArray[np.float64]
    origin: str = ""

    @property
    def size(self) -> tuple[float, float]:
        """(height, width): four standard deviations of the weight along each axis, the width of a Gaussian's 95 %."""
        widths = []
        for axis in (1, 0):
            line, place = self.weight.sum(axis), np.arange(self.weight.shape[1 - axis])
            mean = float(line @ place)
            widths.append(4 * float(np.sqrt(line @ (place - mean) ** 2)))
        return widths[0], widths[1]

    @property
    def is_cut(self) -> bool:
        """Whether the box that holds the share reaches out of the picture: on a larger one it may be larger."""
        top, left, bottom, right = self.holding()
        return top < 0 or left < 0 or bottom > self.weight.shape[0] or right > self.weight.shape[1]

    def share_within(self, box: Box) -> float:
        """Weight of the pixels of a box (top, left, bottom, right), the ends left out."""
        top, left, bottom, right = box
        return float(self.weight[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)].sum())

    def holding(self, share: float = SHARE) -> Box:
        """The smallest box with the middle of the theoretical field, as far to all sides, that holds this share.

        It is cut off at the theoretical field. Raises InputError for a share outside 0..1.

        >>> weight = np.zeros((9, 9))
        >>> weight[4, 4], weight[3, 4], weight[0, 0] = 0.5, 0.46, 0.04
        >>> EffectiveField(weight, (0, 0, 9, 9), np.zeros((9, 9, 3))).holding(0.95)
        (3, 3, 6, 6)
        """
        expect(0 < share <= 1, "share", "above 0 and at most 1", share)
        low, high = 0, max(self.box[2] - self.box[0], self.box[3] - self.box[1]) // 2
        while low < high:
            middle = (low + high) // 2
            enough = self.share_within(self._around(middle)) >= share * self.weight.sum() - 1e-9
            low, high = (low, middle) if enough else (middle + 1, high)
        return self._around(low)

    def _around(self, reach: int) -> Box:
        """As far to all sides of the middle pixel, or of the two middle ones, within the theoretical field."""
        top, left, bottom, right = self.box
        row, column = (top + bottom - 1) // 2, (left + right - 1) // 2
        low, end = (top + bottom) // 2, (left + right) // 2
        return (
            max(top, row - reach),
            max(left, column - reach),
            min(bottom, low + reach + 1),
            min(right, end + reach + 1),
        )
