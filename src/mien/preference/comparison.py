"""Two photos: which one a pool of raters, or one person, would prefer, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from mien.analyzer import Analyzer, Photo
from mien.errors import InputError, MediaError, expect
from mien.faces import Frame
from mien.media import read_photo
from mien.preference.entrants import HEADS, Entrant, entrant
from mien.preference.judges import Judge, open_judge
from mien.preference.personal import Taste
from mien.preference.pool import Preference
from mien.runtime.heads import Head


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Photo a beside photo b: what would be preferred, as numbers and as a sentence."""

    a: Entrant
    b: Entrant
    preference: Preference
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        verdict = {"preference": self.preference.to_dict(), "sentence": self.sentence}
        return {"a": self.a.to_dict(), "b": self.b.to_dict(), **verdict}


def compare(
    a: Photo, b: Photo, analyzer: Analyzer | None = None, taste: Taste | str | PathLike[str] | None = None
) -> Comparison:
    """Which of two photos the pool of raters would prefer, or with a taste (or its file) the person whose it is.

    It is meant for photos of one person: which one to show. Of several faces in a photo the largest counts. analyzer:
    must read age and attractiveness; of the embedded models where left out.
    Raises MediaError for a photo that cannot be read; InputError for one without a face, and for a face that looks like
    a child's, which gets no score; ModelError where the card of the model cannot compare.
    """
    analyzer = analyzer or Analyzer(HEADS)
    first, second = (_frame(analyzer, photo) for photo in (a, b))
    return compare_frames(first, second, analyzer.heads, taste)


def compare_frames(
    a: Frame, b: Frame, heads: Sequence[Head], taste: Taste | str | PathLike[str] | None = None
) -> Comparison:
    """`compare` of photos that are read already, with their images. heads: those that read them."""
    judge: Judge = open_judge(heads, taste)
    first, second = (_entrant(frame, name) for frame, name in ((a, "a"), (b, "b")))
    preference = judge.prefer(first.attractiveness, second.attractiveness)
    return Comparison(first, second, preference, judge.sentence(preference))


def _frame(analyzer: Analyzer, photo: Photo) -> Frame:
    image = read_photo(photo)
    name = "<array>" if isinstance(photo, np.ndarray) else str(photo)
    return Frame(name, analyzer.photo(image), image=image)


def _entrant(frame: Frame, name: str) -> Entrant:
    if frame.status == "error" or frame.image is None:
        raise MediaError(frame.reason or f"{frame.source!r} has no picture.")
    expect(len(frame.faces) > 0, name, "a photo with a face, and none was found", frame.source)
    candidate = entrant(frame.source, frame.faces, frame.image)
    if candidate.unscored:
        raise InputError(f"{name!r} must be a photo of an adult. Got {frame.source!r}: {candidate.unscored}.")
    return candidate
