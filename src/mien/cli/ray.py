"""`--ray`: the work of a command on many machines."""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mien.errors import expect

if TYPE_CHECKING:
    from mien.parallel import Mapped

RAY_HELP = "Run on a Ray cluster, optionally at host:port. --out is then a folder or s3://..."
MAP_HELP = "Run on the Ray cluster at RAY_ADDRESS or on this machine; all machines need the same file paths."
_ADDRESS = re.compile(r"(ray://)?[\w.-]+:\d+|auto")


def choose_map(on_ray: bool) -> "Mapped":
    """The map of a command: over this process, or over a cluster."""
    if not on_ray:
        from mien.parallel import one_by_one

        return one_by_one
    from mien.cluster import ray_map

    return ray_map()


def split_address(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """The address of a cluster where the first word is one, and the other words.

    >>> split_address(["10.0.0.1:6379", "s3://bucket/photos"]), split_address(["photos"])
    (('10.0.0.1:6379', ['s3://bucket/photos']), (None, ['photos']))
    """
    first, *rest = words
    if _ADDRESS.fullmatch(first) and not first.startswith("webcam:") and not Path(first).exists():
        return first, rest
    return None, list(words)


def analyze_on_ray(
    sources: Sequence[str],
    out: str,
    analyzer: Mapping[str, Any],
    reading: Mapping[str, Any],
    most_actors: int | None,
    quiet: bool,
    **files: Any,
) -> None:
    """Run `mien.cluster.analyze_files`, tell how far it is, and exit with the code of `mien analyze`."""
    from mien.cluster import analyze_files

    address, requests = split_address(sources)
    expect(bool(requests), "sources", "photos, folders or addresses after that of the cluster", list(sources))
    done = 0

    def watch(row: Mapping[str, Any]) -> None:
        nonlocal done
        done += 1
        words = row["failure"] or f"{row['sources']} sources, {row['errors']} with an error"
        print(f"mien: partition {row['partition']}, {done} in this run: {words}", file=sys.stderr)

    summary = analyze_files(
        requests,
        out,
        address=address,
        analyzer=analyzer,
        reading=reading,
        most_actors=most_actors,
        watch=(lambda row: None) if quiet else watch,
        **files,
    )
    for index, reason in summary.failures.items():
        print(f"mien: partition {index} is missing: {reason}", file=sys.stderr)
    if summary.failures:
        print("mien: call again with --resume to read what is missing.", file=sys.stderr)
        raise typer.Exit(1)
    if summary.errors:
        if not quiet:
            total = f"{summary.errors} of {summary.sources} sources could not be read; their rows say why."
            print(f"mien: {total}", file=sys.stderr)
        raise typer.Exit(3)
