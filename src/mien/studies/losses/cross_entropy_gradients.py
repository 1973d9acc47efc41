"""Is p - y the gradient of softmax and sigmoid cross entropy, also for extreme logits?

**Method.** In float64, for random logits with hard, smoothed and soft targets, the gradient by hand p - y is held
against the backward pass of the losses, against automatic differentiation of the formula as it is written, and
against central differences. Then logits up to 10,000 in float32 and float64 show where the formula as written fails,
and whether the losses do. Last, two-class softmax is held against the sigmoid of the difference of its logits.

**Derivation.** *Softmax.* p_k = exp(z_k) / S with S = sum_j exp(z_j), and L = -sum_k y_k log p_k = log S - sum_k y_k
z_k for targets that sum to 1. Since dS / dz_i = exp(z_i),

    dL / dz_i = exp(z_i) / S - y_i = p_i - y_i

and once more d p_i / dz_j = p_i ([i = j] - p_j): the Hessian diag(p) - p p' is positive semi-definite, L is convex in
z.

*Sigmoid.* p = 1 / (1 + exp(-z)), dp / dz = p (1 - p), and L = -y log p - (1 - y) log(1 - p), so

    dL / dz = (-y / p + (1 - y) / (1 - p)) p (1 - p) = -y (1 - p) + (1 - y) p = p - y

The factor p (1 - p), which would vanish for a confident answer, cancels. *Two classes:* exp(a) / (exp(a) + exp(b)) =
1 / (1 + exp(-(a - b))) is the sigmoid of a - b.

*Stability.* exp(z) overflows above 88.7 in float32 (709.8 in float64), and log p is -inf once p rounds to 0. With m =
max z, log S = m + log sum_j exp(z_j - m) never overflows; likewise L = max(z, 0) - z y + log(1 + exp(-|z|)).

**Source.** Bishop, "Pattern Recognition and Machine Learning", 2006, sections 4.3.2 to 4.3.4; Blanchard, Higham &
Higham, "Accurately computing the log-sum-exp and softmax functions", IMA J. Numer. Anal. 2021.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from matplotlib.figure import Figure
from torch import Tensor

from mien.studies.core.faces import FaceSample
from mien.studies.core.finding import Finding, Measured, Study, Table, gather
from mien.studies.core.networks import generator
from mien.studies.core.sweep import sweep
from mien.studies.losses.formulas import (
    LOSSES,
    Function,
    central_differences,
    gradient,
    sigmoid_as_written,
    sigmoid_loss,
    softmax_as_written,
    softmax_loss,
)
from mien.train.losses import smooth_labels

LIMITS = {"the loss": 1e-12, "as written": 1e-8, "central differences": 1e-7, "sigmoid of the difference": 1e-12}
"""Largest deviation from p - y that counts as equal, float64.

As written, 1 - p keeps an error of 1e-16, which its logarithm divides by 1 - p: 1e-16 exp(|z|), with |z| up to 16.
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """Logits (batch, classes) of a random check; sizes of the extreme logits; step of the central differences."""

    batch: int = 64
    classes: int = 10
    sizes: tuple[float, ...] = (1.0, 10.0, 50.0, 80.0, 100.0, 500.0, 1000.0, 10000.0)
    step: float = 1e-5


def targets(name: str, settings: Settings, stream: torch.Generator) -> dict[str, Tensor]:
    """Hard, smoothed and soft targets (B, K)."""
    shape = settings.batch, settings.classes
    hard = torch.randint(settings.classes, (settings.batch,), generator=stream)
    soft = torch.rand(shape, generator=stream, dtype=torch.float64)
    rows = torch.nn.functional.one_hot(hard, settings.classes).double()
    smooth = smooth_labels(hard, settings.classes, 0.1).double()  # float32: sums are not 1 to all digits
    return {
        "hard": rows,
        "smoothed": smooth / smooth.sum(1, keepdim=True),
        "soft": soft / soft.sum(1, keepdim=True) if name == "softmax" else soft,
    }


