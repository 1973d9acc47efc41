"""`POST /v1/analyze`: the rows of `mien analyze`, in each form, and what happens to broken photos."""

import csv
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.fixtures.served import approx_rows, files
from typer.testing import CliRunner

from mien.analyzer import Analyzer
from mien.cli import app as cli
from mien.schemas.row import FaceRow as FaceRowModel
from mien.sinks.tables import COLUMNS


@pytest.fixture(scope="module")
def photos(tmp_path_factory, face):
    folder = tmp_path_factory.mktemp("photos")
    (folder / "a.png").write_bytes(face)
    (folder / "black.png").write_bytes(cv2.imencode(".png", np.zeros((64, 64, 3), np.uint8))[1].tobytes())
    (folder / "broken.jpg").write_text("no picture")
    return folder


def command_rows(photos: Path, *options: str) -> list[dict]:
    names = [str(photos / name) for name in ("a.png", "black.png", "broken.jpg")]
    result = CliRunner().invoke(cli, ["analyze", *names, "--out", "-", *options])
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    told = json.dumps(rows).replace(f"{photos}/", "")
    return json.loads(told)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ()),
        ({"heads": "expression", "displays": "true"}, ("--heads", "expression", "--displays")),
        ({"open": "true"}, ("--open",)),
    ],
)
def test_rows_are_those_of_the_command(http, photos, options, words):
    answer = http.post("/v1/analyze", files=files(photos, "a.png", "black.png", "broken.jpg"), params=options)
    assert answer.status_code == 200
    approx_rows(answer.json(), command_rows(photos, *words))


def test_each_row_fits_the_schema(http, photos):
    rows = http.post("/v1/analyze", files=files(photos, "a.png", "black.png", "broken.jpg")).json()
    assert [row["status"] for row in rows] == ["ok", "no_face", "error"]
    for row in rows:
        told = FaceRowModel.model_validate(row).model_dump(mode="json", exclude_unset=True)
        assert told == row


def test_lines_and_table_hold_the_same_rows(http, photos):
    sent = files(photos, "a.png", "broken.jpg")
    rows = http.post("/v1/analyze", files=sent).json()
    lines = http.post("/v1/analyze", files=sent, headers={"accept": "application/x-ndjson"})
    assert lines.headers["content-type"].startswith("application/x-ndjson")
    approx_rows([json.loads(line) for line in lines.text.splitlines()], rows)
    table = http.post("/v1/analyze", files=sent, headers={"accept": "text/csv"}).text
    cells = list(csv.DictReader(io.StringIO(table)))
    assert list(cells[0]) == list(COLUMNS)
    assert [row["source"] for row in cells] == ["a.png", "broken.jpg"]
    assert float(cells[0]["age_value"]) == pytest.approx(rows[0]["age"]["value"], abs=1e-3)


def test_a_picture_shows_the_face(http, face):
    answer = http.post("/v1/analyze?format=png", content=face, headers={"content-type": "image/png"})
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert answer.headers["content-type"] == "image/png"
    assert image.shape[0] >= 256


def test_one_raw_photo_has_the_name_of_the_query(http, face):
    [row] = http.post("/v1/analyze?name=../x/me.png", content=face, headers={"content-type": "image/png"}).json()
    assert (row["source"], row["status"]) == ("me.png", "ok")


def test_own_evidence_changes_the_answer(http, face):
    texts = ("bias: {positive: 50}\nAU12: {positive: 1}", "bias: {negative: 50}\nAU12: {positive: 1}")
    labels = [
        http.post("/v1/analyze", files={"f": ("a.png", face)}, data={"evidence": text}).json()[0]["emotion"]["label"]
        for text in texts
    ]
    assert labels == ["positive", "negative"]


@pytest.mark.parametrize(
    ("content", "kind", "status", "told"),
    [
        (b"hello", "image/png", 415, "holds text"),
        (b"", "image/png", 422, "is empty"),
        (b"\xff\xd8\xff\xe0 cut", "image/jpeg", 422, "again"),
        (b"{}", "application/json", 415, "content type must be"),
        (b"--a--\r\n", "multipart/form-data; boundary=a", 422, "at least 1 file"),
        (b"x", "multipart/form-data; boundary=a", 400, ""),
        (b"x", "multipart/form-data", 400, ""),
    ],
)
def test_a_body_that_is_no_photo_is_a_problem(http, content, kind, status, told):
    answer = http.post("/v1/analyze", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.json()["detail"]


def test_pixels_are_counted_before_they_are_decoded(http):
    """A picture of 25 megapixels in a few bytes."""
    data = cv2.imencode(".png", np.zeros((5000, 5000), np.uint8))[1].tobytes()
    answer = http.post("/v1/analyze", content=data, headers={"content-type": "image/png"})
    assert answer.status_code == 413
    assert "25 megapixels; at most 4" in answer.json()["detail"]
    [row] = http.post("/v1/analyze", files={"f": ("big.png", data)}).json()
    assert row["status"] == "error"


@pytest.mark.parametrize(
    "query",
    ["min_face=0", "heads=x", "heads=/etc/a.onnx", "max_side=9999999", "unknown=1", "evidence=AU12:%20x"],
)
def test_wrong_options_are_named(http, face, query):
    answer = http.post(f"/v1/analyze?{query}", content=face, headers={"content-type": "image/png"})
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["detail"] or "AU12" in answer.json()["detail"]


def test_forms_that_are_not_offered(http, face):
    for headers, query in (({"accept": "text/html"}, ""), ({}, "?format=png")):
        sent = {"files": [("f", ("a.png", face)), ("f", ("b.png", face))]} if query else {"content": face}
        answer = (
            http.post(f"/v1/analyze{query}", headers={"content-type": "image/png"} | headers, **sent)
            if not query
            else http.post(f"/v1/analyze{query}", **sent)
        )
        assert answer.status_code == (406 if headers else 422)


def test_many_files_are_refused(http, face):
    answer = http.post("/v1/analyze", files=[("f", (f"{k}.png", b"x")) for k in range(6)])
    assert answer.status_code == 413
    assert "at most 5 files" in answer.json()["detail"]


def test_rows_do_not_depend_on_who_else_asks(http, face):
    """Photos of several requests go through the networks together."""
    from concurrent.futures import ThreadPoolExecutor

    def ask(k: int) -> list[dict]:
        return http.post(f"/v1/analyze?name={k}.png", content=face, headers={"content-type": "image/png"}).json()

    alone = Analyzer().photo(cv2.imdecode(np.frombuffer(face, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]).to_dicts()
    with ThreadPoolExecutor(8) as pool:
        for k, [row] in enumerate(pool.map(ask, range(8))):
            assert row["source"] == f"{k}.png"
            approx_rows([{name: row[name] for name in alone[0]}], alone)
