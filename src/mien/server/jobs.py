"""Video jobs: a folder each, whose files any worker can read; a thread reads the video."""

import json
import logging
import os
import re
import secrets
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mien.analyzer import Analyzer
from mien.drawing import Annotator
from mien.errors import MienError
from mien.faces import Frame
from mien.files import whole_file
from mien.media import video_seconds
from mien.server.metrics import Metrics
from mien.server.problems import Problem
from mien.server.processes import alive
from mien.server.readers import Readers, VideoOptions
from mien.server.settings import Limits
from mien.sinks import EventSink, JsonLinesSink

logger = logging.getLogger("mien.server")
ENDS = ("done", "error", "stopped")
ROWS, EVENTS, ANNOTATED, TIMELINE = "rows.jsonl", "events.jsonl", "annotated.mp4", "annotated_timeline.png"
RESULTS = {"rows": ROWS, "events": EVENTS, "annotated": ANNOTATED, "timeline.png": TIMELINE}
_STATE, _STOP = "state.json", "stop"
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_TELL_SECONDS = 0.25


@dataclass(slots=True)
class State:
    """What is known of a job; times as in ISO 8601. pid: of the process that reads it."""

    id: str
    name: str
    state: str = "waiting"
    frames: int = 0
    time_s: float = 0.0
    progress: float | None = None
    faces: int = 0
    reason: str | None = None
    created: str = ""
    expires: str | None = None
    results: list[str] = field(default_factory=list)
    pid: int = 0

    def to_dict(self) -> dict[str, Any]:
        """What a client sees."""
        values = asdict(self)
        del values["pid"]
        return values


class Jobs:
    """The video jobs of all workers, in one folder; those of this worker run in its threads."""

    def __init__(self, folder: Path, readers: Readers, limits: Limits, metrics: Metrics) -> None:
        self.folder, self.readers, self.limits, self.metrics = folder, readers, limits, metrics
        self._threads = ThreadPoolExecutor(limits.running_jobs, "mien-job")
        self._started: set[str] = set()

    def new(self, name: str, suffix: str) -> tuple[State, Path]:
        """A job, and the file to put its video into. Raises Problem 429 where there are too many."""
        self.sweep()
        if len(self._ids()) >= self.limits.jobs:
            detail = f"There are {self.limits.jobs} videos already. Delete one, or wait until one expires."
            raise Problem(429, detail, retry_after=30)
        state = State(secrets.token_urlsafe(16), name, created=_iso(time.time()), pid=os.getpid())
        folder = self.folder / state.id
        folder.mkdir(mode=0o700)
        self._write(state)
        return state, folder / f"source{suffix}"

    def start(self, state: State, source: Path, options: VideoOptions) -> None:
        """Read the video when a thread is free."""
        self._started.add(state.id)
        self._threads.submit(self._run, state, source, options)

    def state(self, number: str) -> State:
        """The state of a job. Raises Problem 404 where there is none."""
        state = self._read(number)
        if state is None or (self._place(number) / _STOP).exists():
            raise _unknown(number)
        if state.state not in ENDS and not alive(state.pid):
            state.state, state.reason = "error", "The process that read it has ended. Send the video again."
            self._finish(state)
        return state

    def all(self) -> list[State]:
        """The jobs, newest first."""
        states = []
        for number in self._ids():
            try:
                states.append(self.state(number))
            except Problem:  # removed meanwhile
                continue
        return sorted(states, key=lambda state: state.created, reverse=True)

    def result(self, number: str, name: str) -> Path:
        """The file of a result. Raises Problem 404 without the job, 409 where the result is not there."""
        state = self.state(number)
        if name == "source":
            return next(self._place(number).glob("source*"))
        path = self._place(number) / RESULTS[name]
        if state.state not in ENDS:
            raise Problem(409, f"The video is {state.state}: {name!r} is there when it ends. Follow its progress.")
        if not path.exists():
            raise Problem(409, f"The video has no {name!r}: {state.reason or 'nothing of it was asked for or seen'}.")
        return path

    def remove(self, number: str) -> None:
        """Stop a job; its files go at once, or after the frame that is being read. Raises Problem 404 without it."""
        state = self.state(number)
        (self._place(number) / _STOP).touch()
        if state.state in ENDS:
            shutil.rmtree(self._place(number), ignore_errors=True)

    def discard(self, number: str) -> None:
        """Remove a job that was never started."""
        shutil.rmtree(self._place(number), ignore_errors=True)

    def sweep(self) -> None:
        """Remove the jobs whose time is over, and those that were deleted in their last moment."""
        for state in map(self._read, self._ids()):
            deleted = state and state.state in ENDS and (self._place(state.id) / _STOP).exists()
            over = state and state.expires and datetime.fromisoformat(state.expires) < datetime.now(UTC)
            if state and (deleted or over):
                shutil.rmtree(self._place(state.id), ignore_errors=True)

    def close(self) -> None:
        """Stop the jobs of this worker, and wait for their threads."""
        for number in self._started:
            if (place := self.folder / number).is_dir():
                (place / _STOP).touch()
        self._threads.shutdown(cancel_futures=True)
        for number in self._started:
            shutil.rmtree(self.folder / number, ignore_errors=True)

    def _ids(self) -> list[str]:
        return [path.name for path in self.folder.iterdir() if _ID.fullmatch(path.name)]

    def _place(self, number: str) -> Path:
        if not _ID.fullmatch(number):
            raise _unknown(number)
        return self.folder / number

    def _read(self, number: str) -> State | None:
        try:
            return State(**json.loads((self._place(number) / _STATE).read_text(encoding="utf-8")))
        except OSError:
            return None

    def _write(self, state: State) -> None:
        with whole_file(self.folder / state.id / _STATE) as temporary:
            temporary.write_text(json.dumps(asdict(state)), encoding="utf-8")

    def _run(self, state: State, source: Path, options: VideoOptions) -> None:
        stop = source.with_name(_STOP)
        try:
            if not stop.exists():
                state.state = "running"
                self._write(state)
            analyzer = self.readers.of(options)
            state.state = _read(analyzer, state, source, options, self.limits, self._write)
        except MienError as error:
            state.state, state.reason = "error", str(error).replace(str(source), state.name)
        except Exception as error:
            logger.error("A video job failed", exc_info=error)
            state.state, state.reason = "error", "The server failed on this video. Its log says more."
        self.metrics.jobs.labels(state.state).inc()
        try:
            self._finish(state)
        except MienError as error:  # a full disk, say
            logger.error("A video job cannot be kept", exc_info=error)
            stop.touch()
        if stop.exists():
            shutil.rmtree(source.parent, ignore_errors=True)

    def _finish(self, state: State) -> None:
        place = self.folder / state.id
        state.expires = _iso(time.time() + self.limits.keep_seconds)
        state.results = [name for name, file in RESULTS.items() if (place / file).exists()]
        self._write(state)


