"""Does the 90 % interval of an age hold 90 %: on each set, at each age, and for blurred, small and turned faces?

**Method.** The shipped age model reads the test splits of `utkface` and `all_age_faces`, which neither trained nor
calibrated it, by the path of `mien analyze`: as they are, and once more for each way in which pictures are spoiled
before the detector sees them (blurred; made small; noise; compression; little light). Groups of age are formed by the
true age and by the age that was read; only of the latter does the method promise anything. Coverage is the share of
true ages inside the interval, width its mean length in years. Turned faces are few in both sets; they are looked for
in the test split of `fairface`, where an interval counts as right if it meets the true age group. Intervals of the
measures: 95 %, bootstrap over faces. Pictures in which no face is found any more are left out.

**Derivation.** With q the ceil((n + 1) 0.9)-th smallest of the n scores |error| / b of a band of predicted age on
held-out faces, a new face of the same kind lies inside value -/+ q b with probability at least 0.9 (exchangeability).
A test set is of the same kind as its own validation split; spoiled pictures are not. Hence b, which the network
predicts and which grows where it is unsure, and a factor that is fitted to validation faces that were spoiled, by how
much fine detail a crop has left.

**Source.** Papadopoulos et al., "Inductive Confidence Machines for Regression", ECML 2002; Vovk, Gammerman & Shafer,
"Algorithmic Learning in a Random World", 2005, section 4.5 (groups).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mien.errors import InputError
from mien.evaluate.reading import Reading, read_data
from mien.studies.core.bootstrap import Estimate, estimate, resample
from mien.studies.core.finding import Cell, Finding, Study, Table
from mien.studies.core.spoiled import SPOILED

EXACT, GROUPS = ("utkface.parquet", "all_age_faces.parquet"), "fairface.parquet"
AGES = ((0, 15), (15, 30), (30, 45), (45, 60), (60, 120))
YAWS = ((0, 15), (15, 30), (30, 45), (45, 90))
AS_IS = "as it is"
MAE, BIAS, COVERAGE, WIDTH = "MAE (years)", "bias (years)", "coverage", "width (years)"
LOW = 0.87
"""Coverage below which a verdict speaks of a gap, unless its interval reaches 0.9."""


@dataclass(frozen=True, slots=True)
class Settings:
    """limit: faces of each set, None for all; spoiled: faces of each set that are spoiled; rounds: of the bootstrap."""

    limit: int | None = None
    spoiled: int = 600
    rounds: int = 500


def run(settings: Settings, seeds: tuple[int, ...], folder: Path) -> Finding:
    """Read all sets, as they are and spoiled, and measure."""
    for name in (*EXACT, GROUPS):
        if not (folder / name).is_file():
            raise InputError(f"'data' must hold {name}. Got {str(folder)!r}.")
    results: dict[tuple[str, str], dict[str, Estimate]] = {}
    counts: dict[tuple[str, str], int] = {}
    for faces, group, reading, index in _groups(settings, folder):
        results[faces, group] = measures(reading, index, settings.rounds)
        counts[faces, group] = len(index)
    rows = tuple((*key, counts[key], *_cells(metrics)) for key, metrics in results.items())
    sizes = ", ".join(f"{counts[key]} faces of {key[0]}" for key in counts if key[1] == AS_IS)
    return Finding(
        Table(("set", "faces", "number", MAE, BIAS, COVERAGE, WIDTH), rows),
        _draw(results),
        judge(results),
        asdict(settings),
        f"test splits: {sizes}; of each exact set {settings.spoiled} faces were spoiled",
        "Cells: value (95 % interval, bootstrap over faces).",
    )


def _cells(results: Mapping[str, Estimate]) -> list[Cell]:
    return [results.get(name, "none") for name in (MAE, BIAS, COVERAGE, WIDTH)]


def _groups(settings: Settings, folder: Path) -> Iterator[tuple[str, str, Reading, NDArray[np.int64]]]:
    """Set, name of the group, reading, faces of the group in it."""
    for name in EXACT:
        reading = read_data("age", folder / name, "test", limit=settings.limit)
        yield reading.table.name, AS_IS, reading, np.arange(len(reading.faces))
        age = reading.labels.named["age"][:, 0]
        assert reading.faces.age is not None
        yield from _parts(reading, "true age", age, AGES)
        yield from _parts(reading, "age read", reading.faces.age.value, AGES)
        for spoiled, change in SPOILED.items():
            worse = read_data("age", folder / name, "test", limit=settings.spoiled, change=change)
            yield worse.table.name, spoiled, worse, np.arange(len(worse.faces))
    reading = read_data("age", folder / GROUPS, "test", limit=settings.limit)
    assert reading.faces.pose is not None
    yield reading.table.name, AS_IS, reading, np.arange(len(reading.faces))
    yield from _parts(reading, "head turn", np.abs(reading.faces.pose.yaw), YAWS)


def _parts(
    reading: Reading, what: str, values: NDArray[np.float32], bands: tuple[tuple[int, int], ...]
) -> Iterator[tuple[str, str, Reading, NDArray[np.int64]]]:
    for low, high in bands:
        index = np.flatnonzero((low <= values) & (values < high))
        if len(index):
            yield reading.table.name, f"{what} {low}-{high}", reading, index


def measures(reading: Reading, index: NDArray[np.int64], rounds: int) -> dict[str, Estimate]:
    """Error, bias, coverage and width on the faces of `index`; error and bias where ages are exact."""
    assert reading.faces.age is not None
    index = index[~np.isnan(reading.labels.named["age"][index]).any(1)]
    age, target = reading.faces.age[index], reading.labels.named["age"][index]
    inside = ((age.low <= target[:, 1]) & (target[:, 0] <= age.high)).astype(float)
    error = age.value - target[:, 0]
    values = {COVERAGE: inside, WIDTH: age.high - age.low}
    if (target[:, 0] == target[:, 1]).all():
        values = {MAE: np.abs(error), BIAS: error, **values}
    draws = resample(None, len(index), rounds)

    def mean_of(value: NDArray[np.float64], rows: NDArray[np.int64]) -> float:
        return float(value[rows].mean())

    return {name: estimate(partial(mean_of, value), len(value), draws) for name, value in values.items()}


def judge(results: Mapping[tuple[str, str], Mapping[str, Estimate]]) -> str:
    """Words for coverage by set, age and what spoils pictures, and for what widens the interval."""
    covered = {key: metrics[COVERAGE] for key, metrics in results.items()}
    whole = ", ".join(f"{key[0]} {coverage.value:.1%}" for key, coverage in covered.items() if key[1] == AS_IS)
    gaps = [
        f"{key[0]}, {key[1]} ({coverage.value:.1%})"
        for key, coverage in covered.items()
        if coverage.value < LOW and coverage.high < 0.9
    ]
    least = min(covered, key=lambda key: covered[key].value)
    lines = [
        f"Coverage of the 90 % interval: {whole}; least: {', '.join(least)} ({covered[least].value:.1%}).",
        f"Surely below 90 % and below {LOW:.0%}: {'; '.join(gaps) or 'none'}.",
    ]
    for key, metrics in results.items():
        if key[1] in SPOILED:
            before = results[key[0], AS_IS][WIDTH].value
            lines.append(
                f"{key[0]}, {key[1]}: {metrics[WIDTH].value / before:.2f} times as wide, covers {metrics[COVERAGE]}."
            )
    turned = [(key[1], metrics) for key, metrics in results.items() if key[1].startswith("head turn")]
    if len(turned) > 1:
        wider = turned[-1][1][WIDTH].value / turned[0][1][WIDTH].value
        lines.append(f"Turned faces ({turned[-1][0]} against {turned[0][0]}): {wider:.2f} times as wide.")
    return "\n".join(lines)


def _draw(results: Mapping[tuple[str, str], Mapping[str, Estimate]]) -> Figure:
    figure = Figure(figsize=(12, 8), layout="constrained")
    coverage, width = figure.subplots(2, 1, sharex=True)
    groups = list(dict.fromkeys(group for _, group in results))
    for k, name in enumerate(dict.fromkeys(name for name, _ in results)):
        places = [groups.index(group) + 0.25 * (k - 1) for dataset, group in results if dataset == name]
        for axes, measure in ((coverage, COVERAGE), (width, WIDTH)):
            cells = [metrics[measure] for key, metrics in results.items() if key[0] == name]
            value = np.array([cell.value for cell in cells])
            ends = np.abs(np.array([[cell.low, cell.high] for cell in cells]).T - value)
            axes.errorbar(places, value, ends, fmt="o", ms=4, capsize=2, label=name)
    coverage.axhline(0.9, color="black", lw=1)
    coverage.set(title="share of true ages inside the 90 % interval", ylim=(0.6, 1))
    width.set(title="width of the interval (years)", ylim=(0, None))
    width.set_xticks(range(len(groups)), groups, rotation=40, ha="right")
    for axes in (coverage, width):
        axes.grid(alpha=0.3)
    coverage.legend(loc="lower left", title="test set")
    return figure


QUICK = Settings(limit=150, spoiled=40, rounds=50)
STUDY = Study(__doc__, run, Settings(), QUICK, needs_folder=True)
