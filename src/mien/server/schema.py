"""The rows as pydantic models, made from the one schema in `mien.faces.rows`."""

from types import NoneType, UnionType
from typing import Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from pydantic import BaseModel, ConfigDict, create_model

from mien.faces import FaceRow


def model_of(row: Any) -> type[BaseModel]:
    """A pydantic model of a typed dictionary, those inside it too; unknown keys are refused."""
    fields: dict[str, Any] = {}
    for name, kind in get_type_hints(row, include_extras=True).items():
        absent = get_origin(kind) is NotRequired
        inner = _converted(get_args(kind)[0] if absent else kind)
        fields[name] = (inner | None, None) if absent else (inner, ...)
    config = ConfigDict(extra="forbid")
    return create_model(row.__name__, __config__=config, __doc__=row.__doc__, **fields)


def _converted(kind: Any) -> Any:
    if is_typeddict(kind):
        return model_of(kind)
    parts = tuple(part if part is NoneType else _converted(part) for part in get_args(kind))
    if get_origin(kind) in (UnionType, Union):
        return Union[parts]  # noqa: UP007  (of parts that are known at run time alone)
    if get_origin(kind) in (list, dict, tuple):
        return get_origin(kind)[parts]
    return kind


FaceRowModel = model_of(FaceRow)
"""A row of results; `FaceRowModel.model_json_schema()` describes it."""