def _read(analyzer: Analyzer, state: State, source: Path, options: VideoOptions, limits: Limits, tell: Any) -> str:
    """Read a video into the files of its job; how it ended."""
    place, began, last_report = source.parent, time.monotonic(), 0.0
    duration = video_seconds(source)
    with ExitStack() as stack:
        events = stack.enter_context(EventSink(place / EVENTS))
        rows = stack.enter_context(JsonLinesSink(place / ROWS))
        annotator = stack.enter_context(Annotator(place, timelines=True)) if options.annotate else None
        reading: dict[str, Any] = {"every": options.every, "smooth": options.smooth, "neutral": options.neutral}
        for frame in analyzer.video(source, keep_image=annotator is not None, **reading):
            if (place / _STOP).exists():
                return "stopped"
            named = replace(frame, source=state.name)
            events.write(named)
            rows.write(replace(named, image=None))
            if annotator:
                annotator.add(replace(frame, source="annotated"))
            _count(state, named, duration)
            state.reason = _over(state, limits, time.monotonic() - began)
            if state.reason:
                return "error"
            if time.monotonic() - last_report >= _TELL_SECONDS:
                last_report = time.monotonic()
                tell(state)
    state.progress = 1.0
    return "done"


def _count(state: State, frame: Frame, duration: float | None) -> None:
    state.frames += 1
    state.faces += len(frame.faces)
    state.time_s = frame.time_s or 0.0
    state.progress = min(state.time_s / duration, 0.999) if duration else None


def _over(state: State, limits: Limits, seconds: float) -> str | None:
    """Which limit the job has passed."""
    if state.frames >= limits.job_frames:
        return f"A video must have at most {limits.job_frames} frames. Look at fewer with 'every', or cut it."
    if seconds > limits.job_seconds:
        return f"A video must be read within {limits.job_seconds:g} s. Look at fewer frames with 'every', or cut it."
    return None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _unknown(number: str) -> Problem:
    return Problem(404, f"The video must be one of GET /v1/videos. Got {number[:40]!r}; it may have expired.")
