import numpy as np
import pytest
import sklearn.datasets

from layerwise import datasets
from layerwise.errors import InputError


@pytest.mark.parametrize("name", datasets.names())
def test_every_named_set_loads_with_its_target_and_no_missing_values(name):
    data = datasets.load(name)
    assert data.name == name
    assert data.target in data.frame.columns
    assert data.task in {"binary", "multiclass", "regression"}
    assert sum(data.frame.null_count().row(0)) == 0
    assert data.source
    assert "\n" not in data.source


def test_breast_cancer_is_the_one_in_scikit_learn():
    data = datasets.load("breast_cancer")
    bunch = sklearn.datasets.load_breast_cancer()
    assert data.frame.columns == [*bunch.feature_names, "diagnosis"]
    np.testing.assert_array_equal(data.frame.drop("diagnosis").to_numpy(), bunch.data)
    assert list(data.frame["diagnosis"]) == [str(bunch.target_names[k]) for k in bunch.target]
    assert (data.frame["diagnosis"] == "malignant").sum() == 212  # Wolberg et al. 1995


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [("iris", 150, 4), ("wine", 178, 13), ("digits", 1797, 64), ("diabetes", 442, 10)],
)
def test_the_sets_have_the_published_sizes(name, rows, columns):
    assert datasets.load(name).frame.shape == (rows, columns + 1)


def test_a_mistyped_name_gets_the_nearest_one():
    with pytest.raises(InputError, match="did you mean 'breast_cancer'"):
        datasets.load("brest_cancer")


def test_column_names_are_the_real_ones():
    assert "petal width (cm)" in datasets.load("iris").frame.columns
    assert "pixel_0_0" in datasets.load("digits").frame.columns
    assert set(datasets.load("iris").frame["species"]) == {"setosa", "versicolor", "virginica"}
