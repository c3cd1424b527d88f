import numpy as np
import polars as pl
import pytest
from sklearn import inspection
from sklearn.linear_model import LinearRegression

from layerwise.errors import InputError
from layerwise.evaluation import importance, permutation_importance


@pytest.fixture
def linear():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(400, 3))
    y = 3 * x[:, 0] + x[:, 1] + draw.normal(0, 0.3, 400)
    model = LinearRegression().fit(x, y)
    frame = pl.DataFrame(x, schema=["strong", "weak", "none"])
    return model, frame, x, y


def test_importance_agrees_with_scikit_learns(linear):
    model, frame, x, y = linear
    found = permutation_importance(
        lambda f: model.predict(f.to_numpy()), frame, y, "regression", repeats=40, metric="r2"
    )
    expected = inspection.permutation_importance(model, x, y, n_repeats=40, random_state=0, scoring="r2")
    assert [i.column for i in found] == ["strong", "weak", "none"]
    for i, mean, std in zip(found, expected.importances_mean, expected.importances_std, strict=True):
        assert i.mean == pytest.approx(mean, abs=4 * std / np.sqrt(40) + 1e-3)
        assert i.std == pytest.approx(std, rel=0.6, abs=1e-3)


def test_a_column_that_the_model_does_not_read_gets_exactly_zero(linear):
    _, frame, _, y = linear
    frame = frame.with_columns(text=pl.Series(["é", None] * 200), when=pl.date(2024, 1, 1))
    found = permutation_importance(lambda f: f["strong"].to_numpy() * 3, frame, y, "regression")
    assert {i.column: (i.mean, i.std) for i in found if i.column != "strong"} == dict.fromkeys(
        ("weak", "none", "text", "when"), (0.0, 0.0)
    )
    assert found[0].column == "strong"
    assert found[0].mean > 0


def test_columns_of_every_kind_are_shuffled_with_their_missing_values():
    frame = pl.DataFrame(
        {
            "category": pl.Series(["a", "b", None, "b"] * 25, dtype=pl.Categorical),
            "flag": [True, False, None, True] * 25,
            "when": pl.Series(np.arange(100), dtype=pl.Date),
        }
    )
    y = np.tile([0, 1, 1, 1], 25)
    seen = []

    def predict(f):
        seen.append(f)
        sure = f["category"].cast(pl.String).fill_null("b").eq("b").to_numpy() * 0.8 + 0.1
        return np.column_stack([1 - sure, sure])

    found = permutation_importance(predict, frame, y, "binary", repeats=3)
    assert found[0].column == "category"
    assert [i.mean for i in found[1:]] == [0.0, 0.0]
    for f in seen[1:]:
        assert f.schema == frame.schema
        assert f["flag"].null_count() == 3 * frame["flag"].null_count()


def test_a_columns_figure_depends_on_the_seed_and_its_name_alone(linear):
    model, frame, _, y = linear

    def predict(f):
        return model.predict(f.select("strong", "weak", "none").to_numpy())

    everything = permutation_importance(predict, frame, y, "regression", seed=3)
    alone = permutation_importance(predict, frame, y, "regression", seed=3, columns=["weak"])
    other = permutation_importance(predict, frame, y, "regression", seed=4, columns=["weak"])
    assert alone[0] in everything
    assert alone != other


def test_no_more_rows_are_predicted_than_the_bound(linear, monkeypatch):
    model, frame, _, y = linear
    monkeypatch.setattr(importance, "MOST_PREDICTIONS", 2_000)
    predicted = 0

    def predict(f):
        nonlocal predicted
        predicted += f.height
        return model.predict(f.to_numpy())

    assert len(permutation_importance(predict, frame, y, "regression")) == 3
    assert predicted <= 2_000 + 400


def test_max_rows_bounds_each_prediction(linear):
    model, frame, _, y = linear
    heights = set()

    def predict(f):
        heights.add(f.height)
        return model.predict(f.to_numpy())

    permutation_importance(predict, frame, y, "regression", max_rows=50, repeats=2)
    assert heights == {50, 100}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"columns": ["strng"]}, "did you mean 'strong'"),
        ({"metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"metric": "accuracy"}, "has no metric"),
        ({"repeats": 0}, "at least 1"),
    ],
)
def test_bad_calls_are_refused(linear, options, words):
    model, frame, _, y = linear
    with pytest.raises(InputError) as refused:
        permutation_importance(lambda f: model.predict(f.to_numpy()), frame, y, "regression", **options)
    assert words in str(refused.value)
