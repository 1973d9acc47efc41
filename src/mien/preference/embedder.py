"""From photos to the embeddings of their largest faces, on which a personal taste is learned."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.analyzer import CHILD_AGE, Analyzer
from mien.errors import MediaError
from mien.faces import Frame
from mien.geometry import CropTemplate, Image, align
from mien.media import folder_sources, read_photo
from mien.media.files import display_name
from mien.preference.personal import Taste

VIEW = CropTemplate(224, 0.3)
"""How a face is shown to the person who compares."""


@dataclass(frozen=True, slots=True, eq=False)
class PhotoFace:
    """The largest face of a photo: its embedding (D,) and a crop to look at, or None of both and the reason.

    faces: how many were found; box: of the largest, x1, y1, x2, y2 in pixels.
    """

    source: str
    embedding: NDArray[np.float64] | None = None
    view: Image | None = None
    faces: int = 0
    reason: str = ""
    box: tuple[float, ...] | None = None

    @property
    def note(self) -> str:
        """What must be said of the photo: that it is left out, or that it has several faces."""
        if self.embedding is None:
            return f"left out: {self.reason}"
        return f"{self.faces} faces; the largest is taken." if self.faces > 1 else ""


def photo_face(frame: Frame) -> PhotoFace:
    """The largest face of a photo that is read already, with its image; what cannot be used has a reason."""
    name, faces = frame.source, frame.faces
    if frame.status == "error" or frame.image is None:
        return PhotoFace(name, reason=frame.reason or "no picture")
    if not len(faces):
        return PhotoFace(name, reason="no face")
    largest = faces[[faces.largest_index()]]
    box = tuple(map(float, largest.box[0]))
    part = largest.require("attractiveness")
    assert part.embedding is not None
    embedding = np.asarray(part.embedding[0], np.float64)
    if np.isnan(embedding).any():
        age = f"apparent age {largest.require('age').value[0]:.0f}; below {CHILD_AGE:.0f} no face is compared"
        return PhotoFace(name, faces=len(faces), reason=age)
    return PhotoFace(name, embedding, align(frame.image, largest.landmarks, VIEW)[0], len(faces), box=box)


class FaceEmbedder:
    """Reads the largest face of a photo with the network of attractiveness.

    Raises ModelError where the model's card has no prior of personal taste.
    """

    def __init__(self, model: str | Path = "attractiveness", threads: int | None = None) -> None:
        self._analyzer = Analyzer(["age", model], threads=threads)
        card = self._analyzer.heads[-1].model.card
        self.prior = Taste.from_decoding(card.decoding, card.name, card.values["sha256"])

    def __call__(self, source: str | Path, name: str | None = None) -> PhotoFace:
        """The largest face of one photo, under a name; what cannot be read has a reason."""
        name = name or display_name(source)
        try:
            image = read_photo(source)
        except MediaError as error:
            return PhotoFace(name, reason=str(error))
        return photo_face(Frame(name, self._analyzer.photo(image), image=image))

    def folder(self, folder: Path) -> Iterator[PhotoFace]:
        """The faces of all photos of a folder and those below it. Raises InputError where there is no photo."""
        for source in folder_sources(folder):
            if source.kind == "photo":
                yield self(source.path or source.name, source.name)
            else:
                yield PhotoFace(source.name, reason=source.reason or "It is a video; only photos are looked at.")
