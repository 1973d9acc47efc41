"""mien beside other packages: all of them on the pictures of labelled tables, one table of what came out.

scripts/bench peers --data TABLE [--data TABLE ...]. Missing environments are installed from the package registries;
rows that were read before are kept, and the rest is read. See benchmarks/peers/README.md.
"""

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from common import RESULTS, environment

from mien.errors import MienError
from mien.files import replace_text
from peers import folding
from peers.catalog import Peer, peers
from peers.environments import command_of, install
from peers.pictures import Change, Sample, draw_sample, write_pictures
from peers.reading import Answers, answers_of, report_progress, run_peer
from peers.scores import Line, lines_of
from peers.table import NOTES, markdown

CACHE = Path(__file__).parent / "cache"


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(prog="scripts/bench peers", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, action="append", default=[], help="labelled table, as of mien evaluate")
    parser.add_argument("--images", type=Path, help="folder of a manifest's pictures")
    parser.add_argument("--split", default="test", help="value of the split column, or 'all' (default: test)")
    parser.add_argument("--limit", type=int, help="so many rows of each table, drawn with seed 0")
    parser.add_argument("--by", default="set", help="column whose values are told apart (default: set)")
    parser.add_argument("--least-side", type=int, default=0, help="enlarge smaller pictures to this, for all alike")
    parser.add_argument("--margin", type=float, default=0.0, help="gray margin on each side, a part of the picture")
    parser.add_argument("--peers", nargs="+", choices=list(peers()), default=list(peers()), help="default: all")
    parser.add_argument("--minutes", type=float, help="stop each peer on each table after so long; call again to go on")
    parser.add_argument("--cached", action="store_true", help="run nothing: table of the rows that are there")
    parser.add_argument("--name", default="peers", help="name of the result files (default: peers)")
    parser.add_argument("--out", type=Path, default=RESULTS / "peers", help="their folder")
    return parser.parse_args(words)


def answer_of(peer: Peer, sample: Sample, pictures: list[Path], given: argparse.Namespace) -> Answers:
    """Rows of one peer, run where they are missing; a peer that does not run is told on standard error."""
    file = CACHE / "rows" / sample.key / f"{peer.name}-{peer.digest()}.jsonl"
    wanted = [picture for picture, known in zip(pictures, sample.labelled(peer.heads), strict=True) if known]
    if not given.cached and wanted:
        try:
            install(peer)
            run_peer(peer, command_of(peer), wanted, file, None if given.minutes is None else 60 * given.minutes)
        except (RuntimeError, OSError) as error:
            print(f"{peer.name} is left out: {error}", file=sys.stderr)
        report_progress(peer, file, wanted)
    return answers_of(peer, file, pictures)


def main(words: list[str] | None = None) -> None:
    """Run all peers on all tables, one after another, and write NAME.md and NAME.json."""
    given = arguments(words)
    if not given.data:
        print("Skipped: name labelled tables with --data.", file=sys.stderr)
        return
    given.out.mkdir(parents=True, exist_ok=True)
    change, catalog = Change(given.least_side, given.margin), peers()
    split = None if given.split == "all" else given.split
    lines: list[Line] = []
    told: list[dict[str, Any]] = []
    versions: dict[str, dict[str, str]] = {}
    for data in given.data:
        try:
            sample = draw_sample(data, split, given.limit, given.by, change, given.images)
        except (MienError, ValueError) as error:
            raise SystemExit(str(error)) from error
        pictures = write_pictures(sample, CACHE / "pictures")
        answers = [answer_of(catalog[name], sample, pictures, given) for name in given.peers]
        answers = [answer for answer in answers if answer.read.any()]
        lines += lines_of(sample, answers)
        versions |= {answer.peer: answer.versions for answer in answers}
        told.append(_about(sample))
    _write(given, lines, told, versions)


def _about(sample: Sample) -> dict[str, Any]:
    return {
        "data": sample.table.path.name, "fingerprint": sample.table.fingerprint, "split": sample.split,
        "pictures": len(sample.rows), "least_side": sample.change.least_side, "margin": sample.change.margin,
    }  # fmt: skip


def _write(
    given: argparse.Namespace, lines: list[Line], told: list[dict[str, Any]], versions: dict[str, dict[str, str]]
) -> None:
    command = f"scripts/bench peers {shlex.join(_words(given))}"
    record = {
        "name": given.name, "command": command, "environment": environment([1]), "versions": versions, "data": told,
        "folding": folding.__doc__, "lines": [line.to_dict() for line in lines],
    }  # fmt: skip
    text = markdown(lines)
    replace_text(given.out / f"{given.name}.json", json.dumps(record, indent=1, allow_nan=False) + "\n")
    replace_text(given.out / f"{given.name}.md", f"{_notes(command, told)}\n{text}")
    print(text)


def _words(given: argparse.Namespace) -> list[str]:
    """The options that tell what was measured, without folders of this machine."""
    words = [word for data in given.data for word in ("--data", data.name)]
    plain = {"split": "test", "limit": None, "by": "set", "least_side": 0, "margin": 0.0, "name": "peers"}
    for option, default in plain.items():
        if (value := getattr(given, option)) != default:
            words += [f"--{option.replace('_', '-')}", str(value)]
    return words


def _notes(command: str, told: list[dict[str, Any]]) -> str:
    tables = "; ".join(f"{data['data']} ({data['split']}, {data['pictures']} labelled pictures)" for data in told)
    return f"`{command}`\n\n{tables}.\n\n{NOTES}"
