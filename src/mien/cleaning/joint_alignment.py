"""Images moved by small similarity transforms until their stack is low rank plus sparse (RASL)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.errors import Words, expect
from mien.lowrank.matrices import Array, as_array, expect_count, expect_number
from mien.lowrank.nuclear import soft_threshold
from mien.lowrank.partial_svd import exact_threshold
from mien.opencv import cv2

_BLURS = (2.0, 1.0, 0.0)
"""Standard deviations, in pixels, at which images are compared: blurred ones pull from further away."""
_STILL = 0.01
_STEP = 2.0
_SEEN = 0.05
"""Part of the strongest change by a move below which a move is not seen: a disc does not tell how it is turned."""


@dataclass(frozen=True, slots=True, eq=False)
class JointAlignment:
    """Images that were moved onto each other.

    `faces`, `low_rank`, `sparse` (N, h, w) without the margin, in the units of the images; `moves` (N, 4) in pixels:
    growth and turn as felt half a side from the middle, shift in x and in y; `matrices` (N, 2, 3), which carry pixels
    of `faces` to pixels of the images that came; `history` (rounds,), the objective after each round.
    """

    faces: Array
    low_rank: Array
    sparse: Array
    moves: Array
    matrices: Array
    history: Array


def align_jointly(
    faces: ArrayLike, lam: float | None = None, *, margin: int = 0, max_move: float = 8.0, max_rounds: int = 30
) -> JointAlignment:
    """Move images (N, H, W) by similarity transforms so that they become low rank plus sparse together.

    `min ||L||_* + lam ||S||_1  subject to  D(tau) + sum_i J_i dtau_i e_i^T = L + S`, solved again around the moved
    images until nothing moves by 0.01 pixels: blurred ones first, then the images as they are. Each row of D is a
    image of norm 1. `lam` is `1 / sqrt(pixels)` unless given. All images could drift together, so the mean of their
    moves is kept at 0. `margin` pixels on each side are only there to be moved in; without it the edge is repeated.
    No move leaves `max_move` pixels. Raises InputError for anything but two or more finite images that are not flat.
    Source: Peng, Ganesh, Wright, Xu & Ma (TPAMI 2012), algorithms 1 and 2.

    >>> y, x = np.mgrid[:40, :40] - 20
    >>> blobs = [np.exp(-((x - s) ** 2 + (x - s) * y + y**2) / 40) for s in (-1, 0, 1)]
    >>> align_jointly(blobs, margin=6).moves[:, 2].round(1).tolist()
    [-1.0, 0.0, 1.0]
    """
    stack = as_stack(faces, 2)
    expect(0 <= margin < min(stack.shape[1:]) // 2 - 1, "margin", "less than half a side of the pictures", margin)
    expect_number(max_move, "max_move")
    expect_count(max_rounds, "max_rounds")
    if lam is not None:
        expect_number(lam, "lam", "a number above 0, or None for 1 / sqrt(pixels)")
    moves, history = np.zeros((len(stack), 4)), list[float]()
    for blur in _BLURS:
        looks = [_Look(face, blur, margin) for face in stack]
        for _ in range(max_rounds):
            step, objective = _round(looks, moves, lam)
            moves = np.clip(moves + step, -max_move, max_move)
            moves -= moves.mean(0)
            history.append(objective)
            if np.abs(step).max() < _STILL:
                break
    shape = looks[0].shape
    moved = np.stack([look.moved(move) for look, move in zip(looks, moves, strict=True)])
    size = np.linalg.norm(moved, axis=1, keepdims=True)
    low_rank, sparse, _ = _pursue(moved / size, np.zeros((*moved.shape, 0)), lam)
    moved, low_rank, sparse = (part.reshape(-1, *shape) for part in (moved, low_rank * size, sparse * size))
    matrices = np.stack([_matrix(move, shape, margin) for move in moves])
    return JointAlignment(moved, low_rank, sparse, moves, matrices, np.array(history))


def move_onto(face: Array, mean: Array, basis: Array, max_move: float = 4.0, max_rounds: int = 10) -> Array:
    """Move (4,) of one image (H, W) that brings it nearest to `mean + a basis`, in least squares.

    `mean` (H W,); `basis` (r, H W) with orthonormal rows. Gauss-Newton steps, blurred first as in `align_jointly`.
    """
    move = np.zeros(4)
    for blur in _BLURS:
        look = _Look(face, blur, 0)
        for _ in range(max_rounds):
            moved, slopes = look.moved(move), look.slopes(move)
            rest = moved - mean
            rest, slopes = rest - rest @ basis.T @ basis, slopes - basis.T @ (basis @ slopes)
            step = np.clip(-np.linalg.lstsq(slopes, rest, rcond=_SEEN)[0], -_STEP, _STEP)
            move = np.clip(move + step, -max_move, max_move)
            if np.abs(step).max() < _STILL:
                break
    return np.asarray(move)


def moved_by(face: Array, move: Array) -> Array:
    """An image (H, W) after a move (4,), its edge repeated where it does not reach."""
    return _Look(face, 0.0, 0).moved(move).reshape(face.shape)


def as_stack(faces: ArrayLike, least: int) -> Array:
    """Images (N, H, W) as float32 or float64.

    Raises InputError for fewer than `least` of them, for flat ones and for anything that is not finite.
    """
    stack = as_array(faces, "faces")
    expect(stack.dtype.kind in "fiub" and stack.ndim == 3, "faces", "pictures (N, H, W) of real numbers", stack.shape)
    expect(len(stack) >= least and min(stack.shape[1:]) >= 8, "faces", f"{least} or more of 8 pixels", stack.shape)
    stack = stack.astype(np.float32 if stack.dtype == np.float32 else np.float64, copy=False)
    expect(bool(np.isfinite(stack).all()), "faces", "finite", Words("NaN or infinite pixels"))
    flat = np.flatnonzero(np.ptp(stack.reshape(len(stack), -1), axis=1) == 0)
    expect(len(flat) == 0, "faces", "pictures that show something", Words(f"flat pictures at {flat.tolist()}"))
    return stack


class _Look:
    """An image at one blur, and how it changes with its four moves."""

    def __init__(self, face: Array, blur: float, margin: int) -> None:
        self._face = cv2.GaussianBlur(face, (0, 0), blur) if blur else face
        self._margin = margin
        self._slopes = [np.ascontiguousarray(part) for part in np.gradient(self._face)[::-1]]
        self.shape = (face.shape[0] - 2 * margin, face.shape[1] - 2 * margin)

    def moved(self, move: Array) -> Array:
        """Pixels (h w,) after the move."""
        return self._warp(self._face, move).ravel()

    def slopes(self, move: Array) -> Array:
        """Derivatives (h w, 4) of the pixels by the moves."""
        across, down = (self._warp(part, move) for part in self._slopes)
        y, x = np.indices(self.shape) - (np.array(self.shape)[:, None, None] - 1) / 2
        unit = max(self.shape) / 2
        parts = [(across * x + down * y) / unit, (down * x - across * y) / unit, across, down]
        return np.stack([part.ravel() for part in parts], 1)

    def _warp(self, picture: Array, move: Array) -> Array:
        matrix = _matrix(move, self.shape, self._margin)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        size = self.shape[::-1]
        return np.asarray(cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE))


def _matrix(move: Array, shape: tuple[int, int], margin: int) -> NDArray[np.float64]:
    """Where in the image (2, 3) each pixel of the moved one comes from."""
    growth, turn = move[:2] / (max(shape) / 2)
    middle = (np.array(shape[::-1]) - 1) / 2
    linear = np.array([[1 + growth, -turn], [turn, 1 + growth]])
    return np.column_stack([linear, middle - linear @ middle + move[2:] + margin])


def _round(looks: list[_Look], moves: Array, lam: float | None) -> tuple[Array, float]:
    """Best step (N, 4) to the moves where the images change linearly with them, and the objective there."""
    moved = np.stack([look.moved(move) for look, move in zip(looks, moves, strict=True)])
    slopes = np.stack([look.slopes(move) for look, move in zip(looks, moves, strict=True)])
    size = np.linalg.norm(moved, axis=1, keepdims=True)
    moved = moved / size
    # The derivative of an image of norm 1: without the part that only makes it brighter.
    slopes = slopes / size[:, :, None]
    slopes = slopes - moved[:, :, None] * np.einsum("np,npk->nk", moved, slopes)[:, None]
    basis, values, back = np.linalg.svd(slopes, full_matrices=False)
    seen = values > _SEEN * values[:, :1]
    low_rank, sparse, turned = _pursue(moved, basis * seen[:, None], lam)
    step = np.einsum("nk,nkj->nj", np.where(seen, turned / np.where(seen, values, 1), 0), back)
    objective = np.linalg.norm(low_rank, "nuc") + _weight(lam, moved) * np.abs(sparse).sum()
    return np.clip(step - step.mean(0), -_STEP, _STEP), float(objective)


def _weight(lam: float | None, X: Array) -> float:
    return float(max(X.shape) ** -0.5 if lam is None else lam)


def _pursue(X: Array, basis: Any, lam: float | None, growth: float = 1.25) -> tuple[Array, Array, Array]:
    """Low rank and sparse parts of X (N, p) whose rows may move along their bases (N, p, k), and by how much (N, k)."""
    weight, size = _weight(lam, X), float(np.linalg.norm(X))
    dual = X / max(np.linalg.norm(X, 2), np.abs(X).max() / weight)
    penalty = 1.25 / float(np.linalg.norm(X, 2))
    low_rank, turned, shift = np.zeros_like(X), np.zeros((len(X), basis.shape[2])), np.zeros_like(X)
    for _ in range(200):
        target = X + shift + dual / penalty
        sparse = soft_threshold(target - low_rank, weight / penalty)
        low_rank = exact_threshold(target - sparse, 1 / penalty).dense()
        turned = np.einsum("npk,np->nk", basis, low_rank + sparse - X - dual / penalty)
        shift = np.einsum("npk,nk->np", basis, turned)
        rest = X + shift - low_rank - sparse
        if np.linalg.norm(rest) <= 1e-6 * size:
            break
        dual, penalty = dual + penalty * rest, penalty * growth
    return low_rank, sparse, turned
