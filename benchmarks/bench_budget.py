"""Accuracy against time: exported models on labelled tables, with and without the mirror image.

scripts/bench budget --model FILE [--model FILE ...] --data TABLE [--data TABLE ...]. Models of one task, with their
cards; float and 8 bit files, crops of any size. Every model reads the same faces, found and aligned once by the path of
`mien evaluate`; a time is that of one face on one thread, crop to estimate. Writes NAME.md, NAME.json and NAME.png.
"""

import argparse
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, environment, seconds, spread
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mien.errors import InputError, MienError
from mien.evaluate.evaluator import Report, report_of
from mien.evaluate.reading import Reading, find_trained, pictures_of, read_data
from mien.files import replace_text
from mien.geometry import CropTemplate, align
from mien.runtime.heads import Head

MIRROR = {"with": True, "without": False}


@dataclass(frozen=True)
class Point:
    """One model, with or without the mirror image: megabytes, milliseconds a face, and a report a table."""

    model: str
    precision: str
    size: int
    mirror: bool
    megabytes: float
    milliseconds: dict[str, float]
    reports: list[Report]

    @property
    def name(self) -> str:
        return f"{self.model}{' mirrored' if self.mirror else ''}"


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(prog="scripts/bench budget", description=__doc__.split("\n")[0])
    parser.add_argument("--model", action="append", default=[], help="an .onnx file with its card, or an embedded name")
    parser.add_argument("--data", type=Path, action="append", default=[], help="labelled table, as of mien evaluate")
    parser.add_argument("--images", type=Path, help="folder of a manifest's pictures")
    parser.add_argument("--split", default="test", help="value of the split column, or 'all' (default: test)")
    parser.add_argument("--limit", type=int, help="so many rows of each table, drawn with seed 0")
    parser.add_argument("--mirror", nargs="+", choices=list(MIRROR), default=list(MIRROR), help="default: both")
    parser.add_argument("--repeats", type=int, default=200, help="timed faces of each model (default: 200)")
    parser.add_argument("--name", default="budget", help="name of the result files (default: budget)")
    parser.add_argument("--out", type=Path, default=RESULTS, help="their folder")
    return parser.parse_args(words)


def variants(models: Sequence[str], mirror: Sequence[bool]) -> list[Head]:
    """Each model with and without the mirror image, on one thread. Raises InputError unless all have one task."""
    heads = [Head(find_trained(model), 1) for model in models for _ in mirror]
    tasks = sorted({head.model.card.task for head in heads})
    if len(tasks) > 1:
        raise InputError(f"'model' must be models of one task. Got {', '.join(tasks)}.")
    for head, flip in zip(heads, [flip for _ in models for flip in mirror], strict=True):
        card = head.model.card
        head.model.card = replace(card, values={**card.values, "flip": flip})
    return heads


def crops_of(reading: Reading, templates: set[CropTemplate]) -> dict[CropTemplate, NDArray[np.uint8]]:
    """The faces (N, S, S, 3) of a reading in the crops of all models; each picture is opened once."""
    place_of = {int(row): place for place, row in enumerate(reading.rows)}
    crops = {one: np.zeros((len(reading.rows), one.size, one.size, 3), np.uint8) for one in templates}
    for row, image in pictures_of(reading.table, reading.rows):
        place = place_of[row]
        for template, own in crops.items():
            own[place] = align(image, reading.faces.landmarks[place : place + 1], template)[0]
    return crops


def report(head: Head, reading: Reading, crops: NDArray[np.uint8]) -> Report:
    """The measures of one model on faces that another one has found."""
    outputs = head.model(crops)
    own = replace(reading, card=head.model.card, faces=head.decode(reading.faces, outputs), outputs=outputs)
    return report_of(replace(own, model=head.model.card.name))


def points(given: argparse.Namespace) -> list[Point]:
    """All variants measured on all tables."""
    heads = variants(given.model, [MIRROR[word] for word in given.mirror])
    reports: list[list[Report]] = [[] for _ in heads]
    split = None if given.split == "all" else given.split
    for data in given.data:
        reading = read_data(given.model[0], data, split, images=given.images, limit=given.limit)
        crops = crops_of(reading, {head.template for head in heads})
        for head, own in zip(heads, reports, strict=True):
            own.append(report(head, reading, crops[head.template]))
    files = [find_trained(model) for model in given.model for _ in given.mirror]
    return [_point(head, file, own, given.repeats) for head, file, own in zip(heads, files, reports, strict=True)]


def _point(head: Head, file: Path, reports: list[Report], repeats: int) -> Point:
    card = head.model.card
    crop = np.random.default_rng(0).integers(0, 256, (1, card.size, card.size, 3), dtype=np.uint8)
    took = spread(1e3 * one for one in seconds(lambda: head.model(crop), repeats))
    size = file.stat().st_size / 1e6
    precision, flip = card.values.get("precision", "fp32"), card.values["flip"]
    return Point(file.stem, precision, card.size, flip, size, took, reports)


