"""Reading the lines that the models of the course print, and the data that the course trains on."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_circles, make_moons

LINE = re.compile(r"Cost after (?:iteration|epoch) (\d+): (\S+)")


def printed_costs(text: str) -> dict[int, float]:
    """{iteration: cost}; every line must be such a line."""
    matches = [LINE.fullmatch(line) for line in text.splitlines()]
    assert all(matches), text
    return {int(match[1]): float(match[2]) for match in matches if match}


def circles(rows: int, seed: int):
    """X (2, rows), Y (1, rows), as after np.random.seed(seed)."""
    X, y = make_circles(rows, noise=0.05, random_state=np.random.RandomState(seed))
    return X.T, y.reshape(1, -1)


def moons():
    """X (2, 300), Y (1, 300), as after np.random.seed(3)."""
    X, y = make_moons(300, noise=0.2, random_state=np.random.RandomState(3))
    return X.T, y.reshape(1, -1)


def _course_file(shared: Path, name: str) -> Path:
    path = shared / "data" / "course" / name
    if not path.is_file():
        pytest.skip(f"the course's own file is not at {path}")
    return path


def football(shared: Path):
    """X, Y, X_test, Y_test of the course's data.mat."""
    io = pytest.importorskip("scipy.io", reason="scipy.io reads data.mat")
    data = io.loadmat(_course_file(shared, "data.mat"))
    return data["X"].T, data["y"].T, data["Xval"].T, data["yval"].T


def cats(shared: Path):
    """X (12288, m) in [0, 1], Y (1, m), X_test, Y_test of the course's pictures."""
    h5py = pytest.importorskip("h5py", reason="h5py reads the cat pictures")
    arrays = []
    for part in ("train", "test"):
        with h5py.File(_course_file(shared, f"{part}_catvnoncat.h5")) as file:
            pictures, y = file[f"{part}_set_x"][:], file[f"{part}_set_y"][:]
        arrays += [pictures.reshape(len(pictures), -1).T / 255, y.reshape(1, -1)]
    return tuple(arrays)
