"""What the drop-ins have beyond scikit-learn's parameters: off by default, and each does what it says."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn import neural_network
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.preprocessing import scale

from layerwise import MLPClassifier, MLPRegressor
from layerwise.errors import InputError
from layerwise.formulas.activations import ACTIVATIONS
from layerwise.formulas.initializers import INITIALIZERS
from layerwise.formulas.optimizers import OPTIMIZERS
from layerwise.formulas.schedules import SCHEDULE_NAMES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = scale(X)
X_BINARY, Y_BINARY = load_breast_cancer(return_X_y=True)
X_BINARY = scale(X_BINARY)
X_VALUES, Y_VALUES = load_diabetes(return_X_y=True)
Y_VALUES = scale(Y_VALUES)
# The reference engine: what is under test is what the parameters do, and it compiles nothing.
QUICK = {
    "hidden_layer_sizes": (12, 10),
    "max_iter": 30,
    "batch_size": 30,
    "random_state": 0,
    "engine": "numpy",
}


def fitted(X=X, y=Y, kind=MLPClassifier, fit=None, **settings):
    return kind(**QUICK | {"learning_rate_init": 0.02} | settings).fit(X, y, **fit or {})


def size_of_weights(model):
    return sum(float(np.square(coef).sum()) for coef in model.coefs_)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_every_activation_learns_in_a_hidden_layer(name):
    assert fitted(hidden_layer_sizes=(8,), activation=name, max_iter=60).score(X, Y) > 0.8


def test_an_activation_for_each_layer_and_by_scikit_learns_name():
    mixed = fitted(activation=("tanh", "logistic"))
    assert mixed._network.program.architecture.activations == ("tanh", "sigmoid", "softmax")
    np.testing.assert_array_equal(
        fitted(activation="logistic").predict_proba(X), fitted(activation="sigmoid").predict_proba(X)
    )


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_every_optimizer_lowers_the_loss(name):
    rate = 0.3 if name in ("gd", "momentum") else 0.01
    curve = fitted(optimizer=name, learning_rate_init=rate, max_iter=40).loss_curve_
    assert curve[-1] < 0.7 * curve[0]


def test_scikit_learns_adam_is_the_one_with_epsilon_hat():
    ours = fitted(epsilon=0.1)
    np.testing.assert_array_equal(ours.coefs_[0], fitted(epsilon=0.1, optimizer="adam_epsilon_hat").coefs_[0])
    assert not np.allclose(ours.coefs_[0], fitted(epsilon=0.1, optimizer="adam").coefs_[0])


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_every_initialization_starts_as_it_says(name):
    start = fitted(initialization=name, learning_rate_init=1e-300, max_iter=1)
    assert all(np.abs(intercept).max() < 1e-200 for intercept in start.intercepts_)
    again = fitted(initialization=name, learning_rate_init=1e-300, max_iter=1)
    np.testing.assert_array_equal(start.coefs_[0], again.coefs_[0])
    if name == "zeros":
        assert size_of_weights(start) < 1e-200
    else:
        scaled = fitted(
            initialization=name, initialization_scale=0.001, learning_rate_init=1e-300, max_iter=1
        )
        assert 0 < size_of_weights(scaled) < 1e-3


@pytest.mark.parametrize("name", SCHEDULE_NAMES)
def test_every_schedule_sets_the_rate_over_the_run(name):
    model = fitted(schedule=name, warm_up=2.0, max_iter=12, n_iter_no_change=100)
    rates = model.history_["learning_rate"].to_list()
    assert len(rates) == 12
    assert rates[0] < 0.02
    if name == "cosine":
        assert rates[2] > rates[6] > rates[11]
    if name == "step":
        model = fitted(schedule=name, schedule_factor=0.1, schedule_every=3, max_iter=6)
        np.testing.assert_allclose(model.history_["learning_rate"], [0.02] * 3 + [0.002] * 3)


@pytest.mark.parametrize(
    ("settings", "measure"),
    [
        ({"weight_decay": 5.0}, size_of_weights),
        ({"l1": 5.0}, lambda model: sum(np.abs(coef).sum() for coef in model.coefs_)),
        ({"max_norm": 0.2}, lambda model: max(np.linalg.norm(coef, axis=0).max() for coef in model.coefs_)),
        ({"label_smoothing": 0.5}, lambda model: model.predict_proba(X).max()),
        ({"clip_norm": 1e-3, "solver": "sgd"}, lambda model: -model.loss_),
    ],
    ids=["weight decay", "L1", "max-norm", "label smoothing", "clipping"],
)
def test_each_regularizer_holds_back_what_it_should(settings, measure):
    solver = {"solver": settings["solver"]} if "solver" in settings else {}
    assert measure(fitted(**settings)) < 0.9 * measure(fitted(**solver))


def test_dropout_is_for_each_layer_and_the_same_from_the_same_seed():
    model = fitted(dropout=(0.5, 0.0))
    np.testing.assert_array_equal(model.coefs_[0], fitted(dropout=(0.5, 0.0)).coefs_[0])
    assert not np.allclose(model.coefs_[0], fitted(dropout=(0.0, 0.5)).coefs_[0])
    assert not np.allclose(model.coefs_[0], fitted().coefs_[0])
    assert model.loss_ > fitted().loss_
    np.testing.assert_array_equal(fitted(dropout=(0.0, 0.0)).coefs_[0], fitted().coefs_[0])


def test_dropout_draws_new_masks_where_every_step_is_a_call_of_its_own():
    weights = np.ones(len(Y))
    once = fitted(dropout=0.5, fit={"sample_weight": weights}, shuffle=False, max_iter=1)
    assert np.unique(np.round(once.coefs_[0], 9)).size == once.coefs_[0].size
    assert fitted(dropout=0.5, fit={"sample_weight": weights}, max_iter=60).score(X, Y) > 0.8


def test_class_weight_is_sample_weight_by_class():
    of_class = {0: 1.0, 1: 4.0, 2: 0.25}
    weights = np.array([of_class[label] for label in Y])
    by_class = fitted(class_weight=of_class)
    np.testing.assert_allclose(
        by_class.coefs_[0], fitted(fit={"sample_weight": weights}).coefs_[0], rtol=1e-12
    )
    few = np.r_[0:50, 50:55]
    plain, balanced = fitted(X[few], Y[few]), fitted(X[few], Y[few], class_weight="balanced")
    rare = X[50:55]
    assert balanced.predict_proba(rare)[:, 1].mean() > plain.predict_proba(rare)[:, 1].mean()


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_a_classifier_may_minimise_another_loss(loss):
    assert fitted(loss=loss, max_iter=60).score(X, Y) > 0.8
    two = fitted(X[:100], Y[:100], loss=loss, max_iter=60)
    assert two.out_activation_ == "logistic"
    assert two.score(X[:100], Y[:100]) == 1


def test_hubers_loss_is_not_drawn_by_outliers():
    wrong = Y_VALUES.copy()
    wrong[::25] = 40
    fits = {
        loss: fitted(X_VALUES, wrong, MLPRegressor, loss=loss, delta=0.5)
        for loss in ("squared_error", "huber")
    }
    errors = {loss: np.abs(np.median(model.predict(X_VALUES) - Y_VALUES)) for loss, model in fits.items()}
    assert errors["huber"] < 0.5 * errors["squared_error"]


def test_validation_rows_of_the_callers_own_are_followed_and_change_nothing():
    with_rows = fitted(fit={"X_val": X[::3], "y_val": Y[::3], "sample_weight_val": np.ones(50)})
    np.testing.assert_array_equal(with_rows.coefs_[0], fitted().coefs_[0])
    history = with_rows.history_
    assert history["validation_accuracy"][-1] == pytest.approx(with_rows.score(X[::3], Y[::3]))
    assert history["validation_cost"].is_not_nan().all()
    assert with_rows.validation_scores_ is None
    values = fitted(X_VALUES, Y_VALUES, MLPRegressor, fit={"X_val": X_VALUES[:60], "y_val": Y_VALUES[:60]})
    assert values.history_["validation_r2"][-1] == pytest.approx(values.score(X_VALUES[:60], Y_VALUES[:60]))


def test_validation_rows_of_the_callers_own_decide_when_to_stop_early():
    held = {"X_val": X_BINARY[400:], "y_val": Y_BINARY[400:]}
    model = fitted(X_BINARY[:400], Y_BINARY[:400], fit=held, early_stopping=True, max_iter=80)
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.score(held["X_val"], held["y_val"]) == model.best_validation_score_
    # None of the 400 rows is held back: the first batch of the first epoch is one of all of them.
    assert model.t_ == 400 * model.n_iter_


def test_validation_rows_are_checked():
    for wrong, message in (
        ({"X_val": X}, "belong together"),
        ({"X_val": X, "y_val": Y[:5]}, "y_val has shape"),
        ({"X_val": X, "y_val": Y + 7}, "classes not in y"),
        ({"X_val": X[:, :2], "y_val": Y}, "features"),
    ):
        with pytest.raises(ValueError, match=message):
            fitted(fit=wrong)
    with pytest.raises(InputError, match="missing or infinite"):
        fitted(X_VALUES, Y_VALUES, MLPRegressor, fit={"X_val": X_VALUES, "y_val": Y_VALUES * np.nan})


class Watch:
    def __init__(self, stop_after=None):
        self.rows, self.plans, self.results, self.steps, self.stop_after = [], [], [], 0, stop_after

    def on_train_begin(self, plan):
        self.plans.append(plan)

    def on_steps_end(self, epoch, steps):
        self.steps += 1

    def on_epoch_end(self, row):
        self.rows.append(row)
        return len(self.rows) == self.stop_after

    def on_train_end(self, result):
        self.results.append(result)


def test_callbacks_see_every_epoch_and_may_stop_training():
    watch = Watch(stop_after=4)
    model = fitted(fit={"callbacks": [watch]})
    assert model.n_iter_ == len(watch.rows) == 4
    assert watch.rows == model.history_.to_dicts()
    assert watch.plans[0]["rows"] == 150
    assert watch.plans[0]["epochs"] == 30
    assert watch.results[0].stopped == "callback"
    assert [row["cost"] for row in watch.rows] == model.loss_curve_


def test_callbacks_change_nothing():
    np.testing.assert_array_equal(fitted(fit={"callbacks": [Watch()]}).coefs_[0], fitted().coefs_[0])


def test_callbacks_see_every_iteration_of_lbfgs_and_may_stop_it():
    watch = Watch(stop_after=3)
    model = MLPClassifier((4,), solver="lbfgs", engine="numpy", random_state=0)
    model.fit(X, Y, callbacks=[watch], X_val=X, y_val=Y)
    assert model.n_iter_ == len(watch.rows) == model.history_.height == 3
    assert watch.rows[-1]["cost"] == pytest.approx(model.loss_, rel=1e-9)
    assert watch.rows[-1]["validation_accuracy"] == model.score(X, Y)


def test_the_history_is_a_data_frame_with_a_row_for_each_epoch():
    model = fitted(max_iter=5, warm_start=True)
    history = model.history_
    assert isinstance(history, pl.DataFrame)
    assert history["epoch"].to_list() == [1, 2, 3, 4, 5]
    assert history["step"].to_list() == [5, 10, 15, 20, 25]
    assert history["cost"].to_list() == model.loss_curve_
    assert {"learning_rate", "gradient_norm", "seconds", "rows_per_second"} <= set(history.columns)
    assert model.fit(X, Y).history_["epoch"].to_list() == list(range(1, 11))
    watched = fitted(max_iter=2, statistics=True).history_
    assert {"layer1_gradient_norm", "layer3_weight_norm"} <= set(watched.columns)


def test_epochs_done_several_at_a_time_are_the_same_epochs():
    settings = {"max_iter": 60, "tol": 1e-3, "n_iter_no_change": 4, "engine": "numpy"}
    for more in (
        {},
        {"shuffle": False},
        {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5},
    ):
        at_once = fitted(**settings | more)
        one_by_one = fitted(**settings | more, fit={"callbacks": [Watch()]})
        np.testing.assert_array_equal(at_once.coefs_[0], one_by_one.coefs_[0])
        assert at_once.loss_curve_ == one_by_one.loss_curve_
        columns = ["epoch", "step", "cost", "learning_rate", "gradient_norm"]
        assert at_once.history_[columns].equals(one_by_one.history_[columns])


def test_both_engines_and_any_number_of_threads_give_one_answer():
    reference = fitted(max_iter=10, optimizer=None)
    for settings in ({"engine": "compiled"}, {"engine": "compiled", "threads": 1}):
        model = fitted(max_iter=10, **settings)
        np.testing.assert_allclose(model.coefs_[0], reference.coefs_[0], rtol=1e-8, atol=1e-10)
        np.testing.assert_array_equal(model.predict(X), reference.predict(X))


def test_dtype_says_what_to_compute_in():
    assert fitted(dtype="float32").coefs_[0].dtype == np.float32
    assert fitted(X.astype(np.float32)).coefs_[0].dtype == np.float32
    assert fitted(X.astype(np.float32), dtype="float64").coefs_[0].dtype == np.float64
    assert fitted(X.astype(np.float32), dtype=np.float64, solver="lbfgs").coefs_[0].dtype == np.float64


def test_a_network_without_hidden_layers_is_a_linear_model():
    model = fitted(hidden_layer_sizes=(), max_iter=200)
    assert [coef.shape for coef in model.coefs_] == [(4, 3)]
    assert model.score(X, Y) > 0.9


def test_a_diverging_run_says_so():
    with pytest.raises(InputError, match="Solver produced non-finite"):
        fitted(X_VALUES * 1e150, Y_VALUES, MLPRegressor, solver="sgd", learning_rate_init=10.0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"alpha": -1}, "alpha is -1"),
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes must be > 0"),
        ({"hidden_layer_sizes": "many"}, "hidden_layer_sizes"),
        ({"activation": "rellu"}, "did you mean 'relu'"),
        ({"activation": ("relu",)}, "1 names for 2 hidden layers"),
        ({"solver": "adamm"}, "did you mean 'adam'"),
        ({"optimizer": "rmspropp"}, "did you mean 'rmsprop'"),
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
        ({"learning_rate": "cosine"}, "unknown learning_rate"),
        ({"loss": "hinge"}, "unknown loss"),
        ({"initialization": "hee"}, "did you mean"),
        ({"initialization_scale": 0.1}, "give initialization too"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"dropout": (0.1,)}, "dropout has 1 values for 2 hidden layers"),
        ({"label_smoothing": 1}, "label_smoothing"),
        ({"threads": 0}, "threads is 0"),
        ({"dtype": "float16"}, "unknown dtype"),
        ({"engine": "gpu"}, "unknown engine"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": "all"}, "batch_size is 'all'"),
        ({"max_iter": 2.5}, "max_iter is 2.5"),
        ({"shuffle": 1}, "shuffle is 1"),
        ({"shuffle": "yes"}, "shuffle is 'yes'"),
        ({"random_state": -1}, "random_state is -1"),
        ({"random_state": "a"}, "random_state is 'a'"),
        ({"n_iter_no_change": 0}, "n_iter_no_change is 0"),
        ({"validation_fraction": 1.0}, "validation_fraction is 1.0"),
        ({"beta_1": 1}, "beta_1 is 1"),
        ({"momentum": 1.5}, "momentum is 1.5"),
        ({"solver": np.array(["sgd", "adam"])}, "unknown solver"),
        ({"solver": "sgd", "learning_rate": "adaptive", "schedule": "cosine"}, "give one of them"),
        ({"solver": "lbfgs", "dropout": 0.5}, "dropout=0.5 is for the stochastic solvers"),
        ({"solver": "lbfgs", "optimizer": "adamw"}, "optimizer='adamw' is for the stochastic solvers"),
        ({"solver": "lbfgs", "l1": 0.1}, "l1=0.1 is for"),
        ({"class_weight": "even"}, "class_weight is 'even'; expected None, 'balanced'"),
        ({"class_weight": {0: -1.0}}, "weights of at least 0"),
    ],
)
def test_parameters_that_make_no_sense_are_named_before_training(wrong, message):
    with pytest.raises(ValueError, match=message):
        fitted(**wrong)


def test_partial_fit_says_what_it_cannot_do():
    for wrong, message in (
        ({"schedule": "cosine"}, "one epoch at a time"),
        ({"class_weight": "balanced"}, "sees a part of it"),
        ({"early_stopping": True}, "partial_fit does not support early_stopping"),
    ):
        with pytest.raises(InputError, match=message):
            MLPClassifier(**QUICK, **wrong).partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(InputError, match="for counts, 0 or more; y holds -"):
        fitted(X_VALUES, Y_VALUES, MLPRegressor, loss="poisson")


def test_all_of_it_is_off_by_default():
    ours = MLPClassifier().get_params()
    more = {name: ours[name] for name in ours if name not in neural_network.MLPClassifier().get_params()}
    assert more == {
        "loss": "log_loss", "delta": 1.0, "initialization": None, "initialization_scale": None,
        "optimizer": None, "schedule": None, "schedule_factor": None, "schedule_every": None, "warm_up": 0.0,
        "l1": 0.0, "weight_decay": None, "dropout": 0.0, "max_norm": 0.0, "clip_norm": 0.0,
        "label_smoothing": 0.0, "class_weight": None, "statistics": False, "engine": "auto", "dtype": None,
        "threads": None, "reproducible": False,
    }  # fmt: skip
