"""Events of Action Units in a video: when a movement begins, is strongest, and is over."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mien.errors import expect
from mien.faces import Faces, Frame
from mien.facs import CODES, action_unit

_NEAR_S = 0.1  # neighbours further off than this do not smooth a sample
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Event:
    """One movement of one Action Unit of one face: times in seconds, intensities 0 to 5.

    onset_s is the first time at which the unit was on, offset_s the first at which it was off again, apex_s that
    of the highest intensity, lightly smoothed; peak_intensity was read at the apex, mean_intensity is the mean
    over time. open: the onset or the offset was not seen, since the face came, went or the video ended meanwhile.
    """

    track_id: int
    code: str
    onset_s: float
    apex_s: float
    offset_s: float
    peak_intensity: float
    mean_intensity: float
    open: bool = False
    source: str = ""

    @property
    def name(self) -> str:
        """What FACS calls the unit; empty for a unit that mien does not know."""
        return action_unit(self.code).name if self.code in CODES else ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values under the names of the output schema."""
        values = asdict(self)
        head = {"source": values.pop("source"), "track_id": values.pop("track_id")}
        return {**head, "action_unit": values.pop("code"), "name": self.name, **values}


@dataclass(frozen=True, slots=True)
class EventRule:
    """When a unit is on: from intensity `on`, where 1 is the first trace, until it falls below `off` (hysteresis).

    Times below `off`, or without a reading, that last at most max_gap_s seconds are bridged; what is then shorter
    than min_duration_s is left out.
    """

    on: float = 1.0
    off: float = 0.7
    min_duration_s: float = 0.1
    max_gap_s: float = 0.1

    def __post_init__(self) -> None:
        expect(math.isfinite(self.on), "on", "a finite intensity", self.on)
        expect(self.off <= self.on, "off", f"an intensity of at most 'on', {self.on}", self.off)
        for name in ("min_duration_s", "max_gap_s"):
            expect(getattr(self, name) >= 0, name, "a number of seconds of at least 0", getattr(self, name))


_USUAL = EventRule()


def find_events(
    time_s: ArrayLike, intensity: ArrayLike, rule: EventRule = _USUAL, *, code: str = "", track_id: int = 0
) -> list[Event]:
    """Events of one series: time_s (T,) rising, in seconds; intensity (T,) with NaN where nothing was read.

    A value holds until the next one. Raises InputError where the times do not rise or the shapes differ.

    >>> [event] = find_events(np.arange(10) / 10, [0, 0, 1, 2, 3, 2, 1, 0, 0, 0], code="AU12")
    >>> event.onset_s, event.apex_s, event.offset_s, event.peak_intensity, event.open
    (0.2, 0.4, 0.7, 3.0, False)
    """
    times, values = np.asarray(time_s, np.float64), np.asarray(intensity, np.float64)
    expect(times.ndim == 1 and bool((np.diff(times) > 0).all()), "time_s", "rising numbers (T,)", times)
    expect(bool(np.isfinite(times).all()), "time_s", "finite numbers (T,)", times)
    expect(values.shape == times.shape, "intensity", f"numbers of the shape {times.shape}", values.shape)
    series = _Series("", track_id, code, rule)
    ended = [series.update(t, value) for t, value in zip(times.tolist(), values.tolist(), strict=True)]
    return [event for event in (*ended, series.close()) if event]


def events_in(frames: Iterable[Frame], rule: EventRule = _USUAL) -> Iterator[Event]:
    """Events of all Action Units of all faces in the frames of videos, such as `Analyzer.video` gives, as they end."""
    finder = EventFinder(rule)
    for frame in frames:
        yield from finder.update(frame)
    yield from finder.close()


class EventFinder:
    """Finds events while a video runs; finds what `find_events` finds, track by track and unit by unit.

    A face that is away for longer than max_gap_s ends its events; so does the next source, or a time that is not
    after the last one. Photos have none. Memory holds the faces in view.
    """

    def __init__(self, rule: EventRule = _USUAL) -> None:
        self.rule = rule
        self._source = ""
        self._last_s = -math.inf
        self._tracks: dict[int, list[_Series]] = {}

    def update(self, frame: Frame) -> list[Event]:
        """Events that this frame shows to be over."""
        time_s = frame.time_s
        anew = frame.source != self._source or (time_s is not None and time_s <= self._last_s)
        done = self.close() if anew else []
        self._source = frame.source
        if time_s is None:
            return done
        expect(math.isfinite(time_s), "time_s", "a finite number of seconds", time_s)
        self._last_s = time_s
        return [*done, *self._follow(time_s, frame.faces)]

    def close(self) -> list[Event]:
        """The events that are still going on; the finder is then as new."""
        done = [event for track in self._tracks.values() for series in track if (event := series.close())]
        self._tracks, self._last_s = {}, -math.inf
        return done

    def _follow(self, time_s: float, faces: Faces) -> Iterator[Event]:
        seen = _intensities(faces)
        for track_id in seen.keys() - self._tracks.keys():
            self._tracks[track_id] = [_Series(self._source, track_id, code, self.rule) for code in seen[track_id]]
        for track_id, track in sorted(self._tracks.items()):
            values = seen.get(track_id, {})
            for series in track:
                if event := series.update(time_s, values.get(series.code, math.nan)):
                    yield event
            if not any(series.known for series in track):
                del self._tracks[track_id]