def deviations(settings: Settings, seed: int) -> dict[str, float]:
    """Largest |gradient - (p - y)| for each loss, kind of target and way to the gradient; 4 x normal logits."""
    stream = generator(seed)
    logits = 4 * torch.randn(settings.batch, settings.classes, generator=stream, dtype=torch.float64)
    errors: dict[str, float] = {}
    for name, (ours, written, probability) in LOSSES.items():
        for kind, target in targets(name, settings, stream).items():
            ways = {
                "the loss": gradient(ours, logits, target),
                "as written": gradient(written, logits, target),
                "central differences": central_differences(ours, logits, target, settings.step),
            }
            by_hand = probability(logits) - target
            errors |= {f"{name}, {kind} targets, {way}": float((g - by_hand).abs().max()) for way, g in ways.items()}
    return {**errors, **_two_classes(logits)}


def _two_classes(logits: Tensor) -> dict[str, float]:
    """Loss and gradient of two-class softmax less those of the sigmoid of the difference."""
    two = logits[:, :2]
    truth = (torch.arange(len(two)) % 2).double()
    onehot = torch.stack([1 - truth, truth], 1)
    apart = two[:, 1] - two[:, 0]
    value = float((softmax_loss(two, onehot) - sigmoid_loss(apart, truth)).abs())
    slope = float((gradient(softmax_loss, two, onehot)[:, 1] - gradient(sigmoid_loss, apart, truth)).abs().max())
    return {
        "two classes, loss, sigmoid of the difference": value / len(two),
        "two classes, gradient, sigmoid of the difference": slope,
    }


def extremes(settings: Settings) -> dict[tuple[str, str, str], float]:
    """(loss, way, dtype) -> smallest size of logits at which value or gradient is not finite or wrong; inf if none.

    Confident and wrong: logits (-size, size) of a sample whose first class is the right one; the loss must be
    2 size (softmax) or size (sigmoid), to 1e-4 of it.
    """
    limits: dict[tuple[str, str, str], float] = {}
    for name, (ours, written, _) in LOSSES.items():
        for way, function in (("the loss", ours), ("as written", written)):
            for dtype in (torch.float32, torch.float64):
                failed = [size for size in settings.sizes if not is_right(name, function, size, dtype)]
                limits[name, way, str(dtype).removeprefix("torch.")] = min(failed, default=float("inf"))
    return limits


def is_right(name: str, function: Function, size: float, dtype: torch.dtype) -> bool:
    """Whether value and gradient are what they must be for a confident, wrong answer of that size."""
    logits, target = _confident(name, size, dtype)
    value, slope = float(function(logits, target)), gradient(function, logits, target).double()
    exact_logits = logits.double()
    probability = LOSSES[name][2](exact_logits)
    exact = float(LOSSES[name][0](exact_logits, target.double()))
    near = abs(value - exact) <= 1e-4 * abs(exact)
    return near and bool(torch.allclose(slope, probability - target.double(), atol=1e-6, rtol=1e-4))


