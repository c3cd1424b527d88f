"""Fewer inputs for the same run, where there are more inputs than examples.

With X = Q R, Q (n[0], m) of orthonormal columns and R (m, m):

    W1 X = (W1 Q) R        dW1 Q = dZ1 X' Q / m = dZ1 R' / m

so gradient descent on R from W1 Q takes the very steps of gradient descent on X from W1, seen along Q; and as
dW1 = (dW1 Q) Q', the part of W1 across Q never moves. The same holds for every optimizer whose step is linear
in the gradients (`Optimizer.linear`), such as momentum, whose velocity is a sum of gradients. It does not
hold for a rule that scales each weight on its own, such as Adam's. A penalty on squares, weight decay and a
limit on the norm of a unit's weights shrink the part across Q too, for each unit by one factor: its length is
then one more weight, of an input that is 0 in all examples.

Source: Hastie & Tibshirani 2004, "Efficient quadratic regularization for expression arrays"; Hastie,
Tibshirani & Friedman 2009, "The Elements of Statistical Learning", section 18.3.5.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from layerwise.errors import InputError

# The part of an example's squared length that its coordinates from products may miss.
MISSED = 1e-13


class TurnedInputs(NamedTuple):
    """The examples in m coordinates, and the way there and back.

    X: (m, m), what stands in place of the inputs (n[0], m).  Q: (n[0], m), orthonormal columns.
    """

    X: np.ndarray
    Q: np.ndarray

    def weights(self, W1: np.ndarray) -> np.ndarray:
        """W1 Q: what stands in place of W1.   (n[1], n[0]) -> (n[1], m)"""
        return W1 @ self.Q

    def weights_back(self, start: np.ndarray, turned: np.ndarray) -> np.ndarray:
        """W1 after a run that began at W1 = start and on these coordinates came to W1 Q = turned.

        W1 = start + (turned - start Q) Q'.   start (n[1], n[0]), turned (n[1], m) -> (n[1], n[0])
        """
        return start + (turned - start @ self.Q) @ self.Q.T


def turned_inputs(X: np.ndarray) -> TurnedInputs:
    """The QR factorisation of the inputs X (n[0], m).

    Raises InputError where there are fewer inputs than examples: then there is nothing to gain.
    """
    if X.ndim != 2 or X.shape[0] < X.shape[1]:
        raise InputError(
            f"X has shape {X.shape}; expected (inputs, examples) with at least as many inputs as examples"
        )
    Q, R = np.linalg.qr(X)
    return TurnedInputs(R, Q)


def turned_by_products(products: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """R and B of X = Q R with Q = X B, from the examples' products with each other alone, X' X.

    A seventh of the work, for single precision: a part of an example that is shorter than some 3e-7 of it is
    left out.   X' X (m, m) float64 -> R (r, m), B (m, r), where r <= m is the rank: how many examples are not
    made up of others.

    Source: the Cholesky factorisation with pivots (Higham 2002, "Accuracy and Stability of Numerical
    Algorithms", section 10.3), of examples brought to length 1.
    """
    from scipy.linalg import lapack, solve_triangular

    lengths = np.sqrt(np.diag(products))
    lengths[lengths == 0] = 1
    factor, places, rank, _ = lapack.dpstrf(products / np.outer(lengths, lengths), tol=MISSED, lower=1)
    places, lower = places - 1, np.tril(factor)[:, :rank]
    R, B = np.empty((rank, len(products))), np.zeros((len(products), rank))
    R[:, places] = lower.T * lengths[places]
    first = places[:rank]
    B[first] = solve_triangular(lower[:rank], np.diag(1 / lengths[first]), lower=True).T
    return R, B
