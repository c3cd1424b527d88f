"""Built-in data as tables, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerwise.datasets import plane
from layerwise.errors import InputError, nearest

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Dataset:
    """A table and what is known about it.

    frame: the columns, the target among them.  target: its name.
    task: "binary", "multiclass" or "regression".  source: where the figures come from, one line.
    """

    name: str
    frame: pl.DataFrame
    target: str
    task: str
    source: str


@dataclass(frozen=True)
class _Bundled:
    """How one of scikit-learn's sets becomes a table: its loader, the target's name, its labels if any."""

    loader: str
    target: str
    task: str
    source: str
    labelled: bool = False


_BUNDLED = {
    "breast_cancer": _Bundled(
        "load_breast_cancer",
        "diagnosis",
        "binary",
        "Breast Cancer Wisconsin (Diagnostic), Wolberg, Street and Mangasarian 1995, through scikit-learn",
        labelled=True,
    ),
    "diabetes": _Bundled(
        "load_diabetes",
        "progression",
        "regression",
        "Diabetes progression after one year, Efron et al. 2004, through scikit-learn",
    ),
    "digits": _Bundled(
        "load_digits",
        "digit",
        "multiclass",
        "Handwritten digits of 8 by 8 pixels, Alpaydin and Kaynak 1998, through scikit-learn",
    ),
    "iris": _Bundled(
        "load_iris", "species", "multiclass", "Iris flowers, Fisher 1936, through scikit-learn", labelled=True
    ),
    "wine": _Bundled(
        "load_wine",
        "cultivar",
        "multiclass",
        "Wines of three cultivars, Aeberhard and Forina 1991, through scikit-learn",
        labelled=True,
    ),
}

_DRAWN = {
    "circles": (plane.circles, ("x", "y"), "Two circles, drawn by scikit-learn's make_circles"),
    "football": (plane.football, ("x", "y"), "Headers after a goalkeeper's kick, drawn by layerwise"),
    "moons": (plane.moons, ("x", "y"), "Two half moons, drawn by scikit-learn's make_moons"),
}


def names() -> tuple[str, ...]:
    """The names that `load` takes, in alphabetical order."""
    return tuple(sorted([*_BUNDLED, *_DRAWN]))


def load(name: str) -> Dataset:
    """The built-in data set of this name.

    `load("breast_cancer").frame` has 569 rows, 30 measurements under their own names and the target
    "diagnosis" with the labels "malignant" and "benign". The plane's sets have columns "x", "y", "class".
    Raises InputError for a name that is not in `names()`.
    """
    import polars as pl

    if name in _DRAWN:
        draw, axes, source = _DRAWN[name]
        X, y = draw()
        frame = pl.DataFrame({axes[0]: X[:, 0], axes[1]: X[:, 1], "class": y})
        return Dataset(name, frame, "class", "binary", source)
    if name not in _BUNDLED:
        raise InputError(f"there is no built-in data set {name!r}; {nearest(name, names())}")
    return _bundled(name, _BUNDLED[name])


def _bundled(name: str, about: _Bundled) -> Dataset:
    import polars as pl
    import sklearn.datasets

    bunch = getattr(sklearn.datasets, about.loader)()
    data = {str(column): bunch.data[:, j] for j, column in enumerate(bunch.feature_names)}
    target = bunch.target
    if about.labelled:
        data[about.target] = [str(bunch.target_names[k]) for k in target]
    else:
        data[about.target] = target
    return Dataset(name, pl.DataFrame(data), about.target, about.task, about.source)
