"""What an architecture promises about its blocks, and the sentences it refuses nonsense with."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import InputError
from layerwise.network.architecture import Architecture, plain_architecture


@given(sizes=st.lists(st.integers(1, 9), min_size=2, max_size=6))
def test_blocks_cover_the_vector_once_in_order(sizes):
    architecture = Architecture(tuple(sizes), ("relu",) * (len(sizes) - 1))
    expected = sum(n * n_prev + n for n_prev, n in pairwise(sizes))
    assert architecture.parameter_count == expected
    covered = np.concatenate([np.arange(block.start, block.stop) for block in architecture.blocks])
    np.testing.assert_array_equal(covered, np.arange(expected))
    for layer, n_prev, n, activation in architecture.layers():
        weights, biases = architecture.blocks[2 * layer - 2 : 2 * layer]
        assert (weights.name, weights.shape, weights.is_weight) == (f"W{layer}", (n, n_prev), True)
        assert (biases.name, biases.shape, biases.is_weight) == (f"b{layer}", (n, 1), False)
        assert activation == "relu"


def test_the_notes_example_has_the_shapes_that_it_lists():
    """The note, section 1.1.2: [2, 4, 1] has W1 (4, 2), b1 (4, 1), W2 (1, 4), b2 (1, 1)."""
    architecture = plain_architecture(2, [4], 1, "relu", "sigmoid")
    shapes = {block.name: block.shape for block in architecture.blocks}
    assert shapes == {"W1": (4, 2), "b1": (4, 1), "W2": (1, 4), "b2": (1, 1)}
    assert architecture.activations == ("relu", "sigmoid")
    assert architecture.depth == 2


@pytest.mark.parametrize("activation", ["tanh", ["tanh"], ["tanh", "tanh", "tanh"], ("tanh", "tanh", "tanh")])
def test_one_activation_serves_all_hidden_layers(activation):
    architecture = plain_architecture(3, [4, 5, 6], 2, activation, "softmax")
    assert architecture == Architecture((3, 4, 5, 6, 2), ("tanh", "tanh", "tanh", "softmax"))


def test_each_hidden_layer_may_have_its_own_activation():
    architecture = plain_architecture(3, [4, 5], 1, ["relu", "gelu"], "identity")
    assert architecture.activations == ("relu", "gelu", "identity")


def test_no_hidden_layer_is_a_linear_model():
    assert plain_architecture(3, [], 1, "relu", "sigmoid") == Architecture((3, 1), ("sigmoid",))


def test_whole_numbers_of_any_kind_become_plain_integers():
    architecture = Architecture((np.int64(3), 4.0, np.float32(2)), ["relu", "identity"])
    assert architecture == Architecture((3, 4, 2), ("relu", "identity"))
    assert [type(size) for size in architecture.sizes] == [int, int, int]
    assert hash(architecture) == hash(Architecture((3, 4, 2), ("relu", "identity")))


@pytest.mark.parametrize("size", [0, -3, 2.5, True, "4", None, float("nan"), float("inf")])
def test_a_size_that_is_no_positive_integer_is_refused_by_its_place_and_value(size):
    with pytest.raises(InputError, match=re.escape(f"size 1 of the network is {size!r}")):
        Architecture((3, size, 1), ("relu", "sigmoid"))
    with pytest.raises(InputError, match="expected an integer of at least 1"):
        plain_architecture(3, [size], 1, "relu", "sigmoid")


def test_an_unknown_activation_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match=r"unknown activation 'rellu'; did you mean 'relu'\?"):
        Architecture((3, 1), ("rellu",))


def test_the_number_of_activations_must_fit_the_layers():
    with pytest.raises(InputError, match="2 layers need as many activations, found 1: relu"):
        Architecture((3, 4, 1), ("relu",))
    with pytest.raises(InputError, match="3 hidden layers need one activation or 3, found 2: relu, tanh"):
        plain_architecture(2, [3, 3, 3], 1, ["relu", "tanh"], "sigmoid")


def test_a_network_needs_an_input_and_an_output():
    with pytest.raises(InputError, match="an input and an output size"):
        Architecture((3,), ())
