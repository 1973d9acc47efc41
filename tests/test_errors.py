"""Errors form the tree that the docstring draws, and say what was expected and what came."""

import ast
import builtins
import inspect
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mien import errors
from mien.errors import InputError, MediaError, MienError, MissingDependencyError, ModelError, SinkError, Words, expect

CLASSES = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, Exception)]


def drawn_tree():
    """Of each class in the docstring's tree the class that it hangs from, and its builtin base."""
    tree, parent = {}, "MienError"
    for line in errors.__doc__.splitlines():
        if match := re.match(r"(│   )?[├└]── (\w+)(?: \((\w+)\))?", line):
            inner, name, builtin = match.groups()
            tree[name] = (parent if inner else "MienError", builtin)
            parent = parent if inner else name
    return tree


def test_the_docstring_draws_every_class_and_no_other():
    assert {cls.__name__ for cls in CLASSES} - {"MienError"} == set(drawn_tree())


@pytest.mark.parametrize(("name", "bases"), [*drawn_tree().items()])
def test_each_class_has_the_bases_that_are_drawn(name, bases):
    parent, builtin = bases
    expected = (getattr(errors, parent), *([getattr(builtins, builtin)] if builtin else []))
    assert getattr(errors, name).__bases__ == expected
    assert not issubclass(MienError, (ValueError, ImportError, OSError))


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if cls is not MissingDependencyError])
def test_the_message_is_kept(cls):
    with pytest.raises(MienError, match=r"^why$"):
        raise cls("why")


def test_callers_may_catch_the_usual_python_errors():
    with pytest.raises(ValueError, match="wrong"):
        raise InputError("wrong")
    with pytest.raises(ImportError, match="pandas"):
        raise MissingDependencyError("Faces.to_dataframe", "pandas", "pandas")
    assert not any(issubclass(cls, ValueError) for cls in (MediaError, ModelError, SinkError))


def test_a_missing_package_is_named_with_the_command_that_installs_it():
    error = MissingDependencyError("Parquet", "pyarrow", "parquet")
    assert str(error) == (
        "Parquet needs the package 'pyarrow', which is not installed. Install it with: pip install 'mien[parquet]'"
    )


@pytest.mark.parametrize("error", [MediaError("cut off"), MissingDependencyError("Parquet", "pyarrow", "parquet")])
def test_errors_cross_between_processes(error):
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)


@pytest.mark.parametrize("condition", [True, 1, "yes"])
def test_expect_is_silent_where_the_condition_holds(condition):
    assert expect(condition, "name", "anything", None) is None


@pytest.mark.parametrize(
    ("actual", "shown"), [(0, "0"), ("a", "'a'"), ((1, 2), "(1, 2)"), (None, "None"), ([1.5], "[1.5]")]
)
def test_expect_says_what_was_expected_and_what_came(actual, shown):
    with pytest.raises(InputError) as caught:
        expect(False, "every", "a whole number", actual)
    assert str(caught.value) == f"'every' must be a whole number. Got {shown}."


def test_what_is_described_stands_without_quotes():
    with pytest.raises(InputError, match=r"^'X' must be finite\. Got NaN entries\.$"):
        expect(False, "X", "finite", Words("NaN entries"))
    assert pickle.loads(pickle.dumps(Words("a"))) == "a"


def test_no_text_that_mien_wrote_is_quoted_as_what_came():
    """The last argument of `expect` is a value of the caller's, or words."""
    quoted = []
    for path in Path(errors.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "expect" and len(node.args) == 4:
                actual = node.args[3]
                written = isinstance(actual, ast.JoinedStr) or isinstance(getattr(actual, "value", None), str)
                quoted += [f"{path.name}:{node.lineno}"] * written
    assert quoted == []


def test_errors_import_nothing_heavy():
    code = "import sys, mien.errors; print(sorted({'numpy', 'cv2', 'torch', 'onnxruntime', 'PIL'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
