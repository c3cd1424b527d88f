"""Initializers against the rules that their papers publish."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from layerwise.formulas.initializers import INITIALIZERS

WIDE, HIGH = 320, 200  # n_prev, n: 64,000 weights, so that a standard deviation is known to about 0.3%

PUBLISHED_VARIANCE = {
    "zeros": 0.0,
    "small": 0.01**2,
    "large": 10.0**2,
    "normal": 1.0,
    "uniform": 1.0,
    "he": 2 / WIDE,
    "he_uniform": 2 / WIDE,
    "xavier": 2 / (WIDE + HIGH),
    "xavier_uniform": 2 / (WIDE + HIGH),
    "lecun": 1 / WIDE,
    "lecun_uniform": 1 / WIDE,
    "orthogonal": 1 / WIDE,
}
PUBLISHED_LIMIT = {
    "he_uniform": np.sqrt(6 / WIDE),
    "xavier_uniform": np.sqrt(6 / (WIDE + HIGH)),
    "lecun_uniform": np.sqrt(3 / WIDE),
}


def draw(name, n_prev=WIDE, n=HIGH, seed=0, scale=None):
    return INITIALIZERS[name].draw(n_prev, n, np.random.default_rng(seed), scale)


def test_every_initializer_is_held_to_a_published_rule():
    assert set(INITIALIZERS) == set(PUBLISHED_VARIANCE)
    assert all(name == initializer.name for name, initializer in INITIALIZERS.items())


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_mean_and_variance_are_the_published_ones(name):
    W = draw(name)
    deviation = np.sqrt(PUBLISHED_VARIANCE[name])
    assert W.shape == (HIGH, WIDE)
    assert W.dtype == np.float64
    assert W.std() == pytest.approx(deviation, rel=0.01)
    assert abs(W.mean()) <= 4 * deviation / np.sqrt(W.size)


@pytest.mark.parametrize("name", ["small", "large", "normal", "he", "xavier", "lecun"])
def test_the_normal_ones_are_normal(name):
    W = draw(name).ravel()
    assert stats.kstest(W / np.sqrt(PUBLISHED_VARIANCE[name]), "norm").pvalue > 1e-3


@pytest.mark.parametrize("name", sorted(PUBLISHED_LIMIT))
def test_the_uniform_ones_fill_the_published_interval(name):
    W, limit = draw(name).ravel(), PUBLISHED_LIMIT[name]
    assert np.abs(W).max() <= limit
    assert np.abs(W).max() > 0.999 * limit
    assert stats.kstest(W, stats.uniform(-limit, 2 * limit).cdf).pvalue > 1e-3


@given(n_prev=st.integers(1, 12), n=st.integers(1, 12), seed=st.integers(0, 1000))
def test_an_orthogonal_start_keeps_lengths_on_its_smaller_side(n_prev, n, seed):
    W = draw("orthogonal", n_prev, n, seed)
    gram = W @ W.T if n <= n_prev else W.T @ W
    np.testing.assert_allclose(gram, np.eye(min(n, n_prev)), atol=1e-12)
    np.testing.assert_allclose(draw("orthogonal", n_prev, n, seed, scale=3.0), 3 * W, rtol=1e-14)


def test_orthogonal_starts_favour_no_sign():
    """Haar measure: each entry of a 1 x 1 start is +1 or -1 with equal chance; QR alone gives one sign."""
    signs = [draw("orthogonal", 1, 1, seed)[0, 0] for seed in range(400)]
    assert set(np.round(signs, 12)) == {-1.0, 1.0}
    assert stats.binomtest(int(np.sum(np.array(signs) > 0)), 400).pvalue > 1e-3


def test_zeros_are_zeros():
    assert not draw("zeros").any()


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"orthogonal"}))
def test_a_scale_of_ones_own_is_the_standard_deviation(name):
    assert draw(name, scale=0.37).std() == pytest.approx(0.37, rel=0.01)
    assert not draw(name, scale=0.0).any()


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"zeros"}))
def test_the_same_generator_gives_the_same_bits_and_another_gives_others(name):
    np.testing.assert_array_equal(draw(name, 5, 4, seed=1), draw(name, 5, 4, seed=1))
    assert not np.isin(draw(name, 5, 4, seed=1), draw(name, 5, 4, seed=2)).any()


def test_he_keeps_the_size_of_the_signal_through_relu_layers_and_small_and_large_do_not():
    """What the rule is for (He et al. 2015): after 20 layers the signal has kept its size."""

    def growth(name):
        generator = np.random.default_rng(0)
        A = generator.standard_normal((256, 100))
        for _ in range(20):
            Z = INITIALIZERS[name].draw(256, 256, generator) @ A
            A = np.maximum(Z, 0)
        return np.log10(np.mean(Z**2))

    assert abs(growth("he") - np.log10(2)) < 0.7
    assert growth("small") < -15
    assert growth("large") > 15
