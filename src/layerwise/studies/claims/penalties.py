"""The note's claims on regularization (its section 2.2), tried on our own football field."""

from __future__ import annotations

import numpy as np

from layerwise.diagnosis import diagnose
from layerwise.formulas.regularizers import inverted_dropout
from layerwise.network.objective import Objective, cost, cost_and_gradient, output_backward
from layerwise.network.parameters import named_views
from layerwise.network.propagation import Dropout, backward, forward
from layerwise.studies.arm_run import run_arm
from layerwise.studies.claims.boundary_shape import answers, boundary_length, likeness_to_a_line
from layerwise.studies.claims.claim import Claim, Trial, judged
from layerwise.studies.claims.runs import arm_of, column, examples_of, last, trained
from layerwise.studies.note_random import Seeds, note_masks
from layerwise.studies.tuning import held_out

STUDY = "regularization"
TOO_MUCH = (0.7, 10.0, 20.0, 100.0)
MASKS = 400
LAMBDAS = (0.0, 0.03, 0.1, 0.3, 0.7, 1.5, 3.0, 10.0)


def plain_network_overfits() -> Trial:
    """Without regularization the network overfits."""
    run = trained(STUDY, arm_of(STUDY, "none"))
    rules = [finding.rule for finding in diagnose(run.history)]
    held_out = column(run, "validation_cost")
    figures = {
        "train": run.train_accuracy,
        "test": run.test_accuracy,
        "lowest": float(held_out.min()),
        "ends": float(held_out[-1]),
        "fitted": float(column(run, "train_cost")[-1]),
    }
    return Trial(judged("overfits" in rules), figures)


def l2_smooths_the_boundary() -> Trial:
    """How long the boundary is, and how many more cells of a line it takes, with and without L2."""
    lengths = {}
    for key in ("none", "l2"):
        run = trained(STUDY, arm_of(STUDY, key))
        lengths[key] = boundary_length(answers(run.arm, run.parameters, examples_of(STUDY))[1])
    return Trial(judged(lengths["l2"] < 0.95 * lengths["none"]), lengths)


def much_l2_makes_a_line() -> Trial:
    """The likeness of the boundary to a line, and the accuracy, as lambda grows."""
    figures: dict[str, float] = {}
    for number, lambd in enumerate(TOO_MUCH):
        run = trained(STUDY, arm_of(STUDY, "l2").but(lambd=lambd, epochs=10_000))
        grid, classes = answers(run.arm, run.parameters, examples_of(STUDY))
        one_class = bool(classes.all() or not classes.any())
        figures |= {
            f"line{number}": likeness_to_a_line(grid, classes),
            f"train{number}": run.train_accuracy,
            f"constant{number}": float(one_class),
        }
    lined = figures["line2"] > 0.99 and not figures["constant2"]
    return Trial(judged(lined, figures["line2"] > figures["line0"], not figures["constant3"]), figures)


def lambda_by_a_dev_set() -> Trial:
    """Lambda with the lowest cost on a fifth of the training examples, held out, and its cost and accuracy on
    the test examples beside those of no penalty; all trained on the other four fifths."""
    examples = held_out(examples_of(STUDY), Seeds())
    test = examples_of(STUDY)
    runs = {}
    for lambd in LAMBDAS:
        arm = arm_of(STUDY, "l2").but(lambd=lambd, epochs=10_000)
        runs[lambd] = run_arm(arm, examples, Seeds(), record_every=500)
    chosen = min(LAMBDAS, key=lambda lambd: last(runs[lambd], "validation_cost"))
    figures = {"lambd": chosen}
    for name, lambd in (("none", 0.0), ("chosen", chosen)):
        run = runs[lambd]
        views = named_views(run.parameters, run.arm.architecture)
        A = forward(test.X_test.T, views, run.arm.architecture.activations)[-1].A
        figures |= {
            f"{name}_accuracy": float(((A > 0.5) == (test.Y_test.T > 0.5)).mean()),
            f"{name}_cost": cost(
                Objective("binary_cross_entropy"), views, run.arm.architecture, test.X_test.T, test.Y_test.T
            ),
        }
    return Trial(
        judged(
            chosen > 0 and figures["chosen_cost"] < figures["none_cost"],
            figures["chosen_accuracy"] >= figures["none_accuracy"],
        ),
        figures,
    )


