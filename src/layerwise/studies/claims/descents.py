"""The note's claims on gradient descent, mini-batches and Adam (its section 2.4)."""

from __future__ import annotations

import numpy as np

from layerwise.diagnosis import roughness
from layerwise.engine import TrainingState
from layerwise.studies.arm import Arm, Examples
from layerwise.studies.arm_run import run_arm
from layerwise.studies.claims.claim import IN_PART, Claim, Trial, judged
from layerwise.studies.claims.runs import arm_of, column, epochs_until, examples_of, last, trained
from layerwise.studies.note_random import Seeds

STUDY = "optimization"
TARGET = 0.3
RATE = 0.02
PASSES = 2_000
SIZES = (16, 32, 64, 128)


def descent(size: int | None, epochs: int = PASSES) -> Arm:
    """Plain descent at a rate at which mini-batches of every size learn, for so many passes over the data."""
    return arm_of(STUDY, "gd").but(batch_size=size, rate=RATE, epochs=epochs)


def three_sizes_of_batch() -> Trial:
    """Whole batch, mini-batches of 64 and of one at one rate: passes and seconds to a cost of 0.3, and how
    the cost swings at the end."""
    figures: dict[str, float] = {}
    for name, size in (("batch", None), ("mini", 64), ("one", 1)):
        run = trained(STUDY, descent(size, 6_000 if size is None else PASSES))
        passes = epochs_until(run, TARGET)
        tail = column(run, "train_cost")[-20:]
        seconds = run.seconds * min(passes, run.arm.epochs) / run.arm.epochs
        figures |= {
            f"{name}_passes": passes,
            f"{name}_seconds": seconds if np.isfinite(passes) else float("inf"),
            f"{name}_swing": float(np.abs(np.diff(tail)).mean()),
        }
    return Trial(
        judged(
            figures["one_passes"] < figures["mini_passes"] < figures["batch_passes"],
            figures["one_swing"] > figures["mini_swing"] >= figures["batch_swing"],
            figures["mini_seconds"] <= min(figures["one_seconds"], figures["batch_seconds"]),
        ),
        figures,
    )


def sizes_from_16_to_128() -> Trial:
    """Passes to a cost of 0.3 with mini-batches of 16, 32, 64, 128; and of 60, which is no power of two."""
    figures: dict[str, float] = {}
    for size in (*SIZES, 60):
        run = trained(STUDY, descent(size))
        figures[f"passes{size}"] = epochs_until(run, TARGET)
        figures[f"cost{size}"] = last(run, "train_cost")
    all_reach = all(np.isfinite(figures[f"passes{size}"]) for size in SIZES)
    power_matters = figures["cost60"] > 1.05 * figures["cost64"]
    return Trial(judged(all_reach, power_matters), figures)


def examples_and_labels_are_shuffled_alike() -> Trial:
    """Accuracy on test examples after training with X and Y in one order, and with Y in another than X."""
    examples, arm = examples_of(STUDY), descent(64).but(rate=0.2)
    other = np.random.RandomState(0).permutation(len(examples.X))
    apart = Examples.of(
        examples.X, examples.Y[other, 0], examples.X_test, examples.Y_test[:, 0], examples.source
    )
    figures = {
        "alike": trained(STUDY, arm).test_accuracy,
        "apart": run_arm(arm, apart, Seeds(), record_every=PASSES).test_accuracy,
    }
    return Trial(judged(figures["apart"] < figures["alike"] - 0.2), figures)


def all_reach_the_same() -> Trial:
    """Accuracy and cost of all three after five times as many epochs, at the note's rate."""
    figures: dict[str, float] = {}
    for key in ("gd", "momentum", "adam"):
        run = trained(STUDY, arm_of(STUDY, key).but(epochs=50_000))
        figures |= {key: last(run, "train_cost"), f"{key}_accuracy": run.train_accuracy}
    shares = [figures[f"{key}_accuracy"] for key in ("gd", "momentum", "adam")]
    costs = [figures[key] for key in ("gd", "momentum", "adam")]
    return Trial(judged(max(shares) - min(shares) < 0.02, max(costs) < 1.25 * min(costs)), figures)


