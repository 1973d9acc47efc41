"""One training of `ranking-losses`: a loss, what it is told about a pair, and the choice of its constants."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from time import process_time

import numpy as np
import torch
from torch import Tensor, nn

from mien.studies.core.networks import Plan, fit, generator, predict
from mien.studies.ranking.faces import Rated, World
from mien.studies.ranking.measures import measures, order
from mien.train.losses import (
    batch_pairs,
    bradley_terry_loss,
    hinge_ranking_loss,
    l2_loss,
    preferred_share,
    ranknet_loss,
    softmax_comp_loss,
)

L2, COMP, MARGIN, HINGE, RANKNET = "L2", "softmax-comp, margin 0", "softmax-comp, margin", "hinge", "RankNet"
TIES = "Bradley-Terry with ties"
HARD, GAP, SHARE = "hard", "gap", "share"
SECONDS = "training (CPU s)"


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is trained.

    limit: faces of each set and split, None for all; views: changed ones of each training face; cut: frozen layers;
    held_out: share of the faces to learn from that choose the constants; trials: constants tried for each method;
    every: steps between two looks at the spread of the scores; sure: errors apart from which two means differ surely.
    """

    limit: int | None = None
    views: int = 4
    cut: int = 17
    held_out: float = 0.2
    trials: int = 4
    steps: int = 300
    batch_size: int = 64
    every: int = 25
    sure: float = 1.96


@dataclass(frozen=True, slots=True)
class Method:
    """A loss and its target: 'hard' (the higher mean wins), 'gap' (hard, weighted by it), 'share' (of raters).

    >>> Method("RankNet", "share").name
    'RankNet, share'
    """

    loss: str
    target: str = HARD

    @property
    def name(self) -> str:
        """The loss, and the target where it is not the plain one."""
        return self.loss if self.target == HARD else f"{self.loss}, {self.target}"


METHODS = (
    Method(L2),
    *(Method(loss, target) for loss in (COMP, MARGIN, HINGE, RANKNET) for target in (HARD, GAP, SHARE)),
    Method(TIES),
)


@dataclass(frozen=True, slots=True)
class Constants:
    """Step size, weight decay, and the margin of losses that have one."""

    learning_rate: float
    weight_decay: float
    margin: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Measures by name, and the spread of the scores of held-out faces every few steps."""

    measures: dict[str, float]
    curve: list[float]


class Scorer(nn.Module):
    """Maps (B, C, S, S) -> raw scores (B,): the learning layers, and a head that begins near 0."""

    def __init__(self, tail: nn.Module, example: Tensor, seed: int) -> None:
        super().__init__()
        self.tail = deepcopy(tail)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            self.head = nn.Linear(self.tail(example).shape[1], 1)
        self.log_tie = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Scores, one a face."""
        score: Tensor = self.head(self.tail(x.float()))
        return score[:, 0]


def trial_constants(loss: str, count: int) -> list[Constants]:
    """Points of one Sobol sequence, the same for all losses: 5e-4..1e-2, 1e-3..1, margins 0.05..0.8 or 0.3..3.

    >>> len(trial_constants("hinge", 3)), trial_constants("RankNet", 1)[0].margin
    (3, 0.0)
    """
    engine = torch.quasirandom.SobolEngine(3, scramble=True, seed=0)  # type: ignore[no-untyped-call]
    points = engine.draw(count).tolist()
    low, high = {MARGIN: (0.05, 0.8), HINGE: (0.3, 3.0)}.get(loss, (0.0, 0.0))

    def between(part: float, ends: tuple[float, float]) -> float:
        return float(ends[0] * (ends[1] / ends[0]) ** part) if ends[0] else 0.0

    return [Constants(between(a, (5e-4, 1e-2)), between(b, (1e-3, 1.0)), between(c, (low, high))) for a, b, c in points]


def labels(part: Rated) -> Tensor:
    """What the losses need to know of faces: (N, 4)."""
    return torch.stack([part.rating, part.spread, part.error, part.group.float()], 1)


