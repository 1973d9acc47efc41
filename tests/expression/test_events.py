"""Events begin, peak and end where the movement does, streamed or at once, and never beyond what was seen."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mien.errors import InputError
from mien.expression.events import Event, EventFinder, EventRule, events_in, find_events
from mien.faces import ActionUnits, Faces, Frame
from mien.facs import CODES

NAN = float("nan")


def at(fps: float, values: Any) -> tuple[Any, Any]:
    """Times and values of a series at a frame rate."""
    return np.arange(len(values)) / fps, np.asarray(values, float)


def spans(events: list[Event]) -> list[tuple[float, float, float]]:
    return [(e.onset_s, e.apex_s, e.offset_s) for e in events]


def frame(time_s: float | None, rows: dict[int, Any], source: str = "v.mp4", codes: tuple[str, ...] = CODES) -> Frame:
    """A frame with the intensities (K,) of each track."""
    if not rows:
        return Frame(source, Faces.empty(), "no_face", time_s=time_s)
    n, intensity = len(rows), np.array([np.broadcast_to(row, len(codes)) for row in rows.values()], float)
    units = ActionUnits(intensity / 5, intensity, codes)
    faces = Faces(np.zeros((n, 4)), np.ones(n), np.zeros((n, 5, 2)), track_id=np.array(list(rows)), action_units=units)
    return Frame(source, faces, time_s=time_s)


def test_one_movement() -> None:
    time_s, value = at(10, [0, 0.9, 1.0, 2, 4, 3, 0.8, 0.7, 0.6, 0])
    (event,) = find_events(time_s, value, code="AU12", track_id=3)
    assert (event.track_id, event.code, event.name, event.open) == (3, "AU12", "lip corner puller", False)
    assert spans([event]) == [(0.2, 0.4, 0.8)]
    assert event.peak_intensity == 4
    assert event.mean_intensity == pytest.approx(np.mean(value[2:8]))


def test_known_movements_are_found_in_noise() -> None:
    rng = np.random.default_rng(1)
    time_s = np.arange(0, 60, 1 / 25)
    centers, width = np.array([5.0, 13, 22, 40, 51]), 1.0
    clean = 3.5 * np.exp(-(((time_s[:, None] - centers) / width) ** 2)).sum(1)
    found = find_events(time_s, np.clip(clean + rng.normal(0, 0.12, len(time_s)), 0, 5))
    assert len(found) == len(centers)
    half = {level: width * np.sqrt(np.log(3.5 / level)) for level in (1.0, 0.7)}
    assert [e.onset_s for e in found] == pytest.approx(centers - half[1.0], abs=0.12)
    assert [e.offset_s for e in found] == pytest.approx(centers + half[0.7], abs=0.12)
    assert [e.apex_s for e in found] == pytest.approx(centers, abs=0.4)
    assert [e.peak_intensity for e in found] == pytest.approx([3.5] * 5, abs=0.4)


def test_a_value_that_trembles_between_the_levels_is_one_event() -> None:
    value = [0, *[1.05, 0.75] * 20, 0, 0, 0, 0]
    assert len(find_events(*at(25, value))) == 1
    assert len(find_events(*at(25, value), EventRule(on=1.0, off=1.0, max_gap_s=0, min_duration_s=0))) == 20


@pytest.mark.parametrize(("frames", "count"), [(1, 0), (2, 0), (3, 1)])
def test_a_flash_is_no_event(frames: int, count: int) -> None:
    assert len(find_events(*at(25, [0] * 5 + [4] * frames + [0] * 5))) == count


@pytest.mark.parametrize("hole", [0.2, NAN])
@pytest.mark.parametrize(("frames", "count"), [(1, 1), (2, 1), (3, 2), (9, 2)])
def test_short_gaps_are_bridged(hole: float, frames: int, count: int) -> None:
    value = [0, 0] + [3] * 8 + [hole] * frames + [3] * 8 + [0] * 4
    found = find_events(*at(25, value))
    assert len(found) == count
    assert (found[0].onset_s, found[-1].offset_s) == (2 / 25, (18 + frames) / 25)
    assert [e.open for e in found] == [count == 2 and np.isnan(hole)] * count


def test_a_bridged_gap_counts_in_the_mean_and_is_no_end() -> None:
    value = [0, 2, 2, 2, 0.2, 2, 2, 0, 0, 0, 0]
    (event,) = find_events(*at(25, value))
    assert event.mean_intensity == pytest.approx(np.mean(value[1:7]))
    assert event.offset_s == 7 / 25


def test_what_was_not_seen_is_open() -> None:
    begun, ended, whole = ([2, 2, 2, 2, 0, 0, 0, 0], [0, 0, 0, 0, 2, 2, 2, 2], [0, 2, 2, 2, 2, 0])
    found = [find_events(*at(10, values)) for values in (begun, ended, whole)]
    assert [[e.open for e in one] for one in found] == [[True], [True], [False]]
    assert spans(found[1]) == [(0.4, 0.5, 0.7)]  # the sample before the onset lowers the first one


def test_one_frame_is_not_the_apex_of_a_noisy_plateau() -> None:
    time_s = np.arange(100) / 25
    value = np.where((time_s > 0.5) & (time_s < 3), 2 + 2 * np.exp(-(((time_s - 2) / 0.3) ** 2)), 0)
    value[20] = 4.2  # a flash at 0.8 s, higher than the movement at 2 s
    (event,) = find_events(time_s, value)
    assert event.apex_s == pytest.approx(2.0, abs=0.05)
    assert event.peak_intensity == pytest.approx(4.0, abs=0.05)


def test_frames_far_apart_do_not_smooth_each_other() -> None:
    value = [0, 4, 1, 3.5, 3.5, 3.5, 0]
    assert [find_events(*at(fps, value))[0].apex_s * fps for fps in (25, 1)] == [4, 1]


def test_uneven_times_weigh_by_time() -> None:
    time_s = [0, 1, 1.04, 1.5, 3.0, 3.01, 9.0]
    (event,) = find_events(time_s, [0, 2, 4, 1, 3, 0, 0])
    assert spans([event]) == [(1, 1.04, 3.01)]
    assert event.mean_intensity == pytest.approx((2 * 0.04 + 4 * 0.46 + 1 * 1.5 + 3 * 0.01) / 2.01)


@pytest.mark.parametrize("values", [[], [3], [NAN], [NAN] * 9, [0] * 9])
def test_nothing_to_find(values: list[float]) -> None:
    assert find_events(*at(25, values)) == []


def test_wrong_series_are_refused() -> None:
    with pytest.raises(InputError, match="'time_s' must be rising"):
        find_events([0, 1, 1], [0, 0, 0])
    with pytest.raises(InputError, match="'time_s' must be finite"):
        find_events([0, 1, np.inf], [0, 0, 0])
    with pytest.raises(InputError, match="'intensity'"):
        find_events([0, 1], [0, 0, 0])
    with pytest.raises(InputError, match="'off' must be an intensity of at most 'on'"):
        EventRule(on=1, off=2)
    with pytest.raises(InputError, match="'min_duration_s'"):
        EventRule(min_duration_s=-1)
    with pytest.raises(InputError, match="'time_s' must be a finite"):
        EventFinder().update(frame(NAN, {0: 1.0}))


def plain_events(time_s: Any, value: Any, rule: EventRule) -> list[tuple[float, float, bool]]:
    """Onset, offset, open, by whole series: cut at unknown stretches, switch, bridge, drop."""
    found = []
    for part in seen_parts(time_s, value, rule.max_gap_s):
        t, x = time_s[part], value[part]
        runs: list[list[float]] = []
        on = False
        for now, v in zip(t, x, strict=True):
            if not on and v >= rule.on:
                on = True
                runs.append([now, NAN])
            elif on and v < rule.off:
                on = False
                runs[-1][1] = now
        joined: list[list[float]] = []
        for run in runs:
            if joined and run[0] - joined[-1][1] <= rule.max_gap_s + 1e-6:
                joined[-1][1] = run[1]
            else:
                joined.append(run)
        for start, end in joined:
            last = t[-1] if np.isnan(end) else end
            if last - start >= rule.min_duration_s - 1e-6:
                found.append((start, last, bool(np.isnan(end) or start == t[0])))
    return found


def seen_parts(time_s: Any, value: Any, max_gap_s: float) -> list[Any]:
    """Numbers of the known samples, in parts between which nothing was known for too long."""
    known = np.flatnonzero(np.isfinite(value))
    cuts = [
        i + 1
        for i in range(len(known) - 1)
        if known[i + 1] > known[i] + 1 and time_s[known[i + 1]] - time_s[known[i] + 1] > max_gap_s + 1e-6
    ]
    return [part for part in np.split(known, cuts) if len(part)]


@pytest.mark.parametrize("seed", range(40))
def test_it_agrees_with_the_plain_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    time_s = np.cumsum(rng.choice([0.01, 0.04, 0.04, 0.09, 0.3], 300))
    value = np.repeat(rng.choice([0.0, 0.5, 0.8, 1.2, 3.0, NAN], 100, p=[0.2, 0.15, 0.15, 0.2, 0.2, 0.1]), 3)
    value = np.where(rng.random(300) < 0.1, NAN, value)
    rule = EventRule(max_gap_s=float(rng.choice([0.0, 0.1, 0.5])), min_duration_s=float(rng.choice([0.0, 0.1, 0.4])))
    found = find_events(time_s, value, rule)
    wanted = plain_events(time_s, value, rule)
    assert len(wanted) > 3
    assert [(e.onset_s, e.offset_s, e.open) for e in found] == wanted
    assert all(e.onset_s <= e.apex_s <= e.offset_s for e in found)
    assert all(e.peak_intensity == value[time_s == e.apex_s][0] >= rule.off for e in found)


def by_series(event: Event) -> tuple[Any, ...]:
    return event.track_id, event.code, event.onset_s


def test_streaming_finds_what_whole_series_give() -> None:
    rng = np.random.default_rng(3)
    time_s = np.cumsum(rng.uniform(0.02, 0.06, 400))
    steps = rng.normal(0, 1, (400, 3, len(CODES)))
    table = np.clip(np.cumsum(steps, 0) / 4 + 1, 0, 5)
    seen = np.repeat(rng.random((50, 3)) < 0.8, 8, 0) & (rng.random((400, 3)) < 0.95)
    table[~seen] = NAN
    frames = [frame(t, {i: row[i] for i in range(3) if ok[i]}) for t, row, ok in zip(time_s, table, seen, strict=True)]
    series = [(i, k, code) for i in range(3) for k, code in enumerate(CODES)]
    found = [find_events(time_s, table[:, i, k], code=code, track_id=i) for i, k, code in series]
    wanted = [replace(event, source="v.mp4") for events in found for event in events]
    assert len(wanted) > 100
    assert sorted(events_in(frames), key=by_series) == sorted(wanted, key=by_series)


def test_events_come_as_soon_as_they_are_over() -> None:
    finder = EventFinder()
    values = [0, 2, 2, 2, 2, 0, 0, 0, 0, 0]
    came = [len(finder.update(frame(i / 25, {7: v}, codes=("AU04",)))) for i, v in enumerate(values)]
    assert came == [0, 0, 0, 0, 0, 0, 0, 0, 1, 0]
    assert finder.close() == []


def test_a_track_that_ends_closes_its_events() -> None:
    finder = EventFinder()
    rows = [{0: 2.0}] * 10 + [{1: 2.0}] * 10  # after a cut the face has a new id
    found = [e for i, row in enumerate(rows) for e in finder.update(frame(i / 25, row, codes=("AU12", "X1")))]
    assert [(e.track_id, e.code, e.name, e.offset_s, e.open) for e in found] == [
        (0, "AU12", "lip corner puller", 9 / 25, True),
        (0, "X1", "", 9 / 25, True),
    ]
    assert [e.track_id for e in finder.close()] == [1, 1]
    assert finder.close() == []


def test_sources_are_kept_apart_and_photos_have_none() -> None:
    one = [frame(i / 25, {0: 2.0}, "a.mp4", ("AU12",)) for i in range(10)]
    photo = frame(None, {0: 2.0}, "p.jpg")
    two = [replace(f, source="b.mp4") for f in one]
    found = list(events_in([*one, photo, photo, *two, *two]))
    assert [e.source for e in found] == ["a.mp4", "b.mp4", "b.mp4"]
    assert [e.onset_s for e in found] == [0, 0, 0]
    assert list(events_in([photo, Frame("x.mp4", Faces.empty(), "error", "cut short")])) == []


def test_faces_without_tracks_or_units_give_none() -> None:
    whole = frame(0.0, {0: 3.0, -1: 3.0}, codes=("AU12",))
    bare = [replace(whole.faces, track_id=None), replace(whole.faces, action_units=None)]
    assert list(events_in(Frame("v", faces, time_s=i / 5) for i, faces in enumerate(bare * 5))) == []
    assert {e.track_id for e in events_in(replace(whole, time_s=i / 5) for i in range(9))} == {0}


def test_memory_holds_the_faces_in_view() -> None:
    finder = EventFinder()
    for i in range(2000):
        finder.update(frame(i / 25, {i // 5: 3.0, 10_000 + i // 5: 0.0}, codes=("AU12",)))
    assert len(finder._tracks) <= 4
    for i in range(2000, 2010):
        finder.update(frame(i / 25, {}))
    assert finder._tracks == {}


def test_a_row_of_a_table() -> None:
    row = Event(2, "AU06", 0.5, 1.0, 2.0, 3.0, 2.5, True, "v.mp4").to_dict()
    assert list(row.items()) == [
        ("source", "v.mp4"),
        ("track_id", 2),
        ("action_unit", "AU06"),
        ("name", "cheek raiser"),
        ("onset_s", 0.5),
        ("apex_s", 1.0),
        ("offset_s", 2.0),
        ("peak_intensity", 3.0),
        ("mean_intensity", 2.5),
        ("open", True),
    ]
