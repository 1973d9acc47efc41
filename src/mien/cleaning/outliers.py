"""Which faces of a group does the rest of the group not explain?

Aligned faces of one person or class are nearly low rank, so the low-rank part of the *others* explains a face that
belongs to them. A face is never held against a decomposition that it was part of: with a large weight `lam` the
low-rank part takes in every face, the wrong one too, and the sparse part tells nothing. Nor against the quarter of the
others that is least like the group: several wrong faces of one person would explain each other. And because they still
might, the distance to the median face counts as much as what the others leave unexplained.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mien.cleaning.joint_alignment import as_stack, move_onto, moved_by
from mien.lowrank.matrices import Array, expect_number
from mien.lowrank.partial_svd import gram
from mien.lowrank.pursuit import principal_component_pursuit
from mien.lowrank.rows import explain_rows
from mien.opencv import cv2

FEWEST = 4
"""Faces, copies not counted, below which a group cannot be scored."""
UNLIKE, OCCLUDED, MISALIGNED, DUPLICATE = "unlike the others", "occluded", "badly aligned", "duplicate"
_FOLDS, _PART = 10, 1000
_WEIGHT, _TOLERANCE, _SMOOTH = 2.0, 1e-4, 5
_KEPT, _NEAR, _SHIFT = 0.75, 0.25, 24
_FELT = 0.03
"""Part of the largest singular value below which a direction of the low-rank part does not count."""
_LEAST_SPREAD = 0.05
_COPY, _COPY_SIDE = 0.995, 32
_WINDOW, _AREA, _CONCENTRATED = 8, 0.2, 0.5
_MOVED_AWAY, _REACH = 1 / 3, 1 / 10
_NOTHING = 0.02
"""Score below which nobody is suspect, however well the others are explained."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupCheck:
    """What was found in a group of N faces.

    `score` (N,): how little the others explain of a face, and how far from their median it is, both relative to the
    contrast of a face, as their geometric mean; NaN where they are too few. `rank`
    (N,): 1 for the face that is explained least. `threshold`: the score above which a face is suspect. `reason` (N,):
    why a face is suspect, else "". `copy_of` (N,): the earlier face that it is a copy of, else -1. `low_rank`, `sparse`
    (N, H, W): what the others explain of it, and the rest.
    """

    score: Array
    rank: NDArray[np.int64]
    threshold: float
    reason: tuple[str, ...]
    copy_of: NDArray[np.int64]
    low_rank: Array
    sparse: Array

    @property
    def suspect(self) -> NDArray[np.bool_]:
        """Whether each face is suspect (N,)."""
        return np.array([bool(reason) for reason in self.reason], bool)


def check_group(faces: ArrayLike, lam: float | None = None, *, cut: float = 2.5) -> GroupCheck:
    """Rank aligned faces (N, H, W) of one group by how little of them the others explain, and name the suspects.

    `score_i^2 = ||B (x_i - y_i)||_2 / ||y_i - mean(y_i)||_2 * ||x_i - M||_1 / ||M - mean(M)||_1  with  y_i = m + a V`:
    what the others do not explain, times the distance to the median face M of the group. m is the median of the others,
    V spans the low-rank part of their differences to it by principal component pursuit with the weight `lam` (`2 /
    sqrt(pixels)` unless given), and a makes `||x_i - y_i||_1` smallest. B takes the mean over a fifth of the side, and
    M may be shifted by a twenty-fourth of it, so that an edge beside its place counts little. The quarter of the others
    that is furthest from M and from its own nearest quarter of faces does not count. Up to ten faces are left out one
    by one, more in ten parts; groups of more than 1000 are scored in parts of at most so many. Suspect is a score above
    0.02 and the threshold of the group, `median + cut * 1.4826 MAD`:

    - badly aligned, where a small similarity transform takes a third off what is unexplained;
    - occluded, where half of what is unexplained lies in a fifth of the image;
    - unlike the others (in a group of one person: somebody else) otherwise;
    - duplicate, whatever the score, where it correlates with an earlier face by 0.995.

    Raises InputError for what is no stack of finite images that show something. Source of the threshold: Leys, Ley,
    Klein, Bernard & Licata (2013).

    >>> y, x = np.mgrid[:16, :16] / 15
    >>> faces = [np.sin(3 * x + 2 * y) + np.cos(k) * x + np.sin(k) * y for k in range(8)] + [np.cos(9 * x * y)]
    >>> found = check_group(faces)
    >>> int(found.score.argmax()), found.reason[8]
    (8, 'unlike the others')
    """
    stack = as_stack(faces, 1)
    expect_number(cut, "cut")
    copy_of = find_copies(stack)
    fold, spaces = _spaces(stack, copy_of, lam)
    X = stack.reshape(len(stack), -1)
    low_rank, distance, score = np.empty_like(X), np.empty(len(X)), np.full(len(X), np.nan)
    for k, space in enumerate(spaces):
        held = fold == k
        low_rank[held], distance[held] = space.explain(X[held]), distance_to(stack[held], space.typical)
    explained = low_rank.reshape(stack.shape)
    if len(X) - int((copy_of >= 0).sum()) >= FEWEST:
        score = np.sqrt(unexplained(stack, explained) * distance)
    threshold = float(np.maximum(robust_threshold(score[copy_of < 0], cut), _NOTHING))

    def reason(i: int) -> str:
        if copy_of[i] >= 0:
            return DUPLICATE
        return _reason(stack[i], spaces[fold[i]], stack[i] - explained[i]) if score[i] > threshold else ""

    rank = np.argsort(np.argsort(-np.nan_to_num(score, nan=-1), kind="stable"), kind="stable") + 1
    reasons = tuple(reason(i) for i in range(len(X)))
    return GroupCheck(score, rank, threshold, reasons, copy_of, explained, stack - explained)


