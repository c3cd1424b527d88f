"""Outputs of few rows are worked out from what was written down at the call before: it must not go stale."""

from __future__ import annotations

import numpy as np
import pytest
from trajectories import NETWORKS

from layerwise.engine import build_engine
from layerwise.engine.compiled import predicting
from layerwise.errors import InputError
from layerwise.network.parameters import initial_parameters

PROGRAM = NETWORKS["every activation"].program()
WIDTH = PROGRAM.architecture.sizes[0]
ROWS = np.random.default_rng(0).normal(size=(700, WIDTH)).astype(PROGRAM.dtype)
STARTS = [
    initial_parameters(PROGRAM.architecture, "xavier", seed=seed, dtype=PROGRAM.dtype) for seed in (1, 2)
]


@pytest.mark.parametrize("known_layout", [True, False])
def test_any_rows_and_parameters_may_follow_on_any_others(known_layout, monkeypatch):
    if not known_layout:
        monkeypatch.setattr(predicting, "KNOWN_LAYOUT", False)
    compiled, reference = build_engine(PROGRAM, "compiled"), build_engine(PROGRAM, "numpy")
    random = np.random.default_rng(1)
    counts = [1, 1, 9, 1, 0, 1, 600, 1, 256, 257, 512, 513, 3, *random.integers(0, 700, 20)]
    for count in counts:
        parameters, first = STARTS[random.integers(2)], random.integers(0, 701 - count)
        X = ROWS[first : first + count]
        for ask in ("outputs", "pre_activations"):
            found = getattr(compiled, ask)(parameters, X)
            expected = getattr(reference, ask)(parameters, X)
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_parameters_changed_in_place_are_seen():
    engine = build_engine(PROGRAM, "compiled")
    parameters = STARTS[0].copy()
    first = engine.outputs(parameters, ROWS[:1])
    parameters[:] = STARTS[1]
    np.testing.assert_array_equal(
        engine.outputs(parameters, ROWS[:1]), build_engine(PROGRAM, "compiled").outputs(STARTS[1], ROWS[:1])
    )
    assert not np.array_equal(first, engine.outputs(parameters, ROWS[:1]))


def test_rows_that_are_read_only_will_do_and_others_are_refused_at_every_call():
    engine = build_engine(PROGRAM, "compiled")
    row = ROWS[:1].copy()
    expected = engine.outputs(STARTS[0], row)
    row.flags.writeable = False
    np.testing.assert_array_equal(engine.outputs(STARTS[0], row), expected)
    other = np.float32 if PROGRAM.dtype == "float64" else np.float64
    for wrong in (row.astype(other), row[:, :-1].copy(), row[0], ROWS[:2, ::-1], np.asfortranarray(ROWS[:9])):
        with pytest.raises(InputError):
            engine.outputs(STARTS[0], wrong)
    with pytest.raises(InputError):
        engine.outputs(STARTS[0][:-1], row)


@pytest.mark.parametrize("name", ["compiled", "numpy"])
@pytest.mark.parametrize("rows", [0, 3, 40_000])
def test_a_check_sees_every_row_once_and_what_it_raises_ends_the_call(name, rows):
    engine = build_engine(PROGRAM, name)
    X = np.resize(ROWS, (rows, WIDTH))
    X[:, 0] = np.arange(rows)
    seen: list[float] = []
    found = engine.outputs(STARTS[0], X, lambda part: seen.extend(part[:, 0]))
    assert sorted(seen) == list(range(rows))
    np.testing.assert_array_equal(found, engine.outputs(STARTS[0], X))

    def refuse(part: np.ndarray) -> None:
        if not len(part) or part[-1, 0] == rows - 1:
            raise LookupError("not these")

    for ask in (engine.outputs, engine.pre_activations):
        with pytest.raises(LookupError, match="not these"):
            ask(STARTS[0], X, refuse)
    np.testing.assert_array_equal(found, engine.outputs(STARTS[0], X))
