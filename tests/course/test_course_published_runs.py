"""The note's experiments come out as published: every cost that the course prints, every accuracy exactly."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from course_lines import cats, circles, football, moons, printed_costs

from layerwise.course import building, initialization, optimization, regularization
from layerwise.course._descent import descend
from layerwise.course._relu_network import network_of
from layerwise.engine import Batches, Program, StepTotals, TrainingState, build_engine
from layerwise.formulas.initializers import INITIALIZERS
from layerwise.network.objective import Objective
from layerwise.network.parameters import flat_vector, named_views
from layerwise.network.turned_inputs import turned_inputs
from published_costs import HE_COSTS


def accuracy(X, Y, parameters) -> float:
    return float(np.mean(building.predict(X, Y, parameters) == Y))


@pytest.mark.parametrize(
    ("start", "train", "test"), [("zeros", 0.5, 0.5), ("random", 0.83, 0.86), ("he", 298 / 300, 0.96)]
)
def test_the_initialization_study_is_the_published_one(start, train, test, capsys):
    X, Y = circles(300, seed=1)
    parameters = initialization.model(X, Y, initialization=start)
    lines = capsys.readouterr().out
    costs = printed_costs(lines)
    assert list(costs) == list(range(0, 15_000, 1000))
    if start == "zeros":
        assert lines.splitlines()[0] == "Cost after iteration 0: 0.6931471805599453"
        assert costs == pytest.approx(dict.fromkeys(costs, 0.6931471805599453), abs=1e-12)
    elif start == "he":
        assert lines.splitlines()[0] == "Cost after iteration 0: 0.8830537463419761"
        assert costs == pytest.approx(HE_COSTS, abs=1e-9)
    else:
        assert lines.splitlines()[0] == "Cost after iteration 0: inf"
        assert costs[1000] == pytest.approx(0.6250982793959966, abs=1e-2)
    assert accuracy(X, Y, parameters) == pytest.approx(train, abs=1e-12)
    assert accuracy(*circles(100, seed=2), parameters) == pytest.approx(test, abs=1e-12)


@pytest.mark.parametrize(
    ("settings", "published", "train", "test"),
    [
        ({}, [0.6557412523481002, 0.16329987525724216, 0.13851642423239133], 0.9478672985781991, 0.915),
        ({"lambd": 0.7}, [0.6974484493131264, 0.2684918873282239, 0.26809163371273015], 0.93838862559, 0.93),
        (
            {"keep_prob": 0.86},
            [0.6543912405149825, 0.0610169865749056, 0.06058243579851311],
            0.92890995261,
            0.95,
        ),
    ],
    ids=["without", "L2", "dropout"],
)
def test_the_regularization_study_is_the_published_one(settings, published, train, test, shared, capsys):
    X, Y, X_test, Y_test = football(shared)
    parameters = regularization.model(X, Y, **settings)
    costs = printed_costs(capsys.readouterr().out)
    assert list(costs) == [0, 10_000, 20_000]
    assert list(costs.values()) == pytest.approx(published, abs=1e-9)
    assert accuracy(X, Y, parameters) == pytest.approx(train, abs=1e-9)
    assert accuracy(X_test, Y_test, parameters) == pytest.approx(test, abs=1e-12)


MOONS_COSTS = {
    "gd": "0.690736 0.685273 0.647072 0.619525 0.576584 0.607243 0.529403 0.460768 0.465586 0.464518",
    "momentum": "0.690741 0.685341 0.647145 0.619594 0.576665 0.607324 0.529476 0.460936 0.465780 0.464740",
    "adam": "0.690552 0.185567 0.150852 0.074454 0.125936 0.104235 0.100552 0.031601 0.111709 0.197648",
}


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "train"), [("gd", 239 / 300), ("momentum", 239 / 300), ("adam", 0.94)])
def test_the_optimization_study_is_the_published_one(optimizer, train, capsys):
    X, Y = moons()
    parameters = optimization.model(X, Y, [2, 5, 2, 1], optimizer)
    lines = capsys.readouterr().out
    assert lines == "".join(
        f"Cost after epoch {1000 * i}: {cost}\n" for i, cost in enumerate(MOONS_COSTS[optimizer].split())
    )
    assert accuracy(X, Y, parameters) == pytest.approx(train, abs=1e-12)


TWO_LAYER_CATS = [
    0.6930497356599888,
    0.6464320953428849,
    0.6325140647912678,
    0.6015024920354665,
    0.5601966311605748,
    0.515830477276473,
    0.4754901313943325,
    0.43391631512257495,
    0.400797753620389,
    0.35807050113237987,
    0.33942815383664127,
    0.30527536361962654,
    0.2749137728213015,
    0.24681768210614827,
    0.1985073503746611,
    0.17448318112556593,
    0.1708076297809661,
    0.11306524562164737,
    0.09629426845937163,
    0.08342617959726878,
    0.0743907870431909,
    0.06630748132267938,
    0.05919329501038176,
    0.05336140348560564,
    0.048554785628770226,
]
DEEP_CATS = [
    *(0.771749, 0.672053, 0.648263, 0.611507, 0.567047, 0.540138, 0.527930, 0.465477, 0.369126, 0.391747),
    *(0.315187, 0.272700, 0.237419, 0.199601, 0.189263, 0.161189, 0.148214, 0.137775, 0.129740, 0.121225),
    *(0.113821, 0.107839, 0.102855, 0.100897, 0.092878),
]


def start_of(sizes, initializer):
    legacy, start = np.random.RandomState(1), {}
    for layer, (n_prev, n) in enumerate(pairwise(sizes), start=1):
        start[f"W{layer}"] = INITIALIZERS[initializer].draw(n_prev, n, legacy)
        start[f"b{layer}"] = np.zeros((n, 1))
    return start


def compiled_run(X, Y, start, iterations):
    """Batch gradient descent at 0.0075 in the compiled engine, float64."""
    network = network_of(start)
    program = Program(network, Objective("binary_cross_entropy"), "gd", dtype="float64")
    engine = build_engine(program, "compiled")
    state = TrainingState.start(flat_vector(start, network), program)
    rows, targets = np.ascontiguousarray(X.T), np.ascontiguousarray(Y.T, dtype=float)
    batches, rate = Batches(rows, targets, None, None, len(rows)), np.array([0.0075])
    for iteration in range(iterations):
        engine.run_steps(state, batches, iteration, StepTotals(), rate)
    return named_views(state.parameters, network)


CATS = {
    "two layers": ((12288, 7, 1), "small", building.two_layer_model, TWO_LAYER_CATS, 1e-9, 1.0, 0.72),
    "L layers": ((12288, 20, 7, 5, 1), "lecun", building.L_layer_model, DEEP_CATS, 5.1e-7, 206 / 209, 0.8),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CATS)
def test_the_cats_are_learnt_as_published(name, shared):
    """2,500 iterations of the descent that the models run, on the pictures turned to 209 coordinates."""
    sizes, initializer, _, published, digits, train, test = CATS[name]
    X, Y, X_test, Y_test = cats(shared)
    turned, start = turned_inputs(X), start_of(sizes, initializer)
    costs = []
    parameters = descend(
        turned.X,
        Y.astype(float),
        start | {"W1": turned.weights(start["W1"])},
        learning_rate=0.0075,
        num_iterations=2500,
        every=100,
        report=lambda iteration, cost: costs.append(cost),
    )
    assert costs == pytest.approx(published, abs=digits)
    parameters["W1"] = turned.weights_back(start["W1"], parameters["W1"])
    assert accuracy(X, Y, parameters) == pytest.approx(train, abs=1e-12)
    assert accuracy(X_test, Y_test, parameters) == pytest.approx(test, abs=1e-12)


@pytest.mark.parametrize("name", CATS)
def test_the_models_of_the_course_are_the_compiled_engine_on_the_cats(name, shared, capsys):
    sizes, initializer, model, published, digits, *_ = CATS[name]
    X, Y, *_ = cats(shared)
    parameters = model(X, Y, sizes, num_iterations=101, print_cost=True)
    costs = printed_costs(capsys.readouterr().out)
    assert list(costs.values()) == pytest.approx(published[:2], abs=digits)
    compiled = compiled_run(X, Y, start_of(sizes, initializer), 101)
    for key, value in parameters.items():
        np.testing.assert_allclose(value, compiled[key], rtol=0, atol=1e-11)
