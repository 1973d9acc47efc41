"""OpenCV kept silent while it opens damaged files."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mien.opencv import cv2

_LOG_LEVEL = "OPENCV_FFMPEG_LOGLEVEL"
_lock = threading.Lock()


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Keep OpenCV and ffmpeg from writing to standard error about damaged files.

    OpenCV reads ffmpeg's level from the environment whenever it opens a file; both settings are put back.
    """
    logging = cv2.utils.logging
    with _lock:
        level, mine = logging.getLogLevel(), _LOG_LEVEL not in os.environ
        logging.setLogLevel(logging.LOG_LEVEL_SILENT)
        if mine:
            os.environ[_LOG_LEVEL] = "-8"
        try:
            yield
        finally:
            logging.setLogLevel(level)
            if mine:
                os.environ.pop(_LOG_LEVEL, None)
