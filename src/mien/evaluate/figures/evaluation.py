"""Which panels an evaluation has, and the image that they make."""

from collections.abc import Iterator
from math import ceil
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mien.evaluate.evaluator import Report
from mien.evaluate.figures import panels
from mien.evaluate.reading import Reading
from mien.files import whole_file
from mien.tasks import Panel

_MOST_GROUPS = 24


def draw_evaluation(reading: Reading, report: Report) -> Figure:
    """One image: the panels of each task of the model, and its main metric by group."""
    drawn: list[tuple[str, Panel]] = []
    tasks = reading.tasks
    for task in tasks:
        several = len(tasks) > 1
        parts = [*task.panels(reading.read(task), report.rows), *_groups(f"{task.name}: " if several else "", report)]
        drawn += [(f"{task.name.rpartition(':')[2]}: " if several else "", panel) for panel in parts]
    columns = 2 if len(drawn) == 4 else min(3, max(len(drawn), 1))
    rows = max(ceil(len(drawn) / columns), 1)
    figure = Figure(figsize=(5.0 * columns, 4.4 * rows + 0.5), layout="constrained")
    figure.suptitle(report.title, fontsize=13)
    for k, (prefix, panel) in enumerate(drawn):
        axes = figure.add_subplot(rows, columns, k + 1)
        getattr(panels, panel.kind)(axes, **panel.values)
        axes.set_title(prefix + axes.get_title(), fontsize=11)
    return figure


def save_picture(figure: Figure, path: Path, dpi: int = 110) -> None:
    """Write a figure as PNG, whole or not at all. Raises SinkError where that is impossible."""
    FigureCanvasAgg(figure)
    with whole_file(path) as temporary:
        figure.savefig(temporary, format="png", dpi=dpi)


def _groups(prefix: str, report: Report) -> Iterator[Panel]:
    """The main metric by group: people, age, and how far the head is turned."""
    main = next((row for row in report.rows if row.name.startswith(prefix)), None)
    rows = [row for row in report.groups if main and row.name.startswith(f"{main.name}, ")][:_MOST_GROUPS]
    if main is None or len(rows) < 2:
        return
    bars = [(f"{row.name.removeprefix(main.name + ', ')} ({row.faces})", row.value, row.low, row.high) for row in rows]
    label = f"{main.name.removeprefix(prefix)} with 95 % interval"
    yield Panel("dots", {"bars": bars, "title": "By group (n)", "label": label, "whole": main.value})
