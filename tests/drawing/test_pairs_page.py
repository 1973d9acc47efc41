"""The page of pairs stands alone, and no name of a file can break it."""

import base64
import json
import re

import cv2
import numpy as np

from mien.drawing.pairs_page import pairs_page

RED = np.full((8, 8, 3), (200, 10, 10), np.uint8)
PICTURES = {"a.jpg": RED, '</script> "b".jpg': RED[::-1], "unused.jpg": RED}


def test_pictures_names_and_pairs_are_inside() -> None:
    page = pairs_page([('</script> "b".jpg', "a.jpg")], PICTURES, "mine.csv")
    values = {name: json.loads(value) for name, value in re.findall(r"^.*const (\w+) = (.*);$", page, re.M)[:4]}
    assert values["names"] == ["a.jpg", '</script> "b".jpg']
    assert values["pairs"] == [[1, 0]]
    assert values["file"] == "mine.csv"
    head, _, code = values["pictures"][0].partition(",")
    assert head == "data:image/jpeg;base64"
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(code), np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(picture[..., ::-1].astype(int) - RED).max() < 12


def test_nothing_is_loaded_from_elsewhere_and_the_script_ends_once() -> None:
    page = pairs_page([("a.jpg", '</script> "b".jpg')], PICTURES)
    assert page.count("</script>") == 1
    assert not re.search(r"https?://|src=['\"]?[^d]|href=", page)
