"""Runs cases one after the other in this process, and tells after each what it did."""

import contextlib
import json
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.reliability.case import Case
from tests.reliability.judge import Outcome, judge
from tests.reliability.kinds import make_case

MEMORY_BYTES = 5 << 30


def work(seed: int, cases: list[str], limit_s: int) -> None:
    """Run the cases; a line of JSON before and after each, on what was standard output.

    limit_s: seconds of processor time for a case, then the system ends the process by SIGXCPU.
    """
    os.environ["COLUMNS"] = "200"
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    with os.fdopen(os.dup(1), "w") as report:
        for name in cases:
            _tell(report, {"begins": name})
            used = resource.getrusage(resource.RUSAGE_SELF)
            resource.setrlimit(
                resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + limit_s, resource.RLIM_INFINITY)
            )
            _tell(report, run_case(name, seed))


def _tell(report: Any, values: dict[str, Any]) -> None:
    report.write(f"{json.dumps(values)}\n")
    report.flush()


def run_case(name: str, seed: int, keep: Path | None = None) -> dict[str, Any]:
    """Make a case in a folder of its own, run it, judge it."""
    base = Path(tempfile.mkdtemp(prefix="reliability-"))
    folder = keep or base / "work"  # a folder of its own above it too: a case may name it
    folder.mkdir(exist_ok=True)
    try:
        case = make_case(name, seed, folder)
        begin = time.monotonic()
        outcome = run(case, folder)
        taken = time.monotonic() - begin
    finally:
        shutil.rmtree(base, ignore_errors=True)
    told = {"case": name, "what": case.what, "command": ["mien", *case.command], "code": outcome.code}
    told |= {"faults": judge(case, outcome), "seconds": round(taken, 2), "trace": outcome.error and outcome.stderr}
    if keep:
        told |= {"stdout": outcome.stdout, "stderr": outcome.stderr}
    return told


def run(case: Case, folder: Path) -> Outcome:
    """Run the command of a case as `mien` does, with its folder as the current one."""
    from mien.cli import main

    code: int | None = 0
    error = ""
    with _captured(folder, case.stdin) as texts:
        sys.argv = ["mien", *case.command]
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
        except BaseException as raised:  # what a person would see as a traceback
            code, error = None, _short(raised)
            traceback.print_exc()
    return Outcome(code, *texts, error)


def _short(error: BaseException) -> str:
    """Type, message and the last place in mien."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if f"{os.sep}mien{os.sep}" in frame.filename]
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].name})" if frames else ""
    return f"{type(error).__name__}: {str(error)[:200]}{place}"


@contextlib.contextmanager
def _captured(folder: Path, stdin: bytes) -> Iterator[list[str]]:
    """Standard input, output and error as files, also for what native code writes; texts of the last two at the end."""
    texts: list[str] = []
    before = os.getcwd()
    saved = [os.dup(fd) for fd in range(3)]
    files = [tempfile.TemporaryFile() for _ in range(3)]  # noqa: SIM115  closed below
    files[0].write(stdin)
    files[0].seek(0)
    streams = sys.stdin, sys.stdout, sys.stderr
    os.chdir(folder)
    for fd, file in enumerate(files):
        os.dup2(file.fileno(), fd)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(fd, mode, encoding="utf-8", errors=errors, closefd=False)
        for fd, mode, errors in ((0, "r", "surrogateescape"), (1, "w", "strict"), (2, "w", "backslashreplace"))
    )
    try:
        yield texts
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        sys.stdin, sys.stdout, sys.stderr = streams
        os.chdir(before)
        for fd, copy in enumerate(saved):
            os.dup2(copy, fd)
            os.close(copy)
        for file in files[1:]:
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        for file in files:
            file.close()
