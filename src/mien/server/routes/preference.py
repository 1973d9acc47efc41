"""`/v1/compare`, `/v1/rank`, `/v1/taste`: which photo, by a pool of raters or by a person's own taste."""

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool

from mien.errors import InputError, Words, expect
from mien.faces import Frame
from mien.preference import Taste, informative_pairs
from mien.preference.comparison import compare_frames
from mien.preference.embedder import PhotoFace, photo_face
from mien.preference.personal import agreement
from mien.preference.ranking import Row, rank_rows, row_of
from mien.server.examples import form_body
from mien.server.photos import unless_gone
from mien.server.readers import Options
from mien.server.state import Worker, worker_of
from mien.server.uploads import Sent, sent

router = APIRouter(prefix="/v1", tags=["preference"])
_OPTIONS = Options(heads="expression,age,attractiveness")
_MOST_PHOTOS = 200
_Kept = TypeVar("_Kept")
_TARGET = {"first": 1.0, "tie": 0.5, "second": 0.0}
_TASTE = {"taste": "The content of a file of `mien taste fit`: your own taste instead of the pool's."}


class Fields(BaseModel):
    """Fields of the forms. taste: the content of a taste file."""

    model_config = ConfigDict(extra="forbid")

    taste: str = Field(default="", max_length=1_000_000)
    count: int = Field(default=30, ge=1, le=1000)
    seed: int = Field(default=0, ge=0, lt=1 << 32)
    answers: str = Field(default="[]", max_length=1_000_000)


class Answer(BaseModel):
    """Which of two photos is preferred."""

    model_config = ConfigDict(extra="forbid")

    first: str
    second: str
    preferred: Literal["first", "second", "tie"]


_ANSWERS = TypeAdapter(Annotated[list[Answer], Field(max_length=500)])


@router.post("/compare", openapi_extra=form_body("photos", _TASTE))
async def compare(request: Request) -> dict[str, Any]:
    """Which of two photos of a person, a and b in this order, would be preferred, and how sure that is."""
    worker = worker_of(request)
    async with sent(request, worker.limits, ()) as upload:
        upload.check_count(2, 2)
        taste = _taste(worker, upload.options(Fields()).taste)
        a, b = await _each(request, worker, upload, _itself)
        comparison = await run_in_threadpool(compare_frames, a, b, worker.readers.of(_OPTIONS).heads, taste)
    return comparison.to_dict()


@router.post("/rank", openapi_extra=form_body("photos", _TASTE))
async def rank(request: Request) -> list[dict[str, Any]]:
    """Photos of one person, best first, near-duplicates together."""
    worker = worker_of(request)
    async with sent(request, worker.limits, ()) as upload:
        upload.check_count(1, _MOST_PHOTOS)
        _check_names(upload)
        taste = _taste(worker, upload.options(Fields()).taste)
        read: list[Row] = await _each(request, worker, upload, row_of)
        rows = await run_in_threadpool(rank_rows, read, worker.readers.of(_OPTIONS).heads, taste)
    return [row.to_dict() | {"folder": ""} for row in rows]


@router.post("/taste/pairs", openapi_extra=form_body("photos", {**_TASTE, "count": "Pairs.", "seed": "Of chance."}))
async def pairs(request: Request) -> dict[str, Any]:
    """The pairs of photos whose comparison tells most of a person's taste."""
    worker = worker_of(request)
    async with sent(request, worker.limits, ()) as upload:
        upload.check_count(2, _MOST_PHOTOS)
        _check_names(upload)
        fields = upload.options(Fields())
        start = _taste(worker, fields.taste) or _prior(worker)
        faces = await _each(request, worker, upload, photo_face)
    z = {face.source: face.embedding for face in faces if face.embedding is not None}
    expect(len(z) > 1, "photos", "at least two with the face of an adult", len(z))
    chosen = await run_in_threadpool(_pairs, start, z, fields)
    photos = [{"source": face.source, "faces": face.faces, "note": face.note, "box": face.box} for face in faces]
    return {"pairs": chosen, "photos": photos}


def _pairs(start: Taste, z: dict[str, Any], fields: Fields) -> list[list[str]]:
    names = list(z)
    rows = informative_pairs(start, list(z.values()), fields.count, seed=fields.seed)
    return [[names[int(i)], names[int(j)]] for i, j in rows]


@router.post("/taste/fit", openapi_extra=form_body("photos", {**_TASTE, "answers": "JSON: first, second, preferred."}))
async def fit(request: Request) -> dict[str, Any]:
    """A person's taste, learned from answers about the photos of the form. Nothing of it is kept here."""
    worker = worker_of(request)
    async with sent(request, worker.limits, ()) as upload:
        upload.check_count(2, _MOST_PHOTOS)
        _check_names(upload)
        answers = _ANSWERS.validate_json(upload.options(Fields()).answers)
        faces = await _each(request, worker, upload, photo_face)
    return await run_in_threadpool(_fitted, _prior(worker), faces, answers)


def _fitted(prior: Taste, faces: Sequence[PhotoFace], answers: list[Answer]) -> dict[str, Any]:
    z = {face.source: face.embedding for face in faces if face.embedding is not None}
    used = [answer for answer in answers if answer.first in z and answer.second in z]
    expect(
        bool(used), "answers", "about photos of the form that have a face", Words(f"{len(answers)} of which none is")
    )
    first, second = [z[answer.first] for answer in used], [z[answer.second] for answer in used]
    target = [_TARGET[answer.preferred] for answer in used]
    mine = prior.fit(first, second, target)
    personal, pool = agreement(prior, first, second, target)
    shares = {"right": personal if np.isfinite(personal) else None, "pool_right": pool if np.isfinite(pool) else None}
    return {"taste": mine.to_dict(), "comparisons": len(used), **shares}


async def _each(request: Request, worker: Worker, upload: Sent, keep: Callable[[Frame], _Kept]) -> list[_Kept]:
    """What is kept of each photo; its picture is let go."""

    async def read() -> list[_Kept]:
        frames = worker.photos.frames(upload.files, _OPTIONS, keep=True)
        return [await run_in_threadpool(keep, frame) async for frame in frames]

    return await unless_gone(request, read())


def _itself(frame: Frame) -> Frame:
    return frame


def _check_names(upload: Sent) -> None:
    """Raise InputError unless each photo has a name of its own, by which answers call it."""
    names = [file.name for file in upload.files]
    expect(len(set(names)) == len(names), "photos", "files with different names", sorted(names)[:9])


def _prior(worker: Worker) -> Taste:
    """What is known of a person before any comparison."""
    card = worker.readers.of(_OPTIONS).heads[-1].model.card
    return Taste.from_decoding(card.decoding, card.name, card.values["sha256"])


def _taste(worker: Worker, text: str) -> Taste | None:
    """The taste of a field; None where it is empty."""
    if not text.strip():
        return None
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"'taste' must be the content of a file that 'mien taste fit' wrote. {error}.") from error
    card = worker.readers.of(_OPTIONS).heads[-1].model.card
    return Taste.from_dict(values, card.values["sha256"])
