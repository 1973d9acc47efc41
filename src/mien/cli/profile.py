"""`mien profile`: parameters, operations, memory and receptive field of a network."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.cli.extra import needs
from mien.errors import InputError, expect

if TYPE_CHECKING:
    from mien.profile.report import Report

Model = Annotated[
    str,
    typer.Argument(help="Backbone name, FILE.py:NAME (a module, or a callable that returns one), or .onnx file."),
]
Sizes = Annotated[
    list[str] | None,
    typer.Option("--size", help="Side of an image, or input shape such as 1,3,224,224; once per input."),
]


def profile(
    model: Model,
    size: Sizes = None,
    depth: Annotated[int, typer.Option(min=0, help="Levels of the module tree to show.")] = 3,
    explain: Annotated[bool, typer.Option("--explain", help="Derive the receptive field layer by layer.")] = False,
    operators: Annotated[bool, typer.Option("--operators", help="Add counts by operator.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write a .html, .json or .csv file.")] = None,
    effective: Annotated[
        Path | None, typer.Option(metavar="PHOTO", help="Also measure which pixels of this photo matter.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="For --effective: weights.pt of a run, or an exported network.")
    ] = None,
    compare: Annotated[str | None, typer.Option(help="Second network to compare, at the same size.")] = None,
) -> None:
    """Count a network's parameters and operations and derive its receptive field, without running it."""
    with needs("mien profile", "train"):
        from mien.profile import profiler
        from mien.profile.files import write_report
        from mien.profile.text import calls_text
    expect(out is None or out.suffix in (".html", ".json", ".csv"), "out", "a .html, .json or .csv file", str(out))
    reports = [profiler.profile(name, _shapes(size)) for name in (model, compare) if name is not None]
    expect(weights is None or effective is not None, "weights", "given with --effective PHOTO", str(weights))
    if effective is not None:
        reports[0] = _with_effective(reports[0], model, effective, weights)
    _print_figures(reports)
    if len(reports) == 1:
        _print_tree(reports[0], depth)
    if operators:
        _print_operators(reports[0])
    if explain:
        _print_steps(reports[0])
    for note in (note for report in reports for note in report.notes):
        print(note)
    if out:
        print(write_report(reports[0], out))
    for report in reports:
        if report.uncounted:  # said again where it is seen when the output goes to a file
            print(f"{report.name}: not counted: {calls_text(report.uncounted)}", file=sys.stderr)


def _shapes(sizes: list[str] | None) -> "int | list[tuple[int, ...]] | None":
    if not sizes:
        return None
    try:
        shapes = [tuple(int(n) for n in size.split(",")) for size in sizes]
    except ValueError:
        raise InputError(f"'size' must be whole numbers such as 224 or 1,3,224,224. Got {sizes!r}.") from None
    return shapes[0][0] if len(shapes) == 1 and len(shapes[0]) == 1 else shapes


def _with_effective(report: "Report", model: str, photo: Path, weights: Path | None) -> "Report":
    """The report with the effective field on a photo, at the size of its first input."""
    from dataclasses import replace

    from mien.media.photo import read_photo
    from mien.profile.effective import effective_field, photo_tensor, settle
    from mien.profile.profiler import load_network

    shape = report.input_shapes[0]
    expect(len(shape) == 4 and shape[1] == 3, "size", "of a picture (N, 3, H, W) for --effective", shape)
    network, picture = load_network(model), photo_tensor(read_photo(photo), *shape[2:])
    if weights is not None:
        origin = _take_over(network, weights)
    elif ".py:" in model:
        origin = "weights as the function gives them"
    else:
        origin = "random weights"
        settle(network, picture)
    field = effective_field(network, picture, f"{photo.name}, {origin}")
    return replace(report, effective=field)


def _take_over(network: Any, path: Path) -> str:
    from mien.profile.weights import read_state, take_over

    if path.suffix != ".onnx":
        return take_over(network, read_state(path), path)
    from mien.train.fold import fold
    from mien.train.warm_start import read_weights

    fold(network.eval())
    return take_over(network, read_weights(path), path)


def _print_figures(reports: "list[Report]") -> None:
    from rich.console import Console
    from rich.table import Table

    how = ["how it is counted"] if len(reports) == 1 else []
    table = Table("", *(report.name for report in reports), *how, box=None, header_style="bold", pad_edge=False)
    for lines in zip(*(report.rows() for report in reports), strict=True):
        table.add_row(lines[0][0], *(line[1] for line in lines), *([lines[0][2]] if how else []))
    Console().print(table)


def _print_tree(report: "Report", depth: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from mien.profile.text import field_text, shape_text, short

    rows: list[tuple[str, ...]] = [("module", "", "parameters", "MACs", "output", "field")]
    for level, module in report.modules.walk(depth):
        name = "  " * level + (module.name or report.name)
        shape, field = shape_text(module.output), field_text(module.receptive)
        rows.append((name, module.kind, short(module.parameters), short(module.cost.macs), shape, field))
    console = Console()
    table = Table(*rows[0], box=None, header_style="bold", pad_edge=False)
    for column in table.columns[2:4]:
        column.justify = "right"
    for column, width in zip(table.columns, _widths(rows, console.width), strict=True):
        column.no_wrap, column.overflow, column.max_width = True, "ellipsis", width
    for row in rows[1:]:
        table.add_row(*row)
    console.print()
    console.print(table)


def _widths(rows: list[tuple[str, ...]], width: int) -> list[int]:
    """Of the columns; figures keep theirs, the name and the kind of a module share what is left, two to one."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    room = max(width - sum(widths[2:]) - 2 * (len(widths) - 1), 12)
    kind = min(widths[1], max(room - widths[0], room // 3))
    return [min(widths[0], room - kind), kind, *widths[2:]]


def _print_operators(report: "Report") -> None:
    from rich.console import Console
    from rich.table import Table

    from mien.profile.text import short

    names = ("MACs", "additions", "elementwise", "activations", "bytes")
    table = Table("operator", *names, box=None, header_style="bold", pad_edge=False)
    for name, cost in report.by_operator.items():
        numbers = (cost.macs, cost.additions, cost.elementwise, cost.activations, cost.bytes)
        if any(numbers):
            table.add_row(name, *map(short, numbers))
    Console().print(table)


def _print_steps(report: "Report") -> None:
    from mien.profile.recurrence import explain

    print("\nFrom the last layer to the first, RF = (RF - 1) * stride + kernel, along the path with the widest field:")
    for step in explain(report):
        print(step)
