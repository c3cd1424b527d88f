"""Machine code that different processes left on disk works side by side."""

from __future__ import annotations

import pytest
from new_processes import in_a_new_process

PROGRAM = """
import json, sys
import numpy as np
from layerwise import TabularClassifier

draw = np.random.default_rng(0)
X = draw.normal(size=(120, 3))
y = np.where(X[:, 0] * X[:, 1] > 0, "a", "b")
costs = {}
for optimizer in sys.argv[1:]:
    model = TabularClassifier(optimizer=optimizer, epochs=3, hidden=(8,), engine="compiled").fit(X, y)
    costs[optimizer] = model.history_["cost"].to_list()
print(json.dumps(costs))
"""


@pytest.mark.slow
def test_code_that_two_processes_compiled_trains_alike_in_a_third(tmp_path):
    def costs(*optimizers: str) -> dict[str, list[float]]:
        return in_a_new_process(PROGRAM, *optimizers, NUMBA_CACHE_DIR=str(tmp_path))

    alone = costs("momentum") | costs("classical_momentum")
    assert alone["momentum"] != alone["classical_momentum"]
    assert costs("momentum", "classical_momentum") == alone
