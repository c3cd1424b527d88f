"""layerwise's engine alone: what is left when the loop around it costs next to nothing."""

from __future__ import annotations

import numpy as np

from layerwise.engine import (
    Batches,
    Engine,
    TrainingState,
    build_engine,
    output_activation,
)
from speed.examples import Examples
from speed.runner import Runner, Ways
from speed.work import Work

# Numbers of order handed over in one call.
ORDER_NUMBERS = 2**20


def _train(engine: Engine, state: TrainingState, work: Work, examples: Examples) -> None:
    together = max(1, ORDER_NUMBERS // work.rows)
    for first in range(0, work.epochs, together):
        epochs = range(first, min(first + together, work.epochs))
        order = None
        if work.steps_per_epoch > 1:
            order = engine.orders(work.rows, first, len(epochs))
        batches = Batches(examples.X, examples.Y, None, order, work.batch_size)
        engine.run_epochs(state, batches, first, np.full((len(epochs), work.steps_per_epoch), work.rate))


def fit(work: Work, examples: Examples, threads: int) -> Ways:
    def run_epochs() -> Runner:
        program = work.program()
        engine = build_engine(program)
        start = work.start_vector()

        def run() -> TrainingState:
            state = TrainingState.start(start, program)
            _train(engine, state, work, examples)
            return state

        return Runner(run, lambda state: work.layers_of(state.parameters))

    return {"run_epochs": run_epochs}


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
