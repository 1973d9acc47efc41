"""`mien data`: check a labelled dataset, align its faces once, render a synthetic one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mien.cli.extra import needs
from mien.cli.ray import MAP_HELP, choose_map

if TYPE_CHECKING:
    from mien.datasets.check import DataReport

data = typer.Typer(
    help="Check a labelled dataset, align its faces once, or render synthetic faces.", no_args_is_help=True
)

Data = Annotated[
    Path,
    typer.Argument(help="Parquet file, CSV or TSV manifest, folder of classes, or aligned crops."),
]
Images = Annotated[Path | None, typer.Option(help="Folder with a manifest's images (default: its own).")]


@data.command()
@needs("mien data", "data")
def check(
    path: Data,
    images: Images = None,
    group: Annotated[str | None, typer.Option(help="Column whose values must not occur in two splits.")] = None,
    split: Annotated[str, typer.Option(help="Column with the split.")] = "split",
) -> None:
    """Print a dataset's contents and errors without opening an image. Exit code 2: there are errors."""
    from mien.datasets.check import check_table
    from mien.datasets.tables import open_table

    report = check_table(open_table(path, images), group, split)
    _print_report(report, path)
    if not report.sound:
        raise typer.Exit(2)


@data.command()
@needs("mien data", "data")
def align(
    path: Data,
    out: Annotated[Path, typer.Argument(help="Folder for the crops; `file: OUT` in a recipe reads them.")],
    images: Images = None,
    kind: Annotated[
        Literal["aligned", "square"], typer.Option(help="Align by landmarks, or crop by the detector's box.")
    ] = "aligned",
    size: Annotated[int, typer.Option(min=32, help="Side of the network's crop, in pixels.")] = 112,
    scale: Annotated[float, typer.Option(help="Eye-to-mouth distance as a fraction of the side.")] = 0.36,
    margin: Annotated[float, typer.Option(help="Side of a square crop, as a multiple of the face.")] = 1.3,
    zoom: Annotated[float, typer.Option(min=1, help="Extra margin around the crop, for augmentation.")] = 1.25,
    resume: Annotated[bool, typer.Option(help="Continue a killed run.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Threads for face detection.")] = 1,
    on_ray: Annotated[bool, typer.Option("--ray", help=MAP_HELP)] = False,
) -> None:
    """Detect, align and crop the face of every row, with the detector, landmarks and aligner of `analyze`."""
    from mien.datasets.aligned import make_crop, write_aligned
    from mien.datasets.tables import open_table

    crop = make_crop(kind=kind, size=size, scale=scale, margin=margin, zoom=zoom)
    table = open_table(path, images)
    crops = write_aligned(table, out, crop, resume, workers, mapped=choose_map(True) if on_ray else None)
    _print_counts(out, len(table), {"faces": len(crops.row), **crops.dropped})


Recipe = Annotated[Path, typer.Argument(help="YAML file such as recipes/synthesis.yaml.")]
Overrides = Annotated[list[str] | None, typer.Argument(help="key=value, such as n=500 or pose.yaw=30.")]


@data.command()
@needs("mien data synthesize", "train")
def synthesize(
    recipe: Recipe,
    overrides: Overrides = None,
    on_ray: Annotated[bool, typer.Option("--ray", help=MAP_HELP)] = False,
) -> None:
    """Render synthetic faces with exact Action Units, landmarks and pose, and write them as a Parquet file."""
    from mien.synthesis.dataset import render_dataset
    from mien.synthesis.recipe import load_heads_recipe

    wanted = load_heads_recipe(recipe, overrides)
    render_dataset(wanted, choose_map(True) if on_ray else None)
    print(wanted.out)


@data.command(hidden=True)
def heads(recipe: Recipe, overrides: Overrides = None) -> None:
    """The name of `mien data synthesize` in version 0.1; it goes with the next release."""
    news = "'mien data heads' is now 'mien data synthesize'; the old name goes with the next release."
    print(f"mien: {news}", file=sys.stderr)
    synthesize(recipe, overrides)


@data.command()
@needs("mien data people", "train")
def people(
    assets: Annotated[
        Path, typer.Argument(help="Folder with the head model, fairface.parquet and blendshapes.parquet.")
    ],
    out: Annotated[Path, typer.Argument(help="Output .parquet file, for `people` in a recipe.")],
) -> None:
    """Fit the head model to photos of neutral faces, as people for `mien data synthesize`."""
    from mien.synthesis.people import write_people

    print(f"{write_people(assets, out)} people in {out}")


def _print_counts(out: Path, rows: int, counts: dict[str, int]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("outcome", "rows", "share", box=None, header_style="bold", title=f"{out}: {rows} rows")
    for name, count in counts.items():
        table.add_row(name if name == "faces" else f"dropped: {name}", str(count), f"{count / max(rows, 1):.1%}")
    Console().print(table)
    if len(counts) > 1:
        Console().print(f"Dropped rows are listed in {out / 'dropped.csv'}.", highlight=False)


def _print_report(report: "DataReport", path: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table("column", "holds", "empty", box=None, header_style="bold", title=f"{path}: {report.kind}")
    for column in report.columns:
        table.add_row(column.name, column.holds, str(column.missing))
    console.print(table)
    lines = [
        ("rows", str(report.rows)),
        ("labels", ", ".join(f"{name} ({count})" for name, count in report.labels.items())),
        ("splits", ", ".join(f"{name} ({count})" for name, count in report.splits.items())),
        *((f"its own {name}", text) for name, text in report.metadata.items()),
    ]
    for name, text in lines:
        console.print(f"{name}: {text or 'none'}", markup=False)
    for fault in report.faults:
        console.print(f"FAULT {fault}", markup=False)
    for name, splits in list(report.leaks.items())[:3]:
        console.print(f"LEAK {name!r} is in {' and '.join(splits)}", markup=False)
    if len(report.leaks) > 3:
        console.print(f"LEAK and {len(report.leaks) - 3} more")
