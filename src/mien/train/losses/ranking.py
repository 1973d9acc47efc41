"""Losses for pairs of scores. The target says which of both is preferred; NaN masks the pair."""

import torch
from torch import Tensor

from mien.errors import InputError, expect
from mien.train.losses.gradients import sigmoid_cross_entropy, soft_cross_entropy
from mien.train.losses.reduction import Entries, Loss, Reduction, check_shape, full_precision, known_numbers, to_full


@full_precision
def softmax_comp_loss(
    a: Tensor,
    b: Tensor,
    target: Tensor | None = None,
    margin: float = 0.0,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = max(0, s_loser - s_winner + margin), s in 0..1 the softmax probability of class 1, or the sigmoid.

    a, b: logits of the first and second face, (B, 2), or (B,) for the sigmoid; target (B,): probability that the
    first is preferred, None where it always is; loss (B,) is the expectation over who wins, so that a tie costs
    half of each. dL/dz_winner = -s (1 - s), dL/dz_loser = s (1 - s) for the logit of class 1 where L > 0, else 0.

    With margin 0, as in the source, a constant scorer has no loss: any network that gives all faces the same score
    is a solution, and its gradient can vanish on the way there, since s (1 - s) does at both ends. Use a margin
    above 0, or a loss of raw scores: `hinge_ranking_loss`, `ranknet_loss`. `is_constant_scorer` and `ScoreSpread`
    detect it. Source: the notes of an engineer who ranked photos of faces so; no paper. Its hinge: Joachims, KDD
    2002.

    >>> softmax_comp_loss(torch.tensor([0.0]), torch.tensor([0.0]))
    tensor(0.)
    >>> softmax_comp_loss(torch.tensor([0.0]), torch.tensor([0.0]), margin=0.2)
    tensor(0.2000)
    """
    expect(margin >= 0, "margin", "at least 0", margin)
    single = target is not None and target.ndim == 0  # one face, as under `torch.func.vmap`
    two = a.shape[-1:] == (2,) and (a.ndim > 1 or single)
    a, b, target, entries = _prepare(a, b, target, weight, mask, a.shape[:-1] if two else a.shape)
    # softmax of two classes is the sigmoid of the difference of their logits
    a, b = (each[..., 1] - each[..., 0] if two else each for each in (a, b))
    return entries.reduce(_expected_hinge(torch.sigmoid(a) - torch.sigmoid(b), target, margin), reduction)


class SoftmaxCompLoss(Loss):
    """Module form of `softmax_comp_loss`."""

    def __init__(self, margin: float = 0.0, *, reduction: Reduction = "mean") -> None:
        super().__init__(softmax_comp_loss, reduction, margin=margin)


@full_precision
def hinge_ranking_loss(
    a: Tensor,
    b: Tensor,
    target: Tensor | None = None,
    margin: float = 1.0,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = max(0, margin - (s_winner - s_loser)) of raw scores; dL/ds = -1 for the winner, 1 for the loser, or 0.

    a, b (B,): scores of the first and second face; target (B,): probability that the first is preferred, None where
    it always is; loss (B,) is the expectation over who wins. A constant scorer pays the margin. Herbrich, Graepel &
    Obermayer, "Large margin rank boundaries for ordinal regression", 2000.

    >>> hinge_ranking_loss(torch.tensor([0.25]), torch.tensor([0.0]))
    tensor(0.7500)
    """
    expect(margin >= 0, "margin", "at least 0", margin)
    a, b, target, entries = _prepare(a, b, target, weight, mask)
    return entries.reduce(_expected_hinge(a - b, target, margin), reduction)


class HingeRankingLoss(Loss):
    """Module form of `hinge_ranking_loss`."""

    def __init__(self, margin: float = 1.0, *, reduction: Reduction = "mean") -> None:
        super().__init__(hinge_ranking_loss, reduction, margin=margin)


@full_precision
def ranknet_loss(
    a: Tensor,
    b: Tensor,
    target: Tensor | None = None,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = -t o + log(1 + exp(o)), o = a - b, the sigmoid cross entropy of o against t; dL/da = sigmoid(o) - t = -dL/db.

    a, b (B,): scores of the first and second face; target t (B,): probability that the first is preferred (0.5 for a
    tie), None where it always is; loss (B,). Burges et al., ICML 2005, Eq. 3. For all pairs of a batch see
    `batch_pairs`.

    >>> ranknet_loss(torch.tensor([1.0]), torch.tensor([1.0]), torch.tensor([1.0]))
    tensor(0.6931)
    """
    a, b, target, entries = _prepare(a, b, target, weight, mask)
    return entries.reduce(sigmoid_cross_entropy(a - b, target), reduction)


class RanknetLoss(Loss):
    """Module form of `ranknet_loss`."""

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        super().__init__(ranknet_loss, reduction)


@full_precision
def bradley_terry_loss(
    a: Tensor,
    b: Tensor,
    target: Tensor | None = None,
    log_tie: Tensor | None = None,
    *,
    weight: Tensor | None = None,
    mask: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """L = -log P(outcome), P(win, tie, loss) = softmax(a, log_tie + (a + b) / 2, b); dL/d(those logits) = p - y.

    a, b (B,): log strengths of the first and second face; target (B,): 1 win of the first, 0.5 tie, 0 loss, None
    where the first always wins; values between are shared between both neighbors. log_tie: a tensor of one number,
    log nu of Davidson's model, which can be learned; without it there are no ties and L is that of `ranknet_loss`.
    Loss (B,). Bradley & Terry, Biometrika 39, 1952; ties: Davidson, JASA 65, 1970.

    >>> bradley_terry_loss(torch.zeros(1), torch.zeros(1), torch.tensor([0.5]), log_tie=torch.tensor(0.0))
    tensor(1.0986)
    """
    if log_tie is None:
        return ranknet_loss(a, b, target, weight=weight, mask=mask, reduction=reduction)
    if log_tie.numel() != 1:
        raise InputError(f"'log_tie' must be a tensor of one number. Got shape {tuple(log_tie.shape)}.")
    a, b, target, entries = _prepare(a, b, target, weight, mask)
    tie = log_tie.reshape(()).to(a.dtype) + (a + b) / 2
    lean = 2 * target - 1
    outcome = torch.stack([torch.relu(lean), 1 - lean.abs(), torch.relu(-lean)], -1)
    return entries.reduce(soft_cross_entropy(torch.stack([a, tie, b], -1), outcome), reduction)


class BradleyTerryLoss(Loss):
    """Module form of `bradley_terry_loss`; a parameter as log_tie is trained with the model."""

    def __init__(self, log_tie: Tensor | None = None, *, reduction: Reduction = "mean") -> None:
        super().__init__(bradley_terry_loss, reduction, log_tie=log_tie)


def batch_pairs(label: Tensor, group: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Indices i, j (P,) of all pairs of a batch with label[i] > label[j], and the gap label[i] - label[j] (P,).

    label (B,), group (B,): only faces of one group are compared, and a NaN in either with no one.

    >>> batch_pairs(torch.tensor([1.0, 3.0, float("nan")]))
    (tensor([1]), tensor([0]), tensor([2.]))
    """
    better = label[:, None] > label[None]
    if group is not None:
        check_shape("group", group, label.shape)
        better = better & (group[:, None] == group[None])
    i, j = better.nonzero(as_tuple=True)
    return i, j, label[i] - label[j]


def preferred_share(a: Tensor, b: Tensor, spread_a: Tensor, spread_b: Tensor) -> Tensor:
    """P = Phi((a - b) / sqrt(s_a^2 + s_b^2)), (B,): the share of single raters that would prefer the first face.

    a, b (B,): mean ratings; spread (B,): standard deviations of the single ratings of a face, above 0. Opinions of two
    faces count as independent. A soft target for the losses here. Thurstone, Psychological Review 34, 1927, case III.

    >>> preferred_share(*torch.tensor([[4.0], [3.0], [0.6], [0.8]]))
    tensor([0.8413])
    """
    spread = (to_full(spread_a).square() + to_full(spread_b).square()).sqrt()
    share: Tensor = torch.special.ndtr((to_full(a) - to_full(b)) / spread)
    return share.to(a.dtype)


def rater_pairs(scores: Tensor, group: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Indices i < j (P,) of pairs that some rater saw both of, the share that preferred i (a tie is half), their count.

    scores (B, R): of each rater, NaN where unknown; group (B,) as in `batch_pairs`. Scores are compared within a rater
    only, so that a strict rater and a mild one agree where their orders do.

    >>> rater_pairs(torch.tensor([[1.0, 5.0], [2.0, 5.0], [float("nan"), 9.0]]))
    (tensor([0, 0, 1]), tensor([1, 2, 2]), tensor([0.2500, 0.0000, 0.0000]), tensor([2., 1., 1.]))
    """
    known = ~scores.isnan()
    wins = (scores[:, None] > scores[None]).sum(-1)
    count = (known[:, None] & known[None]).sum(-1)
    pairs = (count > 0).triu(1)
    if group is not None:
        check_shape("group", group, scores.shape[:1])
        pairs = pairs & (group[:, None] == group[None])
    i, j = pairs.nonzero(as_tuple=True)
    seen = count[i, j].to(scores.dtype)
    return i, j, 0.5 + (wins[i, j] - wins[j, i]) / (2 * seen), seen


def _expected_hinge(difference: Tensor, target: Tensor, margin: float) -> Tensor:
    return target * torch.relu(margin - difference) + (1 - target) * torch.relu(margin + difference)


def _prepare(
    a: Tensor,
    b: Tensor,
    target: Tensor | None,
    weight: Tensor | None,
    mask: Tensor | None,
    shape: torch.Size | None = None,
) -> tuple[Tensor, Tensor, Tensor, Entries]:
    """Both predictions and target without what is unknown, and which of the pairs are known."""
    check_shape("b", b, a.shape)
    shape = a.shape if shape is None else shape
    if target is None:
        target = torch.ones(shape, dtype=a.dtype, device=a.device)
    check_shape("target", target, shape)
    entries = Entries.of(shape, known_numbers(target), weight, mask)
    a, b, target = entries.clean(a, b, target.to(a.dtype))
    return a, b, target, entries
