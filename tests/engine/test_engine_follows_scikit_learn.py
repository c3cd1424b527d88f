"""scikit-learn's networks, from the same start over the same mini-batches, have the engines' cost curve."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from trajectories import ENGINES, NETWORKS, examples_for, follow

from layerwise.engine import build_engine
from layerwise.network.parameters import flat_vector, named_views

ROWS, SIZE, EPOCHS = 53, 8, 30

CASES = {
    "relu, gd": ("relu binary, gd", MLPClassifier, {"solver": "sgd", "momentum": 0.0}),
    "relu, adam": ("relu binary, adam", MLPClassifier, {"solver": "adam", "epsilon": 1e-30}),
    "tanh, classical momentum": (
        "tanh regression",
        MLPRegressor,
        {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False},
    ),
    "logistic, nesterov": ("sigmoid regression", MLPRegressor, {"solver": "sgd", "momentum": 0.9}),
    "softmax regression": ("linear softmax", MLPClassifier, {"solver": "sgd", "momentum": 0.0}),
}
THEIR_NAME = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic"}


def fitted(network, kind, settings, alpha, X, target, rate, epochs):
    hidden = network.activations[0] if len(network.sizes) > 2 else "relu"
    model = kind(
        hidden_layer_sizes=network.sizes[1:-1],
        activation=THEIR_NAME[hidden],
        alpha=alpha,
        batch_size=SIZE,
        learning_rate_init=rate,
        max_iter=epochs,
        shuffle=False,
        random_state=0,
        tol=0.0,
        n_iter_no_change=10**6,
        **settings,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, target)


def parameters_of(model, architecture):
    arrays = {f"W{layer}": W.T for layer, W in enumerate(model.coefs_, start=1)}
    arrays |= {f"b{layer}": b[:, None] for layer, b in enumerate(model.intercepts_, start=1)}
    return flat_vector(arrays, architecture)


@pytest.mark.parametrize("alpha", [0.0, 0.3], ids=["", "with L2"])
@pytest.mark.parametrize("case", CASES)
def test_the_cost_curve_and_the_weights_are_scikit_learns(case, alpha):
    name, kind, settings = CASES[case]
    network = NETWORKS[name]
    if kind is MLPRegressor:
        network = network._replace(sizes=(*network.sizes[:-1], 1))
    examples = examples_for(network, ROWS)
    Y = examples.Y
    target = Y.argmax(axis=1) if Y.shape[1] > 1 else Y[:, 0]
    # A step of 1e-300 changes no bit: what is left is scikit-learn's start.
    start = fitted(network, kind, settings, alpha, examples.X, target, 1e-300, 1)
    theirs = fitted(network, kind, settings, alpha, examples.X, target, network.rate, EPOCHS)
    epsilon = {"epsilon": settings["epsilon"]} if "epsilon" in settings else {}
    program = network.program(l2=alpha, **epsilon)
    for engine in ENGINES:
        ours = follow(
            build_engine(program, engine),
            examples,
            size=SIZE,
            epochs=EPOCHS,
            rate=network.rate,
            falling=False,
            shuffle=False,
            start=parameters_of(start, program.architecture),
        )
        curve = [totals.mean_cost for totals in ours.totals]
        np.testing.assert_allclose(curve, theirs.loss_curve_, rtol=1e-9)
        expected = named_views(parameters_of(theirs, program.architecture), program.architecture)
        found = named_views(ours.state.parameters, program.architecture)
        for block in expected:
            np.testing.assert_allclose(found[block], expected[block], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_predictions_are_scikit_learns(engine):
    network = NETWORKS["tanh regression"]
    examples = examples_for(network, ROWS)
    model = fitted(network, MLPRegressor, {"solver": "sgd"}, 0.0, examples.X, examples.Y[:, 0], 0.01, 3)
    program = network.program()
    Z = build_engine(program, engine).pre_activations(parameters_of(model, program.architecture), examples.X)
    np.testing.assert_allclose(Z[:, 0], model.predict(examples.X), rtol=1e-12)
