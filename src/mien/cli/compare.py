"""`mien compare`: which of two photos of a person to show."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mien.preference import Comparison, Entrant

TasteFile = Annotated[
    Path | None, typer.Option(help="Taste file from 'mien taste fit': your own taste instead of the pool's.")
]
OwnModel = Annotated[Path | None, typer.Option(help="Your own attractiveness .onnx file, with its card beside it.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Threads per network.")]


def compare(
    a: Annotated[Path, typer.Argument(help="A photo.")],
    b: Annotated[Path, typer.Argument(help="Another photo of the same person.")],
    taste: TasteFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    model: OwnModel = None,
    threads: Threads = None,
) -> None:
    """Predict which of two photos of a person a rater pool (or you) would prefer, and with what certainty.

    It is for choosing a photo, not for comparing people: the scores are the mean taste of one pool of raters, learned
    from photos, and photos differ in light, angle and display. No identity is read, so nothing can check that both
    photos show one person. Exit code 0: told; 2: a usage error, no face, or a child's; 1: a photo cannot be read.
    """
    from json import dumps

    from mien.analyzer import Analyzer
    from mien.preference import compare as compare_photos

    analyzer = Analyzer(["expression", "age", model or "attractiveness"], threads=threads)
    comparison = compare_photos(a, b, analyzer, taste)
    if json:
        print(dumps(comparison.to_dict(), indent=1, ensure_ascii=False))
    else:
        _print(comparison)


def _print(comparison: "Comparison") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table("", "A", "B", box=None, header_style="bold", pad_edge=False)
    rows = zip(("photo", "score", "percentile", "remarks"), _cells(comparison.a), _cells(comparison.b), strict=True)
    for name, *cells in rows:
        if any(cells):
            table.add_row(name, *map(Text, cells))
    console.print(table)
    console.print(f"\n{comparison.sentence}", markup=False)


def _cells(entrant: "Entrant") -> tuple[str, ...]:
    from mien.faces import percentile_text, score_text

    part = entrant.attractiveness
    return entrant.source, score_text(part), f"{percentile_text(part)} of {part.pool}", "; ".join(entrant.remarks)
