"""`/v1/videos`: a video in, a job out; its progress and its results."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from mien.server.answers import TYPES, form_of, text_of
from mien.server.containers import video_suffix
from mien.server.examples import photo_body
from mien.server.jobs import ENDS, Jobs, State
from mien.server.problems import Problem
from mien.server.readers import VideoOptions
from mien.server.state import Worker, worker_of
from mien.server.timeline import timeline_text
from mien.server.uploads import FORM, RAW, Sent, Upload, content_type, file_name, sent
from mien.sinks.events import event_csv_lines
from mien.sinks.lines import read_rows

router = APIRouter(prefix="/v1/videos", tags=["videos"])
_HEAD, _CHUNK, _POLL_SECONDS, _ALIVE_SECONDS = 512, 1 << 20, 0.25, 15.0
_Form = Annotated[Literal["json", "ndjson", "csv", "png"] | None, Query(description="Instead of Accept.")]
_JOB: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {}}}}
_ACCEPTED: dict[int | str, dict[str, Any]] = {202: {"content": {"application/json": {}}}}


@router.post("", status_code=202, responses=_ACCEPTED, openapi_extra=photo_body("video"))
async def post(request: Request, query: Annotated[VideoOptions, Query()]) -> Response:
    """Read a video: answers with a job, which goes on without the client."""
    worker = worker_of(request)
    kind = content_type(request)
    if kind == FORM:
        async with sent(request, worker.limits, ("video/",), query.name) as upload:
            state = await _from_form(worker, upload, query)
    elif kind.startswith("video/") or kind == RAW:
        await run_in_threadpool(worker.readers.of, query)
        state = await _from_body(worker, request, query)
    else:
        raise Problem(415, f"The content type must be multipart/form-data or video/*. Got {kind or 'none'!r}.")
    return JSONResponse(state.to_dict(), 202, {"Location": f"/v1/videos/{state.id}"})


async def _from_form(worker: Worker, upload: Sent, query: VideoOptions) -> State:
    options = upload.options(query)
    upload.check_count(1, 1)
    await run_in_threadpool(worker.readers.of, options)
    return await run_in_threadpool(_take, worker.jobs, upload.files[0], options)


def _take(jobs: Jobs, upload: Upload, options: VideoOptions) -> State:
    assert not isinstance(upload.content, bytes)
    source = upload.content.file
    source.seek(0)
    head = source.read(_HEAD)
    state, path = jobs.new(upload.name, video_suffix(head, upload.name))
    try:
        with path.open("wb") as file:
            file.write(head)
            shutil.copyfileobj(source, file, _CHUNK)
    except BaseException:
        jobs.discard(state.id)
        raise
    jobs.start(state, path, options)
    return state


async def _from_body(worker: Worker, request: Request, options: VideoOptions) -> State:
    """A job of the raw body, which goes to the disk as it comes."""
    parts, head, name = request.stream(), b"", file_name(options.name)
    async for part in parts:
        head += part
        if len(head) >= _HEAD:
            break
    state, path = worker.jobs.new(name, video_suffix(head[:_HEAD], name))
    try:
        with path.open("wb") as file:
            await run_in_threadpool(file.write, head)
            async for part in parts:
                await run_in_threadpool(file.write, part)
    except BaseException:
        worker.jobs.discard(state.id)
        raise
    worker.jobs.start(state, path, options)
    return state


@router.get("")
async def listed(request: Request) -> list[dict[str, Any]]:
    """All jobs of this server, newest first."""
    return [state.to_dict() for state in await run_in_threadpool(worker_of(request).jobs.all)]


@router.get("/{number}", responses=_JOB)
async def state(request: Request, number: str) -> dict[str, Any]:
    """The state of a job."""
    return worker_of(request).jobs.state(number).to_dict()


@router.delete("/{number}", status_code=204)
async def delete(request: Request, number: str) -> Response:
    """Stop a job and remove all of it."""
    await run_in_threadpool(worker_of(request).jobs.remove, number)
    return Response(status_code=204)


@router.get("/{number}/progress")
async def progress(request: Request, number: str) -> Response:
    """The state of a job as server-sent events, until it ends."""
    worker = worker_of(request)
    worker.jobs.state(number)
    return StreamingResponse(_events(worker, number), media_type="text/event-stream")


async def _events(worker: Worker, number: str) -> AsyncIterator[str]:
    last, quiet = "", 0.0
    while not worker.stopping:
        try:
            state = worker.jobs.state(number)
        except Problem as problem:  # removed
            yield _event("end", {"id": number, "state": "stopped", "reason": problem.detail})
            return
        data = json.dumps(state.to_dict())
        if data != last:
            last, quiet = data, 0.0
            yield _event("state", state.to_dict())
        if state.state in ENDS:
            yield _event("end", state.to_dict())
            return
        if quiet >= _ALIVE_SECONDS:
            quiet = 0.0
            yield ": alive\n\n"  # finds out that the client is gone
        await asyncio.sleep(_POLL_SECONDS)
        quiet += _POLL_SECONDS


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


@router.get("/{number}/rows")
async def rows(request: Request, number: str, format: _Form = None) -> Response:
    """The rows of `mien analyze`."""
    form = form_of(request, format)
    path = worker_of(request).jobs.result(number, "rows")
    return StreamingResponse(text_of(read_rows(path), form), media_type=TYPES[form])


@router.get("/{number}/events")
async def events(request: Request, number: str, format: _Form = None) -> Response:
    """Onset, apex and offset of Action Units."""
    form = form_of(request, format)
    path = worker_of(request).jobs.result(number, "events")
    return StreamingResponse(_event_text(path, form), media_type=TYPES[form])


def _event_text(path: Path, form: str) -> Iterator[str]:
    return event_csv_lines(read_rows(path)) if form == "csv" else text_of(read_rows(path), form)


@router.get("/{number}/timeline")
async def timeline(request: Request, number: str, format: _Form = None) -> Response:
    """Units and emotion over time: numbers, or a picture of the face seen most."""
    form = form_of(request, format, ("json", "png"))
    jobs = worker_of(request).jobs
    if form == "png":
        return FileResponse(jobs.result(number, "timeline.png"), media_type=TYPES[form])
    place = jobs.result(number, "rows").parent
    text = await run_in_threadpool(timeline_text, place, jobs.state(number).name)
    return Response(text, media_type=TYPES[form])


@router.get("/{number}/annotated")
async def annotated(request: Request, number: str) -> Response:
    """The annotated video."""
    jobs = worker_of(request).jobs
    path = jobs.result(number, "annotated")
    return FileResponse(path, media_type="video/mp4", filename=f"{Path(jobs.state(number).name).stem}_annotated.mp4")


@router.get("/{number}/source")
async def source(request: Request, number: str) -> Response:
    """The video as it was sent, with ranges."""
    return FileResponse(worker_of(request).jobs.result(number, "source"))
