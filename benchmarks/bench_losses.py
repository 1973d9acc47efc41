"""Each loss forward and backward against torch's nearest, on the processor.

Both take turns; a ratio is taken between neighbours, which saw the same load. Below 1: ours is faster.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from common import arguments, finish, print_table, spread
from torch import Tensor

from mien.train import losses

SHAPES = ((64, 7), (256, 1000))
Loss = Callable[..., Tensor]


class Contest(NamedTuple):
    """A loss of ours and torch's nearest, both functions of the predictions."""

    name: str
    ours: Loss
    theirs: Loss
    preds: tuple[Tensor, ...]


def contests(batch: int, width: int) -> Iterator[Contest]:
    """All losses on predictions (batch, width); those of pairs and of one number a face have batch * width of them."""
    generator = torch.Generator().manual_seed(0)
    normal = partial(torch.randn, batch, width, generator=generator)
    z, y, index = normal().requires_grad_(), normal(), torch.randint(width, (batch,), generator=generator)
    share = torch.softmax(normal(), 1)
    other, sign = normal().requires_grad_(), torch.ones(batch, width)
    hard = (share > 1 / width).float()
    cross, theirs = losses.softmax_cross_entropy_loss, F.cross_entropy
    yield contest("softmax cross entropy, classes", cross, theirs, index, z)
    yield contest("softmax cross entropy, shares", cross, theirs, share, z)
    smoothing: dict[str, Any] = {"label_smoothing": 0.1}
    yield contest(
        "softmax cross entropy, smoothed", partial(cross, **smoothing), partial(theirs, **smoothing), index, z
    )
    binary = F.binary_cross_entropy_with_logits
    yield contest("sigmoid cross entropy", losses.sigmoid_cross_entropy_loss, binary, share, z)
    yield contest("multi-class hinge", losses.multiclass_hinge_loss, F.multi_margin_loss, index, z)
    yield Contest("hinge", lambda s: losses.hinge_loss(s, hard), lambda s: F.soft_margin_loss(s, 2 * hard - 1), (z,))
    yield contest("L2", losses.l2_loss, F.mse_loss, y, z)
    yield contest("L1", losses.l1_loss, F.l1_loss, y, z)
    yield contest("smooth L1", losses.smooth_l1_loss, F.smooth_l1_loss, y, z)
    yield contest("Huber", losses.huber_loss, F.huber_loss, y, z)
    yield Contest(
        "Gaussian likelihood",
        lambda p, s: losses.gaussian_nll_loss(p, s, y),
        lambda p, s: F.gaussian_nll_loss(p, y, s.exp()),
        (z, other),
    )
    yield Contest(
        "hinge ranking",
        losses.hinge_ranking_loss,
        lambda a, b: F.margin_ranking_loss(a, b, sign, margin=1.0),
        (z, other),
    )
    yield Contest("RankNet", losses.ranknet_loss, lambda a, b: binary(a - b, sign), (z, other))
    bins, age = torch.arange(float(width)), torch.rand(batch, generator=generator) * (width - 1)
    yield Contest(
        "label distribution (DLDL-v2)",
        lambda p: losses.dldl_v2_loss(p, age, bins),
        lambda p: F.kl_div(F.log_softmax(p, -1), share, reduction="batchmean"),
        (z,),
    )


def contest(name: str, ours: Loss, theirs: Loss, target: Tensor, preds: Tensor) -> Contest:
    """Two losses of (preds, target)."""
    return Contest(name, lambda p: ours(p, target), lambda p: theirs(p, target), (preds,))


def step(loss: Loss, preds: tuple[Tensor, ...]) -> float:
    """Seconds of processor time of one forward and backward: what else the machine does counts little."""
    start = time.process_time()
    torch.autograd.grad(loss(*preds), preds)
    return time.process_time() - start


def timed(pair: Contest, repeats: int) -> dict[str, Any]:
    """Seconds of both, in turn, and the ratio of ours to theirs."""
    for _ in range(20):
        step(pair.ours, pair.preds), step(pair.theirs, pair.preds)
    both = [(step(pair.ours, pair.preds), step(pair.theirs, pair.preds)) for _ in range(repeats)]
    ours, theirs = zip(*both, strict=True)
    return {"ours": spread(ours), "torch": spread(theirs), "ratio": spread(a / b for a, b in both)}


def main() -> None:
    """Time all contests with one thread."""
    given = arguments(__doc__)
    torch.set_num_threads(1)
    timings = {
        f"{pair.name}, {batch} x {width}": timed(pair, 30 if given.quick else 1000)
        for batch, width in SHAPES
        for pair in contests(batch, width)
    }
    print_table(
        ["loss, forward and backward", "us", "torch us", "ratio"],
        [
            (name, *(1e6 * found[who]["median"] for who in ("ours", "torch")), found["ratio"]["median"])
            for name, found in timings.items()
        ],
    )
    headlines = {
        f"{name} against torch's": f"{timings[f'{name}, 256 x 1000']['ratio']['median']:.2f} times"
        for name in ("softmax cross entropy, classes", "sigmoid cross entropy")
    }
    finish("losses", given, {"seconds": timings}, headlines, threads=(1,))


if __name__ == "__main__":
    main()
