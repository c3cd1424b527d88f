"""What L-BFGS is given: a cost and a gradient that belong together, of all rows at once or in parts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import check_grad

from layerwise.engine import Program, build_engine
from layerwise.estimators import mlp_inputs
from layerwise.estimators.mlp_epochs import Rows
from layerwise.estimators.mlp_lbfgs import WholeCost
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(30, 3)), RANDOM.normal(size=(30, 2))
WEIGHTS = RANDOM.exponential(size=30)
PROGRAM = Program(
    Architecture((3, 4, 2), ("tanh", "identity")), Objective("squared_error", l2=0.7), dtype="float64"
)
THETA = RANDOM.normal(size=PROGRAM.architecture.parameter_count)


def whole_cost(rows):
    return WholeCost(build_engine(PROGRAM, "numpy"), "numpy", rows)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
def test_the_gradient_is_that_of_the_cost_for_several_outputs(weights):
    whole = whole_cost(Rows(X, Y, weights))
    assert check_grad(lambda t: whole(t)[0], lambda t: whole(t)[1], THETA) < 1e-6


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
def test_rows_in_parts_have_the_cost_and_gradient_of_all_rows(weights, monkeypatch):
    monkeypatch.setattr(mlp_inputs, "ROWS_AT_ONCE", 7)
    cost, gradient = whole_cost(Rows(X, Y, weights))(THETA)
    in_parts = whole_cost(Rows(sparse.csr_matrix(X), Y, weights))(THETA)
    assert in_parts[0] == pytest.approx(cost, rel=1e-12)
    np.testing.assert_allclose(in_parts[1], gradient, rtol=1e-10, atol=1e-12)
