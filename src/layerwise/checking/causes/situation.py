"""All that the rules may look at: parameters compared, the layers they form, the caller's functions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from layerwise.checking.causes.comparison import Comparison
from layerwise.checking.causes.cost_penalty import penalty_of
from layerwise.checking.causes.layers import layers_of
from layerwise.checking.causes.numbers import CLASSES, UNITS, KnownNumbers, known_numbers
from layerwise.checking.causes.surroundings import Surroundings
from layerwise.checking.evidence import ParameterEvidence, Probes


class Situation:
    """One gradient check that failed. `parts` has for each parameter its weights and its biases, where one
    array holds both, else the parameter itself; `wrong` the wrong ones in order of back-propagation."""

    def __init__(self, evidence: Mapping[str, ParameterEvidence], probes: Probes) -> None:
        self.evidence = evidence
        self.probes = probes
        self.layers = layers_of(probes.theta)
        self.wrong = [name for name in probes.order if name in evidence and evidence[name].is_wrong()]
        folded = {layer.weight: layer for layer in self.layers if layer.is_folded}
        self.parts = {
            name: (
                [Comparison.of(one, part) for part in (folded[name].weight_part, folded[name].bias_part)]
                if name in folded and one.is_whole
                else [Comparison.of(one)]
            )
            for name, one in evidence.items()
        }

    @cached_property
    def known(self) -> KnownNumbers:
        """The numbers of the problem."""
        return known_numbers(self.probes.constants, self.probes.cost, self.probes.gradient)

    @cached_property
    def penalty(self) -> float | None:
        """The cost's own penalty."""
        return penalty_of(self.layers, self.probes)

    @property
    def is_whole(self) -> bool:
        """Whether every entry of every parameter was measured."""
        return all(one.is_whole for one in self.evidence.values())

    def groups(self) -> list[tuple[tuple[str, ...], int | None]]:
        """The parameters layer by layer, the output's first, with the number of the layer (0 the first)."""
        if not self.layers:
            return [((name,), None) for name in self.wrong]
        return [(layer.names, index) for index, layer in reversed(list(enumerate(self.layers)))]

    def weights(self, index: int) -> Comparison:
        """The weights of a layer, compared."""
        return self.parts[self.layers[index].weight][0]

    def biases(self, index: int) -> Comparison | None:
        """The biases of a layer, compared; None where it has none."""
        bias = self.layers[index].bias
        return None if bias is None else self.parts[bias][-1]

    def is_shared(self, index: int) -> bool:
        """Whether dZ of the layer is wrong: its weights and biases both are, and what lies below."""
        biases = self.biases(index)
        below = all(layer.weight in self.wrong for layer in self.layers[:index])
        if biases is None:
            return index > 0 and below and self.weights(index).is_wrong
        return below and self.weights(index).is_wrong and biases.is_wrong

    def around(self, part: Comparison, index: int | None) -> Surroundings:
        """What a rule may know beside this parameter."""
        numeric = {
            name if len(parts) == 1 or not place else f"{name}'s biases": one.known_N
            for name, parts in self.parts.items()
            for place, one in enumerate(parts)
            if one.evidence.is_whole
        }
        is_bias = index is not None and self.biases(index) is part
        return Surroundings(numeric, self.known, self._units(index), self.penalty, is_bias)

    def _units(self, index: int | None) -> dict[str, float]:
        if index is None:
            return {}
        count = float(self.layers[index].W(self.probes.theta).shape[0])
        is_output = index == len(self.layers) - 1 and count > 2
        return {CLASSES if is_output else UNITS: count}

    def arrays(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """The analytic and the numeric gradient of every parameter, 0 where nothing is known."""
        whole = {name: Comparison.of(one) for name, one in self.evidence.items()}
        analytic = {name: np.where(one.valid, one.A, 0.0) for name, one in whole.items()}
        return analytic, {name: one.N for name, one in whole.items()}
