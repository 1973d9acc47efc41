"""Seven or eight emotions folded to three displayed classes, the same way for every peer.

positive = happiness, neutral = neutral, negative = the sum of anger, disgust, fear, sadness and contempt; surprise is
neither: its score is left out before the largest of the three is taken, and faces labelled so are left out too.
"""

from collections.abc import Mapping

CLASSES = ("positive", "neutral", "negative")
_NAMES = {
    "positive": ("positive", "happy", "happiness"),
    "neutral": ("neutral",),
    "negative": (
        "negative", "angry", "anger", "disgust", "disgusted", "fear", "fearful", "sad", "sadness", "contempt",
    ),
    None: ("surprise", "surprised"),
}  # fmt: skip
_CLASS_OF = {name: target for target, names in _NAMES.items() for name in names}


def fold(emotions: Mapping[str, float]) -> dict[str, float]:
    """Scores of the three classes. Raises ValueError for a name that is not known.

    >>> fold({"happy": 0.2, "neutral": 0.25, "sad": 0.15, "angry": 0.15, "surprise": 0.25})
    {'positive': 0.2, 'neutral': 0.25, 'negative': 0.3}
    """
    scores = dict.fromkeys(CLASSES, 0.0)
    for name, score in emotions.items():
        if name not in _CLASS_OF:
            raise ValueError(f"An emotion must be one of {', '.join(_CLASS_OF)}. Got {name!r}.")
        target = _CLASS_OF[name]
        if target is not None:
            scores[target] += score
    return scores


def class_of(emotions: Mapping[str, float]) -> int:
    """Index in `CLASSES` of the largest score, the first of equal ones."""
    scores = fold(emotions)
    return max(range(len(CLASSES)), key=lambda k: scores[CLASSES[k]])


def smile_of(face: Mapping[str, object]) -> float | None:
    """A peer's own score of a smile, or else that of happiness; None where it tells neither."""
    if face.get("smile") is not None:
        return float(face["smile"])  # type: ignore[arg-type]
    emotions = face.get("emotions")
    return fold(emotions)["positive"] if isinstance(emotions, Mapping) and emotions else None
