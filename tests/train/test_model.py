"""The network: outputs a task names, weights that carry over, half precision that loses nothing twice."""

import pytest

pytest.importorskip("torch", reason="models need mien[train]")

import torch
from torch import nn

from mien.tasks.registry import TASKS
from mien.train.model import EMBEDDING, MEAN, STD, FaceModel, normalise, round_to_half
from mien.train.tasks import create_task
from mien.train.warm_start import load_body

BACKBONE = "mobilenet_v4_conv_small"


def build(
    task: str = "landmarks", size: int = 64, width: float = 0.25, dropout: float = 0.0, seed: int = 0
) -> FaceModel:
    torch.manual_seed(seed)
    return FaceModel(create_task(task), BACKBONE, width, size, dropout).eval()


@pytest.mark.parametrize("size", [48, 64, 97, 112])
@pytest.mark.parametrize("name", TASKS)
def test_outputs_are_the_tasks_in_its_order(name: str, size: int) -> None:
    model = build(name, size)
    with torch.no_grad():
        outputs = model(torch.randn(1, 3, size, size))
    assert [tuple(out.shape) for out in outputs] == [(1, width) for width in create_task(name).outputs.values()]
    assert list(model.heads) == list(create_task(name).outputs)


@pytest.mark.parametrize("name", ["age", "landmarks"])
def test_weights_counted_by_hand(name: str) -> None:
    model = build(name, 100)
    channels, heads = model.backbone.num_features, create_task(name).outputs.values()
    wide, places = (48, 16) if name == "landmarks" else (4 * channels, 1)
    body = channels * wide + 2 * wide + (wide * places + 1) * EMBEDDING
    expected = body + sum((EMBEDDING + 1) * width for width in heads)
    assert sum(p.numel() for p in model.parameters()) - sum(p.numel() for p in model.backbone.parameters()) == expected


def test_a_fresh_network_says_next_to_nothing_and_every_weight_learns() -> None:
    model = build(width=0.25).train()
    outputs = model(torch.randn(4, 3, 64, 64))
    assert max(out.abs().max() for out in outputs) < 1
    sum(out.square().mean() for out in outputs).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_places_matter_to_landmarks_and_not_to_age() -> None:
    for name, equal in (("age", True), ("landmarks", False)):
        model = build(name)
        with torch.no_grad():
            places = torch.randn(1, model.backbone.num_features, 2, 2)
            same = torch.allclose(model.embedding(places), model.embedding(places.flip(-1)), atol=1e-5)
        assert same == equal


def test_dropout_is_off_in_use_and_on_in_training() -> None:
    model, picture = build("age", dropout=0.5), torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(model(picture), model(picture))
        model.embedding.train()
        assert not torch.equal(model(picture)[0], model(picture)[0])


def test_pixels_are_centred() -> None:
    assert normalise(torch.tensor([MEAN, MEAN + STD, 0.0])).tolist() == [0, 1, -MEAN / STD]


def test_load_body_takes_what_fits_and_names_the_rest() -> None:
    landmarks, age = build("landmarks"), build("age", seed=1)
    missing = load_body(age, landmarks.state_dict())
    assert all(name.startswith(("embedding.", "heads.")) for name in missing)
    assert {"heads.age.weight", "heads.age.bias", "embedding.0.weight"} <= set(missing)
    taken, given = age.backbone.state_dict(), landmarks.backbone.state_dict()
    assert all(torch.equal(taken[name], given[name]) for name in given)


def test_load_body_of_the_same_task_misses_nothing_and_of_another_width_the_body() -> None:
    model = build("age")
    assert load_body(model, build("age", seed=3).state_dict()) == []
    before = {name: value.clone() for name, value in model.state_dict().items()}
    missing = load_body(model, build("age", width=0.5, seed=4).state_dict())
    assert "backbone.layers.0.0.weight" in missing
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in missing)


def test_round_to_half_leaves_what_float16_holds_and_whole_numbers() -> None:
    model = build()
    before = [p.clone() for p in model.parameters()]
    round_to_half(model)
    assert any(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point():
            assert tensor.dtype == torch.float32
            assert torch.equal(tensor, tensor.half().float())
    once = [p.clone() for p in model.parameters()]
    round_to_half(model)
    assert all(torch.equal(a, b) for a, b in zip(once, model.parameters(), strict=True))
    assert next(m for m in model.modules() if isinstance(m, nn.BatchNorm2d)).num_batches_tracked.dtype == torch.int64
