"""`mien rank`: the best of the photos of a person."""

import sys
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.cli.compare import OwnModel, TasteFile, Threads
from mien.cli.progress import watched

if TYPE_CHECKING:
    from mien.faces import Frame
    from mien.preference import Row

Folders = Annotated[list[Path], typer.Argument(help="Folders with photos of one person, each ranked separately.")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="FILE.csv, FILE.json or FILE.parquet: one row per photo.")
]
Sheet = Annotated[Path | None, typer.Option(help="FILE.png: the best photos. It shows people's faces.")]


def rank(
    folders: Folders,
    taste: TasteFile = None,
    out: Out = None,
    sheet: Sheet = None,
    top: Annotated[int, typer.Option(min=1, help="Most photos per folder on the sheet.")] = 12,
    model: OwnModel = None,
    threads: Threads = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
) -> None:
    """Rank photos of one person, best first, and group near-duplicates.

    Each folder, and each folder in it, is ranked by itself, and nothing else groups photos. No identity is read: a
    folder with photos of several people looks like any other, and ranking people is not what this is for. The scores
    are the mean taste of one pool of raters, or with --taste your own. No photo is changed, moved or deleted.
    Exit code 0: all handled; 3: some files could not be read; 2: a usage error.
    """
    from mien.analyzer import Analyzer
    from mien.preference import rank_photos
    from mien.sinks.rows import check_rows_target, write_rows

    if out:
        check_rows_target(out)
    if sheet:
        check_rows_target(sheet, "sheet", (".png", ".jpg", ".webp"))
    analyzer = Analyzer(["expression", "age", model or "attractiveness"], threads=threads)

    def progress(frames: Iterator["Frame"], total: int) -> Iterator["Frame"]:
        return watched(frames, "reading photos", quiet, total)

    rows = rank_photos(folders, analyzer, taste, pictures=sheet is not None, progress=progress)
    if out:
        write_rows([row.to_dict() for row in rows], out)
    if sheet:
        _draw(rows, sheet, top)
    _print(rows)
    if any(row.status == "error" for row in rows):
        raise typer.Exit(3)


def _print(rows: list["Row"]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    for folder, group in groupby((row for row in rows if row.status == "ok"), lambda row: row.folder):
        table = Table("rank", "photo", "best", *_scores(rows[0]), "remarks", box=None, header_style="bold")
        for row in group:
            table.add_row(*map(Text, _cells(row)), style="" if row.rank else "dim")
        console.print(Text(folder, style="bold"), table, "", sep="\n")
    for row in rows:
        if row.status != "ok":
            console.print(f"{row.source}: {row.reason}", markup=False, soft_wrap=True)
    counts = Counter(row.status for row in rows)
    ranked = sum(row.rank is not None for row in rows)
    console.print(
        f"{ranked} photos ranked, {counts['ok'] - ranked} near-duplicates beside them; {counts['no_face']} without a "
        f"face, {counts['no_score']} without a score, {counts['error']} not read. No photo was changed.",
        markup=False,
        soft_wrap=True,
    )


def _scores(row: "Row") -> tuple[str, str]:
    """Headings of the columns that a photo is ranked by."""
    assert row.entrant is not None
    name = "score" if row.taste is None else "your taste"
    return name, f"percentile of {row.entrant.attractiveness.pool}"


def _cells(row: "Row") -> tuple[str, ...]:
    from mien.faces import percentile_text, score_text

    assert row.entrant is not None
    part = row.entrant.attractiveness
    score = score_text(part) if row.taste is None else f"{row.taste:+.2f}"
    same = [f"near-duplicate of {Path(row.near_duplicate_of).name}"] if row.near_duplicate_of else []
    best = "" if row.chance is None else percent(row.chance)
    name = Path(row.source).name
    return str(row.rank or ""), name, best, score, percentile_text(part), "; ".join([*same, *row.entrant.remarks])


def percent(share: float) -> str:
    """A probability in percent.

    >>> percent(0.384), percent(0.001)
    ('38 %', 'under 1 %')
    """
    return "under 1 %" if share < 0.005 else f"{100 * share:.0f} %"


def _draw(rows: list["Row"], sheet: Path, top: int) -> None:
    from mien.drawing.sheet import Entry, contact_sheet, stack_sheets

    like = Counter(row.near_duplicate_of for row in rows)

    def entry(row: "Row") -> Entry:
        assert row.picture is not None
        assert row.chance is not None
        copies = f", {like[row.source]} like it" if like[row.source] else ""
        return Entry((row.picture,), f"{row.rank}  {Path(row.source).name}", f"best with {percent(row.chance)}{copies}")

    shown = [row for row in rows if row.rank and row.rank <= top]
    if not shown:
        print(f"mien: no photo to draw on {sheet.name}.", file=sys.stderr)
        return
    parts = []
    for folder, group in groupby(shown, lambda row: row.folder):
        heading = f"{folder}: best first, by {_taste(rows[0])}"
        parts.append(contact_sheet([entry(row) for row in group], heading, ("",), across=4, tile=224))
    stack_sheets(parts).save(sheet)


def _taste(row: "Row") -> str:
    assert row.entrant is not None
    return f"the pool {row.entrant.attractiveness.pool}" if row.taste is None else "your taste"
