"""What is missing is named, what is broken is not called missing, and what mien says itself passes."""

import pytest

from mien.cli.extra import needs
from mien.errors import BrokenDependencyError, MissingDependencyError, ModelError


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (
            ModuleNotFoundError("No module", name="lightning"),
            MissingDependencyError,
            "package 'lightning', which is not",
        ),
        (ImportError("libcudart.so.13: no such file"), BrokenDependencyError, "cannot be loaded: libcudart.so.13: no"),
        (BrokenDependencyError("OpenCV is empty"), BrokenDependencyError, "^OpenCV is empty$"),
        (ModelError("no card"), ModelError, "^no card$"),
        (KeyError("x"), KeyError, "x"),
    ],
)
def test_errors_of_imports(error: Exception, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told), needs("mien train", "train"):
        raise error
