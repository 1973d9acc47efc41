"""Faces are picked alike in every column, and leave as the rows that the output schema promises."""

import json
import math
import sys
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from tests.fixtures.output_schema import HEADS, SCHEMA

from mien.errors import InputError, MissingDependencyError
from mien.faces import (
    CLEAR_MARGIN,
    EMOTIONS,
    SCORE_NUMBERS,
    ActionUnits,
    Age,
    Attractiveness,
    Attributes,
    Category,
    Displays,
    Emotion,
    Faces,
    Flags,
    Frame,
    Pose,
    Quantity,
    attribute_texts,
    display_texts,
    emotion_text,
    flatten,
)

UNITS = ("AU06", "AU12", "AU15")


def make_faces(n=5, seed=0):
    """Faces with every column filled, no two values alike."""
    rng = np.random.default_rng(seed)
    probability = rng.dirichlet([1, 1, 1], n)
    return Faces(
        box=rng.uniform(0, 100, (n, 4)),
        score=rng.uniform(0, 1, n),
        landmarks=rng.uniform(0, 100, (n, 5, 2)),
        landmarks_68=rng.uniform(0, 100, (n, 68, 2)),
        track_id=np.arange(n) - 1,
        pose=Pose(*rng.uniform(-30, 30, (3, n))),
        action_units=ActionUnits(rng.uniform(0, 1, (n, 3)), rng.uniform(0, 5, (n, 3)), UNITS),
        emotion=Emotion(probability, rng.normal(0, 2, (n, 3)), UNITS),
        age=Age(*np.sort(rng.uniform(0, 90, (3, n)), 0)[[1, 0, 2]], 0.8),
        attractiveness=Attractiveness(
            rng.normal(size=n), rng.uniform(0, 100, n), "pool", *rng.normal(size=(4, n)), 0.9, rng.normal(size=(n, 5))
        ),
        attributes=Attributes(
            {
                "hat": Category(rng.dirichlet([1, 1], n), ("no", "yes")),
                "height": Quantity(rng.uniform(1, 2, n)),
                "worn": Flags(rng.uniform(0, 1, (n, 2)), ("glasses", "beard")),
            }
        ),
        displays=Displays(rng.uniform(0, 16, n), rng.choice(["none", "smile"], n), *rng.uniform(0, 5, (2, n))),
    )


def arrays(faces):
    """Every array of a struct by dotted name."""
    found = {}
    for f in fields(faces):
        value = getattr(faces, f.name)
        if isinstance(value, np.ndarray):
            found[f.name] = value
        elif isinstance(value, Attributes):
            for name, part in value.named.items():
                found.update({f"attributes.{name}.{key}": array for key, array in arrays(part).items()})
        elif hasattr(value, "__dataclass_fields__"):
            found.update({f"{f.name}.{name}": part for name, part in arrays(value).items()})
    return found


@pytest.mark.parametrize(
    ("index", "numbers"),
    [
        (slice(1, 3), [1, 2]),
        (slice(None, None, -2), [4, 2, 0]),
        (slice(9, None), []),
        ([3, 0, 3], [3, 0, 3]),
        ([], []),
        (np.array([-1, 1]), [4, 1]),
        ([True, False, False, True, False], [0, 3]),
        (np.array([False] * 5), []),
        (np.array([]), []),
    ],
)
def test_an_index_picks_the_same_faces_in_every_column(index, numbers):
    faces = make_faces()
    picked = faces[index]
    assert len(picked) == len(numbers)
    before, after = arrays(faces), arrays(picked)
    assert before.keys() == after.keys()
    assert len(before) == 29
    for name in before:
        assert after[name].shape == (len(numbers), *before[name].shape[1:])
        assert after[name].tolist() == [before[name][i].tolist() for i in numbers]
    assert (picked.age.coverage, picked.emotion.codes, picked.attractiveness.pool) == (0.8, UNITS, "pool")


def test_a_mask_from_a_comparison():
    faces = make_faces(40)
    old = faces[faces.age.value > 50]
    assert old.age.value.tolist() == [v for v in faces.age.value.tolist() if v > 50]
    with pytest.raises(IndexError):
        faces[np.array([True, False])]


@pytest.mark.parametrize("index", [0, 4, -1, -5, np.int64(2)])
def test_a_number_gives_one_face(index):
    faces = make_faces()
    face = faces[index]
    assert face.score == faces.score[index]
    assert type(face.score) is float
    assert np.array_equal(face.landmarks_68, faces.landmarks_68[index])
    assert face.age.to_dict()["value"] == faces.age.value[index]
    assert face.emotion.label == EMOTIONS[int(np.argmax(faces.emotion.probability[index]))]


