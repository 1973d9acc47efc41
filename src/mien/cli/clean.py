"""`mien clean`: the faces of a set that the others of their group do not explain."""

import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.cli.extra import needs
from mien.cli.progress import watched
from mien.cli.ray import MAP_HELP, choose_map
from mien.errors import InputError, expect

if TYPE_CHECKING:
    from mien.cleaning.groups import Picture, Row

Source = Annotated[Path, typer.Argument(help="Folder with one subfolder per group, Parquet file, CSV or TSV manifest.")]
Group = Annotated[str | None, typer.Option(help="Column of a data file with the group (default: one group).")]
Aligned = Annotated[bool, typer.Option("--aligned", help="The images are aligned faces of one size.")]
Joint = Annotated[bool, typer.Option("--joint", help="First align the faces of a group to each other. Slow.")]
Cut = Annotated[float, typer.Option(help="Suspect beyond this many robust SDs of the group.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="FILE.csv or FILE.json: one row per image.")]
Sheet = Annotated[Path | None, typer.Option(help="FILE.png: image, low rank, sparse. It shows people's faces.")]


def clean(
    source: Source,
    group: Group = None,
    together: Annotated[
        bool, typer.Option("--together", help="Treat a folder and its subfolders as one group.")
    ] = False,
    images: Annotated[Path | None, typer.Option(help="Folder with a manifest's images.")] = None,
    aligned: Aligned = False,
    joint: Joint = False,
    size: Annotated[int, typer.Option(min=16, max=256, help="Side in pixels at which faces are compared.")] = 64,
    cut: Cut = 2.5,
    out: Out = None,
    sheet: Sheet = None,
    top: Annotated[int, typer.Option(min=1, help="Most faces on the sheet.")] = 60,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads per network.")] = None,
    on_ray: Annotated[bool, typer.Option("--ray", help=MAP_HELP)] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
) -> None:
    """Align faces and list those that the low-rank part of their group does not explain. Nothing is deleted.

    Exit code 0: all handled; 3: some images could not be read; 2: a usage error.
    """
    from mien.cleaning.groups import FaceCutter, check_groups, folder_photos
    from mien.sinks.rows import check_rows_target, write_rows

    if out:
        check_rows_target(out, "out", (".csv", ".json"))
    if sheet:
        check_rows_target(sheet, "sheet", (".png", ".jpg", ".webp"))
    expect(cut > 0, "cut", "a number above 0", cut)
    folder = source.is_dir() and not (source / "crops.npy").is_file()
    expect(not (folder and group), "group", "left out for a folder, whose folders are the groups", group)
    pictures = folder_photos(source, together) if folder else _table_pictures(source, images, group)
    margin = size // 8 if joint else 0
    expect(not (aligned and on_ray), "ray", "left out with --aligned, which runs no network", on_ray)
    mapped = choose_map(on_ray)
    make = partial(FaceCutter, size, margin, aligned, threads)
    rows = list(watched(mapped(make, pictures), "aligning faces", quiet))
    check_groups(rows, cut, margin)
    _print(rows)
    if out:
        write_rows([row.to_dict() for row in rows], out)
    if sheet:
        _draw(rows, sheet, top)
    if any(row.status == "error" for row in rows):
        raise typer.Exit(3)


def _table_pictures(path: Path, images: Path | None, group: str | None) -> Iterator["Picture"]:
    """Pictures of a data file, in groups by the values of a column."""
    with needs("mien clean with a data file", "data"):
        from mien.datasets.tables import open_table
    from mien.cleaning.groups import ALL, Picture

    table = open_table(path, images)
    columns = table.columns()
    if group is not None and group not in columns:
        raise InputError(f"'group' must be one of the columns {', '.join(sorted(columns))}. Got {group!r}.")
    for i, image in enumerate(table.images()):
        name = table.row_name(i) or f"row {i}"
        value = ALL if group is None else columns[group][i]
        reason = "" if image is not None else "The picture cannot be read."
        yield Picture(name, "" if value is None or value != value else str(value), image, reason)


def _worst_first(rows: list["Row"]) -> list["Row"]:
    """Suspects, then the other rows with a score by how near they are to the threshold of their group."""
    shown = [row for row in rows if row.suspect or row.score is not None]
    return sorted(shown, key=lambda row: (not row.suspect, -(row.score or 0) / (row.threshold or 1)))


def _print(rows: list["Row"]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    sizes = Counter(row.group for row in rows if row.rank is not None)
    table = Table("picture", "group", "score", "suspect above", "rank", "why", box=None, header_style="bold")
    table.columns[0].overflow = "fold"
    for row in (row for row in _worst_first(rows) if row.suspect):
        rank = f"{row.rank} of {sizes[row.group]}" if row.rank else ""
        numbers = [f"{value:.3f}" if value is not None else "" for value in (row.score, row.threshold)]
        table.add_row(*(Text(cell) for cell in (row.source, row.group, *numbers, rank, row.reason)))
    if table.row_count:
        console.print(table)
    counts = Counter(row.status for row in rows)
    groups = len({row.group for row in rows if row.crop is not None})
    console.print(
        f"{counts['ok']} faces in {groups} groups: {table.row_count} suspects. {counts['no_face']} pictures without a "
        f"face, {counts['error']} not read. No picture was changed or deleted.",
        markup=False,
        soft_wrap=True,
    )


def _draw(rows: list["Row"], sheet: Path, top: int) -> None:
    import numpy as np

    from mien.drawing.sheet import Entry, contact_sheet

    def entry(row: "Row") -> Entry:
        assert row.crop is not None
        assert row.low_rank is not None
        assert row.sparse is not None
        parts = [np.asarray(np.clip(part * 255, 0, 255), np.uint8) for part in (row.low_rank, row.sparse + 0.5)]
        name = f"{row.group}: {Path(row.source).name}"
        score = "" if row.score is None else f"{row.score:.2f}, suspect above {row.threshold:.2f}"
        note = ": ".join(part for part in (score, row.reason) if part)
        return Entry((row.crop, *parts), name, note, row.suspect)

    shown = _worst_first(rows)[:top]
    if not shown:
        print(f"mien: no face to draw on {sheet.name}.", file=sys.stderr)
        return
    suspects = sum(row.suspect for row in rows)
    heading = f"{suspects} suspects among {len(_worst_first(rows))} faces"
    contact_sheet([entry(row) for row in shown], heading, ("picture", "low rank", "sparse")).save(sheet)
