"""layerwise's engine alone: what is left when the loop around it costs next to nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from layerwise.engine import (
    Batches,
    Engine,
    StepTotals,
    TrainingState,
    build_engine,
    fitting_threads,
    output_activation,
)
from layerwise.formulas.randomness import shuffled
from speed.examples import Examples
from speed.runner import Runner, Ways
from speed.work import Work

# Numbers of order handed over in one call.
ORDER_NUMBERS = 2**20

Epochs = Callable[[Engine, TrainingState, Work, Examples], None]


def _order(work: Work, epoch: int) -> np.ndarray | None:
    return shuffled(work.rows, 0, epoch) if work.steps_per_epoch > 1 else None


def _epoch_by_epoch(engine: Engine, state: TrainingState, work: Work, examples: Examples) -> None:
    rates = np.full(work.steps_per_epoch, work.rate)
    for epoch in range(work.epochs):
        batches = Batches(examples.X, examples.Y, None, _order(work, epoch), work.batch_size)
        engine.run_steps(state, batches, epoch, StepTotals(), rates)


def _many_epochs(engine: Engine, state: TrainingState, work: Work, examples: Examples) -> None:
    together = max(1, ORDER_NUMBERS // work.rows)
    for first in range(0, work.epochs, together):
        epochs = range(first, min(first + together, work.epochs))
        order = np.array([_order(work, epoch) for epoch in epochs]) if work.steps_per_epoch > 1 else None
        batches = Batches(examples.X, examples.Y, None, order, work.batch_size)
        rates = np.full((len(epochs), work.steps_per_epoch), work.rate)
        engine.run_epochs(state, batches, first, rates)  # type: ignore[attr-defined]


def fit(work: Work, examples: Examples, threads: int) -> Ways:
    def runner(epochs: Epochs) -> Runner:
        program = work.program()
        engine = build_engine(program)
        start = work.start_vector()

        def run() -> TrainingState:
            state = TrainingState.start(start, program)
            with fitting_threads(program, work.batch_size):
                epochs(engine, state, work, examples)
            return state

        return Runner(run, lambda state: work.layers_of(state.parameters))

    ways: Ways = {"run_steps": lambda: runner(_epoch_by_epoch)}
    if hasattr(build_engine(work.program()), "run_epochs"):
        ways["run_epochs"] = lambda: runner(_many_epochs)
    return ways


def predict(work: Work, examples: Examples, threads: int) -> Ways:
    def outputs() -> Runner:
        program = work.program()
        engine = build_engine(program)
        parameters = work.start_vector()
        return Runner(
            lambda: output_activation(program, engine.pre_activations(parameters, examples.X)),
            lambda outputs: outputs,
        )

    return {"pre_activations": outputs}
