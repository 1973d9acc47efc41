"""`mien export`: a run in, an ONNX file with its card out."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from mien.errors import MissingDependencyError


def export(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    out: Annotated[Path | None, typer.Option(help="Where to write; the run's folder if not given.")] = None,
) -> None:
    """Calibrate on the validation split, measure on the test split, write NAME.onnx and NAME.json."""
    try:
        from mien.train.export import export_run
    except ImportError as error:
        raise MissingDependencyError("mien export", error.name or "torch", "train") from error
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    print(export_run(run, out or run))
