import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.dummy import DummyClassifier, DummyRegressor

from layerwise.errors import InputError
from layerwise.evaluation import absent_metrics, baseline_metrics, evaluate


def some_rows(task, n=200, k=4, seed=0):
    draw = np.random.default_rng(seed)
    if task == "regression":
        y = draw.normal(10, 3, n)
        return y, y + draw.normal(0, 1, n), draw.integers(1, 4, n).astype(float)
    k = 2 if task == "binary" else k
    y = np.concatenate([np.arange(k), draw.integers(0, k, n - k)])
    score = np.exp(draw.normal(0, 1, (n, k)) + np.eye(k)[y])
    return y, score / score.sum(1, keepdims=True), draw.integers(1, 4, n).astype(float)


@pytest.mark.parametrize("weighted", [False, True])
def test_regression_metrics_are_those_of_scikit_learn(weighted):
    y, p, w = some_rows("regression")
    w = w if weighted else None
    found = evaluate("regression", y, p, weights=w)
    assert found == pytest.approx(
        {
            "r2": sk.r2_score(y, p, sample_weight=w),
            "rmse": sk.mean_squared_error(y, p, sample_weight=w) ** 0.5,
            "mae": sk.mean_absolute_error(y, p, sample_weight=w),
            "median_absolute_error": sk.median_absolute_error(y, p, sample_weight=w),
        }
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_binary_metrics_are_those_of_scikit_learn(weighted):
    y, p, w = some_rows("binary")
    w = w if weighted else None
    chosen = p.argmax(1)
    assert evaluate("binary", y, p, weights=w) == pytest.approx(
        {
            "accuracy": sk.accuracy_score(y, chosen, sample_weight=w),
            "balanced_accuracy": sk.balanced_accuracy_score(y, chosen, sample_weight=w),
            "roc_auc": sk.roc_auc_score(y, p[:, 1], sample_weight=w),
            "log_loss": sk.log_loss(y, p, sample_weight=w),
            "f1": sk.f1_score(y, chosen, sample_weight=w),
            "brier": sk.brier_score_loss(y, p[:, 1], sample_weight=w),
        }
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_multiclass_metrics_are_those_of_scikit_learn(weighted):
    y, p, w = some_rows("multiclass")
    w = w if weighted else None
    chosen, truth = p.argmax(1), np.eye(4)[y]
    assert evaluate("multiclass", y, p, weights=w) == pytest.approx(
        {
            "accuracy": sk.accuracy_score(y, chosen, sample_weight=w),
            "balanced_accuracy": sk.balanced_accuracy_score(y, chosen, sample_weight=w),
            "roc_auc": sk.roc_auc_score(y, p, multi_class="ovr", average="macro", sample_weight=w),
            "log_loss": sk.log_loss(y, p, sample_weight=w),
            "f1": sk.f1_score(y, chosen, average="macro", sample_weight=w),
            "brier": np.average(((p - truth) ** 2).sum(1), weights=w),
        }
    )


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["binary", "multiclass", "regression"]), st.integers(0, 10_000), st.integers(6, 40))
def test_a_row_of_weight_w_counts_as_w_rows(task, seed, n):
    y, p, w = some_rows(task, n, 3, seed)
    copies = w.astype(int)
    once = evaluate(task, y, p, weights=w)
    several = evaluate(task, np.repeat(y, copies), np.repeat(p, copies, axis=0))
    once.pop("median_absolute_error", None)
    several.pop("median_absolute_error", None)
    assert once == pytest.approx(several)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["binary", "multiclass", "regression"]), st.integers(0, 10_000), st.integers(4, 30))
