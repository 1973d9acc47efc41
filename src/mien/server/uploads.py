"""Photos and fields of a request: forms, or one file as the raw body. What a client names is never opened."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from mien.server.problems import Problem
from mien.server.settings import Limits

FORM, RAW = "multipart/form-data", "application/octet-stream"
_FIELD_BYTES = 1_000_000
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent: its name, and what it holds, in memory or in a file without a name on the disk."""

    name: str
    content: bytes | UploadFile

    async def read(self) -> bytes:
        """All bytes."""
        if isinstance(self.content, bytes):
            return self.content
        await self.content.seek(0)
        return await self.content.read()


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request sent. raw: whether its body is one file."""

    files: list[Upload]
    fields: dict[str, str] = field(default_factory=dict)
    raw: bool = False

    def options(self, query: _Model) -> _Model:
        """The options of the query, changed by the fields of the form."""
        known = query.model_dump(exclude_unset=True)
        return type(query).model_validate({**known, **self.fields})

    def check_count(self, least: int, most: int) -> None:
        """Raise Problem unless so many files were sent."""
        if len(self.files) < least:
            raise Problem(422, f"The form must have at least {least} file(s) with a file name. Got {len(self.files)}.")
        if len(self.files) > most:
            raise Problem(413, f"The form must have at most {most} files. Got {len(self.files)}; send them in parts.")


def content_type(request: Request) -> str:
    """The content type of a request without its parameters; empty where it has none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


@asynccontextmanager
async def sent(request: Request, limits: Limits, kinds: Sequence[str], name: str = "photo") -> AsyncIterator[Sent]:
    """What a request sent; a form's files are gone afterwards. kinds: of raw bodies, such as 'image/'.

    Raises Problem: 400 for a broken form, 413 for too many files, 415 for another content type.
    """
    kind = content_type(request)
    if kind == FORM:
        try:
            # One more than may be: then the count is reported instead of a broken form.
            form = await request.form(max_files=limits.photos + 1, max_fields=64, max_part_size=_FIELD_BYTES)
        except MultiPartException as error:
            raise Problem(400, f"The form must be whole. {error.message}.") from error
        try:
            yield _of_form(form.multi_items())
        finally:
            await form.close()
    elif kind == RAW or kind.startswith(tuple(kinds)):
        yield Sent([Upload(file_name(name), await request.body())], raw=True)
    else:
        expected = ", ".join([FORM, *(f"{part}*" if part.endswith("/") else part for part in kinds), RAW])
        raise Problem(415, f"The content type must be one of {expected}. Got {kind or 'none'!r}.")


def _of_form(items: list[tuple[str, UploadFile | str]]) -> Sent:
    files, fields = [], {}
    for name, value in items:
        if isinstance(value, str):
            fields[name] = value
        else:
            files.append(Upload(file_name(value.filename or ""), value))
    return Sent(files, fields)


def file_name(name: str) -> str:
    r"""The last part of a client's name, printable; nothing is ever opened by it.

    >>> file_name("../../etc/passwd"), file_name("C:\\a\\b.jpg"), file_name("..")
    ('passwd', 'b.jpg', 'photo')
    """
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(character for character in last if character.isprintable()).strip()[:255]
    return "photo" if shown in ("", ".", "..") else shown
