"""mien reads faces: Action Units, displayed emotion with reasons, apparent age, attractiveness.

Names are loaded when first used, so that `import mien` costs next to nothing.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Analyzer": "mien.analyzer",
    "Faces": "mien.faces",
    "Face": "mien.faces",
    "Frame": "mien.faces",
    "MienError": "mien.errors",
    "compare": "mien.preference",
    "draw": "mien.drawing",
}
__all__ = ["Analyzer", "Face", "Faces", "Frame", "MienError", "__version__", "compare", "draw"]

if TYPE_CHECKING:
    from mien.analyzer import Analyzer
    from mien.drawing import draw
    from mien.errors import MienError
    from mien.faces import Face, Faces, Frame
    from mien.preference import compare


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mien' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
