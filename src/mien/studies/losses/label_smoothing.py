"""What does label smoothing do to a classifier, and how do unequal soft targets differ from it?

**Method.** The same small network learns from few and from many samples whose classes come in pairs of look-alikes,
with hard labels, with smoothed labels y_k = (1 - epsilon) [k = class] + epsilon / K, and with soft targets that take
the same mass from the right class and give it to the wrong ones by their similarity to it. On held-out samples:
accuracy, negative log-likelihood (NLL), calibration error (ECE, 15 bins of equal width), over-confidence (mean top
probability less accuracy), gap between the logit of the right class and the best wrong one. On the training samples,
where the labels act: the spread of the wrong classes, which is the standard deviation of log p over the wrong
classes.

**Derivation.** With p = softmax(z) and L = -sum_k y_k log p_k, where log p_k = z_k - log sum_j exp(z_j):

    d log p_k / d z_i = [k = i] - p_i
    dL / d z_i = -sum_k y_k ([k = i] - p_i) = p_i sum_k y_k - y_i = p_i - y_i

because the targets sum to 1. Smoothed labels sum to 1, so the gradient is p - y with the smoothed y: it vanishes at
p_k = y_k, that is at a *finite* gap log((1 - epsilon + epsilon / K) / (epsilon / K)) between the right logit and each
of the wrong ones, which it makes equal. With hard labels it vanishes only in the limit of an infinite gap. Soft
targets have the same form and another y: the wrong logits settle at log y_k, unequal as the similarities are.

**Source.** Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016, section 7; Müller, Kornblith & Hinton,
"When Does Label Smoothing Help?", NeurIPS 2019; Guo et al., "On Calibration of Modern Neural Networks", ICML 2017
(ECE).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from matplotlib.figure import Figure
from torch import Tensor

from mien.studies.core.faces import FaceSample
from mien.studies.core.finding import Cell, Finding, Measured, Study, Table, compare, difference, gather
from mien.studies.core.networks import Loss, Plan, fit, generator, network_for, predict
from mien.studies.core.samples import Sample, shares, similar_classes, split
from mien.studies.core.sweep import sweep
from mien.train.losses import smooth_labels, soft_targets, softmax_cross_entropy_loss

HARD, SMOOTH, SOFT = "hard labels", "smoothing 0.1", "soft targets 0.1"
EPSILON = 0.1
FACE_LABELS = ("class", "age_group")


@dataclass(frozen=True, slots=True)
class Settings:
    """few, many: training samples; steps of training; epsilons of the smoothing."""

    few: int = 150
    many: int = 6000
    test: int = 3000
    steps: int = 2000
    epsilons: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4)


@dataclass(frozen=True, slots=True)
class _World:
    """Samples of one seed, and the similarity (K, K) of their classes."""

    train: Sample
    test: Sample
    similarity: Tensor


def run(settings: Settings, seeds: tuple[int, ...], faces: FaceSample | None = None) -> Finding:
    """Train every kind of label on few and on many samples."""
    methods = (HARD, *(f"smoothing {epsilon:g}" for epsilon in settings.epsilons), SOFT)
    sizes = _sizes(settings, faces)
    cases = [(size, method) for size in sizes for method in methods]
    outcomes = sweep("label-smoothing", cases, seeds, lambda case, seed: _train(case, seed, settings, faces))
    results = {case: gather(runs) for case, runs in outcomes.items()}
    few, many = sizes
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (size, method, *results[size, method].values()) for size, method in cases
    )
    columns = ("training samples", "labels", *results[cases[0]])
    labels = "own: six classes in three pairs of look-alikes, 16 features"
    if faces:
        labels = faces.describe(*FACE_LABELS)
    return Finding(
        Table(columns, rows),
        _draw(results, sizes, methods),
        judge(
            {method: results[few, method] for method in methods}, {m: results[many, m] for m in methods}, _check(seeds)
        ),
        asdict(settings),
        f"{labels}; {few} or {many} for training, the measures on samples held out",
    )


def _sizes(settings: Settings, faces: FaceSample | None) -> tuple[int, int]:
    if faces is None:
        return settings.few, settings.many
    return min(settings.few * 2, len(faces) // 8), int(len(faces) * 0.7)


def _world(size: int, seed: int, settings: Settings, faces: FaceSample | None) -> _World:
    if faces is None:
        sample, similarity = similar_classes(settings.many + settings.test, seed)
        train, test = split(sample, (settings.many, settings.test), seed)
    else:
        index, names = faces.classes(faces.first_of(*FACE_LABELS))
        train, test = split(Sample(faces.image, index), shares(len(faces), 0.7, 0.3), seed)
        similarity = _likeness(train, len(names))
    return _World(train.rows(torch.arange(size)), test, similarity)


def _likeness(sample: Sample, num_classes: int) -> Tensor:
    """exp(-d^2 / median d^2) of the distance between mean pictures of two classes; diagonal 0."""
    means = torch.stack([sample.x[sample.y == k].flatten(1).mean(0) for k in range(num_classes)]).nan_to_num()
    distance = torch.cdist(means, means).square()
    return torch.exp(-distance / distance[distance > 0].median()).fill_diagonal_(0)


def _unequal(similarity: Tensor, epsilon: float) -> Tensor:
    """Rows (K, K) that leave the right class what smoothing leaves it, and share the rest by similarity."""
    k = len(similarity)
    taken = epsilon * (k - 1) / k
    return torch.eye(k) * (1 - taken) + taken * similarity / similarity.sum(1, keepdim=True)


def _loss(method: str, similarity: Tensor) -> Loss:
    if method == HARD:
        return softmax_cross_entropy_loss
    if method == SOFT:
        rows = _unequal(similarity, EPSILON)
        return lambda logits, target: softmax_cross_entropy_loss(logits, soft_targets(target, rows))
    epsilon = float(method.split()[-1])
    return lambda logits, target: softmax_cross_entropy_loss(logits, target, label_smoothing=epsilon)


def _train(case: tuple[int, str], seed: int, settings: Settings, faces: FaceSample | None) -> dict[str, float]:
    size, method = case
    world = _world(size, seed, settings, faces)
    network = network_for(world.train.x, len(world.similarity), seed)
    steps = settings.steps if faces is None else settings.steps // 3
    fit(network, _loss(method, world.similarity), world.train.x, world.train.y, Plan(steps), seed)
    logits = predict(network, world.test.x)
    return {**measures(logits, world.test.y), **_wrong(predict(network, world.train.x), world.train.y)}


def measures(logits: Tensor, target: Tensor) -> dict[str, float]:
    """Accuracy, NLL, ECE, over-confidence and logit gap of logits (N, K) for classes (N,)."""
    log_p = logits.double().log_softmax(1)
    confidence, answer = log_p.exp().max(1)
    right = (answer == target).double()
    target_logit = logits.gather(1, target[:, None])[:, 0]
    best_wrong = logits.scatter(1, target[:, None], -torch.inf).max(1).values
    return {
        "accuracy": float(right.mean()),
        "NLL (nats)": float(-log_p.gather(1, target[:, None]).mean()),
        "ECE": calibration_error(confidence, right),
        "over-confidence": float(confidence.mean() - right.mean()),
        "logit gap": float((target_logit - best_wrong).mean()),
    }


def calibration_error(confidence: Tensor, right: Tensor, bins: int = 15) -> float:
    """ECE = sum_b (n_b / N) |accuracy_b - confidence_b| over bins of equal width; confidence, right (N,)."""
    index = (confidence * bins).long().clamp(max=bins - 1)
    gap = torch.zeros(bins, dtype=right.dtype).index_add_(0, index, right - confidence)
    return float(gap.abs().sum() / len(right))


def _wrong(logits: Tensor, target: Tensor) -> dict[str, float]:
    """Standard deviation of log p over the wrong classes, mean over samples (N, K)."""
    rest = torch.ones_like(logits, dtype=torch.bool).scatter(1, target[:, None], False)
    wrong = logits[rest].reshape(len(logits), -1)
    return {"spread of wrong log p (train)": float(wrong.std(1).mean())}


def _smooth(target: Tensor, num_classes: int) -> Tensor:
    """Smoothed rows (N, K) with the digits of float64."""
    rows = smooth_labels(target, num_classes, EPSILON).double()
    return rows / rows.sum(1, keepdim=True)


def _check(seeds: tuple[int, ...]) -> float:
    """Largest deviation of softmax(z) - y_smooth from the loss's gradient and from central differences, float64."""
    worst = 0.0
    for seed in seeds:
        z = torch.randn(8, 5, generator=generator(seed), dtype=torch.float64).requires_grad_()
        target = torch.arange(8) % 5

        def loss(z: Tensor, target: Tensor = target) -> Tensor:
            return softmax_cross_entropy_loss(z, target, label_smoothing=EPSILON, reduction="sum")

        (gradient,) = torch.autograd.grad(loss(z), z)
        by_hand = z.detach().softmax(1) - _smooth(target, 5)
        step = 1e-5
        moves = step * torch.eye(40, dtype=torch.float64).reshape(40, 8, 5)
        differences = torch.stack([(loss(z + move) - loss(z - move)) / (2 * step) for move in moves]).detach()
        worst = max(
            worst, *(float((candidate.reshape(8, 5) - by_hand).abs().max()) for candidate in (gradient, differences))
        )
    return worst


