"""`mien taste`: your own ranking, learned from your own comparisons."""

import csv
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from mien.cli.progress import watched
from mien.errors import InputError, Words, expect
from mien.files import replace_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mien.preference import Taste
    from mien.preference.embedder import PhotoFace

taste = typer.Typer(
    name="taste",
    help="Learn your own ranking from your comparisons. It describes your taste, not the people in the photos.",
    no_args_is_help=True,
)
ANSWERS = {"first": 1.0, "tie": 0.5, "second": 0.0}
HEADER = ["first", "second", "preferred"]


class Answer(NamedTuple):
    """Names of two photos, and 1 for the first, 0 for the second, 0.5 for a tie."""

    first: str
    second: str
    target: float


Model = Annotated[str, typer.Option(help="Embedded model, or .onnx file with its card.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Threads per network.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")]


@taste.command()
def ask(
    folder: Annotated[Path, typer.Argument(help="Folder with photos; the largest face of each counts.")],
    count: Annotated[int, typer.Option(min=1, help="Number of pairs to propose.")] = 30,
    out: Annotated[Path, typer.Option("--out", "-o", help="FILE.csv to fill in: first,second,preferred.")] = Path(
        "pairs.csv"
    ),
    sheet: Annotated[
        Path | None, typer.Option(help="FILE.html to click through, or FILE.png. It shows people's faces.")
    ] = None,
    known: Annotated[Path | None, typer.Option("--taste", help="Start from an existing taste file.")] = None,
    model: Model = "attractiveness",
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Propose the most informative pairs of faces to compare.

    Exit code 0: all handled; 3: some photos could not be read, or have no face; 2: a usage error.
    """
    from mien.preference import Taste, informative_pairs
    from mien.preference.embedder import FaceEmbedder
    from mien.sinks.rows import check_rows_target

    check_rows_target(out, "out", (".csv",))
    expect(not out.exists(), "out", "a new file, since one that exists may hold your answers", str(out))
    if sheet is not None:
        check_rows_target(sheet, "sheet", (".html", ".png", ".jpg", ".webp"))
    embedder = FaceEmbedder(model, threads)
    start = embedder.prior if known is None else Taste.load(known, embedder.prior.sha256)
    photos = list(watched(embedder.folder(folder), "reading faces", quiet))
    z = _embeddings(photos)
    expect(len(z) > 1, "folder", "a folder with the faces of at least two photos", len(z))
    names = list(z)
    chosen = informative_pairs(start, list(z.values()), count, seed=seed)
    pairs = [(names[int(i)], names[int(j)]) for i, j in chosen]
    _write_csv(out, [HEADER, *([*pair, ""] for pair in pairs)])
    print(f"{len(pairs)} pairs of {len(z)} faces: {out}")
    if sheet is not None:
        _write_sheet(sheet, pairs, photos, out.name)
        print(f"to look at: {sheet}")
    if len(z) < len(photos):
        raise typer.Exit(3)


@taste.command()
def fit(
    pairs: Annotated[
        Path, typer.Argument(help="FILE.csv: first,second,preferred; preferred is first, second, tie or empty.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="FILE.json for your taste: weights, no images.")] = Path(
        "me.taste.json"
    ),
    images: Annotated[Path | None, typer.Option(help="Folder with the photos that the CSV names.")] = None,
    model: Model = "attractiveness",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Learn your taste from comparisons, and report how well the others predict each one.

    Exit code 0: all handled; 3: some photos could not be read, or have no face; 2: a usage error.
    """
    from mien.preference.embedder import FaceEmbedder
    from mien.sinks.rows import check_rows_target

    check_rows_target(out, "out", (".json",))
    answers = read_answers(pairs)
    embedder = FaceEmbedder(model, threads)
    names = dict.fromkeys(name for answer in answers for name in answer[:2])
    z = _embeddings(watched((embedder((images or Path()) / name, name) for name in names), "reading faces", quiet))
    used = [answer for answer in answers if answer.first in z and answer.second in z]
    expect(bool(used), "pairs", "comparisons of photos with a face", Words(f"{len(answers)} of which none is"))
    first, second = [z[answer.first] for answer in used], [z[answer.second] for answer in used]
    target = [answer.target for answer in used]
    mine = embedder.prior.fit(first, second, target)
    mine.save(out)
    _report(embedder.prior, mine, first, second, target)
    print(f"your taste: {out}")
    if len(used) < len(answers):
        print(f"{len(answers) - len(used)} comparisons left out.")
        raise typer.Exit(3)


def _embeddings(photos: Iterable["PhotoFace"]) -> dict[str, "NDArray[np.float64]"]:
    """Embeddings by name of the photo; on standard error what must be said of a photo."""
    embeddings = {}
    for photo in photos:
        if photo.note:
            print(f"mien: {photo.source}: {photo.note}", file=sys.stderr)
        if photo.embedding is not None:
            embeddings[photo.source] = photo.embedding
    return embeddings


def read_answers(path: Path) -> list[Answer]:
    """The answers in a CSV file; rows without one are passed over.

    Raises InputError for a file that is none, another answer, a photo compared with itself, and no answer at all.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"'pairs' must be a CSV file in UTF-8. Got {str(path)!r}: {error}.") from error
    lines = text.splitlines()
    # Spreadsheets of some countries write semicolons.
    reader = csv.DictReader(lines, delimiter=";" if lines and ";" in lines[0] else ",")
    columns = f"a CSV file with the columns {', '.join(HEADER)}"
    expect(set(HEADER) <= set(reader.fieldnames or ()), "pairs", columns, str(path))
    answers = []
    for row in reader:
        answer = (row["preferred"] or "").strip().lower()
        where = f"{path.name}, line {reader.line_num}"
        if not answer:
            continue
        expect(answer in ANSWERS, "preferred", f"first, second, tie or nothing ({where})", row["preferred"])
        expect(bool(row["first"]) and bool(row["second"]), "first", f"two photos ({where})", row["first"])
        expect(row["first"] != row["second"], "second", f"another photo than the first ({where})", row["second"])
        answers.append(Answer(row["first"], row["second"], ANSWERS[answer]))
    expect(
        bool(answers), "pairs", "a file with at least one answer: first, second or tie", Words(f"{path} without any")
    )
    return answers


def _report(
    prior: "Taste",
    mine: "Taste",
    first: list["NDArray[np.float64]"],
    second: list["NDArray[np.float64]"],
    target: list[float],
) -> None:
    """How many, how sure, and how well the others foretell each comparison, beside the pool's mean taste."""
    import numpy as np

    from mien.preference.personal import agreement

    answer = np.array(target)
    decided = answer != 0.5
    sign = mine.preference(first, second).sign
    sure = float(np.median(np.maximum(sign, 1 - sign)))
    print(
        f"{len(answer)} comparisons, {(~decided).sum()} of them ties. "
        f"Of half of these pairs it is surer than {sure:.0%}."
    )
    if decided.sum() < 2:
        print("Too few answers to tell how well they are foretold.")
        return
    personal_right, pool_right = agreement(prior, first, second, target)
    print(
        f"Of {decided.sum()} answers, each foretold from the others, {personal_right:.0%} are right; "
        f"from the rater pool's mean alone, {pool_right:.0%}."
    )


def _write_csv(out: Path, rows: list[list[str]]) -> None:
    from io import StringIO

    buffer = StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    replace_text(out, buffer.getvalue())


def _write_sheet(sheet: Path, pairs: list[tuple[str, str]], faces: list["PhotoFace"], answers: str) -> None:
    """A page to click through, or a numbered picture."""
    views = {face.source: face.view for face in faces if face.view is not None}
    if sheet.suffix.lower() == ".html":
        from mien.drawing.pairs_page import pairs_page

        replace_text(sheet, pairs_page(pairs, views, answers))
        return
    from mien.drawing.sheet import Entry, contact_sheet

    entries = [
        Entry((views[a], views[b]), str(i), f"{Path(a).name} | {Path(b).name}") for i, (a, b) in enumerate(pairs, 1)
    ]
    contact_sheet(entries, "Whom do you prefer?", ("first", "second")).save(sheet)
