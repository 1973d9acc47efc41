"""When are two photos one scene, and a face blurred: what do the thresholds of `mien rank` take for what?

**Method.** Of each set the first pictures of a random order. *One scene*: each picture against a second shot of it,
which is moved by up to 4 % of the side, turned by up to 3 degrees, 5 % nearer or farther, up to 20 % lighter or darker
and packed as JPEG of quality 60; and against every other picture of its set, which shows someone else (duplicates
within a set are few). `ckplus` has several displays of one person in one place. The pictures are faces that fill the
frame, the hard case: in whole photos the background tells scenes apart. *Blurred*: the detail of the largest face,
`runtime.quality.detail`, as it is and after a Gaussian blur of 1, 2 and 3 % of the side. Intervals: 95 %, bootstrap
over pictures, for pairs over the first of the two.

**Derivation.** Two thumbnails of 32 x 32 without coarse light are correlated over moves of up to 3 pixels, 9 % of the
side, so that a second shot stays alike; faces of different people share eyes and mouths at one place, which is why
pictures that were cropped alike are the hard case.

**Source.** Lewis, "Fast normalized cross-correlation", Vision Interface 1995.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mien.analyzer import Analyzer
from mien.datasets.tables import iterate_images, read_columns
from mien.errors import InputError
from mien.geometry import Image
from mien.opencv import cv2
from mien.preference.entrants import BLURRED, sharpness
from mien.preference.near_duplicates import SAME_SCENE, likeness, thumbnail
from mien.studies.core.bootstrap import Estimate, Rows, estimate, resample
from mien.studies.core.finding import Finding, Study, Table
from mien.studies.core.spoiled import compress

SETS, DISPLAYS = ("scut_fbp5500", "mebeauty", "utkface", "fairface"), "ckplus"
SHOT, OTHERS, PERSON = "second shot", "someone else", "same person, other display"
BLURS = (0, 1, 2, 3)
"""Standard deviations in percent of the side."""
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Settings:
    """scenes: pictures of each set that are compared; sharp: that are blurred; rounds: of the bootstrap."""

    scenes: int = 400
    sharp: int = 150
    rounds: int = 500


def run(settings: Settings, seeds: tuple[int, ...], folder: Path) -> Finding:
    """Compare and blur the pictures of all sets."""
    for name in (*SETS, DISPLAYS):
        if not (folder / f"{name}.parquet").is_file():
            raise InputError(f"'data' must hold {name}.parquet. Got {str(folder)!r}.")
    results: dict[Key, Estimate] = {}
    analyzer = Analyzer([], threads=1)
    for name in SETS:
        images = list(pictures(folder / f"{name}.parquet", settings.scenes))
        results |= {(name, what): share for what, share in scenes(images, settings.rounds).items()}
        sharp = images[: settings.sharp]
        results |= {(name, what): share for what, share in blurs(analyzer, sharp, settings.rounds).items()}
    path = folder / f"{DISPLAYS}.parquet"
    alike = likeness(np.stack([thumbnail(image) for image in iterate_images(path) if image is not None]))
    person = np.asarray(read_columns(path)["subject"], str)
    results |= {(DISPLAYS, what): share for what, share in people(alike, person, settings.rounds).items()}
    rows = tuple((*key, share) for key, share in results.items())
    sample = (
        f"{settings.scenes} pictures of each of {', '.join(SETS)}, {settings.sharp} of them blurred; all of {DISPLAYS}"
    )
    note = "Share: of pairs that count as one scene; of faces that count as blurred (value, 95 % interval)."
    return Finding(
        Table(("set", "what", "share"), rows), _draw(results), judge(results), asdict(settings), sample, note
    )


def pictures(path: Path, count: int) -> Iterator[Image]:
    """The first pictures of a random order, as they lie in the file."""
    rows = len(read_columns(path)["id"])
    wanted = np.zeros(rows, bool)
    wanted[np.random.default_rng(0).permutation(rows)[:count]] = True
    return islice((image for image in iterate_images(path, wanted) if image is not None), count)


def second_shot(image: Image, rng: np.random.Generator) -> Image:
    """The picture moved, turned, zoomed, made lighter or darker, and packed."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-3, 3), rng.uniform(0.95, 1.05))
    matrix[:, 2] += rng.uniform(-0.04, 0.04, 2) * np.array([width, height])
    moved = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    light = np.clip(moved * rng.uniform(0.8, 1.2) + rng.uniform(-15, 15), 0, 255).astype(np.uint8)
    return compress(light, 60)


