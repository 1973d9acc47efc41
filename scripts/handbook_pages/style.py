"""Looks of the figures: one SVG that is light or dark as the reader's system is."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.figure import Figure

PAPER, INK, FAINT = "#fdfdfb", "#24292f", "#d0d4d9"
BLUE, ORANGE, GREEN, RED, PURPLE, GRAY = "#2f6fb3", "#c8641b", "#2e8540", "#b8323a", "#7b52a8", "#6e7781"
DARK = {
    PAPER: "#16191d",
    INK: "#e3e6ea",
    FAINT: "#3a4048",
    BLUE: "#6cb0f2",
    ORANGE: "#f0a060",
    GREEN: "#6cc780",
    RED: "#f28084",
    PURPLE: "#bf9cf0",
    GRAY: "#9aa3ad",
}
LOOKS = {
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": GRAY,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": FAINT,
    "legend.frameon": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": mpl.cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE, GRAY]),
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "svg.fonttype": "none",
    "svg.hashsalt": "mien",
    "figure.constrained_layout.use": True,
}


@contextmanager
def looks() -> Iterator[None]:
    """Within it figures have the looks of the handbook."""
    with mpl.rc_context(LOOKS):
        yield


def svg(figure: Figure) -> str:
    """The figure as SVG text, the same in every run, with its dark colors in a style sheet."""
    buffer = io.StringIO()
    with looks():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = re.sub(r"[ \t]+$", "", buffer.getvalue(), flags=re.M)
    rules = "".join(
        f'[style*="{part}: {light}"]{{{part}:{dark}!important}}'
        for light, dark in DARK.items()
        for part in ("fill", "stroke")
    )
    sheet = f"<style>@media (prefers-color-scheme:dark){{{rules}}}</style>"
    return re.sub(r"(<svg [^>]*>)", lambda match: match[1] + "\n " + sheet, text, count=1)


def darkened(text: str) -> str:
    """The SVG with dark colors throughout, for a look at it."""
    for light, dark in DARK.items():
        text = text.replace(light, dark)
    return text
