"""Penalties, decay, dropout and max-norm against central differences, PyTorch and what the note claims."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.formulas.regularizers import (
    decay,
    inverted_dropout,
    l1_gradient,
    l1_penalty,
    l2_gradient,
    l2_penalty,
    max_norm_scale,
)

weights = st.floats(-50, 50)
strengths = st.floats(0, 10)


@pytest.mark.parametrize(("penalty", "gradient"), [(l2_penalty, l2_gradient), (l1_penalty, l1_gradient)])
@given(w=weights, strength=strengths)
def test_gradients_of_penalties_match_central_differences(penalty, gradient, w, strength):
    step = 1e-4
    if abs(w) < 2 * step:
        w += 4 * step
    slope = (penalty(w + step, strength) - penalty(w - step, strength)) / (2 * step)
    assert gradient(w, strength) == pytest.approx(slope, rel=1e-6, abs=1e-7)


def test_the_l2_penalty_is_the_notes():
    """The note, figure 20: (sum of squares of W1, W2, W3) * lambda / (2 m); figure 21: + lambda / m * W."""
    generator = np.random.default_rng(0)
    layers = [generator.standard_normal(shape) for shape in ((20, 2), (3, 20), (1, 3))]
    lambd, m = 0.7, 211
    published = sum(np.sum(np.square(W)) for W in layers) * (lambd / (2 * m))
    assert sum(l2_penalty(W, lambd / m).sum() for W in layers) == pytest.approx(published, rel=1e-13)
    np.testing.assert_allclose(l2_gradient(layers[1], lambd / m), lambd / m * layers[1], rtol=1e-15)


def test_the_l1_penalty_is_the_l1_norm_and_has_no_slope_at_zero():
    w = np.array([-2.0, 0.0, 0.5])
    assert l1_penalty(w, 0.3).sum() == pytest.approx(0.3 * np.linalg.norm(w, 1))
    np.testing.assert_allclose(l1_gradient(w, 0.3), [-0.3, 0, 0.3])


@given(w=weights, rate=st.floats(0, 1), strength=st.floats(0, 1))
def test_decay_shrinks_and_keeps_the_sign(w, rate, strength):
    after = decay(w, rate, strength)
    assert after == pytest.approx(w * (1 - rate * strength), rel=1e-12, abs=1e-12)
    assert abs(after) <= abs(w)
    assert after * w >= 0


def test_decay_under_gradient_descent_is_an_l2_penalty_but_not_under_a_scaled_step():
    """Loshchilov & Hutter 2019, propositions 1 and 2."""
    w, g, rate, strength = np.array([2.0, -1.0]), np.array([0.3, 5.0]), 0.1, 0.4
    through_the_gradient = w - rate * (g + l2_gradient(w, strength))
    np.testing.assert_allclose(decay(w, rate, strength) - rate * g, through_the_gradient, rtol=1e-14)
    scaled = np.array([1.0, 0.1])
    through_a_scaled_gradient = w - rate * scaled * (g + l2_gradient(w, strength))
    assert not np.allclose(decay(w, rate, strength) - rate * scaled * g, through_a_scaled_gradient)


@pytest.mark.parametrize("keep_prob", [0.1, 0.5, 0.86, 0.99])
def test_dropout_keeps_the_expected_activation(keep_prob):
    """The note on figure 22: dividing by keep_prob leaves the expected value as it was."""
    generator = np.random.default_rng(0)
    a = np.maximum(generator.standard_normal((20, 1)), 0) + 0.5
    draws = 40_000
    kept = generator.random((20, draws)) < keep_prob
    mean = inverted_dropout(a, kept, keep_prob).mean(axis=1, keepdims=True)
    spread = a * np.sqrt((1 - keep_prob) / keep_prob / draws)
    assert (np.abs(mean - a) <= 4 * spread).all()


def test_the_expectation_over_every_mask_is_exact():
    a, keep_prob = np.array([3.0, -1.5, 0.25]), 0.7
    expected = np.zeros(3)
    for bits in np.ndindex(2, 2, 2):
        kept = np.array(bits, dtype=bool)
        chance = np.prod(np.where(kept, keep_prob, 1 - keep_prob))
        expected += chance * inverted_dropout(a, kept, keep_prob)
    np.testing.assert_allclose(expected, a, rtol=1e-14)


def test_dropout_is_the_notes_three_lines():
    """The note, figure 22: D = rand < keep_prob; A = A * D; A = A / keep_prob."""
    generator = np.random.default_rng(1)
    A, keep_prob = generator.standard_normal((4, 6)), 0.86
    D = generator.random((4, 6)) < keep_prob
    np.testing.assert_allclose(inverted_dropout(A, D, keep_prob), A * D / keep_prob, rtol=1e-15)
    np.testing.assert_array_equal(inverted_dropout(A, np.ones((4, 6), bool), 1.0), A)


def test_dropout_is_that_of_torch_under_one_mask():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    A = np.random.default_rng(2).standard_normal((50, 40)) + 10
    theirs = torch.nn.functional.dropout(torch.tensor(A), p=0.3).numpy()
    np.testing.assert_allclose(inverted_dropout(A, theirs != 0, 0.7), theirs, rtol=1e-14)


def test_a_dropped_unit_gives_zero_whatever_it_held():
    a = np.array([np.inf, np.nan, 1e300])
    np.testing.assert_array_equal(inverted_dropout(a, np.zeros(3, bool), 0.5), np.zeros(3))


@given(rows=st.integers(1, 5), seed=st.integers(0, 1000), limit=st.floats(0.1, 10))
def test_max_norm_shortens_long_rows_to_the_limit_and_leaves_the_others(rows, seed, limit):
    W = 3 * np.random.default_rng(seed).standard_normal((rows, 4))
    norm = np.linalg.norm(W, axis=1, keepdims=True)
    after = W * max_norm_scale(norm, limit)
    np.testing.assert_allclose(np.linalg.norm(after, axis=1), np.minimum(norm[:, 0], limit), rtol=1e-12)
    short = norm[:, 0] <= limit
    np.testing.assert_array_equal(after[short], W[short])


def test_max_norm_is_torchs_renorm():
    torch = pytest.importorskip("torch")
    W = 3 * np.random.default_rng(3).standard_normal((6, 4))
    ours = W * max_norm_scale(np.linalg.norm(W, axis=1, keepdims=True), 2.0)
    theirs = torch.renorm(torch.tensor(W), p=2, dim=0, maxnorm=2.0).numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)  # torch divides by norm + 1e-7


def test_a_unit_without_weights_is_left_alone_by_max_norm():
    assert max_norm_scale(np.float64(0.0), 1.5) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_precision_of_the_input_is_kept(dtype):
    w = np.linspace(-1, 1, 5, dtype=dtype)
    for result in (
        l2_penalty(w, 0.3),
        l2_gradient(w, 0.3),
        l1_penalty(w, 0.3),
        l1_gradient(w, 0.3),
        decay(w, 0.1, 0.01),
        inverted_dropout(w, w > 0, 0.7),
        max_norm_scale(np.abs(w), 0.5),
    ):
        assert result.dtype == dtype
