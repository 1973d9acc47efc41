"""Displays that published rules name from Action Units, without any training: pain and the type of a smile.

They are visible movements of the face. Nobody can tell from them what a person feels.
"""

import numpy as np

from mien.faces import ActionUnits, Displays
from mien.geometry import Array

TRACE = 1.0
"""Intensity at which a unit counts as present: the first trace, where its probability is one half."""
PAIN_RANGE = (0.0, 16.0)
SMILES = ("none", "smile", "smile with raised cheeks")


def displays_of(units: ActionUnits) -> Displays:
    """All displays of Action Units (N, K)."""
    return Displays(pain_index(units), *smile_type(units))


def pain_index(units: ActionUnits) -> Array:
    """Displayed pain expression (N,), 0 to 16: AU4 + max(AU6, AU7) + max(AU9, AU10) + AU43.

    Intensities are 0..5; AU43 (eyes closed) counts 0 or 1, here its probability. NaN where a unit is missing.
    The index was validated for units coded by people, in faces of patients; these are estimates, which give a
    face at rest some tenths, and a broad smile more than most frowns. It says that a face looks as faces in
    pain often do, and never that there is pain or none.
    Prkachin & Solomon, "The structure, reliability and validity of pain expression", Pain 139, 2008.

    >>> codes = ("AU04", "AU06", "AU07", "AU09", "AU10", "AU43")
    >>> units = ActionUnits(np.full((1, 6), 0.5), np.array([[2.0, 1, 3, 0, 4, 1]]), codes)
    >>> pain_index(units).tolist()
    [9.5]
    """
    brow, cheek, lid, nose, lip = (_intensity(units, code) for code in ("AU04", "AU06", "AU07", "AU09", "AU10"))
    return np.asarray(brow + np.maximum(cheek, lid) + np.maximum(nose, lip) + _column(units, units.probability, "AU43"))


def smile_type(units: ActionUnits) -> tuple[Array, Array, Array]:
    """Kind of smile (N,) of `SMILES`, with the intensities (N,) of AU12 (lip corners) and AU06 (cheeks) behind it.

    'smile': AU12 shows at least a trace; 'smile with raised cheeks': AU06 does as well. The kind is empty, and
    an intensity NaN, where a unit is missing.
    Raised cheeks, the "Duchenne marker", are no proof of felt joy: they can be posed, and strong smiles raise
    the cheeks anyway. Krumhuber & Manstead, "Can Duchenne smiles be feigned?", Emotion 9, 2009.

    >>> units = ActionUnits(np.zeros((2, 2)), np.array([[0.2, 3.0], [2.0, 3.0]]), ("AU06", "AU12"))
    >>> smile_type(units)[0].tolist()
    ['smile', 'smile with raised cheeks']
    """
    lips, cheeks = _intensity(units, "AU12"), _intensity(units, "AU06")
    number = np.where(lips >= TRACE, 1 + (cheeks >= TRACE), 0)
    return np.where(np.isnan(lips + cheeks), "", np.array(SMILES)[number]), lips, cheeks


def _intensity(units: ActionUnits, code: str) -> Array:
    return _column(units, units.intensity, code)


def _column(units: ActionUnits, values: Array, code: str) -> Array:
    """Values (N,) of one unit, NaN where it was not read."""
    missing = np.full(len(values), np.nan)
    return np.asarray(values[:, units.codes.index(code)] if code in units.codes else missing)
