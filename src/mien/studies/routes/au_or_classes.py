"""Positive, neutral, negative: why read Action Units first, and not the three classes directly, or landmarks?

**Method.** Three routes read the same faces. *Action Units*: the expression model and its evidence weights, as `mien
analyze` runs them; its network never saw a vote for an emotion, only the few evidence weights did. *Direct network*:
the same backbone, initial weights, crops and augmentation, trained on the votes of ferplus (`recipes/direct.yaml`).
*Landmarks*: the 68 points of the landmark network, laid on a mean face, with distances, angles, slopes and ratios
(`mien.studies.routes`), read by the better of gradient boosting and a small network, trained on the same faces
and their mirror images. Each route gets one temperature, fitted on the validation faces of ferplus.

Measured on the test faces of ferplus that at least 60 % of ten votes agree on (all, head turned by more than 30 or 45
degrees, partly hidden), and on rendered faces of people whom no route has seen, frontal, with one of ten displays of
moderate strength (units at 0.4 to 1.0 of their prototype, one side weaker in a quarter of the faces). The Action Unit
network was trained on renders of *other* people, the two others on photos alone: on renders it plays at home, so that
there the numbers of one route against another tell less than on ferplus.

*Reuse*: a linear read-out learns a new category from k labelled faces on what each route hands on to its last layer
(Action Unit probabilities, the embedding of 384 numbers, landmark features): displayed pain against other negative
displays on renders, and surprise against all other faces on ferplus, which none of the three classes contains. Without
any label the Action Units give both by rule: the pain index of Prkachin & Solomon, and the mean of AU1, AU2, AU5 and
AU26. The read-out is a ridge regression, its penalty chosen by leave-one-out error within the k faces.

**Derivation.** Let S_w and S_b be the covariances of a representation within and between groups, S_t their sum. The
*intra-class spread* is 1 - tr(S_t^-1 S_b) / (C - 1) on the first 16 principal components of the standardised columns,
whitened, the same number for all routes: what is left of the variance within classes along the directions that tell
the C classes apart, 0 where all faces of a class coincide, 1 where the classes do. The *variance explained* by a
factor (person, display) is tr(S_b) / tr(S_t) of the standardised columns. ECE sums |accuracy - confidence| over 15
bins of confidence, NLL is the mean of -log p of the right class. Resampled faces have noisier bins than the faces
themselves, so that the interval of a small ECE may lie above it.

**Source.** Ekman & Friesen, "Facial Action Coding System", 1978; Barsoum et al., "Training deep networks for facial
expression recognition with crowd-sourced label distribution", ICMI 2016 (FER+); Wang et al., "Region attention networks
for pose and occlusion robust facial expression recognition", IEEE TIP 2020 (pose and occlusion subsets); Guo et al.,
"On calibration of modern neural networks", ICML 2017.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from mien.faces import EMOTIONS
from mien.studies.core.bootstrap import Estimate
from mien.studies.core.finding import Cell, Finding, Study, Table
from mien.studies.routes.faces import SUBSETS, SURPRISED, Reading, cut, read_pictures
from mien.studies.routes.figures import draw_routes
from mien.studies.routes.measures import by_person, spread_within, variance_share
from mien.studies.routes.reuse import NewCategory, learning_curves
from mien.studies.routes.routes import seconds_a_face
from mien.studies.routes.setup import NAMES, NOTE, Bench, Hits, find_files, open_bench, rendered_hits, voted_hits
from mien.studies.routes.synthetic_displays import SyntheticFaces, class_plans, describe, draw, load_heads, pain_plans
from mien.studies.routes.verdicts import judge_routes
from mien.synthesis.dataset import Cast

FRONTAL = ((0, 0),)


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is measured.

    limit: most faces of a split of ferplus, None for all; trees: most rounds of the landmark classifiers; scenes: for
    each person, class and seed, and as many of pain; rounds: of the bootstrap; shots: labelled faces of a new category,
    drawn `draws` times; timed: faces whose time is taken.
    """

    limit: int | None = None
    trees: int = 500
    scenes: int = 24
    rounds: int = 800
    shots: tuple[int, ...] = (10, 30, 100, 300)
    draws: int = 20
    timed: int = 100


@dataclass(frozen=True, slots=True)
class Rendered:
    """Frontal rendered faces: what they show, and what the routes read."""

    told: SyntheticFaces
    reading: Reading


def run(settings: Settings, seeds: tuple[int, ...], folder: Path) -> Finding:
    """Read all faces by all routes, and measure."""
    files = find_files(folder)
    bench = open_bench(files, settings.limit, settings.trees)
    cast = load_heads(folder)
    rendered = render_frontal(bench, cast, settings.scenes, seeds)
    results = {f"ferplus, {name}": voted_hits(bench, name, settings.rounds) for name in SUBSETS}
    everyone = np.ones(len(rendered.told.label), bool)
    results["rendered, frontal"] = rendered_hits(bench, rendered.reading, rendered.told, everyone, settings.rounds)
    spreads = measure_spreads(bench, rendered)
    speeds = measure_speed(bench, settings.timed)
    curves = {c.name: learning_curves(c, settings.shots, settings.draws) for c in new_categories(bench, cast, settings)}
    rows = [*_hit_rows(results), *_plain_rows(spreads), *_plain_rows(speeds), *_reuse_rows(curves, settings.shots)]
    return Finding(
        Table(("faces", "measure", *NAMES), tuple(rows)),
        draw_routes(results, spreads, curves),
        "\n".join((*judge_routes(results, spreads, curves, speeds), f"{bench.choice[0].upper()}{bench.choice[1:]}.")),
        asdict(settings),
        _describe(bench, rendered, cast),
        NOTE,
    )


