"""Each peer measured against the labels: on the faces that it found, and on those that all found."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien import metrics
from peers.pictures import Sample
from peers.reading import Answers

Index = NDArray[np.int64]
Metric = Callable[[Index], float]
ROUNDS = 300


@dataclass(frozen=True, slots=True)
class Score:
    """A metric on n faces with its 95 % bootstrap interval over faces; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Line:
    """A peer on a group of a sample: what it found, its scores by metric, and the same on the common faces.

    labelled: rows with a label for one of its heads; read: those it was given. cpu_ms: median processor time of a
    picture, ms: of the clock.
    """

    data: str
    group: str
    peer: str
    labelled: int
    read: int
    found: int
    errors: int
    scores: dict[str, Score]
    common: dict[str, Score]
    ms: float | None
    cpu_ms: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def lines_of(sample: Sample, answers: list[Answers]) -> Iterator[Line]:
    """Lines of the whole sample, then of each group where there are several, peers without labels there left out."""
    names = [name for name in np.unique(sample.groups) if name]
    parts = [("", np.arange(len(sample.rows)))]
    if len(names) > 1:
        parts += [(str(name), np.flatnonzero(sample.groups == name)) for name in names]
    for group, part in parts:
        for answer in answers:
            if sample.labelled(answer.heads)[part].any():
                yield _line(sample, answer, answers, group, part)
        if not np.isnan(sample.age[part]).all():
            yield _constant(sample, group, part)


def _line(sample: Sample, answer: Answers, answers: list[Answers], group: str, part: Index) -> Line:
    labelled = part[sample.labelled(answer.heads)[part]]
    given = labelled[answer.read[labelled]]
    scores, common = {}, {}
    for head in answer.heads:
        everyone = _common(sample, answers, head)
        for name, known, metric in _metrics(sample, answer, head):
            scores[name] = score(metric, part[(known & answer.found)[part]])
            if has_read_all(sample, answer):
                common[name] = score(metric, part[(known & everyone)[part]])
    return Line(
        sample.table.name, group, answer.peer, len(labelled), len(given), int(answer.found[given].sum()), answer.errors,
        scores, common, _median(answer.ms[given]), _median(answer.cpu_ms[given]),
    )  # fmt: skip


def has_read_all(sample: Sample, answer: Answers) -> bool:
    """Whether a peer was given all pictures that have a label for it."""
    return bool(answer.read[sample.labelled(answer.heads)].all())


def _common(sample: Sample, answers: list[Answers], head: str) -> NDArray[np.bool_]:
    """Rows (M,) whose face was found by all peers that have the head and were given everything."""
    rivals = [answer for answer in answers if head in answer.heads and has_read_all(sample, answer)]
    return np.all([np.ones(len(sample.rows), bool), *(rival.found for rival in rivals)], axis=0)


def _metrics(sample: Sample, answer: Answers, head: str) -> Iterator[tuple[str, NDArray[np.bool_], Metric]]:
    """Name, rows (M,) that it applies to, and metric of a head."""
    if head == "age":
        away = answer.age - sample.age
        known = ~np.isnan(away)
        yield "age MAE", known, lambda i: float(np.abs(away[i]).mean())
        yield "age bias", known, lambda i: float(away[i].mean())
    truth = np.nan_to_num(sample.emotion).astype(np.int64)
    if head == "emotion":
        told = np.nan_to_num(answer.emotion).astype(np.int64)
        known = ~np.isnan(answer.emotion) & ~np.isnan(sample.emotion)
        yield "macro-F1", known, lambda i: metrics.macro_f1(told[i], truth[i], 3)
    if head == "smile":
        known = ~np.isnan(answer.smile) & ~np.isnan(sample.emotion)
        yield "smile AUC", known, lambda i: metrics.roc_auc(answer.smile[i], truth[i] == 0)


def score(metric: Metric, index: Index) -> Score:
    """A metric on the rows of an index, with its interval."""
    value = metric(index) if len(index) else float("nan")
    if np.isnan(value):
        return Score(None, None, None, len(index))
    return Score(value, *metrics.bootstrap_interval(metric, index, ROUNDS), len(index))


def _constant(sample: Sample, group: str, part: Index) -> Line:
    """The median age of the labels told of everyone: what a peer must beat."""
    index = part[~np.isnan(sample.age[part])]
    away = np.median(sample.age[index]) - sample.age
    scores = {
        "age MAE": score(lambda i: float(np.abs(away[i]).mean()), index),
        "age bias": score(lambda i: float(away[i].mean()), index),
    }
    n = len(index)
    return Line(sample.table.name, group, "constant guess", n, n, n, 0, scores, {}, None, None)


def _median(values: NDArray[np.float64]) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else None
