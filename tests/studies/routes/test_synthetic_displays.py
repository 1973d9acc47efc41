"""Rendered displays: plans that are balanced, pictures that their seed makes, views that differ by the angle alone."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="studies need mien[train]")
pytest.importorskip("numba", reason="the renderer needs mien[train]")

from mien.faces import EMOTIONS
from mien.studies.routes import synthetic_displays as study
from mien.synthesis.dataset import MODEL, PEOPLE, Cast

ASSETS = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture(scope="module")
def cast() -> Cast:
    if not all((ASSETS / name).is_file() for name in (MODEL, PEOPLE)):
        pytest.skip(f"the head model and its people are not in {ASSETS.parent.name}/{ASSETS.name}")
    return study.load_heads(ASSETS)


def test_every_person_shows_every_class_alike_often() -> None:
    told = study.describe(study.class_plans(5, 12, 0), study.VIEWS)
    counts = {(p, k): ((told.person == p) & (told.label == k)).sum() for p in range(5) for k in range(3)}
    assert set(counts.values()) == {12 * len(study.VIEWS)}
    for k, name in enumerate(EMOTIONS):
        assert set(told.display[told.label == k]) == set(study.DISPLAYS[name])


def test_views_of_a_scene_stand_together() -> None:
    told = study.describe(study.class_plans(2, 2, 0), study.VIEWS)
    assert list(zip(told.yaw[:9].tolist(), told.pitch[:9].tolist(), strict=True)) == list(study.VIEWS)
    assert len(set(told.scene[:9].tolist())) == 1
    assert told.scene[9] == 1
    some = told.select(told.yaw == 45)
    assert len(some.person) == len(some.label) == 12


def test_pain_has_no_class_and_as_many_others_beside_it() -> None:
    told = study.describe(study.pain_plans(3, 6, 0), ((0, 0),))
    pain = told.display == "pain"
    assert pain.sum() == (~pain).sum() == 18
    assert set(told.label[pain].tolist()) == {-1}
    assert set(told.label[~pain].tolist()) == {EMOTIONS.index("negative")}


def test_no_two_scenes_share_their_seed() -> None:
    plans = [p for seed in range(3) for p in study.class_plans(4, 5, seed)] + study.pain_plans(4, 5, 100)
    assert len({plan.seed for plan in plans}) == len(plans)


def test_displays_have_the_units_that_their_class_is_told_by() -> None:
    assert all("AU12" in study.PROTOTYPES[name] for name in study.DISPLAYS["positive"])
    assert not any("AU12" in study.PROTOTYPES[name] for name in study.DISPLAYS["negative"])
    assert all(study.PROTOTYPES[name] == {} for name in study.DISPLAYS["neutral"])
    assert {"AU04", "AU43"} <= study.PROTOTYPES["pain"].keys()


def test_pictures_follow_from_their_seed_and_views_differ_by_the_angle_alone(cast: Cast) -> None:
    plans = [plan for plan in study.class_plans(1, 1, 0) if plan.display == "smile"]
    views = ((0, 0), (45, 0))
    first, second = (list(study.draw(cast, "test", plans, views)) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.image, b.image)
        np.testing.assert_array_equal(a.exact, b.exact)
    alone = list(study.draw(cast, "test", plans, views[1:]))
    np.testing.assert_array_equal(alone[0].image, first[1].image)
    width = [float(np.ptp(picture.exact[36:48, 0]) / np.ptp(picture.exact[:, 1])) for picture in first]
    assert width[1] < 0.9 * width[0]
