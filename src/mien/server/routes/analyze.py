"""`POST /v1/analyze`: photos in, the rows of `mien analyze` out."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from mien.faces import Frame
from mien.schemas.row import FaceRow
from mien.server.answers import TYPES, form_of, picture_response, rows_response
from mien.server.examples import photo_body
from mien.server.photos import unless_gone
from mien.server.problems import Problem
from mien.server.readers import PhotoOptions
from mien.server.state import Worker, worker_of
from mien.server.uploads import Sent, sent
from mien.sinks.lines import json_line

router = APIRouter(prefix="/v1", tags=["photos"])
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A row a face, and one for a photo without a face or that cannot be read.",
        "model": list[FaceRow],
        "content": {
            "application/json": {},
            **{kind: {} for kind in list(TYPES.values())[1:]},
        },
    }
}


@router.post("/analyze", responses=_ANSWERS, response_class=Response, openapi_extra=photo_body("photos"))
async def analyze(request: Request, query: Annotated[PhotoOptions, Query()]) -> Response:
    """Find and read every face in photos: options and rows as of `mien analyze`."""
    worker = worker_of(request)
    form_of(request, query.format, tuple(TYPES))  # refused before anything is read
    async with AsyncExitStack() as stack:
        upload = await stack.enter_async_context(sent(request, worker.limits, ("image/",), query.name))
        options = upload.options(query)
        upload.check_count(1, worker.limits.photos)
        await run_in_threadpool(worker.readers.of, options)
        form = form_of(request, options.format, tuple(TYPES))
        if form == "ndjson":
            held = stack.pop_all()
            return StreamingResponse(_lines(worker, upload, options, held), media_type=TYPES[form])
        began = time.perf_counter()
        frames = await unless_gone(request, _read(worker, upload, options, form == "png"))
        if form == "png":
            response = await run_in_threadpool(_picture, frames)
        else:
            response = rows_response((row for frame in frames for row in frame.to_dicts()), form)
        response.headers["Server-Timing"] = f"read;dur={1e3 * (time.perf_counter() - began):.1f}"
        return response


async def _read(worker: Worker, upload: Sent, options: PhotoOptions, keep: bool) -> list[Frame]:
    """Frames of all photos. A raw body that is no photo is an error."""
    if keep and len(upload.files) != 1:
        raise Problem(422, f"'format' png must be asked for one photo. Got {len(upload.files)}; send them one by one.")
    if upload.raw or keep:
        return [await worker.photos.frame(upload.files[0], options, keep=keep)]
    several = len(upload.files) > 1
    return [frame async for frame in worker.photos.frames(upload.files, options, tell=several)]


async def _lines(worker: Worker, upload: Sent, options: PhotoOptions, held: AsyncExitStack) -> AsyncIterator[str]:
    async with held:
        async for frame in worker.photos.frames(upload.files, options, tell=True):
            yield "".join(map(json_line, frame.to_dicts()))


def _picture(frames: list[Frame]) -> Response:
    return picture_response(frames[0])
