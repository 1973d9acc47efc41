"""From Action Units to displayed emotions, named displays and events in time."""
