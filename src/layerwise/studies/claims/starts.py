"""The note's claims on initialization (its section 2.1)."""

from __future__ import annotations

import numpy as np

from layerwise.course import building
from layerwise.engine import TrainingState, build_engine
from layerwise.network.objective import cost, cost_and_gradient
from layerwise.network.parameters import named_views
from layerwise.network.propagation import forward
from layerwise.studies.claims.boundary_shape import answers, likeness_to_a_line
from layerwise.studies.claims.claim import HOLDS, IN_PART, Claim, Trial, judged
from layerwise.studies.claims.runs import arm_of, column, epochs_until, examples_of, last, trained
from layerwise.studies.note_random import Seeds, note_start
from layerwise.studies.steps import stepper

CONSTANT = 0.3


def zeros_learn_nothing() -> Trial:
    """From zeros the cost does not fall, and every answer is the same."""
    run = trained("initialization", arm_of("initialization", "zeros"))
    costs = column(run, "cost")
    engine = build_engine(run.arm.program())
    # The gradient of the last bias is a sum of as many +c as -c: 0, or what is lost in rounding them.
    answered = engine.pre_activations(run.parameters, examples_of("initialization").X) > 1e-9
    figures = {"first": costs[0], "last": costs[-1], "positive": float(answered.mean())}
    return Trial(judged(abs(costs[-1] - costs[0]) < 1e-9, not answered.any()), figures)


def equal_units_stay_equal() -> Trial:
    """From zeros, and from one constant for all weights, the units of each layer stay the same one."""
    spread = [
        max(_spread(parameters, key) for key in (1, 2))
        for parameters in (
            trained("initialization", arm_of("initialization", "zeros")).parameters,
            _from_a_constant(),
        )
    ]
    he = _spread(trained("initialization", arm_of("initialization", "he")).parameters, 1)
    figures = {"zeros": spread[0], "constant": spread[1], "he": he}
    return Trial(judged(spread[0] < 1e-9, spread[1] < 1e-9, he > 0.1), figures)


def equal_units_are_linear() -> Trial:
    """A network whose units are all equal draws a straight line; from zeros it does not even do that."""
    arm, examples = arm_of("initialization", "he"), examples_of("initialization")
    grid, classes = answers(arm, _from_a_constant(), examples)
    he = trained("initialization", arm)
    he_grid, he_classes = answers(arm, he.parameters, examples)
    straight = likeness_to_a_line(grid, classes)
    zeros = trained("initialization", arm_of("initialization", "zeros"))
    _, constant = answers(arm, zeros.parameters, examples)
    one_class = constant.all() or not constant.any()
    figures = {
        "straight": straight,
        "he": likeness_to_a_line(he_grid, he_classes),
        "zeros_accuracy": zeros.train_accuracy,
    }
    return Trial(IN_PART if straight > 0.99 and one_class else judged(straight > 0.99), figures)


def large_weights_cost_much() -> Trial:
    """The first cost from large weights: as the note takes it, from A, and from Z."""
    run = trained("initialization", arm_of("initialization", "large"))
    views = named_views(run.start, run.arm.architecture)
    examples = examples_of("initialization")
    with np.errstate(all="ignore"):
        last_layer = forward(examples.X.T, views, run.arm.architecture.activations)[-1]
        A, Y = last_layer.A, examples.Y.T
        as_printed = float(-np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A)))
    certain = float(((A == 0) | (A == 1)).mean())
    he = trained("initialization", arm_of("initialization", "he"))
    first, he_first = column(run, "cost")[0], column(he, "cost")[0]
    figures = {
        "first": first,
        "he": he_first,
        "certain": certain,
        "overflows": float(not np.isfinite(as_printed)),
    }
    return Trial(judged(first > 10 * he_first), figures)


def scale_of_the_start() -> Trial:
    """Too large or too small a start slows the training down: gradients at the start and costs at the end."""
    gradients, ends = {}, {}
    examples = examples_of("initialization")
    for start in ("small", "he", "large"):
        arm = arm_of("initialization", "he").but(initialization=start)
        views = named_views(note_start(arm.architecture, start, 3), arm.architecture)
        _, grads = cost_and_gradient(
            arm.program().objective, views, arm.architecture, examples.X.T, examples.Y.T
        )
        gradients[start] = float(np.linalg.norm(grads["dW1"]))
        ends[start] = last(trained("initialization", arm), "train_cost")
    figures = {f"{name}_gradient": value for name, value in gradients.items()} | ends
    return Trial(
        judged(
            gradients["small"] < 0.1 * gradients["he"],
            gradients["large"] > 10 * gradients["he"],
            min(ends["small"], ends["large"]) > 2 * ends["he"],
        ),
        figures,
    )


