"""Three routes to a display: on the classes they were made for, and on a category that is new."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from handbook_pages.quotes import value
from handbook_pages.style import BLUE, GRAY, INK, ORANGE

STUDY = "au-or-classes"
ROUTES = {"Action Units": BLUE, "direct network": ORANGE, "landmarks": GRAY}
FACES = {"ferplus, all": "FER+", "ferplus, pose45": "FER+,\nturned > 45°", "rendered, frontal": "rendered"}
SHOTS = (10, 30, 100, 300)


def draw() -> Figure:
    """Macro-F1 of the three classes; AUC of pain and surprise against the number of labeled faces."""
    figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.3), width_ratios=(1.3, 1, 1))
    _classes(axes[0])
    for ax, category in zip(axes[1:], ("pain (rendered)", "surprise (ferplus)"), strict=True):
        _category(ax, category)
    axes[1].set_ylabel("AUC")
    axes[1].legend(loc="lower right", fontsize=8.5)
    return figure


def _classes(ax: Axes) -> None:
    for shift, (route, color) in zip((-0.26, 0, 0.26), ROUTES.items(), strict=True):
        cells = [[value(STUDY, faces, "macro-F1", route, *key) for key in ((), ("low",), ("high",))] for faces in FACES]
        heights = [cell[0] for cell in cells]
        errors = [[cell[0] - cell[1] for cell in cells], [cell[2] - cell[0] for cell in cells]]
        places = [place + shift for place in range(len(FACES))]
        ax.bar(places, heights, 0.24, color=color, yerr=errors, error_kw={"ecolor": INK, "capsize": 2})
    ax.set_xticks(range(len(FACES)), FACES.values(), fontsize=9)
    ax.set_ylim(0, 1)
    ax.set_ylabel("macro-F1")
    ax.set_title("positive, neutral, negative")
    ax.grid(axis="x", visible=False)


def _category(ax: Axes, category: str) -> None:
    for route, color in ROUTES.items():
        cells = [
            [value(STUDY, category, f"AUC, {n} labelled faces", route, *key) for key in ((), ("low",), ("high",))]
            for n in SHOTS
        ]
        middle, low, high = zip(*cells, strict=True)
        ax.plot(SHOTS, middle, "o-", color=color, label=route)
        ax.fill_between(SHOTS, low, high, color=color, alpha=0.15, linewidth=0)
    rule = value(STUDY, category, "AUC by rule, no label", "Action Units")
    ax.axhline(rule, color=BLUE, linestyle=":", linewidth=1.5)
    ax.annotate("rule on AUs, no label", (300, rule), (0, -11), textcoords="offset points", ha="right", fontsize=8)
    ax.set_xscale("log")
    ax.set_xticks(SHOTS, [str(n) for n in SHOTS])
    ax.minorticks_off()
    ax.set_ylim(0.45, 1.01)
    ax.set_xlabel("labeled faces of the new category")
    ax.set_title(f"new category: {category.partition(' ')[0]}")
