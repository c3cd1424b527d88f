"""Activations a = g(z) and their derivatives g'(z).

Every function but `softmax` is elementwise: scalars, or arrays of any one shape. A derivative takes both
the pre-activation z and the activation a = g(z) and reads whichever is cheaper; `needs` in the table at
the foot says which, so that an engine keeps only that one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

# Klambauer et al. 2017, equation 14: the fixed point at mean 0 and variance 1.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
LEAKY_SLOPE = 0.01
SQRT_HALF = 0.7071067811865476
INVERSE_SQRT_TWO_PI = 0.3989422804014327


def identity(z):
    """g(z) = z."""
    return z


def identity_derivative(z, a):
    """g'(z) = 1."""
    return a * 0 + 1


def relu(z):
    """g(z) = max(0, z). Source: the note, section 1.1.3; Nair & Hinton 2010."""
    return np.maximum(z, 0)


def relu_derivative(z, a):
    """g'(z) = 1 where a > 0, else 0; by convention 0 at the kink z = 0 (the note: `np.int64(A > 0)`)."""
    return np.sign(a)


def leaky_relu(z):
    """g(z) = z where z > 0, else 0.01 z. Source: Maas et al. 2013."""
    return np.maximum(z, LEAKY_SLOPE * z)


def leaky_relu_derivative(z, a):
    """g'(z) = 1 where z > 0, else 0.01; a has the sign of z."""
    return np.maximum(np.sign(a), LEAKY_SLOPE)


def elu(z):
    """g(z) = z where z > 0, else exp(z) - 1. Source: Clevert et al. 2016, with alpha = 1."""
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


def elu_derivative(z, a):
    """g'(z) = 1 where z > 0, else exp(z) = a + 1."""
    return np.minimum(a, 0) + 1


def selu(z):
    """g(z) = scale (z where z > 0, else alpha (exp(z) - 1)). Source: Klambauer et al. 2017, equation 2."""
    return SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0)))


def selu_derivative(z, a):
    """g'(z) = scale where z > 0, else scale alpha exp(z) = a + scale alpha."""
    return np.where(a > 0, SELU_SCALE, a + SELU_SCALE * SELU_ALPHA)


def erf(z):
    """The error function, on arrays."""
    # SciPy's special functions take longer to import than a small network to train.
    from scipy.special import erf as of_scipy

    return of_scipy(z)


def gelu(z):
    """g(z) = z Phi(z), Phi the standard normal distribution. Source: Hendrycks & Gimpel 2016 (exact form)."""
    return 0.5 * z * (1 + erf(z * SQRT_HALF))


def gelu_derivative(z, a):
    """g'(z) = Phi(z) + z phi(z), phi the standard normal density."""
    return 0.5 * (1 + erf(z * SQRT_HALF)) + z * (INVERSE_SQRT_TWO_PI * np.exp(-0.5 * z * z))


def sigmoid(z):
    """g(z) = 1 / (1 + exp(-z)), in the form that never overflows. Source: the note, section 1.1.3."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def sigmoid_derivative(z, a):
    """g'(z) = a (1 - a)."""
    return a * (1 - a)


def softplus(z):
    """log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|)), in the form that never overflows.

    Source: Dugas et al. 2001, equation 3.
    """
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def silu(z):
    """g(z) = z sigmoid(z), also called swish. Source: Elfwing et al. 2018; Ramachandran et al. 2017."""
    return z * sigmoid(z)


def silu_derivative(z, a):
    """g'(z) = s + z s (1 - s) with s = sigmoid(z)."""
    s = sigmoid(z)
    return s + z * s * (1 - s)


def tanh(z):
    """g(z) = tanh(z)."""
    return np.tanh(z)


def tanh_derivative(z, a):
    """g'(z) = 1 - a^2."""
    return 1 - a * a


def exp(z):
    """g(z) = exp(z), the mean of a count whose logarithm is z; it overflows beyond z = 709 (88 in single)."""
    return np.exp(z)


def exp_derivative(z, a):
    """g'(z) = a."""
    return a


def softmax(Z):
    """A_k = exp(Z_k) / sum_j exp(Z_j), one column an example.   Z (n, m) -> A (n, m), columns sum to 1.

    The column's maximum is taken off first, so that nothing overflows. Source: Bridle 1990.
    """
    E = np.exp(Z - Z.max(axis=0, keepdims=True))
    return E / E.sum(axis=0, keepdims=True)


def softmax_backward(dA, A):
    """dZ = A * (dA - sum_k A_k dA_k): the product with softmax's Jacobian.   dA, A (n, m) -> dZ (n, m)"""
    return A * (dA - (A * dA).sum(axis=0, keepdims=True))


@dataclass(frozen=True)
class Activation:
    """One activation: the pair (g, g') and what the derivative reads, "output" (a) or "input" (z)."""

    name: str
    function: Callable[[Any], Any]
    derivative: Callable[[Any, Any], Any] | None
    needs: str

    @property
    def elementwise(self) -> bool:
        """Whether a unit's output depends on that unit alone (not so for softmax)."""
        return self.derivative is not None


ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("relu", relu, relu_derivative, "output"),
        Activation("leaky_relu", leaky_relu, leaky_relu_derivative, "output"),
        Activation("elu", elu, elu_derivative, "output"),
        Activation("selu", selu, selu_derivative, "output"),
        Activation("gelu", gelu, gelu_derivative, "input"),
        Activation("silu", silu, silu_derivative, "input"),
        Activation("tanh", tanh, tanh_derivative, "output"),
        Activation("sigmoid", sigmoid, sigmoid_derivative, "output"),
        Activation("identity", identity, identity_derivative, "output"),
        Activation("exp", exp, exp_derivative, "output"),
        Activation("softmax", softmax, None, "output"),
    )
}


def activation_backward(name: str, dA, Z, A):
    """dZ = dA * g'(Z), or the product with the Jacobian for softmax.   all (n, m)   (the note, figure 10)"""
    activation = ACTIVATIONS[name]
    if activation.derivative is None:
        return softmax_backward(dA, A)
    return dA * activation.derivative(Z, A)
