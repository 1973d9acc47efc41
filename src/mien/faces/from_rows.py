"""Rows of the output schema back to structs of arrays."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mien.errors import InputError
from mien.faces.parts import (
    EMOTIONS,
    SCORE_NUMBERS,
    ActionUnits,
    Age,
    Array,
    Attractiveness,
    Attribute,
    Attributes,
    Category,
    Displays,
    Emotion,
    Flags,
    Pose,
    Quantity,
)

Rows = Sequence[Mapping[str, Any]]


def columns_of_rows(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Fields of `Faces` by name for rows that hold a face; none where no row does."""
    faces = [row for row in rows if row.get("box") is not None or row.get("status", "ok") == "ok"]
    if not faces:
        return {}
    columns: dict[str, Any] = {name: _array(faces, name) for name in ("box", "score", "landmarks")}
    if all(row.get("landmarks_68") is not None for row in faces):
        columns["landmarks_68"] = _array(faces, "landmarks_68")
    tracks = [row.get("track_id") for row in faces]
    if any(track is not None for track in tracks):
        columns["track_id"] = np.array([-1 if track is None else track for track in tracks])
    for name, build in _PARTS.items():
        parts = [row[name] for row in faces if row.get(name) is not None]
        if len(parts) == len(faces):
            columns[name] = build(parts, columns)
    return columns


def _array(rows: Rows, name: str) -> Array:
    try:
        return np.array([row[name] for row in rows], np.float32)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"Every row must have {name!r} as `Faces.to_dicts` writes it. {error!r} in one.") from error


def _numbers(parts: Rows, name: str) -> Array:
    return np.array([np.nan if part[name] is None else part[name] for part in parts], float)


def _known(parts: Rows, name: str) -> Array | None:
    return None if all(part.get(name) is None for part in parts) else _numbers(parts, name)


def _pose(parts: Rows, _: dict[str, Any]) -> Pose:
    return Pose(*(_numbers(parts, name) for name in ("yaw", "pitch", "roll")))


def _action_units(parts: Rows, _: dict[str, Any]) -> ActionUnits:
    codes = tuple(parts[0])
    probability, intensity = (
        np.array([[part[code][name] for code in codes] for part in parts], float)
        for name in ("probability", "intensity")
    )
    return ActionUnits(probability, intensity, codes)


def _emotion(parts: Rows, columns: dict[str, Any]) -> Emotion:
    named = [dict(map(tuple, part["evidence"])) for part in parts]
    units = columns.get("action_units")
    codes = units.codes if units else tuple(sorted({code for evidence in named for code in evidence}))
    contribution = np.array([[evidence.get(code, 0.0) for code in codes] for evidence in named], float)
    probability = np.array([[part[name] for name in EMOTIONS] for part in parts], float)
    categories = [part["category"] for part in parts if part.get("category") is not None]
    return Emotion(probability, contribution, codes, _category(categories) if len(categories) == len(parts) else None)


def _category(parts: Rows) -> Category:
    classes = tuple(parts[0]["probability"])
    return Category(np.array([[part["probability"][name] for name in classes] for part in parts], float), classes)


def _age(parts: Rows, _: dict[str, Any]) -> Age:
    value, low, high = (_numbers(parts, name) for name in ("value", "low", "high"))
    return Age(value, low, high, parts[0].get("coverage", 0.9))


def _attractiveness(parts: Rows, _: dict[str, Any]) -> Attractiveness:
    numbers = {name: _known(parts, name) for name in SCORE_NUMBERS}
    for name in ("score", "percentile"):
        numbers[name] = _numbers(parts, name)
    return Attractiveness(pool=parts[0]["pool"], coverage=parts[0].get("coverage"), **numbers)  # type: ignore[arg-type]


def _displays(parts: Rows, _: dict[str, Any]) -> Displays:
    pain, smiles, cheeks = (_numbers(parts, name) for name in ("pain", "smile_strength", "cheek_strength"))
    return Displays(pain, np.array([part["smile"] or "" for part in parts]), smiles, cheeks)


def _attributes(parts: Rows, _: dict[str, Any]) -> Attributes:
    return Attributes({name: _attribute([part[name] for part in parts]) for name in parts[0]})


def _attribute(parts: Rows) -> Attribute:
    if "value" in parts[0]:
        return Quantity(_numbers(parts, "value"))
    if "label" in parts[0]:
        return _category(parts)
    names = tuple(parts[0]["probability"])
    return Flags(np.array([[part["probability"][name] for name in names] for part in parts], float), names)


_PARTS: dict[str, Callable[[Rows, dict[str, Any]], Any]] = {
    "pose": _pose,
    "action_units": _action_units,
    "emotion": _emotion,
    "age": _age,
    "attractiveness": _attractiveness,
    "attributes": _attributes,
    "displays": _displays,
}
