"""How far can the attractiveness score be trusted: beside raters' own agreement, in groups, when the picture changes?

**Method.** The shipped model reads the test splits of `scut_fbp5500` (the official 40 %) and `mebeauty` (means of at
least 10 raters), which neither trained nor calibrated it, by the path of `mien analyze`. *Agreement*: for every two
faces of one sex that one rater of `mebeauty` told apart, whether the score, the mean of all other raters (each one's
own mean taken off), or one other rater orders them as that rater did; resampled by rater. The mean of all others is
about the most that any score of a face can reach. *Groups*: correlations within each set, sex and origin as the sets
name them, and how well the score alone, and the mean ratings alone, tell the sexes apart. *Picture*: the same faces
read again after a change that is not of the face: other surroundings around the head or around an oval of the face,
other light, blur, small size, noise, compression. The change of the score is in standard deviations of the pool's
faces; a score that does not look at the picture would not change at all, one that is random would change by 1.13 on
average. *Interval* and *share*: how often the 90 % interval holds the mean rating, both in standard deviations of
their set, and whether the predicted share of raters who prefer a face is the share seen. Intervals of the measures: 95
%, bootstrap over faces. Pictures in which no face is found are left out.

**Derivation.** With a rater's opinion of a face = the pool's + an own part of standard deviation s (means of faces have
standard deviation 1), he agrees with the pool's order of two faces whose means lie d apart with probability
Phi(d / (s sqrt 2)); averaged over the pairs of a set this is far below 1 where s is near 1: opinions differ.

**Source.** Thurstone, "A law of comparative judgment", Psychological Review 34, 1927; Liang et al., "SCUT-FBP5500",
ICPR 2018; Lebedeva, Guo & Ying, "MEBeauty", Multimedia Tools and Applications 2021.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mien import metrics
from mien.datasets.ratings import rater_scores
from mien.errors import InputError
from mien.estimates import moderated
from mien.evaluate.reading import Reading, read_data
from mien.faces.parts import Array
from mien.preference.pool import constants
from mien.studies.core.bootstrap import Estimate, Rows, estimate, resample
from mien.studies.core.finding import Cell, Finding, Study, Table
from mien.studies.ranking.backdrops import QUALITY, surroundings
from mien.studies.ranking.faces import sexes
from mien.studies.ranking.rater_agreement import MODEL, ONE, OTHERS, Agreement, agreement, calibration
from mien.studies.ranking.trust_figure import draw

SCUT, MEBEAUTY, RATINGS = "scut_fbp5500.parquet", "mebeauty.parquet", "mebeauty_ratings.parquet"
GROUPS = ("sex", "group", "ethnicity")
AS_IS = "as it is"
PLCC, SRCC, COVERAGE = "PLCC", "SRCC", "inside the 90 % interval"
CHANGE, MOST = "mean change (SD)", "95 % change less than (SD)"
MEASURES = (PLCC, SRCC, COVERAGE, CHANGE, MOST)
EDGES = np.array([0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 1.0])
BOUND = 0.5
"""Mean change in standard deviations above which a verdict speaks of a shortcut."""
MIN_FACES = 20


@dataclass(frozen=True, slots=True)
class Settings:
    """limit: faces of each set, None for all; changed: faces of each set that are changed; rounds: of the bootstrap."""

    limit: int | None = None
    changed: int = 400
    rounds: int = 500


Measures = dict[str, Estimate]


def run(settings: Settings, seeds: tuple[int, ...], folder: Path) -> Finding:
    """Read both sets, as they are and changed, and hold the scores against means and single raters."""
    for name in (SCUT, MEBEAUTY, RATINGS):
        if not (folder / name).is_file():
            raise InputError(f"'data' must hold {name}. Got {str(folder)!r}.")
    results: dict[tuple[str, str], Measures] = {}
    counts: dict[tuple[str, str], int] = {}
    readings = {name: read_data("attractiveness", folder / name, "test", limit=settings.limit) for name in SETS}
    for reading in readings.values():
        for group, rows in _groups(reading):
            results[reading.table.name, group] = accuracy(reading, rows, settings.rounds)
            counts[reading.table.name, group] = len(rows)
        for name, moved, after, rated in _changes(settings, folder, reading):
            results[reading.table.name, name] = {**accuracy(after, rated, settings.rounds), **moved}
            counts[reading.table.name, name] = len(rated)
    told_apart = {reading.table.name: sex_told(reading) for reading in readings.values()}
    raters, shares = _raters(readings[MEBEAUTY], folder / RATINGS, settings.rounds)
    cells = tuple((*key, counts[key], *_cells(row)) for key, row in results.items())
    sizes = ", ".join(f"{counts[key]} faces of {key[0]}" for key in counts if key[1] == AS_IS)
    return Finding(
        Table(("set", "faces", "number", *MEASURES), cells),
        draw(results, raters, shares, (SRCC, CHANGE), BOUND),
        judge(results, raters, shares, told_apart),
        asdict(settings),
        f"test splits: {sizes}; {raters.pairs} comparisons by single raters of mebeauty; of each set at most "
        f"{settings.changed} faces were changed",
        "Cells: value (95 % interval, bootstrap over faces).",
    )


SETS = (SCUT, MEBEAUTY)


def _cells(row: Measures) -> list[Cell]:
    return [row.get(name, "none") for name in MEASURES]


def _groups(reading: Reading) -> Iterator[tuple[str, Rows]]:
    """All rated faces, and those of each group that is large enough."""
    rated = np.flatnonzero(~np.isnan(reading.labels.named["rating"].reshape(-1)))
    yield AS_IS, rated
    columns = {**reading.labels.columns, "sex": sexes(reading.labels.columns)}
    for column in GROUPS:
        for value in np.unique(np.asarray(columns.get(column, ()), str)):
            rows = rated[np.asarray(columns[column], str)[rated] == value]
            if len(rows) >= MIN_FACES:
                yield f"{column} {value}", rows


def _changes(settings: Settings, folder: Path, before: Reading) -> Iterator[tuple[str, Measures, Reading, Rows]]:
    """Name, change of the score, and the changed reading with its rated faces."""
    for name, change in {**surroundings(), **QUALITY}.items():
        path = folder / before.table.path.name
        after = read_data("attractiveness", path, "test", limit=settings.changed, change=change)
        both, i, j = np.intersect1d(before.rows, after.rows, return_indices=True)
        assert before.faces.attractiveness is not None
        assert after.faces.attractiveness is not None
        apart = np.abs(before.faces.attractiveness.score[i] - after.faces.attractiveness.score[j])
        draws = resample(None, len(both), settings.rounds)
        moved = {
            CHANGE: estimate(partial(_mean, apart), len(both), draws),
            MOST: estimate(partial(_most, apart), len(both), draws),
        }
        rated = np.flatnonzero(~np.isnan(after.labels.named["rating"].reshape(-1)))
        yield name, moved, after, rated


def _mean(values: Array, rows: Rows) -> float:
    return float(values[rows].mean())


def _most(values: Array, rows: Rows) -> float:
    return float(np.quantile(values[rows], 0.95))


def accuracy(reading: Reading, rows: Rows, rounds: int) -> Measures:
    """Correlation with the mean rating, and coverage of the interval, on some faces."""
    attractiveness = reading.faces.attractiveness
    assert attractiveness is not None
    rating = reading.labels.named["rating"].reshape(-1)
    known = rating[~np.isnan(rating)]
    z = (rating - known.mean()) / known.std()
    score, target = attractiveness.score[rows], rating[rows]
    draws = resample(None, len(rows), rounds)
    values = {
        PLCC: lambda i: metrics.pearson(score[i], target[i]),
        SRCC: lambda i: metrics.spearman(score[i], target[i]),
    }
    if attractiveness.low is not None and attractiveness.high is not None:
        score_z = (attractiveness.score - np.nanmean(attractiveness.score)) / np.nanstd(attractiveness.score)
        half = (attractiveness.high - attractiveness.low) / 2
        values[COVERAGE] = partial(_mean, (np.abs(score_z - z) <= half)[rows].astype(float))
    return {name: estimate(measure, len(rows), draws) for name, measure in values.items()}


def _raters(reading: Reading, path: Path, rounds: int) -> tuple[Agreement, list[tuple[int, float, float]]]:
    """Agreement with single raters, and predicted against seen shares."""
    assert reading.faces.attractiveness is not None
    score = reading.faces.attractiveness.score
    ratings = rater_scores(path, reading.labels.columns["id"])
    sex = sexes(reading.labels.columns)
    slope, error, _ = constants(reading.card.decoding)

    def share(a: Array, b: Array) -> Array:
        return moderated(slope * (a - b), np.array((slope * error) ** 2))

    return agreement(score, ratings, sex, rounds), calibration(share, score, ratings, sex, EDGES)


def sex_told(reading: Reading) -> tuple[float, float]:
    """AUC of the sex from the score, and from the mean rating: 0.5 where they tell nothing of it."""
    assert reading.faces.attractiveness is not None
    rating = reading.labels.named["rating"].reshape(-1)
    known = ~np.isnan(rating)
    female = sexes(reading.labels.columns)[known] == "female"
    score = reading.faces.attractiveness.score[known]
    return metrics.roc_auc(score, female), metrics.roc_auc(rating[known], female)


def judge(
    results: Mapping[tuple[str, str], Measures],
    raters: Agreement,
    shares: list[tuple[int, float, float]],
    told_apart: Mapping[str, tuple[float, float]],
) -> str:
    """Words for agreement, accuracy, weak groups, shortcuts, and what is promised."""
    whole = "; ".join(
        f"{key[0]} PLCC {row[PLCC].value:.3f}, SRCC {row[SRCC].value:.3f}"
        for key, row in results.items()
        if key[1] == AS_IS
    )
    predicted = ", ".join(f"{name} {raters.shares[name].value:.1%}" for name in (MODEL, OTHERS, ONE))
    gap = raters.shares[MODEL] - raters.shares[OTHERS]
    lines = [
        f"Correlation with the mean rating: {whole}.",
        f"Comparisons by single raters foretold: {predicted}; the score against the others' mean {gap.value:+.1%} "
        f"({gap.low:+.1%} to {gap.high:+.1%}).",
    ]
    sexes = [f"{key[0]}, {key[1][4:]} {row[SRCC]}" for key, row in results.items() if key[1].startswith("sex ")]
    lines.append(f"SRCC within each sex: {'; '.join(sexes)}.")
    apart = "; ".join(
        f"{name} {score:.2f}, by the ratings {rating:.2f}" for name, (score, rating) in told_apart.items()
    )
    lines.append(f"AUC of the sex by the score: {apart}.")
    groups = {key: row for key, row in results.items() if key[1].split(" ")[0] in GROUPS}
    worst = min(groups, key=lambda key: groups[key][SRCC].value)
    lines.append(f"Weakest group: {', '.join(worst)} (SRCC {groups[worst][SRCC]}).")
    changed = {key: row[CHANGE] for key, row in results.items() if CHANGE in row}
    if changed:
        most = max(changed, key=lambda key: changed[key].value)
        large = [f"{', '.join(key)} ({change.value:.2f})" for key, change in changed.items() if change.value > BOUND]
        lines.append(f"Largest mean change of the score by the picture: {', '.join(most)} ({changed[most]} SD).")
        lines.append(f"Changes above {BOUND} SD on average: {'; '.join(large) or 'none'}.")
    covered = [f"{key[0]} {row[COVERAGE]}" for key, row in results.items() if key[1] == AS_IS and COVERAGE in row]
    if covered:
        lines.append(f"Coverage of the 90 % interval: {'; '.join(covered)}.")
    seen = "; ".join(f"{mean:.0%} foretold, {share:.0%} seen" for _, mean, share in shares)
    lines.append(f"Share of raters of mebeauty that prefer the higher score: {seen}.")
    return "\n".join(lines)


QUICK = Settings(limit=80, changed=20, rounds=50)
STUDY = Study(__doc__, run, Settings(), QUICK, needs_folder=True)
