"""Gradient descent, mini-batches, momentum, Adam: published small cases and the papers' own algorithms."""

from __future__ import annotations

import numpy as np
import pytest
from course_lines import moons
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from layerwise.course import building, initialization, optimization
from layerwise.errors import InputError, TrainingError


def near(found, published):
    assert_allclose(found, published, rtol=0, atol=1e-8)


def small_case():
    """The course's: np.random.seed(1), four parameters (two layers that do not fit), then their gradients."""
    legacy = np.random.RandomState(1)
    shapes = {"W1": (2, 3), "b1": (2, 1), "W2": (3, 3), "b2": (3, 1)}
    parameters = {name: legacy.randn(*shape) for name, shape in shapes.items()}
    return parameters, {f"d{name}": legacy.randn(*shape) for name, shape in shapes.items()}


def chained_case():
    """A case like the course's whose layers fit each other: [3, 2, 3]."""
    legacy = np.random.RandomState(1)
    shapes = {"W1": (2, 3), "b1": (2, 1), "W2": (3, 2), "b2": (3, 1)}
    parameters = {name: legacy.randn(*shape) for name, shape in shapes.items()}
    return parameters, {f"d{name}": legacy.randn(*shape) for name, shape in shapes.items()}


def test_a_step_of_gradient_descent_is_the_published_case():
    updated = optimization.update_parameters_with_gd(*small_case(), 0.01)
    near(updated["W1"], [[1.63535156, -0.62320365, -0.53718766], [-1.07799357, 0.85639907, -2.29470142]])
    near(updated["b1"], [[1.74604067], [-0.75184921]])
    near(
        updated["W2"],
        [
            [0.32171798, -0.25467393, 1.46902454],
            [-2.05617317, -0.31554548, -0.3756023],
            [1.1404819, -1.09976462, -0.1612551],
        ],
    )
    near(updated["b2"], [[-0.88020257], [0.02561572], [0.57539477]])


def test_a_step_with_momentum_is_the_published_case():
    parameters, grads = small_case()
    v = optimization.initialize_velocity(parameters)
    assert not any(value.any() for value in v.values())
    parameters, v = optimization.update_parameters_with_momentum(parameters, grads, v, 0.9, 0.01)
    near(parameters["W1"], [[1.62544598, -0.61290114, -0.52907334], [-1.07347112, 0.86450677, -2.30085497]])
    near(parameters["b1"], [[1.74493465], [-0.76027113]])
    near(v["dW1"], [[-0.11006192, 0.11447237, 0.09015907], [0.05024943, 0.09008559, -0.06837279]])
    near(v["db1"], [[-0.01228902], [-0.09357694]])


def test_a_step_of_adam_is_the_published_case():
    parameters, grads = small_case()
    v, s = optimization.initialize_adam(parameters)
    parameters, v, s = optimization.update_parameters_with_adam(parameters, grads, v, s, t=2)
    near(parameters["W1"], [[1.63178673, -0.61919778, -0.53561312], [-1.08040999, 0.85796626, -2.29409733]])
    near(parameters["b1"], [[1.75225313], [-0.75376553]])
    near(v["dW1"], [[-0.11006192, 0.11447237, 0.09015907], [0.05024943, 0.09008559, -0.06837279]])
    near(s["dW1"], [[0.00121136, 0.00131039, 0.00081287], [0.0002525, 0.00081154, 0.00046748]])


def test_steps_of_adam_are_algorithm_1_of_the_paper():
    parameters, _ = chained_case()
    v, s = optimization.initialize_adam(parameters)
    theta, m_t, v_t = parameters["W1"].copy(), np.zeros((2, 3)), np.zeros((2, 3))
    generator = np.random.default_rng(0)
    for t in range(1, 30):
        grads = {f"d{name}": generator.normal(size=value.shape) for name, value in parameters.items()}
        parameters, v, s = optimization.update_parameters_with_adam(
            parameters, grads, v, s, t, 0.02, 0.8, 0.99
        )
        g = grads["dW1"]
        m_t, v_t = 0.8 * m_t + 0.2 * g, 0.99 * v_t + 0.01 * g**2
        theta = theta - 0.02 * (m_t / (1 - 0.8**t)) / (np.sqrt(v_t / (1 - 0.99**t)) + 1e-8)
    assert_allclose(parameters["W1"], theta, rtol=1e-12)
    assert_allclose(v["dW1"], m_t, rtol=1e-10)
    assert_allclose(s["dW1"], v_t, rtol=1e-10)


def test_momentum_with_beta_0_is_gradient_descent():
    parameters, grads = chained_case()
    v = {name: np.ones_like(gradient) for name, gradient in grads.items()}
    moved, v = optimization.update_parameters_with_momentum(parameters, grads, v, 0, 0.3)
    plain = optimization.update_parameters_with_gd(parameters, grads, 0.3)
    for name, value in plain.items():
        assert_allclose(moved[name], value, rtol=1e-15)
        assert (v[f"d{name}"] == grads[f"d{name}"]).all()


def test_a_step_changes_nothing_that_it_is_given():
    parameters, grads = chained_case()
    v, s = optimization.initialize_adam(parameters)
    everything = (parameters, grads, v, s)
    before = [{name: value.copy() for name, value in arrays.items()} for arrays in everything]
    optimization.update_parameters_with_adam(parameters, grads, v, s, 1)
    optimization.update_parameters_with_momentum(parameters, grads, v, 0.9, 0.1)
    for arrays, copies in zip(everything, before, strict=True):
        assert all((arrays[name] == copy).all() for name, copy in copies.items())


