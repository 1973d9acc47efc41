"""`mien analyze`: photos, folders, videos, a camera in; a table, a file, annotated images out."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from mien.cli.ray import RAY_HELP, analyze_on_ray
from mien.cli.tally import Tally, look_ahead, spread, with_rate

Sources = Annotated[
    list[str], typer.Argument(help="Photos, folders, videos, webcam:0, or - for a list on standard input.")
]
Out = Annotated[
    str | None,
    typer.Option("--out", "-o", help="FILE.jsonl, FILE.csv, FILE.parquet, or - for JSON Lines on standard output."),
]
Device = Annotated[
    str, typer.Option(help="Where networks run: auto, cpu, cuda, tensorrt, coreml, openvino or directml.")
]


def analyze(
    sources: Sources,
    out: Out = None,
    draw: Annotated[Path | None, typer.Option(help="Folder for annotated images, videos and timelines.")] = None,
    events: Annotated[Path | None, typer.Option(help="FILE.csv or FILE.jsonl: Action Unit events in videos.")] = None,
    people: Annotated[
        Path | None, typer.Option(help="FILE.csv, .json or .parquet: one row per person in a video.")
    ] = None,
    best: Annotated[Path | None, typer.Option(help="With --people: folder for each person's best view.")] = None,
    heads: Annotated[
        str | None, typer.Option(help="Comma-separated heads to run (default: expression,age,attractiveness).")
    ] = None,
    open_terms: Annotated[
        bool, typer.Option("--open", help="Only models that anyone may use for any purpose: expression-open.")
    ] = False,
    model: Annotated[list[Path] | None, typer.Option(help="Your own .onnx file, with its card beside it.")] = None,
    evidence: Annotated[Path | None, typer.Option(help="YAML or JSON file: weights from AUs to emotion.")] = None,
    displays: Annotated[bool, typer.Option("--displays", help="Add displayed pain and type of smile.")] = False,
    every: Annotated[int, typer.Option(min=1, help="Read every n-th frame of a video.")] = 1,
    smooth: Annotated[float, typer.Option(min=0, help="Smooth videos over this many seconds.")] = 0.0,
    neutral: Annotated[bool, typer.Option("--neutral", help="Subtract each person's resting baseline.")] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Read each frame of a video as a photo: several times slower.")
    ] = False,
    glob: Annotated[str | None, typer.Option(help="Only files in folders whose names match, such as '*.jpg'.")] = None,
    recursive: Annotated[bool, typer.Option(help="Search subfolders.")] = True,
    resume: Annotated[bool, typer.Option(help="Skip sources that an earlier run finished.")] = False,
    min_face: Annotated[int, typer.Option(min=1, help="Smallest face side, in pixels.")] = 16,
    score_threshold: Annotated[float, typer.Option(help="Lowest detector score, 0 to 1.")] = 0.6,
    max_faces: Annotated[int | None, typer.Option(min=1, help="Keep only the best N faces of an image.")] = None,
    max_side: Annotated[int, typer.Option(min=64, help="Shrink larger images to this side for detection.")] = 1280,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads per network.")] = None,
    device: Device = "cpu",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes (default: by cores and number of files).")
    ] = None,
    on_ray: Annotated[bool, typer.Option("--ray", help=RAY_HELP)] = False,
    partition: Annotated[int, typer.Option(min=1, help="With --ray: photos per output file.")] = 1000,
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

    terms = "open" if open_terms else "any"
    named = None if heads is None else [head for head in heads.split(",") if head]
    chosen = choose_heads([*choose_heads(named, terms), *(model or [])], terms)
    reads_units = bool(model) or bool({"expression", "expression-open"} & set(map(str, chosen)))
    _check_targets(out, events, people, best, reads_units, heads)
    looks: dict[str, Any] = {"min_face": min_face, "score_threshold": score_threshold}
    looks |= {"max_faces": max_faces, "max_side": max_side}
    reading: dict[str, Any] = {"every": every, "smooth": smooth, "neutral": neutral, "exact": exact}
    if on_ray:
        expect(
            not (draw or events or evidence or people), "ray", "without --draw, --events, --people, --evidence", True
        )
        expect(out not in (None, "-"), "out", "a folder or an address such as s3://bucket/faces, with --ray", out)
        settings = {"heads": list(map(str, chosen)), "terms": terms, "displays": displays, "device": device, **looks}
        files = {"resume": resume, "recursive": recursive, "glob": glob, "partition": partition}
        analyze_on_ray(sources, str(out), {**settings, "threads": threads}, reading, workers, quiet, **files)
        return
    processes, requests = spread(workers, sources, recursive, glob)
    analyzer = Analyzer(
        chosen,
        terms=terms,
        **looks,
        evidence=load_evidence(evidence) if evidence else None,
        displays=displays,
        threads=threads or (1 if workers or processes > 1 else None),
        device=device,
    )
    options = {"version": __version__, **analyzer.options, **reading}
    with ExitStack() as stack:
        # Before the output is opened: where this fails, what an earlier run wrote must stay.
        annotator = stack.enter_context(_annotator(draw)) if draw else None
        target = out or ("-" if not sys.stdout.isatty() else None)
        sink = stack.enter_context(open_sink(target, resume=resume, options=options) if target else _table())
        if annotator:
            annotator.keep(sink.done - sink.errors)
        movements = stack.enter_context(EventSink(events, resume=resume, done=sink.done)) if events else None
        crowd = _people(stack, people, best, fused=not exact, resume=resume, done=sink.done) if people else None
        tally = Tally(sink.done, sink.errors)
        watch = not quiet and sys.stderr.isatty()
        known, total = look_ahead(requests, sink.done, recursive, glob) if watch else (requests, None)
        how = {**reading, "recursive": recursive, "glob": glob, "workers": processes}
        frames = analyzer.run(known, skip=sink.done, keep_image=bool(annotator or best), **how)
        # All others before the sink: what it calls done on resume has all its events and its drawing.
        writers = [writer for writer in (movements, crowd) if writer]
        for frame in with_rate(frames, total) if watch else frames:
            for writer in writers:
                writer.write(frame)
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


def _check_targets(
    out: str | None, events: Path | None, people: Path | None, best: Path | None, reads_units: bool, heads: str | None
) -> None:
    """Raise an error for files that cannot be written or do not go together, before any file is opened."""
    from mien.errors import expect
    from mien.sinks.events import check_target
    from mien.sinks.rows import check_rows_target

    if events:
        check_target(events)
        expect(out is None or Path(out).resolve() != events.resolve(), "events", "another file than 'out'", out)
        expect(reads_units, "heads", "with 'expression' to find events", heads)
    expect(best is None or people is not None, "best", "given together with 'people'", best)
    if people:
        check_rows_target(people, "people")


def _people(stack: ExitStack, path: Path, best: Path | None, **options: Any) -> Any:
    from mien.sinks import PeopleSink

    return stack.enter_context(PeopleSink(path, best=best, **options))


def _annotator(folder: Path) -> Any:
    from mien.drawing import Annotator

    return Annotator(folder, timelines=True, in_turn=True)


def _table() -> Any:
    from mien.cli.table import TableSink

    return TableSink()
