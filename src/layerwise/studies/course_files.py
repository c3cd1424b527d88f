"""The course's own data files: data.mat (football) and the HDF5 files of cat pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from layerwise.errors import InputError
from layerwise.studies.arm import Examples

PICTURES = ("train_catvnoncat.h5", "test_catvnoncat.h5")
FOOTBALL = "data.mat"


def read_football(path: str) -> Examples:
    """data.mat, or a folder that holds it: X (m, 2), y (m, 1) to train, Xval and yval to test.

    Raises InputError where the file is missing, is no MATLAB file, or lacks one of the four.
    """
    from scipy import io

    file = _file(path, FOOTBALL)
    try:
        found = io.loadmat(file)
    except (OSError, ValueError, NotImplementedError, TypeError, io.matlab.MatReadError) as error:
        raise InputError(
            f"{file} cannot be read as a MATLAB file: {error}; expected the course's data.mat"
        ) from error
    missing = [name for name in ("X", "y", "Xval", "yval") if name not in found]
    if missing:
        held = ", ".join(name for name in found if not name.startswith("__")) or "nothing"
        raise InputError(f"{file} has no {', '.join(missing)}; it holds {held}; expected X, y, Xval and yval")
    return _checked(found["X"], found["y"], found["Xval"], found["yval"], file)


def read_pictures(path: str) -> Examples:
    """The folder of train_catvnoncat.h5 and test_catvnoncat.h5, or either file: pixels / 255, cat or not.

    A picture of 64 by 64 pixels and 3 colours is a row of 12,288 numbers. Raises InputError where a file is
    missing or is no such file, or h5py is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise InputError(
            "the cat pictures are HDF5 files, which need h5py: pip install 'layerwise[course]'"
        ) from error
    folder = Path(path)
    if folder.name in PICTURES:
        folder = folder.parent
    arrays: list[Any] = []
    for name, part in zip(PICTURES, ("train", "test"), strict=True):
        file = _file(str(folder), name)
        try:
            with h5py.File(file) as held:
                arrays += [held[f"{part}_set_x"][:], held[f"{part}_set_y"][:]]
        except (OSError, KeyError) as error:
            raise InputError(
                f"{file} cannot be read: {error}; expected an HDF5 file with {part}_set_x and {part}_set_y"
            ) from error
    X, y, X_test, y_test = arrays
    X, X_test = (pictures.reshape(len(pictures), -1) / 255.0 for pictures in (X, X_test))
    return _checked(X, y, X_test, y_test, folder)


def _file(path: str, name: str) -> Path:
    file = Path(path)
    if file.is_dir():
        file = file / name
    if not file.is_file():
        raise InputError(f"there is no file {file}; --data takes the course's {name} or the folder it is in")
    return file


def _checked(X: Any, y: Any, X_test: Any, y_test: Any, where: Path) -> Examples:
    for one, other in ((X, y), (X_test, y_test)):
        rows, labels = np.shape(one)[0], np.asarray(other).reshape(-1)
        if len(labels) != rows or not np.isin(labels, (0, 1)).all():
            raise InputError(
                f"{where} holds {rows} examples and {len(labels)} labels; expected a label of 0 or 1 for each"
            )
    if np.shape(X)[1] != np.shape(X_test)[1]:
        raise InputError(
            f"{where} has {np.shape(X)[1]} inputs to train and {np.shape(X_test)[1]} to test; "
            "expected the same"
        )
    return Examples.of(X, np.reshape(y, -1), X_test, np.reshape(y_test, -1), f"the course's {where.name}")
