"""The shape of a plain network: how many units a layer has, and its activation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from numbers import Real

from layerwise.errors import InputError, nearest
from layerwise.formulas.activations import ACTIVATIONS


@dataclass(frozen=True)
class Block:
    """One named array inside the flat parameter vector: W1, b1, W2, ..."""

    name: str
    shape: tuple[int, int]
    start: int

    @property
    def stop(self) -> int:
        return self.start + prod(self.shape)

    @property
    def slice(self) -> slice:
        return slice(self.start, self.stop)

    @property
    def is_weight(self) -> bool:
        """Whether penalties and decay apply: to weights, not to biases."""
        return self.name.startswith("W")


@dataclass(frozen=True)
class Architecture:
    """sizes n[0], n[1], ..., n[L] (inputs, hidden units, outputs) and L activations, the output's last.

    Raises InputError where a size is not a positive integer or an activation has no such name.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.sizes) < 2:
            raise InputError(f"a network needs an input and an output size, found sizes {self.sizes}")
        object.__setattr__(self, "sizes", tuple(map(_whole_size, self.sizes, range(len(self.sizes)))))
        object.__setattr__(self, "activations", tuple(self.activations))
        if len(self.activations) != len(self.sizes) - 1:
            raise InputError(
                f"{len(self.sizes) - 1} layers need as many activations, found {len(self.activations)}: "
                f"{', '.join(self.activations)}"
            )
        for name in self.activations:
            if name not in ACTIVATIONS:
                raise InputError(f"unknown activation {name!r}; {nearest(name, ACTIVATIONS)}")

    @property
    def depth(self) -> int:
        """L: layers with weights."""
        return len(self.activations)

    @cached_property
    def parameter_count(self) -> int:
        return self.blocks[-1].stop

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """W1 (n[1], n[0]), b1 (n[1], 1), W2, b2, ... in the order of the flat vector."""
        blocks, start = [], 0
        for layer, (n_prev, n) in enumerate(zip(self.sizes, self.sizes[1:], strict=False), start=1):
            for name, shape in ((f"W{layer}", (n, n_prev)), (f"b{layer}", (n, 1))):
                blocks.append(Block(name, shape, start))
                start = blocks[-1].stop
        return tuple(blocks)

    def layers(self) -> Iterator[tuple[int, int, int, str]]:
        """(layer, n[layer - 1], n[layer], activation), layer = 1 ... L."""
        for layer in range(1, self.depth + 1):
            yield layer, self.sizes[layer - 1], self.sizes[layer], self.activations[layer - 1]


def _whole_size(size: object, position: int) -> int:
    """The size as a plain int: 3, 3.0 and numpy.int64(3) are 3. Raises InputError for anything less."""
    if isinstance(size, Real) and not isinstance(size, bool):
        number = float(size)
        if number.is_integer() and number >= 1:
            return int(number)
    raise InputError(f"size {position} of the network is {size!r}; expected an integer of at least 1")


def plain_architecture(
    n_inputs: int,
    hidden: Sequence[int],
    n_outputs: int,
    activation: str | Sequence[str],
    output_activation: str,
) -> Architecture:
    """[LINEAR -> activation] x (L - 1) -> LINEAR -> output_activation.

    `activation` is one name for all hidden layers, or one for each. Raises InputError.
    """
    if isinstance(activation, str):
        names = (activation,) * len(hidden)
    elif len(activation) == 1:
        names = tuple(activation) * len(hidden)
    else:
        names = tuple(activation)
    if len(names) != len(hidden):
        raise InputError(
            f"{len(hidden)} hidden layers need one activation or {len(hidden)}, "
            f"found {len(names)}: {', '.join(names)}"
        )
    return Architecture((n_inputs, *hidden, n_outputs), (*names, output_activation))
