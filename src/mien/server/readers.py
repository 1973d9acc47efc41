"""The networks of a worker, loaded once: every request reads with them under options of its own."""

from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mien.analyzer import Analyzer
from mien.expression.emotion import parse_evidence
from mien.runtime.heads import HEADS, OPEN_HEADS, choose_heads

_DETECTION = ("min_face", "score_threshold", "max_faces", "max_side")


class Options(BaseModel):
    """Options of `mien analyze`. evidence: the text of a YAML or JSON file of weights."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    heads: Annotated[str | None, Field(max_length=200, description="Comma-separated heads.")] = None
    open: Annotated[bool, Field(description="Only models that anyone may use for anything.")] = False
    displays: Annotated[bool, Field(description="Displayed pain and type of smile as well.")] = False
    min_face: Annotated[int, Field(ge=1, le=100_000, description="Smallest side of a face, in pixels.")] = 16
    score_threshold: Annotated[float, Field(gt=0, lt=1, description="How sure the detector must be.")] = 0.6
    max_faces: Annotated[int | None, Field(ge=1, description="Keep only the best of a picture.")] = None
    max_side: Annotated[int, Field(ge=64, le=4096, description="Shrink larger pictures for detection.")] = 1280
    evidence: Annotated[str, Field(max_length=100_000, description="Weights from units to emotion, YAML or JSON.")] = ""


class PhotoOptions(Options):
    """Options of photos. name: of a photo that is the raw body."""

    format: Annotated[Literal["json", "ndjson", "csv", "png"] | None, Field(description="Instead of Accept.")] = None
    name: Annotated[str, Field(max_length=255, description="Of a photo that is the raw body.")] = "photo"


class LiveOptions(Options):
    """Options of a live camera."""

    smooth: Annotated[float, Field(ge=0, le=60, description="Smooth over this many seconds.")] = 0.0
    neutral: Annotated[bool, Field(description="Subtract each person's resting baseline.")] = False


class VideoOptions(LiveOptions):
    """Options of videos."""

    every: Annotated[int, Field(ge=1, le=100_000, description="Look at each n-th frame.")] = 1
    annotate: Annotated[bool, Field(description="Make an annotated video.")] = True
    name: Annotated[str, Field(max_length=255, description="Of a video that is the raw body.")] = "video"


class Readers:
    """Analyzers of the embedded models, for the options of each request."""

    def __init__(self, threads: int | None = None) -> None:
        self._all = Analyzer([*HEADS, *OPEN_HEADS.values()], threads=threads)
        self._kept = lru_cache(64)(self._made)

    def of(self, options: Options) -> Analyzer:
        """The analyzer of a request. Raises InputError for heads and evidence that cannot be."""
        return self._kept(same_options(options))

    def _made(self, options: Options) -> Analyzer:
        named = None if options.heads is None else [head for head in options.heads.split(",") if head]
        heads = [str(head) for head in choose_heads(named, "open" if options.open else "any")]
        evidence = parse_evidence(options.evidence) if options.evidence.strip() else None
        detection: dict[str, Any] = {name: getattr(options, name) for name in _DETECTION}
        return self._all.with_options(heads, evidence=evidence, displays=options.displays, **detection)


def same_options(options: Options) -> Options:
    """The options that photos must share to be read together."""
    return Options(**options.model_dump(include=set(Options.model_fields)))
