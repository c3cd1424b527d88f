"""Parameters: one vector with views, and how they start."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import InputError
from layerwise.formulas.initializers import INITIALIZERS
from layerwise.network.architecture import Architecture
from layerwise.network.parameters import flat_vector, initial_parameters, named_views

ARCHITECTURE = Architecture((3, 5, 4, 2), ("relu", "tanh", "softmax"))

architectures = st.lists(st.integers(1, 6), min_size=2, max_size=5).map(
    lambda sizes: Architecture(tuple(sizes), ("relu",) * (len(sizes) - 1))
)


@given(architecture=architectures, dtype=st.sampled_from([np.float32, np.float64]))
def test_views_and_vector_are_inverse_to_each_other(architecture, dtype):
    vector = np.random.default_rng(0).standard_normal(architecture.parameter_count).astype(dtype)
    views = named_views(vector, architecture)
    np.testing.assert_array_equal(flat_vector(views, architecture, dtype), vector)
    assert flat_vector(views, architecture, dtype).dtype == dtype
    assert [(name, view.shape) for name, view in views.items()] == [
        (block.name, block.shape) for block in architecture.blocks
    ]


def test_writing_to_a_view_writes_to_the_vector_and_back():
    vector = np.zeros(ARCHITECTURE.parameter_count)
    views = named_views(vector, ARCHITECTURE)
    assert all(np.shares_memory(view, vector) for view in views.values())
    views["W2"][1, 2] = 7
    views["b3"] += 1
    assert vector[ARCHITECTURE.blocks[2].start + 1 * 5 + 2] == 7
    assert vector[-2:].tolist() == [1, 1]
    vector[0] = 3
    assert views["W1"][0, 0] == 3


def test_a_flat_vector_is_a_copy():
    vector = np.ones(ARCHITECTURE.parameter_count)
    copied = flat_vector(named_views(vector, ARCHITECTURE), ARCHITECTURE)
    copied[:] = 0
    assert vector.all()


def test_a_missing_name_or_a_wrong_shape_is_refused_by_name():
    views = named_views(np.zeros(ARCHITECTURE.parameter_count), ARCHITECTURE)
    with pytest.raises(InputError, match="parameter b2 is missing; found W1, b1, W2, W3, b3"):
        flat_vector({name: view for name, view in views.items() if name != "b2"}, ARCHITECTURE)
    with pytest.raises(InputError, match=r"parameter W2 has shape \(5, 4\); expected \(4, 5\)"):
        flat_vector({**views, "W2": views["W2"].T}, ARCHITECTURE)


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_weights_start_by_their_layers_rule_and_biases_at_zero(name):
    architecture = Architecture((300, 200, 100), ("relu", "sigmoid"))
    views = named_views(initial_parameters(architecture, name, seed=1), architecture)
    assert not views["b1"].any()
    assert not views["b2"].any()
    expected = {
        "W1": INITIALIZERS[name].draw(300, 200, np.random.default_rng(0)).std(),
        "W2": INITIALIZERS[name].draw(200, 100, np.random.default_rng(0)).std(),
    }
    for weight, deviation in expected.items():
        assert views[weight].std() == pytest.approx(deviation, rel=0.03)


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_the_start_does_not_depend_on_the_precision(name):
    double = initial_parameters(ARCHITECTURE, name, seed=2)
    single = initial_parameters(ARCHITECTURE, name, seed=2, dtype=np.float32)
    assert (double.dtype, single.dtype) == (np.float64, np.float32)
    np.testing.assert_array_equal(double.astype(np.float32), single)


@pytest.mark.parametrize("name", sorted(set(INITIALIZERS) - {"zeros"}))
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(name):
    first = initial_parameters(ARCHITECTURE, name, seed=0)
    assert first.tobytes() == initial_parameters(ARCHITECTURE, name, seed=0).tobytes()
    drawn = first != 0
    assert (first[drawn] != initial_parameters(ARCHITECTURE, name, seed=1)[drawn]).all()


def test_layers_of_one_shape_start_apart():
    architecture = Architecture((4, 4, 4), ("relu", "relu"))
    views = named_views(initial_parameters(architecture, "he"), architecture)
    assert not np.isin(views["W1"], views["W2"]).any()


def test_a_scale_of_ones_own_replaces_the_rule_in_every_layer():
    architecture = Architecture((300, 200, 100), ("relu", "sigmoid"))
    views = named_views(initial_parameters(architecture, "normal", scale=0.3), architecture)
    for weight in ("W1", "W2"):
        assert views[weight].std() == pytest.approx(0.3, rel=0.03)


def test_an_unknown_initialization_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match=r"unknown initialization 'xavior'; did you mean 'xavier'\?"):
        initial_parameters(ARCHITECTURE, "xavior")
