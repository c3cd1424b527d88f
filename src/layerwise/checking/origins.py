"""Where a fault begins, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from layerwise.checking.evidence import Cause

# Faults that lie in one parameter's own formula, for they leave the rest of its gradient as it should be.
OWN = (
    "scaled", "sign-flipped", "transposed", "permuted", "other-parameter", "missing-penalty", "extra-penalty",
    "wrong-axis", "not-averaged",
)  # fmt: skip


def origins_of(
    wrong: Sequence[str], groups: Sequence[Sequence[str]], causes: Mapping[str, Cause]
) -> dict[str, str | None]:
    """Each wrong parameter, and the parameter whose fault explains it. `groups` are the names layer by layer,
    in the order of back-propagation.

    None for one where a fault begins. Where all parameters of a layer are wrong, the derivative that reaches
    the layer is taken to be wrong, and with it all that comes after: that follows from the layer's first.
    Where only one of a layer's parameters is wrong, the derivative that reaches it is right: the fault is in
    that parameter's own formula, and nothing follows from it. A gradient that is the right one but for a
    fault of its own, and not the origin's, does not follow either.
    """
    origin: str | None = None
    found: dict[str, str | None] = {}
    for names in groups:
        faulty = [name for name in names if name in wrong]
        whole = len(faulty) == len(names)
        for name in faulty:
            found[name] = None if origin is None or _is_own(name, origin, causes) else origin
            if origin is None and whole:
                origin = name
    return found


def _is_own(name: str, origin: str, causes: Mapping[str, Cause]) -> bool:
    """Whether the fault of `name` is one of its own, other than the origin's."""
    cause, first = causes.get(name), causes.get(origin)
    if cause is None or cause.name not in OWN or first is None:
        return False
    same_factor = cause.factor == first.factor or (
        cause.factor is not None and first.factor is not None and abs(cause.factor / first.factor - 1) < 1e-3
    )
    return not (cause.name == first.name and same_factor)
