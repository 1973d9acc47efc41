"""`mien study`: a design question answered by measurement."""

import logging
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.cli.extra import needs

if TYPE_CHECKING:
    from mien.studies.core.finding import Finding


def study(
    name: Annotated[str | None, typer.Argument(help="Name of the study (default: list all).")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer samples, steps and cases: within two minutes on two cores.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(help="Labelled faces (Parquet, CSV, image folder) instead of the study's data."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write NAME.md, NAME.png and NAME.json to this folder.")] = None,
    seeds: Annotated[int, typer.Option(help="Number of repetitions, with seeds 0, 1, ...")] = 3,
    index: Annotated[Path | None, typer.Option(help="Only write README.md for a folder of finished studies.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List all studies with their questions.")] = False,
) -> None:
    """Run a study; print its table and verdict."""
    with needs("mien study", "train"):
        from mien.studies import registry
        from mien.studies.core import report
    if index is not None:
        print(report.write_index(index))
        return
    if name is None or list_:
        _list(registry.questions())
        return
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    finding = registry.run_study(name, quick=quick, data=data, seeds=seeds)
    _print(name, finding)
    if out is not None:
        command = _command(name, quick, data, seeds)
        for path in report.write_finding(name, registry.find_study(name), finding, command, seeds, out):
            print(path)


def _list(questions: Iterable[tuple[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("study", "question", box=None, header_style="bold", pad_edge=False)
    for row in questions:
        table.add_row(*row)
    Console().print(table)


def _print(name: str, finding: "Finding") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for title, figures in {name: finding.table, **finding.further}.items():
        table = Table(*figures.columns, box=None, header_style="bold", pad_edge=False, title=title)
        for row in figures.texts():
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
    for line in finding.verdict.splitlines():
        console.print(Text(line))


def _command(name: str, quick: bool, data: Path | None, seeds: int) -> str:
    """What was called, with the data by its file name alone."""
    words = ["mien", "study", name, *(["--quick"] if quick else [])]
    words += ["--data", data.name] if data else []
    return shlex.join([*words, "--seeds", str(seeds)])
