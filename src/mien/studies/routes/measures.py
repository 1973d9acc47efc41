"""What the routes to a displayed emotion are measured by: hits, calibration, and the spread of what they look at."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from mien.faces import EMOTIONS
from mien.geometry import Array
from mien.studies.core.bootstrap import Estimate, Rows, estimate
from mien.tasks.calibration import fit_temperature

Labels = NDArray[np.int64]
COMPONENTS = 16
"""Of the representations, when they are whitened: as many as the smallest of them has with some to spare."""
F1, ACCURACY, AUC, ECE, NLL = "macro-F1", "accuracy", "AUC", "ECE", "NLL"
RECALLS = {name: f"recall, {name}" for name in EMOTIONS}


def tempered(log_probability: Array, temperature: float) -> Array:
    """softmax(log p / T) (N, 3): sharper below T = 1, softer above."""
    z = log_probability / temperature
    weights = np.exp(z - z.max(1, keepdims=True))
    return np.asarray(weights / weights.sum(1, keepdims=True))


def temperature_of(log_probability: Array, target: Labels) -> float:
    """T that makes the right classes (N,) of held-out faces most likely; see `export.calibrate.fit_temperature`."""
    return fit_temperature(log_probability, target.astype(np.float64))


def hits(probability: Array, target: Labels, draws: Sequence[Rows], ranking: bool = True) -> dict[str, Estimate]:
    """macro-F1, accuracy, recall of each class, mean one-against-the-rest AUC, ECE and NLL with their draws.

    probability (N, 3), target (N,). ranking: also AUC, ECE and NLL.
    """
    preds, count = probability.argmax(1), len(EMOTIONS)
    right = preds == target
    confidence, held = probability.max(1), probability[np.arange(len(target)), target]
    measures = {
        F1: lambda rows: metrics.macro_f1(preds[rows], target[rows], count, "labeled"),
        ACCURACY: lambda rows: float(right[rows].mean()),
    }
    measures |= {name: _recall(right, target == k) for k, name in enumerate(RECALLS.values())}
    if ranking:
        measures |= {
            AUC: lambda rows: mean_auc(probability[rows], target[rows]),
            ECE: lambda rows: metrics.expected_calibration_error(confidence[rows], right[rows]),
            NLL: lambda rows: float(-np.log(np.maximum(held[rows], 1e-9)).mean()),
        }
    return {name: estimate(measure, len(target), draws) for name, measure in measures.items()}


def _recall(right: NDArray[np.bool_], members: NDArray[np.bool_]):  # type: ignore[no-untyped-def]
    return lambda rows: float(right[rows][members[rows]].mean()) if members[rows].any() else float("nan")


def mean_auc(probability: Array, target: Labels) -> float:
    """Mean over the classes of the AUC of one against the rest."""
    return float(np.mean([metrics.roc_auc(probability[:, k], target == k) for k in range(probability.shape[1])]))


def standardised(x: Array) -> Array:
    """Columns of x (N, D) with mean 0 and variance 1; constant columns are dropped."""
    x = np.asarray(x, np.float64)
    deviation = x.std(0)
    kept = deviation > 1e-9 * max(float(deviation.max(initial=0)), 1e-30)
    return np.asarray((x[:, kept] - x[:, kept].mean(0)) / deviation[kept])


def whitened(x: Array, components: int = COMPONENTS) -> Array:
    """First principal components (N, K) of the standardised columns of x (N, D), each of variance 1, uncorrelated."""
    values = standardised(x)
    u, size, _ = np.linalg.svd(values - values.mean(0), full_matrices=False)
    kept = min(components, int((size > 1e-6 * size[0]).sum()))
    return np.asarray(u[:, :kept] * np.sqrt(len(values)))


def scatter(x: Array, groups: NDArray[np.int64]) -> tuple[Array, Array]:
    """Within-group and between-group covariance S_w, S_b (D, D) of x (N, D); their sum is the whole covariance.

    S_w = 1/N sum_i (x_i - m_g(i)) (x_i - m_g(i))', S_b = 1/N sum_g n_g (m_g - m)(m_g - m)'.
    """
    _, index = np.unique(groups, return_inverse=True)
    means = np.stack([x[index == g].mean(0) for g in range(int(index.max()) + 1)])
    inside, between = x - means[index], means[index] - x.mean(0)
    return inside.T @ inside / len(x), between.T @ between / len(x)


def spread_within(x: Array, groups: NDArray[np.int64]) -> float:
    """Intra-class spread 1 - tr(S_t^-1 S_b) / (C - 1) of the whitened x, S_t = S_w + S_b, C classes; 0 to 1.

    tr(S_t^-1 S_b) is Pillai's trace, and its C - 1 roots are the squared canonical correlations with the class: the
    spread is the share of variance that is left within classes along the directions that tell them apart. Pillai, "Some
    new test criteria in multivariate analysis", Annals of Mathematical Statistics 1955.
    """
    white = whitened(x)
    return 1 - float(np.trace(scatter(white, groups)[1])) / (len(np.unique(groups)) - 1)


def variance_share(x: Array, groups: NDArray[np.int64]) -> float:
    """tr(S_b) / tr(S_t) of the standardised columns: the part of all variance of x that the group explains (eta^2)."""
    values = standardised(x)
    inside, between = scatter(values, groups)
    return float(np.trace(between) / (np.trace(inside) + np.trace(between)))


def by_person(right: NDArray[np.bool_], person: NDArray[np.int64]) -> Array:
    """Accuracy (P,) of each person."""
    return np.array([right[person == label].mean() for label in np.unique(person)])


def best_and_rest(estimates: Mapping[str, Estimate], names: list[str]) -> str:
    """'A (0.9)' or 'A (0.9), not surely ahead of B' for the leaders of `bootstrap.leaders`."""
    first, *close = names
    head = f"{first} ({estimates[first].value:.3f})"
    return f"{head}, not surely ahead of {', '.join(close)}" if close else head