@pytest.mark.parametrize("index", [5, -6, 100])
def test_a_face_that_is_not_there(index):
    with pytest.raises(IndexError, match=rf"number of faces, 5\. Got {index}"):
        make_faces()[index]


def test_iteration_ends_and_an_unknown_track_is_none():
    tracks = [face.track_id for face in make_faces()]
    assert tracks == [None, 0, 1, 2, 3]
    assert [face.track_id for face in replace(make_faces(), track_id=None)] == [None] * 5


def test_no_face():
    faces = Faces.empty()
    assert (len(faces), faces.box.shape, faces.score.shape, faces.landmarks.shape) == (0, (0, 4), (0,), (0, 5, 2))
    assert faces.to_dicts() == list(faces) == []
    assert len(faces[[]]) == len(faces[:]) == len(faces[np.zeros(0, bool)]) == 0
    assert len(faces.to_dataframe()) == 0
    with pytest.raises(IndexError):
        faces[0]


def test_joining_undoes_slicing():
    faces = make_faces(7)
    joined = arrays(Faces.concat([faces[:2], faces[2:2], faces[2:]]))
    assert joined.keys() == arrays(faces).keys()
    assert all(np.array_equal(joined[name], value) for name, value in arrays(faces).items())
    lacking = Faces.concat([faces[:2], replace(faces[2:], age=None, landmarks_68=None)])
    assert lacking.age is lacking.landmarks_68 is None
    assert np.array_equal(lacking.pose.yaw, faces.pose.yaw)
    assert len(Faces.concat([])) == 0


def test_joining_reaches_what_lies_inside_a_part():
    first, second = (
        Emotion(np.full((n, 3), 1 / 3), np.zeros((n, 1)), ("AU12",), Category(np.full((n, 2), n / 10), ("a", "b")))
        for n in (1, 2)
    )
    faces = make_faces(3)
    joined = Faces.concat([replace(faces[:1], emotion=first), replace(faces[1:], emotion=second)]).emotion
    assert joined.category.probability[:, 0].tolist() == [0.1, 0.2, 0.2]
    lacking = replace(first, category=None)
    assert (
        Faces.concat([replace(faces[:1], emotion=lacking), replace(faces[1:], emotion=second)]).emotion.category is None
    )


def test_evidence_is_sorted_and_leaves_out_what_is_too_weak():
    emotion = Emotion(
        np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]]), np.array([[0.5, 2.0, 0.04], [-3, 0.06, -0.1]]), UNITS
    )
    assert emotion.evidence == [[("AU12", 2.0), ("AU06", 0.5)], [("AU12", 0.06)]]
    assert emotion.label.tolist() == ["positive", "negative"]
    assert emotion[1].label == "negative"
    assert emotion[1].evidence == [("AU12", 0.06)]


def test_a_small_margin_is_not_clear():
    probability = [[0.6, 0.3, 0.1], [0.44, 0.12, 0.44], [0.2, 0.375, 0.425], [np.nan] * 3]
    emotion = Emotion(np.array(probability), np.zeros((4, 3)), UNITS)
    assert emotion.margin == pytest.approx([0.3, 0, 0.05, np.nan], nan_ok=True)
    assert emotion.clear.tolist() == [True, False, False, False]
    assert [emotion[i].margin for i in range(3)] == emotion.margin[:3].tolist()
    assert emotion[2].to_dict()["margin"] == pytest.approx(0.05)
    assert [emotion[i].to_dict()["clear"] for i in (0, 2)] == [True, False]
    assert [emotion[i].label for i in (0, 2)] == ["positive", "negative"]  # said, and not changed
    assert [emotion_text(emotion[i]) for i in (0, 2)] == ["positive 0.60", "negative 0.42, unclear"]


def test_a_margin_of_a_fifth_is_clear():
    assert CLEAR_MARGIN == 0.2
    just = Emotion(np.array([[0.5, 0.25, 0.25], [0.46875, 0.28125, 0.25]]), np.zeros((2, 3)), UNITS)
    assert just.clear.tolist() == [True, False]


def test_displays_in_plain_values_and_in_a_few_words():
    nan = np.array([np.nan] * 2)
    known = Displays(np.array([1.25, 0.0]), np.array(["smile", "none"]), np.array([2.0, 0.1]), np.array([0.5, 0.2]))
    faces = replace(make_faces(2), displays=known)
    assert faces.to_dicts()[0]["displays"] == {
        "pain": 1.25,
        "smile": "smile",
        "smile_strength": 2.0,
        "cheek_strength": 0.5,
    }
    assert display_texts(faces[0]) == ["smile", "displayed pain expression 1.2 of 16"]
    assert display_texts(faces[1])[0] == "no smile"
    unknown = replace(faces, displays=Displays(nan, np.array(["", ""]), nan, nan))
    assert set(unknown.to_dicts()[0]["displays"].values()) == {None}
    assert display_texts(unknown[0]) == display_texts(replace(faces, displays=None)[0]) == []


