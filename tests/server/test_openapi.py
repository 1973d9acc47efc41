"""The description of the API: each example is sent, and what comes fits it."""

import cv2
import numpy as np
import pytest

from mien.server.examples import ROWS


@pytest.fixture(scope="module")
def description(server):
    return server.app.openapi()


def test_each_path_without_parameters_answers(http, description):
    paths = [path for path, ways in description["paths"].items() if "get" in ways and "{" not in path]
    assert len(paths) >= 9
    for path in paths:
        if path != "/v1/networks":  # loads torch
            assert http.get(path).status_code == 200, path


def test_examples_of_bodies_are_accepted(http, description):
    sent = 0
    for path, ways in description["paths"].items():
        body = ways.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json")
        if body:
            model = description["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
            answer = http.post(path, json=model["example"])
            assert answer.is_success, answer.text
            sent += 1
    assert sent == 2


def test_the_example_of_rows_is_what_comes(http, description):
    answers = description["paths"]["/v1/analyze"]["post"]["responses"]["200"]["content"]
    assert answers["application/json"]["example"] == ROWS
    assert set(answers) == {"application/json", "application/x-ndjson", "text/csv", "image/png"}
    black = cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes()
    rows = http.post("/v1/analyze", files=[("f", ("group.jpg", black)), ("f", ("cut.jpg", b""))]).json()
    assert rows == ROWS


def test_rows_are_described(description):
    row = description["components"]["schemas"]["FaceRow"]
    assert {"source", "status", "box", "emotion", "age"} <= set(row["properties"])
