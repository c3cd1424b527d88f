"""The gradient of the whole network against the cost's own slopes, scikit-learn and PyTorch."""

import numpy as np
import pytest
from hypothesis import given, settings
from network_cases import Case, cases, random_case, wrong_coordinates
from sklearn.neural_network import MLPClassifier, MLPRegressor

from layerwise.formulas.activations import ACTIVATIONS
from layerwise.formulas.losses import LOSSES
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective
from layerwise.network.parameters import flat_vector

REGULARIZERS = {
    "none": {},
    "l2": {"l2": 0.7},
    "l1": {"l1": 0.3},
    "l2 and l1": {"l2": 0.7, "l1": 0.3},
    "dropout": {"keep_prob": 0.7},
    "all": {"l2": 0.7, "l1": 0.3, "keep_prob": 0.7},
}


def regularized_case(seed, sizes, activations, loss, regularizer, **more) -> Case:
    choice = REGULARIZERS[regularizer]
    objective = Objective(loss, choice.get("l2", 0.0), choice.get("l1", 0.0), delta=0.8)
    return random_case(seed, sizes, activations, objective, keep_prob=choice.get("keep_prob", 1.0), **more)


@settings(max_examples=200)
@given(case=cases())
def test_the_gradient_of_any_network_matches_its_costs_slopes(case):
    assert wrong_coordinates(case, case.gradient()).size == 0


@pytest.mark.parametrize("regularizer", REGULARIZERS)
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_every_loss_with_every_hidden_activation_and_regularizer(loss, activation, regularizer):
    output = LOSSES[loss].activation or "identity"
    case = regularized_case(1, (3, 4, 2), (activation, output), loss, regularizer, examples=4)
    assert wrong_coordinates(case, case.gradient()).size == 0


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("output", sorted(ACTIVATIONS))
@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_every_loss_of_the_output_with_every_output_activation(loss, output, weighted):
    case = regularized_case(2, (3, 4, 3), ("tanh", output), loss, "l2", examples=4, weighted=weighted)
    assert wrong_coordinates(case, case.gradient()).size == 0


@pytest.mark.parametrize("name", ["W1", "b1", "W2", "b2"])
@pytest.mark.parametrize("factor", [2.0, 1.001, 0.0, -1.0])
def test_a_gradient_with_one_wrong_block_is_noticed(name, factor):
    """The check itself can fail: it finds the block, and no other."""
    case = regularized_case(3, (3, 4, 2), ("relu", "softmax"), "softmax_cross_entropy", "l2", examples=6)
    block = next(block for block in case.architecture.blocks if block.name == name)
    gradient = case.gradient()
    gradient[block.slice] *= factor
    wrong = wrong_coordinates(case, gradient)
    assert wrong.size > 0
    assert ((wrong >= block.start) & (wrong < block.stop)).all()


def test_at_a_kink_the_gradient_is_one_that_the_check_accepts():
    """All biases and one input are zero, so that every ReLU of that example sits exactly on its kink."""
    case = regularized_case(4, (3, 4, 1), ("relu", "sigmoid"), "binary_cross_entropy", "none")
    for block in case.architecture.blocks:
        if not block.is_weight:
            case.theta[block.slice] = 0
    case.X[:, 0] = 0
    assert wrong_coordinates(case, case.gradient()).size == 0


@pytest.mark.parametrize("alpha", [0.0, 0.7])
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("relu", "relu"), ("tanh", "tanh"), ("logistic", "sigmoid"), ("identity", "identity")],
)
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_cost_and_gradient_are_scikit_learns(task, theirs, ours, alpha):
    """One step of its plain gradient descent with rate 1 is the gradient; its alpha is the note's lambda."""
    generator = np.random.default_rng(0)
    X = generator.standard_normal((20, 3))
    recipe = {
        "hidden_layer_sizes": (5, 4),
        "activation": theirs,
        "solver": "sgd",
        "alpha": alpha,
        "learning_rate_init": 1.0,
        "momentum": 0.0,
        "batch_size": 20,
        "max_iter": 1,
        "warm_start": True,
        "shuffle": False,
        "random_state": 0,
    }
    if task == "regression":
        y = generator.standard_normal(20)
        peer, Y, output, loss = MLPRegressor(**recipe), y[None], "identity", "squared_error"
    else:
        classes = 2 if task == "binary" else 3
        y = np.arange(20) % classes
        peer = MLPClassifier(**recipe)
        if task == "binary":
            Y, output, loss = y[None].astype(float), "sigmoid", "binary_cross_entropy"
        else:
            Y, output, loss = np.eye(3)[y].T, "softmax", "softmax_cross_entropy"
    peer.fit(X, y)

    architecture = Architecture((3, 5, 4, Y.shape[0]), (ours, ours, output))

    def coefficients():
        named = {f"W{layer}": W.T for layer, W in enumerate(peer.coefs_, start=1)}
        named |= {f"b{layer}": b[:, None] for layer, b in enumerate(peer.intercepts_, start=1)}
        return flat_vector(named, architecture)

    before = coefficients()
    peer.fit(X, y)
    cost, gradient = Case(architecture, Objective(loss, l2=alpha), before, X.T, Y).cost_and_gradient()
    assert cost == pytest.approx(peer.loss_, rel=1e-10)
    np.testing.assert_allclose(gradient, before - coefficients(), rtol=1e-9, atol=1e-12)


