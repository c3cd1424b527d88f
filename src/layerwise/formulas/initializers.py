"""How the weights of a layer start: W (n, n_prev) from a generator of random numbers; biases start at 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SMALL = 0.01
LARGE = 10.0


def he_scale(n_prev: int, n: int) -> float:
    """sqrt(2 / n_prev): keeps the variance of the signal through ReLU layers. Source: He et al. 2015."""
    return float(np.sqrt(2.0 / n_prev))


def xavier_scale(n_prev: int, n: int) -> float:
    """sqrt(2 / (n_prev + n)): a compromise between forward and backward. Source: Glorot & Bengio 2010.

    The note calls sqrt(1 / n_prev) "Xavier"; that is LeCun's, see `lecun_scale`.
    """
    return float(np.sqrt(2.0 / (n_prev + n)))


def lecun_scale(n_prev: int, n: int) -> float:
    """sqrt(1 / n_prev): keeps the variance of a linear layer. Source: LeCun et al. 1998, section 4.6."""
    return float(np.sqrt(1.0 / n_prev))


def normal(n_prev: int, n: int, scale: float, generator) -> np.ndarray:
    """W = scale * N(0, 1).   (n, n_prev) float64; `generator` is a numpy.random.Generator."""
    W = generator.standard_normal((n, n_prev))
    W *= scale
    return W


def uniform(n_prev: int, n: int, scale: float, generator) -> np.ndarray:
    """W uniform in [-r, r] with r = sqrt(3) scale, so that its standard deviation is `scale`."""
    limit = np.sqrt(3.0) * scale
    W = generator.random((n, n_prev))
    W *= 2.0
    W -= 1.0
    W *= limit
    return W


def orthogonal(n_prev: int, n: int, scale: float, generator) -> np.ndarray:
    """W with orthonormal rows (or columns, whichever are fewer) times `scale`. Source: Saxe et al. 2014.

    The QR factor of a normal matrix, its signs fixed by R's diagonal so that it is uniformly distributed
    (Mezzadri 2007).
    """
    tall = generator.standard_normal((max(n, n_prev), min(n, n_prev)))
    Q, R = np.linalg.qr(tall)
    Q = Q * np.where(np.diag(R) < 0, -1.0, 1.0)
    return scale * (Q if n >= n_prev else Q.T)


def glorot_limit(n_prev: int, n: int, activation: str) -> float:
    """r of the uniform start in [-r, r] that scikit-learn's networks have, weights and biases alike.

    sqrt(6 / (n_prev + n)), the limit of "xavier_uniform"; sqrt(2 / (n_prev + n)) for the sigmoid, whose slope
    at 0 is a quarter of tanh's. Source: Glorot & Bengio 2010, equation 16; scikit-learn.
    """
    return float(np.sqrt((2.0 if activation == "sigmoid" else 6.0) / (n_prev + n)))


@dataclass(frozen=True)
class Initializer:
    """A distribution and the rule for its scale (a standard deviation) from a layer's two widths."""

    name: str
    distribution: Callable[..., np.ndarray]
    scale: Callable[[int, int], float]

    def draw(self, n_prev: int, n: int, generator, scale: float | None = None) -> np.ndarray:
        """W (n, n_prev), float64. `scale` overrides the rule."""
        return self.distribution(n_prev, n, self.scale(n_prev, n) if scale is None else scale, generator)


INITIALIZERS: dict[str, Initializer] = {
    initializer.name: initializer
    for initializer in (
        Initializer("zeros", normal, lambda n_prev, n: 0.0),
        Initializer("small", normal, lambda n_prev, n: SMALL),
        Initializer("large", normal, lambda n_prev, n: LARGE),
        Initializer("normal", normal, lambda n_prev, n: 1.0),
        Initializer("uniform", uniform, lambda n_prev, n: 1.0),
        Initializer("he", normal, he_scale),
        Initializer("he_uniform", uniform, he_scale),
        Initializer("xavier", normal, xavier_scale),
        Initializer("xavier_uniform", uniform, xavier_scale),
        Initializer("lecun", normal, lecun_scale),
        Initializer("lecun_uniform", uniform, lecun_scale),
        Initializer("orthogonal", orthogonal, lambda n_prev, n: 1.0),
    )
}