def _intensities(faces: Faces) -> dict[int, dict[str, float]]:
    """Intensity by unit, by track; nothing where no tracks are followed or no units read."""
    if faces.track_id is None or faces.action_units is None:
        return {}
    units = faces.action_units
    pairs = zip(faces.track_id.tolist(), units.intensity.tolist(), strict=True)
    return {track_id: dict(zip(units.codes, row, strict=True)) for track_id, row in pairs if track_id >= 0}


@dataclass(slots=True)
class _Run:
    """An event that goes on. dip_s: since when it may be over; area: integral of intensity up to there or to now."""

    onset_s: float
    open: bool
    area: float = 0.0
    dip_s: float | None = None
    dip_area: float = 0.0
    apex_s: float = 0.0
    peak: float = 0.0
    smoothed: float = -math.inf


class _Series:
    """One unit of one face, sample by sample: since it was last out of sight, the last two samples and the event."""

    def __init__(self, source: str, track_id: int, code: str, rule: EventRule) -> None:
        self.source, self.track_id, self.code, self.rule = source, track_id, code, rule
        self._reset()

    def _reset(self) -> None:
        self._before: tuple[float, float] | None = None
        self._last: tuple[float, float] | None = None
        self._lost_s: float | None = None
        self._run: _Run | None = None

    @property
    def known(self) -> bool:
        """Whether there was a sample since it was last out of sight."""
        return self._last is not None

    def update(self, time_s: float, value: float) -> Event | None:
        """Take a sample, NaN for none; the event that it shows to be over."""
        done = self._expire(time_s)
        if not math.isfinite(value):
            self._lost_s = time_s if self._lost_s is None else self._lost_s
            return done
        self._lost_s = None
        self._judge_last((time_s, value))
        self._switch(time_s, value)
        self._before, self._last = self._last, (time_s, value)
        return done

    def close(self) -> Event | None:
        """The event that still goes on; what comes next has no past."""
        self._judge_last(None)
        done = self._finish()
        self._reset()
        return done

    def _expire(self, time_s: float) -> Event | None:
        """End what a gap of now more than max_gap_s ends."""
        limit_s = self.rule.max_gap_s + _ROUNDING_S
        if self._lost_s is not None and time_s - self._lost_s > limit_s:
            return self.close()
        if self._run and self._run.dip_s is not None and time_s - self._run.dip_s > limit_s:
            return self._finish()
        return None

    def _judge_last(self, after: tuple[float, float] | None) -> None:
        """Add the last sample to the event: its area, and its claim to be the apex, smoothed by weights 1, 2, 1."""
        run, last = self._run, self._last
        if run is None or last is None:
            return
        held = 0.0 if after is None else last[1] * (after[0] - last[0])
        if run.dip_s is not None:
            run.dip_area += held
            return
        run.area += held
        near = [
            sample[1]
            for sample in (self._before, after)
            if sample and abs(sample[0] - last[0]) <= _NEAR_S + _ROUNDING_S
        ]
        smoothed = (2 * last[1] + sum(near)) / (2 + len(near))
        if smoothed > run.smoothed:
            run.apex_s, run.peak, run.smoothed = *last, smoothed

    def _switch(self, time_s: float, value: float) -> None:
        """Begin, go on, or perhaps end, by the two levels."""
        run = self._run
        if run is None:
            if value >= self.rule.on:
                self._run = _Run(time_s, open=self._last is None)
        elif value >= self.rule.on and run.dip_s is not None:
            run.area, run.dip_s, run.dip_area = run.area + run.dip_area, None, 0.0
        elif value < self.rule.off and run.dip_s is None:
            run.dip_s = time_s

    def _finish(self) -> Event | None:
        run, self._run = self._run, None
        if run is None or self._last is None:
            return None
        end_s = self._last[0] if run.dip_s is None else run.dip_s
        seconds = end_s - run.onset_s
        if seconds < self.rule.min_duration_s - _ROUNDING_S:
            return None
        mean = run.area / seconds if seconds > 0 else run.peak
        times = (run.onset_s, run.apex_s, end_s)
        whole = not run.open and run.dip_s is not None
        return Event(self.track_id, self.code, *times, run.peak, mean, not whole, self.source)
