"""Optimizers against scikit-learn's, PyTorch's and scipy's filters, over steps of random gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from layerwise.formulas.optimizers import OPTIMIZERS, adam, bias_correction, clip_scale, momentum
from layerwise.formulas.regularizers import decay

STEPS, SIZE = 50, 7
GRADIENTS = np.random.default_rng(0).normal(0, 1, (STEPS, SIZE)) * np.logspace(-3, 2, SIZE)
START = np.random.default_rng(1).normal(0, 1, SIZE)
RATE = 0.01


def run(name, rate, *settings, gradients=GRADIENTS, weight_decay=0.0):
    """The weights after each step: (steps, size)."""
    optimizer = OPTIMIZERS[name]
    weight, slots, path = START.copy(), [np.zeros_like(START) for _ in optimizer.slots], []
    for t, gradient in enumerate(gradients, start=1):
        weight = decay(weight, rate, weight_decay)
        weight, *slots = optimizer.rule(weight, *slots, gradient, rate, *optimizer.constants(t, *settings))
        path.append(weight)
    return np.array(path)


def moving_average(values, beta):
    """v = beta v + (1 - beta) value from v = 0, as a digital filter."""
    return lfilter([1 - beta], [1, -beta], values, axis=0)


def corrections(beta):
    return 1 - beta ** np.arange(1, STEPS + 1)[:, None]


def test_every_optimizer_names_what_it_remembers_and_what_it_is_told():
    described = {name: (optimizer.slots, optimizer.settings) for name, optimizer in OPTIMIZERS.items()}
    assert described == {
        "gd": ((), ()),
        "momentum": (("velocity",), ("momentum",)),
        "classical_momentum": (("velocity",), ("momentum",)),
        "nesterov": (("velocity",), ("momentum",)),
        "rmsprop": (("square",), ("beta2", "epsilon")),
        "adam": (("first", "second"), ("beta1", "beta2", "epsilon")),
        "adam_epsilon_hat": (("first", "second"), ("beta1", "beta2", "epsilon")),
        "adamw": (("first", "second"), ("beta1", "beta2", "epsilon")),
    }
    decays = {
        name: optimizer.weight_decay for name, optimizer in OPTIMIZERS.items() if optimizer.weight_decay
    }
    assert decays == {"adamw": 0.01}


@pytest.mark.parametrize(
    ("name", "settings", "theirs"),
    [
        ("gd", (), {"momentum": 0.0, "nesterov": False}),
        ("classical_momentum", (0.9,), {"momentum": 0.9, "nesterov": False}),
        ("nesterov", (0.9,), {"momentum": 0.9, "nesterov": True}),
    ],
)
def test_gradient_descent_and_its_momenta_are_scikit_learns(name, settings, theirs):
    optimizers = pytest.importorskip("sklearn.neural_network._stochastic_optimizers")
    weight, expected = START.copy(), []
    peer = optimizers.SGDOptimizer([weight], learning_rate_init=RATE, **theirs)
    for gradient in GRADIENTS:
        peer.update_params([weight], [gradient])
        expected.append(weight.copy())
    np.testing.assert_allclose(run(name, RATE, *settings), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("epsilon", [1e-8, 0.3])
def test_adam_with_epsilon_hat_is_scikit_learns(epsilon):
    optimizers = pytest.importorskip("sklearn.neural_network._stochastic_optimizers")
    weight, expected = START.copy(), []
    peer = optimizers.AdamOptimizer(
        [weight], learning_rate_init=RATE, beta_1=0.8, beta_2=0.99, epsilon=epsilon
    )
    for gradient in GRADIENTS:
        peer.update_params([weight], [gradient])
        expected.append(weight.copy())
    found = run("adam_epsilon_hat", RATE, 0.8, 0.99, epsilon)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_adam_is_scikit_learns():
    """scikit-learn adds epsilon before the correction (the paper's "epsilon hat"), so it is tiny here."""
    optimizers = pytest.importorskip("sklearn.neural_network._stochastic_optimizers")
    weight, expected = START.copy(), []
    peer = optimizers.AdamOptimizer(
        [weight], learning_rate_init=RATE, beta_1=0.9, beta_2=0.999, epsilon=1e-30
    )
    for gradient in GRADIENTS:
        peer.update_params([weight], [gradient])
        expected.append(weight.copy())
    np.testing.assert_allclose(run("adam", RATE, 0.9, 0.999, 1e-30), expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "settings", "weight_decay", "peer", "theirs"),
    [
        ("gd", (), 0, "SGD", {}),
        ("classical_momentum", (0.9,), 0, "SGD", {"momentum": 0.9}),
        ("nesterov", (0.9,), 0, "SGD", {"momentum": 0.9, "nesterov": True}),
        ("rmsprop", (0.99, 1e-3), 0, "RMSprop", {"alpha": 0.99, "eps": 1e-3}),
        ("adam", (0.9, 0.999, 1e-3), 0, "Adam", {"betas": (0.9, 0.999), "eps": 1e-3}),
        ("adam", (0.0, 0.5, 1e-8), 0, "Adam", {"betas": (0.0, 0.5), "eps": 1e-8}),
        ("adamw", (0.9, 0.999, 1e-8), 0.3, "AdamW", {"weight_decay": 0.3, "eps": 1e-8}),
        ("gd", (), 0.3, "SGD", {"weight_decay": 0.3}),
    ],
)
def test_optimizers_are_torchs(name, settings, weight_decay, peer, theirs):
    torch = pytest.importorskip("torch")
    weight = torch.tensor(START, requires_grad=True)
    optimizer, expected = getattr(torch.optim, peer)([weight], lr=RATE, **theirs), []
    for gradient in GRADIENTS:
        weight.grad = torch.tensor(gradient)
        optimizer.step()
        expected.append(weight.detach().numpy().copy())
    ours = run(name, RATE, *settings, weight_decay=weight_decay)
    np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-12)


