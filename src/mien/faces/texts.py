"""Estimates of one face in a few words, for tables and drawings."""

import numpy as np

from mien.faces.parts import Attractiveness, Emotion


def emotion_text(emotion: Emotion) -> str:
    """Displayed emotion of one face in a few words: 'positive 0.91', or 'positive 0.44, unclear'."""
    return f"{emotion.label} {emotion.probability.max():.2f}{'' if emotion.clear else ', unclear'}"


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
