"""Faces: all that is known of the faces in an image, as structs of arrays."""

from mien.faces.face_texts import attribute_texts, display_texts
from mien.faces.faces import Face, Faces
from mien.faces.flat import flatten
from mien.faces.frame import Frame
from mien.faces.parts import (
    CLEAR_MARGIN,
    EMOTIONS,
    SCORE_NUMBERS,
    ActionUnits,
    Age,
    Attractiveness,
    Attributes,
    Category,
    Displays,
    Emotion,
    Flags,
    Pose,
    Quantity,
)
from mien.faces.rows import FaceRow
from mien.faces.texts import emotion_text, ordinal, percentile_text, score_text

__all__ = [
    "CLEAR_MARGIN",
    "EMOTIONS",
    "SCORE_NUMBERS",
    "ActionUnits",
    "Age",
    "Attractiveness",
    "Attributes",
    "Category",
    "Displays",
    "Emotion",
    "Face",
    "FaceRow",
    "Faces",
    "Flags",
    "Frame",
    "Pose",
    "Quantity",
    "attribute_texts",
    "display_texts",
    "emotion_text",
    "flatten",
    "ordinal",
    "percentile_text",
    "score_text",
]
