"""Losses and penalties against torch, scipy and scikit-learn where these have the same thing, in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch
import torch.nn.functional as F
from torch import Tensor

from mien.train import losses

REDUCTIONS = ("mean", "sum", "none")
Loss = Callable[..., Tensor]
SIZES = (1e-8, 1.0, 30.0, 1e4)


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def assert_same(ours: Loss, theirs: Loss, *preds: Tensor, reduction: str) -> None:
    """Values and derivatives to 1e-12 of the largest number at hand."""
    found = []
    for loss in (ours, theirs):
        inputs = [each.clone().requires_grad_() for each in preds]
        value = loss(*inputs, reduction=reduction)
        upstream = torch.arange(1.0, value.numel() + 1, dtype=torch.float64).reshape(value.shape)
        found.append([value.detach(), *torch.autograd.grad(value, inputs, upstream)])
    scale = max(1.0, max(float(each.abs().max()) for each in (*preds, *found[1])))
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12 * scale)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_softmax_cross_entropy(reduction: str, size: float, label_smoothing: float) -> None:
    how: dict[str, Any] = {"label_smoothing": label_smoothing}
    logits, index, soft = size * draw(20, 7), torch.arange(20) % 7, torch.softmax(draw(20, 7, seed=1), 1)
    for target in (index, soft, 3 * soft):
        assert_same(
            lambda z, target=target, **r: losses.softmax_cross_entropy_loss(z, target, **how, **r),
            lambda z, target=target, **r: F.cross_entropy(z, target, **how, **r),
            logits,
            reduction=reduction,
        )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_unknown_classes_are_torchs_ignored_index(reduction: str) -> None:
    index = torch.tensor([0, -1, 2, -1, 1])
    assert_same(
        lambda z, **r: losses.softmax_cross_entropy_loss(z, index, **r),
        lambda z, **r: F.cross_entropy(z, index, ignore_index=-1, **r),
        draw(5, 3),
        reduction=reduction,
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("size", SIZES)
def test_sigmoid_cross_entropy(reduction: str, size: float) -> None:
    target = torch.rand(20, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for y in (target, target.round()):
        assert_same(
            lambda z, y=y, **r: losses.sigmoid_cross_entropy_loss(z, y, **r),
            lambda z, y=y, **r: F.binary_cross_entropy_with_logits(z, y, **r),
            size * draw(20, 7),
            reduction=reduction,
        )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    [
        (losses.l2_loss, F.mse_loss, {}),
        (losses.l1_loss, F.l1_loss, {}),
        (losses.smooth_l1_loss, F.smooth_l1_loss, {}),
        (losses.smooth_l1_loss, F.smooth_l1_loss, {"beta": 0.02}),
        (losses.huber_loss, F.huber_loss, {"delta": 0.3}),
    ],
)
def test_regression(reduction: str, ours: Loss, theirs: Loss, options: dict[str, float]) -> None:
    target = draw(20, 3, seed=1)
    assert_same(
        lambda p, **r: ours(p, target, **options, **r),
        lambda p, **r: theirs(p, target, **options, **r),
        draw(20, 3),
        reduction=reduction,
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_gaussian_likelihood(reduction: str) -> None:
    target = draw(20, seed=1)
    assert_same(
        lambda p, s, **r: losses.gaussian_nll_loss(p, s, target, **r),
        lambda p, s, **r: F.gaussian_nll_loss(p, target, s.exp(), **r),
        draw(20),
        draw(20, seed=2),
        reduction=reduction,
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_margin_ranking(reduction: str) -> None:
    sign = torch.where(draw(20, seed=2) > 0, 1.0, -1.0).double()
    assert_same(
        lambda a, b, **r: losses.hinge_ranking_loss(a, b, (sign + 1) / 2, margin=0.4, **r),
        lambda a, b, **r: F.margin_ranking_loss(a, b, sign, margin=0.4, **r),
        draw(20),
        draw(20, seed=1),
        reduction=reduction,
    )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_hinge_is_scikit_learns(reduction: str) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    score, target = draw(30), (torch.arange(30) % 3 == 0).double()
    expected = metrics.hinge_loss(target.numpy(), score.numpy()) * (30 if reduction == "sum" else 1)
    assert losses.hinge_loss(score, target, reduction=reduction).item() == pytest.approx(expected, abs=1e-12)
    logits, index = draw(30, 4), torch.arange(30) % 4
    expected = metrics.hinge_loss(index.numpy(), logits.numpy()) * (30 if reduction == "sum" else 1)
    assert losses.multiclass_hinge_loss(logits, index, reduction=reduction).item() == pytest.approx(expected, abs=1e-12)


def test_log_loss_is_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    logits, index = draw(30, 4), torch.arange(30) % 4
    expected = metrics.log_loss(index.numpy(), torch.softmax(logits, 1).numpy())
    assert losses.softmax_cross_entropy_loss(logits, index).item() == pytest.approx(expected, abs=1e-12)


def test_divergence_of_label_distributions_is_scipys() -> None:
    special = pytest.importorskip("scipy.special")
    logits, target, bins = draw(6, 11), 10 * torch.rand(6, generator=torch.Generator().manual_seed(1)), torch.arange(11)
    y = special.softmax(-((bins.numpy() - target.numpy()[:, None].astype(float)) ** 2) / (2 * 1.5**2), axis=1)
    expected = special.rel_entr(y, special.softmax(logits.numpy(), axis=1)).sum(1)
    how: dict[str, Any] = {"sigma": 1.5, "weight_expectation": 0.0, "reduction": "none"}
    found = losses.dldl_v2_loss(logits, target, bins.double(), **how)
    np.testing.assert_allclose(found.numpy(), expected, rtol=0, atol=1e-12)


def test_nuclear_norm_is_torchs_where_that_has_a_derivative() -> None:
    w = draw(5, 3).requires_grad_()
    ours, theirs = losses.nuclear_norm_penalty(w), torch.linalg.matrix_norm(w, "nuc")
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    slopes = (torch.autograd.grad(value, w)[0] for value in (ours, theirs))
    torch.testing.assert_close(*slopes, rtol=0, atol=1e-12)
