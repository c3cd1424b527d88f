"""Fewer inputs for the same run, where there are more inputs than examples.

With X = Q R, Q (n[0], m) of orthonormal columns and R (m, m):

    W1 X = (W1 Q) R        dW1 Q = dZ1 X' Q / m = dZ1 R' / m

so gradient descent on R from W1 Q takes the very steps of gradient descent on X from W1, seen along Q; and as
dW1 = (dW1 Q) Q', the part of W1 across Q never moves. The same holds for momentum, whose velocity is a sum of
gradients. It does not hold for a rule that scales each weight on its own, such as Adam's, nor with a penalty,
which shrinks the part across Q too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from layerwise.errors import InputError


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
