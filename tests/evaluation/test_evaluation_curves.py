import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve as sklearn_calibration

from layerwise.evaluation import calibration_curve, confusion_matrix, residuals, roc_curves


def classes(n, k, seed=0):
    draw = np.random.default_rng(seed)
    y = np.concatenate([np.arange(k), draw.integers(0, k, n - k)])
    score = np.exp(draw.normal(0, 1, (n, k)) + np.eye(k)[y])
    return y, score / score.sum(1, keepdims=True)


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 5), st.integers(10, 60), st.integers(0, 1000))
def test_roc_areas_are_scikit_learns(k, n, seed):
    y, p = classes(n, k, seed)
    curves = roc_curves("binary" if k == 2 else "multiclass", y, p)
    expected = (
        [sk.roc_auc_score(y, p[:, 1])] if k == 2 else [sk.roc_auc_score(y == c, p[:, c]) for c in range(k)]
    )
    assert [curve.area for curve in curves] == pytest.approx(expected)


def test_a_long_roc_curve_is_thinned_without_moving_it():
    y, p = classes(20_000, 2)
    (curve,) = roc_curves("binary", y, p, points=200)
    assert len(curve.true_positive_rate) <= 200
    assert (curve.false_positive_rate[0], curve.true_positive_rate[0]) == (0, 0)
    assert (curve.false_positive_rate[-1], curve.true_positive_rate[-1]) == (1, 1)
    thinned = np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)
    assert thinned == pytest.approx(sk.roc_auc_score(y, p[:, 1]), abs=1e-3)


def test_a_class_that_does_not_occur_has_no_curve():
    y, p = classes(30, 3)
    y[y == 2] = 0
    assert [curve.label for curve in roc_curves("multiclass", y, p, labels=["a", "b", "c"])] == ["a", "b"]


def test_calibration_bins_are_scikit_learns_quantile_bins():
    y, p = classes(500, 2)
    observed, predicted = sklearn_calibration(y, p[:, 1], n_bins=10, strategy="quantile")
    found = calibration_curve("binary", y, p)
    assert found.observed == pytest.approx(observed, abs=0.03)
    assert found.predicted == pytest.approx(predicted, abs=0.03)
    assert found.rows.sum() == 500
    assert found.rows.min() >= 49
    assert (found.low <= found.observed).all()
    assert (found.observed <= found.high).all()


def test_probabilities_that_come_true_as_often_as_they_say_have_no_calibration_error():
    draw = np.random.default_rng(0)
    p = draw.random(200_000)
    y = (draw.random(200_000) < p).astype(int)
    assert calibration_curve("binary", y, np.column_stack([1 - p, p])).error < 0.01
    overconfident = np.where(p > 0.5, 0.99, 0.01)
    found = calibration_curve("binary", y, np.column_stack([1 - overconfident, overconfident]))
    assert found.error == pytest.approx(0.24, abs=0.01)
    assert len(found.rows) == 2


def test_multiclass_calibration_is_about_the_chosen_class():
    y, p = classes(300, 4)
    found = calibration_curve("multiclass", y, p)
    right = np.average(found.observed, weights=found.rows)
    assert right == pytest.approx(sk.accuracy_score(y, p.argmax(1)))


@pytest.mark.parametrize("weighted", [False, True])
def test_the_confusion_matrix_is_scikit_learns(weighted):
    y, p = classes(100, 4)
    weights = np.random.default_rng(1).random(100) if weighted else None
    expected = sk.confusion_matrix(y, p.argmax(1), sample_weight=weights)
    assert confusion_matrix("multiclass", y, p, weights=weights) == pytest.approx(expected)


def test_a_positive_residual_is_an_answer_that_is_too_high():
    assert list(residuals([1.0, 2.0], [3.0, 1.5]).residual) == [2.0, -0.5]
