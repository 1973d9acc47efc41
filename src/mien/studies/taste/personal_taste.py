"""After how many comparisons is a person's own head better than the rater pool's score?

**Method.** The raters of `mebeauty` are split at random. The ratings of 80 % of them, of training and validation faces,
give the prior; the other 20 % stand for new users. Of each unseen rater's test faces, which neither the network nor the
prior has seen, half are for asking and half for testing: n comparisons among the former, read off the ratings, fit the
personal head; accuracy and log loss are taken on all untied comparisons among the latter. Comparisons are within sex.
Rivals: the pool's score alone, scaled; the same mean with an isotropic covariance of the same trace; ridge logistic
regression without a prior. Informative pairs are chosen before any answer. As many rounds as seeds, five folds each,
so that each rater is unseen once a round. The network itself was trained on all raters' scores of training faces, but
on none of a test face. As a mark, the mean rating of all other raters, which is more than any score can know.
Intervals: 95 %, bootstrap over raters.

**Derivation.** With ratings y = b + s (w . z + e), e ~ N(0, 1), a rater prefers A with probability
Phi(w . (z_A - z_B) / sqrt 2), nearly sigmoid(1.702 / sqrt 2 w . (z_A - z_B)): a prior of w from ratings is a prior of
the weights of a logistic regression on comparisons.

**Source.** Laird & Ware, "Random-effects models for longitudinal data", Biometrics 1982; Houlsby et al., "Bayesian
active learning for classification and preference learning", 2011.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mien.datasets.ratings import rater_scores
from mien.errors import InputError, expect
from mien.evaluate.reading import read_data
from mien.studies.core.bootstrap import Estimate, estimate, resample
from mien.studies.core.finding import Finding, Study, Table
from mien.studies.taste.raters import (
    INFORMATIVE,
    LEARNED,
    POOL,
    RANDOM,
    Pool,
    halves,
    learn,
    others_right,
    priors,
)
from mien.train.export.taste import STRENGTHS, choose_prior, rater_sums

FACES, RATINGS = "mebeauty.parquet", "mebeauty_ratings.parquet"
MODEL = "attractiveness"
OTHERS = "mean of all other raters"
Key = tuple[str, str, int]
Measures = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Settings:
    """counts: of comparisons; folds: of raters; strengths: of the prior, chosen among; limit: faces of each split, None
    for all; rounds: of the bootstrap."""

    counts: tuple[int, ...] = (0, 5, 10, 20, 40, 80)
    folds: int = 5
    strengths: tuple[float, ...] = (STRENGTHS[0],)
    limit: int | None = None
    rounds: int = 1000


def run(settings: Settings, seeds: tuple[int, ...], folder: Path) -> Finding:
    """Read the faces once, then ask the raters."""
    for name in (FACES, RATINGS):
        if not (folder / name).is_file():
            raise InputError(f"'data' must hold {name}. Got {str(folder)!r}.")
    known, new = (read_pool(folder, split, settings.limit) for split in (["train", "val"], ["test"]))
    outcomes = [ask_all(settings, known, new, seed) for seed in seeds]
    raters = sorted(set.intersection(*(set(outcome) for outcome in outcomes)))
    expect(len(raters) > 1, "data", "ratings of at least two raters with enough test faces", len(raters))
    results = summarise([{rater: outcome[rater] for rater in raters} for outcome in outcomes], settings.rounds)
    rows = tuple((*key, *cells, cells[0] - results[pool_key(results)][0]) for key, cells in results.items())
    return Finding(
        Table(("head", "pairs asked", "comparisons", "accuracy", "log loss", "accuracy above the pool's"), rows),
        _draw(results),
        judge(results),
        asdict(settings),
        f"{FACES}: {len(known.z)} training and validation faces, {len(new.z)} test faces; {known.ratings.shape[1]} "
        f"raters, of whom {len(raters)} rated enough test faces to be asked",
        "Cells: value (95 % interval, bootstrap over raters, the mean of all seeds of each).",
    )


def read_pool(folder: Path, splits: list[str], limit: int | None) -> Pool:
    """Embeddings and single ratings of the faces of some splits, by the path of `mien analyze`."""
    reading = read_data(MODEL, folder / FACES, splits, limit=limit)
    if "embedding" not in reading.outputs:
        raise InputError(f"The model {MODEL!r} must have the output 'embedding'. Got {', '.join(reading.outputs)}.")
    columns = reading.labels.columns
    ratings = rater_scores(folder / RATINGS, columns["id"]).astype(np.float64)
    return Pool(reading.outputs["embedding"].astype(np.float64), ratings, columns["gender"].astype(str))


def ask_all(settings: Settings, known: Pool, new: Pool, seed: int) -> dict[int, dict[Key, Measures]]:
    """Accuracy and log loss by rater; each rater is unseen in one fold."""
    rng = np.random.default_rng(seed)
    count = known.ratings.shape[1]
    fold = rng.permutation(count) % settings.folds
    sums = rater_sums(known.z, known.ratings, known.group)
    results: dict[int, dict[Key, Measures]] = {}
    for k in range(settings.folds):
        tastes = priors(choose_prior(sums[fold != k], settings.strengths))
        for rater in np.flatnonzero(fold == k).tolist():
            stream = (seed, rater)
            scores = learn(tastes, new, rater, settings.counts, np.random.default_rng(stream))
            if scores is not None:
                test = halves(new, rater, np.random.default_rng(stream))[1]
                mark = others_right(new, rater, test)
                results[rater] = {**scores, (OTHERS, "", 0): (mark, float("nan"))}
    return results


def summarise(outcomes: list[dict[int, dict[Key, Measures]]], rounds: int) -> dict[Key, tuple[Estimate, Estimate]]:
    """Means over raters, who are drawn again; seeds are averaged within each rater."""
    raters = list(outcomes[0])
    draws = resample(None, len(raters), rounds)

    def resampled(key: Key, which: int) -> Estimate:
        values = np.array([np.mean([outcome[rater][key][which] for outcome in outcomes]) for rater in raters])

        def mean_of(rows: NDArray[np.int64]) -> float:
            return float(values[rows].mean())

        return estimate(mean_of, len(values), draws)

    return {key: (resampled(key, 0), resampled(key, 1)) for key in outcomes[0][raters[0]]}


def pool_key(results: Mapping[Key, object]) -> Key:
    """The pool's score alone."""
    return next(key for key in results if key[0] == POOL)


