"""Seeded sequences of faces that walk, cross, hide each other, enter and leave, as a detector would see them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
WIDTH, HEIGHT, SECONDS = 1280.0, 720.0, 12.0
KINDS = ("walk", "cross", "occluded", "doors")
_STEPS = 25
"""Steps a second of the paths; frames are taken from them at a lower rate."""


class Difficulty(NamedTuple):
    """What makes a sequence hard; the numbers are times those of the usual sequences."""

    people: float = 1.0
    turning: float = 1.0
    shaking: float = 1.0
    blur: float = 1.0
    missed: float = 1.0
    alarms: float = 1.0
    pan: float = 0.0
    """Standard deviation of the camera's speed, in picture widths a second."""


DIFFICULTIES = {
    "usual": Difficulty(),
    "crowd": Difficulty(people=2.5),
    "wandering": Difficulty(turning=6.0),
    "poor detector": Difficulty(shaking=2.0, blur=2.5, missed=5.0, alarms=5.0),
    "hand-held camera": Difficulty(pan=0.08),
}


class FrameOfSequence(NamedTuple):
    """What is there (identities (T,), boxes (T, 4)) and what is detected (boxes (D, 4), scores (D,)) at a time."""

    time_s: float
    identity: Array
    truth: Array
    box: Array
    score: Array