def l2_shrinks_weights() -> Trial:
    """The norm of all weights after training, with and without L2."""
    norms = {}
    for key in ("none", "l2"):
        run = trained(STUDY, arm_of(STUDY, key))
        views = named_views(run.parameters, run.arm.architecture)
        norms[key] = float(np.sqrt(sum((W**2).sum() for name, W in views.items() if name[0] == "W")))
    return Trial(judged(norms["l2"] < norms["none"]), norms)


def dropout_at_prediction_hurts() -> Trial:
    """The accuracy on test examples with all units, and with units dropped as in training, 400 times."""
    run = trained(STUDY, arm_of(STUDY, "dropout"))
    examples, architecture = examples_of(STUDY), run.arm.architecture
    views = named_views(run.parameters, architecture)
    right = []
    for k in range(MASKS):
        masks = note_masks(architecture, run.arm.keep_prob, len(examples.X_test), 5000 + k)
        A = forward(examples.X_test.T, views, architecture.activations, masks)[-1].A
        right.append(float(((A > 0.5) == (examples.Y_test.T > 0.5)).mean()))
    whole, dropped = run.test_accuracy, float(np.mean(right))
    worse = float(np.mean(np.array(right) < whole))
    return Trial(judged(dropped < whole), {"whole": whole, "dropped": dropped, "worse": worse})


def dropout_keeps_the_expectation() -> Trial:
    """The mean activation after dropout over many masks, with and without the division by keep_prob."""
    draw = np.random.default_rng(0)
    A, keep = draw.exponential(size=(20, 50)), 0.86
    kept = draw.random((4_000, *A.shape)) < keep
    ratio = float((inverted_dropout(A, kept, keep).mean(axis=0) / A).mean())
    plain = float(((A * kept).mean(axis=0) / A).mean())
    return Trial(judged(abs(ratio - 1) < 0.002), {"ratio": ratio, "plain": plain})


def dropout_backward_divides_too() -> Trial:
    """The gradient under a fixed mask against central differences, with and without the division."""
    run = trained(STUDY, arm_of(STUDY, "dropout"))
    examples, architecture = examples_of(STUDY), run.arm.architecture
    X, Y, objective = examples.X.T, examples.Y.T, run.arm.program().objective
    masks = note_masks(architecture, run.arm.keep_prob, X.shape[1], 1)
    theta = run.start.copy()
    views = named_views(theta, architecture)
    _, grads = cost_and_gradient(objective, views, architecture, X, Y, dropouts=masks)
    W1 = np.zeros_like(grads["dW1"])
    for index in np.ndindex(W1.shape):
        here = views["W1"][index]
        ends = []
        for step in (1e-6, -1e-6):
            views["W1"][index] = here + step
            ends.append(cost(objective, views, architecture, X, Y, dropouts=masks))
        views["W1"][index] = here
        W1[index] = (ends[0] - ends[1]) / 2e-6
    # A keep_prob of 1 with the same masks: the backward pass drops the same units and divides by nothing.
    bare = [None if mask is None else Dropout(mask.kept, 1.0) for mask in masks]
    caches = forward(X, views, architecture.activations, masks)
    caches = [cache._replace(dropout=mask) for cache, mask in zip(caches, bare, strict=True)]
    wrong = backward(output_backward(objective, caches[-1], Y), caches)["dW1"]
    size = float(np.linalg.norm(W1))
    figures = {
        "divided": float(np.linalg.norm(grads["dW1"] - W1)) / size,
        "undivided": float(np.linalg.norm(wrong - W1)) / size,
    }
    return Trial(judged(figures["divided"] < 1e-6, figures["undivided"] > 1e-3), figures)


PENALTY_CLAIMS = (
    Claim("plain network overfits", "2.2", plain_network_overfits),
    Claim("lambda by a dev set", "2.2.1", lambda_by_a_dev_set),
    Claim("L2 smooths", "2.2.1", l2_smooths_the_boundary),
    Claim("much L2 makes a line", "2.2.1", much_l2_makes_a_line),
    Claim("L2 shrinks weights", "2.2.1", l2_shrinks_weights),
    Claim("dropout at prediction hurts", "2.2.2", dropout_at_prediction_hurts),
    Claim("dropout keeps the expectation", "2.2.2", dropout_keeps_the_expectation),
    Claim("dropout divides backward too", "2.2.2", dropout_backward_divides_too),
)
