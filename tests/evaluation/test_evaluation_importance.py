import numpy as np
import pytest
from sklearn import inspection
from sklearn.linear_model import LinearRegression

from layerwise.errors import InputError
from layerwise.evaluation import importance, permutation_importance

COLUMNS = {"strong": [0], "weak": [1], "none": [2]}


@pytest.fixture
def linear():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(400, 3))
    y = 3 * x[:, 0] + x[:, 1] + draw.normal(0, 0.3, 400)
    return LinearRegression().fit(x, y), x, y


def test_importance_agrees_with_scikit_learns(linear):
    model, x, y = linear
    found = permutation_importance(model.predict, x, COLUMNS, y, "regression", repeats=40, metric="r2")
    expected = inspection.permutation_importance(model, x, y, n_repeats=40, random_state=0, scoring="r2")
    assert [i.column for i in found] == ["strong", "weak", "none"]
    for i, mean, std in zip(found, expected.importances_mean, expected.importances_std, strict=True):
        assert i.mean == pytest.approx(mean, abs=4 * std / np.sqrt(40) + 1e-3)
        assert i.std == pytest.approx(std, rel=0.6, abs=1e-3)


def test_a_column_that_the_model_does_not_read_gets_exactly_zero(linear):
    _, x, y = linear
    columns = {**COLUMNS, "of no feature": []}
    found = permutation_importance(lambda rows: rows[:, 0] * 3, x, columns, y, "regression")
    assert {i.column: (i.mean, i.std) for i in found if i.column != "strong"} == dict.fromkeys(
        ("weak", "none", "of no feature"), (0.0, 0.0)
    )
    assert found[0].column == "strong"
    assert found[0].mean > 0


def test_the_features_of_a_column_are_shuffled_together_and_no_others():
    """Of each column the rows of its features that came in come out, in another order."""
    x = np.random.default_rng(0).random((100, 6))
    columns = {"one": [4], "three": [0, 1, 3], "two": [2, 5]}
    seen = []

    def predict(rows):
        seen.append(rows.copy())
        return rows[:, 1]

    found = permutation_importance(predict, x, columns, x[:, 1], "regression", repeats=3)
    assert (found[0].column, [i.mean for i in found[1:]]) == ("three", [0.0, 0.0])
    assert len(seen) == 4
    for rows, own in zip(seen[1:], columns.values(), strict=True):
        others = sorted(set(range(6)) - set(own))
        np.testing.assert_array_equal(rows[:, others], np.tile(x[:, others], (3, 1)))
        for part in rows.reshape(3, 100, 6):
            assert (part[:, own] != x[:, own]).any()
            assert sorted(map(tuple, part[:, own])) == sorted(map(tuple, x[:, own]))


def test_a_columns_figure_depends_on_the_seed_and_its_name_alone(linear):
    model, x, y = linear
    everything = permutation_importance(model.predict, x, COLUMNS, y, "regression", seed=3)
    alone = permutation_importance(model.predict, x, {"weak": [1]}, y, "regression", seed=3)
    other = permutation_importance(model.predict, x, {"weak": [1]}, y, "regression", seed=4)
    assert alone[0] in everything
    assert alone != other


def test_no_more_rows_are_predicted_than_the_bound(linear, monkeypatch):
    model, x, y = linear
    monkeypatch.setattr(importance, "MOST_PREDICTIONS", 2_000)
    predicted = 0

    def predict(rows):
        nonlocal predicted
        predicted += len(rows)
        return model.predict(rows)

    assert len(permutation_importance(predict, x, COLUMNS, y, "regression")) == 3
    assert predicted <= 2_000 + 400


def test_max_rows_bounds_each_prediction(linear):
    model, x, y = linear
    heights = set()

    def predict(rows):
        heights.add(len(rows))
        return model.predict(rows)

    permutation_importance(predict, x, COLUMNS, y, "regression", max_rows=50, repeats=2)
    assert heights == {50, 100}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"metric": "accuracy"}, "has no metric"),
        ({"repeats": 0}, "at least 1"),
    ],
)
def test_bad_calls_are_refused(linear, options, words):
    model, x, y = linear
    with pytest.raises(InputError) as refused:
        permutation_importance(model.predict, x, COLUMNS, y, "regression", **options)
    assert words in str(refused.value)


def test_rows_and_values_of_different_number_are_refused(linear):
    model, x, y = linear
    with pytest.raises(InputError, match="400 rows of features but y has 399"):
        permutation_importance(model.predict, x, COLUMNS, y[1:], "regression")