def test_the_mini_batches_are_the_published_ones():
    legacy = np.random.RandomState(1)
    X = legacy.randn(12288, 148)
    Y = legacy.randn(1, 148) < 0.5
    batches = optimization.random_mini_batches(X, Y, 64, 0)
    assert [x.shape for x, _ in batches] == [(12288, 64), (12288, 64), (12288, 20)]
    assert [y.shape for _, y in batches] == [(1, 64), (1, 64), (1, 20)]
    near(batches[0][0][0][:3], [0.90085595, -0.7612069, 0.2344157])


@given(st.integers(1, 40), st.integers(1, 45), st.integers(0, 1000))
def test_any_cut_holds_every_example_once_with_its_own_label(m, size, seed):
    X, Y = np.arange(2 * m).reshape(2, m), (np.arange(m) % 2).reshape(1, m)
    batches = optimization.random_mini_batches(X, Y, size, seed)
    assert len(batches) == -(-m // size)
    assert all(x.shape == (2, size) for x, _ in batches[:-1])
    assert batches[-1][0].shape[1] == (m - size * (m // size) or size)
    together = np.concatenate([x for x, _ in batches], axis=1)
    assert sorted(together[0]) == list(range(m))
    assert (together[1] == together[0] + m).all()
    assert all((y[0] == x[0] % 2).all() for x, y in batches)


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam"])
def test_the_model_is_its_own_steps_one_after_the_other(optimizer, capsys):
    X, Y = moons()
    parameters = initialization.initialize_parameters_he([2, 5, 2, 1])
    v, s = optimization.initialize_adam(parameters)
    t = 0
    for epoch in range(3):
        for batch_X, batch_Y in optimization.random_mini_batches(X, Y, 64, seed=11 + epoch):
            AL, caches = building.L_model_forward(batch_X, parameters)
            grads = building.L_model_backward(AL, batch_Y, caches)
            t += 1
            if optimizer == "gd":
                parameters = optimization.update_parameters_with_gd(parameters, grads, 0.05)
            elif optimizer == "momentum":
                parameters, v = optimization.update_parameters_with_momentum(parameters, grads, v, 0.8, 0.05)
            else:
                parameters, v, s = optimization.update_parameters_with_adam(
                    parameters, grads, v, s, t, 0.05, 0.7, 0.99, 1e-6
                )
    settings = {"beta": 0.8, "beta1": 0.7, "beta2": 0.99, "epsilon": 1e-6, "num_epochs": 3}
    found = optimization.model(X, Y, [2, 5, 2, 1], optimizer, 0.05, **settings, print_cost=False)
    assert capsys.readouterr().out == ""
    for name, value in parameters.items():
        assert_allclose(found[name], value, rtol=1e-9)


def test_one_mini_batch_of_all_examples_is_batch_gradient_descent(capsys):
    X, Y = moons()
    start = initialization.initialize_parameters_he([2, 10, 5, 1])
    whole = optimization.model(X, Y, [2, 10, 5, 1], "gd", 0.01, mini_batch_size=300, num_epochs=5)
    batch = initialization.model(X, Y, 0.01, 5)
    for name, value in batch.items():
        assert_allclose(whole[name], value, rtol=1e-12, atol=1e-15)
        assert name.startswith("b") or (value != start[name]).any()
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_rate_at_which_training_diverges_is_named():
    X, Y = moons()
    with pytest.raises(TrainingError, match=r"at epoch \d+: .* learning_rate below 1e\+150"):
        optimization.model(1e150 * X, Y, [2, 5, 2, 1], "gd", 1e150, num_epochs=9, print_cost=False)


FIT = chained_case()
SLOTS = optimization.initialize_adam(FIT[0])
X2, Y2 = np.ones((2, 4)), [[0, 1, 0, 1]]
BAD_CALLS = {
    "unknown optimizer 'adan'; did you mean 'adam'": lambda: optimization.model(X2, Y2, [2, 1], "adan"),
    "layers_dims[0] = 2": lambda: optimization.model(X2, Y2, [3, 1], "gd"),
    "one output unit": lambda: optimization.model(X2, Y2, [2, 3], "gd"),
    "mini_batch_size is 0": lambda: optimization.random_mini_batches(X2, Y2, 0),
    "beta is 1;": lambda: optimization.update_parameters_with_momentum(*FIT, SLOTS[0], 1, 0.1),
    "beta2 is 1.5": lambda: optimization.model(X2, Y2, [2, 1], "adam", beta2=1.5),
    "t is 0; expected an integer of at least 1": lambda: optimization.update_parameters_with_adam(
        *FIT, *SLOTS, 0
    ),
    "v has no 'dW1'; found nothing": lambda: optimization.update_parameters_with_adam(*FIT, {}, {}, 1),
    "v has no 'dW1'; found dw1": lambda: optimization.update_parameters_with_momentum(
        *FIT, {"dw1": FIT[1]["dW1"]}, 0.9, 0.1
    ),
    "Y has shape (1, 3); expected (1, 4)": lambda: optimization.random_mini_batches(X2, [[0, 1, 0]]),
}


@pytest.mark.parametrize("sentence", BAD_CALLS)
def test_a_call_that_does_not_fit_is_told_what_does_not(sentence):
    with pytest.raises(InputError) as raised:
        BAD_CALLS[sentence]()
    assert sentence in str(raised.value)
