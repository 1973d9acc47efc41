"""`mien evaluate`: a model against a labelled set."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.cli.extra import needs
from mien.cli.ray import MAP_HELP, choose_map
from mien.errors import expect

if TYPE_CHECKING:
    from mien.evaluate.evaluator import Report
    from mien.evaluate.reading import Reading

Model = Annotated[str, typer.Argument(help="Name of an embedded model, .onnx file, or run folder.")]
Data = Annotated[Path, typer.Argument(help="Labelled Parquet file, CSV or TSV manifest, or image folder.")]
Picture = Annotated[Path | None, typer.Option(help="Figure as PNG (default: beside --out).")]
Worst = Annotated[int, typer.Option(min=0, help="Also a sheet of the N worst predictions. It shows people's faces.")]
Moved = Annotated[
    int,
    typer.Option(min=0, help="Also the mean SD of a face's age or score over N (2 or more) changes of its image."),
]


def evaluate(
    model: Model,
    data: Data,
    split: Annotated[str, typer.Option(help="Only rows of this split; 'all' for every row.")] = "test",
    teacher: Annotated[Path | None, typer.Option(help="Parquet file with labels, joined by dataset and id.")] = None,
    images: Annotated[Path | None, typer.Option(help="Folder with a manifest's images.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the metrics as JSON.")] = None,
    picture: Picture = None,
    worst: Worst = 0,
    moved: Moved = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="Only this many rows, drawn at random.")] = None,
    device: Annotated[str, typer.Option(help="Where networks run, as for mien analyze.")] = "cpu",
    on_ray: Annotated[bool, typer.Option("--ray", help=MAP_HELP)] = False,
    min_group: Annotated[int, typer.Option(min=1, help="Leave out groups with fewer faces.")] = 20,
) -> None:
    """Run the full pipeline (detector, landmarks, aligner, model) on a labelled dataset; print a table and a figure."""
    with needs("mien evaluate", "evaluate"):
        from mien.evaluate.evaluator import check_target, report_of, write_report
        from mien.evaluate.reading import find_trained, read_data
        from mien.evaluate.steadiness import steadiness
    expect(moved != 1, "moved", "0, or at least 2", moved)
    picture = picture or (out.with_suffix(".png") if out else None)
    expect(picture is None or picture != out, "out", "another file than the picture", str(out))
    sheet = _sheet(picture, worst)
    for name, path in (("out", out), ("picture", picture), ("worst", sheet)):
        if path:
            check_target(path, name)
    given = None if split == "all" else split
    mapped = choose_map(on_ray)
    reading = read_data(model, data, given, teacher, images=images, limit=limit, device=device, mapped=mapped)
    report = report_of(reading, min_group=min_group)
    if moved:
        report = replace(report, rows=[*report.rows, steadiness(reading, find_trained(model), moved)])
    _print(report)
    if reading.note:
        print(f"mien: {reading.note}", file=sys.stderr)
    if out:
        write_report(report, out)
    _draw(reading, report, picture, sheet, worst)


def _sheet(picture: Path | None, worst: int) -> Path | None:
    """Where the sheet of the worst goes: beside the picture."""
    if not worst:
        return None
    return picture.with_suffix(f".worst{picture.suffix}") if picture else Path("worst.png")


def _print(report: "Report") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("measure", "value", "95 % interval", "faces", box=None, header_style="bold", title=report.title)
    for row in (*report.rows, *report.groups):
        interval = "" if row.low is None or row.high is None else f"{row.low:.4g} to {row.high:.4g}"
        table.add_row(row.name, f"{row.value:.4g}", interval, str(row.faces))
    Console().print(table)


def _draw(reading: "Reading", report: "Report", picture: Path | None, sheet: Path | None, worst: int) -> None:
    if picture:
        from mien.evaluate.figures.evaluation import draw_evaluation, save_picture

        save_picture(draw_evaluation(reading, report), picture)
    if sheet:
        from mien.evaluate.figures.evaluation import save_picture
        from mien.evaluate.figures.worst import draw_worst

        save_picture(draw_worst(reading, worst), sheet)
