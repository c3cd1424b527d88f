"""The cause of each wrong parameter: by itself, or from the step of back-propagation that its layer shares."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from layerwise.checking.causes import lost, stale
from layerwise.checking.causes.comparison import Comparison
from layerwise.checking.causes.cost_penalty import penalty_of
from layerwise.checking.causes.experiment import jumps_of_gradient
from layerwise.checking.causes.hidden_layer import has_dropout
from layerwise.checking.causes.input_probe import wrong_inputs
from layerwise.checking.causes.inside import fault_inside, fits_where_examples_are_alike, not_rescaled
from layerwise.checking.causes.layers import Layer, layers_of
from layerwise.checking.causes.local import local_cause
from layerwise.checking.causes.naming import gradient_name, number, place, sentence
from layerwise.checking.causes.numbers import KnownNumbers, known_numbers
from layerwise.checking.causes.output_layer import fault_at_output, has_sigmoid
from layerwise.checking.causes.surroundings import Surroundings
from layerwise.checking.evidence import Cause, ParameterEvidence, Probes

SHRUNK, GROWN = 0.3, 3.3


def find_causes(evidence: Mapping[str, ParameterEvidence], probes: Probes) -> dict[str, Cause]:
    """The cause of each wrong parameter of `evidence`, which holds the right ones too.

    A cause that explains a parameter by itself comes first. Where all parameters of a layer are wrong, so is dZ,
    the derivative that reaches it; then the functions in `probes` are asked what the layer does with it, and the
    layers below follow. What fits nothing is "unknown", with the places where the error lives.
    """
    return _Search(evidence, probes).causes()


class _Search:
    """One search: what was compared, and what was found so far."""

    def __init__(self, evidence: Mapping[str, ParameterEvidence], probes: Probes) -> None:
        self.probes = probes
        self.evidence = evidence
        self.layers = layers_of(probes.theta)
        self.compared = {name: Comparison.of(one) for name, one in evidence.items()}
        self.wrong = [name for name in _ordered(evidence, probes) if evidence[name].is_wrong()]

    def causes(self) -> dict[str, Cause]:
        found: dict[str, Cause] = {}
        origin: str | None = None
        for names, index in self._groups():
            faulty = [name for name in names if name in self.wrong]
            if not faulty:
                continue
            if origin is not None:
                found.update({name: self._follower(name, origin, found[origin]) for name in faulty})
                continue
            found.update(self._of_layer(faulty, index))
            if index is not None and self._is_shared(index):
                origin = faulty[0]
        return found

    def _groups(self) -> list[tuple[tuple[str, ...], int | None]]:
        """The parameters layer by layer, the output's first, each with the number of its layer."""
        if not self.layers:
            return [((name,), None) for name in self.wrong]
        return [(layer.names, index) for index, layer in reversed(list(enumerate(self.layers)))]

    def _is_shared(self, index: int) -> bool:
        """Whether dZ of this layer is wrong: its weights and biases both are, and what lies below."""
        layer = self.layers[index]
        parts = _parts(layer, self.compared)
        if not all(part.is_wrong for part in parts):
            return False
        below = [one.weight for one in self.layers[:index]]
        return all(name in self.wrong for name in below) and (len(parts) > 1 or index > 0)

    def _of_layer(self, faulty: list[str], index: int | None) -> dict[str, Cause]:
        around = {name: self._around(name, index) for name in faulty}
        local = {name: local_cause(self.compared[name], around[name]) for name in faulty}
        if index is not None and self._is_shared(index):
            shared = self._shared(faulty, index, local)
            return {name: local[name] or shared for name in faulty} if shared.name == "unknown" else dict.fromkeys(faulty, shared)
        return {name: local[name] or self._alone(name, index) for name in faulty}

    def _shared(self, faulty: list[str], index: int, local: Mapping[str, Cause | None]) -> Cause:
        """The cause of a wrong dZ."""
        weight = self.layers[index].weight
        known = local.get(weight)
        if known is not None and not (known.name == "low-precision" and self.probes.gradient):
            return self._with_mask(index, known)
        return (
            self._low_precision(faulty)
            or known
            or stale.never_moves(weight, self.probes)
            or self._another_point(index)
            or self._asked(index)
            or self._guessed(index)
            or self._unknown(weight)
        )

    def _with_mask(self, index: int, cause: Cause) -> Cause:
        """A constant factor in a layer with dropout is that of a mask that is not rescaled."""
        is_scale = cause.name == "scaled" and cause.factor is not None and cause.factor > 0
        if not is_scale or index + 1 >= len(self.layers):
            return cause
        dropped = has_dropout(self.layers[index], self.layers[index + 1], self.probes)
        return not_rescaled(index, float(cause.factor or 0)) if dropped and self._can_be_kept(cause) else cause

    def _can_be_kept(self, cause: Cause) -> bool:
        """Whether a factor can be keep_prob or one over it: of known ones that one, else any from 0.1 to 10."""
        size = abs(float(cause.factor or 0))
        kept = self.known.values.get("keep_prob")
        if kept is not None:
            return any(abs(size - value) < 1e-4 * value for value in (kept, 1 / kept))
        return 0.1 <= size <= 10 and not (size > 1 and abs(size - round(size)) < 1e-6 and size != 2)

    def _low_precision(self, faulty: list[str]) -> Cause | None:
        if self.probes.gradient is None:
            return None
        for name in faulty:
            for noise in jumps_of_gradient(self.probes, name):
                if (cause := lost.low_precision_seen(self.compared[name], noise)) is not None:
                    return cause
        return None

    def _another_point(self, index: int) -> Cause | None:
        """Only from the output on: parameters of another moment make every layer wrong."""
        if index + 1 < len(self.layers) or not all(one.is_whole for one in self.evidence.values()):
            return None
        analytic = {name: one.A for name, one in self.compared.items()}
        numeric = {name: one.N for name, one in self.compared.items()}
        return stale.another_point(self.layers[index].weight, analytic, numeric, self.probes)

    def _asked(self, index: int) -> Cause | None:
        """What the gradient function says at parameters chosen for it."""
        if self.probes.gradient is None:
            return None
        if index + 1 == len(self.layers):
            return fault_at_output(self.layers[index], self.probes)
        cause = fault_inside(self.layers, index, self.probes)
        if cause is None and fits_where_examples_are_alike(self.layers, index, self.probes):
            return Cause(
                "stale",
                None,
                f"dZ{index + 1} is right where all examples have the same Z{index + 1}, and wrong where they differ: its "
                "activation's derivative is taken at another layer's values, or at an older pass's.",
            )
        return cause

    def _guessed(self, index: int) -> Cause | None:
        """Without a gradient function: what is most likely, from what the cost shows."""
        if self.probes.gradient is not None or self.probes.cost is None:
            return None
        layer = self.layers[index]
        if all(lost.is_slight(self.compared[name]) for name in layer.names):
            return lost.slight(self.compared[layer.weight])
        if index + 1 == len(self.layers):
            return self._guessed_at_output(layer)
        if has_dropout(layer, self.layers[index + 1], self.probes):
            return Cause(
                "dropout-mask",
                None,
                f"dZ{index + 1} is wrong though the layers above are right, and the cost drops units of layer {index + 1}: "
                "most likely its mask. (Given as a function of theta, the gradient could be asked.)",
            )
        return Cause(
            "activation-derivative",
            None,
            f"dZ{index + 1} is wrong though the layers above are right, and by no constant: most likely the derivative "
            f"of layer {index + 1}'s activation. (Given as a function of theta, the gradient could be asked.)",
        )

    def _guessed_at_output(self, layer: Layer) -> Cause:
        weights = self.compared[layer.weight]
        size = float(np.linalg.norm(weights.A) / max(float(np.linalg.norm(weights.N)), 1e-300))
        if has_sigmoid(layer, self.probes) and not SHRUNK < size < GROWN:
            how = "once too often" if size < 1 else "missing"
            return Cause(
                "activation-derivative",
                None,
                f"dZ of the last layer is wrong, by no constant, and its gradients are {number(size)} times as large: "
                f"most likely the derivative of the output's activation is {how}.",
            )
        return Cause(
            "stale",
            None,
            "dZ of the last layer is wrong, by no constant: most likely the gradient has other examples, labels or "
            "weights of examples than the cost. (Given as a function of theta, it could be asked.)",
        )

    def _alone(self, name: str, index: int | None) -> Cause:
        """The cause of one wrong parameter beside right ones, which no rule explains by itself."""
        low = self._low_precision([name])
        if low is not None:
            return low
        cause = stale.never_moves(name, self.probes)
        compared = self.compared[name]
        if cause is None and index is not None and name == self.layers[index].weight and self.layers[index].bias:
            many = compared.wrong.sum() > compared.valid.sum() / 2
            if many and not self.layers[index].is_folded:
                cause = wrong_inputs(self.layers, index, compared.D, self.probes)
        return cause or self._unknown(name)

    def _unknown(self, name: str) -> Cause:
        c = self.compared[name]
        where = place(c.wrong, c.valid) or " everywhere"
        layer = next((layer for layer in self.layers if layer.names[0] == name and len(layer.names) == 2), None)
        hint = ""
        if layer is not None and layer.bias not in self.wrong:
            hint = (
                f" {sentence(gradient_name(str(layer.bias)))} is right, so dZ of the layer is: look at what it is "
                "multiplied with."
            )
        worst = np.unravel_index(int(np.argmax(np.abs(c.D))), c.D.shape)
        at = f"[{', '.join(map(str, worst))}]" if worst else ""
        return Cause(
            "unknown",
            None,
            f"{gradient_name(name)} is wrong{where}; it fits no known mistake. Worst: {gradient_name(name)}{at} is "
            f"{c.A[worst]:.6g} and should be {c.N[worst]:.6g}.{hint}",
        )

    def _follower(self, name: str, origin: str, cause: Cause) -> Cause:
        return Cause(
            cause.name,
            cause.factor,
            f"{gradient_name(name)} is computed from what reaches it through the layer of {origin}, whose fault it "
            f"inherits ({cause.name}).",
        )

    def _around(self, name: str, index: int | None) -> Surroundings:
        layer = None if index is None else self.layers[index]
        units = {}
        if layer is not None:
            units = {"the number of units": float(layer.W(self.probes.theta).shape[0])}
            if index == len(self.layers) - 1 and units["the number of units"] > 2:
                units = {"the number of classes": units["the number of units"]}
        numeric = {other: one.N for other, one in self.compared.items() if self.evidence[other].is_whole}
        is_bias = layer is not None and name == layer.bias != layer.weight
        return Surroundings(numeric, self.known, units, self.penalty, is_bias)

    @cached_property
    def known(self) -> KnownNumbers:
        return known_numbers(self.probes.constants, self.probes.cost, self.probes.gradient)

    @cached_property
    def penalty(self) -> float | None:
        return penalty_of(self.layers, self.probes)


def _ordered(evidence: Mapping[str, ParameterEvidence], probes: Probes) -> list[str]:
    return [name for name in probes.order if name in evidence]


def _parts(layer: Layer, compared: Mapping[str, Comparison]) -> list[Comparison]:
    """The weights and the biases of a layer, also where they share an array."""
    if layer.is_folded:
        evidence = compared[layer.weight].evidence
        return [Comparison.of(evidence, part) for part in (layer.weight_part, layer.bias_part)]
    return [compared[name] for name in layer.names]


