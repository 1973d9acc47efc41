"""What a notebook shows of faces: well-formed, whole, and nothing of a name runs."""

import base64
import re
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from mien.analyzer import Analyzer
from mien.faces import Faces, Frame


@pytest.fixture(scope="module")
def frame(astronaut):
    return next(Analyzer().photos([astronaut], keep_image=True))


def parsed(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{html}</div>")


def test_a_frame_shows_its_picture_with_the_face_on_it(frame):
    page = parsed(frame._repr_html_())
    svg = page.find("{http://www.w3.org/2000/svg}svg")
    assert svg.get("viewBox") == "0 0 512 512"
    assert (svg.get("width"), svg.get("height")) == ("480", "480")
    data = svg.find("{*}image").get("href").partition("base64,")[2]
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    expected = cv2.resize(frame.image, (480, 480), interpolation=cv2.INTER_AREA)
    assert np.abs(picture.astype(int) - expected).mean() < 5
    [box] = svg.findall("{*}rect")
    assert float(box.get("x")) == pytest.approx(frame.faces.box[0, 0], abs=0.1)
    assert len(svg.findall("{*}circle")) == 68


def test_the_table_tells_what_the_faces_hold(frame):
    text = " ".join(parsed(frame.faces._repr_html_()).itertext())
    age = frame.faces.age
    assert f"{age.value[0]:.0f} ({age.low[0]:.0f} to {age.high[0]:.0f})" in text
    assert "positive" in text
    assert "AU12" in text


def test_without_anything(frame):
    assert "No face" in Faces.empty()._repr_html_()
    bare = Faces(frame.faces.box, frame.faces.score, frame.faces.landmarks)
    assert len(parsed(bare._repr_html_()).findall(".//{*}circle")) == 5


def test_names_and_reasons_do_not_run():
    html = Frame("<script>alert(1)</script>", Faces.empty(), "error", "<b>bad</b>")._repr_html_()
    assert "<script" not in html
    assert "<b>bad" not in html


def test_of_a_crowd_the_first_are_listed(frame):
    crowd = Faces.concat([frame.faces] * 60)
    html = crowd._repr_html_()
    assert len(re.findall("<tr>", html)) == 51
    assert "and 10 more faces" in html