def test_gradient_descent_subtracts_the_sum_of_the_gradients():
    np.testing.assert_allclose(run("gd", RATE), START - RATE * np.cumsum(GRADIENTS, axis=0), rtol=1e-12)


def test_momentum_moves_along_the_moving_average_of_the_gradients():
    velocity = moving_average(GRADIENTS, 0.9)
    np.testing.assert_allclose(
        run("momentum", RATE, 0.9), START - RATE * np.cumsum(velocity, axis=0), rtol=1e-11, atol=1e-13
    )


def test_rmsprop_divides_by_the_root_of_the_moving_average_of_the_squares():
    square = moving_average(GRADIENTS**2, 0.95)
    expected = START - RATE * np.cumsum(GRADIENTS / (np.sqrt(square) + 1e-6), axis=0)
    np.testing.assert_allclose(run("rmsprop", RATE, 0.95, 1e-6), expected, rtol=1e-11, atol=1e-12)


def test_adam_is_algorithm_1_of_its_paper():
    first = moving_average(GRADIENTS, 0.9) / corrections(0.9)
    second = moving_average(GRADIENTS**2, 0.999) / corrections(0.999)
    expected = START - RATE * np.cumsum(first / (np.sqrt(second) + 1e-3), axis=0)
    np.testing.assert_allclose(run("adam", RATE, 0.9, 0.999, 1e-3), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["momentum", "classical_momentum", "nesterov"])
def test_without_momentum_each_is_gradient_descent(name):
    np.testing.assert_array_equal(run(name, RATE, 0.0), run("gd", RATE))


@given(beta=st.floats(0, 0.999))
def test_the_notes_momentum_is_the_classical_one_at_a_smaller_rate(beta):
    np.testing.assert_allclose(
        run("momentum", RATE, beta),
        run("classical_momentum", RATE * (1 - beta), beta),
        rtol=1e-9,
        atol=1e-12,
    )


def test_under_a_constant_gradient_the_notes_momentum_reaches_the_rate_and_the_classical_one_outgrows_it():
    constant = np.ones((400, SIZE))
    last_step = np.diff(run("momentum", RATE, 0.9, gradients=constant), axis=0)[-1]
    np.testing.assert_allclose(last_step, -RATE, rtol=1e-9)
    last_step = np.diff(run("classical_momentum", RATE, 0.9, gradients=constant), axis=0)[-1]
    np.testing.assert_allclose(last_step, -RATE / (1 - 0.9), rtol=1e-9)


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_adams_first_step_moves_each_weight_by_the_rate(name):
    gradient = np.array([1e-4, -1e-4, 3.0, -3.0, 1e6, -1e6, 1.0])
    first = run(name, RATE, 0.9, 0.999, 1e-12, gradients=gradient[None])[0]
    np.testing.assert_allclose(first - START, -RATE * np.sign(gradient), rtol=1e-6)


@given(
    g=st.floats(0.01, 100), beta1=st.floats(0, 0.999), beta2=st.floats(0, 0.9999), steps=st.integers(1, 30)
)
def test_bias_correction_makes_the_averages_of_a_constant_gradient_exact(g, beta1, beta2, steps):
    weight, first, second = 0.0, 0.0, 0.0
    for t in range(1, steps + 1):
        corrected = bias_correction(beta1, t), bias_correction(beta2, t)
        weight, first, second = adam(weight, first, second, g, RATE, beta1, beta2, 0.0, *corrected)
        assert first / corrected[0] == pytest.approx(g, rel=1e-9)
        assert second / corrected[1] == pytest.approx(g * g, rel=1e-9)
    assert weight == pytest.approx(-RATE * steps, rel=1e-8)


