"""The layers that parameters form, from their names and shapes alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from layerwise.checking.given import backward_order, layer_number

Arrays = Mapping[str, np.ndarray]
_OTHER_LETTERS = {"W": "bB", "w": "bB", "b": "wW", "B": "wW"}


@dataclass(frozen=True)
class Layer:
    """A dense layer: z = W a + b. `is_turned`: the caller keeps W as (n_prev, n), for row vectors.

    `bias` is None where there is none; `is_folded` where it is the first column (row, if turned) of the
    weights' own array.
    """

    weight: str
    bias: str | None
    is_turned: bool = False
    is_folded: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return (self.weight,) if self.bias in (None, self.weight) else (self.weight, str(self.bias))

    @property
    def bias_part(self) -> tuple[slice, ...]:
        """Where in its array the bias lies."""
        if not self.is_folded:
            return ()
        return (slice(0, 1), slice(None)) if self.is_turned else (slice(None), slice(0, 1))

    @property
    def weight_part(self) -> tuple[slice, ...]:
        """Where in its array the weights lie."""
        if not self.is_folded:
            return ()
        return (slice(1, None), slice(None)) if self.is_turned else (slice(None), slice(1, None))

    def W(self, arrays: Arrays) -> np.ndarray:
        """The weights, or their gradient, as (n, n_prev)."""
        W = arrays[self.weight][self.weight_part]
        if W.ndim == 1:
            return W.reshape(1, -1)
        return W.T if self.is_turned else W

    def b(self, arrays: Arrays) -> np.ndarray:
        """The biases, or their gradient, as (n,)."""
        assert self.bias is not None
        return np.reshape(arrays[self.bias][self.bias_part], -1)

    def placed(
        self, arrays: Arrays, W: np.ndarray | float | None = None, b: np.ndarray | float | None = None
    ) -> dict[str, np.ndarray]:
        """Copies of the arrays with these weights (n, n_prev) and biases (n,) in this layer."""
        copies = {name: np.array(array, dtype=np.float64) for name, array in arrays.items()}
        if W is not None:
            place = copies[self.weight][self.weight_part]
            turned = np.transpose(W) if self.is_turned and place.ndim == 2 else W
            copies[self.weight][self.weight_part] = (
                turned if np.ndim(turned) == 0 else np.reshape(turned, place.shape)
            )
        if b is not None and self.bias is not None:
            part = copies[self.bias][self.bias_part]
            copies[self.bias][self.bias_part] = np.reshape(np.broadcast_to(b, part.size), part.shape)
        return copies


def layers_of(arrays: Arrays) -> tuple[Layer, ...]:
    """The layers, the first one first; empty where names and shapes form no chain of dense layers.

    Parameters belong together whose names have the same number (W1 and b1), or differ in no more than the
    word or letter for weights and biases (w_out and b_out); without numbers, those beside each other will do
    (W and c). Numbers give the order; without them the shapes must agree.
    """
    for order in _orders(arrays):
        pairs = [_pair(arrays, names) for names in order]
        if all(pairs) and (layers := _chain(arrays, [pair for pair in pairs if pair])):
            return layers
    return ()


def backward_groups(arrays: Arrays) -> list[tuple[str, ...]]:
    """The names layer by layer, in the order of back-propagation: the output's layer first.

    Where names and shapes form no chain, the highest number comes first, and names without one are layers of
    their own, from the last to the first.
    """
    if layers := layers_of(arrays):
        return [layer.names for layer in reversed(layers)]
    groups: dict[int | str, list[str]] = {}
    for name in backward_order(list(arrays)):
        number = layer_number(name)
        groups.setdefault(name if number is None else number, []).append(name)
    return [tuple(names) for names in groups.values()]


def _orders(arrays: Arrays) -> Iterator[list[list[str]]]:
    """The names of each layer, in the orders in which the layers may follow each other."""
    groups: dict[int | str, list[str]] = {}
    for name in arrays:
        number = layer_number(name)
        groups.setdefault(_stem(name, arrays) if number is None else number, []).append(name)
    numbered = [groups[key] for key in sorted(key for key in groups if isinstance(key, int))]
    named = [names for key, names in groups.items() if isinstance(key, str)]
    yield numbered + named
    if named:
        yield (named + numbered) if numbered else named[::-1]
    if not numbered and len(arrays) % 2 == 0:
        names = list(arrays)
        neighbours = [names[start : start + 2] for start in range(0, len(names), 2)]
        yield neighbours
        yield neighbours[::-1]


def _stem(name: str, arrays: Arrays) -> str:
    """What is left of a name without its word for weights or biases."""
    if any(letter + name[1:] in arrays for letter in _OTHER_LETTERS.get(name[:1], "")):
        return name[1:]
    return re.sub(
        r"(^|(?<=[_.]))(weights?|bias(es)?|kernel|intercept|coef|w|b)((?=[_.])|$)",
        "",
        name,
        flags=re.IGNORECASE,
    )


def _chain(arrays: Arrays, pairs: list[tuple[str, str | None]]) -> tuple[Layer, ...]:
    for is_turned in _likely_turns(arrays, pairs[0]):
        for is_folded in (False, True):
            layers = tuple(
                Layer(weight, weight if is_folded else bias, is_turned, is_folded) for weight, bias in pairs
            )
            if not (is_folded and any(bias for _, bias in pairs)) and _is_chain(arrays, layers):
                return layers
    return ()


def _pair(arrays: Arrays, names: list[str]) -> tuple[str, str | None] | None:
    """(weights, bias) among the parameters of one layer."""
    if len(names) == 1:
        shape = arrays[names[0]].shape
        # A column of its own beside pairs of weights and biases is more likely a bias than weights.
        is_column = len(arrays) > 1 and layer_number(names[0]) is None and shape[1:] == (1,)
        return (names[0], None) if len(shape) == 2 and not is_column else None
    if len(names) != 2:
        return None
    weight, bias = sorted(
        names, key=lambda name: (_is_bias_name(name), arrays[name].ndim != 2, -arrays[name].size)
    )
    is_vector = arrays[bias].size == max(arrays[bias].shape, default=1)
    is_unit = arrays[weight].ndim == 1 and arrays[bias].size == 1
    return (weight, bias) if (arrays[weight].ndim == 2 or is_unit) and is_vector else None


def _is_bias_name(name: str) -> bool:
    last = re.split(r"[._/]", name)[-1] if not name.startswith(("b", "B")) else name
    return last[:1] in "bB" or "bias" in name.lower() or "intercept" in name.lower()


def _likely_turns(arrays: Arrays, first: tuple[str, str | None]) -> tuple[bool, bool]:
    """Which layout to try first where both would fit: square layers do not say."""
    weight, bias = first
    if bias is None or arrays[bias].shape == (arrays[bias].size, 1) or "weight" in weight:
        return (False, True)
    return (True, False)


def _is_chain(arrays: Arrays, layers: tuple[Layer, ...]) -> bool:
    shapes = [layer.W(arrays).shape for layer in layers]
    if any(0 in shape for shape in shapes):
        return False
    biases = all(
        layer.bias is None or layer.b(arrays).size == n for layer, (n, _) in zip(layers, shapes, strict=True)
    )
    joints = all(below[0] == above[1] for below, above in pairwise(shapes))
    return biases and joints and (not layers[0].is_folded or len(layers) > 1)