def torch_cost_and_gradient(torch, case: Case) -> tuple[float, np.ndarray]:
    """The same network written in PyTorch's own functions."""
    functional = torch.nn.functional
    activations = {
        "identity": lambda z: z,
        "softmax": lambda z: torch.softmax(z, dim=0),
        "elu": functional.elu,
        "leaky_relu": functional.leaky_relu,
        "selu": torch.selu,
        "gelu": functional.gelu,
        "silu": functional.silu,
    }
    theta = torch.tensor(case.theta, requires_grad=True)
    A, Y, m = torch.tensor(case.X), torch.tensor(case.Y), case.X.shape[1]
    weights = torch.ones(m, dtype=torch.float64) if case.weights is None else torch.tensor(case.weights)
    penalties = 0.0
    for layer, n_prev, n, name in case.architecture.layers():
        W, b = case.architecture.blocks[2 * layer - 2 : 2 * layer]
        weight, bias = theta[W.slice].reshape(n, n_prev), theta[b.slice].reshape(n, 1)
        penalties += case.objective.l2 / 2 * (weight**2).sum() + case.objective.l1 * weight.abs().sum()
        Z = functional.linear(A.T, weight, bias[:, 0]).T
        A = activations.get(name, getattr(torch, name, None))(Z)
        if case.dropouts is not None and case.dropouts[layer - 1] is not None:
            kept, keep_prob = case.dropouts[layer - 1]
            A = A * torch.tensor(kept) / keep_prob
    losses = {
        "binary_cross_entropy": lambda: functional.binary_cross_entropy_with_logits(Z, Y, reduction="none"),
        "softmax_cross_entropy": lambda: functional.cross_entropy(Z.T, Y.T, reduction="none")[None],
        "squared_error": lambda: functional.mse_loss(A, Y, reduction="none") / 2,
        "huber": lambda: functional.huber_loss(A, Y, reduction="none", delta=case.objective.delta),
        "poisson": lambda: (
            functional.poisson_nll_loss(Z, Y, reduction="none") + torch.special.xlogy(Y, Y) - Y
        ),
    }[case.objective.loss]()
    cost = ((losses.sum(dim=0) * weights).sum() + penalties) / weights.sum()
    cost.backward()
    return cost.item(), theta.grad.numpy()


@given(case=cases())
def test_cost_and_gradient_are_torchs(case):
    torch = pytest.importorskip("torch")
    cost, gradient = case.cost_and_gradient()
    expected_cost, expected = torch_cost_and_gradient(torch, case)
    assert cost == pytest.approx(expected_cost, rel=1e-10)
    np.testing.assert_allclose(gradient, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_units_that_start_equal_stay_equal(activation):
    """The note, section 2.1.1: equal weights give every unit of a layer the same gradient."""
    case = regularized_case(
        5, (3, 4, 4, 2), (activation, activation, "softmax"), "softmax_cross_entropy", "l2"
    )
    for block in case.architecture.blocks[:4]:
        case.theta[block.slice] = 0.3
    for block in case.architecture.blocks[4:]:
        case.theta[block.slice] = np.repeat([0.2, -0.4], block.shape[1])
    gradient = case.gradient()
    for block in case.architecture.blocks[:4]:
        rows = gradient[block.slice].reshape(block.shape)
        np.testing.assert_allclose(rows, np.broadcast_to(rows[0], rows.shape), rtol=1e-12, atol=1e-15)