def _confident(name: str, size: float, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    if name == "softmax":
        return torch.tensor([[-size, size]], dtype=dtype), torch.tensor([[1.0, 0.0]], dtype=dtype)
    return torch.tensor([-size], dtype=dtype), torch.tensor([1.0], dtype=dtype)


def run(settings: Settings, seeds: tuple[int, ...], faces: FaceSample | None = None) -> Finding:
    """Hold p - y against every other way to the gradient."""
    outcomes = sweep("cross-entropy-gradients", ["checks"], seeds, lambda _, seed: deviations(settings, seed))
    results, failed = gather(outcomes["checks"]), extremes(settings)
    rows: list[tuple[str, str, str]] = []
    for name, measured in results.items():
        limit = LIMITS[name.rsplit(", ", 1)[1]]
        worst = max(measured.values)
        rows.append((name, f"largest deviation {worst:.1e} (limit {limit:.0e})", _yes(worst <= limit)))
    for (name, way, dtype), size in failed.items():
        fails = "none" if size == float("inf") else f"{size:g}"
        largest = f"{max(settings.sizes):g}"
        rows.append(
            (
                f"{name}, logits up to {largest}, {way}, {dtype}",
                f"first size that fails: {fails}",
                _yes(fails == "none"),
            )
        )
    return Finding(
        Table(("check", "measured", "holds"), tuple(rows)),
        _draw(settings),
        judge(results, failed),
        asdict(settings),
        f"own: {settings.batch} x {settings.classes} normal logits of deviation 4 a seed, float64",
    )


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def judge(results: Mapping[str, Measured], failed: Mapping[tuple[str, str, str], float]) -> str:
    """Words for deviations and failures."""
    wrong = [name for name, error in results.items() if not max(error.values) <= LIMITS[name.rsplit(", ", 1)[1]]]
    broken = [key for key, size in failed.items() if key[1] == "the loss" and size < float("inf")]
    naive = {key: size for key, size in failed.items() if key[1] == "as written" and size < float("inf")}
    agree = "p - y is the gradient in every check" if not wrong else f"p - y is NOT the gradient in: {'; '.join(wrong)}"
    lasting = (
        "the losses stay right for all logits tried"
        if not broken
        else f"the losses FAIL for extreme logits: {'; '.join(', '.join(key) for key in broken)}"
    )
    lines = [f"{agree}; {lasting}."]
    lines += [
        f"The formula as written fails for {key[0]} in {key[2]} from logits of {size:g} on."
        for key, size in naive.items()
    ]
    if not naive:
        lines.append("The formula as written did not fail for the logits tried.")
    two = [max(error.values) for name, error in results.items() if name.startswith("two classes")]
    same = max(two) <= LIMITS["sigmoid of the difference"]
    lines.append(
        f"Two-class softmax {'is' if same else 'is NOT'} the sigmoid of the difference of its logits "
        f"(largest deviation {max(two):.1e})."
    )
    return "\n".join(lines)


def _draw(settings: Settings) -> Figure:
    figure = Figure(figsize=(12, 4), layout="constrained")
    slopes, steps, failures = figure.subplots(1, 3)
    z = torch.linspace(-130, 130, 521)
    target = torch.ones_like(z)
    slopes.plot(z, gradient(sigmoid_as_written, z, target), lw=5, alpha=0.4, label="formula as written")
    slopes.plot(z, gradient(sigmoid_loss, z, target), "k--", lw=1, label="the loss: p - y")
    slopes.set(title="gradient, target 1, float32 (gaps: not finite)", xlabel="logit", ylim=(-1.1, 0.1))
    stream = generator(0)
    logits = torch.randn(settings.classes, settings.classes, generator=stream, dtype=torch.float64)
    truth = torch.eye(settings.classes, dtype=torch.float64)
    sizes = torch.logspace(-12, -1, 45, dtype=torch.float64)
    by_hand = logits.softmax(1) - truth
    error = [(central_differences(softmax_loss, logits, truth, float(h)) - by_hand).abs().max() for h in sizes]
    steps.loglog(sizes, error, label="measured")
    steps.loglog(sizes, sizes**2 / 6, ":", label="h² / 6: error of the formula")
    steps.loglog(sizes, 1e-15 / sizes, ":", label="1e-15 / h: rounding")
    steps.set(title="central differences against p - y", xlabel="step h", ylabel="largest deviation", ylim=(1e-13, 1))
    size = torch.logspace(0, 4, 81)
    for way, function in (("formula as written", softmax_as_written), ("the loss", softmax_loss)):
        value = [float(function(*_confident("softmax", float(s), torch.float32))) for s in size]
        failures.loglog(size, value, lw=4 if way != "the loss" else 1.5, label=way)
    failures.set(title="softmax loss, sure and wrong, float32", xlabel="size of the logits", ylabel="loss")
    for axes in figure.axes:
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    return figure


QUICK = Settings(batch=16, classes=5)
STUDY = Study(__doc__, run, Settings(), QUICK)
