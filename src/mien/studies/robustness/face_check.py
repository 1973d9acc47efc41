"""What does the presence score take away: false faces, and at what price in true ones?

**Method.** *No face*: the sample pictures of scikit-image without a person in them (textures, coins, text, a rocket,
a horse, the sky, cells, a logo; the cat is told apart), each in many sizes, turns, parts and tilings. *Faces*: test
splits of labelled sets, the face nearest to the middle of each picture, by head turn as the landmark network tells it.
The detector looks at two thresholds, its usual one and a low one, as a tracker would; for both it is told how many
boxes remain with and without the presence score of the landmark network.

**Derivation.** Presence p = sigmoid(a z + b) is fitted on validation faces and on pictures without one, made from
their crops; its threshold t is the 0.2 % quantile of p on true faces, so that one face in 500 is lost where faces are
like those. A detection is kept where p >= t.

**Source.** Platt, "Probabilistic outputs for support vector machines", 1999.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mien.datasets.crops import pick_face
from mien.datasets.tables import open_table
from mien.errors import InputError
from mien.faces import Faces
from mien.geometry import Image
from mien.media import read_photo
from mien.opencv import cv2
from mien.runtime.detector import Detector
from mien.runtime.landmarks import Landmarker
from mien.studies.core.finding import Finding, Study, Table

PEOPLE = ("astronaut", "camera")
CAT = "chelsea"
SETS = ("fairface.parquet", "utkface.parquet", "strangers.parquet")
YAWS = ((0, 30), (30, 60), (60, 120))
USUAL, LOW = 0.6, 0.3
Landmarkers = tuple[Landmarker, Landmarker]


@dataclass(frozen=True, slots=True)
class Settings:
    """variants: of each picture without a face; limit: faces of a set."""

    variants: int = 40
    limit: int = 1500


@dataclass(slots=True)
class Count:
    """Boxes of the detector, and those that the presence score keeps."""

    boxes: int = 0
    kept: int = 0

    def add(self, before: int, after: int) -> None:
        """Count one picture."""
        self.boxes, self.kept = self.boxes + before, self.kept + after


def run(settings: Settings, seeds: tuple[int, ...], folder: Path) -> Finding:
    """Count boxes on pictures with and without faces."""
    files = [folder / name for name in SETS if (folder / name).is_file()]
    if not files:
        raise InputError(f"'data' must hold one of {', '.join(SETS)}. Got {str(folder)!r}.")
    strict, lenient = Landmarker(threads=1), Landmarker(threads=1, min_presence=0)
    counts: dict[tuple[str, float], Count] = {}
    for name, image in _without_faces(settings.variants):
        group = "a cat" if name == CAT else "no face"
        _count(counts, group, image, strict)
    for path in files:
        for image in _pictures(path, settings.limit):
            _count_middle(counts, path.stem, image, (strict, lenient))
    rows = tuple((*key, count.boxes, count.kept, _share(count)) for key, count in sorted(counts.items()))
    columns = ("pictures", "detector threshold", "boxes", "kept by the presence score", "share kept")
    return Finding(Table(columns, rows), _draw(counts), _judge(counts), asdict(settings), _describe(files, settings))


def _share(count: Count) -> float:
    return count.kept / count.boxes if count.boxes else float("nan")


def _without_faces(variants: int) -> Iterator[tuple[str, Image]]:
    """Pictures without a person, each whole and in random parts, sizes, turns and tilings."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise InputError("This study needs the sample pictures of scikit-image. Install it: pip install scikit-image")
    files = sorted((Path(spec.origin).parent / "data").glob("*.[pj][np]g"))
    for path in files:
        if path.stem in PEOPLE:
            continue
        picture, rng = read_photo(path), np.random.default_rng(0)
        yield path.stem, picture
        for _ in range(variants - 1):
            yield path.stem, _variant(picture, rng)