def pair_loss(method: Method, scorer: Scorer, constants: Constants, sure: float) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of scores (B,) and labels (B, 4): of all pairs of one set and sex, or of the faces for L2."""

    def loss(score: Tensor, label: Tensor) -> Tensor:
        rating, spread, error, group = label.unbind(1)
        if method.loss == L2:
            return l2_loss(score, rating)
        i, j, gap = batch_pairs(rating, group)
        target = torch.ones_like(gap)
        if method.target == SHARE:
            target = preferred_share(rating[i], rating[j], spread[i], spread[j])
        if method.loss == TIES:
            target[gap < sure * (error[i].square() + error[j].square()).sqrt()] = 0.5
            return bradley_terry_loss(score[i], score[j], target, scorer.log_tie)
        weight = gap if method.target == GAP else None
        if method.loss == RANKNET:
            return ranknet_loss(score[i], score[j], target, weight=weight)
        of_margin = hinge_ranking_loss if method.loss == HINGE else softmax_comp_loss
        return of_margin(score[i], score[j], target, constants.margin, weight=weight)

    return loss


def any_view(seed: int) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """One of the views (B, V, ...) of each face, by chance."""
    stream = generator(seed)

    def change(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return x[torch.arange(len(x)), torch.randint(x.shape[1], (len(x),), generator=stream)], y

    return change


def scores(scorer: Scorer, method: Method, part: Rated) -> Tensor:
    """Scores (N,) as the loss sees them, the mean over face and mirror image: sigmoid for softmax-comp, else raw."""
    both = torch.stack([predict(scorer, part.views[:, k]) for k in range(2)])
    return (both.sigmoid() if method.loss in (COMP, MARGIN) else both).mean(0)


def split_rows(world: World, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """Rows of the faces that teach, and of those held out, drawn by seed."""
    drawn = torch.randperm(len(world.train), generator=generator(seed))
    count = round(share * len(drawn))
    return drawn[count:].sort()[0], drawn[:count].sort()[0]


def learn(
    method: Method, constants: Constants, teach: Rated, watched: Rated | None, world: World, seed: int, plan: Settings
) -> tuple[Scorer, list[float]]:
    """A trained scorer, and the spread of its scores of watched faces on the way."""
    scorer = Scorer(world.tail, teach.views[:1, 0].float(), seed)
    how = Plan(plan.steps, plan.batch_size, constants.learning_rate, constants.weight_decay, anneal=True)
    loss = pair_loss(method, scorer, constants, plan.sure)
    if watched is None:
        return scorer, fit(scorer, loss, teach.views, labels(teach), how, seed, None, any_view(seed))
    how = Plan(how.steps, how.batch_size, how.learning_rate, how.weight_decay, every=plan.every, anneal=True)
    look = watched.take(torch.arange(0, len(watched), max(1, len(watched) // 200)))
    curve = fit(
        scorer, loss, teach.views, labels(teach), how, seed,
        lambda _: float(scores(scorer, method, look).std()), any_view(seed),
    )  # fmt: skip
    return scorer, curve


def choose(method: Method, world: World, settings: Settings) -> Constants:
    """Of the trials those constants that bring most pairs of held-out faces in order."""
    teach, held = (world.train.take(rows) for rows in split_rows(world, settings.held_out, 0))
    trials = trial_constants(method.loss, settings.trials)
    accuracies = []
    for constants in trials:
        scorer, _ = learn(method, constants, teach, None, world, 0, settings)
        accuracies.append(order(scores(scorer, method, held).numpy(), held, settings.sure))
    return trials[int(np.nanargmax(accuracies))]


def train(method: Method, constants: Constants, seed: int, world: World, settings: Settings) -> Outcome:
    """All measures on the test faces."""
    teach, held = (world.train.take(rows) for rows in split_rows(world, settings.held_out, seed))
    start = process_time()
    scorer, curve = learn(method, constants, teach, held, world, seed, settings)
    seconds = process_time() - start
    metrics = measures(scores(scorer, method, world.test).numpy(), world, settings.sure)
    return Outcome({**metrics, SECONDS: seconds}, curve)
