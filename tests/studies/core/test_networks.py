"""The training loop is fixed by its seed, and leaves torch as it was."""

import pytest

pytest.importorskip("torch", reason="studies need mien[train]")

import torch

from mien.studies.core.networks import (
    Plan,
    first_below,
    fit,
    gradient_norm,
    last_layer,
    network_for,
    one_thread,
    predict,
)


def squared(output, target):
    return (output[:, 0] - target).square().mean()


@pytest.fixture
def line():
    x = torch.linspace(-1, 1, 64)[:, None]
    return x, 3 * x[:, 0]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_network_learns_and_is_watched(line, optimizer) -> None:
    plan = Plan(200, learning_rate=0.02, optimizer=optimizer, every=50)
    network = network_for(line[0], 1, 0)
    curve = fit(network, squared, *line, plan, 0, lambda network: float(squared(network(line[0]), line[1])))
    assert len(curve) == 5
    assert curve[-1] < 0.05 < curve[0]


def test_seed_fixes_everything_and_touches_nothing_global(line) -> None:
    before = torch.get_rng_state(), torch.get_num_threads()
    weights = []
    for seed in (0, 0, 1):
        network = network_for(line[0], 1, seed)
        with one_thread():
            assert torch.get_num_threads() == 1
            fit(network, squared, *line, Plan(10), seed)
        weights.append(last_layer(network).weight.detach())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == torch.get_num_threads()


def test_pictures_get_a_convolutional_network() -> None:
    pictures = torch.zeros(2, 1, 48, 48)
    assert predict(network_for(pictures, 5, 0), pictures, 1).shape == (2, 5)


def test_weight_decay_pulls_to_zero(line) -> None:
    sizes = []
    for decay in (0.0, 1.0):
        network = network_for(line[0], 1, 0)
        fit(network, squared, *line, Plan(100, weight_decay=decay), 0)
        sizes.append(float(last_layer(network).weight.detach().norm()))
    assert sizes[1] < sizes[0]


def test_gradient_norm_by_hand() -> None:
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(network.weight, 2.0)
    # d (2 x - 0)^2 / dw at x = 3 is 2 * 6 * 3
    assert gradient_norm(network, squared, torch.tensor([[3.0]]), torch.tensor([0.0])) == pytest.approx(36)


def test_steps_to_a_level() -> None:
    assert first_below([3.0, 2.0, 1.0], 2.0, 5) == 5
    assert first_below([3.0], 2.0, 5) != first_below([3.0], 2.0, 5)


def test_an_annealed_step_size_falls_in_a_line(line) -> None:
    steps = []
    for anneal in (False, True):
        network = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.zeros_(network.weight)
        # the gradient is -1 whatever the weight: the weight is the sum of the step sizes
        plan = Plan(4, learning_rate=0.1, optimizer="sgd", anneal=anneal)
        fit(network, lambda output, target: -output.sum() / 64, torch.ones(64, 1), line[1], plan, 0)
        steps.append(float(network.weight.detach()))
    assert steps == pytest.approx([0.4, 0.1 + 0.075 + 0.05 + 0.025])


def test_a_batch_is_learnt_from_as_it_was_changed(line) -> None:
    seen = []

    def turned(x, y):
        return -x, y + 10

    def loss(output, target):
        seen.append(float(target.min()))
        return squared(output, target)

    network = network_for(line[0], 1, 0)
    fit(network, loss, *line, Plan(300, learning_rate=0.02), 0, change=turned)
    assert min(seen) >= 7
    torch.testing.assert_close(predict(network, line[0])[:, 0], 10 - line[1], atol=1, rtol=0)
