"""The note's claims on momentum (its sections 2.4.3 and 2.4.5)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from layerwise.engine import Batches, StepTotals, TrainingState, build_engine
from layerwise.studies.arm import Arm
from layerwise.studies.claims.claim import Claim, Trial, judged
from layerwise.studies.claims.descents import PASSES, STUDY, TARGET, descent
from layerwise.studies.claims.runs import arm_of, column, epochs_until, examples_of, last, trained
from layerwise.studies.note_random import NoteOrder, note_start

BETAS = (0.0, 0.5, 0.8, 0.9, 0.99, 0.999)


def momentum_without_beta_is_plain() -> Trial:
    """The largest difference of any parameter after 200 epochs: momentum with beta = 0, and plain descent."""
    ends = []
    for changes in ({"optimizer": "gd"}, {"optimizer": "momentum", "momentum": 0.0}):
        arm = descent(64).but(**changes)
        run = trained(STUDY, arm.but(epochs=200))
        ends.append(run.parameters)
    apart = float(np.abs(ends[0] - ends[1]).max())
    return Trial(judged(apart < 1e-12), {"apart": apart})


def larger_beta_is_smoother() -> Trial:
    """The cosine between one update and the next in the first epochs, and the cost at the end, for beta from
    0 to 0.999 with mini-batches of 16."""
    figures: dict[str, float] = {}
    costs = []
    for number, beta in enumerate(BETAS):
        arm = _with_beta(beta)
        costs.append(last(trained(STUDY, arm), "train_cost"))
        figures |= {f"cosine{number}": _cosine_of_updates(arm), f"cost{number}": costs[-1]}
    cosines = [figures[f"cosine{number}"] for number in range(len(BETAS))]
    smoother = all(later > earlier for earlier, later in pairwise(cosines))
    usual = min(costs[2:]) <= 1.01 * min(costs)
    return Trial(judged(smoother, usual), figures)


def _with_beta(beta: float) -> Arm:
    return descent(16).but(optimizer="momentum", momentum=beta, rate=0.1)


def _cosine_of_updates(arm: Arm) -> float:
    """The mean cosine between the updates of successive steps over 50 epochs from the start."""
    updates = _updates(arm, 50)
    return float(np.mean([u @ v / (np.linalg.norm(u) * np.linalg.norm(v)) for u, v in pairwise(updates)]))


def _updates(arm: Arm, epochs: int) -> list[np.ndarray]:
    """What each step of the first epochs adds to the parameters."""
    program, examples = arm.program(), examples_of(STUDY)
    engine, order = build_engine(program), NoteOrder(10, len(examples.X))
    state = TrainingState.start(note_start(arm.architecture, arm.initialization, 3), program)
    updates = []
    for epoch in range(epochs):
        batches = Batches(examples.X, examples.Y, None, order.of(epoch), arm.batch_size or len(examples.X))
        totals = StepTotals()
        while totals.steps < batches.steps:
            before = state.parameters.copy()
            totals = engine.run_steps(state, batches, epoch, totals, np.array([arm.rate]))
            updates.append(state.parameters - before)
    return updates


def velocity_builds_up() -> Trial:
    """The length of momentum's steps over that of plain descent's, step by step, on all examples at once."""
    plain, momentum = (
        np.linalg.norm(_updates(descent(None).but(optimizer=optimizer), 60), axis=1)
        for optimizer in ("gd", "momentum")
    )
    ratios = momentum / plain
    figures = {"first": float(ratios[0]), "tenth": float(ratios[9]), "longest": float(ratios.max())}
    return Trial(judged(ratios[9] > 2 * ratios[0], ratios.max() > 1.1), figures)


def momentum_damps_the_swings() -> Trial:
    """How far the cost on all examples moves from record to record at the end, with mini-batches of 16."""
    figures = {
        name: float(np.abs(np.diff(column(trained(STUDY, _with_beta(beta)), "train_cost")[-20:])).mean())
        for name, beta in (("plain", 0.0), ("momentum", 0.9), ("more", 0.99))
    }
    return Trial(judged(figures["momentum"] < figures["plain"], figures["more"] < figures["plain"]), figures)


def momentum_gains_little() -> Trial:
    """Cost and accuracy of plain descent and momentum at the note's small rate."""
    plain, momentum = (trained(STUDY, arm_of(STUDY, key)) for key in ("gd", "momentum"))
    figures = {
        "plain": last(plain, "train_cost"),
        "momentum": last(momentum, "train_cost"),
        "plain_accuracy": plain.train_accuracy,
        "momentum_accuracy": momentum.train_accuracy,
    }
    return Trial(judged(abs(figures["plain"] - figures["momentum"]) < 0.01 * figures["plain"]), figures)


def momentum_with_a_larger_rate() -> Trial:
    """Momentum generally helps the speed: passes to a cost of 0.3, at the note's form with (1 - beta)."""
    figures: dict[str, float] = {}
    for rate in (0.02, 0.2):
        for key in ("gd", "momentum"):
            run = trained(STUDY, arm_of(STUDY, key).but(rate=rate, epochs=PASSES))
            figures[f"{key}_{'small' if rate < 0.1 else 'large'}"] = epochs_until(run, TARGET)
    faster = [figures[f"momentum_{rate}"] < 0.9 * figures[f"gd_{rate}"] for rate in ("small", "large")]
    return Trial(judged(*faster), figures)


MOMENTUM_CLAIMS = (
    Claim("momentum damps the swings", "2.4.3", momentum_damps_the_swings),
    Claim("velocity builds up", "2.4.3", velocity_builds_up),
    Claim("beta = 0 is plain descent", "2.4.3", momentum_without_beta_is_plain),
    Claim("larger beta is smoother", "2.4.3", larger_beta_is_smoother),
    Claim("momentum helps the speed", "2.4.5", momentum_with_a_larger_rate),
    Claim("momentum gains little here", "2.4.5", momentum_gains_little),
)