def small_random_start_of_a_deep_network() -> Trial:
    """randn * 0.01, which the note's section 1.1.2 gives for L layers, against He's on 4 layers."""
    ends = {}
    for start in ("small", "he"):
        arm = arm_of("initialization", "he").but(
            initialization=start, sizes=(2, 10, 10, 5, 1), epochs=8_000, rate=0.05
        )
        ends[start] = last(trained("initialization", arm), "train_cost")
    parameters = building.initialize_parameters_deep([2, 10, 10, 5, 1])
    figures = {**ends, "course_scale": float(np.std(parameters["W2"]))}
    return Trial(HOLDS if ends["small"] <= 1.1 * ends["he"] else "does not hold", figures)


def _spread(parameters: np.ndarray, layer: int) -> float:
    """How far the units' weights are from their mean, over their size; 0 where all are 0."""
    W = named_views(parameters, arm_of("initialization", "he").architecture)[f"W{layer}"]
    size = float(np.linalg.norm(W))
    return float(np.linalg.norm(W - W.mean(axis=0))) / size if size else 0.0


def _from_a_constant() -> np.ndarray:
    """The network after 3,000 iterations from weights that are all 0.3."""
    architecture = arm_of("initialization", "he").architecture
    start = np.zeros(architecture.parameter_count)
    for block in architecture.blocks:
        if block.is_weight:
            start[block.slice] = CONSTANT
    return _trained_from(start, 3_000).parameters


def _trained_from(start: np.ndarray, iterations: int) -> TrainingState:
    program = arm_of("initialization", "he").program()
    state = TrainingState.start(start, program)
    steps = stepper(
        arm_of("initialization", "he"), build_engine(program), examples_of("initialization"), Seeds()
    )
    steps.advance(state, 0, iterations)
    return state


def a_good_start() -> Trial:
    """He's start beside randn * 0.01 and randn * 10: iterations to a cost of 0.5, and both accuracies."""
    figures: dict[str, float] = {}
    for name in ("he", "small", "large"):
        run = trained("initialization", arm_of("initialization", "he").but(initialization=name))
        figures |= {
            f"{name}_iterations": epochs_until(run, 0.5),
            f"{name}_train": run.train_accuracy,
            f"{name}_test": run.test_accuracy,
        }
    others = ("small", "large")
    return Trial(
        judged(
            all(figures["he_iterations"] < figures[f"{name}_iterations"] for name in others),
            all(figures["he_train"] > figures[f"{name}_train"] for name in others),
            all(figures["he_test"] > figures[f"{name}_test"] for name in others),
        ),
        figures,
    )


def biases_may_start_at_zero() -> Trial:
    """The cost after 15,000 iterations from He's weights: with biases 0, and with biases from randn."""
    arm, examples = arm_of("initialization", "he"), examples_of("initialization")
    start = note_start(arm.architecture, "he", 3)
    drawn = start.copy()
    legacy = np.random.RandomState(4)
    for block in arm.architecture.blocks:
        if not block.is_weight:
            drawn[block.slice] = legacy.randn(drawn[block.slice].size)
    figures = {}
    for name, vector in (("zero", start), ("drawn", drawn)):
        parameters = _trained_from(vector, arm.epochs).parameters
        views = named_views(parameters, arm.architecture)
        figures[name] = cost(arm.program().objective, views, arm.architecture, examples.X.T, examples.Y.T)
    return Trial(judged(figures["zero"] < 1.1 * figures["drawn"]), figures)


def xavier_is_alike() -> Trial:
    """The note's other start, randn * sqrt(1 / n), beside He's: cost at the end and both accuracies."""
    figures: dict[str, float] = {}
    for name, initialization in (("he", "he"), ("xavier", "lecun")):
        run = trained("initialization", arm_of("initialization", "he").but(initialization=initialization))
        figures |= {
            name: last(run, "train_cost"),
            f"{name}_train": run.train_accuracy,
            f"{name}_test": run.test_accuracy,
        }
    return Trial(
        judged(
            abs(figures["he_train"] - figures["xavier_train"]) < 0.02,
            figures["xavier"] < 2 * figures["he"],
        ),
        figures,
    )


START_CLAIMS = (
    Claim("small random start", "1.1.2", small_random_start_of_a_deep_network),
    Claim("a good start", "2.1", a_good_start),
    Claim("zeros learn nothing", "2.1.1", zeros_learn_nothing),
    Claim("equal units stay equal", "2.1.1", equal_units_stay_equal),
    Claim("equal units are linear", "2.1.1", equal_units_are_linear),
    Claim("biases may start at zero", "2.1.1", biases_may_start_at_zero),
    Claim("large weights cost much", "2.1.2", large_weights_cost_much),
    Claim("scale of the start", "2.1.2", scale_of_the_start),
    Claim("Xavier's start is alike", "2.1.3", xavier_is_alike),
)
