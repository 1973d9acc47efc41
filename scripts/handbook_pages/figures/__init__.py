"""One module a page, named like it; each has `draw() -> Figure`."""

import importlib
from collections.abc import Callable

from matplotlib.figure import Figure

from handbook_pages.pages import FOLDER
from handbook_pages.style import looks, svg


def names() -> list[str]:
    """Pages that have a figure, such as 03-label-smoothing."""
    return [path.stem for path in sorted(FOLDER.glob("[0-9]*.md"))]


def draw(name: str) -> str:
    """SVG of a page's figure."""
    module = importlib.import_module(f"handbook_pages.figures.{name.partition('-')[2].replace('-', '_')}")
    function: Callable[[], Figure] = module.draw
    with looks():
        figure = function()
    return svg(figure)
