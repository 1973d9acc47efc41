"""Why not read a display from landmark coordinates, angles and distances: what is left of them when the head turns?

**Method.** The routes are those of `mien study au-or-classes`: *Action Units*, the *direct network*, and *landmarks*
(68 points laid on a mean face, distances, angles, slopes, ratios). Scenes with a known display are rendered of people
whom no route has seen. Each scene is drawn from yaw 0, 15, 30, 45 and 60 degrees, to the person's left or right, and
from pitch -30 to 30; nothing but the angle changes from view to view, so that the loss of a route is its own. The
landmarks come from the landmark network, as `mien analyze` finds them; beside them stand the *exact landmarks* of the
render, which tell whether the landmark route loses because points are found badly or because of what points are. On
real faces: the test faces of ferplus that are turned by more than 30 and by more than 45 degrees. How well the Action
Units themselves are read is told by the mean of their AUC, a unit being present at an intensity of at least 0.5.

The Action Unit network was trained on renders of *other* people, from all these angles; the direct network and the
landmark classifier were trained on the photos of ferplus, most of them near frontal. So the levels on renders favour
Action Units, and the *relative loss* of each route against itself is shown beside them: 1 - F1(angle) / F1(0), and 1 -
(AUC(angle) - 0.5) / (AUC(0) - 0.5), which no bias towards one class touches. Even that favours a network which has
seen as many turned faces as frontal ones. Faces that the detector misses are left out for all routes alike.

**Derivation.** Landmarks are points of the picture. A point (x, y, z) of a head turned by the yaw a is seen at x cos a
+ z sin a: a distance across the face shrinks by cos a, and points at other depths move against each other, so that a
turned neutral mouth has the proportions of a pursed one. A similarity transform of the picture (shift, size, in-plane
rotation) takes none of this off. *Variance explained* by a factor is tr(S_b) / tr(S_t), between-group over whole
covariance of the standardised columns of what a route hands to its last layer: by the view, by the person, by the
display.

**Source.** Ekman & Friesen, "Facial Action Coding System", 1978; Wang et al., "Region attention networks for pose and
occlusion robust facial expression recognition", IEEE TIP 2020 (pose subsets); Efron & Tibshirani, "An Introduction to
the Bootstrap", 1993.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.metrics import landmark_error
from mien.studies.core.bootstrap import Estimate, estimate, resample
from mien.studies.core.finding import Cell, Finding, Study, Table
from mien.studies.routes.faces import Picture, Reading, read_pictures
from mien.studies.routes.figures import draw_pose
from mien.studies.routes.measures import ACCURACY, AUC, F1, variance_share
from mien.studies.routes.routes import EXACT, UNITS
from mien.studies.routes.setup import NAMES, NOTE, Bench, Hits, find_files, open_bench, rendered_hits, voted_hits
from mien.studies.routes.synthetic_displays import (
    PITCHES,
    VIEWS,
    YAWS,
    SyntheticFaces,
    class_plans,
    describe,
    draw,
    load_heads,
)  # fmt: skip
from mien.studies.routes.units import judge_units, unit_rows, units_by_yaw
from mien.studies.routes.verdicts import LOSSES, judge_pose
from mien.synthesis.dataset import Cast

ROUTES = (*NAMES, EXACT)
SUBSETS = ("all", "pose30", "pose45")


@dataclass(frozen=True, slots=True)
class Settings:
    """limit, trees, rounds: as in `au-or-classes`; scenes: for each person, class and seed, each from nine views."""

    limit: int | None = None
    trees: int = 500
    scenes: int = 12
    rounds: int = 800


@dataclass(frozen=True, slots=True)
class Turned:
    """Rendered faces from all views: what they show, what the routes read.

    error (N,) of the landmarks found; intensity (N, 18) of the Action Units.
    """

    told: SyntheticFaces
    reading: Reading
    error: NDArray[np.float32]
    intensity: NDArray[np.float32]


def run(settings: Settings, seeds: tuple[int, ...], folder: Path) -> Finding:
    """Read turned faces by all routes, and measure."""
    files = find_files(folder)
    bench = open_bench(files, settings.limit, settings.trees)
    turned = render_turned(bench, load_heads(folder), settings.scenes, seeds)
    yaw = {angle: _view(bench, turned, angle, 0, settings.rounds) for angle in YAWS}
    pitch = {angle: _view(bench, turned, 0, angle, settings.rounds) for angle in sorted((*PITCHES, 0))}
    voted = {f"ferplus, {name}": voted_hits(bench, name, settings.rounds) for name in SUBSETS}
    error = {angle: _error(turned, angle, settings.rounds) for angle in YAWS}
    rows = [*_view_rows("yaw", yaw), *_view_rows("pitch", pitch), *_voted_rows(voted), *_variance_rows(turned)]
    units = _units(turned, settings.rounds)
    rows += unit_rows(units)
    rows += [("landmark network", f"error / outer eye distance, yaw {a}", "", "", e, 0.0) for a, e in error.items()]
    verdict = [*judge_pose(yaw, pitch, voted), *judge_units(units), f"{bench.choice[0].upper()}{bench.choice[1:]}."]
    return Finding(
        Table(("faces", "measure", *ROUTES), tuple(rows)),
        draw_pose(yaw, pitch, voted, error),
        "\n".join(verdict),
        asdict(settings),
        _describe(bench, turned),
        NOTE,
    )


def render_turned(bench: Bench, cast: Cast, scenes: int, seeds: tuple[int, ...]) -> Turned:
    """Scenes of the test people from all views; faces that are not found are left out."""
    plans = [plan for seed in seeds for plan in class_plans(len(cast.kin["test"]), scenes, seed)]
    exact: list[NDArray[np.float32]] = []
    intensity: list[NDArray[np.float32]] = []

    def kept(picture: Picture) -> Picture:
        assert picture.exact is not None
        assert picture.intensity is not None
        exact.append(picture.exact)
        intensity.append(picture.intensity)
        return picture

    pictures = (kept(picture) for picture in draw(cast, "test", plans, VIEWS))
    reading = read_pictures(pictures, bench.with_exact, bench.finder)
    detected = reading.found
    error = landmark_error(reading.landmarks, np.stack(exact)[detected])
    return Turned(describe(plans, VIEWS).select(detected), reading, error, np.stack(intensity)[detected])


def _view(bench: Bench, turned: Turned, yaw: int, pitch: int, rounds: int) -> Hits:
    chosen = (turned.told.yaw == yaw) & (turned.told.pitch == pitch)
    return rendered_hits(bench, turned.reading, turned.told, chosen, rounds, ROUTES)


def _units(turned: Turned, rounds: int) -> dict[int, Estimate]:
    """How well the Action Units are read at each yaw."""
    level = turned.told.pitch == 0
    faces, probability = turned.told.select(level), turned.reading.answers[UNITS].representation[level]
    return units_by_yaw(probability, turned.intensity[level], faces.yaw, faces.person, rounds)


def _error(turned: Turned, yaw: int, rounds: int) -> Estimate:
    """Mean landmark error of the faces of a yaw, resampled by person."""
    chosen = (turned.told.yaw == yaw) & (turned.told.pitch == 0)
    error = turned.error[chosen]
    draws = resample(turned.told.person[chosen], len(error), rounds)
    return estimate(lambda rows: float(error[rows].mean()), len(error), draws)


def _view_rows(axis: str, views: Mapping[int, Hits]) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for angle, hits in views.items():
        faces = f"rendered, {axis} {angle}"
        rows += [(faces, measure, *(hits[name][measure] for name in ROUTES)) for measure in (F1, ACCURACY, AUC)]
        for measure, floor in LOSSES.items() if angle else ():
            lost = (views[0][name][measure].relative_loss(hits[name][measure], floor) for name in ROUTES)
            rows.append((faces, f"part of {measure}{' above 0.5' * (floor > 0)} lost since {axis} 0", *lost))
    return rows


def _voted_rows(voted: Mapping[str, Hits]) -> list[tuple[Cell, ...]]:
    measures = (F1, ACCURACY, AUC)
    return [
        (faces, measure, *(hits[name][measure] for name in NAMES), "none")
        for faces, hits in voted.items()
        for measure in measures
    ]


def _variance_rows(turned: Turned) -> list[tuple[Cell, ...]]:
    """What explains the representations of rendered faces from all views."""
    faces = turned.told
    view = 1000 * faces.yaw + faces.pitch
    _, display = np.unique(faces.display.astype(str), return_inverse=True)
    rows: list[tuple[Cell, ...]] = []
    for name, groups in (("view", view), ("person", faces.person), ("display", display)):
        shares = (variance_share(turned.reading.answers[route].representation, groups) for route in ROUTES)
        rows.append(("rendered, all views", f"variance explained by the {name}", *shares))
    return rows


def _describe(bench: Bench, turned: Turned) -> str:
    lost, scenes = int((~turned.reading.found).sum()), len(np.unique(turned.told.scene))
    return (
        f"{scenes} rendered scenes of {len(np.unique(turned.told.person))} people from {len(VIEWS)} views "
        f"({lost} of {len(turned.reading.found)} pictures, in which the detector finds no face, left out); ferplus, "
        f"{bench.trained_on} training and {int((bench.test.label < 3).sum())} test faces"
    )


QUICK = Settings(limit=600, trees=40, scenes=2, rounds=100)
STUDY = Study(__doc__, run, Settings(), QUICK, needs_folder=True)
