"""What runs began with and learned from beside data: trunk, teachers, label shifts of their sets."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from mien.geometry import Array
from mien.train.engine.shifts import Told, mean_shifts, read_shift, read_shifts, unshift


def origins_of(runs: Sequence[Path]) -> dict[str, Any]:
    """`trunk`, `teachers` and `label_shift` of a card, as far as the runs have them.

    Of several, whose networks are averaged: trunks and teachers of the first one, and the mean of their label shifts.
    """
    path = runs[0] / "origins.json"
    origins = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    shifts = mean_shifts([read_shifts(run) for run in runs])
    named = {"trunk": origins.get("init"), "teachers": origins.get("teachers"), "label_shift": shifts}
    return {name: value for name, value in named.items() if value}


def unshifted(labels: dict[str, Array], shifts: Told, names: Sequence[str]) -> dict[str, Array]:
    """Labels (N, ...) as values of the network's own: without the shift of their set, whose number is `set` (N,)."""
    moved = {name: torch.from_numpy(value) for name, value in labels.items()}
    number = moved["set"].reshape(-1)
    for label, sets in shifts.items():
        for name in sets:
            if label in moved and name in names:
                moved |= unshift(read_shift(sets[name]), label, moved, number == list(names).index(name))
    return {name: value.numpy() for name, value in moved.items()}
