"""Deep values of pixels onto 8 bits."""

import numpy as np
from numpy.typing import NDArray


def to_8_bits(deep: NDArray[np.generic], *, white_is_zero: bool = False) -> NDArray[np.uint8]:
    """Whole numbers from 0 to 65535 (signed 16 bits: to 32767) and floats from 0 to 1 onto 0..255.

    Larger values of a file are scaled by their maximum. NaN and what is negative become 0, infinity the maximum. A
    fourth channel (H, W, 4) is opacity and stays by itself.

    >>> to_8_bits(np.array([[0.0, 0.5, 1.0, np.inf, np.nan]])).tolist()
    [[0, 128, 255, 255, 0]]
    """
    if deep.ndim == 3 and deep.shape[2] == 4:
        colors = to_8_bits(deep[..., :3], white_is_zero=white_is_zero)
        return np.dstack([colors, to_8_bits(deep[..., 3])])
    usual = 1.0 if deep.dtype.kind == "f" else float(min(np.iinfo(deep.dtype).max, 65535))  # type: ignore[type-var]
    with np.errstate(over="ignore"):
        values = deep.astype(np.float32)
    top = max(usual, float(values.max(initial=0, where=np.isfinite(values))))
    np.nan_to_num(values, copy=False, nan=0, posinf=top, neginf=0)
    values *= 255.0 / top
    scaled = np.rint(np.clip(values, 0, 255, out=values), out=values).astype(np.uint8)
    return 255 - scaled if white_is_zero else scaled
