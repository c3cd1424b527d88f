"""The stochastic solvers, by scikit-learn's rules: when the rate falls, when the loss counts as better, when
to stop. The steps themselves are the engine's."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from layerwise.engine import Engine, TrainingState
from layerwise.estimators.mlp_epochs import EpochOutcome, Epochs
from layerwise.formulas.randomness import generator_at
from layerwise.formulas.schedules import PLATEAU, Plateau, reduce_on_plateau
from layerwise.training import Recipe, Result
from layerwise.training.statistics import PROBE_ROWS, layer_statistics

if TYPE_CHECKING:
    from layerwise.estimators.mlp_network import MLPNetwork

SMALLEST_RATE = 1e-6
ADAPTIVE_DIVISOR = 5.0


@dataclass
class OptimizerMemory:
    """What the optimizer carries from one `partial_fit` to the next: what it remembers of each parameter
    (slots, n), the steps it has done, the learning rate in force and the state of a plateau schedule."""

    slots: np.ndarray
    learning_rate: float
    t: int = 0
    plateau: Plateau = field(default_factory=Plateau)


@dataclass
class Descent:
    """One call of `fit` or `partial_fit` with a stochastic solver.

    `model` is the estimator, whose attributes are kept up as it goes; `vector` its parameters, changed in
    place; `score` gives the (cost, score) of held-out rows or is None.
    """

    model: MLPNetwork
    engine: Engine
    vector: np.ndarray
    memory: OptimizerMemory
    epochs: Epochs
    random: np.random.RandomState
    recipe: Recipe | None
    score: Callable[[], tuple[float, float]] | None
    callbacks: Sequence[Any] = ()
    stopped: str = "epochs"

    def __post_init__(self) -> None:
        self.best = self.vector.copy() if self.model.early_stopping else None
        self.best_epoch = 0
        self.started = time.perf_counter()
        self._order = np.arange(self.epochs.count)
        self._rates = np.full(self.epochs.steps, self.memory.learning_rate)
        if self.model.statistics:
            pick = generator_at(self.engine.program.seed, "probe").permutation(self.epochs.count)[:PROBE_ROWS]
            self._probe = self.epochs.batch(np.sort(pick))

    def run(self, most: int, *, incremental: bool) -> None:
        """At most so many epochs. Warns as scikit-learn does where they were not enough."""
        model = self.model
        state = TrainingState(self.vector, self.memory.slots, self.memory.t)
        self._tell("on_train_begin", self._plan(most))
        model.n_iter_ = 0
        try:
            for _ in range(most):
                wishes = self._epoch(state)
                if self.stopped == "diverged":
                    break
                if model._no_improvement_count > model.n_iter_no_change and self._gives_up():
                    self.stopped = "patience"
                    break
                if wishes:
                    self.stopped = "callback"
                    break
                if model.n_iter_ == model.max_iter and not incremental:
                    warnings.warn(
                        f"Stochastic Optimizer: Maximum iterations ({model.max_iter}) reached and the "
                        "optimization hasn't converged yet.",
                        ConvergenceWarning,
                        stacklevel=5,
                    )
        except KeyboardInterrupt:
            self.stopped = "interrupted"
            warnings.warn("Training interrupted by user.", stacklevel=5)
        self.memory.t = state.t
        if self.best is not None:
            self.vector[:] = self.best
        self._tell("on_train_end", self._result(state))

    # -- one epoch ----------------------------------------------------------------------------------

    def _epoch(self, state: TrainingState) -> bool:
        """Do an epoch, keep what scikit-learn keeps of it; whether a callback asks to stop."""
        model, start = self.model, time.perf_counter()
        before = self.vector.copy() if model.statistics else None
        number = len(model.loss_curve_)
        rates = self._epoch_rates(number)
        on_steps = None
        if self.callbacks:
            on_steps = lambda steps: self._tell("on_steps_end", number + 1, steps)  # noqa: E731
        outcome = self.epochs.run(state, self._epoch_order(), number, rates, on_steps)
        seconds = time.perf_counter() - start
        if not outcome.finite:
            self.stopped = "diverged"
        model.n_iter_ += 1
        model.t_ += self.epochs.count
        model.loss_ = outcome.loss if outcome.finite else float("nan")
        model.loss_curve_.append(model.loss_)
        if model.verbose:
            print(f"Iteration {model.n_iter_}, loss = {model.loss_:.8f}")
        row = self._row(number, state, outcome, float(rates[-1]), seconds)
        cost, score = (None, None) if self.score is None else self._held_out(outcome)
        if score is not None:
            row |= {"validation_cost": cost, f"validation_{model._score_name}": score}
        if before is not None and outcome.finite:
            row |= layer_statistics(
                self.vector, before, self.engine.program.architecture, self.engine.program.objective,
                self._probe.X, self._probe.Y,
            )  # fmt: skip
        self._judge(score)
        self._after_epoch(cost)
        model._history.append(row)
        wishes = [getattr(callback, "on_epoch_end", _nothing)(row) for callback in self.callbacks]
        return any(wishes)

    def _epoch_order(self) -> np.ndarray | None:
        """scikit-learn's order: each epoch shuffles the one before, whether or not there are mini-batches."""
        if not self.model.shuffle:
            return None
        self._order = self._order[self.random.permutation(self.epochs.count)]
        return self._order if self.epochs.steps > 1 else None

    def _epoch_rates(self, epoch: int) -> np.ndarray:
        if self.recipe is not None:
            return self.memory.learning_rate * self.recipe.rates(
                epoch, self.epochs.steps, self.memory.plateau.factor
            )
        if self._rates[0] != self.memory.learning_rate:
            self._rates = np.full(self.epochs.steps, self.memory.learning_rate)
        return self._rates

    def _held_out(self, outcome: EpochOutcome) -> tuple[float, float]:
        assert self.score is not None
        return self.score() if outcome.finite else (float("nan"), float("nan"))

    def _row(
        self, number: int, state: TrainingState, outcome: EpochOutcome, rate: float, seconds: float
    ) -> dict[str, Any]:
        """The epoch's row of the history."""
        return {
            "epoch": number + 1,
            "step": state.t,
            "cost": outcome.loss,
            "learning_rate": rate,
            "gradient_norm": outcome.gradient_norm,
            "seconds": time.perf_counter() - self.started,
            "rows_per_second": self.epochs.count / max(seconds, 1e-9),
        }

    # -- better, and enough ---------------------------------------------------------------------------

    def _judge(self, score: float | None) -> None:
        """Whether the epoch counts as an improvement: by the score where training may stop early, else by
        the loss. A NaN never counts as worse, as in scikit-learn."""
        model = self.model
        if model.early_stopping:
            assert score is not None
            model.validation_scores_.append(score)
            if model.verbose:
                print(f"Validation score: {score:f}")
            worse = score < model.best_validation_score_ + model.tol
            if score > model.best_validation_score_:
                model.best_validation_score_ = score
                self.best, self.best_epoch = self.vector.copy(), len(model.loss_curve_)
        else:
            worse = model.loss_ > model.best_loss_ - model.tol
            if model.loss_ < model.best_loss_:
                model.best_loss_ = model.loss_
        model._no_improvement_count = model._no_improvement_count + 1 if worse else 0

    def _after_epoch(self, validation_cost: float | None) -> None:
        """The learning rate that the next epoch begins with."""
        model = self.model
        if model.solver == "sgd" and model.learning_rate == "invscaling":
            self.memory.learning_rate = model.learning_rate_init / (model.t_ + 1) ** model.power_t
        if model.schedule == PLATEAU:
            settings: dict[str, Any] = {}
            if model.schedule_factor is not None:
                settings["factor"] = model.schedule_factor
            if model.schedule_every is not None:
                settings["patience"] = model.schedule_every
            watched = model.loss_ if validation_cost is None else validation_cost
            self.memory.plateau = reduce_on_plateau(self.memory.plateau, watched, **settings)

    def _gives_up(self) -> bool:
        """No improvement for too long: whether to stop. An adaptive rate falls first."""
        model = self.model
        watched = "Validation score" if model.early_stopping else "Training loss"
        message = (
            f"{watched} did not improve more than tol={model.tol:f} for {model.n_iter_no_change} "
            "consecutive epochs."
        )
        adaptive = model.solver == "sgd" and model.learning_rate == "adaptive"
        if not adaptive or self.memory.learning_rate <= SMALLEST_RATE:
            reason = " Learning rate too small. Stopping." if adaptive else " Stopping."
            self._say(message + reason)
            return True
        self.memory.learning_rate /= ADAPTIVE_DIVISOR
        self._say(f"{message} Setting learning rate to {self.memory.learning_rate:f}")
        model._no_improvement_count = 0
        return False

    def _say(self, text: str) -> None:
        if self.model.verbose:
            print(text)

    # -- what callbacks are told ------------------------------------------------------------------------

    def _tell(self, event: str, *arguments: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, event, _nothing)(*arguments)

    def _plan(self, most: int) -> dict[str, Any]:
        return {
            "epochs": most,
            "steps": self.epochs.steps,
            "rows": self.epochs.count,
            "engine": self.engine.name,
            "compiling": not self.engine.is_compiled,
            "parameters": self.vector.size,
            "monitor": f"validation_{self.model._score_name}" if self.model.early_stopping else "cost",
        }

    def _result(self, state: TrainingState) -> Result:
        model = self.model
        reasons = {
            "epochs": f"all {model.n_iter_} epochs were done",
            "patience": f"no improvement for {model.n_iter_no_change} epochs",
            "diverged": f"the cost was no longer finite in epoch {len(model.loss_curve_)}",
            "interrupted": f"interrupted in epoch {len(model.loss_curve_) + 1}",
            "callback": f"a callback asked to stop after epoch {len(model.loss_curve_)}",
        }
        return Result(
            parameters=self.vector.copy(),
            history=model._history,
            best_epoch=self.best_epoch if self.best is not None else len(model.loss_curve_),
            stopped=self.stopped,
            reason=reasons[self.stopped],
            seconds=time.perf_counter() - self.started,
            state=state,
        )


def _nothing(*arguments: Any) -> None:
    return None