def unexplained(faces: Array, low_rank: Array) -> Array:
    """What (N,) the low-rank part of faces (N, H, W) misses of them, smoothed, relative to its contrast."""
    window = tuple(max(1, round(side / _SMOOTH)) for side in faces.shape[:0:-1])
    rest = [np.linalg.norm(cv2.blur(residual, window, borderType=cv2.BORDER_REFLECT)) for residual in faces - low_rank]
    contrast = np.sqrt(low_rank.var(axis=(1, 2), dtype=np.float64) * low_rank[0].size)
    return np.asarray(rest / np.maximum(contrast, 1e-6), np.float64)


def distance_to(faces: Array, typical: Array) -> Array:
    """L1 distance (N,) of faces (N, H, W) to a face (H, W), shifted by at most a twenty-fourth, by its contrast.

    >>> ramp = np.tile(np.arange(24.0), (24, 1))
    >>> distance_to(np.stack([np.roll(ramp, 1, 1), 2 * ramp]), ramp).round(1).tolist()
    [0.0, 1.8]
    """
    reach = [max(1, round(side / _SHIFT)) for side in typical.shape]
    (high, wide), (down, right) = typical.shape, reach
    inner = faces[:, down : high - down, right : wide - right]
    shifts = [(y, x) for y in (0, down, 2 * down) for x in (0, right, 2 * right)]
    windows = (typical[y : y + inner.shape[1], x : x + inner.shape[2]] for y, x in shifts)
    nearest = np.min([np.abs(inner - window).mean((1, 2), dtype=np.float64) for window in windows], axis=0)
    return np.asarray(nearest / max(float(np.abs(typical - typical.mean()).mean()), 1e-6))


def strangeness(X: Array) -> Array:
    """How far (N,) rows (N, p) are from their median and from the nearest quarter of rows, as geometric mean."""
    middle = np.abs(X - np.median(X, axis=0)).sum(1, dtype=np.float64)
    to_others = (np.abs(np.delete(X, i, 0) - row).sum(1, dtype=np.float64) for i, row in enumerate(X))
    near = [np.quantile(distances, _NEAR) if len(distances) else 0.0 for distances in to_others]
    return np.asarray(np.sqrt(middle * near))


def robust_threshold(score: Array, cut: float = 2.5) -> float:
    """`median + cut * s` with `s = 1.4826 MAD`, at least a twentieth of the median; NaN scores do not count.

    >>> round(robust_threshold(np.array([1.0, 1.1, 0.9, 1.0, 1.2, 0.8, 7.0]), cut=3), 5)
    1.44478
    """
    known = score[~np.isnan(score)]
    if not len(known):
        return float("nan")
    middle = float(np.median(known))
    spread = 1.4826 * float(np.median(np.abs(known - middle)))
    return middle + cut * max(spread, _LEAST_SPREAD * middle)


