"""`mien analyze`: photos, folders, videos, a camera in; a table, a file, annotated pictures out."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from mien.cli.tally import Tally, look_ahead, with_rate

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
    heads: Annotated[
        str | None, typer.Option(help="Comma-separated heads to run: expression,age,attractiveness unless given.")
    ] = None,
    open_terms: Annotated[
        bool, typer.Option("--open", help="Only models that anyone may use for anything: expression-open.")
    ] = False,
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
    """Find and read every face.

    Exit code 0: all handled; 3: some sources could not be read or gave nothing; 2: a usage error; 1: another error.
    """
    from mien import __version__
    from mien.analyzer import Analyzer
    from mien.errors import expect
    from mien.expression.emotion import load_evidence
    from mien.runtime.heads import choose_heads
    from mien.sinks import EventSink, open_sink
    from mien.sinks.events import check_target

    terms = "open" if open_terms else "any"
    named = None if heads is None else [head for head in heads.split(",") if head]
    chosen = choose_heads([*choose_heads(named, terms), *(model or [])], terms)
    if events:
        check_target(events)  # before any file is opened
        expect(out is None or Path(out).resolve() != events.resolve(), "events", "another file than 'out'", out)
        reads_units = bool(model) or {"expression", "expression-open"} & set(map(str, chosen))
        expect(bool(reads_units), "heads", "with 'expression' to find events", heads)
    analyzer = Analyzer(
        chosen,
        terms=terms,
        min_face=min_face,
        score_threshold=score_threshold,
        max_faces=max_faces,
        max_side=max_side,
        evidence=load_evidence(evidence) if evidence else None,
        displays=displays,
        threads=threads,
    )
    reading: dict[str, Any] = {"every": every, "smooth": smooth, "neutral": neutral}
    options = {"version": __version__, **analyzer.options, **reading}
    with ExitStack() as stack:
        # Before the output is opened: where this fails, what an earlier run wrote must stay.
        annotator = stack.enter_context(_annotator(draw)) if draw else None
        target = out or ("-" if not sys.stdout.isatty() else None)
        sink = stack.enter_context(open_sink(target, resume=resume, options=options) if target else _table())
        if annotator:
            annotator.keep(sink.done - sink.errors)
        movements = stack.enter_context(EventSink(events, resume=resume, done=sink.done)) if events else None
        tally = Tally(sink.done, sink.errors)
        watch = not quiet and sys.stderr.isatty()
        known, total = look_ahead(sources, sink.done, recursive, glob) if watch else (sources, None)
        frames = analyzer.run(
            known, recursive=recursive, glob=glob, skip=sink.done, keep_image=annotator is not None, **reading
        )
        for frame in with_rate(frames, total) if watch else frames:
            # Both before the sink: what it calls done on resume has all its events and its drawing.
            if movements:
                movements.write(frame)
            if annotator:
                annotator.add(frame)
            sink.write(frame)
            tally.add(frame)
        if annotator:
            annotator.close()
    if tally.errors:
        if not quiet:
            print(tally, file=sys.stderr)
        raise typer.Exit(3)


def _annotator(folder: Path) -> Any:
    from mien.drawing import Annotator

    return Annotator(folder, timelines=True, in_turn=True)


def _table() -> Any:
    from mien.cli.table import TableSink

    return TableSink()
