"""A scene of moving faces with a detector, a landmarker and heads that read it by arithmetic; no network runs."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np

from mien.faces import ActionUnits, Age, Attractiveness, Faces, Pose
from mien.geometry import CropTemplate, five_points

SHAPE = np.random.default_rng(0).uniform(-0.4, 0.4, (68, 2)).astype(np.float32)
SHAPE[36:42], SHAPE[42:48] = [-0.2, -0.15], [0.2, -0.15]
IMAGE = np.zeros((200, 400, 3), np.uint8)


@dataclass
class Scene:
    """Faces (x, y, side) that are there now; the detector may miss some of them."""

    there: list[tuple[float, float, float]] = field(default_factory=list)
    unseen: set[int] = field(default_factory=set)
    looks: int = 0
    reads: int = 0


def boxes(places):
    return np.array([[x - s / 2, y - s / 2, x + s / 2, y + s / 2] for x, y, s in places], np.float32).reshape(-1, 4)


class FakeDetector:
    score_threshold = 0.6

    def __init__(self, scene):
        self.scene = scene

    def batch(self, images, lowest=1.0):
        self.scene.looks += 1
        seen = [place for i, place in enumerate(self.scene.there) if i not in self.scene.unseen]
        box = boxes(seen)
        middle = (box[:, :2] + box[:, 2:])[:, None] / 2
        points = (middle + np.zeros((1, 5, 2))).astype(np.float32)
        return [Faces(box, np.full(len(box), 0.9, np.float32), points)]


class FakeLandmarker:
    """Finds the face whose middle lies within a third of a box's side; presence tells where there is none."""

    def __init__(self, scene, presence=True):
        self.scene, self.min_presence = scene, 0.5 if presence else 0.0
        outputs = ("landmarks", "pose", "presence") if presence else ("landmarks", "pose")
        self.model = SimpleNamespace(card=SimpleNamespace(outputs=outputs))

    def __call__(self, images, faces):
        (asked,) = faces
        self.scene.reads += len(asked)
        places, kept = [], []
        for i, box in enumerate(asked.box):
            middle, side = (box[:2] + box[2:]) / 2, float(box[2] - box[0])
            near = [p for p in self.scene.there if np.hypot(*(middle - p[:2])) < side / 3]
            if near or not self.min_presence:
                places.append(near[0] if near else (*middle, side))
                kept.append(i)
        if not len(asked):
            return [asked]
        points = np.array([SHAPE * s + [x, y] for x, y, s in places], np.float32).reshape(-1, 68, 2)
        zeros = np.zeros(len(kept), np.float32)
        told = {"landmarks": five_points(points), "landmarks_68": points, "pose": Pose(zeros, zeros, zeros)}
        return [replace(asked.select(np.array(kept, np.int64)), **told)]


class FakeHead:
    """Reads 30 years, more for lighter crops; counts its reads."""

    template = CropTemplate(32, 0.42)
    model = SimpleNamespace(card=SimpleNamespace(task="age+attractiveness"))

    def __init__(self):
        self.seen = []

    def __call__(self, faces, crops):
        light = crops.reshape(len(crops), -1).mean(1)
        self.seen += light.tolist()
        age = Age(30 + light / 10, 20 + light / 10, 40 + light / 10)
        return replace(faces, age=age, attractiveness=Attractiveness(light / 100, light / 3, "pool"))


def units(intensity):
    intensity = np.asarray(intensity, np.float32)
    return ActionUnits(intensity / 5, intensity, ("AU06", "AU12"))
