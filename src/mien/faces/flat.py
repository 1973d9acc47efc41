"""Nested results with one level of names."""

from typing import Any

_FLAT_LISTS = {"box": ("box_x1", "box_y1", "box_x2", "box_y2")}


def flatten(row: dict[str, Any]) -> dict[str, Any]:
    """One level of names for tables: `box_x1`, `pose_yaw`, `AU12_probability`, `age_low`.

    >>> flatten({"age": {"value": 30.0}, "action_units": {"AU12": {"intensity": 2.0}}, "box": [1, 2, 3, 4]})
    {'age_value': 30.0, 'AU12_intensity': 2.0, 'box_x1': 1, 'box_y1': 2, 'box_x2': 3, 'box_y2': 4}
    """
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name in _FLAT_LISTS and value is not None:
            flat.update(zip(_FLAT_LISTS[name], value, strict=True))
        elif isinstance(value, dict):
            prefix = "" if name == "action_units" else f"{name}_"
            flat.update({f"{prefix}{key}": part for key, part in flatten(value).items()})
        else:
            flat[name] = value
    return flat