def scenes(images: list[Image], rounds: int) -> dict[str, Estimate]:
    """How often a second shot, and a picture of someone else, counts as the same scene."""
    rng, count = np.random.default_rng(1), len(images)
    shots = [second_shot(image, rng) for image in images]
    alike = likeness(np.stack([thumbnail(image) for image in (*images, *shots)])) >= SAME_SCENE
    repeats = alike[np.arange(count), count + np.arange(count)].astype(float)
    others = (alike[:count, :count].sum(1) - 1) / (count - 1)
    return {SHOT: _share(repeats, rounds), OTHERS: _share(others, rounds)}


def people(alike: NDArray[np.float32], person: NDArray[np.str_], rounds: int) -> dict[str, Estimate]:
    """How often pictures of one person, and of two, count as the same scene."""
    same, scene = person[:, None] == person, alike >= SAME_SCENE
    matches = [(scene[i] & same[i]).sum() - 1 for i in range(len(same))]
    within = np.array([n / (same[i].sum() - 1) if same[i].sum() > 1 else np.nan for i, n in enumerate(matches)])
    across = (scene & ~same).sum(1) / (~same).sum(1)
    return {PERSON: _share(within[~np.isnan(within)], rounds), OTHERS: _share(across, rounds)}


def blurs(analyzer: Analyzer, images: list[Image], rounds: int) -> dict[str, Estimate]:
    """How often the largest face counts as blurred, by the strength of the blur."""
    shares = {}
    for percent in BLURS:
        changed = [image if not percent else _blurred(image, percent / 100) for image in images]
        read = zip(changed, analyzer.images(changed), strict=True)
        blurred = np.array([sharpness(faces.face(0), image) < BLURRED for image, faces in read if len(faces)], float)
        shares["blurred: as it is" if not percent else f"blurred: by {percent} % of the side"] = _share(blurred, rounds)
    return shares


def _blurred(image: Image, part: float) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), part * min(image.shape[:2])), np.uint8)


def _share(values: NDArray[np.float64], rounds: int) -> Estimate:
    def mean(rows: Rows, values: NDArray[np.float64]) -> float:
        return float(values[rows].mean())

    return estimate(partial(mean, values=values), len(values), resample(None, len(values), rounds))


def judge(results: dict[Key, Estimate]) -> str:
    """Words for each kind of pair, and for blur."""
    lines = []
    for what in dict.fromkeys(what for _, what in results):
        cells = "; ".join(f"{name} {share.value:.2%}" for (name, kind), share in results.items() if kind == what)
        about = what.capitalize() if what.startswith("blurred") else f"Taken for one scene, {what}"
        lines.append(f"{about}: {cells}.")
    return "\n".join(lines)


def _draw(results: dict[Key, Estimate]) -> Figure:
    figure = Figure(figsize=(12, 5), layout="constrained")
    for axes, blurred in zip(figure.subplots(1, 2), (False, True), strict=True):
        kinds = [what for what in dict.fromkeys(what for _, what in results) if what.startswith("blurred") == blurred]
        names = list(dict.fromkeys(name for name, what in results if what in kinds))
        for k, name in enumerate(names):
            cells = {what: results[name, what] for what in kinds if (name, what) in results}
            value = np.array([cell.value for cell in cells.values()])
            ends = np.abs(np.array([[cell.low, cell.high] for cell in cells.values()]).T - value)
            places = [kinds.index(what) + 0.12 * (k - len(names) / 2) for what in cells]
            axes.errorbar(places, value, ends, fmt="o", capsize=3, label=name)
        axes.set_xticks(range(len(kinds)), [what.removeprefix("blurred: ") for what in kinds])
        axes.set(
            title="faces that count as blurred" if blurred else "pairs that count as one scene", ylim=(-0.02, 1.02)
        )
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


QUICK = Settings(scenes=40, sharp=15, rounds=50)
STUDY = Study(__doc__, run, Settings(), QUICK, needs_folder=True)