def render_frontal(bench: Bench, cast: Cast, scenes: int, seeds: tuple[int, ...]) -> Rendered:
    """Frontal faces of the test people, as many of each class for each seed; faces not found are left out."""
    people = len(cast.kin["test"])
    plans = [plan for seed in seeds for plan in class_plans(people, scenes, seed)]
    reading = read_pictures(draw(cast, "test", plans, FRONTAL), bench.routes, bench.finder)
    return Rendered(describe(plans, FRONTAL).select(reading.found), reading)


Values = dict[tuple[str, str], dict[str, float]]
"""(faces, measure) -> route -> value."""


def measure_spreads(bench: Bench, rendered: Rendered) -> Values:
    """How far a route's representation spreads within classes, over people, and how its accuracy does."""
    spreads: Values = {}
    clear = bench.test.label < len(EMOTIONS)
    for name in NAMES:
        voted = bench.test_reading.answers[name].representation[clear]
        drawn = rendered.reading.answers[name].representation
        faces = rendered.told
        accuracy = by_person(bench.probability(rendered.reading, name).argmax(1) == faces.label, faces.person)
        _, display = np.unique(faces.display.astype(str), return_inverse=True)
        person = variance_share(drawn, faces.person)
        shown = variance_share(drawn, display)
        metrics = {
            ("ferplus, all", "temperature"): bench.temperature[name],
            ("ferplus, all", "intra-class spread"): spread_within(voted, bench.test.label[clear]),
            ("rendered, frontal", "intra-class spread"): spread_within(drawn, faces.label),
            ("rendered, frontal", "variance explained by the person"): person,
            ("rendered, frontal", "variance explained by the display"): shown,
            ("rendered, frontal", "person over display"): person / shown,
            ("rendered, frontal", "accuracy, least of a person"): float(accuracy.min()),
            ("rendered, frontal", "accuracy, deviation over people"): float(accuracy.std(ddof=1)),
        }
        for key, value in metrics.items():
            spreads.setdefault(key, {})[name] = value
    return spreads


def measure_speed(bench: Bench, timed: int) -> Values:
    """Milliseconds a face on one thread, one face at a time: from 68 landmarks on, and from the detected face on."""
    pictures = [picture for _, picture in zip(range(timed), bench.test.pictures(), strict=False)]
    shared = 1e3 * seconds_a_face(lambda k: bench.finder(pictures[k].image), len(pictures))
    whole = 1e3 * seconds_a_face(lambda k: bench.finder.detector(pictures[k].image), len(pictures))
    speeds: Values = {}
    for route in bench.routes:

        def read(k: int, route=route) -> None:  # type: ignore[no-untyped-def]
            points = pictures[k].landmarks[None]  # type: ignore[index]
            route.read(cut([pictures[k].image], points, route.template), points)

        with threadpool_limits(1):
            milliseconds = 1e3 * seconds_a_face(read, len(pictures))
        speeds.setdefault(("one thread", "ms a face, after the landmarks"), {})[route.name] = milliseconds
        speeds.setdefault(("one thread", "ms a face, after the detector"), {})[route.name] = (
            milliseconds + shared - whole
        )
    return speeds


def new_categories(bench: Bench, cast: Cast, settings: Settings) -> list[NewCategory]:
    """Displayed pain on renders, surprise on ferplus; labelled faces and test faces are of different people."""
    known, present = _pain(bench, cast, "val", settings.scenes)
    unseen, truth = _pain(bench, cast, "test", settings.scenes)
    surprised = [part.label == SURPRISED for part in (bench.val, bench.test)]
    return [
        NewCategory("pain (rendered)", known, present, unseen, truth, "pain"),
        NewCategory(
            "surprise (ferplus)", bench.val_reading, surprised[0], bench.test_reading, surprised[1], "surprise"
        ),
    ]


def _pain(bench: Bench, cast: Cast, split: str, scenes: int) -> tuple[Reading, NDArray[np.bool_]]:
    """What the routes read in faces of a split's people, and which of them display pain."""
    plans = pain_plans(len(cast.kin[split]), scenes, 100)
    reading = read_pictures(draw(cast, split, plans, None), bench.routes, bench.finder)
    return reading, (describe(plans, FRONTAL).display == "pain")[reading.found]


def _hit_rows(results: Mapping[str, Hits]) -> list[tuple[Cell, ...]]:
    return [
        (faces, measure, *(hits[name][measure] for name in NAMES))
        for faces, hits in results.items()
        for measure in hits[NAMES[0]]
    ]


def _plain_rows(values: Values) -> list[tuple[Cell, ...]]:
    return [(*key, *(row[name] for name in NAMES)) for key, row in values.items()]


def _reuse_rows(
    curves: Mapping[str, Mapping[tuple[str, int], Estimate]], shots: tuple[int, ...]
) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for category, curve in curves.items():
        for k in (0, *shots):
            what = f"AUC, {k} labelled faces" if k else "AUC by rule, no label"
            rows.append((category, what, *(curve.get((name, k), "none") for name in NAMES)))
    return rows


def _describe(bench: Bench, rendered: Rendered, cast: Cast) -> str:
    clear = int((bench.test.label < SURPRISED).sum())
    lost = int((~rendered.reading.found).sum())
    return (
        f"ferplus, {bench.trained_on} training, {int((bench.val.label < SURPRISED).sum())} validation and {clear} test "
        f"faces with a clear vote for one of the three classes; {len(rendered.told.label)} rendered frontal faces of "
        f"{len(cast.kin['test'])} people ({lost} not found by the detector left out)"
    )


QUICK = Settings(limit=600, trees=40, scenes=6, rounds=100, shots=(10, 30), draws=4, timed=20)
STUDY = Study(__doc__, run, Settings(), QUICK, needs_folder=True)
