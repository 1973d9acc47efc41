"""Mixed pictures with labels of every kind; what is not known stays unknown."""

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("torch", reason="losses need mien[train]")

import torch
from torch import Tensor

from mien.errors import InputError
from mien.train.losses import softmax_cross_entropy_loss
from mien.train.losses.mixing import cutmix, mix_labels, mixup

NAN = float("nan")
KINDS = {
    "smile": "class", "votes": "soft", "units": "multilabel", "age": "number", "group": "interval", "set": "keep",
}  # fmt: skip
LABELS = {
    "smile": torch.tensor([0, 2, -1]),
    "votes": torch.tensor([[1.0, 0.0], [0.0, 1.0], [NAN, NAN]]),
    "units": torch.tensor([[0.0, 1.0], [NAN, 1.0], [1.0, 1.0]]),
    "age": torch.tensor([20.0, 40.0, NAN]),
    "group": torch.tensor([[30.0, 40.0], [50.0, 50.0], [NAN, NAN]]),
    "set": torch.tensor([7.0, 8.0, 9.0]),
}
WAYS = (mixup, cutmix)


def pictures(batch: int = 3) -> Tensor:
    """Each picture is of one value, its number."""
    return torch.arange(float(batch))[:, None, None, None].expand(batch, 3, 16, 20).clone()


def test_labels_of_every_kind_by_hand() -> None:
    mixed = mix_labels(LABELS, 0.75, torch.tensor([1, 0, 2]), KINDS, {"smile": 3})
    expected = {
        "smile": [[0.75, 0, 0.25], [0.25, 0, 0.75], [NAN] * 3],
        "votes": [[0.75, 0.25], [0.25, 0.75], [NAN] * 2],
        "units": [[NAN, 1], [NAN, 1], [1, 1]],
        "age": [25, 35, NAN],
        "group": [[35, 42.5], [45, 47.5], [NAN] * 2],
        "set": [7, 8, 9],
    }
    for name, values in expected.items():
        torch.testing.assert_close(mixed[name], torch.tensor(values, dtype=mixed[name].dtype), equal_nan=True)


def test_a_mixed_label_is_known_only_where_both_are_known() -> None:
    mixed = mix_labels(LABELS, 0.75, torch.tensor([2, 1, 0]), KINDS, {"smile": 3})
    for name in ("smile", "votes", "group"):
        assert mixed[name].isnan().all(1).tolist() == [True, False, True]
    assert mixed["age"].isnan().tolist() == [True, False, True]


@pytest.mark.parametrize("mix", WAYS)
def test_picture_and_labels_are_mixed_by_the_same_share(mix: Callable[..., tuple[Tensor, dict[str, Tensor]]]) -> None:
    for seed in range(20):
        image = pictures(5)
        number = {"number": torch.arange(5.0)}
        mixed, labels = mix(image, number, 0.8, {"number": "number"}, torch.Generator().manual_seed(seed))
        torch.testing.assert_close(mixed.mean((1, 2, 3)), labels["number"], rtol=0, atol=1e-5)
        assert torch.equal(image, pictures(5))


@pytest.mark.parametrize("mix", WAYS)
def test_the_first_picture_keeps_the_larger_part(mix: Callable[..., tuple[Tensor, dict[str, Tensor]]]) -> None:
    for seed in range(20):
        one_hot = {"own": torch.eye(4)}
        _, labels = mix(pictures(4), one_hot, 1.0, {"own": "soft"}, torch.Generator().manual_seed(seed))
        assert (labels["own"].diagonal() >= 0.5 - 1 / 16).all()
        torch.testing.assert_close(labels["own"].sum(1), torch.ones(4))


@pytest.mark.parametrize("mix", WAYS)
def test_the_generator_alone_decides(mix: Callable[..., tuple[Tensor, dict[str, Tensor]]]) -> None:
    state = torch.get_rng_state()
    found = [mix(pictures(), LABELS, 0.4, KINDS, torch.Generator().manual_seed(5), {"smile": 3}) for _ in range(2)]
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("mix", WAYS)
def test_type_of_the_picture_is_kept(mix: Callable[..., tuple[Tensor, dict[str, Tensor]]]) -> None:
    image = torch.full((2, 3, 8, 8), 200, dtype=torch.uint8)
    mixed, _ = mix(image, {}, 1.0, {})
    assert torch.equal(mixed, image)


def test_cutmix_lays_one_box_and_leaves_the_rest() -> None:
    mixed, labels = cutmix(pictures(2), {"own": torch.eye(2)}, 1.0, {"own": "soft"}, torch.Generator().manual_seed(3))
    for k in range(2):
        foreign = (mixed[k, 0] != k).numpy()
        rows, columns = np.flatnonzero(foreign.any(1)), np.flatnonzero(foreign.any(0))
        assert foreign[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert labels["own"][k, 1 - k].item() == pytest.approx(foreign.mean(), abs=1e-6)


def test_the_box_of_cutmix_covers_the_other_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien.train.losses.mixing._draw", lambda *_: (0.75, torch.tensor([1, 0])))
    seen = []
    for seed in range(40):
        mixed, _ = cutmix(pictures(2), {}, 1.0, {}, torch.Generator().manual_seed(seed))
        seen.append(int((mixed[0, 0] != 0).sum()))
    assert max(seen) == 8 * 10  # a quarter of 16 x 20, where nothing of the box lies outside
    assert min(seen) < 8 * 10


def test_shares_follow_the_beta_distribution() -> None:
    stats = pytest.importorskip("scipy.stats")
    generator, image = torch.Generator().manual_seed(0), torch.tensor([0.0, 1.0])
    shares = []
    while len(shares) < 400:
        mixed, _ = mixup(image, {}, 0.6, {}, generator)
        shares += [float(mixed[1])] if mixed[0] != 0 else []
    folded = stats.beta(0.6, 0.6)
    assert stats.kstest(shares, lambda x: 1 - 2 * folded.cdf(1 - np.asarray(x))).pvalue > 0.01


def test_mixed_classes_go_into_the_loss() -> None:
    _, labels = mixup(
        pictures(), {"smile": LABELS["smile"]}, 1.0, KINDS, torch.Generator().manual_seed(1), {"smile": 3}
    )
    loss = softmax_cross_entropy_loss(torch.zeros(3, 3), labels["smile"], reduction="none")
    known = ~labels["smile"].isnan().any(1)
    torch.testing.assert_close(loss, known * torch.tensor(3.0).log())


def test_what_cannot_be_is_an_error() -> None:
    with pytest.raises(InputError, match="'kinds' of 'age' must be one of class, soft"):
        mix_labels({"age": torch.zeros(2)}, 0.5, torch.tensor([1, 0]), {"age": "years"})
    with pytest.raises(InputError, match="'num_classes' must give the number of classes of 'smile'"):
        mix_labels({"smile": torch.zeros(2)}, 0.5, torch.tensor([1, 0]), KINDS)
    with pytest.raises(InputError, match="'alpha' must be above 0"):
        mixup(pictures(), {}, 0.0, {})
