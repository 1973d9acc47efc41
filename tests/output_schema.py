"""Fields of a row of results, in order, as docs/output.md explains them."""

HEADS = ("pose", "action_units", "emotion", "age", "attractiveness", "attributes", "displays")
SCHEMA = [
    "source",
    "status",
    "frame",
    "time_s",
    "face",
    "track_id",
    "box",
    "score",
    "landmarks",
    "landmarks_68",
    *HEADS,
]