def _curves(results: Mapping[Key, tuple[Estimate, Estimate]]) -> Iterator[tuple[str, list[Key]]]:
    """Name and cells of each head, by the number of comparisons."""
    for head, how in dict.fromkeys(key[:2] for key in results if key[0] not in (POOL, OTHERS)):
        yield f"{head}, {how} pairs", [key for key in results if key[:2] == (head, how)]


def judge(results: Mapping[Key, tuple[Estimate, Estimate]]) -> str:
    """Words for when a personal head is ahead of the pool, whether the prior helps, and whether choosing pairs does."""
    pool = results[pool_key(results)]
    most = max(key[2] for key in results)
    last = results[LEARNED, RANDOM, most]
    gain, loss = last[0] - pool[0], last[1] - pool[1]
    words = {1: "better than", 0: "not surely different from", -1: "worse than"}
    lines = [
        f"After {most} comparisons the personal head with the learned prior is {words[gain.sign]} the pool's score in "
        f"accuracy ({last[0]} against {pool[0]}; difference {gain}) and {words[-loss.sign]} it in log loss ({last[1]} "
        f"against {pool[1]}; difference {loss}).",
        f"Mark: the mean of all other raters foretells {results[OTHERS, '', 0][0]} of the comparisons.",
    ]
    for name, keys in _curves(results):
        ahead = [str(key[2]) for key in keys if (results[key][1] - pool[1]).sign < 0]
        behind = [str(key[2]) for key in keys if (results[key][1] - pool[1]).sign > 0]
        lines.append(
            f"{name}: log loss surely below the pool's after {', '.join(ahead) or 'no number of'} comparisons, "
            f"above after {', '.join(behind) or 'none'}."
        )
    chosen = results[LEARNED, INFORMATIVE, most][1] - last[1]
    lines.append(f"Informative against random pairs, {most} comparisons: log loss changes by {chosen}.")
    return "\n".join(lines)


def _draw(results: Mapping[Key, tuple[Estimate, Estimate]]) -> Figure:
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    panels = figure.subplots(1, 2)
    for which, (axes, title) in enumerate(zip(panels, ("accuracy", "log loss"), strict=True)):
        for shift, (name, keys) in enumerate(_curves(results)):
            cells = [results[key][which] for key in keys]
            value = np.array([cell.value for cell in cells])
            ends = np.abs(np.array([[cell.low, cell.high] for cell in cells]).T - value)
            places = np.arange(len(keys)) + 0.08 * shift
            axes.errorbar(places, value, ends, fmt="o-", ms=4, capsize=2, label=name)
        axes.axhline(results[pool_key(results)][which].value, color="black", lw=1, label=POOL)
        axes.set(title=title, xlabel="comparisons of the unseen rater")
        axes.set_xticks(range(len(keys)), [str(key[2]) for key in keys])
        axes.grid(alpha=0.3)
    panels[0].legend(fontsize=8)
    return figure


QUICK = Settings(counts=(0, 10, 40), folds=2, limit=400, rounds=100)
STUDY = Study(__doc__, run, Settings(), QUICK, needs_folder=True)
