"""From Action Units to displayed emotions, named displays and events in time."""

from mien.expression.displays import displays_of, pain_index, smile_type
from mien.expression.emotion import DISPLAYS, EvidenceModel, load_evidence
from mien.expression.events import Event, EventFinder, EventRule, events_in, find_events

__all__ = [
    "DISPLAYS",
    "Event",
    "EventFinder",
    "EventRule",
    "EvidenceModel",
    "displays_of",
    "events_in",
    "find_events",
    "load_evidence",
    "pain_index",
    "smile_type",
]
