"""`reproducible=True`: the number of threads changes no bit of a fit or of a prediction."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from layerwise import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from layerwise.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

DRAW = np.random.default_rng(0)
# Wide enough that a second thread pays: steps of this size have other bits with two threads than with one.
X = DRAW.normal(size=(1500, 300))
LABELS = (X[:, :10].sum(axis=1) > 0).astype(int)
VALUES = X[:, :5].sum(axis=1)
MLP = {"hidden_layer_sizes": (256, 64), "max_iter": 2, "batch_size": 500, "random_state": 0}
TABLE = {"hidden": (256, 64), "epochs": 2, "batch_size": 500, "initialization": "orthogonal"}


@pytest.fixture
def two_processors(monkeypatch):
    monkeypatch.setattr("layerwise.engine.threads._processors", lambda: 2)
    with threadpool_limits(2, user_api="blas"):
        if 2 not in [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]:
            pytest.skip("no BLAS here that can be given two threads")


@pytest.mark.parametrize(
    ("kind", "y", "settings"),
    [
        (MLPClassifier, LABELS, MLP),
        (MLPClassifier, LABELS, MLP | {"solver": "lbfgs"}),
        (MLPRegressor, VALUES, MLP | {"engine": "numpy"}),
        (TabularClassifier, LABELS, TABLE),
        (TabularRegressor, VALUES, TABLE | {"engine": "numpy"}),
    ],
    ids=["classifier", "lbfgs", "numpy", "table", "table, numpy"],
)
def test_one_thread_and_two_give_the_same_bits(two_processors, kind, y, settings):
    found = set()
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            model = kind(**settings, reproducible=True).fit(X, y)
            predict = getattr(model, "predict_proba", model.predict)
            found.add((model._network_parts()[1].tobytes(), predict(X).tobytes()))
    assert len(found) == 1


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor])
def test_it_is_true_or_false_and_off_by_default(kind):
    assert kind().reproducible is False
    with pytest.raises(InputError, match="reproducible is 'yes'; expected True or False"):
        kind(reproducible="yes").fit(X, LABELS)
