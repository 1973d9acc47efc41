"""`mien analyze`: photos, folders, videos, a camera in; a table, a file, annotated pictures out."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mien.faces import Frame

Sources = Annotated[
    list[str], typer.Argument(help="Photos, folders, videos, webcam:0, or - for a list on standard input.")
]
Out = Annotated[
    str | None,
    typer.Option("--out", "-o", help="FILE.jsonl, FILE.csv, FILE.parquet, or - for JSON Lines on standard output."),
]


def analyze(
    sources: Sources,
    out: Out = None,
    draw: Annotated[Path | None, typer.Option(help="Folder for annotated pictures, videos, time lines.")] = None,
    events: Annotated[Path | None, typer.Option(help="FILE.csv or FILE.jsonl for events of units in videos.")] = None,
    heads: Annotated[str, typer.Option(help="Which heads run, by comma.")] = "expression,age,attractiveness",
    model: Annotated[list[Path] | None, typer.Option(help="An .onnx file of yours, with its card beside it.")] = None,
    evidence: Annotated[Path | None, typer.Option(help="YAML or JSON file of weights from units to emotion.")] = None,
    displays: Annotated[bool, typer.Option("--displays", help="Displayed pain and type of smile as well.")] = False,
    every: Annotated[int, typer.Option(min=1, help="Look at each n-th frame of a video.")] = 1,
    smooth: Annotated[float, typer.Option(min=0, help="Smooth a video over this many seconds.")] = 0.0,
    neutral: Annotated[bool, typer.Option("--neutral", help="Take off what a face shows at rest, in videos.")] = False,
    glob: Annotated[str | None, typer.Option(help="Only files of folders whose names match, such as '*.jpg'.")] = None,
    recursive: Annotated[bool, typer.Option(help="Look into folders of folders.")] = True,
    resume: Annotated[bool, typer.Option(help="Skip what an earlier, killed run already did.")] = False,
    min_face: Annotated[int, typer.Option(min=1, help="Smallest side of a face, in pixels.")] = 16,
    score_threshold: Annotated[float, typer.Option(help="How sure the detector must be, 0 to 1.")] = 0.6,
    max_faces: Annotated[int | None, typer.Option(min=1, help="Keep only the best of a picture.")] = None,
    max_side: Annotated[int, typer.Option(min=64, help="Shrink larger pictures to this side for detection.")] = 1280,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of each network.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
) -> None:
    """Find and read every face. Exit code 0: all handled; 3: some sources had errors; 2: a wrong call."""
    from mien.analyzer import Analyzer
    from mien.emotion import load_evidence
    from mien.errors import expect
    from mien.sinks import EventSink, open_sink
    from mien.sinks.events import check_target

    chosen: list[str | Path] = [*(head for head in heads.split(",") if head), *(model or [])]
    if events:
        check_target(events)  # before any file is opened
        expect(bool(model) or "expression" in chosen, "heads", "with 'expression' to find events", heads)
    analyzer = Analyzer(
        chosen,
        min_face=min_face,
        score_threshold=score_threshold,
        max_faces=max_faces,
        max_side=max_side,
        evidence=load_evidence(evidence) if evidence else None,
        displays=displays,
        threads=threads,
    )
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        target = out or ("-" if not sys.stdout.isatty() else None)
        sink = stack.enter_context(open_sink(target, resume=resume) if target else _table())
        movements = stack.enter_context(EventSink(events, resume=resume, done=sink.done)) if events else None
        annotator = stack.enter_context(_annotator(draw)) if draw else None
        keep = draw is not None
        frames = analyzer.run(
            sources,
            recursive=recursive,
            glob=glob,
            every=every,
            smooth=smooth,
            neutral=neutral,
            skip=sink.done,
            keep_image=keep,
        )
        for frame in _progress(frames, sources, glob, recursive, quiet):
            if movements:
                movements.write(frame)  # before the sink: what it calls done on resume has all its events
            sink.write(frame)
            counts[frame.status] += 1
            if annotator and frame.image is not None:
                annotator.add(frame)
    _finish(counts, quiet)


def _finish(counts: Counter[str], quiet: bool) -> None:
    """Say how many sources had errors, with exit code 3, when there are any."""
    if not counts["error"]:
        return
    if not quiet:
        print(f"mien: {counts['error']} of {counts.total()} could not be read; see 'reason'.", file=sys.stderr)
    raise typer.Exit(3)


def _annotator(folder: Path) -> Any:
    from mien.drawing import Annotator

    return Annotator(folder, timelines=True)


def _table() -> Any:
    from mien.cli.table import TableSink

    return TableSink()


def _progress(
    frames: Iterator["Frame"], sources: list[str], glob: str | None, recursive: bool, quiet: bool
) -> Iterator["Frame"]:
    """The same frames, with count, rate and time left on standard error."""
    if quiet:
        yield from frames
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading faces", total=_count(sources, glob, recursive), rate="")
        for frame in frames:
            yield frame
            speed = bar.tasks[0].speed
            bar.update(task, advance=1, rate=f"{speed:.1f}/s" if speed else "")


def _count(sources: list[str], glob: str | None, recursive: bool) -> int | None:
    """How many frames there will be, where that is known beforehand."""
    from mien.media import find_sources

    if "-" in sources:
        return None
    kinds = Counter(source.kind for source in find_sources(sources, glob=glob, recursive=recursive))
    return None if kinds["video"] or kinds["camera"] else kinds.total()
