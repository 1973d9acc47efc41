"""What is measured, on which faces, and which groups are told apart."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn.metrics")

from sklearn import metrics as sklearn_metrics

from mien.evaluate.groups import AGE_BANDS, SKIN_TONE, groups_of
from mien.faces import ActionUnits, Age, Attractiveness, Attributes, Category, Emotion, Faces, Flags, Pose, Quantity
from mien.facs import CODES
from mien.metrics import expected_calibration_error
from mien.tasks import Labels, Metric, Read, task_named, tasks_of

N = 60


def metrics_of(task: str, faces: Faces, outputs: dict[str, Any], labels: Labels) -> dict[str, Metric]:
    return task_named(task).metrics(Read(faces, outputs, labels))


ALL = np.arange(N)


@pytest.fixture
def faces() -> Faces:
    """Faces with every head filled at random."""
    rng = np.random.default_rng(0)
    box = np.tile([0.0, 0, 100, 100], (N, 1))
    units = rng.uniform(0, 1, (N, len(CODES)))
    emotion = rng.dirichlet((1, 1, 1), N)
    value = rng.uniform(5, 85, N)
    return Faces(
        box,
        np.ones(N),
        np.zeros((N, 5, 2)),
        landmarks_68=rng.uniform(0, 100, (N, 68, 2)),
        pose=Pose(*rng.uniform(-50, 50, (3, N))),
        action_units=ActionUnits(units, 5 * units, CODES),
        emotion=Emotion(emotion, units, CODES),
        age=Age(value, value - 8, value + 8, 0.9),
        attractiveness=Attractiveness(rng.normal(size=N), rng.uniform(0, 100, N), "P"),
        attributes=Attributes(
            {
                "hat": Category(rng.dirichlet((1, 1, 1), N), ("cap", "none", "straw")),
                "height": Quantity(rng.normal(170, 10, N)),
                "worn": Flags(rng.uniform(0, 1, (N, 2)), ("scarf", "mask")),
            }
        ),
    )


def values(measures: dict[str, Any]) -> dict[str, float]:
    return {name: measure.on(ALL[measure.known]) for name, measure in measures.items()}


def labelled(**named: Any) -> Labels:
    return Labels({name: np.asarray(value, np.float64) for name, value in named.items()}, {})


def test_exact_ages(faces: Faces) -> None:
    truth = faces.age.value + np.random.default_rng(1).normal(0, 6, N)
    target = np.repeat(truth[:, None], 2, 1)
    target[0], target[1] = np.nan, [20, 30]
    found = metrics_of("age", faces, {}, labelled(age=target))
    assert all(measure.known.tolist() == [False, False, *[True] * (N - 2)] for measure in found.values())
    error = (faces.age.value - truth)[2:]
    assert values(found) == pytest.approx(
        {
            "MAE": np.abs(error).mean(),
            "CS@5": (np.abs(error) <= 5).mean(),
            "bias": error.mean(),
            "r": np.corrcoef(faces.age.value[2:], truth[2:])[0, 1],
            "coverage of the 90% interval": (np.abs(error) <= 8).mean(),
            "width of the interval": 16.0,
        }
    )
    assert next(iter(found)) == "MAE"


def test_age_groups(faces: Faces) -> None:
    target = np.stack([faces.age.value - 10, faces.age.value + 10], 1)
    target[0] = faces.age.value[0] + [4, 14]
    target[1] = np.nan
    found = values(metrics_of("age", faces, {}, labelled(age=target)))
    assert found["distance to age group"] == pytest.approx(4 / (N - 1))
    assert found["share inside age group"] == pytest.approx((N - 2) / (N - 1))


def test_emotion_by_units_and_direct(faces: Faces) -> None:
    rng = np.random.default_rng(2)
    votes = rng.dirichlet((0.5, 0.5, 0.5), N)
    votes[5] = np.nan
    direct = rng.normal(size=(N, 3))
    measures = metrics_of("expression", faces, {"emotion_direct": direct}, labelled(emotion=votes))
    found, known = values(measures), np.arange(N) != 5
    truth, read = votes[known].argmax(1), faces.emotion.probability[known].argmax(1)
    smile = faces.action_units.probability[known, CODES.index("AU12")]
    expected = {
        "macro-F1 by Action Units": sklearn_metrics.f1_score(truth, read, average="macro"),
        "accuracy by Action Units": (truth == read).mean(),
        "smile AUC (AU12)": sklearn_metrics.roc_auc_score(truth == 0, smile),
        "macro-F1, direct": sklearn_metrics.f1_score(truth, direct[known].argmax(1), average="macro"),
    }
    assert found == pytest.approx(expected)
    assert next(iter(measures)) == "macro-F1 by Action Units"
    assert "macro-F1, direct" not in metrics_of("expression", faces, {}, labelled(emotion=votes))


def test_units_with_ten_faces_each_way(faces: Faces) -> None:
    target = (np.random.default_rng(3).uniform(size=(N, len(CODES))) > 0.5).astype(float)
    target[:, 0] = np.arange(N) < 9
    target[:, 1] = np.nan
    target[::2, 2] = np.nan
    measures = metrics_of("expression", faces, {}, labelled(action_units=target))
    found = values(measures)
    single = {}
    for k, code in enumerate(CODES[2:], 2):
        known = ~np.isnan(target[:, k])
        score = faces.action_units.probability[known, k]
        single[f"AUC {code}"] = sklearn_metrics.roc_auc_score(target[known, k], score)
        active = faces.action_units.intensity[known, k] >= 1
        single[f"F1 {code}"] = sklearn_metrics.f1_score(target[known, k], active)
        single[f"ECE {code}"] = expected_calibration_error(score, target[known, k])
    means = {}
    for name in ("AUC", "F1", "ECE"):
        own = [value for key, value in single.items() if key.startswith(name)]
        means[f"mean {name} of {len(CODES) - 2} Action Units"] = np.mean(own)
    assert found == pytest.approx({**means, **single})
    assert next(iter(measures)) == f"mean AUC of {len(CODES) - 2} Action Units"


def test_mean_auc_of_faces_that_show_no_difference_is_nan_without_a_warning(faces: Faces) -> None:
    target = np.zeros((N, len(CODES)))
    target[:20] = 1
    mean = next(iter(metrics_of("expression", faces, {}, labelled(action_units=target)).values()))
    assert np.isnan(mean.on(np.arange(20)))
    assert np.isfinite(mean.on(ALL))


def test_units_are_found_by_their_code_in_any_order(faces: Faces) -> None:
    target = (np.random.default_rng(4).uniform(size=(N, len(CODES))) > 0.5).astype(float)
    before = values(metrics_of("expression", faces, {}, labelled(action_units=target)))
    units = faces.action_units
    turned = ActionUnits(units.probability[:, ::-1], units.intensity[:, ::-1], CODES[::-1])
    after = values(metrics_of("expression", replace(faces, action_units=turned), {}, labelled(action_units=target)))
    assert after == pytest.approx(before)


def test_ratings(faces: Faces) -> None:
    rating = faces.attractiveness.score * 2 + 3
    rating[3] = np.nan
    found = metrics_of("attractiveness", faces, {}, labelled(rating=rating))
    assert values(found) == pytest.approx({"SRCC": 1, "PLCC": 1})
    assert not found["SRCC"].known[3]


def test_landmarks_and_pose_up_to_sixty_degrees(faces: Faces) -> None:
    target = faces.landmarks_68 + [3, 4]
    target[2] = np.nan
    pose = np.stack([faces.pose.yaw + 2, faces.pose.pitch - 3, faces.pose.roll + 4], 1)
    pose[7, 0] = 75
    measures = metrics_of("landmarks", faces, {}, labelled(landmarks=target, pose=pose))
    found = values(measures)
    eyes = np.linalg.norm(faces.landmarks_68[:, 36] - faces.landmarks_68[:, 45], axis=1)[np.arange(N) != 2]
    assert found["error / outer eye distance"] == pytest.approx((5 / eyes).mean())
    assert found["median error / outer eye distance"] == pytest.approx(np.median(5 / eyes))
    assert [found[f"{name} error, degrees"] for name in ("yaw", "pitch", "roll")] == pytest.approx([2, 3, 4])
    assert not measures["yaw error, degrees"].known[[2, 7]].any()


@pytest.mark.parametrize("task", ["age", "expression", "attractiveness", "landmarks"])
def test_without_labels_nothing_is_measured(task: str, faces: Faces) -> None:
    assert metrics_of(task, faces, {}, labelled()) == {}


def test_groups_are_columns_of_people_bands_of_age_and_of_yaw(faces: Faces) -> None:
    columns = {"gender": np.array(["f", "m"] * (N // 2)), "id": ALL, "occluded": np.arange(N) < 5}
    age = np.repeat(np.linspace(0, 89, N)[:, None], 2, 1)
    age[0] = [0, 2]
    found = dict(groups_of(task_named("age"), faces, {"age": age}, columns))
    assert found["gender f"].tolist() == ALL[::2].tolist()
    assert found["occluded True"].tolist() == [0, 1, 2, 3, 4]
    assert sorted(np.concatenate([found[f"age {a}-{b}"] for a, b in AGE_BANDS]).tolist()) == ALL[1:].tolist()
    assert not [name for name in found if name.startswith("id")]
    yaw = np.abs(faces.pose.yaw)
    for low, high in ((0, 15), (15, 30), (30, 45), (45, 60), (60, 90)):
        assert found[f"|yaw| {low}-{high}"].tolist() == np.flatnonzero((low <= yaw) & (yaw < high)).tolist()


def test_ages_are_groups_of_age_and_expression_only(faces: Faces) -> None:
    age = np.full((N, 2), 30.0)
    assert not [
        name for name, _ in groups_of(task_named("attractiveness"), faces, {"age": age}, {}) if name.startswith("age")
    ]
    found = dict(groups_of(task_named("expression"), faces, {"age": age}, {}))
    assert found["age 30-40"].tolist() == ALL.tolist()
    assert list(groups_of(task_named("landmarks"), replace(faces, pose=None), {}, {})) == []


def test_skin_tones_are_groups_where_the_pictures_have_colour(faces: Faces) -> None:
    tone = np.full(N, np.nan)
    tone[:4] = [-60, 0, 20, 45]
    found = dict(groups_of(task_named("expression"), faces, {}, {SKIN_TONE: tone}))
    shown = {name: rows.tolist() for name, rows in found.items() if name.startswith("skin")}
    assert shown == {"skin dark": [0], "skin brown": [1], "skin tan": [2], "skin light": [3]}


def test_classes(faces: Faces) -> None:
    truth = np.random.default_rng(5).integers(0, 3, (N, 1)).astype(float)
    truth[4] = np.nan
    named = {"classification:hat": truth}
    measures = metrics_of("classification:hat", faces, {}, labelled(**named))
    known = np.arange(N) != 4
    probability, target = faces.attributes["hat"].probability[known], truth[known, 0].astype(int)
    read = probability.argmax(1)
    single = {
        f"AUC {name}": sklearn_metrics.roc_auc_score(target == k, probability[:, k])
        for k, name in enumerate(("cap", "none", "straw"))
    }
    found = values(measures)
    ece = found.pop("ECE")
    assert found == pytest.approx(
        {
            "accuracy": (read == target).mean(),
            "macro-F1": sklearn_metrics.f1_score(target, read, average="macro"),
            "mean AUC, one against the rest": np.mean(list(single.values())),
            **single,
        }
    )
    assert next(iter(measures)) == "accuracy"
    assert 0 < ece < 1


def test_a_class_that_nobody_has_leaves_the_other_aucs_defined(faces: Faces) -> None:
    truth = np.random.default_rng(6).integers(0, 2, (N, 1)).astype(float)
    found = values(metrics_of("classification:hat", faces, {}, labelled(**{"classification:hat": truth})))
    assert np.isnan(found["AUC straw"])
    assert found["mean AUC, one against the rest"] == pytest.approx((found["AUC cap"] + found["AUC none"]) / 2)


def test_numbers(faces: Faces) -> None:
    value = faces.attributes["height"].value
    truth = (value + np.random.default_rng(7).normal(1, 3, N))[:, None]
    truth[3] = np.nan
    found = values(metrics_of("regression:height", faces, {}, labelled(**{"regression:height": truth})))
    error = np.delete(value - truth[:, 0], 3)
    r = np.corrcoef(np.delete(value, 3), np.delete(truth[:, 0], 3))[0, 1]
    assert found == pytest.approx({"MAE": np.abs(error).mean(), "bias": error.mean(), "r": r})


def test_flags(faces: Faces) -> None:
    truth = np.random.default_rng(8).integers(0, 2, (N, 2)).astype(float)
    truth[:9, 1] = np.nan
    found = values(metrics_of("multilabel:worn", faces, {}, labelled(**{"multilabel:worn": truth})))
    probability = faces.attributes["worn"].probability
    scarf = sklearn_metrics.roc_auc_score(truth[:, 0], probability[:, 0])
    mask = sklearn_metrics.roc_auc_score(truth[9:, 1], probability[9:, 1])
    assert found == pytest.approx({"mean AUC of 2 columns": (scarf + mask) / 2, "AUC scarf": scarf, "AUC mask": mask})


def test_of_several_tasks_those_with_labels_are_measured(faces: Faces) -> None:
    target = np.repeat(faces.age.value[:, None], 2, 1)
    worn = np.random.default_rng(9).integers(0, 2, (N, 2)).astype(float)
    labels = labelled(age=target, **{"multilabel:worn": worn})
    read = Read(faces, {}, labels)
    measured = {task.name: task.metrics(read) for task in tasks_of("age+regression:height+multilabel:worn")}
    assert [name for name, metrics in measured.items() if metrics] == ["age", "multilabel:worn"]
    assert values(measured["age"])["MAE"] == 0
    ages = [name for name, _ in groups_of(task_named("age"), faces, labels.named, {}) if name.startswith("age")]
    assert len(ages) == len(AGE_BANDS)


def test_groups_leave_out_what_is_missing_and_name_whole_numbers_as_such(faces: Faces) -> None:
    race, gender = np.tile([0.0, 1.0, np.nan], N // 3), np.tile(np.array(["f", None], object), N // 2)
    found = dict(groups_of(task_named("landmarks"), faces, {}, {"race": race, "gender": gender}))
    assert [name for name in found if "yaw" not in name] == ["gender f", "race 0", "race 1"]
    assert found["race 1"].tolist() == list(range(1, N, 3))


def test_a_label_shift_moves_ages_and_intervals_and_nothing_else() -> None:
    value = np.array([5.0, 15.0, 30.0, 40.0], np.float32)
    age = Age(value, value - 3, value + 3, 0.9)
    flat = np.zeros(4, np.float32)
    faces = Faces(np.zeros((4, 4), np.float32), flat, np.zeros((4, 5, 2), np.float32), age=age)
    target = np.array([[8.0, 8], [16, 16], [30, 30], [np.nan, np.nan]], np.float32)
    shift = {"knots": [0.0, 10.0, 20.0], "offsets": [4.0, 2.0, 0.0]}
    found = task_named("age").shifted_metrics(Read(faces, {}, Labels({"age": target}, {})), shift)
    # 5 reads as 8, 15 as 16, 30 as 30: no error is left, and all three lie inside their intervals.
    everyone = np.arange(3)
    assert all(name.endswith(", with the set's label shift") for name in found)
    named = {name.partition(",")[0]: measure for name, measure in found.items()}
    assert named["MAE"].on(everyone) == pytest.approx(0, abs=1e-5)
    assert named["coverage of the 90% interval"].on(everyone) == 1
    assert named["width of the interval"].on(np.array([0])) == pytest.approx(4.8, abs=1e-4)
    assert named["width of the interval"].on(np.array([2])) == pytest.approx(6)
    assert named["MAE"].known.tolist() == [True, True, True, False]
    assert faces.age is age


def test_mean_ratings_are_compared_with_the_pools_line() -> None:
    score = np.array([-1.0, 0.0, 2.0, 1.0], np.float32)
    labels = Labels({"rating": np.array([[2.5], [3.5], [4.0], [np.nan]], np.float32)}, {})
    read = Read(Faces.empty(), {"score": score[:, None]}, labels)
    found = task_named("attractiveness").shifted_metrics(read, {"offset": 3.0, "scale": 0.5})
    error, bias = found.values()
    assert error.on(np.arange(3)) == pytest.approx(0.5 / 3)
    assert bias.on(np.arange(3)) == pytest.approx(-0.5 / 3)
    assert error.known.tolist() == [True, True, True, False]