def _variant(picture: Image, rng: np.random.Generator) -> Image:
    height, width = picture.shape[:2]
    part = rng.uniform(0.15, 1, 2)
    y, x = (rng.uniform(0, 1 - part) * (height, width)).astype(int)
    cut = picture[y : y + max(int(part[0] * height), 8), x : x + max(int(part[1] * width), 8)]
    cut = np.rot90(cut, int(rng.integers(4)))
    if rng.random() < 0.3:
        cut = np.tile(cut, (2, 2, 1))
    side = int(rng.integers(120, 640))
    return np.asarray(cv2.resize(np.ascontiguousarray(cut), (side, int(side * rng.uniform(0.7, 1.4)))), np.uint8)


def _pictures(path: Path, limit: int) -> Iterator[Image]:
    table = open_table(path)
    split = table.columns()["split"].astype(str)
    wanted = np.zeros(len(table), bool)
    wanted[np.random.default_rng(0).permutation(np.flatnonzero(split == "test"))[:limit]] = True
    yield from (image for image in table.images(wanted) if image is not None)


def _count(counts: dict[tuple[str, float], Count], group: str, image: Image, landmarker: Landmarker) -> None:
    for threshold, detector in _detectors():
        faces = detector(image)
        kept = landmarker([image], [faces])[0] if len(faces) else faces
        counts.setdefault((group, threshold), Count()).add(len(faces), len(kept))


def _count_middle(counts: dict[tuple[str, float], Count], name: str, image: Image, landmarkers: Landmarkers) -> None:
    """The face nearest to the middle, by its turn."""
    strict, lenient = landmarkers
    for threshold, detector in _detectors():
        place = pick_face(detector, image, None)
        if place is None:
            continue
        face = Faces(place[0], np.ones(1, np.float32), place[1])
        kept, pose = len(strict([image], [face])[0]), lenient([image], [face])[0].pose
        assert pose is not None
        turn = next(f"yaw {low}-{high}" for low, high in YAWS if low <= abs(float(pose.yaw[0])) < high)
        for group in ("all", turn):
            counts.setdefault((f"{name}, {group}", threshold), Count()).add(1, kept)


@cache
def _detectors() -> tuple[tuple[float, Detector], ...]:
    return tuple((threshold, Detector(score_threshold=threshold, threads=1)) for threshold in (USUAL, LOW))


def _judge(counts: dict[tuple[str, float], Count]) -> str:
    lines = []
    for threshold in (USUAL, LOW):
        false = counts.get(("no face", threshold), Count())
        true = [count for (name, at), count in counts.items() if name.endswith(", all") and at == threshold]
        faces, kept = sum(count.boxes for count in true), sum(count.kept for count in true)
        lines.append(
            f"At a detector threshold of {threshold} the presence score keeps {false.kept} of {false.boxes} boxes on "
            f"pictures without a face, and {kept} of {faces} true faces."
        )
    return "\n".join(lines)


def _draw(counts: dict[tuple[str, float], Count]) -> Figure:
    names = sorted({name for name, _ in counts})
    figure = Figure(figsize=(9, 0.4 * len(names) + 1.5), layout="constrained")
    axes = figure.add_subplot()
    for k, threshold in enumerate((USUAL, LOW)):
        shares = [_share(counts.get((name, threshold), Count())) for name in names]
        axes.barh(np.arange(len(names)) + 0.4 * (k - 0.5), shares, 0.36, label=f"detector threshold {threshold}")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlim=(0, 1.02), title="share of boxes that the presence score keeps")
    axes.legend(loc="lower right")
    return figure


def _describe(files: list[Path], settings: Settings) -> str:
    return (
        f"sample pictures of scikit-image without a person, {settings.variants} variants of each; at most "
        f"{settings.limit} test faces of {', '.join(path.stem for path in files)}"
    )


QUICK = Settings(variants=3, limit=40)
STUDY = Study(__doc__, run, Settings(), QUICK, needs_folder=True)