def sequence(kind: str, fps: int, seed: int, how: Difficulty = DIFFICULTIES["usual"]) -> list[FrameOfSequence]:
    """A sequence of 12 s; the same kind and seed have the same paths at every frame rate."""
    rng = np.random.default_rng([KINDS.index(kind), seed])
    people, bars = _people(kind, rng, how), _bars(kind, rng)
    pan = _pan(np.random.default_rng([KINDS.index(kind), seed]), how.pan)
    noise = np.random.default_rng([KINDS.index(kind), seed, fps])
    alarms: list[tuple[Array, int]] = []
    frames = []
    for step in range(0, int(SECONDS * _STEPS), _STEPS // fps):
        shown = [(number, path[step]) for number, path in enumerate(people) if not np.isnan(path[step, 0])]
        identity = np.array([number for number, _ in shown], int)
        truth = np.array([box for _, box in shown]).reshape(-1, 4)
        visible = _visible(truth, bars)
        box, score = _detected(truth, visible, noise, how)
        alarms = [(place, left - 1) for place, left in alarms if left > 1]
        alarms += [(_alarm(noise), int(noise.integers(1, 4))) for _ in range(noise.poisson(0.06 * how.alarms))]
        false = np.array([place + noise.normal(0, 2, 4) for place, _ in alarms]).reshape(-1, 4)
        box = np.concatenate([box, false])
        score = np.concatenate([score, noise.uniform(0.2, 0.75, len(false))])
        order, seen = noise.permutation(len(box)), visible > 0.25
        shift = np.tile(pan[step], 2)
        frames.append(
            FrameOfSequence(step / _STEPS, identity[seen], truth[seen] + shift, box[order] + shift, score[order])
        )
    return frames


def _pan(rng: np.random.Generator, speed: float) -> Array:
    """Where the camera's own motion moves everything (steps, 2): its speed wanders and forgets itself in 0.5 s."""
    rates = np.zeros((int(SECONDS * _STEPS), 2))
    keep = np.exp(-1 / (0.5 * _STEPS))
    for step in range(1, len(rates)):
        rates[step] = keep * rates[step - 1] + (1 - keep**2) ** 0.5 * rng.normal(0, speed * WIDTH, 2)
    return np.cumsum(rates, 0) / _STEPS


def _people(kind: str, rng: np.random.Generator, how: Difficulty) -> list[Array]:
    """Paths (steps, 4) of boxes; NaN while somebody is not there."""
    steps, count = int(SECONDS * _STEPS), int(rng.integers(4, 9) * how.people)
    if kind != "doors":
        return [_path(steps, kind, rng, how) for _ in range(count)]
    people = []
    for _ in range(2 * count):
        path = _path(steps, "walk", rng, how)
        start = int(rng.integers(0, steps - 40))
        length = int(rng.uniform(1.2, 6) * _STEPS)
        path[:start], path[start + length :] = np.nan, np.nan
        people.append(path)
    return people


def _path(steps: int, kind: str, rng: np.random.Generator, how: Difficulty) -> Array:
    """A path with smoothly changing speed; outside of the picture nobody is there."""
    size = rng.uniform(40, 120)
    at = rng.uniform([0, 0.25 * HEIGHT], [WIDTH, 0.75 * HEIGHT])
    fast = rng.uniform(0.3, 3.0) * size / _STEPS
    turn = rng.choice([-1.0, 1.0])
    if kind == "cross":
        at[0] = WIDTH * (0.15 if turn > 0 else 0.85) + rng.normal(0, 120)
        at[1] = HEIGHT / 2 + rng.normal(0, 60)
    sway = np.cumsum(how.turning * rng.normal(0, 0.02 * size / _STEPS**0.5, (steps, 2)), 0)
    bob = 0.05 * size * np.sin(np.arange(steps) / _STEPS * 2 * np.pi * rng.uniform(1, 2) + rng.uniform(0, 6))
    middle = at + np.cumsum(np.tile([turn * fast, rng.normal(0, 0.1) * fast], (steps, 1)) + 0.3 * sway, 0)
    middle[:, 1] += bob
    half = size * np.exp(rng.normal(0, 0.15) * np.linspace(0, 1, steps))[:, None] / 2 * np.array([0.85, 1.1])
    path = np.concatenate([middle - half, middle + half], 1)
    inside = (middle > 0).all(1) & (middle < [WIDTH, HEIGHT]).all(1)
    path[~inside] = np.nan
    return path


def _bars(kind: str, rng: np.random.Generator) -> Array:
    """Upright things (B, 4) that stand before everybody."""
    if kind != "occluded":
        return np.zeros((0, 4))
    left = rng.uniform(0.1, 0.9, 5) * WIDTH
    return np.stack([left, np.zeros(5), left + rng.uniform(30, 130, 5), np.full(5, HEIGHT)], 1)


def _visible(truth: Array, bars: Array) -> Array:
    """Share of each face that nothing covers: things before all, and of two faces the larger."""
    area = (truth[:, 2] - truth[:, 0]) * (truth[:, 3] - truth[:, 1])
    visible = np.ones(len(truth))
    for i, box in enumerate(truth):
        for other in (*truth[area > area[i]], *bars):
            low, high = np.maximum(box[:2], other[:2]), np.minimum(box[2:], other[2:])
            visible[i] = min(visible[i], 1 - np.prod(np.maximum(high - low, 0)) / area[i])
    return visible


def _detected(truth: Array, visible: Array, rng: np.random.Generator, how: Difficulty) -> tuple[Array, Array]:
    """Boxes and scores of what a detector sees: scores fall and boxes shake with what is covered."""
    size = np.sqrt(np.prod(truth[:, 2:] - truth[:, :2], axis=1))[:, None] if len(truth) else np.zeros((0, 1))
    score = np.clip(0.92 - 0.75 * (1 - visible) + rng.normal(0, 0.07, len(truth)), 0.01, 0.99)
    box = truth + rng.normal(0, how.shaking, truth.shape) * size * (0.025 + 0.06 * (1 - visible[:, None]))
    blurred = rng.random(len(truth)) < 0.08 * how.blur
    score = np.where(blurred, score - rng.uniform(0.2, 0.6, len(truth)), score)
    seen = (score > 0.15) & (rng.random(len(truth)) > 0.02 * how.missed)
    return box[seen], score[seen]


def _alarm(rng: np.random.Generator) -> Array:
    middle, half = rng.uniform([0, 0], [WIDTH, HEIGHT]), rng.uniform(15, 50)
    return np.concatenate([middle - half, middle + half])
