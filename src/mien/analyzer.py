"""The main job: media in, faces out. Detect once, align once, run every head on one batch."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from mien.errors import MienError, expect
from mien.expression.displays import displays_of
from mien.expression.emotion import EvidenceModel
from mien.faces import SCORE_NUMBERS, Faces, Frame
from mien.geometry import CropTemplate, Image, align
from mien.media import Source, VideoFrame, find_sources, read_ahead, read_photo, read_video
from mien.parallel import run_in_processes
from mien.runtime.detector import Detector
from mien.runtime.devices import choose_device
from mien.runtime.heads import Head, choose_heads
from mien.runtime.landmarks import Landmarker
from mien.tracking import CutDetector, Tracker
from mien.video.follower import Follower, Sighting
from mien.video.slow_reads import SlowReads, is_slow
from mien.video.watch import Watch

Photo = str | PathLike[str] | NDArray[Any]
_READ_AHEAD = 3
_STALL_S = 10.0
_TOGETHER, _TOGETHER_PIXELS = 4, 1_000_000  # small frames of a file that the heads read at once
_MOST_WAITING = 64
CHILD_AGE = 14.0
"""Apparent age in years below which no attractiveness is given."""
_NO_CROPS: Image = np.zeros((0, 1, 1, 3), np.uint8)


class Analyzer:
    """Reads faces with the embedded models, offline.

    heads: which of 'expression', 'age', 'attractiveness' run, all by default; paths to .onnx files with cards work too.
    terms: 'open' loads only models that anyone may use for anything, see `mien models`.
    min_face, score_threshold, max_faces, max_side: see `Detector`. evidence: replaces the weights from Action
    Units to displayed emotion, see `load_evidence`. displays: whether the displayed pain expression and the type
    of smile are given too, see `mien.expression.displays`. threads: of each network.

    >>> import skimage.data
    >>> faces = Analyzer().photo(skimage.data.astronaut())
    >>> len(faces), faces[0].emotion.label
    (1, 'positive')
    """

    def __init__(
        self,
        heads: Iterable[str | Path] | None = None,
        *,
        terms: str = "any",
        min_face: int = 16,
        score_threshold: float = 0.6,
        max_faces: int | None = None,
        max_side: int = 1280,
        evidence: EvidenceModel | None = None,
        displays: bool = False,
        threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        several = heads is None or (isinstance(heads, Iterable) and not isinstance(heads, (str, PathLike)))
        expect(several, "heads", "a list of names or of .onnx files", heads)
        self.device = choose_device(device)
        self.detector = Detector(
            min_face=min_face,
            score_threshold=score_threshold,
            max_faces=max_faces,
            max_side=max_side,
            threads=threads,
            device=self.device,
        )
        self.landmarker = Landmarker(threads=threads, device=self.device)
        self.heads = [Head(head, threads, evidence, self.device) for head in choose_heads(heads, terms)]
        self.displays = displays
        self._given_evidence = evidence

    @property
    def options(self) -> dict[str, Any]:
        """What its numbers depend on, as JSON has it: networks, detection, weights of evidence, displays."""
        look = {name: getattr(self.detector, name) for name in ("min_face", "score_threshold", "max_faces", "max_side")}
        cards = [head.model.card for head in self.heads]
        given = self._given_evidence
        weights = "" if given is None else json.dumps(given.to_dict(), sort_keys=True)
        return {
            "heads": ", ".join(f"{card.name} ({card.values['sha256'][:8]})" for card in cards) or "none",
            **look,
            "evidence": f"of its own ({hashlib.sha256(weights.encode()).hexdigest()[:8]})" if given else "of the card",
            "displays": self.displays,
            "device": self.device,
        }

    def with_options(
        self,
        heads: Sequence[str] | None = None,
        *,
        evidence: EvidenceModel | None = None,
        displays: bool = False,
        **detection: Any,
    ) -> Self:
        """The same networks under other options, none of them loaded again.

        heads: names of cards among those that are loaded, all by default; detection: see `Detector`.
        Raises InputError for a head that is not loaded, and for values that cannot be.
        """
        loaded = {head.model.card.name: head for head in self.heads}
        chosen = list(loaded) if heads is None else list(heads)
        for name in chosen:
            expect(name in loaded, "heads", f"among {', '.join(loaded)}", name)
        other = copy(self)
        other.detector = self.detector.with_options(**detection)
        other.heads = [loaded[name].with_evidence(evidence) for name in chosen]
        other.displays, other._given_evidence = displays, evidence
        return other

    def photo(self, source: Photo) -> Faces:
        """Faces of one photo: a path, or an array as `read_photo` takes it. Raises MediaError for an unreadable one."""
        return self.images([source])[0]

    def images(self, images: Photo | Iterable[Photo]) -> list[Faces]:
        """Faces of photos, all of them in one batch: paths, or arrays as `read_photo` takes them."""
        pictures = [read_photo(image) for image in _several(images)]
        return [self._with_displays(faces) for faces, _ in self._analyze(pictures)]

    def photos(self, sources: Photo | Iterable[Photo], *, keep_image: bool = False) -> Iterator[Frame]:
        """One `Frame` a photo, in order; a photo that cannot be read becomes a frame with status 'error'."""
        names = (source if isinstance(source, np.ndarray) else str(source) for source in _several(sources))
        yield from self._photos((("<array>" if isinstance(n, np.ndarray) else n, n) for n in names), keep_image)

    def run(
        self,
        requests: Iterable[str | PathLike[str] | Source],
        *,
        recursive: bool = True,
        glob: str | None = None,
        every: int = 1,
        smooth: float = 0.0,
        neutral: bool = False,
        exact: bool = False,
        skip: Iterable[str] = (),
        keep_image: bool = False,
        workers: int = 1,
    ) -> Iterator[Frame]:
        """Everything that photos, folders, videos, 'webcam:0' or '-' (a list on standard input) hold.

        One `Frame` a photo and one a video frame; what cannot be read or gives nothing becomes a frame with status
        'error'. What a list names is read as it comes. requests: see `find_sources`.
        skip: names of sources to leave out. every, smooth, neutral, exact: see `video`. workers: processes that share
        the sources; the rows are the same, in the same order. Give the networks one thread each then.
        """
        _check_video_options(every, smooth)
        how: dict[str, Any] = {"every": every, "smooth": smooth, "neutral": neutral, "exact": exact}
        done = {skip} if isinstance(skip, str) else set(skip)
        sources = find_sources(requests, recursive=recursive, glob=glob)
        if workers != 1:
            yield from run_in_processes(self, sources, workers, done, **how, keep_image=keep_image)
            return
        photos: list[Source] = []
        for source in sources:
            new = source.name not in done
            if new and source.kind == "photo":
                photos.append(source)
            other = new and source.kind != "photo"
            if other or source.pause or len(photos) == _MOST_WAITING:
                yield from self._photos(((photo.name, photo.path) for photo in photos), keep_image)
                photos.clear()
            if other:
                yield from self._other_rows(source, keep_image, **how)
        yield from self._photos(((photo.name, photo.path) for photo in photos), keep_image)

    def video(
        self,
        source: str | PathLike[str] | int,
        *,
        every: int = 1,
        smooth: float = 0.0,
        neutral: bool = False,
        exact: bool = False,
        keep_image: bool = False,
    ) -> Iterator[Frame]:
        """Frames of a video file or camera, streamed, with track ids that last.

        Faces are followed by their landmarks, see `Follower`; age and attractiveness are read a few times a track and
        fused, see `SlowReads`. exact: read each frame as a photo instead, at several times the cost.
        every: look at each n-th frame. smooth: time constant in seconds, 0 for none; never across a cut.
        neutral: subtracts what each person's face shows at rest, see `NeutralBaseline`.
        Raises MediaError when the video cannot be read, or ends long before it should.
        """
        _check_video_options(every, smooth)
        name = f"webcam:{source}" if isinstance(source, int) else str(source)
        frames = read_ahead(read_video(source, every), _READ_AHEAD, _STALL_S if isinstance(source, int) else None)
        watch = Watch(smooth, neutral, self._evidence(), self.detector.score_threshold)
        live = isinstance(source, int)
        for frame, faces in self._each_frame(frames, watch) if exact else self._followed(frames, watch, live):
            seen = self._with_displays(faces)
            status = "ok" if len(seen) else "no_face"
            image = frame.image if keep_image else None
            yield Frame(name, seen, status, None, frame.index, frame.time_s, image)

    def follow(
        self, *, smooth: float = 0.0, neutral: bool = False, exact: bool = False
    ) -> Callable[[Image, float], Faces]:
        """What reads the frames of one video as they come: an image (H, W, 3) and its time in seconds, which rises, to
        faces with track ids that last. smooth, neutral, exact: see `video`.
        """
        _check_video_options(1, smooth)
        watch = Watch(smooth, neutral, self._evidence(), self.detector.score_threshold)
        sight = self._exact_sight(watch) if exact else self._followed_sight(watch)

        def read(image: Image, time_s: float) -> Faces:
            faces, crops, cut = sight(image, time_s)
            return self._with_displays(watch(faces, crops, image, time_s, cut))

        return read

    def _exact_sight(self, watch: Watch) -> Callable[[Image, float], tuple[Faces, Image, bool]]:
        """Faces and crops of a frame that is read as a photo is, and whether it follows a cut."""
        cuts = CutDetector()

        def sight(image: Image, time_s: float) -> tuple[Faces, Image, bool]:
            detected = self.detector.batch([image], Tracker.lowest_score)[0]
            detected = detected.select(watch.tracker.wants(detected, time_s))
            faces, crops = self._read([image], [detected])[0]
            return faces, crops, cuts.is_cut(image)

        return sight

    def _followed_sight(self, watch: Watch) -> Callable[[Image, float], tuple[Faces, Image, bool]]:
        """Faces and crops of a frame whose faces are followed by their landmarks, and whether it follows a cut."""
        follower = Follower(self.detector, self.landmarker)
        quick = self._read_slowly(watch)

        def sight(image: Image, time_s: float) -> tuple[Faces, Image, bool]:
            seen = follower.update(image, time_s)
            faces, crops = self._heads([image], [seen.faces], quick)[0]
            return faces, crops, seen.cut

        return sight

    def _read_slowly(self, watch: Watch) -> list[Head]:
        """Let the watch read slow heads a few times a track; the others, which read each frame."""
        slow = SlowReads([head for head in self.heads if is_slow(head)])
        watch.slow = lambda faces, image, time_s: _spare_children(slow.update(faces, image, time_s))
        return [head for head in self.heads if not is_slow(head)]

    def _each_frame(self, frames: Iterator[VideoFrame], watch: Watch) -> Iterator[tuple[VideoFrame, Faces]]:
        """Faces of frames that are all read as photos are."""
        sight = self._exact_sight(watch)
        for frame in frames:
            faces, crops, cut = sight(frame.image, frame.time_s)
            yield frame, watch(faces, crops, frame.image, frame.time_s, cut)

    def _followed(self, frames: Iterator[VideoFrame], watch: Watch, live: bool) -> Iterator[tuple[VideoFrame, Faces]]:
        """Faces that are followed by their landmarks, in a thread of its own, while the heads read earlier frames."""
        follower = Follower(self.detector, self.landmarker)
        quick = self._read_slowly(watch)
        sightings = ((frame, follower.update(frame.image, frame.time_s)) for frame in frames)
        for batch in read_ahead(_batches(sightings, 1 if live else _TOGETHER), 1):
            read = self._heads([frame.image for frame, _ in batch], [sight.faces for _, sight in batch], quick)
            for (frame, sight), (faces, crops) in zip(batch, read, strict=True):
                yield frame, watch(faces, crops, frame.image, frame.time_s, sight.cut)

    def _analyze(self, images: Sequence[Image]) -> list[tuple[Faces, Image]]:
        """Faces of each image, with the aligned crops (N, S, S, 3) of the first head."""
        return self._read(images, self.detector.batch(images))

    def _read(self, images: Sequence[Image], detected: Sequence[Faces]) -> list[tuple[Faces, Image]]:
        """What the detected faces of each image show, with the aligned crops of the first head."""
        return self._heads(images, self.landmarker(images, detected), self.heads)

    def _heads(
        self, images: Sequence[Image], placed: Sequence[Faces], heads: Sequence[Head]
    ) -> list[tuple[Faces, Image]]:
        """The faces of each image, known by their landmarks, with the columns of some heads; crops of the first."""
        count = [len(faces) for faces in placed]
        if not self.heads or not sum(count):
            return [(faces, _NO_CROPS) for faces in placed]
        first = self.heads[0].template
        cut: dict[CropTemplate, Image] = {}
        for template in (first, *(head.template for head in heads)):
            if template not in cut:
                pairs = zip(images, placed, strict=True)
                cut[template] = np.concatenate([align(i, f.landmarks, template) for i, f in pairs])
        # An image without a face has no columns that others would have to do without.
        everyone = Faces.concat([faces for faces in placed if len(faces)])
        for head in heads:
            everyone = head(everyone, cut[head.template])
        everyone = _spare_children(everyone)
        ends = np.cumsum(count)
        parts = [slice(int(end - n), int(end)) for n, end in zip(count, ends, strict=True)]
        return [(everyone.select(part), cut[first][part]) for part in parts]

    def _with_displays(self, faces: Faces) -> Faces:
        """Displays are computed last, from the final Action Units."""
        units = faces.action_units if self.displays else None
        return faces if units is None else replace(faces, displays=displays_of(units))

    def _evidence(self) -> EvidenceModel | None:
        """That of the last head that reads Action Units, whose columns stand in the end."""
        return next((head.evidence for head in reversed(self.heads) if head.evidence), None)

    def _photos(self, photos: Iterable[tuple[str, Any]], keep_image: bool) -> Iterator[Frame]:
        for name, reading in _decoded_ahead(photos):
            try:
                image = reading.result()
                faces = self.images([image])[0]
            except Exception as error:  # one broken photo never stops a run
                yield _failed(name, error)
            else:
                status = "ok" if len(faces) else "no_face"
                yield Frame(name, faces, status, image=image if keep_image else None)

    def _other_rows(self, source: Source, keep_image: bool, **options: Any) -> Iterator[Frame]:
        """Frames of a video or camera, or the reason why there is nothing to read."""
        if source.kind == "error":
            yield Frame(source.name, Faces.empty(), "error", source.reason)
            return
        target = str(source.path) if source.camera is None else source.camera
        try:
            for frame in self.video(target, keep_image=keep_image, **options):
                yield replace(frame, source=source.name)
        except Exception as error:  # one broken video never stops a run
            yield _failed(source.name, error)


def _several(photos: Photo | Iterable[Photo]) -> Iterable[Photo]:
    """A photo alone, a path or an array (H, W) or (H, W, C), as a list of one."""
    alone = photos.ndim < 4 if isinstance(photos, np.ndarray) else isinstance(photos, (str, PathLike))
    return cast(Iterable[Photo], [photos] if alone else photos)


def _check_video_options(every: int, smooth: float) -> None:
    expect(every >= 1, "every", "a whole number of at least 1", every)
    expect(smooth >= 0, "smooth", "a number of seconds of at least 0", smooth)


def _failed(name: str, error: Exception) -> Frame:
    """The row of a source that could not be read; errors that mien raises on purpose speak for themselves."""
    reason = str(error) if isinstance(error, MienError) else f"{type(error).__name__}: {error}"
    return Frame(name, Faces.empty(), "error", reason)


def _spare_children(faces: Faces) -> Faces:
    """The faces without an attractiveness score (NaN) where they look like children: the pools rated adults."""
    if faces.age is None or faces.attractiveness is None:
        return faces
    child, part = faces.age.value < CHILD_AGE, faces.attractiveness
    known = {name: getattr(part, name) for name in (*SCORE_NUMBERS, "embedding")}
    spared: dict[str, Any] = {
        name: np.where(child, np.nan, value.T).T for name, value in known.items() if value is not None
    }
    return replace(faces, attractiveness=replace(part, **spared))


def _batches(
    sightings: Iterable[tuple[VideoFrame, Sighting]], most: int
) -> Iterator[list[tuple[VideoFrame, Sighting]]]:
    """Frames together, large ones alone; what came before an error goes before it."""
    batch: list[tuple[VideoFrame, Sighting]] = []
    try:
        for frame, sight in sightings:
            batch.append((frame, sight))
            if len(batch) >= most or frame.image[..., 0].size > _TOGETHER_PIXELS:
                yield batch
                batch = []
    except Exception:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _decoded_ahead(photos: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, "Future[Image]"]]:
    """Photos decoded by another thread while the networks run, a few ahead, in order."""
    waiting: deque[tuple[str, Future[Image]]] = deque()
    with ThreadPoolExecutor(1) as pool:
        for name, photo in photos:
            waiting.append((name, pool.submit(read_photo, photo)))
            if len(waiting) > _READ_AHEAD:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