def front(found: Sequence[Point], table: int) -> list[Point]:
    """Points than which none is both faster and better on a table, by rising time."""
    best, kept = np.inf, []
    for point in sorted(found, key=lambda point: point.milliseconds["median"]):
        if (error := _error(point.reports[table])) < best:
            best = error
            kept.append(point)
    return kept


def _error(one: Report) -> float:
    """The main measure, so that less is better: correlations with the sign turned."""
    row = one.rows[0]
    return -row.value if row.name in ("SRCC", "PLCC") else row.value


def markdown(found: Sequence[Point]) -> str:
    """Two tables: time and the main measure of each set; and all measures of each set and of its parts."""
    names = [f"{one.data}: {one.rows[0].name} ({one.rows[0].faces})" for one in found[0].reports]
    lines = [_line(["model", "crop, px", "mirror image", "stored as", "MB", "ms a face", *names])]
    lines.append("|---" * (6 + len(names)) + "|")
    for point in sorted(found, key=lambda point: point.milliseconds["median"]):
        took = point.milliseconds
        time = f"{took['median']:.2f} ({took['lower_quartile']:.2f} to {took['upper_quartile']:.2f})"
        kind = [point.model, point.size, "yes" if point.mirror else "no", point.precision, f"{point.megabytes:.1f}"]
        lines.append(_line([*kind, time, *(_value(one.rows[0]) for one in point.reports)]))
    lines += ["", _line(["model", "set", "measure", "value (95 % interval)", "faces"]), "|---" * 5 + "|"]
    for point in found:
        for one in point.reports:
            rows = [*one.rows, *(row for row in one.groups if ", set " in row.name or ", age " in row.name)]
            lines += [_line([point.name, one.data, row.name, _value(row), row.faces]) for row in rows]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _value(row: Any) -> str:
    interval = "" if row.low is None else f" ({row.low:.3g} to {row.high:.3g})"
    return f"{row.value:.3g}{interval}"


def draw(found: Sequence[Point]) -> Figure:
    """One panel a table: the main measure against milliseconds a face, and the front of the best."""
    count = len(found[0].reports)
    figure = Figure(figsize=(5.5 * count, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    for k, axes in enumerate(figure.subplots(1, count, squeeze=False)[0]):
        for point in found:
            row, x = point.reports[k].rows[0], point.milliseconds["median"]
            ends = None if row.low is None else [[row.value - row.low], [row.high - row.value]]
            axes.errorbar([x], [row.value], ends, fmt="s" if point.precision == "int8" else "o", ms=5, capsize=2)
            axes.annotate(
                f"{point.name} {point.size}", (x, row.value), xytext=(4, 4), textcoords="offset points", size=7
            )
        best = front(found, k)
        values = [point.reports[k].rows[0].value for point in best]
        axes.plot([point.milliseconds["median"] for point in best], values, color="black", lw=1, zorder=0)
        one = found[0].reports[k]
        axes.set(title=f"{one.data} ({one.split}), {one.faces} faces", xlabel="ms a face, one thread")
        axes.set_ylabel(one.rows[0].name)
        axes.grid(alpha=0.3)
    return figure


def main(words: list[str] | None = None) -> None:
    """Measure, print the table, write the three files."""
    given = arguments(words)
    if not (given.model and given.data):
        print("Skipped: name models with --model and labelled tables with --data.")
        return
    try:
        found = points(given)
    except MienError as error:
        raise SystemExit(str(error)) from error
    command = f"scripts/bench budget {shlex.join(_words(given))}"
    record = {"name": given.name, "command": command, "environment": environment([1]), "points": _plain(found)}
    given.out.mkdir(parents=True, exist_ok=True)
    text = markdown(found)
    replace_text(given.out / f"{given.name}.json", json.dumps(record, indent=1, allow_nan=False) + "\n")
    replace_text(given.out / f"{given.name}.md", f"`{command}`\n\n{text}")
    temporary = given.out / f".{given.name}.tmp.png"
    draw(found).savefig(temporary, dpi=110, metadata={"Software": None})
    temporary.replace(given.out / f"{given.name}.png")
    print(text)


def _words(given: argparse.Namespace) -> list[str]:
    """What was measured, without folders of this machine."""
    words = [word for model in given.model for word in ("--model", Path(model).name)]
    words += [word for data in given.data for word in ("--data", data.name)]
    return [*words, "--split", given.split, *(["--limit", str(given.limit)] if given.limit else [])]


def _plain(found: Sequence[Point]) -> list[dict[str, Any]]:
    return [{**vars(point), "reports": [one.to_dict() for one in point.reports]} for point in found]


if __name__ == "__main__":
    main()
