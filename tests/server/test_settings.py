"""Limits by name."""

import pytest

from mien.errors import InputError
from mien.server.settings import Limits


def test_limits_are_changed_by_name():
    assert Limits().changed(["photos=3", "wait_seconds=0.5"]) == Limits(photos=3, wait_seconds=0.5)


@pytest.mark.parametrize(
    "text",
    ["photo=3", "photos", "photos=", "photos=x", "photos=0", "photos=-1", "wait_seconds=inf", "wait_seconds=nan"],
)
def test_wrong_limits(text):
    with pytest.raises(InputError, match="'limit' must be"):
        Limits().changed([text])
