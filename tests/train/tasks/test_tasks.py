"""Tasks: losses that missing labels do not touch, measures against oracles, perfect outputs that score perfectly."""

import math
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="tasks need mien[train]")
pytest.importorskip("sklearn.metrics")

import torch
from sklearn import metrics as sklearn_metrics

from mien.errors import InputError
from mien.estimates import AGE_CENTER, AGE_UNIT, POSE_UNIT
from mien.facs import CODES
from mien.tasks.registry import TASKS
from mien.train.losses import ConstantScorerWarning
from mien.train.tasks import Task, create_task

N = 40


def labels_of(task: Task, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Labels (N, width) that the task's data could have."""
    drawn = {
        "landmarks": rng.uniform(-0.5, 0.5, (N, 136)),
        "pose": rng.uniform(-40, 40, (N, 3)),
        "age": np.repeat(rng.uniform(1, 90, (N, 1)), 2, 1),
        "action_units": rng.uniform(0, 1, (N, len(CODES))),
        "emotion": rng.dirichlet((0.5, 0.5, 0.5), N),
        "rating": rng.uniform(1, 5, (N, 1)),
        "rating_spread": rng.uniform(0.5, 1, (N, 1)),
        "rater_scores": rng.integers(1, 6, (N, 3)),
        "comparison_group": rng.integers(0, 2, (N, 1)),
        "classification:hat": rng.integers(0, 3, (N, 1)),
        "regression:height": rng.uniform(1, 2, (N, 1)),
        "multilabel:worn": rng.integers(0, 2, (N, 2)),
    }
    return {name: drawn[name].astype(np.float32) for name in task.targets}


def perfect_outputs(task: Task, labels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    known = {
        "landmarks": lambda: labels["landmarks"],
        "pose": lambda: labels["pose"] / POSE_UNIT,
        "age": lambda: np.stack([(labels["age"][:, 0] - AGE_CENTER) / AGE_UNIT, np.full(N, -3.0)], 1),
        "action_units": lambda: 20 * (labels["action_units"] - 0.5),
        "emotion_direct": lambda: np.log(labels["emotion"] + 1e-6),
        "emotion": lambda: np.log(labels["emotion"] + 1e-6),
        "score": lambda: labels["rating"] - 3,
        "classification:hat": lambda: 20 * np.eye(3)[labels["classification:hat"][:, 0].astype(int)],
        "regression:height": lambda: (labels["regression:height"] - 1.5) / 0.2,
        "multilabel:worn": lambda: 20 * (labels["multilabel:worn"] - 0.5),
    }
    return {name: known[name]().astype(np.float32) for name in task.outputs}


def random_outputs(task: Task, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {name: rng.normal(size=(N, width)).astype(np.float32) for name, width in task.outputs.items()}


def tensors(arrays: dict[str, np.ndarray], grad: bool = False) -> dict[str, Any]:
    return {name: torch.tensor(value, requires_grad=grad) for name, value in arrays.items()}


OPTIONS: dict[str, dict[str, Any]] = {
    **{name: {} for name in TASKS},
    "classification:hat": {"classes": ["none", "cap", "helmet"]},
    "regression:height": {"center": 1.5, "unit": 0.2},
    "multilabel:worn": {"columns": ["glasses", "beard"]},
    "age+multilabel:worn": {"multilabel:worn": {"columns": ["glasses", "beard"]}},
}


@pytest.fixture(params=OPTIONS)
def task(request: pytest.FixtureRequest) -> Task:
    return create_task(request.param, **OPTIONS[request.param])


def test_loss_is_least_at_the_labels(task: Task) -> None:
    rng = np.random.default_rng(0)
    labels = labels_of(task, rng)
    best = task.loss(tensors(perfect_outputs(task, labels)), tensors(labels))
    assert best.ndim == 0
    assert best < task.loss(tensors(random_outputs(task, rng)), tensors(labels))


def test_rows_without_labels_add_nothing_but_the_pull_to_zero(task: Task) -> None:
    rng = np.random.default_rng(1)
    labels, outputs = labels_of(task, rng), random_outputs(task, rng)
    few = {name: value.copy() for name, value in labels.items()}
    for value in few.values():
        value[N // 2 :] = np.nan
    half = task.loss(
        tensors({k: v[: N // 2] for k, v in outputs.items()}), tensors({k: v[: N // 2] for k, v in few.items()})
    )
    masked = tensors(outputs, grad=True)
    loss = task.loss(masked, tensors(few))
    loss.backward()
    slack = 2e-3 if task.name == "attractiveness" else 1e-6
    assert loss.item() == pytest.approx(half.item(), rel=1e-5, abs=slack)
    for output in masked.values():
        assert output.grad[N // 2 :].abs().max() <= (1e-3 if task.name == "attractiveness" else 0)


def test_batch_without_any_label_gives_a_finite_loss(task: Task) -> None:
    rng = np.random.default_rng(2)
    labels = {name: np.full_like(value, np.nan) for name, value in labels_of(task, rng).items()}
    outputs = tensors(random_outputs(task, rng), grad=True)
    loss = task.loss(outputs, tensors(labels))
    loss.backward()
    assert loss.isfinite()
    assert all(output.grad.isfinite().all() for output in outputs.values())


def test_extreme_outputs_give_finite_derivatives(task: Task) -> None:
    labels = tensors(labels_of(task, np.random.default_rng(3)))
    for size in (-1e4, 1e4):
        outputs = {k: torch.full((N, width), size, requires_grad=True) for k, width in task.outputs.items()}
        loss = task.loss(outputs, labels)
        loss.backward()
        assert loss.isfinite()
        assert all(output.grad.isfinite().all() for output in outputs.values())


def test_perfect_outputs_measure_perfect(task: Task) -> None:
    rng = np.random.default_rng(4)
    labels = labels_of(task, rng)
    name, best = task.main[0], {"min": 0, "max": 1}[task.main[1]]
    good = task.measure(perfect_outputs(task, labels), labels)[name]
    bad = task.measure(random_outputs(task, rng), labels)[name]
    assert good == pytest.approx(best, abs=1e-4)
    assert abs(good - best) < abs(bad - best)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy says what NaN says
def test_measures_of_nothing_are_nan_or_left_out(task: Task) -> None:
    rng = np.random.default_rng(5)
    labels = {name: np.full_like(value, np.nan) for name, value in labels_of(task, rng).items()}
    found = task.measure(random_outputs(task, rng), labels)
    assert all(math.isnan(value) for value in found.values())


def test_pose_is_measured_in_degrees_and_landmarks_in_outer_eye_distances() -> None:
    task, rng = create_task("landmarks"), np.random.default_rng(6)
    labels = labels_of(task, rng)
    outputs = perfect_outputs(task, labels)
    outputs["pose"] += np.array([2, -4, 6], np.float32) / POSE_UNIT
    outputs["landmarks"] = outputs["landmarks"] + np.tile([0.03, 0.04], 68).astype(np.float32)
    found = task.measure(outputs, labels)
    assert [found[name] for name in ("yaw", "pitch", "roll")] == pytest.approx([2, 4, 6], abs=1e-4)
    points = labels["landmarks"].reshape(N, 68, 2)
    eyes = np.linalg.norm(points[:, 36] - points[:, 45], axis=1)
    assert found["error"] == pytest.approx((0.05 / eyes).mean(), rel=1e-4)
    assert found["error_median"] == pytest.approx(np.median(0.05 / eyes), rel=1e-4)


def test_age_groups_are_measured_by_their_distance_unless_exact_ages_are_there() -> None:
    task = create_task("age")
    outputs = {"age": np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]], np.float32)}  # 35, 35 and 55 years
    groups = np.array([[30, 40], [40, 50], [np.nan, np.nan]], np.float32)
    assert task.measure(outputs, {"age": groups}) == {"interval_mae": 2.5}
    mixed = np.array([[30, 40], [38, 38], [50, 50]], np.float32)
    found = task.measure(outputs, {"age": mixed})
    assert found["mae"] == 4
    assert found["bias"] == 1
    assert found["cs5"] == 1


def test_units_that_hardly_occur_are_left_out_and_the_others_are_scikit_learns() -> None:
    task, rng = create_task("expression"), np.random.default_rng(7)
    labels, outputs = labels_of(task, rng), random_outputs(task, rng)
    labels["action_units"][:, 0] = 0
    labels["action_units"][::2, 1] = np.nan
    found = task.measure(outputs, labels)
    single = {}
    for k, code in enumerate(CODES[1:], 1):
        known = ~np.isnan(labels["action_units"][:, k])
        present = labels["action_units"][known, k] >= 0.5
        single[f"auc_{code}"] = sklearn_metrics.roc_auc_score(present, outputs["action_units"][known, k])
    assert {name: found[name] for name in single} == pytest.approx(single)
    assert f"auc_{CODES[0]}" not in found
    assert found["auc"] == pytest.approx(np.mean(list(single.values())))
    truth, preds = labels["emotion"].argmax(1), outputs["emotion_direct"].argmax(1)
    assert found["direct_macro_f1"] == pytest.approx(sklearn_metrics.f1_score(truth, preds, average="macro"))


def test_every_label_says_how_it_mixes(task: Task) -> None:
    assert task.labels.kinds.keys() == task.labels.widths.keys() == task.targets.keys()
    assert set(task.labels.kinds.values()) <= {"class", "soft", "multilabel", "number", "interval", "keep"}


def test_heads_have_the_width_that_the_task_says(task: Task) -> None:
    for name, width in task.outputs.items():
        assert task.head(name, 5)(torch.zeros(2, 5)).shape == (2, width)


def test_what_is_decoded_in_training_is_what_inference_decodes() -> None:
    task = create_task("age+multilabel:worn", **OPTIONS["age+multilabel:worn"])
    bands = {"coverage": 0.9, "band_edges": [], "band_quantiles": [2.0]}
    outputs = {"age": np.array([[0.0, 0.0]], np.float32), "multilabel:worn": np.array([[20.0, -20.0]], np.float32)}
    worn = task.decoding()["multilabel:worn"]
    found = task.decode(outputs, {"age": {**task.decoding()["age"], **bands}, "multilabel:worn": worn})
    assert (found["age"].value[0], found["age"].high[0]) == (35, 37)
    assert found["attributes"]["worn"].names == ("glasses", "beard")
    assert found["attributes"]["worn"].probability.round().tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("mood", {}, r"one of landmarks, age, expression, emotion, attractiveness, .*:NAME\. Got 'mood'"),
        ("classification:", {}, "'task' must be one of"),
        ("classification:hat", {}, "'classes' of 'hat' must be two or more names"),
        ("classification:hat", {"classes": ["a", "b"], "loss": "l2"}, "'loss' must be one of cross_entropy, hinge"),
        ("regression:height", {"unit": 0}, "'unit' of 'height' must be above 0"),
        ("multilabel:worn", {}, "'columns' of 'worn' must name at least one column"),
        ("landmarks", {"beta": 1}, "'task_options' of 'landmarks' must be of presence. Got beta"),
        ("age", {"head": "softmax"}, "'head' of the age task must be one of laplace"),
        ("attractiveness", {"pairs": "elo"}, "'pairs' must be one of ranknet"),
        ("attractiveness", {"target": "mean"}, "'target' must be one of gap, share"),
        ("age+age", {}, "must have different names"),
        ("age+landmarks", {}, "'landmarks' must be trained alone"),
        ("age+expression", {"head": "dex"}, "'task_options' must name tasks of 'age\\+expression'. Got head"),
        ("age+expression", {"weights": {"mood": 1.0}}, "'task_weights' must name tasks of age, expression. Got mood"),
    ],
)
def test_what_is_no_task_is_refused(name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        create_task(name, **options)


def test_the_losses_of_several_tasks_are_added_by_weight() -> None:
    rng = np.random.default_rng(8)
    options = OPTIONS["age+multilabel:worn"]
    both = create_task("age+multilabel:worn", {"multilabel:worn": 3.0}, **options)
    labels, outputs = tensors(labels_of(both, rng)), tensors(random_outputs(both, rng))
    age, worn = create_task("age"), create_task("multilabel:worn", **options["multilabel:worn"])
    expected = age.loss(outputs, labels) + 3 * worn.loss(outputs, labels)
    torch.testing.assert_close(both.loss(outputs, labels), expected)


def test_mixed_classes_are_learned_as_shares() -> None:
    task = create_task("classification:hat", **OPTIONS["classification:hat"])
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    index = torch.tensor([[0.0], [2.0], [1.0], [float("nan")]])
    shares = torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, 1, 0], [float("nan")] * 3])
    name = task.name
    torch.testing.assert_close(task.loss({name: logits}, {name: index}), task.loss({name: logits}, {name: shares}))


def test_a_constant_scorer_is_noticed() -> None:
    task = create_task("attractiveness", pairs="softmax_comp")
    labels = tensors(labels_of(task, np.random.default_rng(9)))
    flat = {"score": torch.full((N, 1), 0.3)}
    for _ in range(9):
        task.loss(flat, labels)
    with pytest.warns(ConstantScorerWarning, match="Use a margin"):
        task.loss(flat, labels)


def test_share_target_is_least_at_the_log_odds_of_the_raters() -> None:
    task = create_task("attractiveness", target="share")
    labels = {"rating": torch.tensor([[3.0], [4.0]]), "rating_spread": torch.full((2, 1), 0.8)}
    labels["comparison_group"] = torch.zeros(2, 1)
    share = torch.special.ndtr(torch.tensor(1 / (0.8 * 2**0.5)))
    at = [
        task.loss({"score": torch.tensor([[-x / 2], [x / 2]])}, labels)
        for x in (share.logit() + torch.linspace(-2, 2, 41))
    ]
    assert abs(int(torch.stack(at).argmin()) - 20) <= 1


def test_raters_are_compared_beside_the_means() -> None:
    rng = np.random.default_rng(10)
    both, means = create_task("attractiveness", raters=3, rater_weight=2.0), create_task("attractiveness")
    labels, outputs = tensors(labels_of(both, rng)), tensors(random_outputs(both, rng))
    nobody = {**labels, "rater_scores": torch.full((N, 3), torch.nan)}
    torch.testing.assert_close(both.loss(outputs, nobody), means.loss(outputs, labels))
    unrated = {**labels, "rating": torch.full((N, 1), torch.nan)}
    only = both.loss(outputs, unrated) - means.loss(outputs, unrated)
    torch.testing.assert_close(both.loss(outputs, labels), means.loss(outputs, labels) + only)
    assert only > 0.1


@pytest.mark.parametrize(
    ("pairs", "options"),
    [
        ("ranknet", {}),
        ("hinge", {"margin": 0.5}),
        ("softmax_comp", {"margin": 0.2}),
        ("bradley_terry", {"log_tie": -0.7}),
    ],
)
def test_every_pair_loss_learns_the_order_of_a_rater(pairs: str, options: dict[str, float]) -> None:
    task = create_task("attractiveness", pairs=pairs, raters=1, **options)
    blank = torch.full((4, 1), torch.nan)
    scores = torch.tensor([[1.0], [2.0], [2.0], [4.0]])
    batch = {"rating": blank, "rating_spread": blank, "comparison_group": torch.zeros(4, 1), "rater_scores": scores}
    found = torch.zeros(4, 1, requires_grad=True)
    for _ in range(300):
        (slope,) = torch.autograd.grad(task.loss({"score": found}, batch), found)
        found.data -= 0.5 * slope
    ranked = found.detach()[:, 0]
    assert ranked[0] < ranked[1] < ranked[3]
    assert ranked[1].item() == pytest.approx(ranked[2].item(), abs=0.1)


def test_scores_are_measured_within_set_and_sex() -> None:
    group = np.repeat([0.0, 1.0], 30)[:, None]
    rating = np.random.default_rng(11).normal(size=(60, 1)) + 5 * group
    score = rating - 9 * group
    found = create_task("attractiveness").measure({"score": score}, {"rating": rating, "comparison_group": group})
    assert (found["plcc"], found["srcc"]) == (pytest.approx(1), pytest.approx(1))


def test_origins_of_the_sexes_follow_their_mean_ratings() -> None:
    rng = np.random.default_rng(12)
    sex = np.repeat([200.0, 201.0], 30)
    rating, spread = rng.normal(3, 1, 60) + 0.5 * (sex == 201), 0.8
    labels = {"rating": rating, "rating_spread": np.full(60, spread), "comparison_group": sex}
    batch = {name: torch.tensor(value[:, None], dtype=torch.float32) for name, value in labels.items()}
    task, plain = (create_task("attractiveness", target="share", origin=weight) for weight in (1.0, 0.0))
    faithful = 1.702 / 2**0.5 * rating / spread
    for drift, expected in ((0.0, 0.0), (0.6, 0.09)):
        outputs = {"score": torch.tensor((faithful + drift * (sex == 201))[:, None], dtype=torch.float32)}
        assert (task.loss(outputs, batch) - plain.loss(outputs, batch)).item() == pytest.approx(expected, abs=1e-4)


def test_level_asks_scores_to_meet_ratings_that_are_known() -> None:
    labels = {
        "rating": [1.0, -2.0, float("nan")],
        "rating_spread": [0.8] * 3,
        "comparison_group": [100.0, 200.0, 200.0],
    }
    batch = {name: torch.tensor(value)[:, None] for name, value in labels.items()}
    outputs = {"score": torch.tensor([[1.5], [1.0], [40.0]])}
    task, plain = (create_task("attractiveness", target="share", level=weight) for weight in (0.5, 0.0))
    # Smooth L1 of 0.5 and 3, half of their mean.
    assert (task.loss(outputs, batch) - plain.loss(outputs, batch)).item() == pytest.approx(0.5 * (0.125 + 2.5) / 2)
    assert (task.levelled, plain.levelled) == (True, False)


def test_level_needs_the_only_label_that_sets_shift() -> None:
    with pytest.raises(InputError, match="'level' must be 0 where sets shift the label of another task"):
        create_task("age+attractiveness", **{"attractiveness": {"level": 0.2}})
    joined = create_task("attractiveness+classification:glasses", **LEVELLED)
    assert (joined.shifted, joined.levelled) == ("rating", True)
    assert create_task("age+attractiveness").shifted == "age"


LEVELLED = {"attractiveness": {"level": 0.2}, "classification:glasses": {"classes": ["no", "yes"]}}
