"""The cost of a batch: its penalties, the weights of its examples, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_cases import Case, cases, random_case
from sklearn import metrics

from layerwise.errors import InputError
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective, losses_of, penalty
from layerwise.network.parameters import named_views
from layerwise.network.propagation import forward

CLOSE = {"rtol": 1e-9, "atol": 1e-11}


def test_an_unknown_loss_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match=r"unknown loss 'hubert'; did you mean 'huber'\?"):
        Objective("hubert")


@pytest.mark.parametrize("name", ["l2", "l1"])
@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf])
def test_a_strength_out_of_range_is_refused_by_name_and_value(name, value):
    with pytest.raises(InputError, match=f"{name} is {value!r}; expected a finite number of at least 0"):
        Objective("squared_error", **{name: value})


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_a_delta_out_of_range_is_refused(value):
    with pytest.raises(InputError, match=f"delta is {value!r}; expected a finite number above 0"):
        Objective("huber", delta=value)


@pytest.mark.parametrize(
    ("loss", "needed"), [("binary_cross_entropy", "sigmoid"), ("softmax_cross_entropy", "softmax")]
)
def test_a_loss_that_belongs_to_an_output_refuses_others(loss, needed):
    objective = Objective(loss)
    objective.check(Architecture((2, 3, 2), ("relu", needed)))
    with pytest.raises(InputError, match=f"the loss {loss} needs the output activation {needed}; found tanh"):
        objective.check(Architecture((2, 3, 2), ("relu", "tanh")))


@pytest.mark.parametrize("output", ["identity", "tanh", "sigmoid", "softmax", "relu"])
def test_losses_of_the_output_go_with_any_activation(output):
    for loss in ("squared_error", "huber"):
        assert Objective(loss).check(Architecture((2, 3, 2), ("relu", output))) is None


def test_penalties_are_on_weights_and_not_on_biases():
    architecture = Architecture((3, 4, 2), ("relu", "identity"))
    theta = np.random.default_rng(0).standard_normal(architecture.parameter_count)
    p = named_views(theta, architecture)
    squares = (p["W1"] ** 2).sum() + (p["W2"] ** 2).sum()
    sizes = np.abs(p["W1"]).sum() + np.abs(p["W2"]).sum()
    assert penalty(Objective("squared_error", l2=0.7), p, 5) == pytest.approx(0.7 / 10 * squares)
    assert penalty(Objective("squared_error", l1=0.3), p, 5) == pytest.approx(0.3 / 5 * sizes)
    both = penalty(Objective("squared_error", l2=0.7, l1=0.3), p, 5)
    assert both == pytest.approx(0.7 / 10 * squares + 0.3 / 5 * sizes)
    assert penalty(Objective("squared_error"), p, 5) == 0


@given(case=cases(dropout=False))
def test_the_cost_of_a_pass_with_its_gradient_is_the_cost_alone(case):
    assert case.cost_and_gradient()[0] == case.cost()


def test_the_cost_is_scikit_learns_metric():
    case = random_case(0, (3, 4, 3), ("tanh", "softmax"), Objective("softmax_cross_entropy"), examples=30)
    labels = np.random.default_rng(1).integers(0, 3, 30)
    case.Y = np.eye(3)[labels].T
    outputs = forward(case.X, named_views(case.theta, case.architecture), case.architecture.activations)[-1].A
    assert case.cost() == pytest.approx(metrics.log_loss(labels, outputs.T), rel=1e-12)

    case = random_case(0, (3, 4, 2), ("tanh", "identity"), Objective("squared_error"), examples=30)
    outputs = forward(case.X, named_views(case.theta, case.architecture), case.architecture.activations)[-1].A
    # The cost adds up outputs; scikit-learn takes their mean.
    expected = metrics.mean_squared_error(case.Y.T, outputs.T, multioutput="raw_values").sum() / 2
    assert case.cost() == pytest.approx(expected, rel=1e-12)


@given(case=cases())
def test_there_is_one_loss_for_each_example(case):
    last = forward(
        case.X, named_views(case.theta, case.architecture), case.architecture.activations, case.dropouts
    )[-1]
    losses = losses_of(case.objective, last.Z, last.A, case.Y)
    assert losses.shape == (case.X.shape[1],)
    assert (losses >= 0).all()


@settings(max_examples=60)
@given(case=cases(penalties=False))
def test_a_batchs_gradient_is_the_weighted_mean_of_its_examples_gradients(case):
    alone = [case.of_examples([j]).cost_and_gradient() for j in range(case.X.shape[1])]
    cost, gradient = case.cost_and_gradient()
    assert cost == pytest.approx(np.average([each[0] for each in alone], weights=case.weights), rel=1e-9)
    np.testing.assert_allclose(
        gradient, np.average([each[1] for each in alone], axis=0, weights=case.weights), **CLOSE
    )


@settings(max_examples=60)
@given(case=cases(), seed=st.integers(0, 1000))
def test_the_order_of_the_examples_changes_nothing(case, seed):
    shuffled = case.of_examples(np.random.default_rng(seed).permutation(case.X.shape[1]))
    assert shuffled.cost() == pytest.approx(case.cost(), rel=1e-11)
    np.testing.assert_allclose(shuffled.gradient(), case.gradient(), **CLOSE)


@settings(max_examples=60)
@given(case=cases(), data=st.data())
def test_a_weight_of_two_is_the_example_twice_and_a_weight_of_zero_its_absence(case, data):
    """Penalties too: they see the sum of the weights as the number of examples."""
    m = case.X.shape[1]
    counts = np.array(data.draw(st.lists(st.integers(0, 3), min_size=m, max_size=m)))
    counts[0] = max(counts[0], 1)
    case.weights = counts.astype(float)
    repeated = case.of_examples(np.repeat(np.arange(m), counts))
    repeated.weights = None
    assert case.cost() == pytest.approx(repeated.cost(), rel=1e-10)
    np.testing.assert_allclose(case.gradient(), repeated.gradient(), **CLOSE)


@settings(max_examples=60)
@given(case=cases(penalties=False), factor=st.floats(0.01, 100))
def test_only_the_ratios_of_the_weights_count_without_penalties(case, factor):
    cost, gradient = case.cost_and_gradient()
    case.weights = factor * (np.ones(case.X.shape[1]) if case.weights is None else case.weights)
    assert case.cost() == pytest.approx(cost, rel=1e-10)
    np.testing.assert_allclose(case.gradient(), gradient, **CLOSE)


@settings(max_examples=60)
@given(case=cases())
def test_single_precision_gives_a_single_precision_gradient_close_to_the_double_one(case):
    def single(array):
        return None if array is None else array.astype(np.float32)

    in_single = Case(
        case.architecture,
        case.objective,
        *map(single, (case.theta, case.X, case.Y, case.weights)),
        case.dropouts,
    )
    # The double one is taken at the rounded numbers, so that both are on the same side of every kink.
    in_double = Case(
        case.architecture,
        case.objective,
        *(
            None if array is None else array.astype(np.float64)
            for array in (in_single.theta, in_single.X, in_single.Y, in_single.weights)
        ),
        case.dropouts,
    )
    cost, gradient = in_single.cost_and_gradient()
    expected_cost, expected = in_double.cost_and_gradient()
    assert gradient.dtype == np.float32
    assert cost == pytest.approx(expected_cost, rel=1e-4, abs=1e-5)
    np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=2e-4 * (1 + np.abs(expected).max()))


def test_a_network_that_is_sure_and_wrong_has_a_finite_cost_and_gradient():
    case = random_case(5, (2, 3, 1), ("relu", "sigmoid"), Objective("binary_cross_entropy"))
    case.theta = case.theta * 1e4
    cost, gradient = case.cost_and_gradient()
    assert np.isfinite(cost)
    assert cost > 100
    assert np.isfinite(gradient).all()
