"""Attractiveness: a rater pool's mean opinion."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from mien.estimates import attractiveness_estimate
from mien.faces import Faces
from mien.geometry import Array
from mien.tasks.base import Decoding, Metric, Outputs, Panel, Read, Row, Task
from mien.tasks.calibration import attractiveness_decoding, comparison_decoding
from mien.tasks.scores import error_by, mean_of


class Attractiveness(Task):
    """A score whose order is that of mean ratings."""

    name = "attractiveness"
    wanted = (("rating",), "'rating'")
    trainer = "mien.train.tasks.attractiveness:AttractivenessTask"
    unit: ClassVar[str] = "standard deviations of the pool's faces"

    def decode(self, outputs: Outputs, decoding: Decoding) -> dict[str, Any]:
        """The column `attractiveness`."""
        return {"attractiveness": attractiveness_estimate(outputs["score"], decoding, outputs.get("embedding"))}

    def metrics(self, read: Read) -> dict[str, Metric]:
        """Rank and linear correlation with mean ratings."""
        if "rating" not in read.named:
            return {}
        score, rating = self.value(read.faces), read.named["rating"].reshape(-1)
        known = np.asarray(~np.isnan(rating))
        return {
            "SRCC": Metric(lambda i: metrics.spearman(score[i], rating[i]), known),
            "PLCC": Metric(lambda i: metrics.pearson(score[i], rating[i]), known),
        }

    def shifted_metrics(self, read: Read, shift: Mapping[str, Any]) -> dict[str, Metric]:
        """How far mean ratings lie from offset + scale * score, the pool's own, of the network's output."""
        score = read.outputs["score"][:, 0]
        error = shift["offset"] + shift["scale"] * score - read.named["rating"].reshape(-1)
        known = np.asarray(~np.isnan(error))
        return {
            "MAE of the mean rating, with the pool's offset and scale": Metric(mean_of(np.abs(error)), known),
            "bias of the mean rating, with the pool's offset and scale": Metric(mean_of(error), known),
        }

    def panels(self, read: Read, rows: Sequence[Row]) -> Iterator[Panel]:
        """Score against mean rating, error of the percentile."""
        if "rating" not in read.named:
            return
        rating = read.named["rating"].reshape(-1)
        known = ~np.isnan(rating)
        score, rating = self.value(read.faces)[known], rating[known]
        title = f"PLCC {metrics.pearson(score, rating):.3f}, SRCC {metrics.spearman(score, rating):.3f}"
        labels = ("mean rating", "score, standard deviations of the pool")
        values = {"truth": rating, "value": score, "title": title, "labels": labels, "diagonal": False}
        yield Panel("scatter", values)
        gap = (metrics.average_ranks(score) - metrics.average_ranks(rating)) / max(len(rating), 1) * 100
        place = metrics.average_ranks(rating) / max(len(rating), 1) * 100
        labels = ("percentile by mean rating", "error, percentile points")
        yield error_by(place, gap, np.arange(0, 101, 10), "Error of the percentile", labels)

    def errors(self, read: Read) -> tuple[Array, list[str]] | None:
        """Percentile points between the ranks by score and by mean rating."""
        if "rating" not in read.named or read.faces.attractiveness is None:
            return None
        score, rating = read.faces.attractiveness.score, read.named["rating"].reshape(-1)
        known = ~np.isnan(rating)
        place: NDArray[np.float64] = np.full((2, len(score)), np.nan)
        place[:, known] = [100 * metrics.average_ranks(part[known]) / known.sum() for part in (score, rating)]
        triples = zip(*place, rating, strict=True)
        words = [f"rated {r:.2f}: {q:.0f}. percentile\npredicted {p:.0f}." for p, q, r in triples]
        return np.abs(place[0] - place[1]), words

    def value(self, faces: Faces) -> Array:
        """Score (N,)."""
        return faces.require("attractiveness").score

    def calibrate(self, outputs: Outputs, labels: Mapping[str, Array], known: Mapping[str, Any], pool: str) -> Decoding:
        """Mean, SD and percentiles of the pool's faces; how far scores lie from mean ratings."""
        score = outputs["score"][:, 0]
        decoding = attractiveness_decoding(_pool_scores(score, labels), pool)
        return {**decoding, **comparison_decoding(score / decoding["std"], labels)}


def _pool_scores(score: Array, labels: Mapping[str, Array]) -> Array:
    """Scores of the first source that has ratings: its raters are the pool."""
    if "rating" in labels:
        rated = ~np.isnan(labels["rating"]).reshape(len(score))
        return np.asarray(score[rated & (labels["set"] == labels["set"][rated].min())])
    return np.asarray(score[labels["set"] == 0])
