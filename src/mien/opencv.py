"""OpenCV: no other room imports it, so that a broken install is reported in one line."""

from mien.errors import BrokenDependencyError

_MEND = "Mend it with: pip install --force-reinstall --no-deps opencv-python-headless"

try:
    import cv2
except ImportError as error:
    raise BrokenDependencyError(f"OpenCV (cv2) cannot be loaded: {error}. {_MEND}") from error
if not hasattr(cv2, "resize"):
    raise BrokenDependencyError(
        "OpenCV (cv2) is installed and empty, as after 'opencv-python' was removed beside 'opencv-python-headless', "
        f"which shares its files. {_MEND}"
    )

__all__ = ["cv2"]