def adam_is_faster() -> Trial:
    """Epochs to a cost of 0.45, which plain descent just reaches at the note's rate."""
    figures = {
        key: epochs_until(trained(STUDY, arm_of(STUDY, key)), 0.45) for key in ("gd", "momentum", "adam")
    }
    return Trial(judged(figures["adam"] < 0.5 * min(figures["gd"], figures["momentum"])), figures)


def adam_needs_little_tuning() -> Trial:
    """Adam's cost after 3,000 epochs over its betas and epsilon, and over its rate."""
    arm = arm_of(STUDY, "adam").but(epochs=3_000)
    others = [
        *(arm.but(beta1=beta) for beta in (0.8, 0.95)),
        *(arm.but(beta2=beta) for beta in (0.99, 0.9999)),
        *(arm.but(epsilon=epsilon) for epsilon in (1e-10, 1e-6)),
    ]
    costs = [last(trained(STUDY, other), "train_cost") for other in (arm, *others)]
    rates = [last(trained(STUDY, arm.but(rate=rate)), "train_cost") for rate in (7e-6, 7e-5, 7e-4, 7e-3)]
    figures = {
        "low": min(costs),
        "high": max(costs),
        "rate_low": min(rates),
        "rate_high": max(rates),
    }
    return Trial(judged(max(costs) < 1.25 * min(costs), max(rates) > 2 * min(rates)), figures)


def adam_is_smoother() -> Trial:
    """The roughness of the published cost curves, and how far they swing as they are."""
    figures: dict[str, float] = {}
    for key in ("gd", "adam"):
        curve = column(trained(STUDY, arm_of(STUDY, key)), "cost")
        figures[key] = roughness(curve)
        figures[f"{key}_swing"] = float(np.abs(np.diff(curve)).mean())
    return Trial(
        judged(figures["adam"] < figures["gd"], figures["adam_swing"] < figures["gd_swing"]), figures
    )


def swings_come_from_hard_batches() -> Trial:
    """The swing of the last mini-batch's cost beside that of the cost on all examples."""
    run = trained(STUDY, arm_of(STUDY, "gd"))
    last_batch = np.array([value for _, value in run.costs])
    whole = column(run, "train_cost")[: len(last_batch)]
    figures = {
        "batch_swing": float(np.abs(np.diff(last_batch)).mean()),
        "whole_swing": float(np.abs(np.diff(whole)).mean()),
    }
    return Trial(judged(figures["whole_swing"] < 0.2 * figures["batch_swing"]), figures)


def adams_memory() -> Trial:
    """Numbers that each optimizer keeps for every parameter, the parameter and its gradient included."""
    figures: dict[str, float] = {}
    for key in ("gd", "momentum", "adam"):
        program = arm_of(STUDY, key).program()
        state = TrainingState.start(np.zeros(program.architecture.parameter_count), program)
        figures[key] = 2.0 + state.slots.size / state.parameters.size
    higher = figures["adam"] > figures["momentum"] > figures["gd"]
    return Trial(IN_PART if higher and figures["adam"] >= 2 * figures["gd"] else judged(higher), figures)


DESCENT_CLAIMS = (
    Claim("batch, mini-batch and one", "2.4.1", three_sizes_of_batch),
    Claim("shuffled alike", "2.4.2", examples_and_labels_are_shuffled_alike),
    Claim("mini-batches of 16 to 128", "2.4.2", sizes_from_16_to_128),
    Claim("swings come from hard batches", "2.4.5", swings_come_from_hard_batches),
    Claim("Adam is faster", "2.4.5", adam_is_faster),
    Claim("all reach the same", "2.4.5", all_reach_the_same),
    Claim("Adam needs little tuning", "2.4.5", adam_needs_little_tuning),
    Claim("Adam's memory", "2.4.5", adams_memory),
    Claim("Adam is smoother", "2.4.5", adam_is_smoother),
)