Results = Mapping[str, Mapping[str, Measured]]


def judge(few: Results, many: Results, deviation: float) -> str:
    """Words for the measures by kind of label."""
    lines = []
    for size, results in (("few samples", few), ("many samples", many)):
        for measure in ("accuracy", "NLL (nats)", "ECE", "logit gap"):
            lines.append(
                compare(f"{measure}, {size}", (SMOOTH, results[SMOOTH][measure]), (HARD, results[HARD][measure]))
            )
        best = min(results, key=lambda method, results=results: results[method]["ECE"].mean)  # type: ignore[misc]
        lines.append(f"Least calibration error, {size}: {best} ({results[best]['ECE']}).")
    spread = "spread of wrong log p (train)"
    for other in (HARD, SOFT):
        lines.append(compare(spread, (SMOOTH, many[SMOOTH][spread]), (other, many[other][spread])))
    lines.append(compare("accuracy, few samples", (SOFT, few[SOFT]["accuracy"]), (SMOOTH, few[SMOOTH]["accuracy"])))
    holds = "holds" if deviation < 1e-8 else "does NOT hold"
    lines.append(f"The gradient softmax(z) - y_smooth {holds}: largest deviation {deviation:.1e}.")
    return "\n".join([_headline(few, many), *lines])


def _headline(few: Results, many: Results) -> str:
    def signs(measure: str, results: Results, other: str = HARD) -> int:
        return difference(results[SMOOTH][measure], results[other][measure]).sign

    words = {-1: "lowers", 0: "does not surely change", 1: "raises"}
    spread = "spread of wrong log p (train)"
    equal = "makes" if signs(spread, many, SOFT) < 0 else "does not make"
    return (
        f"Smoothing of 0.1 {words[signs('logit gap', few)]} the logit gap, {words[signs('ECE', few)]} the calibration "
        f"error and {words[signs('accuracy', few)]} accuracy on few samples; on many it {words[signs('ECE', many)]} "
        f"the calibration error and {words[signs('accuracy', many)]} accuracy; "
        f"it {equal} wrong classes more equal than soft targets do."
    )


def _draw(
    results: Mapping[tuple[int, str], Mapping[str, Measured]], sizes: tuple[int, int], methods: tuple[str, ...]
) -> Figure:
    names = ("accuracy", "NLL (nats)", "ECE", "over-confidence", "logit gap", "spread of wrong log p (train)")
    figure = Figure(figsize=(11, 6), layout="constrained")
    for axes, name in zip(figure.subplots(2, 3).flat, names, strict=True):
        for size, mark in zip(sizes, "os", strict=True):
            cells = [results[size, method][name] for method in methods]
            means, spreads = [cell.mean for cell in cells], [cell.spread for cell in cells]
            axes.errorbar(range(len(methods)), means, spreads, fmt=mark, capsize=3, label=f"{size} training samples")
        axes.set_title(name)
        axes.set_xticks(range(len(methods)), methods, rotation=35, ha="right")
        axes.grid(alpha=0.3)
    figure.axes[-1].legend()
    return figure


QUICK = Settings(few=100, many=2000, test=1500, steps=500, epsilons=(0.1, 0.4))
STUDY = Study(__doc__, run, Settings(), QUICK, takes_faces=True)