def test_a_row_of_weight_zero_is_as_if_absent(task, seed, n):
    y, p, _ = some_rows(task, n, 3, seed)
    kept = np.random.default_rng(seed).random(n) < 0.6
    kept[0] = True
    assert evaluate(task, y, p, weights=kept.astype(float)) == pytest.approx(evaluate(task, y[kept], p[kept]))


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 6), st.integers(1, 12), st.integers(0, 10_000))
def test_every_number_is_finite_and_every_absence_explained_without_a_warning(k, n, seed):
    draw = np.random.default_rng(seed)
    task = "binary" if k == 2 else "multiclass"
    y = draw.integers(0, k, n)
    p = np.eye(k)[draw.integers(0, k, n)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate(task, y, p)
    assert np.isfinite(list(found.values())).all()
    json.dumps(found, allow_nan=False)
    everything = {"accuracy", "balanced_accuracy", "roc_auc", "log_loss", "f1", "brier"}
    assert everything - set(found) == set(absent_metrics(task, y, p))


def test_a_certain_and_wrong_answer_costs_the_largest_finite_log_loss():
    found = evaluate("binary", [0, 1], np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert found["log_loss"] == pytest.approx(-np.log(np.finfo(float).eps) / 2)


def test_an_absent_class_removes_the_area_and_names_the_class():
    y, p = [0, 0, 0], np.full((3, 2), 0.5)
    assert "roc_auc" not in evaluate("binary", y, p)
    assert "'benign'" in absent_metrics("binary", y, p, labels=["malignant", "benign"])["roc_auc"]


def test_r2_of_a_constant_target_is_absent_rather_than_made_up():
    assert "r2" not in evaluate("regression", [3.0, 3.0], [3.0, 2.0])
    assert "r2" in absent_metrics("regression", [3.0, 3.0], [3.0, 2.0])


def test_single_precision_probabilities_are_taken():
    y, p, _ = some_rows("multiclass")
    single = evaluate("multiclass", y, p.astype(np.float32))
    assert single == pytest.approx(evaluate("multiclass", y, p), rel=1e-5)


@pytest.mark.parametrize(
    ("task", "y", "p", "words"),
    [
        ("binry", [0, 1], [[1, 0], [0, 1]], "did you mean 'binary'"),
        ("binary", [0, 2], [[1, 0], [0, 1]], "class index 2 in row 1"),
        ("binary", [0, 1], [0.5, 0.5], "shape (n, 2)"),
        ("binary", [0, 1], [[0.2, 0.2], [0, 1]], "row 0"),
        ("binary", [0.0, 1.0], [[1, 0], [0, 1]], "class indices"),
        ("binary", [0, 1], [[np.nan, 1], [0, 1]], "not finite"),
        ("binary", [0], [[1, 0], [0, 1]], "1 rows"),
        ("regression", [], [], "at least 1"),
        ("regression", [1.0, np.inf], [1.0, 2.0], "first in row 1"),
        ("regression", [1.0, 2.0], [[1.0], [2.0]], "shape (n,)"),
    ],
)
def test_bad_rows_are_refused_with_what_and_where(task, y, p, words):
    with pytest.raises(InputError, match=r".*") as refused:
        evaluate(task, y, np.asarray(p, dtype=float))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("weights", "words"),
    [([1], "shape"), ([1, -1], "row 1"), ([0, 0], "every weight"), ([1, np.nan], "row 1")],
)
def test_bad_weights_are_refused(weights, words):
    with pytest.raises(InputError) as refused:
        evaluate("regression", [1.0, 2.0], [1.0, 2.0], weights=weights)
    assert words in str(refused.value)


def test_labels_must_match_the_columns_of_probabilities():
    with pytest.raises(InputError, match="3 labels for 2 columns"):
        evaluate("binary", [0, 1], [[1, 0], [0, 1]], labels=["a", "b", "c"])


def test_the_baseline_is_scikit_learns_dummy():
    y_train, y = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 2, 0])
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((6, 1)), y_train)
    expected = evaluate("multiclass", y, dummy.predict_proba(np.zeros((4, 1))))
    assert baseline_metrics("multiclass", y_train, y) == pytest.approx(expected)
    values, weights = np.array([1.0, 5.0, 6.0]), np.array([1.0, 2.0, 1.0])
    mean = DummyRegressor().fit(np.zeros((3, 1)), values, sample_weight=weights)
    expected = evaluate("regression", [2.0, 3.0], mean.predict(np.zeros((2, 1))))
    found = baseline_metrics("regression", values, [2.0, 3.0], train_weights=weights)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_asking_for_some_metrics_gives_those_and_no_others(task):
    y, p, w = some_rows(task)
    everything = evaluate(task, y, p, weights=w)
    for name, score in everything.items():
        assert evaluate(task, y, p, weights=w, metrics=[name]) == {name: score}
    with pytest.raises(InputError, match="has no metric 'acuracy'"):
        evaluate(task, y, p, metrics=["acuracy"])
