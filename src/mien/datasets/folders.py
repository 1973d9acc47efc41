"""Datasets whose images are files: a manifest (CSV, TSV) beside them, or a folder for each class."""

import os
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv

from mien.datasets.base_table import Columns, FileTable
from mien.datasets.schema import check_distinct, is_missing
from mien.errors import InputError
from mien.media import PHOTO_SUFFIXES

IMAGE_COLUMNS = ("image", "path", "file")
SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
"""Names of folders that are splits, not classes."""
_MISSING = ["", "NaN", "nan"]
_TEXT_COLUMNS = (*IMAGE_COLUMNS, "id", "split", "age_group")


class ManifestTable(FileTable):
    """A CSV or TSV file with a column `image`, `path` or `file`: images, relative to `images` or to its own folder.

    The separator is a comma, a semicolon or a tab, whichever the first line has most of. Raises InputError for a
    file that cannot be read, without such a column, or whose image files are all absent.
    """

    kind = "manifest"

    def __init__(self, path: Path, images: Path | None = None) -> None:
        super().__init__(path)
        self.root = images or path.parent
        self._table = self._read()
        names = [name for name in IMAGE_COLUMNS if name in self._table.column_names]
        if not names:
            have = ", ".join(self._table.column_names)
            raise InputError(f"{str(path)!r} must have a column 'image', 'path' or 'file'. Got the columns {have}.")
        self._image = names[0]
        cells = self._table.column(names[0]).to_pylist()
        self.files = [None if is_missing(cell) else str(cell).strip() for cell in cells]
        self._check_some_exist()

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the manifest, and of names, sizes and times of the images."""
        return self._files_digest(self.path.read_bytes())

    def columns(self) -> Columns:
        """All columns; the images' names are called `file`."""
        rest = [name for name in self._table.column_names if name != self._image]
        columns = {name: self._table.column(name).to_numpy(zero_copy_only=False) for name in rest}
        return {**columns, "file": np.array([name or "" for name in self.files], object)}

    def _read(self) -> pa.Table:
        return read_manifest(self.path)

    def _check_some_exist(self) -> None:
        named = [name for name in self.files if name]
        if not named:
            raise InputError(f"{str(self.path)!r} must name at least one picture in {self._image!r}. Got none.")
        if not any((self.root / name).is_file() for name in named):
            raise InputError(
                f"The pictures of {str(self.path)!r} must lie below {str(self.root)!r}. Got none of {len(named)}, "
                f"such as {named[0]!r}; say where they are with 'images'."
            )


def read_manifest(path: Path) -> pa.Table:
    """A CSV or TSV file in UTF-8, whichever separator it has. Raises InputError when it is none."""
    try:
        with path.open("rb") as file:
            head = file.readline()
        separator = max((",", ";", "\t"), key=lambda mark: head.count(mark.encode()))
        # One block: Arrow settles the type of a column by the first one.
        block = csv.ReadOptions(block_size=min(max(path.stat().st_size + 1, 1 << 20), (1 << 31) - 1))
        convert = csv.ConvertOptions(
            column_types=dict.fromkeys(_TEXT_COLUMNS, pa.string()),
            strings_can_be_null=True,
            null_values=_MISSING,
        )
        parse = csv.ParseOptions(delimiter=separator, newlines_in_values=True)
        table = csv.read_csv(path, block, parse, convert)
        if pa.binary() in table.schema.types:  # Arrow's type for text that is no UTF-8
            raise pa.ArrowInvalid("it is in another encoding")
        check_distinct(table.column_names, path)
        numbers = _numeric(table)
        return _with_codes(table, csv.read_csv(path, block, parse, _as_texts(numbers))) if numbers else table
    except (OSError, pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise InputError(
            f"A manifest must be a readable CSV or TSV file in UTF-8. Got {str(path)!r}: {error}"
        ) from error


def _numeric(table: pa.Table) -> list[str]:
    """Names of the columns that Arrow took for numbers."""
    return [f.name for f in table.schema if pa.types.is_integer(f.type) or pa.types.is_floating(f.type)]


def _as_texts(names: list[str]) -> csv.ConvertOptions:
    """Read these columns letter by letter."""
    kinds = dict.fromkeys(names, pa.string())
    return csv.ConvertOptions(include_columns=names, column_types=kinds, strings_can_be_null=True, null_values=_MISSING)


def _with_codes(table: pa.Table, texts: pa.Table) -> pa.Table:
    """The table with those columns as texts that hold codes, such as '01': as numbers, two could be one."""
    for name in texts.column_names:
        if any(map(_is_code, texts.column(name).to_pylist())):
            table = table.set_column(table.column_names.index(name), name, texts.column(name))
    return table


def _is_code(text: str | None) -> bool:
    """Whether digits would not come back from the number they make: '007', or more than a float can hold."""
    digits = (text or "").lstrip("+-")
    return digits.isdecimal() and (len(digits) > 15 or (len(digits) > 1 and digits[0] == "0"))


class FolderTable(FileTable):
    """A folder of images: its sub-folders are classes, below `train`, `val` and `test` where these stand.

    Columns: `file`, `class` (missing for images outside a class), `split` where there are splits. Raises
    InputError for a folder without images.
    """

    kind = "image folder"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.root = path
        self.files = _pictures(path)
        if not self.files:
            raise InputError(f"{str(path)!r} must hold pictures, in a folder for each class. Got none.")
        self._parts = [name.split("/")[:-1] for name in self.files]
        tops = {parts[0].lower() if parts else "" for parts in self._parts}
        self._split = "train" in tops and tops <= set(SPLITS)

    @cached_property
    def fingerprint(self) -> str:
        """Digest of names, sizes and times of the images."""
        return self._files_digest(b"")

    def columns(self) -> Columns:
        """`file`, `class`, `split`."""
        depth = int(self._split)
        classes = [parts[depth] if len(parts) > depth else None for parts in self._parts]
        columns: Columns = {"file": np.array(self.files, object)}
        if any(classes):
            columns["class"] = np.array(classes, object)
        if self._split:
            columns["split"] = np.array([SPLITS[parts[0].lower()] for parts in self._parts], object)
        return columns


def _pictures(folder: Path) -> list[str]:
    """Images below a folder, as sorted paths with '/'; hidden files and folders are left out."""
    paths = []
    for base, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if Path(name).suffix.lower() in PHOTO_SUFFIXES and not name.startswith("."):
                paths.append((Path(base) / name).relative_to(folder).as_posix())
    return sorted(paths)
