"""`/v1/compare`, `/v1/rank`, `/v1/taste`: the answers of `mien.preference`, with nothing kept."""

import json

import cv2
import numpy as np
import pytest
from tests.fixtures.served import approx_rows, encoded

from mien.preference import compare


@pytest.fixture(scope="module")
def looks(astronaut):
    """The same face, dark and light, before other patches."""
    part = astronaut[:256, 100:356]
    rng = np.random.default_rng(0)
    found = []
    for gain in (0.6, 0.8, 1.0):
        patches = cv2.resize(rng.integers(0, 256, (9, 9, 3), np.uint8), (256, 256), interpolation=cv2.INTER_NEAREST)
        patches[20:220, 40:210] = np.clip(part[20:220, 40:210] * gain, 0, 255)
        found.append(patches)
    return found


def files(looks) -> list:
    return [("photos", (f"{k}.png", encoded(image))) for k, image in enumerate(looks)]


def test_compare_tells_what_the_library_tells(http, looks):
    told = http.post("/v1/compare", files=files(looks[:2])).json()
    expected = compare(looks[0], looks[1]).to_dict()
    assert (told["a"]["source"], told["b"]["source"]) == ("0.png", "1.png")
    approx_rows(told["preference"], expected["preference"])


def test_compare_wants_two_faces(http, looks):
    black = ("photos", ("black.png", encoded(np.zeros((64, 64, 3), np.uint8))))
    answer = http.post("/v1/compare", files=[files(looks)[0], black])
    assert answer.status_code == 422
    assert "none was found" in answer.json()["detail"]
    assert http.post("/v1/compare", files=files(looks[:1])).status_code == 422
    assert http.post("/v1/compare", files=[files(looks)[0], ("photos", ("x.jpg", b"x"))]).status_code == 422


def test_rank_puts_the_best_first(http, looks):
    rows = http.post("/v1/rank", files=[*files(looks), ("photos", ("x.jpg", b"x"))]).json()
    ranked = [row for row in rows if row["rank"]]
    assert [row["rank"] for row in ranked] == list(range(1, len(ranked) + 1))
    assert sum(row["chance"] for row in ranked) == pytest.approx(1)
    assert [row["score"] for row in ranked] == sorted((row["score"] for row in ranked), reverse=True)
    others = [row for row in rows[:3] if not row["rank"]]
    assert {row["near_duplicate_of"] for row in others} <= {row["source"] for row in ranked}
    assert (rows[3]["source"], rows[3]["status"]) == ("x.jpg", "error")


def test_a_taste_is_asked_learned_and_used(http, looks):
    asked = http.post("/v1/taste/pairs", files=files(looks), data={"count": "2"}).json()
    assert [photo["source"] for photo in asked["photos"]] == ["0.png", "1.png", "2.png"]
    assert all(set(pair) <= {"0.png", "1.png", "2.png"} for pair in asked["pairs"])
    lead = {}
    for preferred in ("first", "second"):
        answers = [{"first": "0.png", "second": other, "preferred": preferred} for other in ("1.png", "2.png")]
        learned = http.post("/v1/taste/fit", files=files(looks), data={"answers": json.dumps(answers)}).json()
        assert (learned["comparisons"], learned["taste"]["comparisons"]) == (2, 2)
        rows = http.post("/v1/rank", files=files(looks), data={"taste": json.dumps(learned["taste"])}).json()
        taste = {row["source"]: row["taste"] for row in rows}
        lead[preferred] = taste["0.png"] - taste["1.png"]
    assert lead["first"] > lead["second"]


@pytest.mark.parametrize(
    ("path", "data", "told"),
    [
        ("rank", {"taste": "{"}, "'taste' must be"),
        ("rank", {"taste": '{"format": "x"}'}, "mien taste fit"),
        ("rank", {"heads": "age"}, "'heads'"),
        ("taste/pairs", {"count": "0"}, "'count'"),
        ("taste/fit", {"answers": "[]"}, "'answers'"),
        ("taste/fit", {"answers": '[{"first": "a"}]'}, "second"),
    ],
)
def test_wrong_fields_are_named(http, looks, path, data, told):
    answer = http.post(f"/v1/{path}", files=files(looks[:2]), data=data)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


def test_names_must_differ(http, looks):
    answer = http.post("/v1/rank", files=files(looks[:1]) * 2)
    assert (answer.status_code, "different names" in answer.json()["detail"]) == (422, True)
