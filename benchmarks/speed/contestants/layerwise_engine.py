"""layerwise's engine alone: what is left when the loop around it costs nothing."""

from __future__ import annotations

import numpy as np
from speed.examples import Examples
from speed.runner import Runner, Ways
from speed.work import Work

from layerwise.engine import Batches, TrainingState, build_engine, fitting_threads, output_activation
from layerwise.formulas.randomness import shuffled


def fit(work: Work, examples: Examples, threads: int) -> Ways:
    def epochs() -> Runner:
        program = work.program()
        engine = build_engine(program)
        start = work.start_vector()

        def run() -> TrainingState:
            state = TrainingState.start(start, program)
            done = 0
            # At most a million numbers of order at once.
            together = max(1, min(work.epochs, 2**20 // work.rows))
            while done < work.epochs:
                count = min(together, work.epochs - done)
                order = None
                if work.steps_per_epoch > 1:
                    order = np.array([shuffled(work.rows, 0, done + epoch) for epoch in range(count)])
                batches = Batches(examples.X, examples.Y, None, order, work.batch_size)
                rates = np.full((count, work.steps_per_epoch), work.rate)
                with fitting_threads(program, work.batch_size):
                    engine.run_epochs(state, batches, done, rates)
                done += count
            return state

        return Runner(run, lambda state: work.layers_of(state.parameters))

    return {"run_epochs": epochs}


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
