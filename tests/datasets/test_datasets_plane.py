import numpy as np
import pytest
from sklearn.datasets import make_circles, make_moons
from sklearn.linear_model import LogisticRegression

from layerwise import datasets
from layerwise.errors import InputError


@pytest.mark.parametrize("draw", [datasets.moons, datasets.circles, datasets.football])
def test_points_come_in_the_promised_shapes_and_both_classes(draw):
    X, y = draw(n=101)
    assert X.shape == (101, 2)
    assert X.dtype == np.float64
    assert y.dtype.kind == "i"
    assert set(y) == {0, 1}


@pytest.mark.parametrize("draw", [datasets.moons, datasets.circles, datasets.football])
def test_the_seed_decides_the_points(draw):
    first, again, other = draw(seed=7), draw(seed=7), draw(seed=8)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_the_defaults_are_the_notes_own_draws():
    np.testing.assert_array_equal(
        datasets.moons()[0], make_moons(n_samples=300, noise=0.2, random_state=3)[0]
    )
    np.testing.assert_array_equal(
        datasets.circles()[0], make_circles(n_samples=300, noise=0.05, random_state=1)[0]
    )


def test_football_is_mostly_but_not_wholly_a_diagonal_line():
    X, y = datasets.football(n=4000)
    score = LogisticRegression(C=1e6).fit(X, y).score(X, y)
    assert 0.85 < score < 0.97
    assert 0.4 < y.mean() < 0.6
    assert np.abs(X[:, 0]).max() <= 1.0
    assert np.abs(X[:, 1]).max() <= 0.65


def test_football_without_noise_lies_on_the_right_side_of_its_curve():
    X, y = datasets.football(n=500, noise=0.0)
    curve = -0.9 * X[:, 0] - 0.05 + 0.12 * np.sin(3 * X[:, 0])
    np.testing.assert_array_equal(y, X[:, 1] > curve)


def test_football_has_as_many_points_as_the_course_exercise():
    assert datasets.football()[0].shape == (211, 2)


@pytest.mark.parametrize("draw", [datasets.moons, datasets.circles, datasets.football])
@pytest.mark.parametrize("options", [{"n": 1}, {"noise": -0.1}, {"noise": float("nan")}])
def test_an_option_out_of_range_is_refused(draw, options):
    with pytest.raises(InputError, match="must be"):
        draw(**options)
