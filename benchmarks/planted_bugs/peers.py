"""What other people's checkers say of a case: right, wrong, or that they cannot tell.

They take one vector and answer yes or no; each is used with its own defaults, in double precision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from planted_bugs.collection import Case

# scipy gives a number and no verdict. A forward difference is right to about 1e-8; 100 times that is wrong.
SCIPY_WRONG = 1e-6

Verdict = Callable[[Case], bool]
"""Case -> whether the checker says the gradient is right."""


def peers() -> tuple[dict[str, Verdict], dict[str, str]]:
    """(the checkers that can be imported here by name and version, why the others cannot)."""
    found, absent = {}, {}
    for make in (_scipy, _torch, _jax):
        try:
            name, verdict = make()
        except ImportError as error:
            absent[make.__name__.strip("_")] = str(error)
        else:
            found[name] = verdict
    return found, absent


class Flat:
    """A case as functions of one vector."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.is_dictionary = isinstance(case.theta, dict)
        self.x = self.joined(case.theta)

    def joined(self, arrays: Any) -> np.ndarray:
        if not self.is_dictionary:
            return np.asarray(arrays, dtype=np.float64)
        return np.concatenate([np.ravel(arrays[name]).astype(np.float64) for name in self.case.theta])

    def cut(self, x: np.ndarray) -> Any:
        if not self.is_dictionary:
            return x
        cut, start = {}, 0
        for name, array in self.case.theta.items():
            part = x[start : start + np.size(array)].reshape(np.shape(array))
            cut[name] = part if np.ndim(array) else float(part)
            start += np.size(array)
        return cut

    def cost(self, x: np.ndarray) -> float:
        return self.case.cost(self.cut(np.array(x)))

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return self.joined(self.case.gradient(self.cut(np.array(x))))


def _scipy() -> tuple[str, Verdict]:
    import scipy
    from scipy.optimize import check_grad

    def verdict(case: Case) -> bool:
        flat = Flat(case)
        error = check_grad(flat.cost, flat.gradient, flat.x)
        return bool(error <= SCIPY_WRONG * max(np.linalg.norm(flat.gradient(flat.x)), 1e-300))

    return f"scipy {scipy.__version__} check_grad", verdict


def _torch() -> tuple[str, Verdict]:
    import torch

    def verdict(case: Case) -> bool:
        flat = Flat(case)

        class Cost(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                ctx.save_for_backward(x)
                return torch.tensor(flat.cost(x.detach().numpy()), dtype=torch.float64)

            @staticmethod
            def backward(ctx: Any, outer: Any) -> Any:
                (x,) = ctx.saved_tensors
                return outer * torch.from_numpy(flat.gradient(x.numpy()))

        x = torch.tensor(flat.x, dtype=torch.float64, requires_grad=True)
        return bool(torch.autograd.gradcheck(Cost.apply, (x,), raise_exception=False))

    return f"torch {torch.__version__} gradcheck", verdict


def _jax() -> tuple[str, Verdict]:
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)

    def verdict(case: Case) -> bool:
        flat = Flat(case)
        number, vector = (jax.ShapeDtypeStruct(shape, np.float64) for shape in ((), flat.x.shape))

        @jax.custom_vjp
        def cost(x: Any) -> Any:
            return jax.pure_callback(lambda x: np.float64(flat.cost(np.asarray(x))), number, x)

        def backward(x: Any, outer: Any) -> Any:
            return (outer * jax.pure_callback(lambda x: flat.gradient(np.asarray(x)), vector, x),)

        cost.defvjp(lambda x: (cost(x), x), backward)
        try:
            check_grads(cost, (flat.x,), order=1, modes=["rev"])
        except AssertionError:
            return False
        return True

    return f"jax {jax.__version__} check_grads", verdict