def test_rows_have_the_keys_of_the_schema_and_survive_json():
    faces = make_faces()
    rows = Frame("a.jpg", faces, index=7, time_s=0.28).to_dicts()
    assert json.loads(json.dumps(rows)) == rows
    assert [row["face"] for row in rows] == [0, 1, 2, 3, 4]
    for row, i in zip(rows, range(5), strict=True):
        assert list(row) == SCHEMA
        assert row["box"] == faces.box[i].tolist()
        assert np.shape(row["landmarks_68"]) == (68, 2)
        assert list(row["pose"]) == ["yaw", "pitch", "roll"]
        assert list(row["action_units"]) == list(UNITS)
        assert row["action_units"]["AU12"]["intensity"] == faces.action_units.intensity[i, 1]
        assert list(row["emotion"]) == ["label", *EMOTIONS, "margin", "clear", "category", "evidence"]
        assert row["emotion"]["neutral"] == faces.emotion.probability[i, 1]
        assert row["age"] == {
            "value": faces.age.value[i],
            "low": faces.age.low[i],
            "high": faces.age.high[i],
            "coverage": 0.8,
        }
        assert list(row["attractiveness"]) == [*SCORE_NUMBERS, "coverage", "pool"]
        assert row["attractiveness"]["low"] == faces.attractiveness.low[i]


def test_heads_that_did_not_run_are_none():
    faces = replace(make_faces(1), landmarks_68=None, track_id=None, **dict.fromkeys(HEADS))
    (row,) = Frame("a.jpg", faces).to_dicts()
    assert list(row) == SCHEMA
    assert all(row[name] is None for name in (*HEADS, "landmarks_68", "track_id", "frame", "time_s"))


def test_a_picture_without_a_face_or_with_an_error_gives_one_row():
    head = {"source": "a.jpg", "status": "no_face", "frame": None, "time_s": None}
    assert Frame("a.jpg", Faces.empty(), "no_face").to_dicts() == [{**head, "face": None}]
    (row,) = Frame("a.jpg", Faces.empty(), "error", "cut off").to_dicts()
    assert row == {**head, "status": "error", "reason": "cut off", "face": None}
    with pytest.raises(InputError, match=r"'status' must be 'ok', 'no_face' or 'error'\. Got 'fine'"):
        Frame("a.jpg", Faces.empty(), "fine")


def test_flatten_joins_names():
    row = {
        "source": "a",
        "box": [1, 2, 3, 4],
        "pose": {"yaw": 5.0},
        "age": None,
        "emotion": {"evidence": [["AU12", 1]]},
    }
    row["action_units"] = {"AU12": {"probability": 0.5}}
    assert flatten(row) == {
        "source": "a",
        "box_x1": 1,
        "box_y1": 2,
        "box_x2": 3,
        "box_y2": 4,
        "pose_yaw": 5.0,
        "age": None,
        "emotion_evidence": [["AU12", 1]],
        "AU12_probability": 0.5,
    }
    assert flatten({"box": None}) == {"box": None}


def test_a_data_frame_holds_the_columns():
    faces = make_faces()
    table = faces.to_dataframe()
    assert isinstance(table, pd.DataFrame)
    assert len(table) == 5
    columns = {
        "age_low": faces.age.low,
        "box_x2": faces.box[:, 2],
        "AU15_probability": faces.action_units.probability[:, 2],
        "pose_roll": faces.pose.roll,
        "emotion_negative": faces.emotion.probability[:, 2],
        "attractiveness_percentile": faces.attractiveness.percentile,
    }
    for name, values in columns.items():
        assert table[name].to_numpy() == pytest.approx(values)
    assert table["emotion_label"].tolist() == faces.emotion.label.tolist()
    assert math.isnan(table["track_id"][0])


def test_without_pandas_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match="'pandas', which is not installed"):
        make_faces().to_dataframe()


def test_own_models_are_told_by_name():
    faces = make_faces(3)
    assert faces.attributes["hat"].label.shape == (3,)
    face = faces[1]
    assert face.attributes["height"].value == faces.attributes["height"].value[1]
    told = face.to_dict()["attributes"]
    assert (
        told["hat"]["label"]
        == face.attributes["hat"].label
        == max(told["hat"]["probability"], key=told["hat"]["probability"].get)
    )
    assert told["worn"]["probability"].keys() == {"glasses", "beard"}
    assert flatten(face.to_dict())["attributes_height_value"] == told["height"]["value"]
    with pytest.raises(KeyError):
        face.attributes["glasses"]


