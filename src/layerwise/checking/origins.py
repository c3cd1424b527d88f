"""Where a fault begins, and what follows from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from layerwise.checking.given import layer_number


def origins_of(wrong: Collection[str], order: Sequence[str]) -> dict[str, str | None]:
    """Each wrong parameter, in the order of back-propagation, and the parameter whose fault explains it.

    None for one where a fault begins. Where all parameters of a layer are wrong, the derivative that reaches
    the layer is taken to be wrong, and with it all that comes after: that follows from the layer's first.
    Where only one of a layer's parameters is wrong, the derivative that reaches it is right: the fault is in
    that parameter's own formula, and nothing follows from it.
    """
    origin: str | None = None
    found: dict[str, str | None] = {}
    for names in _layers(order):
        faulty = [name for name in names if name in wrong]
        whole = len(faulty) == len(names)
        for name in faulty:
            found[name] = origin
            if origin is None and whole:
                origin = name
    return found


def _layers(order: Sequence[str]) -> list[list[str]]:
    """The names of each layer, in order; a name without a number is a layer of its own."""
    layers: dict[int | str, list[str]] = {}
    for name in order:
        number = layer_number(name)
        layers.setdefault(name if number is None else number, []).append(name)
    return list(layers.values())
