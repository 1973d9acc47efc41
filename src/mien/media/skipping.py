"""Every n-th frame of a video file, where the decoder leaves out what no wanted frame needs: PyAV, where installed."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import MediaError
from mien.media.files import display_name
from mien.media.pixel_aspect import aspect_ratio, square_pixels

_WHOLE = 0.9  # part of the promised frames that a file must hold


class SkippingReader:
    """Every n-th frame of one file, by number, time in seconds and RGB picture, decoding no more than they need.

    Frames that no other refers to are dropped by the decoder, and groups of pictures without a wanted frame are not
    decoded at all. The packets are listed once without decoding, so that frames keep the numbers they have in the file.
    `can_read` says whether the file is of the plain kind that this is for: every packet with a time of its own, as many
    as promised, not turned; and whether PyAV is there.
    """

    def __init__(self, path: Path, every: int) -> None:
        self.path, self.every = path, every
        self._packets: list[tuple[int, bool]] = []
        self.can_read = find_spec("av") is not None and self._list()

    def _list(self) -> bool:
        """Whether time and key of all packets could be listed."""
        import av

        try:
            with av.open(str(self.path.absolute())) as container:
                stream = container.streams.video[0]
                packets = [packet for packet in container.demux(stream) if packet.size]
                self._packets = [(packet.pts, packet.is_keyframe) for packet in packets]  # type: ignore[misc]
                first = next(container.decode(stream), None) if container.seek(0) is None else None
        except (av.FFmpegError, IndexError, OSError):
            return False
        times = {pts for pts, _ in self._packets}
        whole = None not in times and len(times) == len(self._packets) >= max(1, _WHOLE * stream.frames)
        return whole and first is not None and not first.rotation

    def __iter__(self) -> Iterator[tuple[int, float, Any]]:
        """Number, time and picture (H, W, 3) of each wanted frame."""
        import av

        number = {pts: i for i, pts in enumerate(sorted(pts for pts, _ in self._packets))}
        wanted = {pts for pts, i in number.items() if i % self.every == 0}
        needed, count = needed_packets(self._packets, wanted), 0
        with av.open(str(self.path.absolute())) as container:
            stream = container.streams.video[0]
            start, tick_s = stream.start_time or 0, float(stream.time_base)
            ratio = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
            aspect = aspect_ratio(ratio.numerator, ratio.denominator) if ratio else 1.0
            for frame in self._decoded(container, stream, needed, wanted):
                if frame.pts in wanted:
                    count += 1
                    image = frame.to_ndarray(format="bgr24", interpolation="BICUBIC")  # as OpenCV does
                    image = square_pixels(np.ascontiguousarray(image[..., ::-1]), aspect)
                    yield number[frame.pts], 1000 * ((frame.pts - start) * tick_s) / 1000, image
        if count < _WHOLE * len(wanted):
            text = f"{display_name(self.path)!r} is damaged: {len(wanted) - count} of {len(wanted)} frames"
            raise MediaError(f"{text} could not be decoded. Copy it again from where it came.")

    def _decoded(self, container: Any, stream: Any, needed: list[bool], wanted: set[int]) -> Iterator[Any]:
        import av

        position = 0
        for packet in container.demux(stream):
            needs = not packet.size or needed[position]
            position += bool(packet.size)
            if not needs:
                continue
            # A packet without data empties the decoder.
            stream.codec_context.skip_frame = "DEFAULT" if not packet.size or packet.pts in wanted else "NONREF"
            try:
                yield from packet.decode()
            except av.FFmpegError:
                continue


def needed_packets(packets: list[tuple[int, bool]], wanted: set[int]) -> list[bool]:
    """Which packets, by time and whether they are key frames in the order of decoding, wanted frames may need.

    Of each group of pictures those up to its last wanted frame. Frames shown before the key frame of their group may
    also need the group before it.

    >>> needed_packets([(0, True), (1, False), (2, False), (3, True), (4, False), (5, True)], {0, 4})
    [True, False, False, True, True, False]
    """
    needed = [False] * len(packets)
    keys = [i for i, (_, key) in enumerate(packets) if key or i == 0]
    group_needed = False
    for start, end in reversed(list(zip(keys, [*keys[1:], len(packets)], strict=True))):
        last = max((i for i in range(start, end) if packets[i][0] in wanted), default=start - 1)
        last = end - 1 if group_needed else last
        needed[start : last + 1] = [True] * (last + 1 - start)
        group_needed = any(packets[i][0] in wanted and packets[i][0] < packets[start][0] for i in range(start, end))
    return needed
