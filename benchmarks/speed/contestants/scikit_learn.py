"""scikit-learn's MLP.

Tuned: float32 data stay float32; the shared start is put in by `warm_start`, so no time goes into another;
no L2 unless the work has it, no early stopping, no stop by tolerance; the full batch is not shuffled (that
would gather it anew each epoch). Many seeds run in joblib's processes, one BLAS thread each.
It has no dropout, so it does not take part in the regularized works.
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from speed.examples import Examples
from speed.runner import Runner, Ways
from speed.work import Work

# Of 64 seeds of 1,000 epochs it does so many, and the time is taken for all.
SEEDS_DONE = 4


def _model(work: Work, seed: int):
    estimator = MLPRegressor if work.output == "identity" else MLPClassifier
    return estimator(
        hidden_layer_sizes=work.sizes[1:-1],
        activation=work.hidden,
        solver="adam" if work.optimizer == "adam" else "sgd",
        alpha=work.l2,
        batch_size=work.batch_size,
        learning_rate_init=work.rate,
        momentum=0.0,
        nesterovs_momentum=False,
        max_iter=1,
        shuffle=work.steps_per_epoch > 1,
        random_state=seed,
        tol=0.0,
        n_iter_no_change=10**9,
        warm_start=True,
    )


def _started(work: Work, examples: Examples, seed: int):
    """A model with everything set up, and its start."""
    model = _model(work, seed)
    target = examples.Y if examples.labels is None else examples.labels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(examples.X, target)
    return model.set_params(max_iter=work.epochs), target


def _run(model, work: Work, X: np.ndarray, target: np.ndarray, seed: int):
    start = work.start(seed)
    model.coefs_ = [np.ascontiguousarray(W.T) for W, _ in start]
    model.intercepts_ = [b.copy() for _, b in start]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, target)
    return [(W.T, b) for W, b in zip(model.coefs_, model.intercepts_, strict=True)]


def fit(work: Work, examples: Examples, threads: int) -> Ways:
    def warm_start() -> Runner:
        model, target = _started(work, examples, 0)
        return Runner(lambda: _run(model, work, examples.X, target, 0), lambda layers: layers)

    return {"fit": warm_start} if not work.dropout else {}


def _fit_seed(work: Work, examples: Examples, seed: int):
    model, target = _started(work, examples, seed)
    return _run(model, work, examples.X, target, seed)


def seeds(work: Work, examples: Examples, threads: int) -> Ways:
    def joblib_processes() -> Runner:
        from joblib import Parallel, delayed

        pool = Parallel(n_jobs=threads, inner_max_num_threads=1)
        done = min(SEEDS_DONE * threads, work.seeds)
        pool(delayed(int)(0) for _ in range(threads))  # the processes are there before the clock starts
        return Runner(
            lambda: pool(delayed(_fit_seed)(work, examples, seed) for seed in range(done)),
            lambda fits: fits,
            part=done / work.seeds,
            here=False,
        )

    return {"joblib": joblib_processes}


def predict(work: Work, examples: Examples, threads: int) -> Ways:
    def predict_proba() -> Runner:
        model = _model(work, 0)
        first = examples.X[: min(work.rows, 569)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(first.repeat(2, axis=0), [0, 1] * len(first))
        model.coefs_ = [np.ascontiguousarray(W.T) for W, _ in work.start()]
        model.intercepts_ = [b.copy() for _, b in work.start()]
        return Runner(lambda: model.predict_proba(examples.X), lambda outputs: outputs[:, 1:])

    return {"predict_proba": predict_proba}
