"""One summary a person of a clip: when seen, age, displayed emotions, Action Units and their events."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mien.expression.events import Event, EventFinder
from mien.faces import EMOTIONS, Age, Faces, Frame
from mien.faces.parts import Array
from mien.video.fusion import fuse_ages
from mien.video.slow_reads import MOST_READS

_LONGEST_S = 1.0  # a face that was away longer was not seen meanwhile


@dataclass(slots=True)
class Person:
    """What is known of one track of one clip so far.

    seconds: for which it was seen; a face holds until the next frame. shown_s (3,): of these, of each displayed
    emotion; units_s (K,): intensity times seconds; events: how many of each Action Unit.
    """

    source: str
    track_id: int
    first_s: float
    last_s: float
    frames: int = 0
    seconds: float = 0.0
    shown_s: Array = field(default_factory=lambda: np.zeros(3))
    codes: tuple[str, ...] = ()
    units_s: Array = field(default_factory=lambda: np.zeros(0))
    events: dict[str, int] = field(default_factory=dict)
    ages: list[Age] = field(default_factory=list)
    percentile: float | None = None

    def add(self, faces: Faces, row: int, time_s: float, hold_s: float, fused: bool) -> None:
        """Take its face in a frame, which holds for some seconds. fused: its age is that of all frames before too."""
        self.last_s, self.frames, self.seconds = time_s, self.frames + 1, self.seconds + hold_s
        if faces.emotion is not None:
            self.shown_s[int(faces.emotion.probability[row].argmax())] += hold_s
        if faces.action_units is not None:
            if not self.codes:
                self.codes, self.units_s = faces.action_units.codes, np.zeros(len(faces.action_units.codes))
            self.units_s += hold_s * faces.action_units.intensity[row]
        if faces.age is not None:
            age = faces.age[row : row + 1]
            self.ages = [age] if fused else [*self.ages, age]
        if faces.attractiveness is not None:
            percentile = float(faces.attractiveness.percentile[row])
            self.percentile = percentile if np.isfinite(percentile) else None

    def to_dict(self) -> dict[str, Any]:
        """One row with the same keys for all people of a run; None for what was not read."""
        age = self._age()
        seconds = max(self.seconds, 1e-9)
        shares = dict(zip(EMOTIONS, (self.shown_s / seconds).tolist(), strict=True))
        units = dict(zip(self.codes, (self.units_s / seconds).tolist(), strict=True))
        return {
            "source": self.source,
            "track_id": self.track_id,
            "first_s": self.first_s,
            "last_s": self.last_s,
            "seen_s": self.seconds,
            "frames": self.frames,
            **{f"age_{name}": value for name, value in age.items()},
            "attractiveness_percentile": self.percentile,
            **{f"share_{name}": share if self.shown_s.any() else None for name, share in shares.items()},
            **{f"{code}_mean": mean for code, mean in units.items()},
            **{f"{code}_events": self.events.get(code, 0) for code in self.codes},
        }

    def _age(self) -> dict[str, float | None]:
        names = ("value", "low", "high", "coverage")
        if not self.ages:
            return dict.fromkeys(names)
        # Neighboring frames show the same: reads that lie apart tell more, and as many as a followed track has.
        rows = np.unique(np.linspace(0, len(self.ages) - 1, MOST_READS).round().astype(int))
        columns = [np.concatenate([getattr(self.ages[row], name) for row in rows]) for name in names[:3]]
        fused = Age(*columns, self.ages[0].coverage)
        fused = fuse_ages(fused) if len(rows) > 1 else fused
        return {**{name: float(getattr(fused, name)[0]) for name in names[:3]}, "coverage": fused.coverage}


class PeopleFinder:
    """Sums up the people of clips while they run; those of a clip are complete when the next source begins.

    fused: whether ages of the frames are fused along the track, as those of `Analyzer.video` are unless `exact`.
    Memory holds the people of the clip that runs: some numbers each, and the age of each frame where not fused.
    """

    def __init__(self, *, fused: bool = True) -> None:
        self.fused = fused
        self._events = EventFinder()
        self._people: dict[int, Person] = {}
        self._last: tuple[Frame, float] | None = None
        self._usual_s = 0.04

    def update(self, frame: Frame) -> list[Person]:
        """Take the next frame; the people of the clip before, where this is of another source. Photos have none."""
        anew = self._last is not None and self._last[0].source != frame.source
        done = self.close() if anew else []
        if frame.time_s is None or frame.faces.track_id is None:
            return done
        self._settle(frame.time_s)
        self._count(self._events.update(frame))
        self._last = (frame, frame.time_s)
        return done

    def close(self) -> list[Person]:
        """The people of the clip that ran, in the order in which they came; the finder is then as new."""
        self._settle(None)
        self._count(self._events.close())
        done = [self._people[track] for track in sorted(self._people)]
        self._people, self._last = {}, None
        return done

    def _settle(self, time_s: float | None) -> None:
        """Add the last frame, which held until now, or for as long as a frame usually does at the end."""
        if self._last is None:
            return
        frame, start_s = self._last
        if time_s is not None:
            self._usual_s = min(max(time_s - start_s, 0.0), _LONGEST_S)
        self._last = None
        tracks = frame.faces.track_id
        for row, track in enumerate([] if tracks is None else tracks.tolist()):
            if track >= 0:
                person = self._people.setdefault(track, Person(frame.source, track, start_s, start_s))
                person.add(frame.faces, row, start_s, self._usual_s, self.fused)

    def _count(self, events: Iterable[Event]) -> None:
        for event in events:
            person = self._people.get(event.track_id)
            if person is not None:
                person.events[event.code] = person.events.get(event.code, 0) + 1


def people_in(frames: Iterable[Frame], *, fused: bool = True) -> Iterator[Person]:
    """People of clips, such as `Analyzer.run` reads; each clip's when it has ended."""
    finder = PeopleFinder(fused=fused)
    for frame in frames:
        yield from finder.update(frame)
    yield from finder.close()
