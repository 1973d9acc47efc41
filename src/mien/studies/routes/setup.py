"""The files that the studies of routes need, the three routes made ready, and what they answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mien.errors import InputError
from mien.faces import EMOTIONS
from mien.geometry import Array
from mien.studies.core.bootstrap import Estimate, resample
from mien.studies.routes.faces import Finder, Reading, VotedFaces, read_pictures, voted_faces
from mien.studies.routes.landmark_classifier import LandmarkClassifier, fit_landmark_classifier
from mien.studies.routes.measures import hits, temperature_of, tempered
from mien.studies.routes.routes import DIRECT, EXACT, LANDMARKS, UNITS, DirectRoute, LandmarksRoute, Route, UnitsRoute
from mien.studies.routes.synthetic_displays import SyntheticFaces
from mien.synthesis.dataset import MODEL, PEOPLE

VOTES = "ferplus.parquet"
CACHE, RUNS = Path("cache"), Path("runs")
"""The folders of recipes."""
NAMES = (UNITS, DIRECT, LANDMARKS)
NOTE = """Value with its 95 % percentile bootstrap interval: over faces for ferplus, over whole people for rendered
faces, over draws of labelled faces for new categories. Two routes are compared on the same draws; a difference counts
only where its interval leaves zero out."""


@dataclass(frozen=True, slots=True)
class Files:
    """What a folder of data holds for these studies."""

    folder: Path
    votes: Path
    direct: Path
    expression: Path | str


@dataclass(frozen=True, slots=True)
class Bench:
    """The routes, each with its temperature, and what they answered on the validation and test faces of ferplus."""

    routes: list[Route]
    classifier: LandmarkClassifier
    temperature: dict[str, float]
    val: VotedFaces
    test: VotedFaces
    val_reading: Reading
    test_reading: Reading
    finder: Finder
    trained_on: int

    @property
    def with_exact(self) -> list[Route]:
        """The routes, and the landmark route on the exact landmarks of rendered faces."""
        return [*self.routes, LandmarksRoute(self.classifier, EXACT)]

    def probability(self, reading: Reading, name: str) -> Array:
        """Calibrated probability (N, 3) that a route gives."""
        route = LANDMARKS if name == EXACT else name
        return tempered(reading.answers[name].log_probability, self.temperature[route])

    @property
    def choice(self) -> str:
        """Which landmark classifier was taken, in words."""
        scores = ", ".join(f"{name} {score:.3f}" for name, score in self.classifier.scores.items())
        return f"landmark route: {self.classifier.kind}, chosen by macro-F1 on validation faces ({scores})"


def find_files(folder: Path) -> Files:
    """The files of a folder. Raises InputError that names every missing one, and how it is made."""
    direct = _exported(folder, "direct")
    makers = {
        VOTES: "FER+ as Parquet, see docs/training.md",
        MODEL: "the head model, see docs/training.md",
        PEOPLE: "the people of the head model, see docs/training.md",
    }
    missing = [f"{name} ({how})" for name, how in makers.items() if not (folder / name).is_file()]
    if direct is None:
        missing.append(
            f"direct.onnx (mien train recipes/direct.yaml data_dir={folder}; mien export runs/direct --out {folder})"
        )
    if missing or direct is None:
        raise InputError(
            f"'data' must be a folder with all of these files. Missing in {str(folder)!r}: {'; '.join(missing)}."
        )
    return Files(folder, folder / VOTES, direct, _exported(folder, "expression") or "expression")


def _exported(folder: Path, name: str) -> Path | None:
    """An exported model in the folder, or in its run; of the expression model in the folder alone."""
    places = [folder / f"{name}.onnx", *([RUNS / name / f"{name}.onnx"] if name == "direct" else [])]
    return next((path for path in places if path.is_file() and path.with_suffix(".json").is_file()), None)


def open_bench(files: Files, limit: int | None, trees: int) -> Bench:
    """Find landmarks, train the landmark classifier, read ferplus by every route, fit the temperatures."""
    finder = Finder()
    units, direct = UnitsRoute(files.expression), DirectRoute(files.direct)
    faces = voted_faces(files.votes, CACHE, limit, finder)
    train, held = faces.part("train"), faces.part("val")
    classifier = fit_landmark_classifier(train.landmarks, train.label, (held.landmarks, held.label), rounds=trees)
    routes: list[Route] = [units, direct, LandmarksRoute(classifier)]
    val, test = (faces.part(split, surprised=True) for split in ("val", "test"))
    val_reading, test_reading = (read_pictures(part.pictures(), routes, finder) for part in (val, test))
    clear = val.label < len(EMOTIONS)
    temperature = {
        name: temperature_of(answers.log_probability[clear], val.label[clear])
        for name, answers in val_reading.answers.items()
    }
    return Bench(routes, classifier, temperature, val, test, val_reading, test_reading, finder, len(train.row))


Hits = dict[str, dict[str, Estimate]]
"""Route -> measure -> estimate."""


def voted_hits(bench: Bench, subset: str, rounds: int) -> Hits:
    """Measures of each route on a part of the test faces."""
    chosen = bench.test.subset[subset] & (bench.test.label < len(EMOTIONS))
    target = bench.test.label[chosen]
    draws = resample(None, len(target), rounds)
    return {name: hits(bench.probability(bench.test_reading, name)[chosen], target, draws) for name in NAMES}


def rendered_hits(
    bench: Bench, reading: Reading, faces: SyntheticFaces, chosen: Array, rounds: int, names: Sequence[str] = NAMES
) -> Hits:
    """Measures of each route on the chosen (N,) rendered faces; the same people are drawn for every choice."""
    target, person = faces.label[chosen], faces.person[chosen]
    draws = resample(person, len(target), rounds)
    return {name: hits(bench.probability(reading, name)[chosen], target, draws) for name in names}
