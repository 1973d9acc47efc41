"""Estimates of one face in a few words, for tables and drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mien.faces.parts import Attractiveness, Category, Emotion, Quantity

if TYPE_CHECKING:
    from mien.faces.faces import Face


def emotion_text(emotion: Emotion) -> str:
    """Displayed emotion of one face in a few words: 'positive 0.91', or 'positive 0.44, unclear'."""
    return f"{emotion.label} {emotion.probability.max():.2f}{'' if emotion.clear else ', unclear'}"


def display_texts(face: Face) -> list[str]:
    """Displays of a face in a few words each: 'smile with raised cheeks', 'displayed pain expression 1.3 of 16'."""
    told = face.displays.to_dict() if face.displays else {}
    smile = "no smile" if told.get("smile") == "none" else told.get("smile")
    pain = None if told.get("pain") is None else f"displayed pain expression {told['pain']:.1f} of 16"
    return [text for text in (smile, pain) if text]


def ordinal(number: float) -> str:
    """A percentile in words: 61st, 12th.

    >>> [ordinal(n) for n in (1, 12.4, 22, 63.0, 100)]
    ['1st', '12th', '22nd', '63rd', '100th']
    """
    whole = round(number)
    ending = "th" if whole % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(whole % 10, "th")
    return f"{whole}{ending}"


def score_text(part: Attractiveness) -> str:
    """Score of one face in standard deviations of the pool's faces: '+0.41 (-0.44 to +1.26)'; empty where none is."""
    if not np.isfinite(part.score):
        return ""
    ends = "" if part.low is None or part.high is None else f" ({part.low:+.2f} to {part.high:+.2f})"
    return f"{part.score:+.2f}{ends}"


def percentile_text(part: Attractiveness) -> str:
    """Opinion of the pool on one face: '61st percentile (48 to 73)'; empty where no score is given."""
    if not np.isfinite(part.percentile):
        return ""
    text = f"{ordinal(float(part.percentile))} percentile"
    if part.percentile_low is None or part.percentile_high is None:
        return text
    return f"{text} ({part.percentile_low:.0f} to {part.percentile_high:.0f})"


def attribute_texts(face: Face) -> list[str]:
    """What users' own models tell of a face in a few words each: 'glasses: yes 0.93', 'height: 1.7'."""
    texts = []
    for name, part in face.attributes.named.items() if face.attributes else ():
        if isinstance(part, Category):
            texts.append(f"{name}: {part.label} {part.probability.max():.2f}")
        elif isinstance(part, Quantity):
            texts.append(f"{name}: {float(part.value):.3g}")
        else:
            held = [flag for flag, p in zip(part.names, part.probability, strict=True) if p >= 0.5]
            texts.append(f"{name}: {', '.join(held) or 'none'}")
    return texts