def test_own_models_in_a_few_words():
    one = Attributes(
        {
            "hat": Category(np.array([[0.1, 0.9]]), ("no", "yes")),
            "height": Quantity(np.array([1.754])),
            "worn": Flags(np.array([[0.8, 0.2]]), ("glasses", "beard")),
            "seen": Flags(np.array([[0.1]]), ("ears",)),
        }
    )
    whole = replace(make_faces(1), attributes=one)[0]
    assert attribute_texts(whole) == ["hat: yes 0.90", "height: 1.75", "worn: glasses", "seen: none"]
    assert attribute_texts(replace(whole, attributes=None)) == []


def test_the_largest_face_has_the_largest_box() -> None:
    box = np.array([[0, 0, 9, 2], [5, 5, 10, 10], [0, 0, 1, 1]], np.float32)
    faces = Faces(box, np.ones(3, np.float32), np.zeros((3, 5, 2), np.float32))
    assert faces.largest_index() == 1
    assert faces.largest() == faces[1]


def test_equal_when_all_values_are():
    faces = make_faces()
    assert faces == make_faces()
    assert faces != replace(make_faces(), score=faces.score + 1)
    assert faces != replace(make_faces(), age=None)
    assert faces[0] == make_faces()[0] != faces[1]
    assert replace(faces.age, low=np.full(5, np.nan)) == replace(faces.age, low=np.full(5, np.nan))
    assert faces != 3


def test_rows_become_faces_again():
    faces = make_faces()
    faces = replace(faces, attractiveness=replace(faces.attractiveness, embedding=None))
    again = Faces.from_dicts(json.loads(json.dumps(faces.to_dicts())))
    pairs = {name: (value, arrays(again)[name]) for name, value in arrays(faces).items()}
    told, back = pairs.pop("emotion.contribution")
    np.testing.assert_allclose(back, np.where(told > 0.05, told, 0), rtol=1e-6)  # the rest is too small to be evidence
    for name, (value, back) in pairs.items():
        if value.dtype.kind == "U":
            assert (value == back).all()
        else:
            np.testing.assert_allclose(back, value, rtol=1e-6, err_msg=name)
    assert Faces.from_dicts(json.loads(json.dumps(again.to_dicts()))) == again


def test_rows_without_a_face_and_without_heads():
    plain = replace(make_faces(2), **dict.fromkeys(("pose", "action_units", "emotion", "age", "attractiveness")))
    rows = Frame("a.jpg", plain).to_dicts() + Frame("b.jpg", Faces.empty(), "no_face").to_dicts()
    assert len(Faces.from_dicts(rows)) == 2
    assert Faces.from_dicts([]) == Faces.empty()
    with pytest.raises(InputError, match="'landmarks'"):
        Faces.from_dicts([{"box": [0, 0, 1, 1], "score": 1.0}])


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("box", np.zeros((5, 3)), r"'box' must have the shape \(N, 4\) with N = 5 faces. Got \(5, 3\)"),
        ("score", np.zeros(4), r"'score' must have the shape \(N,\)"),
        ("score", [1.0] * 5, "'score' must be a NumPy array of numbers. Got list"),
        ("landmarks", np.zeros((5, 5, 2), bool), "Got bool array"),
        ("landmarks_68", np.zeros((5, 5, 2)), "68, 2"),
        ("track_id", np.zeros(5), "whole numbers. Got float64 array"),
        ("age", Age(*np.zeros((3, 4))), r"'age.value' must hold one row for each of the 5 faces"),
    ],
)
def test_other_shapes_and_types_are_refused(field, value, told):
    with pytest.raises(InputError, match=told):
        replace(make_faces(), **{field: value})


def test_what_must_be_there_is_asked_for_by_name():
    assert make_faces().require("age") == make_faces().age
    with pytest.raises(InputError, match="read a video"):
        replace(make_faces(), track_id=None).require("track_id")
    with pytest.raises(InputError, match="at least one face"):
        Faces.empty().largest()


def test_concat_joins_structs_within_structs():
    category = Category(np.array([[0.25, 0.75]]), ("a", "b"))
    emotion = Emotion(np.full((1, 3), 1 / 3), np.zeros((1, 1)), ("AU12",), category)
    face = Faces(np.zeros((1, 4)), np.ones(1), np.zeros((1, 5, 2)), emotion=emotion)
    both = Faces.concat([face, face])
    assert both.emotion.category.probability.tolist() == [[0.25, 0.75]] * 2
    assert both[1] == face[0]