def test_the_notes_fixed_power_would_not_correct_the_bias():
    """The note's code divides by 1 - beta1^2 at every step; only at t = 2 is that the gathered weight."""
    averages = moving_average(np.ones(6), 0.9)
    by_the_step = averages / [bias_correction(0.9, t) for t in range(1, 7)]
    np.testing.assert_allclose(by_the_step, 1, rtol=1e-14)
    as_in_the_notes_code = averages / bias_correction(0.9, 2)
    assert np.isclose(as_in_the_notes_code, 1).tolist() == [False, True, False, False, False, False]


def test_adam_ignores_the_scale_of_the_gradient():
    small, large = (run("adam", RATE, 0.9, 0.999, 0.0, gradients=scale * GRADIENTS) for scale in (1e-6, 1e6))
    np.testing.assert_allclose(small, large, rtol=1e-9)


def test_a_gradient_of_zero_moves_nothing_at_the_start():
    for name, settings in (("rmsprop", (0.9, 1e-8)), ("adam", (0.9, 0.999, 1e-8)), ("momentum", (0.9,))):
        np.testing.assert_array_equal(run(name, RATE, *settings, gradients=np.zeros((3, SIZE)))[-1], START)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_the_precision_of_the_weights_is_kept_and_scalars_give_what_arrays_give(name):
    optimizer = OPTIMIZERS[name]
    constants = optimizer.constants(3, *(0.9, 0.99, 1e-8)[: len(optimizer.settings)])
    slots = [np.full(SIZE, 0.5) for _ in optimizer.slots]
    in_double = optimizer.rule(START, *slots, GRADIENTS[0], RATE, *constants)
    single = [array.astype(np.float32) for array in (START, *slots, GRADIENTS[0])]
    in_single = optimizer.rule(*single, RATE, *constants)
    assert len(in_double) == 1 + len(optimizer.slots)
    for double, single_result in zip(in_double, in_single, strict=True):
        assert single_result.dtype == np.float32
        np.testing.assert_allclose(single_result, double, rtol=2e-5, atol=1e-6)
    for index in range(SIZE):
        scalars = (float(array[index]) for array in (START, *slots, GRADIENTS[0]))
        for array, scalar in zip(in_double, optimizer.rule(*scalars, RATE, *constants), strict=True):
            assert scalar == pytest.approx(array[index], rel=1e-14)


@given(seed=st.integers(0, 1000), limit=st.floats(0.01, 100))
def test_clipping_keeps_the_direction_and_holds_the_norm_to_the_limit(seed, limit):
    gradient = np.random.default_rng(seed).normal(0, 5, 12)
    norm = np.linalg.norm(gradient)
    clipped = gradient * clip_scale(norm, limit)
    assert np.linalg.norm(clipped) == pytest.approx(min(norm, limit), rel=1e-12)
    assert clipped @ gradient == pytest.approx(np.linalg.norm(clipped) * norm, rel=1e-12)


def test_clipping_is_torchs_to_its_own_safety_term():
    torch = pytest.importorskip("torch")
    for limit in (0.5, 50.0):
        leaf = torch.zeros(SIZE, dtype=torch.float64, requires_grad=True)
        leaf.grad = torch.tensor(GRADIENTS[3])
        norm = torch.nn.utils.clip_grad_norm_([leaf], limit).item()
        np.testing.assert_allclose(GRADIENTS[3] * clip_scale(norm, limit), leaf.grad.numpy(), rtol=1e-5)


def test_a_gradient_of_zero_norm_is_not_scaled():
    assert clip_scale(0.0, 1.0) == 1


def test_every_optimizer_finds_the_bottom_of_a_bowl():
    curvature = np.array([1.0, 10.0])
    recipes = {
        "gd": (0.05,),
        "momentum": (0.05, 0.9),
        "classical_momentum": (0.01, 0.9),
        "nesterov": (0.01, 0.9),
        "rmsprop": (0.01, 0.9, 1e-8),
        "adam": (0.02, 0.9, 0.999, 1e-8),
        "adam_epsilon_hat": (0.02, 0.9, 0.999, 1e-8),
        "adamw": (0.02, 0.9, 0.999, 1e-8),
    }
    assert set(recipes) == set(OPTIMIZERS)
    for name, (rate, *settings) in recipes.items():
        optimizer = OPTIMIZERS[name]
        weight, slots = np.array([3.0, -2.0]), [np.zeros(2) for _ in optimizer.slots]
        for t in range(1, 1001):
            weight, *slots = optimizer.rule(
                weight, *slots, curvature * weight, rate, *optimizer.constants(t, *settings)
            )
        assert np.abs(weight).max() < 0.02, name


def test_the_docstring_of_momentum_is_its_value():
    assert momentum(1.0, 0.5, 2.0, 0.1, 0.9) == pytest.approx((1 - 0.1 * 0.65, 0.65))
