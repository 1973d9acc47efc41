"""`mien evaluate`: a model against a labelled Parquet file."""

from pathlib import Path
from typing import Annotated

import typer

from mien.errors import MissingDependencyError


def evaluate(
    model: Annotated[str, typer.Argument(help="The name of an embedded model, or an .onnx file.")],
    data: Annotated[Path, typer.Argument(help="A Parquet file with pictures and labels.")],
    split: Annotated[str, typer.Option(help="Only rows of this split; 'all' for every row.")] = "test",
    teacher: Annotated[Path | None, typer.Option(help="A Parquet file of labels, joined by set and id.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the measures as JSON.")] = None,
) -> None:
    """Run the whole path (detector, landmarks, aligner, model) on a labelled set and print a table."""
    try:
        from mien.train.evaluate import evaluate_file
    except ImportError as error:
        raise MissingDependencyError("mien evaluate", error.name or "pyarrow", "train") from error
    import json

    from rich.console import Console
    from rich.table import Table

    report = evaluate_file(model, data, None if split == "all" else split, teacher)
    table = Table("measure", "value", "95 % interval", "faces", box=None, header_style="bold", title=report.title)
    for row in (*report.rows, *report.groups):
        interval = "" if row.low is None else f"{row.low:.4g} to {row.high:.4g}"
        table.add_row(row.name, f"{row.value:.4g}", interval, str(row.faces))
    Console().print(table)
    if out:
        temporary = out.with_name(f".{out.name}.partial")
        temporary.write_text(json.dumps(report.to_dict(), indent=1), encoding="utf-8")
        temporary.replace(out)
