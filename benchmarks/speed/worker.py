"""One contestant in a process of its own, which does what it is told, one line of JSON at a time.

    python -m speed.worker MODULE THREADS

A process each, because the libraries' idle threads look out for work for a while and would take time from
the next contestant. Tells on standard output; whatever a library prints goes to standard error.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
import traceback
from typing import Any, TextIO

import numpy as np

from speed.examples import Examples, examples_of
from speed.runner import Runner
from speed.surroundings import stay_on
from speed.work import Work

PEAK_SIZES = (1024, 2048)


class Worker:
    """Holds the work at hand, ready to run."""

    def __init__(self, module: str, threads: int) -> None:
        self.threads = threads
        self.module = importlib.import_module(f"speed.contestants.{module}")
        self.work: Work | None = None
        self.examples: Examples | None = None
        self.runner: Runner | None = None
        self.outcome: Any = None

    def prepare(self, work: dict) -> dict:
        """Set the work up, in the fastest of the ways it can be written."""
        self.work = Work(**{**work, "sizes": tuple(work["sizes"])})
        ways = getattr(self.module, self.work.kind, None)
        self.examples = examples_of(self.work)
        ways = ways(self.work, self.examples, self.threads) if ways else {}
        trials: dict[str, float] = {}
        self.runner = self.outcome = None
        for name, make in ways.items():
            started = time.perf_counter()
            runner = make()
            runner.run()
            setting_up = time.perf_counter() - started
            seconds = _trial(runner) if len(ways) > 1 else setting_up
            if self.runner is None or seconds < min(trials.values()):
                self.runner, chosen = runner, {"way": name, "set_up_seconds": setting_up}
            trials[name] = seconds
            del runner
            gc.collect()
        if self.runner is None:
            return {"absent": True}
        return {**chosen, "trials": trials, "start": self._value(None)}

    def run(self, seconds: float) -> dict:
        """Do the work, over and over until so many seconds have passed; the mean of one time."""
        assert self.runner is not None
        gc.collect()
        runs, wall, cpu = 0, time.perf_counter(), time.process_time()
        while runs == 0 or time.perf_counter() - wall < seconds:
            self.outcome = self.runner.run()
            runs += 1
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        whole = runs * self.runner.part
        cpu = cpu / whole if self.runner.here else float("nan")
        return {"wall": wall / whole, "cpu": cpu, "runs": runs, "part": self.runner.part}

    def check(self) -> dict:
        """What the last run came to."""
        assert self.runner is not None
        return {"end": self._value(self.runner.read(self.outcome))}

    def _value(self, outcome: Any) -> float:
        """The cost (its mean over the seeds); of predictions, how far they are from the reference."""
        work, examples = self.work, self.examples
        assert work is not None
        assert examples is not None
        if work.kind == "predict":
            if outcome is None:
                return 0.0
            few = slice(0, 1000)
            expected = _reference_outputs(work, examples.X[few])
            return float(np.abs(np.asarray(outcome)[few] - expected).max())
        if work.kind == "fit":
            return work.cost_of(work.start() if outcome is None else outcome, examples.X, examples.Y)
        assert self.runner is not None
        done = round(work.seeds * self.runner.part)
        networks = [work.start(seed) for seed in range(done)] if outcome is None else outcome
        return float(np.mean([work.cost_of(layers, examples.X, examples.Y) for layers in networks]))

    def peak(self, dtype: str, seconds: float) -> dict:
        """GFLOP/s of the faster of two large square matrix products, by NumPy's BLAS."""
        best = 0.0
        for n in PEAK_SIZES:
            draw = np.random.default_rng(0)
            A, B = (draw.standard_normal((n, n)).astype(dtype) for _ in range(2))
            C = np.empty((n, n), dtype)
            np.dot(A, B, out=C)
            times = []
            while sum(times) < seconds / len(PEAK_SIZES):
                started = time.perf_counter()
                np.dot(A, B, out=C)
                times.append(time.perf_counter() - started)
            best = max(best, 2 * n**3 / float(np.median(times)) / 1e9)
        return {"gflops": best}


def _trial(runner: Runner) -> float:
    """The shorter of two runs, in seconds for the whole work."""
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        runner.run()
        seconds.append(time.perf_counter() - started)
    return min(seconds) / runner.part


def _reference_outputs(work: Work, X: np.ndarray) -> np.ndarray:
    from layerwise.network.parameters import named_views
    from layerwise.network.propagation import forward

    parameters = named_views(work.start_vector().astype(np.float64), work.architecture)
    return forward(X.T.astype(np.float64), parameters, work.architecture.activations)[-1].A.T


def serve(worker: Worker, answers: TextIO) -> None:
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def main() -> None:
    # Answers have a channel of their own: what libraries print must not come between them.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module, threads = sys.argv[1], int(sys.argv[2])
    stay_on(threads)
    serve(Worker(module, threads), answers)


if __name__ == "__main__":
    main()
