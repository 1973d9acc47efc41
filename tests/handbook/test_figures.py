"""Figures are those that the script draws from the studies as they are."""

import re

import numpy as np
import pytest
from handbook_pages import figures
from handbook_pages.pages import FOLDER
from handbook_pages.style import DARK

NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")


def content(svg: str) -> tuple[list[str], np.ndarray]:
    """Words and coordinates of an SVG; made-up identities and the style sheet left out."""
    words = re.findall(r"<text [^>]*>([^<]*)</text>", svg)
    paths = " ".join(re.findall(r' d="([^"]*)"', svg))
    return words, np.array([float(number) for number in NUMBER.findall(paths)])


@pytest.mark.parametrize("name", figures.names())
def test_figure_is_up_to_date(name: str) -> None:
    committed, drawn = (
        content(text) for text in ((FOLDER / "images" / f"{name}.svg").read_text(encoding="utf-8"), figures.draw(name))
    )
    assert committed[0] == drawn[0]
    np.testing.assert_allclose(committed[1], drawn[1], atol=0.5)


@pytest.mark.parametrize("name", figures.names())
def test_figure_is_dark_where_the_system_is(name: str) -> None:
    text = (FOLDER / "images" / f"{name}.svg").read_text(encoding="utf-8")
    assert "prefers-color-scheme:dark" in text
    painted = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", text))
    assert painted <= set(DARK)
