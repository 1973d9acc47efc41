"""`mien export`: a run in, an ONNX file with its card out."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.cli.extra import needs

if TYPE_CHECKING:
    from mien.train.export.quantise import Comparison


def export(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    others: Annotated[
        list[Path] | None, typer.Argument(help="More runs of the same task and crops; exports the mean of all.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Output folder (default: the run folder).")] = None,
    int8: Annotated[bool, typer.Option("--int8", help="Also write NAME.int8.onnx and measure its loss.")] = False,
    twin: Annotated[
        str | None, typer.Option(help="With --int8: comma-separated devices that use the twin for NAME.onnx.")
    ] = None,
) -> None:
    """Calibrate on the validation split, measure on the test split, write NAME.onnx and NAME.json."""
    with needs("mien export", "train"):
        from mien.train.export.exporter import export_int8, export_run
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    if not int8:
        print(export_run(run, out or run, others or []))
        return
    path, comparison = export_int8(run, out or run, others or [], twin.split(",") if twin else [])
    _print(comparison)
    print(path)


def _print(comparison: "Comparison") -> None:
    from rich.console import Console
    from rich.table import Table

    title = f"{comparison.faces} validation faces, {comparison.threads} thread"
    table = Table("", "fp32", "int8", "int8 / fp32", box=None, header_style="bold", title=title)
    before, after = comparison.size_bytes
    table.add_row("file, MB", f"{before / 1e6:.2f}", f"{after / 1e6:.2f}", f"{after / before:.2f}")
    for batch, (before_ms, after_ms) in comparison.milliseconds.items():
        name = f"ms a face, {batch} at a time"
        table.add_row(name, f"{before_ms:.2f}", f"{after_ms:.2f}", f"{after_ms / before_ms:.2f}")
    for name, (value, now) in comparison.measures.items():
        table.add_row(name, f"{value:.4g}", f"{now:.4g}", "")
    console = Console()
    console.print(table)
    method = comparison.method
    kept = f", in float: {', '.join(method.float_layers)}" if method.float_layers else ""
    console.print(f"{method.name} over {method.calibration_faces} training faces{kept}", highlight=False)
    console.print(comparison.verdict, highlight=False)
