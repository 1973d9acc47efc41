"""All losses under torch's transforms: derivatives of any kind, mapped over faces, compiled, exported."""

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch
from tests.train.losses.loss_cases import CASES, Case
from torch import Tensor, nn
from torch.func import grad, hessian, jacrev, jvp, vmap

from mien.train import losses
from mien.train.losses.penalties import nuclear_norm_penalty

# Forward derivatives load decompositions that torch itself still scripts.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


def drawn(case: Case) -> tuple[list[Tensor], list[Tensor], tuple[int, ...]]:
    preds, fixed = case.draw(6, torch.Generator().manual_seed(0))
    return preds, fixed, tuple(range(len(preds)))


def whole(case: Case, fixed: list[Tensor]) -> Callable[..., Tensor]:
    return lambda *preds: case.loss(*preds, *fixed, **case.options)


def derivative(loss: Callable[..., Tensor], preds: list[Tensor]) -> tuple[Tensor, ...]:
    leaves = [each.clone().requires_grad_() for each in preds]
    return torch.autograd.grad(loss(*leaves), leaves)


def test_functional_derivatives(case: Case) -> None:
    preds, fixed, every = drawn(case)
    loss = whole(case, fixed)
    expected = derivative(loss, preds)
    torch.testing.assert_close(grad(loss, every)(*preds), expected)
    torch.testing.assert_close(jacrev(loss, every)(*preds), expected)
    tangents = [torch.ones_like(each) for each in preds]
    torch.testing.assert_close(jvp(loss, tuple(preds), tuple(tangents))[1], sum(each.sum() for each in expected))


def test_mapped_over_faces(case: Case) -> None:
    preds, fixed, every = drawn(case)
    loss = whole(case, fixed)

    def single(*face: Tensor) -> Tensor:
        return case.loss(*face, **case.options)

    torch.testing.assert_close(vmap(single)(*preds, *fixed).mean(), loss(*preds))
    mapped = vmap(grad(single, every))(*preds, *fixed)
    torch.testing.assert_close(tuple(each / 6 for each in mapped), derivative(loss, preds))


def test_second_derivatives_and_forward_mode(case: Case) -> None:
    preds, fixed, _ = drawn(case)
    loss = whole(case, fixed)
    leaves = [each.clone().requires_grad_() for each in preds]
    assert torch.autograd.gradgradcheck(loss, leaves)
    assert torch.autograd.gradcheck(loss, leaves, check_forward_ad=True)
    expected = torch.autograd.functional.hessian(lambda first: loss(first, *preds[1:]), preds[0])
    torch.testing.assert_close(hessian(loss)(*preds), expected)


@pytest.mark.slow
def test_compiled_without_a_break(case: Case) -> None:
    preds, fixed, _ = drawn(case)
    loss = whole(case, fixed)
    torch._dynamo.reset()
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*preds), loss(*preds))
    torch.testing.assert_close(derivative(compiled, preds), derivative(loss, preds))


class Wrapped(nn.Module):
    """A loss at the end of a network."""

    def __init__(self, loss: nn.Module) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, *tensors: Tensor) -> Tensor:
        return self.loss(*tensors)


@pytest.mark.slow
@pytest.mark.parametrize("strict", [False, True])
def test_exported(case: Case, strict: bool) -> None:
    preds, fixed, _ = drawn(case)
    network, inputs = Wrapped(case.twin(**case.options)), (*preds, *fixed)
    torch.testing.assert_close(torch.export.export(network, inputs, strict=strict).module()(*inputs), network(*inputs))


@pytest.mark.parametrize("backend", ["eager"])
def test_two_losses_compile_in_the_fast_tests_too(backend: str) -> None:
    logits, index = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 2, -1, 1])
    for loss in (losses.softmax_cross_entropy_loss, losses.coral_loss):
        torch._dynamo.reset()
        torch.testing.assert_close(
            torch.compile(loss, fullgraph=True, backend=backend)(logits, index), loss(logits, index)
        )


def test_what_cannot_be_refused_while_mapping_is_nan_and_never_a_number() -> None:
    ranks = vmap(losses.coral_loss)(torch.zeros(3, 4), torch.tensor([4, 5, -1]))
    assert ranks.isnan().tolist() == [False, True, False]
    signs = vmap(losses.hinge_loss)(torch.zeros(3, 2), torch.tensor([[1.0, 0.0], [-1.0, 1.0], [0.5, 1.0]]))
    assert signs.isnan().tolist() == [False, True, True]


def test_the_nuclear_norm_has_first_derivatives_and_says_that_it_has_no_others() -> None:
    matrix: Any = torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = torch.stack([derivative(nuclear_norm_penalty, [each])[0] for each in matrix])
    torch.testing.assert_close(vmap(grad(nuclear_norm_penalty))(matrix), expected)
    leaf = matrix[0].clone().requires_grad_()
    (first,) = torch.autograd.grad(nuclear_norm_penalty(leaf), leaf, create_graph=True)
    with pytest.raises(NotImplementedError, match="'nuclear_norm_penalty' has first derivatives only"):
        torch.autograd.grad((first * leaf).sum(), leaf)
    with pytest.raises(NotImplementedError, match="jvp"):
        jvp(nuclear_norm_penalty, (matrix[0],), (matrix[1],))
