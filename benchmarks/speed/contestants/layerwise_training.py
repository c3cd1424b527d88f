"""layerwise as its estimators drive it: the training loop with history, without per-layer statistics."""

from __future__ import annotations

import numpy as np

from layerwise.engine import TrainingState, build_engine
from layerwise.training import Data, Recipe, train, train_seeds
from speed.examples import Examples
from speed.runner import Runner, Ways
from speed.work import Work


def _fit(work: Work, examples: Examples, seed: int, start: np.ndarray, engine=None) -> TrainingState:
    program = work.program(seed)
    engine = engine or build_engine(program)
    state = TrainingState.start(start, program)
    recipe = Recipe(epochs=work.epochs, batch_size=work.batch, learning_rate=work.rate)
    train(engine, state, Data(examples.X, examples.Y), recipe, statistics=False)
    return state


def fit(work: Work, examples: Examples, threads: int) -> Ways:
    def loop() -> Runner:
        engine, start = build_engine(work.program()), work.start_vector()
        return Runner(
            lambda: _fit(work, examples, 0, start, engine), lambda state: work.layers_of(state.parameters)
        )

    return {"training loop": loop}


def seeds(work: Work, examples: Examples, threads: int) -> Ways:
    """Side by side: a network in each lane of a register, and as many groups of them as there are threads."""

    def side_by_side() -> Runner:
        numbers, starts = range(work.seeds), [work.start_vector(seed) for seed in range(work.seeds)]
        recipe = Recipe(epochs=work.epochs, batch_size=work.batch, learning_rate=work.rate)
        data = Data(examples.X, examples.Y)
        return Runner(
            lambda: train_seeds(work.program(0), numbers, starts, data, recipe),
            lambda results: [work.layers_of(result.parameters) for result in results],
        )

    return {"train_seeds": side_by_side}


def predict(work: Work, examples: Examples, threads: int) -> Ways:
    """Through the estimator that scikit-learn's users change over to, checks of its input included."""
    from layerwise import MLPClassifier

    def estimator() -> Runner:
        first = examples.X[: min(work.rows, 569)]
        model = MLPClassifier(hidden_layer_sizes=work.sizes[1:-1], max_iter=1)
        model.fit(first.repeat(2, axis=0), [0, 1] * len(first))
        model.coefs_ = [W.T.copy() for W, _ in work.start()]
        model.intercepts_ = [b.copy() for _, b in work.start()]
        return Runner(lambda: model.predict_proba(examples.X), lambda outputs: outputs[:, 1:])

    return {"MLPClassifier.predict_proba": estimator}
