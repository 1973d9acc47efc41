"""What the time line of a whole video needs, in bounded memory."""

from dataclasses import replace

from mien.drawing.picture import Drawing
from mien.drawing.timeline import most_seen, timeline
from mien.expression.events import Event, EventFinder
from mien.faces import Faces, Frame

_MOST_FRAMES = 4096  # some four for each column of pixels of a time line
_MOST_EVENTS = 8192


class Record:
    """Keeps the units, emotions and events of a video while it runs.

    Of a long video every second, fourth, ... frame is kept, and the longest events; all frames count for events.
    """

    def __init__(self) -> None:
        self._frames: list[Frame] = []
        self._events: list[Event] = []
        self._finder = EventFinder()
        self._seen, self._step = 0, 1

    def add(self, frame: Frame) -> None:
        """Take the next frame; its image is let go."""
        self._note(self._finder.update(frame))
        if self._seen % self._step == 0:
            self._frames.append(replace(frame, image=None, faces=_lean(frame.faces)))
        self._seen += 1
        if len(self._frames) > _MOST_FRAMES:
            self._frames, self._step = self._frames[::2], 2 * self._step

    def picture(self) -> Drawing | None:
        """The time line of the track seen most; None where neither units nor emotion were read of any."""
        self._note(self._finder.close())
        track = most_seen(self._frames)
        read = any(f.faces.action_units is not None or f.faces.emotion is not None for f in self._frames)
        return timeline(self._frames, track_id=track, events=self._events) if track is not None and read else None

    def _note(self, events: list[Event]) -> None:
        self._events += events
        if len(self._events) > _MOST_EVENTS:
            self._events.sort(key=lambda event: event.onset_s - event.offset_s)
            del self._events[_MOST_EVENTS // 2 :]


def _lean(faces: Faces) -> Faces:
    """What a time line shows of faces."""
    return Faces(
        faces.box,
        faces.score,
        faces.landmarks,
        track_id=faces.track_id,
        action_units=faces.action_units,
        emotion=faces.emotion,
    )
