"""How far one reading of a clip is from another: faces, boxes, landmarks, Action Units, ids."""

from typing import Any

import numpy as np

Rows = dict[str, np.ndarray]
_SAME = 0.5  # intersection over union of one face in two readings


def compare(rows: Rows, exact: Rows) -> dict[str, float]:
    """Per frame, against another reading of the same clip.

    recall and precision of faces, IoU of boxes, NME of 68 landmarks over the outer eye distance, mean absolute
    difference of Action Unit intensities (0 to 5) and of yaw in degrees, 95 % quantiles; switches: how often a face
    of one track goes on in another where the other reading has one.
    """
    pairs = np.array([pair for frame in _frames(rows, exact) for pair in _pairs(frame, rows, exact)], np.int64).reshape(
        -1, 2
    )
    if not len(pairs):
        return {"recall": 0.0, "precision": 0.0}
    ours, theirs = pairs.T
    points = rows["points"][ours], exact["points"][theirs]
    eyes = np.linalg.norm(points[1][:, 36] - points[1][:, 45], axis=-1)
    nme = np.linalg.norm(points[0] - points[1], axis=-1).mean(1) / eyes
    units = np.abs(rows["units"][ours] - exact["units"][theirs])
    return {
        "recall": len(pairs) / len(exact["frame"]),
        "precision": len(pairs) / len(rows["frame"]),
        "iou": float(np.median(_iou(rows["box"][ours], exact["box"][theirs]))),
        "nme": float(nme.mean()),
        "nme_95": float(np.quantile(nme, 0.95)),
        "units": float(units.mean()),
        "units_95": float(np.quantile(units, 0.95)),
        "yaw": float(np.abs(rows["yaw"][ours] - exact["yaw"][theirs]).mean()),
        "switches": _switches(rows["track"][ours], exact["track"][theirs]),
    }


def _frames(*readings: Rows) -> list[int]:
    return sorted({int(frame) for rows in readings for frame in rows["frame"]})


def _pairs(frame: int, rows: Rows, exact: Rows) -> list[tuple[int, int]]:
    """Faces of one frame that are the same, best overlap first, each once."""
    a, b = np.flatnonzero(rows["frame"] == frame), np.flatnonzero(exact["frame"] == frame)
    overlap = np.array([[_iou(rows["box"][i], exact["box"][j]) for j in b] for i in a]).reshape(len(a), len(b))
    pairs = []
    while overlap.size and overlap.max() >= _SAME:
        i, j = np.unravel_index(overlap.argmax(), overlap.shape)
        pairs.append((int(a[i]), int(b[j])))
        overlap[i], overlap[:, j] = 0, 0
    return pairs


def _iou(a: np.ndarray, b: np.ndarray) -> Any:
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    areas = [(box[..., 2:] - box[..., :2]).prod(-1) for box in (a, b)]
    return shared / (areas[0] + areas[1] - shared)


def _switches(ours: np.ndarray, theirs: np.ndarray) -> int:
    """Changes of our id along the tracks of the other reading."""
    return int(sum((np.diff(ours[theirs == track]) != 0).sum() for track in np.unique(theirs)))
