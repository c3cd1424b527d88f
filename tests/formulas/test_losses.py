"""Losses against scipy, scikit-learn and PyTorch, their derivatives against central differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from sklearn import metrics

from layerwise.formulas.losses import (
    LOSSES,
    binary_cross_entropy,
    binary_cross_entropy_derivative,
    huber,
    huber_derivative,
    mean_over_examples,
    poisson,
    poisson_derivative,
    smooth_labels,
    softmax_cross_entropy,
    softmax_cross_entropy_derivative,
    squared_error,
    squared_error_derivative,
)

seeds = st.integers(0, 2**32 - 1)
targets = st.floats(0, 1)
EXTREMES = np.array([-1e4, -800.0, -1e-310, 0.0, 5e-324, 800.0, 1e4])


def distributions(generator, classes, examples):
    return generator.dirichlet(np.ones(classes), examples).T


def one_hot(labels, classes):
    return np.eye(classes)[labels].T


@given(z=st.floats(-1e4, 1e4), y=targets)
def test_binary_cross_entropy_is_scipys(z, y):
    expected = -(y * special.log_expit(z) + (1 - y) * special.log_expit(-z))
    assert binary_cross_entropy(np.float64(z), y) == pytest.approx(
        expected, rel=1e-12, abs=1e-15 * (1 + abs(z))
    )


@given(z=st.floats(-20, 20), y=targets)
def test_binary_cross_entropy_is_the_notes_formula_where_that_has_a_value(z, y):
    a = special.expit(z)
    expected = -(special.xlogy(y, a) + special.xlogy(1 - y, special.expit(-z)))
    assert binary_cross_entropy(np.float64(z), y) == pytest.approx(expected, rel=1e-9, abs=1e-14)


def test_binary_cross_entropy_is_sklearns_log_loss():
    generator = np.random.default_rng(2)
    z, y = generator.normal(0, 3, 200), generator.integers(0, 2, 200)
    weights = generator.exponential(1, 200)
    ours = mean_over_examples(binary_cross_entropy(z, y), weights)
    assert ours == pytest.approx(metrics.log_loss(y, special.expit(z), sample_weight=weights), rel=1e-12)


@given(seed=seeds, classes=st.integers(2, 6), size=st.floats(0, 1e4))
def test_softmax_cross_entropy_is_scipys(seed, classes, size):
    generator = np.random.default_rng(seed)
    Z, Y = size * generator.standard_normal((classes, 7)), distributions(generator, classes, 7)
    expected = -(Y * special.log_softmax(Z, axis=0)).sum(axis=0)
    ours = softmax_cross_entropy(Z, Y)
    assert ours.shape == (7,)
    np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-12)


def test_softmax_cross_entropy_is_sklearns_log_loss():
    generator = np.random.default_rng(3)
    Z, labels = generator.normal(0, 3, (4, 150)), generator.integers(0, 4, 150)
    weights = generator.exponential(1, 150)
    ours = mean_over_examples(softmax_cross_entropy(Z, one_hot(labels, 4)), weights)
    theirs = metrics.log_loss(labels, special.softmax(Z, axis=0).T, sample_weight=weights, labels=range(4))
    assert ours == pytest.approx(theirs, rel=1e-12)


def test_softmax_cross_entropy_of_two_classes_is_the_binary_one():
    generator = np.random.default_rng(4)
    Z, y = generator.normal(0, 5, (2, 60)), generator.random(60)
    np.testing.assert_allclose(
        softmax_cross_entropy(Z, np.stack([1 - y, y])), binary_cross_entropy(Z[1] - Z[0], y), rtol=1e-11
    )


def test_a_small_softmax_loss_is_not_lost_beside_a_large_pre_activation():
    Z = np.array([[1e4], [1e4 - 6]], dtype=np.float32)
    Y = np.array([[1], [0]], dtype=np.float32)
    assert softmax_cross_entropy(Z, Y)[0] == pytest.approx(np.log1p(np.exp(-6.0)), rel=1e-4)


@given(seed=seeds, smoothing=st.floats(0, 0.5))
def test_softmax_cross_entropy_is_never_negative_in_single_precision(seed, smoothing):
    generator = np.random.default_rng(seed)
    Z = (1e4 * generator.standard_normal((3, 20))).astype(np.float32)
    Y = smooth_labels(one_hot(generator.integers(0, 3, 20), 3).astype(np.float32), smoothing)
    assert (softmax_cross_entropy(Z, Y) >= 0).all()


@given(a=st.floats(-100, 100), y=st.floats(-100, 100), delta=st.floats(1e-3, 1e3))
def test_huber_is_scipys(a, y, delta):
    assert huber(a, y, delta) == pytest.approx(special.huber(delta, a - y), rel=1e-12, abs=1e-300)


def test_squared_error_is_half_of_sklearns():
    generator = np.random.default_rng(6)
    a, y, weights = generator.normal(0, 3, 80), generator.normal(0, 3, 80), generator.exponential(1, 80)
    ours = mean_over_examples(squared_error(a, y), weights)
    assert ours == pytest.approx(metrics.mean_squared_error(y, a, sample_weight=weights) / 2, rel=1e-13)


def test_poissons_loss_is_half_of_sklearns_deviance():
    generator = np.random.default_rng(5)
    z, y, weights = generator.normal(0, 2, 80), generator.poisson(3, 80), generator.exponential(1, 80)
    ours = mean_over_examples(poisson(z, y.astype(float)), weights)
    theirs = metrics.mean_poisson_deviance(y, np.exp(z), sample_weight=weights)
    assert ours == pytest.approx(theirs / 2, rel=1e-12)


@given(y=st.integers(0, 10**6))
def test_poissons_loss_is_least_and_zero_at_the_count_itself(y):
    z = np.log(y) if y else -800.0
    assert poisson(np.float64(z), float(y)) == pytest.approx(0, abs=1e-9 * (1 + y))
    assert poisson_derivative(np.float64(z), float(y)) == pytest.approx(0, abs=1e-9 * (1 + y))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_are_finite_at_extremes_and_keep_the_precision(dtype):
    S, Y = (grid.astype(dtype) for grid in np.meshgrid(EXTREMES, [0.0, 0.5, 1.0]))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for name, loss in LOSSES.items():
            settings = (0.7,) * len(loss.settings)
            targets = Y / Y.sum(axis=0) if name == "softmax_cross_entropy" else Y
            # A mean of exp(88) is beyond single precision, and so is the cost of such a prediction.
            taken_of = np.minimum(S, 80) if name == "poisson" else S
            values = loss.function(taken_of, targets, *settings)
            slopes = loss.derivative(taken_of, targets, *settings)
            assert np.isfinite(values).all(), name
            assert np.isfinite(slopes).all(), name
            assert (values >= 0).all(), name
            assert values.dtype == slopes.dtype == dtype, name


def test_a_sure_and_right_answer_costs_nothing_and_a_sure_and_wrong_one_its_distance():
    assert binary_cross_entropy(np.array([1e4, -1e4]), np.array([1.0, 0.0])).tolist() == [0, 0]
    assert binary_cross_entropy(np.array([1e4, -1e4]), np.array([0.0, 1.0])).tolist() == [1e4, 1e4]
    Z = np.array([[1e4, 1e4], [-1e4, -1e4]])
    assert softmax_cross_entropy(Z, np.array([[1.0, 0], [0, 1.0]])).tolist() == [0, 2e4]


@pytest.mark.parametrize(
    ("loss", "derivative"),
    [
        (binary_cross_entropy, binary_cross_entropy_derivative),
        (squared_error, squared_error_derivative),
        (lambda z, y: poisson(z / 10, y), lambda z, y: poisson_derivative(z / 10, y) / 10),
        (lambda a, y: huber(a, y, 0.8), lambda a, y: huber_derivative(a, y, 0.8)),
    ],
    ids=["binary_cross_entropy", "squared_error", "poisson", "huber"],
)
@given(s=st.floats(-30, 30), y=targets)
def test_elementwise_derivatives_match_central_differences(loss, derivative, s, y):
    step = 1e-5
    s = np.float64(s)
    slope = (loss(s + step, y) - loss(s - step, y)) / (2 * step)
    # Huber's derivative bends where |a - y| = delta, which costs step / 4 there.
    allowed = step if abs(abs(s - y) - 0.8) <= step else 1e-8
    assert derivative(s, y) == pytest.approx(slope, rel=1e-6, abs=allowed)


@given(seed=seeds, classes=st.integers(1, 5))
def test_the_softmax_derivative_matches_central_differences(seed, classes):
    generator = np.random.default_rng(seed)
    Z, Y, step = generator.normal(0, 3, (classes, 1)), distributions(generator, classes, 1), 1e-5
    shifts = step * np.eye(classes)
    slopes = (softmax_cross_entropy(Z + shifts, Y) - softmax_cross_entropy(Z - shifts, Y)) / (2 * step)
    np.testing.assert_allclose(softmax_cross_entropy_derivative(Z, Y)[:, 0], slopes, rtol=1e-6, atol=1e-9)


def test_losses_and_derivatives_are_those_of_torch():
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    generator = np.random.default_rng(8)
    S, Y = generator.normal(0, 4, (3, 50)), distributions(generator, 3, 50)
    theirs = {
        "binary_cross_entropy": lambda s, y: functional.binary_cross_entropy_with_logits(
            s, y, reduction="none"
        ),
        "softmax_cross_entropy": lambda s, y: functional.cross_entropy(s.T, y.T, reduction="none"),
        "squared_error": lambda s, y: functional.mse_loss(s, y, reduction="none") / 2,
        "huber": lambda s, y: functional.huber_loss(s, y, reduction="none", delta=0.7),
        "poisson": lambda s, y: (
            functional.poisson_nll_loss(s, y, reduction="none") + torch.special.xlogy(y, y) - y
        ),
    }
    assert set(theirs) == set(LOSSES)
    for name, loss in LOSSES.items():
        settings = (0.7,) * len(loss.settings)
        leaf = torch.tensor(S, requires_grad=True)
        value = theirs[name](leaf, torch.tensor(Y))
        value.sum().backward()
        np.testing.assert_allclose(
            loss.function(S, Y, *settings), value.detach().numpy(), rtol=1e-12, atol=1e-14
        )
        np.testing.assert_allclose(
            loss.derivative(S, Y, *settings), leaf.grad.numpy(), rtol=1e-12, atol=1e-14
        )


def test_label_smoothing_is_that_of_torch():
    torch = pytest.importorskip("torch")
    generator = np.random.default_rng(9)
    Z, labels = generator.normal(0, 2, (5, 40)), generator.integers(0, 5, 40)
    ours = softmax_cross_entropy(Z, smooth_labels(one_hot(labels, 5), 0.1)).mean()
    theirs = torch.nn.functional.cross_entropy(torch.tensor(Z.T), torch.tensor(labels), label_smoothing=0.1)
    assert ours == pytest.approx(theirs.item(), rel=1e-12)


@given(seed=seeds, classes=st.integers(2, 8), smoothing=st.floats(0, 1))
def test_smoothed_labels_sum_to_one_and_keep_their_order(seed, classes, smoothing):
    Y = one_hot(np.random.default_rng(seed).integers(0, classes, 12), classes)
    smoothed = smooth_labels(Y, smoothing)
    np.testing.assert_allclose(smoothed.sum(axis=0), 1, rtol=1e-14)
    np.testing.assert_allclose(smoothed.min(axis=0), smoothing / classes, atol=1e-15)
    np.testing.assert_allclose(smoothed.max(axis=0), 1 - smoothing + smoothing / classes, atol=1e-15)


def test_smoothing_one_row_of_zeros_and_ones_is_smoothing_two_classes():
    y = np.array([[0.0, 1.0, 1.0]])
    both = smooth_labels(np.vstack([1 - y, y]), 0.1)
    np.testing.assert_allclose(smooth_labels(y, 0.1)[0], both[1], rtol=1e-15)
    assert smooth_labels(y.astype(np.float32), 0.1).dtype == np.float32


@given(losses=st.lists(st.floats(0, 100), min_size=1, max_size=12), data=st.data())
def test_a_weight_of_n_is_the_example_n_times_and_a_weight_of_zero_its_absence(losses, data):
    counts = data.draw(st.lists(st.integers(0, 4), min_size=len(losses), max_size=len(losses)))
    if sum(counts) == 0:
        counts[0] = 1
    losses, counts = np.array(losses), np.array(counts)
    weighted = mean_over_examples(losses, counts.astype(float))
    assert weighted == pytest.approx(mean_over_examples(np.repeat(losses, counts)), rel=1e-12, abs=1e-12)
    assert mean_over_examples(losses, np.full(len(losses), 0.3)) == pytest.approx(losses.mean(), rel=1e-12)


def test_each_loss_says_what_it_is_taken_of_and_where_it_belongs():
    described = {name: (loss.of, loss.activation, loss.elementwise) for name, loss in LOSSES.items()}
    assert described == {
        "binary_cross_entropy": ("pre-activation", "sigmoid", True),
        "softmax_cross_entropy": ("pre-activation", "softmax", False),
        "squared_error": ("output", None, True),
        "poisson": ("pre-activation", "exp", True),
        "huber": ("output", None, True),
    }