def find_copies(faces: Array) -> NDArray[np.int64]:
    """The first earlier face (N,) with which each of faces (N, H, W) correlates by 0.995 at 32 pixels, else -1."""
    side = (_COPY_SIDE, _COPY_SIDE)
    rows = np.stack([cv2.resize(face, side, interpolation=cv2.INTER_AREA).ravel() for face in faces])
    rows = rows - rows.mean(1, keepdims=True)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(rows.dtype).tiny)
    copies = np.full(len(rows), -1)
    for start in range(0, len(rows), 512):
        alike = rows[start : start + 512] @ rows.T >= _COPY
        first = alike.argmax(1)
        index = np.arange(start, start + len(first))
        copies[index] = np.where(alike.any(1) & (first < index), first, -1)
    return copies


@dataclass(frozen=True, slots=True)
class _Space:
    """What faces have in common: their median (p,) and the span (r, p) of their low-rank part.

    typical (H, W): the median of the whole group.
    """

    middle: Array
    basis: Array
    typical: Array

    @classmethod
    def of(cls, X: Array, typical: Array, lam: float | None) -> "_Space":
        middle = np.median(X, axis=0).astype(X.dtype)
        weight = _WEIGHT / np.sqrt(max(X.shape)) if lam is None else lam
        low_rank = principal_component_pursuit(X - middle, weight, tol=_TOLERANCE).low_rank
        squares, left = np.linalg.eigh(gram(low_rank.T))
        felt = squares > max(_FELT**2 * squares[-1], float(np.finfo(X.dtype).tiny))
        basis = (left[:, felt] / np.sqrt(squares[felt])).T @ low_rank
        return cls(middle, basis.astype(X.dtype), typical)

    def explain(self, X: Array) -> Array:
        """What it explains of rows (N, p)."""
        rest = X - self.middle
        return X - explain_rows(rest, self.basis)[1] if len(self.basis) else X - rest


def _spaces(stack: Array, copy_of: NDArray[np.int64], lam: float | None) -> tuple[NDArray[np.int64], list[_Space]]:
    """A number (N,) for each face, and by number the space of faces of the same part that neither are nor copy it."""
    X, first = stack.reshape(len(stack), -1), np.where(copy_of < 0, np.arange(len(stack)), copy_of)
    place = np.cumsum(copy_of < 0)[first] - 1
    parts = -(-int(place.max() + 1) // _PART)
    folds = min(_FOLDS, int(place.max() + 1))
    part, fold = place % parts, (place // parts) % folds
    spaces = []
    for number in range(parts):
        members = np.flatnonzero((part == number) & (copy_of < 0))
        typical, strange = np.median(stack[members], axis=0).astype(X.dtype), strangeness(X[members])
        order = members[np.argsort(strange, kind="stable")]
        for left_out in range(folds):
            others = order[fold[order] != left_out]
            others = others[: int(np.ceil(_KEPT * len(others)))] if len(others) else members
            spaces.append(_Space.of(X[others], typical, lam))
    return part * folds + fold, spaces


def _reason(face: Array, space: _Space, rest: Array) -> str:
    """Why a face (H, W) is not explained; `rest` is what is left of it."""
    move = move_onto(face, space.middle, space.basis, _REACH * max(face.shape))
    moved = moved_by(face, move).reshape(1, -1)
    if np.linalg.norm(moved - space.explain(moved)) <= (1 - _MOVED_AWAY) * np.linalg.norm(rest):
        return MISALIGNED
    return OCCLUDED if concentration(rest) >= _CONCENTRATED else UNLIKE


def concentration(rest: Array) -> float:
    """Part of `||rest||_1` that lies in the fifth of the image (H, W) where, smoothed, there is most of it.

    >>> rest = np.zeros((40, 40))
    >>> rest[5:15, 5:15] = 1
    >>> concentration(rest), round(concentration(np.ones((40, 40))), 2)
    (1.0, 0.2)
    """
    size = np.abs(rest).astype(np.float64)
    window = (max(1, size.shape[1] // _WINDOW), max(1, size.shape[0] // _WINDOW))
    smooth = cv2.blur(size, window, borderType=cv2.BORDER_REFLECT)
    order = np.argsort(-smooth, axis=None, kind="stable")[: round(_AREA * size.size)]
    total = float(size.sum())
    return float(size.ravel()[order].sum()) / total if total else 0.0
